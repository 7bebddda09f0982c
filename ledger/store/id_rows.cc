#include "ledger/store/id_rows.h"

namespace suanpan {
namespace {

enum Head : std::uint8_t { kCaller = 1, kHigh = 2, kTurn = 4 };

template <class T>
char* put_fixed(char* to, T value) {
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}

}  // namespace

std::string claim_row_key(std::uint32_t run, const ClaimKey& first) {
  return big_endian(run, 4) + first.bytes();
}

bool ClaimWriter::add(const Claim& claim) {
  if (count_ == kClaimsPerRow) return false;
  if (count_++ == 0) {
    first_ = claim.key;
    append_varint(value_, claim.seq);
    last_ = claim;
    return true;
  }
  char bytes[1 + 20 + 2 * kMaxVarintBytes + 8];
  char* to = bytes + 1;
  std::uint8_t head = 0;
  if (claim.key.caller != last_.key.caller) {
    head |= kCaller;
    to = put_fixed(to, claim.key.caller.value);
    to = put_fixed(to, claim.key.id.hi);
    to = put_fixed(to, claim.key.id.lo);
  } else if (claim.key.id.hi != last_.key.id.hi) {
    head |= kHigh;
    to = put_varint(to, claim.key.id.hi - last_.key.id.hi);
    to = put_fixed(to, claim.key.id.lo);
  } else {
    to = put_varint(to, claim.key.id.lo - last_.key.id.lo);
  }
  if (claim.seq != last_.seq + 1) {
    head |= kTurn;
    to = put_varint(to, zigzag(static_cast<std::int64_t>(claim.seq - last_.seq - 1)));
  }
  bytes[0] = static_cast<char>(head);
  value_.append(bytes, to);
  last_ = claim;
  return true;
}

bool ClaimReader::next(Claim& claim) {
  if (at_first_) {
    at_first_ = false;
    claim = last_;
    return !reader_.failed();
  }
  if (reader_.at_end()) return false;
  const std::uint8_t head = reader_.u8();
  claim = last_;
  if (head & kCaller) {
    claim.key.caller.value = static_cast<std::uint32_t>(reader_.fixed(4));
    claim.key.id.hi = reader_.fixed(8);
    claim.key.id.lo = reader_.fixed(8);
  } else if (head & kHigh) {
    claim.key.id.hi += reader_.varint();
    claim.key.id.lo = reader_.fixed(8);
  } else {
    claim.key.id.lo += reader_.varint();
  }
  const std::uint64_t turn = head & kTurn ? reader_.varint() : 0;
  claim.seq = last_.seq + 1 + static_cast<std::uint64_t>(unzigzag(turn));
  const bool right = head == 0 || head == kCaller || head == kHigh || head == kTurn ||
                     head == (kCaller | kTurn) || head == (kHigh | kTurn);
  const bool caller_changes = claim.key.caller != last_.key.caller;
  if (reader_.failed() || !right || !(last_.key < claim.key) ||
      caller_changes != ((head & kCaller) != 0) ||
      (!caller_changes && (claim.key.id.hi != last_.key.id.hi) != ((head & kHigh) != 0)) ||
      ((head & kTurn) && turn == 0)) {
    reader_.fail();
    return false;
  }
  last_ = claim;
  return true;
}

}  // namespace suanpan
