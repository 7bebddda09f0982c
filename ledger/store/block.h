// The journal block: the effects of up to kMaxBlockItems commands, written as one, never commands
// to plan again; replay does not depend on how they were planned. Its records are in record.h, what
// commands have besides them in block_sections.h, its bytes in block_bytes.h; block_builder.h
// gathers it.
//
// The hash of a block is SHA-256 over all its bytes as they are stored, up to the checksum; it goes
// into the next block's header, so the journal is one chain.
//
// The archived form is what stays of a block once its whole lies in an archive (archived_part.h):
// who asked for what, under which id, and what he was told. What the commands did to accounts'
// terms, documents, days and events is gone, but for the documents of settlements and cases, which
// are their answers. It carries the hash that the whole block had, so the chain goes through it.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "ledger/base/digest.h"
#include "ledger/base/result.h"
#include "ledger/core/document_table.h"
#include "ledger/store/block_builder.h"
#include "ledger/store/block_bytes.h"
#include "ledger/store/block_sections.h"

namespace suanpan {

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

  std::uint64_t first_seq() const { return header_.first_seq; }
  std::uint64_t last_seq() const { return header_.last_seq; }
  Timestamp last_timestamp() const { return header_.last_timestamp; }
  const Sha256& previous_hash() const { return header_.previous; }
  /// SHA-256 over the block's bytes, of the archived form over those of the whole one; computed
  /// when it is first asked for.
  const Sha256& hash() const;
  /// Whether this is the archived form, which no projection can be fed with.
  bool archived() const { return header_.form == BlockForm::kArchived; }
  /// The archived form of this block; its own bytes if it is that already.
  std::string archived_form() const;
  /// SHA-256 over what the archived form says, however it is packed.
  Sha256 archived_digest() const;
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
  explicit Block(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<void> decode_parts(Keep keep);
  static bool is_archived_part(const VariablePart& part);
  std::string bytes_;
  BlockHeader header_;  // its views are of bytes_
  std::shared_ptr<const BlockContents> contents_;
  std::vector<VariablePart> parts_;
  mutable std::once_flag hashed_;
  mutable Sha256 hash_{};  // not of the archived form, whose header has it
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

/// Before part `at` of a block is taken over: every so many parts, calls `warm(kind, keys)` for the
/// documents of those that come next, one of each (core/document_table.h: warm_documents()).
template <class Warm>
void warm_parts(const std::vector<VariablePart>& parts, std::size_t at, Warm&& warm) {
  constexpr std::size_t kAtOnce = DocumentTable::kAtOnce;
  if (at % kAtOnce != 0) return;
  std::array<const Document*, kAtOnce> documents;
  std::size_t count = 0;
  for (; at < parts.size() && count < kAtOnce; ++at)
    if (!parts[at].documents.empty()) documents[count++] = parts[at].documents.front().get();
  warm_documents({documents.data(), count}, warm);
}

}  // namespace suanpan
