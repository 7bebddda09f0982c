// Durable posting in process: transfers through a Book, each batch synced before it is answered,
// projections caught up and stored inside the clock. One workload a run; see README.md.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <thread>

#include "bench/machine_probe.h"
#include "bench/posting_load.h"
#include "bench/report.h"
#include "ledger/base/check.h"
#include "ledger/core/plan_voucher.h"
#include "ledger/engine/verify.h"
#include "ledger/store/block.h"

using namespace suanpan;
using bench::Load;
using Clock_ = std::chrono::steady_clock;

namespace {

struct Options {
  std::string workload = "uniform";
  std::uint64_t transfers = 10'000'000;
  bench::LoadOptions load;
  bool random_ids = false;
  std::size_t in_flight = 4;  // batches submitted and not answered yet
  unsigned clients = 32;      // of the workload "single"
  unsigned shards = 0;
  std::string folder;
  bool json = false;
  bool probe = false;  // say with each tenth how fast the machine was
};

std::unique_ptr<Book> open_book(const std::filesystem::path& folder, const Options& o) {
  static const SystemClock clock;
  BookOptions options;
  options.folder = folder;
  options.create = true;
  options.first_date = clock.now().date_cn();
  options.shards = o.shards;
  auto opened = Book::open(options, clock);
  CHECK_OR_DIE(opened, "{}", opened.error().message);
  return std::move(opened.value());
}

void open_accounts(Book& book, const Options& o) {
  for (std::uint32_t begin = 0; begin < o.load.accounts; begin += 4096) {
    std::vector<Command> commands;
    for (std::uint32_t i = begin; i < std::min(begin + 4096, o.load.accounts); ++i) {
      OpenAccountRequest request;
      request.key = ClaimKey{Id128{1, i + 1}, CallerId{100}};
      request.code = fmt::format("2101/{:07}", i);
      request.type = AccountType::kLiability;
      request.terms.hot = i == 0 && o.load.hot_percent > 0;
      commands.push_back(open_account(request));
    }
    std::atomic<bool> answered = false;
    CHECK_OR_DIE(book.submit(std::move(commands),
                             [&](Book::Answers) {
                               answered = true;
                               answered.notify_one();
                             }),
                 "queue");
    answered.wait(false);
  }
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// Submits batches and keeps a bounded number of them in flight; notes latencies and progress.
class Client {
 public:
  Client(Book& book, std::size_t in_flight) : book_(book), limit_(in_flight) {}
  template <class Items>
  void submit(Items items) {
    const std::size_t count = items.size();
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return in_flight_ < limit_; });
      ++in_flight_;
    }
    const auto begin = Clock_::now();
    const bool taken = book_.submit(std::move(items), [this, begin, count](Book::Answers answers) {
      std::lock_guard lock(mutex_);
      for (const Answer& a : answers) refused_ += !a.accepted();
      latencies_.add(Clock_::now() - begin);
      answered_ += count;
      while (tenths_.size() <= 10 && answered_ * 10 >= total_ * tenths_.size())
        tenths_.push_back({watch_.seconds(), cpu_seconds()});
      --in_flight_;
      changed_.notify_one();
    });
    CHECK_OR_DIE(taken, "the queue is full");
  }
  void expect(std::uint64_t total) { total_ = total; }
  void finish() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_ == 0; });
    CHECK_OR_DIE(refused_ == 0, "{} items were refused", refused_);
  }
  bench::Latencies& latencies() { return latencies_; }
  /// A moment by the clock and by the time of all cores, in seconds.
  struct Moment {
    double clock = 0, cpu = 0;
  };
  /// When it began, and when each tenth of what is expected was answered.
  const std::vector<Moment>& tenths() const { return tenths_; }

 private:
  Book& book_;
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t in_flight_ = 0;
  std::uint64_t refused_ = 0, answered_ = 0, total_ = ~std::uint64_t{0};
  std::vector<Moment> tenths_{{0, cpu_seconds()}};
  bench::Latencies latencies_;
  bench::Stopwatch watch_;
};

/// How fast the machine was in each tenth of a run.
struct Tenths {
  bench::MachineProbe probe;
  std::array<double, 10> ns{};
  std::array<double, 10> samples{};
  void sample(std::uint64_t done, std::uint64_t total) {
    const auto tenth = static_cast<std::size_t>(done * 10 / total);
    ns[tenth] += probe.sample();
    ++samples[tenth];
  }
  double of(std::size_t tenth) const { return ns[tenth] / samples[tenth]; }
};

