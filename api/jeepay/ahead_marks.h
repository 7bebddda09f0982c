// How far ahead of our clock an app has signed, over restarts. A body that came before its reqTime
// was accepted by a process that may be gone when reqTime is reached: were it not for a mark, a
// query from then could be sent to close the order now (signed_bodies.h).
//
// Invariant: a body of a query or close that came before its reqTime is believed only when a mark
// of its app that is not below reqTime is in the journal. A mark is a document, and goes kStep_ms
// beyond the body, so that an app whose clock runs ahead writes one every few seconds and an app
// whose clock does not writes none. After a restart such an app signs its closes anew until its
// mark is passed: kStep_ms, and what its clock is ahead.
//
// Thread-safe. The book must outlive it.
#pragma once
#include <map>
#include <mutex>
#include <string>

#include "ledger/engine/book.h"

namespace suanpan::api::jeepay {

class AheadMarks {
 public:
  static constexpr std::int64_t kStep_ms = 5'000;

  explicit AheadMarks(Book& book);

  /// The app's mark when the process began; zero if it has none.
  Timestamp at_start(std::string_view app_id) const;
  /// Returns when a mark that covers `req_time` is durable, which it mostly is; nothing to do for
  /// one that is not ahead of `now`. Blocks for a journal entry otherwise. Errors: kUnavailable.
  Result<void> cover(const std::string& app_id, Timestamp req_time, Timestamp now);

 private:
  Book& book_;
  std::map<std::string, Timestamp, std::less<>> at_start_;
  std::mutex mutex_;
  std::map<std::string, Timestamp, std::less<>> covered_;
};

}  // namespace suanpan::api::jeepay
