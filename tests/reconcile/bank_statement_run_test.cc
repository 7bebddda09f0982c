// Bank statements over a real book: what is posted, confirmed, marked and asked, by hand.
#include <fstream>

#include "tests/reconcile/book_world.h"

using namespace suanpan;
using namespace suanpan::reconcile;
using namespace suanpan::reconcile::test;

namespace {

using Lines = std::vector<std::string>;

// Wednesday: 100.00 paid, 10.00 of it refunded; the bill takes 0.60 and gives 0.06 back. So 89.46
// are to come: 90.00 gross, 0.54 fee.
void billed_wednesday(World& w) {
  w.place("O0001", 10000);
  w.pay("O0001", "W1", 10000, kWednesday, 10);
  w.refund("R0001", "O0001", 1000, kWednesday, 12);
  const RunSummary run = w.bill(bill_text(kWednesday,
                                          {paid("O0001", "W1", "100.00", "0.60"),
                                           refunded("O0001", "W1", "R0001", "10.00", "-0.06")},
                                          {"100.00", "10.00", "0.54"}),
                                kWednesday);
  REQUIRE(run.matched == 2);
  w.at(kThursday, 9);
}

std::string arrival_text(const std::string& yuan) {
  return statement_text(kThursday, {1, "0.00", yuan}, {settlement(yuan, kWednesday, "H1")});
}

std::optional<Payout> payout(World& w, const std::string& id) {
  return stored_payout(w.book(), id);
}

}  // namespace

TEST_CASE("statement: a channel's money arrives net of its fee, and its orders with it") {
  World w;
  billed_wednesday(w);
  CHECK(w.receivable() == 9000);
  const RunSummary run = w.statement(arrival_text("89.46"), kThursday);
  CHECK(run.number == "20260305-bank-001");
  CHECK(run.matched == 1);
  CHECK(run.breaks.empty());
  CHECK(w.bank() == 8946);
  CHECK(w.cost() == 54);
  CHECK(w.receivable() == 0);
  CHECK(w.suspense() == 0);
  CHECK(w.order("O0001").arrived == "S20260305");
  CHECK(w.order("O0001").reconciled == "20260304-wxpay-001");
}

TEST_CASE("statement: a channel's credit unlike its bill waits in suspense for two people") {
  World w;
  billed_wednesday(w);
  const RunSummary run = w.statement(arrival_text("89.00"), kThursday);
  CHECK(lines_of(run.breaks) == Lines{"amount_mismatch H1 -46"});
  CHECK(w.bank() == 8900);
  CHECK(w.suspense() == 8900);
  CHECK(w.receivable() == 9000);
  CHECK(w.cost() == 0);
  CHECK(w.order("O0001").arrived.empty());

  const std::string id = run.breaks[0].id.hex();
  CHECK_FALSE(run.breaks[0].voucher_number.empty());
  w.open();
  REQUIRE(w.service().propose(id, "maker", "adjust"));
  w.open();
  REQUIRE(w.service().resolve(id, "checker"));
  // The channel still owes 0.46.
  CHECK(w.suspense() == 0);
  CHECK(w.receivable() == 46);
  CHECK(w.cost() == 54);
  CHECK(w.bank() == 8900);
}

TEST_CASE("statement: a channel's credit without a bill is unknown money") {
  World w;
  w.at(kThursday, 9);
  const RunSummary run = w.statement(arrival_text("89.46"), kThursday);
  CHECK(lines_of(run.breaks) == Lines{"missing_local H1 8946"});
  CHECK_FALSE(run.breaks[0].voucher_id.empty());
  CHECK(w.bank() == 8946);
  CHECK(w.suspense() == 8946);
  // It stands in suspense already: there is nothing to move there.
  CHECK(w.service().propose(run.breaks[0].id.hex(), "maker", "suspend").error().code ==
        RefusalCode::kValueInvalid);
}

