// Durable posting in process: transfers through a Book, each batch synced before it is answered,
// projections caught up and stored inside the clock. One workload a run; see README.md.
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <thread>

#include "bench/bench_book.h"
#include "bench/limits.h"
#include "bench/machine_probe.h"
#include "bench/posting_load.h"
#include "bench/report.h"
#include "ledger/base/check.h"
#include "ledger/engine/verify.h"

using namespace suanpan;
using bench::Client;
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

// Transfers of the workload "life" after its figures are taken. What has gathered by then is nearly
// as much as ever does before it is stored, of accounts too, if they are many
// (engine/projector.cc): as long a tail as a restart can find.
std::uint64_t tail_of(const Options& o) { return std::min<std::uint64_t>(3'900'000, o.transfers); }

// The first day ends when everything is posted, so that its root is signed inside the clock.
Date first_day() { return SystemClock().now().date_cn().plus_days(-1); }

std::unique_ptr<Book> open_book(const std::filesystem::path& folder, const Options& o) {
  static const SystemClock clock;
  return bench::open_book(folder, clock, first_day(), o.shards);
}

void begin_book(Book& book, const Options& o) {
  bench::AccountsToOpen accounts;
  accounts.count = o.load.accounts;
  accounts.first_is_hot = o.load.hot_percent > 0;
  bench::open_accounts(book, accounts);
  book.wait_projected();
}

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

void post(Book& book, const std::filesystem::path& folder, const Options& o) {
  begin_book(book, o);
  const BookStatistics before = book.statistics();
  Load load(o.load);
  Client client(book, o.in_flight);
  bench::Latencies singles;
  const auto machine = o.probe ? std::make_unique<Tenths>() : nullptr;
  const double cpu = bench::cpu_seconds();
  const bench::Stopwatch watch;
  if (o.workload == "two-phase")
    hold_and_post(client, load, o);
  else if (o.workload == "single")
    post_singly(book, singles, o);
  else
    post_batches(client, load, o, machine.get());
  const double answered_s = watch.seconds();
  const BookStatistics posted = book.statistics();
  bench::must_accept(book.run(
      day_cut({ClaimKey{Id128{3, 1}, CallerId{o.load.caller}}, first_day().plus_days(1)})));
  const double signed_s = watch.seconds();
  book.wait_projected();
  const double projected_s = watch.seconds();
  book.store_projections();
  const double seconds = watch.seconds();
  const double used = bench::cpu_seconds() - cpu;
  const auto n = static_cast<double>(o.transfers);
  bench::Latencies& latencies = o.workload == "single" ? singles : client.latencies();

  bench::Report report(o.workload);
  report.add("transfers", n);
  report.add("vouchers a batch", o.workload == "single" ? 1.0 : static_cast<double>(o.load.batch));
  report.add("accounts", o.load.accounts);
  report.add("seconds, all answered", answered_s);
  report.add("seconds, day cut and its root signed", signed_s);
  report.add("seconds, projections caught up", projected_s);
  report.add("seconds, projections stored", seconds);
  report.add("transfers per second", n / seconds);
  report.add("cpu ns per transfer", used / n * 1e9);
  report.add("batch p50 ms", latencies.percentile(50));
  report.add("batch p99 ms", latencies.percentile(99));
  report.add("batch max ms", latencies.percentile(100));
  report.add("syncs", static_cast<double>(posted.blocks - before.blocks));
  const auto& t = client.tenths();
  if (t.size() == 11)
    for (std::size_t i = 1; i <= 10; ++i) {
      report.add(fmt::format("tenth {}: transfers per second", i),
                 n / 10 / (t[i].clock - t[i - 1].clock));
      report.add(fmt::format("tenth {}: cpu ns per transfer", i),
                 (t[i].cpu - t[i - 1].cpu) / n * 1e10);
      if (machine && machine->samples[i - 1] > 0)
        report.add(fmt::format("tenth {}: machine, ns per addition", i), machine->of(i - 1));
    }
  report.add("bytes on disk per transfer",
             static_cast<double>(book.statistics().disk_bytes - before.disk_bytes) / n);
  report.add_resources();
  bench::add_journal_limits(
      report, book, folder,
      bench::newest_blocks(book, before.last_seq, posted.last_seq, bench::is_transfer), "transfers",
      n / seconds);
  report.print(o.json);
}

struct ReadLatencies {
  bench::Latencies balances, pages;
};

