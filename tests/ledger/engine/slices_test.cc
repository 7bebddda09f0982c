// What a shard decides by itself and what it leaves to a barrier: accounts of others, short slices,
// documents that another shard holds, settings; and how a hot account's totals are cut and summed.
#include <catch2/catch.hpp>

#include "ledger/core/plan_account.h"
#include "ledger/core/plan_order.h"
#include "ledger/engine/planner.h"
#include "ledger/engine/slices.h"

using namespace suanpan;

namespace {

const Date kToday = *Date::of(2026, 3, 4);
constexpr unsigned kShards = 4;

// Two ordinary accounts in different shards, and hot ones.
struct Room {
  explicit Room(AccountTerms terms = {}, std::int64_t funds = 0) {
    State state(BookState{kToday, kToday.plus_days(-1), Currency::kCNY, 0});
    terms.hot = true;
    AccountTerms plain;
    for (std::uint32_t id = 1; id <= 20; ++id) {
      Account account;
      account.id = AccountId{id};
      account.code = "2101/" + std::to_string(id);
      account.type = AccountType::kLiability;
      account.normal = Side::kCredit;
      account.terms = id == 1 ? terms : plain;
      account.version = 1;
      Balance balance;
      if (id == 1) balance.credits_posted = funds;
      if (id == 20) balance.debits_posted = funds;
      state.load_account(account, balance);
    }
    book = std::make_unique<SlicedBook>(std::move(state), kShards, nullptr);
    while (book->home(here) != 0) ++here.value;
    while (book->home(there) == 0) ++there.value;
  }
  std::optional<Answer> plan(Ground& ground, const Command& command) {
    std::atomic<std::uint64_t> violations{0};
    BlockBuilder block;
    Stamper stamper;
    auto answer = Planner(ground, violations).plan(command, Timestamp{++moment}, block, stamper);
    CHECK(violations == 0);
    return answer;
  }
  std::optional<Answer> plan(Ground& ground, AccountId debit, AccountId credit, std::int64_t amount,
                             bool hold = false) {
    Submission submission;
    VoucherRequest& v = submission.vouchers.emplace_back();
    v.key = ClaimKey{Id128{7, static_cast<std::uint64_t>(++moment)}, CallerId{100}};
    v.legs.push_back(Leg{debit, credit, amount});
    v.hold = hold;
    last = v.key;
    std::atomic<std::uint64_t> violations{0};
    BlockBuilder block;
    Stamper stamper;
    auto answer =
        Planner(ground, violations).plan(submission, 0, Timestamp{moment}, block, stamper);
    CHECK(violations == 0);
    return answer;
  }
  struct Pay {
    AccountId debit, credit;
    std::int64_t amount;
    bool hold = false;
  };
  /// As one linked group: its refusals, or nothing if the ground does not decide it.
  std::optional<std::vector<RefusalCode>> plan_group(Ground& ground, const std::vector<Pay>& pays) {
    Submission submission;
    for (const Pay& pay : pays) {
      VoucherRequest& v = submission.vouchers.emplace_back();
      v.key = ClaimKey{Id128{8, static_cast<std::uint64_t>(++moment)}, CallerId{100}};
      v.legs.push_back(Leg{pay.debit, pay.credit, pay.amount});
      v.hold = pay.hold;
      last = v.key;
    }
    std::atomic<std::uint64_t> violations{0};
    BlockBuilder block;
    Stamper stamper;
    Book::Answers answers(pays.size());
    const bool decided = Planner(ground, violations)
                             .plan_group(submission, {0, static_cast<std::uint32_t>(pays.size())},
                                         Timestamp{moment}, block, stamper, answers);
    moment += static_cast<std::int64_t>(pays.size());
    CHECK(violations == 0);
    if (!decided) return std::nullopt;
    std::vector<RefusalCode> told;
    for (const Answer& answer : answers) told.push_back(answer.refusal.code);
    return told;
  }
  template <class Act>
  void at_barrier(Act&& act) {
    WholeView whole(*book);
    whole.open();
    act(whole);
    whole.close();
  }
  std::vector<std::int64_t> slices() const {
    std::vector<std::int64_t> found;
    for (unsigned s = 0; s < kShards; ++s)
      found.push_back(book->slice(s, hot).available(Side::kCredit));
    return found;
  }

  AccountId hot{1}, here{2}, there{2};
  std::unique_ptr<SlicedBook> book;
  std::int64_t moment = 1'000;
  ClaimKey last;
};

AccountTerms terms_of(LimitKind limit, std::int64_t line = 0) {
  AccountTerms terms;
  terms.limit = limit;
  terms.credit_line = line;
  return terms;
}

}  // namespace

