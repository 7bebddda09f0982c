// Batches of vouchers as fixed records over HTTP: an engine of its own process, each request signed
// and carrying a batch of 128-byte records, synced before it is answered. Afterwards the engine is
// killed with SIGKILL, started again and sent some of the batches once more: each answer must be
// the first one. Before and after, the same batches go through a book in this process.
#include <CLI/CLI.hpp>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

#include "api/auth.h"
#include "bench/bench_book.h"
#include "bench/engine_process.h"
#include "bench/limits.h"
#include "bench/posting_load.h"
#include "bench/process.h"
#include "bench/report.h"
#include "ledger/base/check.h"
#include "ledger/base/clock.h"
#include "ledger/base/digest.h"
#include "ledger/base/json.h"

using namespace suanpan;

namespace {

constexpr int kDeadline_ms = 30'000;
constexpr std::size_t kRecordBytes = 128, kAnswerBytes = 32;
constexpr const char* kSubject = "1002";

struct Options {
  std::uint64_t transfers = 5'000'000;
  bench::LoadOptions load;
  std::size_t connections = 4;
  std::string program;
  std::uint16_t port = 18'080;
  bool json = false;
};

/// As POST /v1/vouchers/records takes it; api/v1/voucher_records.h has the layout.
/// The load numbers its accounts from 1; the platform's own come before them here.
void append_record(std::string& out, const VoucherRequest& v, std::uint32_t first_account) {
  char record[kRecordBytes] = {};
  const auto put = [&record](std::size_t at, auto value) {
    std::memcpy(record + at, &value, sizeof value);
  };
  put(0, __builtin_bswap64(v.key.id.hi));
  put(8, __builtin_bswap64(v.key.id.lo));
  put(16, v.legs[0].debit.value - 1 + first_account);
  put(20, v.legs[0].credit.value - 1 + first_account);
  put(24, v.legs[0].amount);
  put(48, v.code);
  if (v.text) {
    const std::string& business_key = v.text->business_key;
    put(52, static_cast<std::uint8_t>(business_key.size()));
    std::memcpy(record + 56, business_key.data(), business_key.size());
  }
  out.append(record, sizeof record);
}

/// The engine with a key that opens accounts, and posts to those below one path only: what an
/// upstream has, and costs more than the whole book.
class Engine : public bench::EngineProcess {
 public:
  explicit Engine(const Options& o) : EngineProcess({"wire", o.program, o.port, o.connections}) {
    run({"init"});
    // The secret is printed once, the last word of what the command says.
    std::istringstream said(run(
        {"key", "add", "--id", "bench", "--role", "upstream,operator", "--accounts", kSubject}));
    std::string word, secret;
    while (said >> word) secret = word;
    key_ = {"bench", Secret(secret), {}, true};
    start();
  }
  HttpRequest signed_post(const char* target, const char* media, std::string body,
                          std::string_view idempotency_key) {
    HttpRequest request;
    request.method = "POST";
    request.target = target;
    request.headers.set("Content-Type", media);
    request.headers.set("Idempotency-Key", idempotency_key);
    request.body = std::move(body);
    api::sign_request(request, key_, clock_.now(), random_id().hex());
    return request;
  }

 private:
  const SystemClock clock_;
  api::KeyRecord key_;
};

/// Keeps a number of requests under way, one for each of 0 … count-1; `take` sees each answer's
/// body, and is called by one thread at a time.
class Stream {
 public:
  using Make = std::function<HttpRequest(std::uint64_t)>;
  using Take = std::function<void(std::uint64_t, const std::string&)>;
  Stream(Engine& engine, std::size_t connections, Make make, Take take)
      : engine_(engine),
        connections_(connections),
        make_(std::move(make)),
        take_(std::move(take)) {}

  void run(const char* name, std::uint64_t count, int status, bench::Latencies* latencies) {
    count_ = count;
    status_ = status;
    latencies_ = latencies;
    const bench::Stopwatch watch;
    // Made on this thread, sent and answered on the client's: both cores have work.
    std::unique_lock lock(mutex_);
    while (done_ < count_) {
      if (sent_ < count_ && sent_ - done_ < connections_) {
        const std::uint64_t n = sent_++;
        lock.unlock();
        send(n);
        lock.lock();
        continue;
      }
      changed_.wait_for(lock, std::chrono::milliseconds(200));
      bench::progress(name, done_, count_, watch);
    }
    CHECK_OR_DIE(first_wrong_.empty(), "{}", first_wrong_);
  }

