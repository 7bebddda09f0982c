// A block while it is gathered: commands become records and sections, with sequence, timestamp and
// voucher number. The hot path of every command.
#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "ledger/base/digest.h"
#include "ledger/store/block_bytes.h"

namespace suanpan {

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
  /// be appended any more once they are in a journal. CHECKs that it is not the archived form.
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

}  // namespace suanpan
