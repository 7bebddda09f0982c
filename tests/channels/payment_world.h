// A platform book with a collected and a direct merchant, in front of the sandbox: WeChat Pay and a
// bank, both behind one Send function that tests can cut.
#pragma once
#include <catch2/catch.hpp>
#include <fstream>
#include <future>
#include <iterator>
#include <mutex>
#include <thread>

#include "channels/bank_channel.h"
#include "channels/chart.h"
#include "channels/payee.h"
#include "channels/payment_service.h"
#include "channels/personal_texts.h"
#include "channels/sandbox/sandbox.h"
#include "channels/wechat_channel.h"
#include "ledger/base/digest.h"
#include "ledger/base/json.h"
#include "ledger/base/log.h"
#include "ledger/engine/verify.h"
#include "tests/support/temp_folder.h"

namespace suanpan::channels::test {

inline constexpr const char* kShopMch = "1900000001";  // collected: money comes to us
inline constexpr const char* kOwnMch = "1900000002";   // direct: the merchant's own
inline constexpr const char* kAccount = "6228000000000001";
inline constexpr const char* kPayeeAccount = "6222000000000013";
inline const std::string kReceivable = "1122/wxpay/1900000001";
inline const std::string kBankMoney = "1002/6228000000000001";
inline const std::string kPending = "2101/M1";
inline const std::string kPayable = "2102/M1";

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// Keys of the sandbox, made once a process: RSA keys are slow to make.
inline const std::filesystem::path& sandbox_keys() {
  static const suanpan::test::TempFolder folder;
  static const bool made = [] {
    set_log_level(LogLevel::kOff);
    const auto keys = sandbox::Keys::make(folder.path(), {kShopMch, kOwnMch},
                                          Timestamp::of_cn(*Date::of(2026, 1, 1), 0, 0, 0));
    return keys.has_value();
  }();
  REQUIRE(made);
  return folder.path();
}

struct PaymentWorld {
  suanpan::test::TempFolder folder;
  ManualClock business{*Timestamp::parse("2026-03-04 10:00:00")};
  ManualClock real{*Timestamp::parse("2026-03-04 10:00:00")};
  std::optional<Vault> vault;
  std::unique_ptr<sandbox::Sandbox> upstream;
  std::unique_ptr<WechatChannel> wechat;
  std::unique_ptr<BankChannel> bank;
  std::unique_ptr<Book> book;
  std::unique_ptr<PaymentService> service;

  std::mutex mutex;               ///< guards the sandbox and what follows
  std::vector<std::string> sent;  ///< "POST /v3/pay/transactions/native"
  /// What the network does instead of asking the sandbox; nothing: let it through.
  std::function<std::optional<Result<HttpResponse>>(const HttpRequest&)> cut;

  /// Answers to requests whose "METHOD path" contains this are made at once and lie in `held` until
  /// release(). Set it while nothing is under way.
  std::string hold;
  std::vector<std::function<void()>> held;
  unsigned shards = 0;  ///< of the book; 0: its own choice

