#include "ledger/store/id_projection.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <queue>

#include "ledger/base/check.h"

namespace suanpan {
namespace {

std::string key_of(char kind, std::uint64_t number) { return kind + big_endian(number, 4); }

// Sorts claims by key: a radix sort over caller and the upper half of the id's high word, then the
// few that are still equal by comparison.
void sort_claims(std::vector<Claim>& claims) {
  struct Item {
    std::uint64_t key;
    std::uint32_t index;
  };
  // Ids that a caller counts differ in their last bytes alone.
  const bool alike = std::ranges::all_of(claims, [&](const Claim& c) {
    return c.key.caller == claims[0].key.caller && c.key.id.hi == claims[0].key.id.hi;
  });
  std::vector<Item> items(claims.size()), other(claims.size());
  constexpr unsigned kDigits = 8;
  std::array<std::array<std::uint32_t, 256>, kDigits> counts{};
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const ClaimKey& key = claims[i].key;
    items[i] = {alike ? key.id.lo : std::uint64_t{key.caller.value} << 32 | key.id.hi >> 32,
                static_cast<std::uint32_t>(i)};
    for (unsigned d = 0; d < kDigits; ++d) ++counts[d][items[i].key >> (8 * d) & 255];
  }
  for (unsigned d = 0; d < kDigits; ++d) {
    auto& count = counts[d];
    if (*std::max_element(count.begin(), count.end()) == claims.size()) continue;
    std::uint32_t at = 0;
    for (std::uint32_t& c : count) at += std::exchange(c, at);
    for (const Item& item : items) other[count[item.key >> (8 * d) & 255]++] = item;
    items.swap(other);
  }
  std::vector<Claim> sorted;
  sorted.reserve(claims.size());
  for (std::size_t begin = 0; begin < items.size();) {
    std::size_t end = begin;
    while (end < items.size() && items[end].key == items[begin].key)
      sorted.push_back(claims[items[end++].index]);
    if (end - begin > 1)
      std::sort(sorted.begin() + static_cast<std::ptrdiff_t>(begin), sorted.end(),
                [](const Claim& a, const Claim& b) { return a.key < b.key; });
    begin = end;
  }
  claims.swap(sorted);
}

// Writes the rows of one run.
class RunWriter {
 public:
  RunWriter(BulkLoad& load, std::uint32_t number) : load_(load) { run_.number = number; }
  Result<void> add(const Claim& claim) {
    if (run_.first_seq == 0) {
      run_.first_seq = run_.last_seq = claim.seq;
      run_.least = claim.key;
    }
    run_.first_seq = std::min(run_.first_seq, claim.seq);
    run_.last_seq = std::max(run_.last_seq, claim.seq);
    run_.greatest = claim.key;
    if (row_.add(claim)) return success();
    TRY(put());
    CHECK_OR_DIE(row_.add(claim), "an empty row is full");
    return success();
  }
  Result<IdRun> finish() {
    TRY(put());
    return run_;
  }

 private:
  Result<void> put() {
    if (!row_.empty()) {
      TRY(load_.add(Table::kIds, claim_row_key(run_.number, row_.first()), row_.value()));
    }
    row_.clear();
    return success();
  }
  BulkLoad& load_;
  IdRun run_;
  ClaimWriter row_;
};

// Reads a stored run claim by claim.
class RunReader {
 public:
  RunReader(const KeyValueStore& store, std::uint32_t number)
      : cursor_(store.cursor(Table::kIds)), prefix_(big_endian(number, 4)) {
    cursor_->seek(prefix_);
  }
  /// False at the end.
  Result<bool> next() {
    for (;;) {
      if (reader_ && reader_->next(claim_)) return true;
      if (reader_ && reader_->failed())
        return fail(Errc::kCorrupt, "a row of the id index does not decode");
      if (reader_) cursor_->next();
      reader_.reset();
      TRY(cursor_->status());
      if (!cursor_->valid() || cursor_->key().substr(0, 4) != prefix_) return false;
      reader_ = ClaimReader::of(cursor_->key(), cursor_->value());
      if (!reader_) return fail(Errc::kCorrupt, "the id index holds a row of another shape");
    }
  }
  const Claim& claim() const { return claim_; }

