// What the callers of a process that was ended were told, and whether the book keeps the promise:
// nothing acknowledged is lost, nothing is there twice, what is there is a prefix, what was refused
// stays refused, balances and holds are what all that is there comes to, verify passes.
#pragma once
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "ledger/core/hold.h"
#include "ledger/engine/verify.h"
#include "tests/crash/crash_load.h"
#include "tests/crash/reckoning.h"

namespace suanpan::test {

/// The journal of a recovered book, read in order and held against what the plan must come to.
class ReadJournal {
 public:
  struct HoldNow {
    Leg leg;
    std::int64_t left = 0;
    Timestamp expires_at;
    HoldState state = HoldState::kOpen;
  };

  explicit ReadJournal(std::vector<Reckoning>& reckonings)
      : items_(reckonings.size()), reckonings_(reckonings) {}

  /// The next command; fails the test if it is not what may stand there.
  void take(const StoredCommand& c) {
    // A prefix: no sequence is missing, time rises, voucher numbers of a month have no gap.
    if (c.seq != last_ + 1 || c.timestamp <= time_) FAIL("after seq " << last_ << ": " << c.seq);
    last_ = c.seq;
    time_ = c.timestamp;
    if (c.voucher_no != 0 && c.voucher_no != ++numbers_[c.effects.date.month_key()])
      FAIL("seq " << c.seq << " has voucher number " << c.voucher_no);
    if (c.key.id.hi == kItemIds && c.key.caller.value >= kFirstCaller) return take_item(c);
    if (c.refusal.code != RefusalCode::kNone) FAIL("seq " << c.seq << " is refused");
    if (c.kind == CommandKind::kExpireHold) take_expiry(c);
    if (c.kind == CommandKind::kDayCut) {
      day_ = day_.plus_days(1);
      ++cuts_;
      if (!c.effects.book || c.effects.book->accounting_date != day_)
        FAIL("a day cut at " << c.seq);
    }
  }

  std::uint64_t last() const { return last_; }
  std::uint64_t cuts() const { return cuts_; }
  std::uint64_t lines() const { return lines_; }
  std::uint64_t expired() const { return expired_; }
  /// By thread: what the caller of n = 1, 2, … was told, or would have been.
  const std::vector<std::vector<Ack>>& items() const { return items_; }
  const std::map<ClaimKey, HoldNow>& holds() const { return holds_; }
  Balance balance(AccountId account) const {
    const auto found = balances_.find(account.value);
    return found == balances_.end() ? Balance{} : found->second;
  }

 private:
  void take_item(const StoredCommand& c) {
    const std::uint32_t thread = c.key.caller.value - kFirstCaller;
    auto& of_thread = items_.at(thread);
    const std::uint64_t n = c.key.id.lo;
    // Each id once, none left out: a thread sends them in order.
    if (n != of_thread.size() + 1)
      FAIL("thread " << thread << " has id " << n << " after " << of_thread.size());
    INFO("seq " << c.seq << ", thread " << thread << ", id " << n);
    const CrashItem asked = crash_item(thread, n);
    const Reckoned& told = reckonings_[thread].of(n);
    const CommandKind kinds[] = {CommandKind::kVoucher, CommandKind::kPostHold,
                                 CommandKind::kVoidHold};
    if (c.kind != kinds[static_cast<int>(asked.kind)]) FAIL("another kind of command");
    if (c.refusal.code != told.refusal || c.refusal.detail != told.detail)
      FAIL("told " << name_of(c.refusal.code) << " " << c.refusal.detail << ", must be told "
                   << name_of(told.refusal) << " " << told.detail);
    if (!std::equal(told.moves.begin(), told.moves.end(), c.effects.transfers.begin(),
                    c.effects.transfers.end()))
      FAIL("other movements");
    if ((c.voucher_no != 0) != told.numbered) FAIL("voucher number " << c.voucher_no);
    if (c.effects.date != day_) FAIL("dated " << c.effects.date.iso());
    if (c.linked != crash_linked(n)) FAIL("another group");
    for (const Transfer& t : c.effects.transfers) book(t);
    if (told.refusal == RefusalCode::kNone) take_hold(c, thread, asked);
    of_thread.push_back({thread, 0, n, c.seq, c.timestamp.ns, c.voucher_no,
                         static_cast<std::uint32_t>(c.refusal.code)});
  }

