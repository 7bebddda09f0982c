#include "ledger/core/plan_voucher.h"

#include <algorithm>

#include "ledger/base/limits.h"
#include "ledger/core/hold.h"
#include "ledger/core/text.h"
#include "ledger/core/voucher_rules.h"

namespace suanpan {
namespace {

// Which way a debit or a credit moves an account on its normal side.
bool raises(const Account& account, Side side) { return account.normal == side; }

bool frozen(const Account& account, Side side, bool red) {
  return raises(account, side) != red ? account.terms.frozen_in : account.terms.frozen_out;
}

// Up to here an account is sooner found by looking at all before it.
constexpr std::size_t kFewLegs = 16;

// Of many legs: the place of each account that they name (debit, credit, debit, …) among all of
// them in the order in which they are first named.
std::vector<std::uint32_t> places_of(std::span<const Transfer> transfers) {
  std::vector<std::pair<AccountId, std::uint32_t>> named;
  named.reserve(2 * transfers.size());
  for (const Transfer& t : transfers)
    for (const AccountId id : {t.debit, t.credit})
      named.emplace_back(id, static_cast<std::uint32_t>(named.size()));
  std::sort(named.begin(), named.end());
  std::vector<std::uint32_t> places(named.size());
  std::uint32_t first = 0;  // where the account at hand is first named
  for (std::size_t i = 0; i < named.size(); ++i) {
    if (i == 0 || named[i].first != named[i - 1].first) first = named[i].second;
    places[named[i].second] = first;
  }
  std::uint32_t accounts = 0;
  for (std::uint32_t where = 0; where < places.size(); ++where)
    places[where] = places[where] == where ? accounts++ : places[places[where]];
  return places;
}

}  // namespace

Planned<void> check_text(const VoucherText* text) {
  if (!text) return success();
  const auto check = [](std::string_view value, std::size_t limit,
                        const char* field) -> Planned<void> {
    if (value.size() > limit) return refuse(RefusalCode::kTextTooLong, field);
    if (!is_plain_text(value)) return refuse(RefusalCode::kTextInvalid, field);
    return success();
  };
  TRY(check(text->summary, kMaxSummaryBytes, "summary"));
  TRY(check(text->business_key, kMaxBusinessKeyBytes, "business_key"));
  TRY(check(text->metadata, kMaxMetadataBytes, "metadata"));
  TRY(check(text->maker, kMaxBusinessKeyBytes, "maker"));
  return check(text->checker, kMaxBusinessKeyBytes, "checker");
}

Planned<void> check_voucher(const VoucherRequest& request) {
  if (request.key.id.is_zero()) return refuse(RefusalCode::kIdMissing);
  if (request.legs.empty()) return refuse(RefusalCode::kLegsMissing);
  if (request.legs.size() > kMaxVoucherLegs) return refuse(RefusalCode::kLegsTooMany);
  std::vector<std::int64_t> most;
  if (request.rules) most = most_of_legs(request);
  for (std::size_t i = 0; i < request.legs.size(); ++i) {
    const Leg& leg = request.legs[i];
    const std::int64_t amount = request.rules ? most[i] : leg.amount;
    if (leg.debit.value == 0 || leg.credit.value == 0) return refuse(RefusalCode::kAccountMissing);
    if (leg.debit == leg.credit) return refuse(RefusalCode::kAccountsSame);
    if (amount <= 0) return refuse(RefusalCode::kAmountNotPositive);
    if (amount > kMaxAmountMinor) return refuse(RefusalCode::kAmountTooLarge);
  }
  if (request.rules) {
    TRY(check_rules(request));
  }
  if (!request.hold && request.expires_at.ns != 0)
    return refuse(RefusalCode::kValueInvalid, "expires_at");
  if (request.expires_at.ns < 0) return refuse(RefusalCode::kValueInvalid, "expires_at");
  if (request.hold && request.adjustment) return refuse(RefusalCode::kValueInvalid, "adjustment");
  return check_text(request.text.get());
}

Planned<Date> accounting_date(const View& view, std::optional<Date> wanted, bool adjustment,
                              const VoucherText* text) {
  const BookState& book = view.book();
  const Date date = wanted.value_or(book.accounting_date);
  if (date <= book.closed_through) return refuse(RefusalCode::kPeriodClosed, date.iso());
  if (date > book.accounting_date) return refuse(RefusalCode::kDateAhead, date.iso());
  if (date < book.accounting_date) {
    if (!adjustment) return refuse(RefusalCode::kDateBehind, date.iso());
    if (!text || text->maker.empty() || text->checker.empty() || text->maker == text->checker)
      return refuse(RefusalCode::kSamePerson);
  }
  return date;
}

Planned<void> check_leg(const View& view, AccountId debit_id, AccountId credit_id, bool red) {
  const Account* debit = view.account(debit_id);
  if (!debit) return refuse(RefusalCode::kDebitAccountNotFound);
  const Account* credit = view.account(credit_id);
  if (!credit) return refuse(RefusalCode::kCreditAccountNotFound);
  if (debit->currency != credit->currency)
    return refuse(RefusalCode::kCurrencyMismatch, debit->code + " " + credit->code);
  if (debit->terms.closed) return refuse(RefusalCode::kDebitAccountClosed, debit->code);
  if (credit->terms.closed) return refuse(RefusalCode::kCreditAccountClosed, credit->code);
  if (frozen(*debit, Side::kDebit, red))
    return refuse(RefusalCode::kDebitAccountFrozen, debit->code);
  if (frozen(*credit, Side::kCredit, red))
    return refuse(RefusalCode::kCreditAccountFrozen, credit->code);
  return success();
}

Planned<void> check_limits(const View& view, std::span<const Transfer> transfers) {
  struct Touched {
    AccountId id;
    Balance after;
  };
  boost::container::small_vector<Touched, 4> touched;  // in the order of the legs
  std::vector<std::uint32_t> places;                   // in `touched`; empty of few legs
  if (transfers.size() > kFewLegs) places = places_of(transfers);
  const auto after_of = [&](AccountId id, std::size_t named) -> Balance& {
    if (!places.empty()) {
      if (places[named] < touched.size()) return touched[places[named]].after;
    } else {
      for (Touched& t : touched)
        if (t.id == id) return t.after;
    }
    return touched.emplace_back(Touched{id, view.slice(id)}).after;
  };
  for (std::size_t i = 0; i < transfers.size(); ++i) {
    const Transfer& t = transfers[i];
    if (!apply_side(after_of(t.debit, 2 * i), t, Side::kDebit) ||
        !apply_side(after_of(t.credit, 2 * i + 1), t, Side::kCredit))
      return refuse(RefusalCode::kOverflow);
  }
  for (const Touched& t : touched) {
    const Account& account = *view.account(t.id);
    if (account.terms.limit == LimitKind::kNone) continue;
    const std::int64_t floor =
        account.terms.limit == LimitKind::kCreditLine ? -account.terms.credit_line : 0;
    const std::int64_t available = t.after.available(account.normal);
    // An account that is below its limit already (the limit was tightened) may still recover.
    if (available < floor && available < view.slice(t.id).available(account.normal))
      return refuse(RefusalCode::kBelowLimit, account.code);
  }
  return success();
}

Planned<ChangeSet> plan_voucher(const View& view, const VoucherRequest& request,
                                const Moment& moment) {
  TRY(auto date, accounting_date(view, request.date, request.adjustment, request.text.get()));
  if (request.rules) {
    TRY(check_expectations(view, *request.rules));
  }
  ChangeSet changes;
  for (const Leg& leg : request.legs) {
    TRY(check_leg(view, leg.debit, leg.credit));
    changes.transfers.push_back(
        Transfer{leg.debit, leg.credit, leg.amount,
                 request.hold ? TransferKind::kPending : TransferKind::kPosted});
  }
  if (request.hold && request.expires_at.ns != 0 && request.expires_at <= moment.now)
    return refuse(RefusalCode::kHoldExpired);
  if (request.rules) {
    TRY(fill_sweeps(view, *request.rules, changes));
  }
  TRY(check_limits(view, changes.transfers));
  // From here on the voucher is accepted.

  changes.date = date;
  changes.effective = request.effective;
  changes.code = request.code;
  changes.type = request.type;
  changes.text = request.text;
  changes.rules = request.rules;
  if (request.hold) {
    Hold hold;
    hold.expires_at = request.expires_at;
    for (const Transfer& t : changes.transfers)
      hold.legs.push_back(HoldLeg{t.debit, t.credit, t.amount, t.amount});
    changes.documents.push_back(
        Document{DocumentKind::kHold, request.key.bytes(), 1, true, encode(hold)});
  }
  return changes;
}

}  // namespace suanpan
