// How far a reading of the journal has come that may take minutes (verify, archive, purge): on a
// terminal one line, written over; into a log, as cron keeps one, a line now and then, so that it
// is seen to live. And what is said of it at its end.
#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "ledger/engine/verify.h"

namespace suanpan::api {

class Progress {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class To : std::uint8_t { kTerminal, kLog };

  /// `what` is being done, "verify", from `begin` on.
  Progress(std::string what, To to, Time begin)
      : what_(std::move(what)), to_(to), begin_(begin), shown_(begin) {}

  /// Entry `seq` of about `last` is done at `now`: what to print, if it is time. How fast and how
  /// long to go is by the entries since the first that was told.
  std::optional<std::string> at(std::uint64_t seq, std::uint64_t last, Time now);

  static constexpr std::chrono::milliseconds kOnTerminal{250}, kInLog{10'000};

 private:
  std::string what_;
  To to_;
  Time begin_, shown_;
  std::uint64_t first_ = 0, told_ = 0;
};

/// Prints to standard error, by the steady clock, as suits what that is.
VerifyProgress print_progress(std::string what);
/// Takes the line off a terminal.
void end_progress();

/// What a run of verify counted, how fast it was, and where it began; one or more whole lines.
std::string summary_of(const VerifyReport& report);

}  // namespace suanpan::api
