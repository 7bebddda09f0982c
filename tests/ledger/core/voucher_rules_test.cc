// What a voucher expects of accounts, and legs "up to" the balance that is there.
#include "ledger/core/voucher_rules.h"

#include <catch2/catch.hpp>
#include <limits>

#include "ledger/base/digest.h"
#include "ledger/core/idempotency.h"
#include "ledger/core/rules_invariant.h"
#include "tests/support/scenario.h"

using namespace suanpan;
using test::Scenario;

namespace {

constexpr const char* kAccounts = R"(
  account bank   1002         asset                                    ok
  account cash   1001         asset      limit=not_below_zero          ok
  account owner  2101/a       liability  limit=not_below_zero          ok
  account other  2101/b       liability  limit=not_below_zero          ok
  account line   2101/c       liability  limit=credit_line line=50     ok
  voucher 1  bank>owner:100                                            ok
  voucher 2  cash>owner:40                                             ok
  voucher 3  owner>bank:30 hold                                        ok
)";  // owner: 140 posted, 110 available; bank: 100 posted, 70 available; cash: 40

VoucherRequest request_of(std::vector<Leg> legs, VoucherRules rules) {
  VoucherRequest request;
  request.key = Scenario::key(900);
  request.legs.assign(legs.begin(), legs.end());
  request.rules = std::make_shared<const VoucherRules>(std::move(rules));
  return request;
}

}  // namespace

TEST_CASE("rules: what is expected of a balance or version must hold, exactly or within bounds") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 10 bank>other:1 expects=owner/a110..110                 ok
    voucher 11 bank>other:1 expects=owner/a109..109                 balance_not_expected
    voucher 12 bank>other:1 expects=owner/a111..111                 balance_not_expected
    voucher 13 bank>other:1 expects=owner/p140..140                 ok
    voucher 14 bank>other:1 expects=owner/p110..110                 balance_not_expected
    voucher 15 bank>other:1 expects=owner/a110..                    ok
    voucher 16 bank>other:1 expects=owner/a111..                    balance_not_expected
    voucher 17 bank>other:1 expects=owner/a..110                    ok
    voucher 18 bank>other:1 expects=owner/a..109                    balance_not_expected
    voucher 19 bank>other:1 expects=cash/p40..40,owner/a0..500      ok
    voucher 20 bank>other:1 expects=cash/p40..40,owner/a0..50       balance_not_expected
    voucher 21 bank>other:1 expects=line/a-5..0                     ok
    voucher 22 bank>other:1 expects=owner/v1                        ok
    voucher 23 bank>other:1 expects=owner/v2                        version_not_expected
    terms owner frozen=in                                           ok
    voucher 24 bank>other:1 expects=owner/v1                        version_not_expected
    voucher 25 bank>other:1 expects=owner/v2                        ok
    voucher 26 bank>other:1 expects=?77/v1                          expected_account_not_found
    voucher 27 bank>other:1 expects=?77/a0..0                       expected_account_not_found
    # Before the business, after the date.
    voucher 28 ?99>other:1  expects=owner/v1                        version_not_expected
    voucher 29 bank>owner:1 expects=owner/v1                        version_not_expected
    voucher 30 bank>owner:1 expects=owner/v2                        credit_account_frozen
    voucher 31 bank>other:1 expects=owner/v1 date=2026-03-05        date_ahead
    # A hold may expect as well.
    voucher 32 bank>other:1 hold expects=owner/a0..5                balance_not_expected
    balance other credits=8
  )");
  CHECK(s.stored(23).effects.rules->expects.at(0).version == 2);
}

