// A book that was settled, exported and made again: what a batch reserves stays reserved, what was
// posted of it is posted once, in the voucher and with the number that it had.
#include "tests/settlement/service_world.h"
#include "tests/support/round_trip.h"

namespace suanpan::settlement {

namespace {

std::vector<std::int64_t> rows_of(const Book& book, const std::string& code) {
  const AccountId id =
      book.read([&](const State& s, std::uint64_t) { return s.account(code)->id; });
  std::vector<std::int64_t> rows;
  REQUIRE(book.for_each_entry(id, [&](const Entry& e) {
    rows.push_back(e.amount);
    return true;
  }));
  return rows;
}

std::int64_t available_in(const Book& book, const std::string& code) {
  return book.read([&](const State& s, std::uint64_t) { return available(s, code); });
}
std::int64_t posted_in(const Book& book, const std::string& code) {
  return book.read([&](const State& s, std::uint64_t) { return posted(s, code); });
}

}  // namespace

TEST_CASE("settled_export: what a batch only reserves is reserved in the book made again") {
  ServiceWorld w;
  w.friday();
  w.go_to("2026-02-14");
  REQUIRE(w.compute("2026-02-14").made.size() == 2);
  test::require_round_trip(*w.book, [](const Book& made) {
    // 750.90 less the batch of 595.70; of M2 all 88.00 is in its batch.
    CHECK(posted_in(made, pending("M1")) == 75'090);
    CHECK(available_in(made, pending("M1")) == 15'520);
    CHECK(available_in(made, pending("M2")) == 0);
    CHECK(rows_of(made, pending("M2")) == std::vector<std::int64_t>{8'800});
    CHECK(rows_of(made, payable("M2")).empty());
  });
  w.check_books();
}

TEST_CASE("settled_export: a hold that people posted a part of keeps its name") {
  ServiceWorld w;
  w.friday();
  w.go_to("2026-02-14");
  w.compute("2026-02-14");
  ClaimKey hold;
  REQUIRE(w.book->for_each_document(DocumentKind::kHold, [&](const DocumentPtr& d) {
    if (decode_hold(d->bytes)->legs[0].amount == 8'800) hold = *ClaimKey::from_bytes(d->key);
    return true;
  }));
  w.run(post_hold({{fresh_id(), CallerId{100}}, hold, {800}, nullptr}));
  REQUIRE(w.service->withdraw("20260214-M2-01", "checker", "部分已付"));
  // Refused for what became of the hold, there as here.
  PostHoldRequest late{{fresh_id(), CallerId{100}}, hold, {}, nullptr};
  CHECK(w.book->run(post_hold(late)).refusal.code == RefusalCode::kHoldAlreadyVoided);
  CHECK(test::exported(*w.book, test::kWays[0]).find("hold_already_voided") != std::string::npos);
  test::require_round_trip(*w.book, [](const Book& made) {
    CHECK(rows_of(made, payable("M2")) == std::vector<std::int64_t>{800});
    CHECK(available_in(made, pending("M2")) == 8'000);
  });
}

TEST_CASE("settled_export: paid, withdrawn, failed and returned batches are the same made again") {
  ServiceWorld w;
  w.friday();
  w.go_to("2026-02-14");
  w.compute("2026-02-14");
  // M1 is paid, and comes back a day later; M2 is withdrawn, computed again, and fails.
  const std::string m1 = "20260214-M1-01";
  const BatchView paid = w.approved(m1);
  w.run(payout_is(paid.payout_id, PayoutFact::Kind::kSucceeded));
  REQUIRE(w.service->withdraw("20260214-M2-01", "checker", "账户有误"));
  REQUIRE(w.compute("2026-02-14").made.size() == 1);
  const BatchView failing = w.approved("20260214-M2-02");
  w.run(payout_is(failing.payout_id, PayoutFact::Kind::kFailed, "AC01"));
  REQUIRE(w.service->follow() == 2);
  w.go_to("2026-02-24");
  w.run(payout_is(paid.payout_id, PayoutFact::Kind::kReturned));
  REQUIRE(w.service->follow() == 1);
  // The next batch of M1 is under way, that of M2 reserved.
  REQUIRE(w.compute("2026-02-24").made.size() == 2);
  w.approved("20260224-M1-01");
  // A step of a settlement cannot be reversed in red by hand, approvals neither: refused, and left
  // out of the export where it has no meaning there.
  std::vector<ClaimKey> commands;
  REQUIRE(w.book->for_each_command_after(0, [&](const StoredCommand& c) {
    if (c.kind == CommandKind::kSettlement) commands.push_back(c.key);
    return true;
  }));
  for (const ClaimKey& original : commands) {
    ReversalRequest red;
    red.key = {fresh_id(), CallerId{100}};
    red.original = original;
    CHECK(w.book->run(reversal(*w.book, red).value()).refusal.code ==
          RefusalCode::kVoucherNotReversible);
  }
  // 88.00 came in; it was paid out and came back as a voucher each; withdrawing left no row.
  const std::vector<std::int64_t> m2{8'800, 8'800, 8'800};
  CHECK(rows_of(*w.book, pending("M2")) == m2);
  test::require_round_trip(*w.book, [&](const Book& made) {
    CHECK(rows_of(made, pending("M2")) == m2);
    CHECK(posted_in(made, pending("M2")) == 8'800);
    CHECK(available_in(made, pending("M2")) == 0);
    CHECK(posted_in(made, "2103") == 59'570);
    CHECK(posted_in(made, payable("M1")) == 0);
  });
  w.check_books();
}

}  // namespace suanpan::settlement
