#include "ledger/engine/purge_book.h"

#include "ledger/engine/keep_setting.h"
#include "ledger/engine/purge_base.h"
#include "ledger/engine/read_archive.h"

namespace suanpan {
namespace {

constexpr std::int32_t kDaysToKeep = 7;

std::int32_t newest_closed_year(const Audit& audit) {
  std::int32_t newest = 0;
  for (const auto& [year, close] : audit.years())
    if (close.state == YearCloseState::kClosed) newest = std::max(newest, year);
  return newest;
}

/// Reads the archive whole, and keeps what it comes to at the year's checkpoint.
class Judgement {
 public:
  Judgement(ArchiveReader& reader, const PurgeRequest& request)
      : reader_(reader),
        request_(request),
        journal_([&reader](std::uint64_t seq) { return reader.block_of(seq); }) {}

  Result<void> run() {
    const auto take = [this](const BlockPtr& block) -> Result<Fault> {
      TRY(auto fault, journal_.take(*block));
      archived_blocks_ = with_archived_block(archived_blocks_, *block);
      for (const VariablePart& part : block->parts())
        for (const DocumentPtr& document : part.documents)
          if (document->kind == DocumentKind::kBookSetting && document->key == kRootKeysDocument)
            root_keys_ = document->bytes;
      if (request_.progress) request_.progress(journal_.audit().last_seq(), reader_.last_seq());
      return fault;
    };
    const auto held = [this](const ArchiveCheckpoint& checkpoint) { keep(checkpoint); };
    TRY(auto fault, reader_.judge_whole_part(journal_, take, request_.root_key, held));
    if (!fault) {
      TRY(fault, journal_.audit().first_repeated_id());
    }
    if (fault) return fail(Errc::kCorrupt, "the archive: {}", *fault);
    if (!base_)
      return fail(Errc::kMismatch, "{}: no checkpoint ends with year {}", request_.archive.string(),
                  request_.year);
    return success();
  }

  std::string take_base() { return std::move(*base_).bytes(); }
  const ArchivedPart& part() const { return part_; }
  const Sha256& checkpoint() const { return checkpoint_; }

 private:
  void keep(const ArchiveCheckpoint& c) {
    const Audit& audit = journal_.audit();
    if (newest_closed_year(audit) != request_.year) return;
    PurgeBase& base = base_.emplace();
    base.book = c.book;
    base.head = Head{c.seq, c.hash};
    base.blocks = journal_.blocks();
    base.roots_judged = reader_.roots_judged();
    base.root_keys = root_keys_;
    base.signature = c.signature_line();
    base.files = reader_.files();
    base.facts = reader_.facts();
    base.audit = audit.save();
    base.archived_blocks = archived_blocks_;
    part_ = {c.seq, false, audit.days()->accounting_date, Timestamp{audit.last_timestamp_ns()},
             c.hash};
    checkpoint_ = c.digest;
  }

  ArchiveReader& reader_;
  const PurgeRequest& request_;
  JournalAudit journal_;
  Sha256 archived_blocks_{};
  std::string root_keys_;
  std::optional<PurgeBase> base_;
  ArchivedPart part_;
  Sha256 checkpoint_{};
};

// Bills and statements of a day come in over the next days, and are traced in the journal from the
// day before theirs on. A root that is missing is looked for in the blocks since the last one.
Result<void> hold_against_book(const Book& book, const PurgeRequest& request,
                               const ArchivedPart& part) {
  TRY(auto block, book.block_of(part.until));
  if (block->last_seq() != part.until || block->hash() != part.hash)
    return fail(Errc::kMismatch, "{}: it does not hold what the book's journal gives",
                request.archive.string());
  TRY(auto roots, RootFile::read(request.roots));
  const Date from = part.open_day.plus_days(kDaysToKeep);
  const Date today =
      book.read([](const State& state, std::uint64_t) { return state.book().accounting_date; });
  if (today < from || roots.empty() || roots.back().seq <= part.until)
    return fail(
        Errc::kMismatch,
        "year {} was closed on {}: what was booked then may still be reconciled; purge when "
        "the book is open on {} or later",
        request.year, part.open_day.iso(), from.iso());
  return success();
}

Command record_of(const PurgeRecord& record) {
  const std::string line = record.line();
  return keep_settings("purge " + line, {{"purged", line}}, {{std::string(kPurgeDocument), line}});
}

}  // namespace

Result<Purged> purge_book(Book& book, const PurgeRequest& request) {
  TRY(auto reader, ArchiveReader::open(request.archive));
  TRY(auto identity, book.identity());
  if (reader.book() != identity)
    return fail(Errc::kMismatch, "{}: another book's archive lies there", request.archive.string());
  Judgement judgement(reader, request);
  TRY(judgement.run());
  const ArchivedPart& part = judgement.part();
  const ArchivedPart before = book.archived();
  if (before.until == part.until && before.done) return Purged{part.until, true};
  if (before.until > part.until)
    return fail(Errc::kMismatch, "the book was purged up to entry {} already", before.until);
  TRY(hold_against_book(book, request, part));
  if (request.may_go) {
    TRY(request.may_go(part.until));
  }
  const std::string base = judgement.take_base();
  const PurgeRecord record{part.until, part.hash, judgement.checkpoint(), sha256(base)};
  const Answer answer = book.run(record_of(record));
  if (!answer.accepted())
    return fail(Errc::kMismatch, "the purge was refused: {}", name_of(answer.refusal.code));
  TRY(book.drop_archived(part, base, request.progress));
  return Purged{part.until, false};
}

}  // namespace suanpan
