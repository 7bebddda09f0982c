// The money of orders, refunds and payouts on paper: what a document says and its command does not
// post is found and placed.
#include "ledger/engine/audit.h"
#include "tests/ledger/engine/paper_desk.h"

using namespace suanpan;
using test::Desk;
using test::make_direct;
using test::Move;
using test::Paper;

TEST_CASE("audit: orders, refunds and payouts that move what they say pass") {
  SECTION("paid, a refund that succeeds") {
    Desk d;
    d.run(CommandKind::kPlaceOrder, {}, {d.order(OrderState::kPaying)});
    d.pay();
    d.ask_refund();
    d.p.document(DocumentKind::kRefund, "R1", 2, true, d.refund(RefundState::kProcessing).bytes);
    d.end_refund(RefundState::kSucceeded, {{"2104", "1122", 50}});
    CHECK(d.p.fault_of_journal() == "none");
  }
  SECTION("paid late, a refund that fails") {
    Desk d;
    d.run(CommandKind::kPlaceOrder, {}, {d.order(OrderState::kClosed)});
    d.pay();
    d.ask_refund();
    d.end_refund(RefundState::kFailed,
                 {{"2104", "2101/a", 35}, {"2104", "2101/b", 15}, {"2101/a", "6001", 1}});
    CHECK(d.p.fault_of_journal() == "none");
  }
  SECTION("paid into suspense, and once more") {
    Desk d;
    d.run(CommandKind::kOrderEvent, {{"1122", "2241", 70}, {"1122", "2241", 30}},
          {d.order(OrderState::kPaid, [](Order& o) {
            o.lines[0].account = o.lines[1].account = "2241";
            o.fee = 0;
          })});
    d.run(CommandKind::kDeposit, {{"1122", "2241", 99}}, {d.paid_again(99)});
    CHECK(d.p.fault_of_journal() == "none");
  }
  SECTION("a direct merchant's, of which only the fee is ours") {
    Desk d;
    d.run(CommandKind::kOrderEvent, {{"1131", "6001", 3}},
          {d.order(OrderState::kPaid, make_direct)});
    const auto in_part = [&](std::int64_t under_way, std::int64_t done) {
      return d.order(OrderState::kPaid, [=](Order& o) {
        make_direct(o);
        o.refunding = under_way;
        o.refunded = done;
      });
    };
    d.run(CommandKind::kRefund, {}, {in_part(50, 0), d.refund(RefundState::kCreated)});
    d.run(CommandKind::kRefundEvent, {{"6001", "1131", 1}},
          {in_part(0, 50), d.refund(RefundState::kSucceeded)});
    CHECK(d.p.fault_of_journal() == "none");
  }
  SECTION("a payout that comes back") {
    Desk d;
    d.pay_out(PayoutState::kCreated, {{"2101/a", "2103", 40}});
    d.pay_out(PayoutState::kSucceeded, {{"2103", "1002", 40}});
    d.pay_out(PayoutState::kReturned, {{"1002", "2101/a", 40}});
    CHECK(d.p.fault_of_journal() == "none");
  }
  SECTION("a payout that fails, after a hold is posted for it") {
    Desk d;
    d.p.hold();
    ChangeSet changes = Paper::moving(d.p.owner, d.p.bank, 100, TransferKind::kPostPending);
    changes.ref = Paper::key(500);
    changes.transfers.push_back(
        {d.accounts["2101/a"], d.accounts["2103"], 40, TransferKind::kPosted});
    changes.documents = {Paper::hold_document(Paper::key(500), 2, HoldState::kPosted,
                                              {{d.p.owner, d.p.bank, 100, 0}}),
                         d.payout(PayoutState::kCreated)};
    d.p.accept(CommandKind::kSettlement, changes);
    d.pay_out(PayoutState::kFailed, {{"2103", "2101/a", 40}});
    CHECK(d.p.fault_of_journal() == "none");
  }
}

