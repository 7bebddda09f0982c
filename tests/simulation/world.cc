#include "tests/simulation/world.h"

#include <algorithm>
#include <future>

#include "ledger/engine/expecting.h"
#include "ledger/engine/verify.h"

namespace suanpan::test {
namespace {

const Date kFirstDay = *Date::of(2026, 3, 4);
constexpr unsigned kShards[] = {1, 2, 4, 8};
constexpr std::size_t kNeverEnough = 1'000'000'000;  // records, before projections are stored

/// Where the group begins that a place of a batch is in, or the place itself.
std::size_t unit_at(std::span<const RandomCommand> batch, std::size_t place) {
  while (place > 0 && batch[place - 1].linked) --place;
  return place;
}

/// The last entry of a journal, however its entries lie in blocks; 0: it does not tell.
std::uint64_t last_entry(const MemoryStore& store) {
  const auto cursor = store.cursor(Table::kJournal);
  cursor->seek_to_last();
  if (!cursor->valid()) return 0;
  const auto block = Block::parse(std::string(cursor->value()));
  return block ? block.value()->last_seq() : 0;
}

}  // namespace

World::World(const WorldOptions& options)
    : options_(options),
      random_(options.seed * 0x9e3779b97f4a7c15 + 1),
      hot_(options.seed % 3 == 0 ? 2 + below(5) : 0),  // worlds in a row: some are sure to be
      clock_(Timestamp::of_cn(kFirstDay, 9, 0, 0)),
      model_(kFirstDay),
      stream_(options.seed, hot_),
      store_(std::make_shared<MemoryStore>()),
      times_(2) {
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
    c.open.code = account_code(c.open.type, i);
    if (i % 3 == 0) c.open.terms.limit = LimitKind::kNotBelowZero;
    c.open.terms.hot = hot_ != 0 && below(hot_) == 0;
    submit({&c, 1});
  }
}

void World::open(bool create, bool reset_head) {
  book_.reset();
  std::shared_ptr<KeyValueStore> rows = store_;
  if (options_.bug && options_.bug->loses_row)
    rows = std::make_shared<LosingStore>(
        store_, [this, random = std::make_shared<std::mt19937_64>(options_.seed)](Table t) {
          return options_.bug->loses_row(t, *random);
        });
  rows_ = std::make_shared<CrashingStore>(std::move(rows), store_);
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
  stores_itself_ = below(2) == 0;
  options.projection_batch = stores_itself_ ? 100 + below(3000) : kNeverEnough;
  book_ = value(Book::open(options, clock_), "opening");
}

void World::restart() {
  ++counters_.restarts;
  open(false);
}