 private:
  std::unique_ptr<Cursor> cursor_;
  std::string prefix_;
  std::optional<ClaimReader> reader_;
  Claim claim_;
};

}  // namespace

std::string id_run_key(std::uint32_t number) { return key_of('r', number); }
std::string encode(const IdRun& run) {
  std::string out;
  append_varint(out, run.first_seq);
  append_varint(out, run.last_seq);
  return out + run.least.bytes() + run.greatest.bytes();
}
std::optional<IdRun> decode_id_run(std::string_view key, std::string_view value) {
  if (key.size() != 5 || key[0] != 'r' || value.size() < 40) return std::nullopt;
  IdRun run;
  run.number = static_cast<std::uint32_t>(from_big_endian(key.substr(1)));
  VarintReader seqs(value.substr(0, value.size() - 40));
  run.first_seq = seqs.varint();
  run.last_seq = seqs.varint();
  run.least = *ClaimKey::from_bytes(value.substr(value.size() - 40, 20));
  run.greatest = *ClaimKey::from_bytes(value.substr(value.size() - 20));
  if (!seqs.done() || run.first_seq == 0 || run.last_seq < run.first_seq ||
      run.greatest < run.least)
    return std::nullopt;
  return run;
}

std::size_t id_segment_of(std::uint64_t seq) {
  std::size_t segment = 0;
  for (std::uint64_t begin = 1; segment + 1 < IdFilter::kMaxSegments; ++segment) {
    begin += IdFilter::capacity(segment);
    if (seq < begin) break;
  }
  return segment;
}
std::uint64_t id_segment_begin(std::size_t segment) {
  std::uint64_t begin = 1;
  for (std::size_t i = 0; i < segment; ++i) begin += IdFilter::capacity(i);
  return begin;
}
std::string id_segment_key(std::size_t segment, std::size_t part) {
  return key_of('s', segment) + big_endian(part, 4);
}

void IdProjection::Generation::place(std::uint32_t index) {
  const std::size_t mask = slots.size() - 1;
  std::size_t at = std::hash<ClaimKey>{}(keys[index]) & mask;
  while (slots[at] != 0) at = (at + 1) & mask;
  slots[at] = index + 1;
}
void IdProjection::Generation::rebuild(std::size_t size) {
  slots.assign(size, 0);
  for (std::uint32_t i = 0; i < keys.size(); ++i) place(i);
}
void IdProjection::Generation::add(const ClaimKey& key) {
  if (rising && !keys.empty() && !(keys.back() < key)) {
    rising = false;
    std::size_t size = 4096;
    while (size < keys.size() * 4) size *= 2;
    rebuild(size);
  }
  keys.push_back(key);
  if (rising) return;
  if (keys.size() * 2 > slots.size())
    rebuild(slots.size() * 2);
  else
    place(static_cast<std::uint32_t>(keys.size() - 1));
}
std::optional<std::uint64_t> IdProjection::Generation::find(const ClaimKey& key) const {
  if (rising) {
    const auto it = std::lower_bound(keys.begin(), keys.end(), key);
    if (it == keys.end() || *it != key) return std::nullopt;
    return first_seq + static_cast<std::uint64_t>(it - keys.begin());
  }
  const std::size_t mask = slots.size() - 1;
  for (std::size_t at = std::hash<ClaimKey>{}(key)&mask; slots[at] != 0; at = (at + 1) & mask)
    if (keys[slots[at] - 1] == key) return first_seq + slots[at] - 1;
  return std::nullopt;
}

