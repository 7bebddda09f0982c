#include "channels/notifier.h"

#include "tests/channels/payment_world.h"

namespace suanpan::channels::test {
namespace {

/// A merchant's endpoint beside the payment world.
struct Endpoint {
  PaymentWorld w;
  std::mutex mutex;
  std::vector<std::pair<std::string, HttpRequest>> got;  ///< origin, request
  std::function<Result<HttpResponse>(const HttpRequest&)> answer = [](const HttpRequest&) {
    return HttpResponse{200, {}, "success"};
  };
  Result<std::string> fields = std::string("payOrderId=1&sign=AB");
  std::unique_ptr<Notifier> notifier = make();

  std::unique_ptr<Notifier> make() {
    NotifierParts parts;
    parts.book = w.book.get();
    parts.business = &w.business;
    parts.send = [this](const std::string& base, HttpRequest request, int,
                        std::function<void(Result<HttpResponse>)> done) {
      std::unique_lock lock(mutex);
      got.emplace_back(base, request);
      const auto say = answer;
      lock.unlock();
      done(say(request));
    };
    parts.render = [this](const std::string& topic, const std::string& id) -> Result<std::string> {
      if (!fields) return fields.error();
      return fields.value() + "&topic=" + topic + "&id=" + id;
    };
    return std::make_unique<Notifier>(std::move(parts));
  }
  std::size_t round() {
    return PaymentWorld::wait<std::size_t>([&](auto done) { notifier->deliver_due(done); });
  }
  NotificationState state(const std::string& key) {
    const DocumentPtr document = w.book->document(DocumentKind::kNotification, key);
    REQUIRE(document);
    return decode_notification(document->bytes).value();
  }
};

TEST_CASE("notifier: a paid order is told once the merchant acknowledges, and then no more") {
  for (const char* body : {"success", "SUCCESS", " Success\r\n"}) {
    Endpoint e;
    e.answer = [body](const HttpRequest&) { return HttpResponse{200, {}, body}; };
    e.w.paid("T2026-n1", 100);
    CHECK(e.round() == 1);
    REQUIRE(e.got.size() == 1);
    CHECK(e.got[0].first == "https://shop.test");
    CHECK(e.got[0].second.method == "POST");
    CHECK(e.got[0].second.target == "/paid");
    CHECK(e.got[0].second.body == "payOrderId=1&sign=AB&topic=order&id=T2026-n1");
    CHECK(e.state("order/T2026-n1").state == "delivered");
    e.w.advance(3600);
    CHECK(e.round() == 0);
  }
}

TEST_CASE("notifier: six attempts with Jeepay's gaps, then it is given up") {
  Endpoint e;
  e.answer = [](const HttpRequest&) { return HttpResponse{200, {}, "fail"}; };
  e.w.paid("T2026-n2", 100);
  const int gaps[] = {0, 30, 60, 90, 120, 150};
  std::size_t made = 0;
  for (const int gap : gaps) {
    if (gap > 0) {
      e.w.advance(gap - 1);
      CHECK(e.round() == 0);
      e.w.advance(1);
    }
    CHECK(e.round() == 1);
    CHECK(e.got.size() == ++made);
    CHECK(e.state("order/T2026-n2").attempts == static_cast<std::int64_t>(made));
  }
  CHECK(e.state("order/T2026-n2").state == "given_up");
  CHECK(e.w.events("notification.given_up") == std::vector<std::string>{"order/T2026-n2"});
  e.w.advance(100'000);
  CHECK(e.round() == 0);
}

TEST_CASE("notifier: what is no acknowledgement is tried again") {
  struct Row {
    Result<HttpResponse> answer;
    const char* result;
  };
  const Row rows[] = {
      {HttpResponse{500, {}, "success"}, "http 500"},
      {HttpResponse{200, {}, ""}, "answer"},
      {HttpResponse{200, {}, "successful"}, "answer"},
      {HttpResponse{200, {}, std::string(100'000, ' ') + "success"}, "answer"},
      {fail(Errc::kTimeout, "late"), "timeout"},
      {fail(Errc::kUnavailable, "refused"), "unavailable"},
  };
  for (const Row& row : rows) {
    Endpoint e;
    e.answer = [&row](const HttpRequest&) { return row.answer; };
    e.w.paid("T2026-n3", 100);
    CHECK(e.round() == 1);
    CHECK(e.state("order/T2026-n3").result == row.result);
    CHECK(e.state("order/T2026-n3").state == "waiting");
    e.answer = [](const HttpRequest&) { return HttpResponse{200, {}, "success"}; };
    e.w.advance(30);
    CHECK(e.round() == 1);
    CHECK(e.state("order/T2026-n3").state == "delivered");
  }
}

TEST_CASE("notifier: attempts are journalled, so a restart goes on where it was") {
  Endpoint e;
  e.answer = [](const HttpRequest&) { return HttpResponse{200, {}, "no"}; };
  e.w.paid("T2026-n4", 100);
  CHECK(e.round() == 1);
  e.notifier.reset();
  e.w.reopen();
  e.notifier = e.make();
  CHECK(e.round() == 0);
  e.w.advance(30);
  CHECK(e.round() == 1);
  CHECK(e.state("order/T2026-n4").attempts == 2);
}

TEST_CASE(
    "notifier: a query in the URL moves into the body, a URL that cannot be called is given up") {
  Endpoint e;
  Order order = e.w.order("T2026-n5", 100);
  order.notify_url = "http://shop.test:8080/paid?shop=7&x=%20";
  REQUIRE(e.w.place(order).accepted());
  Order bad = e.w.order("T2026-n6", 100);
  bad.notify_url = "ftp://shop.test/";
  REQUIRE(e.w.place(bad).accepted());
  e.w.pays("T2026-n5");
  e.w.pays("T2026-n6");
  e.w.deliver();
  CHECK(e.round() == 2);
  REQUIRE(e.got.size() == 1);
  CHECK(e.got[0].first == "http://shop.test:8080");
  CHECK(e.got[0].second.target == "/paid");
  CHECK(e.got[0].second.body.starts_with("shop=7&x=%20&payOrderId=1&"));
  CHECK(e.state("order/T2026-n6").state == "given_up");
}

TEST_CASE("notifier: an attempt that our own end cuts short is not counted against the merchant") {
  Endpoint e;
  e.w.paid("T2026-n8", 100);
  e.answer = [&e](const HttpRequest&) -> Result<HttpResponse> {
    e.notifier->stop();
    return fail(Errc::kIo, "the client has stopped");
  };
  e.round();
  CHECK(e.got.size() == 1);
  CHECK(e.state("order/T2026-n8").attempts == 0);
  CHECK(e.state("order/T2026-n8").state == "waiting");
  e.round();  // begins nothing more
  CHECK(e.got.size() == 1);

  e.notifier = e.make();
  e.answer = [&e](const HttpRequest&) {
    e.notifier->stop();
    return HttpResponse{500, {}, ""};
  };
  e.round();
  CHECK(e.got.size() == 2);
  CHECK(e.state("order/T2026-n8").attempts == 1);  // it was answered
}

TEST_CASE("notifier: what cannot be rendered counts as an attempt and sends nothing") {
  Endpoint e;
  e.fields = fail(Errc::kNotFound, "no app");
  e.w.paid("T2026-n7", 100);
  CHECK(e.round() == 1);
  CHECK(e.got.empty());
  CHECK(e.state("order/T2026-n7").result == "render");
}

/// Puts another version in the place of a notification, as no part of the platform does.
void replace(Endpoint& e, const std::string& key, std::uint32_t version, NotificationState is) {
  Command command;
  command.key = {id_of(fmt::format("{}/{}", key, version)), kSystemCaller};
  command.kind = CommandKind::kNotification;
  command.plan = [=](const View& view, const Moment&) -> Planned<ChangeSet> {
    ChangeSet changes;
    changes.date = view.book().accounting_date;
    changes.documents.push_back(Document{DocumentKind::kNotification, key, version,
                                         is.state == "waiting",
                                         JsonWriter()
                                             .begin_object()
                                             .field("topic", is.topic)
                                             .field("id", is.id)
                                             .field("url", is.url)
                                             .field("attempts", is.attempts)
                                             .field("next_at", is.next_at.ns)
                                             .field("created_at", is.created_at.ns)
                                             .field("state", is.state)
                                             .field("result", is.result)
                                             .end_object()
                                             .take()});
    return changes;
  };
  REQUIRE(e.w.book->run(std::move(command)).accepted());
}

TEST_CASE("notifier: what the book says now is sent, not what it said when it was looked at") {
  Endpoint e;
  e.answer = [](const HttpRequest&) { return HttpResponse{500, {}, ""}; };
  e.w.paid("T2026-n9", 100);
  e.w.paid("T2026-na", 100);
  CHECK(e.round() == 2);
  CHECK(e.round() == 0);  // both are known, and wait
  NotificationState ended = e.state("order/T2026-n9"), sooner = e.state("order/T2026-na");
  ended.attempts = sooner.attempts = 2;
  ended.state = "given_up";
  sooner.next_at = sooner.next_at.plus_seconds(-20);
  replace(e, "order/T2026-n9", 3, ended);
  e.w.advance(10);
  CHECK(e.round() == 0);
  replace(e, "order/T2026-na", 3, sooner);
  CHECK(e.round() == 1);
  CHECK(e.got.size() == 3);
  e.w.advance(1'000);
  CHECK(e.round() == 1);
  CHECK(e.state("order/T2026-n9").attempts == 2);
  CHECK(e.state("order/T2026-na").attempts == 4);
}

TEST_CASE("notifier: an attempt whose result is not journalled leaves what is there to be sent") {
  Endpoint e;
  e.w.paid("T2026-nb", 100);
  e.answer = [&e](const HttpRequest&) {
    NotificationState is = e.state("order/T2026-nb");
    is.attempts = 1;
    is.result = "timeout";
    replace(e, "order/T2026-nb", 2, is);
    return HttpResponse{200, {}, "success"};
  };
  CHECK(e.round() == 1);
  CHECK(e.state("order/T2026-nb").state == "waiting");
  e.answer = [](const HttpRequest&) { return HttpResponse{200, {}, "success"}; };
  CHECK(e.round() == 1);
  CHECK(e.state("order/T2026-nb").state == "delivered");
}

/// A notifier whose requests are answered when the test says so.
struct Hanging {
  using Done = std::function<void(Result<HttpResponse>)>;
  std::mutex mutex;
  std::map<std::string, std::vector<Done>> asked;  ///< by domain: of any.slow.test slow.test
  std::map<std::string, std::size_t> answered;
  Notifier notifier;

  explicit Hanging(Endpoint& e) : notifier(parts(e)) {}
  NotifierParts parts(Endpoint& e) {
    e.notifier.reset();
    NotifierParts parts;
    parts.book = e.w.book.get();
    parts.business = &e.w.business;
    parts.render = [](const std::string&, const std::string&) -> Result<std::string> {
      return std::string("a=1");
    };
    parts.send = [this](const std::string& origin, HttpRequest, int, Done done) {
      std::lock_guard lock(mutex);
      asked[origin.substr(origin.find('.') + 1)].push_back(std::move(done));
    };
    return parts;
  }
  std::size_t asked_of(const std::string& domain) {
    std::lock_guard lock(mutex);
    return asked[domain].size();
  }
  void wait_for(const std::string& domain, std::size_t count) {
    while (asked_of(domain) < count) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  /// The next that was asked of it, when it is.
  void answer(const std::string& domain) {
    wait_for(domain, ++answered[domain]);
    Done done;
    {
      std::lock_guard lock(mutex);
      done = std::move(asked[domain][answered[domain] - 1]);
    }
    done(HttpResponse{200, {}, "success"});
  }
  std::size_t round() {
    return PaymentWorld::wait<std::size_t>([&](auto done) { notifier.deliver_due(done); });
  }
};

void merchant(Endpoint& e, const std::string& number) {
  const Merchant made{number, "小店", MerchantMode::kCollected, true, kShopMch, kAccount, "", ""};
  for (Command& command : add_merchant(made)) REQUIRE(e.w.book->run(std::move(command)).accepted());
}
/// Orders of a merchant, with a host of its own for each: of slow h0.slow.test, h1.slow.test, …
void paid(Endpoint& e, const std::string& number, const std::string& prefix, int count) {
  for (int i = 0; i < count; ++i) {
    const std::string id = "T2026-" + prefix + std::to_string(i);
    Order order = e.w.order(id, 100);
    order.mch_no = number;
    order.texts_sealed = e.w.texts("物业费", number);
    order.notify_url = "https://h" + std::to_string(i) + "." + number + ".test/paid";
    REQUIRE(e.w.place(order).accepted());
    e.w.pays(id);
  }
  e.w.deliver();
}

TEST_CASE("notifier: one that hangs is not sent twice, and holds up no other merchant") {
  Endpoint e;
  const std::string slow = "slow.test", quick = "quick.test";
  merchant(e, "slow");
  merchant(e, "quick");
  paid(e, "slow", "slow", 12);
  paid(e, "quick", "quick", 20);
  Hanging h(e);
  std::promise<std::size_t> first, second;
  h.notifier.deliver_due([&](std::size_t count) { first.set_value(count); });
  h.wait_for(slow, 8);
  for (int i = 0; i < 20; ++i) h.answer(quick);
  CHECK(h.round() == 0);  // nothing that is not under way
  // What comes meanwhile does not wait for the first round's end.
  paid(e, "quick", "later", 9);
  h.notifier.deliver_due([&](std::size_t count) { second.set_value(count); });
  for (int i = 0; i < 9; ++i) h.answer(quick);
  CHECK(second.get_future().get() == 9);
  CHECK(h.asked_of(quick) == 29);
  CHECK(h.asked_of(slow) == 8);
  for (int i = 0; i < 12; ++i) h.answer(slow);
  CHECK(first.get_future().get() == 32);
  CHECK(h.asked_of(slow) == 12);
}

TEST_CASE("notifier: at most 64 are under way, however many merchants hang") {
  Endpoint e;
  std::vector<std::string> merchants;
  for (int i = 0; i < 9; ++i) {
    const std::string number = "m" + std::to_string(i);
    merchants.push_back(number + ".test");
    merchant(e, number);
    paid(e, number, number + "-", 8);
  }
  Hanging h(e);
  std::promise<std::size_t> all;
  h.notifier.deliver_due([&](std::size_t count) { all.set_value(count); });
  const auto asked = [&] {
    std::size_t sum = 0;
    for (const auto& merchant : merchants) sum += h.asked_of(merchant);
    return sum;
  };
  while (asked() < 64) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(h.round() == 0);
  CHECK(asked() == 64);
  // Whoever answers makes room.
  for (std::size_t answered = 0; answered < 72;) {
    for (const auto& merchant : merchants) {
      if (h.asked_of(merchant) == h.answered[merchant]) continue;
      h.answer(merchant);
      ++answered;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  CHECK(all.get_future().get() == 72);
}

}  // namespace
}  // namespace suanpan::channels::test
