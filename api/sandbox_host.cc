#include "api/sandbox_host.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "api/http_server.h"
#include "api/open_book.h"
#include "api/problem.h"
#include "channels/https_client.h"
#include "channels/sandbox/sandbox.h"
#include "ledger/base/clock.h"
#include "ledger/base/file.h"
#include "ledger/base/json.h"
#include "ledger/base/log.h"

namespace suanpan::api {
namespace {

constexpr int kNotifyDeadline_ms = 5000;  // WeChat waits five seconds for an answer
constexpr auto kTick = std::chrono::milliseconds(50);

Result<std::int64_t> number_or(const JsonValue& object, const char* name, std::int64_t otherwise) {
  const auto found = object.find(name);
  if (!found) return otherwise;
  return found->as_int64();
}

Result<sandbox::MerchantSettings> read_merchant(const JsonValue& value) {
  sandbox::MerchantSettings m;
  TRY(auto mchid, value.get_string("mchid"));
  TRY(auto name, value.get_string("name"));
  TRY(auto bank_account, value.get_string("bank_account"));
  m.mchid = mchid;
  m.name = name;
  m.bank_account = bank_account;
  TRY(auto appids, value.get("appids"));
  for (const JsonValue& appid : appids.elements()) {
    TRY(auto text, appid.as_string());
    m.appids.emplace_back(text);
  }
  if (value.find("fee_rate")) {
    TRY(auto text, value.get_string("fee_rate"));
    TRY(auto rate, Rate::parse(text));
    m.fee_rate = rate;
  }
  TRY(auto opening, number_or(value, "opening_fen", 0));
  m.opening_fen = opening;
  return m;
}

Result<sandbox::BankAccountSettings> read_account(const JsonValue& value) {
  sandbox::BankAccountSettings a;
  TRY(auto account, value.get_string("account"));
  TRY(auto name, value.get_string("name"));
  TRY(auto opening, number_or(value, "opening_fen", 0));
  a.account = account;
  a.name = name;
  a.opening_fen = opening;
  if (value.find("opened_on")) {
    TRY(auto text, value.get_string("opened_on"));
    a.opened_on = Date::parse(text);
    if (!a.opened_on) return fail(Errc::kConfig, "opened_on must be YYYY-MM-DD");
  }
  return a;
}

Result<sandbox::Settings> read_settings(std::string_view text) {
  TRY(auto json, JsonDocument::parse(text));
  const JsonValue root = json.root();
  sandbox::Settings settings;
  TRY(auto seed, number_or(root, "seed", 1));
  settings.seed = static_cast<std::uint64_t>(seed);
  TRY(auto refund_delay, number_or(root, "refund_delay_s", 1));
  settings.wechat.book.refund_delay_s = refund_delay;
  TRY(auto settle_delay, number_or(root, "settle_delay_s", 30));
  settings.bank.settle_delay_s = settle_delay;
  TRY(auto merchants, root.get("merchants"));
  for (const JsonValue& value : merchants.elements()) {
    TRY(auto merchant, read_merchant(value));
    settings.wechat.book.merchants.push_back(std::move(merchant));
  }
  TRY(auto accounts, root.get("accounts"));
  for (const JsonValue& value : accounts.elements()) {
    TRY(auto account, read_account(value));
    settings.bank.accounts.push_back(std::move(account));
  }
  return settings;
}

}  // namespace

struct SandboxHost::Impl {
  std::mutex mutex;  // the sandbox is not thread-safe
  std::unique_ptr<sandbox::Sandbox> sandbox;
  SystemClock real;
  std::optional<ManualClock> business;  // absent: the real clock serves
  std::unique_ptr<channels::HttpsClient> client;
  std::unique_ptr<HttpServer> server;
  std::condition_variable stopping;
  bool stop = false;
  std::thread notifier;

  sandbox::Moment moment() const { return {business ? business->now() : real.now(), real.now()}; }

  HttpResponse set_clock(const HttpRequest& request) {
    auto json = JsonDocument::parse(request.body);
    const auto text = json ? json.value().root().get_string("business")
                           : Result<std::string>(fail(Errc::kMalformed, "not JSON"));
    const auto at = text ? Timestamp::parse(text.value()) : std::nullopt;
    if (!at)
      return render(problem_of(fail(Errc::kMalformed, "business must be a time")), request.path());
    if (business)
      business->set(*at);
    else
      business.emplace(*at);
    return HttpResponse{204, {}, {}};
  }

  HttpResponse handle(const HttpRequest& request) {
    std::lock_guard lock(mutex);
    if (request.method == "POST" && request.path() == "/sandbox/clock") return set_clock(request);
    auto answer = sandbox->handle(request, moment());
    return answer ? std::move(*answer) : HttpResponse{kHangUp, {}, {}};
  }

  void notify_loop() {
    std::unique_lock lock(mutex);
    while (!stopping.wait_for(lock, kTick, [&] { return stop; })) {
      for (sandbox::OutgoingNotification& out : sandbox->take_due_notifications(moment())) {
        auto url = channels::Url::parse(out.url);
        if (!url) {
          log_warn("sandbox: a notify URL cannot be used: {}", url.error().message);
          sandbox->notification_answered(out.id, 0);
          continue;
        }
        lock.unlock();
        // One after the other, as scripted orders of notifications must be kept.
        const auto answer =
            client->send_and_wait(std::move(out.request), url.value(), kNotifyDeadline_ms);
        lock.lock();
        sandbox->notification_answered(out.id, answer ? answer.value().status : 0);
      }
    }
  }
};

Result<std::unique_ptr<SandboxHost>> SandboxHost::start(const SandboxHostOptions& options) {
  auto impl = std::make_unique<Impl>();
  TRY(auto text, read_file(options.settings));
  TRY(auto settings, read_settings(text));
  std::vector<std::string> mchids;
  for (const auto& merchant : settings.wechat.book.merchants) mchids.push_back(merchant.mchid);
  TRY(auto keys, sandbox::Keys::make(options.keys, mchids, impl->real.now()));
  channels::HttpsClientOptions client_options;
  client_options.allow_private_addresses = true;
  TRY(auto client, channels::HttpsClient::create(client_options));
  impl->client = std::move(client);
  const bool tls = !options.tls_certificate.empty();
  settings.wechat.bills.advertised_base =
      options.advertised_url.empty()
          ? fmt::format("{}://{}:{}", tls ? "https" : "http", options.address, options.port)
          : options.advertised_url;
  TRY(auto made, sandbox::Sandbox::make(std::move(keys), std::move(settings)));
  impl->sandbox = std::move(made);
  HttpServerOptions server_options;
  server_options.address = options.address;
  server_options.port = options.port;
  if (tls) {
    TRY(auto identity, load_tls_identity(options.tls_certificate, options.tls_key));
    server_options.tls = std::move(identity);
  }
  Impl* raw = impl.get();
  TRY(auto server, HttpServer::start(std::move(server_options),
                                     [raw](HttpRequest&& request, HttpServer::Reply reply) {
                                       reply(raw->handle(request));
                                     }));
  impl->server = std::move(server);
  impl->notifier = std::thread([raw] { raw->notify_loop(); });
  return std::unique_ptr<SandboxHost>(new SandboxHost(std::move(impl)));
}

SandboxHost::SandboxHost(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SandboxHost::~SandboxHost() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stop = true;
  }
  impl_->stopping.notify_all();
  impl_->client->stop();
  impl_->notifier.join();
  impl_->server->stop(1000);
}

std::uint16_t SandboxHost::port() const { return impl_->server->port(); }

}  // namespace suanpan::api
