// A world: one book on a store in memory, a virtual clock, random commands, restarts and crashes,
// on a number of shards that changes with each opening, all drawn from one seed. Every answer and a
// stream of random queries are held against an independent model (support/book_model.h).
//
// Restarts are of two kinds. A clean one closes the book. A crash goes on from an image of the
// store at one of its writes (stores.h), drawn like everything else: the book must hold every
// command that was answered, what had been written of the part of a batch that was not, and tell
// both again when they are resent.
//
// The same seed draws the same commands, queries, restarts and crashes, each at the same write.
// Only where the book itself stores its projections when enough has gathered, as it does in every
// other opening, the scheduler has a say in how much of them a crash in the journal finds.
#pragma once
#include <memory>
#include <stdexcept>

#include "ledger/store/head_file.h"
#include "tests/simulation/stores.h"
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
  /// What a dry run answers. Returns whether it is another answer.
  std::function<bool(Answer&)> misjudges;
  /// A dry run posts what it was asked about.
  bool posts_dry_run = false;
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
  std::uint64_t hot_crashes = 0;  ///< of a book with hot accounts on several shards
  std::uint64_t dry_runs = 0;
  std::uint64_t places = 0;  ///< what each crash left of the journal, mixed: of a seed, always one
  WorldCounters& operator+=(const WorldCounters& more) {
    commands += more.commands;
    queries += more.queries;
    restarts += more.restarts;
    crashes += more.crashes;
    planted += more.planted;
    hot_crashes += more.hot_crashes;
    dry_runs += more.dry_runs;
    places = mix64(places ^ more.places);
    return *this;
  }
  friend bool operator==(const WorldCounters&, const WorldCounters&) = default;
};

class World {
 public:
  explicit World(const WorldOptions& options);
  ~World();
  /// Lives to the end and is verified. Throws Finding.
  WorldCounters run();

 private:
  using Batch = std::span<const RandomCommand>;  ///< never half a group
  void open(bool create, bool reset_head = false);
  void restart();
  /// Waits until the book has noticed what expires by now, as the model does.
  void await_expiries();
  /// An empty batch: while holds expire.
  void crash_during(Batch batch);
  void found_accounts();
  bool about_ended_hold(const RandomCommand& command) const;
  bool may_be_late(Batch batch) const;
  Book::Answers submit_in_order(Batch batch, std::uint64_t known);
  Book::Answers submit_all(Batch batch);
  /// What the same batch would be answered, item by item.
  Book::Answers rehearse(Batch batch);
  bool rehearses();
  void hold_against_rehearsal(Batch batch, const Book::Answers& dry, const Book::Answers& wet);
  void live(Batch batch);
  /// Submits and waits. `known`: what was journalled up to here is told as a replay.
  Book::Answers submit(Batch batch, std::uint64_t known = 0);
  void hold_against(const RandomCommand& command, const Answer& answer, const Expected& expected);
  Book::Answers send(Batch batch);
  /// A batch as the book takes it: vouchers or commands.
  struct Handed {
    std::vector<VoucherRequest> vouchers;
    std::vector<Command> commands;
    Groups groups;
  };
  Handed hand(Batch batch) const;
  Command command_of(const RandomCommand& c) const;
  Command plain_command_of(const RandomCommand& c) const;
  void plant();

  // Each asks the book one thing and holds it against the model: world_queries.cc
  void query();
  void query_command();
  void query_key();
  void query_balance();
  void query_page();
  void query_past();
  void query_hold();
  void query_time();
  void query_range();
  // world_walks.cc
  void query_walk();
  void query_feed();
  void query_business_key();
  void query_roll_up();
  void query_terms();
  void read_model();
  Query any_query();
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

  /// A query on its way from page to page.
  struct Walk {
    Query query;
    std::uint64_t as_of = 0;
    std::size_t pages = 0;
    std::vector<Shown> rows;
  };

  WorldOptions options_;
  std::mt19937_64 random_;  // of the world; the stream has its own
  std::uint64_t hot_;
  unsigned shards_ = 1;  // of the book that is open
  ManualClock clock_;
  BookModel model_;
  CommandStream stream_;
  TempFolder folder_;
  std::shared_ptr<MemoryStore> store_;
  std::shared_ptr<CrashingStore> rows_;       // what the book writes to; in the end that is store_
  std::atomic<bool> answered_{false};         // what was sent last
  std::atomic<bool> answered_early_{false};   // before the write that a crash fell on
  std::optional<Head> head_then_;             // at that write
  bool stores_itself_ = false;                // the open book stores its projections when it likes
  std::shared_ptr<MemoryStore> before_last_;  // an image before the last batch, for a planted bug
  std::unique_ptr<Book> book_;
  std::vector<std::int64_t> times_;  // by sequence; 0: of an expiry, or not told yet
  std::int64_t last_time_ = 0;
  std::uint64_t feed_ = 1;  // what the feed was read up to; the opening is nobody's command
  std::optional<Walk> walk_;
  // The model read as rows, up to a sequence and its time.
  std::vector<Seen> seen_;
  std::uint64_t read_ = 1;
  std::int64_t read_time_ = 0;
  WorldCounters counters_;
};

}  // namespace suanpan::test
