#include "ledger/engine/archive_book.h"

#include <set>

#include "ledger/base/file.h"
#include "ledger/engine/root_judge.h"

namespace suanpan {
namespace {

namespace fs = std::filesystem;

bool is_closed(const Audit& audit, std::int32_t year) {
  const auto found = audit.years().find(year);
  return found != audit.years().end() && found->second.state == YearCloseState::kClosed;
}

/// One run.
class Archiving {
 public:
  Archiving(const Book& book, const ArchiveRequest& request, const Id128& identity, RootKeys keys,
            std::vector<DailyRoot> roots)
      : book_(book),
        request_(request),
        identity_(identity),
        keys_(std::move(keys)),
        roots_(std::move(roots)),
        judge_(identity, roots_, std::nullopt),
        journal_([&book](std::uint64_t seq) { return book.block_of(seq); }) {}

  Result<Archived> run();

 private:
  Result<void> look_around();
  Result<void> go_on_after_purge();
  Result<void> take(const Block& block);
  Result<void> write_file();
  Result<void> hold_against_histories() const;
  Result<void> write_checkpoint();
  Result<void> remove_leftovers() const;

  const Book& book_;
  const ArchiveRequest& request_;
  const Id128 identity_;
  const RootKeys keys_;
  const std::vector<DailyRoot> roots_;
  RootJudge judge_;
  JournalAudit journal_;
  CheckpointFacts facts_;
  std::set<std::uint64_t> held_;  // sequences of the checkpoints that are there
  std::vector<ArchiveFileFacts> files_;
  std::optional<ArchiveFileBuilder> file_;
};

// An archive of another book, or one that cannot be read, is found before anything is written.
Result<void> Archiving::look_around() {
  std::error_code error;
  if (fs::create_directories(request_.to, error)) {
    TRY(sync_folder(fs::absolute(request_.to).parent_path()));
  }
  if (error) return fail(Errc::kIo, "{}: {}", request_.to.string(), error.message());
  auto there = ArchiveReader::open(request_.to);
  if (!there && there.error().code == Errc::kNotFound) return success();
  if (!there) return there.error();
  if (there.value().book() != identity_)
    return fail(Errc::kMismatch, "{}: another book's archive lies there", request_.to.string());
  for (const ArchiveCheckpoint& c : there.value().checkpoints()) held_.insert(c.seq);
  return success();
}

// What a book purged lies here already, or nowhere: it is read from here.
Result<void> Archiving::go_on_after_purge() {
  const std::uint64_t until = book_.archived().until;
  if (until == 0) return success();
  auto there = ArchiveReader::open(request_.to);
  if (!there && there.error().code != Errc::kNotFound) return there.error();
  if (!there || there.value().last_seq() < until)
    return fail(Errc::kMismatch,
                "{}: the book's journal was purged up to entry {}: later years are added to the "
                "archive that holds it",
                request_.to.string(), until);
  ArchiveReader& reader = there.value();
  const auto each = [this](const BlockPtr& block) -> Result<Fault> {
    TRY(auto fault, journal_.take(*block));
    return fault ? fault : judge_.take(*block, journal_.audit());
  };
  TRY(auto fault, reader.judge_whole_part(journal_, each, {}));
  if (fault) return fail(Errc::kCorrupt, "the archive: {}", *fault);
  TRY(auto block, book_.block_of(reader.last_seq()));
  if (block->last_seq() != reader.last_seq() || block->hash() != reader.last_hash())
    return fail(Errc::kMismatch, "{}: it does not hold what the book's journal gives",
                request_.to.string());
  files_ = reader.files();
  facts_ = reader.facts();
  return success();
}

Result<void> Archiving::take(const Block& block) {
  TRY(auto fault, journal_.take(block));
  if (!fault) fault = judge_.take(block, journal_.audit());
  if (fault) return fail(Errc::kCorrupt, "{}", *fault);
  facts_.take(block);
  if (!file_) file_.emplace(static_cast<std::uint32_t>(files_.size() + 1), identity_);
  file_->add(block);
  return success();
}

Result<void> Archiving::write_file() {
  auto [facts, bytes] = std::move(*file_).finish();
  file_.reset();
  files_.push_back(facts);
  const fs::path path = request_.to / archive_file_name(facts.number);
  const auto there = read_file(path);
  if (there && there.value() == bytes) return success();
  if (there && !held_.empty() && facts.last_seq <= *held_.rbegin())
    return fail(Errc::kMismatch,
                "{}: it is not what the book's journal gives; `verify --archive` names what is "
                "damaged",
                path.string());
  return write_file_atomically(path, bytes);
}

// What the book itself says of each account as of the checkpoint, by its entries.
Result<void> Archiving::hold_against_histories() const {
  for (const AuditedAccount& a : journal_.audit().accounts()) {
    TRY(auto balance, book_.balance_at(a.account.id, journal_.audit().last_seq()));
    if (balance.debits_posted != a.debit_posted || balance.credits_posted != a.credit_posted ||
        balance.debits_red != a.debit_red || balance.credits_red != a.credit_red)
      return fail(Errc::kCorrupt,
                  "the history of {} has {} debits and {} credits at entry {}, the journal gives "
                  "{} and {}",
                  described(a.account), balance.debits_posted, balance.credits_posted,
                  journal_.audit().last_seq(), decimal(a.debit_posted), decimal(a.credit_posted));
  }
  return success();
}

Result<void> Archiving::write_checkpoint() {
  ArchiveCheckpoint c;
  c.book = identity_;
  c.seq = journal_.audit().last_seq();
  c.hash = journal_.last_hash();
  std::vector<DailyRoot> roots;
  for (const DailyRoot& root : roots_)
    if (root.seq <= c.seq) roots.push_back(root);
  c.body = checkpoint_body(identity_, journal_, facts_, files_, roots);
  c.digest = sha256(c.body);
  c.signatures = keys_.sign(c.message());
  return write_file_atomically(request_.to / checkpoint_name(c.seq),
                               c.body + c.signature_line() + "\n");
}

// Files after the end: of a run for a later year that was cut short.
Result<void> Archiving::remove_leftovers() const {
  const auto path_of = [this](std::size_t number) {
    return request_.to / archive_file_name(static_cast<std::uint32_t>(number));
  };
  std::error_code error;
  std::size_t end = files_.size() + 1;
  while (fs::exists(path_of(end), error)) ++end;
  // From the last one on, each for good before the next: cut short, this leaves no gap.
  while (!error && --end > files_.size()) {
    fs::remove(path_of(end), error);
    if (!error) {
      TRY(sync_folder(request_.to));
    }
  }
  if (error) return fail(Errc::kIo, "{}: {}", request_.to.string(), error.message());
  return success();
}

Result<Archived> Archiving::run() {
  TRY(look_around());
  TRY(go_on_after_purge());
  const std::uint64_t last = book_.statistics().last_seq;
  bool closed = is_closed(journal_.audit(), request_.year);
  if (closed && is_closed(journal_.audit(), request_.year + 1))
    return fail(Errc::kMismatch, "{}: the archive holds more than year {} already",
                request_.to.string(), request_.year);
  while (!closed && journal_.audit().last_seq() < last) {
    TRY(auto block, book_.block_of(journal_.audit().last_seq() + 1));
    TRY(take(*block));
    if (request_.progress) request_.progress(journal_.audit().last_seq(), last);
    closed = is_closed(journal_.audit(), request_.year);
    if (closed && !held_.empty() && *held_.rbegin() > journal_.audit().last_seq())
      return fail(Errc::kMismatch, "{}: the archive holds more than year {} already",
                  request_.to.string(), request_.year);
    if (closed || held_.contains(journal_.audit().last_seq()) ||
        file_->bytes() >= request_.file_bytes) {
      TRY(write_file());
    }
  }
  const std::uint64_t end = journal_.audit().last_seq();
  if (!closed)
    return fail(Errc::kCorrupt, "the journal does not close year {}, the book's documents do",
                request_.year);
  if (judge_.due())
    return fail(Errc::kCorrupt, "the root of the day that entry {} cut is missing", end);
  if (Fault fault = journal_.audit().finish()) return fail(Errc::kCorrupt, "{}", *fault);
  TRY(hold_against_histories());
  Archived archived;
  archived.was_there = held_.contains(end);
  if (!archived.was_there) {
    TRY(remove_leftovers());
    TRY(write_checkpoint());
  }
  VerifyOptions options;
  options.root_key = keys_.public_pem();
  options.progress = request_.progress;
  TRY(auto report, verify_archive(request_.to, options));
  if (!report.ok) return fail(Errc::kCorrupt, "the archive, read back: {}", report.first_fault);
  archived.seq = end;
  archived.files = static_cast<std::uint32_t>(files_.size());
  archived.counters = report.counters;
  return archived;
}

std::optional<YearClose> year_close_of(const Book& book, std::int32_t year) {
  const DocumentPtr document = book.document(DocumentKind::kYearClose, year_close_key(year));
  return document ? decode_year_close(document->bytes) : std::nullopt;
}

}  // namespace

Result<Archived> archive_book(const Book& book, const ArchiveRequest& request) {
  const auto close = year_close_of(book, request.year);
  if (!close || close->state != YearCloseState::kClosed)
    return fail(Errc::kMismatch, "year {} is not closed", request.year);
  const DocumentPtr named = book.document(DocumentKind::kBookSetting, kRootKeysDocument);
  if (!named)
    return fail(Errc::kUnsupported,
                "the book signs no days: it names no keys that a checkpoint could be signed with");
  TRY(auto keys, RootKeys::open(request.root_key, false));
  if (named->bytes != keys.public_pem())
    return fail(Errc::kMismatch, "{}: not the keys that sign this book's days",
                request.root_key.string());
  TRY(auto roots, RootFile::read(request.roots));
  TRY(auto identity, book.identity());
  return Archiving(book, request, identity, std::move(keys), std::move(roots)).run();
}

Result<std::int32_t> closed_year_until(const Book& book, Date day) {
  std::int32_t newest = 0;
  TRY(book.for_each_document(DocumentKind::kYearClose, [&](const DocumentPtr& document) {
    const auto close = decode_year_close(document->bytes);
    if (close && close->state == YearCloseState::kClosed && last_day_of(close->year) <= day)
      newest = std::max(newest, close->year);
    return true;
  }));
  if (newest == 0) return fail(Errc::kMismatch, "no year up to {} is closed", day.iso());
  return newest;
}

}  // namespace suanpan
