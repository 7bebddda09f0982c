// Orders: every state with every fact, and the postings by hand.
#include "ledger/core/plan_order.h"

#include <catch2/catch.hpp>

#include "tests/ledger/core/order_world.h"

using namespace suanpan;

namespace {

using Kind = OrderFact::Kind;
using World = test::OrderWorld;
using test::kAccounts;
using test::kOk;
using test::order_of;

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
  CHECK(other([](Order& o) {
          o.direct = true;
          o.lines.clear();
          o.amount.currency = Currency::kUSD;
        }) == "currency_mismatch");  // of a direct order nothing else says it
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

TEST_CASE("orders: what a document of before format 5 says in clear stands as clear texts") {
  const std::string head = R"({"amount":1,"currency":"CNY")";
  struct Row {
    const char *members, *texts;
  };
  const Row orders[] = {
      {"", ""},
      {R"(,"subject":"物业费")", R"(clear:{"title":"物业费","detail":"","own_sealed":""})"},
      {R"(,"body":"3幢")", R"(clear:{"title":"","detail":"3幢","own_sealed":""})"},
      {R"(,"ext_param":"v1:a")", R"(clear:{"title":"","detail":"","own_sealed":"v1:a"})"},
      // What is sealed says all there is.
      {R"(,"texts_sealed":"k1:o1.0a1b2c3d:x","subject":"物业费")", "k1:o1.0a1b2c3d:x"},
  };
  for (const Row& row : orders) {
    INFO(row.members);
    const auto order = decode_order(head + row.members + "}");
    REQUIRE(order);
    CHECK(order.value().texts_sealed == row.texts);
    CHECK(decode_order(encode(order.value())).value() == order.value());
  }
  CHECK(decode_order(head + R"(,"subject":1})").has_error());
  const auto refund = decode_refund(head + R"(,"reason":"退款","ext_param":"v1:b"})");
  REQUIRE(refund);
  CHECK(refund.value().texts_sealed == R"(clear:{"title":"退款","detail":"","own_sealed":"v1:b"})");
  const auto payout =
      decode_payout(head + R"(,"remark":"押金","ext_param":"v1:c","error_message":"户名不符"})");
  REQUIRE(payout);
  CHECK(payout.value().remark == "押金");
  CHECK(payout.value().texts_sealed == R"(clear:{"title":"","detail":"","own_sealed":"v1:c"})");
  CHECK(payout.value().error_sealed == R"(clear:{"title":"户名不符","detail":"","own_sealed":""})");
}
