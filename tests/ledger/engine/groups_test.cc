// Linked groups, dry runs and the history of terms through a real book, on one and several shards.
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "ledger/core/terms_history.h"
#include "ledger/core/voucher_rules.h"
#include "ledger/engine/book.h"
#include "tests/ledger/engine/verified_book.h"

using namespace suanpan;

namespace {

struct Fixture : test::VerifiedBook {
  explicit Fixture(unsigned count) : VerifiedBook(count) {
    AccountTerms floor{LimitKind::kNotBelowZero}, hot = floor;
    hot.hot = true;
    account("1002", AccountType::kAsset, {});
    for (int i = 0; i < 8; ++i)
      account("2101/" + std::to_string(i), AccountType::kLiability, i == 0 ? hot : floor);
    for (std::uint32_t id = 2; id <= 9; ++id)
      REQUIRE(book->run(voucher(1, id, 1, id, 100)).accepted());
  }
  static ClaimKey key(std::uint64_t hi, std::uint64_t lo) {
    return ClaimKey{Id128{hi, lo}, CallerId{100}};
  }
  /// Account 1 is the bank; 2 to 9 are owners with 100 each, 2 is hot.
  static VoucherRequest voucher(std::uint64_t hi, std::uint64_t lo, std::uint32_t debit,
                                std::uint32_t credit, std::int64_t amount) {
    VoucherRequest v;
    v.key = key(hi, lo);
    v.legs.push_back(Leg{AccountId{debit}, AccountId{credit}, amount});
    return v;
  }
  std::int64_t balance(std::uint32_t id) const {
    return book->read([&](const State& s, std::uint64_t) {
      return s.balance(AccountId{id}).available(s.account(AccountId{id})->normal);
    });
  }
  std::uint64_t last_seq() const { return book->statistics().last_seq; }
};

std::string told(const Book::Answers& answers) {
  std::string text;
  for (const Answer& a : answers)
    text += fmt::format("{}{}{}{} ", name_of(a.refusal.code),
                        a.refusal.detail.empty() ? "" : ":" + a.refusal.detail,
                        a.seq == 0 ? " nothing" : "", a.replayed ? " again" : "");
  return text;
}

}  // namespace

TEST_CASE("groups: a group stands or falls in one place of the journal, and is told again") {
  for (const unsigned shards : {1u, 2u, 8u}) {
    INFO(shards << " shards");
    Fixture f(shards);
    const std::uint64_t before = f.last_seq();
    // 3 pays 4, 4 pays 5, 5 pays the hot account: each more than it had.
    const std::vector<VoucherRequest> chain{f.voucher(2, 1, 3, 4, 100), f.voucher(2, 2, 4, 5, 200),
                                            f.voucher(2, 3, 5, 2, 300)};
    const auto stands = f.book->run(chain, {{0, 3}});
    CHECK(told(stands) == "none none none ");
    for (std::uint64_t i = 0; i < 3; ++i) {
      CHECK(stands[i].seq == before + 1 + i);
      CHECK(f.book->command(before + 1 + i).value()->linked == (i < 2));
    }
    CHECK(f.balance(2) == 400);
    CHECK(f.balance(5) == 0);

    auto falls = chain;
    for (VoucherRequest& v : falls) v.key.id.hi = 3;
    falls[0].legs[0] = Leg{AccountId{6}, AccountId{7}, 50};
    falls[1].legs[0] = Leg{AccountId{3}, AccountId{7}, 1};
    falls[2].legs[0] = Leg{AccountId{1}, AccountId{3}, 10};
    const auto fell = f.book->run(falls, {{0, 3}});
    CHECK(told(fell) == "group_failed:1 below_limit:2101/1 group_failed:1 ");
    CHECK(f.balance(6) == 100);
    CHECK(f.balance(3) == 0);
    CHECK(f.last_seq() == before + 6);

    const auto check_again = [&] {
      CHECK(told(f.book->run(chain, {{0, 3}})) == "none again none again none again ");
      CHECK(told(f.book->run(falls, {{0, 3}})) ==
            "group_failed:1 again below_limit:2101/1 again group_failed:1 again ");
      // One by one they find the same.
      CHECK(told(f.book->run(std::vector<VoucherRequest>{falls[0]})) == "group_failed:1 again ");
      CHECK(told(f.book->run(std::vector<VoucherRequest>{chain[2]})) == "none again ");
      CHECK(f.last_seq() == before + 6);
    };
    check_again();
    f.open();
    check_again();
    auto changed = chain;
    changed[1].legs[0].amount = 199;
    CHECK(told(f.book->run(changed, {{0, 3}})) ==
          "none again id_reused_with_other_content:amount nothing none again ");
  }
}

