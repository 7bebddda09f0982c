#include "api/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace suanpan::api {
namespace {

Progress::To standard_error() {
  return ::isatty(STDERR_FILENO) ? Progress::To::kTerminal : Progress::To::kLog;
}

}  // namespace

std::optional<std::string> Progress::at(std::uint64_t seq, std::uint64_t last, Time now) {
  // What lies before the first was not read by this run. An archive is written and then read back,
  // from its beginning.
  if (first_ == 0 || seq < told_) {
    first_ = seq;
    begin_ = now;
  }
  told_ = seq;
  if (now - shown_ < (to_ == To::kTerminal ? kOnTerminal : kInLog)) return std::nullopt;
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  const double rate = seconds > 0 ? static_cast<double>(seq - first_) / seconds : 0;
  const double left = rate > 0 && last > seq ? static_cast<double>(last - seq) / rate : 0;
  const std::string line =
      fmt::format("{} {} of {}, {:.0f} entries/s, {:.0f} s to go", what_, seq, last, rate, left);
  return to_ == To::kTerminal ? "\r" + line + "\x1b[K" : line + "\n";
}

VerifyProgress print_progress(std::string what) {
  using Clock = std::chrono::steady_clock;
  Progress progress(std::move(what), standard_error(), Clock::now());
  return [progress](std::uint64_t seq, std::uint64_t last) mutable {
    const auto text = progress.at(seq, last, Clock::now());
    if (!text) return;
    fmt::print(stderr, "{}", *text);
    std::fflush(stderr);
  };
}

void end_progress() {
  if (standard_error() == Progress::To::kTerminal) fmt::print(stderr, "\r\x1b[K");
}

std::string summary_of(const VerifyReport& report) {
  const VerifyCounters& c = report.counters;
  const auto took_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(report.took_ms, 1));
  std::string text = fmt::format(
      "verify: {} blocks, {} commands ({} refused), {} vouchers, {} transfers, {} accounts, {} "
      "documents, {} open holds, {} daily roots, {} ms, {} entries/s\n",
      c.blocks, c.commands, c.refusals, c.vouchers, c.transfers, c.accounts, c.documents,
      c.open_holds, c.roots, report.took_ms, report.entries * 1'000 / took_ms);
  if (report.resumed_after != 0)
    text += fmt::format("verify: went on after journal entry {}, which the run before came to\n",
                        report.resumed_after);
  if (report.archived_until != 0)
    text += fmt::format("verify: up to journal entry {} from the archive\n", report.archived_until);
  return text;
}

}  // namespace suanpan::api
