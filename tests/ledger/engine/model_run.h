// Drives a book with random commands and holds every answer, balance and statement against an
// independent model, with restarts.
#pragma once
#include <catch2/catch.hpp>
#include <cstdlib>
#include <future>
#include <thread>

#include "ledger/core/hold.h"
#include "ledger/engine/expecting.h"
#include "tests/support/random_book.h"
#include "tests/support/temp_folder.h"

namespace suanpan::test {

inline std::uint64_t setting(const char* name, std::uint64_t usual) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : usual;
}

/// How a random book is driven.
struct ModelRunOptions {
  std::uint64_t seed = 1;
  std::vector<unsigned> shards = {1};  ///< by turns, at each reopening
  std::uint64_t hot = 0;               ///< one account in so many is hot
  bool one_by_one = false;             ///< each command is answered before the next one
};

class ModelRun {
 public:
  explicit ModelRun(ModelRunOptions options)
      : options_(std::move(options)),
        clock_(Timestamp::of_cn(*Date::of(2026, 3, 4), 9, 0, 0)),
        model_(*Date::of(2026, 3, 4)),
        stream_(options_.seed, options_.hot) {
    open(true);
    // A few accounts to begin with.
    for (std::uint32_t i = 1; i <= 12; ++i) {
      RandomCommand c;
      c.kind = CommandKind::kOpenAccount;
      c.open.key = ClaimKey{Id128{77, i}, CallerId{100}};
      c.open.code = "1002/" + std::to_string(i);
      c.open.type = static_cast<AccountType>(1 + i % 5);
      if (i % 3 == 0) c.open.terms.limit = LimitKind::kNotBelowZero;
      if (i == 12) c.open.currency = Currency::kUSD;
      submit({c});
    }
  }

  void go(std::uint64_t commands) {
    std::uint64_t next_check = 4000;
    while (count_ < commands) {
      const std::vector<RandomCommand> batch = stream_.batch(model_, clock_.now());
      if (options_.one_by_one)
        for (std::size_t i = 0, end = 0; i < batch.size(); i = end) {
          end = i + together(batch, i);
          submit({batch.begin() + static_cast<std::ptrdiff_t>(i),
                  batch.begin() + static_cast<std::ptrdiff_t>(end)});
        }
      else
        submit(batch);
      if (stream_.below(4) == 0)
        clock_.advance_seconds(static_cast<std::int64_t>(stream_.below(30)));
      if (count_ < next_check) continue;
      next_check += 4000;
      compare();
      if (stream_.below(2) == 0) {
        open(false);
        compare();
      }
    }
    open(false);
    compare();
  }

  const std::filesystem::path& folder() const { return folder_.path(); }
  void close() { book_.reset(); }

 private:
  void open(bool create) {
    book_.reset();
    BookOptions options;
    options.folder = folder_.path();
    options.create = create;
    if (create) options.first_date = *Date::of(2026, 3, 4);
    options.shards = options_.shards[openings_++ % options_.shards.size()];
    options.projection_batch = 100 + stream_.below(3000);
    auto opened = Book::open(options, clock_);
    if (!opened) FAIL("seed " << options_.seed << ": " << opened.error().message);
    book_ = std::move(opened.value());
  }

  Command command_of(const RandomCommand& c) { return expecting(plain_command_of(c), c.expects); }

