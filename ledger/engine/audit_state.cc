// The audit's state as bytes, without its ids: for a run of `verify` that goes on later.
#include "ledger/engine/audit.h"
#include "ledger/engine/saved_state.h"

namespace suanpan {

template <class A>
void walk(A& archive, Account& value) {
  auto& [id, code, name, type, normal, currency, terms, version] = value;
  walk(archive, id);
  walk(archive, code);
  walk(archive, name);
  walk(archive, type);
  walk(archive, normal);
  walk(archive, currency);
  walk(archive, terms);
  walk(archive, version);
}

template <class A>
void walk(A& archive, AuditedAccount& value) {
  auto& [account, debit_posted, credit_posted, debit_pending, credit_pending, debit_red, credit_red,
         entries, latest] = value;
  walk(archive, account);
  for (Int128* total :
       {&debit_posted, &credit_posted, &debit_pending, &credit_pending, &debit_red, &credit_red})
    walk(archive, *total);
  walk(archive, entries);
  walk(archive, latest);
}

template <class A>
void walk(A& archive, Hold& value) {
  auto& [state, expires_at, legs] = value;
  walk(archive, state);
  walk(archive, expires_at);
  std::vector<HoldLeg> all(legs.begin(), legs.end());
  walk(archive, all);
  legs.assign(all.begin(), all.end());
}

template <class A>
void walk(A& archive, Subject& value) {
  auto& [code, name, type, normal, leaf, dimensions, closes_into] = value;
  walk(archive, code);
  walk(archive, name);
  walk(archive, type);
  walk(archive, normal);
  walk(archive, leaf);
  walk(archive, dimensions);
  walk(archive, closes_into);
}

template <class A>
void walk(A& archive, YearClose& value) {
  auto& [year, state, maker, checker, vouchers] = value;
  walk(archive, year);
  walk(archive, state);
  walk(archive, maker);
  walk(archive, checker);
  walk(archive, vouchers);
}

template <class A>
void Audit::Profit::walk_members(A& archive) {
  auto& [in_closed, in_open] = *this;
  walk(archive, in_closed);
  walk(archive, in_open);
}

template <class A>
void Audit::OrderFacts::walk_members(A& archive) {
  auto& [of_amount, in_state, is_refunded, is_refunding, done, under_way, from_outside, to_income,
         is_fixed, is_paid, agreed_fee, agreed_lines] = *this;
  walk(archive, of_amount);
  walk(archive, in_state);
  walk(archive, is_refunded);
  walk(archive, is_refunding);
  walk(archive, done);
  walk(archive, under_way);
  walk(archive, from_outside);
  walk(archive, to_income);
  walk(archive, is_fixed);
  walk(archive, is_paid);
  walk(archive, agreed_fee);
  walk(archive, agreed_lines);
}

template <class A>
void Audit::RefundFacts::walk_members(A& archive) {
  auto& [of_order, of_amount, in_state, on_transit, is_fixed] = *this;
  walk(archive, of_order);
  walk(archive, of_amount);
  walk(archive, in_state);
  walk(archive, on_transit);
  walk(archive, is_fixed);
}

template <class A>
void Audit::walk_members(A& archive) {
  // A new member belongs here, or a run that goes on would forget it.
  auto& [block_of, group, last_seq, last_timestamp_ns, ids, accounts, codes, business_keys, days,
         currency, voucher_numbers, documents, holds, reversal_totals, orders, refunds, payouts,
         webhooks, profits, years, chart_enforced, subjects, sealed, erased, counters] = *this;
  static_cast<void>(block_of);
  static_cast<void>(group);  // none is open at the end of a block
  static_cast<void>(ids);
  walk(archive, last_seq);
  walk(archive, last_timestamp_ns);
  walk(archive, accounts);
  walk(archive, codes);
  walk(archive, business_keys);
  walk(archive, days);
  walk(archive, currency);
  walk(archive, voucher_numbers);
  walk(archive, documents);
  walk(archive, holds);
  walk(archive, reversal_totals);
  walk(archive, orders);
  walk(archive, refunds);
  walk(archive, payouts);
  walk(archive, webhooks);
  walk(archive, profits);
  walk(archive, years);
  walk(archive, chart_enforced);
  walk(archive, subjects);
  walk(archive, sealed);
  walk(archive, erased);
  walk(archive, counters);
}

std::string Audit::save() const {
  Saver saver;
  const_cast<Audit*>(this)->walk_members(saver);  // a saver only reads
  return saver.take();
}

bool Audit::load(std::string_view bytes, IdPrints ids) {
  Loader loader(bytes);
  walk_members(loader);
  ids_ = std::move(ids);
  return loader.done();
}

}  // namespace suanpan
