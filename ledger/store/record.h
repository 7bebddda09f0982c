// What a block holds, in memory: records of 128 bytes, and the variable part that they point into.
// A command is one record, or one per leg with the same seq; the first leg bears what the command
// has in the variable part (block_sections.h). Linked commands, which stand or fall together,
// follow each other in one block, each but the last with kLinked.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "ledger/core/change_set.h"

namespace suanpan {

/// One fixed-layout journal record of 128 bytes.
struct Record {
  std::uint64_t seq;
  std::int64_t timestamp_ns;
  std::uint64_t id_hi;
  std::uint64_t id_lo;
  std::uint32_t caller;
  std::uint32_t debit;
  std::uint32_t credit;
  std::int32_t date_days;
  std::int64_t amount;
  std::uint16_t code;
  std::uint8_t transfer_kind;  ///< TransferKind
  std::uint8_t command_kind;   ///< CommandKind
  std::uint16_t refusal;       ///< RefusalCode; 0: accepted
  std::uint8_t voucher_type;
  std::uint8_t flags;        ///< kMoreLegs | kHasVariable | …
  std::uint32_t voucher_no;  ///< 0: none
  std::uint32_t leg;
  std::uint32_t variable_offset;  ///< from the start of the variable part; first leg only
  std::uint32_t variable_length;
  std::uint64_t ref_hi;  ///< the hold or voucher that this is about
  std::uint64_t ref_lo;
  std::uint32_t ref_caller;
  std::int32_t effective_days;
  std::int64_t expires_ns;  ///< holds only
  char business_key[16];    ///< zero-padded, when it fits; else in the variable part

  static constexpr std::uint8_t kMoreLegs = 1, kHasVariable = 2, kDateGiven = 4, kAdjustment = 8,
                                kHasEffective = 16, kInlineKey = 32, kHold = 64, kLinked = 128;
  bool last_leg() const { return (flags & kMoreLegs) == 0; }
  ClaimKey key() const { return {Id128{id_hi, id_lo}, CallerId{caller}}; }
  Transfer transfer() const {
    return {AccountId{debit}, AccountId{credit}, amount, static_cast<TransferKind>(transfer_kind)};
  }
  bool moves_money() const {
    return transfer_kind != static_cast<std::uint8_t>(TransferKind::kNone);
  }
};
static_assert(sizeof(Record) == 128 && std::is_trivially_copyable_v<Record>);

/// Records and the raw variable part of a block: written by its builder, then shared unchanged.
struct BlockContents {
  std::vector<Record> records;
  std::string variable;
  /// Documents as they were when they were written, by where their payloads begin in `variable`,
  /// in order: who makes the block of it need not make them again.
  std::vector<std::pair<std::size_t, DocumentPtr>> written;
};

/// The records of one command among records in order; empty if it is not there.
inline std::span<const Record> find_command(std::span<const Record> records, std::uint64_t seq) {
  const auto begin = std::lower_bound(records.begin(), records.end(), seq,
                                      [](const Record& r, std::uint64_t s) { return r.seq < s; });
  auto end = begin;
  while (end != records.end() && end->seq == seq) ++end;
  return records.subspan(static_cast<std::size_t>(begin - records.begin()),
                         static_cast<std::size_t>(end - begin));
}

/// What the command that begins with `first` has of its block's variable part.
inline std::string_view variable_of(const Record& first, std::string_view variable) {
  return first.flags & Record::kHasVariable
             ? variable.substr(first.variable_offset, first.variable_length)
             : std::string_view{};
}

}  // namespace suanpan
