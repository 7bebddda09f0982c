// Which commands bear which business key (业务单号): those that were accepted and moved money.
//
//   key   := bucket u16 | seq of the first u64          big-endian; a row holds kKeyMarksPerRow
//   value := tag u32 (rise of seq | tag u32)*           rises are varints, of at least 1
//
// Bucket and tag are parts of a hash of the key, so what is found here are candidates: who asks
// holds the command's own key against the one that was asked for. A look-up reads one bucket, one
// 4,096th of all marks, six to eight bytes each.
//
// find() may be called by any thread.
#pragma once
#include <array>
#include <mutex>
#include <vector>

#include "ledger/store/projection.h"

namespace suanpan {

inline constexpr std::size_t kKeyBuckets = 4096;
inline constexpr std::size_t kKeyMarksPerRow = 512;

/// A command that bears a key, as its row tells.
struct KeyMark {
  std::uint64_t seq = 0;
  std::uint32_t tag = 0;
  friend bool operator==(const KeyMark&, const KeyMark&) = default;
};
struct KeyPlace {
  std::uint16_t bucket = 0;
  std::uint32_t tag = 0;
  static KeyPlace of(std::string_view business_key);
};

std::string key_row_key(std::uint16_t bucket, std::uint64_t first_seq);
/// The marks of a row, in order; nothing if it is not one.
std::optional<std::vector<KeyMark>> decode_key_row(std::string_view key, std::string_view value);
/// A whole row at once, for tools and tests.
std::string encode_key_row(const std::vector<KeyMark>& marks);

/// The business key of a command, from its first record and its variable part; empty: none.
std::string_view business_key_of(const Record& first, const VariablePart* part);

class BusinessKeyProjection final : public Projection {
 public:
  explicit BusinessKeyProjection(KeyValueStore& store) : store_(store) {}
  Result<void> load() override;
  std::uint64_t stamp() const override { return stamp_; }
  void feed(const BlockPtr& block) override;
  void freeze() override;
  Result<void> collect(BulkLoad& load) override;
  void collect_stamps(std::map<std::string, std::uint64_t>& stamps) const override;
  void stored() override;

  /// Sequences in [low, high] of commands that may bear the key, at most `limit`: the oldest
  /// first, or the newest.
  Result<std::vector<std::uint64_t>> find(std::string_view business_key, std::uint64_t low,
                                          std::uint64_t high, bool newest_first,
                                          std::size_t limit) const;

 private:
  struct Row {
    std::uint64_t first_seq = 0, last_seq = 0;
    std::uint32_t count = 0;
    std::string value;
  };
  // What is fed between two freezes, by bucket.
  struct Generation {
    std::vector<std::vector<Row>> buckets = std::vector<std::vector<Row>>(kKeyBuckets);
    std::uint64_t seq = 0;
  };
  void add(std::uint16_t bucket, KeyMark mark);

  KeyValueStore& store_;
  mutable std::mutex mutex_;  // guards the generations and stamp_ against readers
  Generation gathered_, frozen_;
  std::uint64_t fed_ = 0, stamp_ = 0;
};

}  // namespace suanpan