TEST_CASE("statement: a day of more refunds than payments is settled with the next one") {
  World w;
  w.place("O0001", 10000);
  w.pay("O0001", "W1", 10000, kWednesday, 10);
  w.bill(bill_text(kWednesday, {paid("O0001", "W1", "100.00", "0.60")}, {"100.00", "0.00", "0.60"}),
         kWednesday);
  w.at(kThursday, 9);
  w.statement(
      statement_text(kThursday, {1, "0.00", "99.40"}, {settlement("99.40", kWednesday, "H1")}),
      kThursday);
  w.refund("R0001", "O0001", 1000, kThursday, 10);
  w.bill(bill_text(kThursday, {refunded("O0001", "W1", "R0001", "10.00", "-0.06")},
                   {"0.00", "10.00", "-0.06"}),
         kThursday);
  const Date friday = kThursday.plus_days(1), saturday = kThursday.plus_days(2);
  w.at(friday, 9);
  w.place("O0002", 5000);
  w.pay("O0002", "W2", 5000, friday, 10);
  w.bill(bill_text(friday, {paid("O0002", "W2", "50.00", "0.30")}, {"50.00", "0.00", "0.30"}),
         friday);
  w.at(saturday, 9);
  w.statement(statement_text(friday, {2, "99.40", "99.40"}, {}), friday);
  // 49.70 of Friday less 9.94 of Thursday.
  const RunSummary run = w.statement(
      statement_text(saturday, {3, "99.40", "139.16"}, {settlement("39.76", friday, "H2")}),
      saturday);
  CHECK(run.breaks.empty());
  CHECK(w.bank() == 13916);
  CHECK(w.receivable() == 0);
  CHECK(w.cost() == 60 - 6 + 30);
  CHECK(w.order("O0001").arrived == "S20260305");
  CHECK(w.order("O0002").arrived == "S20260307");
}

TEST_CASE("statement: deposits, payouts, returns, charges and strangers each find their place") {
  World w;
  w.place("O0001", 10000);
  w.pay("O0001", "W1", 10000, kWednesday, 10);
  w.place_transfer("B0001", 3000);
  w.payout("P0001", 2000, kWednesday);
  w.payout("P0002", 800, {});
  w.payout("P0003", 2000, kWednesday);
  w.payout("P0004", 1500, kWednesday);
  w.payout("P0005", 700, {});
  const std::string bytes = statement_text(kWednesday, {1, "1000.00", "999.49"},
                                           {{"30.00", true, "H1", "", "张三", "订单号B0001"},
                                            {"5.00", true, "H2", "", "李四", "谢谢"},
                                            {"20.00", false, "H3", "P0001"},
                                            {"8.00", false, "H4", "P0002"},
                                            {"0.50", false, "H5", "", "", "账户管理费"},
                                            {"20.00", false, "H6", "P0003"},
                                            {"20.00", true, "H7", "P0003", "", "", "AC04"},
                                            {"7.01", false, "H8", "P0005"},
                                            {"0.00", false, "H9"}});
  const auto run = w.service().run_bank_statement(bytes, kAccount, kWednesday);
  INFO((run ? std::string() : run.error().message));
  REQUIRE(run);
  CHECK(run.value().outside_rows == 9);
  CHECK(lines_of(run.value().breaks) == Lines{"missing_local H2 500", "missing_local H5 -50",
                                              "missing_local H9 0", "amount_mismatch P0005 -701",
                                              "timing P0004 1500"});
  // B0001, P0001, P0002, P0003 and its return.
  CHECK(run.value().matched == 5);

  const Order order = w.order("B0001");
  CHECK(order.state == OrderState::kPaid);
  CHECK(order.reconciled == "20260304-bank-001");
  CHECK(order.arrived == "S20260304");
  CHECK(payout(w, "P0001")->reconciled == "20260304-bank-001");
  CHECK(payout(w, "P0002")->state == PayoutState::kSucceeded);
  CHECK(payout(w, "P0002")->reconciled == "20260304-bank-001");
  CHECK(payout(w, "P0003")->state == PayoutState::kReturned);
  CHECK(payout(w, "P0004")->reconciled.empty());
  CHECK(payout(w, "P0005")->state == PayoutState::kCreated);
  // 30.00 + 5.00 in, 20.00 + 8.00 + 20.00 + 15.00 out as the books have it, 20.00 back.
  CHECK(w.bank() == -800);
  CHECK(w.suspense() == 500);

  // The next day does not show P0004 either.
  w.at(kThursday, 9);
  const RunSummary next =
      w.statement(statement_text(kThursday, {2, "999.49", "999.49"}, {}), kThursday);
  CHECK(lines_of(next.breaks) == Lines{"missing_channel P0004 1500"});

  // The charge that nobody had booked: two people put it where it is seen.
  for (const auto& c : run.value().breaks) {
    if (c.channel_number != "H5") continue;
    REQUIRE(w.service().propose(c.id.hex(), "maker", "suspend"));
    REQUIRE(w.service().resolve(c.id.hex(), "checker"));
  }
  CHECK(w.bank() == -850);
  CHECK(w.suspense() == 450);
}