  void take_hold(const StoredCommand& c, std::uint32_t thread, const CrashItem& asked) {
    if (asked.kind == CrashItem::Kind::kVoucher) {
      if (!asked.voucher.hold) return;
      const Leg& leg = asked.voucher.legs[0];
      holds_[c.key] = HoldNow{leg, leg.amount, asked.voucher.expires_at};
      return;
    }
    HoldNow& hold = holds_.at(crash_key(thread, asked.hold));
    hold.left -= c.effects.transfers[0].amount;
    if (asked.kind == CrashItem::Kind::kVoid) hold.state = HoldState::kVoided;
    if (asked.kind == CrashItem::Kind::kPost && hold.left == 0) hold.state = HoldState::kPosted;
  }

  // A command of the book's own: once for a hold, not before its time, all that it holds.
  void take_expiry(const StoredCommand& c) {
    const auto found = holds_.find(c.effects.ref);
    if (found == holds_.end()) FAIL("seq " << c.seq << " expires what is no hold");
    HoldNow& hold = found->second;
    if (hold.state != HoldState::kOpen || hold.expires_at.ns == 0 || c.timestamp < hold.expires_at)
      FAIL("seq " << c.seq << " expires a hold that was not due");
    const Transfer back{hold.leg.debit, hold.leg.credit, hold.left, TransferKind::kVoidPending};
    if (c.effects.transfers.size() != 1 || c.effects.transfers[0] != back || c.voucher_no != 0)
      FAIL("seq " << c.seq << " gives back something else");
    book(back);
    hold.left = 0;
    hold.state = HoldState::kExpired;
    ++expired_;
  }

  void book(const Transfer& t) {
    move(balances_[t.debit.value], t, Side::kDebit);
    move(balances_[t.credit.value], t, Side::kCredit);
    if (t.kind == TransferKind::kPosted || t.kind == TransferKind::kPostPending) lines_ += 2;
  }

  std::vector<std::vector<Ack>> items_;
  std::vector<Reckoning>& reckonings_;
  std::uint64_t last_ = 0, cuts_ = 0, lines_ = 0, expired_ = 0;
  Timestamp time_{0};
  Date day_ = crash_options({}).first_date;
  std::map<std::uint32_t, std::uint32_t> numbers_;  // by month
  std::map<std::uint32_t, Balance> balances_;
  std::map<ClaimKey, HoldNow> holds_;
};

class Acknowledged {
 public:
  explicit Acknowledged(std::size_t threads) : acks_(threads) {
    for (std::uint32_t t = 0; t < threads; ++t) reckonings_.emplace_back(t);
  }

  /// Fails the test on an answer that contradicts the plan, or an earlier one.
  void note(const Ack& ack) {
    auto& of_thread = acks_.at(ack.thread);
    const RefusalCode must = reckonings_.at(ack.thread).of(ack.n).refusal;
    if (ack.refusal != static_cast<std::uint32_t>(must))
      FAIL("id " << ack.n << " of thread " << ack.thread << " was told " << ack.refusal
                 << ", must be told " << name_of(must));
    replays_ += ack.replayed;
    if (ack.n <= of_thread.size()) {
      // Sent again: the first answer again.
      if (ack.replayed == 0 || !same(of_thread[ack.n - 1], ack))
        FAIL("id " << ack.n << " of thread " << ack.thread << " was answered " << ack.seq
                   << " after " << of_thread[ack.n - 1].seq);
      return;
    }
    if (ack.n != of_thread.size() + 1) FAIL("id " << ack.n << " after " << of_thread.size());
    of_thread.push_back(ack);
    refused_ += ack.refusal != 0;
  }