  /// Waits until `count` answers are held.
  void wait_held(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (;;) {
      {
        std::lock_guard lock(mutex);
        if (held.size() >= count) return;
      }
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  /// Delivers what is held; what follows is not held any more.
  void release() {
    std::vector<std::function<void()>> now;
    {
      std::lock_guard lock(mutex);
      hold.clear();
      now.swap(held);
    }
    for (const auto& deliver : now) deliver();
  }

  explicit PaymentWorld(bool with_public_key = false, unsigned with_shards = 0)
      : shards(with_shards) {
    make_upstream(with_public_key);
    auto opened = Vault::open(folder.path() / "vault.key", true);
    REQUIRE(opened);
    vault.emplace(std::move(opened.value()));
    open_book(true);
    for (OpenAccountRequest& request : platform_accounts())
      REQUIRE(book->run(open_account(std::move(request))).accepted());
    for (const bank::DebtorAccount& ours : bank->accounts())
      REQUIRE(book->run(open_account(bank_account(ours.account, ours.name))).accepted());
    Merchant shop{"M1", "小店", MerchantMode::kCollected, true, kShopMch, kAccount, "", ""};
    Merchant own{"M2", "物业", MerchantMode::kDirect, true, kOwnMch, "", "", ""};
    for (const Merchant& merchant : {shop, own})
      for (Command& command : add_merchant(merchant))
        REQUIRE(book->run(std::move(command)).accepted());
    open_service();
  }
  /// Whatever a test did to it, the book must verify.
  ~PaymentWorld() {
    service.reset();
    book.reset();
    const auto report = verify(folder.path() / "book");
    CHECK(report);
    if (report) CHECK(report.value().first_fault == "");
  }

  void make_upstream(bool with_public_key) {
    auto keys = sandbox::Keys::load(sandbox_keys());
    REQUIRE(keys);
    sandbox::Settings settings;
    settings.wechat.book.merchants = {{kShopMch, {"wx-shop"}, "Shop", kAccount},
                                      {kOwnMch, {"wx-own"}, "Own"}};
    settings.bank.accounts = {{kAccount, "示例监管户", 10'000'000, *Date::of(2026, 3, 2)}};
    const std::string bank_key(keys.value().bank_key.reveal());
    if (with_public_key) settings.wechat.signing = sandbox::SigningMode::kPublicKey;
    const std::string key_id = keys.value().public_key_id;
    auto made = sandbox::Sandbox::make(std::move(keys.value()), settings);
    REQUIRE(made);
    upstream = std::move(made.value());

    const auto document = JsonDocument::parse(slurp(sandbox_keys() / "keys.json"));
    std::vector<wechat::Credentials> merchants;
    for (const JsonValue& entry : document.value().root().get("merchants").value().elements()) {
      const std::string mchid = entry.get_string("mchid").value();
      auto key = PrivateKey::from_pem(slurp(sandbox_keys() / ("merchant-" + mchid + "-key.pem")));
      REQUIRE(key);
      wechat::Credentials credentials{mchid, mchid == kShopMch ? "wx-shop" : "wx-own",
                                      entry.get_string("serial_no").value(), key.value(),
                                      Secret(entry.get_string("api_v3_key").value())};
      if (with_public_key)
        REQUIRE(credentials.platform_keys.add_public_key(
            key_id, slurp(sandbox_keys() / "pub-key-mode-public.pem")));
      merchants.push_back(std::move(credentials));
    }
    auto channel =
        WechatChannel::make({"https://wechat.test", "https://pay.test/notify/wechat"}, merchants);
    REQUIRE(channel);
    wechat = std::move(channel.value());
    bank::BankSettings ours{
        "示例公司", {{kAccount, "示例监管户", "102100099996"}}, Secret(bank_key)};
    auto at_bank = BankChannel::make("https://bank.test", ours);
    REQUIRE(at_bank);
    bank = std::move(at_bank.value());
  }

  void open_book(bool create) {
    BookOptions options;
    options.folder = folder.path() / "book";
    options.create = create;
    options.shards = shards;
    options.first_date = *Date::of(2026, 3, 4);
    auto opened = Book::open(options, business);
    REQUIRE(opened);
    book = std::move(opened.value());
  }
  PaymentParts parts() {
    PaymentParts parts;
    parts.book = book.get();
    parts.vault = &*vault;
    parts.business = &business;
    parts.real = &real;
    parts.wechat = wechat.get();
    parts.bank = bank.get();
    parts.send = [this](const std::string&, HttpRequest request, int,
                        std::function<void(Result<HttpResponse>)> done) {
      const std::string line = request.method + " " + std::string(request.path());
      const bool late = !hold.empty() && line.find(hold) != std::string::npos;
      auto answer = transport(request);
      if (!late) return done(std::move(answer));
      std::lock_guard lock(mutex);
      held.push_back([done = std::move(done), answer = std::move(answer)] { done(answer); });
    };
    return parts;
  }
  void open_service() { service = std::make_unique<PaymentService>(parts()); }
  /// What a restart finds: the journal, nothing else.
  void reopen() {
    service.reset();
    book.reset();
    open_book(false);
    open_service();
  }

  Result<HttpResponse> transport(const HttpRequest& request) {
    std::lock_guard lock(mutex);
    sent.push_back(request.method + " " + std::string(request.path()));
    if (cut)
      if (auto answer = cut(request)) return *answer;
    auto answer = upstream->handle(request, moment());
    if (!answer) return fail(Errc::kTimeout, "no answer within the deadline");
    return *answer;
  }
  std::size_t sent_to(std::string_view part) {
    std::lock_guard lock(mutex);
    return static_cast<std::size_t>(std::count_if(
        sent.begin(), sent.end(),
        [&](const std::string& line) { return line.find(part) != std::string::npos; }));
  }
  /// Cuts every request whose "METHOD path" contains `part`.
  void cut_off(std::string part, Errc how = Errc::kTimeout) {
    std::lock_guard lock(mutex);
    cut = [part, how](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
      const std::string line = request.method + " " + std::string(request.path());
      if (line.find(part) == std::string::npos) return std::nullopt;
      return Result<HttpResponse>(fail(how, "cut off"));
    };
  }
  void reconnect() {
    std::lock_guard lock(mutex);
    cut = nullptr;
  }

  /// How far the channel's clock is behind ours: it takes money for orders that we call expired.
  int upstream_behind_s = 0;
  sandbox::Moment moment() const {
    return {business.now().plus_seconds(-upstream_behind_s), real.now()};
  }
  void advance(int seconds) {
    business.advance_seconds(seconds);
    real.advance_seconds(seconds);
  }
  std::string control(const std::string& target, const std::string& body) {
    std::lock_guard lock(mutex);
    const auto answer = upstream->handle({"POST", target, {}, body, {}}, moment());
    REQUIRE(answer);
    INFO(answer->body);
    REQUIRE(answer->status == 200);
    return answer->body;
  }
  void fault(const std::string& json) { control("/sandbox/faults", json); }
  /// The payer pays; the channel's number.
  std::string pays(const std::string& order_id, const std::string& more = "") {
    const auto body = control("/sandbox/wechat/pay", R"({"out_trade_no":")" + order_id +
                                                         R"(","payer":"oPayer")" + more + "}");
    const auto json = JsonDocument::parse(body);
    return json.value().root().get_string("transaction_id").value();
  }