TEST_CASE("statement: who only writes the channel's remark is a stranger") {
  World w;
  billed_wednesday(w);
  EntryLine entry = settlement("89.46", kWednesday, "H1");
  entry.name = "冒名公司";
  const RunSummary run =
      w.statement(statement_text(kThursday, {1, "0.00", "89.46"}, {entry}), kThursday);
  CHECK(lines_of(run.breaks) == Lines{"missing_local H1 8946"});
  CHECK(w.suspense() == 8946);
  CHECK(w.receivable() == 9000);
  CHECK(w.order("O0001").arrived.empty());
}

TEST_CASE("statement: one that cannot be believed or does not continue leaves nothing") {
  World w;
  billed_wednesday(w);
  w.statement(arrival_text("89.46"), kThursday);
  const Date friday = kThursday.plus_days(1);
  w.at(friday, 9);
  const std::uint64_t seq = w.seq();
  struct Row {
    const char* what;
    std::string bytes;
    Errc code;
  };
  for (const auto& row :
       {Row{"a gap", statement_text(friday, {3, "89.46", "89.46"}, {}), Errc::kMismatch},
        Row{"the number again", statement_text(friday, {1, "89.46", "89.46"}, {}), Errc::kMismatch},
        Row{"another opening", statement_text(friday, {2, "89.47", "89.47"}, {}), Errc::kMismatch},
        Row{"does not add up", statement_text(friday, {2, "89.46", "89.47"}, {}), Errc::kMismatch},
        Row{"another day", statement_text(kThursday, {2, "89.46", "89.46"}, {}), Errc::kMismatch},
        Row{"another account",
            statement_text(friday, {2, "89.46", "89.46"}, {}, "6228000000000002"), Errc::kMismatch},
        Row{"no XML", "hello", Errc::kMalformed}}) {
    INFO(row.what);
    const auto run = w.service().run_bank_statement(row.bytes, kAccount, friday);
    REQUIRE_FALSE(run);
    CHECK(run.error().code == row.code);
    CHECK(w.seq() == seq);
  }
  const auto stranger = w.service().run_bank_statement(
      statement_text(friday, {1, "0.00", "0.00"}, {}, "6228000000000002"), "6228000000000002",
      friday);
  REQUIRE_FALSE(stranger);
  CHECK(stranger.error().code == Errc::kNotFound);
  CHECK(w.statement(statement_text(friday, {2, "89.46", "89.46"}, {}), friday).breaks.empty());
}

TEST_CASE("statement: the same file again changes nothing, also after a later one") {
  World w;
  billed_wednesday(w);
  w.statement(arrival_text("89.46"), kThursday);
  const Date friday = kThursday.plus_days(1);
  w.statement(statement_text(friday, {2, "89.46", "89.46"}, {}), friday);
  const std::uint64_t seq = w.seq();
  w.open();
  const RunSummary again = w.statement(arrival_text("89.46"), kThursday);
  CHECK(again.repeated);
  CHECK(again.number == "20260305-bank-001");
  CHECK(w.seq() == seq);
  CHECK(w.bank() == 8946);
}

