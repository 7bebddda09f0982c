// Roll-ups by themselves: every kind of movement, several levels, several currencies.
#include "ledger/store/roll_up.h"

#include <catch2/catch.hpp>

using namespace suanpan;

namespace {

Transfer moved(std::int64_t amount, TransferKind kind = TransferKind::kPosted) {
  return Transfer{AccountId{1}, AccountId{2}, amount, kind};
}
RollUp only(RollUps& roll_ups, const char* path) {
  const auto found = roll_ups.at(path);
  REQUIRE(found.size() == 1);
  return found[0];
}

}  // namespace

TEST_CASE("roll-up: each kind of movement adds up along the whole path") {
  RollUps r;
  const auto home = r.node_of("3001/小区1/3幢/0402", Currency::kCNY, true);
  const auto next = r.node_of("3001/小区1/3幢/0403", Currency::kCNY, true);
  const auto other = r.node_of("3001/小区2", Currency::kCNY, true);
  CHECK(home == next);
  r.add(home, moved(100), Side::kCredit);
  r.add(next, moved(30, TransferKind::kPending), Side::kDebit);
  r.add(home, moved(10, TransferKind::kPostPending), Side::kDebit);
  r.add(home, moved(5, TransferKind::kVoidPending), Side::kDebit);
  r.add(home, moved(-40, TransferKind::kRed), Side::kCredit);
  r.add(other, moved(7), Side::kCredit);
  r.add(other, moved(9, TransferKind::kNone), Side::kCredit);
  const RollUpTotals building{10, 60, 15, 0, 0, -40};
  CHECK(only(r, "3001/小区1/3幢") == RollUp{"3001/小区1/3幢", Currency::kCNY, building, 2});
  CHECK(only(r, "3001/小区1") == RollUp{"3001/小区1", Currency::kCNY, building, 2});
  CHECK(only(r, "3001") == RollUp{"3001", Currency::kCNY, RollUpTotals{10, 67, 15, 0, 0, -40}, 3});
  CHECK(r.at("3001/小区2").empty());
  CHECK(r.at("300").empty());
  CHECK(r.at("").empty());
}

TEST_CASE("roll-up: a code of one segment hangs from nothing, and currencies stay apart") {
  RollUps r;
  const auto none = r.node_of("1002", Currency::kCNY, true);
  CHECK(none == RollUps::kNone);
  r.add(none, moved(5), Side::kDebit);
  r.add(r.node_of("1002/a", Currency::kCNY, true), moved(1), Side::kDebit);
  r.add(r.node_of("1002/b", Currency::kUSD, true), moved(2), Side::kDebit);
  const auto found = r.at("1002");
  REQUIRE(found.size() == 2);
  CHECK(found[0].currency == Currency::kCNY);
  CHECK(found[0].totals.debits_posted == 1);
  CHECK(found[1].currency == Currency::kUSD);
  CHECK(found[1].totals.debits_posted == 2);
}

TEST_CASE("roll-up: sums of balances that each fit may pass 64 bits") {
  RollUps r;
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const char* code : {"1002/a", "1002/b", "1002/c"})
    r.add(r.node_of(code, Currency::kCNY, true), moved(most), Side::kDebit);
  CHECK(only(r, "1002").totals.debits_posted == Int128{most} * 3);
}

TEST_CASE("roll-up: rows that changed are written once, and load again as they were") {
  RollUps r;
  const auto a = r.node_of("1002/a/b", Currency::kCNY, true);
  r.node_of("1122/x", Currency::kCNY, true);
  CHECK(r.take_changed().size() == 3);  // 1002, 1002/a, 1122
  CHECK(r.take_changed().empty());
  r.add(a, moved(-7, TransferKind::kRed), Side::kDebit);
  const auto rows = r.take_changed();
  REQUIRE(rows.size() == 2);
  RollUps again;
  for (const auto& [key, value] : rows) {
    const auto row = decode_roll_up(key, value);
    REQUIRE(row);
    again.load(*row);
  }
  CHECK(again.node_of("1002/a/b", Currency::kCNY, false) != RollUps::kNone);
  CHECK(only(again, "1002") == RollUp{"1002", Currency::kCNY, {-7, 0, 0, 0, -7, 0}, 1});
  CHECK(only(again, "1002/a") == RollUp{"1002/a", Currency::kCNY, {-7, 0, 0, 0, -7, 0}, 1});
  CHECK(again.take_changed().empty());
}
