// What the machine allows, measured in the same run as the figure that stands beside it:
//
//   raw append   the book's own newest blocks, byte for byte, each written and fdatasynced; into a
//                file that grows, and over zeros that stand there already: small blocks are written
//                so (ledger/store/log_ahead.h), large ones make the log grow
//   apply        the same blocks' effects on the book in memory, by one thread
//   raw files    as many bytes as a step read and wrote by its system calls, moved in order and by
//                nothing else; from the page cache what is there, as for the step itself
#pragma once
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <numeric>
#include <span>
#include <vector>

#include "bench/bench_book.h"
#include "bench/process.h"
#include "bench/report.h"
#include "ledger/store/block.h"

namespace suanpan::bench {

/// Some of a book's blocks, and how many of the items that a figure counts are in each.
struct JournalSample {
  std::vector<BlockPtr> blocks;  ///< in order
  std::vector<double> items;     ///< of each
};

inline bool is_transfer(const Record& record) {
  return record.refusal == 0 && record.moves_money();
}
inline bool is_order(const Record& record) {
  return record.refusal == 0 && record.leg == 0 &&
         record.command_kind == static_cast<std::uint8_t>(CommandKind::kPlaceOrder);
}

/// The newest blocks with entries in (after, until], 16 MiB at most.
inline JournalSample newest_blocks(const Book& book, std::uint64_t after, std::uint64_t until,
                                   bool (*counts)(const Record&)) {
  constexpr std::size_t kMaxBytes = std::size_t{16} << 20, kMaxBlocks = 4096;
  JournalSample sample;
  std::size_t bytes = 0;
  double items = 0;
  while (until > after && bytes < kMaxBytes && sample.blocks.size() < kMaxBlocks) {
    const BlockPtr block = must(book.block_of(until));
    until = block->first_seq() - 1;
    bytes += block->bytes().size();
    sample.items.push_back(static_cast<double>(std::ranges::count_if(block->records(), counts)));
    sample.blocks.push_back(block);
    items += sample.items.back();
  }
  CHECK_OR_DIE(items > 0, "nothing to measure limits with");
  std::ranges::reverse(sample.blocks);
  std::ranges::reverse(sample.items);
  return sample;
}

/// What was appended to raw files, and the time that took.
struct RawAppend {
  double items = 0, syncs = 0, seconds = 0;
  std::size_t next = 0;  ///< block
};

inline void write_raw(int fd, std::string_view bytes) {
  CHECK_OR_DIE(::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
               "a raw write failed");
}

/// Goes on with the blocks in a new file, each once at most and for a tenth of a second.
inline void append_raw(const std::filesystem::path& folder, const JournalSample& sample,
                       bool over_zeros, RawAppend& sum) {
  const auto path = folder / "raw";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  CHECK_OR_DIE(fd >= 0, "{}", path.string());
  if (over_zeros) {
    std::size_t bytes = 0;
    for (const BlockPtr& block : sample.blocks) bytes += block->bytes().size();
    write_raw(fd, std::string(bytes, '\0'));
    CHECK_OR_DIE(::fsync(fd) == 0 && ::lseek(fd, 0, SEEK_SET) == 0, "{}", path.string());
  }
  const Stopwatch watch;
  for (std::size_t i = 0; i < sample.blocks.size() && watch.seconds() < 0.1; ++i) {
    write_raw(fd, sample.blocks[sum.next]->bytes());
    CHECK_OR_DIE(::fdatasync(fd) == 0, "fdatasync");
    sum.items += sample.items[sum.next];
    sum.syncs += 1;
    sum.next = (sum.next + 1) % sample.blocks.size();
  }
  sum.seconds += watch.seconds();
  ::close(fd);
  std::filesystem::remove(path);
}

/// Entries of a block on their way into a book in memory, as the engine publishes them.
inline void apply(State& state, const Block& block) {
  for_each_command(block, [&](std::span<const Record> legs, const VariablePart* part) {
    if (legs.front().refusal == 0)
      for (const Record& leg : legs)
        if (leg.moves_money()) state.apply_transfer(leg.transfer());
    if (!part) return;
    warm_parts(block.parts(), static_cast<std::size_t>(part - block.parts().data()),
               [&](DocumentKind kind, auto keys) { state.prefetch(kind, keys); });
    for (const DocumentPtr& document : part->documents) state.apply_document(document);
  });
}

/// How often a second `once` ends, times what it counts.
inline double rate_of(double items, const std::function<void()>& once) {
  constexpr double kSeconds = 0.5;
  double done = 0;
  const Stopwatch watch;
  do {
    once();
    done += items;
  } while (watch.seconds() < kSeconds);
  return done / watch.seconds();
}

inline double applied_per_second(const Book& book, const JournalSample& sample) {
  State state(BookState{});
  book.read([&](const State& now, std::uint64_t) {
    for (const Account& account : now.accounts()) state.load_account(account, Balance{});
  });
  return rate_of(std::accumulate(sample.items.begin(), sample.items.end(), 0.0), [&] {
    for (const BlockPtr& block : sample.blocks) apply(state, *block);
  });
}

/// Puts the raw append and the apply loop beside a rate at which `items` went into a book.
inline void add_journal_limits(Report& report, const Book& book,
                               const std::filesystem::path& folder, const JournalSample& sample,
                               const std::string& items, double per_second) {
  const std::string unit = items + " per second";
  RawAppend growing, over_zeros;  // by turns, so that both see the same machine
  while (growing.seconds < 1 || over_zeros.seconds < 1) {
    append_raw(folder, sample, false, growing);
    append_raw(folder, sample, true, over_zeros);
  }
  for (const auto& [what, raw] : {std::pair("raw append, growing file", &growing),
                                  std::pair("raw append, over zeros", &over_zeros)}) {
    report.add_limit_of_rate(what, unit.c_str(), raw->items / raw->seconds, per_second);
    report.add(fmt::format("limit: {}, ms a sync", what), raw->seconds / raw->syncs * 1e3);
  }
  report.add_limit_of_rate("the apply loop alone", unit.c_str(), applied_per_second(book, sample),
                           per_second);
}

/// Something that a process did alone: how long it took, and what it used up.
struct Step {
  double seconds = 0;
  Usage used;
};

template <class Run>
Step timed(Run&& run) {
  const Usage before = usage_of(::getpid());
  const Stopwatch watch;
  run();
  return Step{watch.seconds(), usage_of(::getpid()) - before};
}

/// How fast bytes come out of files and go into one, in order.
struct RawFiles {
  double read_per_s = 0, written_per_s = 0;
};

/// Reads what lies in `folder`, and writes and syncs a file beside it.
inline RawFiles time_raw_files(const std::filesystem::path& folder) {
  constexpr std::size_t kWritten = std::size_t{256} << 20;
  std::string buffer(std::size_t{1} << 20, '\0');
  RawFiles raw;
  double read = 0;
  const Stopwatch reading;
  do {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file()) continue;
      const int fd = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
      CHECK_OR_DIE(fd >= 0, "{}", entry.path().string());
      for (ssize_t got = 0; (got = ::read(fd, buffer.data(), buffer.size())) > 0;)
        read += static_cast<double>(got);
      ::close(fd);
    }
  } while (reading.seconds() < 0.5);
  raw.read_per_s = read / reading.seconds();

  const auto path = folder / "raw";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  CHECK_OR_DIE(fd >= 0, "{}", path.string());
  const Stopwatch writing;
  for (std::size_t written = 0; written < kWritten; written += buffer.size()) write_raw(fd, buffer);
  CHECK_OR_DIE(::fdatasync(fd) == 0, "fdatasync");
  raw.written_per_s = static_cast<double>(kWritten) / writing.seconds();
  ::close(fd);
  std::filesystem::remove(path);
  return raw;
}

/// Puts beside a step how long its bytes alone take.
inline void add_step_limit(Report& report, const std::string& what, const Step& step,
                           const RawFiles& raw) {
  const double read = step.used.read_bytes, written = step.used.written_bytes;
  report.add(what + ", MiB read", read / (1 << 20));
  report.add(what + ", MiB written", written / (1 << 20));
  report.add_limit_of_time(what + ", its bytes raw", "seconds",
                           read / raw.read_per_s + written / raw.written_per_s, step.seconds);
}

}  // namespace suanpan::bench
