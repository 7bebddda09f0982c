#include "tests/simulation/planted_bugs.h"

#include <limits>

#include "ledger/base/limits.h"
#include "ledger/core/chart.h"
#include "ledger/core/erasure.h"
#include "ledger/core/hold.h"
#include "ledger/core/invariants.h"
#include "ledger/core/order.h"
#include "ledger/core/voucher_rules.h"
#include "ledger/core/year_close.h"

namespace suanpan::test {
namespace {

// ---- what the book takes a command for

using Misread = bool (*)(RandomCommand&);

bool is_voucher(const RandomCommand& c) {
  return c.kind == CommandKind::kVoucher && !c.voucher.legs.empty();
}

const std::pair<const char*, Misread> kMisreadings[] = {
    {"an amount is one fen out",
     [](RandomCommand& c) {
       if (!is_voucher(c)) return false;
       c.voucher.legs.back().amount += 1;
       return true;
     }},
    {"debit and credit are exchanged",
     [](RandomCommand& c) {
       if (!is_voucher(c)) return false;
       std::swap(c.voucher.legs[0].debit, c.voucher.legs[0].credit);
       return true;
     }},
    {"the last leg is dropped",
     [](RandomCommand& c) {
       if (!is_voucher(c) || c.voucher.legs.size() < 2) return false;
       c.voucher.legs.pop_back();
       return true;
     }},
    {"a hold is posted at once",
     [](RandomCommand& c) {
       if (!is_voucher(c) || !c.voucher.hold) return false;
       c.voucher.hold = false;
       c.voucher.expires_at = {};
       return true;
     }},
    {"a hold never expires",
     [](RandomCommand& c) {
       if (!is_voucher(c) || c.voucher.expires_at.ns == 0) return false;
       c.voucher.expires_at = {};
       return true;
     }},
    {"a date is passed over",
     [](RandomCommand& c) {
       return is_voucher(c) && std::exchange(c.voucher.date, {}).has_value();
     }},
    {"a voucher counts in another series",
     [](RandomCommand& c) {
       if (!is_voucher(c) || c.voucher.hold) return false;
       c.voucher.type = static_cast<VoucherType>((static_cast<int>(c.voucher.type) + 1) % 4);
       return true;
     }},
    {"adjustments need no second person",
     [](RandomCommand& c) {
       if (!is_voucher(c) || !c.voucher.adjustment) return false;
       VoucherText text = c.voucher.text ? *c.voucher.text : VoucherText{};
       text.maker = "甲";
       text.checker = "乙";
       c.voucher.text = std::make_shared<VoucherText>(std::move(text));
       return true;
     }},
    {"a resend is a new command",
     [](RandomCommand& c) {
       if (!is_voucher(c)) return false;
       c.voucher.key.id.hi ^= 0x5555;
       return true;
     }},
    {"a part of a hold posts the whole",
     [](RandomCommand& c) {
       if (c.kind != CommandKind::kPostHold || c.post.amounts.empty()) return false;
       c.post.amounts.clear();
       return true;
     }},
    {"another hold is given back",
     [](RandomCommand& c) {
       if (c.kind != CommandKind::kVoidHold) return false;
       c.give_back.hold.id.lo ^= 1;
       return true;
     }},
    {"a part of a reversal reverses the whole",
     [](RandomCommand& c) {
       if (c.kind != CommandKind::kReversal || c.reversal.amounts.empty()) return false;
       c.reversal.amounts.clear();
       return true;
     }},
    {"limits are not set",
     [](RandomCommand& c) {
       if (c.kind != CommandKind::kSetTerms || c.terms.terms.limit == LimitKind::kNone)
         return false;
       c.terms.terms.limit = LimitKind::kNone;
       c.terms.terms.credit_line = 0;
       return true;
     }},
    {"freezes are not set",
     [](RandomCommand& c) {
       if (c.kind != CommandKind::kSetTerms ||
           !(c.terms.terms.frozen_in || c.terms.terms.frozen_out))
         return false;
       c.terms.terms.frozen_in = c.terms.terms.frozen_out = false;
       return true;
     }},
    {"an expected version is not asked for",
     [](RandomCommand& c) {
       return c.kind == CommandKind::kSetTerms &&
              std::exchange(c.terms.expected_version, {}).has_value();
     }},
    {"what is expected of balances is not asked for",
     [](RandomCommand& c) {
       for (Expectation& e : c.expects) e.at_least = std::numeric_limits<std::int64_t>::min();
       for (Expectation& e : c.expects) e.at_most = std::numeric_limits<std::int64_t>::max();
       return !c.expects.empty();
     }},
    {"the day is cut one day too far",
     [](RandomCommand& c) {
       if (c.kind != CommandKind::kDayCut) return false;
       c.cut.next = c.cut.next.plus_days(1);
       return true;
     }},
    {"a period is closed a day too early",
     [](RandomCommand& c) {
       if (c.kind != CommandKind::kPeriodClose) return false;
       c.close.through = c.close.through.plus_days(-1);
       return true;
     }},
};

// ---- planners that are wrong: one change set per invariant that only it forbids

Transfer moves(AccountId debit, AccountId credit, std::int64_t amount, TransferKind kind) {
  return Transfer{debit, credit, amount, kind};
}

/// Two accounts of yuan that may move either way; the rest of the book does not matter.
struct Pair {
  AccountId a, b;
};
template <class Wanted>
std::optional<AccountId> find_account(const BookModel& model, Wanted wanted, AccountId but = {}) {
  for (std::uint32_t id = 1; id <= model.accounts().size(); ++id)
    if (AccountId{id} != but && wanted(model.accounts()[id - 1])) return AccountId{id};
  return std::nullopt;
}
bool is_free(const BookModel::Account& a) {
  return !a.dollars && !a.terms.closed && !a.terms.frozen_in && !a.terms.frozen_out &&
         a.terms.limit == LimitKind::kNone;
}
std::optional<Pair> free_pair(const BookModel& model) {
  const auto a = find_account(model, is_free);
  if (!a) return std::nullopt;
  const auto b = find_account(model, is_free, *a);
  if (!b) return std::nullopt;
  return Pair{*a, *b};
}

using BadChanges = std::function<std::optional<ChangeSet>(const BookModel&)>;

std::function<std::optional<ChangeSet>(const BookModel&)> of_pair(void (*make)(ChangeSet&, Pair)) {
  return [make](const BookModel& model) -> std::optional<ChangeSet> {
    const auto pair = free_pair(model);
    if (!pair) return std::nullopt;
    ChangeSet changes;
    changes.date = model.day();
    make(changes, *pair);
    return changes;
  };
}

Document setting(std::string key, std::uint32_t version) {
  return Document{DocumentKind::kBookSetting, std::move(key), version, false, "{}"};
}

struct BadPlanner {
  const char* invariant;
  CommandKind kind;
  BadChanges changes;
  Command (*after)() = nullptr;  ///< what a world's end brings, and only then it is forbidden
  /// Adds what the model does not know.
  void (*complete)(const View&, ChangeSet&) = nullptr;
};

// Another version of an account and no word of it.
void change_terms(const View& view, ChangeSet& changes) {
  Account account = *view.account(AccountId{1});
  ++account.version;
  changes.accounts.push_back(std::move(account));
}

// Every account that a world opens has its place in it.
Command adopt_a_chart() {
  AdoptChartRequest request;
  request.key = ClaimKey{Id128{0xc4a7, 1}, kSystemCaller};
  request.chart = Chart{"planted", true};
  const std::string profit = "4103";
  request.subjects.push_back(
      Subject{profit, "本年利润", AccountType::kEquity, Side::kCredit, true, {}, ""});
  for (const AccountType type : {AccountType::kAsset, AccountType::kLiability, AccountType::kEquity,
                                 AccountType::kIncome, AccountType::kExpense})
    request.subjects.push_back(Subject{subject_of(type),
                                       "科目",
                                       type,
                                       normal_side(type),
                                       true,
                                       {"area", "number"},
                                       type >= AccountType::kIncome ? profit : ""});
  return adopt_chart(std::move(request));
}

// Of a merchant whose money never comes here, without a fee: it needs no account.
Document paid_order(const char* merchant, std::uint32_t version) {
  Order order;
  order.order_id = "P1";
  order.mch_no = merchant;
  order.amount = Money{100, Currency::kCNY};
  order.direct = true;
  order.state = OrderState::kPaid;
  return Document{DocumentKind::kOrder, "P1", version, true, encode(order)};
}
Command pay_an_order() {
  Command command;
  command.key = ClaimKey{Id128{0x9a1d, 1}, kSystemCaller};
  command.kind = CommandKind::kOrderEvent;
  command.content = {{"planted", "an order"}};
  command.plan = [](const View& view, const Moment&) -> Planned<ChangeSet> {
    ChangeSet changes;
    changes.date = view.book().accounting_date;
    changes.documents.push_back(paid_order("M1", 1));
    return changes;
  };
  return command;
}

const BadPlanner kBadPlanners[] = {
    {"debits_equal_credits", CommandKind::kSetting, of_pair([](ChangeSet& c, Pair p) {
       c.transfers.push_back(moves(p.a, p.a, 1, TransferKind::kPosted));
     })},
    {"amounts_have_their_sign", CommandKind::kSetting, of_pair([](ChangeSet& c, Pair p) {
       c.transfers.push_back(moves(p.a, p.b, -1, TransferKind::kPosted));
     })},
    {"no_account_below_its_limit", CommandKind::kSetting,
     [](const BookModel& model) -> std::optional<ChangeSet> {
       const auto poor = find_account(model, [](const BookModel::Account& a) {
         BookModel::Account unlimited = a;
         unlimited.terms.limit = LimitKind::kNone;
         return is_free(unlimited) && a.terms.limit == LimitKind::kNotBelowZero;
       });
       const auto other = find_account(model, is_free);
       if (!poor || !other) return std::nullopt;
       const BookModel::Account& a = model.accounts()[poor->value - 1];
       const std::int64_t amount = std::max<std::int64_t>(a.available(), 0) + 1;
       ChangeSet changes;
       changes.date = model.day();
       changes.transfers.push_back(a.credit_normal
                                       ? moves(*poor, *other, amount, TransferKind::kPosted)
                                       : moves(*other, *poor, amount, TransferKind::kPosted));
       return changes;
     }},
    {"holds_never_exceed", CommandKind::kPostHold, of_pair([](ChangeSet& c, Pair p) {
       c.transfers.push_back(moves(p.a, p.b, 1, TransferKind::kPostPending));
     })},
    {"holds_bear_their_id", CommandKind::kVoucher, of_pair([](ChangeSet& c, Pair p) {
       Hold hold;
       hold.legs.push_back(HoldLeg{p.a, p.b, 1, 1});
       c.transfers.push_back(moves(p.a, p.b, 1, TransferKind::kPending));
       c.documents.push_back(Document{DocumentKind::kHold,
                                      ClaimKey{Id128{0xbad, 1}, CallerId{100}}.bytes(), 1, true,
                                      encode(hold)});
     })},
    {"documents_are_bounded", CommandKind::kSetting, of_pair([](ChangeSet& c, Pair) {
       c.documents.push_back(setting(std::string(kMaxDocumentKeyBytes + 1, 'k'), 1));
     })},
    {"versions_advance_by_one", CommandKind::kSetting,
     of_pair([](ChangeSet& c, Pair) { c.documents.push_back(setting("skipped", 2)); })},
    {"closed_and_frozen_stand_still", CommandKind::kSetting,
     [](const BookModel& model) -> std::optional<ChangeSet> {
       const auto other = find_account(model, is_free);
       const auto frozen = find_account(model, [](const BookModel::Account& a) {
         return !a.dollars && !a.terms.closed && a.terms.frozen_in &&
                a.terms.limit == LimitKind::kNone;
       });
       if (!other || !frozen) return std::nullopt;
       const bool credit = model.accounts()[frozen->value - 1].credit_normal;
       ChangeSet changes;
       changes.date = model.day();
       changes.transfers.push_back(credit ? moves(*other, *frozen, 1, TransferKind::kPosted)
                                          : moves(*frozen, *other, 1, TransferKind::kPosted));
       return changes;
     }},
    {"days_move_forward", CommandKind::kDayCut,
     [](const BookModel& model) -> std::optional<ChangeSet> {
       ChangeSet changes;
       changes.date = model.day();
       changes.book = BookChange{model.day().plus_days(-1), model.closed()};
       return changes;
     }},
    {"reversals_stay_capped", CommandKind::kReversal, of_pair([](ChangeSet& c, Pair p) {
       c.transfers.push_back(moves(p.a, p.b, -1, TransferKind::kRed));
     })},
    {"states_go_where_they_may", CommandKind::kOrderEvent, of_pair([](ChangeSet& c, Pair) {
       c.documents.push_back(Document{DocumentKind::kOrder, "P1", 1, true, "{}"});
     })},
    {"refunds_stay_within_payment", CommandKind::kOrderEvent, of_pair([](ChangeSet& c, Pair) {
       Order order;
       order.order_id = "P1";
       order.amount = Money{100, Currency::kCNY};
       order.refunded = 60;
       order.refunding = 41;
       c.documents.push_back(Document{DocumentKind::kOrder, "P1", 1, true, encode(order)});
     })},
    {"paid_orders_stay", CommandKind::kOrderEvent,
     of_pair([](ChangeSet& c, Pair) { c.documents.push_back(paid_order("M2", 2)); }), pay_an_order},
    {"accounts_lie_in_the_chart", CommandKind::kOpenAccount,
     [](const BookModel& model) -> std::optional<ChangeSet> {
       Account account;
       account.id = AccountId{static_cast<std::uint32_t>(model.accounts().size() + 1)};
       account.code = "1003/科目外";
       account.type = AccountType::kAsset;
       account.normal = Side::kDebit;
       account.version = 1;
       ChangeSet changes;
       changes.date = model.day();
       changes.accounts.push_back(account);
       return changes;
     },
     adopt_a_chart},
    {"subjects_stay", CommandKind::kChart, of_pair([](ChangeSet& c, Pair) {
       c.documents.push_back(
           Document{DocumentKind::kChart, "another", 1, true, encode(Chart{"another", false})});
     })},
    {"years_end_in_order", CommandKind::kYearClose, of_pair([](ChangeSet& c, Pair) {
       const YearClose close{2025, YearCloseState::kCarrying, "张三", "张三", 0};
       c.documents.push_back(
           Document{DocumentKind::kYearClose, year_close_key(2025), 1, true, encode(close)});
     })},
    {"erasures_are_safe", CommandKind::kErasure, of_pair([](ChangeSet& c, Pair) {
       const Erasure erasure{"", "E1", "subject_request", "", "张三", "张三", {}};
       c.documents.push_back(
           Document{DocumentKind::kErasure, "p1.00000000", 1, false, encode(erasure)});
     })},
    {"rules_hold", CommandKind::kVoucher, of_pair([](ChangeSet& c, Pair p) {
       VoucherRules rules;
       rules.expects.push_back({p.a, 1'000'000, BalanceOf::kAvailable, {}, {}});  // no such version
       c.rules = std::make_shared<const VoucherRules>(std::move(rules));
       c.transfers.push_back(moves(p.a, p.b, 1, TransferKind::kPosted));
     })},
    {"terms_leave_history", CommandKind::kSetTerms,
     [](const BookModel& model) -> std::optional<ChangeSet> {
       ChangeSet changes;
       changes.date = model.day();
       return changes;
     },
     nullptr, change_terms},
};

// A command of our own whose planner answers with what no planner may, and that says itself which
// invariant should speak first.
std::optional<Command> command_of(const BadPlanner& bad, const BookModel& model, std::uint64_t n) {
  auto changes = bad.changes(model);
  if (!changes) return std::nullopt;
  Command command;
  command.key = ClaimKey{Id128{0xbad, n + 1}, kSystemCaller};
  command.kind = bad.kind;
  command.content = {{"planted", bad.invariant}};
  command.plan = [&bad, made = *changes, key = command.key](const View& view,
                                                            const Moment&) -> Planned<ChangeSet> {
    ChangeSet changes = made;
    if (bad.complete) bad.complete(view, changes);
    const auto violated = violated_invariant(view, key, bad.kind, changes);
    if (!violated || !violated->starts_with(std::string(bad.invariant) + ":"))
      return refuse(RefusalCode::kValueInvalid, violated.value_or("no invariant"));
    return changes;
  };
  return command;
}

std::vector<NamedBug> all_bugs() {
  std::vector<NamedBug> bugs;
  for (const auto& [name, misread] : kMisreadings) {
    NamedBug bug{name, false, {}};
    bug.bug.misread = [misread = misread](RandomCommand& c, std::mt19937_64& random) {
      return random() % 8 == 0 && misread(c);
    };
    bugs.push_back(std::move(bug));
  }
  for (const Table table : kTables) {
    NamedBug bug{fmt::format("a row of {} is lost", name_of(table)), false, {}};
    // Stamps, totals and filters are few, and missed only where the book is opened before they are
    // written anew.
    const bool few = table == Table::kMeta || table == Table::kRollUps || table == Table::kIdFilter;
    const std::uint64_t of = few ? 3 : 100;
    bug.bug.loses_row = [table, of](Table t, std::mt19937_64& random) {
      return t == table && random() % of == 0;
    };
    bugs.push_back(std::move(bug));
  }
  NamedBug unlimited{"a dry run does not look at the limits", false, {}};
  unlimited.bug.misjudges = [](Answer& a) {
    if (a.refusal.code != RefusalCode::kBelowLimit) return false;
    a.refusal = {};
    return true;
  };
  bugs.push_back(std::move(unlimited));
  NamedBug unnumbered{"a dry run counts no voucher numbers", false, {}};
  unnumbered.bug.misjudges = [](Answer& a) { return std::exchange(a.voucher_no, 0) != 0; };
  bugs.push_back(std::move(unnumbered));
  NamedBug posts{"a dry run posts what it was asked about", false, {}};
  posts.bug.posts_dry_run = true;
  bugs.push_back(std::move(posts));
  NamedBug forgets{"a crash loses what was acknowledged", false, {}};
  forgets.bug.forgets_acknowledged = true;
  bugs.push_back(std::move(forgets));
  for (const BadPlanner& bad : kBadPlanners) {
    NamedBug bug{fmt::format("a planner breaks {}", bad.invariant), true, {}};
    if (bad.after) bug.bug.at_the_end = bad.after;
    bug.bug.bad_planner = [&bad](const BookModel& model, std::uint64_t n) {
      return command_of(bad, model, n);
    };
    bugs.push_back(std::move(bug));
  }
  return bugs;
}

}  // namespace

std::vector<std::string> invariants_without_a_bug() {
  std::vector<std::string> without;
  for (const std::string_view name : invariant_names())
    if (std::none_of(std::begin(kBadPlanners), std::end(kBadPlanners),
                     [&](const BadPlanner& bad) { return bad.invariant == name; }))
      without.emplace_back(name);
  return without;
}

const std::vector<NamedBug>& planted_bugs() {
  static const std::vector<NamedBug> bugs = all_bugs();
  return bugs;
}

}  // namespace suanpan::test
