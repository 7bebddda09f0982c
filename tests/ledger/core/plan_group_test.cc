// Linked groups: they stand or fall together, later items see earlier ones, and what an overlay
// says is what the book would say.
#include "ledger/core/plan_group.h"

#include <catch2/catch.hpp>
#include <random>

#include "ledger/core/group_invariants.h"
#include "ledger/core/overlay.h"
#include "tests/support/scenario.h"

using namespace suanpan;
using test::Scenario;

namespace {

constexpr const char* kAccounts = R"(
  account bank   1002    asset                           ok
  account owner  2101/a  liability  limit=not_below_zero ok
  account other  2101/b  liability  limit=not_below_zero ok
  voucher 1 bank>owner:100                               ok
)";

struct Group {
  Scenario& s;
  std::vector<GroupItem> items;

  void voucher(std::uint64_t n, const char* debit, const char* credit, std::int64_t amount,
               bool hold = false, std::shared_ptr<const VoucherRules> rules = nullptr) {
    VoucherRequest v;
    v.key = Scenario::key(n);
    v.legs.push_back(Leg{s.id(debit), s.id(credit), amount});
    v.hold = hold;
    v.rules = std::move(rules);
    items.push_back({v.key, CommandKind::kVoucher, [v](const View& view, const Moment& moment) {
                       return plan_voucher(view, v, moment);
                     }});
  }
  void add(CommandKind kind, std::uint64_t n,
           std::function<Planned<ChangeSet>(const View&, const Moment&)> plan) {
    items.push_back({Scenario::key(n), kind, std::move(plan)});
  }
  void post(std::uint64_t n, std::uint64_t hold, std::vector<std::int64_t> amounts = {}) {
    const PostHoldRequest request{Scenario::key(n), Scenario::key(hold), std::move(amounts), {}};
    add(CommandKind::kPostHold, n,
        [request](const View& v, const Moment& m) { return plan_post_hold(v, request, m); });
  }
  PlannedGroup plan() const { return plan_group(s.state(), items, s.moment().now); }
};

}  // namespace

TEST_CASE("group: later items see what earlier ones do, and the book sees nothing yet") {
  Scenario s;
  s.run(kAccounts);
  Group g{s, {}};
  g.voucher(10, "owner", "other", 100);
  g.voucher(11, "other", "bank", 60, true);
  g.post(12, 11, {25});
  g.post(13, 11);
  g.voucher(14, "other", "bank", 40);
  const PlannedGroup planned = g.plan();
  REQUIRE(planned.stands());
  REQUIRE(planned.changes.size() == 5);
  CHECK(planned.changes[3].transfers.at(0).amount == 35);
  CHECK(planned.changes[3].documents[0].version == 3);
  s.run("balance other");
  for (const ChangeSet& changes : planned.changes) s.state().apply(changes);
  s.run(R"(
    balance owner debits=100 credits=100
    balance other debits=100 credits=100
  )");
}

TEST_CASE("group: the first refusal fails it, and the others name its place") {
  Scenario s;
  s.run(kAccounts);
  Group g{s, {}};
  g.voucher(10, "owner", "other", 80);
  g.voucher(11, "owner", "other", 21);
  g.voucher(12, "bank", "owner", 500);  // would have helped, had it come before
  const PlannedGroup planned = g.plan();
  CHECK_FALSE(planned.stands());
  CHECK(planned.changes.empty());
  CHECK(planned.failed == 1);
  CHECK(planned.refusal.code == RefusalCode::kBelowLimit);
  CHECK(planned.refusal.detail == "2101/a");
  const Refusal first = refusal_in_group(planned.refusal, planned.failed, 0);
  CHECK(first.code == RefusalCode::kGroupFailed);
  CHECK(first.detail == "1");
  CHECK(refusal_in_group(planned.refusal, 1, 1).code == RefusalCode::kBelowLimit);
  CHECK(refusal_in_group(planned.refusal, 1, 2).detail == "1");
  // Of what leaves nothing the others leave nothing either.
  const Refusal malformed = refuse(RefusalCode::kValueInvalid);
  CHECK(refusal_in_group(malformed, 0, 2).code == RefusalCode::kGroupMalformed);
  CHECK(leaves_nothing(RefusalCode::kGroupMalformed));
  CHECK_FALSE(leaves_nothing(RefusalCode::kGroupFailed));
}

