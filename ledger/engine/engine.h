// The inside of a book: the planning thread and the committer. Seen by book.cc only.
//
// Hand-over: the planning thread gathers into one block while the committer makes the one before it
// durable; at most one sealed block waits. Answers leave in journal order.
#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>

#include "ledger/engine/planner.h"
#include "ledger/engine/projector.h"

namespace suanpan {

/// What one caller handed in: vouchers or commands, never both.
struct Submission {
  std::vector<VoucherRequest> vouchers;
  std::vector<Command> commands;
  Book::Done done;
  std::size_t items() const { return vouchers.size() + commands.size(); }
};

class Book::Engine {
 public:
  static Result<std::unique_ptr<Engine>> open(const BookOptions& options, const Clock& clock);
  ~Engine();

  bool submit(Submission submission);
  Result<std::optional<std::uint64_t>> find_seq(const ClaimKey& key) const;
  std::uint64_t wait_for_seq(std::uint64_t seq, int timeout_ms) const;
  BookStatistics statistics() const;

  // Read through Book::read; written by the committer under the lock.
  mutable ReaderGate published_mutex;
  std::unique_ptr<State> published;
  std::uint64_t published_seq = 0;

  std::unique_ptr<KeyValueStore> store;
  std::unique_ptr<Journal> journal;
  Projector projector;

 private:
  Engine(const BookOptions& options, const Clock& clock, std::unique_ptr<KeyValueStore> opened);
  Result<void> open_book();
  Result<void> recover();
  void plan_loop();
  void commit_loop();
  void plan_one(Submission& submission, GatheredBlock& block);
  void commit(const std::shared_ptr<GatheredBlock>& block);
  void publish(const BlockPtr& block);
  void evict_finished(const std::vector<DocumentPtr>& finished);

  BookOptions options_;
  const Clock& clock_;
  std::unique_ptr<Planner> planner_;

  mutable std::mutex mutex_;                 // guards everything below
  std::condition_variable work_;             // the planning thread waits here
  std::condition_variable sealed_;           // the committer waits here
  mutable std::condition_variable durable_;  // wait_for_seq waits here
  std::deque<Submission> queue_;
  std::size_t queued_items_ = 0;
  std::vector<DocumentPtr> to_evict_;
  std::shared_ptr<GatheredBlock>
      handed_over_;  // sealed for the committer, which clears it when done
  bool stopping_ = false, planning_ended_ = false;
  std::uint64_t blocks_ = 0, records_ = 0;
  std::uint64_t durable_seq_ = 0;  // published by now

  // Ids of durable commands that the id projection does not answer for yet, for reads.
  mutable std::mutex recent_mutex_;
  RecentIds recent_{1 << 20};

  std::thread planning_, committing_;
};

}  // namespace suanpan