TEST_CASE("slices: slots cover every shard evenly, and a slot keeps its account") {
  for (const unsigned shards : {1u, 2u, 4u, 8u, 64u}) {
    std::vector<int> slots(shards);
    for (unsigned slot = 0; slot < kSlots; ++slot) ++slots.at(shard_of(slot, shards));
    for (const int n : slots) CHECK(n == static_cast<int>(kSlots / shards));
  }
  for (std::uint32_t id = 1; id < 5000; ++id) CHECK(slot_of(AccountId{id}) < kSlots);
}

TEST_CASE("slices: a shard plans its own accounts and hot ones, and nothing of others") {
  Room room;
  ShardView shard(*room.book, 0);
  REQUIRE(room.plan(shard, room.hot, room.here, 5));
  CHECK_FALSE(room.plan(shard, room.here, room.there, 5));
  CHECK_FALSE(room.plan(shard, room.there, room.hot, 5));
  // Nothing happened to what was not decided.
  CHECK(room.book->slice(0, room.here).credits_posted == 5);
  CHECK(room.book->slice(0, room.here).debits_posted == 0);
  CHECK(room.book->total(room.hot).debits_posted == 5);
  CHECK(room.book->total(room.hot).credits_posted == 0);
  // A refusal by settings is the book's, whoever's account it is.
  const auto unknown = room.plan(shard, AccountId{99}, room.there, 5);
  REQUIRE(unknown);
  CHECK(unknown->refusal.code == RefusalCode::kDebitAccountNotFound);
}

TEST_CASE("slices: what may be taken is cut evenly, and a short slice is not a refusal") {
  Room room(terms_of(LimitKind::kNotBelowZero), 103);
  CHECK(room.book->total(room.hot).credits_posted == 103);
  std::vector<std::int64_t> expected(kShards, 25);
  expected[room.book->home(room.hot)] = 28;
  CHECK(room.slices() == expected);
  ShardView shard(*room.book, 0);
  const std::int64_t mine = expected[0];
  REQUIRE(room.plan(shard, room.hot, room.here, mine)->accepted());
  CHECK_FALSE(room.plan(shard, room.hot, room.here, 1));
  CHECK(room.slices()[0] == 0);
  // The book as a whole has more, up to the last fen; then it refuses.
  room.at_barrier([&](Ground& whole) {
    CHECK(room.plan(whole, room.hot, room.here, 103 - mine)->accepted());
    CHECK(room.plan(whole, room.hot, room.here, 1)->refusal.code == RefusalCode::kBelowLimit);
  });
  CHECK(room.slices() == std::vector<std::int64_t>(kShards, 0));
  CHECK(room.book->total(room.hot).debits_posted == 103);
  CHECK(room.book->total(room.hot).credits_posted == 103);
}

TEST_CASE("slices: a credit line stays at home, and its room is cut with the rest") {
  Room room(terms_of(LimitKind::kCreditLine, 60), 40);
  const unsigned home = room.book->home(room.hot);
  std::vector<std::int64_t> expected(kShards, 25);
  expected[home] = -35;
  CHECK(room.slices() == expected);
  for (unsigned s = 0; s < kShards; ++s) {
    AccountId own{2};
    while (room.book->home(own) != s) ++own.value;
    ShardView shard(*room.book, s);
    CHECK(room.plan(shard, room.hot, own, 25)->accepted());
    CHECK_FALSE(room.plan(shard, room.hot, own, 1));
  }
  CHECK(room.book->total(room.hot).available(Side::kCredit) == -60);
}

