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

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "ledger/store/rocks_store.h"
#include "tests/crash/faulty_files.h"
#include "tests/crash/io_fault_notes.h"

using namespace suanpan;

namespace {

test::Faults* faults = nullptr;  // from main on

void tell(const test::Ack& ack) {
  if (::syscall(SYS_write, 3, &ack, sizeof ack) != sizeof ack) std::_Exit(3);
}

bool is_head(std::string_view path) {
  return path.ends_with("/head") || path.ends_with("/head.new");
}
bool is_head(int fd) {
  char path[4096];
  const ssize_t size =
      ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  return size > 0 && is_head(std::string_view(path, static_cast<std::size_t>(size)));
}

bool head_fails(int fd, test::FileOperation operation) {
  if (!faults || !is_head(fd) || !faults->strikes("head", operation)) return false;
  errno = faults->kind() == test::FaultKind::kNoSpace ? ENOSPC : EIO;
  return true;
}

}  // namespace

// The head file is written without the database's files: these stand before the C library's.
extern "C" {
int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int mode = (flags & O_CREAT) != 0 ? va_arg(arguments, int) : 0;
  va_end(arguments);
  if (faults && is_head(std::string_view(path)) &&
      faults->strikes("head", test::FileOperation::kMake)) {
    errno = faults->kind() == test::FaultKind::kNoSpace ? ENOSPC : EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}
ssize_t pread(int fd, void* bytes, std::size_t size, off_t at) {
  if (head_fails(fd, test::FileOperation::kRead)) return -1;
  return ::syscall(SYS_pread64, fd, bytes, size, at);
}
ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t at) {
  if (head_fails(fd, test::FileOperation::kWrite)) {
    if (faults->kind() != test::FaultKind::kShortWrite) return -1;
    return ::syscall(SYS_pwrite64, fd, bytes, size / 2, at);
  }
  return ::syscall(SYS_pwrite64, fd, bytes, size, at);
}
int rename(const char* from, const char* to) {
  if (faults && is_head(std::string_view(to)) &&
      faults->strikes("head", test::FileOperation::kMake)) {
    errno = faults->kind() == test::FaultKind::kNoSpace ? ENOSPC : EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
int fdatasync(int fd) {
  if (head_fails(fd, test::FileOperation::kSync)) return -1;
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}
}

namespace {

/// What the accounts must show, by what was answered in this process.
class Expected {
 public:
  void posted(const VoucherRequest& voucher) {
    for (const Leg& leg : voucher.legs) {
      lines_[leg.debit.value].push_back(leg.amount);
      lines_[leg.credit.value].push_back(-leg.amount);
    }
  }
  // Every history, read from the stored rows and what has gathered since.
  void check(const Book& book) const {
    for (const auto& [account, amounts] : lines_) {
      std::size_t at = 0;
      std::int64_t after = 0;
      const auto read = book.for_each_entry(AccountId{account}, [&](const Entry& e) {
        if (at == amounts.size()) std::_Exit(6);
        after += amounts[at++];
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

void live(const BookOptions& options, int batches, std::uint64_t& n, Expected& expected) {
  const SystemClock clock;
  auto opened = Book::open(options, clock);
  if (!opened) {
    std::fprintf(stderr, "opening: %s\n", opened.error().message.c_str());
    std::_Exit(opened.error().code == Errc::kIo ? 71 : 5);
  }
  Book& book = *opened.value();
  for (std::uint32_t i = 0; i < test::kCrashAccounts; ++i)
    if (!book.run(open_account(test::crash_account(i))).accepted()) std::_Exit(6);
  expected.check(book);
  for (int batch = 0; batch < batches; ++batch) {
    std::vector<VoucherRequest> vouchers;
    for (std::uint64_t size = 1 + mix64(n) % 12; size-- > 0;)
      vouchers.push_back(test::crash_voucher(0, ++n));
    const std::uint64_t first = n - vouchers.size() + 1;
    const Book::Answers answers = book.run(vouchers);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i].accepted()) std::_Exit(4);
      tell({0, answers[i].replayed ? 1u : 0u, first + i, answers[i].seq});
      expected.posted(vouchers[i]);
    }
    if (batch % 4 == 3) book.store_projections();
    if (batch % 5 == 4) {
      const auto found = book.find(test::crash_voucher(0, 1 + n / 2).key);
      if (!found) std::_Exit(72);
      if (!found.value()) std::_Exit(6);
      expected.check(book);
    }
    if (batch == batches / 2)
      if (!book.run(day_cut({ClaimKey{Id128{3, n}, CallerId{test::kFirstCaller}},
                             book.read([](const State& s, std::uint64_t) {
                               return s.book().accounting_date.plus_days(1);
                             })}))
               .accepted())
        std::_Exit(6);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  std::atomic<int> struck{0};
  test::Faults all(
      static_cast<test::FaultKind>(std::atoi(argv[2])), std::strtoull(argv[3], nullptr, 10),
      std::atoi(argv[4]) != 0, [&struck](std::string_view file, test::FileOperation operation) {
        // Without its journal written and synced nothing may be answered any more.
        const bool writes =
            operation == test::FileOperation::kWrite || operation == test::FileOperation::kSync;
        const bool vital = writes && (file.ends_with(".log") || file == "head");
        tell({vital ? test::kVitalFault : test::kFault, 0, 0, 0});
        if (struck++ == 0)
          std::fprintf(stderr, "struck: %.*s, operation %d\n", static_cast<int>(file.size()),
                       file.data(), static_cast<int>(operation));
      });
  faults = &all;
  BookOptions options = test::crash_options(argv[1]);
  options.projection_batch = 1'000'000;
  options.shards = static_cast<unsigned>(std::atoi(argv[5]));
  options.open_store = [&](const std::filesystem::path& folder) {
    return open_rocks(folder, RocksOptions{true, false, test::faulty_files(all)});
  };
  std::uint64_t n = 0;
  Expected expected;
  live(options, 16, n, expected);
  live(options, 9, n, expected);
  tell({test::kCounted, 0, all.counted(), 0});
}
