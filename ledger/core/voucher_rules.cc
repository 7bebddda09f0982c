#include "ledger/core/voucher_rules.h"

#include <algorithm>
#include <map>

#include "ledger/base/bytes.h"
#include "ledger/base/digest.h"

namespace suanpan {
namespace {

// The balances of accounts on the way through a voucher's legs. Each leg is taken up once, however
// many later ones ask: work grows with the legs, not with their square.
class OnTheWay {
 public:
  OnTheWay(const View& view, std::span<const Transfer> legs) : view_(view), legs_(legs) {
    moves_.reserve(2 * legs.size());
    for (const Transfer& leg : legs)
      for (const AccountId id : {leg.debit, leg.credit}) moves_.emplace_back(id, moves_.size());
    std::sort(moves_.begin(), moves_.end());
  }
  /// An account as the legs before `leg` leave it; null if it overflows. One leg after the other.
  const Balance* before(std::size_t leg, AccountId id) {
    auto at = accounts_.find(id);
    if (at == accounts_.end()) {
      const auto first = std::lower_bound(moves_.begin(), moves_.end(), Move{id, 0});
      at = accounts_.emplace(id, Reached{view_.balance(id), first}).first;
    }
    Reached& reached = at->second;
    // Some move of the account is not before `leg`: that of the leg which sweeps it.
    for (; reached.next->second / 2 < leg; ++reached.next) {
      const std::size_t where = reached.next->second;
      if (!apply_side(reached.balance, legs_[where / 2],
                      where % 2 == 0 ? Side::kDebit : Side::kCredit))
        return nullptr;
    }
    return &reached.balance;
  }

