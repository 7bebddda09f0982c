// Durable posting in process: transfers through a Book, each batch synced before it is answered,
// projections caught up inside the clock.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <thread>

#include "bench/report.h"
#include "ledger/base/check.h"
#include "ledger/engine/book.h"

using namespace suanpan;

namespace {

struct Options {
  std::uint64_t transfers = 10'000'000;
  std::size_t batch = 8192;
  std::uint32_t accounts = 10'000;
  unsigned hot_percent = 0;  // share of transfers that touch one hot account
  bool random_ids = false;
  unsigned shards = 0;
  std::size_t in_flight = 4;  // batches submitted and not answered yet
  std::string folder;
  bool json = false;
};

std::vector<VoucherRequest> make_batch(const Options& o, std::uint64_t first, std::uint64_t count,
                                       std::uint64_t& seed) {
  std::vector<VoucherRequest> batch(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto next = [&] { return mix64(seed += 0x9e3779b97f4a7c15); };
    VoucherRequest& v = batch[i];
    v.key = ClaimKey{o.random_ids ? Id128{next(), next()} : Id128{0, first + i + 1}, CallerId{100}};
    const auto hot = next() % 100 < o.hot_percent;
    const auto debit = hot ? 1 : static_cast<std::uint32_t>(next() % o.accounts) + 1;
    auto credit = static_cast<std::uint32_t>(next() % o.accounts) + 1;
    if (credit == debit) credit = debit % o.accounts + 1;
    v.legs.push_back(
        Leg{AccountId{debit}, AccountId{credit}, static_cast<std::int64_t>(next() % 10'000) + 1});
    v.code = 1;
    if (i % 10 == 0) {
      auto text = std::make_shared<VoucherText>();
      text->business_key = fmt::format("B{:015}", first + i);
      v.text = std::move(text);
    }
  }
  return batch;
}

void open_accounts(Book& book, const Options& o) {
  for (std::uint32_t begin = 0; begin < o.accounts; begin += 1024) {
    std::vector<Command> commands;
    for (std::uint32_t i = begin; i < std::min(begin + 1024, o.accounts); ++i) {
      OpenAccountRequest request;
      request.key = ClaimKey{Id128{1, i + 1}, CallerId{100}};
      request.code = fmt::format("2101/{:07}", i);
      request.type = AccountType::kLiability;
      request.terms.hot = i == 0 && o.hot_percent > 0;
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

void run(const Options& o) {
  const bool temporary = o.folder.empty();
  const std::filesystem::path folder =
      temporary ? std::filesystem::path(fmt::format("/var/tmp/suanpan-bench-{}", ::getpid()))
                : std::filesystem::path(o.folder);
  const SystemClock clock;
  BookOptions options;
  options.folder = folder;
  options.create = true;
  options.shards = o.shards;
  options.first_date = clock.now().date_cn();
  auto opened = Book::open(options, clock);
  CHECK_OR_DIE(opened, "{}", opened.error().message);
  Book& book = *opened.value();
  open_accounts(book, o);
  const BookStatistics before = book.statistics();

  bench::Latencies latencies;
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t in_flight = 0;
  std::uint64_t seed = 42, refused = 0;
  const bench::Stopwatch watch;
  for (std::uint64_t first = 0; first < o.transfers; first += o.batch) {
    const std::uint64_t count = std::min<std::uint64_t>(o.batch, o.transfers - first);
    auto batch = make_batch(o, first, count, seed);
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return in_flight < o.in_flight; });
      ++in_flight;
    }
    const auto begin = std::chrono::steady_clock::now();
    const auto done = [&, begin](Book::Answers answers) {
      std::lock_guard lock(mutex);
      for (const Answer& a : answers) refused += !a.accepted();
      latencies.add(std::chrono::steady_clock::now() - begin);
      --in_flight;
      changed.notify_one();
    };
    while (!book.submit(batch, done)) std::this_thread::sleep_for(std::chrono::microseconds(100));
    bench::progress("posting", first + count, o.transfers, watch);
  }
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return in_flight == 0; });
  }
  const double answered_s = watch.seconds();
  book.wait_projected();
  book.store_projections();
  const double seconds = watch.seconds();
  const BookStatistics after = book.statistics();
  CHECK_OR_DIE(refused == 0, "{} transfers were refused", refused);

  bench::Report report("posting");
  report.add("transfers", static_cast<double>(o.transfers));
  report.add("batch", static_cast<double>(o.batch));
  report.add("accounts", o.accounts);
  report.add("seconds, projections caught up", seconds);
  report.add("seconds, all answered", answered_s);
  report.add("transfers per second", static_cast<double>(o.transfers) / seconds);
  report.add("batch p50 ms", latencies.percentile(50));
  report.add("batch p99 ms", latencies.percentile(99));
  report.add("batch p99.9 ms", latencies.percentile(99.9));
  report.add("syncs", static_cast<double>(after.blocks - before.blocks));
  report.add(
      "bytes on disk per transfer",
      static_cast<double>(after.disk_bytes - before.disk_bytes) / static_cast<double>(o.transfers));
  report.add_resources();
  opened.value().reset();
  if (temporary) std::filesystem::remove_all(folder);
  report.print(o.json);
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app{"Durable posting in process"};
  app.add_option("--transfers", o.transfers, "how many")->check(CLI::PositiveNumber);
  app.add_option("--batch", o.batch, "vouchers a batch")->check(CLI::Range(1, 8192));
  app.add_option("--accounts", o.accounts)->check(CLI::Range(2, 10'000'000));
  app.add_option("--hot", o.hot_percent, "percent of transfers on one hot account")
      ->check(CLI::Range(0, 100));
  app.add_option("--in-flight", o.in_flight, "batches submitted and not answered")
      ->check(CLI::Range(1, 64));
  app.add_option("--shards", o.shards, "planning threads; 0: as the book chooses")
      ->check(CLI::Range(0, 64));
  app.add_flag("--random-ids", o.random_ids, "ids in random order");
  app.add_option("--folder", o.folder, "keep the book here");
  app.add_flag("--json", o.json, "one JSON object instead of a table");
  CLI11_PARSE(app, argc, argv);
  run(o);
}
