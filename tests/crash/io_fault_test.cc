// Every operation on files fails, each in a process of its own: the database's through a file
// system of ours, those of the head, the daily roots and their keys through the system calls. What
// is answered before and after must hold, and the book must open again.
//
// Nothing is lost but what a fault takes away, so the books lie in memory where there is room: a
// strike would wait for the disk most of its time. While one is judged the next is under way.
//
// SUANPAN_FAULT_RUNS: about how many operations of each kind are struck (12); 0: every one.
// SUANPAN_FAULT_KIND, SUANPAN_FAULT_LASTING (0 or 1) and SUANPAN_FAULT_N strike one of them.
#include <algorithm>
#include <cstdio>
#include <deque>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/crash/acknowledged.h"
#include "tests/crash/child.h"
#include "tests/crash/faulty_files.h"
#include "tests/crash/io_fault_notes.h"
#include "tests/crash/settings.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;
using test::Ack;

namespace {

constexpr std::int64_t kLongest_ms = 60'000;

struct Outcome {
  std::uint64_t faults = 0, counted = 0;
  bool finished = false, aborted = false, outside = false;
};

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

/// Puts temporary folders into memory while it lives, where there is room: a log is given 36 MiB at
/// once, and several books are there at a time.
class InMemory {
 public:
  InMemory() {
    std::error_code error;
    const auto room = std::filesystem::space(kFolder, error);
    if (error || room.available < (std::uintmax_t{1} << 30) || ::access(kFolder, W_OK) != 0) return;
    if (const char* before = std::getenv(kName)) before_ = before;
    ::setenv(kName, kFolder, 1);
    set_ = true;
  }
  ~InMemory() {
    if (!set_) return;
    if (before_)
      ::setenv(kName, before_->c_str(), 1);
    else
      ::unsetenv(kName);
  }

 private:
  static constexpr const char *kFolder = "/dev/shm", *kName = "TMPDIR";
  std::optional<std::string> before_;
  bool set_ = false;
};

/// An operation that fails, in a process that is under way from the beginning.
class Strike {
 public:
  Strike(int kind, std::uint64_t nth, bool lasting)
      : kind_(kind),
        nth_(nth),
        lasting_(lasting),
        acks_(1),
        child_(
            {SUANPAN_BINARY_DIR "/tests/io_fault_worker", (folder_.path() / "book").string(),
             std::to_string(kind), std::to_string(nth), lasting ? "1" : "0",
             std::to_string(1 + nth % 2)},
            [this](const Ack& ack) { hear(ack); }, errors().string()) {}

  /// Waits for its end. Fails the test if the book did not keep its promise.
  Outcome judge() {
    INFO(test::kFaultNames[kind_] << " at operation " << nth_
                                  << (lasting_ ? " and from then on" : "")
                                  << ": SUANPAN_FAULT_KIND=" << kind_ << " SUANPAN_FAULT_LASTING="
                                  << lasting_ << " SUANPAN_FAULT_N=" << nth_);
    if (child_.listen(kLongest_ms)) {
      child_.finish(SIGKILL);
      FAIL("it hangs; " << acks_.acknowledged() << " acknowledged. " << text_of(errors()));
    }
    const int status = child_.finish(0);
    const std::string said = text_of(errors());
    CAPTURE(said);
    outcome_.finished = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    outcome_.aborted = WIFSIGNALED(status);
    outcome_.outside = said.starts_with("struck: head") || said.starts_with("struck: root") ||
                       said.starts_with("struck: folder");
    if (outcome_.aborted) {
      // RocksDB's own assertions may end the process; a check of ours or an exception must not.
      REQUIRE(WTERMSIG(status) == SIGABRT);
      REQUIRE(said.find("rocksdb") != std::string::npos);
      REQUIRE(said.find("Assertion `") != std::string::npos);
    } else {
      const int code = WEXITSTATUS(status);
      CAPTURE(code);
      // RocksDB calls a table that it cannot look at while opening corrupt (5).
      const bool cannot_look = code == 5 && said.find("IO error: injected") != std::string::npos;
      REQUIRE((code == 0 || code == 70 || code == 71 || code == 72 || cannot_look));
    }
    if (!outcome_.finished) REQUIRE(outcome_.faults > 0);
    // Stopped answering: nothing was acknowledged once the log, the head or the roots could not be
    // written.
    REQUIRE(after_vital_ == 0);
    acks_.check(folder_.path() / "book");
    return outcome_;
  }

 private:
  std::filesystem::path errors() const { return folder_.path() / "stderr"; }
  void hear(const Ack& ack) {
    if (ack.thread == test::kCounted) {
      outcome_.counted = ack.n;
    } else if (ack.thread == test::kFault || ack.thread == test::kVitalFault) {
      ++outcome_.faults;
      vital_ = vital_ || ack.thread == test::kVitalFault;
    } else {
      after_vital_ += vital_;
      acks_.note(ack);
    }
  }

  const int kind_;
  const std::uint64_t nth_;
  const bool lasting_;
  test::TempFolder folder_;
  Outcome outcome_;
  test::Acknowledged acks_;
  bool vital_ = false;
  std::uint64_t after_vital_ = 0;
  test::Child child_;  // last: it tells the others
};

void strike_all(int kind, bool lasting) {
  if (test::setting("SUANPAN_FAULT_KIND", kind) != static_cast<std::uint64_t>(kind)) return;
  if (test::setting("SUANPAN_FAULT_LASTING", lasting) != lasting) return;
  if (const std::uint64_t nth = test::setting("SUANPAN_FAULT_N", 0); nth != 0) {
    Strike(kind, nth, lasting).judge();
    return;
  }
  const std::uint64_t operations = Strike(kind, ~std::uint64_t{0}, false).judge().counted;
  REQUIRE(operations > 50);
  const std::uint64_t runs = test::setting("SUANPAN_FAULT_RUNS", 12);
  const std::uint64_t step = runs == 0 ? 1 : std::max<std::uint64_t>(1, operations / runs);
  const std::uint64_t first = runs == 0 ? 1 : 1 + std::random_device{}() % step;
  std::uint64_t struck = 0, outside = 0, finished = 0, aborted = 0;
  // The one that is judged, and the next.
  const std::size_t at_once = std::thread::hardware_concurrency() > 1 ? 2 : 1;
  std::deque<Strike> under_way;
  for (std::uint64_t nth = first; nth <= operations || !under_way.empty();) {
    for (; nth <= operations && under_way.size() < at_once; nth += step)
      under_way.emplace_back(kind, nth, lasting);
    const Outcome outcome = under_way.front().judge();
    under_way.pop_front();
    struck += outcome.faults > 0;
    outside += outcome.outside;
    finished += outcome.finished;
    aborted += outcome.aborted;
  }
  fmt::print(
      "{} {}: {} operations, {} struck ({} outside the database); the process went on {}, asserted "
      "{} times\n",
      test::kFaultNames[kind], lasting ? "from then on" : "once", operations, struck, outside,
      finished, aborted);
  std::fflush(stdout);
  CHECK(struck > 0);
}

}  // namespace

TEST_CASE("io faults: an operation that fails once loses nothing acknowledged") {
  const InMemory in_memory;
  for (int kind = 0; kind < 4; ++kind) strike_all(kind, false);
}

TEST_CASE("io faults: files that fail from some operation on lose nothing acknowledged") {
  const InMemory in_memory;
  for (int kind = 0; kind < 4; ++kind) strike_all(kind, true);
}
