// The events stream: order, cursors, resuming, bounds, and who hears what.
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "api/v1/event_feed.h"
#include "api/v1/routes.h"
#include "tests/support/api_server.h"

using namespace suanpan;
using suanpan::test::ApiServer;
using suanpan::tests::RawSocket;

namespace {

const std::vector<ApiServer::Adder> kRoutes{api::v1::add_event_routes,
                                            api::v1::add_event_stream_routes};

/// An event as the stream told it; without an id where it had none.
struct Told {
  std::string id, topic, key;
};

struct Fixture : ApiServer {
  Fixture() : ApiServer(kRoutes) {}

  /// One command of `who` with an event for each key; its sequence.
  std::uint64_t tell(const std::vector<std::string>& keys, const std::string& who = "upstream") {
    ChangeSet changes;
    changes.date = *Date::of(2026, 3, 4);
    for (const std::string& key : keys)
      changes.events.push_back(Event{"thing.happened", key, R"({"a":1})"});
    Command command;
    command.key = {Id128{1, ++told_}, caller_of(who)};
    command.kind = CommandKind::kSetting;
    command.content = {{"n", std::to_string(told_)}};
    command.plan = [changes](const View&, const Moment&) -> Planned<ChangeSet> { return changes; };
    const Answer answer = book->run(command);
    REQUIRE(answer.accepted());
    return answer.seq;
  }
  CallerId caller_of(const std::string& who) {
    auto found = api::find_key(*book, *vault, who);
    REQUIRE((found && found.value()));
    return found.value()->caller;
  }
  RawSocket open_stream(const std::string& target, const std::string& header = "",
                        const std::string& who = "auditor") {
    auto socket = RawSocket::connect(server->port());
    const HttpRequest signed_request = request(who, "GET", target);
    std::string wire = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + header;
    for (const auto& [name, value] : signed_request.headers.fields())
      wire += name + ": " + value + "\r\n";
    socket.send(wire + "\r\n");
    return socket;
  }

 private:
  std::uint64_t told_ = 0;
};

std::string field(const std::string& block, const std::string& name) {
  const auto at = ("\n" + block).find("\n" + name + ": ");
  if (at == std::string::npos) return "";
  const auto begin = at + name.size() + 2;
  return block.substr(begin, block.find('\n', begin) - begin);
}

// The events in what was received, after the head.
std::vector<Told> events_of(const std::string& text) {
  std::vector<Told> events;
  std::size_t at = text.find("\r\n\r\n");
  at = at == std::string::npos ? 0 : at + 4;
  for (std::size_t end; (end = text.find("\n\n", at)) != std::string::npos; at = end + 2) {
    const std::string block = text.substr(at, end - at);
    const std::string data = field(block, "data");
    if (data.empty()) continue;
    const auto json = JsonDocument::parse(data);
    REQUIRE(json);
    events.push_back(
        {field(block, "id"), field(block, "event"), json.value().root().get_string("key").value()});
  }
  return events;
}

std::string keys_of(const std::vector<Told>& events) {
  std::string keys;
  for (const Told& event : events) keys += (keys.empty() ? "" : " ") + event.key;
  return keys;
}

}  // namespace

TEST_CASE("v1 event stream: what was and what happens, in order, the id with a command's last") {
  Fixture f;
  const auto first = f.tell({"a"});
  const auto second = f.tell({"b", "c"});
  auto client = f.open_stream("/v1/events/stream");
  const std::string text = client.receive_until("\"c\"");
  CHECK(text.find("HTTP/1.1 200 OK") == 0);
  CHECK(text.find("\r\nContent-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(text.find("retry: 3000\n\n") != std::string::npos);
  const auto events = events_of(text + client.receive_until("\n\n", 500));
  REQUIRE(keys_of(events) == "a b c");
  CHECK(events[0].id == std::to_string(first));
  CHECK(events[0].topic == "thing.happened");
  CHECK(events[1].id.empty());  // a break here brings b and c again
  CHECK(events[2].id == std::to_string(second));
  const auto third = f.tell({"d"});
  const auto live = events_of(client.receive_until("\"d\"") + "\n\n");
  REQUIRE(keys_of(live) == "d");
  CHECK(live[0].id == std::to_string(third));
}

TEST_CASE("v1 event stream: Last-Event-ID goes on after it, before the parameter") {
  Fixture f;
  const auto first = f.tell({"a"});
  const auto second = f.tell({"b"});
  f.tell({"c"});
  const auto keys = [&](const std::string& query, const std::string& header) {
    auto client = f.open_stream("/v1/events/stream" + query, header);
    return keys_of(events_of(client.receive_until("\"c\"") + "\n\n"));
  };
  CHECK(keys("", "") == "a b c");
  CHECK(keys("?after=" + std::to_string(first), "") == "b c");
  CHECK(keys("", "Last-Event-ID: " + std::to_string(second) + "\r\n") == "c");
  CHECK(keys("?after=0", "Last-Event-ID: " + std::to_string(second) + "\r\n") == "c");
}

TEST_CASE("v1 event stream: a reader that reconnects from its last id misses nothing") {
  Fixture f;
  std::string expected, last_id, got;
  int told = 0;
  const auto tell = [&] {
    const std::string key = "k" + std::to_string(++told);
    f.tell({key});
    expected += (expected.empty() ? "" : " ") + key;
  };
  for (int i = 0; i < 250; ++i) tell();  // more than a page
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 5; ++i) tell();
    auto client = f.open_stream("/v1/events/stream",
                                last_id.empty() ? "" : "Last-Event-ID: " + last_id + "\r\n");
    std::string text =
        client.receive_until(round == 5 ? "\"k" + std::to_string(told) + "\"" : "event", 5000);
    while (round == 5 && !text.ends_with("\n\n")) text += client.receive_until("\n\n", 5000);
    for (const Told& event : events_of(text)) {
      got += (got.empty() ? "" : " ") + event.key;
      last_id = event.id;
    }
    client.reset();
  }
  CHECK(got == expected);
}

