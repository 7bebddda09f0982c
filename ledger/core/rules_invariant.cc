#include "ledger/core/rules_invariant.h"

#include "ledger/base/money.h"
#include "ledger/core/voucher_rules.h"

namespace suanpan {
namespace {

// What the credit side holds over the debit side, less what holds have reserved on either.
struct Room {
  Int128 for_debits = 0, for_credits = 0;

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
};

Int128 room_of(const View& view, const ChangeSet& changes, std::size_t leg, bool debit) {
  const Transfer& swept = changes.transfers[leg];
  const AccountId id = debit ? swept.debit : swept.credit;
  Room room(view.balance(id));
  for (std::size_t i = 0; i < leg; ++i) {
    if (changes.transfers[i].debit == id) room.take(changes.transfers[i], true);
    if (changes.transfers[i].credit == id) room.take(changes.transfers[i], false);
  }
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
  for (const Sweep& sweep : changes.rules->sweeps) {
    if (sweep.leg >= changes.transfers.size()) return "a leg that sweeps is not there";
    Int128 most = sweep.at_most;
    if (sweep.of & Sweep::kDebit) most = std::min(most, room_of(view, changes, sweep.leg, true));
    if (sweep.of & Sweep::kCredit) most = std::min(most, room_of(view, changes, sweep.leg, false));
    if (changes.transfers[sweep.leg].amount != most)
      return "a leg does not take what there is to sweep";
  }
  return std::nullopt;
}

}  // namespace suanpan
