// Trade bills over a real book: classes and amounts by hand, repetition, interruption, decisions.
#include "reconcile/reconcile_service.h"

#include <fstream>

#include "channels/wechat/bill.h"
#include "tests/reconcile/book_world.h"
#include "tests/support/shared_data.h"

using namespace suanpan;
using namespace suanpan::reconcile;
using namespace suanpan::reconcile::test;

namespace {

using Lines = std::vector<std::string>;

// A day on which every class of break happens.
//   O0001 100.00, 10.00 of it refunded (R0001)      agrees
//   O0002  50.00, the bill says 49.00               amount
//   O0003  20.00, not in the bill                   timing
//   O0004  30.00, closed here, paid there           status
//   O0005  80.00, fee 0.50 where 0.6 % is 0.48      fee
//   R0002   5.00 of it refunded here, failed there  status
//   O0006   7.00, paid twice                        second payment
//   X0009  12.34, only in the bill                  missing here
void busy_day(World& w) {
  for (const auto& [id, fen] : std::vector<std::pair<std::string, std::int64_t>>{{"O0001", 10000},
                                                                                 {"O0002", 5000},
                                                                                 {"O0003", 2000},
                                                                                 {"O0004", 3000},
                                                                                 {"O0005", 8000},
                                                                                 {"O0006", 700}})
    w.place(id, fen);
  w.pay("O0001", "W1", 10000, kWednesday, 10);
  w.pay("O0002", "W2", 5000, kWednesday, 10);
  w.pay("O0003", "W3", 2000, kWednesday, 10);
  w.close("O0004");
  w.pay("O0005", "W5", 8000, kWednesday, 11);
  w.pay("O0006", "W6a", 700, kWednesday, 11);
  w.pay("O0006", "W6b", 700, kWednesday, 11, 1);
  w.refund("R0001", "O0001", 1000, kWednesday, 12);
  w.refund("R0002", "O0005", 500, kWednesday, 12);
}

std::string busy_bill() {
  return bill_text(
      kWednesday,
      {paid("O0001", "W1", "100.00", "0.60"), paid("O0002", "W2", "49.00", "0.30"),
       paid("O0004", "W4", "30.00", "0.18"), paid("X0009", "W9", "12.34", "0.07"),
       paid("O0005", "W5", "80.00", "0.50"), paid("O0006", "W6a", "7.00", "0.04"),
       paid("O0006", "W6b", "7.00", "0.04"), refunded("O0001", "W1", "R0001", "10.00", "-0.06"),
       refunded("O0005", "W5", "R0002", "5.00", "0.00", "FAIL")},
      {"285.34", "15.00", "1.67"});
}

const Lines kBusyBreaks{"missing_local X0009 1234",
                        "status_mismatch_channel_paid O0004 3000",
                        "status_mismatch_local_paid R0002 500",
                        "amount_mismatch O0002 -100",
                        "fee_mismatch O0005 2",
                        "duplicate_payment O0006 700",
                        "timing O0003 -2000"};

std::string case_of(World& w, const std::string& break_class) {
  for (const auto& c : w.service().cases(true))
    if (info_of(c.break_class).code == break_class) return c.id.hex();
  FAIL("no open case of class " << break_class);
  return {};
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("trade bill: every class of break is found with its signed amount") {
  World w;
  busy_day(w);
  const RunSummary run = w.bill(busy_bill(), kWednesday);
  CHECK(run.number == "20260304-wxpay-001");
  CHECK(run.outside_rows == 9);
  CHECK(run.book_rows == 9);
  CHECK(run.matched == 3);
  CHECK_FALSE(run.repeated);
  CHECK(lines_of(run.breaks) == kBusyBreaks);

  CHECK(w.order("O0001").reconciled == run.number);
  CHECK(w.order("O0006").reconciled == run.number);
  CHECK(stored_refund(w.book(), "R0001")->reconciled == run.number);
  for (const char* id : {"O0002", "O0003", "O0004", "O0005"}) CHECK(w.order(id).reconciled.empty());
  CHECK(stored_refund(w.book(), "R0002")->reconciled.empty());
  CHECK(w.order("O0001").arrived.empty());
}

TEST_CASE("trade bill: a break leads to its source row and its voucher") {
  World w;
  busy_day(w);
  for (const Case& c : w.bill(busy_bill(), kWednesday).breaks) {
    INFO(info_of(c.break_class).code);
    if (c.break_class == BreakClass::kTiming) {
      CHECK(c.source.row == 0);
    } else {
      CHECK(c.source.file == "wxpay-1900000001-20260304.csv");
      CHECK(c.source.row >= 2);
    }
    const bool booked = c.break_class != BreakClass::kMissingLocal &&
                        c.break_class != BreakClass::kStatusMismatchChannelPaid;
    CHECK(c.voucher_id.empty() != booked);
    CHECK(c.voucher_number.empty() != booked);
    if (c.our_number == "O0002") CHECK(c.voucher_id == w.order("O0002").voucher);
  }
}

TEST_CASE("trade bill: the same file again changes nothing, also after a restart") {
  World w;
  busy_day(w);
  const RunSummary first = w.bill(busy_bill(), kWednesday);
  const std::uint64_t seq = w.seq();
  for (int i = 0; i < 2; ++i) {
    const RunSummary again = w.bill(busy_bill(), kWednesday);
    CHECK(again.repeated);
    CHECK(again.number == first.number);
    CHECK(again.matched == first.matched);
    CHECK(lines_of(again.breaks) == kBusyBreaks);
    CHECK(w.seq() == seq);
    w.open();
  }
  REQUIRE(w.service().runs().size() == 1);
  CHECK(w.service().find_run(first.number)->outside_rows == 9);
  CHECK_FALSE(w.service().find_run("20260304-wxpay-002"));
}

TEST_CASE("trade bill: one that is issued anew opens no case twice") {
  World w;
  busy_day(w);
  w.bill(busy_bill(), kWednesday);
  const auto before = w.service().cases(false);
  std::string anew = busy_bill();
  anew.replace(anew.find("goods"), 5, "Goods");
  const RunSummary second = w.bill(anew, kWednesday);
  CHECK(second.number == "20260304-wxpay-002");
  CHECK(second.matched == 3);
  // What is outstanding and not in the bill is no news: O0003's timing difference is still open.
  CHECK(lines_of(second.breaks) == kBusyBreaks);
  CHECK(w.service().cases(false) == before);
  CHECK(w.order("O0001").reconciled == "20260304-wxpay-001");
}

TEST_CASE("trade bill: a timing difference is cleared by the next bill, or becomes a break") {
  World w;
  w.place("O0003", 2000);
  w.place("O0007", 4000);
  w.pay("O0003", "W3", 2000, kWednesday, 10);
  w.pay("O0007", "W7", 4000, kWednesday, 23, 59, 59);
  const RunSummary first = w.bill(bill_text(kWednesday, {}, {"0.00", "0.00", "0.00"}), kWednesday);
  CHECK(lines_of(first.breaks) == Lines{"timing O0003 -2000", "timing O0007 -4000"});

  w.at(kThursday, 10);
  w.open();
  BillLine late = paid("O0007", "W7", "40.00", "0.24");
  late.time = "00:00:01";
  const RunSummary second =
      w.bill(bill_text(kThursday, {late}, {"40.00", "0.00", "0.24"}), kThursday);
  CHECK(second.matched == 1);
  CHECK(lines_of(second.breaks) == Lines{"missing_channel O0003 -2000"});
  CHECK(w.order("O0007").reconciled == "20260305-wxpay-001");
  CHECK(w.order("O0003").reconciled.empty());
  const auto open = w.service().cases(true);
  REQUIRE(open.size() == 1);
  CHECK(open[0].batch == first.number);
  CHECK(open[0].history.size() == 2);
  // Closed by the run alone, with a trace: which run, which row of its bill, which voucher.
  std::size_t cleared = 0;
  for (const auto& c : w.service().cases(false)) {
    if (c.our_number != "O0007") continue;
    ++cleared;
    CHECK(c.state == CaseState::kCleared);
    REQUIRE(c.history.size() == 2);
    CHECK(c.history[0].what == "open");
    CHECK(c.history[0].by == "20260304-wxpay-001");
    CHECK(c.history[1].what == "clear");
    CHECK(c.history[1].by == "20260305-wxpay-001");
    CHECK(c.history[1].at.plain_cn() == "2026-03-05 10:00:00");
    CHECK(c.source.file == "wxpay-1900000001-20260305.csv");
    CHECK(c.source.row == 2);
    CHECK(c.resolution_voucher_id == w.order("O0007").voucher);
    CHECK(c.checker.empty());
  }
  CHECK(cleared == 1);

  // The third day has no news of it: it is outstanding, not new.
  const Date friday = kThursday.plus_days(1);
  w.at(friday, 10);
  const RunSummary third = w.bill(bill_text(friday, {}, {"0.00", "0.00", "0.00"}), friday);
  CHECK(third.breaks.empty());
  CHECK(third.book_rows == 0);
}

TEST_CASE("trade bill: what the books learn later meets its row of the earlier bill") {
  World w;
  w.place("O0008", 6000);
  const RunSummary first = w.bill(
      bill_text(kWednesday, {paid("O0008", "W8", "60.00", "0.36")}, {"60.00", "0.00", "0.36"}),
      kWednesday);
  CHECK(lines_of(first.breaks) == Lines{"status_mismatch_channel_paid O0008 6000"});
  w.at(kThursday, 8);
  w.pay("O0008", "W8", 6000, kWednesday, 12);
  const RunSummary second = w.bill(bill_text(kThursday, {}, {"0.00", "0.00", "0.00"}), kThursday);
  CHECK(second.breaks.empty());
  CHECK(second.matched == 1);
  CHECK(w.order("O0008").reconciled == "20260305-wxpay-001");
  // People end the case: they name the voucher.
  const std::string id = case_of(w, "status_mismatch_channel_paid");
  REQUIRE(w.service().propose(id, "maker", "acknowledge:" + w.order("O0008").voucher));
  const auto resolved = w.service().resolve(id, "checker");
  REQUIRE(resolved);
  CHECK(resolved.value().resolution_voucher_id == w.order("O0008").voucher);
}

TEST_CASE("trade bill: a payment that two days' bills tell is told as a break") {
  World w;
  w.place("O0001", 10000);
  w.pay("O0001", "W1", 10000, kWednesday, 10);
  w.bill(bill_text(kWednesday, {paid("O0001", "W1", "100.00", "0.60")}, {"100.00", "0.00", "0.60"}),
         kWednesday);
  w.at(kThursday, 10);
  const RunSummary second = w.bill(
      bill_text(kThursday, {paid("O0001", "W1", "100.00", "0.60")}, {"100.00", "0.00", "0.60"}),
      kThursday);
  CHECK(lines_of(second.breaks) == Lines{"missing_local O0001 10000"});
  CHECK(w.order("O0001").reconciled == "20260304-wxpay-001");
}

TEST_CASE("trade bill: the contract's rate goes before the one that the bill states") {
  World w;
  w.set_rate(kMchid, "0.38%");
  w.place("O0001", 10000);
  w.pay("O0001", "W1", 10000, kWednesday, 10);
  const RunSummary run = w.bill(
      bill_text(kWednesday, {paid("O0001", "W1", "100.00", "0.60")}, {"100.00", "0.00", "0.60"}),
      kWednesday);
  // 0.60 taken where 0.38 was agreed.
  CHECK(lines_of(run.breaks) == Lines{"fee_mismatch O0001 22"});
}

TEST_CASE("trade bill: a direct merchant's own bill reconciles its orders, and no money arrives") {
  World w;
  w.place("D0001", 10000, true);
  w.pay("D0001", "W1", 10000, kWednesday, 10);
  const RunSummary run = w.bill(bill_text(kWednesday, {paid("D0001", "W1", "100.00", "0.60")},
                                          {"100.00", "0.00", "0.60"}, kDirectMchid),
                                kWednesday, kDirectMchid);
  CHECK(run.matched == 1);
  CHECK(run.breaks.empty());
  CHECK(w.order("D0001").reconciled == run.number);
  CHECK_FALSE(
      w.book().document(DocumentKind::kChannelArrival, expected_key(kDirectMchid, kWednesday)));
}

TEST_CASE("trade bill: a file that cannot be believed leaves nothing") {
  World w;
  busy_day(w);
  const std::uint64_t seq = w.seq();
  const std::string good = busy_bill();
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  struct Bad {
    const char* what;
    std::string bytes;
    Errc code;
  };
  for (const auto& bad :
       {Bad{"totals", with("`285.34", "`285.35"), Errc::kMismatch},
        Bad{"another merchant", with("wxapp,`1900000001", "wxapp,`1900000009"), Errc::kMismatch},
        Bad{"another day", with("`2026-03-04", "`2026-03-05"), Errc::kMismatch},
        Bad{"truncated", good.substr(0, good.size() / 2), Errc::kMalformed},
        Bad{"nothing", "", Errc::kMalformed}}) {
    INFO(bad.what);
    const auto run = w.service().run_trade_bill(bad.bytes, kMchid, kWednesday);
    REQUIRE_FALSE(run);
    CHECK(run.error().code == bad.code);
    CHECK(w.seq() == seq);
  }
}

TEST_CASE("trade bill: a run that was interrupted is resumed under its number") {
  World w;
  busy_day(w);
  // A file where the report folder should be: the run fails when all is marked and nothing ended.
  const auto blocked = w.folder() / "blocked";
  std::ofstream(blocked) << "in the way";
  w.set_reports(blocked);
  const auto failed = w.service().run_trade_bill(busy_bill(), kMchid, kWednesday);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Errc::kIo);
  CHECK(w.order("O0001").reconciled == "20260304-wxpay-001");
  CHECK(w.service().runs().empty());
  const auto cases = w.service().cases(false);
  CHECK(cases.size() == 7);

  w.set_reports(w.folder() / "reports");
  const RunSummary resumed = w.bill(busy_bill(), kWednesday);
  CHECK(resumed.number == "20260304-wxpay-001");
  CHECK_FALSE(resumed.repeated);
  CHECK(resumed.matched == 3);
  CHECK(resumed.book_rows == 9);
  CHECK(lines_of(resumed.breaks) == kBusyBreaks);
  CHECK(w.service().cases(false) == cases);
  CHECK(w.bill(busy_bill(), kWednesday).repeated);
}

TEST_CASE("trade bill: more marks and cases than one command takes are all written") {
  World w;
  std::vector<BillLine> lines;
  for (int i = 0; i < 1100; ++i) {
    const std::string id = fmt::format("O{:04}", i);
    w.place(id, 100);
    w.pay(id, "W" + id, 100, kWednesday, 10);
    lines.push_back(paid(id, "W" + id, "1.00", "0.01"));
  }
  for (int i = 0; i < 250; ++i)
    lines.push_back(paid(fmt::format("X{:04}", i), fmt::format("WX{:04}", i), "0.01", "0.00"));
  const RunSummary run =
      w.bill(bill_text(kWednesday, lines, {"1102.50", "0.00", "11.00"}), kWednesday);
  CHECK(run.matched == 1100);
  CHECK(run.breaks.size() == 250);
  CHECK(w.service().cases(true).size() == 250);
  for (int i = 0; i < 1100; ++i)
    REQUIRE(w.order(fmt::format("O{:04}", i)).reconciled == run.number);
  const std::uint64_t seq = w.seq();
  CHECK(w.bill(bill_text(kWednesday, lines, {"1102.50", "0.00", "11.00"}), kWednesday).repeated);
  CHECK(w.seq() == seq);
}

TEST_CASE("trade bill: the report's files are there, whole, with every break") {
  World w;
  busy_day(w);
  const RunSummary run = w.bill(busy_bill(), kWednesday);
  CHECK(run.report_html.find("/2026-03-04/20260304-wxpay-001.html") != std::string::npos);
  const std::string html = read(run.report_html), csv = read(run.report_csv);
  for (const char* number : {"X0009", "O0004", "R0002", "O0002", "O0005", "O0006", "O0003"}) {
    CHECK(html.find(number) != std::string::npos);
    CHECK(csv.find(number) != std::string::npos);
  }
  CHECK(read(run.report_xlsx).substr(0, 2) == "PK");
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(run.report_html).parent_path()))
    CHECK(entry.path().extension() != ".part");
}

