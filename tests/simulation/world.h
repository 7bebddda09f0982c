// A world: one book on a store in memory, a virtual clock, random commands, restarts and crashes,
// on a number of shards that changes with each opening, all drawn from one seed. Every answer and a
// stream of random queries are held against an independent model (support/book_model.h).
//
// Restarts are of two kinds. A clean one closes the book. A crash takes an image of the store at
// some moment while a batch is under way, and goes on from that: the book must hold every command
// that was answered, a prefix of the batch that was not, and tell both again when they are resent.
//
// The same seed draws the same commands, queries and restarts; only how much of a batch a crash
// catches is the scheduler's.
#pragma once
#include <functional>
#include <memory>
#include <stdexcept>

#include "tests/support/memory_store.h"
#include "tests/support/random_book.h"
#include "tests/support/temp_folder.h"

namespace suanpan::test {

/// The book and the model disagree.
struct Finding : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How a world's book is made to err, to see that the simulation would notice (planted_bugs.h).
struct PlantedBug {
  /// What the book takes a command for; returns whether it misunderstood.
  std::function<bool(RandomCommand&, std::mt19937_64&)> misread;
  /// Whether a row is lost on its way into the store.
  std::function<bool(Table, std::mt19937_64&)> loses_row;
  /// A crash goes back behind what was answered last.
  bool forgets_acknowledged = false;
  /// Done to the book when the world is at its end, before its bad planners are asked once more:
  /// for what no random command makes.
  std::function<Command()> at_the_end;
  /// Commands whose planner is wrong; the invariants must refuse each.
  std::function<std::optional<Command>(const BookModel&, std::uint64_t n)> bad_planner;
};

struct WorldOptions {
  std::uint64_t seed = 1;
  std::uint64_t commands = 25'000;
  const PlantedBug* bug = nullptr;
};

struct WorldCounters {
  std::uint64_t commands = 0, queries = 0, restarts = 0, crashes = 0, planted = 0;
  WorldCounters& operator+=(const WorldCounters& more) {
    commands += more.commands;
    queries += more.queries;
    restarts += more.restarts;
    crashes += more.crashes;
    planted += more.planted;
    return *this;
  }
};

class World {
 public:
  explicit World(const WorldOptions& options);
  ~World();
  /// Lives to the end and is verified. Throws Finding.
  WorldCounters run();

 private:
  using Batch = std::vector<RandomCommand>;
  void open(bool create, bool reset_head = false);
  void restart();
  void crash_during(const Batch& batch);
  void found_accounts();
  bool about_ended_hold(const RandomCommand& command) const;
  bool may_be_late(const Batch& batch) const;
  void live(const Batch& batch);
  /// Submits and waits. `known`: what was journalled up to here is told as a replay.
  void submit(const Batch& batch, std::uint64_t known = 0);
  void hold_against(const RandomCommand& command, const Answer& answer, const Expected& expected);
  bool start(const Batch& batch, Book::Done done);
  Command command_of(const RandomCommand& c) const;
  void plant();

  // world_queries.cc: each asks the book one thing and holds it against the model.
  void query();
  void query_command();
  void query_key();
  void query_balance();
  void query_page();
  void query_past();
  void query_hold();
  void query_time();
  void query_range();
  void compare_everything();
  void compare_statement(AccountId id);
  void compare_trial_balance();
  void compare_record(const StoredCommand& stored);
  AccountId random_account();

  template <class... Args>
  void require(bool holds, fmt::format_string<Args...> what, Args&&... args) const {
    if (!holds) throw Finding(fmt::format(what, std::forward<Args>(args)...));
  }
  template <class T>
  T value(Result<T> result, const char* what) const {
    if (!result) throw Finding(fmt::format("{}: {}", what, result.error().message));
    return std::move(result.value());
  }
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  WorldOptions options_;
  std::mt19937_64 random_;  // of the world; the stream has its own
  std::uint64_t hot_;
  unsigned shards_ = 1;  // of the book that is open
  ManualClock clock_;
  BookModel model_;
  CommandStream stream_;
  TempFolder folder_;
  std::shared_ptr<KeyValueStore> rows_;  // the MemoryStore, or what loses rows before it
  std::shared_ptr<MemoryStore> store_;
  std::shared_ptr<MemoryStore> before_last_;  // an image before the last batch, for a planted bug
  std::unique_ptr<Book> book_;
  std::vector<std::int64_t> times_;  // by sequence; 0: of an expiry, or not told yet
  std::int64_t last_time_ = 0;
  WorldCounters counters_;
};

}  // namespace suanpan::test
