// Order placement over HTTP: an engine of its own process, signed unifiedOrder requests over a
// fixed number of keep-alive connections, every order synced before it is answered. Afterwards the
// engine is killed with SIGKILL and started again, and every acknowledged order is asked for over
// HTTP.
#include <CLI/CLI.hpp>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <numeric>
#include <thread>

#include "api/jeepay/sign.h"
#include "bench/engine_process.h"
#include "bench/limits.h"
#include "bench/process.h"
#include "bench/report.h"
#include "ledger/base/check.h"
#include "ledger/base/signature.h"

using namespace suanpan;

namespace {

constexpr const char* kMerchant = "M1621873433953";
constexpr const char* kApp = "60cc09bce4b0f1c0b83761c9";
constexpr const char* kSecret = "bench-secret-of-the-day";
constexpr int kDeadline_ms = 10'000;

struct Options {
  std::uint64_t orders = 100'000;
  std::size_t connections = 32;
  std::string way = "QR_CASHIER";
  std::string program;  // the suanpan binary
  std::uint16_t port = 18'080;
  bool json = false;
};

std::string order_no(std::uint64_t n) { return fmt::format("B{:012}", n); }
std::int64_t amount_of(std::uint64_t n) { return static_cast<std::int64_t>(n % 9'999 + 1); }

// The engine, and for ways with a channel call the sandbox beside it.
class Machines : public bench::EngineProcess {
 public:
  explicit Machines(const Options& o)
      : EngineProcess({"orders", o.program, o.port, o.connections}) {
    if (o.way != "QR_CASHIER") add_settings(start_sandbox(o));
    run({"init"});
    run({"merchant", "add", "--mch-no", kMerchant, "--app-id", kApp, "--secret", kSecret, "--name",
         "bench", "--mode", "collected", "--fee", "0.006", "--wx-mchid", "1900000109"});
    start();
  }
  bench::Process sandbox;

 private:
  std::string start_sandbox(const Options& o) {
    std::ofstream(file("sandbox.json"))
        << R"({"merchants":[{"mchid":"1900000109","name":"bench","appids":["wxbench0000000001"],)"
           R"("bank_account":"6228000000000001"}],)"
           R"("accounts":[{"account":"6228000000000001","name":"bench","opening_fen":0}]})";
    sandbox = bench::Process(
        {o.program, "sandbox", "--listen", fmt::format("127.0.0.1:{}", o.port + 1), "--keys",
         file("keys"), "--settings", file("sandbox.json"), "--engine-config", file("wechat.toml")},
        file("log"));
    for (int i = 0; i < 200 && !std::filesystem::exists(file("wechat.toml")); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return read("wechat.toml");
  }
};

HttpRequest signed_request(const char* target, api::jeepay::FieldBag bag) {
  bag.set_text("mchNo", kMerchant).set_text("appId", kApp);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  bag.set_text(
      "reqTime",
      fmt::format("{}", std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
  bag.set_text("version", "1.0").set_text("signType", "MD5");
  bag.set_text("sign", api::jeepay::sign(bag, api::jeepay::SignType::kMd5, Secret(kSecret)));
  HttpRequest request;
  request.method = "POST";
  request.target = target;
  request.headers.set("Content-Type", "application/json; charset=UTF-8");
  request.body = bag.to_json();
  return request;
}

HttpRequest place(const Options& o, std::uint64_t n) {
  api::jeepay::FieldBag bag;
  bag.set_text("mchOrderNo", order_no(n)).set_text("wayCode", o.way);
  bag.set_integer("amount", amount_of(n)).set_text("currency", "CNY");
  bag.set_text("subject", "物业费").set_text("body", "2026年3月物业费");
  bag.set_text("clientIp", "192.0.2.7");
  return signed_request("/api/pay/unifiedOrder", std::move(bag));
}

HttpRequest query(std::uint64_t n) {
  api::jeepay::FieldBag bag;
  bag.set_text("mchOrderNo", order_no(n));
  return signed_request("/api/pay/query", std::move(bag));
}

HttpRequest ask_health() {
  HttpRequest request;
  request.method = "GET";
  request.target = "/healthz";
  return request;
}

bool is_success(const HttpResponse& answer) {
  return answer.status == 200 && answer.body.find("\"code\":0,") != std::string::npos;
}

bool is_order(const HttpResponse& answer, std::uint64_t n) {
  return is_success(answer) &&
         answer.body.find(fmt::format("\"mchOrderNo\":\"{}\"", order_no(n))) != std::string::npos &&
         answer.body.find(fmt::format("\"amount\":{},", amount_of(n))) != std::string::npos;
}

/// Keeps a number of requests under way until one for each of `numbers` is answered.
class Load {
 public:
  using Make = std::function<HttpRequest(std::uint64_t)>;
  using Judge = std::function<bool(const HttpResponse&, std::uint64_t)>;
  struct Terms {
    const char* name;
    std::size_t connections;
    Make make;
    Judge is_right;
  };
  Load(Terms terms, Machines& machines)
      : terms_(std::move(terms)), client_(machines.client()), url_(machines.url()) {}

  void run(std::vector<std::uint64_t> numbers) {
    numbers_ = std::move(numbers);
    watch_ = {};
    for (std::size_t i = 0; i < terms_.connections; ++i) next();
    std::unique_lock lock(mutex_);
    while (done_ < numbers_.size()) {
      finished_.wait_for(lock, std::chrono::milliseconds(200));
      bench::progress(terms_.name, done_, numbers_.size(), watch_);
    }
    seconds = watch_.seconds();
  }
  double per_second() const { return static_cast<double>(right.size()) / seconds; }
  double seconds = 0;
  bench::Latencies latencies;
  std::vector<std::uint64_t> right;
  std::uint64_t wrong = 0;
  std::string first_wrong;

 private:
  void next() {
    std::uint64_t n;
    {
      std::lock_guard lock(mutex_);
      if (started_ == numbers_.size()) return;
      n = numbers_[started_++];
    }
    const auto begin = std::chrono::steady_clock::now();
    client_.send(terms_.make(n), url_, kDeadline_ms, [this, n, begin](Result<HttpResponse> answer) {
      take(n, std::chrono::steady_clock::now() - begin, answer);
      next();
    });
  }
  void take(std::uint64_t n, std::chrono::steady_clock::duration took,
            const Result<HttpResponse>& answer) {
    {
      std::lock_guard lock(mutex_);
      latencies.add(took);
      if (answer && terms_.is_right(answer.value(), n)) {
        right.push_back(n);
      } else if (wrong++ == 0) {
        first_wrong = answer ? answer.value().body : answer.error().message;
      }
      ++done_;
    }
    finished_.notify_one();
  }
  const Terms terms_;
  channels::HttpsClient& client_;
  const channels::Url url_;
  bench::Stopwatch watch_;
  std::vector<std::uint64_t> numbers_;
  std::mutex mutex_;
  std::condition_variable finished_;
  std::uint64_t started_ = 0, done_ = 0;
};

/// RSA-2048 signatures a second on one core: what WX_NATIVE cannot pass, for both sides sign.
double rsa_rate() {
  const PrivateKey key = PrivateKey::generate_rsa2048();
  const bench::Stopwatch watch;
  std::uint64_t count = 0;
  for (; watch.seconds() < 1; ++count) key.sign_sha256("POST\n/v3/pay/transactions/native\n");
  return static_cast<double>(count) / watch.seconds();
}

struct Spent {
  bench::Usage engine, sandbox, client;
  double syncs = 0;
};

Spent spent_so_far(Machines& machines) {
  return {machines.usage(), bench::usage_of(machines.sandbox.pid()), bench::usage_of(::getpid()),
          machines.metric("suanpan_book_syncs_total")};
}

std::vector<std::uint64_t> numbers_below(std::uint64_t end) {
  std::vector<std::uint64_t> numbers(end);
  std::iota(numbers.begin(), numbers.end(), std::uint64_t{0});
  return numbers;
}

int run(const Options& o) {
  const double rsa = o.way == "QR_CASHIER" ? 0 : rsa_rate();
  Machines machines(o);

  // What HTTP alone allows the same connections: nothing is signed, looked up or written.
  Load http({"answers", o.connections, [](std::uint64_t) { return ask_health(); },
             [](const HttpResponse& answer, std::uint64_t) { return answer.status == 200; }},
            machines);
  http.run(numbers_below(20'000));

  Load load({"orders", o.connections, [&](std::uint64_t n) { return place(o, n); },
             [](const HttpResponse& answer, std::uint64_t) { return is_success(answer); }},
            machines);
  const auto begun_seq = static_cast<std::uint64_t>(machines.metric("suanpan_book_last_seq"));
  const Spent before = spent_so_far(machines);
  const bench::Stopwatch watch;
  load.run(numbers_below(o.orders));
  machines.wait_projected();
  const double seconds = watch.seconds();
  const Spent after = spent_so_far(machines);
  const auto ended_seq = static_cast<std::uint64_t>(machines.metric("suanpan_book_last_seq"));

  machines.kill();
  const bench::Stopwatch restart;
  machines.start();
  const double restart_s = restart.seconds();
  Load search({"orders found", o.connections, query, is_order}, machines);
  search.run(load.right);
  machines.kill();

  const auto count = static_cast<double>(o.orders);
  bench::Report report("orders " + o.way);
  report.add("orders", count);
  report.add("connections", static_cast<double>(o.connections));
  report.add("seconds, all answered", load.seconds);
  report.add("seconds, projections caught up", seconds);
  const double per_second = static_cast<double>(load.right.size()) / seconds;
  report.add("orders per second", per_second);
  report.add("p50 ms", load.latencies.percentile(50));
  report.add("p99 ms", load.latencies.percentile(99));
  report.add("p99.9 ms", load.latencies.percentile(99.9));
  report.add("syncs", after.syncs - before.syncs);
  report.add("orders per sync", count / (after.syncs - before.syncs));
  report.add("bytes written per order", (after.engine - before.engine).written_bytes / count);
  report.add("cpu seconds, engine", (after.engine - before.engine).cpu_s);
  report.add("cpu seconds, load generator", (after.client - before.client).cpu_s);
  if (rsa > 0) {
    report.add("cpu seconds, sandbox", (after.sandbox - before.sandbox).cpu_s);
    report.add("RSA-2048 signatures per second, one core", rsa);
  }
  report.add("orders not acknowledged", static_cast<double>(load.wrong));
  report.add("seconds from kill -9 to ready", restart_s);
  report.add("orders acknowledged, found after kill -9", static_cast<double>(search.right.size()));
  report.add("orders acknowledged and lost", static_cast<double>(search.wrong));
  report.add_limit_of_rate("HTTP alone", "answers per second", http.per_second(), per_second);
  report.add_limit_of_rate("signed queries, nothing written", "orders per second",
                           search.per_second(), per_second);
  if (rsa > 0)
    report.add_limit_of_rate("two RSA-2048 signatures an order, all cores", "orders per second",
                             rsa * std::thread::hardware_concurrency() / 2, per_second);
  const SystemClock clock;
  const auto book = machines.open_book(clock);
  bench::add_journal_limits(report, *book, machines.file("book"),
                            bench::newest_blocks(*book, begun_seq, ended_seq, bench::is_order),
                            "orders", per_second);
  report.print(o.json);
  if (load.wrong > 0) std::fprintf(stderr, "not acknowledged: %s\n", load.first_wrong.c_str());
  if (search.wrong > 0) std::fprintf(stderr, "lost: %s\n", search.first_wrong.c_str());
  return load.wrong > 0 || search.wrong > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app{"Order placement over HTTP"};
  app.add_option("--orders", o.orders)->check(CLI::PositiveNumber);
  app.add_option("--connections", o.connections)->check(CLI::Range(1, 1024));
  app.add_option("--way", o.way, "QR_CASHIER, or WX_NATIVE with the sandbox beside it")
      ->check(CLI::IsMember({"QR_CASHIER", "WX_NATIVE"}));
  app.add_option("--program", o.program, "the suanpan program")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--port", o.port, "the engine's; the sandbox takes the next");
  app.add_flag("--json", o.json, "one JSON object instead of a table");
  CLI11_PARSE(app, argc, argv);
  return run(o);
}
