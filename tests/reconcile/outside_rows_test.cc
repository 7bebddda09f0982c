// Rows of bills and statements in neutral words, and the recogniser of a channel's settlements.
#include "reconcile/outside_rows.h"

#include <catch2/catch.hpp>

#include "reconcile/run_record.h"

using namespace suanpan;
using namespace suanpan::reconcile;
using channels::bank::Direction;
using channels::bank::EntryStatus;
using channels::bank::Statement;
using channels::bank::StatementEntry;
using channels::wechat::TradeBillRow;
using channels::wechat::TradeState;

namespace {

StatementEntry credit(std::string name, std::string remark, std::string end_to_end = "") {
  StatementEntry entry;
  entry.counterparty_name = std::move(name);
  entry.remittance = std::move(remark);
  entry.end_to_end_id = std::move(end_to_end);
  return entry;
}

// 100.00 yuan, fee 0.60.
TradeBillRow paid_row(const std::string& order, const std::string& number) {
  TradeBillRow row;
  row.line = 2;
  row.order_no = order;
  row.channel_order_no = number;
  row.order_fen = row.settled_fen = 10000;
  row.fee_e5_yuan = 60000;
  return row;
}

const std::string kTenpay = "财付通支付科技有限公司";

}  // namespace

TEST_CASE("settlement credit: recognised by counterparty and remark, or end-to-end id") {
  struct Row {
    const char* what;
    StatementEntry entry;
    std::string mchid;  // empty: not recognised
  };
  StatementEntry debit = credit(kTenpay, "微信支付结算款 1900000001 20260304");
  debit.direction = Direction::kDebit;
  StatementEntry reversal = credit(kTenpay, "微信支付结算款 1900000001 20260304");
  reversal.reversal = true;
  StatementEntry returned = credit(kTenpay, "微信支付结算款 1900000001 20260304");
  returned.return_reason = "AC04";
  StatementEntry pending = credit(kTenpay, "微信支付结算款 1900000001 20260304");
  pending.status = EntryStatus::kPending;
  const Row rows[] = {
      {"remark", credit(kTenpay, "微信支付结算款 1900000001 20260304"), "1900000001"},
      {"end to end", credit(kTenpay, "", "WXS190000000120260304"), "1900000001"},
      {"name with a branch", credit(kTenpay + "（备付金）", "微信支付结算款 1900000001 20260304"),
       "1900000001"},
      {"remark cut, end to end whole", credit(kTenpay, "微信支付结算款", "WXS190000000120260304"),
       "1900000001"},
      {"another's name", credit("某公司", "微信支付结算款 1900000001 20260304"), ""},
      {"no name", credit("", "微信支付结算款 1900000001 20260304", "WXS190000000120260304"), ""},
      {"another remark", credit(kTenpay, "退款 1900000001 20260304"), ""},
      {"no such day", credit(kTenpay, "微信支付结算款 1900000001 20260230"), ""},
      {"day with dashes", credit(kTenpay, "微信支付结算款 1900000001 2026-03-04"), ""},
      {"no merchant", credit(kTenpay, "微信支付结算款  20260304"), ""},
      {"merchant with letters", credit(kTenpay, "微信支付结算款 19000000x1 20260304"), ""},
      {"only a day", credit(kTenpay, "", "WXS20260304"), ""},
      {"debit", debit, ""},
      {"reversal", reversal, ""},
      {"returned", returned, ""},
      {"pending", pending, ""},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    const auto found = recognise_settlement(row.entry);
    CHECK(found.has_value() == !row.mchid.empty());
    if (found) CHECK(*found == SettlementCredit{"wxpay", row.mchid, *Date::of(2026, 3, 4)});
  }
}

TEST_CASE("bill row: a payment comes in, a refund goes out and brings its fee back") {
  const Date day = *Date::of(2026, 3, 4);
  const TradeBillRow paid = paid_row("O1", "W1");
  const OutsideRow in = outside_row(paid, "f.csv", day);
  CHECK(in.kind == RowKind::kPayment);
  CHECK(in.amount.minor == 10000);
  CHECK(in.fee_milli == 60000);
  CHECK(in.our_number == "O1");
  CHECK(in.source == SourceRef{"f.csv", 2});

  TradeBillRow back = paid;
  back.state = TradeState::kRefund;
  back.refund_no = "R1";
  back.channel_refund_no = "WR1";
  back.refund_fen = 1000;
  back.fee_e5_yuan = -6000;
  back.refund_status = "SUCCESS";
  const OutsideRow out = outside_row(back, "f.csv", day);
  CHECK(out.kind == RowKind::kRefund);
  CHECK(out.amount.minor == -1000);
  CHECK(out.fee_milli == -6000);
  CHECK(out.our_number == "R1");
  CHECK(out.status == RowStatus::kDone);
  back.refund_status = "PROCESSING";
  const OutsideRow open = outside_row(back, "f.csv", day);
  CHECK(open.status == RowStatus::kOpen);
  back.refund_status = "FAIL";
  CHECK(outside_row(back, "f.csv", day).status == RowStatus::kFailed);

  const auto sums = sums_of({in, out, open});
  REQUIRE(sums);
  CHECK(sums.value() == BillSums{9000, 54});
  OutsideRow odd = in;
  odd.fee_milli = 1;
  CHECK(sums_of({odd}).error().code == Errc::kMismatch);
}

TEST_CASE("statement: a reference that two entries share is told apart by its place") {
  Statement statement;
  statement.id = "S1";
  for (const char* reference : {"H1", "H2", "H2", ""}) {
    StatementEntry entry;
    entry.number = static_cast<std::uint32_t>(statement.entries.size() + 1);
    entry.acct_svcr_ref = reference;
    statement.entries.push_back(entry);
  }
  CHECK(references_of(statement) == std::vector<std::string>{"H1", "S1#2.0", "S1#3.0", "S1#4.0"});
}

TEST_CASE("run records: what is written is read again, damage is told") {
  const Date day = *Date::of(2026, 3, 4);
  RunRecord run{"20260304-wxpay-001", "wxpay", "1900000001", day, "ab", true, 3, 4, 2, 1,
                {Id128{1, 2}}};
  CHECK(decode_run_record(encode(run)).value() == run);
  const Expected expected{"1900000001", day, run.number, -5, -7, "S1"};
  CHECK(decode_expected(encode(expected)).value() == expected);
  const Arrival arrival{"6228", "H1", "1900000001", day, 9, 8, true, "S1", "ff", {"bill/a", "b"}};
  CHECK(decode_arrival(encode(arrival)).value() == arrival);
  TakenFile file{"ab", "bank", "6228", day, "20260304-bank-001", false, {}};
  file.statement.sequence = 7;
  file.statement.opening = {-100, Currency::kCNY};
  file.statement.closing_date = day;
  const auto read = decode_taken_file(encode(file));
  REQUIRE(read);
  CHECK(read.value().statement.sequence == 7u);
  CHECK(read.value().statement.opening.minor == -100);
  CHECK(read.value().statement.account == "6228");
  for (const char* bytes : {"", "{}", "[]", R"({"number":1})"}) {
    INFO(bytes);
    CHECK_FALSE(decode_run_record(bytes));
    CHECK_FALSE(decode_expected(bytes));
    CHECK_FALSE(decode_arrival(bytes));
    CHECK_FALSE(decode_taken_file(bytes));
  }
}
