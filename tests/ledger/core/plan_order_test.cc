// Orders, refunds and payouts: every state with every fact, and the postings by hand.
#include "ledger/core/plan_order.h"

#include <catch2/catch.hpp>
#include <random>

#include "tests/support/scenario.h"

using namespace suanpan;
using test::Scenario;

namespace {

using Kind = OrderFact::Kind;

const PlatformAccounts kAccounts{"1122/wx", "6001", "1131/M1", "2241/suspense", "2104"};

Order order_of(std::string id, std::int64_t amount, std::vector<OrderLine> lines,
               std::int64_t fee = 0) {
  Order order;
  order.order_id = std::move(id);
  order.mch_no = "M1";
  order.app_id = "A1";
  order.mch_order_no = "U-" + order.order_id;
  order.way = "WX_NATIVE";
  order.amount = Money{amount, Currency::kCNY};
  order.lines = std::move(lines);
  order.direct = order.lines.empty();
  order.fee = fee;
  order.notify_url = "https://example.test/notify";
  return order;
}

struct World : Scenario {
  World() {
    run(R"(
      account receivable 1122/wx        asset                            ok
      account material   2101/M1        liability limit=not_below_zero   ok
      account labour     2101/M2        liability limit=not_below_zero   ok
      account third      2101/M3        liability limit=not_below_zero   ok
      account fee        6001           income                           ok
      account owed       1131/M1        asset                            ok
      account suspense   2241/suspense  liability                        ok
      account transit    2104           liability                        ok
      account bank       1002           asset                            ok
      account payable    2202/M1        liability limit=not_below_zero   ok
      account sent       2105           liability                        ok
      account dollars    1122/usd       asset currency=USD               ok
    )");
  }
  std::string place(const Order& order) {
    return take(next(), CommandKind::kPlaceOrder, plan_place_order(state(), order, moment()));
  }
  std::string tell(Kind kind, const std::string& id, std::int64_t paid = 0,
                   const std::string& channel_no = "", Currency currency = Currency::kCNY) {
    OrderFact fact;
    fact.kind = kind;
    fact.order_id = id;
    fact.channel = "wxpay";
    fact.channel_mch = "1900000001";
    fact.channel_order_no = channel_no;
    fact.paid = Money{paid, currency};
    fact.paid_at = Timestamp::from_seconds(1'772'590'000);
    fact.error_code = kind == Kind::kRejected ? "PARAM_ERROR" : "";
    const ClaimKey key = next();
    return take(key, CommandKind::kOrderEvent,
                plan_order_fact(state(), fact, kAccounts, key, moment()));
  }
  std::string refund(const std::string& id, const std::string& order, std::int64_t amount) {
    Refund request;
    request.refund_id = id;
    request.order_id = order;
    request.mch_no = "M1";
    request.mch_refund_no = "UR-" + id;
    request.amount = Money{amount, Currency::kCNY};
    request.fee_return = 999;  // nobody but the planner decides it
    request.notify_url = "https://example.test/notify";
    return take(next(), CommandKind::kRefund, plan_refund(state(), request, kAccounts, moment()));
  }
  std::string tell(RefundFact::Kind kind, const std::string& id) {
    RefundFact fact;
    fact.kind = kind;
    fact.refund_id = id;
    return take(next(), CommandKind::kRefundEvent,
                plan_refund_fact(state(), fact, kAccounts, moment()));
  }
  std::string pay_out(const std::string& id, std::int64_t amount,
                      const std::string& source = "2202/M1", const std::string& bank = "1002") {
    Payout payout;
    payout.payout_id = id;
    payout.mch_no = "M1";
    payout.mch_order_no = "UP-" + id;
    payout.amount = Money{amount, Currency::kCNY};
    payout.source_account = source;
    payout.transit_account = "2105";
    payout.bank_account = bank;
    payout.notify_url = "https://example.test/notify";
    return take(next(), CommandKind::kPayout, plan_payout(state(), payout, moment()));
  }
  std::string tell(PayoutFact::Kind kind, const std::string& id) {
    PayoutFact fact;
    fact.kind = kind;
    fact.payout_id = id;
    return take(next(), CommandKind::kPayoutEvent, plan_payout_fact(state(), fact, moment()));
  }
  Order order(const std::string& id) { return *find_order(state(), id); }
  Refund refund_of(const std::string& id) { return *find_refund(state(), id); }
  /// An order that was placed by way of another door: nobody looked whether its accounts are there.
  void put(const Order& order) {
    ChangeSet changes;
    changes.date = state().book().accounting_date;
    changes.documents.push_back(
        Document{DocumentKind::kOrder, order.order_id, 1, true, encode(order)});
    REQUIRE(take(next(), CommandKind::kPlaceOrder, std::move(changes)) == "ok");
  }
  /// The payload of the last command's event of a topic; empty if it told none.
  std::string told(const std::string& topic) const {
    for (const Event& event : stored(n_).effects.events)
      if (event.topic == topic) return event.payload;
    return "";
  }
  bool has(DocumentKind kind, const std::string& key) {
    return state().document(kind, key) != nullptr;
  }
  ClaimKey next() { return key(++n_); }

 private:
  std::uint64_t n_ = 5'000'000;
};

const char* const kOk = "ok";

}  // namespace

TEST_CASE("order: every fact in every state moves to one state or is refused") {
  struct Told {
    const char* name;
    Kind kind;
    std::int64_t paid;
    const char* channel_no;
  };
  const Told told[] = {
      {"submitted", Kind::kSubmitted, 0, ""},     {"accepted", Kind::kAccepted, 0, ""},
      {"unknown", Kind::kUnknown, 0, ""},         {"paid", Kind::kPaid, 100, "C1"},
      {"paid otherwise", Kind::kPaid, 100, "C2"}, {"paid wrongly", Kind::kPaid, 99, "C1"},
      {"rejected", Kind::kRejected, 0, ""},       {"closed", Kind::kClosed, 0, ""}};
  struct Row {
    OrderState from;
    const char* expected[8];  // a state, or a refusal
  };
  const char *wrong = "order_state_wrong", *final = "order_state_final",
             *amount = "amount_mismatch";
  const Row rows[] = {
      {OrderState::kCreated, {"paying", wrong, wrong, "paid", "paid", amount, "failed", "closed"}},
      {OrderState::kPaying,
       {wrong, "paying", "paying", "paid", "paid", amount, "failed", "closed"}},
      // Paid by one number already: the same number is old news, another one is a second payment.
      {OrderState::kPaid, {wrong, wrong, wrong, final, "paid", final, final, final}},
      {OrderState::kRefunded, {wrong, wrong, wrong, final, "refunded", final, final, final}},
      // A success that arrives late wins.
      {OrderState::kFailed, {wrong, wrong, wrong, "paid", "paid", amount, final, final}},
      {OrderState::kClosed, {wrong, wrong, wrong, "paid", "paid", amount, final, final}},
  };
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < std::size(told); ++i) {
      CAPTURE(name_of(row.from), told[i].name);
      World w;
      Order order = order_of("P1", 100, {{"全部", "2101/M1", 100}});
      order.state = row.from;
      if (row.from == OrderState::kPaid || row.from == OrderState::kRefunded)
        order.channel_order_no = "C1";
      w.state().apply_document(
          std::make_shared<Document>(Document{DocumentKind::kOrder, "P1", 1, true, encode(order)}));
      const std::string answer = w.tell(told[i].kind, "P1", told[i].paid, told[i].channel_no);
      const Order after = w.order("P1");
      if (answer != kOk) {
        CHECK(answer == row.expected[i]);
        CHECK(after == order);
        CHECK(w.state().balance(w.id("receivable")) == Balance{});
        continue;
      }
      CHECK(name_of(after.state) == row.expected[i]);
      const bool late = row.from == OrderState::kFailed || row.from == OrderState::kClosed;
      CHECK(after.late == (late && after.state == OrderState::kPaid));
      CHECK(after.unknown == (told[i].kind == Kind::kSubmitted || told[i].kind == Kind::kUnknown));
      CHECK(w.state().balance(w.id("receivable")).debits_posted ==
            (told[i].kind == Kind::kPaid ? 100 : 0));
    }
  }
}