TEST_CASE("group: accounts, terms and days of one item count for the next") {
  Scenario s;
  s.run(kAccounts);
  Group g{s, {}};
  OpenAccountRequest open;
  open.key = Scenario::key(20);
  open.code = "2101/new";
  open.type = AccountType::kLiability;
  open.terms.limit = LimitKind::kNotBelowZero;
  g.add(CommandKind::kOpenAccount, 20,
        [open](const View& v, const Moment& m) { return plan_open_account(v, open, m); });
  const auto moved = [&](std::uint64_t n, bool out, std::int64_t amount) {
    VoucherRequest v;
    v.key = Scenario::key(n);
    const AccountId bank = s.id("bank"), fresh{4};
    v.legs.push_back(out ? Leg{fresh, bank, amount} : Leg{bank, fresh, amount});
    g.items.push_back({v.key, CommandKind::kVoucher, [v](const View& view, const Moment& m) {
                         return plan_voucher(view, v, m);
                       }});
  };
  moved(21, false, 30);
  SetTermsRequest terms{Scenario::key(22), "2101/new", open.terms, 1};
  terms.terms.frozen_out = true;
  g.add(CommandKind::kSetTerms, 22,
        [terms](const View& v, const Moment& m) { return plan_set_terms(v, terms, m); });
  const DayCutRequest cut{Scenario::key(23), test::day("2026-03-05")};
  g.add(CommandKind::kDayCut, 23,
        [cut](const View& v, const Moment& m) { return plan_day_cut(v, cut, m); });
  moved(24, false, 5);
  {
    const PlannedGroup planned = g.plan();
    REQUIRE(planned.stands());
    CHECK(planned.changes[1].date == test::day("2026-03-04"));
    CHECK(planned.changes[4].date == test::day("2026-03-05"));
  }
  moved(25, true, 1);
  const PlannedGroup planned = g.plan();
  CHECK(planned.failed == 5);
  CHECK(planned.refusal.code == RefusalCode::kDebitAccountFrozen);
}

TEST_CASE("group: expectations and sweeps are about the book as the group leaves it") {
  Scenario s;
  s.run(kAccounts);
  Group g{s, {}};
  g.voucher(10, "owner", "other", 30);
  VoucherRules rules{{Expectation{s.id("owner"), {}, BalanceOf::kAvailable, 70, 70}},
                     {Sweep{0, Sweep::kDebit}}};
  g.voucher(11, "owner", "other", 0, false, std::make_shared<const VoucherRules>(rules));
  const PlannedGroup planned = g.plan();
  REQUIRE(planned.stands());
  CHECK(planned.changes[1].answer == "[70]");
}

TEST_CASE("group: an invariant that speaks leaves nothing of it") {
  Scenario s;
  s.run(kAccounts);
  Group g{s, {}};
  g.voucher(10, "bank", "owner", 1);
  g.add(CommandKind::kVoucher, 11, [&](const View& v, const Moment&) -> Planned<ChangeSet> {
    ChangeSet changes;  // a planner with a fault: it does not look at the limit
    changes.date = v.book().accounting_date;
    changes.transfers.push_back(Transfer{s.id("owner"), s.id("bank"), 102, TransferKind::kPosted});
    return changes;
  });
  const PlannedGroup planned = g.plan();
  CHECK(planned.failed == 1);
  CHECK(planned.refusal.code == RefusalCode::kInternal);
  CHECK(planned.violated == "no_account_below_its_limit: account 2101/a falls below its limit");
}

