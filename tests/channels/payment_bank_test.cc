#include "channels/payment_commands.h"
#include "channels/sub_accounts.h"
#include "tests/channels/payment_world.h"

namespace suanpan::channels::test {
namespace {

std::string sub_account_of(const Order& order) {
  return order.pay_data.substr(order.pay_data.find('|') + 1);
}

TEST_CASE("payout: money leaves the source at once, and the bank when it has confirmed") {
  PaymentWorld w;
  w.give_payable(5000);
  const auto outcome = w.pay_out(w.payout_of("P2026-1", 3000));
  REQUIRE(outcome.accepted());
  CHECK(outcome.value.state == PayoutState::kProcessing);
  CHECK_FALSE(outcome.value.unknown);
  CHECK(w.balance(kPayable) == 2000);
  CHECK(w.balance("2103") == 3000);
  CHECK(w.balance(kBankMoney) == 5000);
  w.advance(10);
  CHECK(w.poll() == 1);
  CHECK(w.payout_stands("P2026-1").state == PayoutState::kProcessing);  // PDNG
  w.advance(60);
  CHECK(w.poll() == 1);
  CHECK(w.payout_stands("P2026-1").state == PayoutState::kSucceeded);
  CHECK(w.balance("2103") == 0);
  CHECK(w.balance(kBankMoney) == 2000);
  CHECK(w.pay_out(w.payout_of("P2026-1", 3000)).replayed);
  CHECK(w.sent_to("POST /bank/pain001") == 1);
  CHECK(w.pay_out(w.payout_of("P2026-2", 2001)).refusal.code == RefusalCode::kBelowLimit);
}

TEST_CASE("payout: one that the bank rejects, at once or later, gives the money back") {
  for (const char* kind : {"bank_reject", "bank_reject_later"}) {
    INFO(kind);
    PaymentWorld w;
    w.give_payable(5000);
    w.fault(std::string(R"({"text":"AC04","kind":")") + kind + R"("})");
    REQUIRE(w.pay_out(w.payout_of("P2026-rj", 3000)).accepted());
    w.advance(120);
    w.poll();
    const Payout payout = w.payout_stands("P2026-rj");
    CHECK(payout.state == PayoutState::kFailed);
    CHECK(payout.error_code == "AC04");
    CHECK(w.balance(kPayable) == 5000);
    CHECK(w.balance("2103") == 0);
    CHECK(w.balance(kBankMoney) == 5000);
  }
}

TEST_CASE("payout: an unknown outcome is asked for, sent again under its number, and pays once") {
  for (const char* kind : {"drop_after", "drop_before", "error_500"}) {
    INFO(kind);
    PaymentWorld w;
    w.give_payable(5000);
    w.fault(std::string(R"({"operation":"bank.pay","kind":")") + kind + R"("})");
    CHECK(w.pay_out(w.payout_of("P2026-u", 3000)).value.unknown);
    w.reopen();
    for (int i = 0; i < 3; ++i) {
      w.advance(120);
      w.poll();
    }
    CHECK(w.payout_stands("P2026-u").state == PayoutState::kSucceeded);
    CHECK(w.balance(kBankMoney) == 2000);
    CHECK(w.upstream->bank().book().transfers().size() == 1);
  }
}

// A bank that keeps no first answer: it refuses the number when it comes again (AM05), though it
// has the transfer.
TEST_CASE("payout: a refused resend of what the bank has taken does not give the money back") {
  PaymentWorld w;
  w.give_payable(5000);
  std::string first_report;
  bool lagging = true;
  w.cut = [&](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
    const bool query = request.path() == "/bank/pain002";
    if (query && lagging) return Result<HttpResponse>(HttpResponse{404, {}, "not yet"});
    if (request.path() != "/bank/pain001") return std::nullopt;
    if (first_report.empty()) {
      auto taken = w.upstream->handle(request, w.moment());
      first_report = taken->body;
      return Result<HttpResponse>(*taken);
    }
    std::string refused = first_report;
    for (std::size_t at; (at = refused.find("ACSP")) != std::string::npos;)
      refused.replace(at, 4, "RJCT");
    return Result<HttpResponse>(HttpResponse{200, {{"Content-Type", "application/xml"}}, refused});
  };
  REQUIRE(w.pay_out(w.payout_of("P2026-dup", 3000)).value.state == PayoutState::kProcessing);
  w.advance(120);
  w.poll();
  CHECK(w.sent_to("POST /bank/pain001") == 2);
  CHECK(w.payout_stands("P2026-dup").state == PayoutState::kProcessing);
  CHECK(w.payout_stands("P2026-dup").unknown);
  CHECK(w.balance(kPayable) == 2000);
  CHECK(w.balance("2103") == 3000);
  lagging = false;
  w.advance(600);
  w.poll();
  CHECK(w.payout_stands("P2026-dup").state == PayoutState::kSucceeded);
  CHECK(w.balance(kPayable) == 2000);
  CHECK(w.balance(kBankMoney) == 2000);
}

TEST_CASE("payout: a returned one is owed again, once") {
  PaymentWorld w;
  w.give_payable(5000);
  REQUIRE(w.pay_out(w.payout_of("P2026-rt", 3000)).accepted());
  CHECK(w.returned("P2026-rt", "B1").refusal.code == RefusalCode::kOrderStateWrong);
  w.advance(60);
  // The statement is ahead of our polling: asked for first.
  CHECK(w.returned("P2026-rt", "B1").accepted());
  CHECK(w.payout_stands("P2026-rt").state == PayoutState::kReturned);
  CHECK(w.balance(kPayable) == 5000);
  CHECK(w.balance(kBankMoney) == 5000);
  CHECK(w.returned("P2026-rt", "B1").replayed);
  CHECK(w.balance(kPayable) == 5000);
  CHECK(w.returned("P2026-none", "B1").refusal.code == RefusalCode::kOrderNotFound);
}

TEST_CASE("payout: a payer that is not ours and a payee that does not open leave nothing") {
  PaymentWorld w;
  w.give_payable(5000);
  const std::size_t before = w.commands();
  Payout foreign = w.payout_of("P2026-f", 100);
  foreign.payer_number = "6228000000000009";
  CHECK(w.pay_out(foreign).refusal.code == RefusalCode::kWayNotAllowed);
  Payout moved = w.payout_of("P2026-m", 100);
  moved.payee_sealed = w.payee("M2", {"x", "y", "102100099996"});
  CHECK(w.pay_out(moved).refusal.code == RefusalCode::kValueInvalid);
  CHECK(w.commands() == before);
  CHECK(w.balance(kPayable) == 5000);
}

// Banks that take a number once are not to be relied on: one refuses it when it comes again, though
// it has the transfer, the other pays again.
struct CarelessBank {
  PaymentWorld& w;
  bool pays_again;
  std::size_t messages = 0;

  CarelessBank(PaymentWorld& world, bool again) : w(world), pays_again(again) {
    w.cut = [this](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
      if (request.path() != "/bank/pain001" || ++messages == 1) return std::nullopt;
      auto first = w.upstream->handle(request, w.moment());
      std::string report = first->body;
      for (std::size_t at; !pays_again && (at = report.find("ACSP")) != std::string::npos;)
        report.replace(at, 4, "RJCT");
      return Result<HttpResponse>(HttpResponse{200, first->headers, report});
    };
  }
};

TEST_CASE("payout: while one message is out, no second sender sends another") {
  for (const bool pays_again : {false, true}) {
    INFO(pays_again);
    PaymentWorld w;
    CarelessBank bank(w, pays_again);
    w.give_payable(5000);
    w.hold = "POST /bank/pain001";
    std::promise<Outcome<Payout>> first;
    const Payout payout = w.payout_of("P2026-one", 3000);
    const auto key = PaymentWorld::key("payout|one");
    w.service->payout(key, {{"amount", "3000"}}, payout, [&](auto o) { first.set_value(o); });
    w.wait_held(1);
    // The bank has it and has not answered. A resend, a question and a polling round come by.
    const auto again = w.wait<Outcome<Payout>>([&](auto done) {
      w.service->payout(key, {{"amount", "3000"}}, payout, done);
    });
    CHECK(again.replayed);
    CHECK(again.value.unknown);
    CHECK(w.payout_stands("P2026-one", true).unknown);
    w.advance(600);
    CHECK(w.poll() == 1);
    CHECK(bank.messages == 1);
    CHECK(w.sent_to("/bank/pain002") == 0);
    w.release();
    CHECK(first.get_future().get().value.state == PayoutState::kProcessing);
    w.advance(600);
    w.poll();
    CHECK(w.payout_stands("P2026-one").state == PayoutState::kSucceeded);
    CHECK(bank.messages == 1);
    CHECK(w.balance(kPayable) == 2000);
    CHECK(w.balance("2103") == 0);
    CHECK(w.balance(kBankMoney) == 2000);
  }
}

TEST_CASE("payout: two who are told that it never arrived send it again once") {
  for (const bool pays_again : {false, true}) {
    INFO(pays_again);
    PaymentWorld w;
    w.give_payable(5000);
    w.fault(R"({"operation":"bank.pay","kind":"drop_before"})");
    REQUIRE(w.pay_out(w.payout_of("P2026-two", 3000)).value.unknown);
    CarelessBank bank(w, pays_again);
    w.hold = "/bank/pain002";
    std::promise<Outcome<Payout>> asked;
    w.service->query_payout("P2026-two", true, [&](auto o) { asked.set_value(o); });
    w.wait_held(1);
    std::promise<Outcome<Payout>> also;
    w.service->query_payout("P2026-two", true, [&](auto o) { also.set_value(o); });
    auto second = also.get_future();
    second.wait_for(std::chrono::milliseconds(200));
    w.release();
    CHECK(asked.get_future().get().value.state == PayoutState::kProcessing);
    CHECK(second.get().accepted());
    w.advance(600);
    w.poll();
    CHECK(w.payout_stands("P2026-two").state == PayoutState::kSucceeded);
    CHECK(bank.messages == 1);
    CHECK(w.sent_to("POST /bank/pain001") == 2);  // with the one that was lost
    CHECK(w.balance(kBankMoney) == 2000);
  }
}

TEST_CASE("payout: another end than the one that was told is an alert and moves no money") {
  struct Row {
    const char* what;
    PayoutFact::Kind first;
    const char* fault;  ///< what the bank does with it
    const char* told;
    std::int64_t payable, at_bank;
  };
  const Row rows[] = {
      {"succeeded, then rejected", PayoutFact::Kind::kSucceeded,
       R"({"text":"AC04","kind":"bank_reject_later"})",
       R"({"id":"P2026-c","what":"succeeded here, told as failed by the channel: )", 2000, 2000},
      {"failed, then paid", PayoutFact::Kind::kFailed, "",
       R"({"id":"P2026-c","what":"failed here, told as succeeded by the channel: )", 5000, 5000},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    PaymentWorld w;
    w.give_payable(5000);
    if (*row.fault) w.fault(row.fault);
    REQUIRE(w.pay_out(w.payout_of("P2026-c", 3000)).accepted());
    w.advance(600);
    w.hold = "/bank/pain002";
    std::promise<std::size_t> polled;
    w.service->poll_due([&](std::size_t n) { polled.set_value(n); });
    w.wait_held(1);
    // While the question is out, the end comes from elsewhere.
    PayoutFact fact;
    fact.kind = row.first;
    fact.payout_id = "P2026-c";
    fact.at = w.business.now();
    REQUIRE(w.book->run(payout_fact(fact, 3)).accepted());
    w.release();
    CHECK(polled.get_future().get() == 1);
    const auto alerts = w.payloads("payout.alert");
    REQUIRE(alerts.size() == 1);
    CHECK(alerts[0].starts_with(row.told));
    const Payout payout = w.payout_stands("P2026-c");
    CHECK(payout.state == (row.first == PayoutFact::Kind::kFailed ? PayoutState::kFailed
                                                                  : PayoutState::kSucceeded));
    CHECK(w.balance(kPayable) == row.payable);
    CHECK(w.balance(kBankMoney) == row.at_bank);
    CHECK(w.balance("2103") == 0);
    // Told once more: the same alert. Told as it stands: nothing.
    fact.kind = row.first == PayoutFact::Kind::kFailed ? PayoutFact::Kind::kSucceeded
                                                       : PayoutFact::Kind::kFailed;
    CHECK(w.book->run(payout_fact(fact, 9)).replayed);
    fact.kind = row.first;
    CHECK(w.book->run(payout_fact(fact, 9)).replayed);
    CHECK(w.events("payout.alert").size() == 1);
  }
}

TEST_CASE(
    "payout: money that cannot go back to its account stays in transit, and people hear of it") {
  PaymentWorld w;
  w.give_payable(5000);
  w.fault(R"({"text":"AC04","kind":"bank_reject_later"})");
  REQUIRE(w.pay_out(w.payout_of("P2026-fz", 3000)).accepted());
  AccountTerms terms;
  terms.limit = LimitKind::kNotBelowZero;
  terms.frozen_in = true;
  REQUIRE(w.book->run(set_terms({PaymentWorld::key("freeze"), kPayable, terms, {}})).accepted());
  for (int i = 0; i < 3; ++i) {
    w.advance(600);
    w.poll();
  }
  CHECK(w.payout_stands("P2026-fz").state == PayoutState::kProcessing);
  CHECK(w.balance("2103") == 3000);
  CHECK(w.payloads("payout.alert") ==
        std::vector<std::string>{R"({"id":"P2026-fz","what":"told by the channel and not in the )"
                                 R"(books: credit_account_frozen 2102/M1"})"});
  terms.frozen_in = false;
  REQUIRE(w.book->run(set_terms({PaymentWorld::key("thaw"), kPayable, terms, {}})).accepted());
  for (int i = 0; i < 2; ++i) {
    w.advance(3600);
    w.poll();
  }
  CHECK(w.payout_stands("P2026-fz").state == PayoutState::kFailed);
  CHECK(w.balance("2103") == 0);
  CHECK(w.balance(kPayable) == 5000);
}

TEST_CASE("payout: a return waits while somebody asks for the payout, and is not taken for news") {
  PaymentWorld w;
  w.give_payable(5000);
  REQUIRE(w.pay_out(w.payout_of("P2026-rw", 3000)).accepted());
  w.advance(600);
  w.hold = "/bank/pain002";
  std::promise<std::size_t> polled;
  w.service->poll_due([&](std::size_t n) { polled.set_value(n); });
  w.wait_held(1);
  std::promise<Answer> promise;
  w.service->payout_returned("P2026-rw", "B1", w.business.now(),
                             [&](Answer answer) { promise.set_value(answer); });
  auto returned = promise.get_future();
  CHECK(returned.wait_for(std::chrono::milliseconds(200)) == std::future_status::timeout);
  w.release();
  CHECK(polled.get_future().get() == 1);
  CHECK(returned.get().accepted());
  CHECK(w.payout_stands("P2026-rw").state == PayoutState::kReturned);
  CHECK(w.balance(kPayable) == 5000);
  CHECK(w.balance(kBankMoney) == 5000);
}

TEST_CASE("payout: money that comes back of a payout that failed here is an alert") {
  PaymentWorld w;
  w.give_payable(5000);
  w.fault(R"({"text":"AC04","kind":"bank_reject"})");
  REQUIRE(w.pay_out(w.payout_of("P2026-back", 3000)).value.state == PayoutState::kFailed);
  CHECK(w.returned("P2026-back", "B9").refusal.code == RefusalCode::kOrderStateWrong);
  CHECK(w.returned("P2026-back", "B9").refusal.code == RefusalCode::kOrderStateWrong);
  CHECK(w.payloads("payout.alert") ==
        std::vector<std::string>{
            R"({"id":"P2026-back","what":"failed here, and B9 brings it back"})"});
  CHECK(w.balance(kPayable) == 5000);
  CHECK(w.balance(kBankMoney) == 5000);
}

TEST_CASE("deposit: a transfer to an order's sub-account pays it, once") {
  PaymentWorld w;
  const auto placed = w.place(w.order("T2026-b1", 8000, Way::kBankTransfer));
  REQUIRE(placed.accepted());
  CHECK(placed.value.state == OrderState::kPaying);
  CHECK_FALSE(placed.value.unknown);
  CHECK(placed.value.pay_data_type == "none");
  CHECK(placed.value.pay_data == std::string(kAccount) + "|6000000016");
  CHECK(w.sent.empty());
  CHECK(w.deposit("B100", 8000, "6000000016").answer == "order/T2026-b1");
  const Order paid = w.stands("T2026-b1");
  CHECK(paid.state == OrderState::kPaid);
  CHECK(paid.channel_order_no == "B100");
  CHECK(w.balance(kBankMoney) == 8000);
  CHECK(w.balance(kPending) == 8000);
  CHECK(w.deposit("B100", 8000, "6000000016").replayed);
  CHECK(w.deposit("B100", 8001, "6000000016").refusal.code ==
        RefusalCode::kIdReusedWithOtherContent);
  // Paid once more, under another reference: suspense.
  CHECK(w.deposit("B101", 8000, "6000000016").answer == "suspense/duplicate_payment");
  CHECK(w.balance(kBankMoney) == 16'000);
  CHECK(w.balance(kPending) == 8000);
  CHECK(w.balance("2241") == 8000);
}

TEST_CASE("deposit: what does not fit goes to suspense, whole, with its reason") {
  PaymentWorld w;
  const Order order = w.place(w.order("T2026-b2", 8000, Way::kBankTransfer)).value;
  w.placed("T2026-wx", 500);
  struct Row {
    const char* reference;
    std::int64_t fen;
    std::string sub_account, remark;
    const char* answer;
  };
  const Row rows[] = {
      {"B1", 7999, sub_account_of(order), "", "suspense/amount_mismatch"},
      {"B2", 8000, "", "往来款", "suspense/unknown_payer"},
      {"B3", 8000, "6000000024", "", "suspense/unknown_sub_account"},
      {"B6", 8000, "6000000021", "", "suspense/unknown_sub_account"},  // its check digit is wrong
      {"B4", 500, "", "订单号T2026-wx", "suspense/order_is_paid_otherwise"},
  };
  std::int64_t expected = 0;
  for (const Row& row : rows) {
    INFO(row.reference);
    CHECK(w.deposit(row.reference, row.fen, row.sub_account, row.remark).answer == row.answer);
    expected += row.fen;
    CHECK(w.balance("2241") == expected);
    CHECK(w.balance(kBankMoney) == expected);
  }
  CHECK(w.stands("T2026-b2").state == OrderState::kPaying);
  CHECK(w.events("deposit.suspense").size() == 5);
  // Named in the remark only, and it fits.
  CHECK(w.deposit("B5", 8000, "", "转账 " + sub_account_of(order)).answer == "order/T2026-b2");
}

TEST_CASE("deposit: for an order whose account is closed it pays the order and lies in suspense") {
  PaymentWorld w;
  const Order order = w.place(w.order("T2026-cl", 8000, Way::kBankTransfer)).value;
  AccountTerms terms;
  terms.limit = LimitKind::kNotBelowZero;
  terms.closed = true;
  REQUIRE(w.book->run(set_terms({PaymentWorld::key("shut"), kPending, terms, {}})).accepted());
  CHECK(w.deposit("B1", 8000, sub_account_of(order)).answer == "order/T2026-cl");
  CHECK(w.stands("T2026-cl").state == OrderState::kPaid);
  CHECK(w.balance(kBankMoney) == 8000);
  CHECK(w.balance("2241") == 8000);
  CHECK(w.payloads("order.suspense") ==
        std::vector<std::string>{R"({"id":"T2026-cl","amount":8000,"currency":"CNY",)"
                                 R"("reason":"credit_account_closed","account":"2101/M1"})"});
  CHECK(w.deposit("B1", 8000, sub_account_of(order)).replayed);
}

TEST_CASE("deposit: a transfer after the order's expiry still pays it") {
  PaymentWorld w;
  const Order order = w.place(w.order("T2026-b3", 100, Way::kBankTransfer)).value;
  w.advance(1800);
  CHECK(w.poll() == 1);
  CHECK(w.stands("T2026-b3").state == OrderState::kClosed);
  CHECK(w.deposit("B1", 100, sub_account_of(order)).answer == "order/T2026-b3");
  CHECK(w.stands("T2026-b3").late);
  CHECK(w.balance(kPending) == 100);
}

TEST_CASE("deposit: a standing sub-account credits its ledger account") {
  PaymentWorld w;
  OpenAccountRequest household;
  household.code = "2201/维修资金/小区1/3幢/0402";
  for (const char* code : {"2201", "2201/维修资金", "2201/维修资金/小区1",
                           "2201/维修资金/小区1/3幢", "2201/维修资金/小区1/3幢/0402"}) {
    household.code = code;
    household.name = "维修资金";
    household.type = AccountType::kLiability;
    household.key = account_claim(code);
    REQUIRE(w.book->run(open_account(household)).accepted());
  }
  const auto allocate = [&] {
    return w.book->run(allocate_sub_account(bank::SubAccountKind::kHousehold, kAccount,
                                            household.code, "3幢0402 维修资金"));
  };
  const Answer number = allocate();
  REQUIRE(number.accepted());
  CHECK(bank::parse_sub_account(number.answer));
  CHECK(allocate().answer == number.answer);
  CHECK(find_sub_account(*w.book, number.answer)->account == household.code);
  CHECK(w.deposit("B1", 1'200'000, number.answer).answer == "account/" + household.code);
  CHECK(w.balance(household.code) == 1'200'000);
  CHECK(w.balance(kBankMoney) == 1'200'000);
  CHECK(
      w.book->run(allocate_sub_account(bank::SubAccountKind::kContract, kAccount, "2201/none", "x"))
          .refusal.code == RefusalCode::kAccountNotFound);
}

// As if all numbers of a kind up to `serial` had been given out.
void give_out_up_to(Book& book, const std::string& kind, const std::string& serial) {
  Command command;
  command.key = {id_of("give out|" + kind + serial), kSystemCaller};
  command.content = {{"kind", kind}};
  command.plan = [=](const View& view, const Moment&) -> Planned<ChangeSet> {
    const std::string key = "sub_account/" + kind;
    const DocumentPtr before = view.document(DocumentKind::kCursor, key);
    ChangeSet changes;
    changes.date = view.book().accounting_date;
    changes.documents.push_back(
        Document{DocumentKind::kCursor, key, before ? before->version + 1 : 1, true, serial});
    return changes;
  };
  REQUIRE(book.run(command).accepted());
}

TEST_CASE("sub-account: after the last number of a kind more are refused, and all else goes on") {
  PaymentWorld w;
  give_out_up_to(*w.book, "7", "99999998");
  give_out_up_to(*w.book, "6", "99999998");
  const auto allocate = [&](bank::SubAccountKind kind, const std::string& account) {
    return w.book->run(allocate_sub_account(kind, kAccount, account, "x"));
  };
  const auto household = bank::SubAccountKind::kHousehold;
  const Answer last = allocate(household, kPayable);
  REQUIRE(last.accepted());
  CHECK(last.answer.substr(0, 9) == "799999999");
  CHECK(bank::parse_sub_account(last.answer).value().serial == 99'999'999);
  const Answer more = allocate(household, kBankMoney);
  CHECK(more.refusal.code == RefusalCode::kNumbersUsedUp);
  CHECK(more.refusal.detail == "sub_account/7");
  CHECK(allocate(household, kPayable).answer == last.answer);
  CHECK(allocate(bank::SubAccountKind::kContract, kPending).answer == "8000000015");
  // Orders: one more is placed for a transfer, then none, neither at once nor at the cashier.
  const auto paid_by_transfer = [&](const char* id) {
    return w.place(w.order(id, 8000, Way::kBankTransfer));
  };
  REQUIRE(paid_by_transfer("T2026-n1").accepted());
  CHECK(paid_by_transfer("T2026-n2").refusal.code == RefusalCode::kNumbersUsedUp);
  w.place(w.order("T2026-n3", 100, Way::kQrCashier));
  CHECK(w.choose("T2026-n3", Way::kBankTransfer).refusal.code == RefusalCode::kNumbersUsedUp);
  w.placed("T2026-n4", 500);
}

TEST_CASE("deposit: at an account that is not in the books it leaves nothing") {
  PaymentWorld w;
  const std::size_t before = w.commands();
  const Answer answer = w.wait<Answer>([&](auto done) {
    w.service->deposit({"6228000000000009", "B1", "", "", {100, Currency::kCNY}, {}, {}}, done);
  });
  CHECK(answer.refusal.code == RefusalCode::kAccountNotFound);
  CHECK(w.commands() == before);
}

TEST_CASE("payment: a cashier order may be paid by bank transfer") {
  PaymentWorld w;
  w.place(w.order("T2026-cb", 100, Way::kQrCashier));
  const auto chosen = w.choose("T2026-cb", Way::kBankTransfer);
  REQUIRE(chosen.accepted());
  CHECK(chosen.value.state == OrderState::kPaying);
  CHECK(chosen.value.way == "BANK_TRANSFER");
  CHECK(w.deposit("B1", 100, sub_account_of(chosen.value)).answer == "order/T2026-cb");
  Refund refund = w.refund_of("R2026-cb", "T2026-cb", 100);
  CHECK(w.refund(refund).refusal.code == RefusalCode::kWayNotAllowed);
}

}  // namespace
}  // namespace suanpan::channels::test
