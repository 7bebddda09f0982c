#include "ledger/core/invariants.h"

#include <algorithm>

#include "ledger/base/check.h"
#include "ledger/base/limits.h"
#include "ledger/core/chart_invariants.h"
#include "ledger/core/close_invariant.h"
#include "ledger/core/deltas.h"
#include "ledger/core/erasure_invariant.h"
#include "ledger/core/hold.h"
#include "ledger/core/order.h"
#include "ledger/core/reversal_totals.h"
#include "ledger/core/rules_invariant.h"
#include "ledger/core/terms_history.h"

namespace suanpan {
namespace {

// What each changed document was before, by where the change lies in memory.
using Stored = boost::container::small_vector<std::pair<const DocumentChange*, DocumentPtr>, 2>;

struct Judged {
  const View& view;
  const ClaimKey& key;
  CommandKind kind;
  const ChangeSet& changes;
  Deltas deltas;
  Stored stored;

  const DocumentPtr& before(const DocumentChange& d) const {
    return std::ranges::lower_bound(stored, &d, std::less{}, &Stored::value_type::first)->second;
  }
};

Deltas deltas_of(const ChangeSet& changes) {
  Deltas deltas;
  for (const Transfer& t : changes.transfers) {
    const bool posts = t.kind == TransferKind::kPosted || t.kind == TransferKind::kRed ||
                       t.kind == TransferKind::kPostPending;
    const Int128 posted = posts ? Int128{t.amount} : 0;
    const Int128 pending =
        t.kind == TransferKind::kPending ? Int128{t.amount}
        : t.kind == TransferKind::kPostPending || t.kind == TransferKind::kVoidPending
            ? -Int128{t.amount}
            : 0;
    Delta& debit = deltas.of(t.debit);
    debit.debit_posted += posted;
    debit.debit_pending += pending;
    Delta& credit = deltas.of(t.credit);
    credit.credit_posted += posted;
    credit.credit_pending += pending;
  }
  return deltas;
}

// A caller's hold bears the id of the command that makes it (holds_bear_their_id), and an id makes
// one command (claims see to it before, verify after). So of the hold that this very command makes
// none is stored: memory, where an open one would be, says what was before. The house's own holds
// bear names of their own, and are looked for everywhere.
Stored stored_of(const View& view, const ClaimKey& key, const ChangeSet& changes) {
  if (changes.documents.empty()) return {};
  const auto own = [packed = key.packed()](const DocumentChange& d) {
    return d.kind == DocumentKind::kHold && d.key == std::string_view(packed);
  };
  const bool callers = key.caller != kSystemCaller;
  Stored stored;
  for (const DocumentChange& d : changes.documents)
    stored.emplace_back(&d, callers && own(d) ? view.resident_document(d.kind, d.key)
                                              : view.document(d.kind, d.key));
  std::ranges::sort(stored, std::less{}, &Stored::value_type::first);
  return stored;
}

using Verdict = std::optional<std::string>;

// Both accounts exist and are of one currency, so debits equal credits in each currency.
Verdict debits_equal_credits(const Judged& s) {
  for (const Transfer& t : s.changes.transfers) {
    const Account* debit = s.view.account(t.debit);
    const Account* credit = s.view.account(t.credit);
    if (!debit || !credit) return "a leg names an account that does not exist";
    if (debit->currency != credit->currency) return "a leg crosses currencies";
    if (t.debit == t.credit) return "a leg debits and credits one account";
  }
  Int128 debits = 0, credits = 0;
  for (const auto& [id, delta] : s.deltas) {
    debits += delta.debit_posted + delta.debit_pending;
    credits += delta.credit_posted + delta.credit_pending;
  }
  // A leg is both by its making; these are the sums of it.
  CHECK_OR_DIE(debits == credits, "the sums of debits and credits differ");
  return {};
}

// Amounts are positive; only a reversal is red, and red is negative.
Verdict amounts_have_their_sign(const Judged& s) {
  for (const Transfer& t : s.changes.transfers) {
    if (t.kind == TransferKind::kNone) return "an accepted leg moves nothing";
    if ((t.kind == TransferKind::kRed) != (t.amount < 0)) return "an amount has the wrong sign";
    if (t.amount == 0) return "an amount is zero";
    if ((t.kind == TransferKind::kRed) != (s.kind == CommandKind::kReversal))
      if (s.kind == CommandKind::kReversal || s.kind == CommandKind::kVoucher)
        return "red and reversal do not go together";
  }
  return {};
}

// No account is drawn below its limit, holds counted.
Verdict no_account_below_its_limit(const Judged& s) {
  for (const auto& [id, delta] : s.deltas) {
    const Account& account = *s.view.account(id);
    if (account.terms.limit == LimitKind::kNone) continue;
    const Balance& b = s.view.slice(id);
    const bool debit = account.normal == Side::kDebit;
    const Int128 before = debit ? Int128{b.debits_posted} - b.credits_posted - b.credits_pending
                                : Int128{b.credits_posted} - b.debits_posted - b.debits_pending;
    const Int128 change = debit ? delta.debit_posted - delta.credit_posted - delta.credit_pending
                                : delta.credit_posted - delta.debit_posted - delta.debit_pending;
    const Int128 line =
        account.terms.limit == LimitKind::kCreditLine ? account.terms.credit_line : 0;
    if (change < 0 && before + change < -line)
      return "account " + account.code + " falls below its limit";
  }
  return {};
}

// What is reserved is never negative, and changes exactly as the hold documents say.
Verdict holds_never_exceed(const Judged& s) {
  Deltas documents;
  for (const DocumentChange& d : s.changes.documents) {
    if (d.kind != DocumentKind::kHold) continue;
    const auto after = decode_hold(d.bytes);
    if (!after) return "a hold does not decode";
    const DocumentPtr& stored = s.before(d);
    std::optional<Hold> before;
    if (stored) before = decode_hold(stored->bytes);
    if (before && before->legs.size() != after->legs.size()) return "a hold changed its legs";
    if (before && before->state != HoldState::kOpen) return "a finished hold changed";
    for (std::size_t i = 0; i < after->legs.size(); ++i) {
      const HoldLeg& leg = after->legs[i];
      if (leg.remaining < 0 || leg.remaining > leg.amount) return "a hold exceeds its amount";
      if (before && (before->legs[i].amount != leg.amount || before->legs[i].debit != leg.debit ||
                     before->legs[i].credit != leg.credit))
        return "a hold changed its legs";
      if (!before && leg.remaining != leg.amount) return "a new hold is used already";
      if (after->state != HoldState::kOpen && leg.remaining != 0)
        return "a finished hold still reserves";
      const Int128 moved = Int128{leg.remaining} - (before ? Int128{before->legs[i].remaining} : 0);
      documents.of(leg.debit).debit_pending += moved;
      documents.of(leg.credit).credit_pending += moved;
    }
  }
  for (const auto& [id, delta] : s.deltas) {
    const Balance& b = s.view.slice(id);
    if (b.debits_pending + delta.debit_pending < 0 || b.credits_pending + delta.credit_pending < 0)
      return "more is released than was reserved";
    Delta none;
    Delta* const told = documents.find(id);
    Delta& said = told ? *told : none;
    if (said.debit_pending != delta.debit_pending || said.credit_pending != delta.credit_pending)
      return "reserved totals and hold documents differ";
    said = Delta{};
  }
  for (const auto& [id, rest] : documents)
    if (rest.debit_pending != 0 || rest.credit_pending != 0)
      return "a hold document changed without a transfer";
  return {};
}

bool is_houses_own(std::string_view hold) {
  const auto key = ClaimKey::from_bytes(hold);
  return key && key->caller == kSystemCaller;
}

// A caller's command names its hold after itself: no other command can have made one of that name.
Verdict holds_bear_their_id(const Judged& s) {
  for (const DocumentChange& d : s.changes.documents)
    if (d.kind == DocumentKind::kHold && !s.before(d) &&
        d.key != std::string_view(s.key.packed()) && !is_houses_own(d.key))
      return "a new hold bears another id";
  return {};
}

// A document lies in memory while it is open, and in the journal as a whole with each change: so it
// has a greatest size, and its key, too.
Verdict documents_are_bounded(const Judged& s) {
  for (const DocumentChange& d : s.changes.documents) {
    if (d.bytes.size() > kMaxDocumentBytes) return "a document is too large";
    if (d.key.size() > kMaxDocumentKeyBytes) return "a document's key is too long";
  }
  return {};
}

bool replaced_twice(const DocumentChanges& documents) {
  if (documents.size() < 2) return false;
  std::vector<std::pair<DocumentKind, std::string_view>> names;
  names.reserve(documents.size());
  for (const DocumentChange& d : documents) names.emplace_back(d.kind, d.key);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

// Every replaced thing advances by one version, and nothing is replaced twice.
Verdict versions_advance_by_one(const Judged& s) {
  for (const DocumentChange& d : s.changes.documents) {
    const DocumentPtr& before = s.before(d);
    if (d.version != (before ? before->version : 0) + 1)
      return "a document's version does not advance by one";
  }
  if (replaced_twice(s.changes.documents)) return "a document is replaced twice";
  std::uint32_t next_id = s.view.book().account_count + 1;
  for (const Account& a : s.changes.accounts) {
    const Account* before = s.view.account(a.id);
    if (before) {
      if (a.version != before->version + 1) return "an account's version does not advance by one";
      if (a.code != before->code || a.type != before->type || a.normal != before->normal ||
          a.currency != before->currency)
        return "an account changed what is fixed";
    } else {
      if (a.id.value != next_id++ || a.version != 1) return "an account is opened out of order";
      if (s.view.account(a.code)) return "an account code is used twice";
    }
  }
  return {};
}

// Nothing moves on a closed account, nor against a freeze (giving a hold back is no movement).
Verdict closed_and_frozen_stand_still(const Judged& s) {
  for (const auto& [id, delta] : s.deltas) {
    const Account& account = *s.view.account(id);
    if (account.terms.closed) return "account " + account.code + " is closed";
    const bool debit = account.normal == Side::kDebit;
    const Int128 in = debit ? delta.debit_posted : delta.credit_posted;
    const Int128 out = debit ? delta.credit_posted : delta.debit_posted;
    if (account.terms.frozen_in && (in > 0 || out < 0))
      return "account " + account.code + " is frozen for receipts";
    if (account.terms.frozen_out && (out > 0 || in < 0))
      return "account " + account.code + " is frozen for payments";
  }
  for (const Account& a : s.changes.accounts) {
    if (!a.terms.closed || !s.view.account(a.id)) continue;
    const Balance& b = s.view.balance(a.id);
    if (b.debits_posted != b.credits_posted || b.debits_pending != 0 || b.credits_pending != 0)
      return "account " + a.code + " is closed while it holds money";
  }
  return {};
}

// A closed day takes nothing; days only move forward.
Verdict days_move_forward(const Judged& s) {
  const BookState& book = s.view.book();
  // A year's end is dated its last day, which is closed: years_end_in_order judges it.
  if (!s.changes.transfers.empty() && s.kind != CommandKind::kYearClose &&
      (s.changes.date <= book.closed_through || s.changes.date > book.accounting_date))
    return "a voucher is dated outside the open days";
  if (s.changes.book) {
    if (s.changes.book->accounting_date < book.accounting_date ||
        s.changes.book->closed_through < book.closed_through ||
        s.changes.book->closed_through >= s.changes.book->accounting_date)
      return "a day moves backwards";
  }
  return {};
}

Verdict accounts_lie_in_the_chart(const Judged& s) {
  return account_outside_chart(s.view, s.changes);
}
Verdict subjects_stay(const Judged& s) { return chart_changed(s.view, s.changes); }
Verdict years_end_in_order(const Judged& s) {
  return year_close_violated(s.view, s.kind, s.changes);
}

// Reversals of one original never exceed it, and the running total grows by exactly what is
// reversed.
Verdict reversals_stay_capped(const Judged& s) {
  if (s.kind != CommandKind::kReversal) return {};
  Int128 red = 0;
  for (const Transfer& t : s.changes.transfers) red -= t.amount;
  Int128 grown = 0;
  bool found = false;
  for (const DocumentChange& d : s.changes.documents) {
    if (d.kind != DocumentKind::kReversalTotal || d.key != s.changes.ref.bytes()) continue;
    found = true;
    const auto after = decode_reversal_totals(d.bytes);
    const DocumentPtr& stored = s.before(d);
    const auto before = stored ? decode_reversal_totals(stored->bytes) : std::nullopt;
    if (!after || (stored && !before)) return "reversal totals do not decode";
    for (std::size_t i = 0; i < after->size(); ++i) {
      const std::int64_t was = before ? before->at(i) : 0;
      if (after->at(i) < was) return "a reversal total shrank";
      grown += Int128{after->at(i)} - was;
    }
  }
  if (!found || grown != red) return "the reversal total does not grow by what is reversed";
  return {};
}

template <class T>
Verdict state_moves(const Judged& s, const DocumentChange& d,
                    Result<T> (*decode)(std::string_view)) {
  const auto after = decode(d.bytes);
  if (!after) return "a document does not decode";
  const DocumentPtr& stored = s.before(d);
  if (!stored) return {};
  const auto before = decode(stored->bytes);
  if (!before) return "a stored document does not decode";
  if (after.value().state != before.value().state &&
      !can_move(before.value().state, after.value().state))
    return "a state moves where it must not";
  if (after.value().amount != before.value().amount) return "an amount changed after it was agreed";
  return {};
}

// The states of orders, refunds and payouts go only where their machine leads; what was agreed
// stays.
Verdict states_go_where_they_may(const Judged& s) {
  for (const DocumentChange& d : s.changes.documents) {
    Verdict verdict;
    if (d.kind == DocumentKind::kOrder) verdict = state_moves<Order>(s, d, decode_order);
    if (d.kind == DocumentKind::kRefund) verdict = state_moves<Refund>(s, d, decode_refund);
    if (d.kind == DocumentKind::kPayout) verdict = state_moves<Payout>(s, d, decode_payout);
    if (verdict) return verdict;
  }
  return {};
}

// Refunds never exceed what was paid, nor the fees that go back with them the fee.
Verdict refunds_stay_within_payment(const Judged& s) {
  for (const DocumentChange& d : s.changes.documents) {
    if (d.kind != DocumentKind::kOrder) continue;
    const Order order = decode_order(d.bytes).value();  // states_go_where_they_may has looked
    if (order.refunded < 0 || order.refunding < 0 ||
        Int128{order.refunded} + order.refunding > order.amount.minor)
      return "refunds exceed what was paid";
    if (order.fee_returned < 0 || order.fee_returning < 0 ||
        Int128{order.fee_returned} + order.fee_returning > order.fee)
      return "more of the fee goes back than was taken";
  }
  return {};
}

// What a voucher expected held, and its legs "up to" took what was there.
Verdict rules_hold(const Judged& s) {
  return s.changes.rules ? broken_rule(s.view, s.changes) : Verdict{};
}

bool was_paid(const Order& order) {
  return order.state == OrderState::kPaid || order.state == OrderState::kRefunded;
}

// How an order goes on once it is paid: refunds, the run that matched it, the batch that took it.
void take_progress(Order& to, const Order& from) {
  to.state = from.state;
  to.unknown = from.unknown;
  to.refunded = from.refunded;
  to.refunding = from.refunding;
  to.fee_returned = from.fee_returned;
  to.fee_returning = from.fee_returning;
  to.error_code = from.error_code;
  to.error_message = from.error_message;
  to.reconciled = from.reconciled;
  to.arrived = from.arrived;
  to.batch = from.batch;
  to.settled_gross = from.settled_gross;
  to.settled_fee = from.settled_fee;
  to.owes = from.owes;
  if (to.lines.size() != from.lines.size()) return;
  for (std::size_t i = 0; i < to.lines.size(); ++i) to.lines[i].taken = from.lines[i].taken;
}

// Of a paid order nothing else changes: not the merchant, what it is for, its lines, its fee, nor
// who took the payment.
Verdict paid_orders_stay(const Judged& s) {
  for (const DocumentChange& d : s.changes.documents) {
    if (d.kind != DocumentKind::kOrder) continue;
    const DocumentPtr& stored = s.before(d);
    if (!stored) continue;
    const Order before =
        decode_order(stored->bytes).value();  // states_go_where_they_may has looked
    if (!was_paid(before)) continue;
    Order after = decode_order(d.bytes).value();
    take_progress(after, before);
    if (after != before) return "what a paid order was paid for changed";
  }
  return {};
}

// Every change of terms leaves one document that says what they were and became.
Verdict terms_leave_history(const Judged& s) {
  std::size_t changed = 0, told = 0;
  for (const Account& a : s.changes.accounts) {
    const Account* before = s.view.account(a.id);
    if (!before) continue;
    ++changed;
    for (const DocumentChange& d : s.changes.documents) {
      if (d.kind != DocumentKind::kTermsChange || d.key != terms_change_key(a.id, a.version))
        continue;
      const auto change = decode_terms_change(d.bytes);
      if (!change || change->before != before->terms || change->after != a.terms ||
          change->by != s.key || d.version != 1)
        return "the history of an account's terms is wrong";
      ++told;
    }
  }
  if (told != changed) return "a change of terms leaves no history";
  for (const DocumentChange& d : s.changes.documents)
    if (d.kind == DocumentKind::kTermsChange && told-- == 0)
      return "a change of terms is told that did not happen";
  return {};
}

Verdict erasures_are_safe(const Judged& s) { return erasure_violated(s.view, s.kind, s.changes); }

struct Invariant {
  const char* name;
  Verdict (*check)(const Judged&);
};

constexpr Invariant kInvariants[] = {
    {"debits_equal_credits", debits_equal_credits},
    {"amounts_have_their_sign", amounts_have_their_sign},
    {"no_account_below_its_limit", no_account_below_its_limit},
    {"holds_never_exceed", holds_never_exceed},
    {"holds_bear_their_id", holds_bear_their_id},
    {"documents_are_bounded", documents_are_bounded},
    {"versions_advance_by_one", versions_advance_by_one},
    {"closed_and_frozen_stand_still", closed_and_frozen_stand_still},
    {"days_move_forward", days_move_forward},
    {"accounts_lie_in_the_chart", accounts_lie_in_the_chart},
    {"subjects_stay", subjects_stay},
    {"years_end_in_order", years_end_in_order},
    {"reversals_stay_capped", reversals_stay_capped},
    {"states_go_where_they_may", states_go_where_they_may},
    {"refunds_stay_within_payment", refunds_stay_within_payment},
    {"paid_orders_stay", paid_orders_stay},
    {"rules_hold", rules_hold},
    {"terms_leave_history", terms_leave_history},
    {"erasures_are_safe", erasures_are_safe},
};

}  // namespace

std::vector<std::string_view> invariant_names() {
  std::vector<std::string_view> names;
  for (const Invariant& invariant : kInvariants) names.push_back(invariant.name);
  return names;
}

std::optional<std::string> violated_invariant(const View& view, const ClaimKey& key,
                                              CommandKind kind, const ChangeSet& changes) {
  const Judged judged{view, key, kind, changes, deltas_of(changes), stored_of(view, key, changes)};
  for (const Invariant& invariant : kInvariants)
    if (Verdict verdict = invariant.check(judged))
      return std::string(invariant.name) + ": " + *verdict;
  return std::nullopt;
}

}  // namespace suanpan