TEST_CASE("groups: one that cannot be planned as a whole leaves nothing, and its ids stay free") {
  for (const unsigned shards : {1u, 4u}) {
    INFO(shards << " shards");
    Fixture f(shards);
    const std::uint64_t before = f.last_seq();
    const auto one = f.voucher(2, 1, 1, 3, 1), two = f.voucher(2, 2, 1, 4, 1);
    auto bad = f.voucher(2, 3, 1, 4, 0);
    CHECK(told(f.book->run({one, bad, two}, {{0, 3}})) ==
          "group_malformed:1 nothing amount_not_positive nothing group_malformed:1 nothing ");
    // One id twice.
    CHECK(told(f.book->run({one, two, one}, {{0, 3}})) ==
          "group_malformed:2 is known or under way nothing group_malformed:2 is known or under way "
          "nothing group_malformed:2 is known or under way nothing ");
    CHECK(f.last_seq() == before);
    // What is known, with something new.
    const auto known = f.voucher(1, 3, 1, 3, 100);
    CHECK(told(f.book->run({one, known}, {{0, 2}})) ==
          "group_malformed:1 is known or under way nothing none again ");
    CHECK(f.last_seq() == before);
    // A command that turns out malformed when it is planned.
    const PostHoldRequest post{f.key(2, 4), f.key(9, 9), {-1}, nullptr};
    const auto answers = f.book->run(
        std::vector<Command>{post_voucher(one), post_hold(post), post_voucher(two)}, {{0, 3}});
    CHECK(told(answers) ==
          "group_malformed:1 nothing amount_not_positive nothing group_malformed:1 nothing ");
    CHECK(f.last_seq() == before);
    CHECK(told(f.book->run({one, two}, {{0, 2}})) == "none none ");
    // Groups beside items of their own, in one batch.
    CHECK(told(f.book->run(
              {f.voucher(3, 1, 3, 1, 500), f.voucher(3, 2, 1, 3, 1), f.voucher(3, 3, 4, 1, 500),
               f.voucher(3, 4, 1, 3, 1), f.voucher(3, 5, 1, 4, 1)},
              {{1, 2}, {3, 2}})) ==
          "below_limit:2101/1 group_failed:1 below_limit:2101/2 none none ");
  }
}

