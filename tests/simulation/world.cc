#include "tests/simulation/world.h"

#include <algorithm>
#include <future>
#include <thread>

#include "ledger/engine/verify.h"
#include "ledger/store/head_file.h"

namespace suanpan::test {
namespace {

const Date kFirstDay = *Date::of(2026, 3, 4);
constexpr unsigned kShards[] = {1, 2, 4, 8};

/// The store that outlives a book; the book owns this handle to it.
class Handle : public KeyValueStore {
 public:
  explicit Handle(std::shared_ptr<KeyValueStore> store) : store_(std::move(store)) {}
  Result<std::optional<std::string>> get(Table table, std::string_view key) const override {
    return store_->get(table, key);
  }
  Result<void> write(const WriteSet& writes, Durability durability) override {
    return store_->write(writes, durability);
  }
  Result<void> put_synced(Table table, std::string_view key, std::string_view value) override {
    return store_->put_synced(table, key, value);
  }
  std::unique_ptr<BulkLoad> bulk_load() override { return store_->bulk_load(); }
  std::unique_ptr<Cursor> cursor(Table table) const override { return store_->cursor(table); }
  Result<void> flush() override { return store_->flush(); }
  std::uint64_t disk_bytes() const override { return store_->disk_bytes(); }

 private:
  std::shared_ptr<KeyValueStore> store_;
};

/// A store that says it wrote a row and did not.
class LosingStore final : public Handle {
 public:
  using Loses = std::function<bool(Table)>;
  LosingStore(std::shared_ptr<KeyValueStore> store, Loses loses)
      : Handle(std::move(store)), loses_(std::move(loses)) {}
  Result<void> put_synced(Table table, std::string_view key, std::string_view value) override {
    if (loses_(table)) return success();
    return Handle::put_synced(table, key, value);
  }
  std::unique_ptr<BulkLoad> bulk_load() override {
    return std::make_unique<Load>(Handle::bulk_load(), loses_);
  }

 private:
  class Load final : public BulkLoad {
   public:
    Load(std::unique_ptr<BulkLoad> load, const Loses& loses)
        : load_(std::move(load)), loses_(loses) {}
    Result<void> add(Table table, std::string_view key, std::string_view value) override {
      if (loses_(table)) return success();
      return load_->add(table, key, value);
    }
    Result<void> erase(Table table, std::string_view key) override {
      return load_->erase(table, key);
    }
    Result<void> finish() override { return load_->finish(); }

