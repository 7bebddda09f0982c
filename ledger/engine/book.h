// The face of a book (账套): submit commands, read what is durable, close.
//
// Threads: any number submit and read. Inside, planning threads (shards) work ahead on what they
// own, one committer makes blocks durable and publishes them, one projector feeds the projections.
//
//   submit: claim the id ─▶ queue ─▶ plan, invariants ─▶ block ─▶ journal, synced
//                                                          ├─▶ published State ─▶ answers
//                                                          └─▶ projections
//
// Nothing is answered before the block that holds it is on stable storage; refusals and replays
// wait for what they saw. A failed write or sync is fatal: the process stops answering and exits.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <span>
#include <vector>

#include "ledger/base/clock.h"
#include "ledger/core/chart.h"
#include "ledger/core/plan_account.h"
#include "ledger/core/plan_hold.h"
#include "ledger/core/plan_reversal.h"
#include "ledger/core/state.h"
#include "ledger/engine/reader_gate.h"
#include "ledger/store/account_projection.h"
#include "ledger/store/archived_part.h"
#include "ledger/store/backup.h"
#include "ledger/store/journal.h"

namespace suanpan {

/// A command whose planner lives in any room. Of its form the book looks at the id alone: what else
/// may be malformed is refused by `plan`, or was by the caller before. `plan` runs on a thread of
/// the book and must be pure. It is run again, for another view, where a shard could not decide it.
struct Command {
  ClaimKey key;
  CommandKind kind = CommandKind::kSetting;
  Content content;
  std::function<Planned<ChangeSet>(const View&, const Moment&)> plan;

  /// What it is about, so that a book with several shards can plan it where that lives. A hint:
  /// what turns out to touch more, and a command without one, is planned over the whole book.
  struct About {
    DocumentKind kind;    ///< kHold: with the accounts of its legs; kOrder: of its first line
    std::string key;      ///< if its account is hot, the key says where
    std::string account;  ///< code; only of an order that is being placed
  };
  std::optional<About> about;
  /// Of a voucher among commands (post_voucher()): its fields are the content.
  std::shared_ptr<const VoucherRequest> voucher;
};

/// Items of a batch that stand or fall together (core/plan_group.h). A resend of all of them finds
/// what each was told; a group of which only some are known already is refused as malformed. One
/// whose ids another submission had under way may be told kGroupUndecided: it is sent again.
struct LinkedGroup {
  std::uint32_t first = 0;  ///< the place of its first item in the batch
  std::uint32_t count = 0;  ///< 1 or more
};
using Groups = std::vector<LinkedGroup>;  ///< in order, none overlapping

/// Opens the store in a folder.
using OpenStore =
    std::function<Result<std::unique_ptr<KeyValueStore>>(const std::filesystem::path&)>;

struct BookOptions {
  std::filesystem::path folder;  ///< "<folder>/db", "<folder>/head" and "<folder>/roots"
  bool create = false;
  Date first_date;                     ///< accounting date of a new book; journalled
  Currency currency = Currency::kCNY;  ///< of a new book
  bool reset_head = false;             ///< accept a journal that ends before its head
  /// Writes nothing at all, takes no lock and no commands, and reflects what was durable when it
  /// was opened. For a copy or a checkpoint: under a book that is being written, files may go while
  /// it opens. What the projections lack is held in memory.
  bool read_only = false;
  /// Makes the keys that sign each day's root (daily_root.h), where the book names none yet. A book
  /// that names keys opens for writing only with them.
  bool sign_days = false;
  std::filesystem::path root_key;  ///< their file; empty: "<folder>/root.key"
  unsigned shards = 0;             ///< planning threads, 1 to 64; 0: as many as suit the machine
  std::size_t queue_items =
      65536;  ///< commands that may wait; beyond that a submission is not accepted
  std::size_t projection_batch =
      1'000'000;  ///< journal records gathered before projections are stored
  /// Called on the failing thread when a write or sync fails; must not return. The default logs and
  /// ends the process with status 70.
  std::function<void(const Error&)> on_fatal;
  OpenStore open_store;  ///< of "<folder>/db"; empty: RocksDB on the machine's own files
};

struct BookStatistics {
  std::uint64_t last_seq = 0;
  std::uint64_t blocks = 0;  ///< synced since opening
  std::uint64_t records = 0;
  std::uint64_t queued = 0;         ///< commands waiting to be planned
  std::uint64_t projected_seq = 0;  ///< what the projections have been fed
  std::uint64_t invariant_violations = 0;
  std::uint64_t disk_bytes = 0;
  unsigned shards = 0;  ///< planning threads; none where it is read only
};

class Book {
 public:
  /// Errors: kNotFound, kLocked, kCorrupt, kUnsupported, kIo.
  static Result<std::unique_ptr<Book>> open(const BookOptions& options,
                                            const Clock& business_clock);
  /// Finishes what was accepted, stores the projections, closes. A failure here is fatal, too.
  ~Book();

