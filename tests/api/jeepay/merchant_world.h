// The merchant API as upstream systems meet it: the HTTP server with its routes, a platform book
// with merchants of every kind, and the sandbox behind the payment service.
#pragma once
#include <fstream>
#include <future>
#include <iterator>
#include <mutex>

#include "api/jeepay/routes.h"
#include "api/jeepay/sign.h"
#include "channels/bank_channel.h"
#include "channels/chart.h"
#include "channels/merchant.h"
#include "channels/payment_service.h"
#include "channels/sandbox/sandbox.h"
#include "channels/wechat_channel.h"
#include "ledger/base/log.h"
#include "settlement/settlement_service.h"
#include "tests/api/jeepay/sdk.h"
#include "tests/support/api_server.h"

namespace suanpan::test {

inline constexpr const char* kShopMchid = "1900000001";
inline constexpr const char* kOwnMchid = "1900000002";
inline constexpr const char* kBankNumber = "6228000000000001";
inline constexpr const char* kFund = "2201/维修资金/小区1/3幢/0402";

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// Keys of the sandbox, made once a process: RSA keys are slow to make.
inline const std::filesystem::path& sandbox_key_folder() {
  static const TempFolder folder;
  static const bool made = [] {
    set_log_level(LogLevel::kOff);
    return sandbox::Keys::make(folder.path(), {kShopMchid, kOwnMchid},
                               Timestamp::of_cn(*Date::of(2026, 1, 1), 0, 0, 0))
        .has_value();
  }();
  REQUIRE(made);
  return folder.path();
}

/// Fields of a request by name; a text that begins with '#' is a number, "" leaves the field out.
using Fields = std::map<std::string, std::string>;

inline api::jeepay::FieldBag bag_of(const Fields& fields) {
  api::jeepay::FieldBag bag;
  for (const auto& [name, text] : fields) {
    if (text.empty()) continue;
    if (text.front() == '#')
      REQUIRE(bag.add({name, text.substr(1), api::jeepay::FieldKind::kNumber}));
    else
      bag.set_text(name, text);
  }
  return bag;
}

struct MerchantWorld {
  std::unique_ptr<sandbox::Sandbox> upstream;
  std::unique_ptr<channels::WechatChannel> wechat;
  std::unique_ptr<channels::BankChannel> bank;
  std::mutex mutex;      ///< guards the sandbox and `cut`
  std::string cut;       ///< requests whose "METHOD path" contains it get no answer
  std::size_t sent = 0;  ///< requests to the outside
  int signed_ = 0;       ///< calls signed
  std::unique_ptr<ApiServer> server;
  std::unique_ptr<channels::PaymentService> payments;
  std::unique_ptr<settlement::SettlementService> settlement;

  /// `started`: the real clock at the start, if not the present.
  explicit MerchantWorld(std::vector<ApiServer::Adder> adders = {api::add_jeepay_routes},
                         std::size_t queue_items = 65536, std::optional<Timestamp> started = {}) {
    make_upstream();
    server = std::make_unique<ApiServer>(
        adders,
        [this, started](ApiServer& s) {
          if (started) s.real.set(*started);
          prepare(s);
        },
        api::RateLimit{1'000'000, 1'000'000}, queue_items);
    server->real.advance_seconds(1);  // clients sign after the start and before we read it
  }
  ~MerchantWorld() {
    server->server->stop(1000);
    server->workers.stop();
    settlement.reset();
    payments.reset();
  }

  Book& book() { return *server->book; }
  ManualClock& business() { return server->business; }
  ManualClock& real() { return server->real; }

  /// A merchant with an app of that id, secret offline-test-key.
  void add(ApiServer& s, const channels::Merchant& merchant, const std::string& app_id,
           const std::function<void(channels::App&)>& change = {}) {
    for (Command& command : channels::add_merchant(merchant))
      REQUIRE(s.book->run(std::move(command)).accepted());
    add_app(s, merchant.mch_no, app_id, change);
  }
  void add_app(ApiServer& s, const std::string& mch_no, const std::string& app_id,
               const std::function<void(channels::App&)>& change = {}) {
    channels::App app{app_id, mch_no, s.vault->seal("app|" + app_id, kSdkSecret), true, 600, true};
    if (change) change(app);
    REQUIRE(s.book->run(channels::put_app(app)).accepted());
  }

  /// A call as the SDK makes it; missing envelope fields are filled in.
  ApiReply call(const std::string& path, Fields fields, const std::string& secret = "") {
    return send(path, signed_body(std::move(fields), secret));
  }
  std::string signed_body(Fields fields, const std::string& secret = "") {
    return signed_bag(std::move(fields), secret).to_json();
  }
  api::jeepay::FieldBag signed_bag(Fields fields, const std::string& secret = "") {
    fields.emplace("mchNo", "M1");
    fields.emplace("appId", "A");
    fields.emplace("version", "1.0");
    fields.emplace("signType", "MD5");
    // A client's clock runs on: two calls of one moment would have the same signature.
    fields.emplace("reqTime", std::to_string(real().now().ms() - 1000 + ++signed_));
    api::jeepay::FieldBag bag = bag_of(fields);
    const auto type = api::jeepay::sign_type_of(fields["signType"]);
    const Secret key(secret.empty() ? std::string(kSdkSecret) : secret);
    bag.set_text("sign", api::jeepay::sign(bag, type.value_or(api::jeepay::SignType::kMd5), key));
    return bag;
  }
  ApiReply send(const std::string& path, const std::string& body,
                const std::string& type = "application/json; charset=UTF-8") {
    HttpRequest request{"POST", path, {}, body, {}};
    request.headers.set("Content-Type", type);
    return server->send(request);
  }

