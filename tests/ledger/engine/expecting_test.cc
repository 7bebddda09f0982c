// A precondition on a command that is no voucher, through a real book on one and several shards.
#include "ledger/engine/expecting.h"

#include <catch2/catch.hpp>

#include "tests/ledger/engine/verified_book.h"

using namespace suanpan;

namespace {

const AccountId kBank{1}, kHot{2}, kNear{3}, kFar{4};

/// Bank to each of the others 100; 40 of near's are held for the bank, and 40 of hot's.
struct Fixture : test::VerifiedBook {
  explicit Fixture(unsigned count) : VerifiedBook(count) {
    AccountTerms floor{LimitKind::kNotBelowZero}, hot = floor;
    hot.hot = true;
    account("1002", AccountType::kAsset, {});
    account("2101/hot", AccountType::kLiability, hot);
    account("2101/near", AccountType::kLiability, floor);
    account("2101/far", AccountType::kLiability, floor);
    for (const AccountId id : {kHot, kNear, kFar})
      REQUIRE(book->run(voucher(id.value, kBank, id, 100)).accepted());
    for (const AccountId id : {kHot, kNear}) {
      VoucherRequest hold = voucher(10 + id.value, id, kBank, 40);
      hold.hold = true;
      REQUIRE(book->run(hold).accepted());
    }
  }
  static ClaimKey key(std::uint64_t n) { return ClaimKey{Id128{1, n}, CallerId{100}}; }
  static VoucherRequest voucher(std::uint64_t n, AccountId debit, AccountId credit,
                                std::int64_t amount) {
    VoucherRequest v;
    v.key = key(n);
    v.legs.push_back(Leg{debit, credit, amount});
    return v;
  }
  static Command post(std::uint64_t n, AccountId of, std::vector<std::int64_t> amounts = {}) {
    return post_hold({key(n), key(10 + of.value), std::move(amounts), nullptr});
  }
  static Command give_back(std::uint64_t n, AccountId of) {
    return void_hold({key(n), key(10 + of.value)});
  }
  /// Of what the bank paid to an account.
  Command reverse(std::uint64_t n, AccountId to, std::int64_t amount) const {
    ReversalRequest request;
    request.key = key(n);
    request.original = key(to.value);
    request.amounts = {amount};
    auto command = reversal(*book, request);
    REQUIRE(command);
    return std::move(command.value());
  }
};

std::vector<Expectation> available(AccountId id, std::int64_t is) {
  return {Expectation{id, {}, BalanceOf::kAvailable, is, is}};
}

std::string told(const Answer& a) {
  return fmt::format("{}{}{}{}{}", name_of(a.refusal.code), a.refusal.detail.empty() ? "" : ":",
                     a.refusal.detail, a.replayed ? " again" : "", a.seq == 0 ? " nothing" : "");
}
std::string told(const Book::Answers& answers) {
  std::string all;
  for (const Answer& a : answers) all += (all.empty() ? "" : ", ") + told(a);
  return all;
}

}  // namespace