TEST_CASE("group: judged as one, without the overlay") {
  Scenario s;
  s.run(kAccounts);
  s.run("voucher 2 owner>bank:10 hold ok");
  const AccountId bank = s.id("bank"), owner = s.id("owner");
  const auto moving = [&](AccountId debit, AccountId credit, std::int64_t amount,
                          TransferKind kind = TransferKind::kPosted) {
    ChangeSet changes;
    changes.transfers.push_back(Transfer{debit, credit, amount, kind});
    return changes;
  };
  const auto document = [](std::uint32_t version) {
    ChangeSet changes;
    changes.documents.push_back(Document{DocumentKind::kCursor, "c", version, true, "x"});
    return changes;
  };
  const auto account = [&](AccountId id, std::uint32_t version, bool limited) {
    Account a = *s.state().account(id.value > 3 ? owner : id);
    a.id = id;
    a.version = version;
    a.terms.limit = limited ? LimitKind::kNotBelowZero : LimitKind::kNone;
    ChangeSet changes;
    changes.accounts.push_back(a);
    return changes;
  };
  struct Row {
    const char* what;
    std::vector<ChangeSet> group;
    const char* violated;
  };
  const Row rows[] = {
      {"drawn, and given again", {moving(owner, bank, 90), moving(bank, owner, 5)}, "none"},
      {"drawn twice, together too much",
       {moving(owner, bank, 60), moving(owner, bank, 31)},
       "a group draws account 2101/a below its limit"},
      {"drawn too much and given again",
       {moving(owner, bank, 91), moving(bank, owner, 50)},
       "a group draws account 2101/a below its limit"},
      {"drawn beyond a limit that the group has lifted",
       {account(owner, 2, false), moving(owner, bank, 91)},
       "none"},
      {"drawn beyond a limit that the group has set",
       {account(owner, 2, false), account(bank, 2, true), moving(owner, bank, 85),
        moving(owner, bank, 6)},
       "a group draws account 1002 below its limit"},
      {"released twice",
       {moving(owner, bank, 10, TransferKind::kVoidPending),
        moving(owner, bank, 1, TransferKind::kVoidPending)},
       "a group releases more than was reserved on account 2101/a"},
      {"an account that is not there",
       {moving(AccountId{9}, bank, 1)},
       "a group moves money on an account that is not there"},
      {"a version of an account skipped",
       {account(owner, 2, true), account(owner, 4, true)},
       "a group skips a version of account 2101/a"},
      {"accounts opened out of order",
       {account(AccountId{5}, 1, true)},
       "a group opens an account out of order"},
      {"documents version by version", {document(1), document(2)}, "none"},
      {"a version of a document skipped",
       {document(1), document(3)},
       "a group skips a version of a document"},
      {"a version of a document twice",
       {document(1), document(1)},
       "a group skips a version of a document"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(violated_by_group(s.state(), row.group).value_or("none") == row.violated);
  }
}

TEST_CASE("overlay: it says what the book says after the same changes") {
  Scenario s;
  s.run(kAccounts);
  State after = s.state();
  Overlay overlay(s.state());
  std::mt19937_64 random(7);
  std::uint32_t accounts = 3;
  for (int i = 0; i < 2'000; ++i) {
    ChangeSet changes;
    const auto any = [&] { return AccountId{static_cast<std::uint32_t>(1 + random() % accounts)}; };
    const std::uint64_t what = random() % 20;
    if (what == 0 || what == 1) {
      Account account = *after.account(any());
      account.version += 1;
      account.terms.frozen_in = !account.terms.frozen_in;
      if (what == 0) {
        account = *s.state().account(AccountId{2});
        account.id = AccountId{++accounts};
        account.code = fmt::format("2101/{}", accounts);
      }
      changes.accounts.push_back(account);
    } else if (what == 2) {
      const Date day = after.book().accounting_date;
      changes.book = BookChange{day.plus_days(1), day.plus_days(-1)};
    } else if (what < 6) {
      const std::string key = std::to_string(random() % 9);
      const auto before = after.document(DocumentKind::kCursor, key);
      changes.documents.push_back(Document{DocumentKind::kCursor, key,
                                           before ? before->version + 1 : 1, random() % 2 == 0,
                                           std::to_string(i)});
    } else {
      const AccountId debit = any();
      AccountId credit = any();
      while (credit == debit) credit = any();
      changes.transfers.push_back(Transfer{debit, credit, static_cast<std::int64_t>(random() % 99),
                                           static_cast<TransferKind>(random() % 4)});
    }
    after.apply(changes);
    overlay.apply(changes);
    REQUIRE(overlay.book().account_count == accounts);
    for (std::uint32_t id = 1; id <= accounts; ++id) {
      REQUIRE(overlay.balance(AccountId{id}) == after.balance(AccountId{id}));
      REQUIRE(overlay.slice(AccountId{id}) == after.balance(AccountId{id}));
      const Account& is = *overlay.account(AccountId{id});
      REQUIRE(is.terms == after.account(AccountId{id})->terms);
      REQUIRE(overlay.account(is.code)->version == after.account(is.code)->version);
    }
    CHECK(overlay.account(AccountId{accounts + 1}) == nullptr);
    for (int key = 0; key < 9; ++key) {
      const auto is = overlay.document(DocumentKind::kCursor, std::to_string(key));
      const auto was = after.document(DocumentKind::kCursor, std::to_string(key));
      REQUIRE((is != nullptr) == (was != nullptr));
      if (is) REQUIRE(is->bytes == was->bytes);
      REQUIRE(overlay.resident_document(DocumentKind::kCursor, std::to_string(key)) == is);
    }
    CHECK(overlay.book().accounting_date == after.book().accounting_date);
  }
  CHECK(accounts > 10);
  CHECK(s.state().account(AccountId{4}) == nullptr);
}

TEST_CASE("group: what the overlay lets pass is judged once more over the book") {
  // A book that says otherwise the second time it is asked, as no book does: each item passes over
  // the overlay, the group does not.
  struct Fickle final : View {
    explicit Fickle(const State& s) : state(s) {}
    const BookState& book() const override { return state.book(); }
    const Account* account(AccountId id) const override { return state.account(id); }
    const Account* account(std::string_view code) const override { return state.account(code); }
    const Balance& balance(AccountId id) const override { return state.balance(id); }
    DocumentPtr document(DocumentKind kind, std::string_view key) const override {
      if (++asked == 1) return nullptr;
      return std::make_shared<const Document>(Document{kind, std::string(key), 5, true, "x"});
    }
    void for_each_open(DocumentKind kind,
                       const std::function<void(const DocumentPtr&)>& each) const override {
      state.for_each_open(kind, each);
    }
    const State& state;
    mutable int asked = 0;
  };
  Scenario s;
  s.run(kAccounts);
  const Fickle view(s.state());
  const GroupItem item{
      Scenario::key(10), CommandKind::kSetting, [](const View& v, const Moment&) {
        ChangeSet changes;
        changes.date = v.book().accounting_date;
        changes.documents.push_back(Document{DocumentKind::kCursor, "c", 1, true, "x"});
        return Planned<ChangeSet>(changes);
      }};
  const PlannedGroup planned = plan_group(view, std::span(&item, 1), s.moment().now);
  CHECK(planned.failed == 0);
  CHECK(planned.refusal.code == RefusalCode::kInternal);
  CHECK(planned.violated == "a group skips a version of a document");
}

TEST_CASE("group: judged as one: credit lines, stored documents, releases on the credit side") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    account line 2101/c liability limit=credit_line line=50 ok
    voucher 2 line>bank:40                                  ok
    voucher 3 owner>other:10 hold                           ok
  )");
  s.state().apply_document(
      std::make_shared<const Document>(Document{DocumentKind::kCursor, "c", 4, true, "x"}));
  const AccountId bank = s.id("bank"), owner = s.id("owner"), line = s.id("line");
  const auto moving = [](AccountId debit, AccountId credit, std::int64_t amount,
                         TransferKind kind = TransferKind::kPosted) {
    ChangeSet changes;
    changes.transfers.push_back(Transfer{debit, credit, amount, kind});
    return changes;
  };
  const auto document = [](std::uint32_t version) {
    ChangeSet changes;
    changes.documents.push_back(Document{DocumentKind::kCursor, "c", version, true, "x"});
    return changes;
  };
  const auto opened = [](std::uint32_t id, std::uint32_t version) {
    ChangeSet changes;
    Account account;
    account.id = AccountId{id};
    account.version = version;
    changes.accounts.push_back(account);
    return changes;
  };
  ChangeSet tightened;
  tightened.accounts.push_back(*s.state().account(line));
  tightened.accounts[0].version = 2;
  tightened.accounts[0].terms.credit_line = 10;
  struct Row {
    const char* what;
    std::vector<ChangeSet> group;
    const char* violated;
  };
  const Row rows[] = {
      {"down to the credit line", {moving(line, bank, 10)}, "none"},
      {"beyond it", {moving(line, bank, 11)}, "a group draws account 2101/c below its limit"},
      {"below a line that was tightened, and rising", {tightened, moving(bank, line, 5)}, "none"},
      {"the next version of what is stored", {document(5), document(6)}, "none"},
      {"what is stored begins again", {document(1)}, "a group skips a version of a document"},
      {"released where nothing was reserved",
       {moving(owner, line, 10, TransferKind::kVoidPending)},
       "a group releases more than was reserved on account 2101/c"},
      {"accounts opened one after the other", {opened(5, 1), opened(6, 1)}, "none"},
      {"an account opened at its second version",
       {opened(5, 2)},
       "a group opens an account out of order"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(violated_by_group(s.state(), row.group).value_or("none") == row.violated);
  }
}
