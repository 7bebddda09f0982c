// Notifications: what they say, how they are signed, when they come again.
#include "tests/channels/sandbox/world.h"

using namespace suanpan;
using namespace suanpan::sandbox::test;
using suanpan::sandbox::OutgoingNotification;

namespace {

std::vector<OutgoingNotification> due(World& world) {
  return world.sandbox->take_due_notifications(world.now);
}

std::string envelope(const OutgoingNotification& one, std::string_view key) {
  return World::text(one.request.body, key);
}

std::string order_of(World& world, const OutgoingNotification& one) {
  return World::text(world.open(one), "out_trade_no");
}

}  // namespace

TEST_CASE("sandbox notifications: a payment is told in a signed envelope that decrypts") {
  World world;
  const std::string transaction = world.paid("T00001", 1'234);
  const auto sent = due(world);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].url == "http://127.0.0.1:9000/notify");
  CHECK(sent[0].request.method == "POST");
  CHECK(sent[0].request.target == "/notify");
  CHECK(*sent[0].request.headers.find("Host") == "127.0.0.1:9000");
  CHECK(World::holds(sent[0].request.headers, sent[0].request.body));
  CHECK(envelope(sent[0], "event_type") == "TRANSACTION.SUCCESS");
  CHECK(envelope(sent[0], "resource_type") == "encrypt-resource");
  CHECK(envelope(sent[0], "create_time") == "2026-03-04T10:00:00+08:00");
  CHECK(envelope(sent[0], "id").size() == 33);
  const std::string plain = world.open(sent[0]);
  CHECK(World::text(plain, "out_trade_no") == "T00001");
  CHECK(World::text(plain, "transaction_id") == transaction);
  CHECK(World::text(plain, "mchid") == kShop);
  CHECK(World::text(plain, "appid") == "wx-shop");
  CHECK(World::text(plain, "trade_state") == "SUCCESS");
  CHECK(World::amount(plain, "total") == 1'234);
}

