// What one key may take of what all share: threads, places, answers, the feed, nonces. Nothing here
// is timed: whatever must not wait for something else is answered while that is held up.
#include <catch2/catch.hpp>
#include <future>
#include <map>
#include <thread>

#include "api/v1/answer.h"
#include "tests/api/ledger_server.h"

using namespace suanpan;
using test::ApiReply;
using test::ApiServer;

namespace {

const std::vector<ApiServer::Adder> kRoutes{
    api::v1::add_account_routes, api::v1::add_voucher_routes, api::v1::add_query_routes,
    api::v1::add_event_routes,   api::v1::add_key_routes,     api::v1::add_authority_routes};

struct Fixture : ApiServer {
  explicit Fixture(const api::NonceSettings& nonces = {})
      : ApiServer(kRoutes, {}, {1'000'000, 1'000'000}, 65536, nonces) {
    open("1002/工行", "asset");
    open_unlimited("2101/M1");
  }
  ~Fixture() { release(); }

  /// Takes every place that `lane` may have among the workers, until release().
  void fill(const std::string& lane) {
    while (workers.submit(lane, [gate = gate_] { gate.wait(); })) {
    }
  }
  /// Takes every thread, with two keys that have nothing else to do.
  void take_threads() {
    for (const char* lane : {"a", "a", "b", "b"})
      REQUIRE(workers.submit(lane, [this, gate = gate_] {
        ++held_;
        gate.wait();
      }));
    while (held_ < 4) std::this_thread::yield();
  }
  /// Sends a call and leaves its answer to be read.
  tests::RawSocket ask(const std::string& key, const std::string& target) {
    const HttpRequest asked = request(key, "GET", target);
    std::string wire = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    for (const auto& [name, value] : asked.headers.fields()) wire += name + ": " + value + "\r\n";
    auto socket = tests::RawSocket::connect(server->port());
    socket.send(wire + "\r\n");
    return socket;
  }
  /// What it was answered, if that comes before something more waits for a worker.
  std::string answered_first(tests::RawSocket& socket, std::size_t waiting) const {
    std::string text;
    while (text.empty() && workers.waiting() <= waiting) text = socket.receive_until("\r\n", 1);
    return text;
  }
  void release() {
    if (!std::exchange(released_, true)) open_.set_value();
  }

 private:
  std::atomic<int> held_{0};
  std::promise<void> open_;
  std::shared_future<void> gate_ = open_.get_future().share();
  bool released_ = false;
};

const std::string kVain = "/v1/books/main/vouchers?code=65535";

std::string status_of(const std::string& answer) {
  return answer.size() < 12 ? answer : answer.substr(9, 3);
}

std::string batch_of(int items) {
  std::string body;
  for (int i = 0; i < items; ++i)
    body += (i == 0 ? "" : ",") + test::voucher("1002/工行", "2101/M1", "1");
  return R"({"items":[)" + body + "]}";
}

}  // namespace

TEST_CASE("v1 fairness: a key that fills its places is refused, and others are served") {
  Fixture f;
  f.fill("upstream");
  CHECK(f.get("auditor", kVain).status == 200);
  CHECK(f.get("upstream2", kVain).status == 200);
  f.allowed_failure = 503;
  const ApiReply refused = f.get("upstream", kVain);
  CHECK(refused.told() == "503 overloaded");
  CHECK(refused.header("Retry-After") == "1");
  f.release();
  while (f.workers.waiting() > 0) std::this_thread::yield();
  CHECK(f.get("upstream", kVain).status == 200);
}

