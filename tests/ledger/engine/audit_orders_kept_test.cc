// That an order stays what was agreed and what was paid, and is paid over the account of its
// channel, on paper: another version that says otherwise is found and placed.
#include "ledger/engine/audit.h"
#include "tests/ledger/engine/paper_desk.h"

using namespace suanpan;
using namespace suanpan::test;

TEST_CASE("audit: an order that stays what it was, paid over its channel's account, passes") {
  Desk d;
  SECTION("by WeChat, refunded, settled") {
    d.place();
    d.step({}, OrderState::kPaying, by_wechat);
    d.step(
        {{"1122/wxpay/19", "2101/a", 70}, {"1122/wxpay/19", "2101/b", 30}, {"2101/a", "6001", 3}},
        OrderState::kPaid, by_wechat);
    const auto goes_on = [&](std::int64_t under_way, std::int64_t refunded) {
      return d.order(OrderState::kPaid, [=](Order& o) {
        by_wechat(o);
        o.refunding = under_way;
        o.refunded = refunded;
        o.fee_returned = refunded > 0 ? 1 : 0;
        o.lines[0].taken = 35;
        o.lines[1].taken = 15;
        o.reconciled = "R1";
        o.arrived = "S1";
        o.batch = "B1";
        o.settled_gross = 100;
        o.settled_fee = 3;
        o.owes = refunded > 0;
        o.unknown = true;
        o.error_code = o.error_message = "E";
      });
    };
    d.run(CommandKind::kRefund,
          {{"2101/a", "2104", 35}, {"2101/b", "2104", 15}, {"6001", "2101/a", 1}},
          {goes_on(50, 0), d.refund(RefundState::kCreated)});
    d.run(CommandKind::kRefundEvent, {{"2104", "1122/wxpay/19", 50}},
          {goes_on(0, 50), d.refund(RefundState::kSucceeded)});
    CHECK(d.p.fault_of_journal() == "none");
  }
  SECTION("by a transfer to the bank") {
    d.place(by_bank);
    d.step({{"1002/62", "2101/a", 70}, {"1002/62", "2101/b", 30}, {"2101/a", "6001", 3}},
           OrderState::kPaid, by_bank);
    d.run(CommandKind::kDeposit, {{"1002/62", "2241", 99}}, {d.deposited("62")});
    CHECK(d.p.fault_of_journal() == "none");
  }
  SECTION("a direct merchant's, who owes the fee") {
    const auto direct = [](Order& o) {
      make_direct(o);
      by_wechat(o);
      o.mch_no = "M1";
    };
    d.place(direct);
    d.step({{"1131/M1", "6001", 3}}, OrderState::kPaid, direct);
    CHECK(d.p.fault_of_journal() == "none");
  }
  SECTION("a direct merchant's whose fee nobody takes") {
    d.place(make_direct);
    d.step({}, OrderState::kPaid, [](Order& o) {
      make_direct(o);
      o.fee = 0;
    });
    CHECK(d.p.fault_of_journal() == "none");
  }
  SECTION("an account in the way: that part goes to suspense") {
    d.place();
    d.step({{"1122", "2101/a", 70}, {"1122", "2241", 30}, {"2101/a", "6001", 3}}, OrderState::kPaid,
           in_part_suspended);
    CHECK(d.p.fault_of_journal() == "none");
  }
  SECTION("all of it, and no account that bears the fee") {
    d.place();
    d.step({{"1122", "2241", 70}, {"1122", "2241", 30}}, OrderState::kPaid, [](Order& o) {
      suspended(o);
      o.fee = 0;
    });
    CHECK(d.p.fault_of_journal() == "none");
  }
}

TEST_CASE("audit: an order that changes what was agreed, or what was paid, is found") {
  struct Row {
    const char* what;
    void (*change)(Order&);
    const char* fault;
    const char* before_it_is_paid;  ///< "none": that is how it becomes paid
  };
  const char* const whose = "order P1 changed whose it is, what it is for or how it is divided";
  const char* const paid = "order P1 changed its lines, its fee or how it was paid";
  const char* const lines = "order P1 changed where its lines go";
  const Row rows[] = {
      {"the merchant", [](Order& o) { o.mch_no = "M2"; }, whose, whose},
      {"his app", [](Order& o) { o.app_id = "A2"; }, whose, whose},
      {"his number", [](Order& o) { o.mch_order_no = "U2"; }, whose, whose},
      {"our number", [](Order& o) { o.order_id = "P2"; }, whose, whose},
      {"what it is for", [](Order& o) { o.texts_sealed = "p1.other"; }, whose, whose},
      {"who is told", [](Order& o) { o.notify_url = "https://m2.example"; }, whose, whose},
      {"a direct merchant's", [](Order& o) { o.direct = true; }, whose, whose},
      {"whether the fee goes back", [](Order& o) { o.fee_kept = true; }, whose, whose},
      {"a line's name", [](Order& o) { o.lines[0].label = "水"; }, whose, whose},
      {"from one line to another", [](Order& o) { o.lines[0].amount = 71, o.lines[1].amount = 29; },
       whose, whose},
      {"a line less", [](Order& o) { o.lines.pop_back(); }, whose, whose},
      {"the amount", [](Order& o) { o.amount.minor = 101; },
       "order P1 changed its amount from 100 to 101",
       "order P1 changed its amount from 100 to 101"},
      {"the currency", [](Order& o) { o.amount.currency = Currency::kUSD; },
       "order P1 changed its amount", "order P1 changed its amount"},
      {"a line's account", [](Order& o) { o.lines[0].account = "2101/b"; }, paid, lines},
      {"a line to suspense", in_part_suspended, paid, lines},
      {"the fee", [](Order& o) { o.fee = 2; }, paid, "order P1 changed its fee from 3 to 2"},
      {"no fee", [](Order& o) { o.fee = 0; }, paid, "order P1 changed its fee from 3 to 0"},
      {"the channel", by_wechat, paid, "none"},
      {"the way", [](Order& o) { o.way = "WX_JSAPI"; }, paid, "none"},
      {"the channel's number", [](Order& o) { o.channel_order_no = "42"; }, paid, "none"},
      {"when", [](Order& o) { o.paid_at.ns = 7; }, paid, "none"},
      {"the day", [](Order& o) { o.paid_on.days = 7; }, paid, "none"},
      {"the voucher", [](Order& o) { o.voucher = "7"; }, paid, "none"},
  };
  const auto found = [](const Desk& d, const std::string& fault, const std::string& expected) {
    if (expected == "none") return fault == "none";
    return fault.starts_with(fmt::format("journal entry {}: {}", d.p.last_seq(), expected));
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Desk after, before;
    after.pay();
    after.step({}, OrderState::kPaid, row.change);
    const std::string late = after.p.fault_of_journal();
    INFO(late);
    CHECK(found(after, late, row.fault));
    before.place();
    before.step({}, OrderState::kPaying, row.change);
    const std::string early = before.p.fault_of_journal();
    INFO(early);
    CHECK(found(before, early, row.before_it_is_paid));
  }
}

