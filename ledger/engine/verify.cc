#include "ledger/engine/verify.h"

#include <chrono>
#include <future>
#include <list>

#include "ledger/base/check.h"
#include "ledger/engine/audit_tables.h"
#include "ledger/engine/block_stream.h"
#include "ledger/engine/purge_base.h"
#include "ledger/engine/read_archive.h"
#include "ledger/engine/root_judge.h"
#include "ledger/engine/verify_checkpoint.h"
#include "ledger/store/format.h"
#include "ledger/store/rocks_store.h"

namespace suanpan {
namespace {

constexpr std::size_t kCachedBlocks = 16;

/// Finds blocks that were read before. Reversals look back, mostly not far.
class BlockFinder {
 public:
  explicit BlockFinder(const KeyValueStore& store) : store_(store) {}

  /// What it holds is looked for there, and not in the store.
  void look_in(ArchiveReader& archive) { archive_ = &archive; }
  void remember(const BlockPtr& block) {
    cache_.push_front(block);
    if (cache_.size() > kCachedBlocks) cache_.pop_back();
  }
  Result<BlockPtr> operator()(std::uint64_t seq) {
    for (auto it = cache_.begin(); it != cache_.end(); ++it)
      if (seq >= (*it)->first_seq() && seq <= (*it)->last_seq()) {
        cache_.splice(cache_.begin(), cache_, it);
        return cache_.front();
      }
    TRY(auto block, archive_&& seq <= archive_->last_seq() ? archive_->block_of(seq) : read(seq));
    remember(block);
    return block;
  }
  /// From the store.
  Result<BlockPtr> read(std::uint64_t seq) const {
    const auto cursor = store_.cursor(Table::kJournal);
    cursor->seek_for_prev(big_endian(seq));
    TRY(cursor->status());
    if (!cursor->valid()) return fail(Errc::kCorrupt, "journal entry {} is missing", seq);
    TRY(auto block, Block::parse(std::string(cursor->value())));
    if (seq < block->first_seq() || seq > block->last_seq())
      return fail(Errc::kCorrupt, "journal entry {} is missing", seq);
    return block;
  }

 private:
  const KeyValueStore& store_;
  ArchiveReader* archive_ = nullptr;
  std::list<BlockPtr> cache_;
};

/// One pass over the journal, stopping at each table's stamp to hold the table against it.
class Verification {
 public:
  Verification(const KeyValueStore& store, Id128 book, const std::optional<Head>& head,
               RootJudge roots, const VerifyOptions& options)
      : store_(store),
        book_(book),
        head_(head),
        options_(options),
        checkpoint_(options.checkpoint),
        roots_(std::move(roots)),
        finder_(store),
        journal_([this](std::uint64_t seq) { return finder_(seq); }) {}

  Result<Fault> run();
  VerifyCounters counters() const;
  std::uint64_t resumed_after() const { return resumed_after_; }
  std::uint64_t entries() const { return entries_; }
  std::uint64_t archived_until() const { return archive_ ? archive_->last_seq() : 0; }

 private:
  const Audit& audit() const { return journal_.audit(); }
  struct Projected {
    Table table;
    std::function<Result<Fault>(const KeyValueStore&, const Audit&)> compare;
    std::uint64_t stamp = 0;
    bool done = false;
  };

  Result<Fault> read();
  Result<Fault> read_archive();
  // Of a book that was purged.
  Result<Fault> read_base();
  Result<Fault> read_archived_forms(const PurgeBase& base, IdPrints& ids) const;
  Fault check_base(const PurgeBase& base, std::string_view bytes);
  Result<Fault> check_archived_form(const Block& whole) const;
  void take_purge_records(const Block& block);
  Fault check_purge() const;
  Result<Fault> resume();
  Result<void> keep_checkpoint();
  Result<void> read_meta() const;
  Result<Fault> read_stamps();
  Result<Fault> take(const BlockPtr& block);
  Result<Fault> compare_at(std::uint64_t seq);
  Fault check_head() const;

