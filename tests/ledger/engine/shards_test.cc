// Books with several planning threads: what one caller sees does not depend on their number, what
// many callers are told is what one thread would have told them in the order of the journal, limits
// hold exactly, nothing ever stands still. Every book is verified afterwards.
// SUANPAN_SHARD_COMMANDS sets how many commands a seed gets.
#include <atomic>
#include <thread>

#include "ledger/base/check.h"
#include "ledger/engine/verify.h"
#include "tests/ledger/engine/model_run.h"
#include "tests/ledger/engine/random_book.h"

using namespace suanpan;
using test::BookModel;
using test::Expected;
using test::ModelRun;
using test::ModelRunOptions;
using test::RandomCommand;
using test::setting;

namespace {

const Date kFirst = *Date::of(2026, 3, 4);

// Ends the process when a book stands still: a deadlock would otherwise hang the tests.
class Watchdog {
 public:
  explicit Watchdog(std::chrono::seconds patience) {
    thread_ = std::thread([this, patience] {
      const auto deadline = std::chrono::steady_clock::now() + patience;
      while (!done_) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        CHECK_OR_DIE(std::chrono::steady_clock::now() < deadline, "a book stands still");
      }
    });
  }
  ~Watchdog() {
    done_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

void run_verified(ModelRunOptions options, std::uint64_t commands) {
  const Watchdog watchdog(std::chrono::seconds(600));
  ModelRun run(std::move(options));
  run.go(commands);
  run.close();
  const auto report = verify(run.folder());
  REQUIRE(report);
  CHECK(report.value().first_fault == "");
  CHECK(report.value().ok);
}

// A book with a few accounts, to be used by many threads.
class Crowd {
 public:
  explicit Crowd(unsigned shards) : shards_(shards) { open(true); }

  AccountId account(const std::string& code, AccountType type, AccountTerms terms) {
    OpenAccountRequest request;
    request.key = ClaimKey{id_of(code), CallerId{1}};
    request.code = code;
    request.type = type;
    request.terms = terms;
    RandomCommand command;
    command.kind = CommandKind::kOpenAccount;
    command.open = request;
    const Answer answer = book->run(open_account(request));
    REQUIRE(answer.accepted());
    note(command, answer);
    return AccountId{static_cast<std::uint32_t>(std::stoul(answer.answer))};
  }
  Answer run(const VoucherRequest& voucher) {
    RandomCommand command;
    command.voucher = voucher;
    const Answer answer = book->run(voucher);
    note(command, answer);
    return answer;
  }
  /// As one linked group.
  Book::Answers run(const std::vector<VoucherRequest>& group) {
    const auto answers = book->run(group, {{0, static_cast<std::uint32_t>(group.size())}});
    for (std::size_t i = 0; i < group.size(); ++i) {
      RandomCommand command;
      command.voucher = group[i];
      command.linked = i + 1 < group.size();
      note(command, answers[i]);
    }
    return answers;
  }
  Answer run(const PostHoldRequest& post, const std::vector<Expectation>& expects) {
    RandomCommand command;
    command.kind = CommandKind::kPostHold;
    command.post = post;
    command.expects = expects;
    const Answer answer = book->run(expecting(post_hold(post), expects));
    note(command, answer);
    return answer;
  }
  Answer run(const VoidHoldRequest& request, const std::vector<Expectation>& expects) {
    RandomCommand command;
    command.kind = CommandKind::kVoidHold;
    command.give_back = request;
    command.expects = expects;
    const Answer answer = book->run(expecting(void_hold(request), expects));
    note(command, answer);
    return answer;
  }
  Answer run(const SetTermsRequest& request) {
    RandomCommand command;
    command.kind = CommandKind::kSetTerms;
    command.terms = request;
    const Answer answer = book->run(set_terms(request));
    note(command, answer);
    return answer;
  }
  Balance balance(AccountId id) const {
    return book->read([&](const State& s, std::uint64_t) { return s.balance(id); });
  }
  void open(bool create = false) {
    book.reset();
    BookOptions options;
    options.folder = folder.path();
    options.create = create;
    options.first_date = kFirst;
    options.shards = shards_;
    options.projection_batch = 500;
    auto opened = Book::open(options, clock);
    REQUIRE(opened);
    book = std::move(opened.value());
  }

  /// Tells a one-shard model the commands in the order of the journal: it must say what the callers
  /// were told, and end with the same balances and statements.
  void replay_by_model() {
    BookModel model(kFirst);
    REQUIRE(book->statistics().invariant_violations == 0);
    std::uint64_t wrong = 0;
    std::string first;
    std::vector<RandomCommand> group;  // up to its last item
    std::vector<std::pair<StoredCommand, Answer>> journalled;
    REQUIRE(book->for_each_command_after(1, [&](const StoredCommand& stored) {
      const auto it = told_.find(stored.key);
      if (it == told_.end()) {
        first = fmt::format("entry {} was told to nobody", stored.seq);
        ++wrong;
        return false;
      }
      group.push_back(it->second.first);
      journalled.emplace_back(stored, it->second.second);
      if (stored.linked != group.back().linked) {
        first = fmt::format("entry {} is linked otherwise than it was sent", stored.seq);
        ++wrong;
      }
      if (group.back().linked) return wrong < 10;
      const auto predicted = model.predict(group, clock.now());
      for (std::size_t i = 0; i < group.size(); ++i)
        judge(predicted[i], journalled[i].first, journalled[i].second, wrong, first);
      group.clear();
      journalled.clear();
      return wrong < 10;
    }));
    INFO(first);
    REQUIRE(wrong == 0);
    finish_replay(model);
  }
  static void judge(const Expected& e, const StoredCommand& stored, const Answer& answer,
                    std::uint64_t& wrong, std::string& first) {
    const bool same =
        e.seq == stored.seq && e.code == stored.refusal.code && e.voucher_no == stored.voucher_no &&
        answer.seq == stored.seq && answer.refusal.code == stored.refusal.code &&
        answer.voucher_no == stored.voucher_no && answer.timestamp == stored.timestamp &&
        (e.answer.empty() || answer.answer == e.answer) &&
        (e.detail.empty() || answer.refusal.detail == e.detail);
    if (!same && wrong++ == 0)
      first = fmt::format("entry {} ({}): {} no {}, the model says {} no {} at {}", stored.seq,
                          name_of(stored.kind), name_of(stored.refusal.code), stored.voucher_no,
                          name_of(e.code), e.voucher_no, e.seq);
  }
  void finish_replay(const BookModel& model) const {
    std::uint64_t wrong = 0;
    CHECK(model.last_seq() == book->statistics().last_seq);
    for (std::uint32_t id = 1; id <= model.accounts().size(); ++id) {
      const BookModel::Account& m = model.accounts()[id - 1];
      CHECK(balance(AccountId{id}) == Balance{m.debits, m.credits, m.held_debits, m.held_credits,
                                              m.red_debits, m.red_credits});
      std::size_t n = 0;
      REQUIRE(book->for_each_entry(AccountId{id}, [&](const Entry& entry) {
        const BookModel::Line& line = m.lines.at(n++);
        wrong += entry.seq != line.seq || entry.amount != line.amount ||
                 entry.balance_after != line.after;
        return true;
      }));
      CHECK(n == m.lines.size());
    }
    CHECK(wrong == 0);
  }
  void close_and_verify() {
    book.reset();
    const auto report = verify(folder.path());
    REQUIRE(report);
    CHECK(report.value().first_fault == "");
  }

  test::TempFolder folder;
  ManualClock clock{Timestamp::of_cn(kFirst, 9, 0, 0)};
  std::unique_ptr<Book> book;

 private:
  void note(const RandomCommand& command, const Answer& answer) {
    std::lock_guard lock(mutex_);
    told_[command.key()] = {command, answer};
  }
  unsigned shards_;
  std::mutex mutex_;
  std::map<ClaimKey, std::pair<RandomCommand, Answer>> told_;
};

AccountTerms hot_terms(LimitKind limit = LimitKind::kNone, std::int64_t line = 0) {
  AccountTerms terms;
  terms.limit = limit;
  terms.credit_line = line;
  terms.hot = true;
  return terms;
}

VoucherRequest transfer(std::uint64_t hi, std::uint64_t n, AccountId debit, AccountId credit,
                        std::int64_t amount) {
  VoucherRequest voucher;
  voucher.key = ClaimKey{Id128{hi, n + 1}, CallerId{200}};
  voucher.legs.push_back(Leg{debit, credit, amount});
  return voucher;
}

}  // namespace

TEST_CASE("shards: batches of a random book are answered as the model says on any number") {
  const std::uint64_t commands = setting("SUANPAN_SHARD_COMMANDS", 15'000);
  for (const std::vector<unsigned>& shards :
       std::vector<std::vector<unsigned>>{{2}, {4}, {8}, {4, 1, 8, 2, 1}})
    run_verified({31 + shards.size() + shards[0], shards}, commands);
}

TEST_CASE("shards: with hot accounts, one command after another is answered as the model says") {
  const std::uint64_t commands = setting("SUANPAN_SHARD_COMMANDS", 15'000);
  for (const std::vector<unsigned>& shards :
       std::vector<std::vector<unsigned>>{{1}, {2}, {4}, {8}, {4, 1, 8, 2, 1}})
    run_verified({77 + shards.size() + shards[0], shards, 2, true}, commands / 3);
}

namespace {

// All that the journal keeps of a command, as text.
std::string text_of(const StoredCommand& c) {
  std::string text =
      fmt::format("{} {} {} {} {} {} no {} {} {}:", c.seq, c.timestamp.ns, c.key.hex(),
                  name_of(c.kind), name_of(c.refusal.code), c.refusal.detail, c.voucher_no,
                  c.effects.date.iso(), c.effects.answer);
  for (const Transfer& t : c.effects.transfers)
    text += fmt::format(" {}>{}:{}/{}", t.debit, t.credit, t.amount, static_cast<int>(t.kind));
  for (const Document& d : c.effects.documents)
    text += fmt::format(" {}/{} v{} {} {}", static_cast<int>(d.kind), id_of(d.key).hex(), d.version,
                        d.open, id_of(d.bytes).hex());
  for (const Account& a : c.effects.accounts)
    text += fmt::format(" {} v{} hot {}", a.code, a.version, a.terms.hot);
  for (const Event& e : c.effects.events) text += " " + e.topic + e.payload;
  return text;
}

std::vector<std::string> journal_of(unsigned shards, bool hot) {
  test::RandomBook random(404, 64, shards, hot);
  random.run(900);
  std::vector<std::string> journal;
  REQUIRE(random.book().for_each_command_after(0, [&](const StoredCommand& c) {
    journal.push_back(text_of(c));
    return true;
  }));
  CHECK(random.book().statistics().invariant_violations == 0);
  random.close();
  const auto report = verify(random.folder());
  REQUIRE(report);
  CHECK(report.value().first_fault == "");
  return journal;
}

}  // namespace

TEST_CASE("shards: orders, refunds, payouts and all else leave the same journal on any number") {
  const Watchdog watchdog(std::chrono::seconds(600));
  for (const bool hot : {false, true}) {
    const std::vector<std::string> one = journal_of(1, hot);
    CHECK(one.size() > 1000);
    for (const unsigned shards : {2u, 4u, 8u}) {
      INFO(shards << " shards");
      const std::vector<std::string> many = journal_of(shards, hot);
      REQUIRE(many.size() == one.size());
      for (std::size_t i = 0; i < one.size(); ++i) REQUIRE(many[i] == one[i]);
    }
  }
}

TEST_CASE("shards: one merchant number is one order, in whichever shards it is placed") {
  const Watchdog watchdog(std::chrono::seconds(240));
  Crowd crowd(8);
  for (int i = 0; i < 8; ++i)
    (void)crowd.account("2101/" + std::to_string(i), AccountType::kLiability, {});
  std::atomic<int> accepted{0}, exists{0};
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::uint64_t n = 0; n < 150; ++n) {
        Order order;
        order.order_id = fmt::format("P{}-{}", t, n);
        order.mch_no = "M1";
        order.mch_order_no = std::to_string(n);
        order.amount = Money{100, Currency::kCNY};
        order.lines = {{"line", "2101/" + std::to_string((t + n) % 8), 100}};
        Command place{
            ClaimKey{Id128{t + 1, n + 1}, CallerId{200}},
            CommandKind::kPlaceOrder,
            {{"order", order.order_id}},
            [order](const View& v, const Moment& m) { return plan_place_order(v, order, m); }};
        place.about = Command::About{DocumentKind::kOrder, order.order_id, order.lines[0].account};
        const Answer answer = crowd.book->run(std::move(place));
        accepted += answer.accepted();
        exists += answer.refusal.code == RefusalCode::kOrderExists;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(accepted == 150);
  CHECK(exists == 450);
  crowd.close_and_verify();
}

TEST_CASE("shards: a hot account's last fen is given out once, whoever asks") {
  for (const unsigned shards : {1u, 2u, 4u, 8u}) {
    INFO(shards << " shards");
    const Watchdog watchdog(std::chrono::seconds(240));
    Crowd crowd(shards);
    const AccountId bank = crowd.account("1002", AccountType::kAsset, hot_terms());
    const AccountId merchant =
        crowd.account("2101", AccountType::kLiability, hot_terms(LimitKind::kNotBelowZero));
    const AccountId credit =
        crowd.account("2102", AccountType::kLiability, hot_terms(LimitKind::kCreditLine, 700));
    std::vector<AccountId> owners;
    for (int i = 0; i < 16; ++i)
      owners.push_back(crowd.account("2201/" + std::to_string(i), AccountType::kLiability, {}));
    REQUIRE(crowd.run(transfer(1, 1, bank, merchant, 1'000)).accepted());
    REQUIRE(crowd.run(transfer(1, 2, bank, credit, 300)).accepted());
    std::atomic<int> from_merchant{0}, from_credit{0};
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 6; ++t)
      threads.emplace_back([&, t] {
        for (std::uint64_t n = 0; n < 220; ++n) {
          const AccountId owner = owners[mix64(t * 1000 + n) % owners.size()];
          from_merchant += crowd.run(transfer(10 + t, n, merchant, owner, 1)).accepted();
          from_credit += crowd.run(transfer(20 + t, n, credit, owner, 1)).accepted();
        }
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(from_merchant == 1'000);
    CHECK(from_credit == 1'000);
    CHECK(crowd.balance(merchant).posted(Side::kCredit) == 0);
    CHECK(crowd.balance(credit).posted(Side::kCredit) == -700);
    crowd.replay_by_model();
    crowd.close_and_verify();
  }
}

TEST_CASE("shards: what many callers are told at once, one shard would tell them in that order") {
  for (const unsigned shards : {2u, 4u, 8u}) {
    INFO(shards << " shards");
    const Watchdog watchdog(std::chrono::seconds(240));
    Crowd crowd(shards);
    std::vector<AccountId> accounts;
    for (int i = 0; i < 24; ++i) {
      AccountTerms terms;
      terms.limit = static_cast<LimitKind>(i % 3);
      if (terms.limit == LimitKind::kCreditLine) terms.credit_line = 400;
      terms.hot = i % 4 == 1;
      accounts.push_back(
          crowd.account("2101/" + std::to_string(i), AccountType::kLiability, terms));
    }
    std::atomic<std::uint64_t> accepted{0}, refused{0}, groups_stood{0}, groups_fell{0};
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        std::mt19937_64 random(shards * 100 + t);
        const auto pick = [&](std::uint64_t below) { return random() % below; };
        std::vector<ClaimKey> holds;
        const auto count = [&](const Answer& a) { ++(a.accepted() ? accepted : refused); };
        const auto expectation = [&] {
          const auto low = static_cast<std::int64_t>(pick(100)) - 300;
          return Expectation{
              accounts[pick(accounts.size())], {}, BalanceOf::kAvailable, low, low + 600};
        };
        const auto maybe_expects = [&] { return std::vector<Expectation>(pick(2), expectation()); };
        for (std::uint64_t n = 0; n < 700; ++n) {
          const std::uint64_t what = pick(20);
          const ClaimKey key{Id128{300 + t, n + 1}, CallerId{200}};
          if (what == 0) {
            // A hot account becomes ordinary, an ordinary one hot, under everybody's hands.
            const auto i = pick(accounts.size());
            SetTermsRequest request{key, "2101/" + std::to_string(i), {}, {}};
            request.terms.limit = static_cast<LimitKind>(pick(3));
            if (request.terms.limit == LimitKind::kCreditLine)
              request.terms.credit_line = static_cast<std::int64_t>(pick(600));
            request.terms.hot = pick(2) == 0;
            count(crowd.run(request));
          } else if (what < 4 && !holds.empty()) {
            PostHoldRequest request{key, holds[pick(holds.size())], {}, nullptr};
            if (pick(2) == 0) request.amounts = {static_cast<std::int64_t>(1 + pick(40))};
            count(crowd.run(request, maybe_expects()));
          } else if (what == 4 && !holds.empty()) {
            count(crowd.run(VoidHoldRequest{key, holds[pick(holds.size())]}, maybe_expects()));
          } else {
            const auto draw = [&](std::uint64_t lo) {
              const AccountId debit = accounts[pick(accounts.size())];
              AccountId credit = accounts[pick(accounts.size())];
              while (credit == debit) credit = accounts[pick(accounts.size())];
              VoucherRequest v =
                  transfer(300 + t, lo, debit, credit, static_cast<std::int64_t>(1 + pick(120)));
              v.type = static_cast<VoucherType>(pick(4));
              if (pick(6) != 0) return v;
              VoucherRules rules;
              if (pick(2) == 0) {
                rules.expects.push_back(expectation());
              } else {
                Sweep sweep{0, static_cast<std::uint8_t>(1 + pick(3))};
                if (pick(2) == 0) sweep.at_most = static_cast<std::int64_t>(1 + pick(90));
                rules.sweeps.push_back(sweep);
                v.legs[0].amount = 0;
              }
              v.rules = std::make_shared<const VoucherRules>(std::move(rules));
              return v;
            };
            if (what < 7) {
              std::vector<VoucherRequest> group;
              for (std::uint64_t i = 0, size = 2 + pick(3); i < size; ++i)
                group.push_back(draw(1'000'000 * (i + 1) + n));
              const auto answers = crowd.run(group);
              ++(answers[0].accepted() ? groups_stood : groups_fell);
              continue;
            }
            VoucherRequest voucher = draw(n);
            voucher.hold = pick(4) == 0;
            const Answer answer = crowd.run(voucher);
            if (voucher.hold && answer.accepted()) holds.push_back(voucher.key);
            count(answer);
          }
        }
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(accepted > 500);
    CHECK(refused > 100);
    CHECK(groups_stood > 50);
    CHECK(groups_fell > 50);
    crowd.replay_by_model();
    crowd.open();
    crowd.close_and_verify();
  }
}

TEST_CASE("shards: the same id in the hands of many shards is one command") {
  for (const unsigned shards : {2u, 8u}) {
    const Watchdog watchdog(std::chrono::seconds(240));
    Crowd crowd(shards);
    std::vector<AccountId> accounts;
    for (int i = 0; i < 16; ++i)
      accounts.push_back(crowd.account("2101/" + std::to_string(i), AccountType::kLiability, {}));
    // Everybody sends every id, each with an account of its own: one wins, the others differ.
    std::vector<std::vector<Answer>> answers(4);
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (std::uint64_t n = 0; n < 300; ++n)
          answers[t].push_back(
              crowd.book->run(transfer(5, n, accounts[t], accounts[8 + (t + n) % 8], 2)));
      });
    for (std::thread& thread : threads) thread.join();
    for (std::uint64_t n = 0; n < 300; ++n) {
      int accepted = 0, differ = 0;
      for (const auto& told : answers) {
        accepted += told[n].accepted() && !told[n].replayed;
        differ += told[n].refusal.code == RefusalCode::kIdReusedWithOtherContent;
      }
      CHECK(accepted == 1);
      CHECK(differ == 3);
    }
    std::int64_t sum = 0;
    for (std::uint64_t t = 0; t < 4; ++t) sum += crowd.balance(accounts[t]).debits_posted;
    CHECK(sum == 600);
    crowd.close_and_verify();
  }
}