TEST_CASE("v1 fairness: whatever others have taken, nobody is refused the first calls") {
  Fixture f;
  f.take_threads();
  for (int i = 0; i < 10; ++i) f.fill("key-" + std::to_string(i));
  const std::size_t taken = f.workers.waiting();
  auto call = f.ask("auditor", kVain);
  CHECK(f.answered_first(call, taken) == "");
  f.release();
  CHECK(status_of(call.receive_all(40'000)) == "200");
}

TEST_CASE("v1 fairness: an answer of what is committed waits for no worker") {
  Fixture f;
  f.take_threads();
  f.fill("upstream");
  const ApiReply reply = f.post("upstream", "/v1/vouchers/batch", batch_of(65), "b");
  REQUIRE(reply.status == 200);
  CHECK(reply.at("accepted") == "65");
  // Nor is it written by whoever commits.
  const auto call = std::make_shared<api::Call>();
  std::promise<std::thread::id> writer;
  api::v1::write_answer(*f.services, call, true,
                        [&writer] { writer.set_value(std::this_thread::get_id()); });
  CHECK(writer.get_future().get() != std::this_thread::get_id());
}

TEST_CASE("v1 fairness: the feed is read beside the workers, whoever has them") {
  Fixture f;
  f.take_threads();
  f.fill("auditor");
  const ApiReply page = f.get("auditor", "/v1/events?after=0&topics=account.opened");
  REQUIRE(page.status == 200);
  CHECK(page.at("events.0.key") == "1002/工行");
  // Who waits at the end is woken, too.
  const std::string next = page.at("next");
  auto waits = f.ask("auditor", "/v1/events?wait_ms=30000&topics=voucher.posted&after=" + next);
  REQUIRE(
      f.post("upstream", "/v1/vouchers", test::voucher("1002/工行", "2101/M1", "1"), "v").status ==
      201);
  CHECK(waits.receive_all(40'000).find(R"("topic":"voucher.posted")") != std::string::npos);
}

TEST_CASE("v1 fairness: of one key 64 calls wait for events, and another may as well") {
  Fixture f;
  constexpr int kCalls = 70, kRefused = 6;
  const std::string target =
      fmt::format("/v1/events?wait_ms=30000&topics=voucher.posted&after={}", f.book->last_seq());
  std::atomic<int> answered{0};
  std::vector<std::string> answers(kCalls + 1);
  std::vector<std::thread> readers;
  const auto call = [&](const std::string& key, std::string& answer) {
    auto socket = std::make_shared<tests::RawSocket>(f.ask(key, target));
    readers.emplace_back([&answer, &answered, socket] {
      answer = socket->receive_all(40'000);
      ++answered;
    });
  };
  for (int i = 0; i < kCalls; ++i) call("auditor", answers[static_cast<std::size_t>(i)]);
  while (answered < kRefused) std::this_thread::yield();  // by now the others wait
  call("upstream", answers.back());
  REQUIRE(
      f.post("upstream", "/v1/vouchers", test::voucher("1002/工行", "2101/M1", "1"), "v").status ==
      201);
  for (std::thread& reader : readers) reader.join();
  std::map<std::string, int> by_status;
  for (int i = 0; i < kCalls; ++i) ++by_status[answers[static_cast<std::size_t>(i)].substr(9, 3)];
  CHECK(by_status == std::map<std::string, int>{{"200", kCalls - kRefused}, {"503", kRefused}});
  CHECK(status_of(answers.back()) == "200");
}

TEST_CASE("v1 fairness: accounts are listed by a worker") {
  Fixture f;
  f.take_threads();
  auto call = f.ask("auditor", "/v1/accounts");
  CHECK(f.answered_first(call, 0) == "");
  CHECK(f.workers.waiting() == 1);
  f.release();
  CHECK(status_of(call.receive_all(40'000)) == "200");
}

TEST_CASE("v1 fairness: a key finds its few accounts among thousands, page by page") {
  Fixture f;
  constexpr std::uint32_t kAccounts = 6000;  // three readings of the book
  std::vector<Command> commands;
  for (std::uint32_t i = 0; i < kAccounts; ++i) {
    OpenAccountRequest request;
    request.key = {Id128{7, i}, kSystemCaller};
    const bool ours = i == 10 || i == 1997 || i == 1998 || i == 4500;
    request.code = fmt::format("{}/{:05}", ours ? "2203/小区1" : "2203/小区2", i);
    request.name = "户";
    request.type = AccountType::kLiability;
    commands.push_back(open_account(std::move(request)));
  }
  for (const Answer& answer : f.book->run(std::move(commands))) REQUIRE(answer.accepted());
  f.add_key("tenant", {api::Role::kUpstream}, {{"2203/小区1"}, {}});
  // Two accounts were there before: number 13 is the eleventh of these.
  const auto page = [&](const std::string& query) {
    const ApiReply reply = f.get("tenant", "/v1/accounts?" + query);
    REQUIRE(reply.status == 200);
    std::string text;
    const JsonDocument json = reply.json();
    for (const JsonValue& account : json.root().get("accounts").value().elements())
      text += fmt::format("{} ", account.get_int64("id").value());
    return text + "next " + reply.at("next_after");
  };
  CHECK(page("limit=1") == "13 next 1999");
  CHECK(page("limit=1&after=1999") == "2000 next 2000");
  CHECK(page("limit=2&after=13") == "2000 2001 next 4502");
  CHECK(page("limit=3&after=13") == "2000 2001 4503 next null");
  CHECK(page("limit=4") == "13 2000 2001 4503 next null");
  CHECK(page("after=4503") == "next null");
  CHECK(page("after=4294967295") == "next null");
}

TEST_CASE("v1 fairness: keys that fill the nonces do not keep an operator from disabling them") {
  api::NonceSettings nonces;
  nonces.max_nonces = 40;
  Fixture f(nonces);
  f.allowed_failure = 503;
  std::map<std::string, int> served;
  for (const char* key : {"upstream", "upstream2"})
    for (int i = 0; i < 60; ++i) {
      const ApiReply reply = f.get(key, "/v1/accounts/2101/M1");
      if (reply.status == 200)
        ++served[key];
      else
        CHECK(reply.told() == "503 unavailable");
    }
  // One call opened an account: 39 are left to the first key, who leaves none.
  CHECK(served["upstream"] == 39);
  CHECK(served["upstream2"] == 13);  // a third of 40
  CHECK(f.get("upstream", "/v1/accounts/2101/M1").status == 503);
  const ApiReply disabled = f.post("operator", "/v1/keys/upstream/disable", "{}", "d");
  INFO(disabled.body);
  CHECK(disabled.status == 200);
  CHECK(f.get("upstream", "/v1/accounts/2101/M1").status == 401);
}
