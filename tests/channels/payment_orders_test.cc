#include "tests/channels/payment_world.h"

namespace suanpan::channels::test {
namespace {

TEST_CASE("payment: each WeChat way is placed, paid and posted once") {
  struct Row {
    Way way;
    const char* data_type;
    const char* path;
  };
  const Row rows[] = {{Way::kWxNative, "codeUrl", "/v3/pay/transactions/native"},
                      {Way::kWxJsapi, "wxapp", "/v3/pay/transactions/jsapi"},
                      {Way::kWxH5, "payurl", "/v3/pay/transactions/h5"},
                      {Way::kWxApp, "wxapp", "/v3/pay/transactions/app"}};
  PaymentWorld w;
  std::int64_t expected = 0;
  for (const Row& row : rows) {
    const std::string id = "T2026-" + std::string(name_of(row.way));
    const auto outcome = w.place(w.order(id, 1234, row.way));
    REQUIRE(outcome.accepted());
    CHECK(outcome.value.state == OrderState::kPaying);
    CHECK_FALSE(outcome.value.unknown);
    CHECK(outcome.value.pay_data_type == row.data_type);
    CHECK_FALSE(outcome.value.pay_data.empty());
    CHECK(outcome.value.channel == "wxpay");
    CHECK(outcome.value.channel_mch == kShopMch);
    CHECK(w.sent_to(row.path) == 1);
    const std::string number = w.pays(id);
    CHECK(w.deliver() == std::vector<int>{204});
    const Order paid = w.stands(id);
    CHECK(paid.state == OrderState::kPaid);
    CHECK(paid.channel_order_no == number);
    CHECK(paid.paid_on == *Date::of(2026, 3, 4));
    expected += 1234;
    CHECK(w.balance(kReceivable) == expected);
    CHECK(w.balance(kPending) == expected);
  }
  CHECK(w.events("order.paid").size() == 4);
  CHECK(w.sent_to("/v3/certificates") == 1);
}

TEST_CASE("payment: fees of collected and direct merchants go to fee income") {
  PaymentWorld w;
  Order collected = w.order("T2026-fee-1", 10'000);
  collected.fee = 60;
  REQUIRE(w.place(collected).accepted());
  w.pays("T2026-fee-1");
  REQUIRE(w.place(w.own_order("T2026-fee-2", 20'000, 120)).accepted());
  w.pays("T2026-fee-2");
  CHECK(w.deliver() == std::vector<int>{204, 204});
  CHECK(w.balance(kReceivable) == 10'000);
  CHECK(w.balance(kPending) == 9'940);
  CHECK(w.balance("1131/M2") == 120);  // the direct merchant's money never touches us
  CHECK(w.balance("6001") == 180);
}

TEST_CASE("payment: a resend finds the first order as it stands now") {
  PaymentWorld w;
  const Order first = w.placed("T2026-first", 500);
  // The resend comes with an order id of its own, which is not used.
  Order again = w.order("T2026-other", 500);
  again.mch_order_no = first.mch_order_no;
  const auto outcome = w.place(again);
  CHECK(outcome.accepted());
  CHECK(outcome.replayed);
  CHECK(outcome.value.order_id == "T2026-first");
  CHECK(outcome.value.pay_data == first.pay_data);
  CHECK(w.sent_to("/v3/pay/transactions/native") == 1);
  w.pays("T2026-first");
  w.deliver();
  CHECK(w.place(again).value.state == OrderState::kPaid);

  Order other = again;
  other.amount.minor = 501;
  other.lines[0].amount = 501;
  const auto refused = w.place(other);
  CHECK(refused.refusal.code == RefusalCode::kIdReusedWithOtherContent);
  CHECK(refused.refusal.detail == "amount");
}

TEST_CASE("payment: what cannot be sent is refused and leaves nothing") {
  PaymentWorld w;
  const std::size_t before = w.commands();
  struct Row {
    const char* what;
    std::function<void(Order&)> change;
    PayerDetails payer;
    RefusalCode code;
  };
  const Row rows[] = {
      {"unknown way", [](Order& o) { o.way = "ALI_QR"; }, {}, RefusalCode::kWayNotAllowed},
      {"unknown merchant", [](Order& o) { o.mch_no = "M9"; }, {}, RefusalCode::kMerchantNotFound},
      {"foreign channel merchant",
       [](Order& o) { o.channel_mch = "1900000009"; },
       {},
       RefusalCode::kWayNotAllowed},
      {"jsapi without openid",
       [](Order& o) { o.way = "WX_JSAPI"; },
       {},
       RefusalCode::kValueInvalid},
      {"h5 without address", [](Order& o) { o.way = "WX_H5"; }, {}, RefusalCode::kValueInvalid},
      {"no expiry", [](Order& o) { o.expires_at = {}; }, {}, RefusalCode::kValueInvalid},
      {"a direct merchant by bank transfer",
       [](Order& o) {
         o.way = "BANK_TRANSFER";
         o.mch_no = "M2";
         o.direct = true;
         o.lines.clear();
         o.channel_mch = kAccount;
       },
       {},
       RefusalCode::kWayNotAllowed},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Order order = w.order("T2026-bad", 100);
    row.change(order);
    CHECK(w.place(order, row.payer).refusal.code == row.code);
  }
  CHECK(w.commands() == before);
  CHECK(w.sent.empty());
  CHECK(w.place(w.order("T2026-bad", 100)).accepted());
}

TEST_CASE("payment: a cashier order is placed without the channel and routed once") {
  PaymentWorld w;
  const auto placed = w.place(w.order("T2026-cash", 800, Way::kQrCashier));
  CHECK(placed.value.state == OrderState::kCreated);
  CHECK(w.sent.empty());
  const auto chosen = w.choose("T2026-cash", Way::kWxJsapi);
  CHECK(chosen.accepted());
  CHECK(chosen.value.state == OrderState::kPaying);
  CHECK(chosen.value.way == "WX_JSAPI");
  CHECK(chosen.value.pay_data_type == "wxapp");
  const auto again = w.choose("T2026-cash", Way::kWxJsapi);
  CHECK(again.replayed);
  CHECK(again.value.pay_data == chosen.value.pay_data);
  CHECK(w.choose("T2026-cash", Way::kWxNative).refusal.code == RefusalCode::kOrderStateWrong);
  CHECK(w.choose("T2026-none", Way::kWxNative).refusal.code == RefusalCode::kOrderNotFound);
  CHECK(w.sent_to("/v3/pay/transactions/jsapi") == 1);
  w.pays("T2026-cash");
  w.deliver();
  CHECK(w.balance(kPending) == 800);
}

TEST_CASE("payment: a timeout stays unknown until a poll learns of the success") {
  PaymentWorld w;
  w.fault(R"({"kind":"drop_after","operation":"wechat.place"})");
  const auto outcome = w.place(w.order("T2026-lost", 700));
  CHECK(outcome.accepted());
  CHECK(outcome.value.state == OrderState::kPaying);
  CHECK(outcome.value.unknown);
  CHECK(outcome.value.pay_data.empty());
  w.fault(R"({"kind":"notify_lost"})");
  w.pays("T2026-lost");
  CHECK(w.deliver().empty());
  CHECK(w.poll() == 0);  // not due yet
  w.advance(10);
  CHECK(w.poll() == 1);
  const Order paid = w.stands("T2026-lost");
  CHECK(paid.state == OrderState::kPaid);
  CHECK_FALSE(paid.unknown);
  CHECK_FALSE(paid.late);
  CHECK(w.balance(kPending) == 700);
  w.advance(3600);
  CHECK(w.poll() == 0);
}

TEST_CASE("payment: a resend of an unknown order asks the channel again under the same number") {
  PaymentWorld w;
  for (const char* kind : {"drop_after", "drop_before", "error_500"}) {
    INFO(kind);
    const std::string id = std::string("T2026-") + kind;
    w.fault(std::string(R"({"operation":"wechat.place","kind":")") + kind + R"("})");
    CHECK(w.place(w.order(id, 900)).value.unknown);
    const auto again = w.place(w.order(id, 900));
    CHECK(again.replayed);
    CHECK_FALSE(again.value.unknown);
    CHECK(again.value.pay_data_type == "codeUrl");
  }
}

TEST_CASE("payment: an order that never arrived is sent again by the poll where it can be") {
  PaymentWorld w;
  w.fault(R"({"kind":"drop_before","operation":"wechat.place","times":2})");
  CHECK(w.place(w.order("T2026-nat", 900)).value.unknown);
  CHECK(w.place(w.order("T2026-js", 900, Way::kWxJsapi)).value.unknown);
  w.advance(10);
  CHECK(w.poll() == 2);
  CHECK(w.stands("T2026-nat").pay_data_type == "codeUrl");
  CHECK(w.stands("T2026-js").unknown);  // the payer's openid is not kept
  w.advance(1800 + 300);
  w.poll();
  CHECK(w.stands("T2026-js").state == OrderState::kClosed);
}

TEST_CASE("payment: a forged answer is not believed, the query settles it") {
  PaymentWorld w;
  w.fault(R"({"kind":"forged_response","operation":"wechat.place"})");
  const auto outcome = w.place(w.order("T2026-forged", 300));
  CHECK(outcome.value.unknown);
  CHECK(outcome.value.error_code == "BAD_SIGNATURE");
  CHECK(w.stands("T2026-forged", true).unknown == false);
  w.pays("T2026-forged");
  w.fault(R"({"kind":"forged_response","operation":"wechat.query"})");
  CHECK(w.stands("T2026-forged", true).state == OrderState::kPaying);
  CHECK(w.stands("T2026-forged", true).state == OrderState::kPaid);
  w.deliver();
  CHECK(w.balance(kPending) == 300);
}

TEST_CASE("payment: a request that is refused for good fails, one turned away is tried again") {
  PaymentWorld w;
  Order bad = w.order("T2026-bad", 100);
  bad.texts_sealed = w.texts(std::string(200, 'x'));  // beyond what the platform takes
  const auto refused = w.place(bad);
  CHECK(refused.accepted());
  CHECK(refused.value.state == OrderState::kFailed);
  CHECK(refused.value.error_code == "REQUEST_INVALID");

  w.fault(R"({"kind":"error_429","operation":"wechat.place","times":2})");
  const auto third = w.place(w.order("T2026-busy", 100));
  CHECK(third.value.pay_data_type == "codeUrl");
  CHECK(w.sent_to("/v3/pay/transactions/native") == 3);

  w.cut_off("/v3/pay/transactions/native", Errc::kUnavailable);
  const auto never = w.place(w.order("T2026-down", 100));
  CHECK(never.value.state == OrderState::kPaying);
  CHECK(never.value.unknown);
  CHECK(never.value.error_code == "unavailable");
  w.reconnect();
  CHECK(w.place(w.order("T2026-down", 100)).value.pay_data_type == "codeUrl");
}

TEST_CASE("payment: duplicate, reordered and repeated notifications post once") {
  PaymentWorld w;
  w.placed("T2026-a", 100);
  w.placed("T2026-b", 200);
  w.fault(R"({"kind":"notify_duplicate","number":"T2026-a"})");
  w.fault(R"({"kind":"notify_reordered","number":"T2026-a"})");
  w.pays("T2026-a");
  w.pays("T2026-b");
  std::vector<int> statuses;
  for (int i = 0; i < 3; ++i) {
    for (const int status : w.deliver()) statuses.push_back(status);
    w.advance(20);
  }
  CHECK(statuses.size() >= 3);
  for (const int status : statuses) CHECK(status == 204);
  CHECK(w.stands("T2026-a").state == OrderState::kPaid);
  CHECK(w.balance(kPending) == 300);
  CHECK(w.balance(kReceivable) == 300);
  CHECK(w.events("order.paid").size() == 2);
}

TEST_CASE("payment: forged notifications and those of a wrong amount change nothing") {
  PaymentWorld w;
  w.placed("T2026-x", 1000);
  w.fault(R"({"kind":"notify_wrong_amount","number":"T2026-x","amount_fen":1})");
  w.pays("T2026-x");
  CHECK(w.deliver() == std::vector<int>{400});
  CHECK(w.stands("T2026-x").state == OrderState::kPaying);
  CHECK(w.balance(kPending) == 0);
  CHECK(w.events("order.alert") == std::vector<std::string>{"T2026-x"});
  CHECK(w.stands("T2026-x", true).state == OrderState::kPaid);  // the query tells the truth
  CHECK(w.balance(kPending) == 1000);

  w.placed("T2026-y", 1000);
  w.fault(R"({"kind":"notify_forged","number":"T2026-y"})");
  w.pays("T2026-y");
  CHECK(w.deliver() == std::vector<int>{401});
  CHECK(w.stands("T2026-y").state == OrderState::kPaying);
  w.advance(15);
  // The wrong amount is told again, and still not believed.
  auto statuses = w.deliver();
  std::sort(statuses.begin(), statuses.end());
  CHECK(statuses == std::vector<int>{204, 400});
  CHECK(w.stands("T2026-y").state == OrderState::kPaid);
}

TEST_CASE("payment: a notification signed for one merchant cannot pay another's order") {
  PaymentWorld w;
  // The same order number at both merchants of the platform: ours is the shop's.
  w.placed("T2026-mine", 100);
  auto foreign = wechat::Adapter::make(w.wechat->adapter(kOwnMch)->credentials());
  PayRequest request;
  request.order_no = "T2026-mine";
  request.amount = {100, Currency::kCNY};
  request.description = "x";
  request.notify_url = "https://pay.test/notify/wechat/1900000002";
  request.expires_at = w.business.now().plus_seconds(600);
  const auto message = foreign.value().encode_place(request, {w.real.now(), "n1"});
  REQUIRE(message);
  REQUIRE(w.transport(message.value()).value().status == 200);
  w.control("/sandbox/wechat/pay",
            R"({"out_trade_no":"T2026-mine","mchid":"1900000002","payer":"oP"})");
  CHECK(w.deliver() == std::vector<int>{400});
  CHECK(w.stands("T2026-mine").state == OrderState::kPaying);
  CHECK(w.events("order.alert") == std::vector<std::string>{"T2026-mine"});
  CHECK(w.balance(kPending) == 0);
}

TEST_CASE("payment: an order paid twice puts the second payment into suspense") {
  PaymentWorld w;
  w.paid("T2026-twice", 2500);
  w.pays("T2026-twice", R"(,"again":true)");
  CHECK(w.deliver() == std::vector<int>{204});
  // 25.00 for the merchant, 25.00 that nobody can place; the channel owes both.
  CHECK(w.balance(kReceivable) == 5000);
  CHECK(w.balance(kPending) == 2500);
  CHECK(w.balance("2241") == 2500);
  CHECK(w.events("order.paid_twice") == std::vector<std::string>{"T2026-twice"});

  REQUIRE(w.place(w.own_order("T2026-own", 900, 5)).accepted());
  w.pays("T2026-own");
  w.deliver();
  w.pays("T2026-own", R"(,"again":true)");
  CHECK(w.deliver() == std::vector<int>{400});  // at the merchant's own account: no money of ours
  CHECK(w.balance("2241") == 2500);
  CHECK(w.events("order.alert") == std::vector<std::string>{"T2026-own"});
}

TEST_CASE("payment: expiry closes upstream before it closes here") {
  PaymentWorld w;
  // The platform would still take money: only a close upstream ends that.
  w.upstream_behind_s = 60;
  std::vector<std::string> calls;
  const auto expire = [&](const std::string& id) {
    w.placed(id, 100);
    w.advance(1800);
    w.cut = [&](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
      calls.push_back(request.path().ends_with("/close") ? "close" : "query");
      return std::nullopt;
    };
    CHECK(w.poll() == 1);
    w.reconnect();
    return w.stands(id);
  };
  CHECK(expire("T2026-old").state == OrderState::kClosed);
  CHECK(calls == std::vector<std::string>{"query", "close"});
  CHECK(w.events("order.closed") == std::vector<std::string>{"T2026-old"});

  // The answer to the close is lost: the second query tells that it is closed.
  calls.clear();
  w.fault(R"({"kind":"drop_after","operation":"wechat.close"})");
  CHECK(expire("T2026-old2").state == OrderState::kClosed);
  CHECK(calls == std::vector<std::string>{"query", "close", "query"});

  // The close never arrives: the order stays, and is asked for again.
  calls.clear();
  w.fault(R"({"kind":"drop_before","operation":"wechat.close"})");
  CHECK(expire("T2026-old3").state == OrderState::kPaying);
  CHECK(calls == std::vector<std::string>{"query", "close", "query"});
  w.pays("T2026-old3");
  w.advance(30);
  CHECK(w.poll() == 1);
  CHECK(w.stands("T2026-old3").state == OrderState::kPaid);
  CHECK_FALSE(w.stands("T2026-old3").late);
  w.deliver();

  // Cut off from the platform nothing is concluded, however long it takes.
  w.reconnect();
  w.placed("T2026-dark", 100);
  w.cut_off("/v3/");
  w.advance(1800);
  for (int i = 0; i < 3; ++i) {
    w.advance(3600);
    CHECK(w.poll() == 1);
    CHECK(w.stands("T2026-dark").state == OrderState::kPaying);
  }
  w.reconnect();
  w.advance(60);
  CHECK(w.poll() == 1);
  CHECK(w.stands("T2026-dark").state == OrderState::kClosed);
}

TEST_CASE("payment: a cashier order that nobody routed closes here alone") {
  PaymentWorld w;
  w.place(w.order("T2026-idle", 100, Way::kQrCashier));
  w.advance(1799);
  CHECK(w.poll() == 0);
  w.advance(1);
  CHECK(w.poll() == 1);
  CHECK(w.stands("T2026-idle").state == OrderState::kClosed);
  CHECK(w.sent.empty());
  CHECK(w.choose("T2026-idle", Way::kWxNative).refusal.code == RefusalCode::kOrderStateWrong);
}

TEST_CASE("payment: closing closes upstream, and a paid order turns out to be paid") {
  PaymentWorld w;
  w.placed("T2026-c", 100);
  CHECK(w.close("T2026-c").value.state == OrderState::kClosed);
  CHECK(w.sent_to("/close") == 1);
  CHECK(w.close("T2026-c").replayed);

  w.placed("T2026-p", 100);
  w.pays("T2026-p");
  const auto paid = w.close("T2026-p");
  CHECK(paid.accepted());
  CHECK(paid.value.state == OrderState::kPaid);
  CHECK(w.close("T2026-p").refusal.code == RefusalCode::kOrderStateFinal);
  CHECK(w.close("T2026-none").refusal.code == RefusalCode::kOrderNotFound);

  w.placed("T2026-u", 100);
  w.fault(R"({"kind":"drop_after","operation":"wechat.close"})");
  CHECK(w.close("T2026-u").value.state == OrderState::kClosed);  // the second question tells

  w.placed("T2026-d", 100);
  w.fault(R"({"kind":"drop_before","operation":"wechat.close"})");
  CHECK(w.close("T2026-d").value.state == OrderState::kPaying);
}

TEST_CASE("payment: a success that arrives after the close wins, is posted and marked late") {
  PaymentWorld w;
  w.placed("T2026-late", 4200);
  CHECK(w.close("T2026-late").value.state == OrderState::kClosed);
  w.pays("T2026-late", R"(,"late":true)");
  CHECK(w.deliver() == std::vector<int>{204});
  const Order paid = w.stands("T2026-late");
  CHECK(paid.state == OrderState::kPaid);
  CHECK(paid.late);
  CHECK(w.balance(kPending) == 4200);
}

TEST_CASE("payment: an order whose intent was journalled is found out after a crash") {
  PaymentWorld w;
  // Killed between the intent and the answer: the channel has the order, we do not know.
  w.fault(R"({"kind":"drop_after","operation":"wechat.place"})");
  CHECK(w.place(w.order("T2026-kill", 600)).value.unknown);
  w.reopen();
  CHECK(w.stands("T2026-kill").unknown);
  w.fault(R"({"kind":"notify_lost"})");
  w.pays("T2026-kill");
  w.advance(10);
  CHECK(w.poll() == 1);
  CHECK(w.stands("T2026-kill").state == OrderState::kPaid);
  CHECK(w.balance(kPending) == 600);

  // Killed before anything was sent: the intent stands in the journal as paying and unknown.
  w.cut_off("/v3/pay");
  CHECK(w.place(w.order("T2026-kill2", 600)).value.unknown);
  w.reopen();
  w.reconnect();
  w.advance(10);
  CHECK(w.poll() == 1);
  CHECK(w.stands("T2026-kill2").pay_data_type == "codeUrl");
}

TEST_CASE("payment: repeated unknown answers journal one fact, not one each") {
  PaymentWorld w;
  w.cut_off("/v3/pay");
  w.place(w.order("T2026-dark", 100));
  const std::size_t before = w.commands();
  for (int i = 0; i < 5; ++i) {
    w.place(w.order("T2026-dark", 100));
    w.advance(60);
    w.poll();
  }
  CHECK(w.commands() == before);
}

TEST_CASE(
    "payment: money for a frozen account lies in suspense at once, and is refunded from there") {
  PaymentWorld w;
  w.placed("T2026-frozen", 100);
  w.pays("T2026-frozen");
  AccountTerms terms;
  terms.limit = LimitKind::kNotBelowZero;
  terms.frozen_in = true;
  REQUIRE(w.book->run(set_terms({PaymentWorld::key("freeze"), kPending, terms, {}})).accepted());
  CHECK(w.deliver() == std::vector<int>{204});
  CHECK(w.stands("T2026-frozen").state == OrderState::kPaid);
  CHECK(w.balance(kPending) == 0);
  CHECK(w.balance("2241") == 100);
  CHECK(w.balance(kReceivable) == 100);
  CHECK(w.payloads("order.suspense") ==
        std::vector<std::string>{R"({"id":"T2026-frozen","amount":100,"currency":"CNY",)"
                                 R"("reason":"credit_account_frozen","account":"2101/M1"})"});
  REQUIRE(w.refund(w.refund_of("R2026-frozen", "T2026-frozen", 100)).accepted());
  CHECK(w.balance("2241") == 0);
  CHECK(w.balance("2104") == 100);
}

TEST_CASE("payment: a slice of a hot account that is short sends no money to suspense") {
  PaymentWorld w(false, 4);
  // Every account is in every shard, so that one shard plans the payment.
  AccountTerms terms;
  terms.hot = true;
  for (const std::string& code :
       {kPending, kPayable, kReceivable, std::string("6001"), std::string("2241")}) {
    terms.limit = code == kPending ? LimitKind::kNotBelowZero : LimitKind::kNone;
    REQUIRE(w.book->run(set_terms({PaymentWorld::key("hot" + code), code, terms, {}})).accepted());
  }
  const auto [bank_id, pending] = w.book->read([&](const State& state, std::uint64_t) {
    return std::pair(state.account(kBankMoney)->id, state.account(kPending)->id);
  });
  VoucherRequest voucher;
  voucher.key = PaymentWorld::key("thirty");
  voucher.legs.push_back({bank_id, pending, 30});
  REQUIRE(w.book->run(std::move(voucher)).accepted());
  // The fee of 30 is more than a fourth of 30 and the 10 that come in; not more than all of it.
  Order order = w.order("T2026-hot", 100);
  order.lines = {{"货款", kPending, 10}, {"其他", kPayable, 90}};
  order.fee = 30;
  REQUIRE(w.place(order).accepted());
  w.pays("T2026-hot");
  CHECK(w.deliver() == std::vector<int>{204});
  CHECK(w.stands("T2026-hot").state == OrderState::kPaid);
  CHECK(w.balance(kPending) == 10);
  CHECK(w.balance(kPayable) == 90);
  CHECK(w.balance("6001") == 30);
  CHECK(w.balance("2241") == 0);
  CHECK(w.events("order.suspense").empty());
}

TEST_CASE("payment: what the channel's own account refuses is posted once it takes it") {
  PaymentWorld w;
  w.placed("T2026-shut", 100);
  w.pays("T2026-shut");
  AccountTerms terms;
  terms.frozen_in = true;
  REQUIRE(w.book->run(set_terms({PaymentWorld::key("freeze"), kReceivable, terms, {}})).accepted());
  CHECK(w.deliver() == std::vector<int>{500});  // tell us again
  CHECK(w.stands("T2026-shut").state == OrderState::kPaying);
  CHECK(w.payloads("order.alert") ==
        std::vector<std::string>{
            R"({"id":"T2026-shut","what":"told by the channel and not in the books: )"
            R"(debit_account_frozen 1122/wxpay/1900000001"})"});
  terms.frozen_in = false;
  REQUIRE(w.book->run(set_terms({PaymentWorld::key("thaw"), kReceivable, terms, {}})).accepted());
  w.advance(15);
  CHECK(w.deliver() == std::vector<int>{204});
  CHECK(w.stands("T2026-shut").state == OrderState::kPaid);
  CHECK(w.balance(kPending) == 100);
}

TEST_CASE("payment: answers under a key that we do not know make us fetch certificates once") {
  PaymentWorld w;
  w.placed("T2026-1", 100);
  CHECK(w.sent_to("/v3/certificates") == 1);
  // As after a rotation: what we hold is another platform's key.
  const auto key = PrivateKey::generate_rsa2048();
  wechat::PlatformKeys old;
  REQUIRE(old.add_certificate(self_signed_certificate(key, "old", w.real.now().plus_seconds(-60),
                                                      w.real.now().plus_seconds(86'400))));
  w.wechat->set_platform_keys(kShopMch, old);
  w.advance(61);
  CHECK_FALSE(w.place(w.order("T2026-2", 100)).value.unknown);
  CHECK(w.sent_to("/v3/certificates") == 2);
}

TEST_CASE("payment: in public-key mode no certificates are asked for") {
  PaymentWorld w(true);
  w.paid("T2026-pub", 100);
  CHECK(w.sent_to("/v3/certificates") == 0);
}

TEST_CASE("payment: concurrent notifications, polls and resends of one order post it once") {
  PaymentWorld w;
  w.placed("T2026-race", 100);
  w.pays("T2026-race");
  std::vector<sandbox::OutgoingNotification> due;
  {
    std::lock_guard lock(w.mutex);
    due = w.upstream->take_due_notifications(w.moment());
  }
  w.advance(10);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      if (i % 2 == 0)
        w.notify(due.at(0).request);
      else
        w.wait<Outcome<Order>>([&](auto done) { w.service->query("T2026-race", true, done); });
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(w.stands("T2026-race").state == OrderState::kPaid);
  CHECK(w.balance(kPending) == 100);
  CHECK(w.events("order.paid").size() == 1);
}

/// An error in the platform's words, which somebody in the path could have written.
void forge(PaymentWorld& w, const std::string& part, int status, const std::string& code,
           const std::string& signature = "") {
  const std::lock_guard lock(w.mutex);
  w.cut = [=, &w](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
    const std::string line = request.method + " " + std::string(request.path());
    if (line.find(part) == std::string::npos) return std::nullopt;
    HttpResponse response;
    response.status = status;
    response.body = R"({"code":")" + code + R"(","message":"x"})";
    if (!signature.empty()) {
      response.headers.set("Wechatpay-Timestamp", std::to_string(w.real.now().seconds()));
      response.headers.set("Wechatpay-Nonce", "0123456789abcdef0123456789abcdef");
      response.headers.set("Wechatpay-Serial", "7777777777777777");
      response.headers.set("Wechatpay-Signature", signature);
    }
    return Result<HttpResponse>(response);
  };
}

TEST_CASE("order: an error that the channel has not signed makes nothing final") {
  for (const std::string& signature : {std::string(), std::string("Zm9yZ2Vk")}) {
    INFO("signature: " << signature);
    PaymentWorld w;
    // Placing: refused for good, says nobody.
    forge(w, "POST /v3/pay/transactions/native", 400, "PARAM_ERROR", signature);
    const auto refused = w.place(w.order("T2026-forged", 500));
    REQUIRE(refused.accepted());
    CHECK(refused.value.state == OrderState::kPaying);
    CHECK(refused.value.unknown);
    w.reconnect();
    CHECK(w.place(w.order("T2026-forged", 500)).value.pay_data_type == "codeUrl");

    // Asking: there is no such order, says nobody, long after it has expired.
    w.placed("T2026-gone", 700);
    w.pays("T2026-gone");
    forge(w, "/v3/pay/transactions/", 404, "ORDER_NOT_EXIST", signature);
    for (int i = 0; i < 4; ++i) {
      w.advance(3600);
      w.poll();
      CHECK(w.stands("T2026-gone").state == OrderState::kPaying);
    }
    w.reconnect();
    for (int i = 0; i < 3; ++i) {
      w.advance(3600);
      w.poll();
    }
    CHECK(w.stands("T2026-gone").state == OrderState::kPaid);

    // Refunding: refused for good, and never heard of, says nobody.
    forge(w, "/v3/refund/domestic/refunds", 403, "NO_AUTH", signature);
    const auto refund = w.refund(w.refund_of("R2026-forged", "T2026-gone", 700));
    CHECK(refund.value.state == RefundState::kProcessing);
    CHECK(refund.value.unknown);
    forge(w, "/v3/refund/domestic/refunds", 404, "RESOURCE_NOT_EXISTS", signature);
    for (int i = 0; i < 3; ++i) {
      w.advance(3600);
      w.poll();
      CHECK(w.refund_stands("R2026-forged").state == RefundState::kProcessing);
    }
    w.reconnect();
    for (int i = 0; i < 3; ++i) {
      w.advance(7200);
      w.poll();
    }
    CHECK(w.refund_stands("R2026-forged").state == RefundState::kSucceeded);
  }
}

}  // namespace
}  // namespace suanpan::channels::test