TEST_CASE("case: two people end it, and the voucher moves what the class says") {
  World w;
  busy_day(w);
  w.bill(busy_bill(), kWednesday);
  // Receivable by hand: 100 + 50 + 20 + 80 + 7 + 7 less refunds 10 + 5, in fen.
  CHECK(w.receivable() == 24900);
  CHECK(w.suspense() == 700);
  struct Row {
    const char* break_class;
    const char* resolution;
    std::int64_t receivable, suspense, cost;  // afterwards
  };
  for (const auto& row : {Row{"amount_mismatch", "adjust", 24800, 600, 0},
                          Row{"fee_mismatch", "adjust", 24802, 600, -2},
                          Row{"missing_local", "suspend", 26036, 1834, -2},
                          Row{"status_mismatch_local_paid", "adjust", 26536, 2334, -2},
                          Row{"status_mismatch_channel_paid", "book", 29536, 2334, -2},
                          Row{"duplicate_payment", "acknowledge", 29536, 2334, -2}}) {
    INFO(row.break_class);
    const std::string id = case_of(w, row.break_class);
    w.open();
    const auto proposed = w.service().propose(id, "maker", row.resolution);
    REQUIRE(proposed);
    CHECK(proposed.value().state == CaseState::kProposed);
    w.open();
    CHECK(w.service().resolve(id, "maker").error().code == RefusalCode::kSamePerson);
    w.clock().advance_seconds(1);
    const auto resolved = w.service().resolve(id, "checker");
    INFO((resolved ? "" : name_of(resolved.error().code)));
    REQUIRE(resolved);
    CHECK(resolved.value().state == CaseState::kResolved);
    CHECK(resolved.value().checker == "checker");
    const auto key = ClaimKey::from_hex(resolved.value().resolution_voucher_id);
    REQUIRE(key);
    CHECK(w.book().find(*key).value()->effects.transfers.empty() ==
          (std::string(row.resolution) == "acknowledge"));
    CHECK(w.receivable() == row.receivable);
    CHECK(w.suspense() == row.suspense);
    CHECK(w.cost() == row.cost);
    CHECK(w.service().resolve(id, "checker").error().code == RefusalCode::kDocumentStateFinal);
  }
  // Both sides agree about these now, so settlement may have them.
  for (const char* id : {"O0002", "O0004", "O0005"})
    CHECK(w.order(id).reconciled == "20260304-wxpay-001");
  CHECK(w.order("O0004").state == OrderState::kPaid);
  CHECK(w.order("O0004").late);
  CHECK(w.service().cases(true).size() == 1);
}