TEST_CASE("expecting: post, void and reversal are carried out only if it is so, on any shards") {
  for (const unsigned shards : {1u, 2u, 4u, 8u}) {
    INFO(shards << " shards");
    Fixture f(shards);
    struct Row {
      Command command;
      std::vector<Expectation> expects;
      const char* told;
    };
    // Of an account that the hold touches, of another one, and of a hot one, whose balance no shard
    // has; then what becomes of it is there for the next.
    const std::vector<Row> rows{
        {f.post(100, kNear, {10}), available(kNear, 61), "balance_not_expected:2101/near"},
        {f.post(101, kNear, {10}), available(kNear, 60), "none"},
        {f.post(102, kNear, {10}), available(kFar, 99), "balance_not_expected:2101/far"},
        {f.post(103, kNear, {10}), available(kFar, 100), "none"},
        {f.post(104, kNear, {10}), available(kHot, 100), "balance_not_expected:2101/hot"},
        {f.post(105, kNear, {10}), available(kHot, 60), "none"},
        {f.post(106, kHot, {15}), available(kNear, 60), "none"},
        {f.give_back(107, kHot), available(kHot, 61), "balance_not_expected:2101/hot"},
        {f.give_back(108, kHot), {{kHot, 2}}, "version_not_expected:2101/hot"},
        {f.give_back(109, kHot), {{kHot, 1, {}, 60, 60}}, "none"},
        {f.give_back(110, kNear), {{AccountId{77}, 1}}, "expected_account_not_found"},
        {f.give_back(111, kNear), available(kHot, 85), "none"},
        {f.reverse(112, kFar, 30), available(kFar, 70), "balance_not_expected:2101/far"},
        {f.reverse(113, kFar, 30), available(kFar, 100), "none"},
        {f.reverse(114, kHot, 85), available(kFar, 70), "none"},
        {f.reverse(115, kHot, 1), available(kHot, 0), "below_limit:2101/hot"},
        // Any other command as well.
        {set_terms({f.key(116), "2101/far", {LimitKind::kNone}, {}}), available(kFar, 71),
         "balance_not_expected:2101/far"},
        {set_terms({f.key(117), "2101/far", {LimitKind::kNone}, {}}),
         {{kFar, 1, {}, 70, 70}},
         "none"},
        {f.reverse(118, kFar, 10), {{kFar, 1}}, "version_not_expected:2101/far"},
        // What is malformed leaves nothing.
        {f.post(119, kNear, {-1}), available(kNear, 1), "amount_not_positive nothing"},
        {f.post(119, kNear), {{kNear, {}, {}, 2, 1}}, "value_invalid:expects nothing"},
        {f.post(119, kNear), {{AccountId{}, 1}}, "account_missing:expects nothing"},
    };
    for (const Row& row : rows) {
      INFO(row.command.key.id.lo);
      const auto dry = f.book->dry_run({expecting(row.command, row.expects)});
      REQUIRE(dry);
      CHECK(told(dry.value().answers) == row.told);
      CHECK(told(f.book->run(expecting(row.command, row.expects))) == row.told);
    }
    const auto is = [&](AccountId id) {
      return f.book->read(
          [&](const State& s, std::uint64_t) { return s.balance(id).available(Side::kCredit); });
    };
    CHECK(is(kHot) == 0);
    CHECK(is(kNear) == 70);
    CHECK(is(kFar) == 70);
    // Sent again, also after a restart, each is told the same; with another expectation, or none,
    // it is another request.
    for (int opened = 0; opened < 2; ++opened, f.open())
      for (const Row& row : rows) {
        if (row.command.key.id.lo == 119) continue;
        INFO(row.command.key.id.lo);
        CHECK(told(f.book->run(expecting(row.command, row.expects))) ==
              std::string(row.told) + " again");
        const std::string other = "id_reused_with_other_content:expects nothing";
        CHECK(told(f.book->run(expecting(row.command, available(kBank, 5)))) == other);
        CHECK(told(f.book->run(row.command)) == other);
        const auto dry = f.book->dry_run({expecting(row.command, available(kBank, 5))});
        REQUIRE(dry);
        CHECK(told(dry.value().answers) == other);
      }
    const auto stored = f.book->find(f.key(109));
    REQUIRE((stored && stored.value()));
    REQUIRE(stored.value()->effects.rules);
    CHECK(stored.value()->effects.rules->expects.at(0).version == 1);
  }
}

TEST_CASE("expecting: in a linked group it sees the items before it, and fells them all") {
  for (const unsigned shards : {1u, 2u, 8u}) {
    INFO(shards << " shards");
    Fixture f(shards);
    const auto group = [&](std::uint64_t n, std::int64_t afterwards) {
      return std::vector<Command>{
          post_voucher(f.voucher(n, kBank, kNear, 7)),
          expecting(f.post(n + 1, kNear, {20}), available(kNear, 67)),
          expecting(f.give_back(n + 2, kNear), available(kNear, 67)),
          expecting(f.post(n + 3, kHot), available(kNear, afterwards)),
      };
    };
    const std::string fell =
        "group_failed:3, group_failed:3, group_failed:3, balance_not_expected:2101/near";
    const auto dry = f.book->dry_run(group(200, 86), {{0, 4}});
    REQUIRE(dry);
    CHECK(told(dry.value().answers) == fell);
    CHECK(told(f.book->run(group(200, 86), {{0, 4}})) == fell);
    CHECK(told(f.book->run(group(200, 86), {{0, 4}})) ==
          "group_failed:3 again, group_failed:3 again, group_failed:3 again, "
          "balance_not_expected:2101/near again");
    // 100 and 7, less the 20 that were posted; the other 20 are given back.
    CHECK(told(f.book->run(group(300, 87), {{0, 4}})) == "none, none, none, none");
    // A malformed one leaves nothing of the whole group.
    CHECK(told(f.book->run({post_voucher(f.voucher(400, kBank, kNear, 7)),
                            expecting(f.post(401, kHot), {{kHot, {}, {}, 2, 1}})},
                           {{0, 2}})) ==
          "group_malformed:1 nothing, value_invalid:expects nothing");
  }
}

TEST_CASE("expecting: in a batch it keeps its place, whichever shard knows the balance") {
  for (const unsigned shards : {1u, 2u, 4u, 8u})
    for (const AccountId of : {kBank, kHot, kFar}) {
      INFO(shards << " shards, account " << of.value);
      Fixture f(shards);
      // What is promised to the bank goes back to hot and near.
      const std::int64_t is = of == kBank ? 220 : of == kHot ? 60 : 100;
      const std::int64_t later = of == kBank ? 290 : 100;
      CHECK(told(f.book->run(std::vector<Command>{
                expecting(f.post(500, kNear, {10}), available(of, is)),
                f.give_back(501, kNear),
                expecting(f.give_back(502, kHot), available(kNear, 90)),
                expecting(f.reverse(503, kFar, 1), available(of, later)),
            })) == "none, none, none, none");
    }
}