 private:
  using Move = std::pair<AccountId, std::size_t>;  // leg * 2, and 1 more on the credit side
  struct Reached {
    Balance balance;
    std::vector<Move>::const_iterator next;
  };
  const View& view_;
  std::span<const Transfer> legs_;
  std::vector<Move> moves_;  // by account, each in the order of the legs
  std::map<AccountId, Reached> accounts_;
};

}  // namespace

const Sweep* sweep_of(const VoucherRules& rules, std::size_t leg) {
  const auto at = std::ranges::lower_bound(rules.sweeps, leg, std::less{}, &Sweep::leg);
  return at != rules.sweeps.end() && at->leg == leg ? &*at : nullptr;
}

std::vector<std::int64_t> most_of_legs(const VoucherRequest& request) {
  std::vector<std::int64_t> most;
  most.reserve(request.legs.size());
  for (const Leg& leg : request.legs) most.push_back(leg.amount);
  const auto& sweeps = request.rules->sweeps;
  for (auto sweep = sweeps.rbegin(); sweep != sweeps.rend(); ++sweep)
    if (sweep->leg < most.size()) most[sweep->leg] = sweep->at_most;
  return most;
}

Planned<void> check_expects(const std::vector<Expectation>& expects) {
  if (expects.size() > kMaxVoucherLegs) return refuse(RefusalCode::kValueInvalid, "expects");
  for (const Expectation& e : expects) {
    if (e.account.value == 0) return refuse(RefusalCode::kAccountMissing, "expects");
    const bool bounded = e.at_least || e.at_most;
    if ((!e.version && !bounded) || (e.at_least && e.at_most && *e.at_least > *e.at_most) ||
        (!bounded && e.of != BalanceOf::kAvailable))
      return refuse(RefusalCode::kValueInvalid, "expects");
  }
  return success();
}

Planned<void> check_rules(const VoucherRequest& request) {
  const VoucherRules& rules = *request.rules;
  TRY(check_expects(rules.expects));
  for (std::size_t i = 0; i < rules.sweeps.size(); ++i) {
    const Sweep& sweep = rules.sweeps[i];
    if (sweep.leg >= request.legs.size() || request.legs[sweep.leg].amount != 0 || sweep.of == 0 ||
        sweep.of > (Sweep::kDebit | Sweep::kCredit) ||
        (i > 0 && rules.sweeps[i - 1].leg >= sweep.leg))
      return refuse(RefusalCode::kValueInvalid, "up_to");
  }
  return success();
}

Planned<void> check_expectations(const View& view, const VoucherRules& rules) {
  for (const Expectation& e : rules.expects) {
    const Account* account = view.account(e.account);
    if (!account) return refuse(RefusalCode::kExpectedAccountNotFound);
    if (e.version && *e.version != account->version)
      return refuse(RefusalCode::kVersionNotExpected, account->code);
    if (!e.at_least && !e.at_most) continue;
    const Balance& balance = view.balance(e.account);
    const std::int64_t is = e.of == BalanceOf::kPosted ? balance.posted(account->normal)
                                                       : balance.available(account->normal);
    if ((e.at_least && is < *e.at_least) || (e.at_most && is > *e.at_most))
      return refuse(RefusalCode::kBalanceNotExpected, account->code);
  }
  return success();
}

Planned<ChangeSet> plan_expecting(const View& view, std::shared_ptr<const VoucherRules> rules,
                                  Planned<ChangeSet> planned) {
  if (!planned && leaves_nothing(planned.error().code)) return planned;
  TRY(check_expects(rules->expects));
  TRY(check_expectations(view, *rules));
  if (planned) planned.value().rules = std::move(rules);
  return planned;
}

Planned<void> fill_sweeps(const View& view, const VoucherRules& rules, ChangeSet& changes) {
  if (rules.sweeps.empty()) return success();
  auto& legs = changes.transfers;
  OnTheWay balances(view, legs);
  for (const Sweep& sweep : rules.sweeps) {
    Transfer& leg = legs[sweep.leg];
    std::int64_t amount = sweep.at_most;
    for (const Side side : {Side::kDebit, Side::kCredit}) {
      if ((sweep.of & (side == Side::kDebit ? Sweep::kDebit : Sweep::kCredit)) == 0) continue;
      const AccountId id = side == Side::kDebit ? leg.debit : leg.credit;
      const Balance* balance = balances.before(sweep.leg, id);
      if (!balance) return refuse(RefusalCode::kOverflow);
      // What is on the other side is what this one may take.
      const Side other = side == Side::kDebit ? Side::kCredit : Side::kDebit;
      amount = std::min(amount, balance->available(other));
      if (amount <= 0) return refuse(RefusalCode::kNothingToSweep, view.account(id)->code);
    }
    leg.amount = amount;
  }
  for (const Transfer& leg : legs)
    changes.answer += fmt::format("{}{}", changes.answer.empty() ? '[' : ',', leg.amount);
  changes.answer += ']';
  return success();
}

std::optional<std::string> first_difference(const VoucherRules* asked, const VoucherRules* first) {
  static const VoucherRules kNone;
  if (!asked) asked = &kNone;
  if (!first) first = &kNone;
  if (asked->expects != first->expects) return "expects";
  if (asked->sweeps != first->sweeps) return "up_to";
  return std::nullopt;
}

std::string encode(const VoucherRules& rules) {
  ByteWriter w;
  w.u16(static_cast<std::uint16_t>(rules.expects.size()));
  for (const Expectation& e : rules.expects) {
    w.u32(e.account.value);
    w.u8(static_cast<std::uint8_t>((e.version ? 1 : 0) | (e.at_least ? 2 : 0) |
                                   (e.at_most ? 4 : 0) | (e.of == BalanceOf::kPosted ? 8 : 0)));
    w.u32(e.version.value_or(0));
    w.i64(e.at_least.value_or(0));
    w.i64(e.at_most.value_or(0));
  }
  w.u16(static_cast<std::uint16_t>(rules.sweeps.size()));
  for (const Sweep& sweep : rules.sweeps) {
    w.u32(sweep.leg);
    w.u8(sweep.of);
    w.i64(sweep.at_most);
  }
  return w.take();
}

std::optional<VoucherRules> decode_voucher_rules(std::string_view bytes) {
  ByteReader r(bytes);
  VoucherRules rules;
  for (std::uint16_t left = r.u16(); left > 0 && !r.failed(); --left) {
    Expectation& e = rules.expects.emplace_back();
    e.account.value = r.u32();
    const std::uint8_t given = r.u8();
    const std::uint32_t version = r.u32();
    const std::int64_t at_least = r.i64(), at_most = r.i64();
    if (given & 1) e.version = version;
    if (given & 2) e.at_least = at_least;
    if (given & 4) e.at_most = at_most;
    if (given & 8) e.of = BalanceOf::kPosted;
  }
  for (std::uint16_t left = r.u16(); left > 0 && !r.failed(); --left) {
    Sweep& sweep = rules.sweeps.emplace_back();
    sweep.leg = r.u32();
    sweep.of = r.u8();
    sweep.at_most = r.i64();
  }
  if (!r.done() || encode(rules) != bytes) return std::nullopt;
  return rules;
}

void add_expects(Content& content, const VoucherRules& rules) {
  const std::string bytes = encode(rules);
  content.emplace_back(
      kExpectsField,
      hex_lower({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}));
}

std::shared_ptr<const VoucherRules> expected_in(const Content& content) {
  if (content.empty() || content.back().first != kExpectsField) return nullptr;
  const auto bytes = from_hex(content.back().second);
  auto rules = bytes ? decode_voucher_rules(*bytes) : std::nullopt;
  if (!rules || rules->expects.empty() || !rules->sweeps.empty()) return nullptr;
  return std::make_shared<const VoucherRules>(std::move(*rules));
}

}  // namespace suanpan
