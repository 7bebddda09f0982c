// The inside of a book: claims, the planning threads and the committer. Seen by book.cc only.
//
//   submit ─▶ claims ─▶ Planning (one_shard.h, shard_room.h) ─▶ block ─▶ commit ─▶ answers
//               └─ known: its block is read, in turns (engine_intake.cc) ─────────────┘
//
// submit() runs on the caller's thread: what is malformed, known or under way already never reaches
// a planning thread. Answers leave in journal order, from the committing thread.
#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>

#include "ledger/engine/bell.h"
#include "ledger/engine/planning.h"
#include "ledger/engine/projector.h"
#include "ledger/engine/root_writer.h"
#include "ledger/engine/turns.h"

namespace suanpan {

class Book::Engine {
 public:
  static Result<std::unique_ptr<Engine>> open(const BookOptions& options, const Clock& clock);
  ~Engine();

  bool submit(Submission submission);
  Result<DryRun> dry_run(Submission submission) const;
  Result<std::optional<std::uint64_t>> find_seq(const ClaimKey& key) const;
  std::uint64_t wait_for_seq(std::uint64_t seq, int timeout_ms) const;
  BookStatistics statistics() const;
  void store_projections();
  Result<Backup> back_up(const std::filesystem::path& to);
  ArchivedPart archived() const;
  Result<void> drop_archived(const ArchivedPart& part, std::string_view base,
                             const PurgeProgress& progress);
  /// The command that names the book's root keys, where it is to name them and does not yet.
  std::optional<Command> keys_to_keep() const;

  // Read through Book::read; written by the committer under the lock.
  mutable ReaderGate published_mutex;
  std::unique_ptr<State> published;
  std::uint64_t published_seq = 0;
  Stamper published_stamper;  // what the next command would get

  std::unique_ptr<KeyValueStore> store;
  std::unique_ptr<Journal> journal;
  Projector projector;
  Bell bell;  // of those who wait in Book::run(); the committer rings it

 private:
  Engine(const BookOptions& options, const Clock& clock, std::unique_ptr<KeyValueStore> opened);
  Result<void> open_book();
  Result<void> recover(const std::optional<Head>& head);
  Result<void> catch_up();
  /// The room of what was purged: at the end of the purge, or by a thread of its own where an
  /// earlier process owes it. What fails is logged and owed until the next start.
  void give_back_room(const ArchivedPart& part);
  Result<void> open_roots();
  bool reserve(std::size_t items);
  // engine_intake.cc
  /// A submission on its way in.
  struct Intake {
    RequestPtr request;
    Unit unit{};                             // what is to be planned, or was refused at once
    std::uint32_t next = 0;                  // the first item that is not claimed yet
    std::vector<std::uint32_t> under_way{};  // another command has the id: to be waited for
    /// Items whose ids are known, with the sequence of their first answer; by it, once it is told.
    std::vector<std::pair<std::uint64_t, std::uint32_t>> known{};
    std::size_t told = 0;     // of the known
    BlockPtr block{};         // of the one told last
    std::size_t counted = 0;  // in held_items_
    bool claimed() const { return next == request->submission.items(); }
    /// Items that wait for the thread that tells: known and not told, or not claimed yet.
    std::size_t held() const { return known.size() - told + request->submission.items() - next; }
  };
  /// Claims items until `enough`, which is asked before each, or before the group that it begins.
  template <class Enough>
  void claim_items(Intake& intake, Enough&& enough);
  void claim(Intake& intake, std::uint32_t item);
  /// engine_groups.cc: all items of a group go into the unit, or none.
  void claim_group(Intake& intake, const LinkedGroup& group);
  bool looks_up_many(const Intake& intake, const LinkedGroup* group) const;
  /// Room for what it holds; false: there is none, and it is to be let go.
  bool take_places(Intake& intake);
  void count_again(Intake& intake);
  /// Releases what it claimed. Nothing of it was handed over, and nothing of it waits.
  void let_go(const Intake& intake);
  /// Claims what was under way, or waits for it. Only what is accepted may wait: it will be told.
  void wait_for_others(Intake& intake);
  /// Hands over to planning what is not told again.
  void place(Intake& intake);
  void add_turns(Intake intake);
  /// True: everything is claimed and told.
  bool take_turn(Intake& intake);
  /// Reads the id index.
  std::optional<std::uint64_t> stored_seq(const ClaimKey& key) const;
  /// Of a key that is durable or was just claimed: its sequence, if it has one.
  std::optional<std::uint64_t> seq_of(const ClaimKey& key, const Claims::Claimed& claimed);
  /// Settles a key that was just claimed, if its sequence is known.
  std::optional<std::uint64_t> settle_known(const ClaimKey& key, std::optional<std::uint64_t> seq);
  BlockPtr read_known(std::uint64_t seq) const;
  void commit_loop();
  void commit(GatheredBlock& block);
  void commit_records(const BlockBuilder& builder);
  void publish(const BlockPtr& block);
  void finish(const RequestPtr& request, std::size_t answers);
  void evict_finished(const std::vector<DocumentPtr>& finished);

  BookOptions options_;
  const Clock& clock_;
  Claims claims_;
  std::atomic<std::size_t> queued_items_{0};  // not planned yet, or waiting for the same id
  std::atomic<std::size_t> held_items_{0};    // of those, what waits for a turn of turns_
  std::atomic<std::uint64_t> invariant_violations_{0};
  std::unique_ptr<RootWriter> roots_;   // null: nobody signs this book's days
  std::unique_ptr<Planning> planning_;  // null: opened for reading
  std::atomic<bool> stopping_{false};
  // Held while a group is claimed and while a declined one is let go, so that groups that share ids
  // never interleave there (what planning lets go: planning.h). Never taken under another lock;
  // planning and turns_ are handed items under it.
  std::mutex groups_;

  std::mutex backing_up_, purging_;
  mutable std::mutex mutex_;                 // guards everything below
  mutable std::condition_variable durable_;  // wait_for_seq waits here
  std::uint64_t blocks_ = 0, records_ = 0;
  std::uint64_t durable_seq_ = 0;  // published by now
  ArchivedPart archived_;

  std::thread committing_;
  std::thread giving_back_;  // the room that an earlier process's purge owes
  Turns turns_;
};

}  // namespace suanpan
