#include "api/serve.h"

#include "api/all_routes.h"
#include "api/channel_routes.h"
#include "api/dispatch.h"
#include "api/housekeeping.h"
#include "api/jeepay/notification_body.h"
#include "api/keys.h"
#include "api/metric_sources.h"
#include "api/night/night.h"
#include "api/night/papers.h"
#include "api/open_book.h"
#include "api/signals.h"
#include "api/tls.h"
#include "api/v1/event_feed.h"
#include "channels/fair_workers.h"
#include "channels/https_client.h"
#include "channels/notifier.h"
#include "channels/registry.h"
#include "channels/statement_fetcher.h"
#include "channels/webhooks.h"
#include "ledger/base/file.h"
#include "ledger/base/log.h"
#include "reconcile/reconcile_service.h"
#include "settlement/settlement_service.h"

namespace suanpan::api {
namespace {

constexpr int kStopDeadline_ms = 10'000;
constexpr std::size_t kRateLimitedKeys = 10'000;
constexpr unsigned kBlockingWorkers = 4;  // of which a caller has two at most
constexpr channels::FairWorkers::Limits kBlockingLimits{.threads_of_one = 2};
constexpr unsigned kAnswerThreads = 2;

// A secret in a file of its own, without the line end that editors add.
Result<Secret> read_secret(const std::filesystem::path& path) {
  TRY(auto text, read_file(path));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return Secret(std::move(text));
}

Result<std::unique_ptr<channels::WechatChannel>> make_wechat(const Config& config) {
  if (config.wechat_merchants.empty()) return std::unique_ptr<channels::WechatChannel>{};
  std::vector<channels::wechat::Credentials> merchants;
  for (const WechatMerchantConfig& m : config.wechat_merchants) {
    TRY(auto pem, read_file(m.key_file));
    TRY(auto key, PrivateKey::from_pem(pem));
    TRY(auto api_v3_key, read_secret(m.api_v3_key_file));
    channels::wechat::Credentials credentials{
        m.mchid, m.appid, m.serial, std::move(key), std::move(api_v3_key), {}, {}};
    if (!m.platform_public_key_file.empty()) {
      TRY(auto public_pem, read_file(m.platform_public_key_file));
      TRY(credentials.platform_keys.add_public_key(m.platform_public_key_id, public_pem));
    }
    merchants.push_back(std::move(credentials));
  }
  return channels::WechatChannel::make(
      {config.wechat_base_url, config.public_url + std::string(kWechatNotifyPath)},
      std::move(merchants));
}

Result<std::unique_ptr<channels::BankChannel>> make_bank(const Config& config) {
  if (config.bank_accounts.empty()) return std::unique_ptr<channels::BankChannel>{};
  channels::bank::BankSettings settings;
  settings.initiating_party = config.bank_party;
  for (const BankAccountConfig& account : config.bank_accounts)
    settings.debtors.push_back({account.number, account.name, account.agent});
  TRY(auto key, read_secret(config.bank_key_file));
  settings.key = std::move(key);
  return channels::BankChannel::make(config.bank_base_url, std::move(settings));
}

Result<std::unique_ptr<channels::HttpsClient>> make_client(bool allow_private,
                                                           const std::filesystem::path& ca_file) {
  channels::HttpsClientOptions options;
  options.ca_file = ca_file.string();
  options.allow_private_addresses = allow_private;
  return channels::HttpsClient::create(options);
}

channels::Send send_through(channels::HttpsClient& client) {
  return [&client](const std::string& base_url, HttpRequest request, int deadline_ms,
                   std::function<void(Result<HttpResponse>)> done) {
    auto url = channels::Url::parse(base_url);
    if (!url) return done(url.error());
    client.send(std::move(request), std::move(url.value()), deadline_ms, std::move(done));
  };
}

auto fetch_through(const channels::StatementFetcher& fetcher) {
  return [&fetcher](const std::string& kind, const std::string& subject, Date day) {
    if (kind == "fund_flow") return fetcher.fund_flow_bill(subject, day);
    return kind == "bill" ? fetcher.trade_bill(subject, day) : fetcher.bank_statement(subject, day);
  };
}

// Members are made in this order and go in the opposite one: the server first, the book last.
struct Engine {
  SystemClock real;
  OpenedBook opened;
  std::unique_ptr<channels::WechatChannel> wechat;
  std::unique_ptr<channels::BankChannel> bank;
  std::unique_ptr<channels::HttpsClient>
      channel_client;  // look-ups of one client wait for each other,
  std::unique_ptr<channels::HttpsClient>
      merchant_client;  // so merchants' URLs have one of their own
  std::unique_ptr<channels::PaymentService> payments;
  std::unique_ptr<settlement::SettlementService> settlement;
  std::unique_ptr<reconcile::ReconcileService> reconcile;
  std::unique_ptr<channels::StatementFetcher> fetcher;
  std::unique_ptr<channels::Notifier> notifier;
  std::unique_ptr<channels::WebhookSender> webhooks;
  std::unique_ptr<night::Night> night;
  std::unique_ptr<NonceStore> nonces;
  RateLimiter limits{RateLimit{}, kRateLimitedKeys};
  std::unique_ptr<Metrics> metrics = std::make_unique<Metrics>();
  std::unique_ptr<FairWorkers> workers =
      std::make_unique<FairWorkers>(kBlockingWorkers, kBlockingLimits);
  std::unique_ptr<Workers> answers = std::make_unique<Workers>(kAnswerThreads);
  std::unique_ptr<Services> services;
  Router router;
  std::unique_ptr<Housekeeping> housekeeping;
  std::unique_ptr<Housekeeping> nights;  ///< a thread of its own: its steps take long
  std::unique_ptr<HttpServer> server;

