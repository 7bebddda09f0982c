#include "ledger/store/block.h"

#include <algorithm>
#include <cstring>

#include "ledger/base/check.h"
#include "ledger/store/record_pack.h"

namespace suanpan {

// Checks the sequence and every variable part on the way.
Result<void> Block::decode_parts(Keep keep) {
  const std::string_view variable = contents_->variable;
  if (!variable.empty())
    parts_.reserve(static_cast<std::size_t>(
        std::count_if(contents_->records.begin(), contents_->records.end(),
                      [](const Record& r) { return (r.flags & Record::kHasVariable) != 0; })));
  WrittenDocuments written(*contents_);
  std::uint64_t seq = header_.first_seq;
  bool first_leg = true;
  for (const Record& record : contents_->records) {
    if (record.seq != seq)
      return fail(Errc::kCorrupt, "record {} of a block is out of sequence",
                  &record - contents_->records.data());
    if (record.last_leg()) ++seq;
    const bool first = std::exchange(first_leg, record.last_leg());
    if ((record.flags & Record::kHasVariable) == 0) continue;
    if (!first)
      return fail(Errc::kCorrupt, "record {} has what only a first leg has",
                  &record - contents_->records.data());
    if (record.variable_offset > variable.size() ||
        record.variable_length > variable.size() - record.variable_offset)
      return fail(Errc::kCorrupt, "record {} points outside its block",
                  &record - contents_->records.data());
    VariablePart& part = parts_.emplace_back();
    TRY(decode_sections(variable_of(record, variable), keep, &written, part));
    if (archived() && !is_archived_part(part))
      return fail(Errc::kCorrupt, "an archived block holds effects");
  }
  if (!first_leg || seq != header_.last_seq + 1)
    return fail(Errc::kCorrupt, "a block ends inside a command");
  return success();
}

Result<BlockPtr> Block::parse(std::string bytes) {
  const auto block = std::shared_ptr<Block>(new Block(std::move(bytes)));
  TRY(check_block_checksum(block->bytes_));
  TRY(block->header_, read_block_header(block->bytes_));
  const auto contents = std::make_shared<BlockContents>();
  TRY(unpack_contents(block->header_, *contents));
  block->contents_ = contents;
  TRY(block->decode_parts(Keep::kAll));
  return BlockPtr(block);
}

Result<BlockPtr> Block::sealed(const BlockBuilder& builder, std::string bytes) {
  const auto block = std::shared_ptr<Block>(new Block(std::move(bytes)));
  TRY(block->header_, read_block_header(block->bytes_));
  block->contents_ = builder.contents();
  // What goes into the journal is what will be read from it.
  thread_local std::vector<Record> back;
  back.resize(block->header_.record_count);
  CHECK_OR_DIE(unpack_records(block->header_.records, back) &&
                   std::memcmp(back.data(), block->contents_->records.data(),
                               back.size() * sizeof(Record)) == 0,
               "block {} does not unpack to what was packed", block->first_seq());
  TRY(block->decode_parts(Keep::kEffects));
  return BlockPtr(block);
}

const Sha256& Block::hash() const {
  if (archived()) return header_.own;
  std::call_once(hashed_,
                 [&] { hash_ = sha256(std::string_view(bytes_).substr(0, bytes_.size() - 4)); });
  return hash_;
}

}  // namespace suanpan