TEST_CASE(
    "groups: one with an id under way elsewhere is undecided until that is known or nothing") {
  for (const unsigned shards : {1u, 4u})
    for (const bool leaves_entry : {false, true}) {
      INFO(shards << " shards, " << (leaves_entry ? "an entry" : "nothing"));
      Fixture f(shards);
      const std::uint64_t before = f.last_seq();
      // Has an id under way until it is let go, and is refused then.
      std::promise<void> go;
      Command busy = set_terms({f.key(2, 1), "2101/none", AccountTerms{}, {}});
      busy.plan = [leaves_entry, gate = go.get_future().share()](
                      const View&, const Moment&) -> Planned<ChangeSet> {
        gate.wait();
        return refuse(leaves_entry ? RefusalCode::kAccountNotFound : RefusalCode::kValueInvalid);
      };
      std::promise<void> refused;
      REQUIRE(
          f.book->submit(std::vector<Command>{busy}, [&](Book::Answers) { refused.set_value(); }));
      const auto ask = [&](std::vector<VoucherRequest> items, Groups groups) {
        const auto promise = std::make_shared<std::promise<std::string>>();
        REQUIRE(f.book->submit(
            std::move(items),
            [promise](const Book::Answers& answers) { promise->set_value(told(answers)); },
            std::move(groups)));
        return promise->get_future();
      };
      const auto same = f.voucher(2, 1, 1, 3, 7), fresh = f.voucher(2, 2, 1, 4, 5);
      const auto known = f.voucher(1, 3, 1, 3, 100), twice = f.voucher(2, 3, 1, 5, 1);
      const auto booked = f.voucher(2, 4, 1, 6, 2), beside = f.voucher(2, 5, 1, 6, 2);
      auto mixed = ask({fresh, same}, {{0, 2}});
      auto waits = ask({same}, {{0, 1}});
      auto waits_beside_known = ask({same, known}, {{0, 2}});
      auto with_known = ask({fresh, known, same}, {{0, 3}});
      // An id that its own submission names before it will never be free for it.
      auto named_twice = ask({twice, same, twice}, {{0, 3}});
      auto named_outside = ask({booked, beside, booked}, {{1, 2}});
      go.set_value();
      refused.get_future().wait();
      CHECK(mixed.get() ==
            "group_undecided:1 is under way nothing group_undecided:1 is under way nothing ");
      const std::string left = leaves_entry ? "id_reused_with_other_content:kind nothing "
                                            : "group_undecided:its id was under way and left "
                                              "nothing nothing ";
      CHECK(waits.get() == left);
      CHECK(waits_beside_known.get() == left + "none again ");
      CHECK(with_known.get() ==
            "group_malformed:1 is known or under way nothing none again "
            "group_malformed:1 is known or under way nothing ");
      CHECK(named_twice.get() ==
            "group_malformed:1 is known or under way nothing group_malformed:1 is known or under "
            "way nothing group_malformed:1 is known or under way nothing ");
      CHECK(named_outside.get() ==
            "none group_malformed:1 is known or under way nothing group_malformed:1 is known or "
            "under way nothing ");
      CHECK(f.last_seq() == before + 1 + leaves_entry);
      // Sent again it is decided, once.
      if (leaves_entry) {
        for (int i = 0; i < 2; ++i)
          CHECK(told(f.book->run({fresh, same}, {{0, 2}})) ==
                "group_malformed:1 is known or under way nothing " + left);
        CHECK(f.balance(4) == 100);
      } else {
        CHECK(told(f.book->run({fresh, same}, {{0, 2}})) == "none none ");
        CHECK(told(f.book->run({fresh, same}, {{0, 2}})) == "none again none again ");
        CHECK(f.balance(4) == 105);
        CHECK(f.balance(3) == 107);
      }
      CHECK(f.balance(6) == 102);
      CHECK(f.last_seq() == before + (leaves_entry ? 2 : 3));
    }
}

TEST_CASE("groups: one that waits for its own submission, which leaves nothing, is told never") {
  for (const unsigned shards : {1u, 4u}) {
    INFO(shards << " shards");
    Fixture f(shards);
    const auto invalid = [&](std::uint64_t lo) {
      Command command = set_terms({f.key(2, lo), "2101/none", AccountTerms{}, {}});
      command.plan = [](const View&, const Moment&) -> Planned<ChangeSet> {
        return refuse(RefusalCode::kValueInvalid);
      };
      return command;
    };
    const std::string left = "group_malformed:its id was under way and left nothing nothing ";
    for (int i = 0; i < 2; ++i)
      CHECK(told(f.book->run(std::vector<Command>{invalid(1), invalid(2), invalid(1), invalid(2)},
                             {{0, 2}, {2, 2}})) ==
            "value_invalid nothing group_malformed:0 nothing " + left + left);
  }
}

TEST_CASE("groups: holds are made, posted and voided together, by whole groups") {
  for (const unsigned shards : {1u, 2u, 8u}) {
    INFO(shards << " shards");
    Fixture f(shards);
    auto hold = [&](std::uint64_t lo, std::uint32_t owner) {
      VoucherRequest v = f.voucher(2, lo, owner, 1, 80);
      v.hold = true;
      return v;
    };
    CHECK(told(f.book->run({hold(1, 3), hold(2, 4), hold(3, 2)}, {{0, 3}})) == "none none none ");
    CHECK(f.balance(3) == 20);
    CHECK(f.balance(2) == 20);
    const auto post = [&](std::uint64_t lo, std::uint64_t of, std::int64_t amount) {
      return post_hold({f.key(3, lo), f.key(2, of), {amount}, nullptr});
    };
    CHECK(told(f.book->run(std::vector<Command>{post(1, 1, 30), post(2, 2, 81), post(3, 3, 5)},
                           {{0, 3}})) ==
          "group_failed:1 hold_amount_exceeded:" + f.key(2, 2).hex() + " group_failed:1 ");
    CHECK(told(f.book->run(std::vector<Command>{post(4, 1, 30), post(5, 1, 50), post(6, 3, 5)},
                           {{0, 3}})) == "none none none ");
    const auto give_back = [&](std::uint64_t lo, std::uint64_t of) {
      return void_hold({f.key(4, lo), f.key(2, of)});
    };
    CHECK(told(f.book->run(std::vector<Command>{give_back(1, 2), give_back(2, 1)}, {{0, 2}})) ==
          "group_failed:1 hold_already_posted:" + f.key(2, 1).hex() + " ");
    CHECK(f.balance(4) == 20);
    CHECK(told(f.book->run(std::vector<Command>{give_back(3, 2), give_back(4, 3)}, {{0, 2}})) ==
          "none none ");
    CHECK(f.balance(4) == 100);
    CHECK(f.balance(2) == 95);
    CHECK(f.balance(3) == 20);
    // Reserved and posted within one group, over two owners.
    CHECK(told(f.book->run(std::vector<Command>{post_voucher(hold(7, 5)), post_voucher(hold(8, 6)),
                                                post(7, 7, 80), post(8, 8, 1)},
                           {{0, 4}})) == "none none none none ");
    CHECK(f.balance(5) == 20);
  }
}