void post_batches(Client& client, Load& load, const Options& o, Tenths* machine = nullptr) {
  constexpr std::uint64_t kTransfersPerSample = 500'000;  // less than a hundredth of the time
  std::uint64_t sampled = 0;
  client.expect(o.transfers);
  for (std::uint64_t n = 0; n < o.transfers; n += o.load.batch) {
    if (machine && n >= sampled) {
      machine->sample(n, o.transfers);
      sampled += kTransfersPerSample;
    }
    client.submit(load.batch(n, std::min<std::uint64_t>(o.load.batch, o.transfers - n)));
  }
  client.finish();
}

// Hold, then post in full: each is one transfer.
void hold_and_post(Client& client, Load& load, const Options& o) {
  client.expect(o.transfers);
  std::uint64_t posts = std::uint64_t{1} << 40;  // ids of their own
  for (std::uint64_t n = 0; n < o.transfers / 2; n += o.load.batch) {
    const auto count = std::min<std::uint64_t>(o.load.batch, o.transfers / 2 - n);
    client.submit(load.batch(n, count, true));
    std::vector<Command> commands;
    commands.reserve(count);
    for (std::uint64_t i = n; i < n + count; ++i) {
      PostHoldRequest request;
      request.key = load.key(posts++);
      request.hold = load.key(i);
      commands.push_back(post_hold(std::move(request)));
    }
    client.submit(std::move(commands));
  }
  client.finish();
}

// Clients that each wait for their answer before they send again: group commit.
void post_singly(Book& book, bench::Latencies& latencies, const Options& o) {
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (unsigned c = 0; c < o.clients; ++c)
    threads.emplace_back([&, c] {
      bench::LoadOptions options = o.load;
      options.caller = 100 + c;
      Load load(options);
      bench::Latencies own;
      for (std::uint64_t n = c; n < o.transfers; n += o.clients) {
        const auto begin = Clock_::now();
        const Answer answer = book.run(load.voucher(n));
        CHECK_OR_DIE(answer.accepted(), "refused");
        own.add(Clock_::now() - begin);
      }
      std::lock_guard lock(mutex);
      latencies.add(own);
    });
  for (std::thread& thread : threads) thread.join();
}

