#include "api/nonce_store.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "ledger/base/digest.h"

namespace suanpan::api {
namespace {

constexpr std::size_t kSmallParts = 1000;

/// Neither a key id nor a nonce holds a NUL, so no two pairs share a text.
Id128 digest_of(std::string_view key_id, std::string_view nonce) {
  std::string text(key_id);
  text += '\0';
  text += nonce;
  return id_of(text);
}

}  // namespace

NonceVerdict NonceMemory::judge(Id128 digest, std::int64_t seconds) const {
  if (seconds <= floor_s_) return NonceVerdict::kTooOld;
  return known_.contains(digest) ? NonceVerdict::kReplayed : NonceVerdict::kFresh;
}

void NonceMemory::remember(Id128 digest, std::int64_t seconds, Holder holder) {
  if (seconds <= floor_s_ || !known_.insert(digest).second) return;
  Second& second = by_second_[seconds];
  second.digests.push_back(digest);
  second.holders.push_back(holder);
  if (holder != kNobody && held_[holder]++ == 0) ++holders_;
}

NonceMemory::Holder NonceMemory::holder_of(std::string_view key_id) {
  if (const auto known = keys_.find(key_id); known != keys_.end()) return known->second;
  const auto holder = static_cast<Holder>(held_.size());
  keys_.emplace(key_id, holder);
  held_.push_back(0);
  return holder;
}

void NonceMemory::raise_floor(std::int64_t seconds) {
  floor_s_ = std::max(floor_s_, seconds);
  while (!by_second_.empty() && by_second_.begin()->first <= floor_s_) {
    const Second& second = by_second_.begin()->second;
    for (const Id128 digest : second.digests) known_.erase(digest);
    for (const Holder holder : second.holders)
      if (holder != kNobody && --held_[holder] == 0) --holders_;
    by_second_.erase(by_second_.begin());
  }
}

std::vector<NonceRecord> NonceMemory::records() const {
  std::vector<NonceRecord> out;
  out.reserve(known_.size());
  for (const auto& [seconds, second] : by_second_) {
    for (const Id128 digest : second.digests)
      out.push_back({NonceRecordKind::kNonce, seconds, digest});
  }
  return out;
}

NonceRestart plan_restart(const NonceHistory& history, Id128 boot, Timestamp now,
                          std::int64_t window_s) {
  NonceRestart out;
  std::int64_t highest_s = INT64_MIN;
  Id128 last_boot;
  for (const NonceRecord& record : history.records) {
    switch (record.kind) {
      case NonceRecordKind::kBoot:
        last_boot = record.digest;
        break;
      case NonceRecordKind::kNonce:
        highest_s = std::max(highest_s, record.seconds);
        break;
      case NonceRecordKind::kCeiling:
        out.ceiling_s = std::max(out.ceiling_s, record.seconds);
        break;
      case NonceRecordKind::kFloor:
        out.floor_s = std::max(out.floor_s, record.seconds);
        break;
    }
  }
  const bool same_boot = last_boot == boot;
  if (!same_boot) out.floor_s = std::max({out.floor_s, out.ceiling_s, highest_s});
  // A lost tail is what power loss looks like and the ceiling answers for it; a process that died
  // loses none, so then the file itself was damaged.
  if (history.is_damaged || (history.has_lost_tail && same_boot)) {
    out.floor_s = std::max(out.floor_s, now.seconds() + window_s);
  }
  return out;
}

Id128 current_boot() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string text;
  if (!std::getline(in, text) || text.empty()) return random_id();
  return id_of(text);
}

Result<std::unique_ptr<NonceStore>> NonceStore::open(const std::filesystem::path& directory,
                                                     NonceSettings settings, Id128 boot,
                                                     Timestamp now) {
  NonceHistory history;
  TRY(auto log, NonceLog::open(directory, history));
  std::unique_ptr<NonceStore> store(new NonceStore(settings, boot, std::move(log)));
  const NonceRestart restart = plan_restart(history, boot, now, settings.window_s);
  store->ceiling_s_ = restart.ceiling_s;
  store->memory_.raise_floor(restart.floor_s);
  for (const NonceRecord& record : history.records) {
    if (record.kind != NonceRecordKind::kNonce) continue;
    store->memory_.remember(record.digest, record.seconds);
    store->highest_s_ = std::max(store->highest_s_, record.seconds);
  }
  TRY(store->log_.append(store->memory_.records()));
  TRY(store->write_opening());
  TRY(store->log_.drop_old_files());
  return store;
}

/// The boot comes last: until it is written, a restart judges by the files before.
Result<void> NonceStore::write_opening() {
  const NonceRecord records[] = {{NonceRecordKind::kFloor, memory_.floor_s(), {}},
                                 {NonceRecordKind::kCeiling, ceiling_s_, {}},
                                 {NonceRecordKind::kBoot, 0, boot_}};
  TRY(log_.append(records));
  return log_.sync();
}

/// Begins a new file when the present one is full, and drops the old once the floor covers it.
Result<void> NonceStore::keep_files_small() {
  if (log_.has_old_files() && memory_.floor_s() >= old_highest_s_) {
    const NonceRecord floor{NonceRecordKind::kFloor, memory_.floor_s(), {}};
    TRY(log_.append({&floor, 1}));
    TRY(log_.drop_old_files());
  }
  if (log_.has_old_files() || log_.bytes_in_file() < settings_.max_file_bytes) return success();
  TRY(log_.rotate());
  old_highest_s_ = std::exchange(highest_s_, INT64_MIN);
  return write_opening();
}

// Beyond the whole, whoever holds less than its part goes on. The nth key that comes finds an nth
// part, which adds up slowly but without end: so beyond another whole it is a small part.
bool NonceStore::has_room(NonceMemory::Holder holder) const {
  const std::size_t mine = memory_.held_by(holder);
  if (mine >= settings_.max_of_key) return false;
  if (memory_.size() < settings_.max_nonces) return true;
  const bool beyond = memory_.size() >= 2 * settings_.max_nonces;
  const std::size_t parts = beyond ? kSmallParts : memory_.holders() + (mine == 0 ? 1 : 0);
  return mine < settings_.max_nonces / parts;
}

Result<NonceVerdict> NonceStore::accept(std::string_view key_id, std::string_view nonce,
                                        Timestamp timestamp, Timestamp now) {
  const Id128 digest = digest_of(key_id, nonce);
  const std::int64_t seconds = timestamp.seconds();
  const std::lock_guard lock(mutex_);
  memory_.raise_floor(now.seconds() - settings_.window_s - 1);
  const NonceVerdict verdict = memory_.judge(digest, seconds);
  if (verdict != NonceVerdict::kFresh) return verdict;
  const NonceMemory::Holder holder = memory_.holder_of(key_id);
  if (!has_room(holder))
    return fail(Errc::kUnavailable, "{} signed calls of this key in one window",
                memory_.held_by(holder));
  TRY(keep_files_small());
  if (seconds > ceiling_s_) {
    const NonceRecord ceiling{NonceRecordKind::kCeiling, seconds + kCeilingStep_s, {}};
    TRY(log_.append({&ceiling, 1}));
    TRY(log_.sync());
    ceiling_s_ = ceiling.seconds;
  }
  const NonceRecord record{NonceRecordKind::kNonce, seconds, digest};
  TRY(log_.append({&record, 1}));
  memory_.remember(digest, seconds, holder);
  highest_s_ = std::max(highest_s_, seconds);
  return NonceVerdict::kFresh;
}

}  // namespace suanpan::api
