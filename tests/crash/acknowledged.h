// What the callers of a process that was ended were told, and whether the book keeps the promise:
// nothing acknowledged is lost, nothing is there twice, what is there is a prefix, verify passes.
#pragma once
#include <catch2/catch.hpp>
#include <map>

#include "ledger/engine/verify.h"
#include "tests/crash/crash_plan.h"

namespace suanpan::test {

class Acknowledged {
 public:
  explicit Acknowledged(std::size_t threads) : acks_(threads) {}

  /// Fails the test on an answer that contradicts an earlier one.
  void note(const Ack& ack) {
    auto& of_thread = acks_.at(ack.thread);
    replays_ += ack.replayed;
    if (ack.n <= of_thread.size()) {
      // Sent again: the first answer again.
      if (ack.replayed == 0 || of_thread[ack.n - 1] != ack.seq)
        FAIL("id " << ack.n << " of thread " << ack.thread << " was answered " << ack.seq
                   << " after " << of_thread[ack.n - 1]);
      return;
    }
    if (ack.n != of_thread.size() + 1) FAIL("id " << ack.n << " after " << of_thread.size());
    of_thread.push_back(ack.seq);
  }

  std::uint64_t acknowledged() const {
    std::uint64_t sum = 0;
    for (const auto& of_thread : acks_) sum += of_thread.size();
    return sum;
  }
  std::uint64_t replays() const { return replays_; }
  /// What each thread goes on with: some ids that were acknowledged, and what was not, again.
  std::vector<std::uint64_t> first_ids() const {
    std::vector<std::uint64_t> firsts;
    for (const auto& of_thread : acks_)
      firsts.push_back(of_thread.size() > 5 ? of_thread.size() - 4 : 1);
    return firsts;
  }

  /// Verifies the book in `folder` as it was left, opens it, and holds it against what was heard.
  void check(const std::filesystem::path& folder) const {
    // A kill may have come before there was anything to verify.
    if (acknowledged() > 0) check_verified(folder);
    const SystemClock clock;
    auto opened = Book::open(crash_options(folder), clock);
    if (!opened) FAIL(opened.error().message);
    Book& book = *opened.value();
    std::map<std::uint32_t, std::vector<std::uint64_t>> seqs;  // by thread, of n = 1, 2, …
    std::map<std::uint32_t, std::pair<std::int64_t, std::int64_t>> sums;
    std::uint64_t last = 0, lines = 0;
    Timestamp before{0};
    std::uint32_t voucher_no = 0;
    REQUIRE(book.for_each_command_after(0, [&](const StoredCommand& c) {
      // A prefix: no sequence is missing, time rises, voucher numbers have no gap.
      if (c.seq != last + 1 || c.timestamp <= before) FAIL("after seq " << last << ": " << c.seq);
      last = c.seq;
      before = c.timestamp;
      if (c.kind != CommandKind::kVoucher) return true;
      if (c.voucher_no != ++voucher_no) FAIL("voucher number " << c.voucher_no);
      const std::uint32_t thread = c.key.caller.value - kFirstCaller;
      auto& of_thread = seqs[thread];
      // Each id once, none left out: a thread sends them in order.
      if (c.key.id.lo != of_thread.size() + 1)
        FAIL("thread " << thread << " has id " << c.key.id.lo << " after " << of_thread.size());
      of_thread.push_back(c.seq);
      const VoucherRequest asked = crash_voucher(thread, c.key.id.lo);
      REQUIRE(c.effects.transfers.size() == asked.legs.size());
      for (const Leg& leg : asked.legs) {
        sums[leg.debit.value].first += leg.amount;
        sums[leg.credit.value].second += leg.amount;
        lines += 2;
      }
      return true;
    }));
    for (std::size_t t = 0; t < acks_.size(); ++t) {
      const auto& journalled = seqs[static_cast<std::uint32_t>(t)];
      if (journalled.size() < acks_[t].size())
        FAIL("thread " << t << ": " << acks_[t].size() << " acknowledged, " << journalled.size()
                       << " found");
      for (std::size_t i = 0; i < acks_[t].size(); ++i)
        if (journalled[i] != acks_[t][i])
          FAIL("thread " << t << ", id " << i + 1 << ": acknowledged as " << acks_[t][i]
                         << ", found as " << journalled[i]);
      // By the id index, too.
      for (std::size_t i = 0; i < acks_[t].size(); i += 1 + acks_[t].size() / 50) {
        const auto found = book.find(crash_voucher(static_cast<std::uint32_t>(t), i + 1).key);
        REQUIRE(found);
        REQUIRE(found.value());
        CHECK(found.value()->seq == acks_[t][i]);
      }
    }
    book.read([&](const State& state, std::uint64_t seq) {
      CHECK(seq == last);
      for (const auto& [id, sum] : sums)
        CHECK(state.balance(AccountId{id}) == Balance{sum.first, sum.second});
    });
    std::uint64_t found = 0;
    for (std::uint32_t id = 1; id <= kCrashAccounts && last > 10; ++id) {
      std::int64_t after = 0;
      REQUIRE(book.for_each_entry(AccountId{id}, [&](const Entry& e) {
        after += e.side == 0 ? e.amount : -e.amount;
        if (e.balance_after != after) FAIL("account " << id << " at " << e.seq);
        ++found;
        return true;
      }));
    }
    if (last > 10) CHECK(found == lines);
    opened.value().reset();
    check_verified(folder);
  }

 private:
  static void check_verified(const std::filesystem::path& folder) {
    const auto report = verify(folder);
    if (!report) FAIL("verify: " << report.error().message);
    if (!report.value().ok) FAIL("verify: " << report.value().first_fault);
  }

  std::vector<std::vector<std::uint64_t>> acks_;  // by thread: seq of n = 1, 2, …
  std::uint64_t replays_ = 0;
};

}  // namespace suanpan::test
