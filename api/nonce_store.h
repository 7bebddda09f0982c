// No signed request is accepted twice, not over kill -9 and power loss either.
//
// A request is known by (key, nonce) and its signed timestamp. Two things refuse a replay: the set
// of accepted nonces, and the floor, a timestamp up to which nothing is accepted any more.
// Invariant: every accepted request is in the set or not above the floor, and the floor only rises
// (so a clock that steps back reopens nothing). Forgetting a nonce is raising the floor past it;
// the floor follows now - window, where the signature check would refuse anyway.
//
// Over a restart:
// - kill -9: a nonce is written to a file before its request is answered. The page cache outlives
//   the process, so no sync is needed and a client may call again at once.
// - power loss: what was not synced is gone. So no timestamp is accepted above a ceiling that is
//   already on the disk; when one comes, the ceiling is first raised kCeilingStep_s past it and
//   synced: one sync in ten seconds, not one a request. After another boot (told by the kernel's
//   boot id) the floor starts at the ceiling: clients wait at most kCeilingStep_s beyond the
//   highest timestamp accepted before, about what booting takes; one whose clock runs ahead by up
//   to the window may make it that much longer.
// - files damaged in the middle: it is unknown what was accepted, so the floor starts at
//   now + window, which no request could have passed: everybody waits for one window.
// Files that were deleted or put back from a backup cannot be told from old ones: whoever does that
// accepts that the requests of the last window can be replayed. Times are seconds.
//
// Memory is bounded, and who fills it is refused himself: a key holds as much as its rate lets it
// sign in a window's timestamps, and once all are full, as much as its part among the keys that
// hold any. So no others, however many, keep an operator from disabling them. What is refused is
// not remembered; nothing is forgotten to make room.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "api/nonce_log.h"
#include "ledger/base/date.h"
#include "ledger/base/ids.h"
#include "ledger/base/result.h"

namespace suanpan::api {

enum class NonceVerdict : std::uint8_t { kFresh, kReplayed, kTooOld };

/// The set and the floor, without files. Not thread-safe.
class NonceMemory {
 public:
  using Holder = std::uint32_t;                  ///< a key, by the order in which they came
  static constexpr Holder kNobody = UINT32_MAX;  ///< of before a restart: files do not say whose

  NonceVerdict judge(Id128 digest, std::int64_t seconds) const;
  void remember(Id128 digest, std::int64_t seconds, Holder holder = kNobody);
  void raise_floor(std::int64_t seconds);  ///< and forget what is not above it

  std::int64_t floor_s() const { return floor_s_; }
  std::size_t size() const { return known_.size(); }
  /// Keys are few, and made by people: none is forgotten.
  Holder holder_of(std::string_view key_id);
  std::size_t held_by(Holder holder) const { return held_[holder]; }
  std::size_t holders() const { return holders_; }  ///< that hold any
  /// Everything remembered, oldest first.
  std::vector<NonceRecord> records() const;

 private:
  std::int64_t floor_s_ = INT64_MIN;
  std::unordered_set<Id128> known_;
  struct Second {
    std::vector<Id128> digests;
    std::vector<Holder> holders;  ///< of each
  };
  std::map<std::int64_t, Second> by_second_;
  std::map<std::string, Holder, std::less<>> keys_;
  std::vector<std::size_t> held_;  ///< by holder
  std::size_t holders_ = 0;
};

struct NonceRestart {
  std::int64_t floor_s = INT64_MIN;
  std::int64_t ceiling_s = INT64_MIN;
};

/// What a start may rely on after `history`, at `now`, in the boot `boot`.
NonceRestart plan_restart(const NonceHistory& history, Id128 boot, Timestamp now,
                          std::int64_t window_s);

/// Names the machine's present boot; a random id (so, never the same) where the kernel does not
/// say.
Id128 current_boot();

struct NonceSettings {
  std::int64_t window_s = 300;              ///< as check_request's
  std::size_t max_nonces = 2'000'000;       ///< about 100 bytes each; twice that, and 2,000 a key
  std::size_t max_of_key = 650'000;         ///< timestamps of 600 s at 1,000/s, and bursts
  std::uint64_t max_file_bytes = 32 << 20;  ///< then a new file is begun
};

/// Thread-safe. One process at a time: the lock on the data directory is the caller's.
class NonceStore {
 public:
  static constexpr std::int64_t kCeilingStep_s = 10;

  /// Errors: kIo.
  static Result<std::unique_ptr<NonceStore>> open(const std::filesystem::path& directory,
                                                  NonceSettings settings, Id128 boot,
                                                  Timestamp now);

  /// Asks for a request whose signature and window have been checked. kFresh at most once for each.
  /// Errors: kUnavailable when the key holds its part (not accepted, not remembered); kIo, from
  /// then on always: the process should end and be started again.
  Result<NonceVerdict> accept(std::string_view key_id, std::string_view nonce, Timestamp timestamp,
                              Timestamp now);

 private:
  NonceStore(NonceSettings settings, Id128 boot, NonceLog log)
      : settings_(settings), boot_(boot), log_(std::move(log)) {}
  Result<void> write_opening();
  Result<void> keep_files_small();
  bool has_room(NonceMemory::Holder holder) const;

  const NonceSettings settings_;
  const Id128 boot_;
  std::mutex mutex_;
  NonceLog log_;
  NonceMemory memory_;
  std::int64_t ceiling_s_ = INT64_MIN;
  std::int64_t highest_s_ = INT64_MIN;      ///< accepted in the present file
  std::int64_t old_highest_s_ = INT64_MIN;  ///< accepted in the files before it
};

}  // namespace suanpan::api