TEST_CASE("case: a resolution that does not fit is refused and leaves the case open") {
  World w;
  busy_day(w);
  w.bill(busy_bill(), kWednesday);
  struct Row {
    const char* break_class;
    std::string resolution;
    RefusalCode code;
  };
  const std::string nobody(40, '0');
  for (const auto& row :
       {Row{"amount_mismatch", "book", RefusalCode::kValueInvalid},
        Row{"amount_mismatch", "suspend", RefusalCode::kValueInvalid},
        Row{"amount_mismatch", "refund", RefusalCode::kValueInvalid},
        Row{"amount_mismatch", "reverse", RefusalCode::kValueInvalid},
        Row{"amount_mismatch", "", RefusalCode::kValueInvalid},
        Row{"amount_mismatch", "forget", RefusalCode::kValueInvalid},
        Row{"amount_mismatch", "adjust:" + nobody, RefusalCode::kValueInvalid},
        Row{"amount_mismatch", "acknowledge:x", RefusalCode::kValueInvalid},
        Row{"amount_mismatch", "acknowledge:" + nobody, RefusalCode::kVoucherNotFound},
        Row{"timing", "adjust", RefusalCode::kValueInvalid},
        Row{"status_mismatch_channel_paid", "adjust", RefusalCode::kValueInvalid},
        Row{"duplicate_payment", "adjust", RefusalCode::kValueInvalid}}) {
    INFO(row.break_class << " " << row.resolution);
    const auto refused = w.service().propose(case_of(w, row.break_class), "maker", row.resolution);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == row.code);
  }
  CHECK(w.service().propose("nonsense", "maker", "adjust").error().code ==
        RefusalCode::kDocumentNotFound);
  const std::string id = case_of(w, "amount_mismatch");
  CHECK(w.service().resolve(id, "checker").error().code == RefusalCode::kBatchStateWrong);
  CHECK(w.service().propose(id, "", "adjust").error().code == RefusalCode::kValueInvalid);
  REQUIRE(w.service().propose(id, "maker", "adjust"));
  CHECK(w.service().propose(id, "other", "adjust").error().code == RefusalCode::kBatchStateWrong);
  REQUIRE(w.service().reject(id, "checker"));
  CHECK(w.service().cases(true).size() == 7);
  // Own voucher: what is in question cannot put itself right.
  REQUIRE(w.service().propose(id, "maker", "acknowledge:" + w.order("O0002").voucher));
  CHECK(w.service().resolve(id, "checker").error().code == RefusalCode::kValueInvalid);
}

