// Linked groups, what commands expected and vouchers swept, and the history of terms.
#include "ledger/core/terms_history.h"
#include "ledger/core/voucher_rules.h"
#include "ledger/engine/audit.h"

namespace suanpan {
namespace {

template <class... Args>
Fault fault(const Record& at, fmt::format_string<Args...> format, Args&&... args) {
  return fmt::format("journal entry {}: ", at.seq) +
         fmt::format(format, std::forward<Args>(args)...);
}

}  // namespace

Fault Audit::take_link(const Command& command) {
  const Record& first = command.first;
  const bool linked = first.flags & Record::kLinked;
  const bool named = first.refusal == static_cast<std::uint16_t>(RefusalCode::kGroupFailed);
  if (group_.items == 0 && !linked)
    return named ? fault(first, "it fell with a group, and is in none") : Fault{};
  const std::uint32_t place = group_.items++;
  if (first.refusal == 0) {
    ++group_.accepted;
  } else if (named) {
    const std::string& name = command.part ? command.part->refusal_detail : std::string();
    if (group_.named && *group_.named != name)
      return fault(first, "its group fell because of item {} and of item {}", *group_.named, name);
    group_.named = name;
  } else {
    if (group_.failed) return fault(first, "two items of its group have refusals of their own");
    group_.failed = place;
  }
  if (group_.accepted != 0 && group_.accepted != group_.items)
    return fault(first, "its group neither stands nor falls");
  if (linked) return {};
  const Group group = std::exchange(group_, Group{});
  if (group.accepted != 0) return {};
  if (!group.failed) return fault(first, "its group fell, and no item says why");
  if (group.named && *group.named != std::to_string(*group.failed))
    return fault(first, "its group fell because of item {}, and names item {}", *group.failed,
                 *group.named);
  return {};
}

Fault Audit::end_block() const {
  if (group_.items == 0) return {};
  return fmt::format("journal entry {}: its block ends inside a linked group", last_seq_);
}

Fault Audit::check_expectations(const Command& command) const {
  if (!command.part) return {};
  const Content& content = command.part->content;
  std::shared_ptr<const VoucherRules> rules = command.part->rules;
  if (rules && command.kind != CommandKind::kVoucher)
    return fault(command.first, "it has a voucher's rules");
  if (!content.empty() && content.back().first == kExpectsField) {
    rules = expected_in(content);
    if (!rules) return fault(command.first, "what it expects does not read");
  }
  if (!rules) return {};
  for (const Expectation& e : rules->expects) {
    if (e.account.value == 0 || e.account.value > accounts_.size())
      return fault(command.first, "it expects of account {}, which does not exist", e.account);
    const AuditedAccount& a = accounts_[e.account.value - 1];
    if (e.version && *e.version != a.account.version)
      return fault(command.first, "it expects {} at version {}, which is at {}",
                   described(a.account), *e.version, a.account.version);
    const Int128 is = e.of == BalanceOf::kPosted ? a.balance() : a.available();
    if ((e.at_least && is < *e.at_least) || (e.at_most && is > *e.at_most))
      return fault(command.first, "it expects another balance of {} than {}", described(a.account),
                   decimal(is));
  }
  for (const Sweep& sweep : rules->sweeps)
    if (sweep.leg >= command.legs.size())
      return fault(command.first, "leg {}, which sweeps, is missing", sweep.leg);
  return {};
}

// Before the leg is moved, and after those before it were.
Fault Audit::check_sweep(const Command& command, const Record& leg) const {
  if (!command.part || !command.part->rules) return {};
  for (const Sweep& sweep : command.part->rules->sweeps) {
    if (sweep.leg != leg.leg) continue;
    Int128 most = sweep.at_most;
    const AuditedAccount& debit = accounts_[leg.debit - 1];
    const AuditedAccount& credit = accounts_[leg.credit - 1];
    if (sweep.of & Sweep::kDebit)
      most = std::min(most, debit.credit_posted - debit.debit_posted - debit.debit_pending);
    if (sweep.of & Sweep::kCredit)
      most = std::min(most, credit.debit_posted - credit.credit_posted - credit.credit_pending);
    if (most != leg.amount)
      return fault(leg, "leg {} sweeps {}, and {} was there", leg.leg, leg.amount, decimal(most));
  }
  return {};
}

Fault Audit::check_terms_change(const Command& command, const Account& before,
                                const Account& after) const {
  const Document* told = nullptr;
  for (const DocumentPtr& d : command.part->documents)
    if (d->kind == DocumentKind::kTermsChange &&
        d->key == terms_change_key(after.id, after.version))
      told = d.get();
  if (!told)
    return fault(command.first, "the terms of {} change without history", described(after));
  const auto change = decode_terms_change(told->bytes);
  if (!change || told->open || change->before != before.terms || change->after != after.terms ||
      change->by != command.key() || change->at.ns != command.first.timestamp_ns)
    return fault(command.first, "the history of the terms of {} is wrong", described(after));
  return {};
}

}  // namespace suanpan
