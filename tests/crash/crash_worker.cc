// The process that is killed: opens a book and posts vouchers from several threads with rising ids
// per thread. After each answer, and only then, it writes an Ack to file descriptor 3.
//
//   crash_worker FOLDER FILE_LIMIT FIRST…     one first id per thread
//
// FILE_LIMIT, in bytes, bounds every file that it writes; 0: no bound.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "ledger/engine/book.h"
#include "tests/crash/crash_plan.h"

using namespace suanpan;

namespace {

void acknowledge(const test::Ack& ack) {
  if (::write(3, &ack, sizeof ack) != sizeof ack) std::_Exit(3);
}

void post(Book& book, std::uint32_t thread, std::uint64_t first) {
  for (std::uint64_t n = first;;) {
    // One submission in flight per thread: its ids reach the journal without a gap.
    std::vector<VoucherRequest> batch;
    for (std::uint64_t size = 1 + mix64(n + thread) % 12; size-- > 0; ++n)
      batch.push_back(test::crash_voucher(thread, n));
    const std::uint64_t begin = n - batch.size();
    const Book::Answers answers = book.run(std::move(batch));
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i].accepted()) std::_Exit(4);
      acknowledge({thread, answers[i].replayed ? 1u : 0u, begin + i, answers[i].seq});
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  if (const rlim_t limit = std::strtoull(argv[2], nullptr, 10); limit != 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit bound{limit, limit};
    if (::setrlimit(RLIMIT_FSIZE, &bound) != 0) return 2;
  }
  const SystemClock clock;
  BookOptions options = test::crash_options(argv[1]);
  // Each time another number of planning threads: a journal does not depend on it.
  options.shards = 1 + static_cast<unsigned>(::getpid()) % 4;
  auto book = Book::open(options, clock);
  if (!book) {
    std::fprintf(stderr, "opening: %s\n", book.error().message.c_str());
    return book.error().code == Errc::kIo ? 70 : 5;
  }
  for (std::uint32_t i = 0; i < test::kCrashAccounts; ++i)
    if (!book.value()->run(open_account(test::crash_account(i))).accepted()) return 6;
  std::vector<std::thread> threads;
  for (int i = 3; i < argc; ++i)
    threads.emplace_back(post, std::ref(*book.value()), static_cast<std::uint32_t>(i - 3),
                         std::strtoull(argv[i], nullptr, 10));
  for (std::thread& thread : threads) thread.join();  // never: it ends by a kill
}
