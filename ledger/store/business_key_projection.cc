#include "ledger/store/business_key_projection.h"

#include <algorithm>
#include <cstring>

#include "ledger/base/check.h"
#include "ledger/base/varint.h"

namespace suanpan {
namespace {

constexpr std::size_t kTagBytes = 4;

void append_tag(std::string& out, std::uint32_t tag) {
  char bytes[kTagBytes];
  std::memcpy(bytes, &tag, sizeof bytes);
  out.append(bytes, sizeof bytes);
}

std::optional<std::vector<KeyMark>> marks_of(std::uint64_t first_seq, std::string_view value) {
  std::vector<KeyMark> marks;
  VarintReader in(value);
  KeyMark mark{first_seq, static_cast<std::uint32_t>(in.fixed(kTagBytes))};
  marks.push_back(mark);
  while (!in.failed() && !in.at_end()) {
    const std::uint64_t rise = in.varint();
    mark.tag = static_cast<std::uint32_t>(in.fixed(kTagBytes));
    if (rise == 0 || rise > ~mark.seq) return std::nullopt;
    mark.seq += rise;
    marks.push_back(mark);
  }
  if (in.failed()) return std::nullopt;
  return marks;
}

}  // namespace

KeyPlace KeyPlace::of(std::string_view business_key) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, 64 bits
  for (const char c : business_key) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  hash = mix64(hash);
  return {static_cast<std::uint16_t>(hash >> 52), static_cast<std::uint32_t>(hash)};
}

std::string key_row_key(std::uint16_t bucket, std::uint64_t first_seq) {
  return big_endian(bucket, 2) + big_endian(first_seq);
}

std::optional<std::vector<KeyMark>> decode_key_row(std::string_view key, std::string_view value) {
  if (key.size() != 10) return std::nullopt;
  return marks_of(from_big_endian(key.substr(2)), value);
}

std::string encode_key_row(const std::vector<KeyMark>& marks) {
  std::string value;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (i > 0) append_varint(value, marks[i].seq - marks[i - 1].seq);
    append_tag(value, marks[i].tag);
  }
  return value;
}

std::string_view business_key_of(const Record& first, const VariablePart* part) {
  if (first.flags & Record::kInlineKey)
    return {first.business_key, strnlen(first.business_key, sizeof first.business_key)};
  return part ? std::string_view(part->business_key) : std::string_view{};
}

Result<void> BusinessKeyProjection::load() {
  TRY(auto stamp, read_stamp(store_, Table::kBusinessKeys));
  stamp_ = fed_ = stamp;
  return success();
}

void BusinessKeyProjection::add(std::uint16_t bucket, KeyMark mark) {
  std::vector<Row>& rows = gathered_.buckets[bucket];
  if (rows.empty() || rows.back().count == kKeyMarksPerRow)
    rows.push_back(Row{mark.seq, mark.seq, 0, {}});
  Row& row = rows.back();
  if (row.count > 0) append_varint(row.value, mark.seq - row.last_seq);
  append_tag(row.value, mark.tag);
  row.last_seq = mark.seq;
  ++row.count;
}

void BusinessKeyProjection::feed(const BlockPtr& block) {
  if (block->last_seq() <= fed_) return;
  thread_local std::vector<std::pair<std::uint16_t, KeyMark>> marks;
  marks.clear();
  auto part = block->parts().begin();
  for (const Record& record : block->records()) {
    const VariablePart* own = nullptr;
    if (record.flags & Record::kHasVariable) own = &*part++;
    if (record.leg != 0 || record.refusal != 0 || !record.moves_money()) continue;
    const std::string_view key = business_key_of(record, own);
    if (key.empty()) continue;
    const KeyPlace place = KeyPlace::of(key);
    marks.emplace_back(place.bucket, KeyMark{record.seq, place.tag});
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [bucket, mark] : marks) add(bucket, mark);
  fed_ = block->last_seq();
}

void BusinessKeyProjection::freeze() {
  Generation fresh;
  const std::lock_guard lock(mutex_);
  gathered_.seq = fed_;
  frozen_ = std::exchange(gathered_, std::move(fresh));
}

Result<void> BusinessKeyProjection::collect(BulkLoad& load) {
  // The feeder leaves what is frozen alone; readers only read it.
  for (std::size_t bucket = 0; bucket < kKeyBuckets; ++bucket)
    for (const Row& row : frozen_.buckets[bucket]) {
      TRY(load.add(Table::kBusinessKeys,
                   key_row_key(static_cast<std::uint16_t>(bucket), row.first_seq), row.value));
    }
  return success();
}

void BusinessKeyProjection::collect_stamps(std::map<std::string, std::uint64_t>& stamps) const {
  stamps[stamp_key(Table::kBusinessKeys)] = frozen_.seq;
}

void BusinessKeyProjection::stored() {
  Generation gone;
  const std::lock_guard lock(mutex_);
  stamp_ = frozen_.seq;
  std::swap(frozen_, gone);
}

Result<std::vector<std::uint64_t>> BusinessKeyProjection::find(std::string_view business_key,
                                                               std::uint64_t low,
                                                               std::uint64_t high,
                                                               bool newest_first,
                                                               std::size_t limit) const {
  const KeyPlace place = KeyPlace::of(business_key);
  std::vector<std::uint64_t> in_memory, found;
  const auto take = [&](const std::vector<KeyMark>& marks, std::uint64_t from, std::uint64_t to,
                        std::vector<std::uint64_t>& out) {
    for (const KeyMark& mark : marks)
      if (mark.tag == place.tag && mark.seq >= from && mark.seq <= to) out.push_back(mark.seq);
  };
  std::uint64_t stamp = 0;
  std::unique_ptr<Cursor> cursor;
  {
    const std::lock_guard lock(mutex_);
    stamp = stamp_;
    cursor = store_.cursor(Table::kBusinessKeys);
    for (const Generation* generation : {&frozen_, &gathered_})
      for (const Row& row : generation->buckets[place.bucket]) {
        const auto marks = marks_of(row.first_seq, row.value);
        CHECK_OR_DIE(marks, "gathered business keys do not decode");
        // What is being stored may be in both places.
        take(*marks, std::max(low, stamp + 1), high, in_memory);
      }
  }
  if (newest_first) {
    std::reverse(in_memory.begin(), in_memory.end());
    found = in_memory;
  }
  const std::string prefix = big_endian(place.bucket, 2);
  const auto in_bucket = [&] { return cursor->valid() && cursor->key().substr(0, 2) == prefix; };
  const std::uint64_t last = std::min(high, stamp);
  if (low <= last && found.size() < limit) {
    const std::uint64_t from = newest_first ? last : low;
    cursor->seek_for_prev(key_row_key(place.bucket, from));
    if (!newest_first && !in_bucket()) cursor->seek(prefix);
    for (; found.size() < limit && in_bucket(); newest_first ? cursor->prev() : cursor->next()) {
      const auto marks = decode_key_row(cursor->key(), cursor->value());
      if (!marks) return fail(Errc::kCorrupt, "a row of business keys does not decode");
      if (newest_first ? marks->back().seq < low : marks->front().seq > last) break;
      std::vector<std::uint64_t> here;
      take(*marks, low, last, here);
      if (newest_first) std::reverse(here.begin(), here.end());
      found.insert(found.end(), here.begin(), here.end());
    }
    TRY(cursor->status());
  }
  if (!newest_first) found.insert(found.end(), in_memory.begin(), in_memory.end());
  if (found.size() > limit) found.resize(limit);
  return found;
}

}  // namespace suanpan