TEST_CASE("audit: an order, refund or payout that moves other money than it says is found") {
  struct Row {
    const char* what;
    std::function<void(Desk&)> plant;
    const char* fault;
  };
  const auto event = [](Desk& d, const std::vector<Move>& moves, Document document) {
    d.run(CommandKind::kOrderEvent, moves, {std::move(document)});
  };
  const Row rows[] = {
      {"an order is paid and nothing is posted", [](Desk& d) { d.pay({}); },
       "order P1 says 70 CNY, debit an account of assets, credit 2101/a, and no leg does that"},
      {"one fen less",
       [](Desk& d) {
         d.pay({{"1122", "2101/a", 69}, {"1122", "2101/b", 30}, {"2101/a", "6001", 3}});
       },
       "order P1 says 70 CNY, debit an account of assets, credit 2101/a; leg 0 is 69 CNY, debit "
       "1122, credit 2101/a"},
      {"on the wrong side",
       [](Desk& d) {
         d.pay({{"2101/a", "1122", 70}});
       },
       "credit 2101/a; leg 0 is 70 CNY, debit 2101/a, credit 1122"},
      {"to another account",
       [](Desk& d) {
         d.pay({{"1122", "2101/a", 70}, {"1122", "2241", 30}});
       },
       "order P1 says 30 CNY, debit 1122, credit 2101/b; leg 1 is 30 CNY, debit 1122, credit 2241"},
      {"a part of it from elsewhere",
       [](Desk& d) {
         d.pay({{"1122", "2101/a", 70}, {"1002", "2101/b", 30}});
       },
       "order P1 says 30 CNY, debit 1122, credit 2101/b; leg 1 is 30 CNY, debit 1002"},
      {"from a merchant instead of a channel",
       [](Desk& d) {
         d.pay({{"2101/b", "2101/a", 70}});
       },
       "debit an account of assets, credit 2101/a; leg 0 is 70 CNY, debit 2101/b"},
      {"in another currency",
       [&](Desk& d) {
         event(d, {{"1002/usd", "2101/usd", 100}}, d.order(OrderState::kPaid, [](Order& o) {
           o.lines = {{"", "2101/usd", 100}};
         }));
       },
       "order P1 says 100 CNY, debit an account of assets, credit 2101/usd; leg 0 is 100 USD"},
      {"without the fee",
       [](Desk& d) {
         d.pay({{"1122", "2101/a", 70}, {"1122", "2101/b", 30}});
       },
       "order P1 says 3 CNY, debit 2101/a, credit an account of income, and no leg does that"},
      {"with a fee that is nobody's income",
       [](Desk& d) {
         d.pay({{"1122", "2101/a", 70}, {"1122", "2101/b", 30}, {"2101/a", "2241", 3}});
       },
       "order P1 says 3 CNY, debit 2101/a, credit an account of income; leg 2 is 3 CNY"},
      {"with a leg too many",
       [](Desk& d) {
         d.pay({{"1122", "2101/a", 70},
                {"1122", "2101/b", 30},
                {"2101/a", "6001", 3},
                {"2101/a", "1002", 1}});
       },
       "leg 3 moves 1 that no order, refund or payout says"},
      {"lines that do not add up",
       [&](Desk& d) {
         event(d, {{"1122", "2101/a", 70}, {"1122", "2101/b", 29}},
               d.order(OrderState::kPaid, [](Order& o) { o.lines[1].amount = 29; }));
       },
       "order P1 was paid 100, and its lines do not add up to it"},
      {"without lines",
       [&](Desk& d) {
         event(d, {}, d.order(OrderState::kPaid, [](Order& o) { o.lines.clear(); }));
       },
       "order P1 was paid 100, and its lines do not add up to it"},
      {"a direct merchant's fee is not booked",
       [&](Desk& d) { event(d, {}, d.order(OrderState::kPaid, make_direct)); },
       "order P1 says 3 CNY, debit an account of assets, credit an account of income, and no leg"},
      {"news of an order that is not paid moves money",
       [&](Desk& d) {
         event(d, {{"1122", "2101/a", 1}}, d.order(OrderState::kPaying));
       },
       "leg 0 moves 1 that no order, refund or payout says"},
      {"an order that was paid is paid again",
       [&](Desk& d) {
         d.pay();
         event(d, {{"1122", "2101/a", 70}}, d.order(OrderState::kPaid));
       },
       "leg 0 moves 70 that no order, refund or payout says"},
      {"what came in again is not booked", [&](Desk& d) { event(d, {}, d.paid_again(99)); },
       "suspense/P1/4200000002 says 99 CNY, debit an account of assets, credit an account of "
       "liabilities, and no leg does that"},
      {"what came in again is booked with less",
       [&](Desk& d) {
         event(d, {{"1122", "2241", 98}}, d.paid_again(99));
       },
       "credit an account of liabilities; leg 0 is 98 CNY, debit 1122, credit 2241"},
      {"a refund is asked for and nothing is taken",
       [](Desk& d) {
         d.pay();
         d.ask_refund({});
       },
       "refund R1 says 35 CNY, debit 2101/a, credit an account of liabilities, and no leg"},
      {"of an order that was not paid",
       [](Desk& d) {
         d.run(CommandKind::kRefund, {},
               {d.order(OrderState::kPaying, [](Order& o) { o.refunding = 50; }),
                d.refund(RefundState::kCreated)});
       },
       "refund R1 is of an order that is not paid"},
      {"without its order's change",
       [](Desk& d) {
         d.pay();
         d.run(CommandKind::kRefund, {}, {d.refund(RefundState::kCreated)});
       },
       "refund R1 takes a step without its order"},
      {"from an account that its order does not name",
       [](Desk& d) {
         d.pay();
         d.run(CommandKind::kRefund, {},
               {d.refunding(50),
                d.refund(RefundState::kCreated, [](Refund& r) { r.lines[1].account = "2241"; })});
       },
       "refund R1 takes from 2241, where its order has no line of that name"},
      {"of less than it takes",
       [](Desk& d) {
         d.pay();
         d.run(CommandKind::kRefund, {},
               {d.refunding(50),
                d.refund(RefundState::kCreated, [](Refund& r) { r.lines[1].amount = 16; })});
       },
       "refund R1 is of 50, and its lines do not add up to it"},
      {"it succeeds and the channel owes us as much as before",
       [](Desk& d) {
         d.pay();
         d.ask_refund();
         d.end_refund(RefundState::kSucceeded, {});
       },
       "refund R1 says 50 CNY, debit 2104, credit 1122, and no leg does that"},
      {"it goes out by another way than the payment came in",
       [](Desk& d) {
         d.pay();
         d.ask_refund();
         d.end_refund(RefundState::kSucceeded, {{"2104", "1002", 50}});
       },
       "refund R1 says 50 CNY, debit 2104, credit 1122; leg 0 is 50 CNY, debit 2104, credit 1002"},
      {"it comes from where it was not put",
       [](Desk& d) {
         d.pay();
         d.ask_refund();
         d.end_refund(RefundState::kSucceeded, {{"2103", "1122", 50}});
       },
       "refund R1 says 50 CNY, debit 2104, credit 1122; leg 0 is 50 CNY, debit 2103"},
      {"it fails and a line gets nothing back",
       [](Desk& d) {
         d.pay();
         d.ask_refund();
         d.end_refund(RefundState::kFailed, {{"2104", "2101/a", 50}});
       },
       "refund R1 says 35 CNY, debit 2104, credit 2101/a; leg 0 is 50 CNY"},
      {"its fee comes from another income",
       [](Desk& d) {
         d.pay();
         d.ask_refund({{"2101/a", "2104", 35}, {"2101/b", "2104", 15}, {"6002", "2101/a", 1}});
       },
       "refund R1 says 1 CNY, debit 6001, credit 2101/a; leg 2 is 1 CNY, debit 6002"},
      {"it fails and another line of the order gets all of it",
       [](Desk& d) {
         d.pay();
         d.ask_refund();
         d.run(CommandKind::kRefundEvent, {{"2104", "2101/b", 50}, {"2101/a", "6001", 1}},
               {d.refunding(0), d.refund(RefundState::kFailed, [](Refund& r) {
                  r.lines = {{"水", "2101/b", 50}};
                })});
       },
       "refund R1 changed its lines or the fee that goes back"},
      {"it fails and less of the fee is taken again",
       [](Desk& d) {
         d.pay();
         d.ask_refund();
         d.run(
             CommandKind::kRefundEvent, {{"2104", "2101/a", 35}, {"2104", "2101/b", 15}},
             {d.refunding(0), d.refund(RefundState::kFailed, [](Refund& r) { r.fee_return = 0; })});
       },
       "refund R1 changed its lines or the fee that goes back"},
      {"a payout fails and another account gets the money",
       [](Desk& d) {
         d.pay_out(PayoutState::kCreated, {{"2101/a", "2103", 40}});
         d.run(CommandKind::kPayoutEvent, {{"2103", "2101/b", 40}},
               {d.payout(PayoutState::kFailed, "2101/b")});
       },
       "payout T1 changed its accounts"},
      {"a payout is accepted and nothing is set aside",
       [](Desk& d) { d.pay_out(PayoutState::kCreated, {}); },
       "payout T1 says 40 CNY, debit 2101/a, credit 2103, and no leg does that"},
      {"it is paid and the bank still has the money",
       [](Desk& d) {
         d.pay_out(PayoutState::kCreated, {{"2101/a", "2103", 40}});
         d.pay_out(PayoutState::kSucceeded, {});
       },
       "payout T1 says 40 CNY, debit 2103, credit 1002, and no leg does that"},
      {"it is paid with one fen less",
       [](Desk& d) {
         d.pay_out(PayoutState::kCreated, {{"2101/a", "2103", 40}});
         d.pay_out(PayoutState::kSucceeded, {{"2103", "1002", 39}});
       },
       "payout T1 says 40 CNY, debit 2103, credit 1002; leg 0 is 39 CNY"},
      {"it fails on the wrong side",
       [](Desk& d) {
         d.pay_out(PayoutState::kCreated, {{"2101/a", "2103", 40}});
         d.pay_out(PayoutState::kFailed, {{"2101/a", "2103", 40}});
       },
       "payout T1 says 40 CNY, debit 2103, credit 2101/a; leg 0 is 40 CNY, debit 2101/a"},
      {"it comes back and is owed to nobody",
       [](Desk& d) {
         d.pay_out(PayoutState::kCreated, {{"2101/a", "2103", 40}});
         d.pay_out(PayoutState::kSucceeded, {{"2103", "1002", 40}});
         d.pay_out(PayoutState::kReturned, {{"1002", "2103", 40}});
       },
       "payout T1 says 40 CNY, debit 1002, credit 2101/a; leg 0 is 40 CNY, debit 1002"},
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
