// Planted faults in linked groups, expectations, sweeps and the history of terms: verify finds each
// by its own arithmetic.
#include "ledger/core/voucher_rules.h"
#include "tests/ledger/engine/paper_book.h"

using namespace suanpan;
using test::Paper;

namespace {

using Catch::Matchers::Contains;

struct Row {
  const char* what;
  std::function<void(Paper&)> plant;
  const char* fault;  ///< "none": nothing is wrong
};

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    INFO(row.what);
    Paper p;
    row.plant(p);
    CHECK_THAT(p.fault_of_journal(), Contains(row.fault));
  }
}

void post(Paper& p, bool linked) {
  p.accept(CommandKind::kVoucher, Paper::moving(p.bank, p.owner, 1), {}, linked);
}
void fail(Paper& p, const char* place, bool linked) {
  p.refuse(CommandKind::kVoucher, RefusalCode::kGroupFailed, place, linked);
}
void refuse(Paper& p, bool linked) {
  p.refuse(CommandKind::kVoucher, RefusalCode::kBelowLimit, "2101/a", linked);
}

}  // namespace

TEST_CASE("verify: linked commands stand or fall together") {
  check({
      {"a group that stands",
       [](Paper& p) {
         post(p, true);
         post(p, true);
         post(p, false);
         post(p, false);
       },
       "none"},
      {"a group that falls",
       [](Paper& p) {
         fail(p, "1", true);
         refuse(p, true);
         fail(p, "1", false);
         refuse(p, false);
       },
       "none"},
      {"a group of one", [](Paper& p) { refuse(p, false); }, "none"},
      {"half of it stands",
       [](Paper& p) {
         post(p, true);
         refuse(p, false);
       },
       "journal entry 10: its group neither stands nor falls"},
      {"the other half stands",
       [](Paper& p) {
         fail(p, "1", true);
         post(p, false);
       },
       "its group neither stands nor falls"},
      {"nobody says why",
       [](Paper& p) {
         fail(p, "1", true);
         fail(p, "1", false);
       },
       "its group fell, and no item says why"},
      {"two say why",
       [](Paper& p) {
         refuse(p, true);
         refuse(p, false);
       },
       "two items of its group have refusals of their own"},
      {"another item is named",
       [](Paper& p) {
         fail(p, "2", true);
         refuse(p, true);
         fail(p, "2", false);
       },
       "its group fell because of item 1, and names item 2"},
      {"two items are named",
       [](Paper& p) {
         fail(p, "1", true);
         refuse(p, true);
         fail(p, "0", false);
       },
       "its group fell because of item 1 and of item 0"},
      {"an item falls with no group", [](Paper& p) { fail(p, "0", false); },
       "it fell with a group, and is in none"},
      {"a group that goes on in the next block", [](Paper& p) { post(p, true); },
       "journal entry 9: its block ends inside a linked group"},
  });
}

namespace {

// 1,000 are there; 100 of it are held.
ChangeSet ruled(Paper& p, std::int64_t amount, VoucherRules rules, bool twice = false) {
  ChangeSet changes = Paper::moving(p.owner, p.bank, amount);
  if (twice) changes.transfers.push_back(Transfer{p.owner, p.bank, 1, TransferKind::kPosted});
  changes.rules = std::make_shared<const VoucherRules>(std::move(rules));
  return changes;
}

}  // namespace