void World::await_expiries() {
  // Only a command brings the clock to the book for certain; the model follows the idle book.
  model_.expire(clock_.now());
  for (int i = 0; i < 20'000 && book_->statistics().last_seq < model_.last_seq(); ++i)
    book_->wait_for_seq(model_.last_seq() - 1, 1);
  const std::uint64_t last = book_->statistics().last_seq;
  require(last == model_.last_seq(), "the journal ends at {}, the model's at {}", last,
          model_.last_seq());
}

// The head file is as it was at the moment, or older: a journal is never behind it. What is due
// expires first, so that nothing is written but what is drawn here, until it is done.
void World::crash_during(Batch batch) {
  using Of = CrashingStore::Of;
  using Holds = CrashingStore::Holds;
  ++counters_.crashes;
  const auto& accounts = model_.accounts();
  if (shards_ > 1 && std::any_of(accounts.begin(), accounts.end(),
                                 [](const BookModel::Account& a) { return a.terms.hot; }))
    ++counters_.hot_crashes;
  await_expiries();
  const std::uint64_t before = model_.last_seq();
  const auto head_path = folder_.path() / "head";
  const auto head_before = value(HeadFile::read(head_path), "the head file");
  const Of of = below(4) == 0 ? Of::kProjections : Of::kJournal;
  answered_ = answered_early_ = false;
  head_then_.reset();
  const auto crash_at = [&](std::uint64_t place) {
    rows_->crash_at(of, place, [this, head_path] {
      answered_early_ = answered_.load();
      if (const auto then = HeadFile::read(head_path)) head_then_ = then.value();
    });
  };
  const bool old_head = below(2) == 0;
  if (of == Of::kJournal) crash_at(below(4));
  Book::Answers told;
  if (batch.empty()) {
    clock_.advance_seconds(static_cast<std::int64_t>(below(60)));
    await_expiries();
  } else {
    told = send(batch);
  }
  if (of == Of::kProjections) {
    crash_at(below(2));
    book_->store_projections();
  }
  CrashingStore::Image left = rows_->take();
  if (!head_then_) head_then_ = value(HeadFile::read(head_path), "the head file");
  require(of == Of::kProjections || !answered_early_, "a batch was answered before it was written");
  counters_.places = mix64(counters_.places ^ last_entry(*left.store));
  if (of == Of::kProjections) left.holds = Holds::kAll;  // of the journal
  book_.reset();
  const bool forgets = options_.bug && options_.bug->forgets_acknowledged && before_last_;
  if (forgets) {
    left.store = before_last_;
    ++counters_.planted;
  }
  store_ = std::move(left.store);
  const Head& head = *(forgets || old_head ? head_before : head_then_);
  require(static_cast<bool>(HeadFile::reset(head_path, head)), "writing the head file");
  open(false, forgets);
  if (batch.empty()) return await_expiries();
  const std::uint64_t known = book_->statistics().last_seq;
  if (left.holds == Holds::kNothing)
    require(known == before, "the journal ends at {}, and nothing was written to it after {}",
            known, before);
  if (left.holds == Holds::kSome)
    require(known > before, "the journal ends at {}, and was written to after that", known);
  submit_in_order(batch, known);  // on other shards than before, it may be
  if (left.holds == Holds::kAll)
    require(known == model_.last_seq(), "the journal ends at {}, and {} was answered", known,
            model_.last_seq());
  for (const Answer& a : told)
    require(a.seq == 0 || a.seq > known || times_[a.seq] == a.timestamp.ns,
            "{} is told with another time after a crash", a.seq);
}

World::Handed World::hand(Batch batch) const {
  Handed handed;
  for (std::uint32_t i = 0; i < batch.size();) {
    const auto size = static_cast<std::uint32_t>(together(batch, i));
    if (size > 1) handed.groups.push_back({i, size});
    i += size;
  }
  const bool vouchers = std::all_of(batch.begin(), batch.end(), [](const RandomCommand& c) {
    return c.kind == CommandKind::kVoucher;
  });
  for (const RandomCommand& c : batch)
    if (vouchers)
      handed.vouchers.push_back(c.voucher);
    else
      handed.commands.push_back(command_of(c));
  return handed;
}

Command World::command_of(const RandomCommand& c) const {
  return expecting(plain_command_of(c), c.expects);
}

Command World::plain_command_of(const RandomCommand& c) const {
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

Book::Answers World::send(Batch batch) {
  std::vector<RandomCommand> read(batch.begin(), batch.end());
  if (options_.bug && options_.bug->misread)
    for (RandomCommand& c : read) counters_.planted += options_.bug->misread(c, random_);
  Handed handed = hand(read);
  std::promise<Book::Answers> promise;
  answered_ = false;
  const auto done = [&](Book::Answers answers) {
    answered_ = true;
    promise.set_value(std::move(answers));
  };
  const bool taken =
      handed.commands.empty()
          ? book_->submit(std::move(handed.vouchers), done, std::move(handed.groups))
          : book_->submit(std::move(handed.commands), done, std::move(handed.groups));
  if (!taken) throw Finding("a submission was not accepted");
  return promise.get_future().get();
}

Book::Answers World::submit(Batch batch, std::uint64_t known) {
  const Timestamp now = clock_.now();
  model_.expire(now);
  Book::Answers answers = send(batch);
  require(answers.size() == batch.size(), "{} answers to {} commands", answers.size(),
          batch.size());
  for (std::size_t i = 0; i < batch.size();) {
    for (Expected& expected : model_.predict(batch.subspan(i, together(batch, i)), now)) {
      ++counters_.commands;
      expected.replayed = expected.replayed || (expected.seq != 0 && expected.seq <= known);
      hold_against(batch[i], answers[i], expected);
      ++i;
    }
  }
  return answers;
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
// commands that follow each other's answers have one right answer then. So it is on several shards
// with hot accounts, with groups, with what is expected or swept, and with holds that have ended.
bool World::may_be_late(Batch batch) const {
  return shards_ > 1 && (hot_ != 0 || std::any_of(batch.begin(), batch.end(), [&](const auto& c) {
                           return c.linked || c.voucher.rules != nullptr || !c.expects.empty() ||
                                  about_ended_hold(c);
                         }));
}

// As many of them at once as have one right answer.
Book::Answers World::submit_in_order(Batch batch, std::uint64_t known) {
  Book::Answers answers;
  const bool apart = may_be_late(batch);
  for (std::size_t i = 0, end = 0; i < batch.size(); i = end) {
    end = apart ? i + together(batch, i) : batch.size();
    for (Answer& a : submit(batch.subspan(i, end - i), known)) answers.push_back(std::move(a));
  }
  return answers;
}

Book::Answers World::submit_all(Batch batch) {
  if (!batch.empty() && options_.bug && options_.bug->forgets_acknowledged)
    before_last_ = store_->image();
  return submit_in_order(batch, 0);
}

// Other bugs are for the model to find.
bool World::rehearses() {
  const PlantedBug* bug = options_.bug;
  return (!bug || bug->misjudges || bug->posts_dry_run) && below(6) == 0;
}

// A dry run leaves nothing: nothing is journalled beside it but what expires, and what it was asked
// about is new when it comes.
Book::Answers World::rehearse(Batch batch) {
  ++counters_.dry_runs;
  model_.expire(clock_.now());
  Handed handed = hand(batch);
  if (options_.bug && options_.bug->posts_dry_run) {
    ++counters_.planted;
    return handed.commands.empty() ? book_->run(handed.vouchers, handed.groups)
                                   : book_->run(handed.commands, handed.groups);
  }
  const std::uint64_t before = book_->last_seq();
  Book::DryRun run = value(handed.commands.empty() ? book_->dry_run(handed.vouchers, handed.groups)
                                                   : book_->dry_run(handed.commands, handed.groups),
                           "a dry run");
  const std::uint64_t after = book_->last_seq();
  require(before <= run.seq && run.seq <= after && after <= model_.last_seq(),
          "a dry run as of {} leaves the journal at {}, which ended at {}", run.seq, after, before);
  if (options_.bug && options_.bug->misjudges)
    for (Answer& a : run.answers) counters_.planted += options_.bug->misjudges(a);
  return std::move(run.answers);
}

void World::hold_against_rehearsal(Batch batch, const Book::Answers& dry,
                                   const Book::Answers& wet) {
  require(dry.size() == wet.size(), "a dry run has {} answers, not {}", dry.size(), wet.size());
  for (std::size_t i = 0; i < dry.size(); ++i) {
    const Answer &d = dry[i], &w = wet[i];
    require(
        d.refusal.code == w.refusal.code && d.refusal.detail == w.refusal.detail &&
            d.replayed == w.replayed && d.seq == w.seq && d.voucher_no == w.voucher_no &&
            d.date == w.date && d.answer == w.answer,
        "a dry run answers a {} command {} with {} '{}' seq {} no {}{}; posting it, {} '{}' seq "
        "{} no {}{}",
        name_of(batch[i].kind), batch[i].key().hex(), name_of(d.refusal.code), d.refusal.detail,
        d.seq, d.voucher_no, d.replayed ? " again" : "", name_of(w.refusal.code), w.refusal.detail,
        w.seq, w.voucher_no, w.replayed ? " again" : "");
    // What goes to a barrier late is stamped late.
    if (shards_ == 1)
      require(d.timestamp == w.timestamp, "a dry run answers {} with another time", w.seq);
  }
}

// A crash leaves a prefix of what was handed in: what comes before it is answered, what comes after
// it is for the book that is opened then.
void World::live(Batch batch) {
  if (rehearses()) {
    const Book::Answers dry = rehearse(batch);
    return hold_against_rehearsal(batch, dry, submit_all(batch));
  }
  if (below(30) != 0) {
    submit_all(batch);
    return;
  }
  const std::size_t first = unit_at(batch, below(batch.size()));
  submit_all(batch.first(first));
  const std::size_t end =
      may_be_late(batch.subspan(first)) ? first + together(batch, first) : batch.size();
  crash_during(batch.subspan(first, end - first));
  submit_all(batch.subspan(end));
}

WorldCounters World::run() {
  std::uint64_t next_comparison = 3000;
  while (counters_.commands < options_.commands) {
    live(stream_.batch(model_, clock_.now()));
    if (below(120) == 0)
      crash_during({});
    else if (below(4) == 0)
      clock_.advance_seconds(static_cast<std::int64_t>(below(30)));
    for (std::uint64_t n = below(24); n-- > 0;) query();
    if (!stores_itself_ && below(40) == 0) book_->store_projections();
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
