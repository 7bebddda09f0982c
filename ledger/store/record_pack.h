// The records of a block, packed: each is written as what distinguishes it from what the record
// before lets expect. A posted transfer with rising ids takes about ten bytes instead of 128.
//
//   packed := { mask u16 | lengths: a nibble per set bit, low nibble first | bytes }*
//
// A record is sixteen 64-bit words; bit i of the mask says that word i is not as expected, its
// nibble how many bytes (less one) its difference takes, little-endian, without leading zeros. So
// the packed form of records is unique: unpacking refuses anything else.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "ledger/store/record.h"

namespace suanpan {

/// Appends the packed form of `records` to `out`.
void pack_records(std::span<const Record> records, std::string& out);
/// Fills `records` from all of `packed`; false if it is not exactly the packed form of so many.
bool unpack_records(std::string_view packed, std::span<Record> records);

/// The fewest bytes a packed record takes: bounds a count that is not to be believed.
inline constexpr std::size_t kMinPackedRecord = 2;

}  // namespace suanpan