TEST_CASE("order: a state machine has exactly these steps") {
  using O = OrderState;
  const std::set<std::pair<O, O>> orders{{O::kCreated, O::kPaying}, {O::kCreated, O::kPaid},
                                         {O::kCreated, O::kFailed}, {O::kCreated, O::kClosed},
                                         {O::kPaying, O::kPaid},    {O::kPaying, O::kFailed},
                                         {O::kPaying, O::kClosed},  {O::kPaid, O::kRefunded},
                                         {O::kFailed, O::kPaid},    {O::kClosed, O::kPaid}};
  for (const O from : {O::kCreated, O::kPaying, O::kPaid, O::kFailed, O::kRefunded, O::kClosed})
    for (const O to : {O::kCreated, O::kPaying, O::kPaid, O::kFailed, O::kRefunded, O::kClosed})
      CHECK(can_move(from, to) == (orders.count({from, to}) == 1));
  using R = RefundState;
  const std::set<std::pair<R, R>> refunds{{R::kCreated, R::kProcessing},
                                          {R::kCreated, R::kSucceeded},
                                          {R::kCreated, R::kFailed},
                                          {R::kProcessing, R::kSucceeded},
                                          {R::kProcessing, R::kFailed}};
  for (int from = 0; from < 4; ++from)
    for (int to = 0; to < 4; ++to)
      CHECK(can_move(static_cast<R>(from), static_cast<R>(to)) ==
            (refunds.count({static_cast<R>(from), static_cast<R>(to)}) == 1));
  using P = PayoutState;
  const std::set<std::pair<P, P>> payouts{
      {P::kCreated, P::kProcessing},   {P::kCreated, P::kSucceeded}, {P::kCreated, P::kFailed},
      {P::kProcessing, P::kSucceeded}, {P::kProcessing, P::kFailed}, {P::kSucceeded, P::kReturned}};
  for (int from = 0; from < 5; ++from)
    for (int to = 0; to < 5; ++to)
      CHECK(can_move(static_cast<P>(from), static_cast<P>(to)) ==
            (payouts.count({static_cast<P>(from), static_cast<P>(to)}) == 1));
}