TEST_CASE("rules: of a hold that is posted or voided, and of a reversal, the same is expected") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    post 10 3 amounts=10 expects=owner/a111..111                    balance_not_expected
    post 11 3 amounts=10 expects=owner/p140..140,bank/v1            ok
    # 130 are posted, 20 of it still held.
    post 12 3 amounts=5 expects=owner/p140..140                     balance_not_expected
    void 13 3 expects=owner/v2                                      version_not_expected
    void 14 3 expects=?77/v1                                        expected_account_not_found
    void 15 3 expects=owner/a110..110                               ok
    balance owner debits=10 credits=140
    reverse 16 2 amounts=15 expects=cash/p41..                      balance_not_expected
    reverse 17 2 amounts=15 expects=cash/p40..40,owner/a130..130    ok
    balance cash debits=25 red=-15,0
    reverse 18 2 amounts=15 expects=cash/p..24                      balance_not_expected
    # Before the command itself, whatever would become of it.
    post 20 3 expects=owner/a1..1                                   balance_not_expected
    post 21 3 expects=owner/a..500                                  hold_already_voided
    void 22 99 expects=owner/v9                                     version_not_expected
    void 23 99 expects=owner/v1                                     hold_not_found
    reverse 24 2 date=2026-03-05 expects=owner/v2                   version_not_expected
    reverse 25 2 date=2026-03-05 expects=owner/v1                   date_ahead
    # But not before its shape: nothing is left, and the id is free.
    post 26 3 amounts=-1 expects=owner/a1..1                        amount_not_positive
    reverse 26 2 amounts=-1 expects=owner/v9                        amount_not_positive
    post 26 3 expects=-/v1                                          account_missing
    void 26 3 expects=owner/a5..4                                   value_invalid
    void 26 3 expects=owner/v1                                      hold_already_voided
  )");
  CHECK(s.stored(10).refusal.detail == "2101/a");
  CHECK(s.stored(13).refusal.detail == "2101/a");
  // Read again of the journal: what was expected stands there once, accepted or refused.
  CHECK(s.stored(10).effects.rules->expects.at(0).at_least == 111);
  CHECK(s.stored(11).effects.rules->expects.size() == 2);
  CHECK(s.stored(11).effects.rules->expects.at(1).version == 1);
  CHECK(s.stored(17).content.back().first == "expects");
}

TEST_CASE("rules: what any command expected is told to the invariants, which judge it themselves") {
  Scenario s;
  s.run(kAccounts);
  const auto planned = [&](std::int64_t balance) {
    const auto rules = std::make_shared<const VoucherRules>(
        VoucherRules{{{s.id("owner"), {}, {}, balance, balance}}, {}});
    const VoidHoldRequest request{Scenario::key(10), Scenario::key(3)};
    return plan_expecting(s.state(), rules, plan_void_hold(s.state(), request, s.moment()));
  };
  const auto judged = [&](const ChangeSet& changes) {
    return violated_invariant(s.state(), Scenario::key(10), CommandKind::kVoidHold, changes)
        .value_or("none");
  };
  auto good = planned(110);
  REQUIRE(good);
  REQUIRE(good.value().rules);
  CHECK(good.value().rules->expects.at(0).at_most == 110);
  CHECK(judged(good.value()) == "none");
  CHECK_FALSE(planned(111));
  // As if a planner had let it pass.
  good.value().rules =
      std::make_shared<const VoucherRules>(VoucherRules{{{s.id("owner"), {}, {}, 111, 111}}, {}});
  CHECK(judged(good.value()) == "rules_hold: account 2101/a has not the balance that was expected");
}

TEST_CASE("rules: what a command expects is a field of its content, and its last") {
  const Expectation version{AccountId{7}, 3, BalanceOf::kPosted, -5, {}};
  Content content{{"hold", "x"}};
  CHECK_FALSE(expected_in(content));
  CHECK_FALSE(expected_in({}));
  add_expects(content, VoucherRules{{version}, {}});
  REQUIRE(content.size() == 2);
  CHECK(content[1].first == "expects");
  // One; account 7; version, lower bound, posted; 3; -5; no upper bound; no sweeps.
  CHECK(content[1].second ==
        "0100"
        "07000000"
        "0b"
        "03000000"
        "fbffffffffffffff"
        "0000000000000000"
        "0000");
  const auto read = expected_in(content);
  REQUIRE(read);
  CHECK(read->expects == std::vector<Expectation>{version});
  CHECK(read->sweeps.empty());
  std::string sweeps = content[1].second;
  sweeps.replace(sweeps.size() - 4, 4,
                 "01000000000001"
                 "0100000000000000");
  REQUIRE(decode_voucher_rules(*from_hex(sweeps)));
  for (const std::string& bad : {std::string(), std::string("0g"), content[1].second.substr(2),
                                 std::string("00000000"), sweeps}) {
    INFO(bad);
    CHECK_FALSE(expected_in({{"hold", "x"}, {"expects", bad}}));
  }
  CHECK_FALSE(expected_in({{"expects", content[1].second}, {"hold", "x"}}));
}