  using Answers = std::vector<Answer>;
  using Done = std::function<void(Answers)>;

  /// Posts vouchers, an answer per item in order: each by itself, or in the groups given. False:
  /// not accepted, nothing happened, retry later. `done` runs on the committing thread and must be
  /// quick. CHECKs that the book was opened for writing.
  [[nodiscard]] bool submit(std::vector<VoucherRequest> vouchers, Done done, Groups groups = {});
  [[nodiscard]] bool submit(std::vector<Command> commands, Done done, Groups groups = {});
  /// Blocks for the answer; retries while the queue is full. Not from a `done`.
  Answers run(std::vector<VoucherRequest> vouchers, Groups groups = {});
  Answers run(std::vector<Command> commands, Groups groups = {});
  Answer run(VoucherRequest voucher);
  Answer run(Command command);

  /// What submit() would answer if it were the next thing that happens: the same planner over the
  /// published book as of `seq`, sequences and voucher numbers included. Claims and changes
  /// nothing. Publishing waits meanwhile, milliseconds for a batch of a thousand; CHECKs that there
  /// are no more items than a submission may have. Errors: kCorrupt, kIo, where an id is known and
  /// its first answer cannot be read.
  struct DryRun {
    Answers answers;
    std::uint64_t seq = 0;
  };
  Result<DryRun> dry_run(std::vector<VoucherRequest> vouchers, Groups groups = {}) const;
  Result<DryRun> dry_run(std::vector<Command> commands, Groups groups = {}) const;

  /// Reads the published view; `read(const State&, std::uint64_t seq)` sees one durable moment.
  /// Keep it short: publishing waits for it.
  template <class Read>
  auto read(Read&& read) const {
    std::shared_lock lock(published_mutex());
    return read(published_state(), published_seq());
  }
  /// The last durable sequence; 0: there is none.
  std::uint64_t last_seq() const {
    return read([](const State&, std::uint64_t seq) { return seq; });
  }
  /// The published document, resident or stored.
  DocumentPtr document(DocumentKind kind, std::string_view key) const;
  /// Calls `each` with every document of a kind, open or finished, in key order, as of what was
  /// durable when it was called or later.
  Result<void> for_each_document(DocumentKind kind,
                                 const std::function<bool(const DocumentPtr&)>& each) const {
    return for_each_document(kind, {}, each);
  }
  /// From the key `from` on, until `each` returns false.
  Result<void> for_each_document(DocumentKind kind, std::string_view from,
                                 const std::function<bool(const DocumentPtr&)>& each) const;

  /// A durable command by sequence, or by key; nothing if there is none. Of what was purged without
  /// its effects on terms, documents, days and events, and never kArchived. Errors: kCorrupt, kIo.
  Result<std::optional<StoredCommand>> command(std::uint64_t seq) const;
  Result<std::optional<StoredCommand>> find(const ClaimKey& key) const;
  /// The journal block that holds a durable sequence; of what was purged, the archived form.
  /// Errors: kCorrupt, also for a sequence that is not durable; kIo.
  Result<BlockPtr> block_of(std::uint64_t seq) const;
  /// Sequences in [low, high] of commands that may bear a business key, at most `limit`: hold the
  /// command's own key against it. What was purged is still named. Errors: kCorrupt, kIo.
  Result<std::vector<std::uint64_t>> may_bear_key(std::string_view business_key, std::uint64_t low,
                                                  std::uint64_t high, bool newest_first,
                                                  std::size_t limit) const;
  /// Durable commands with a sequence in (after, after + …], in order, until `each` returns false.
  /// Errors: kArchived for what was purged; kCorrupt, kIo.
  Result<void> for_each_command_after(std::uint64_t after,
                                      const std::function<bool(const StoredCommand&)>& each) const;

