#include "ledger/store/record_pack.h"

#include <bit>
#include <cstring>

namespace suanpan {
namespace {

constexpr std::size_t kWords = sizeof(Record) / 8;
constexpr std::size_t kMaxPackedRecord = 2 + kWords / 2 + sizeof(Record);

// Where the members lie that are expected to rise; the others are expected to stay.
constexpr std::size_t kSeq = 0, kTime = 1, kIdLow = 3, kDebit = 4, kNumber = 8, kVariable = 9,
                      kKey = 14;
static_assert(offsetof(Record, seq) == kSeq * 8 && offsetof(Record, timestamp_ns) == kTime * 8 &&
              offsetof(Record, id_lo) == kIdLow * 8 && offsetof(Record, caller) == kDebit * 8 &&
              offsetof(Record, voucher_no) == kNumber * 8 &&
              offsetof(Record, variable_offset) == kVariable * 8 &&
              offsetof(Record, business_key) == kKey * 8);

struct Words {
  std::uint64_t at[kWords];
};

// What the record after `before` is expected to be in the words that rise.
struct Expected {
  explicit Expected(const Words& before, bool new_command) {
    const std::uint64_t step = new_command ? 1 : 0;
    seq = before.at[kSeq] + step;
    time = before.at[kTime] + step;
    id_low = before.at[kIdLow] + step;
    // Number and leg share a word: the next number and leg 0, or the same number and the next leg.
    number = new_command ? (before.at[kNumber] & 0xffffffff) + 1
                         : before.at[kNumber] + (std::uint64_t{1} << 32);
    // A variable part as long as the last one, behind it.
    const std::uint64_t length = before.at[kVariable] >> 32;
    variable = (((before.at[kVariable] & 0xffffffff) + length) & 0xffffffff) | length << 32;
  }
  std::uint64_t seq, time, id_low, number, variable;
};

// The difference of `now` from what is expected, and back. Debit and caller change places, so that
// the one that changes lies in the low bytes.
void subtract(Words& now, const Words& before, bool new_command) {
  const Expected e(before, new_command);
  Words d;
  for (std::size_t i = 0; i < kKey; ++i) d.at[i] = now.at[i] ^ before.at[i];
  d.at[kSeq] = now.at[kSeq] - e.seq;
  d.at[kTime] = now.at[kTime] - e.time;
  d.at[kIdLow] = now.at[kIdLow] - e.id_low;
  d.at[kDebit] = std::rotl(d.at[kDebit], 32);
  d.at[kNumber] = now.at[kNumber] - e.number;
  d.at[kVariable] = now.at[kVariable] ^ e.variable;
  for (std::size_t i = kKey; i < kWords; ++i) d.at[i] = now.at[i];
  now = d;
}
void add(Words& d, const Words& before, bool new_command) {
  const Expected e(before, new_command);
  d.at[kDebit] = std::rotl(d.at[kDebit], 32);
  const std::uint64_t seq = d.at[kSeq] + e.seq, time = d.at[kTime] + e.time,
                      id_low = d.at[kIdLow] + e.id_low, number = d.at[kNumber] + e.number,
                      variable = d.at[kVariable] ^ e.variable;
  for (std::size_t i = 0; i < kKey; ++i) d.at[i] ^= before.at[i];
  d.at[kSeq] = seq;
  d.at[kTime] = time;
  d.at[kIdLow] = id_low;
  d.at[kNumber] = number;
  d.at[kVariable] = variable;
}

// Writes at `to`, which has room for kMaxPackedRecord + 8.
char* pack(const Words& d, char* to) {
  unsigned mask = 0;
  for (std::size_t i = 0; i < kWords; ++i) mask |= static_cast<unsigned>(d.at[i] != 0) << i;
  const auto stored = static_cast<std::uint16_t>(mask);
  std::memcpy(to, &stored, 2);
  auto* lengths = reinterpret_cast<std::uint8_t*>(to + 2);
  const auto count = static_cast<unsigned>(std::popcount(mask));
  to += 2 + (count + 1) / 2;
  lengths[count / 2] = 0;  // an odd count leaves a nibble; an even one is overwritten by the bytes
  for (unsigned n = 0; n < count; ++n) {
    const std::uint64_t word = d.at[static_cast<std::size_t>(std::countr_zero(mask))];
    mask &= mask - 1;
    const auto bytes = static_cast<unsigned>(8 - std::countl_zero(word) / 8);
    if (n % 2 == 0)
      lengths[n / 2] = static_cast<std::uint8_t>(bytes - 1);
    else
      lengths[n / 2] |= static_cast<std::uint8_t>((bytes - 1) << 4);
    std::memcpy(to, &word, 8);
    to += bytes;
  }
  return to;
}

// Reads one record's differences; null if they are cut off or not in their shortest form.
const char* unpack(const char* at, const char* end, Words& d) {
  if (end - at < 2) return nullptr;
  std::uint16_t stored;
  std::memcpy(&stored, at, 2);
  unsigned mask = stored;
  const auto count = static_cast<unsigned>(std::popcount(mask));
  const auto* lengths = reinterpret_cast<const std::uint8_t*>(at + 2);
  at += 2;
  if (end - at < static_cast<std::ptrdiff_t>((count + 1) / 2)) return nullptr;
  at += (count + 1) / 2;
  if (count % 2 == 1 && lengths[count / 2] >> 4 != 0) return nullptr;
  d = Words{};
  for (unsigned n = 0; n < count; ++n) {
    const std::size_t i = static_cast<std::size_t>(std::countr_zero(mask));
    mask &= mask - 1;
    const unsigned nibble = lengths[n / 2] >> (n % 2 * 4) & 15;
    if (nibble > 7 || end - at < static_cast<std::ptrdiff_t>(nibble + 1)) return nullptr;
    std::uint64_t word = 0;
    if (end - at >= 8) {
      std::memcpy(&word, at, 8);
      word &= ~std::uint64_t{0} >> (56 - nibble * 8);
    } else {
      std::memcpy(&word, at, nibble + 1);
    }
    if (word >> (nibble * 8) == 0) return nullptr;
    d.at[i] = word;
    at += nibble + 1;
  }
  return at;
}

bool ends_command(const Words& words) {
  Record record;
  std::memcpy(&record, &words, sizeof record);
  return record.last_leg();
}

}  // namespace

void pack_records(std::span<const Record> records, std::string& out) {
  constexpr std::size_t kChunk = 32;
  char chunk[kChunk * kMaxPackedRecord + 8];
  Words before{};
  bool new_command = true;
  for (std::size_t begin = 0; begin < records.size(); begin += kChunk) {
    char* to = chunk;
    for (const Record& record : records.subspan(begin, std::min(kChunk, records.size() - begin))) {
      Words now;
      std::memcpy(&now, &record, sizeof now);
      Words difference = now;
      subtract(difference, before, new_command);
      to = pack(difference, to);
      new_command = record.last_leg();
      before = now;
    }
    out.append(chunk, to);
  }
}

bool unpack_records(std::string_view packed, std::span<Record> records) {
  const char* at = packed.data();
  const char* const end = at + packed.size();
  Words before{};
  bool new_command = true;
  for (Record& record : records) {
    Words now;
    at = unpack(at, end, now);
    if (!at) return false;
    add(now, before, new_command);
    std::memcpy(&record, &now, sizeof record);
    new_command = ends_command(now);
    before = now;
  }
  return at == end;
}

}  // namespace suanpan
