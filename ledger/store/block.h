// The journal block: the effects of up to kMaxBlockItems commands, written as one.
//
//   block   := header(96) records variable crc32c(4)
//   header  := magic "SPBLOCK1" | version u32 | record_count u32 | variable_bytes u64
//            | first_seq u64 | last_seq u64 | last_timestamp i64 | previous hash (32)
//            | packed_bytes u64 | stored_variable_bytes u64       (both zero in version 1)
//   records := version 1, plain: struct Record{record_count}, 128 bytes each
//            | version 2, packed: packed_bytes as record_pack.h says
//   variable:= version 1: section*, variable_bytes of them
//            | version 2: stored_variable_bytes, LZ4 if fewer than variable_bytes
//   section := tag u8 | length u32 | payload      those of a command begin at its variable_offset
//
// A command is one record, or one per leg with the same seq. Linked commands, which stand or fall
// together, follow each other in one block, each but the last with kLinked.
//
// The hash of a block is SHA-256 over
// all its bytes as they are stored, up to the checksum; it goes into the next block's header, so
// the journal is one chain. All integers are little-endian. The journal writes version 2; version 1
// is what earlier journals hold, and what a tool writes that wants its records in place.
//
// Blocks hold effects, never commands to plan again; replay does not depend on how they were
// planned.
#pragma once
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "ledger/base/digest.h"
#include "ledger/base/result.h"
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

inline constexpr std::uint32_t kBlockVersion = 2;
enum class BlockForm : std::uint8_t { kPlain = 1, kPacked = 2 };  ///< by version

/// Records and the raw variable part of a block: written by its builder, then shared unchanged.
struct BlockContents {
  std::vector<Record> records;
  std::string variable;
  /// Documents as they were when they were written, by where their payloads begin in `variable`,
  /// in order: who makes the block of it need not make them again.
  std::vector<std::pair<std::size_t, DocumentPtr>> written;
};

/// What the book hands out in journal order: sequence, rising timestamps, voucher numbers.
struct Stamper {
  std::uint64_t next_seq = 1;
  Timestamp last_timestamp;
  /// Last number used per (month YYYYMM, voucher type).
  std::map<std::pair<std::uint32_t, std::uint8_t>, std::uint32_t> voucher_numbers;

  /// A timestamp later than every one before, as near to `now` as possible.
  Timestamp stamp(Timestamp now) {
    last_timestamp = std::max(now, Timestamp{last_timestamp.ns + 1});
    return last_timestamp;
  }
  /// The next gapless number of a month and type.
  std::uint32_t voucher_number(Date date, VoucherType type) {
    return ++voucher_numbers[{date.month_key(), static_cast<std::uint8_t>(type)}];
  }
};

/// What the journal must keep of a command besides its effects, for idempotency.
struct CommandEnvelope {
  ClaimKey key;
  CommandKind kind = CommandKind::kVoucher;
  const Content* content = nullptr;         ///< null for kVoucher
  const VoucherRequest* voucher = nullptr;  ///< kVoucher only: the fields are the content
  Timestamp now;
  bool linked = false;  ///< one group with the command after it
};

/// A block while it is gathered, and after. Owns its bytes. Not thread-safe while it is built.
class BlockBuilder {
 public:
  /// `reserve`: records to make room for.
  explicit BlockBuilder(std::size_t reserve = 64);
  BlockBuilder(const BlockBuilder& other)  ///< with contents of its own
      : contents_(std::make_shared<BlockContents>(*other.contents_)) {}
  BlockBuilder(BlockBuilder&&) = default;
  BlockBuilder& operator=(BlockBuilder other) {
    contents_ = std::move(other.contents_);
    return *this;
  }
  /// Appends an accepted command. Returns what its caller will be told.
  Answer accept(const CommandEnvelope& command, const ChangeSet& changes, Stamper& stamper);
  /// Appends a refusal under the command's id.
  Answer refuse(const CommandEnvelope& command, const Refusal& refusal, Date date,
                Stamper& stamper);
  /// Appends a command that another builder planned, with its variable part, under the next
  /// sequence and voucher number. Its timestamp must be later than every one before.
  Answer append(std::span<const Record> legs, std::string_view variable, Stamper& stamper);

  std::size_t records() const { return contents_->records.size(); }
  std::size_t bytes() const { return records() * sizeof(Record) + contents_->variable.size(); }
  bool empty() const { return contents_->records.empty(); }
  std::span<const Record> peek() const { return contents_->records; }
  std::string_view variable() const { return contents_->variable; }

