#include "ledger/store/id_projection.h"

#include <algorithm>
#include <cstring>

#include "ledger/base/check.h"

namespace suanpan {
namespace {

constexpr std::size_t kPack = 256;
constexpr std::size_t kEntryBytes = 28;

}  // namespace

Result<void> IdProjection::load() {
  TRY(auto stamp, read_stamp(store_, Table::kIds));
  stamp_ = fed_ = stamp;
  const auto cursor = store_.cursor(Table::kIds);
  for (cursor->seek(""); cursor->valid() && cursor->key() != kStampKey; cursor->next()) {
    const std::string_view value = cursor->value();
    if (cursor->key().size() != 24 || value.size() % kEntryBytes != 0)
      return fail(Errc::kCorrupt, "the id index holds a row of another shape");
    for (std::size_t at = 0; at < value.size(); at += kEntryBytes)
      filter_.add(*ClaimKey::from_bytes(value.substr(at, 20)));
    runs_ = static_cast<std::uint32_t>(from_big_endian(cursor->key().substr(0, 4))) + 1;
  }
  return cursor->status();
}

void IdProjection::feed(const BlockPtr& block) {
  if (block->last_seq() <= fed_) return;
  for (const Record& record : block->records())
    if (record.leg == 0) gathered_.push_back(Claim{record.key(), record.seq});
  fed_ = block->last_seq();
}

void IdProjection::collect(WriteSet& writes) {
  collected_run_ = !gathered_.empty();
  std::sort(gathered_.begin(), gathered_.end(),
            [](const Claim& a, const Claim& b) { return a.key < b.key; });
  const std::string run = big_endian(runs_.load(), 4);
  for (std::size_t begin = 0; begin < gathered_.size(); begin += kPack) {
    const std::size_t end = std::min(begin + kPack, gathered_.size());
    std::string value;
    value.reserve((end - begin) * kEntryBytes);
    for (std::size_t i = begin; i < end; ++i) {
      value += gathered_[i].key.bytes();
      value.append(reinterpret_cast<const char*>(&gathered_[i].seq), 8);
    }
    writes.push_back(Write{Table::kIds, run + gathered_[begin].key.bytes(), std::move(value)});
  }
  writes.push_back(Write{Table::kIds, kStampKey, big_endian(fed_)});
}

void IdProjection::stored() {
  for (const Claim& claim : gathered_) filter_.add(claim.key);
  gathered_.clear();
  if (collected_run_) runs_.fetch_add(1, std::memory_order_release);
  stamp_.store(fed_, std::memory_order_release);
}

Result<std::optional<std::uint64_t>> IdProjection::find(const ClaimKey& key) const {
  if (!filter_.may_contain(key)) return std::optional<std::uint64_t>{};
  const std::string bytes = key.bytes();
  const auto cursor = store_.cursor(Table::kIds);
  for (std::uint32_t run = runs_.load(std::memory_order_acquire); run-- > 0;) {
    const std::string prefix = big_endian(run, 4);
    cursor->seek_for_prev(prefix + bytes);
    TRY(cursor->status());
    if (!cursor->valid() || cursor->key().substr(0, 4) != prefix) continue;
    const std::string_view value = cursor->value();
    std::size_t low = 0, high = value.size() / kEntryBytes;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      const int order = value.substr(middle * kEntryBytes, 20).compare(bytes);
      if (order == 0) {
        std::uint64_t seq;
        std::memcpy(&seq, value.data() + middle * kEntryBytes + 20, 8);
        return std::optional(seq);
      }
      if (order < 0)
        low = middle + 1;
      else
        high = middle;
    }
  }
  return std::optional<std::uint64_t>{};
}

}  // namespace suanpan