  /// A good order, with what the test wants otherwise.
  static Fields order(const std::string& number, const Fields& more = {}) {
    Fields fields = more;
    fields.emplace("mchOrderNo", number);
    fields.emplace("wayCode", "QR_CASHIER");
    fields.emplace("amount", "#10000");
    fields.emplace("currency", "cny");
    fields.emplace("subject", "物业费 3月");
    fields.emplace("body", "3幢0402");
    fields.emplace("notifyUrl", "https://shop.test/notify?from=pay");
    return fields;
  }
  ApiReply place(const std::string& number, const Fields& more = {}) {
    return call("/api/pay/unifiedOrder", order(number, more));
  }
  /// Our number of an order that must have been taken.
  std::string placed(const std::string& number, const Fields& more = {}) {
    const ApiReply reply = place(number, more);
    INFO(reply.body);
    REQUIRE(reply.at("code") == "0");
    return reply.at("data.payOrderId");
  }
  std::string paid(const std::string& number, Fields more = {}) {
    more.emplace("wayCode", "WX_NATIVE");
    const std::string id = placed(number, more);
    pays(id);
    return id;
  }
  Order stands(const std::string& order_id) {
    const DocumentPtr document = book().document(DocumentKind::kOrder, order_id);
    REQUIRE(document);
    return decode_order(document->bytes).value();
  }
  std::size_t count(DocumentKind kind) {
    std::size_t n = 0;
    REQUIRE(book().for_each_document(kind, [&](const DocumentPtr&) { return ++n, true; }));
    return n;
  }

  void pays(const std::string& order_id) {
    control("/sandbox/wechat/pay", R"({"out_trade_no":")" + order_id + R"(","payer":"oPayer"})");
    deliver();
  }
  void control(const std::string& target, const std::string& body) {
    const std::lock_guard lock(mutex);
    const auto answer = upstream->handle({"POST", target, {}, body, {}}, moment());
    REQUIRE(answer);
    INFO(answer->body);
    REQUIRE(answer->status == 200);
  }
  /// Delivers what WeChat wants to send now.
  void deliver() {
    std::vector<sandbox::OutgoingNotification> due;
    {
      const std::lock_guard lock(mutex);
      due = upstream->take_due_notifications(moment());
    }
    for (const auto& notification : due) {
      std::promise<int> status;
      payments->wechat_notification(notification.request,
                                    [&](HttpResponse r) { status.set_value(r.status); });
      const int answered = status.get_future().get();
      const std::lock_guard lock(mutex);
      upstream->notification_answered(notification.id, answered);
    }
  }
  void advance(int seconds) {
    business().advance_seconds(seconds);
    real().advance_seconds(seconds);
  }
  /// Gives M1 money to be paid out, as a settlement would.
  void give(const std::string& account, std::int64_t fen) {
    VoucherRequest voucher;
    voucher.key = {random_id(), CallerId{7}};
    const auto [from, to] = book().read([&](const State& state, std::uint64_t) {
      return std::pair(state.account(channels::chart::bank_deposit(kBankNumber))->id,
                       state.account(account)->id);
    });
    voucher.legs.push_back({from, to, fen});
    REQUIRE(book().run(std::move(voucher)).accepted());
  }

 private:
  sandbox::Moment moment() { return {business().now(), real().now()}; }

  void make_upstream() {
    auto keys = sandbox::Keys::load(sandbox_key_folder());
    REQUIRE(keys);
    sandbox::Settings settings;
    settings.wechat.book.merchants = {{kShopMchid, {"wx-shop"}, "Shop", kBankNumber},
                                      {kOwnMchid, {"wx-own"}, "Own"}};
    settings.bank.accounts = {{kBankNumber, "示例监管户", 10'000'000, *Date::of(2026, 3, 2)}};
    channels::bank::BankSettings ours{"示例公司",
                                      {{kBankNumber, "示例监管户", "102100099996"}},
                                      Secret(std::string(keys.value().bank_key.reveal()))};
    auto made = sandbox::Sandbox::make(std::move(keys.value()), settings);
    REQUIRE(made);
    upstream = std::move(made.value());
    const auto document = JsonDocument::parse(slurp(sandbox_key_folder() / "keys.json"));
    std::vector<channels::wechat::Credentials> merchants;
    for (const JsonValue& entry : document.value().root().get("merchants").value().elements()) {
      const std::string mchid = entry.get_string("mchid").value();
      auto key =
          PrivateKey::from_pem(slurp(sandbox_key_folder() / ("merchant-" + mchid + "-key.pem")));
      REQUIRE(key);
      merchants.push_back({mchid, mchid == kShopMchid ? "wx-shop" : "wx-own",
                           entry.get_string("serial_no").value(), key.value(),
                           Secret(entry.get_string("api_v3_key").value())});
    }
    auto channel = channels::WechatChannel::make(
        {"https://wechat.test", "https://pay.test/notify/wechat"}, merchants);
    REQUIRE(channel);
    wechat = std::move(channel.value());
    auto at_bank = channels::BankChannel::make("https://bank.test", ours);
    REQUIRE(at_bank);
    bank = std::move(at_bank.value());
  }

