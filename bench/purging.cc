// A year's way out of a book: posted to, closed, archived, purged; with the bytes on disk before
// and after, and how long each step took.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <condition_variable>
#include <mutex>

#include "bench/posting_load.h"
#include "bench/report.h"
#include "ledger/base/check.h"
#include "ledger/core/chart_templates.h"
#include "ledger/engine/archive_book.h"
#include "ledger/engine/close_year.h"
#include "ledger/engine/purge_book.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

struct Options {
  std::uint64_t transfers = 10'000'000;
  bench::LoadOptions load;
  bool random_ids = false;
  std::string folder;
  bool json = false;
};

template <class T>
T must(Result<T> result) {
  CHECK_OR_DIE(result, "{}", result.error().message);
  return std::move(result.value());
}

/// The bytes of the files in a folder.
std::uint64_t bytes_in(const fs::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(folder)) bytes += entry.file_size();
  return bytes;
}

class Year {
 public:
  Year(const fs::path& folder, const Options& o)
      : o_(o), folder_(folder / "book"), archive_(folder / "archive"), load_(o.load) {}

  void run() {
    book_ = open();
    run(adopt_chart(*chart_template("platform")));
    open_accounts();
    post(0, o_.transfers);
    timed("seconds, closed", [&] { close(); });
    timed("seconds, archived", [&] { archive(); });
    note_bytes("before");
    timed("seconds, purged", [&] { purge(); });
    note_bytes("after");
    report_.add("bytes of the archive per transfer",
                static_cast<double>(bytes_in(archive_)) / static_cast<double>(o_.transfers));
    resend();
    book_.reset();
    timed("seconds, opened again", [&] { book_ = open(); });
    book_.reset();
    timed("seconds, verified", [&] {
      const VerifyReport judged = must(verify(folder_));
      CHECK_OR_DIE(judged.ok, "verify: {}", judged.first_fault);
    });
    report_.add_resources();
    report_.print(o_.json);
  }

 private:
  std::unique_ptr<Book> open() {
    BookOptions options;
    options.folder = folder_;
    options.create = true;
    options.first_date = *Date::of(2025, 12, 31);
    options.sign_days = true;
    return must(Book::open(options, clock_));
  }
  ClaimKey next_key() { return {Id128{1, ++commands_}, CallerId{o_.load.caller}}; }
  void run(Command command) {
    const Answer answer = book_->run(std::move(command));
    CHECK_OR_DIE(answer.accepted(), "{} {}", name_of(answer.refusal.code), answer.refusal.detail);
  }
  template <class Step>
  void timed(const char* what, Step&& step) {
    const bench::Stopwatch watch;
    step();
    report_.add(what, watch.seconds());
  }
  void note_bytes(const char* when) {
    const auto bytes = static_cast<double>(book_->statistics().disk_bytes);
    report_.add(fmt::format("bytes on disk {}", when), bytes);
    report_.add(fmt::format("bytes per transfer {}", when),
                bytes / static_cast<double>(o_.transfers));
  }

  /// Submits a batch; at most four are on their way at a time.
  template <class Items>
  void submit(Items items) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_ < 4; });
    ++in_flight_;
    lock.unlock();
    const bool taken = book_->submit(std::move(items), [this](Book::Answers answers) {
      for (const Answer& a : answers)
        CHECK_OR_DIE(a.accepted(), "{} {}", name_of(a.refusal.code), a.refusal.detail);
      const std::lock_guard ended(mutex_);
      --in_flight_;
      changed_.notify_all();
    });
    CHECK_OR_DIE(taken, "the queue is full");
  }
  void finish() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_ == 0; });
  }

  void open_accounts() {
    for (std::uint32_t begin = 0; begin < o_.load.accounts; begin += 4096) {
      std::vector<Command> commands;
      for (std::uint32_t i = begin; i < std::min(begin + 4096, o_.load.accounts); ++i) {
        OpenAccountRequest request;
        request.key = next_key();
        request.code = fmt::format("2101/{:07}", i);
        request.type = AccountType::kLiability;
        commands.push_back(open_account(request));
      }
      submit(std::move(commands));
    }
    finish();
  }
  void post(std::uint64_t from, std::uint64_t to) {
    const bench::Stopwatch watch;
    for (std::uint64_t n = from; n < to; n += o_.load.batch) {
      submit(load_.batch(n, std::min<std::uint64_t>(o_.load.batch, to - n)));
      bench::progress("posted", n, to, watch);
    }
    finish();
    bench::progress("posted", to, to, watch);
  }
  void close() {
    run(day_cut({next_key(), *Date::of(2026, 1, 5)}));
    run(request_year_close({next_key(), 2025, "maker"}));
    const YearCloseOutcome closed = must(close_year(*book_, 2025, "checker"));
    CHECK_OR_DIE(closed.refusal.code == RefusalCode::kNone, "the year is not closed");
  }
  void archive() {
    ArchiveRequest request;
    request.to = archive_;
    request.year = 2025;
    request.roots = folder_ / "roots";
    request.root_key = folder_ / "root.key";
    must(archive_book(*book_, request));
    run(day_cut({next_key(), *Date::of(2026, 1, 20)}));  // what was just closed is not purged
    book_->wait_projected();
    book_->store_projections();
  }
  void purge() {
    PurgeRequest request;
    request.archive = archive_;
    request.year = 2025;
    request.roots = folder_ / "roots";
    must(purge_book(*book_, request));
  }
  /// The last command of the year finds its first answer.
  void resend() {
    bench::Load again(o_.load);
    VoucherRequest last;
    for (std::uint64_t n = 0; n < o_.transfers; ++n) last = again.voucher(n);
    const Answer answer = book_->run(std::move(last));
    CHECK_OR_DIE(answer.accepted() && answer.replayed, "an id of the purged year is forgotten");
  }

  const Options o_;
  const fs::path folder_, archive_;
  ManualClock clock_{Timestamp::of_cn(*Date::of(2025, 12, 31), 9, 0, 0)};
  bench::Load load_;
  bench::Report report_{"purge"};
  std::unique_ptr<Book> book_;
  std::uint64_t commands_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t in_flight_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app{"A closed year, archived and purged"};
  app.add_option("--transfers", o.transfers, "how many")->check(CLI::PositiveNumber);
  app.add_option("--batch", o.load.batch, "vouchers a batch")->check(CLI::Range(1, 8192));
  app.add_option("--accounts", o.load.accounts)->check(CLI::Range(2, 10'000'000));
  app.add_option("--zipf", o.load.zipf, "skew of the accounts, 0: uniform")
      ->check(CLI::Range(0.0, 2.0));
  app.add_flag("--random-ids", o.random_ids, "ids in random order");
  app.add_option("--folder", o.folder, "keep book and archive here");
  app.add_flag("--json", o.json, "one JSON object instead of a table");
  CLI11_PARSE(app, argc, argv);
  o.load.ids = o.random_ids ? bench::IdOrder::kRandom : bench::IdOrder::kRising;
  const bool temporary = o.folder.empty();
  const fs::path folder = temporary ? fs::path(fmt::format("/var/tmp/suanpan-bench-{}", ::getpid()))
                                    : fs::path(o.folder);
  Year(folder, o).run();
  if (temporary) fs::remove_all(folder);
}