  std::uint64_t acknowledged() const {
    std::uint64_t sum = 0;
    for (const auto& of_thread : acks_) sum += of_thread.size();
    return sum;
  }
  std::uint64_t replays() const { return replays_; }
  std::uint64_t refused() const { return refused_; }
  /// Holds that had expired when the book was checked last.
  std::uint64_t expired() const { return expired_; }
  /// What each thread goes on with, where a round begins: some ids that were acknowledged, and what
  /// was not, again.
  std::vector<std::uint64_t> first_ids() const {
    std::vector<std::uint64_t> firsts;
    for (const auto& of_thread : acks_)
      firsts.push_back(of_thread.size() > 5 ? round_of(of_thread.size() - 4) : 1);
    return firsts;
  }

  /// Verifies the book in `folder` as it was left, opens it, and holds it against what was heard.
  void check(const std::filesystem::path& folder) {
    // A kill may have come before there was anything to verify.
    if (acknowledged() > 0) check_verified(folder);
    ManualClock clock(crash_time(1));
    auto opened = Book::open(crash_options(folder), clock);
    if (!opened) FAIL(opened.error().message);
    Book& book = *opened.value();
    expire_what_is_due(book, clock);
    ReadJournal journal(reckonings_);
    REQUIRE(book.for_each_command_after(0, [&](const StoredCommand& c) {
      journal.take(c);
      return true;
    }));
    check_answers(book, journal);
    check_resends(book, journal);
    check_state(book, journal, clock.now());
    check_entries(book, journal);
    expired_ = journal.expired();
    check_roots(folder, journal.cuts());
    opened.value().reset();
    check_verified(folder);
  }

 private:
  static bool same(const Ack& a, const Ack& b) {
    return a.thread == b.thread && a.n == b.n && a.seq == b.seq &&
           a.timestamp_ns == b.timestamp_ns && a.voucher_no == b.voucher_no &&
           a.refusal == b.refusal;
  }