// The machine's limits for the same work, in the same run: appending and syncing the same bytes,
// and applying the same transfers to balances in memory.
void add_limits(bench::Report& report, const Options& o, const std::filesystem::path& folder,
                double transfers_per_sync) {
  Load load(o.load);
  const auto size = static_cast<std::size_t>(std::max(1.0, transfers_per_sync));
  State state(BookState{});
  Account account;
  account.type = AccountType::kLiability;
  account.normal = Side::kCredit;
  account.version = 1;
  const std::uint32_t accounts = std::min(o.load.accounts, 1'000'000u);
  for (std::uint32_t i = 1; i <= accounts; ++i) {
    account.id = AccountId{i};
    account.code = std::to_string(i);
    state.load_account(account, Balance{});
  }
  state.apply_book({Date{20'516}, Date{20'515}});
  Stamper stamper;
  BlockBuilder builder;
  std::vector<Transfer> transfers;
  for (std::uint64_t n = 0; n < std::max<std::uint64_t>(size, 100'000); ++n) {
    const VoucherRequest v = load.voucher(n);
    auto planned = plan_voucher(state, v, Moment{Timestamp{1}});
    CHECK_OR_DIE(planned, "refused");
    transfers.push_back(planned.value().transfers[0]);
    if (n < size)
      builder.accept(CommandEnvelope{v.key, CommandKind::kVoucher, nullptr, &v, Timestamp{1}},
                     planned.value(), stamper);
  }
  const std::string bytes = builder.seal({});
  const std::filesystem::path path = folder / "raw";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  CHECK_OR_DIE(fd >= 0, "{}", path.string());
  std::size_t syncs = 0;
  const bench::Stopwatch appending;
  for (; syncs < 2000 && appending.seconds() < 2; ++syncs)
    CHECK_OR_DIE(::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
                     ::fdatasync(fd) == 0,
                 "raw append");
  const double per_sync = appending.seconds() / static_cast<double>(syncs);
  ::close(fd);
  std::filesystem::remove(path);
  std::uint64_t applied = 0;
  const bench::Stopwatch applying;
  for (; applying.seconds() < 0.5; applied += transfers.size())
    for (const Transfer& t : transfers) state.apply_transfer(t);
  report.add("limit: append+fdatasync of it, per s", static_cast<double>(size) / per_sync);
  report.add("limit: fdatasync ms", per_sync * 1e3);
  report.add("limit: applied in memory, per s", static_cast<double>(applied) / applying.seconds());
}

void post(Book& book, const std::filesystem::path& folder, const Options& o, bool limits) {
  open_accounts(book, o);
  book.wait_projected();
  const BookStatistics before = book.statistics();
  Load load(o.load);
  Client client(book, o.in_flight);
  bench::Latencies singles;
  const auto machine = o.probe ? std::make_unique<Tenths>() : nullptr;
  const double cpu = cpu_seconds();
  const bench::Stopwatch watch;
  if (o.workload == "two-phase")
    hold_and_post(client, load, o);
  else if (o.workload == "single")
    post_singly(book, singles, o);
  else
    post_batches(client, load, o, machine.get());
  const double answered_s = watch.seconds();
  book.wait_projected();
  if (o.workload != "life") book.store_projections();
  const double seconds = watch.seconds();
  const double used = cpu_seconds() - cpu;
  const BookStatistics after = book.statistics();
  const auto n = static_cast<double>(o.transfers);
  bench::Latencies& latencies = o.workload == "single" ? singles : client.latencies();

  bench::Report report(o.workload);
  report.add("transfers", n);
  report.add("batch", o.workload == "single" ? 1.0 : static_cast<double>(o.load.batch));
  report.add("accounts", o.load.accounts);
  report.add("seconds, projections caught up", seconds);
  report.add("seconds, all answered", answered_s);
  report.add("transfers per second", n / seconds);
  report.add("cpu ns per transfer", used / n * 1e9);
  report.add("batch p50 ms", latencies.percentile(50));
  report.add("batch p99 ms", latencies.percentile(99));
  report.add("batch max ms", latencies.percentile(100));
  const double syncs = static_cast<double>(after.blocks - before.blocks);
  report.add("syncs", syncs);
  const auto& t = client.tenths();
  if (t.size() == 11)
    for (std::size_t i = 1; i <= 10; ++i) {
      report.add(fmt::format("tenth {}: per second", i), n / 10 / (t[i].clock - t[i - 1].clock));
      report.add(fmt::format("tenth {}: cpu ns per transfer", i),
                 (t[i].cpu - t[i - 1].cpu) / n * 1e10);
      if (machine && machine->samples[i - 1] > 0)
        report.add(fmt::format("tenth {}: machine, ns per addition", i), machine->of(i - 1));
    }
  report.add("bytes on disk per transfer",
             static_cast<double>(after.disk_bytes - before.disk_bytes) / n);
  report.add_resources();
  if (limits) add_limits(report, o, folder, n / syncs);
  report.print(o.json);
}

// Latencies of reads while another thread writes at half of the speed it could.
void read_while_writing(Book& book, const Options& o) {
  open_accounts(book, o);
  Load load(o.load);
  double full = 0;
  {
    Client client(book, o.in_flight);
    const bench::Stopwatch watch;
    Options warm = o;
    warm.transfers = o.transfers / 4;
    post_batches(client, load, warm);
    book.wait_projected();
    full = static_cast<double>(warm.transfers) / watch.seconds();
  }
  std::atomic<bool> stop = false;
  bench::Latencies balances, pages;
  std::thread reader([&] {
    std::uint64_t seed = 7;
    const auto next = [&] { return mix64(seed += 0x9e3779b97f4a7c15); };
    while (!stop) {
      const AccountId account{static_cast<std::uint32_t>(next() % o.load.accounts) + 1};
      auto begin = Clock_::now();
      const std::int64_t total = book.read(
          [&](const State& state, std::uint64_t) { return state.balance(account).credits_posted; });
      balances.add(Clock_::now() - begin);
      const EntryPosition after{next() % (book.statistics().last_seq + 1), 0};
      begin = Clock_::now();
      const auto page = book.entries(account, after, 100);
      CHECK_OR_DIE(page && total >= 0, "a read failed");
      pages.add(Clock_::now() - begin);
      std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
  });
  Client client(book, o.in_flight);
  const bench::Stopwatch watch;
  std::uint64_t n = o.transfers / 4;
  for (; n < o.transfers; n += o.load.batch) {
    client.submit(load.batch(n, o.load.batch));
    const double due = static_cast<double>(n - o.transfers / 4) / (full / 2);
    if (due > watch.seconds())
      std::this_thread::sleep_for(std::chrono::duration<double>(due - watch.seconds()));
  }
  client.finish();
  const double wrote = static_cast<double>(n - o.transfers / 4) / watch.seconds();
  stop = true;
  reader.join();
  bench::Report report(o.workload);
  report.add("transfers per second, full", full);
  report.add("transfers per second, meanwhile", wrote);
  report.add("reads of each kind", static_cast<double>(pages.count()));
  for (auto& [name, latencies] :
       {std::pair("balance read", &balances), std::pair("statement page of 100", &pages)})
    for (const double p : {50.0, 99.0, 99.9})
      report.add(fmt::format("{} p{} ms", name, p), latencies->percentile(p));
  report.print(o.json);
}

double resident_mib() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  long pages = 0, resident = 0;
  CHECK_OR_DIE(file && std::fscanf(file, "%ld %ld", &pages, &resident) == 2, "statm");
  std::fclose(file);
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// A book's life: posted to by a process that is killed, opened again, verified.
void live(const std::filesystem::path& folder, const Options& o) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  CHECK_OR_DIE(child >= 0, "fork");
  if (child == 0) {
    const auto book = open_book(folder, o);
    post(*book, folder, o, false);
    std::fflush(nullptr);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  CHECK_OR_DIE(::waitpid(child, &status, 0) == child && WIFSIGNALED(status), "the child ended");
  bench::Report report("after kill -9");
  {
    const bench::Stopwatch watch;
    const double cpu = cpu_seconds();
    const auto book = open_book(folder, o);
    const std::uint64_t last = book->last_seq();
    report.add("restart, seconds", watch.seconds());
    report.add("restart, cpu seconds", cpu_seconds() - cpu);
    report.add("resident after it, MiB", resident_mib());
    CHECK_OR_DIE(last >= o.transfers, "the journal ends at {}", last);
  }
  const double cpu = cpu_seconds();
  const auto judged = verify(folder);
  CHECK_OR_DIE(judged && judged.value().ok, "verify: {}",
               judged ? judged.value().first_fault : judged.error().message);
  report.add("verify, transfers per second",
             static_cast<double>(o.transfers) * 1e3 / static_cast<double>(judged.value().took_ms));
  report.add("verify, cpu ns per transfer",
             (cpu_seconds() - cpu) / static_cast<double>(o.transfers) * 1e9);
  report.add_resources();
  report.print(o.json);
}

void run(const Options& o) {
  const bool temporary = o.folder.empty();
  const std::filesystem::path folder =
      temporary ? std::filesystem::path(fmt::format("/var/tmp/suanpan-bench-{}", ::getpid()))
                : std::filesystem::path(o.folder);
  if (o.workload == "life") {
    live(folder, o);
  } else {
    const auto book = open_book(folder, o);
    if (o.workload == "reads")
      read_while_writing(*book, o);
    else
      post(*book, folder, o, true);
  }
  if (temporary) std::filesystem::remove_all(folder);
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app{"Durable posting in process"};
  app.add_option("--workload", o.workload,
                 "uniform; two-phase: hold, then post; single: one at a time from many clients; "
                 "reads: while writing at half speed; life: kill -9, restart, verify")
      ->check(CLI::IsMember({"uniform", "two-phase", "single", "reads", "life"}));
  app.add_option("--transfers", o.transfers, "how many")->check(CLI::PositiveNumber);
  app.add_option("--batch", o.load.batch, "vouchers a batch")->check(CLI::Range(1, 8192));
  app.add_option("--accounts", o.load.accounts)->check(CLI::Range(2, 10'000'000));
  app.add_option("--hot", o.load.hot_percent, "percent of transfers on one hot account")
      ->check(CLI::Range(0, 100));
  app.add_option("--zipf", o.load.zipf, "skew of the accounts, 0: uniform")
      ->check(CLI::Range(0.0, 2.0));
  app.add_option("--in-flight", o.in_flight, "batches submitted and not answered")
      ->check(CLI::Range(1, 512));
  app.add_option("--clients", o.clients, "of the workload single")->check(CLI::Range(1, 1024));
  app.add_option("--shards", o.shards, "planning threads; 0: as the book chooses")
      ->check(CLI::Range(0, 64));
  app.add_flag("--random-ids", o.random_ids, "ids in random order");
  app.add_option("--folder", o.folder, "keep the book here");
  app.add_flag(
      "--probe", o.probe,
      "say with each tenth of a uniform load how fast the machine was (its CPU and 64 MiB count)");
  app.add_flag("--json", o.json, "one JSON object instead of a table");
  CLI11_PARSE(app, argc, argv);
  o.load.ids = o.random_ids ? bench::IdOrder::kRandom : bench::IdOrder::kRising;
  run(o);
}