TEST_CASE("groups: the same group sent by many at once is one group") {
  for (const unsigned shards : {1u, 4u}) {
    INFO(shards << " shards");
    Fixture f(shards);
    std::atomic<int> first{0}, again{0}, other{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (std::uint64_t n = 0; n < 100; ++n) {
          const auto owner = static_cast<std::uint32_t>(2 + n % 7);
          const auto answers = f.book->run(
              {f.voucher(50 + n, 1, 1, owner, 5), f.voucher(50 + n, 2, owner, owner + 1, 2),
               f.voucher(50 + n, 3, 1, owner, 5)},
              {{0, 3}});
          int stood = 0, replayed = 0;
          for (const Answer& a : answers) {
            stood += a.accepted();
            replayed += a.replayed;
          }
          ++(stood != 3 ? other : replayed == 3 ? again : replayed == 0 ? first : other);
        }
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(first == 100);
    CHECK(again == 300);
    CHECK(other == 0);
    CHECK(f.balance(1) == 800 + 100 * 10);
  }
}

TEST_CASE("dry run: it answers what posting would, and leaves nothing") {
  for (const unsigned shards : {1u, 4u}) {
    INFO(shards << " shards");
    Fixture f(shards);
    VoucherRequest expiring = f.voucher(2, 1, 3, 1, 100);
    expiring.hold = true;
    expiring.expires_at = f.clock.now().plus_seconds(60);
    REQUIRE(f.book->run(expiring).accepted());
    const auto same = [&](const Book::Answers& dry, const Book::Answers& wet) {
      REQUIRE(dry.size() == wet.size());
      for (std::size_t i = 0; i < dry.size(); ++i) {
        INFO("item " << i);
        CHECK(dry[i].refusal.code == wet[i].refusal.code);
        CHECK(dry[i].refusal.detail == wet[i].refusal.detail);
        CHECK(dry[i].replayed == wet[i].replayed);
        CHECK(dry[i].seq == wet[i].seq);
        CHECK(dry[i].voucher_no == wet[i].voucher_no);
        CHECK(dry[i].date == wet[i].date);
        CHECK(dry[i].answer == wet[i].answer);
        // What goes to a barrier late is stamped late.
        if (f.shards == 1) CHECK(dry[i].timestamp == wet[i].timestamp);
      }
    };
    VoucherRequest swept = f.voucher(3, 4, 4, 5, 0);
    swept.rules = std::make_shared<const VoucherRules>(VoucherRules{{}, {Sweep{0, Sweep::kDebit}}});
    const std::vector<VoucherRequest> batch{
        f.voucher(3, 1, 3, 4, 1),    // 3 has nothing while its hold stands
        f.voucher(3, 2, 4, 3, 30),   // a group that stands
        f.voucher(3, 3, 3, 5, 30),   //
        swept,                       // 70 are left
        f.voucher(3, 5, 5, 6, 1),    // a group that falls
        f.voucher(3, 6, 4, 6, 1),    //
        f.voucher(3, 4, 4, 5, 1),    // an id of this batch, with other content
        f.voucher(1, 3, 1, 3, 100),  // known from before
        f.voucher(3, 7, 1, 3, 0),    // malformed
        f.voucher(3, 8, 2, 7, 100),  // the hot account's last
        f.voucher(3, 9, 2, 7, 1),
    };
    const Groups groups{{1, 2}, {4, 2}};
    for (const bool expired : {false, true}) {
      if (expired) f.clock.advance_seconds(120);
      const std::uint64_t before = f.last_seq();
      if (expired) {
        // What is due expires first, as it would.
        const auto dry = f.book->dry_run({f.voucher(4, 1, 3, 1, 100)});
        REQUIRE(dry);
        CHECK(told(dry.value().answers) == "none ");
        break;
      }
      const auto dry = f.book->dry_run(batch, groups);
      REQUIRE(dry);
      CHECK(dry.value().seq == before);
      const auto again = f.book->dry_run(batch, groups);
      REQUIRE(again);
      same(dry.value().answers, again.value().answers);
      CHECK(f.last_seq() == before);
      CHECK(f.balance(4) == 100);
      CHECK_FALSE(f.book->find(f.key(3, 2)).value());
      const auto wet = f.book->run(batch, groups);
      CHECK(told(wet) ==
            "below_limit:2101/1 none none none group_failed:1 below_limit:2101/2 "
            "id_reused_with_other_content:amount nothing none again amount_not_positive nothing "
            "none below_limit:2101/0 ");
      same(dry.value().answers, wet);
      // And of what is done, what a resend would find.
      const auto resend = f.book->dry_run(batch, groups);
      REQUIRE(resend);
      same(resend.value().answers, f.book->run(batch, groups));
    }
  }
}

TEST_CASE("dry run: commands of any kind, groups that mix what is known, and an empty one") {
  Fixture f(1);
  const SetTermsRequest freeze{f.key(2, 1), "2101/1", AccountTerms{LimitKind::kNotBelowZero}, 1};
  SetTermsRequest frozen = freeze;
  frozen.terms.frozen_out = true;
  const std::vector<Command> commands{set_terms(frozen), post_voucher(f.voucher(2, 2, 3, 1, 1)),
                                      post_voucher(f.voucher(1, 3, 1, 3, 100)),
                                      post_voucher(f.voucher(2, 3, 1, 3, 1))};
  const auto dry = f.book->dry_run(commands, {{2, 2}});
  REQUIRE(dry);
  CHECK(told(dry.value().answers) ==
        "none debit_account_frozen:2101/1 none again group_malformed:0 is known or under way "
        "nothing ");
  CHECK(told(f.book->run(commands, {{2, 2}})) == told(dry.value().answers));
  CHECK(f.book->dry_run(std::vector<Command>{}).value().answers.empty());
}

TEST_CASE("terms: their history tells each change, in order, and from before a restart") {
  for (const unsigned shards : {1u, 2u}) {
    Fixture f(shards);
    AccountTerms before{LimitKind::kNotBelowZero};
    std::vector<TermsChange> expected;
    const auto change = [&](std::uint64_t lo, AccountTerms terms) {
      f.clock.advance_seconds(1);
      const Answer answer = f.book->run(set_terms({f.key(5, lo), "2101/3", terms, {}}));
      REQUIRE(answer.accepted());
      expected.push_back({f.key(5, lo), answer.timestamp, before, terms});
      before = terms;
    };
    AccountTerms terms{LimitKind::kCreditLine};
    terms.credit_line = 700;
    change(1, terms);
    terms.frozen_in = true;
    change(2, terms);
    terms.frozen_in = false;
    terms.frozen_out = true;
    change(3, terms);
    REQUIRE(f.book->run(f.voucher(6, 1, 1, 5, 1)).accepted());
    CHECK(f.book->run(f.voucher(6, 2, 5, 1, 1)).refusal.code == RefusalCode::kDebitAccountFrozen);
    terms.frozen_out = false;
    change(4, terms);
    REQUIRE(f.book->run(f.voucher(6, 3, 5, 1, 101)).accepted());
    terms.closed = true;
    change(5, terms);
    terms.closed = false;
    change(6, terms);
    // Another account's history lies behind it.
    REQUIRE(f.book->run(set_terms({f.key(5, 9), "2101/4", terms, {}})).accepted());
    for (const bool reopened : {false, true}) {
      if (reopened) f.open();
      std::vector<TermsChange> is;
      REQUIRE(f.book->for_each_document(
          DocumentKind::kTermsChange, terms_change_key(AccountId{5}, 0), [&](const DocumentPtr& d) {
            if (d->key.substr(0, 4) != terms_change_key(AccountId{5}, 0).substr(0, 4)) return false;
            is.push_back(*decode_terms_change(d->bytes));
            return true;
          }));
      CHECK(is == expected);
    }
  }
}