TEST_CASE("order: what cannot be placed") {
  World w;
  const Order good = order_of("P1", 100, {{"全部", "2101/M1", 100}}, 1);
  const auto other = [&](const std::function<void(Order&)>& change) {
    Order order = good;
    change(order);
    return w.place(order);
  };
  CHECK(other([](Order& o) { o.amount.minor = 0; }) == "amount_not_positive");
  CHECK(other([](Order& o) { o.amount.minor = -1; }) == "amount_not_positive");
  CHECK(other([](Order& o) { o.amount.minor = 1'000'000'000'000'001; }) == "amount_too_large");
  CHECK(other([](Order& o) { o.fee = -1; }) == "value_invalid");
  CHECK(other([](Order& o) { o.fee = 101; }) == "value_invalid");
  CHECK(other([](Order& o) { o.lines[0].amount = 0; }) == "amount_not_positive");
  CHECK(other([](Order& o) { o.lines[0].amount = 99; }) == "amount_mismatch");
  CHECK(other([](Order& o) { o.lines.push_back({"多", "2101/M2", 1}); }) == "amount_mismatch");
  CHECK(other([](Order& o) { o.lines.clear(); }) == "amount_mismatch");
  CHECK(other([](Order& o) { o.lines[0].account = "9"; }) == "account_not_found");
  CHECK(other([](Order& o) { o.lines[0].account = "1122/usd"; }) == "currency_mismatch");
  CHECK(w.place(good) == kOk);
  CHECK(w.place(good) == "order_exists");
  CHECK(other([](Order& o) { o.order_id = "P2"; }) == "order_exists");      // the merchant's number
  CHECK(other([](Order& o) { o.mch_order_no = "U9"; }) == "order_exists");  // ours
  CHECK(other([](Order& o) {
          o.mch_no = "M2";
          o.order_id = "P3";
        }) == kOk);  // numbers are per merchant
  CHECK(w.state().document(DocumentKind::kIndex, index_key("order", "M1", "U-P1"))->bytes == "P1");
  CHECK(w.tell(Kind::kPaid, "P99", 1, "C") == "order_not_found");
  CHECK(w.tell(Kind::kPaid, "P1", 100, "C", Currency::kUSD) == "currency_mismatch");
}

TEST_CASE("order: nothing is sent upstream for an order whose time is over") {
  World w;
  Order order = order_of("P1", 100, {{"全部", "2101/M1", 100}});
  order.expires_at = w.moment().now.plus_seconds(60);
  REQUIRE(w.place(order) == kOk);
  w.run("clock 60");
  CHECK(w.tell(Kind::kSubmitted, "P1") == "order_expired");
  CHECK(w.tell(Kind::kClosed, "P1") == kOk);
  // The payer had paid all the same.
  CHECK(w.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
  CHECK(w.order("P1").late);
  w.run("balance material credits=100");
}

TEST_CASE("order: a collected order of two lines with a fee posts by the table") {
  World w;
  REQUIRE(w.place(order_of("P1", 10'000, {{"材料", "2101/M1", 7'000}, {"人工", "2101/M2", 3'000}},
                           300)) == kOk);
  REQUIRE(w.tell(Kind::kSubmitted, "P1") == kOk);
  REQUIRE(w.tell(Kind::kAccepted, "P1") == kOk);
  w.run("balance receivable");
  REQUIRE(w.tell(Kind::kPaid, "P1", 10'000, "C1") == kOk);
  w.run(R"(
    balance receivable debits=10000
    balance material   debits=300 credits=7000
    balance labour     credits=3000
    balance fee        credits=300
  )");
  CHECK(w.has(DocumentKind::kNotification, "order/P1"));
  CHECK(w.order("P1").paid_on == test::day("2026-03-04"));
  CHECK_FALSE(w.order("P1").voucher.empty());
  // In full back, the fee with it.
  REQUIRE(w.refund("R1", "P1", 10'000) == kOk);
  w.run(R"(
    balance material debits=7300 credits=7300
    balance labour   debits=3000 credits=3000
    balance fee      debits=300 credits=300
    balance transit  credits=10000
  )");
  REQUIRE(w.tell(RefundFact::Kind::kSucceeded, "R1") == kOk);
  w.run(R"(
    balance transit    debits=10000 credits=10000
    balance receivable debits=10000 credits=10000
  )");
  CHECK(w.order("P1").state == OrderState::kRefunded);
  CHECK(w.order("P1").refunded == 10'000);
  CHECK(w.order("P1").fee_returned == 300);
  CHECK(w.has(DocumentKind::kNotification, "refund/R1"));
}

TEST_CASE("order: of a direct order only the fee is posted") {
  World w;
  REQUIRE(w.place(order_of("P1", 10'000, {}, 60)) == kOk);
  REQUIRE(w.tell(Kind::kPaid, "P1", 10'000, "C1") == kOk);
  w.run("balance owed debits=60\n balance fee credits=60\n balance receivable");
  REQUIRE(w.refund("R1", "P1", 5'000) == kOk);
  w.run("balance owed debits=60\n balance fee credits=60");
  REQUIRE(w.tell(RefundFact::Kind::kSucceeded, "R1") == kOk);
  w.run("balance owed debits=60 credits=30\n balance fee debits=30 credits=60\n balance transit");
  // Without a fee there is nothing to post, and the order is paid all the same.
  REQUIRE(w.place(order_of("P2", 10'000, {}, 0)) == kOk);
  REQUIRE(w.tell(Kind::kPaid, "P2", 10'000, "C2") == kOk);
  CHECK(w.order("P2").state == OrderState::kPaid);
  w.run("balance owed debits=60 credits=30");
}

TEST_CASE("order: a second payment goes to suspense, once per channel number") {
  World w;
  REQUIRE(w.place(order_of("P1", 100, {{"全部", "2101/M1", 100}})) == kOk);
  REQUIRE(w.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
  CHECK(w.tell(Kind::kPaid, "P1", 100, "C1") == "order_state_final");
  CHECK(w.tell(Kind::kPaid, "P1", 100, "C2") == kOk);
  CHECK(w.has(DocumentKind::kChannelArrival, "suspense/P1/C2"));
  // The channel tells it again, under another command.
  CHECK(w.tell(Kind::kPaid, "P1", 100, "C2") == "order_state_final");
  // Any amount that came in is kept safe, but nothing that is no amount.
  CHECK(w.tell(Kind::kPaid, "P1", 70, "C3") == kOk);
  CHECK(w.tell(Kind::kPaid, "P1", 0, "C4") == "amount_mismatch");
  CHECK(w.tell(Kind::kPaid, "P1", -5, "C4") == "amount_mismatch");
  w.run(R"(
    balance receivable debits=270
    balance suspense   credits=170
    balance material   credits=100
  )");
  CHECK(w.order("P1").channel_order_no == "C1");
}

TEST_CASE("refund: every fact in every state") {
  using K = RefundFact::Kind;
  const K facts[] = {K::kSubmitted, K::kUnknown, K::kProcessing, K::kSucceeded, K::kFailed};
  const char* open[] = {"processing", "processing", "processing", "succeeded", "failed"};
  for (const RefundState from : {RefundState::kCreated, RefundState::kProcessing,
                                 RefundState::kSucceeded, RefundState::kFailed}) {
    for (std::size_t i = 0; i < 5; ++i) {
      CAPTURE(name_of(from), i);
      World w;
      REQUIRE(w.place(order_of("P1", 100, {{"全部", "2101/M1", 100}})) == kOk);
      REQUIRE(w.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
      REQUIRE(w.refund("R1", "P1", 40) == kOk);
      if (from == RefundState::kProcessing) REQUIRE(w.tell(K::kSubmitted, "R1") == kOk);
      if (from == RefundState::kSucceeded) REQUIRE(w.tell(K::kSucceeded, "R1") == kOk);
      if (from == RefundState::kFailed) REQUIRE(w.tell(K::kFailed, "R1") == kOk);
      const std::string answer = w.tell(facts[i], "R1");
      if (from == RefundState::kSucceeded || from == RefundState::kFailed) {
        CHECK(answer == "order_state_final");
        continue;
      }
      CHECK(answer == kOk);
      const Refund after = *find_refund(w.state(), "R1");
      CHECK(name_of(after.state) == open[i]);
      CHECK(after.unknown == (i < 2));
      const Order order = w.order("P1");
      CHECK(order.refunding == (i < 3 ? 40 : 0));
      CHECK(order.refunded == (i == 3 ? 40 : 0));
      CHECK(order.lines[0].taken == (i == 4 ? 0 : 40));
    }
  }
  World w;
  CHECK(w.tell(K::kSucceeded, "R9") == "order_not_found");
}

TEST_CASE("refund: refused before any money leaves") {
  World w;
  REQUIRE(w.place(order_of("P1", 100, {{"全部", "2101/M1", 100}}, 6)) == kOk);
  CHECK(w.refund("R1", "P1", 10) == "order_state_wrong");
  REQUIRE(w.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
  CHECK(w.refund("R1", "P1", 0) == "amount_not_positive");
  CHECK(w.refund("R1", "P9", 10) == "order_not_found");
  CHECK(w.refund("R1", "P1", 101) == "refund_exceeds_paid");
  CHECK(w.refund("R1", "P1", 60) == kOk);
  CHECK(w.refund("R1", "P1", 1) == "order_exists");
  // Those under way count, also in the fee.
  CHECK(w.refund("R2", "P1", 41) == "refund_exceeds_paid");
  CHECK(w.refund("R2", "P1", 40) == kOk);
  CHECK(w.refund("R3", "P1", 1) == "refund_exceeds_paid");
  REQUIRE(w.tell(RefundFact::Kind::kFailed, "R2") == kOk);
  CHECK(w.refund("R4", "P1", 40) == kOk);
  REQUIRE(w.tell(RefundFact::Kind::kSucceeded, "R1") == kOk);
  REQUIRE(w.tell(RefundFact::Kind::kSucceeded, "R4") == kOk);
  CHECK(w.order("P1").state == OrderState::kRefunded);
  CHECK(w.refund("R5", "P1", 1) == "order_state_wrong");
  // Of the fee of 6: 3 with R1, 3 with R2 and back again, 3 with R4.
  w.run(R"(
    balance material   debits=149 credits=149
    balance fee        debits=9 credits=9
    balance transit    debits=140 credits=140
    balance receivable debits=100 credits=100
  )");
  // The merchant has 94 left after a fee that is kept.
  World poor;
  Order kept = order_of("P1", 100, {{"全部", "2101/M1", 100}}, 6);
  kept.fee_kept = true;
  REQUIRE(poor.place(kept) == kOk);
  REQUIRE(poor.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
  CHECK(poor.refund("R1", "P1", 95) == "below_limit");
  CHECK(poor.refund("R1", "P1", 94) == kOk);
}

TEST_CASE("refund: the parts of the fee add up to what the whole refund returns, to the fen") {
  enum class Ends { kWell, kFailing, kFailingAfterNext };
  struct Step {
    std::int64_t amount, fee_return;
    Ends ends = Ends::kWell;
  };
  struct Row {
    const char* what;
    std::int64_t amount, fee;
    bool kept;
    std::vector<Step> steps;
  };
  const Row rows[] = {
      // ⌊2.31⌋, ⌊4.62⌋ − 2, 7 − 4
      {"three parts", 100, 7, false, {{33, 2}, {33, 2}, {34, 3}}},
      // ⌊0.66⌋, ⌊1.33⌋ − 0, 2 − 1
      {"parts below a fen", 3, 2, false, {{1, 0}, {1, 1}, {1, 1}}},
      {"one part", 100, 7, false, {{100, 7}}},
      {"parts that never reach a fen", 10'000, 1, false, {{5'000, 0}, {4'999, 0}, {1, 1}}},
      {"the whole amount is fee", 5, 5, false, {{2, 2}, {3, 3}}},
      {"a fee that is kept", 100, 7, true, {{33, 0}, {67, 0}}},
      {"no fee", 100, 0, false, {{33, 0}, {67, 0}}},
      // After the first has failed, the second is ahead by one: ⌊1.8⌋ − 2 is nothing, 3 − 2.
      {"one that fails",
       100,
       3,
       false,
       {{50, 1, Ends::kFailingAfterNext}, {50, 2}, {10, 0}, {40, 1}}},
      {"one that fails last", 100, 7, false, {{33, 2}, {34, 2}, {33, 3, Ends::kFailing}, {33, 3}}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    for (const bool direct : {false, true}) {
      World w;
      std::vector<OrderLine> lines;
      if (!direct) lines.push_back({"全部", "2101/M1", row.amount});
      Order order = order_of("P1", row.amount, lines, row.fee);
      order.fee_kept = row.kept;
      REQUIRE(w.place(order) == kOk);
      REQUIRE(w.tell(Kind::kPaid, "P1", row.amount, "C1") == kOk);
      // A fee that is kept must come from somewhere else.
      if (row.kept && !direct) w.run("voucher 1 receivable>material:7 ok");
      std::string failing;
      std::int64_t returned = 0;
      for (std::size_t i = 0; i < row.steps.size(); ++i) {
        const Step& step = row.steps[i];
        const std::string id = "R" + std::to_string(i);
        REQUIRE(w.refund(id, "P1", step.amount) == kOk);
        CHECK(w.refund_of(id).fee_return == step.fee_return);
        if (!failing.empty()) REQUIRE(w.tell(RefundFact::Kind::kFailed, failing) == kOk);
        failing = step.ends == Ends::kFailingAfterNext ? id : "";
        if (step.ends == Ends::kFailing) REQUIRE(w.tell(RefundFact::Kind::kFailed, id) == kOk);
        if (step.ends != Ends::kWell) continue;
        returned += step.fee_return;
        REQUIRE(w.tell(RefundFact::Kind::kSucceeded, id) == kOk);
      }
      CHECK(w.order("P1").state == OrderState::kRefunded);
      CHECK(w.order("P1").fee_returned == (row.kept ? 0 : row.fee));
      CHECK(w.order("P1").fee_returned == returned);
      CHECK(w.order("P1").fee_returning == 0);
      const AccountId fee = w.state().account("6001")->id;
      CHECK(w.state().balance(fee).posted(Side::kCredit) == (row.kept ? row.fee : 0));
    }
  }
}

TEST_CASE("order: money for an account that does not take it goes to suspense, the order is paid") {
  struct Row {
    const char* what;
    const char* terms;  ///< before the payment
    const char* lines;  ///< the accounts of the two lines afterwards
    const char* balances;
    const char* event;
    std::int64_t fee = 30;
  };
  // 10.00 for the first line, 5.00 for the second, 0.30 fee from the first.
  const Row rows[] = {
      {"all is well", "", "2101/M1 2101/M2",
       "balance material debits=30 credits=1000\n balance labour credits=500\n"
       "balance fee credits=30\n balance suspense\n balance receivable debits=1500",
       ""},
      {"closed", "terms labour closed ok", "2101/M1 2241/suspense",
       "balance material debits=30 credits=1000\n balance labour\n balance fee credits=30\n"
       "balance suspense credits=500\n balance receivable debits=1500",
       R"({"id":"P1","amount":500,"currency":"CNY","reason":"credit_account_closed",)"
       R"("account":"2101/M2"})"},
      {"frozen for receipts", "terms material limit=not_below_zero frozen=in ok",
       "2241/suspense 2101/M2",
       "balance material\n balance labour credits=500\n balance fee credits=30\n"
       "balance suspense debits=30 credits=1000\n balance receivable debits=1500",
       R"({"id":"P1","amount":1000,"currency":"CNY","reason":"credit_account_frozen",)"
       R"("account":"2101/M1"})"},
      {"frozen for payments: the fee cannot be taken from it",
       "terms material limit=not_below_zero frozen=out ok", "2241/suspense 2241/suspense",
       "balance material\n balance labour\n balance fee credits=30\n"
       "balance suspense debits=30 credits=1500\n balance receivable debits=1500",
       R"({"id":"P1","amount":1500,"currency":"CNY","reason":"debit_account_frozen",)"
       R"("account":"2101/M1"})"},
      {"fee income is closed", "terms fee closed ok", "2241/suspense 2241/suspense",
       "balance material\n balance labour\n balance fee\n"
       "balance suspense credits=1500\n balance receivable debits=1500",
       R"({"id":"P1","amount":1500,"currency":"CNY","reason":"credit_account_closed",)"
       R"("account":"6001","fee_not_taken":30})",
       0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    World w;
    REQUIRE(w.place(order_of("P1", 1'500, {{"材料", "2101/M1", 1'000}, {"人工", "2101/M2", 500}},
                             30)) == kOk);
    w.run(row.terms);
    REQUIRE(w.tell(Kind::kPaid, "P1", 1'500, "C1") == kOk);
    const std::string event = w.told("order.suspense");
    CHECK(event == row.event);
    const Order order = w.order("P1");
    CHECK(order.state == OrderState::kPaid);
    CHECK(order.lines[0].account + " " + order.lines[1].account == row.lines);
    CHECK(order.lines[0].amount == 1'000);
    CHECK(order.lines[1].amount == 500);
    CHECK(order.fee == row.fee);
    CHECK(w.has(DocumentKind::kNotification, "order/P1"));
    w.run(row.balances);
    // Told again it is paid already; refunded it comes back from where it lies.
    CHECK(w.tell(Kind::kPaid, "P1", 1'500, "C1") == "order_state_final");
    if (std::string(row.lines) != "2241/suspense 2241/suspense") continue;
    REQUIRE(w.refund("R1", "P1", 1'500) == kOk);
    const AccountId suspense = w.state().account("2241/suspense")->id;
    CHECK(w.state().balance(suspense).posted(Side::kCredit) == 0);
  }
}

TEST_CASE(
    "order: paid with an account missing it lies in suspense; without the channel's it waits") {
  {
    World w;
    w.put(order_of("P1", 100, {{"全部", "2101/gone", 100}}, 6));
    REQUIRE(w.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
    CHECK(w.order("P1").state == OrderState::kPaid);
    CHECK(w.order("P1").lines[0].account == "2241/suspense");
    CHECK(w.told("order.suspense") ==
          R"({"id":"P1","amount":100,"currency":"CNY","reason":"credit_account_not_found",)"
          R"("account":"2101/gone"})");
    w.run(R"(
      balance receivable debits=100
      balance suspense   debits=6 credits=100
      balance fee        credits=6
    )");
  }
  {
    // A fee that is more than the first line brings its account.
    World w;
    REQUIRE(w.place(order_of("P1", 1'500, {{"材料", "2101/M1", 10}, {"人工", "2101/M2", 1'490}},
                             30)) == kOk);
    REQUIRE(w.tell(Kind::kPaid, "P1", 1'500, "C1") == kOk);
    CHECK(w.told("order.suspense") ==
          R"({"id":"P1","amount":1500,"currency":"CNY","reason":"below_limit",)"
          R"("account":"2101/M1"})");
    w.run(R"(
      balance receivable debits=1500
      balance suspense   debits=30 credits=1500
      balance fee        credits=30
    )");
  }
  {
    // The fee account of a direct merchant is closed: none of his money is ours, the order is paid.
    World w;
    REQUIRE(w.place(order_of("P1", 100, {}, 6)) == kOk);
    w.run("terms owed closed ok");
    REQUIRE(w.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
    CHECK(w.order("P1").state == OrderState::kPaid);
    CHECK(w.order("P1").fee == 0);
    CHECK(w.told("order.suspense") ==
          R"({"id":"P1","amount":0,"currency":"CNY","reason":"debit_account_closed",)"
          R"("account":"1131/M1","fee_not_taken":6})");
    w.run("balance owed\n balance fee\n balance suspense");
  }
  for (const char* terms : {"terms receivable closed ok", "terms receivable frozen=in ok"}) {
    CAPTURE(terms);
    World w;
    REQUIRE(w.place(order_of("P1", 100, {{"全部", "2101/M1", 100}})) == kOk);
    w.run(terms);
    const std::string answer = w.tell(Kind::kPaid, "P1", 100, "C1");
    CHECK((answer == "debit_account_closed" || answer == "debit_account_frozen"));
    CHECK(w.order("P1").state == OrderState::kCreated);
    w.run("balance receivable\n balance suspense\n balance material");
  }
}

TEST_CASE("refund: a failed one gives every line and the fee back") {
  World w;
  REQUIRE(w.place(order_of("P1", 100, {{"材料", "2101/M1", 70}, {"人工", "2101/M2", 30}}, 10)) ==
          kOk);
  REQUIRE(w.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
  REQUIRE(w.refund("R1", "P1", 50) == kOk);
  w.run(R"(
    balance material debits=45 credits=75
    balance labour   debits=15 credits=30
    balance fee      debits=5 credits=10
    balance transit  credits=50
  )");
  REQUIRE(w.tell(RefundFact::Kind::kFailed, "R1") == kOk);
  w.run(R"(
    balance material debits=50 credits=110
    balance labour   debits=15 credits=45
    balance fee      debits=5 credits=15
    balance transit  debits=50 credits=50
  )");
  const Order order = w.order("P1");
  CHECK(order.refunding == 0);
  CHECK(order.fee_returning == 0);
  CHECK(order.fee_returned == 0);
}

TEST_CASE("refund: partial refunds give each line back exactly what it got, in any steps") {
  // Weights 6, 6, 2 are those for which shares by largest remainder shrink as the total grows.
  {
    World w;
    REQUIRE(w.place(order_of("P1", 14,
                             {{"一", "2101/M1", 6}, {"二", "2101/M2", 6}, {"三", "2101/M3", 2}})) ==
            kOk);
    REQUIRE(w.tell(Kind::kPaid, "P1", 14, "C1") == kOk);
    CHECK(w.refund("R1", "P1", 10) == kOk);
    CHECK(w.refund("R2", "P1", 1) == kOk);
    CHECK(w.refund("R3", "P1", 3) == kOk);
    w.run(R"(
      balance material debits=6 credits=6
      balance labour   debits=6 credits=6
      balance third    debits=2 credits=2
    )");
  }
  std::mt19937_64 random(20260304);
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    World w;
    const char* accounts[] = {"2101/M1", "2101/M2", "2101/M3"};
    std::vector<OrderLine> lines;
    std::int64_t total = 0;
    for (int i = 0; i < 3; ++i) {
      const auto amount = static_cast<std::int64_t>(1 + random() % 20);
      // Two lines of one name share an account now and then.
      lines.push_back({"行", accounts[round % 3 == 0 ? 0 : i], amount});
      total += amount;
    }
    REQUIRE(w.place(order_of("P1", total, lines)) == kOk);
    REQUIRE(w.tell(Kind::kPaid, "P1", total, "C1") == kOk);
    std::int64_t left = total;
    for (int step = 0; left > 0; ++step) {
      const auto amount = static_cast<std::int64_t>(1 + random() % static_cast<unsigned>(left));
      const std::string id = "R" + std::to_string(step);
      REQUIRE(w.refund(id, "P1", amount) == kOk);
      std::int64_t sum = 0;
      const Refund refund = *find_refund(w.state(), id);
      for (const OrderLine& line : refund.lines) sum += line.amount;
      CHECK(sum == amount);
      const Order order = w.order("P1");
      for (const OrderLine& line : order.lines) CHECK(line.taken <= line.amount);
      if (random() % 3 == 0) {
        REQUIRE(w.tell(RefundFact::Kind::kFailed, id) == kOk);
      } else {
        REQUIRE(w.tell(RefundFact::Kind::kSucceeded, id) == kOk);
        left -= amount;
      }
    }
    CHECK(w.order("P1").state == OrderState::kRefunded);
    for (const char* code : accounts) {
      const AccountId id = w.state().account(code)->id;
      CHECK(w.state().balance(id).posted(Side::kCredit) == 0);
    }
  }
}

TEST_CASE("payout: every fact in every state, with its postings") {
  using K = PayoutFact::Kind;
  const K facts[] = {K::kSubmitted, K::kUnknown, K::kProcessing,
                     K::kSucceeded, K::kFailed,  K::kReturned};
  const char *final = "order_state_final", *wrong = "order_state_wrong";
  struct Row {
    PayoutState from;
    const char* expected[6];
  };
  const Row rows[] = {
      {PayoutState::kCreated,
       {"processing", "processing", "processing", "succeeded", "failed", wrong}},
      {PayoutState::kProcessing,
       {"processing", "processing", "processing", "succeeded", "failed", wrong}},
      {PayoutState::kSucceeded, {final, final, final, final, final, "returned"}},
      {PayoutState::kFailed, {final, final, final, final, final, final}},
      {PayoutState::kReturned, {final, final, final, final, final, final}},
  };
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < 6; ++i) {
      CAPTURE(name_of(row.from), i);
      World w;
      w.run("voucher 1 bank>payable:100 ok");
      REQUIRE(w.pay_out("T1", 80) == kOk);
      w.run("balance payable debits=80 credits=100\n balance sent credits=80");
      if (row.from == PayoutState::kProcessing) REQUIRE(w.tell(K::kSubmitted, "T1") == kOk);
      if (row.from == PayoutState::kFailed) REQUIRE(w.tell(K::kFailed, "T1") == kOk);
      if (row.from == PayoutState::kSucceeded || row.from == PayoutState::kReturned)
        REQUIRE(w.tell(K::kSucceeded, "T1") == kOk);
      if (row.from == PayoutState::kReturned) REQUIRE(w.tell(K::kReturned, "T1") == kOk);
      const std::string answer = w.tell(facts[i], "T1");
      const Payout after = *find_payout(w.state(), "T1");
      if (answer != kOk) {
        CHECK(answer == row.expected[i]);
        CHECK(after.state == row.from);
      } else {
        CHECK(name_of(after.state) == row.expected[i]);
      }
      switch (after.state) {
        case PayoutState::kCreated:
        case PayoutState::kProcessing:
          w.run("balance payable debits=80 credits=100\n balance sent credits=80");
          w.run("balance bank debits=100");
          break;
        case PayoutState::kSucceeded:
          w.run("balance payable debits=80 credits=100\n balance sent debits=80 credits=80");
          w.run("balance bank debits=100 credits=80");
          break;
        case PayoutState::kFailed:
          w.run("balance payable debits=80 credits=180\n balance sent debits=80 credits=80");
          w.run("balance bank debits=100");
          break;
        case PayoutState::kReturned:
          w.run("balance payable debits=80 credits=180\n balance sent debits=80 credits=80");
          w.run("balance bank debits=180 credits=80");
          CHECK(w.has(DocumentKind::kNotification, "payout_returned/T1"));
          break;
      }
      CHECK(w.has(DocumentKind::kNotification, "payout/T1") ==
            (after.state != PayoutState::kCreated && after.state != PayoutState::kProcessing));
    }
  }
}

TEST_CASE("payout: what is refused") {
  using K = PayoutFact::Kind;
  World w;
  w.run("voucher 1 bank>payable:100 ok");
  CHECK(w.pay_out("T1", 0) == "amount_not_positive");
  CHECK(w.pay_out("T1", 1'000'000'000'000'001) == "amount_too_large");
  CHECK(w.pay_out("T1", 101) == "below_limit");
  CHECK(w.pay_out("T1", 10, "2202/M9") == "debit_account_not_found");
  CHECK(w.pay_out("T1", 10, "2202/M1", "1009") == "account_not_found");
  CHECK(w.pay_out("T1", 10, "2202/M1", "1122/usd") == "currency_mismatch");
  CHECK(w.pay_out("T1", 60) == kOk);
  CHECK(w.pay_out("T1", 10) == "order_exists");
  CHECK(w.pay_out("T2", 41) == "below_limit");
  CHECK(w.pay_out("T2", 40) == kOk);
  CHECK(w.tell(K::kSucceeded, "T9") == "order_not_found");
}

TEST_CASE("order: documents read back as they were written, and nothing else does") {
  Order order = order_of("P1", 100, {{"材料", "2101/M1", 70, 5}, {"人工", "2101/M2", 30}}, 3);
  order.state = OrderState::kPaid;
  order.unknown = order.late = true;
  order.created_at = Timestamp{5};
  order.paid_on = test::day("2026-03-04");
  order.refunded = 1;
  order.refunding = 2;
  order.fee_returned = 3;
  order.fee_returning = 4;
  order.voucher = "ab";
  CHECK(decode_order(encode(order)).value() == order);
  CHECK(decode_order(encode(Order{})).value() == Order{});
  CHECK(decode_refund(encode(Refund{})).value() == Refund{});
  CHECK(decode_payout(encode(Payout{})).value() == Payout{});
  for (const char* bad :
       {"", "[]", "{", "null", R"({"amount":"1","currency":"CNY"})",
        R"({"amount":1,"currency":"XXX"})", R"({"amount":1})",
        R"({"amount":1,"currency":"CNY","state":"paid"})", R"({"amount":1.5,"currency":"CNY"})",
        R"({"amount":1,"currency":"CNY","lines":[{"amount":"x"}]})"}) {
    CAPTURE(bad);
    CHECK(decode_order(bad).has_error());
    CHECK(decode_order(bad).error().code == Errc::kCorrupt);
  }
}

TEST_CASE("order: what the channel tells besides is kept, and what it leaves out stays") {
  World w;
  Order quiet = order_of("P1", 100, {{"全部", "2101/M1", 100}});
  quiet.notify_url.clear();
  quiet.expires_at = w.moment().now.plus_seconds(60);
  REQUIRE(w.place(quiet) == kOk);
  const auto tell = [&](OrderFact fact) {
    fact.order_id = "P1";
    const ClaimKey key = w.next();
    return w.take(key, CommandKind::kOrderEvent,
                  plan_order_fact(w.state(), fact, kAccounts, key, w.moment()));
  };
  OrderFact fact;
  fact.way = "WX_JSAPI";
  fact.channel = "wxpay";
  fact.channel_mch = "1900000001";
  REQUIRE(tell(fact) == kOk);  // before it expires
  CHECK(w.order("P1").way == "WX_JSAPI");
  fact = OrderFact{};
  fact.kind = Kind::kAccepted;
  fact.channel_order_no = "C1";
  REQUIRE(tell(fact) == kOk);
  CHECK(w.order("P1").channel_order_no == "C1");
  fact = OrderFact{};
  fact.kind = Kind::kPaid;
  fact.paid = Money{100, Currency::kCNY};
  fact.channel_order_no = "C1";
  REQUIRE(tell(fact) == kOk);  // without saying again by whom
  CHECK(w.order("P1").channel == "wxpay");
  CHECK(w.order("P1").channel_mch == "1900000001");
  CHECK_FALSE(w.has(DocumentKind::kNotification, "order/P1"));  // nobody asked to be told
}

TEST_CASE("refund: another merchant's order, a number that is taken, another currency") {
  World w;
  Order paid = order_of("P1", 100, {{"全部", "2101/M1", 100}});
  REQUIRE(w.place(paid) == kOk);
  REQUIRE(w.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
  REQUIRE(w.refund("R1", "P1", 10) == kOk);
  const auto asked = [&](auto change) {
    Refund request;
    request.refund_id = "R2";
    request.order_id = "P1";
    request.mch_no = "M1";
    request.mch_refund_no = "UR-R2";
    request.amount = Money{5, Currency::kCNY};
    change(request);
    const auto planned = plan_refund(w.state(), request, kAccounts, w.moment());
    return std::string(planned ? "ok" : name_of(planned.error().code));
  };
  CHECK(asked([](Refund&) {}) == "ok");
  CHECK(asked([](Refund& r) { r.mch_no = "M2"; }) == "order_not_found");
  CHECK(asked([](Refund& r) { r.refund_id = "R1"; }) == "order_exists");
  CHECK(asked([](Refund& r) { r.amount.currency = Currency::kUSD; }) == "currency_mismatch");
}

TEST_CASE("refund: of an order that is settled already the merchant owes it") {
  World w;
  Order settled = order_of("P1", 100, {{"全部", "2101/M1", 100}});
  REQUIRE(w.place(settled) == kOk);
  REQUIRE(w.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
  Order marked = w.order("P1");
  marked.batch = "20260304-M1-01";
  const std::uint32_t version = w.state().document(DocumentKind::kOrder, "P1")->version;
  w.state().apply_document(std::make_shared<const Document>(
      Document{DocumentKind::kOrder, "P1", version + 1, true, encode(marked)}));
  const auto succeeded = [&](const char* id, std::string channel_no) {
    RefundFact fact;
    fact.kind = RefundFact::Kind::kSucceeded;
    fact.refund_id = id;
    fact.channel_refund_no = std::move(channel_no);
    return w.take(w.next(), CommandKind::kRefundEvent,
                  plan_refund_fact(w.state(), fact, kAccounts, w.moment()));
  };
  REQUIRE(w.refund("R1", "P1", 10) == kOk);
  CHECK_FALSE(w.order("P1").owes);
  REQUIRE(succeeded("R1", "CR1") == kOk);
  CHECK(w.order("P1").owes);
  CHECK(w.refund_of("R1").channel_refund_no == "CR1");
  REQUIRE(w.refund("R2", "P1", 10) == kOk);
  REQUIRE(succeeded("R2", "") == kOk);
  CHECK(w.order("P1").owes);
}

TEST_CASE("payout: a number that is taken is refused, and the channel's own number is kept") {
  World w;
  REQUIRE(w.place(order_of("P1", 100, {{"全部", "2202/M1", 100}})) == kOk);
  REQUIRE(w.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
  REQUIRE(w.pay_out("T1", 10) == kOk);
  Payout again;
  again.payout_id = "T1";
  again.mch_no = "M1";
  again.mch_order_no = "another";
  again.amount = Money{5, Currency::kCNY};
  again.source_account = "2202/M1";
  again.transit_account = "2105";
  again.bank_account = "1002";
  const auto planned = plan_payout(w.state(), again, w.moment());
  REQUIRE_FALSE(planned);
  CHECK(planned.error().code == RefusalCode::kOrderExists);
  PayoutFact fact;
  fact.kind = PayoutFact::Kind::kProcessing;
  fact.payout_id = "T1";
  fact.channel_payout_no = "CP1";
  REQUIRE(w.take(w.next(), CommandKind::kPayoutEvent,
                 plan_payout_fact(w.state(), fact, w.moment())) == kOk);
  CHECK(find_payout(w.state(), "T1")->channel_payout_no == "CP1");
}