TEST_CASE("rules: what a command expects is part of what a resend must repeat") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    post 10 3 amounts=10 expects=owner/a110..110    ok
    post 11 3 amounts=10 expects=owner/a1..1        balance_not_expected
    void 12 3                                       ok
  )");
  const auto differs = [&](std::uint64_t id, std::optional<std::int64_t> balance) {
    Content content = content_of(PostHoldRequest{Scenario::key(id), Scenario::key(3), {10}, {}});
    if (balance)
      add_expects(content, VoucherRules{{{s.id("owner"), {}, {}, balance, balance}}, {}});
    return first_difference(CommandKind::kPostHold, content, s.stored(id)).value_or("nothing");
  };
  CHECK(differs(10, 110) == "nothing");
  CHECK(differs(10, 111) == "expects");
  CHECK(differs(10, {}) == "expects");
  CHECK(differs(11, 1) == "nothing");
  CHECK(differs(11, 110) == "expects");
  Content content = content_of(VoidHoldRequest{Scenario::key(12), Scenario::key(3)});
  add_expects(content, VoucherRules{{{s.id("owner"), 1}}, {}});
  CHECK(first_difference(CommandKind::kVoidHold, content, s.stored(12)) == "expects");
}

TEST_CASE("rules: a leg takes what is there, holds counted, and never what is not") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 10 owner>other:debit<=60      ok
    balance owner debits=60 credits=140 pending=30,0
    voucher 11 owner>other:debit          ok
    # 30 stay: they are held.
    balance owner debits=110 credits=140 pending=30,0
    balance other credits=110
    voucher 12 owner>other:debit          nothing_to_sweep
    voucher 13 owner>other:debit<=1       nothing_to_sweep
    void 14 3                             ok
    voucher 15 owner>other:debit          ok
    balance owner debits=140 credits=140
    balance other credits=140
  )");
  CHECK(s.stored(10).effects.answer == "[60]");
  CHECK(s.stored(11).effects.answer == "[50]");
  CHECK(s.stored(15).effects.answer == "[30]");
  CHECK(s.stored(11).effects.transfers.at(0).amount == 50);
  CHECK(s.stored(12).refusal.detail == "2101/a");
}

TEST_CASE(
    "rules: a credit line is not swept, an overdraft is brought to zero, either side counts") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    # The line has 50 to draw on and nothing posted.
    voucher 10 line>other:debit           nothing_to_sweep
    voucher 11 line>other:20              ok
    voucher 12 line>other:debit           nothing_to_sweep
    # The credit side of a liability that is overdrawn: up to zero.
    voucher 13 bank>line:credit           ok
    balance line debits=20 credits=20
    voucher 14 bank>line:credit           nothing_to_sweep
    # An asset is swept by credits.
    voucher 15 bank>cash:credit<=10       ok
    balance cash debits=40 credits=10
    # Both: the lesser of owner's 110 and cash's 30.
    voucher 16 owner>cash:both            ok
    balance cash debits=40 credits=40
    balance owner debits=30 credits=140 pending=30,0
    voucher 17 owner>cash:both            nothing_to_sweep
    # An asset with money has nothing on its debit side.
    voucher 18 owner>bank:debit<=50       ok
    voucher 19 bank>owner:debit           nothing_to_sweep
  )");
  CHECK(s.stored(13).effects.answer == "[20]");
  CHECK(s.stored(16).effects.answer == "[30]");
  CHECK(s.stored(17).refusal.detail == "1001");
}