  HttpResponse notify(const HttpRequest& request) {
    std::promise<HttpResponse> promise;
    service->wechat_notification(request, [&](HttpResponse r) { promise.set_value(r); });
    return promise.get_future().get();
  }
  /// Delivers what WeChat wants to send now; the statuses that we answered.
  std::vector<int> deliver() {
    std::vector<int> statuses;
    std::vector<sandbox::OutgoingNotification> due;
    {
      std::lock_guard lock(mutex);
      due = upstream->take_due_notifications(moment());
    }
    for (const auto& notification : due) {
      statuses.push_back(notify(notification.request).status);
      std::lock_guard lock(mutex);
      upstream->notification_answered(notification.id, statuses.back());
    }
    return statuses;
  }

  template <class T, class Call>
  static T wait(Call&& call) {
    std::promise<T> promise;
    call([&](T value) { promise.set_value(std::move(value)); });
    return promise.get_future().get();
  }

  std::string texts(const std::string& title, const std::string& mch_no = "M1") {
    return seal_texts(vault->subjects().take().value(), mch_no, {title, "", ""});
  }
  std::string payee(const std::string& mch_no, const Payee& payee) {
    return seal_payee(payee_key(*vault, payee).value(), mch_no, payee);
  }
  Order order(const std::string& id, std::int64_t fen, Way way = Way::kWxNative) {
    Order order;
    order.order_id = id;
    order.mch_no = "M1";
    order.app_id = "A1";
    order.mch_order_no = "up-" + id;
    order.way = name_of(way);
    order.amount = {fen, Currency::kCNY};
    order.lines = {{"货款", kPending, fen}};
    order.texts_sealed = texts("物业费");
    order.notify_url = "https://shop.test/paid";
    order.created_at = business.now();
    order.expires_at = business.now().plus_seconds(1800);
    return order;
  }
  Order own_order(const std::string& id, std::int64_t fen, std::int64_t fee) {
    Order own = order(id, fen);
    own.mch_no = "M2";
    own.texts_sealed = texts("物业费", "M2");
    own.direct = true;
    own.lines.clear();
    own.fee = fee;
    return own;
  }
  static ClaimKey key(const std::string& text) { return {id_of(text), CallerId{7}}; }

  Outcome<Order> place(const Order& order, PayerDetails payer = {"oPayer", "203.0.113.7"}) {
    return wait<Outcome<Order>>([&](auto done) {
      service->place(key("place|" + order.mch_order_no),
                     {{"amount", std::to_string(order.amount.minor)}}, order, payer, done);
    });
  }
  Outcome<Order> choose(const std::string& id, Way way,
                        PayerDetails payer = {"oPayer", "203.0.113.7"}) {
    return wait<Outcome<Order>>([&](auto done) { service->choose_way(id, way, payer, done); });
  }
  Outcome<Order> close(const std::string& id) {
    return wait<Outcome<Order>>([&](auto done) { service->close(id, done); });
  }
  Order stands(const std::string& id, bool ask = false) {
    auto outcome = wait<Outcome<Order>>([&](auto done) { service->query(id, ask, done); });
    REQUIRE(outcome.accepted());
    return outcome.value;
  }
  Order placed(const std::string& id, std::int64_t fen) {
    const auto outcome = place(order(id, fen));
    REQUIRE(outcome.accepted());
    REQUIRE(outcome.value.state == OrderState::kPaying);
    return outcome.value;
  }
  Order paid(const std::string& id, std::int64_t fen) {
    placed(id, fen);
    pays(id);
    REQUIRE(deliver() == std::vector<int>{204});
    const Order now = stands(id);
    REQUIRE(now.state == OrderState::kPaid);
    return now;
  }