TEST_CASE("verify: expectations and sweeps are held against its own sums") {
  const auto expects = [](AccountId id, std::optional<std::uint32_t> version, std::int64_t low,
                          std::int64_t high, BalanceOf of = BalanceOf::kAvailable) {
    return VoucherRules{{Expectation{id, version, of, low, high}}, {}};
  };
  const auto post_ruled = [](std::int64_t amount, VoucherRules rules) {
    return [amount, rules = std::move(rules)](Paper& p) {
      p.hold();
      p.accept(CommandKind::kVoucher, ruled(p, amount, rules));
    };
  };
  const auto sweep = [](std::uint32_t leg, std::uint8_t of, std::int64_t most = 5'000) {
    return VoucherRules{{}, {Sweep{leg, of, most}}};
  };
  const AccountId bank{1}, owner{2};
  check({
      {"what was so", post_ruled(1, expects(owner, 1, 900, 900)), "none"},
      {"what was posted", post_ruled(1, expects(owner, 1, 1'000, 1'000, BalanceOf::kPosted)),
       "none"},
      {"more than there was", post_ruled(1, expects(owner, 1, 901, 2'000)),
       "journal entry 10: it expects another balance of 2101/a (account 2) than 900"},
      {"less than there was", post_ruled(1, expects(owner, 1, 0, 899)),
       "it expects another balance of 2101/a (account 2) than 900"},
      {"another version", post_ruled(1, expects(bank, 2, 900, 900)),
       "it expects 1002 (account 1) at version 2, which is at 1"},
      {"of an account that is not there", post_ruled(1, expects(AccountId{66}, 1, 0, 0)),
       "it expects of account 66, which does not exist"},
      {"all that was there", post_ruled(900, sweep(0, Sweep::kDebit)), "none"},
      {"as much as was asked for", post_ruled(50, sweep(0, Sweep::kDebit, 50)), "none"},
      {"the lesser of both", post_ruled(900, sweep(0, Sweep::kDebit | Sweep::kCredit)), "none"},
      {"less than was there", post_ruled(899, sweep(0, Sweep::kDebit)),
       "leg 0 sweeps 899, and 900 was there"},
      {"more than was asked for", post_ruled(51, sweep(0, Sweep::kDebit, 50)),
       "leg 0 sweeps 51, and 50 was there"},
      {"the other side", post_ruled(901, sweep(0, Sweep::kCredit)),
       "leg 0 sweeps 901, and 900 was there"},
      {"a leg that is missing", post_ruled(1, sweep(1, Sweep::kDebit)),
       "leg 1, which sweeps, is missing"},
      {"after the leg before it",
       [&](Paper& p) {
         p.accept(CommandKind::kVoucher, ruled(p, 999, sweep(1, Sweep::kDebit), true));
       },
       "none"},
      {"as if the leg before it were not",
       [&](Paper& p) {
         p.accept(CommandKind::kVoucher, ruled(p, 998, sweep(1, Sweep::kDebit), true));
       },
       "leg 1 sweeps 1, and 2 was there"},
      {"rules of what is no voucher",
       [&](Paper& p) {
         p.accept(CommandKind::kDeposit, ruled(p, 1, expects(owner, 1, 1'000, 1'000)));
       },
       "it has a voucher's rules"},
  });
}

TEST_CASE("verify: what other commands expected is read off their content, and held as well") {
  const auto posting = [](auto&& content_of) {
    return [content_of](Paper& p) {
      p.hold();
      p.content = content_of(p);
      p.use_hold(CommandKind::kPostHold, TransferKind::kPostPending, 30, 70, HoldState::kOpen);
    };
  };
  const auto expects = [&](std::int64_t low, std::int64_t high, std::uint32_t account = 2) {
    return posting([=](Paper&) {
      Content content{{"hold", "x"}};
      add_expects(content, VoucherRules{{{AccountId{account}, {}, {}, low, high}}, {}});
      return content;
    });
  };
  const auto says = [&](const char* text) {
    return posting([=](Paper&) { return Content{{"hold", "x"}, {"expects", text}}; });
  };
  check({
      {"what was so", expects(900, 900), "none"},
      {"what is so only afterwards", expects(870, 870),
       "journal entry 10: it expects another balance of 2101/a (account 2) than 900"},
      {"more than there was", expects(901, 1'000),
       "journal entry 10: it expects another balance of 2101/a (account 2) than 900"},
      {"of an account that is not there", expects(0, 0, 66),
       "it expects of account 66, which does not exist"},
      {"what is no number", says("zz"), "journal entry 10: what it expects does not read"},
      {"what is cut off", says("0100"), "what it expects does not read"},
      {"nothing", says("00000000"), "what it expects does not read"},
      {"a sweep", says("00000100000000000101000000000000"), "what it expects does not read"},
      {"a voucher's rules beside it",
       [&](Paper& p) {
         p.hold();
         p.content = {{"hold", "x"}};
         p.accept(CommandKind::kReversal,
                  ruled(p, 1, VoucherRules{{{AccountId{2}, 1, {}, {}, {}}}, {}}));
       },
       "it has a voucher's rules"},
  });
}

TEST_CASE("verify: a change of terms leaves its history") {
  const auto changed = [](Paper& p, const std::function<void(TermsChange&, Document&)>& edit) {
    Account after = Paper::account_of(p.bank, "1002", AccountType::kAsset, {});
    Account before = after;
    after.terms.frozen_in = true;
    after.version = 2;
    const ClaimKey id{Id128{7, 7}, Paper::kCaller};
    ChangeSet changes = Paper::on(Paper::kToday);
    changes.accounts.push_back(after);
    changes.documents.push_back(terms_change_of(before, after, id, Timestamp{7'001}));
    TermsChange change = *decode_terms_change(changes.documents[0].bytes);
    edit(change, changes.documents[0]);
    changes.documents[0].bytes = encode(change);
    p.accept(CommandKind::kSetTerms, changes, id);
  };
  const char* const wrong = "the history of the terms of 1002 (account 1) is wrong";
  check({
      {"as it was", [&](Paper& p) { changed(p, [](auto&, auto&) {}); }, "none"},
      {"by somebody else",
       [&](Paper& p) { changed(p, [](auto& change, auto&) { change.by.id.lo = 8; }); }, wrong},
      {"at another time",
       [&](Paper& p) { changed(p, [](auto& change, auto&) { change.at.ns += 1; }); }, wrong},
      {"from other terms",
       [&](Paper& p) { changed(p, [](auto& change, auto&) { change.before.closed = true; }); },
       wrong},
      {"to other terms",
       [&](Paper& p) { changed(p, [](auto& change, auto&) { change.after.closed = true; }); },
       wrong},
      {"that work remains",
       [&](Paper& p) { changed(p, [](auto&, auto& document) { document.open = true; }); }, wrong},
      {"of another version",
       [&](Paper& p) { changed(p, [](auto&, auto& document) { document.key[7] = 3; }); },
       "the terms of 1002 (account 1) change without history"},
      {"without a change",
       [](Paper& p) {
         ChangeSet changes = Paper::on(Paper::kToday);
         const Account a = Paper::account_of(p.bank, "1002", AccountType::kAsset, {});
         changes.documents.push_back(terms_change_of(a, a, Paper::key(1), Timestamp{1}));
         p.accept(CommandKind::kSetTerms, changes);
       },
       "it tells of a change of terms that did not happen"},
  });
}