  ~Engine() {
    if (server) server->stop(kStopDeadline_ms);
    if (night) night->stop();
    nights.reset();
    housekeeping.reset();
    workers->stop();
    answers->stop();
    if (notifier) notifier->stop();
    if (webhooks) webhooks->stop();
    if (merchant_client) merchant_client->stop();
    if (channel_client) channel_client->stop();
  }
};

Result<void> make_services(Engine& e, const Config& config) {
  TRY(auto wechat, make_wechat(config));
  e.wechat = std::move(wechat);
  TRY(auto bank, make_bank(config));
  e.bank = std::move(bank);
  TRY(auto channel_client, make_client(true, config.channels_ca_file));
  e.channel_client = std::move(channel_client);
  TRY(auto merchant_client, make_client(config.notify_private_addresses, {}));
  e.merchant_client = std::move(merchant_client);
  Book& book = *e.opened.book;
  channels::PaymentParts parts;
  parts.book = &book;
  parts.vault = e.opened.vault.get();
  parts.business = e.opened.business.get();
  parts.real = &e.real;
  parts.send = send_through(*e.channel_client);
  parts.wechat = e.wechat.get();
  parts.bank = e.bank.get();
  e.payments = std::make_unique<channels::PaymentService>(parts);
  e.settlement = std::make_unique<settlement::SettlementService>(book, *e.opened.vault, *e.payments,
                                                                 *e.opened.business);
  reconcile::ReconcileSettings reconciling{.reports = config.reports_folder,
                                           .organisation = config.organisation};
  for (const WechatMerchantConfig& merchant : config.wechat_merchants)
    if (merchant.fee_rate) reconciling.channel_rates[merchant.mchid] = *merchant.fee_rate;
  e.reconcile = std::make_unique<reconcile::ReconcileService>(book, *e.payments, *e.opened.business,
                                                              std::move(reconciling));
  e.fetcher = std::make_unique<channels::StatementFetcher>(e.wechat.get(), e.bank.get(),
                                                           send_through(*e.channel_client), e.real);
  std::error_code made;
  std::filesystem::create_directories(config.book_folder / "nonces", made);
  if (made)
    return fail(Errc::kIo, "{}: {}", (config.book_folder / "nonces").string(), made.message());
  TRY(auto nonces, NonceStore::open(config.book_folder / "nonces", NonceSettings{}, current_boot(),
                                    e.real.now()));
  e.nonces = std::move(nonces);
  return success();
}

void make_night(Engine& e, const Config& config) {
  night::NightParts parts;
  parts.book = e.opened.book.get();
  parts.business = e.opened.business.get();
  parts.reconcile = e.reconcile.get();
  parts.settlement = e.settlement.get();
  parts.fetch = fetch_through(*e.fetcher);
  parts.write_reports = [&e](Date day) -> Result<void> {
    TRY(night::write_papers_of_day({*e.opened.book, *e.opened.vault, *e.reconcile, *e.settlement},
                                   day));
    return success();
  };
  parts.received = config.book_folder / "received";
  parts.settings = config.night;
  e.night = std::make_unique<night::Night>(std::move(parts));
}

void make_routes(Engine& e, const Config& config) {
  e.services = std::make_unique<Services>(Services{.book = *e.opened.book,
                                                   .vault = *e.opened.vault,
                                                   .nonces = *e.nonces,
                                                   .limits = e.limits,
                                                   .workers = *e.workers,
                                                   .answers = *e.answers,
                                                   .metrics = *e.metrics,
                                                   .business = *e.opened.business,
                                                   .real = e.real});
  Services& s = *e.services;
  s.payments = e.payments.get();
  s.settlement = e.settlement.get();
  s.reconcile = e.reconcile.get();
  s.night = e.night.get();
  s.manual_business = e.opened.manual;
  s.fetch_file = fetch_through(*e.fetcher);
  s.max_open_holds = config.max_open_holds;
  s.private_addresses = config.notify_private_addresses;
  s.public_url = config.public_url;
  s.backup_folder = config.backup_folder.string();
  s.reports_folder = config.reports_folder.string();
  if (!config.bank_accounts.empty()) s.default_bank_account = config.bank_accounts.front().number;
  add_engine_routes(e.router, s);
}

// An order under way at a merchant number that has left the settings could not be asked for any
// more: its payer's money would be nobody's to look after. Better not to start.
Result<void> check_orders_under_way(const Book& book, const channels::WechatChannel* wechat) {
  const auto documents = book.read(
      [](const State& state, std::uint64_t) { return state.open_documents(DocumentKind::kOrder); });
  for (const DocumentPtr& document : documents) {
    TRY(auto order, decode_order(document->bytes));
    const bool asked = order.state == OrderState::kPaying || order.refunding > 0;
    if (!asked || order.channel != channels::kWxpay) continue;
    if (!wechat || !wechat->adapter(order.channel_mch))
      return fail(Errc::kConfig,
                  "order {} is under way at WeChat merchant {}, which is not in the settings",
                  order.order_id, order.channel_mch);
  }
  return success();
}

std::vector<std::function<void()>> chores(Engine& e) {
  // Nobody is waited for: a channel or a receiver that is slow to answer holds up nothing else.
  return {beside([&e](std::function<void()> over) {
            e.payments->poll_due([over = std::move(over)](std::size_t) { over(); });
          }),
          // Their rounds may overlap: what is under way is not begun again.
          [&e] { e.notifier->deliver_due([](std::size_t) {}); },
          [&e] { e.webhooks->deliver_due([](std::size_t) {}); }, [&e] { e.settlement->follow(); }};
}

channels::WebhookParts webhook_parts(Engine& e) {
  channels::WebhookParts parts;
  parts.book = e.opened.book.get();
  parts.vault = e.opened.vault.get();
  parts.business = e.opened.business.get();
  parts.real = &e.real;
  parts.send = send_through(*e.merchant_client);
  parts.is_enabled = [&e](const std::string& key_id) {
    const auto key = find_key(*e.opened.book, *e.opened.vault, key_id);
    return key && key.value() && key.value()->record.enabled;
  };
  parts.may_hear = [reaches = std::make_shared<KeyReaches>(*e.opened.book)](
                       const channels::Webhook& webhook, const StoredCommand& stored,
                       const ToldEvent& told) {
    return v1::may_hear(*reaches, webhook, stored, told);
  };
  return parts;
}

Result<void> run(const Config& config) {
  Engine e;
  TRY(auto opened, open_book(config));
  e.opened = std::move(opened);
  TRY(make_services(e, config));
  TRY(check_orders_under_way(*e.opened.book, e.wechat.get()));
  make_night(e, config);
  make_routes(e, config);
  channels::NotifierParts notifying;
  notifying.book = e.opened.book.get();
  notifying.business = e.opened.business.get();
  notifying.send = send_through(*e.merchant_client);
  notifying.render = [&e](const std::string& topic, const std::string& id) -> Result<std::string> {
    return jeepay::notification_body(*e.opened.book, *e.opened.vault, topic, id, e.real.now());
  };
  e.notifier = std::make_unique<channels::Notifier>(std::move(notifying));
  e.webhooks = std::make_unique<channels::WebhookSender>(webhook_parts(e));
  e.housekeeping = std::make_unique<Housekeeping>(chores(e));
  if (config.night.enabled)
    e.nights = std::make_unique<Housekeeping>(
        std::vector<std::function<void()>>{[&e] { e.night->round(); }});
  HttpServerOptions options;
  options.address = config.listen_address;
  options.port = config.listen_port;
  options.threads = config.threads;
  options.max_connections = config.max_connections;
  options.max_connections_per_peer = config.max_connections_per_peer;
  options.max_connections_per_loopback = config.max_connections_per_loopback;
  options.max_body_bytes = config.max_body_bytes;
  options.header_timeout_ms = config.header_timeout_ms;
  options.body_timeout_ms = config.body_timeout_ms;
  if (!config.tls_certificate.empty()) {
    TRY(auto identity, load_tls_identity(config.tls_certificate, config.tls_key));
    options.tls = std::move(identity);
  }
  TRY(auto server, HttpServer::start(std::move(options), make_dispatch(e.router, *e.services)));
  e.server = std::move(server);
  watch_server(*e.metrics, *e.server);
  watch_notifier(*e.metrics, *e.notifier);
  watch_webhooks(*e.metrics, *e.webhooks);
  watch_night(*e.metrics, *e.night);
  log_info("suanpan listens at {}:{}, book at journal entry {}", config.listen_address,
           e.server->port(), e.opened.book->statistics().last_seq);
  wait_for_end_signal();
  log_info("stopping");
  return success();
}

}  // namespace

int serve_command(const Config& config) {
  block_end_signals();
  const auto ran = run(config);
  if (ran) return 0;
  fmt::print(stderr, "suanpan: {}: {}\n", name_of(ran.error().code), ran.error().message);
  return 1;
}

}  // namespace suanpan::api
