// The process whose files fail: two lives of a book with a fixed workload, on files whose Nth
// operation fails. Acks go to file descriptor 3, and before each failing operation a note of it.
//
//   io_fault_worker FOLDER KIND NTH LASTING SHARDS
//
// It ends with 0 when it got to its end, 70 when the book ended it, 71 when the book did not open
// for an I/O error, 5 when it did not for another, 72 when a reading said that it failed; 4 and 6
// are broken promises.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "ledger/store/rocks_store.h"
#include "tests/crash/crash_load.h"
#include "tests/crash/io_fault_notes.h"
#include "tests/crash/outside_files.h"
#include "tests/crash/reckoning.h"

using namespace suanpan;

namespace {

// Every operation of these is struck eight ways, one by one: no more than it takes to store several
// times, to merge what is stored, and to open all of it again.
constexpr int kBatches[] = {10, 7};  // of each life

void tell(const test::Ack& ack) {
  if (::syscall(SYS_write, 3, &ack, sizeof ack) != sizeof ack) std::_Exit(3);
}

/// What the accounts must show, by what was answered in this process.
class Expected {
 public:
  void booked(const std::vector<Transfer>& moves) {
    for (const Transfer& t : moves) {
      if (t.kind != TransferKind::kPosted && t.kind != TransferKind::kPostPending) continue;
      lines_[t.debit.value].push_back(t.amount);
      lines_[t.credit.value].push_back(-t.amount);
    }
  }
  // Every history, read from the stored rows and what has gathered since.
  void check(const Book& book) const {
    for (const auto& line : lines_) {
      const AccountId account{line.first};
      const std::vector<std::int64_t>& amounts = line.second;
      const bool purse = account.value > test::kSharedAccounts;  // it grows by credits
      std::size_t at = 0;
      std::int64_t after = 0;
      const auto read = book.for_each_entry(account, [&](const Entry& e) {
        if (at == amounts.size()) std::_Exit(6);
        after += purse ? -amounts[at] : amounts[at];
        ++at;
        if (e.balance_after != after) std::_Exit(6);
        return true;
      });
      if (!read) std::_Exit(72);
      if (at != amounts.size()) std::_Exit(6);
    }
  }

 private:
  std::map<std::uint32_t, std::vector<std::int64_t>> lines_;
};

/// The workload, which goes on from life to life.
class Load {
 public:
  void live(const BookOptions& options, int batches) {
    test::LoadClock clock(std::vector<std::uint64_t>{n_ + 1});
    auto opened = Book::open(options, clock);
    if (!opened) {
      std::fprintf(stderr, "opening: %s\n", opened.error().message.c_str());
      std::_Exit(opened.error().code == Errc::kIo ? 71 : 5);
    }
    Book& book = *opened.value();
    for (const Answer& answer : book.run(test::crash_accounts()))
      if (!answer.accepted()) std::_Exit(6);
    check_roots(options.folder);
    expected_.check(book);
    for (int batch = 0; batch < batches; ++batch) {
      clock.begins(0, n_ + 1);
      post(book);
      if (batch == 2) book.store_projections();  // and again when it is closed
      if (batch % 5 == 4) read(book);
      if (batch != batches / 2) continue;
      if (!test::cut_day(book)) std::_Exit(6);
      check_roots(options.folder);
    }
  }

 private:
  void post(Book& book) {
    const test::CrashBatch batch = test::crash_batch(0, n_ + 1, 3 + mix64(n_) % 10);
    // By the committing thread, before it goes on: what it meets next comes after these answers.
    const auto acknowledge = [n = n_](const Book::Answers& answers) mutable {
      for (const Answer& answer : answers) {
        if (answer.seq == 0) std::_Exit(4);
        tell(test::ack_of(0, ++n, answer));
      }
    };
    for (const Answer& answer : test::ask(book, 0, batch, acknowledge)) {
      ++n_;
      const test::Reckoned& told = reckoning_.of(n_);
      if (answer.refusal.code != told.refusal) std::_Exit(4);
      if (answer.accepted()) expected_.booked(told.moves);
    }
  }
  void read(Book& book) {
    const auto found = book.find(test::crash_key(0, 1 + n_ / 2));
    if (!found) std::_Exit(72);
    if (!found.value()) std::_Exit(6);
    expected_.check(book);
  }

  // What was signed once stays as it is: signed anew it would be other bytes. Read past the faults.
  void check_roots(const std::filesystem::path& folder) {
    const auto fd = static_cast<int>(
        ::syscall(SYS_openat, AT_FDCWD, (folder / "roots").c_str(), O_RDONLY | O_CLOEXEC));
    if (fd < 0) std::_Exit(6);
    std::string text(16 << 10, '\0');
    const long got = ::syscall(SYS_read, fd, text.data(), text.size());
    ::close(fd);
    text.resize(static_cast<std::size_t>(std::max(got, 0L)));
    if (!text.starts_with(roots_)) std::_Exit(6);
    roots_ = std::move(text);
  }

  std::uint64_t n_ = 0;
  std::string roots_;
  test::Reckoning reckoning_{0};
  Expected expected_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  std::atomic<int> struck{0};
  test::Faults all(
      static_cast<test::FaultKind>(std::atoi(argv[2])), std::strtoull(argv[3], nullptr, 10),
      std::atoi(argv[4]) != 0, [&struck](std::string_view file, test::FileOperation operation) {
        // Without its journal, its head and its roots written and synced nothing may be answered
        // any more.
        const bool writes =
            operation == test::FileOperation::kWrite || operation == test::FileOperation::kSync;
        const bool vital = writes && (file.ends_with(".log") || file == "head" || file == "roots" ||
                                      file == "folder");
        tell({vital ? test::kVitalFault : test::kFault});
        if (struck++ == 0)
          std::fprintf(stderr, "struck: %.*s, operation %d\n", static_cast<int>(file.size()),
                       file.data(), static_cast<int>(operation));
      });
  test::strike_outside_files(all, argv[1]);
  BookOptions options = test::crash_options(argv[1]);
  options.projection_batch = 1'000'000;
  options.shards = static_cast<unsigned>(std::atoi(argv[5]));
  options.open_store = [&](const std::filesystem::path& folder) {
    return open_rocks(folder, RocksOptions{true, false, test::faulty_files(all)});
  };
  Load load;
  for (const int batches : kBatches) load.live(options, batches);
  test::Ack counted;
  counted.thread = test::kCounted;
  counted.n = all.counted();
  tell(counted);
}