  const KeyValueStore& store_;
  const Id128 book_;
  const std::optional<Head> head_;
  const VerifyOptions& options_;
  VerifyCheckpoint checkpoint_;
  RootJudge roots_;
  BlockFinder finder_;
  JournalAudit journal_;
  Projected projected_[6] = {{Table::kAccounts, compare_accounts},
                             {Table::kEntries,
                              [this](const KeyValueStore& store, const Audit& audit) {
                                return compare_entries(store, audit, archived_histories_);
                              }},
                             {Table::kRollUps, compare_roll_ups},
                             {Table::kDocuments, compare_documents},
                             {Table::kIds, compare_ids},
                             {Table::kBusinessKeys, compare_business_keys}};
  std::optional<ArchiveReader> archive_;
  ArchivedPart archived_;
  ArchivedHistories archived_histories_;
  std::optional<Sha256> base_digest_, checkpoint_digest_;  // as read; of a base
  std::vector<PurgeRecord> purge_records_;                 // of the journal
  bool head_seen_ = false;
  std::uint64_t resumed_after_ = 0;
  std::uint64_t entries_ = 0;  // that this run judged
  bool compared_ = false;      // with a table that holds something
};

// A book that is opened walks parts of these rows, and with them what newer rows have taken the
// place of: a look at each newest one alone passes a book that does not open.
Result<void> Verification::read_meta() const {
  const auto cursor = store_.cursor(Table::kMeta);
  for (cursor->seek(""); cursor->valid(); cursor->next()) {
  }
  return cursor->status();
}

Result<Fault> Verification::read_stamps() {
  for (Projected& p : projected_) {
    TRY(auto stamp, read_stamp(store_, p.table));
    p.stamp = stamp;
    if (stamp != 0) continue;
    TRY(auto fault, compare_empty(store_, p.table));
    if (fault) return fault;
    p.done = true;
  }
  for (const Projected& with : {projected_[1], projected_[2]})
    if (projected_[0].stamp != with.stamp)
      return Fault(fmt::format("table accounts reflects the journal up to {}, table {} up to {}",
                               projected_[0].stamp, name_of(with.table), with.stamp));
  return Fault{};
}

// Mostly all tables stand at one stamp: the ids are judged here, the others beside. Judging only
// reads the audit, and what the ids alone may ask it for is not asked by the others.
Result<Fault> Verification::compare_at(std::uint64_t seq) {
  std::vector<std::pair<Projected*, std::future<Result<Fault>>>> judging;
  for (Projected& p : projected_) {
    if (p.stamp != seq || p.done) continue;
    const auto how = p.table == Table::kIds ? std::launch::deferred : std::launch::async;
    judging.emplace_back(&p, std::async(how, p.compare, std::cref(store_), std::cref(audit())));
  }
  Result<Fault> first = Fault{};
  for (auto it = judging.rbegin(); it != judging.rend(); ++it) {
    auto judged = it->second.get();
    it->first->done = compared_ = true;
    if (!judged || judged.value()) first = std::move(judged);
  }
  return first;
}

Result<Fault> Verification::take(const BlockPtr& block) {
  finder_.remember(block);
  TRY(auto fault, journal_.take(*block));
  if (fault) return fault;
  entries_ += block->last_seq() - block->first_seq() + 1;
  take_purge_records(*block);
  if (archived_.until != 0 && block->last_seq() == archived_.until)
    archived_histories_ = ArchivedHistories(audit());
  if (head_ && head_->seq == block->last_seq()) {
    if (head_->hash != block->hash())
      return Fault(fmt::format("journal block at {}: it is not the one that the head file names",
                               block->first_seq()));
    head_seen_ = true;
  }
  if (Fault bad_root = roots_.take(*block, audit())) return bad_root;
  return compare_at(block->last_seq());
}

Fault Verification::check_head() const {
  const std::uint64_t last = audit().last_seq();
  if (!head_)
    return last == 0 ? Fault{}
                     : fmt::format("the head file is missing; the journal ends at {}", last);
  if (head_->seq > last)
    return fmt::format("the journal ends at {}, before the head {}: entries are missing", last,
                       head_->seq);
  if (head_->seq != 0 && !head_seen_)
    return fmt::format("the head {} is not the end of a journal block", head_->seq);
  return {};
}

Result<Fault> Verification::run() {
  auto judged = read();
  if (!judged) return judged;
  TRY(auto repeated, audit().first_repeated_id());
  if (!options_.checkpoint.empty()) checkpoint_.remove();
  if (repeated) return repeated;
  return judged;
}

// A table that stands below a checkpoint could not be judged any more by a run that goes on there.
Result<void> Verification::keep_checkpoint() {
  if (options_.checkpoint.empty() || compared_ || roots_.due() ||
      journal_.blocks() % options_.checkpoint_blocks != 0)
    return success();
  VerifyCheckpoint::State state;
  state.book = book_;
  state.head = Head{audit().last_seq(), journal_.last_hash()};
  state.blocks = journal_.blocks();
  state.roots_judged = roots_.judged();
  state.roots = roots_.digest_until(audit().last_seq());
  state.root_keys = roots_.named_pem();
  state.head_seen = head_seen_;
  for (const PurgeRecord& record : purge_records_) state.purges.push_back(record.line());
  state.audit = audit().save();
  return checkpoint_.write(std::move(state), audit().ids());
}

// Where anything is not as it was, the run begins at the beginning.
Result<Fault> Verification::resume() {
  TRY(auto found, checkpoint_.read());
  if (!found) return Fault{};
  const auto& [state, ids] = *found;
  const std::uint64_t seq = state.head.seq;
  const bool passed =
      std::any_of(std::begin(projected_), std::end(projected_),
                  [&](const Projected& p) { return p.stamp != 0 && p.stamp < seq; });
  if (state.book != book_ || passed || seq < archived_.until ||
      state.roots != roots_.digest_until(seq))
    return Fault{};
  auto block = finder_(seq);
  if (!block && block.error().code != Errc::kCorrupt) return block.error();
  if (!block || block.value()->last_seq() != seq || block.value()->hash() != state.head.hash)
    return Fault{};
  if (!journal_.go_on(state.audit, std::move(found->second), state.head.hash, state.blocks))
    return Fault{};
  TRY(roots_.go_on(seq, state.root_keys, state.roots_judged));
  for (const std::string& line : state.purges)
    if (const auto record = PurgeRecord::parse(line)) purge_records_.push_back(*record);
  head_seen_ =
      state.head_seen || (head_ && head_->seq == seq && head_->hash == journal_.last_hash());
  resumed_after_ = seq;
  return compare_at(seq);
}

// The journal up to the archive's end, from its files; the book's goes on after it.
Result<Fault> Verification::read_archive() {
  TRY(auto opened, ArchiveReader::open(options_.archive));
  archive_ = std::move(opened);
  if (archive_->book() != book_) return Fault("the archive is another book's");
  const std::uint64_t seq = archive_->last_seq();
  TRY(auto block, finder_.read(seq));
  if (block->last_seq() != seq || block->hash() != archive_->last_hash())
    return Fault(fmt::format("journal block at {}: it is not the one that the archive ends with",
                             block->first_seq()));
  finder_.look_in(*archive_);
  for (const ArchiveCheckpoint& c : archive_->checkpoints())
    if (c.seq == archived_.until) checkpoint_digest_ = c.digest;
  if (seq < archived_.until)
    return Fault(fmt::format("the archive ends at entry {}, the book was purged up to {}", seq,
                             archived_.until));
  const auto each = [this](const BlockPtr& block) -> Result<Fault> {
    TRY(auto fault, take(block));
    if (!fault && block->last_seq() <= archived_.until) {
      TRY(fault, check_archived_form(*block));
    }
    if (options_.progress) options_.progress(audit().last_seq(), archive_->last_seq());
    return fault;
  };
  TRY(auto fault, archive_->judge(journal_, each, options_.root_key));
  if (fault) return Fault("the archive: " + *fault);
  return fault;
}

// What is stored of an archived block against the block itself.
Result<Fault> Verification::check_archived_form(const Block& whole) const {
  TRY(auto stored, finder_.read(whole.first_seq()));
  if (stored->first_seq() == whole.first_seq() && stored->last_seq() == whole.last_seq() &&
      stored->previous_hash() == whole.previous_hash() &&
      stored->last_timestamp() == whole.last_timestamp() &&
      stored->archived_digest() == whole.archived_digest())
    return Fault{};
  return Fault(fmt::format("journal block at {}: it is not what the archive's block leaves",
                           whole.first_seq()));
}

// The chain of the archived forms, their ids, and their digest.
Result<Fault> Verification::read_archived_forms(const PurgeBase& base, IdPrints& ids) const {
  Sha256 previous{}, claimed{}, digest{};
  std::uint64_t next = 1;
  BlockStream stream(store_);
  while (next <= archived_.until) {
    const BlockStream::Item item = stream.next();
    if (item.error) return *item.error;
    if (item.fault) return item.fault;
    if (!item.block || item.block->first_seq() != next || item.block->previous_hash() != previous)
      return Fault(
          fmt::format("journal entry {}: what is kept of the archived part has a gap", next));
    const Block& block = *item.block;
    if (block.last_timestamp().ns != block.records().back().timestamp_ns)
      return Fault(
          fmt::format("journal block at {}: its header names another last timestamp", next));
    claimed = with_ids_of(claimed, block);
    digest = with_archived_block(digest, block);
    for (const Record& record : block.records())
      if (record.leg == 0) ids.add(record.key());
    previous = block.hash();
    next = block.last_seq() + 1;
    if (options_.progress) options_.progress(block.last_seq(), archived_.until);
  }
  if (next != archived_.until + 1 || previous != archived_.hash)
    return Fault(fmt::format("journal entry {}: the archived part does not end there", next - 1));
  if (claimed != base.facts.ids() || digest != base.archived_blocks)
    return Fault("what is kept of the archived part is not what was archived");
  return Fault{};
}

// That the state which is gone on with is the one whose checkpoint was signed.
Fault Verification::check_base(const PurgeBase& base, std::string_view bytes) {
  if (base.book != book_ || base.head.seq != archived_.until || base.head.hash != archived_.hash)
    return "what is kept of the archived part is another book's, or of another purge";
  if (audit().last_seq() != archived_.until || audit().last_timestamp_ns() != archived_.time.ns ||
      !audit().days() || audit().days()->accounting_date != archived_.open_day)
    return "the row that tells what was archived does not agree with what is kept of it";
  const std::vector<DailyRoot> roots = roots_.until(archived_.until);
  const std::string body = checkpoint_body(book_, journal_, base.facts, base.files, roots);
  const auto checkpoint = ArchiveCheckpoint::parse(body + base.signature + "\n");
  const std::string name = checkpoint_name(archived_.until);
  if (!checkpoint) return fmt::format("{}: {}", name, checkpoint.error().message);
  const ArchiveCheckpoint& c = checkpoint.value();
  if (c.book != book_ || c.seq != archived_.until || c.hash != archived_.hash ||
      sha256(body) != c.digest)
    return name + ": it was not signed for what is kept of the archived part and its daily roots";
  if (const auto what = roots_.judge(c.message(), c.signatures))
    return fmt::format("{}: {}", name, *what);
  checkpoint_digest_ = c.digest;
  base_digest_ = sha256(bytes);
  return {};
}

Result<Fault> Verification::read_base() {
  for (const Projected& p : projected_)
    if (p.stamp < archived_.until)
      return Fault(fmt::format("table {} reflects the journal up to {}, which was purged up to {}",
                               name_of(p.table), p.stamp, archived_.until));
  TRY(const std::string bytes, read_archived_base(store_, archived_.until));
  TRY(auto base, PurgeBase::parse(bytes));
  IdPrints ids;
  TRY(auto fault, read_archived_forms(base, ids));
  if (fault) return fault;
  if (!journal_.go_on(base.audit, std::move(ids), base.head.hash, base.blocks))
    return fail(Errc::kUnsupported,
                "this program does not read what is kept of the archived part: verify with the "
                "archive (--archive)");
  TRY(roots_.go_on(archived_.until, base.root_keys, base.roots_judged));
  if (Fault f = check_base(base, bytes)) return f;
  head_seen_ = head_ && head_->seq == archived_.until && head_->hash == archived_.hash;
  archived_histories_ = ArchivedHistories(audit());
  return compare_at(archived_.until);
}

void Verification::take_purge_records(const Block& block) {
  for (const VariablePart& part : block.parts())
    for (const DocumentPtr& document : part.documents) {
      if (document->kind != DocumentKind::kBookSetting || document->key != kPurgeDocument) continue;
      const auto record = PurgeRecord::parse(document->bytes);
      if (record && record->until < block.first_seq()) purge_records_.push_back(*record);
    }
}

// A purge without its record in the journal was none of ours.
Fault Verification::check_purge() const {
  if (archived_.until == 0) return {};
  const std::string what = fmt::format("the book was purged up to entry {}", archived_.until);
  bool known = false;  // a purge that was cut short may have left a record of its own
  for (const PurgeRecord& says : purge_records_) {
    if (says.until != archived_.until) continue;
    known = true;
    if (says.hash == archived_.hash && (!base_digest_ || says.base == *base_digest_) &&
        (!checkpoint_digest_ || says.checkpoint == *checkpoint_digest_))
      return {};
  }
  if (!known) return what + ", and its journal has no record of it";
  return what + ": what is kept of it is not what the journal's record says";
}

Result<Fault> Verification::read() {
  TRY(read_meta());
  TRY(auto bad_stamp, read_stamps());
  if (bad_stamp) return bad_stamp;
  std::uint64_t last_seq = 0;  // roughly, for the progress
  {
    const auto cursor = store_.cursor(Table::kJournal);
    cursor->seek_to_last();
    if (cursor->valid()) last_seq = from_big_endian(cursor->key());
  }
  TRY(archived_, read_archived_part(store_));
  if (!options_.archive.empty()) {
    TRY(auto fault, read_archive());
    if (fault) return fault;
  } else if (archived_.until != 0) {
    TRY(auto fault, read_base());
    if (fault) return fault;
  }
  if (options_.archive.empty() && options_.resume) {
    TRY(auto fault, resume());
    if (fault) return fault;
  }
  BlockStream stream(store_, audit().last_seq() == 0 ? 0 : audit().last_seq() + 1);
  for (;;) {
    const BlockStream::Item item = stream.next();
    if (item.error) return *item.error;
    if (item.fault) return item.fault;
    if (!item.block) break;
    TRY(auto fault, take(item.block));
    if (fault) return fault;
    TRY(keep_checkpoint());
    if (options_.progress)
      options_.progress(audit().last_seq(), std::max(last_seq, audit().last_seq()));
  }
  if (Fault fault = check_head()) return fault;
  if (Fault fault = check_purge()) return fault;
  if (Fault fault = roots_.finish(audit())) return fault;
  for (const Projected& p : projected_)
    if (!p.done)
      return Fault(
          fmt::format("table {} reflects the journal up to {}, which is not the end of "
                      "one of its blocks",
                      name_of(p.table), p.stamp));
  return audit().finish();
}

VerifyCounters Verification::counters() const {
  VerifyCounters c = counters_of(journal_);
  c.roots = roots_.judged();
  return c;
}

VerifyReport faulty(std::string what) {
  VerifyReport report;
  report.first_fault = std::move(what);
  return report;
}

}  // namespace

VerifyCounters counters_of(const JournalAudit& journal) {
  const Audit& audit = journal.audit();
  const AuditCounters& a = audit.counters();
  VerifyCounters c;
  c.blocks = journal.blocks();
  c.commands = a.commands;
  c.refusals = a.refusals;
  c.vouchers = a.vouchers;
  c.transfers = a.transfers;
  c.reversals = a.reversals;
  c.accounts = audit.accounts().size();
  c.documents = audit.documents().size();
  c.open_holds = audit.open_holds();
  c.last_seq = audit.last_seq();
  return c;
}

Result<VerifyReport> verify(const KeyValueStore& store, const Outside& outside,
                            const VerifyOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  std::optional<RootVerifier> given;
  if (!options.root_key.empty()) {
    TRY(given, RootVerifier::from_pem(options.root_key));
  }
  const auto book = book_identity(store);
  if (!book && book.error().code != Errc::kCorrupt) return book.error();
  const Id128 id = book ? book.value() : Id128{};  // verify judges a store without one as well
  RootJudge roots(id, outside.roots, std::move(given));
  Verification verification(store, id, outside.head, std::move(roots), options);
  auto judged = verification.run();
  // Damage that the store itself noticed is a finding, not a failure to look.
  if (!judged && judged.error().code != Errc::kCorrupt) return judged.error();
  const Fault fault = judged ? judged.value() : Fault(judged.error().message);
  VerifyReport report;
  report.ok = !fault;
  report.first_fault = fault.value_or("");
  report.counters = verification.counters();
  report.resumed_after = verification.resumed_after();
  report.archived_until = verification.archived_until();
  report.entries = verification.entries();
  report.took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::steady_clock::now() - begin)
                       .count();
  return report;
}

namespace {

Result<Outside> read_outside(const std::filesystem::path& folder) {
  Outside outside;
  TRY(outside.roots, RootFile::read(folder / "roots"));
  TRY(outside.head, HeadFile::read(folder / "head"));
  return outside;
}

}  // namespace

Result<VerifyReport> verify(const std::filesystem::path& folder, const VerifyOptions& options) {
  if (!std::filesystem::exists(folder / "db"))
    return fail(Errc::kNotFound, "{}: there is no book here", folder.string());
  // First what lies outside: a book that is being written meanwhile only gets longer.
  auto outside = read_outside(folder);
  if (!outside) {
    if (outside.error().code != Errc::kCorrupt) return outside.error();
    return faulty(outside.error().message);
  }
  auto store = open_rocks(folder / "db", RocksOptions{false, true});
  if (!store) {
    if (store.error().code != Errc::kCorrupt) return store.error();
    return faulty(store.error().message);
  }
  return verify(*store.value(), outside.value(), options);
}

}  // namespace suanpan
