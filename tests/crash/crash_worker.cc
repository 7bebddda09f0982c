// The process that is killed: opens a book, cuts a day, and asks for the items of the plan from
// several threads. After each answer, and only then, it writes an Ack to file descriptor 3.
//
//   crash_worker FOLDER FILE_LIMIT FIRST…     one first item per thread, where a round begins
//
// FILE_LIMIT, in bytes, bounds every file that it writes; 0: no bound.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "tests/crash/crash_load.h"

using namespace suanpan;

namespace {

void acknowledge(const test::Ack& ack) {
  if (::write(3, &ack, sizeof ack) != sizeof ack) std::_Exit(3);
}

void load(Book& book, test::LoadClock& clock, std::uint32_t thread, std::uint64_t first) {
  for (std::uint64_t n = first;;) {
    clock.begins(thread, n);
    // One batch in flight per thread: its ids reach the journal without a gap.
    const std::uint64_t size = test::has_hot_purse(thread) ? 1 : 1 + mix64(n + thread) % 12;
    const test::CrashBatch batch = test::crash_batch(thread, n, size);
    const Book::Answers answers = test::ask(book, thread, batch);
    for (std::size_t i = 0; i < answers.size(); ++i, ++n) {
      if (answers[i].seq == 0) std::_Exit(4);  // it left nothing
      acknowledge(test::ack_of(thread, n, answers[i]));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || argc > 3 + static_cast<int>(test::kPurses)) return 2;
  if (const rlim_t limit = std::strtoull(argv[2], nullptr, 10); limit != 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit bound{limit, limit};
    if (::setrlimit(RLIMIT_FSIZE, &bound) != 0) return 2;
  }
  std::vector<std::uint64_t> firsts;
  for (int i = 3; i < argc; ++i) firsts.push_back(std::strtoull(argv[i], nullptr, 10));
  test::LoadClock clock(firsts);
  BookOptions options = test::crash_options(argv[1]);
  // Each time another number of planning threads: a journal does not depend on it.
  options.shards = 1 + static_cast<unsigned>(::getpid()) % 4;
  auto book = Book::open(options, clock);
  if (!book) {
    std::fprintf(stderr, "opening: %s\n", book.error().message.c_str());
    return book.error().code == Errc::kIo ? 70 : 5;
  }
  for (const Answer& answer : book.value()->run(test::crash_accounts()))
    if (!answer.accepted()) return 6;
  if (!test::cut_day(*book.value())) return 6;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < firsts.size(); ++i)
    threads.emplace_back(load, std::ref(*book.value()), std::ref(clock),
                         static_cast<std::uint32_t>(i), firsts[i]);
  for (std::thread& thread : threads) thread.join();  // never: it ends by a kill
}