Result<void> IdProjection::load() {
  TRY(auto stamp, read_stamp(store_, Table::kIds));
  stamp_ = stamp;
  fed_ = stamp;
  TRY(load_runs());
  return load_filter();
}

Result<void> IdProjection::load_runs() {
  const auto meta = store_.cursor(Table::kIdFilter);
  for (meta->seek("r"); meta->valid() && meta->key()[0] == 'r'; meta->next()) {
    const auto run = decode_id_run(meta->key(), meta->value());
    if (!run) return fail(Errc::kCorrupt, "a run of the id index does not decode");
    runs_.push_back(*run);
    next_run_ = run->number + 1;
  }
  TRY(meta->status());
  // Runs that nobody names any more: one look at each.
  const auto rows = store_.cursor(Table::kIds);
  rows->seek("");
  while (rows->valid()) {
    if (rows->key().size() != 24)
      return fail(Errc::kCorrupt, "the id index holds a row of another shape");
    const auto number = static_cast<std::uint32_t>(from_big_endian(rows->key().substr(0, 4)));
    if (std::none_of(runs_.begin(), runs_.end(), [&](auto& run) { return run.number == number; }))
      dead_.push_back(number);
    next_run_ = std::max(next_run_, number + 1);
    rows->seek(big_endian(number + std::uint64_t{1}, 4));
  }
  next_runs_ = runs_;
  return rows->status();
}

Result<void> IdProjection::load_filter() {
  const auto cursor = store_.cursor(Table::kIdFilter);
  cursor->seek("s");
  for (; cursor->valid() && cursor->key()[0] == 's'; ++stored_segments_) {
    const std::size_t segment = stored_segments_;
    const auto words = filter_.restore();
    const std::size_t bytes = words.size() * 8;
    for (std::size_t at = 0; at < bytes; at += kIdSegmentPartBytes, cursor->next()) {
      const std::size_t part = std::min(kIdSegmentPartBytes, bytes - at);
      if (!cursor->valid() || cursor->key() != id_segment_key(segment, at / kIdSegmentPartBytes) ||
          cursor->value().size() != part)
        return fail(Errc::kCorrupt, "a stored segment of the id filter is not whole");
      std::memcpy(reinterpret_cast<char*>(words.data()) + at, cursor->value().data(), part);
    }
    ClaimKey least, greatest;
    bool any = false;
    for (const IdRun& run : runs_) {
      if (id_segment_of(run.first_seq) != segment) continue;
      least = any ? std::min(least, run.least) : run.least;
      greatest = any ? std::max(greatest, run.greatest) : run.greatest;
      any = true;
    }
    if (!any) return fail(Errc::kCorrupt, "the id filter answers for ids that are not there");
    filter_.bound(segment, least, greatest);
  }
  TRY(cursor->status());
  for (const IdRun& run : runs_) {
    if (id_segment_of(run.first_seq) < stored_segments_) continue;
    RunReader reader(store_, run.number);
    for (;;) {
      TRY(auto more, reader.next());
      if (!more) break;
      filter_.add(reader.claim().key);
    }
  }
  merged_segments_ = 0;  // those that need no merging any more are passed over again
  return success();
}

void IdProjection::feed(const BlockPtr& block) {
  if (block->last_seq() <= answered()) return;
  constexpr std::size_t kAhead = 16;
  const auto records = block->records();
  std::lock_guard lock(mutex_);
  if (gathered_.keys.empty()) gathered_.first_seq = block->first_seq();
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i + kAhead < records.size()) {
      const ClaimKey ahead = records[i + kAhead].key();
      filter_.prefetch_add(ahead);
      gathered_.prefetch(ahead);
    }
    if (records[i].leg != 0) continue;
    filter_.add(records[i].key());
    gathered_.add(records[i].key());
  }
  CHECK_OR_DIE(gathered_.end_seq() == block->last_seq() + 1, "block {} claims another count of ids",
               block->first_seq());
  fed_.store(block->last_seq(), std::memory_order_release);
}