  // It is later for the book than for any command in it; who opens it again gets that done.
  static void expire_what_is_due(const Book& book, ManualClock& clock) {
    std::optional<StoredCommand> last;
    REQUIRE(book.for_each_command_after(book.last_seq() - 1, [&](const StoredCommand& c) {
      last = c;
      return true;
    }));
    REQUIRE(last);
    clock.set(std::max(clock.now(), last->timestamp));
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!book.read([&](const State& state, std::uint64_t) {
      return state.due_holds(clock.now(), 1).empty();
    })) {
      if (std::chrono::steady_clock::now() > give_up) FAIL("a hold that is due does not expire");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  void check_answers(const Book& book, const ReadJournal& journal) const {
    for (std::size_t t = 0; t < acks_.size(); ++t) {
      const auto& journalled = journal.items()[t];
      if (journalled.size() < acks_[t].size())
        FAIL("thread " << t << ": " << acks_[t].size() << " acknowledged, " << journalled.size()
                       << " found");
      for (std::size_t i = 0; i < acks_[t].size(); ++i)
        if (!same(journalled[i], acks_[t][i]))
          FAIL("thread " << t << ", id " << i + 1 << ": acknowledged as " << acks_[t][i].seq
                         << ", found as " << journalled[i].seq);
      // By the id index, too.
      for (std::size_t i = 0; i < acks_[t].size(); i += 1 + acks_[t].size() / 50) {
        const auto found = book.find(crash_key(static_cast<std::uint32_t>(t), i + 1));
        REQUIRE(found);
        REQUIRE(found.value());
        CHECK(found.value()->seq == acks_[t][i].seq);
        CHECK(static_cast<std::uint32_t>(found.value()->refusal.code) == acks_[t][i].refusal);
      }
    }
  }

  // Asked for again, what is there is told again and not done again: of each thread the newest
  // items and the oldest.
  static void check_resends(Book& book, const ReadJournal& journal) {
    for (std::uint32_t t = 0; t < journal.items().size(); ++t) {
      const auto& journalled = journal.items()[t];
      for (const std::uint64_t last :
           {std::min<std::uint64_t>(journalled.size(), kRoundItems), journalled.size()}) {
        if (last == 0) continue;
        for (std::uint64_t n = round_of(last); n <= last;)
          for (const Answer& answer : ask(book, t, crash_batch(t, n, last - n + 1))) {
            const Ack again = ack_of(t, n, answer);
            if (n > last || again.replayed == 0 || !same(again, journalled[n - 1]))
              FAIL("thread " << t << ", id " << n << " is told something else when sent again");
            ++n;
          }
      }
    }
    CHECK(book.last_seq() == journal.last());
  }

  void check_state(const Book& book, const ReadJournal& journal, Timestamp now) const {
    std::size_t open = 0, at = 0;
    for (const auto& [key, hold] : journal.holds()) {
      const bool is_open = hold.state == HoldState::kOpen;
      open += is_open;
      if (is_open && hold.expires_at.ns != 0 && hold.expires_at <= now)
        FAIL("hold " << key.hex() << " has not expired");
      // All that are open, and some of the others: those are read one by one.
      if (!is_open && at++ % (1 + journal.holds().size() / 50) != 0) continue;
      const DocumentPtr stored = book.document(DocumentKind::kHold, key.bytes());
      const auto is = stored ? decode_hold(stored->bytes) : std::nullopt;
      INFO("hold " << key.hex());
      REQUIRE(is);
      CHECK(is->state == hold.state);
      CHECK(is->expires_at == hold.expires_at);
      REQUIRE(is->legs.size() == 1);
      CHECK(is->legs[0] == HoldLeg{hold.leg.debit, hold.leg.credit, hold.leg.amount, hold.left});
    }
    book.read([&](const State& state, std::uint64_t seq) {
      CHECK(seq == journal.last());
      CHECK(state.open_documents(DocumentKind::kHold).size() == open);
      for (const Account& account : state.accounts()) {
        INFO("account " << account.code);
        CHECK(state.balance(account.id) == journal.balance(account.id));
      }
    });
  }

  void check_entries(const Book& book, const ReadJournal& journal) const {
    const std::size_t accounts =
        book.read([](const State& state, std::uint64_t) { return state.accounts().size(); });
    std::uint64_t found = 0;
    for (std::uint32_t id = 1; id <= accounts; ++id) {
      const bool purse = id > kSharedAccounts;  // grows by credits, and never falls below zero
      std::int64_t after = 0;
      REQUIRE(book.for_each_entry(AccountId{id}, [&](const Entry& e) {
        after += (e.side == 0) != purse ? e.amount : -e.amount;
        if (e.balance_after != after || (purse && after < 0))
          FAIL("account " << id << " at " << e.seq);
        ++found;
        return true;
      }));
    }
    CHECK(found == journal.lines());
  }

  // A line for each day that was cut. What it says is for verify to judge.
  static void check_roots(const std::filesystem::path& folder, std::uint64_t cuts) {
    std::ifstream roots(folder / "roots", std::ios::binary);
    const auto lines = std::count(std::istreambuf_iterator<char>(roots), {}, '\n');
    CHECK(static_cast<std::uint64_t>(lines) == cuts);
  }

  static void check_verified(const std::filesystem::path& folder) {
    const auto report = verify(folder);
    if (!report) FAIL("verify: " << report.error().message);
    if (!report.value().ok) FAIL("verify: " << report.value().first_fault);
  }

  std::vector<std::vector<Ack>> acks_;  // by thread: of n = 1, 2, …
  std::vector<Reckoning> reckonings_;   // by thread
  std::uint64_t replays_ = 0, refused_ = 0, expired_ = 0;
};

}  // namespace suanpan::test