// Balances and statement pages of random accounts, one of each every half millisecond.
ReadLatencies read_while(const Book& book, const Options& o,
                         const std::function<bool(std::size_t done)>& goes_on) {
  ReadLatencies latencies;
  std::uint64_t seed = 7;
  const auto next = [&] { return mix64(seed += 0x9e3779b97f4a7c15); };
  while (goes_on(latencies.pages.count())) {
    const AccountId account{static_cast<std::uint32_t>(next() % o.load.accounts) + 1};
    auto begin = Clock_::now();
    const std::int64_t total = book.read(
        [&](const State& state, std::uint64_t) { return state.balance(account).credits_posted; });
    latencies.balances.add(Clock_::now() - begin);
    const EntryPosition after{next() % (book.statistics().last_seq + 1), 0};
    begin = Clock_::now();
    const auto page = book.entries(account, after, 100);
    CHECK_OR_DIE(page && total >= 0, "a read failed");
    latencies.pages.add(Clock_::now() - begin);
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  return latencies;
}

// Latencies of reads while another thread writes at half of the speed it could. What they are
// without anybody writing is their limit.
void read_while_writing(Book& book, const std::filesystem::path& folder, const Options& o) {
  begin_book(book, o);
  const std::uint64_t before = book.last_seq();
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
  const auto sample = bench::newest_blocks(book, before, book.last_seq(), bench::is_transfer);
  std::atomic<bool> stop = false;
  ReadLatencies meanwhile;
  std::thread reader([&] { meanwhile = read_while(book, o, [&](std::size_t) { return !stop; }); });
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
  book.wait_projected();
  constexpr std::size_t kAloneReads = 4000;
  ReadLatencies alone = read_while(book, o, [](std::size_t done) { return done < kAloneReads; });

  bench::Report report(o.workload);
  report.add("transfers per second, full", full);
  report.add("transfers per second, meanwhile", wrote);
  report.add("reads of each kind", static_cast<double>(meanwhile.pages.count()));
  const auto add_reads = [&](const char* name, bench::Latencies& reads, bench::Latencies& limits) {
    for (const double p : {50.0, 99.0, 99.9})
      report.add(fmt::format("{} p{} ms", name, p), reads.percentile(p));
    for (const double p : {50.0, 99.0})
      report.add_limit_of_time(fmt::format("{} p{}, nobody writing", name, p), "ms",
                               limits.percentile(p), reads.percentile(p));
  };
  add_reads("balance read", meanwhile.balances, alone.balances);
  add_reads("statement page of 100", meanwhile.pages, alone.pages);
  bench::add_journal_limits(report, book, folder, sample, "transfers", full);
  report.print(o.json);
}

double resident_mib() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  long pages = 0, resident = 0;
  CHECK_OR_DIE(file && std::fscanf(file, "%ld %ld", &pages, &resident) == 2, "statm");
  std::fclose(file);
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// Posts on after everything was stored, and is killed with batches under way.
[[noreturn]] void post_until_killed(Book& book, const Options& o) {
  Load load(o.load);
  Client client(book, o.in_flight);
  for (std::uint64_t n = 0; client.answered() < tail_of(o); n += o.load.batch)
    client.submit(load.batch(o.transfers + n, o.load.batch));
  std::fflush(nullptr);
  ::kill(::getpid(), SIGKILL);
  std::abort();
}

// A book's life: posted to by a process that is killed, opened again, verified.
void live(const std::filesystem::path& folder, const Options& o) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  CHECK_OR_DIE(child >= 0, "fork");
  if (child == 0) {
    const auto book = open_book(folder, o);
    post(*book, folder, o);
    post_until_killed(*book, o);
  }
  int status = 0;
  CHECK_OR_DIE(
      ::waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
      "the child ended");
  bench::Report report("after kill -9");
  bench::Step restart;
  {
    std::unique_ptr<Book> book;
    const double cpu = bench::cpu_seconds();
    restart = bench::timed([&] { book = open_book(folder, o); });
    report.add("restart, seconds", restart.seconds);
    report.add("restart, cpu seconds", bench::cpu_seconds() - cpu);
    report.add("resident after it, MiB", resident_mib());
  }
  const double cpu = bench::cpu_seconds();
  VerifyReport judged;
  const bench::Step verified = bench::timed([&] { judged = bench::must(verify(folder)); });
  CHECK_OR_DIE(judged.ok, "verify: {}", judged.first_fault);
  CHECK_OR_DIE(judged.counters.roots > 0, "no day was signed");
  CHECK_OR_DIE(judged.counters.transfers >= o.transfers + tail_of(o), "{} transfers are left",
               judged.counters.transfers);
  const auto transfers = static_cast<double>(judged.counters.transfers);
  report.add("transfers verified", transfers);
  report.add("verify, transfers per second", transfers / verified.seconds);
  report.add("verify, cpu ns per transfer", (bench::cpu_seconds() - cpu) / transfers * 1e9);
  report.add_resources();
  {
    const auto book = open_book(folder, o);
    const auto sample = bench::newest_blocks(*book, 0, book->last_seq(), bench::is_transfer);
    report.add_limit_of_rate("verify, the apply loop alone", "transfers per second",
                             bench::applied_per_second(*book, sample),
                             transfers / verified.seconds);
  }
  const bench::RawFiles raw = bench::time_raw_files(folder);
  bench::add_step_limit(report, "restart", restart, raw);
  bench::add_step_limit(report, "verify", verified, raw);
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
      read_while_writing(*book, folder, o);
    else
      post(*book, folder, o);
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
