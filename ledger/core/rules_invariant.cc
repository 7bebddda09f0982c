#include "ledger/core/rules_invariant.h"

#include <algorithm>

#include "ledger/base/money.h"
#include "ledger/core/voucher_rules.h"

namespace suanpan {
namespace {

// What the credit side holds over the debit side, less what holds have reserved on either.
struct Room {
  Int128 for_debits = 0, for_credits = 0;

  Room() = default;
  explicit Room(const Balance& b) {
    const Int128 over = Int128{b.credits_posted} - b.debits_posted;
    for_debits = over - b.debits_pending;
    for_credits = -over - b.credits_pending;
  }
  void take(const Transfer& t, bool debit) {
    const bool held = t.kind == TransferKind::kPending;
    (debit ? for_debits : for_credits) -= t.amount;
    if (!held) (debit ? for_credits : for_debits) += t.amount;
  }
  void add(const Room& other) {
    for_debits += other.for_debits;
    for_credits += other.for_credits;
  }
};

// What a leg, and all before it that name the same account, do to that account's room.
struct Step {
  AccountId account;
  std::size_t leg = 0;
  Room sum;
  std::pair<AccountId, std::size_t> place() const { return {account, leg}; }
};
using Steps = std::vector<Step>;  // by account, then leg

// Summed up once for all legs that sweep.
Steps steps_of(const ChangeSet& changes) {
  Steps steps;
  steps.reserve(2 * changes.transfers.size());
  for (std::size_t leg = 0; leg < changes.transfers.size(); ++leg)
    for (const bool debit : {true, false}) {
      const Transfer& t = changes.transfers[leg];
      steps.emplace_back(Step{debit ? t.debit : t.credit, leg, {}}).sum.take(t, debit);
    }
  std::ranges::sort(steps, std::less{}, &Step::place);
  for (std::size_t i = 1; i < steps.size(); ++i)
    if (steps[i].account == steps[i - 1].account) steps[i].sum.add(steps[i - 1].sum);
  return steps;
}

Int128 room_of(const View& view, const Steps& steps, AccountId id, std::size_t leg, bool debit) {
  Room room(view.balance(id));
  const auto after = std::ranges::lower_bound(steps, std::pair(id, leg), std::less{}, &Step::place);
  if (after != steps.begin() && after[-1].account == id) room.add(after[-1].sum);
  return debit ? room.for_debits : room.for_credits;
}

}  // namespace

std::optional<std::string> broken_rule(const View& view, const ChangeSet& changes) {
  if (!changes.rules) return std::nullopt;
  for (const Expectation& e : changes.rules->expects) {
    const Account* account = view.account(e.account);
    if (!account) return "an account that was expected is not there";
    if (e.version && *e.version != account->version)
      return "account " + account->code + " is not at the version that was expected";
    if (!e.at_least && !e.at_most) continue;
    const Balance& b = view.balance(e.account);
    const Int128 over = Int128{b.credits_posted} - b.debits_posted;
    Int128 is = account->normal == Side::kCredit ? over : -over;
    if (e.of == BalanceOf::kAvailable)
      is -= account->normal == Side::kCredit ? b.debits_pending : b.credits_pending;
    if ((e.at_least && is < *e.at_least) || (e.at_most && is > *e.at_most))
      return "account " + account->code + " has not the balance that was expected";
  }
  if (changes.rules->sweeps.empty()) return std::nullopt;
  const Steps steps = steps_of(changes);
  for (const Sweep& sweep : changes.rules->sweeps) {
    if (sweep.leg >= changes.transfers.size()) return "a leg that sweeps is not there";
    const Transfer& t = changes.transfers[sweep.leg];
    Int128 most = sweep.at_most;
    if (sweep.of & Sweep::kDebit)
      most = std::min(most, room_of(view, steps, t.debit, sweep.leg, true));
    if (sweep.of & Sweep::kCredit)
      most = std::min(most, room_of(view, steps, t.credit, sweep.leg, false));
    if (t.amount != most) return "a leg does not take what there is to sweep";
  }
  return std::nullopt;
}

}  // namespace suanpan