TEST_CASE("v1 event stream: an upstream hears of what is its own") {
  Fixture f;
  f.tell({"mine"}, "upstream");
  f.tell({"other"}, "upstream2");
  f.tell({"mine too"}, "upstream");
  auto client = f.open_stream("/v1/events/stream", "", "upstream");
  CHECK(keys_of(events_of(client.receive_until("mine too\"") + "\n\n")) == "mine mine too");
}

TEST_CASE("v1 event stream: a quiet one is kept alive by ids, which tell how far it read") {
  Fixture f;
  const auto last = f.tell({"other"}, "upstream2");
  auto client = f.open_stream("/v1/events/stream", "", "upstream");
  const std::string beat = fmt::format("\nid: {}\n\n", last);
  CHECK(client.receive_until(beat, 20'000).find(beat) != std::string::npos);
}

TEST_CASE("v1 event stream: kept alive on a busy book too, and ended with its key") {
  Fixture f;
  const auto first = f.tell({"other"}, "upstream2");
  auto quiet = f.open_stream("/v1/events/stream", "", "upstream");
  auto thief = f.open_stream("/v1/events/stream", "", "auditor");
  REQUIRE(thief.receive_until("\"other\"").find("HTTP/1.1 200") == 0);
  REQUIRE(f.book->run(api::disable_key({Id128{7, 7}, kSystemCaller}, "auditor")).accepted());
  std::atomic<bool> over = false;
  std::thread busy([&] {
    while (!over) {
      f.tell({"noise"}, "upstream2");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  const std::string beat = quiet.receive_until("\nid: ", 20'000);
  const std::string told = thief.receive_all(20'000);
  over = true;
  busy.join();
  CHECK(beat.find("\nid: ") != std::string::npos);
  CHECK(beat.find("noise") == std::string::npos);
  CHECK(told.find("\"noise\"") == std::string::npos);  // at once
  f.tell({"later"}, "upstream2");
  CHECK(told.find("\"later\"") == std::string::npos);
  CHECK(first > 0);
}

TEST_CASE("v1 events: who waits with a key that is taken out of use is told no more") {
  Fixture f;
  auto waits = f.open_stream(fmt::format("/v1/events?wait_ms=30000&after={}", f.book->last_seq()));
  // It may have come to wait by then or not: it hears nothing either way.
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  REQUIRE(f.book->run(api::disable_key({Id128{7, 7}, kSystemCaller}, "auditor")).accepted());
  f.tell({"later"}, "upstream2");
  const std::string told = waits.receive_until("key_disabled", 40'000);
  CHECK(told.starts_with("HTTP/1.1 401"));
  CHECK(told.find("later") == std::string::npos);
}

TEST_CASE("v1 event stream: as many as may be at one time, and room again when one goes") {
  Fixture f;
  f.tell({"a"});
  std::vector<RawSocket> open;
  for (int i = 0; i < 8; ++i) {
    open.push_back(f.open_stream("/v1/events/stream"));
    open.back().receive_until("\"a\"");
  }
  const auto answer = [&] {
    auto client = f.open_stream("/v1/events/stream");
    return client.receive_until("\r\n\r\n");
  };
  const std::string refused = answer();
  CHECK(refused.find("HTTP/1.1 503") == 0);
  CHECK(refused.find("\r\nRetry-After: 5\r\n") != std::string::npos);
  auto other = f.open_stream("/v1/events/stream", "", "operator");
  CHECK(other.receive_until("\"a\"").find("HTTP/1.1 200") == 0);  // another key's
  open.clear();
  bool served = false;
  for (int i = 0; i < 100 && !served; ++i) {
    f.tell({"b"});  // who has gone is found out by writing
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    served = answer().find("HTTP/1.1 200") == 0;
  }
  CHECK(served);
}

TEST_CASE("v1 event stream: a bad cursor is refused by its name") {
  Fixture f;
  const struct {
    std::string query, header, names;
  } rows[] = {
      {"?after=-1", "", "\\\"after\\\""},
      {"?after=x", "", "\\\"after\\\""},
      {"?limit=5", "", "\\\"limit\\\" is not known"},
      {"", "Last-Event-ID: x\r\n", "\\\"Last-Event-ID\\\" is none of ours"},
      {"", "Last-Event-ID: -1\r\n", "\\\"Last-Event-ID\\\""},
      {"", "Last-Event-ID: 99999999999999999999\r\n", "\\\"Last-Event-ID\\\""},
      {"", "Last-Event-ID: 1\r\nLast-Event-ID: 2\r\n", "\\\"Last-Event-ID\\\""},
  };
  for (const auto& row : rows) {
    auto client = f.open_stream("/v1/events/stream" + row.query, row.header);
    const std::string text = client.receive_until("}");
    INFO(row.query << row.header << text);
    CHECK(text.find("HTTP/1.1 400") == 0);
    CHECK(text.find("\"refusal\":\"malformed\"") != std::string::npos);
    CHECK(text.find(row.names) != std::string::npos);
  }
}

TEST_CASE("v1 event stream: it goes on while every worker is busy with something else") {
  Fixture f;
  f.tell({"a"});
  std::promise<void> let_go;
  const auto gate = let_go.get_future().share();
  for (const char* lane : {"a", "a", "b", "b"})
    REQUIRE(f.workers.submit(lane, [gate] { gate.wait(); }));
  auto client = f.open_stream("/v1/events/stream");
  const std::string first = client.receive_until("\"a\"", 20'000);
  f.tell({"b"});
  const std::string second = client.receive_until("\"b\"", 20'000);
  let_go.set_value();
  CHECK(first.find("\"a\"") != std::string::npos);
  CHECK(second.find("\"b\"") != std::string::npos);
}

TEST_CASE("v1 events: a turn that reads in vain ends, and the next goes on where it ended") {
  Fixture f;
  const CallerId own = f.caller_of("upstream2");
  for (int i = 0; i < 150; ++i) f.tell({"theirs"});
  const auto mine = f.tell({"mine"}, "upstream2");
  f.tell({"theirs"});
  const api::Principal principal{"upstream2", {api::Role::kUpstream}, own, api::Reach::nothing()};
  const Topics topics;
  std::uint64_t after = 0;
  std::vector<std::uint64_t> told;
  int turns = 1;
  for (;; ++turns) {
    const auto read = api::v1::read_events(
        *f.book, {principal, topics}, after, 100, std::chrono::milliseconds(0),
        [&](const StoredCommand& stored, const ToldEvent&) { told.push_back(stored.seq); });
    REQUIRE(read);
    CHECK(read.value().last <= after + 64);
    after = read.value().last;
    if (!read.value().turn_over) break;
    REQUIRE(read.value().last > 0);
  }
  CHECK(told == std::vector<std::uint64_t>{mine});
  CHECK(after == mine + 1);
  CHECK(turns == static_cast<int>((after + 63) / 64));
  // A turn with time reads them all.
  const auto whole =
      api::v1::read_events(*f.book, {principal, topics}, 0, 100, std::chrono::seconds(60),
                           [](const StoredCommand&, const ToldEvent&) {});
  REQUIRE(whole);
  CHECK(whole.value().last == after);
  CHECK_FALSE(whole.value().turn_over);
}

TEST_CASE("v1 events: who waits is not sent away with nothing because there is much to read") {
  Fixture f;
  for (const char* code : {"1002", "2101"}) {
    OpenAccountRequest account;
    account.key = {id_of(code), kSystemCaller};
    account.code = code;
    account.type = code[0] == '1' ? AccountType::kAsset : AccountType::kLiability;
    REQUIRE(f.book->run(open_account(account)).accepted());
  }
  for (std::uint64_t batch = 0; batch < 10; ++batch) {
    std::vector<VoucherRequest> vouchers(8000);
    for (std::uint64_t i = 0; i < vouchers.size(); ++i) {
      vouchers[i].key = {Id128{7, batch * 8000 + i + 1}, kSystemCaller};
      vouchers[i].legs.push_back(Leg{AccountId{1}, AccountId{2}, 1});
    }
    (void)f.book->run(std::move(vouchers));
  }
  const auto mine = f.tell({"mine"}, "upstream2");
  const auto page = f.get("upstream2", "/v1/events?after=0&wait_ms=30000");
  CHECK(page.size("events") == 1);
  CHECK(page.at("next") == std::to_string(mine));
}