void IdProjection::freeze() {
  std::lock_guard lock(mutex_);
  frozen_ = std::exchange(gathered_, Generation{});
  if (frozen_.keys.empty()) frozen_.first_seq = answered() + 1;
}

void IdProjection::collect_stamps(std::map<std::string, std::uint64_t>& stamps) const {
  stamps[stamp_key(Table::kIds)] = frozen_.end_seq() - 1;
}

Result<void> IdProjection::erase_dead(BulkLoad& load) {
  std::sort(dead_.begin(), dead_.end());
  const auto cursor = store_.cursor(Table::kIds);
  for (const std::uint32_t run : dead_) {
    const std::string prefix = big_endian(run, 4);
    for (cursor->seek(prefix); cursor->valid() && cursor->key().substr(0, 4) == prefix;
         cursor->next()) {
      TRY(load.erase(Table::kIds, cursor->key()));
    }
  }
  return cursor->status();
}

Result<void> IdProjection::collect_run(BulkLoad& load, std::span<const Claim> claims) {
  RunWriter writer(load, next_run_++);
  for (const Claim& claim : claims) {
    TRY(writer.add(claim));
  }
  TRY(auto run, writer.finish());
  next_runs_.push_back(run);
  return success();
}

Result<void> IdProjection::collect_claims(BulkLoad& load) {
  // One run per filter segment that the ids belong to.
  for (std::uint64_t begin = frozen_.first_seq; begin < frozen_.end_seq();) {
    const std::uint64_t end =
        std::min(frozen_.end_seq(), id_segment_begin(id_segment_of(begin) + 1));
    std::vector<Claim> claims;
    claims.reserve(end - begin);
    for (std::uint64_t seq = begin; seq < end; ++seq)
      claims.push_back({frozen_.keys[seq - frozen_.first_seq], seq});
    if (!frozen_.rising) sort_claims(claims);
    TRY(collect_run(load, claims));
    begin = end;
  }
  return success();
}

bool IdProjection::runs_overlap(std::size_t segment) const {
  std::vector<const IdRun*> runs;
  for (const IdRun& run : next_runs_)
    if (id_segment_of(run.first_seq) == segment) runs.push_back(&run);
  std::sort(runs.begin(), runs.end(),
            [](const IdRun* a, const IdRun* b) { return a->least < b->least; });
  for (std::size_t i = 1; i < runs.size(); ++i)
    if (!(runs[i - 1]->greatest < runs[i]->least)) return true;
  return false;
}

