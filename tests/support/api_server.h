// The native API as a whole, for tests: a book on a fresh folder, the routes that a test wants, the
// HTTP server on a free port, a key per role, and a small client that signs its calls. Every
// answer, and every request that was accepted, is held against what /openapi.json says of its
// route.
#pragma once
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/auth.h"
#include "api/dispatch.h"
#include "api/http_server.h"
#include "api/keys.h"
#include "api/metric_sources.h"
#include "api/openapi.h"
#include "channels/fair_workers.h"
#include "ledger/base/digest.h"
#include "ledger/base/json.h"
#include "tests/support/json_schema.h"
#include "tests/support/raw_socket.h"
#include "tests/support/temp_folder.h"

namespace suanpan::test {

/// What came back.
struct ApiReply {
  int status = 0;
  std::string head;
  std::string body;

  std::string header(std::string_view name) const {
    const std::string wanted = fmt::format("\r\n{}: ", name);
    const auto at = head.find(wanted);
    if (at == std::string::npos) return "";
    const auto begin = at + wanted.size();
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  JsonDocument json() const {
    auto parsed = JsonDocument::parse(body);
    INFO(head << body);
    REQUIRE(parsed);
    return std::move(parsed.value());
  }
  /// A value by its path: "items.0.refusal". Strings without quotes, other values as written;
  /// "(absent)" if there is none.
  std::string at(std::string_view path) const {
    const JsonDocument document = json();
    std::optional<JsonValue> value = document.root();
    while (value && !path.empty()) {
      const auto dot = path.find('.');
      const std::string name(path.substr(0, dot));
      path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
      if (value->is_array()) {
        const auto elements = value->elements();
        const auto index = static_cast<std::size_t>(std::stoul(name));
        value = index < elements.size() ? std::optional(elements[index]) : std::nullopt;
      } else {
        value = value->find(name);
      }
    }
    if (!value) return "(absent)";
    if (value->is_string()) return std::string(value->as_string().value());
    return std::string(value->raw());
  }
  /// Of a refusal its status and name: "403 forbidden". A status alone would let a refusal for
  /// another reason pass.
  std::string told() const { return fmt::format("{} {}", status, at("refusal")); }
  std::size_t size(std::string_view array) const {
    return json().root().get(array).value().elements().size();
  }
};

class ApiServer {
 public:
  using Adder = void (*)(api::Router&, api::Services&);

  TempFolder folder;
  ManualClock business{Timestamp::of_cn(*Date::of(2026, 3, 4), 9, 0, 0)};
  ManualClock real{SystemClock().now()};
  std::unique_ptr<Vault> vault;
  std::unique_ptr<Book> book;
  std::unique_ptr<api::NonceStore> nonces;
  api::RateLimiter limits;
  api::FairWorkers workers{4, {.threads_of_one = 2}};
  api::Workers answers{2};
  api::Metrics metrics;
  std::unique_ptr<api::Services> services;
  api::Router router;
  std::map<std::string, api::KeyRecord> keys;  ///< by role name, and whatever a test adds
  std::unique_ptr<JsonDocument> openapi;
  bool hold_requests = true;  ///< off where a test sends items that are to be refused
  int allowed_failure = 0;    ///< a status above 499 that a test means; any other is a failure
  std::unique_ptr<api::HttpServer> server;

  /// `prepare` may complete the services before the routes are added.
  explicit ApiServer(const std::vector<Adder>& adders,
                     const std::function<void(ApiServer&)>& prepare = {},
                     api::RateLimit limit = {1'000'000, 1'000'000}, std::size_t queue_items = 65536,
                     api::NonceSettings nonce_settings = {})
      : limits(limit, 1000) {
    BookOptions options;
    options.folder = folder.path() / "book";
    options.create = true;
    options.first_date = *Date::of(2026, 3, 4);
    options.queue_items = queue_items;
    auto opened_vault = Vault::open(folder.path() / "vault.key", true);
    REQUIRE(opened_vault);
    vault = std::make_unique<Vault>(std::move(opened_vault.value()));
    auto opened = Book::open(options, business);
    REQUIRE(opened);
    book = std::move(opened.value());
    std::filesystem::create_directory(folder.path() / "nonces");
    auto store = api::NonceStore::open(folder.path() / "nonces", nonce_settings,
                                       api::current_boot(), real.now());
    REQUIRE(store);
    nonces = std::move(store.value());
    services.reset(new api::Services{.book = *book,
                                     .vault = *vault,
                                     .nonces = *nonces,
                                     .limits = limits,
                                     .workers = workers,
                                     .answers = answers,
                                     .metrics = metrics,
                                     .business = business,
                                     .real = real});
    services->backup_folder = (folder.path() / "backups").string();
    services->reports_folder = (folder.path() / "reports").string();
    for (const char* role : {"upstream", "maker", "checker", "auditor", "operator"})
      add_key(role, {*api::role_of(role)});
    add_key("upstream2", {api::Role::kUpstream});
    add_key("maker2", {api::Role::kMaker, api::Role::kChecker});
    if (prepare) prepare(*this);
    for (const Adder add : adders) add(router, *services);
    auto described = JsonDocument::parse(api::openapi_document(router, ""));
    REQUIRE(described);
    openapi = std::make_unique<JsonDocument>(std::move(described.value()));
    auto started =
        api::HttpServer::start({.max_body_bytes = 4 << 20}, api::make_dispatch(router, *services));
    REQUIRE(started);
    server = std::move(started.value());
    api::watch_server(metrics, *server);
  }
  ~ApiServer() {
    if (server) server->stop(1000);
    workers.stop();
    answers.stop();
  }

