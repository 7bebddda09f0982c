// The auditor's view of business keys: which command bears which, and whether the table says so.
#include <cstring>

#include "ledger/engine/audit_tables.h"

namespace suanpan {
namespace {

// The key of an accepted command that moves money; empty: none.
std::string key_of(const Record& first, const VariablePart* part) {
  if (first.refusal != 0 || !first.moves_money()) return {};
  if ((first.flags & Record::kInlineKey) == 0)
    return part && part->text ? part->text->business_key : std::string{};
  const std::string_view padded(first.business_key, sizeof first.business_key);
  return std::string(padded.substr(0, padded.find('\0')));
}

// The rows of one bucket as they are stored.
Result<Fault> read_bucket(const KeyValueStore& store, std::uint16_t bucket,
                          std::vector<KeyMark>& marks) {
  const std::string prefix = big_endian(bucket, 2);
  const auto cursor = store.cursor(Table::kBusinessKeys);
  for (cursor->seek(prefix); cursor->valid() && cursor->key().substr(0, 2) == prefix;
       cursor->next()) {
    const auto row = decode_key_row(cursor->key(), cursor->value());
    if (!row || row->size() > kKeyMarksPerRow || encode_key_row(*row) != cursor->value())
      return fault(Table::kBusinessKeys, "a row of bucket {} does not decode", bucket);
    for (const KeyMark& mark : *row) {
      if (!marks.empty() && mark.seq <= marks.back().seq)
        return fault(Table::kBusinessKeys,
                     "bucket {} has journal entry {} out of order, and it would not be found",
                     bucket, mark.seq);
      marks.push_back(mark);
    }
  }
  TRY(cursor->status());
  return Fault{};
}

// The digests differ: reads the journal again for this one bucket.
Result<Fault> first_wrong_mark(const KeyValueStore& store, const Audit& audit, std::uint16_t bucket,
                               const std::vector<KeyMark>& stored) {
  Fault found;
  std::size_t next = 0;
  const auto cursor = store.cursor(Table::kJournal);
  for (cursor->seek(""); cursor->valid() && !found; cursor->next()) {
    TRY(auto block, Block::parse(std::string(cursor->value())));
    if (block->first_seq() > audit.last_seq()) break;
    for_each_command(*block, [&](std::span<const Record> legs, const VariablePart* part) {
      const Record& first = legs.front();
      const std::string key = key_of(first, part);
      if (found || key.empty()) return;
      const KeyPlace place = KeyPlace::of(key);
      if (place.bucket != bucket) return;
      if (next < stored.size() && stored[next] == KeyMark{first.seq, place.tag}) {
        ++next;
        return;
      }
      found = fault(Table::kBusinessKeys,
                    "the business key \"{}\" of journal entry {} is not in its place, bucket {}",
                    key, first.seq, bucket);
    });
  }
  TRY(cursor->status());
  if (!found && next < stored.size())
    found = fault(Table::kBusinessKeys, "bucket {} names journal entry {}, which bears no such key",
                  bucket, stored[next].seq);
  if (!found) found = fault(Table::kBusinessKeys, "bucket {} differs", bucket);
  return found;
}

}  // namespace

void Audit::take_business_key(const Command& command) {
  const std::string key = key_of(command.first, command.part);
  if (key.empty()) return;
  const KeyPlace place = KeyPlace::of(key);
  business_keys_[place.bucket].add(KeyMark{command.first.seq, place.tag});
}

Result<Fault> compare_business_keys(const KeyValueStore& store, const Audit& audit) {
  const auto cursor = store.cursor(Table::kBusinessKeys);
  for (cursor->seek(""); cursor->valid(); cursor->next())
    if (cursor->key().size() != 10 || from_big_endian(cursor->key().substr(0, 2)) >= kKeyBuckets)
      return fault(Table::kBusinessKeys, "a row of another shape");
  TRY(cursor->status());
  for (std::size_t i = 0; i < kKeyBuckets; ++i) {
    const auto bucket = static_cast<std::uint16_t>(i);
    std::vector<KeyMark> marks;
    TRY(auto bad, read_bucket(store, bucket, marks));
    if (bad) return bad;
    KeyDigest digest;
    for (const KeyMark& mark : marks) digest.add(mark);
    if (digest != audit.business_keys()[i]) return first_wrong_mark(store, audit, bucket, marks);
  }
  return Fault{};
}

}  // namespace suanpan