// Copies the runs of a full segment, all stored by now, into one.
Result<void> IdProjection::merge(BulkLoad& load, std::size_t segment) {
  std::vector<RunReader> readers;
  std::vector<IdRun> kept;
  for (const IdRun& run : next_runs_) {
    if (id_segment_of(run.first_seq) != segment) {
      kept.push_back(run);
      continue;
    }
    readers.emplace_back(store_, run.number);
    dying_.push_back(run.number);
    meta_erased_.push_back(id_run_key(run.number));
  }
  const auto later = [&](std::size_t a, std::size_t b) {
    return readers[b].claim().key < readers[a].claim().key;
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> next(later);
  for (std::size_t i = 0; i < readers.size(); ++i) {
    TRY(auto more, readers[i].next());
    if (more) next.push(i);
  }
  RunWriter writer(load, next_run_++);
  while (!next.empty()) {
    const std::size_t i = next.top();
    next.pop();
    TRY(writer.add(readers[i].claim()));
    TRY(auto more, readers[i].next());
    if (more) next.push(i);
  }
  TRY(auto run, writer.finish());
  kept.push_back(run);
  next_runs_ = std::move(kept);
  return success();
}

// Stores the bits of segments that are full and wholly in runs.
Result<void> IdProjection::collect_segments(BulkLoad& load) {
  while (id_segment_begin(stored_segments_ + 1) <= frozen_.end_seq()) {
    const auto words = filter_.words(stored_segments_);
    const std::string_view bytes(reinterpret_cast<const char*>(words.data()), words.size() * 8);
    for (std::size_t at = 0; at < bytes.size(); at += kIdSegmentPartBytes) {
      TRY(load.add(Table::kIdFilter, id_segment_key(stored_segments_, at / kIdSegmentPartBytes),
                   bytes.substr(at, kIdSegmentPartBytes)));
    }
    ++stored_segments_;
  }
  return success();
}

Result<void> IdProjection::collect(BulkLoad& load) {
  meta_erased_.clear();
  dying_.clear();
  // In the order of their keys: rows of old runs, of the new ones, of the one that is merged.
  TRY(erase_dead(load));
  const std::size_t before = next_runs_.size();
  TRY(collect_claims(load));
  const std::vector<IdRun> added(next_runs_.begin() + static_cast<std::ptrdiff_t>(before),
                                 next_runs_.end());
  std::map<std::string, std::optional<std::string>> meta;
  for (const IdRun& run : added) meta[id_run_key(run.number)] = encode(run);
  // A segment whose last run was stored before this load; one at a time.
  while (merged_segments_ < stored_segments_) {
    const std::size_t segment = merged_segments_++;
    if (!runs_overlap(segment)) continue;
    TRY(merge(load, segment));
    meta[id_run_key(next_runs_.back().number)] = encode(next_runs_.back());
    for (const std::string& key : meta_erased_) meta[key] = std::nullopt;
    break;
  }
  for (const auto& [key, value] : meta) {
    if (value) {
      TRY(load.add(Table::kIdFilter, key, *value));
    } else {
      TRY(load.erase(Table::kIdFilter, key));
    }
  }
  return collect_segments(load);
}

void IdProjection::stored() {
  std::lock_guard lock(mutex_);
  runs_ = next_runs_;
  stamp_.store(frozen_.end_seq() - 1, std::memory_order_release);
  frozen_ = Generation{};
  dead_ = std::move(dying_);
}

Result<std::optional<std::uint64_t>> IdProjection::find_in(Cursor& cursor, const IdRun& run,
                                                           const ClaimKey& key) const {
  cursor.seek_for_prev(claim_row_key(run.number, key));
  TRY(cursor.status());
  if (!cursor.valid() || cursor.key().substr(0, 4) != big_endian(run.number, 4))
    return std::optional<std::uint64_t>{};
  auto reader = ClaimReader::of(cursor.key(), cursor.value());
  if (!reader) return fail(Errc::kCorrupt, "the id index holds a row of another shape");
  for (Claim claim; reader->next(claim) && claim.key <= key;)
    if (claim.key == key) return std::optional(claim.seq);
  if (reader->failed()) return fail(Errc::kCorrupt, "a row of the id index does not decode");
  return std::optional<std::uint64_t>{};
}

Result<std::optional<std::uint64_t>> IdProjection::find(const ClaimKey& key) const {
  const std::uint64_t segments = filter_.segments_of(key);
  if (segments == 0) return std::optional<std::uint64_t>{};
  std::vector<IdRun> runs;
  std::unique_ptr<Cursor> cursor;
  {
    std::lock_guard lock(mutex_);
    if (const auto seq = gathered_.find(key)) return std::optional(*seq);
    if (const auto seq = frozen_.find(key)) return std::optional(*seq);
    for (const IdRun& run : runs_)
      if ((segments >> id_segment_of(run.first_seq) & 1) && run.least <= key && key <= run.greatest)
        runs.push_back(run);
    if (runs.empty()) return std::optional<std::uint64_t>{};
    cursor = store_.cursor(Table::kIds);  // here, or the runs might be merged away before
  }
  for (const IdRun& run : runs) {
    TRY(auto seq, find_in(*cursor, run, key));
    if (seq) return seq;
  }
  return std::optional<std::uint64_t>{};
}

}  // namespace suanpan
