// The inside of a book: claims, the planning threads and the committer. Seen by book.cc only.
//
//   submit ─▶ claims ─▶ Planning (one_shard.h, shard_room.h) ─▶ block ─▶ commit ─▶ answers
//
// submit() runs on the caller's thread: what is malformed, known or under way already never reaches
// a planning thread. Answers leave in journal order, from the committing thread.
#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>

#include "ledger/engine/planning.h"
#include "ledger/engine/projector.h"
#include "ledger/engine/root_writer.h"

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

 private:
  Engine(const BookOptions& options, const Clock& clock, std::unique_ptr<KeyValueStore> opened);
  Result<void> open_book();
  Result<void> recover(const std::optional<Head>& head);
  Result<void> catch_up();
  Result<void> open_roots();
  bool reserve(std::size_t items);
  /// Answers an item or claims its key. True: it is to be planned.
  enum class Claim { kAnswered, kWaits, kToPlan };
  /// Items whose ids are known, by the sequence of their first answer.
  using Known = std::vector<std::pair<std::uint64_t, std::uint32_t>>;
  Claim claim(const RequestPtr& request, std::uint32_t item, Known& known);
  /// What is known of a key that was just claimed: its sequence, and then its claim is settled.
  std::optional<std::uint64_t> settle_known(const ClaimKey& key);
  /// engine_groups.cc: all items of a group go into the unit, or none. True: an item waits.
  bool claim_group(const RequestPtr& request, const LinkedGroup& group, Unit& unit, Known& known);
  /// Waits for the committer, so never under a lock.
  void answer_known(Request& request, Known& known) const;
  Answer answer_from_journal(const Request& request, std::uint32_t item, std::uint64_t seq) const;
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
  std::atomic<std::uint64_t> invariant_violations_{0};
  std::unique_ptr<RootWriter> roots_;   // null: nobody signs this book's days
  std::unique_ptr<Planning> planning_;  // null: opened for reading
  std::atomic<bool> stopping_{false};
  std::mutex groups_;  // held while a group is claimed: two that share ids do not claim in turns

  std::mutex backing_up_;
  mutable std::mutex mutex_;                 // guards everything below
  mutable std::condition_variable durable_;  // wait_for_seq waits here
  std::uint64_t blocks_ = 0, records_ = 0;
  std::uint64_t durable_seq_ = 0;  // published by now

  std::thread committing_;
};

}  // namespace suanpan