TEST_CASE("statement: a run that was interrupted is resumed, and posts nothing twice") {
  World w;
  billed_wednesday(w);
  w.place_transfer("B0001", 3000);
  w.payout("P0003", 2000, kThursday);
  w.payout("P0004", 1000, kThursday);
  const std::string bytes = statement_text(kThursday, {1, "0.00", "124.46"},
                                           {settlement("89.46", kWednesday, "H1"),
                                            {"30.00", true, "H2", "", "张三", "订单号B0001"},
                                            {"5.00", true, "H3", "", "李四", "谢谢"},
                                            {"20.00", false, "H4", "P0003"},
                                            {"20.00", true, "H5", "P0003", "", "", "AC04"}});
  const auto blocked = w.folder() / "blocked";
  std::ofstream(blocked) << "in the way";
  w.set_reports(blocked);
  REQUIRE_FALSE(w.service().run_bank_statement(bytes, kAccount, kThursday));
  const std::int64_t bank = w.bank();
  // 89.46 + 30 + 5 - 20 - 10 + 20
  CHECK(bank == 11446);
  const std::uint64_t seq = w.seq();
  // No other statement goes before it is finished.
  const Date friday = kThursday.plus_days(1);
  CHECK_FALSE(w.service().run_bank_statement(statement_text(friday, {2, "124.46", "124.46"}, {}),
                                             kAccount, friday));
  CHECK(w.seq() == seq);

  w.set_reports(w.folder() / "reports");
  const RunSummary run = w.statement(bytes, kThursday);
  CHECK(run.number == "20260305-bank-001");
  CHECK(run.matched == 4);
  CHECK(lines_of(run.breaks) == Lines{"missing_local H3 500", "timing P0004 1000"});
  CHECK(w.bank() == bank);
  CHECK(w.suspense() == 500);
  CHECK(w.receivable() == 0);
  CHECK(w.order("O0001").arrived == "S20260305");
  CHECK(w.order("B0001").arrived == "S20260305");
  CHECK(payout(w, "P0003")->reconciled == run.number);
  CHECK(w.statement(bytes, kThursday).repeated);
  CHECK(w.statement(statement_text(friday, {2, "124.46", "124.46"}, {}), friday).number ==
        "20260306-bank-001");
}

TEST_CASE("statement: a case that is decided after the money came gives its order both marks") {
  World w;
  w.place("O0001", 10000);
  w.place("O0002", 5000);
  w.pay("O0001", "W1", 10000, kWednesday, 10);
  w.pay("O0002", "W2", 5000, kWednesday, 10);
  const RunSummary bill = w.bill(
      bill_text(kWednesday,
                {paid("O0001", "W1", "100.00", "0.60"), paid("O0002", "W2", "49.00", "0.30")},
                {"149.00", "0.00", "0.90"}),
      kWednesday);
  CHECK(lines_of(bill.breaks) == Lines{"amount_mismatch O0002 -100"});
  w.at(kThursday, 9);
  const RunSummary run = w.statement(
      statement_text(kThursday, {1, "0.00", "148.10"}, {settlement("148.10", kWednesday, "H1")}),
      kThursday);
  CHECK(run.breaks.empty());
  CHECK(w.receivable() == 100);
  CHECK(w.order("O0001").arrived == "S20260305");
  CHECK(w.order("O0002").arrived.empty());
  const std::string id = bill.breaks[0].id.hex();
  REQUIRE(w.service().propose(id, "maker", "adjust"));
  REQUIRE(w.service().resolve(id, "checker"));
  CHECK(w.receivable() == 0);
  CHECK(w.suspense() == -100);
  CHECK(w.order("O0002").reconciled == bill.number);
  CHECK(w.order("O0002").arrived == "S20260305");
}
