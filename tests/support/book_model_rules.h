// What the model of a book decides by, and what that moves. Included by book_model.h.
#pragma once
#include "tests/support/book_model.h"

namespace suanpan::test {

inline BookModel::Verdict BookModel::malformed(const RandomCommand& c) const {
  if (c.kind != CommandKind::kVoucher) return {};  // the stream draws none
  const VoucherRequest& v = c.voucher;
  if (v.legs.empty()) return {{RefusalCode::kLegsMissing, ""}};
  for (std::size_t i = 0; i < v.legs.size(); ++i) {
    const Leg& l = v.legs[i];
    if (l.debit.value == 0 || l.credit.value == 0) return {{RefusalCode::kAccountMissing, ""}};
    if (l.debit == l.credit) return {{RefusalCode::kAccountsSame, ""}};
    bool swept = false;  // with a maximum that is in order
    if (v.rules)
      for (const Sweep& s : v.rules->sweeps) swept = swept || s.leg == i;
    if (swept) continue;
    if (l.amount < 1) return {{RefusalCode::kAmountNotPositive, ""}};
    if (l.amount > 1'000'000'000'000'000) return {{RefusalCode::kAmountTooLarge, ""}};
  }
  if (v.text && v.text->summary == "\xff") return {{RefusalCode::kTextInvalid, "summary"}};
  return {};
}

inline BookModel::Verdict BookModel::decide(const RandomCommand& c, Timestamp now) {
  if (Verdict bad = expectations(c.expects)) return bad;
  switch (c.kind) {
    case CommandKind::kVoucher:
      return voucher(c.voucher, now);
    case CommandKind::kPostHold:
      return post(c.post, now);
    case CommandKind::kVoidHold:
      return give_back(c.give_back, now);
    case CommandKind::kReversal:
      return reverse(c.reversal);
    case CommandKind::kOpenAccount:
      return open(c.open);
    case CommandKind::kSetTerms:
      return set_terms(c.terms);
    case CommandKind::kDayCut:
      if (c.cut.next.days <= day_.days) return {{RefusalCode::kDayCutNotForward, ""}};
      day_ = c.cut.next;
      records_.back().cut_to = day_;
      return {};
    default:
      if (c.close.through.days <= closed_.days) return {{RefusalCode::kPeriodClosed, ""}};
      if (c.close.through.days >= day_.days) return {{RefusalCode::kDateAhead, ""}};
      closed_ = c.close.through;
      return {};
  }
}

inline BookModel::Verdict BookModel::voucher(const VoucherRequest& v, Timestamp now) {
  std::vector<Leg> legs(v.legs.begin(), v.legs.end());
  if (Verdict bad = date(v.date, v.adjustment, v.text.get())) return bad;
  if (v.rules)
    if (Verdict bad = expectations(v.rules->expects)) return bad;
  for (const Leg& l : legs)
    if (Verdict bad = leg(l, false)) return bad;
  if (v.hold && v.expires_at.ns != 0 && v.expires_at.ns <= now.ns)
    return {{RefusalCode::kHoldExpired, ""}};
  if (v.rules)
    if (Verdict bad = sweep(*v.rules, legs, v.hold)) return bad;
  const Moves how = v.hold ? Moves::kHolds : Moves::kPosts;
  if (Verdict bad = limits(legs, how)) return bad;
  const Date on = v.date.value_or(day_);
  if (v.hold) {
    holds_[v.key] = Held{HoldIs::kOpen, v.expires_at.ns, legs};
    if (v.expires_at.ns != 0) expiring_.insert({v.expires_at.ns, v.key});
  } else {
    number(on, v.type);
    vouchers_[v.key] =
        Voucher{legs, std::vector<std::int64_t>(legs.size(), 0), true, v.type, v.code};
  }
  move(legs, how, on);
  records_.back().business = v.code;
  records_.back().text = v.text;
  if (v.rules && !v.rules->sweeps.empty()) {
    for (const Leg& l : legs) answer_ += (answer_.empty() ? "[" : ",") + std::to_string(l.amount);
    answer_ += "]";
  }
  return {};
}

inline BookModel::Verdict BookModel::expectations(const std::vector<Expectation>& expects) const {
  for (const Expectation& e : expects) {
    if (e.account.value > accounts_.size()) return {{RefusalCode::kExpectedAccountNotFound, ""}};
    const Account& a = accounts_[e.account.value - 1];
    if (e.version.value_or(a.version) != a.version)
      return {{RefusalCode::kVersionNotExpected, a.code}};
    const std::int64_t is = e.of == BalanceOf::kPosted ? a.posted() : a.available();
    if (is < e.at_least.value_or(is) || is > e.at_most.value_or(is))
      return {{RefusalCode::kBalanceNotExpected, a.code}};
  }
  return {};
}

// Leg by leg: what is left on the swept side after the legs before, down to nothing.
inline BookModel::Verdict BookModel::sweep(const VoucherRules& rules, std::vector<Leg>& legs,
                                           bool hold) const {
  struct Totals {
    std::int64_t debits, credits, held_debits, held_credits;
  };
  std::map<std::uint32_t, Totals> now;
  for (const Leg& l : legs)
    for (const AccountId id : {l.debit, l.credit}) {
      const Account& a = accounts_[id.value - 1];
      now[id.value] = Totals{a.debits, a.credits, a.held_debits, a.held_credits};
    }
  for (std::size_t i = 0; i < legs.size(); ++i) {
    Totals &d = now[legs[i].debit.value], &c = now[legs[i].credit.value];
    for (const Sweep& s : rules.sweeps) {
      if (s.leg != i) continue;
      legs[i].amount = s.at_most;
      const std::int64_t of_debit = d.credits - d.debits - d.held_debits;
      const std::int64_t of_credit = c.debits - c.credits - c.held_credits;
      if ((s.of & Sweep::kDebit) != 0) legs[i].amount = std::min(legs[i].amount, of_debit);
      if (legs[i].amount <= 0)
        return {{RefusalCode::kNothingToSweep, accounts_[legs[i].debit.value - 1].code}};
      if ((s.of & Sweep::kCredit) != 0) legs[i].amount = std::min(legs[i].amount, of_credit);
      if (legs[i].amount <= 0)
        return {{RefusalCode::kNothingToSweep, accounts_[legs[i].credit.value - 1].code}};
    }
    (hold ? d.held_debits : d.debits) += legs[i].amount;
    (hold ? c.held_credits : c.credits) += legs[i].amount;
  }
  return {};
}

inline BookModel::Verdict BookModel::open_hold(const ClaimKey& key, Timestamp now) const {
  const auto it = holds_.find(key);
  if (it == holds_.end()) return {{RefusalCode::kHoldNotFound, ""}};
  switch (it->second.state) {
    case HoldIs::kPosted:
      return {{RefusalCode::kHoldAlreadyPosted, ""}};
    case HoldIs::kVoided:
      return {{RefusalCode::kHoldAlreadyVoided, ""}};
    case HoldIs::kExpired:
      return {{RefusalCode::kHoldExpired, ""}};
    case HoldIs::kOpen:
      break;
  }
  if (it->second.expires_ns != 0 && it->second.expires_ns <= now.ns)
    return {{RefusalCode::kHoldExpired, ""}};
  return {};
}

inline BookModel::Verdict BookModel::post(const PostHoldRequest& p, Timestamp now) {
  if (Verdict bad = open_hold(p.hold, now)) return bad;
  Held& hold = holds_.at(p.hold);
  if (!p.amounts.empty() && p.amounts.size() != hold.legs.size())
    return {{RefusalCode::kHoldAmountExceeded, "legs"}};
  std::vector<Leg> legs = hold.legs;
  for (std::size_t i = 0; i < legs.size(); ++i) {
    if (!p.amounts.empty()) legs[i].amount = p.amounts[i];
    if (legs[i].amount == 0) continue;
    if (Verdict bad = leg(legs[i], false)) return bad;
    if (legs[i].amount > hold.legs[i].amount) return {{RefusalCode::kHoldAmountExceeded, ""}};
  }
  if (Verdict bad = limits(legs, Moves::kPostsHeld)) return bad;
  std::int64_t rest = 0;
  for (std::size_t i = 0; i < legs.size(); ++i) rest += hold.legs[i].amount -= legs[i].amount;
  if (rest == 0) {
    hold.state = HoldIs::kPosted;
    expiring_.erase({hold.expires_ns, p.hold});
  }
  number(day_, VoucherType::kGeneral);
  const std::vector<Leg> posted = unequal(legs);
  vouchers_[p.key] =
      Voucher{posted, std::vector<std::int64_t>(posted.size(), 0), true, VoucherType::kGeneral, 0};
  move(legs, Moves::kPostsHeld, day_);
  records_.back().text = p.text;
  return {};
}

// Without the legs that nothing was moved on.
inline std::vector<Leg> BookModel::unequal(const std::vector<Leg>& legs) {
  std::vector<Leg> kept;
  for (const Leg& l : legs)
    if (l.amount != 0) kept.push_back(l);
  return kept;
}

inline BookModel::Verdict BookModel::give_back(const VoidHoldRequest& v, Timestamp now) {
  if (Verdict bad = open_hold(v.hold, now)) return bad;
  finish_hold(v.hold, holds_.at(v.hold), HoldIs::kVoided);
  return {};
}

inline BookModel::Verdict BookModel::reverse(const ReversalRequest& r) {
  if (Verdict bad = date(r.date, r.adjustment, r.text.get())) return bad;
  const auto it = vouchers_.find(r.original);
  if (it == vouchers_.end()) return {{RefusalCode::kVoucherNotFound, ""}};
  Voucher& original = it->second;
  if (!original.reversible) return {{RefusalCode::kVoucherNotReversible, ""}};
  if (!r.amounts.empty() && r.amounts.size() != original.legs.size())
    return {{RefusalCode::kReversalExceedsOriginal, "legs"}};
  std::vector<Leg> red = original.legs;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < red.size(); ++i) {
    const std::int64_t left = original.legs[i].amount - original.reversed[i];
    red[i].amount = r.amounts.empty() ? left : r.amounts[i];
    if (red[i].amount == 0) continue;
    if (Verdict bad = leg(red[i], true)) return bad;
    if (red[i].amount > left) return {{RefusalCode::kReversalExceedsOriginal, ""}};
    sum += red[i].amount;
  }
  if (sum == 0) return {{RefusalCode::kReversalExceedsOriginal, ""}};
  if (Verdict bad = limits(red, Moves::kReverses)) return bad;
  for (std::size_t i = 0; i < red.size(); ++i) original.reversed[i] += red[i].amount;
  const Date on = r.date.value_or(day_);
  number(on, original.type);
  move(red, Moves::kReverses, on);
  records_.back().business = original.code;
  records_.back().text = r.text;
  return {};
}

inline BookModel::Verdict BookModel::open(const OpenAccountRequest& o) {
  for (const Account& a : accounts_)
    if (a.code == o.code) return {{RefusalCode::kAccountExists, o.code}};
  Account account;
  account.code = o.code;
  account.credit_normal = o.type != AccountType::kAsset && o.type != AccountType::kExpense;
  account.dollars = o.currency == Currency::kUSD;
  account.terms = o.terms;
  accounts_.push_back(std::move(account));
  return {};
}

inline BookModel::Verdict BookModel::set_terms(const SetTermsRequest& t) {
  for (Account& a : accounts_) {
    if (a.code != t.code) continue;
    if (t.expected_version && *t.expected_version != a.version)
      return {{RefusalCode::kVersionConflict, a.code}};
    if (t.terms.closed && !a.terms.closed &&
        (a.debits != a.credits || a.held_debits != 0 || a.held_credits != 0))
      return {{RefusalCode::kAccountNotEmpty, a.code}};
    a.changes.push_back({seq_, t.key, a.terms, t.terms});
    a.terms = t.terms;
    ++a.version;
    return {};
  }
  return {{RefusalCode::kAccountNotFound, t.code}};
}

inline BookModel::Verdict BookModel::date(const std::optional<Date>& wanted, bool adjustment,
                                          const VoucherText* text) const {
  if (!wanted) return {};
  if (wanted->days <= closed_.days) return {{RefusalCode::kPeriodClosed, ""}};
  if (wanted->days > day_.days) return {{RefusalCode::kDateAhead, ""}};
  if (wanted->days == day_.days) return {};
  if (!adjustment) return {{RefusalCode::kDateBehind, ""}};
  const bool two =
      text && !text->maker.empty() && !text->checker.empty() && text->maker != text->checker;
  if (!two) return {{RefusalCode::kSamePerson, ""}};
  return {};
}

inline BookModel::Verdict BookModel::leg(const Leg& l, bool red) const {
  if (l.debit.value > accounts_.size()) return {{RefusalCode::kDebitAccountNotFound, ""}};
  if (l.credit.value > accounts_.size()) return {{RefusalCode::kCreditAccountNotFound, ""}};
  const Account &d = accounts_[l.debit.value - 1], &c = accounts_[l.credit.value - 1];
  if (d.dollars != c.dollars) return {{RefusalCode::kCurrencyMismatch, ""}};
  if (d.terms.closed) return {{RefusalCode::kDebitAccountClosed, d.code}};
  if (c.terms.closed) return {{RefusalCode::kCreditAccountClosed, c.code}};
  const bool debit_raises = d.credit_normal == red, credit_raises = c.credit_normal != red;
  if (debit_raises ? d.terms.frozen_in : d.terms.frozen_out)
    return {{RefusalCode::kDebitAccountFrozen, d.code}};
  if (credit_raises ? c.terms.frozen_in : c.terms.frozen_out)
    return {{RefusalCode::kCreditAccountFrozen, c.code}};
  return {};
}

// What one account's available money changes by, leg by leg; the first account touched comes first.
inline BookModel::Verdict BookModel::limits(const std::vector<Leg>& legs, Moves how) const {
  std::vector<std::pair<std::uint32_t, std::int64_t>> changes;
  const auto change = [&](AccountId id, bool debit, std::int64_t amount) {
    const bool raises = debit != accounts_[id.value - 1].credit_normal;
    std::int64_t by = 0;
    switch (how) {
      case Moves::kPosts:
        by = raises ? amount : -amount;
        break;
      case Moves::kHolds:
        by = raises ? 0 : -amount;  // a promise raises nothing
        break;
      case Moves::kPostsHeld:
        by = raises ? amount : 0;  // what goes out was taken off when it was held
        break;
      case Moves::kReverses:
        by = raises ? -amount : amount;
        break;
      case Moves::kGivesBack:
        break;
    }
    for (auto& [account, sum] : changes)
      if (account == id.value) {
        sum += by;
        return;
      }
    changes.emplace_back(id.value, by);
  };
  for (const Leg& l : legs) {
    if (l.amount == 0) continue;
    change(l.debit, true, l.amount);
    change(l.credit, false, l.amount);
  }
  for (const auto& [id, by] : changes) {
    const Account& a = accounts_[id - 1];
    if (a.terms.limit == LimitKind::kNone || by >= 0) continue;
    const std::int64_t least = a.terms.limit == LimitKind::kCreditLine ? -a.terms.credit_line : 0;
    if (a.available() + by < least) return {{RefusalCode::kBelowLimit, a.code}};
  }
  return {};
}

inline void BookModel::move(const std::vector<Leg>& legs, Moves how, Date date) {
  static constexpr TransferKind kKinds[] = {TransferKind::kPosted, TransferKind::kPending,
                                            TransferKind::kPostPending, TransferKind::kVoidPending,
                                            TransferKind::kRed};
  Record& record = records_.back();
  record.date = date;
  for (const Leg& l : legs) {
    if (l.amount == 0) continue;
    record.legs.push_back(Transfer{l.debit, l.credit,
                                   how == Moves::kReverses ? -l.amount : l.amount,
                                   kKinds[static_cast<int>(how)]});
    auto& after = record.after.emplace_back();
    for (const bool debit : {true, false}) {
      Account& a = accounts_[(debit ? l.debit : l.credit).value - 1];
      std::int64_t& total = debit ? a.debits : a.credits;
      std::int64_t& held = debit ? a.held_debits : a.held_credits;
      std::int64_t& red = debit ? a.red_debits : a.red_credits;
      const std::int64_t amount = how == Moves::kReverses ? -l.amount : l.amount;
      if (how == Moves::kHolds) held += amount;
      if (how == Moves::kPostsHeld || how == Moves::kGivesBack) held -= amount;
      if (how == Moves::kHolds || how == Moves::kGivesBack) continue;
      total += amount;
      if (how == Moves::kReverses) red += amount;
      a.lines.push_back(Line{seq_, amount, a.posted(), date, debit});
      (debit ? after.first : after.second) = a.posted();
    }
  }
}

inline void BookModel::number(Date date, VoucherType type) {
  records_.back().voucher_no = ++numbers_[{date.month_key(), static_cast<int>(type)}];
}

}  // namespace suanpan::test