TEST_CASE("slices: a linked group is decided by one shard as a whole, or left unchanged") {
  Room room(terms_of(LimitKind::kNotBelowZero), 100);  // 25 in each slice
  ShardView shard(*room.book, 0);
  using Codes = std::vector<RefusalCode>;
  constexpr auto kNone = RefusalCode::kNone, kBelow = RefusalCode::kBelowLimit,
                 kFailed = RefusalCode::kGroupFailed;
  const AccountId hot = room.hot, here = room.here, there = room.there;
  CHECK(room.plan_group(shard, {{hot, here, 20}, {here, hot, 10}, {hot, here, 15}}) ==
        Codes{kNone, kNone, kNone});
  CHECK(room.slices()[0] == 0);
  // Short of money only together: the other slices may have it.
  CHECK(room.plan_group(shard, {{here, hot, 5}, {hot, here, 4}, {hot, here, 2}}) == std::nullopt);
  CHECK(room.slices()[0] == 0);
  // An account of another shard in the last item.
  CHECK(room.plan_group(shard, {{here, hot, 5}, {here, there, 1}}) == std::nullopt);
  CHECK(room.slices()[0] == 0);
  CHECK(room.book->slice(0, here).debits_posted == 10);
  // A refusal by settings is the book's, whatever slices were read before.
  CHECK(room.plan_group(shard, {{here, hot, 5}, {AccountId{99}, here, 1}}) ==
        Codes{kFailed, RefusalCode::kDebitAccountNotFound});
  CHECK(room.slices()[0] == 0);
  // Holds made in a group are there, or none is.
  CHECK(room.plan_group(shard, {{here, hot, 3, true}, {here, there, 1}}) == std::nullopt);
  CHECK(room.book->documents().find(
            DocumentKind::kHold, ClaimKey{Id128{8, room.last.id.lo - 1}, CallerId{100}}.bytes()) ==
        nullptr);
  CHECK(room.plan_group(shard, {{here, hot, 3}, {here, hot, 3, true}}) == Codes{kNone, kNone});
  CHECK(room.book->documents().find(DocumentKind::kHold, room.last.bytes()) != nullptr);
  room.at_barrier([&](Ground& whole) {
    CHECK(room.plan_group(whole, {{hot, there, 70}, {hot, here, 8}, {hot, here, 1}}) ==
          Codes{kFailed, kFailed, kBelow});
    CHECK(room.plan_group(whole, {{hot, there, 70}, {there, here, 69}, {hot, here, 8}}) ==
          Codes{kNone, kNone, kNone});
  });
  CHECK(room.book->total(hot).available(Side::kCredit) == 0);
}

TEST_CASE("slices: a hot account below its limit is decided as a whole until it has recovered") {
  Room room(terms_of(LimitKind::kNone), 0);
  ShardView shard(*room.book, 0);
  REQUIRE(room.plan(shard, room.hot, room.here, 50)->accepted());
  const auto limit = [&](AccountTerms terms) {
    Account account = *room.book->rows().account(room.hot);
    account.terms = terms;
    account.terms.hot = true;
    ++account.version;
    ChangeSet changes;
    changes.accounts.push_back(account);
    room.at_barrier([&](Ground& whole) { CHECK(whole.take(changes)); });
  };
  limit(terms_of(LimitKind::kNotBelowZero));
  CHECK_FALSE(room.book->sliced(room.hot));
  CHECK_FALSE(room.plan(shard, room.here, room.hot, 20));
  room.at_barrier([&](Ground& whole) {
    CHECK(room.plan(whole, room.here, room.hot, 20)->accepted());
    CHECK(room.plan(whole, room.hot, room.here, 1)->refusal.code == RefusalCode::kBelowLimit);
  });
  CHECK_FALSE(room.book->sliced(room.hot));
  room.at_barrier([&](Ground& whole) { (void)room.plan(whole, room.here, room.hot, 38); });
  CHECK(room.book->sliced(room.hot));
  CHECK(room.slices() == std::vector<std::int64_t>(kShards, 2));
}