  Command plain_command_of(const RandomCommand& c) {
    switch (c.kind) {
      case CommandKind::kVoucher:
        return post_voucher(c.voucher);
      case CommandKind::kPostHold:
        return post_hold(c.post);
      case CommandKind::kVoidHold:
        return void_hold(c.give_back);
      case CommandKind::kReversal: {
        auto command = reversal(*book_, c.reversal);
        REQUIRE(command);
        return std::move(command.value());
      }
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

  void submit(const std::vector<RandomCommand>& batch) {
    std::promise<Book::Answers> promise;
    const auto done = [&](Book::Answers answers) { promise.set_value(std::move(answers)); };
    bool taken = false;
    Groups groups;
    for (std::uint32_t i = 0; i < batch.size();) {
      const auto size = static_cast<std::uint32_t>(together(batch, i));
      if (size > 1) groups.push_back({i, size});
      i += size;
    }
    if (std::all_of(batch.begin(), batch.end(),
                    [](const RandomCommand& c) { return c.kind == CommandKind::kVoucher; })) {
      std::vector<VoucherRequest> vouchers;
      for (const RandomCommand& c : batch) vouchers.push_back(c.voucher);
      taken = book_->submit(std::move(vouchers), done, groups);
    } else {
      std::vector<Command> commands;
      for (const RandomCommand& c : batch) commands.push_back(command_of(c));
      taken = book_->submit(std::move(commands), done, groups);
    }
    REQUIRE(taken);
    const Timestamp now = clock_.now();
    model_.expire(now);
    const Book::Answers answers = promise.get_future().get();
    REQUIRE(answers.size() == batch.size());
    std::vector<Expected> told;
    for (std::size_t i = 0; i < batch.size(); i = told.size())
      for (Expected& e : model_.predict(std::span(batch).subspan(i, together(batch, i)), now))
        told.push_back(std::move(e));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      ++count_;
      const Expected& e = told[i];
      const Answer& a = answers[i];
      const bool same = a.refusal.code == e.code && a.replayed == e.replayed && a.seq == e.seq &&
                        a.voucher_no == e.voucher_no &&
                        (e.detail.empty() || a.refusal.detail == e.detail) &&
                        (e.answer.empty() || a.answer == e.answer);
      if (same) continue;
      FAIL("seed " << options_.seed << ", command " << count_ << " (" << name_of(batch[i].kind)
                   << " " << batch[i].key().hex() << "): " << name_of(a.refusal.code) << " '"
                   << a.refusal.detail << "' seq " << a.seq << " no " << a.voucher_no
                   << (a.replayed ? " again" : "") << "; the model says " << name_of(e.code) << " '"
                   << e.detail << "' seq " << e.seq << " no " << e.voucher_no
                   << (e.replayed ? " again" : ""));
    }
  }

  void compare() {
    INFO("seed " << options_.seed << " after " << count_ << " commands");
    // Only a command brings the clock to the book for certain; the model follows the idle book.
    model_.expire(clock_.now());
    for (int i = 0; i < 500 && book_->statistics().last_seq < model_.last_seq(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    REQUIRE(book_->statistics().last_seq == model_.last_seq());
    REQUIRE(book_->statistics().invariant_violations == 0);
    book_->read([&](const State& state, std::uint64_t seq) {
      CHECK(seq == model_.last_seq());
      CHECK(state.book().accounting_date == model_.day());
      CHECK(state.book().closed_through == model_.closed());
      REQUIRE(state.accounts().size() == model_.accounts().size());
      std::int64_t debits = 0, credits = 0;
      for (std::uint32_t id = 1; id <= model_.accounts().size(); ++id) {
        const BookModel::Account& m = model_.accounts()[id - 1];
        const Account& a = *state.account(AccountId{id});
        CHECK(a.code == m.code);
        CHECK(a.terms == m.terms);
        CHECK(a.version == m.version);
        const Balance& b = state.balance(AccountId{id});
        CHECK(b == Balance{m.debits, m.credits, m.held_debits, m.held_credits, m.red_debits,
                           m.red_credits});
        debits += b.debits_posted;
        credits += b.credits_posted;
      }
      CHECK(debits == credits);
      std::size_t open = 0;
      for (const auto& [key, held] : model_.holds()) {
        const auto document = state.document(DocumentKind::kHold, key.bytes());
        REQUIRE(document);
        const auto hold = decode_hold(document->bytes);
        REQUIRE(hold);
        CHECK(static_cast<int>(hold->state) == static_cast<int>(held.state) + 1);
        for (std::size_t i = 0; i < held.legs.size(); ++i)
          CHECK(hold->legs[i].remaining == held.legs[i].amount);
        open += held.state == BookModel::HoldIs::kOpen;
      }
      CHECK(state.open_documents(DocumentKind::kHold).size() == open);
    });
    for (std::uint32_t id = 1; id <= model_.accounts().size(); ++id) statement(AccountId{id});
  }

  void statement(AccountId id) {
    const BookModel::Account& m = model_.accounts()[id.value - 1];
    std::size_t n = 0;
    EntryPosition at;
    for (;;) {
      const auto page = book_->entries(id, at, 997);
      REQUIRE(page);
      if (page.value().empty()) break;
      for (const Entry& e : page.value()) {
        REQUIRE(n < m.lines.size());
        const BookModel::Line& line = m.lines[n++];
        const bool same = e.seq == line.seq && e.amount == line.amount &&
                          e.balance_after == line.after && e.date_days == line.date.days &&
                          (e.side == 0) == line.debit;
        if (!same) FAIL("seed " << options_.seed << ": account " << id.value << ", line " << n);
        at = EntryPosition{e.seq, e.sub};
      }
    }
    CHECK(n == m.lines.size());
    const std::uint64_t seq = stream_.below(model_.last_seq() + 1);
    const Date day = model_.day().plus_days(-static_cast<int>(stream_.below(10)));
    Balance at_seq, on_day;
    for (const BookModel::Line& line : m.lines) {
      const auto add = [&](Balance& b) {
        (line.debit ? b.debits_posted : b.credits_posted) += line.amount;
        if (line.amount < 0) (line.debit ? b.debits_red : b.credits_red) += line.amount;
      };
      if (line.seq <= seq) add(at_seq);
      if (line.date <= day) add(on_day);
    }
    CHECK(book_->balance_at(id, seq).value() == at_seq);
    CHECK(book_->balance_on(id, day).value() == on_day);
  }

  ModelRunOptions options_;
  std::size_t openings_ = 0;
  test::TempFolder folder_;
  ManualClock clock_;
  BookModel model_;
  test::CommandStream stream_;
  std::unique_ptr<Book> book_;
  std::uint64_t count_ = 0;
};

}  // namespace suanpan::test
