// Order placement over HTTP: an engine of its own process, signed unifiedOrder requests over a
// fixed number of keep-alive connections, every order synced before it is answered. Afterwards the
// engine is killed with SIGKILL, its book opened again, and every acknowledged order looked for.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "api/jeepay/sign.h"
#include "bench/report.h"
#include "channels/https_client.h"
#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/core/order.h"
#include "ledger/engine/book.h"

using namespace suanpan;

namespace {

constexpr const char* kMerchant = "M1621873433953";
constexpr const char* kApp = "60cc09bce4b0f1c0b83761c9";
constexpr const char* kSecret = "bench-secret-of-the-day";

struct Options {
  std::uint64_t orders = 100'000;
  std::size_t connections = 32;
  std::string way = "QR_CASHIER";
  std::string program;  // the suanpan binary
  std::uint16_t port = 18'080;
  bool json = false;
};

pid_t spawn(const std::vector<std::string>& arguments) {
  const pid_t child = ::fork();
  CHECK_OR_DIE(child >= 0, "fork");
  if (child > 0) return child;
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  std::_Exit(127);
}

void run_to_end(const std::vector<std::string>& arguments) {
  int status = 0;
  ::waitpid(spawn(arguments), &status, 0);
  CHECK_OR_DIE(WIFEXITED(status) && WEXITSTATUS(status) == 0, "{} {} failed", arguments[0],
               arguments[1]);
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

// One engine on a fresh folder, and for ways with a channel call the sandbox beside it.
class Engine {
 public:
  explicit Engine(const Options& o)
      : options_(o), folder_(fmt::format("/var/tmp/suanpan-bench-http-{}", ::getpid())) {
    std::filesystem::create_directories(folder_);
    std::string config =
        fmt::format("[server]\nlisten = \"127.0.0.1:{}\"\n[book]\nfolder = \"book\"\n", o.port);
    if (o.way != "QR_CASHIER") config += start_sandbox();
    write_file(folder_ / "engine.toml", config);
    run_to_end({o.program, "merchant", "add", "--config", (folder_ / "engine.toml").string(),
                "--mch-no", kMerchant, "--app-id", kApp, "--secret", kSecret, "--name", "bench",
                "--mode", "collected", "--fee", "0.006", "--wx-mchid", "1900000109"});
    engine_ = spawn({o.program, "serve", "--config", (folder_ / "engine.toml").string()});
  }
  ~Engine() {
    for (const pid_t child : {engine_, sandbox_})
      if (child > 0) {
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
      }
    std::filesystem::remove_all(folder_);
  }
  void kill() {
    ::kill(engine_, SIGKILL);
    ::waitpid(std::exchange(engine_, 0), nullptr, 0);
  }
  std::filesystem::path book() const { return folder_ / "book"; }

 private:
  std::string start_sandbox() {
    write_file(
        folder_ / "sandbox.json",
        R"({"merchants":[{"mchid":"1900000109","name":"bench","appids":["wxbench0000000001"],"bank_account":"6228000000000001"}],)"
        R"("accounts":[{"account":"6228000000000001","name":"bench","opening_fen":0}]})");
    const auto port = options_.port + 1;
    sandbox_ =
        spawn({options_.program, "sandbox", "--listen", fmt::format("127.0.0.1:{}", port), "--keys",
               (folder_ / "keys").string(), "--settings", (folder_ / "sandbox.json").string(),
               "--engine-config", (folder_ / "wechat.toml").string()});
    for (int i = 0; i < 200 && !std::filesystem::exists(folder_ / "wechat.toml"); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::ifstream in(folder_ / "wechat.toml");
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  const Options& options_;
  std::filesystem::path folder_;
  pid_t engine_ = 0, sandbox_ = 0;
};

std::string body_of(const Options& o, std::uint64_t n) {
  api::jeepay::FieldBag bag;
  const auto text = [&](const char* name, const std::string& value) { bag.set_text(name, value); };
  text("mchNo", kMerchant);
  text("appId", kApp);
  text("mchOrderNo", fmt::format("B{:012}", n));
  text("wayCode", o.way);
  bag.set_integer("amount", static_cast<std::int64_t>(n % 9'999 + 1));
  text("currency", "CNY");
  text("subject", "物业费");
  text("body", "2026年3月物业费");
  text("clientIp", "192.0.2.7");
  text("reqTime", std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count()));
  text("version", "1.0");
  text("signType", "MD5");
  text("sign", api::jeepay::sign(bag, api::jeepay::SignType::kMd5, Secret(kSecret)));
  return bag.to_json();
}

HttpRequest request_of(const Options& o, std::uint64_t n) {
  HttpRequest request;
  request.method = "POST";
  request.target = "/api/pay/unifiedOrder";
  request.headers.set("Content-Type", "application/json; charset=UTF-8");
  request.body = body_of(o, n);
  return request;
}

// Keeps `connections` requests under way until all are answered.
class Load {
 public:
  Load(const Options& o, channels::HttpsClient& client, channels::Url url)
      : options_(o), client_(client), url_(std::move(url)) {}

  void run() {
    for (std::size_t i = 0; i < options_.connections; ++i) next();
    std::unique_lock lock(mutex_);
    while (done_ < options_.orders) {
      finished_.wait_for(lock, std::chrono::milliseconds(200));
      bench::progress("orders", done_, options_.orders, watch_);
    }
  }
  double seconds() const { return watch_.seconds(); }
  bench::Latencies latencies;
  std::vector<std::uint64_t> acknowledged;
  std::uint64_t failed = 0;
  std::string first_failure;

 private:
  void next() {
    std::uint64_t n;
    {
      std::lock_guard lock(mutex_);
      if (started_ == options_.orders) return;
      n = started_++;
    }
    const auto begin = std::chrono::steady_clock::now();
    client_.send(request_of(options_, n), url_, 10'000,
                 [this, n, begin](Result<HttpResponse> answer) {
                   {
                     std::lock_guard lock(mutex_);
                     latencies.add(std::chrono::steady_clock::now() - begin);
                     if (answer && answer.value().status == 200 &&
                         answer.value().body.find("\"code\":0,") != std::string::npos) {
                       acknowledged.push_back(n);
                     } else {
                       if (failed++ == 0)
                         first_failure = answer ? answer.value().body : answer.error().message;
                     }
                     ++done_;
                   }
                   finished_.notify_one();
                   next();
                 });
  }
  const Options& options_;
  channels::HttpsClient& client_;
  channels::Url url_;
  bench::Stopwatch watch_;
  std::mutex mutex_;
  std::condition_variable finished_;
  std::uint64_t started_ = 0, done_ = 0;
};

void wait_ready(channels::HttpsClient& client, const channels::Url& url) {
  for (int i = 0; i < 200; ++i) {
    HttpRequest request;
    request.method = "GET";
    request.target = "/readyz";
    const auto answer = client.send_and_wait(std::move(request), url, 1000);
    if (answer && answer.value().status == 200) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  CHECK_OR_DIE(false, "the engine does not become ready");
}

/// How many acknowledged orders the reopened book does not have.
std::uint64_t count_lost(const Engine& engine, const std::vector<std::uint64_t>& acknowledged,
                         double& reopen_s) {
  const SystemClock clock;
  BookOptions options;
  options.folder = engine.book();
  const bench::Stopwatch watch;
  auto opened = Book::open(options, clock);
  CHECK_OR_DIE(opened, "{}", opened.error().message);
  reopen_s = watch.seconds();
  std::uint64_t lost = 0;
  for (const std::uint64_t n : acknowledged) {
    const auto index = opened.value()->document(
        DocumentKind::kIndex, index_key("order", kMerchant, fmt::format("B{:012}", n)));
    if (!index || !opened.value()->document(DocumentKind::kOrder, index->bytes)) ++lost;
  }
  return lost;
}

void run(const Options& o) {
  Engine engine(o);
  channels::HttpsClientOptions client_options;
  client_options.allow_private_addresses = true;
  client_options.max_idle_per_origin = o.connections;
  auto client = channels::HttpsClient::create(client_options);
  CHECK_OR_DIE(client, "{}", client.error().message);
  const auto url = channels::Url::parse(fmt::format("http://127.0.0.1:{}", o.port));
  CHECK_OR_DIE(url, "{}", url.error().message);
  wait_ready(*client.value(), url.value());

  Load load(o, *client.value(), url.value());
  load.run();
  const double seconds = load.seconds();
  engine.kill();
  double reopen_s = 0;
  const std::uint64_t lost = count_lost(engine, load.acknowledged, reopen_s);

  bench::Report report("orders " + o.way);
  report.add("orders", static_cast<double>(o.orders));
  report.add("connections", static_cast<double>(o.connections));
  report.add("seconds", seconds);
  report.add("orders per second", static_cast<double>(load.acknowledged.size()) / seconds);
  report.add("p50 ms", load.latencies.percentile(50));
  report.add("p99 ms", load.latencies.percentile(99));
  report.add("p99.9 ms", load.latencies.percentile(99.9));
  report.add("not acknowledged", static_cast<double>(load.failed));
  report.add("seconds to reopen after kill", reopen_s);
  report.add("acknowledged and lost", static_cast<double>(lost));
  report.print(o.json);
  if (load.failed > 0) std::fprintf(stderr, "first failure: %s\n", load.first_failure.c_str());
  CHECK_OR_DIE(lost == 0, "{} acknowledged orders are lost", lost);
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app{"Order placement over HTTP"};
  app.add_option("--orders", o.orders)->check(CLI::PositiveNumber);
  app.add_option("--connections", o.connections)->check(CLI::Range(1, 1024));
  app.add_option("--way", o.way, "QR_CASHIER, or WX_NATIVE with the sandbox beside it");
  app.add_option("--program", o.program, "the suanpan program")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--port", o.port);
  app.add_flag("--json", o.json);
  CLI11_PARSE(app, argc, argv);
  run(o);
}