TEST_CASE("rules: a later leg sees what earlier legs of the voucher do") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 10 owner>other:25,owner>line:debit,bank>owner:7,owner>line:debit  ok
    balance owner debits=117 credits=147 pending=30,0
    balance line credits=92
    voucher 11 owner>other:debit,owner>line:debit                             nothing_to_sweep
    voucher 12 bank>owner:8                                                   ok
    voucher 13 owner>other:debit<=3,owner>line:debit                          ok
    # A leg that comes back is there to be swept again.
    voucher 14 bank>owner:5                                                   ok
    voucher 15 owner>other:debit,other>owner:2,owner>line:debit               ok
    balance owner debits=132 credits=162 pending=30,0
    # Reserved as well as posted.
    voucher 16 bank>owner:9                                                   ok
    voucher 17 owner>other:debit<=4,owner>line:debit hold                     ok
    balance owner debits=132 credits=171 pending=39,0
    post 18 17                                                                ok
    balance owner debits=141 credits=171 pending=30,0
  )");
  CHECK(s.stored(10).effects.answer == "[25,85,7,7]");
  CHECK(s.stored(13).effects.answer == "[3,5]");
  CHECK(s.stored(15).effects.answer == "[5,2,2]");
  CHECK(s.stored(17).effects.answer == "[4,5]");
}

