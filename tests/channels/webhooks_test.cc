// Webhooks against a real receiver over loopback: order, signature, back-off, dead letters, replay,
// and that a restart at any moment loses nothing.
#include "channels/webhooks.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <random>
#include <sstream>

#include "channels/https_client.h"
#include "tests/support/raw_socket.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;
using namespace suanpan::channels;
using suanpan::tests::RawSocket;
using suanpan::tests::ScriptedServer;

namespace {

constexpr CallerId kOwner{100}, kStranger{101}, kOperator{102};
const std::string kSecret = "whsec-0123456789";

/// What came in, as the receiver read it.
struct Received {
  std::string head, body;
  std::string header(const std::string& name) const {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const auto begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

/// An upstream's endpoint; `answer` says with which status, 0 hangs up.
class Receiver {
 public:
  std::function<int(const Received&)> answer = [](const Received&) { return 200; };

  Receiver()
      : server_([this](RawSocket& socket, int) {
          std::string in;
          for (;;) {
            const auto end = in.find("\r\n\r\n");
            std::size_t size = std::string::npos;
            if (end != std::string::npos) {
              const auto at = in.find("Content-Length: ");
              size = end + 4 + std::stoul(in.substr(at + 16));
            }
            if (in.size() < size || size == std::string::npos) {
              const std::string more = socket.receive_until("}", 1000);
              if (more.empty()) return;
              in += more;
              continue;
            }
            const Received got{in.substr(0, end + 2), in.substr(end + 4, size - end - 4)};
            in.erase(0, size);
            int status;
            {
              const std::lock_guard lock(mutex_);
              status = answer(got);
              got_.push_back(got);
            }
            if (status == 0) return;
            socket.send(fmt::format("HTTP/1.1 {} X\r\nContent-Length: 0\r\n\r\n", status));
          }
        }) {}

  std::string url() const { return fmt::format("http://127.0.0.1:{}/hook", server_.port()); }
  std::vector<Received> got() const {
    const std::lock_guard lock(mutex_);
    return got_;
  }
  void say(int status) {
    const std::lock_guard lock(mutex_);
    answer = [status](const Received&) { return status; };
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Received> got_;
  ScriptedServer server_;
};

std::string keys_of(const std::string& body) {
  const auto json = JsonDocument::parse(body);
  REQUIRE(json);
  std::string keys;
  for (const JsonValue& event : json.value().root().get("events").value().elements())
    keys += (keys.empty() ? "" : " ") + event.get_string("key").value();
  return keys;
}

struct World {
  test::TempFolder folder;
  ManualClock business{Timestamp::of_cn(*Date::of(2026, 3, 4), 9, 0, 0)};
  ManualClock real{Timestamp{1'772'586'000'000'000'000}};
  Receiver receiver;
  bool key_enabled = true;
  std::function<void(const Event&)> on_look;  ///< on the sender's threads
  std::unique_ptr<Vault> vault;
  std::unique_ptr<HttpsClient> client;
  std::unique_ptr<Book> book;
  std::unique_ptr<WebhookSender> sender;

  World() {
    auto opened = Vault::open(folder.path() / "key", true);
    REQUIRE(opened);
    vault = std::make_unique<Vault>(std::move(opened.value()));
    open();
  }
  ~World() { close(); }
  void close() {
    if (client) client->stop();
    sender.reset();
    book.reset();
    client.reset();
  }
  void open() {
    BookOptions options;
    options.folder = folder.path() / "book";
    options.create = true;
    options.first_date = *Date::of(2026, 3, 4);
    auto opened = Book::open(options, business);
    REQUIRE(opened);
    book = std::move(opened.value());
    auto made = HttpsClient::create({.allow_private_addresses = true});
    REQUIRE(made);
    client = std::move(made.value());
    WebhookParts parts;
    parts.book = book.get();
    parts.vault = vault.get();
    parts.business = &business;
    parts.real = &real;
    parts.send = [this](const std::string& base, HttpRequest request, int deadline_ms, auto done) {
      client->send(std::move(request), Url::parse(base).value(), deadline_ms, std::move(done));
    };
    parts.is_enabled = [this](const std::string& key_id) {
      return key_enabled && key_id == "upstream";
    };
    parts.may_hear = [this](const Webhook& webhook, const StoredCommand& stored,
                            const ToldEvent& told) {
      if (on_look) on_look(told.event);
      return stored.key.caller == webhook.owner;
    };
    sender = std::make_unique<WebhookSender>(std::move(parts));
  }
  ClaimKey fresh(CallerId caller) { return {Id128{3, ++ids_}, caller}; }

  void webhook(const std::string& id = "wh-1", std::vector<std::string> topics = {}) {
    Webhook made;
    made.id = id;
    made.owner = kOwner;
    made.key_id = "upstream";
    made.url = receiver.url();
    made.topics = std::move(topics);
    made.secret_sealed = seal_webhook_secret(*vault, id, kSecret);
    REQUIRE(book->run(request_webhook(fresh(kOwner), made)).accepted());
    REQUIRE(book->run(approve_webhook(fresh(kOperator), id)).accepted());
  }
  std::uint64_t tell(const std::vector<std::string>& keys, const std::string& topic = "thing.new",
                     CallerId caller = kOwner) {
    ChangeSet changes;
    changes.date = *Date::of(2026, 3, 4);
    for (const std::string& key : keys) changes.events.push_back(Event{topic, key, ""});
    Command command;
    command.key = fresh(caller);
    command.kind = CommandKind::kSetting;
    command.content = {{"n", std::to_string(ids_)}};
    command.plan = [changes](const View&, const Moment&) -> Planned<ChangeSet> { return changes; };
    const Answer answer = book->run(command);
    REQUIRE(answer.accepted());
    return answer.seq;
  }
  /// Many commands at once, each with an event of somebody else's.
  void tell_strangers(std::size_t count, const std::string& topic) {
    std::vector<Command> commands;
    for (std::size_t n = 0; n < count; ++n) {
      Command command;
      command.key = fresh(kStranger);
      command.kind = CommandKind::kSetting;
      command.content = {{"n", std::to_string(ids_)}};
      command.plan = [topic](const View& view, const Moment&) -> Planned<ChangeSet> {
        ChangeSet changes;
        changes.date = view.book().accounting_date;
        changes.events.push_back(Event{topic, "theirs", ""});
        return changes;
      };
      commands.push_back(std::move(command));
    }
    for (const Answer& answer : book->run(std::move(commands))) REQUIRE(answer.accepted());
  }
  std::size_t round() {
    std::promise<std::size_t> done;
    sender->deliver_due([&](std::size_t count) { done.set_value(count); });
    return done.get_future().get();
  }
  Webhook state(const std::string& id = "wh-1") {
    const DocumentPtr document = book->document(DocumentKind::kWebhook, id);
    REQUIRE(document);
    return decode_webhook(document->bytes).value();
  }
  std::string refusal(const Command& command) {
    return std::string(name_of(book->run(command).refusal.code));
  }

 private:
  std::uint64_t ids_ = 0;
};

}  // namespace

TEST_CASE("webhooks: the signature is the HMAC of timestamp and body") {
  // printf '1772586000.{"a":1}' | openssl dgst -sha256 -hmac whsec-0123
  CHECK(webhook_signature("whsec-0123", 1772586000, R"({"a":1})") ==
        "v1=b03164955a191594affea946c67bc665a2c8a1bf0468b2c81405bc10476fc1e3");
}

TEST_CASE("webhooks: many that are far behind hold up one that is not by a turn each") {
  World w;
  constexpr std::size_t kBehind = 800;
  constexpr int kSlow = 4;  // each reads all of them, a millisecond an event
  std::atomic<std::size_t> looked{0}, looked_then{0};
  w.on_look = [&](const Event& event) {
    if (event.topic != "slow.one") return;
    ++looked;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  w.receiver.answer = [&](const Received&) {
    looked_then = looked.load();
    return 200;
  };
  for (int i = 0; i < kSlow; ++i) w.webhook(fmt::format("slow-{}", i), {"slow.*"});
  w.tell_strangers(kBehind, "slow.one");
  w.webhook("the-last", {"thing.new"});
  const auto seq = w.tell({"mine"});
  CHECK(w.round() == kSlow + 1);
  REQUIRE(w.receiver.got().size() == 1);
  CHECK(keys_of(w.receiver.got()[0].body) == "mine");
  CHECK(w.state("the-last").cursor == seq);
  // It was sent long before the others were through, which have all been read, once.
  CHECK(looked_then < kSlow * kBehind / 2);
  CHECK(looked == kSlow * kBehind);
  w.round();
  CHECK(looked == kSlow * kBehind);
}

TEST_CASE("webhooks: a delivery that is read in many turns holds every event once, in order") {
  World w;
  w.webhook("wh-1", {"thing.*"});
  w.on_look = [](const Event&) { std::this_thread::sleep_for(std::chrono::milliseconds(6)); };
  std::string keys;
  for (int i = 0; i < 40; ++i) {
    const std::string key = fmt::format("k{}", i);
    w.tell({key});
    keys += (keys.empty() ? "" : " ") + key;
  }
  CHECK(w.round() == 1);
  REQUIRE(w.receiver.got().size() == 1);
  CHECK(keys_of(w.receiver.got()[0].body) == keys);
}

TEST_CASE("webhooks: who asks for a round goes on while the journal is being read") {
  World w;
  w.webhook();
  w.tell({"a"});
  std::promise<void> open;
  std::atomic<int> rounds{0};
  const auto door = open.get_future().share();
  w.on_look = [&](const Event&) { door.wait(); };
  auto asking = std::async(std::launch::async, [&] {
    for (int i = 0; i < 3; ++i) w.sender->deliver_due([&](std::size_t) { ++rounds; });
  });
  CHECK(asking.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  CHECK(w.receiver.got().empty());
  open.set_value();
  asking.get();
  for (int wait = 0; wait < 2000 && rounds < 3; ++wait)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK(rounds == 3);
  CHECK(w.receiver.got().size() == 1);
}

TEST_CASE("webhooks: what is asked for and may be heard arrives in order, signed, once") {
  World w;
  w.tell({"before"});
  w.webhook("wh-1", {"thing.*"});
  w.tell({"a", "b"});
  w.tell({"c"}, "other.new");
  w.tell({"d"}, "thing.new", kStranger);
  const auto last = w.tell({"e"}, "thing.old");
  CHECK(w.round() == 1);
  const auto got = w.receiver.got();
  REQUIRE(got.size() == 1);
  CHECK(keys_of(got[0].body) == "before a b e");  // its cursor is 0: from the beginning
  CHECK(got[0].head.find("POST /hook HTTP/1.1\r\n") == 0);
  CHECK(got[0].header("Content-Type") == "application/json");
  CHECK(got[0].header("Suanpan-Webhook") == "wh-1");
  CHECK(got[0].header("Suanpan-Timestamp") == "1772586000");
  CHECK(got[0].header("Suanpan-Signature") == webhook_signature(kSecret, 1772586000, got[0].body));
  CHECK(got[0].header("Suanpan-Delivery") == fmt::format("0-0-{}", last));
  CHECK(w.state().cursor == last);
  CHECK(w.state().result == "http 200");
  w.round();
  w.tell({"f"}, "other.new");
  w.round();
  CHECK(w.receiver.got().size() == 1);
  w.tell({"g"});
  w.round();
  REQUIRE(w.receiver.got().size() == 2);
  CHECK(keys_of(w.receiver.got()[1].body) == "g");
}

TEST_CASE("webhooks: more than a page of events are several deliveries, none torn apart") {
  World w;
  w.webhook();
  std::string expected;
  for (int i = 0; i < 90; ++i) {
    const std::string n = std::to_string(i);
    w.tell({"x" + n, "y" + n, "z" + n});
    expected += (i > 0 ? " " : "") + ("x" + n + " y" + n + " z" + n);
  }
  for (int i = 0; i < 5; ++i) w.round();
  std::string keys;
  for (const Received& got : w.receiver.got())
    keys += (keys.empty() ? "" : " ") + keys_of(got.body);
  CHECK(keys == expected);
  CHECK(w.receiver.got().size() == 3);
}

TEST_CASE(
    "webhooks: a failed delivery is tried again by its gaps, then dead; the next one goes on") {
  World w;
  w.webhook();
  w.receiver.say(500);
  const auto seq = w.tell({"a"});
  const int gaps[] = {0, 10, 30, 120, 600, 1800, 3600, 7200};
  std::size_t made = 0;
  for (const int gap : gaps) {
    if (gap > 0) {
      w.business.advance_seconds(gap - 1);
      CHECK(w.round() == 0);
      w.business.advance_seconds(1);
    }
    CHECK(w.state().dead_letters == 0);
    w.round();
    CHECK(w.receiver.got().size() == ++made);
    CHECK(w.state().result == "http 500");
  }
  // Each of seven failures before was a journal entry too, in which nothing happened.
  CHECK(w.state().cursor == seq + 7);
  CHECK(w.state().attempts == 0);
  CHECK(w.state().dead_letters == 1);
  const std::string key = fmt::format("wh-1/{:019}/{:019}", 0, 0);
  const DocumentPtr dead = w.book->document(DocumentKind::kDeadLetter, key);
  REQUIRE(dead);
  const DeadLetter letter = decode_dead_letter(dead->bytes).value();
  CHECK(letter.webhook == "wh-1");
  CHECK(letter.after == 0);
  CHECK(letter.through == seq + 7);
  CHECK(letter.events == 1);
  CHECK(letter.attempts == 8);
  CHECK(letter.result == "http 500");
  std::string given_up;
  REQUIRE(w.book->for_each_command_after(seq, [&](const StoredCommand& command) {
    for (const Event& event : command.effects.events) given_up += event.topic + " " + event.key;
    return true;
  }));
  CHECK(given_up == "webhook.given_up wh-1");

  w.receiver.say(204);
  w.tell({"b"});
  w.round();
  CHECK(keys_of(w.receiver.got().back().body) == "b");
  CHECK(w.state().attempts == 0);
  // The dead one is asked for again.
  REQUIRE(w.book->run(replay_webhook(w.fresh(kOwner), "wh-1", 0)).accepted());
  w.round();
  CHECK(keys_of(w.receiver.got().back().body) == "a b");
  CHECK(w.receiver.got().back().header("Suanpan-Delivery").substr(0, 4) == "1-0-");
}

TEST_CASE("webhooks: every way to fail is told and tried again") {
  const struct {
    int status;
    const char* result;
  } rows[] = {{302, "http 302"}, {404, "http 404"}, {503, "http 503"}, {0, "io"}};
  for (const auto& row : rows) {
    INFO(row.result);
    World w;
    w.webhook();
    w.receiver.say(row.status);
    w.tell({"a"});
    w.round();
    CHECK(w.state().attempts == 1);
    CHECK(w.state().result == row.result);
    w.receiver.say(200);
    w.business.advance_seconds(10);
    w.round();
    CHECK(w.state().attempts == 0);
    CHECK(keys_of(w.receiver.got().back().body) == "a");
  }
}

TEST_CASE("webhooks: a delivery that our own end cuts short is not counted against the receiver") {
  World w;
  w.webhook();
  w.receiver.answer = [&w](const Received&) {
    w.sender->stop();
    return 0;
  };
  w.tell({"a"});
  w.round();
  CHECK(w.receiver.got().size() == 1);
  CHECK(w.state().attempts == 0);
  w.close();
  w.receiver.say(200);
  w.open();
  w.round();
  CHECK(w.receiver.got().size() == 2);
  CHECK(keys_of(w.receiver.got().back().body) == "a");
}

TEST_CASE("webhooks: a stopped sender begins nothing more, and counts what was answered") {
  World w;
  w.webhook();
  w.receiver.answer = [&w](const Received&) {
    w.sender->stop();
    return 500;
  };
  w.tell({"a"});
  w.round();
  CHECK(w.receiver.got().size() == 1);
  CHECK(w.state().attempts == 1);
  w.business.advance_seconds(10);  // it would be due
  w.round();
  CHECK(w.receiver.got().size() == 1);
  w.close();

  w.receiver.say(200);
  w.open();
  w.round();
  CHECK(w.receiver.got().size() == 2);
  CHECK(keys_of(w.receiver.got().back().body) == "a");
  CHECK(w.state().attempts == 0);
}

TEST_CASE("webhooks: one that is not approved, is disabled, or whose key is, hears nothing") {
  World w;
  Webhook made;
  made.id = "wh-2";
  made.owner = kOwner;
  made.key_id = "upstream";
  made.url = w.receiver.url();
  made.secret_sealed = seal_webhook_secret(*w.vault, "wh-2", kSecret);
  REQUIRE(w.book->run(request_webhook(w.fresh(kOwner), made)).accepted());
  w.tell({"a"});
  CHECK(w.round() == 0);
  CHECK(w.refusal(approve_webhook(w.fresh(kOwner), "wh-2")) == "same_person");
  CHECK(w.refusal(replay_webhook(w.fresh(kOwner), "wh-2", 0)) == "document_state_final");
  CHECK(w.refusal(approve_webhook(w.fresh(kOperator), "wh-9")) == "document_not_found");
  REQUIRE(w.book->run(approve_webhook(w.fresh(kOperator), "wh-2")).accepted());
  CHECK(w.refusal(approve_webhook(w.fresh(kOperator), "wh-2")) == "document_state_final");
  w.key_enabled = false;
  CHECK(w.round() == 0);
  w.key_enabled = true;
  CHECK(w.round() == 1);
  CHECK(w.refusal(replay_webhook(w.fresh(kOwner), "wh-2", 1'000)) == "value_invalid");
  REQUIRE(w.book->run(disable_webhook(w.fresh(kOwner), "wh-2")).accepted());
  w.tell({"b"});
  CHECK(w.round() == 0);
  CHECK(w.refusal(disable_webhook(w.fresh(kOwner), "wh-2")) == "document_state_final");
  CHECK(w.receiver.got().size() == 1);
}

TEST_CASE("webhooks: a key that is disabled while its events are read is sent nothing") {
  World w;
  w.webhook();
  w.on_look = [&w](const Event&) { w.key_enabled = false; };
  w.tell({"a"});
  CHECK(w.round() == 1);  // it was looked at
  CHECK(w.receiver.got().empty());
  w.on_look = nullptr;
  CHECK(w.round() == 0);
  w.key_enabled = true;
  CHECK(w.round() == 1);
  CHECK(w.receiver.got().size() == 1);
}

TEST_CASE("webhooks: a result that comes after a replay does not move the new cursor") {
  World w;
  w.webhook();
  w.tell({"a"});
  // The replay is journalled while the receiver has not answered yet.
  {
    std::promise<void> replayed;
    auto done = replayed.get_future().share();
    const auto arrived = std::make_shared<std::promise<void>>();
    const auto first = std::make_shared<std::atomic<bool>>(true);
    w.receiver.answer = [done, arrived, first](const Received&) {
      if (first->exchange(false)) arrived->set_value();
      done.wait();
      return 200;
    };
    std::promise<void> ended;
    w.sender->deliver_due([&](std::size_t) { ended.set_value(); });
    arrived->get_future().wait();
    REQUIRE(w.book->run(replay_webhook(w.fresh(kOwner), "wh-1", 0)).accepted());
    replayed.set_value();
    ended.get_future().wait();
  }
  CHECK(w.state().cursor == 0);
  CHECK(w.state().epoch == 1);
  w.round();
  CHECK(w.receiver.got().size() == 2);
  CHECK(w.state().cursor > 0);
}

TEST_CASE("webhooks: restarts at any moment and a receiver that fails lose nothing") {
  for (const unsigned seed : {1u, 2u, 3u}) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const auto one_in = [&](unsigned n) { return random() % n == 0; };
    World w;
    w.webhook();
    std::mt19937 fails(seed + 100);
    w.receiver.answer = [&fails](const Received&) {
      const auto n = fails() % 6;
      return n == 0 ? 0 : n == 1 ? 500 : 200;
    };
    std::vector<std::string> told;
    for (int i = 0; i < 60; ++i) {
      for (auto n = random() % 4; n > 0; --n) {
        told.push_back("k" + std::to_string(told.size()));
        w.tell({told.back()});
      }
      w.business.advance_seconds(1 + random() % 20);
      if (one_in(3)) {  // cut off with a delivery under way
        w.sender->deliver_due([](std::size_t) {});
        if (one_in(2)) std::this_thread::sleep_for(std::chrono::milliseconds(random() % 5));
        w.close();
        w.open();
      } else {
        w.round();
      }
    }
    w.receiver.say(200);
    w.business.advance_seconds(100'000);
    for (int i = 0; i < 5; ++i) w.round();
    std::vector<std::string> first_seen;
    for (const Received& got : w.receiver.got()) {
      std::istringstream keys(keys_of(got.body));
      for (std::string key; keys >> key;)
        if (std::find(first_seen.begin(), first_seen.end(), key) == first_seen.end())
          first_seen.push_back(key);
    }
    CHECK(first_seen == told);
    CHECK(w.state().dead_letters == 0);
  }
}