TEST_CASE("audit: an order that is paid otherwise than it was agreed, or elsewhere, is found") {
  struct Row {
    const char* what;
    void (*plant)(Desk&);
    const char* fault;
  };
  const Row rows[] = {
      {"it is paid to another than was agreed",
       [](Desk& d) {
         d.place();
         d.step({{"1122", "2101/b", 70}, {"1122", "2101/b", 30}, {"2101/b", "6001", 3}},
                OrderState::kPaid, [](Order& o) { o.lines[0].account = "2101/b"; });
       },
       "order P1 changed where its lines go"},
      {"it is paid without its fee, though it went where it should",
       [](Desk& d) {
         d.place();
         d.step({{"1122", "2101/a", 70}, {"1122", "2241", 30}}, OrderState::kPaid, [](Order& o) {
           in_part_suspended(o);
           o.fee = 0;
         });
       },
       "order P1 changed its fee from 3 to 0"},
      {"all of it is suspended and the fee is another",
       [](Desk& d) {
         d.place();
         d.step({{"1122", "2241", 70}, {"1122", "2241", 30}, {"2241", "6001", 2}},
                OrderState::kPaid, [](Order& o) {
                  suspended(o);
                  o.fee = 2;
                });
       },
       "order P1 changed its fee from 3 to 2"},
      {"WeChat's money on no channel's account",
       [](Desk& d) {
         d.step({{"1122", "2101/a", 70}, {"1122", "2101/b", 30}, {"2101/a", "6001", 3}},
                OrderState::kPaid, by_wechat);
       },
       "order P1 says 70 CNY, debit 1122/wxpay/19, credit 2101/a; leg 0 is 70 CNY, debit 1122,"},
      {"on the account of another number of ours",
       [](Desk& d) {
         d.step({{"1122/wxpay/20", "2101/a", 70}}, OrderState::kPaid, by_wechat);
       },
       "debit 1122/wxpay/19, credit 2101/a; leg 0 is 70 CNY, debit 1122/wxpay/20"},
      {"the second line over another one",
       [](Desk& d) {
         d.step({{"1122/wxpay/19", "2101/a", 70}, {"1122/wxpay/20", "2101/b", 30}},
                OrderState::kPaid, by_wechat);
       },
       "debit 1122/wxpay/19, credit 2101/b; leg 1 is 30 CNY, debit 1122/wxpay/20"},
      {"a transfer at another account of ours",
       [](Desk& d) {
         d.step({{"1002/63", "2101/a", 70}}, OrderState::kPaid, by_bank);
       },
       "debit 1002/62, credit 2101/a; leg 0 is 70 CNY, debit 1002/63"},
      {"a direct merchant's fee is owed by another",
       [](Desk& d) {
         d.step({{"1131/M2", "6001", 3}}, OrderState::kPaid, [](Order& o) {
           make_direct(o);
           o.mch_no = "M1";
         });
       },
       "order P1 says 3 CNY, debit 1131/M1, credit an account of income; leg 0 is 3 CNY, debit "
       "1131/M2"},
      {"a deposit of nobody's at another bank account",
       [](Desk& d) {
         d.run(CommandKind::kDeposit, {{"1002/63", "2241", 99}}, {d.deposited("62")});
       },
       "suspense/62/B1 says 99 CNY, debit 1002/62, credit an account of liabilities; leg 0 is 99"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Desk d;
    row.plant(d);
    const std::string fault = d.p.fault_of_journal();
    CHECK_THAT(fault,
               Catch::Matchers::StartsWith(fmt::format("journal entry {}: ", d.p.last_seq())));
    CHECK_THAT(fault, Catch::Matchers::Contains(row.fault));
  }
}