  void prepare(ApiServer& s) {
    s.real.set(s.business.now());
    for (OpenAccountRequest& request : channels::platform_accounts())
      REQUIRE(s.book->run(open_account(std::move(request))).accepted());
    REQUIRE(
        s.book->run(open_account(channels::bank_account(kBankNumber, "平台监管户"))).accepted());
    using channels::MerchantMode;
    add(s, {"M1", "小店", MerchantMode::kCollected, true, kShopMchid, kBankNumber, "", ""}, "A");
    add(s,
        {"M1621873433953", "商户", MerchantMode::kCollected, true, kShopMchid, kBankNumber, "", ""},
        "60cc09bce4b0f1c0b83761c9");
    add(s, {"D1", "物业", MerchantMode::kDirect, true, kOwnMchid, "", "", ""}, "D");
    add(s,
        {"S1", "维修资金中心", MerchantMode::kCollected, true, kShopMchid, kBankNumber, "",
         "2201/维修资金"},
        "S");
    add(s, {"M0", "停用商户", MerchantMode::kCollected, false, kShopMchid, "", "", ""}, "Z");
    add_app(s, "M1", "off", [](channels::App& app) { app.enabled = false; });
    add_app(s, "M1", "hmac", [](channels::App& app) { app.md5_allowed = false; });
    add_app(s, "M1", "tight", [](channels::App& app) { app.window_s = 5; });
    for (const char* code : {kFund, "2201/维修资金2/户"}) {
      OpenAccountRequest request;
      request.key = channels::account_claim(code);
      request.code = code;
      request.name = "业主";
      request.type = AccountType::kLiability;
      request.terms.limit = LimitKind::kNotBelowZero;
      REQUIRE(s.book->run(open_account(std::move(request))).accepted());
    }
    channels::PaymentParts parts;
    parts.book = s.book.get();
    parts.vault = s.vault.get();
    parts.business = &s.business;
    parts.real = &s.real;
    parts.wechat = wechat.get();
    parts.bank = bank.get();
    parts.send = [this](const std::string&, HttpRequest request, int,
                        std::function<void(Result<HttpResponse>)> done) {
      done(transport(request));
    };
    payments = std::make_unique<channels::PaymentService>(parts);
    settlement =
        std::make_unique<settlement::SettlementService>(*s.book, *s.vault, *payments, s.business);
    using namespace settlement;
    FeeSchedule schedule = flat_schedule("M1", Rate::parse("0.006").value(), *Date::of(2026, 3, 4));
    FeeEntry repair = schedule.entries.front();
    repair.product = "REPAIR";
    repair.rule.rate = Rate::parse("0.03").value();
    schedule.entries.push_back(repair);
    REQUIRE(s.book->run(put_schedule({id_of("fees M1"), kSystemCaller}, schedule)).accepted());
    schedule = flat_schedule("S1", Rate::parse("0.006").value(), *Date::of(2026, 3, 4));
    repair.product = "SUPERVISED";
    repair.rule.rate = Rate::parse("0.001").value();
    schedule.entries.push_back(repair);
    REQUIRE(s.book->run(put_schedule({id_of("fees S1"), kSystemCaller}, schedule)).accepted());
    s.services->payments = payments.get();
    s.services->settlement = settlement.get();
    s.services->public_url = "https://pay.test/";
    s.services->default_bank_account = kBankNumber;
  }

  Result<HttpResponse> transport(const HttpRequest& request) {
    const std::lock_guard lock(mutex);
    ++sent;
    const std::string line = request.method + " " + std::string(request.path());
    if (!cut.empty() && line.find(cut) != std::string::npos) return fail(Errc::kTimeout, "cut off");
    auto answer = upstream->handle(request, moment());
    if (!answer) return fail(Errc::kTimeout, "no answer within the deadline");
    return *answer;
  }
};

constexpr const char* kUnifiedOrder = "/api/pay/unifiedOrder";

/// A call that is refused, and leaves everything as it was.
inline void check_refused(MerchantWorld& world, const ApiReply& reply, const std::string& before,
                          const std::string& code, const std::string& message) {
  INFO(reply.body);
  CHECK(reply.status == 200);
  CHECK(reply.at("code") == code);
  CHECK(reply.at("msg").find(message) != std::string::npos);
  CHECK(reply.at("data") == "(absent)");
  CHECK(world.server->snapshot() == before);
}

}  // namespace suanpan::test
