// The whole: keys on disk, determinism, control routes.
#include "tests/channels/sandbox/world.h"

using namespace suanpan;
using namespace suanpan::sandbox::test;
using suanpan::sandbox::Keys;
using suanpan::sandbox::Sandbox;

namespace fs = std::filesystem;

namespace {

/// One afternoon's answers, all in a string.
std::string transcript(std::uint64_t seed) {
  auto settings = World::settings();
  settings.seed = seed;
  World world(settings);
  std::string out;
  out += world.api("POST", "/v3/pay/transactions/native", World::order("T00001", 100)).body;
  out += world.pay(R"({"out_trade_no":"T00001"})");
  out += *world.query("T00001").headers.find("Wechatpay-Signature");
  for (const auto& one : world.sandbox->take_due_notifications(world.now))
    out += one.id + one.request.body + std::string(*one.request.headers.find("Wechatpay-Nonce"));
  return out + world.control("/sandbox/state", "", "GET").body;
}

}  // namespace

TEST_CASE("sandbox: the same calls get the same bytes; another seed other numbers") {
  CHECK(transcript(1) == transcript(1));
  CHECK(transcript(1) != transcript(2));
}

TEST_CASE("sandbox: keys are written once, for their owner only, and loaded again") {
  const fs::path folder = key_folder();
  const std::string before = slurp(folder / "keys.json");
  const auto again = Keys::make(folder, {kShop}, Timestamp::of_cn(*Date::of(2026, 1, 1), 0, 0, 0));
  REQUIRE(again);
  CHECK(slurp(folder / "keys.json") == before);
  CHECK(again.value().merchants.size() == 2);
  for (const char* name : {"keys.json", "platform-key.pem", "merchant-1900000001-key.pem"})
    CHECK(fs::status(folder / name).permissions() ==
          (fs::perms::owner_read | fs::perms::owner_write));
  const auto certificate = Certificate::from_pem(slurp(folder / "merchant-1900000001-cert.pem"));
  REQUIRE(certificate);
  CHECK(before.find(certificate.value().serial_hex()) != std::string::npos);
  const auto stranger = Keys::make(folder, {"1900000009"}, Timestamp{});
  REQUIRE_FALSE(stranger);
  CHECK(stranger.error().code == Errc::kConfig);
}

TEST_CASE("sandbox: keys that are missing or damaged are refused with a reason") {
  const fs::path folder = key_folder() / "copy";
  const auto fresh = [&] {
    fs::remove_all(folder);
    fs::create_directory(folder);
    for (const auto& entry : fs::directory_iterator(key_folder()))
      if (entry.is_regular_file()) fs::copy(entry.path(), folder);
  };
  CHECK(Keys::load(key_folder() / "nowhere").error().code == Errc::kIo);
  for (const char* name : {"keys.json", "platform-key.pem", "merchant-1900000002-cert.pem"}) {
    INFO(name);
    fresh();
    REQUIRE(Keys::load(folder));
    std::ofstream(folder / name) << "damaged";
    CHECK(Keys::load(folder).error().code == Errc::kMalformed);
    fs::remove(folder / name);
    CHECK(Keys::load(folder).error().code == Errc::kIo);
  }
}

TEST_CASE("sandbox: settings that contradict themselves are refused") {
  const auto code = [](const std::function<void(sandbox::Settings&)>& change) {
    auto settings = World::settings();
    change(settings);
    const auto made = Sandbox::make(Keys::load(key_folder()).value(), settings);
    return made ? "good" : name_of(made.error().code);
  };
  CHECK(code([](auto&) {}) == std::string("good"));
  const std::function<void(sandbox::Settings&)> bad[] = {
      [](auto& s) { s.wechat.book.merchants[0].mchid = "1900000009"; },
      [](auto& s) { s.wechat.book.merchants[1].mchid = kShop; },
      [](auto& s) { s.wechat.book.merchants[0].bank_account = "nowhere"; },
      [](auto& s) { s.bank.accounts.push_back(s.bank.accounts[0]); },
      [](auto& s) { s.bank.accounts[0].account = ""; },
  };
  for (const auto& change : bad) CHECK(code(change) == std::string("config"));
}

TEST_CASE("sandbox: a merchant that has keys but is not played is not let in") {
  auto settings = World::settings();
  settings.wechat.book.merchants.pop_back();
  World world(settings);
  CHECK(world.api("GET", "/v3/certificates", "", kOther).status == 401);
}

TEST_CASE("sandbox: the state shows every record and no key") {
  World world;
  world.paid("T00001", 10'000);
  world.ask_refund("T00001", "R1", 100, 10'000);
  world.control("/sandbox/bank/deposit",
                R"({"account":"6228000000000001","amount_fen":5,"sub_account":"6000000426"})");
  world.fault(R"({"kind":"drop_after"})");
  const std::string state = world.control("/sandbox/state", "", "GET").body;
  REQUIRE(JsonDocument::parse(state));
  for (const char* part :
       {R"("out_trade_no":"T00001","total_fen":10000)", R"("out_refund_no":"R1")",
        R"("balance_fen":100005)", R"("sub_accounts":{"6000000426":5})", R"("kind":"drop_after")",
        R"("notifications":{"pending":1,"created":1)"}) {
    INFO(part);
    CHECK(state.find(part) != std::string::npos);
  }
  for (const auto& [mchid, key] : world.api_keys) CHECK(state.find(key) == std::string::npos);
}

TEST_CASE("sandbox: a control request that is wrong is refused and does nothing") {
  World world;
  world.place("T00001", 100);
  struct Row {
    const char* target;
    const char* body;
    const char* told;
  };
  const Row rows[] = {
      {"/sandbox/wechat/pay", "{}", "400 malformed"},
      {"/sandbox/wechat/pay", R"({"out_trade_no":"T00001","code_url":"x"})", "400 malformed"},
      {"/sandbox/wechat/pay", R"({"out_trade_no":1})", "400 malformed"},
      {"/sandbox/wechat/pay", R"({"out_trade_no":"T00001","late":"yes"})", "400 malformed"},
      {"/sandbox/wechat/pay", R"({"out_trade_no":"T99999"})", "404 ORDER_NOT_EXIST"},
      {"/sandbox/wechat/pay", "[]", "400 malformed"},
      {"/sandbox/wechat/pay", "{", "400 malformed"},
      {"/sandbox/wechat/settle", R"({"date":"2026-03-03","basis":"hope"})", "400 malformed"},
      {"/sandbox/wechat/settle", "{}", "400 malformed"},
      {"/sandbox/bank/deposit", "{}", "400 malformed"},
      {"/sandbox/bank/accounts", R"({"account":"1","opened_on":"x"})", "400 malformed"},
      {"/sandbox/clock", "{}", "404 NOT_FOUND"},
  };
  for (const Row& row : rows) {
    INFO(row.target << " " << row.body);
    const HttpResponse refused = world.control(row.target, row.body);
    CHECK(fmt::format("{} {}", refused.status, World::text(refused.body, "code")) == row.told);
  }
  CHECK(world.control("/elsewhere", "", "GET").status == 404);
  CHECK(World::text(world.query("T00001").body, "trade_state") == "NOTPAY");
}