 private:
  void send(std::uint64_t n) {
    HttpRequest request = make_(n);
    const auto begin = std::chrono::steady_clock::now();
    engine_.client().send(std::move(request), engine_.url(), kDeadline_ms,
                          [this, n, begin](Result<HttpResponse> answer) {
                            const auto took = std::chrono::steady_clock::now() - begin;
                            std::lock_guard lock(mutex_);
                            if (latencies_) latencies_->add(took);
                            if (!answer)
                              first_wrong_ = answer.error().message;
                            else if (answer.value().status != status_)
                              first_wrong_ = answer.value().body;
                            else
                              take_(n, answer.value().body);
                            ++done_;
                            changed_.notify_one();
                          });
  }
  Engine& engine_;
  const std::size_t connections_;
  const Make make_;
  const Take take_;
  std::uint64_t count_ = 0, sent_ = 0, done_ = 0;
  int status_ = 200;
  bench::Latencies* latencies_ = nullptr;
  std::string first_wrong_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

// The number of the first account; the others follow without a gap. A key may spend 2,000 calls at
// once and 1,000 a second from then on (api/rate_limit.h).
std::uint32_t open_accounts(Engine& engine, const Options& o) {
  std::uint32_t first = ~std::uint32_t{0};
  Stream opening(
      engine, 32,
      [&](std::uint64_t n) {
        if (n >= 1500) std::this_thread::sleep_for(std::chrono::microseconds(1100));
        return engine.signed_post(
            "/v1/accounts", "application/json",
            fmt::format(R"({{"code":"{}/{:07}","name":"bench","type":"asset"}})", kSubject, n),
            fmt::format("account-{}", n));
      },
      [&](std::uint64_t, const std::string& body) {
        const auto opened = JsonDocument::parse(body);
        CHECK_OR_DIE(opened, "{}", body);
        first = std::min(first,
                         static_cast<std::uint32_t>(opened.value().root().get_int64("id").value()));
      });
  opening.run("accounts", o.load.accounts, 201, nullptr);
  return first;
}

/// The same accounts and batches through a book in this process, as many under way: what the wire
/// and another process cost is the difference.
class InProcess {
 public:
  explicit InProcess(const Options& o)
      : options_(o),
        folder_(fmt::format("/var/tmp/suanpan-bench-in-process-{}", ::getpid())),
        book_(bench::open_book(folder_, clock_, clock_.now().date_cn())) {
    bench::open_accounts(*book_, {kSubject, AccountType::kAsset, o.load.accounts});
    book_->wait_projected();
    opened_ = book_->last_seq();
  }
  ~InProcess() {
    book_.reset();
    std::filesystem::remove_all(folder_);
  }
  /// The seconds until everything was answered and the projections had caught up.
  double post() {
    bench::Load load(options_.load);
    bench::Client client(*book_, options_.connections);
    const bench::Stopwatch watch;
    for (std::uint64_t n = 0; n < options_.transfers; n += options_.load.batch) {
      client.submit(
          load.batch(n, std::min<std::uint64_t>(options_.load.batch, options_.transfers - n)));
      bench::progress("in process", n, options_.transfers, watch);
    }
    client.finish();
    book_->wait_projected();
    bench::progress("in process", options_.transfers, options_.transfers, watch);
    return watch.seconds();
  }
  void add_limits(bench::Report& report, double per_second) const {
    bench::add_journal_limits(
        report, *book_, folder_,
        bench::newest_blocks(*book_, opened_, book_->last_seq(), bench::is_transfer), "transfers",
        per_second);
  }