TEST_CASE("day reports: trial balance, summary and open cases are written") {
  World w;
  busy_day(w);
  w.bill(busy_bill(), kWednesday);
  const auto paths = w.service().write_day_reports(kWednesday);
  INFO((paths ? std::string() : paths.error().message));
  REQUIRE(paths);
  REQUIRE(paths.value().size() == 9);
  for (const auto& path : paths.value()) CHECK(std::filesystem::file_size(path) > 100);
  const std::string balance = read(paths.value()[1]);
  CHECK(balance.find("1122/wxpay/1900000001") != std::string::npos);
  CHECK(balance.find("249.00") != std::string::npos);
  const std::string cases = read(paths.value()[7]);
  for (const char* number : {"X0009", "O0004", "R0002", "O0002", "O0005", "O0006", "O0003"})
    CHECK(cases.find(number) != std::string::npos);
  const std::string channels = read(paths.value()[4]);
  // 100 + 50 + 20 + 80 + 7 paid, 15 refunded.
  CHECK(channels.find("257.00") != std::string::npos);
  CHECK(channels.find("15.00") != std::string::npos);
}

TEST_CASE("trade bill: the platform's real sample is taken whole, its totals hold") {
  SHARED_OR_SKIP();
  const std::string bill =
      read((suanpan::test::shared_data() / "wechatpay" / "bill.ALL.csv").string());
  REQUIRE(bill.size() > 10'000);
  const Date day = *Date::of(2019, 2, 19);
  World w;
  const RunSummary run = w.bill(bill, day, "1921000401");
  // 31 payments of 0.47 and 14 refunds of 0.14, none of which these books know.
  CHECK(run.outside_rows == 45);
  CHECK(run.matched == 0);
  REQUIRE(run.breaks.size() == 45);
  std::int64_t payments = 0, refunds = 0;
  std::size_t refund_rows = 0;
  for (const auto& c : run.breaks) {
    CHECK(c.break_class == BreakClass::kMissingLocal);
    CHECK(c.source.row >= 2);
    CHECK(c.source.row <= 46);
    (c.kind == RowKind::kRefund ? refunds : payments) += c.amount.minor;
    refund_rows += c.kind == RowKind::kRefund;
  }
  CHECK(payments == 47);
  CHECK(refunds == -14);
  CHECK(refund_rows == 14);
  const std::uint64_t before = w.seq();
  CHECK(w.bill(bill, day, "1921000401").repeated);
  CHECK(w.seq() == before);
  // The same file as another merchant's, or another day's.
  CHECK(w.service().run_trade_bill(bill, kMchid, day).error().code == Errc::kMismatch);
  CHECK(w.service().run_trade_bill(bill, "1921000401", day.plus_days(1)).error().code ==
        Errc::kMismatch);
  CHECK(w.seq() == before);
}

TEST_CASE("trade bill: a day without trade at the channel is held against the books all the same") {
  World w;
  w.place("O0001", 10000);
  w.pay("O0001", "W1", 10000, kWednesday, 10);
  const RunSummary run = w.bill(channels::wechat::empty_trade_bill(), kWednesday);
  CHECK(run.outside_rows == 0);
  CHECK(lines_of(run.breaks) == Lines{"timing O0001 -10000"});
}