  /// An upstream of the whole book and every merchant, unless a scope is given.
  void add_key(const std::string& id, api::Roles roles,
               const api::KeyScope& scope = {{"/"}, {"/"}}) {
    const bool scoped = roles.has(api::Role::kUpstream);
    api::NewKey made = api::new_key(*vault, id, roles, scoped ? scope : api::KeyScope{});
    REQUIRE(book->run(made.command).accepted());
    keys[id] = api::KeyRecord{id, made.secret, roles, true};
  }

  /// Sends `request` as it is.
  ApiReply send(const HttpRequest& request) {
    auto socket = tests::RawSocket::connect(server->port());
    std::string wire = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
                                   request.method, request.target);
    for (const auto& [name, value] : request.headers.fields())
      wire += fmt::format("{}: {}\r\n", name, value);
    if (!request.body.empty() || request.method != "GET")
      wire += fmt::format("Content-Length: {}\r\n", request.body.size());
    socket.send(wire + "\r\n" + request.body);
    const std::string text = socket.receive_all(40'000);
    ApiReply reply;
    const auto end = text.find("\r\n\r\n");
    REQUIRE(end != std::string::npos);
    reply.head = text.substr(0, end + 2);
    reply.body = text.substr(end + 4);
    reply.status = std::stoi(reply.head.substr(9, 3));
    hold_against_schema(request, reply);
    return reply;
  }

  HttpRequest request(const std::string& key, const std::string& method, const std::string& target,
                      const std::string& body = "", const std::string& idempotency_key = "") {
    HttpRequest request;
    request.method = method;
    request.target = target;
    request.body = body;
    if (!idempotency_key.empty()) request.headers.set("Idempotency-Key", idempotency_key);
    api::sign_request(request, keys.at(key), real.now(), random_id().hex());
    return request;
  }

  ApiReply get(const std::string& key, const std::string& target) {
    return send(request(key, "GET", target));
  }
  ApiReply post(const std::string& key, const std::string& target, const std::string& body,
                const std::string& idempotency_key) {
    return send(request(key, "POST", target, body, idempotency_key));
  }

  /// Opens an account through the API.
  void open(const std::string& code, const std::string& type, const std::string& more = "") {
    const ApiReply reply =
        post("operator", "/v1/accounts",
             fmt::format(R"({{"code":"{}","name":"测试","type":"{}"{}}})", code, type, more),
             "open-" + std::to_string(++opened_));
    INFO(reply.body);
    REQUIRE(reply.status == 201);
  }
  /// A liability without a limit, which no single key could open: put into the book itself.
  void open_unlimited(const std::string& code) {
    OpenAccountRequest request;
    request.key = {id_of("unlimited|" + code), kSystemCaller};
    request.code = code;
    request.name = "测试";
    request.type = AccountType::kLiability;
    REQUIRE(book->run(open_account(request)).accepted());
  }
  std::int64_t balance(const std::string& code) const {
    return book->read([&](const State& state, std::uint64_t) {
      const Account* account = state.account(code);
      return account ? state.balance(account->id).posted(account->normal) : INT64_MIN;
    });
  }
  /// Everything that a bad call must leave as it is: the last sequence and every balance.
  std::string snapshot() const {
    return book->read([](const State& state, std::uint64_t seq) {
      std::string text = fmt::format("seq {}\n", seq);
      for (const Account& account : state.accounts()) {
        const Balance& b = state.balance(account.id);
        text += fmt::format("{} v{} {} {} {} {} {} {}\n", account.code, account.version,
                            b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending,
                            b.debits_red, b.credits_red);
      }
      return text;
    });
  }

 private:
  void hold_against_schema(const HttpRequest& request, const ApiReply& reply) const {
    // The payer's page is for people, its refusals too.
    if (reply.header("Content-Type").starts_with("text/html")) return;
    const auto match = router.match(request.method, request.path());
    const bool problem = reply.header("Content-Type") == "application/problem+json";
    const bool accepted = reply.status < 300;
    INFO(request.method << " " << request.target << " -> " << reply.status << " " << reply.body);
    CHECK(problem == !accepted);
    if (problem) check_schema("Problem", reply.body);
    CHECK((reply.status < 500 || reply.status == allowed_failure));
    if (!accepted || !match.route) return;
    const api::RouteDoc& doc = match.route->doc;
    CHECK(reply.status == doc.status);
    if (!doc.answer.empty()) check_schema(doc.answer, reply.body);
    if (hold_requests && !doc.request.empty() && !request.body.empty())
      check_schema(doc.request, request.body);
  }
  void check_schema(const std::string& name, const std::string& body) const {
    const auto value = JsonDocument::parse(body);
    REQUIRE(value);
    const JsonSchema schema(*openapi);
    const auto at = schema.resolve("#/components/schemas/" + name);
    REQUIRE(at);
    const auto fault = schema.fault(*at, value.value().root());
    INFO(name << ": " << fault.value_or(""));
    CHECK_FALSE(fault);
  }

  int opened_ = 0;
};

/// A bad call leaves no trace.
struct Unchanged {
  explicit Unchanged(const ApiServer& server) : server_(server), before_(server.snapshot()) {}
  ~Unchanged() { CHECK(server_.snapshot() == before_); }

 private:
  const ApiServer& server_;
  std::string before_;
};

}  // namespace suanpan::test
