// Vouchers of many legs are judged as a model judges them that goes through the legs one by one, in
// 128 bits and with no table, cache or order: the same answer, the same account named. The
// invariants are held against the same model, over change sets that a planner would not have made.
#include <catch2/catch.hpp>
#include <limits>
#include <map>
#include <random>

#include "ledger/core/hold.h"
#include "ledger/core/invariants.h"
#include "ledger/core/plan_voucher.h"
#include "ledger/core/state.h"
#include "ledger/core/voucher_rules.h"

using namespace suanpan;

namespace {

const Date kToday = *Date::of(2026, 3, 4);
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr ClaimKey kKey{Id128{1, 1}, CallerId{100}};
using Random = std::mt19937_64;

std::int64_t up_to(Random& random, std::int64_t most) {
  return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most + 1));
}

// Accounts of each kind: some hold next to nothing, some so much that a few more do not fit.
State accounts_of(Random& random, std::uint32_t count) {
  State state(BookState{kToday, kToday.plus_days(-1), Currency::kCNY, 0});
  for (std::uint32_t id = 1; id <= count; ++id) {
    Account account;
    account.id = AccountId{id};
    account.code = "2101/" + std::to_string(id);
    account.type = AccountType::kLiability;
    account.normal = random() % 2 == 0 ? Side::kDebit : Side::kCredit;
    account.version = 1;
    if (random() % 8 == 0) account.terms.limit = LimitKind::kNotBelowZero;
    if (random() % 8 == 0) {
      account.terms.limit = LimitKind::kCreditLine;
      account.terms.credit_line = up_to(random, 5'000);
    }
    Balance balance;
    const bool rich = random() % 4 != 0;
    (account.normal == Side::kDebit ? balance.debits_posted : balance.credits_posted) =
        rich ? 1'000'000 + up_to(random, 1'000'000) : up_to(random, 5'000);
    balance.debits_pending = up_to(random, 200);
    balance.credits_pending = up_to(random, 200);
    if (random() % 100 == 0)
      balance.debits_posted = balance.credits_posted = kMax - up_to(random, 3'000);
    state.load_account(account, balance);
  }
  return state;
}

// Legs between some of the accounts, so that few or many come again; some take "up to".
VoucherRequest request_of(Random& random, const State& state, std::size_t legs) {
  VoucherRequest request;
  request.key = kKey;
  request.hold = random() % 4 == 0;
  const auto all = static_cast<std::int64_t>(state.accounts().size());
  const std::int64_t used = 2 + up_to(random, all - 2), from = up_to(random, all - used);
  const auto any = [&] {
    return AccountId{static_cast<std::uint32_t>(1 + from + up_to(random, used - 1))};
  };
  VoucherRules rules;
  const bool sweeps = random() % 2 == 0;
  for (std::uint32_t i = 0; i < legs; ++i) {
    Leg& leg = request.legs.emplace_back(Leg{any(), any(), 1 + up_to(random, 400)});
    while (leg.credit == leg.debit) leg.credit = any();
    if (!sweeps || random() % (legs > 16 ? legs / 3 : 3) != 0) continue;
    leg.amount = 0;
    rules.sweeps.push_back(
        Sweep{i, static_cast<std::uint8_t>(random() % 8 == 0 ? 3 : 1 + random() % 2),
              1 + up_to(random, 2'000'000)});
  }
  if (!rules.sweeps.empty()) request.rules = std::make_shared<const VoucherRules>(std::move(rules));
  return request;
}

// What an account has; the model's own sums.
struct Sums {
  Int128 debits = 0, credits = 0, held_debits = 0, held_credits = 0;

  explicit Sums(const Balance& b)
      : debits(b.debits_posted),
        credits(b.credits_posted),
        held_debits(b.debits_pending),
        held_credits(b.credits_pending) {}
  Int128 for_debits() const { return credits - debits - held_debits; }
  Int128 for_credits() const { return debits - credits - held_credits; }
  Int128 available(Side normal) const {
    return normal == Side::kDebit ? for_credits() : for_debits();
  }
  // False: one of the totals, or of their differences, is no number of 64 bits.
  bool move(std::int64_t amount, bool debit, bool held) {
    (held ? debit ? held_debits : held_credits : debit ? debits : credits) += amount;
    for (const Int128 value : {debits, credits, held_debits, held_credits, debits - credits,
                               credits - debits, for_debits(), for_credits()})
      if (value > kMax || value < -Int128{kMax} - 1) return false;
    return true;
  }
};

struct Told {
  RefusalCode code = RefusalCode::kNone;
  std::string detail;
  std::vector<std::int64_t> amounts;
};

// The model of a change set: its legs, one after the other.
class Model {
 public:
  Model(const State& state, const VoucherRequest& request) : state_(state), request_(request) {
    for (const Leg& leg : request.legs) amounts_.push_back(leg.amount);
    if (request.rules) sweeps_ = request.rules->sweeps;
  }
  // What becomes of the request.
  Told judge() {
    for (const Sweep& sweep : sweeps_) {
      std::int64_t amount = sweep.at_most;
      for (const bool debit : {true, false}) {
        if ((sweep.of & (debit ? Sweep::kDebit : Sweep::kCredit)) == 0) continue;
        const auto room = room_of(sweep, debit);
        if (!room) return {RefusalCode::kOverflow, "", {}};
        amount = static_cast<std::int64_t>(std::min(Int128{amount}, *room));
        if (amount <= 0) return {RefusalCode::kNothingToSweep, account(sweep, debit).code, {}};
      }
      amounts_[sweep.leg] = amount;
    }
    if (!fits()) return {RefusalCode::kOverflow, "", {}};
    if (const Account* below = below_limit()) return {RefusalCode::kBelowLimit, below->code, {}};
    return {RefusalCode::kNone, "", amounts_};
  }
  // What the invariants say of these legs with other amounts; they do not judge what overflows.
  std::optional<std::string> verdict(std::vector<std::int64_t> amounts) {
    amounts_ = std::move(amounts);
    if (!fits()) return std::nullopt;
    if (const Account* below = below_limit())
      return "no_account_below_its_limit: account " + below->code + " falls below its limit";
    for (const Sweep& sweep : sweeps_) {
      Int128 most = sweep.at_most;
      if (sweep.of & Sweep::kDebit) most = std::min(most, room_of(sweep, true).value());
      if (sweep.of & Sweep::kCredit) most = std::min(most, room_of(sweep, false).value());
      if (amounts_[sweep.leg] != most)
        return "rules_hold: a leg does not take what there is to sweep";
    }
    return "none";
  }

 private:
  const Account& account(const Sweep& sweep, bool debit) const {
    const Leg& leg = request_.legs[sweep.leg];
    return *state_.account(debit ? leg.debit : leg.credit);
  }
  std::optional<Int128> room_of(const Sweep& sweep, bool debit) const {
    const AccountId id = account(sweep, debit).id;
    Sums sums(state_.balance(id));
    for (std::size_t i = 0; i < sweep.leg; ++i)
      for (const bool side : {true, false})
        if ((side ? request_.legs[i].debit : request_.legs[i].credit) == id &&
            !sums.move(amounts_[i], side, request_.hold))
          return std::nullopt;
    return debit ? sums.for_debits() : sums.for_credits();
  }
  // Moves all legs.
  bool fits() {
    after_.clear();
    named_.clear();
    for (std::size_t i = 0; i < amounts_.size(); ++i)
      for (const bool debit : {true, false}) {
        const AccountId id = debit ? request_.legs[i].debit : request_.legs[i].credit;
        const auto [at, first] = after_.try_emplace(id, Sums(state_.balance(id)));
        if (first) named_.push_back(id);
        if (!at->second.move(amounts_[i], debit, request_.hold)) return false;
      }
    return true;
  }
  // The first, in the order in which the legs name them, that is now further below than it was.
  const Account* below_limit() const {
    for (const AccountId id : named_) {
      const Account& account = *state_.account(id);
      const Int128 is = after_.at(id).available(account.normal);
      const Int128 line =
          account.terms.limit == LimitKind::kCreditLine ? account.terms.credit_line : 0;
      if (account.terms.limit != LimitKind::kNone && is < -line &&
          is < Sums(state_.balance(id)).available(account.normal))
        return &account;
    }
    return nullptr;
  }

  const State& state_;
  const VoucherRequest& request_;
  std::vector<std::int64_t> amounts_;
  std::vector<Sweep> sweeps_;
  std::map<AccountId, Sums> after_;
  std::vector<AccountId> named_;
};

std::vector<std::int64_t> amounts_of(const ChangeSet& changes) {
  std::vector<std::int64_t> amounts;
  for (const Transfer& t : changes.transfers) amounts.push_back(t.amount);
  return amounts;
}

std::string verdict_of(const State& state, const ChangeSet& changes) {
  return violated_invariant(state, kKey, CommandKind::kVoucher, changes).value_or("none");
}

// One leg of a hold's document says one more than was reserved.
ChangeSet told_otherwise(ChangeSet changes, std::size_t leg) {
  Hold hold = *decode_hold(changes.documents.begin()->bytes);
  ++hold.legs[leg].amount;
  ++hold.legs[leg].remaining;
  Document document = *changes.documents.begin();
  document.bytes = encode(hold);
  changes.documents = {document};
  return changes;
}

}  // namespace

TEST_CASE("voucher: many legs are judged as they would be one by one") {
  std::map<std::string, int> seen;  // of vouchers with many legs
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const std::uint32_t counts[] = {3, 40, 600};
    const State state = accounts_of(random, counts[seed % 3]);
    for (const std::size_t legs : {1, 2, 15, 16, 17, 18, 60, 256}) {
      CAPTURE(legs);
      const VoucherRequest request = request_of(random, state, legs);
      REQUIRE(check_voucher(request));
      Model model(state, request);
      const Told expected = model.judge();
      const auto planned = plan_voucher(state, request, Moment{});
      const bool many = legs > 16;
      seen[std::string(name_of(expected.code))] += many;
      if (!planned) {
        REQUIRE(planned.error().code == expected.code);
        REQUIRE(planned.error().detail == expected.detail);
        continue;
      }
      REQUIRE(expected.code == RefusalCode::kNone);
      REQUIRE(amounts_of(planned.value()) == expected.amounts);
      REQUIRE(verdict_of(state, planned.value()) == "none");
      const std::size_t leg = random() % legs;
      if (request.hold) {
        REQUIRE(verdict_of(state, told_otherwise(planned.value(), leg)) ==
                "holds_never_exceed: reserved totals and hold documents differ");
        continue;
      }
      // With another amount of one leg, by much or little.
      ChangeSet other = planned.value();
      std::int64_t& amount = other.transfers[leg].amount;
      amount = random() % 2 == 0 ? amount + 1 : 1 + up_to(random, 10'000'000);
      const auto verdict = model.verdict(amounts_of(other));
      if (!verdict) continue;
      seen[verdict->substr(0, verdict->find(':'))] += many;
      REQUIRE(verdict_of(state, other) == *verdict);
    }
  }
  // Else nothing was shown.
  for (const char* outcome : {"none", "below_limit", "overflow", "nothing_to_sweep",
                              "no_account_below_its_limit", "rules_hold"}) {
    INFO(outcome << ": " << seen[outcome]);
    CHECK(seen[outcome] >= 10);
  }
}