  Refund refund_of(const std::string& id, const std::string& order_id, std::int64_t fen) {
    Refund refund;
    refund.refund_id = id;
    refund.order_id = order_id;
    refund.mch_no = "M1";
    refund.app_id = "A1";
    refund.mch_refund_no = "up-" + id;
    refund.amount = {fen, Currency::kCNY};
    refund.texts_sealed = texts("退货");
    refund.notify_url = "https://shop.test/refunded";
    refund.created_at = business.now();
    return refund;
  }
  void ask_refund(const Refund& refund, std::function<void(Outcome<Refund>)> done) {
    service->refund(key("refund|" + refund.mch_refund_no),
                    {{"amount", std::to_string(refund.amount.minor)}}, refund, std::move(done));
  }
  Outcome<Refund> refund(const Refund& refund) {
    return wait<Outcome<Refund>>([&](auto done) { ask_refund(refund, done); });
  }
  Refund refund_stands(const std::string& id, bool ask = false) {
    auto outcome = wait<Outcome<Refund>>([&](auto done) { service->query_refund(id, ask, done); });
    REQUIRE(outcome.accepted());
    return outcome.value;
  }

  Payout payout_of(const std::string& id, std::int64_t fen) {
    Payout payout;
    payout.payout_id = id;
    payout.mch_no = "M1";
    payout.mch_order_no = "up-" + id;
    payout.amount = {fen, Currency::kCNY};
    payout.source_account = kPayable;
    payout.transit_account = "2103";
    payout.bank_account = kBankMoney;
    payout.payer_number = kAccount;
    payout.payee_sealed = payee("M1", {"工程公司", kPayeeAccount, "102100099996"});
    payout.remark = "结算";
    payout.created_at = business.now();
    return payout;
  }
  Outcome<Payout> pay_out(const Payout& payout) {
    return wait<Outcome<Payout>>([&](auto done) {
      service->payout(key("payout|" + payout.mch_order_no),
                      {{"amount", std::to_string(payout.amount.minor)}}, payout, done);
    });
  }
  Payout payout_stands(const std::string& id, bool ask = false) {
    auto outcome = wait<Outcome<Payout>>([&](auto done) { service->query_payout(id, ask, done); });
    REQUIRE(outcome.accepted());
    return outcome.value;
  }
  Answer returned(const std::string& id, const std::string& reference) {
    return wait<Answer>(
        [&](auto done) { service->payout_returned(id, reference, business.now(), done); });
  }
  Answer deposit(const std::string& reference, std::int64_t fen, const std::string& sub_account,
                 const std::string& remark = "") {
    return wait<Answer>([&](auto done) {
      service->deposit({kAccount,
                        reference,
                        sub_account,
                        remark,
                        {fen, Currency::kCNY},
                        business.now(),
                        business.now().date_cn()},
                       done);
    });
  }

  std::size_t poll() {
    return wait<std::size_t>([&](auto done) { service->poll_due(done); });
  }

  /// The posted balance on the account's normal side.
  std::int64_t balance(const std::string& code) const {
    return book->read([&](const State& state, std::uint64_t) {
      const Account* account = state.account(code);
      REQUIRE(account);
      return state.balance(account->id).posted(account->normal);
    });
  }
  /// Gives the merchant money to be paid out, as a settlement would.
  void give_payable(std::int64_t fen) {
    const auto [bank_id, payable] = book->read([&](const State& state, std::uint64_t) {
      return std::pair(state.account(kBankMoney)->id, state.account(kPayable)->id);
    });
    VoucherRequest voucher;
    voucher.key = key("give " + std::to_string(business.now().ns) + std::to_string(fen));
    voucher.legs.push_back({bank_id, payable, fen});
    REQUIRE(book->run(std::move(voucher)).accepted());
  }
  /// Keys of events of a topic, in journal order.
  std::vector<std::string> events(std::string_view topic) const {
    std::vector<std::string> keys;
    REQUIRE(book->for_each_command_after(0, [&](const StoredCommand& command) {
      for (const Event& event : command.effects.events)
        if (event.topic == topic) keys.push_back(event.key);
      return true;
    }));
    return keys;
  }
  /// Payloads of events of a topic, in journal order.
  std::vector<std::string> payloads(std::string_view topic) const {
    std::vector<std::string> texts;
    REQUIRE(book->for_each_command_after(0, [&](const StoredCommand& command) {
      for (const Event& event : command.effects.events)
        if (event.topic == topic) texts.push_back(event.payload);
      return true;
    }));
    return texts;
  }
  std::size_t commands() const { return book->statistics().last_seq; }
};

}  // namespace suanpan::channels::test