TEST_CASE("slices: an account made ordinary has everything at home") {
  Room room(terms_of(LimitKind::kNotBelowZero), 1'000);
  ShardView shard(*room.book, 0);
  REQUIRE(room.plan(shard, room.hot, room.here, 30)->accepted());
  REQUIRE(room.plan(shard, room.hot, room.here, 10, true)->accepted());
  const Balance before = room.book->total(room.hot);
  SetTermsRequest request{ClaimKey{Id128{1, 1}, CallerId{100}}, "2101/1", {}, {}};
  request.terms.limit = LimitKind::kNotBelowZero;
  Command command{request.key, CommandKind::kSetTerms, {}, [&](const View& v, const Moment& m) {
                    return plan_set_terms(v, request, m);
                  }};
  // Settings are nothing that a shard changes.
  CHECK_FALSE(room.plan(shard, command));
  room.at_barrier([&](Ground& whole) { CHECK(room.plan(whole, command)->accepted()); });
  CHECK(before == room.book->slice(room.book->home(room.hot), room.hot));
  CHECK(before == room.book->total(room.hot));
  CHECK(before.debits_posted == 30);
  CHECK(before.debits_pending == 10);
}

TEST_CASE(
    "slices: a document that one shard holds is nothing another decides by, until a barrier") {
  Room room;
  ShardView shard(*room.book, 0), other(*room.book, 1);
  REQUIRE(room.plan(shard, room.hot, room.here, 10, true)->accepted());
  const VoidHoldRequest request{ClaimKey{Id128{1, 1}, CallerId{100}}, room.last};
  const Command command{
      request.key, CommandKind::kVoidHold, {}, [&](const View& v, const Moment& m) {
        return plan_void_hold(v, request, m);
      }};
  CHECK_FALSE(room.plan(other, command));
  room.at_barrier([](Ground&) {});
  // Now it is free. Whoever reads it first has it, even where the accounts are not its own.
  CHECK_FALSE(room.plan(other, command));
  CHECK_FALSE(room.plan(shard, command));
  room.at_barrier([](Ground&) {});
  REQUIRE(room.plan(shard, command));
  CHECK(room.book->total(room.hot).debits_pending == 0);
}

TEST_CASE("slices: a hold between hot accounts that a barrier ends leaves no slice owing") {
  Room room;
  const AccountId other{20};
  const unsigned home = room.book->home(other), away = (home + 1) % kShards;
  SetTermsRequest hot{ClaimKey{Id128{1, 1}, CallerId{100}}, "2101/20", {}, {}};
  hot.terms.hot = true;
  room.at_barrier([&](Ground& whole) {
    const Command command{hot.key, CommandKind::kSetTerms, {}, [&](const View& v, const Moment& m) {
                            return plan_set_terms(v, hot, m);
                          }};
    REQUIRE(room.plan(whole, command)->accepted());
  });
  ShardView at_home(*room.book, home), elsewhere(*room.book, away);
  REQUIRE(room.plan(elsewhere, room.hot, other, 10, true));
  const VoidHoldRequest request{ClaimKey{Id128{1, 2}, CallerId{100}}, room.last};
  const Command command{
      request.key, CommandKind::kVoidHold, {}, [&](const View& v, const Moment& m) {
        return plan_void_hold(v, request, m);
      }};
  room.at_barrier([&](Ground& whole) { REQUIRE(room.plan(whole, command)->accepted()); });
  for (const AccountId id : {room.hot, other}) {
    CHECK(room.book->total(id) == Balance{});
    for (unsigned s = 0; s < kShards; ++s) CHECK(room.book->slice(s, id) == Balance{});
  }
  // So every shard goes on deciding by itself.
  CHECK(room.plan(at_home, room.hot, other, 1));
  CHECK(room.plan(elsewhere, other, room.hot, 1));
}

TEST_CASE("slices: nothing is decided by a document that is not there, unless it is made") {
  Room room;
  ShardView shard(*room.book, 0), other(*room.book, 1);
  const VoidHoldRequest missing{ClaimKey{Id128{1, 1}, CallerId{100}},
                                ClaimKey{Id128{9, 9}, CallerId{100}}};
  const Command none{missing.key, CommandKind::kVoidHold, {}, [&](const View& v, const Moment& m) {
                       return plan_void_hold(v, missing, m);
                     }};
  CHECK_FALSE(room.plan(shard, none));
  const auto place = [&](const std::string& id) {
    Order order;
    order.order_id = id;
    order.mch_no = "M1";
    order.mch_order_no = "1";
    order.amount = Money{10, Currency::kCNY};
    order.lines = {{"line", "2101/3", 10}};
    return Command{
        ClaimKey{id_of(id), CallerId{100}},
        CommandKind::kPlaceOrder,
        {},
        [order](const View& v, const Moment& m) { return plan_place_order(v, order, m); }};
  };
  REQUIRE(room.plan(shard, place("P1"))->accepted());
  // The same merchant number in another shard: it left nothing, not even its order.
  CHECK_FALSE(room.plan(other, place("P2")));
  CHECK_FALSE(room.book->documents().find(DocumentKind::kOrder, "P2"));
  // In the same shard it is known.
  const auto known = room.plan(shard, place("P3"));
  REQUIRE(known);
  CHECK(known->refusal.code == RefusalCode::kOrderExists);
}

TEST_CASE("slices: documents that several make at once are made by one") {
  LeasedDocuments documents(nullptr);
  const auto make = [](std::string key) {
    return Document{DocumentKind::kIndex, key, 1, false, {}};
  };
  CHECK(documents.put_leased({make("a"), make("b")}, 0));
  CHECK_FALSE(documents.put_leased({make("c"), make("b")}, 1));
  CHECK_FALSE(documents.find(DocumentKind::kIndex, "c"));
  CHECK(documents.put_leased({make("c")}, 2));
}

TEST_CASE("slices: totals near the end of the number range are decided as a whole") {
  Room room(terms_of(LimitKind::kNone), std::numeric_limits<std::int64_t>::max() - 5);
  ShardView shard(*room.book, 0);
  CHECK_FALSE(room.plan(shard, room.here, room.hot, 10));
  room.at_barrier([&](Ground& whole) {
    CHECK(room.plan(whole, room.here, room.hot, 10)->refusal.code == RefusalCode::kOverflow);
    CHECK(room.plan(whole, room.here, room.hot, 5)->accepted());
  });
  CHECK(room.book->total(room.hot).credits_posted == std::numeric_limits<std::int64_t>::max());
}