TEST_CASE("sandbox notifications: a refund is told when it ends, to the address it gave") {
  World world;
  world.paid("T00001", 1'000);
  world.sandbox->notification_answered(due(world).at(0).id, 204);
  const std::string url = R"(,"notify_url":"http://127.0.0.1:9000/refunds")";
  world.fault(R"({"kind":"refund_closed","number":"R2"})");
  world.api("POST", "/v3/refund/domestic/refunds", World::refund("T00001", "R1", 400, 1'000, url));
  world.api("POST", "/v3/refund/domestic/refunds", World::refund("T00001", "R2", 100, 1'000, url));
  world.ask_refund("T00001", "R3", 100, 1'000);  // without an address: nothing is sent
  CHECK(due(world).empty());
  world.now = world.now.plus_seconds(1);
  const auto sent = due(world);
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].request.target == "/refunds");
  CHECK(envelope(sent[0], "event_type") == "REFUND.SUCCESS");
  CHECK(envelope(sent[1], "event_type") == "REFUND.CLOSED");
  const std::string plain = world.open(sent[0]);
  CHECK(World::text(plain, "out_refund_no") == "R1");
  CHECK(World::text(plain, "refund_status") == "SUCCESS");
  CHECK(World::text(plain, "mchid") == kShop);
  CHECK(World::amount(plain, "refund") == 400);
  CHECK(World::amount(plain, "total") == 1'000);
}

TEST_CASE("sandbox notifications: one that is refused comes fifteen times more, as scheduled") {
  World world;
  world.paid("T00001", 100);
  // 15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/3h/3h/6h/6h
  const int after[] = {15,   15,   30,    180,   600,   1200,  1800, 1800,
                       1800, 3600, 10800, 10800, 10800, 21600, 21600};
  auto sent = due(world);
  REQUIRE(sent.size() == 1);
  const std::string first_body = sent[0].request.body;
  for (const int seconds : after) {
    INFO(seconds);
    world.sandbox->notification_answered(sent.at(0).id, 500);
    world.now = world.now.plus_seconds(seconds - 1);
    CHECK(due(world).empty());
    world.now = world.now.plus_seconds(1);
    sent = due(world);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].request.body == first_body);
    CHECK(World::holds(sent[0].request.headers, sent[0].request.body));
  }
  world.now = world.now.plus_seconds(30 * 86400);
  CHECK(due(world).empty());
  CHECK(world.sandbox->wechat().queue().counts().given_up == 1);
}

TEST_CASE("sandbox notifications: 200 and 204 end it, silence does not") {
  for (const auto& [status, again] : {std::pair{200, 0}, {204, 0}, {201, 1}, {401, 1}, {0, 1}}) {
    INFO(status);
    World world;
    world.paid("T00001", 100);
    world.sandbox->notification_answered(due(world).at(0).id, status);
    world.now = world.now.plus_seconds(15);
    CHECK(due(world).size() == static_cast<std::size_t>(again));
  }
}

TEST_CASE("sandbox notifications: the faults of delivery each do what they say") {
  World world;
  SECTION("lost: never sent, though the order is paid") {
    world.fault(R"({"kind":"notify_lost","number":"T00001"})");
    world.paid("T00001", 100);
    world.now = world.now.plus_seconds(86400);
    CHECK(due(world).empty());
    CHECK(World::text(world.query("T00001").body, "trade_state") == "SUCCESS");
  }
  SECTION("duplicate: the same envelope twice") {
    world.fault(R"({"kind":"notify_duplicate","number":"T00001"})");
    world.paid("T00001", 100);
    const auto sent = due(world);
    REQUIRE(sent.size() == 2);
    CHECK(sent[0].id != sent[1].id);
    CHECK(sent[0].request.body == sent[1].request.body);
  }
  SECTION("reordered: a later one goes first") {
    world.fault(R"({"kind":"notify_reordered","number":"T00001"})");
    world.paid("T00001", 100);
    CHECK(due(world).empty());
    world.paid("T00002", 100);
    const auto sent = due(world);
    REQUIRE(sent.size() == 2);
    CHECK(order_of(world, sent[0]) == "T00002");
    CHECK(order_of(world, sent[1]) == "T00001");
  }
  SECTION("reordered, with nothing later: it goes after an hour") {
    world.fault(R"({"kind":"notify_reordered","number":"T00001"})");
    world.paid("T00001", 100);
    world.now = world.now.plus_seconds(3599);
    CHECK(due(world).empty());
    world.now = world.now.plus_seconds(1);
    CHECK(due(world).size() == 1);
  }
  SECTION("wrong amount: well signed, and the query tells the truth") {
    world.fault(R"({"kind":"notify_wrong_amount","number":"T00001","amount_fen":99})");
    world.paid("T00001", 100);
    const auto sent = due(world);
    REQUIRE(sent.size() == 1);
    CHECK(World::holds(sent[0].request.headers, sent[0].request.body));
    CHECK(World::amount(world.open(sent[0]), "total") == 99);
    CHECK(World::amount(world.query("T00001").body, "total") == 100);
  }
  SECTION("forged: the signature does not hold, the retry's does") {
    world.fault(R"({"kind":"notify_forged","number":"T00001"})");
    world.paid("T00001", 100);
    auto sent = due(world);
    REQUIRE(sent.size() == 1);
    CHECK_FALSE(World::holds(sent[0].request.headers, sent[0].request.body));
    world.sandbox->notification_answered(sent[0].id, 401);
    world.now = world.now.plus_seconds(15);
    sent = due(world);
    REQUIRE(sent.size() == 1);
    CHECK(World::holds(sent[0].request.headers, sent[0].request.body));
  }
}

TEST_CASE("sandbox notifications: each n-th is preceded by a probe whose answer is counted") {
  auto settings = World::settings();
  settings.wechat.probe_every = 2;
  World world(settings);
  world.paid("T00001", 100);
  world.paid("T00002", 100);
  const auto sent = due(world);
  REQUIRE(sent.size() == 3);
  const auto signature = sent[1].request.headers.find("Wechatpay-Signature");
  CHECK(signature->starts_with("WECHATPAY/SIGNTEST/"));
  CHECK(World::holds(sent[2].request.headers, sent[2].request.body));
  world.sandbox->notification_answered(sent[1].id, 401);
  CHECK(world.sandbox->wechat().queue().counts().probes_refused == 1);
  CHECK(world.sandbox->wechat().queue().pending() == 2);
  world.sandbox->notification_answered(sent[1].id, 204);
  CHECK(world.sandbox->wechat().queue().counts().probes_believed == 1);
}

TEST_CASE("sandbox notifications: while switching, certificate and public key sign in turn") {
  auto settings = World::settings();
  settings.wechat.signing = sandbox::SigningMode::kSwitching;
  World world(settings);
  world.paid("T00001", 100);
  world.paid("T00002", 100);
  const auto sent = due(world);
  REQUIRE(sent.size() == 2);
  const auto key = PublicKey::from_pem(slurp(key_folder() / "pub-key-mode-public.pem"));
  CHECK(World::holds(sent[0].request.headers, sent[0].request.body));
  CHECK(World::holds_under(key.value(), sent[1].request.headers, sent[1].request.body));
  CHECK(sent[1].request.headers.find("Wechatpay-Serial")->starts_with("PUB_KEY_ID_"));
}
