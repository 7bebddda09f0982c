// How a worker asks for the items of the plan: in batches that split no group, by the clock of the
// load.
#pragma once
#include <atomic>
#include <functional>
#include <future>
#include <thread>
#include <vector>

#include "tests/crash/crash_plan.h"

namespace suanpan::test {

/// The business clock. It goes by what the slowest thread asks for, so that no hold is asked for
/// after its time, and each one's time comes. Thread-safe.
class LoadClock final : public Clock {
 public:
  explicit LoadClock(const std::vector<std::uint64_t>& firsts) : begun_(firsts.size()) {
    for (std::size_t i = 0; i < firsts.size(); ++i) begun_[i] = firsts[i];
  }
  Timestamp now() const override {
    std::uint64_t slowest = ~std::uint64_t{0};
    for (const auto& n : begun_) slowest = std::min(slowest, n.load());
    return crash_time(slowest);
  }
  void begins(std::size_t thread, std::uint64_t n) { begun_[thread] = n; }

 private:
  std::vector<std::atomic<std::uint64_t>> begun_;  // by thread: the first item of its last batch
};

/// Items that are asked for at once.
struct CrashBatch {
  std::uint64_t first = 0;
  std::vector<CrashItem> items;
  Groups groups;
};

/// The items from `first` on, at most `size` of them, but for the rest of a group that has begun.
inline CrashBatch crash_batch(std::uint32_t thread, std::uint64_t first, std::uint64_t size) {
  CrashBatch batch{first, {}, {}};
  bool linked = false, ends = false;
  for (std::uint64_t n = first; linked || (!ends && batch.items.size() < size); ++n) {
    if (linked)
      ++batch.groups.back().count;
    else if (crash_linked(n))
      batch.groups.push_back({static_cast<std::uint32_t>(batch.items.size()), 1});
    linked = crash_linked(n);
    ends = crash_ends_batch(n);
    batch.items.push_back(crash_item(thread, n));
  }
  return batch;
}

inline Book::Answers ask(Book& book, std::uint32_t thread, const CrashBatch& batch,
                         const std::function<void(const Book::Answers&)>& told = {}) {
  std::vector<VoucherRequest> vouchers;
  std::vector<Command> commands;
  bool only_vouchers = true;
  for (const CrashItem& item : batch.items) {
    const ClaimKey hold = crash_key(thread, item.hold);
    switch (item.kind) {
      case CrashItem::Kind::kVoucher:
        vouchers.push_back(item.voucher);
        commands.push_back(post_voucher(item.voucher));
        break;
      case CrashItem::Kind::kPost: {
        PostHoldRequest request{item.key, hold, {}, nullptr};
        if (item.amount != 0) request.amounts = {item.amount};
        commands.push_back(post_hold(std::move(request)));
        break;
      }
      case CrashItem::Kind::kVoid:
        commands.push_back(void_hold({item.key, hold}));
        break;
    }
    only_vouchers = only_vouchers && item.kind == CrashItem::Kind::kVoucher;
  }
  std::promise<Book::Answers> promise;
  const auto done = [&](Book::Answers answers) {
    if (told) told(answers);
    promise.set_value(std::move(answers));
  };
  while (!(only_vouchers ? book.submit(vouchers, done, batch.groups)
                         : book.submit(commands, done, batch.groups)))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return promise.get_future().get();
}

/// What the caller of item n was told.
inline Ack ack_of(std::uint32_t thread, std::uint64_t n, const Answer& answer) {
  Ack ack;
  ack.thread = thread;
  ack.replayed = answer.replayed ? 1 : 0;
  ack.n = n;
  ack.seq = answer.seq;
  ack.timestamp_ns = answer.timestamp.ns;
  ack.voucher_no = answer.voucher_no;
  ack.refusal = static_cast<std::uint32_t>(answer.refusal.code);
  return ack;
}

/// Cuts the open day: its root is signed and written before that is answered. False: refused.
inline bool cut_day(Book& book) {
  const Date next = book.read(
      [](const State& s, std::uint64_t) { return s.book().accounting_date.plus_days(1); });
  const ClaimKey key{Id128{3, static_cast<std::uint64_t>(next.days)}, CallerId{kFirstCaller}};
  return book.run(day_cut({key, next})).accepted();
}

}  // namespace suanpan::test