  /// The finished bytes, with the checksum; `previous` is the hash of the block before. Nothing may
  /// be appended any more once they are in a journal.
  std::string seal(const Sha256& previous, BlockForm form = BlockForm::kPacked) const;
  /// What was gathered, for the block made of it.
  std::shared_ptr<const BlockContents> contents() const { return contents_; }

 private:
  Record head(const CommandEnvelope& command, Stamper& stamper) const;
  std::uint32_t begin_variable() const {
    return static_cast<std::uint32_t>(contents_->variable.size());
  }
  void finish(Record& first, std::uint32_t variable_begin);
  void add_records(const Record& first, std::span<const Transfer> legs);
  std::shared_ptr<BlockContents> contents_;
};

/// The variable part of one command, decoded.
struct VariablePart {
  std::shared_ptr<const VoucherText> text;    ///< null: none
  std::shared_ptr<const VoucherRules> rules;  ///< null: none
  std::string business_key;                   ///< of the text
  std::vector<Account> accounts;
  boost::container::small_vector<DocumentPtr, 1> documents;
  std::vector<Event> events;
  std::optional<BookChange> book;
  Content content;
  std::string answer;
  std::string refusal_detail;
};
/// How much of a part is kept; everything is checked.
enum class Keep : std::uint8_t {
  kAll,
  /// Accounts, documents, the business key, the book's change and the content that goes with that.
  kEffects,
};
/// Errors: kCorrupt.
Result<VariablePart> decode_variable(std::string_view bytes, Keep keep = Keep::kAll);

/// The records of one command among records in order; empty if it is not there.
std::span<const Record> find_command(std::span<const Record> records, std::uint64_t seq);

/// One command in full, from its records and its block's whole variable part. CHECKs that it
/// decodes: a block is believed only after parse().
StoredCommand read_command(std::span<const Record> legs, std::string_view variable);
inline std::string_view variable_of(const Record& first, std::string_view variable) {
  return first.flags & Record::kHasVariable
             ? variable.substr(first.variable_offset, first.variable_length)
             : std::string_view{};
}

/// A sealed block, checked. Immutable, so threads may share it.
class Block {
 public:
  /// Checks magic, version, lengths, checksum, sequence and that every variable section decodes to
  /// its end. Errors: kCorrupt, kUnsupported for a newer version.
  static Result<std::shared_ptr<const Block>> parse(std::string bytes);
  /// The block that `builder` sealed to `bytes`, without reading it all back: shares what was
  /// gathered, and holds it against the packed bytes. Errors as parse().
  static Result<std::shared_ptr<const Block>> sealed(const BlockBuilder& builder,
                                                     std::string bytes);

  std::uint64_t first_seq() const { return first_seq_; }
  std::uint64_t last_seq() const { return last_seq_; }
  Timestamp last_timestamp() const { return last_timestamp_; }
  const Sha256& previous_hash() const { return previous_; }
  /// SHA-256 over the block's bytes; computed when it is first asked for.
  const Sha256& hash() const;
  std::span<const Record> records() const { return contents_->records; }
  const std::string& bytes() const { return bytes_; }
  std::size_t record_count() const { return contents_->records.size(); }

  /// The records of one command, by its sequence; empty if it is not here.
  std::span<const Record> command(std::uint64_t seq) const { return find_command(records(), seq); }
  /// A command in full.
  StoredCommand read(std::span<const Record> legs) const {
    return read_command(legs, contents_->variable);
  }
  /// The variable parts of the commands that have one, in order. Of a block that was not parsed but
  /// sealed here, their effects (Keep::kEffects): who needs more reads the command.
  const std::vector<VariablePart>& parts() const { return parts_; }

 private:
  Block() = default;
  struct Header;
  Result<Header> read_header();
  Result<void> decode_parts(Keep keep);
  std::string bytes_;
  std::shared_ptr<const BlockContents> contents_;
  std::vector<VariablePart> parts_;
  std::uint64_t first_seq_ = 0, last_seq_ = 0;
  Timestamp last_timestamp_;
  Sha256 previous_{};
  mutable std::once_flag hashed_;
  mutable Sha256 hash_{};
};
using BlockPtr = std::shared_ptr<const Block>;

/// Calls `each(legs, part)` with the records of every command, in order, and its decoded variable
/// part, null where it has none.
template <class Each>
void for_each_command(const Block& block, Each&& each) {
  const auto records = block.records();
  auto part = block.parts().begin();
  for (std::size_t begin = 0; begin < records.size();) {
    std::size_t end = begin;
    while (!records[end].last_leg()) ++end;
    ++end;
    const bool has_part = records[begin].flags & Record::kHasVariable;
    each(records.subspan(begin, end - begin), has_part ? &*part : nullptr);
    if (has_part) ++part;
    begin = end;
  }
}

}  // namespace suanpan
