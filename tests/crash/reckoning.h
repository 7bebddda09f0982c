// What the items of the plan must come to, reckoned without the ledger: nothing but a thread's own
// purse decides what its items are told, so that every answer is known beforehand, and every
// movement with it.
#pragma once
#include <map>
#include <vector>

#include "ledger/base/check.h"
#include "tests/crash/crash_plan.h"

namespace suanpan::test {

/// What one item of the plan is told, and what it moves.
struct Reckoned {
  RefusalCode refusal = RefusalCode::kNone;
  std::string detail;
  /// Accepted: as the journal must have them. Refused: the legs as they were asked for.
  std::vector<Transfer> moves;
  bool numbered = false;  ///< it posts money, and so takes a voucher number
};

/// The items of one thread, in their order.
class Reckoning {
 public:
  explicit Reckoning(std::uint32_t thread) : thread_(thread) {}

  /// Of item n = 1, 2, …; in any order.
  const Reckoned& of(std::uint64_t n) {
    while (done_.size() < n) next_group();
    return done_[n - 1];
  }

 private:
  struct Hold {
    Leg leg;
    std::int64_t left = 0;
    bool posted = false, voided = false;
  };
  struct Purse {
    std::int64_t has = 0, held = 0;
    std::map<std::uint64_t, Hold> holds;  // of this round, by n
  };

  // One item, or several that stand or fall together.
  void next_group() {
    const std::uint64_t first = done_.size() + 1;
    std::uint64_t last = first;
    while (crash_linked(last)) ++last;
    if (round_of(first) == first) purse_.holds.clear();
    Purse after = purse_;
    std::vector<Reckoned> told;
    std::size_t failed = 0;
    for (std::uint64_t n = first; n <= last; ++n) {
      told.push_back(reckon(n, after));
      if (told.back().refusal == RefusalCode::kNone || failed != 0) continue;
      failed = n - first + 1;
    }
    if (failed == 0) {
      purse_ = std::move(after);
    } else {
      for (std::size_t place = 0; place < told.size(); ++place) {
        if (place + 1 == failed) continue;
        told[place].refusal = RefusalCode::kGroupFailed;
        told[place].detail = std::to_string(failed - 1);
      }
      for (Reckoned& item : told) {
        item.numbered = false;
        for (Transfer& move : item.moves) move.kind = TransferKind::kNone;
      }
    }
    done_.insert(done_.end(), told.begin(), told.end());
  }

  Reckoned reckon(std::uint64_t n, Purse& purse) const {
    const CrashItem item = crash_item(thread_, n);
    return item.kind == CrashItem::Kind::kVoucher ? voucher(n, item.voucher, purse)
                                                  : finish(item, purse);
  }

  Reckoned voucher(std::uint64_t n, const VoucherRequest& asked, Purse& purse) const {
    Reckoned told;
    std::int64_t in = 0, out = 0;
    for (const Leg& leg : asked.legs) {
      told.moves.push_back({leg.debit, leg.credit, leg.amount,
                            asked.hold ? TransferKind::kPending : TransferKind::kPosted});
      if (leg.credit == purse_of(thread_)) in += leg.amount;
      if (leg.debit == purse_of(thread_)) out += leg.amount;
    }
    if (out > purse.has - purse.held) {
      told.refusal = RefusalCode::kBelowLimit;
      told.detail = crash_code(purse_of(thread_));
      for (Transfer& move : told.moves) move.kind = TransferKind::kNone;
      return told;
    }
    if (asked.hold) {
      CHECK_OR_DIE(asked.legs.size() == 1 && in == 0, "a hold of the plan has one leg");
      purse.held += out;
      purse.holds[n] = Hold{asked.legs[0], asked.legs[0].amount};
    } else {
      purse.has += in - out;
      told.numbered = true;
    }
    return told;
  }

  // Posts a part of a hold or all that is left, or gives that back.
  Reckoned finish(const CrashItem& item, Purse& purse) const {
    Reckoned told;
    Hold& hold = purse.holds.at(item.hold);
    if (hold.posted || hold.voided) {
      told.refusal =
          hold.posted ? RefusalCode::kHoldAlreadyPosted : RefusalCode::kHoldAlreadyVoided;
      told.detail = crash_key(thread_, item.hold).hex();
      return told;
    }
    const bool posts = item.kind == CrashItem::Kind::kPost;
    const std::int64_t amount = posts && item.amount != 0 ? item.amount : hold.left;
    CHECK_OR_DIE(amount > 0 && amount <= hold.left, "the plan posts more than it held");
    told.moves.push_back({hold.leg.debit, hold.leg.credit, amount,
                          posts ? TransferKind::kPostPending : TransferKind::kVoidPending});
    told.numbered = posts;
    hold.left -= amount;
    hold.posted = posts && hold.left == 0;
    hold.voided = !posts;
    if (hold.leg.debit == purse_of(thread_)) {
      purse.held -= amount;
      if (posts) purse.has -= amount;
    }
    return told;
  }

  const std::uint32_t thread_;
  Purse purse_;
  std::vector<Reckoned> done_;  // by n - 1
};

/// What a movement does to an account's totals.
inline void move(Balance& balance, const Transfer& t, Side side) {
  const bool debit = side == Side::kDebit;
  std::int64_t& posted = debit ? balance.debits_posted : balance.credits_posted;
  std::int64_t& pending = debit ? balance.debits_pending : balance.credits_pending;
  if (t.kind == TransferKind::kPosted || t.kind == TransferKind::kPostPending) posted += t.amount;
  if (t.kind == TransferKind::kPending) pending += t.amount;
  if (t.kind == TransferKind::kPostPending || t.kind == TransferKind::kVoidPending)
    pending -= t.amount;
}

}  // namespace suanpan::test
