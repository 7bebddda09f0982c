// The auditor's view of the id index: every id leads to its entry, and the filter denies none.
#include <algorithm>
#include <cstring>

#include "ledger/engine/audit_tables.h"
#include "ledger/store/id_projection.h"

namespace suanpan {
namespace {

// Judges the id index run by run, segment by segment.
class IdComparison {
 public:
  IdComparison(const KeyValueStore& store, const Audit& audit)
      : store_(store), audit_(audit), seen_(audit.last_seq() + 1) {}
  Result<Fault> run() {
    TRY(auto bad, read_runs());
    if (bad) return bad;
    for (const IdRun& r : runs_) {
      TRY(auto segment, open_segment(id_segment_of(r.first_seq)));
      if (segment) return segment;
      TRY(auto rows, compare_run(r));
      if (rows) return rows;
    }
    for (std::uint64_t seq = 1; seq < seen_.size(); ++seq)
      if (!seen_[seq]) return fault(Table::kIds, "the id of journal entry {} is missing", seq);
    return check_segments();
  }

 private:
  Result<Fault> read_runs() {
    const auto cursor = store_.cursor(Table::kIdFilter);
    for (cursor->seek(""); cursor->valid(); cursor->next()) {
      if (cursor->key()[0] == 's') {
        ++parts_;
        continue;
      }
      const auto r = decode_id_run(cursor->key(), cursor->value());
      if (!r || encode(*r) != cursor->value())
        return fault(Table::kIdFilter, "a row of another shape");
      if (id_segment_of(r->first_seq) != id_segment_of(r->last_seq))
        return fault(Table::kIdFilter, "run {} lies in two segments", r->number);
      runs_.push_back(*r);
    }
    std::stable_sort(runs_.begin(), runs_.end(), [](const IdRun& a, const IdRun& b) {
      return id_segment_of(a.first_seq) < id_segment_of(b.first_seq);
    });
    TRY(cursor->status());
    return Fault{};
  }

  // Reads the bits of a segment that is full: it must be stored.
  Result<Fault> open_segment(std::size_t segment) {
    if (segment == segment_) return Fault{};
    segment_ = segment;
    words_.clear();
    if (id_segment_begin(segment + 1) > audit_.last_seq() + 1) return Fault{};
    words_.resize(IdFilter::lines(segment) * 8);
    const std::size_t bytes = words_.size() * 8;
    for (std::size_t at = 0; at < bytes; at += kIdSegmentPartBytes, --parts_) {
      TRY(auto part,
          store_.get(Table::kIdFilter, id_segment_key(segment, at / kIdSegmentPartBytes)));
      if (!part || part->size() != std::min(kIdSegmentPartBytes, bytes - at))
        return fault(Table::kIdFilter, "segment {} is not whole", segment);
      std::memcpy(reinterpret_cast<char*>(words_.data()) + at, part->data(), part->size());
    }
    return Fault{};
  }

  Result<Fault> compare_run(const IdRun& r) {
    const std::string prefix = big_endian(r.number, 4);
    const auto cursor = store_.cursor(Table::kIds);
    IdRun found;
    found.number = r.number;
    for (cursor->seek(prefix); cursor->valid() && cursor->key().substr(0, 4) == prefix;
         cursor->next()) {
      auto reader = ClaimReader::of(cursor->key(), cursor->value());
      if (!reader) return fault(Table::kIds, "a row of another shape");
      row_.clear();
      for (Claim claim; reader->next(claim);) row_.push_back(claim);
      constexpr std::size_t kAhead = 24;
      for (std::size_t i = 0; i < row_.size(); ++i) {
        if (i + kAhead < row_.size()) audit_.prefetch(row_[i + kAhead].seq);
        const Claim& claim = row_[i];
        if (found.first_seq != 0 && claim.key <= found.greatest)
          return fault(Table::kIds, "id {} is out of order, and would not be found",
                       claim.key.hex());
        if (found.first_seq == 0) {
          found.first_seq = found.last_seq = claim.seq;
          found.least = claim.key;
        }
        found.first_seq = std::min(found.first_seq, claim.seq);
        found.last_seq = std::max(found.last_seq, claim.seq);
        found.greatest = claim.key;
        TRY(auto wrong, compare_claim(claim));
        if (wrong) return wrong;
      }
      if (reader->failed() || row_.empty())
        return fault(Table::kIds, "a row of run {} does not decode", r.number);
    }
    TRY(cursor->status());
    if (encode(found) != encode(r))
      return fault(Table::kIdFilter, "run {} is not as its rows are", r.number);
    return Fault{};
  }

  Result<Fault> compare_claim(const Claim& claim) {
    const ClaimKey& id = claim.key;
    if (!audit_.claims(id, claim.seq)) {
      TRY(auto claimed, audit_.find(id));
      if (claimed)
        return fault(Table::kIds, "id {} leads to entry {}, the journal says {}", id.hex(),
                     claim.seq, *claimed);
      return fault(Table::kIds, "id {} leads to entry {}, but was never claimed", id.hex(),
                   claim.seq);
    }
    if (seen_[claim.seq]) return fault(Table::kIds, "id {} is there twice", id.hex());
    seen_[claim.seq] = true;
    if (words_.empty()) return Fault{};
    const std::span<const std::uint64_t> words(words_);
    if (!IdFilter::line_holds(words.subspan(IdFilter::line_of(id, segment_) * 8).first<8>(), id))
      return fault(Table::kIdFilter, "segment {} denies id {}, which would be taken twice",
                   segment_, id.hex());
    return Fault{};
  }

  Result<Fault> check_segments() const {
    if (parts_ != 0) return fault(Table::kIdFilter, "a segment that is not full is stored");
    return Fault{};
  }

  const KeyValueStore& store_;
  const Audit& audit_;
  std::vector<bool> seen_;
  std::vector<IdRun> runs_;
  std::size_t parts_ = 0;  // of segments, not read yet
  std::vector<Claim> row_;
  std::size_t segment_ = ~std::size_t{0};
  std::vector<std::uint64_t> words_;
};

}  // namespace

Result<Fault> compare_ids(const KeyValueStore& store, const Audit& audit) {
  return IdComparison(store, audit).run();
}

}  // namespace suanpan
