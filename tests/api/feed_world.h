// A book behind the API with its feed, stream and webhooks, for the tests of what they tell.
#pragma once
#include <catch2/catch.hpp>
#include <future>
#include <mutex>

#include "api/v1/event_feed.h"
#include "api/v1/routes.h"
#include "channels/webhooks.h"
#include "tests/support/api_server.h"

namespace suanpan::test {

inline const std::vector<ApiServer::Adder> kFeedRoutes{
    api::v1::add_account_routes, api::v1::add_book_routes,        api::v1::add_voucher_routes,
    api::v1::add_hold_routes,    api::v1::add_reversal_routes,    api::v1::add_event_routes,
    api::v1::add_webhook_routes, api::v1::add_event_stream_routes};
inline const std::string kAllChanges = "voucher.*,hold.*,account.*,period.*";

/// "hold.made:KEY hold.expired:KEY", of an array of events.
inline std::string told(const JsonValue& events) {
  std::string text;
  for (const JsonValue& event : events.elements())
    text += (text.empty() ? "" : " ") + std::string(event.get_string("topic").value()) + ":" +
            std::string(event.get_string("key").value());
  return text;
}
inline std::string told(const ApiReply& page) {
  INFO(page.body);
  REQUIRE(page.status == 200);
  return told(page.json().root().get("events").value());
}

/// Which events were told: (sequence, index), in order.
using Told = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

inline Told events_in(const JsonValue& events) {
  Told told;
  for (const JsonValue& event : events.elements())
    told.emplace_back(event.get_int64("seq").value(), event.get_int64("index").value());
  return told;
}

/// The upstreams have the whole book, "tenant" has the accounts from 2101/M1 on.
struct FeedWorld : ApiServer {
  FeedWorld() : ApiServer(kFeedRoutes) {
    open("1002/B", "asset");
    open_unlimited("2101/M1");
    open_unlimited("2101/M2");
    add_key("tenant", {api::Role::kUpstream}, {{"2101/M1"}, {}});
  }
  std::string made(const std::string& who, const std::string& target, const std::string& body) {
    const ApiReply reply = post(who, target, body, "n" + std::to_string(++calls_));
    INFO(target << " " << body << " -> " << reply.body);
    REQUIRE(reply.status < 300);
    return reply.at("id");
  }
  static std::string legs(int amount, const std::string& more = "") {
    return fmt::format(R"({{"legs":[{{"debit":"1002/B","credit":"2101/M1","amount":{}}}]{}}})",
                       amount, more);
  }
  std::string hold(const std::string& who, int amount, const std::string& more = "") {
    return made(who, "/v1/holds", legs(amount, more));
  }
  std::string in_a_minute() const {
    return R"(,"expires_at":")" + business.now().plus_seconds(60).iso_cn() + "\"";
  }
  std::string feed(const std::string& who, const std::string& topics, std::uint64_t after = 0) {
    return told(get(who, fmt::format("/v1/events?limit=1000&after={}&topics={}", after, topics)));
  }
  tests::RawSocket open_stream(const std::string& who, const std::string& query) {
    auto socket = tests::RawSocket::connect(server->port());
    const HttpRequest signed_request = request(who, "GET", "/v1/events/stream" + query);
    std::string wire = "GET " + signed_request.target + " HTTP/1.1\r\nHost: localhost\r\n";
    for (const auto& [name, value] : signed_request.headers.fields())
      wire += name + ": " + value + "\r\n";
    socket.send(wire + "\r\n");
    return socket;
  }

 private:
  int calls_ = 0;
};

/// The sender as the engine wires it, to receivers that take everything.
class Hooks {
 public:
  explicit Hooks(FeedWorld& f) : f_(f), reaches_(*f.book) {
    channels::WebhookParts parts;
    parts.book = f.book.get();
    parts.vault = f.vault.get();
    parts.business = &f.business;
    parts.real = &f.real;
    parts.send = [this](const std::string&, HttpRequest request, int, auto done) {
      {
        const std::lock_guard lock(mutex_);
        bodies_[std::string(request.headers.find("Suanpan-Webhook").value())].push_back(
            request.body);
      }
      HttpResponse taken;
      taken.status = 204;
      done(taken);
    };
    parts.is_enabled = [](const std::string&) { return true; };
    parts.may_hear = [this](const channels::Webhook& webhook, const StoredCommand& stored,
                            const ToldEvent& event) {
      return api::v1::may_hear(reaches_, webhook, stored, event);
    };
    sender_ = std::make_unique<channels::WebhookSender>(std::move(parts));
  }
  std::string add(const std::string& who, const std::string& topics) {
    const std::string id = f_.made(
        who, "/v1/webhooks", R"({"url":"https://shop.example/hook","topics":[)" + topics + "]}");
    f_.made("operator", "/v1/webhooks/" + id + "/approve", "{}");
    return id;
  }
  void round() {
    std::promise<void> done;
    sender_->deliver_due([&](std::size_t) { done.set_value(); });
    done.get_future().get();
  }
  /// All that a webhook was sent so far, delivery by delivery.
  std::vector<std::string> got(const std::string& id) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> deliveries;
    for (const std::string& body : bodies_[id]) {
      const auto json = JsonDocument::parse(body);
      REQUIRE(json);
      deliveries.push_back(told(json.value().root().get("events").value()));
    }
    return deliveries;
  }
  /// The same by their names, all in one.
  Told named(const std::string& id) {
    const std::lock_guard lock(mutex_);
    Told told;
    for (const std::string& body : bodies_[id]) {
      const auto json = JsonDocument::parse(body);
      REQUIRE(json);
      for (const auto& event : events_in(json.value().root().get("events").value()))
        told.push_back(event);
    }
    return told;
  }

 private:
  FeedWorld& f_;
  api::KeyReaches reaches_;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> bodies_;
  std::unique_ptr<channels::WebhookSender> sender_;
};

}  // namespace suanpan::test
