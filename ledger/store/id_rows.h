// Claimed ids with the sequences of their journal entries, sorted and packed into rows.
//
//   key   := run u32 (big-endian) | first ClaimKey (20)
//   value := seq of the first, varint | claim*                          the claims after the first
//   claim := head u8 id [turn of seq]
//   id    := caller u32 | hi u64 | lo u64  or  rise of hi | lo u64  or  rise of lo     by the head
//   head  := another caller 1 | another high half 2 | seq is not one more 4
//
// A claim is told by its caller whole, by its high half and the whole low half, or by its low half
// alone; rises are varints, of at least 1; the turn of seq is a signed varint, from one more than
// the seq before. Integers are little-endian where nothing else is said.
#pragma once
#include "ledger/base/varint.h"
#include "ledger/core/voucher.h"
#include "ledger/store/key_value.h"

namespace suanpan {

struct Claim {
  ClaimKey key;
  std::uint64_t seq = 0;
  friend bool operator==(const Claim&, const Claim&) = default;
};

inline constexpr std::size_t kClaimsPerRow = 256;

std::string claim_row_key(std::uint32_t run, const ClaimKey& first);

/// Packs claims into the value of a row; they must rise.
class ClaimWriter {
 public:
  /// False when the row is full.
  bool add(const Claim& claim);
  const ClaimKey& first() const { return first_; }
  const std::string& value() const { return value_; }
  bool empty() const { return count_ == 0; }
  void clear() {
    count_ = 0;
    value_.clear();
  }

 private:
  std::string value_;
  ClaimKey first_;
  Claim last_;
  std::size_t count_ = 0;
};

/// Reads a row claim by claim.
class ClaimReader {
 public:
  ClaimReader(const ClaimKey& first, std::string_view value) : reader_(value) {
    last_.key = first;
    last_.seq = reader_.varint();
  }
  /// The reader of a row; nothing if its key is of another shape.
  static std::optional<ClaimReader> of(std::string_view key, std::string_view value) {
    if (key.size() != 24) return std::nullopt;
    return ClaimReader(*ClaimKey::from_bytes(key.substr(4)), value);
  }
  /// False at the end, and after what does not decode.
  bool next(Claim& claim);
  bool failed() const { return reader_.failed(); }

 private:
  VarintReader reader_;
  Claim last_;
  bool at_first_ = true;
};

}  // namespace suanpan