  /// What was purged (engine/purge_book.h); `until` is 0 where nothing was. Histories begin after
  /// it, balances as of a sequence with it, balances as of a date with its open day: what is asked
  /// for of before is kArchived.
  ArchivedPart archived() const;

  /// An account's history after a position, oldest first, as of `until` (0: now). Empty for an
  /// account that does not exist, here and below. Errors: kArchived where `after` lies before the
  /// end of what was purged, so for a whole history of a purged book; kCorrupt, kIo.
  Result<std::vector<Entry>> entries(AccountId account, EntryPosition after, std::size_t limit,
                                     std::uint64_t until = 0) const;
  /// The same newest first: entries before a position, with a sequence of at least `from`, which is
  /// what kArchived goes by.
  Result<std::vector<Entry>> entries_before(AccountId account, EntryPosition before,
                                            std::uint64_t from, std::size_t limit) const;
  /// All of an account's history, oldest first, until `each` returns false. Errors: as of
  /// entries(); kArchived once anything was purged.
  Result<void> for_each_entry(AccountId account,
                              const std::function<bool(const Entry&)>& each) const;
  /// Posted totals as of an accounting date (its end), by entries up to `until` (0: now), or as of
  /// a journal sequence; what was reserved then is not told. Errors: kArchived for a sequence
  /// before the end of what was purged, or a date before the day that was open then; kCorrupt, kIo.
  Result<Balance> balance_on(AccountId account, Date date, std::uint64_t until = 0) const;
  Result<Balance> balance_at(AccountId account, std::uint64_t seq) const;
  /// The last durable sequence that was recorded at `time` or before; 0: there is none. Errors:
  /// kCorrupt, kIo.
  Result<std::uint64_t> seq_at(Timestamp time) const;
  /// The totals at and below a path, by currency; nothing where there is no account. No account is
  /// looked at. `seq`, if given, receives the entry they reflect: the last durable one or later.
  std::vector<RollUp> roll_up(std::string_view path, std::uint64_t* seq = nullptr) const;

  /// Waits until the projections have taken in everything durable.
  void wait_projected() const;
  /// Stores the projections now, whatever has gathered.
  void store_projections();
  /// Waits (at most `timeout_ms`) for something durable after `seq`; returns the last sequence.
  std::uint64_t wait_for_seq(std::uint64_t seq, int timeout_ms) const;
  BookStatistics statistics() const;
  /// Takes a backup (store/backup.h) while commands go on. Blocks for as long as the copying takes.
  /// Errors: kUnsupported for a book that is only read; kUnavailable while another is under way;
  /// those of take_backup().
  Result<Backup> back_up(const std::filesystem::path& to) const;
  /// Takes away what lies in an archive; for purge_book(), which makes sure of that. Goes on when
  /// the book is opened again, if it is cut short. Errors: kUnsupported for a book that is only
  /// read; kMismatch for what was purged already; kUnavailable while another purge is under way or
  /// the projections are not stored up to there.
  Result<void> drop_archived(const ArchivedPart& part, std::string_view base,
                             const PurgeProgress& progress);

  /// Which book it is: what its daily roots, backups and archives name. Errors: kCorrupt, kIo.
  Result<Id128> identity() const;

  class Engine;

 private:
  explicit Book(std::unique_ptr<Engine> engine);
  ReaderGate& published_mutex() const;
  const State& published_state() const;
  std::uint64_t published_seq() const;
  std::unique_ptr<Engine> engine_;
};

/// Ready-made commands for the ledger's own planners.
Command open_account(OpenAccountRequest request);
Command set_terms(SetTermsRequest request);
Command day_cut(DayCutRequest request);
Command period_close(PeriodCloseRequest request);
Command adopt_chart(AdoptChartRequest request);
Command add_subject(AddSubjectRequest request);
Command post_voucher(VoucherRequest request);
Command post_hold(PostHoldRequest request);
Command void_hold(VoidHoldRequest request);
/// Loads the original first.
Result<Command> reversal(const Book& book, ReversalRequest request);

}  // namespace suanpan