TEST_CASE("rules: each malformed shape is refused and leaves nothing") {
  const AccountId a{1}, b{2};
  const Leg swept{a, b, 0};
  const auto sweep = [](std::uint32_t leg, std::uint8_t of, std::int64_t most) {
    return VoucherRules{{}, {Sweep{leg, of, most}}};
  };
  const auto expects = [](Expectation e) { return VoucherRules{{e}, {}}; };
  struct Row {
    const char* what;
    VoucherRequest request;
    RefusalCode code;
    const char* detail;
  };
  const Row rows[] = {
      {"a sweep in order", request_of({swept}, sweep(0, 1, 5)), RefusalCode::kNone, ""},
      {"up to nothing", request_of({swept}, sweep(0, 1, 0)), RefusalCode::kAmountNotPositive, ""},
      {"up to less", request_of({swept}, sweep(0, 1, -1)), RefusalCode::kAmountNotPositive, ""},
      {"up to too much", request_of({swept}, sweep(0, 1, 1'000'000'000'000'001)),
       RefusalCode::kAmountTooLarge, ""},
      {"of no balance", request_of({swept}, sweep(0, 0, 5)), RefusalCode::kValueInvalid, "up_to"},
      {"of no such balance", request_of({swept}, sweep(0, 4, 5)), RefusalCode::kValueInvalid,
       "up_to"},
      {"a leg that is not there", request_of({Leg{a, b, 1}}, sweep(1, 1, 5)),
       RefusalCode::kValueInvalid, "up_to"},
      {"an amount besides", request_of({Leg{a, b, 1}}, sweep(0, 1, 5)), RefusalCode::kValueInvalid,
       "up_to"},
      {"one leg twice", request_of({swept}, VoucherRules{{}, {Sweep{0, 1, 5}, Sweep{0, 2, 5}}}),
       RefusalCode::kValueInvalid, "up_to"},
      {"an expectation of nobody", request_of({Leg{a, b, 1}}, expects({AccountId{0}, 1})),
       RefusalCode::kAccountMissing, "expects"},
      {"an expectation of nothing", request_of({Leg{a, b, 1}}, expects({a})),
       RefusalCode::kValueInvalid, "expects"},
      {"a version of what is posted",
       request_of({Leg{a, b, 1}}, expects({a, 1, BalanceOf::kPosted})), RefusalCode::kValueInvalid,
       "expects"},
      {"bounds that exclude each other",
       request_of({Leg{a, b, 1}}, expects({a, {}, BalanceOf::kAvailable, 5, 4})),
       RefusalCode::kValueInvalid, "expects"},
      {"too many",
       request_of({Leg{a, b, 1}},
                  VoucherRules{std::vector<Expectation>(257, Expectation{a, 1}), {}}),
       RefusalCode::kValueInvalid, "expects"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const auto checked = check_voucher(row.request);
    CHECK((checked ? RefusalCode::kNone : checked.error().code) == row.code);
    if (!checked) CHECK(checked.error().detail == row.detail);
  }
}

TEST_CASE("rules: they are part of what a resend must repeat") {
  Scenario s;
  s.run(kAccounts);
  s.run("voucher 10 owner>other:debit<=60,bank>other:5 expects=owner/a110..110 ok");
  const StoredCommand& first = s.stored(10);
  VoucherRequest again;
  again.key = Scenario::key(10);
  again.legs = {Leg{s.id("owner"), s.id("other"), 0}, Leg{s.id("bank"), s.id("other"), 5}};
  VoucherRules rules{{Expectation{s.id("owner"), {}, BalanceOf::kAvailable, 110, 110}},
                     {Sweep{0, Sweep::kDebit, 60}}};
  const auto differs = [&](const VoucherRules* with) {
    again.rules = with ? std::make_shared<const VoucherRules>(*with) : nullptr;
    return first_difference(again, first).value_or("nothing");
  };
  CHECK(differs(&rules) == "nothing");
  CHECK(differs(nullptr) == "amount");
  VoucherRules other = rules;
  other.sweeps[0].at_most = 61;
  CHECK(differs(&other) == "up_to");
  other = rules;
  other.expects[0].at_most = 111;
  CHECK(differs(&other) == "expects");
  other.expects.clear();
  CHECK(differs(&other) == "expects");
  again.legs[1].amount = 6;
  CHECK(differs(&rules) == "amount");
  // A refused one is compared by the same fields.
  s.run("voucher 11 owner>other:debit<=60 expects=owner/a1..1 balance_not_expected");
  again.legs = {Leg{s.id("owner"), s.id("other"), 0}};
  rules.expects[0].at_least = rules.expects[0].at_most = 1;
  again.rules = std::make_shared<const VoucherRules>(rules);
  CHECK_FALSE(first_difference(again, s.stored(11)));
}

TEST_CASE("rules: their bytes read back, and nothing else does") {
  VoucherRules rules{{Expectation{AccountId{7}, 3, BalanceOf::kPosted, -5, {}},
                      Expectation{AccountId{8}, {}, BalanceOf::kAvailable, {}, 9}},
                     {Sweep{2, Sweep::kCredit, 77}}};
  const std::string bytes = encode(rules);
  CHECK(bytes.size() == 2 + 2 * 25 + 2 + 13);
  CHECK(decode_voucher_rules(bytes) == rules);
  CHECK(decode_voucher_rules(encode(VoucherRules{})) == VoucherRules{});
  for (std::size_t n = 0; n < bytes.size(); ++n)
    CHECK_FALSE(decode_voucher_rules(std::string_view(bytes).substr(0, n)));
  CHECK_FALSE(decode_voucher_rules(bytes + "x"));
  std::string hidden = bytes;
  hidden[2 + 25 + 4 + 5] = 1;  // a lower bound that is not given
  CHECK_FALSE(decode_voucher_rules(hidden));
}

TEST_CASE("rules: the invariant does its own sums") {
  Scenario s;
  s.run(kAccounts);
  const AccountId bank = s.id("bank"), owner = s.id("owner"), other = s.id("other");
  const auto verdict = [&](std::int64_t amount, VoucherRules rules) {
    ChangeSet changes;
    changes.date = s.state().book().accounting_date;
    changes.transfers.push_back(Transfer{owner, other, 10, TransferKind::kPosted});
    changes.transfers.push_back(Transfer{owner, other, amount, TransferKind::kPosted});
    changes.rules = std::make_shared<const VoucherRules>(std::move(rules));
    return violated_invariant(s.state(), Scenario::key(1), CommandKind::kVoucher, changes)
        .value_or("none");
  };
  const auto sweep = [](std::uint8_t of, std::int64_t most) {
    return VoucherRules{{}, {Sweep{1, of, most}}};
  };
  const char* const not_all = "rules_hold: a leg does not take what there is to sweep";
  CHECK(verdict(100, sweep(1, 1'000)) == "none");
  CHECK(verdict(99, sweep(1, 1'000)) == not_all);
  CHECK(verdict(60, sweep(1, 60)) == "none");
  CHECK(verdict(61, sweep(1, 60)) == not_all);
  CHECK(verdict(1, VoucherRules{{}, {Sweep{2, 1, 60}}}) ==
        "rules_hold: a leg that sweeps is not there");
  const auto expects = [](AccountId id, std::optional<std::uint32_t> version, std::int64_t low,
                          std::int64_t high, BalanceOf of = BalanceOf::kAvailable) {
    return VoucherRules{{Expectation{id, version, of, low, high}}, {}};
  };
  CHECK(verdict(1, expects(bank, 1, 70, 70)) == "none");
  CHECK(verdict(1, expects(bank, 1, 100, 100, BalanceOf::kPosted)) == "none");
  CHECK(verdict(1, expects(bank, 2, 70, 70)) ==
        "rules_hold: account 1002 is not at the version that was expected");
  CHECK(verdict(1, expects(bank, 1, 71, 80)) ==
        "rules_hold: account 1002 has not the balance that was expected");
  CHECK(verdict(1, expects(owner, 1, 100, 109)) ==
        "rules_hold: account 2101/a has not the balance that was expected");
  CHECK(verdict(1, expects(AccountId{77}, 1, 0, 0)) ==
        "rules_hold: an account that was expected is not there");
}

TEST_CASE("rules: a sum that overflows on the way to a sweep is refused") {
  Scenario s;
  s.run(kAccounts);
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const auto refused = [&](Transfer before, std::uint8_t of) {
    ChangeSet changes;
    changes.transfers.push_back(before);
    changes.transfers.push_back(Transfer{s.id("owner"), s.id("bank"), 0});
    const auto filled = fill_sweeps(s.state(), VoucherRules{{}, {Sweep{1, of}}}, changes);
    return filled ? RefusalCode::kNone : filled.error().code;
  };
  CHECK(refused(Transfer{s.id("owner"), s.id("cash"), 5}, Sweep::kDebit) == RefusalCode::kNone);
  CHECK(refused(Transfer{s.id("owner"), s.id("cash"), most, TransferKind::kPending},
                Sweep::kDebit) == RefusalCode::kOverflow);
  CHECK(refused(Transfer{s.id("cash"), s.id("owner"), most}, Sweep::kDebit) ==
        RefusalCode::kOverflow);
}

TEST_CASE("rules: without any, a leg moves its amount and nothing is broken") {
  VoucherRequest request;
  request.legs.push_back(Leg{AccountId{1}, AccountId{2}, 7});
  const auto most = [&](std::vector<Sweep> sweeps) {
    request.rules = std::make_shared<const VoucherRules>(VoucherRules{{}, std::move(sweeps)});
    return most_of_legs(request);
  };
  CHECK(most({}) == std::vector<std::int64_t>{7});
  CHECK(most({Sweep{1, 1, 9}}) == std::vector<std::int64_t>{7});
  CHECK(most({Sweep{0, 1, 9}}) == std::vector<std::int64_t>{9});
  CHECK(most({Sweep{1, 1, 3}, Sweep{0, 1, 9}, Sweep{0, 1, 4}}) == std::vector<std::int64_t>{9});
  CHECK_FALSE(broken_rule(Scenario().state(), ChangeSet{}));
}

TEST_CASE("rules: the sweep of a leg is found among those of other legs") {
  const VoucherRules rules{{}, {Sweep{1, 1, 9}, Sweep{3, 1, 4}}};
  CHECK_FALSE(sweep_of(rules, 0));
  CHECK(sweep_of(rules, 1) == &rules.sweeps[0]);
  CHECK_FALSE(sweep_of(rules, 2));
  CHECK(sweep_of(rules, 3) == &rules.sweeps[1]);
  CHECK_FALSE(sweep_of(rules, 4));
}

TEST_CASE("rules: counts beyond their bytes are no rules") {
  CHECK_FALSE(decode_voucher_rules(std::string("\xff\xff\0\0", 4)));
  CHECK_FALSE(decode_voucher_rules(std::string("\0\0\xff\xff", 4)));
  CHECK_FALSE(decode_voucher_rules(std::string("\0\0\2\0\1", 5)));
}
