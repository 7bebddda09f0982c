#include "channels/payment_commands.h"
#include "tests/channels/payment_world.h"

namespace suanpan::channels::test {
namespace {

TEST_CASE("refund: a partial refund is accepted, followed and told by a notification") {
  PaymentWorld w;
  w.paid("T2026-r1", 1000);
  const auto outcome = w.refund(w.refund_of("R2026-1", "T2026-r1", 300));
  REQUIRE(outcome.accepted());
  CHECK(outcome.value.state == RefundState::kProcessing);
  CHECK_FALSE(outcome.value.unknown);
  // Accepted: out of the merchant's money, on its way; the channel owes us as before.
  CHECK(w.balance(kPending) == 700);
  CHECK(w.balance("2104") == 300);
  CHECK(w.balance(kReceivable) == 1000);
  w.advance(5);
  CHECK(w.deliver() == std::vector<int>{204});
  CHECK(w.refund_stands("R2026-1").state == RefundState::kSucceeded);
  CHECK(w.balance("2104") == 0);
  CHECK(w.balance(kReceivable) == 700);
  CHECK(w.stands("T2026-r1").state == OrderState::kPaid);
  CHECK(w.stands("T2026-r1").refunded == 300);

  REQUIRE(w.refund(w.refund_of("R2026-2", "T2026-r1", 700)).accepted());
  w.advance(60);
  CHECK(w.poll() == 1);  // this one's notification is not waited for
  CHECK(w.stands("T2026-r1").state == OrderState::kRefunded);
  CHECK(w.balance(kPending) == 0);
  CHECK(w.balance(kReceivable) == 0);
  CHECK(w.deliver() == std::vector<int>{204});
  CHECK(w.balance(kReceivable) == 0);
}

TEST_CASE("refund: two at once never exceed what was paid") {
  PaymentWorld w;
  w.paid("T2026-cap", 1000);
  std::promise<Outcome<Refund>> one, two;
  w.ask_refund(w.refund_of("R2026-a", "T2026-cap", 600), [&](auto o) { one.set_value(o); });
  w.ask_refund(w.refund_of("R2026-b", "T2026-cap", 600), [&](auto o) { two.set_value(o); });
  const auto first = one.get_future().get(), second = two.get_future().get();
  CHECK(first.accepted());
  CHECK(second.refusal.code == RefusalCode::kRefundExceedsPaid);
  CHECK(w.sent_to("POST /v3/refund") == 1);  // before any money leaves
  CHECK(w.balance("2104") == 600);
}

TEST_CASE("refund: a reason that is too long for the channel does not stop the refund") {
  PaymentWorld w;
  w.paid("T2026-long", 500);
  Refund refund = w.refund_of("R2026-long", "T2026-long", 200);
  std::string reason;
  for (int i = 0; i < 85; ++i) reason += "退";
  refund.texts_sealed = w.texts(reason);
  const auto outcome = w.refund(refund);
  CHECK(outcome.value.state == RefundState::kProcessing);
  CHECK(outcome.value.error_code.empty());
  CHECK(open_texts(*w.vault, "M1", outcome.value.texts_sealed).value().title == reason);
}

TEST_CASE("refund: a resend refunds once, and finds the refund as it stands") {
  PaymentWorld w;
  w.paid("T2026-rr", 1000);
  const Refund refund = w.refund_of("R2026-rr", "T2026-rr", 400);
  REQUIRE(w.refund(refund).accepted());
  Refund again = refund;
  again.refund_id = "R2026-zz";
  const auto outcome = w.refund(again);
  CHECK(outcome.replayed);
  CHECK(outcome.value.refund_id == "R2026-rr");
  CHECK(w.sent_to("POST /v3/refund") == 1);
  CHECK(w.balance(kPending) == 600);
}

TEST_CASE("refund: an unknown outcome stays under way until the channel tells") {
  for (const char* kind : {"drop_after", "drop_before", "forged_response", "error_500"}) {
    INFO(kind);
    PaymentWorld w;
    w.paid("T2026-ru", 500);
    w.fault(std::string(R"({"operation":"wechat.refund","kind":")") + kind + R"("})");
    const auto outcome = w.refund(w.refund_of("R2026-ru", "T2026-ru", 500));
    CHECK(outcome.value.state == RefundState::kProcessing);
    CHECK(outcome.value.unknown);
    CHECK(w.balance("2104") == 500);
    // No length of time ends it.
    w.cut_off("/v3/");
    w.advance(7 * 86'400);
    w.poll();
    CHECK(w.refund_stands("R2026-ru").state == RefundState::kProcessing);
    w.reconnect();
    for (int i = 0; i < 3; ++i) {
      w.advance(7 * 86'400);
      w.poll();
    }
    CHECK(w.refund_stands("R2026-ru").state == RefundState::kSucceeded);
    CHECK(w.balance(kReceivable) == 0);
    CHECK(w.balance("2104") == 0);
  }
}

TEST_CASE("refund: NOT_ENOUGH keeps the refund number and tries again") {
  PaymentWorld w;
  w.paid("T2026-ne", 500);
  // The channel has paid the day out to the bank: it has no money to refund from.
  w.advance(86'400);
  w.control("/sandbox/wechat/settle", R"({"date":"2026-03-04"})");
  const auto outcome = w.refund(w.refund_of("R2026-ne", "T2026-ne", 500));
  CHECK(outcome.value.state == RefundState::kProcessing);
  CHECK_FALSE(outcome.value.unknown);
  CHECK(outcome.value.error_code == "NOT_ENOUGH");
  CHECK(w.balance("2104") == 500);
  w.advance(60);
  w.poll();
  CHECK(w.refund_stands("R2026-ne").error_code == "NOT_ENOUGH");
  // New money comes in at the channel.
  w.paid("T2026-ne2", 9000);
  for (int i = 0; i < 2; ++i) {
    w.advance(600);
    w.poll();
  }
  CHECK(w.refund_stands("R2026-ne").state == RefundState::kSucceeded);
  CHECK(w.balance(kPending) == 9000);
  CHECK(w.balance(kReceivable) == 9000);
}

TEST_CASE("refund: one that the channel closes gives the money back; an abnormal one is no end") {
  PaymentWorld w;
  w.paid("T2026-rc", 500);
  w.fault(R"({"kind":"refund_closed","number":"R2026-rc"})");
  REQUIRE(w.refund(w.refund_of("R2026-rc", "T2026-rc", 500)).accepted());
  w.advance(5);
  CHECK(w.deliver() == std::vector<int>{204});
  CHECK(w.refund_stands("R2026-rc").state == RefundState::kFailed);
  CHECK(w.balance(kPending) == 500);
  CHECK(w.balance("2104") == 0);
  CHECK(w.stands("T2026-rc").refunding == 0);

  w.fault(R"({"kind":"refund_abnormal","number":"R2026-ra"})");
  REQUIRE(w.refund(w.refund_of("R2026-ra", "T2026-rc", 200)).accepted());
  w.advance(5);
  w.deliver();
  CHECK(w.refund_stands("R2026-ra", true).state == RefundState::kProcessing);
  CHECK(w.refund_stands("R2026-ra").error_code == "REFUND_ABNORMAL");
  CHECK(w.balance("2104") == 200);
  CHECK(w.events("refund.alert") == std::vector<std::string>{"R2026-ra"});
}

TEST_CASE("refund: one that was accepted and never sent goes out after a restart") {
  PaymentWorld w;
  w.paid("T2026-rk", 500);
  w.cut_off("/v3/refund");
  REQUIRE(w.refund(w.refund_of("R2026-rk", "T2026-rk", 500)).value.unknown);
  w.reopen();
  w.reconnect();
  for (int i = 0; i < 2; ++i) {
    w.advance(60);
    w.poll();
  }
  CHECK(w.refund_stands("R2026-rk").state == RefundState::kSucceeded);
  CHECK(w.balance(kReceivable) == 0);
}

/// An approval in small: what it accepts, and a document of its own, in one change set.
Command approval_of(const Refund& refund) {
  return Command{PaymentWorld::key("approve|" + refund.refund_id),
                 CommandKind::kRefund,
                 {{"request", refund.refund_id}},
                 [refund](const View& view, const Moment& moment) -> Planned<ChangeSet> {
                   TRY(ChangeSet changes, plan_ask_refund(view, refund, moment));
                   changes.documents.push_back(
                       Document{DocumentKind::kRefundRequest, refund.refund_id, 1, false, "{}"});
                   return changes;
                 }};
}

TEST_CASE("refund: one that was accepted with its approval is sent, after a crash as well") {
  PaymentWorld w;
  w.paid("T2026-ap", 500);
  const Command now = approval_of(w.refund_of("R2026-ap1", "T2026-ap", 200));
  const auto sent =
      w.wait<Outcome<Refund>>([&](auto done) { w.service->refund(now, std::move(done)); });
  REQUIRE(sent.accepted());
  CHECK(sent.value.state == RefundState::kProcessing);
  CHECK(w.sent_to("POST /v3/refund") == 1);
  // The process dies when the approval is durable and nothing is sent.
  REQUIRE(w.book->run(approval_of(w.refund_of("R2026-ap2", "T2026-ap", 300))).accepted());
  w.reopen();
  CHECK(w.sent_to("POST /v3/refund") == 1);
  for (int i = 0; i < 2; ++i) {
    w.advance(60);
    w.poll();
  }
  CHECK(w.sent_to("POST /v3/refund") == 2);
  CHECK(w.refund_stands("R2026-ap1").state == RefundState::kSucceeded);
  CHECK(w.refund_stands("R2026-ap2").state == RefundState::kSucceeded);
  CHECK(w.balance(kReceivable) == 0);
  // A refusal of the command's own is told, and leaves nothing behind.
  const Command over = approval_of(w.refund_of("R2026-ap3", "T2026-ap", 1));
  const auto refused =
      w.wait<Outcome<Refund>>([&](auto done) { w.service->refund(over, std::move(done)); });
  CHECK(refused.refusal.code == RefusalCode::kOrderStateWrong);
  CHECK(w.book->document(DocumentKind::kRefundRequest, "R2026-ap3") == nullptr);
}

TEST_CASE("refund: while one request is out, no second sender sends another") {
  PaymentWorld w;
  w.paid("T2026-r1", 500);
  w.hold = "POST /v3/refund";
  std::promise<Outcome<Refund>> first;
  const Refund refund = w.refund_of("R2026-r1", "T2026-r1", 500);
  w.ask_refund(refund, [&](auto o) { first.set_value(o); });
  w.wait_held(1);
  const auto again = w.refund(refund);
  CHECK(again.replayed);
  CHECK(again.value.unknown);
  CHECK(w.refund_stands("R2026-r1", true).unknown);
  w.advance(600);
  w.poll();
  CHECK(w.sent_to("/v3/refund") == 1);
  w.release();
  CHECK(first.get_future().get().value.state == RefundState::kProcessing);
  w.advance(600);
  w.poll();
  CHECK(w.refund_stands("R2026-r1").state == RefundState::kSucceeded);
  CHECK(w.sent_to("POST /v3/refund") == 1);
  CHECK(w.balance(kReceivable) == 0);
}

TEST_CASE("refund: two who are told that it never arrived send it again once") {
  PaymentWorld w;
  w.paid("T2026-r2", 500);
  w.fault(R"({"operation":"wechat.refund","kind":"drop_before"})");
  REQUIRE(w.refund(w.refund_of("R2026-r2", "T2026-r2", 500)).value.unknown);
  w.hold = "GET /v3/refund";
  std::promise<Outcome<Refund>> asked, also;
  w.service->query_refund("R2026-r2", true, [&](auto o) { asked.set_value(o); });
  w.wait_held(1);
  w.service->query_refund("R2026-r2", true, [&](auto o) { also.set_value(o); });
  auto second = also.get_future();
  second.wait_for(std::chrono::milliseconds(200));
  w.release();
  CHECK(asked.get_future().get().value.state == RefundState::kProcessing);
  CHECK(second.get().accepted());
  CHECK(w.sent_to("POST /v3/refund") == 2);  // with the one that was lost
  CHECK(w.sent_to("GET /v3/refund") == 1);
}

TEST_CASE("refund: another end than the one that was told is an alert and moves no money") {
  struct Row {
    const char* what;
    RefundFact::Kind first;
    const char* fault;
    const char* told;
    std::int64_t pending, receivable;
  };
  const Row rows[] = {
      {"succeeded, then closed", RefundFact::Kind::kSucceeded,
       R"({"kind":"refund_closed","number":"R2026-c"})",
       R"({"id":"R2026-c","what":"succeeded here, told as failed by the channel: )", 300, 300},
      {"failed, then succeeded", RefundFact::Kind::kFailed, "",
       R"({"id":"R2026-c","what":"failed here, told as succeeded by the channel: )", 500, 500},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    PaymentWorld w;
    w.paid("T2026-c", 500);
    if (*row.fault) w.fault(row.fault);
    REQUIRE(w.refund(w.refund_of("R2026-c", "T2026-c", 200)).accepted());
    RefundFact fact;
    fact.kind = row.first;
    fact.refund_id = "R2026-c";
    fact.at = w.business.now();
    REQUIRE(w.book->run(refund_fact(fact, 3)).accepted());
    w.advance(5);
    // The channel's notification tells otherwise; it is taken, and told once more.
    CHECK(w.deliver() == std::vector<int>{204});
    const auto alerts = w.payloads("refund.alert");
    REQUIRE(alerts.size() == 1);
    CHECK(alerts[0].starts_with(row.told));
    CHECK(
        w.refund_stands("R2026-c").state ==
        (row.first == RefundFact::Kind::kFailed ? RefundState::kFailed : RefundState::kSucceeded));
    CHECK(w.balance(kPending) == row.pending);
    CHECK(w.balance(kReceivable) == row.receivable);
    CHECK(w.balance("2104") == 0);
    fact.kind = row.first == RefundFact::Kind::kFailed ? RefundFact::Kind::kSucceeded
                                                       : RefundFact::Kind::kFailed;
    CHECK(w.book->run(refund_fact(fact, 9)).replayed);
    CHECK(w.events("refund.alert").size() == 1);
  }
}

TEST_CASE("refund: a direct merchant's refund posts nothing but the fee that goes back") {
  PaymentWorld w;
  REQUIRE(w.place(w.own_order("T2026-own", 1000, 6)).accepted());
  w.pays("T2026-own");
  w.deliver();
  Refund refund = w.refund_of("R2026-own", "T2026-own", 1000);
  refund.mch_no = "M2";
  refund.texts_sealed = w.texts("退货", "M2");
  REQUIRE(w.refund(refund).value.fee_return == 6);
  w.advance(60);
  w.poll();
  CHECK(w.refund_stands("R2026-own").state == RefundState::kSucceeded);
  CHECK(w.balance("1131/M2") == 0);
  CHECK(w.balance("6001") == 0);
}

TEST_CASE("refund: unknown orders and orders of others are refused") {
  PaymentWorld w;
  w.paid("T2026-ro", 500);
  CHECK(w.refund(w.refund_of("R2026-x", "T2026-none", 1)).refusal.code ==
        RefusalCode::kOrderNotFound);
  Refund foreign = w.refund_of("R2026-y", "T2026-ro", 1);
  foreign.mch_no = "M2";
  CHECK(w.refund(foreign).refusal.code == RefusalCode::kOrderNotFound);
  w.placed("T2026-rp", 500);
  CHECK(w.refund(w.refund_of("R2026-z", "T2026-rp", 1)).refusal.code ==
        RefusalCode::kOrderStateWrong);
  CHECK(w.sent_to("/v3/refund") == 0);
}

}  // namespace
}  // namespace suanpan::channels::test