 private:
  const Options& options_;
  const SystemClock clock_;
  const std::filesystem::path folder_;
  std::unique_ptr<Book> book_;
  std::uint64_t opened_ = 0;
};

int run(const Options& o) {
  Engine engine(o);
  const std::uint32_t first_account = open_accounts(engine, o);

  const std::uint64_t batches = (o.transfers + o.load.batch - 1) / o.load.batch;
  const std::uint64_t kept_every = std::max<std::uint64_t>(1, batches / 32);
  const auto made = [&](bench::Load& load, std::uint64_t n) {
    std::string body;
    const std::uint64_t first = n * o.load.batch;
    const std::uint64_t end = std::min<std::uint64_t>(first + o.load.batch, o.transfers);
    body.reserve((end - first) * kRecordBytes);
    for (std::uint64_t i = first; i < end; ++i) append_record(body, load.voucher(i), first_account);
    return body;
  };
  bench::Load load(o.load);
  std::map<std::uint64_t, std::pair<std::string, std::string>> kept;  // some, with their answers
  std::uint64_t accepted = 0;
  bench::Latencies latencies;
  const double before_s = InProcess(o).post();
  const bench::Usage engine_before = engine.usage();
  const bench::Usage client_before = bench::usage_of(::getpid());
  const bench::Stopwatch watch;
  std::mutex kept_mutex;
  Stream stream(
      engine, o.connections,
      [&](std::uint64_t n) {
        std::string body = made(load, n);
        if (n % kept_every == 0) {
          std::lock_guard lock(kept_mutex);
          kept[n].first = body;
        }
        return engine.signed_post("/v1/vouchers/records", "application/vnd.suanpan.transfers.v1",
                                  std::move(body), fmt::format("batch-{}", n));
      },
      [&](std::uint64_t n, const std::string& body) {
        for (std::size_t at = 0; at < body.size(); at += kAnswerBytes)
          accepted += body[at + 24] == 0 && body[at + 25] == 0;
        std::lock_guard lock(kept_mutex);
        if (const auto it = kept.find(n); it != kept.end()) it->second.second = body;
      });
  stream.run("records", batches, 200, &latencies);
  const double answered_s = watch.seconds();
  engine.wait_projected();
  const double seconds = watch.seconds();
  const bench::Usage engine_used = engine.usage() - engine_before;
  const bench::Usage client_used = bench::usage_of(::getpid()) - client_before;
  InProcess in_process(o);
  const double after_s = in_process.post();

  engine.kill();
  engine.start();
  std::vector<std::uint64_t> numbers;
  for (const auto& [n, both] : kept) numbers.push_back(n);
  std::uint64_t other = 0;
  // One at a time: few known batches may wait to be told at once.
  Stream again(
      engine, 1,
      [&](std::uint64_t i) {
        return engine.signed_post("/v1/vouchers/records", "application/vnd.suanpan.transfers.v1",
                                  kept[numbers[i]].first, fmt::format("again-{}", i));
      },
      [&](std::uint64_t i, const std::string& body) {
        // The first answer, but for the flag that says so.
        const std::string& first = kept[numbers[i]].second;
        for (std::size_t at = 0; at < first.size(); at += kAnswerBytes)
          other += body.compare(at, 26, first, at, 26) != 0 || body[at + 26] != 1;
      });
  again.run("found", numbers.size(), 200, nullptr);

  const auto n = static_cast<double>(o.transfers);
  bench::Report report("wire");
  report.add("transfers", n);
  report.add("transfers a batch", static_cast<double>(o.load.batch));
  report.add("connections", static_cast<double>(o.connections));
  report.add("seconds, all answered", answered_s);
  report.add("seconds, projections caught up", seconds);
  report.add("transfers per second", n / seconds);
  report.add("batch p50 ms", latencies.percentile(50));
  report.add("batch p99 ms", latencies.percentile(99));
  report.add("cpu ns a transfer, engine", engine_used.cpu_s / n * 1e9);
  report.add("cpu ns a transfer, load generator", client_used.cpu_s / n * 1e9);
  report.add("transfers not accepted", n - static_cast<double>(accepted));
  report.add("batches sent again after kill -9", static_cast<double>(numbers.size()));
  report.add("items answered otherwise", static_cast<double>(other));
  report.add("in process before, transfers per second", n / before_s);
  report.add("in process after, transfers per second", n / after_s);
  report.add_limit_of_rate("in process", "transfers per second", 2 * n / (before_s + after_s),
                           n / seconds);
  in_process.add_limits(report, n / seconds);
  report.print(o.json);
  return accepted != o.transfers || other > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app{"Batches of fixed records over HTTP"};
  app.add_option("--transfers", o.transfers)->check(CLI::PositiveNumber);
  app.add_option("--batch", o.load.batch)->check(CLI::Range(1, 8192));
  app.add_option("--accounts", o.load.accounts)->check(CLI::Range(2, 1'000'000));
  app.add_option("--connections", o.connections, "batches under way")->check(CLI::Range(1, 256));
  app.add_option("--program", o.program, "the suanpan program")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--port", o.port);
  app.add_flag("--json", o.json, "one JSON object instead of a table");
  CLI11_PARSE(app, argc, argv);
  return run(o);
}
