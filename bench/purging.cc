// A year's way out of a book: posted to, closed, archived, purged; with the bytes on disk before
// and after, and how long each step took.
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "bench/bench_book.h"
#include "bench/limits.h"
#include "bench/posting_load.h"
#include "bench/report.h"
#include "ledger/base/check.h"
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
    bench::AccountsToOpen accounts;
    accounts.count = o_.load.accounts;
    bench::open_accounts(*book_, accounts);
    post();
    timed("closed", [&] { close(); });
    timed("archived", [&] { archive(); });
    note_bytes("before");
    timed("purged", [&] { purge(); });
    note_bytes("after");
    report_.add("bytes of the archive per transfer",
                static_cast<double>(bytes_in(archive_)) / static_cast<double>(o_.transfers));
    resend();
    book_.reset();
    timed("opened again", [&] { book_ = open(); });
    book_.reset();
    timed("verified", [&] {
      const VerifyReport judged = bench::must(verify(folder_));
      CHECK_OR_DIE(judged.ok, "verify: {}", judged.first_fault);
    });
    report_.add_resources();
    const bench::RawFiles raw = bench::time_raw_files(folder_);
    for (const auto& [what, step] : steps_) bench::add_step_limit(report_, what, step, raw);
    report_.print(o_.json);
  }

 private:
  std::unique_ptr<Book> open() {
    return bench::open_book(folder_, clock_, *Date::of(2025, 12, 31));
  }
  ClaimKey next_key() { return {Id128{3, ++commands_}, CallerId{o_.load.caller}}; }
  void run(Command command) { bench::must_accept(book_->run(std::move(command))); }
  template <class Run>
  void timed(const char* what, Run&& run) {
    steps_.emplace_back(what, bench::timed(std::forward<Run>(run)));
    report_.add(fmt::format("seconds, {}", what), steps_.back().second.seconds);
  }
  void note_bytes(const char* when) {
    const auto bytes = static_cast<double>(book_->statistics().disk_bytes);
    report_.add(fmt::format("bytes on disk {}", when), bytes);
    report_.add(fmt::format("bytes per transfer {}", when),
                bytes / static_cast<double>(o_.transfers));
  }

  void post() {
    bench::Client client(*book_, 4);
    const bench::Stopwatch watch;
    for (std::uint64_t n = 0; n < o_.transfers; n += o_.load.batch) {
      client.submit(load_.batch(n, std::min<std::uint64_t>(o_.load.batch, o_.transfers - n)));
      bench::progress("posted", n, o_.transfers, watch);
    }
    client.finish();
    bench::progress("posted", o_.transfers, o_.transfers, watch);
  }
  void close() {
    run(day_cut({next_key(), *Date::of(2026, 1, 5)}));
    run(request_year_close({next_key(), 2025, "maker"}));
    const YearCloseOutcome closed = bench::must(close_year(*book_, 2025, "checker"));
    CHECK_OR_DIE(closed.refusal.code == RefusalCode::kNone, "the year is not closed");
  }
  void archive() {
    ArchiveRequest request;
    request.to = archive_;
    request.year = 2025;
    request.roots = folder_ / "roots";
    request.root_key = folder_ / "root.key";
    bench::must(archive_book(*book_, request));
    run(day_cut({next_key(), *Date::of(2026, 1, 20)}));  // what was just closed is not purged
    book_->wait_projected();
    book_->store_projections();
  }
  void purge() {
    PurgeRequest request;
    request.archive = archive_;
    request.year = 2025;
    request.roots = folder_ / "roots";
    bench::must(purge_book(*book_, request));
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
  std::vector<std::pair<const char*, bench::Step>> steps_;
  std::uint64_t commands_ = 0;
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