   private:
    std::unique_ptr<BulkLoad> load_;
    const Loses& loses_;
  };
  Loses loses_;
};

}  // namespace

World::World(const WorldOptions& options)
    : options_(options),
      random_(options.seed * 0x9e3779b97f4a7c15 + 1),
      hot_(below(5) == 0 ? 2 + below(5) : 0),
      clock_(Timestamp::of_cn(kFirstDay, 9, 0, 0)),
      model_(kFirstDay),
      stream_(options.seed, hot_),
      store_(std::make_shared<MemoryStore>()),
      times_(2) {
  rows_ = store_;
  open(true);
  found_accounts();
}

World::~World() = default;

void World::found_accounts() {
  const std::uint32_t accounts = static_cast<std::uint32_t>(4 + below(12));
  for (std::uint32_t i = 1; i <= accounts; ++i) {
    RandomCommand c;
    c.kind = CommandKind::kOpenAccount;
    c.open.key = ClaimKey{Id128{77, i}, CallerId{100}};
    if (i % 5 == 0) c.open.currency = Currency::kUSD;
    // What a year's end carries is in the book's currency.
    c.open.type = static_cast<AccountType>(1 + below(i % 5 == 0 ? 2 : 5));
    c.open.code = subject_of(c.open.type) + fmt::format("/账户{}", i);
    if (i % 3 == 0) c.open.terms.limit = LimitKind::kNotBelowZero;
    c.open.terms.hot = hot_ != 0 && below(hot_) == 0;
    submit({c});
  }
}

void World::open(bool create, bool reset_head) {
  book_.reset();
  if (options_.bug && options_.bug->loses_row) {
    const auto loses = [this, random = std::make_shared<std::mt19937_64>(options_.seed)](Table t) {
      return options_.bug->loses_row(t, *random);
    };
    rows_ = std::make_shared<LosingStore>(store_, loses);
  } else {
    rows_ = store_;
  }
  BookOptions options;
  options.folder = folder_.path();
  std::filesystem::create_directory(folder_.path() / "db");  // a book looks whether it is there
  options.create = create;
  options.reset_head = reset_head;
  options.first_date = kFirstDay;
  options.open_store =
      [this](const std::filesystem::path&) -> Result<std::unique_ptr<KeyValueStore>> {
    return std::make_unique<Handle>(rows_);
  };
  shards_ = options.shards = kShards[below(4)];
  options.projection_batch = 100 + below(3000);
  book_ = value(Book::open(options, clock_), "opening");
}

void World::restart() {
  ++counters_.restarts;
  open(false);
}

// The head file first: a crash leaves a journal that is never behind it.
void World::crash_during(const Batch& batch) {
  ++counters_.crashes;
  const auto head_path = folder_.path() / "head";
  const auto head = value(HeadFile::read(head_path), "the head file");
  std::promise<void> done;
  if (!start(batch, [&](const Book::Answers&) { done.set_value(); }))
    throw Finding("a submission was not accepted");
  for (std::uint64_t spins = below(20'000); spins-- > 0;)
    std::atomic_signal_fence(std::memory_order_seq_cst);
  std::shared_ptr<MemoryStore> left = store_->image();
  done.get_future().get();
  book_.reset();
  const bool forgets = options_.bug && options_.bug->forgets_acknowledged && before_last_;
  if (forgets) {
    left = before_last_;
    ++counters_.planted;
  }
  store_ = std::move(left);
  require(static_cast<bool>(HeadFile::reset(head_path, head.value())), "writing the head file");
  open(false, forgets);
  submit(batch, book_->statistics().last_seq);
}

bool World::start(const Batch& batch, Book::Done done) {
  Batch sent = batch;
  if (options_.bug && options_.bug->misread)
    for (RandomCommand& c : sent) counters_.planted += options_.bug->misread(c, random_);
  Groups groups;
  for (std::uint32_t i = 0; i < batch.size();) {
    const auto size = static_cast<std::uint32_t>(together(batch, i));
    if (size > 1) groups.push_back({i, size});
    i += size;
  }
  if (std::all_of(sent.begin(), sent.end(),
                  [](const RandomCommand& c) { return c.kind == CommandKind::kVoucher; })) {
    std::vector<VoucherRequest> vouchers;
    for (const RandomCommand& c : sent) vouchers.push_back(c.voucher);
    return book_->submit(std::move(vouchers), std::move(done), groups);
  }
  std::vector<Command> commands;
  for (const RandomCommand& c : sent) commands.push_back(command_of(c));
  return book_->submit(std::move(commands), std::move(done), groups);
}

Command World::command_of(const RandomCommand& c) const {
  switch (c.kind) {
    case CommandKind::kVoucher:
      return post_voucher(c.voucher);
    case CommandKind::kPostHold:
      return post_hold(c.post);
    case CommandKind::kVoidHold:
      return void_hold(c.give_back);
    case CommandKind::kReversal:
      return value(reversal(*book_, c.reversal), "loading an original");
    case CommandKind::kOpenAccount:
      return open_account(c.open);
    case CommandKind::kSetTerms:
      return set_terms(c.terms);
    case CommandKind::kDayCut:
      return day_cut(c.cut);
    default:
      return period_close(c.close);
  }
}

void World::submit(const Batch& batch, std::uint64_t known) {
  std::promise<Book::Answers> promise;
  if (!start(batch, [&](Book::Answers answers) { promise.set_value(std::move(answers)); }))
    throw Finding("a submission was not accepted");
  const Timestamp now = clock_.now();
  model_.expire(now);
  const Book::Answers answers = promise.get_future().get();
  require(answers.size() == batch.size(), "{} answers to {} commands", answers.size(),
          batch.size());
  for (std::size_t i = 0; i < batch.size();) {
    const auto group = std::span(batch).subspan(i, together(batch, i));
    for (Expected& expected : model_.predict(group, now)) {
      ++counters_.commands;
      expected.replayed = expected.replayed || (expected.seq != 0 && expected.seq <= known);
      hold_against(batch[i], answers[i], expected);
      ++i;
    }
  }
}

void World::hold_against(const RandomCommand& c, const Answer& a, const Expected& e) {
  const bool same = a.refusal.code == e.code && a.replayed == e.replayed && a.seq == e.seq &&
                    a.voucher_no == e.voucher_no &&
                    (e.detail.empty() || a.refusal.detail == e.detail) &&
                    (e.answer.empty() || a.answer == e.answer);
  require(
      same,
      "a {} command {} is answered {} '{}' seq {} no {}{}; the model says {} '{}' seq {} no {}{}",
      name_of(c.kind), c.key().hex(), name_of(a.refusal.code), a.refusal.detail, a.seq,
      a.voucher_no, a.replayed ? " again" : "", name_of(e.code), e.detail, e.seq, e.voucher_no,
      e.replayed ? " again" : "");
  if (a.seq == 0) return;
  if (times_.size() <= a.seq) times_.resize(a.seq + 1);
  if (times_[a.seq] == 0) {
    require(a.timestamp.ns > last_time_, "the time of {} does not rise", a.seq);
    times_[a.seq] = last_time_ = a.timestamp.ns;
  }
  require(times_[a.seq] == a.timestamp.ns, "{} is told with another time", a.seq);
  require(a.date == model_.record(a.seq).date, "{}, a {}, is dated {}, the model says {}", a.seq,
          name_of(c.kind), a.date.iso(), model_.record(a.seq).date.iso());
}

// Commands whose planner is wrong leave nothing: the invariants see to that.
void World::plant() {
  model_.expire(clock_.now());  // the book does so before it plans
  auto bad = options_.bug->bad_planner(model_, counters_.planted);
  if (!bad) return;
  const std::uint64_t before = book_->statistics().invariant_violations;
  const Answer answer = book_->run(std::move(*bad));
  ++counters_.planted;
  require(answer.refusal.code == RefusalCode::kInternal && answer.seq == 0,
          "a planted bug was answered {}, seq {}", name_of(answer.refusal.code), answer.seq);
  require(book_->statistics().invariant_violations == before + 1, "a violation was not counted");
}

// Whether a command is about a hold that has ended, or is not there. Once it is stored no shard has
// it, and which one is asked then cannot tell: the whole book does, at a barrier.
bool World::about_ended_hold(const RandomCommand& command) const {
  const bool posts = command.kind == CommandKind::kPostHold;
  if (!posts && command.kind != CommandKind::kVoidHold) return false;
  const auto hold = model_.holds().find(posts ? command.post.hold : command.give_back.hold);
  return hold == model_.holds().end() || hold->second.state != BookModel::HoldIs::kOpen ||
         (hold->second.expires_ns != 0 && hold->second.expires_ns <= clock_.now().ns);
}

// What a shard leaves to a barrier late is journalled after what follows it in its batch: only
// commands that follow each other's answers have one right answer then. So it is with hot accounts,
// and on several shards with groups, with what a voucher expects or sweeps, and with holds that
// have ended.
bool World::may_be_late(const Batch& batch) const {
  return hot_ != 0 || (shards_ > 1 && std::any_of(batch.begin(), batch.end(), [&](const auto& c) {
                         return c.linked || c.voucher.rules != nullptr || about_ended_hold(c);
                       }));
}

void World::live(const Batch& batch) {
  const bool apart = may_be_late(batch);
  if (!apart && below(60) == 0) {
    crash_during(batch);
    return;
  }
  if (options_.bug && options_.bug->forgets_acknowledged) before_last_ = store_->image();
  if (!apart) {
    submit(batch);
    return;
  }
  for (std::size_t i = 0, end = 0; i < batch.size(); i = end) {
    end = i + together(batch, i);
    submit({batch.begin() + static_cast<std::ptrdiff_t>(i),
            batch.begin() + static_cast<std::ptrdiff_t>(end)});
  }
}

WorldCounters World::run() {
  std::uint64_t next_comparison = 3000;
  while (counters_.commands < options_.commands) {
    live(stream_.batch(model_, clock_.now()));
    if (below(4) == 0) clock_.advance_seconds(static_cast<std::int64_t>(below(30)));
    for (std::uint64_t n = below(24); n-- > 0;) query();
    if (options_.bug && options_.bug->bad_planner && !options_.bug->at_the_end && below(4) == 0)
      plant();
    if (counters_.commands < next_comparison) continue;
    next_comparison += 3000;
    compare_everything();
    if (below(2) == 0) {
      restart();
      compare_everything();
    }
  }
  restart();
  compare_everything();
  if (options_.bug && options_.bug->at_the_end) {
    const Answer answer = book_->run(options_.bug->at_the_end());
    require(answer.accepted(), "what a planted bug needs is refused: {} {}",
            name_of(answer.refusal.code), answer.refusal.detail);
    plant();
    restart();
  }
  book_.reset();
  const auto head = value(HeadFile::read(folder_.path() / "head"), "the head file");
  const VerifyReport report = value(verify(*store_, Outside{head, {}}), "verify");
  require(report.ok, "verify: {}", report.first_fault);
  return counters_;
}

}  // namespace suanpan::test
