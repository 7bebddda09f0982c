// The published state: what it forgets, what is open, which holds are due, where it looks further.
#include "ledger/core/state.h"

#include <catch2/catch.hpp>
#include <limits>
#include <unordered_map>

#include "ledger/core/hold.h"
#include "tests/support/dies.h"

using namespace suanpan;

namespace {

DocumentPtr document(std::string key, std::uint32_t version, bool open,
                     DocumentKind kind = DocumentKind::kCursor) {
  return std::make_shared<const Document>(Document{kind, std::move(key), version, open, "x"});
}

ClaimKey hold_key(std::uint64_t n) { return ClaimKey{Id128{1, n}, CallerId{100}}; }

DocumentPtr hold(std::uint64_t n, std::int64_t expires_ns, bool open = true) {
  Hold h;
  h.state = open ? HoldState::kOpen : HoldState::kVoided;
  h.expires_at.ns = expires_ns;
  h.legs.push_back(HoldLeg{AccountId{1}, AccountId{2}, 5, open ? 5 : 0});
  return std::make_shared<const Document>(
      Document{DocumentKind::kHold, hold_key(n).bytes(), open ? 1u : 2u, open, encode(h)});
}

State with_two_accounts() {
  State state{BookState{}};
  for (std::uint32_t i = 1; i <= 2; ++i) {
    Account account;
    account.id = AccountId{i};
    account.code = std::to_string(i);
    state.load_account(account, Balance{});
  }
  return state;
}

}  // namespace

TEST_CASE("state: it forgets a finished document of that very version, and nothing else") {
  State state{BookState{}};
  state.evict(DocumentKind::kCursor, "a", 1);  // nothing of the kind yet
  state.apply_document(document("a", 2, false));
  state.apply_document(document("b", 1, true));
  state.evict(DocumentKind::kCursor, "none", 1);
  state.evict(DocumentKind::kCursor, "a", 1);
  state.evict(DocumentKind::kCursor, "b", 1);
  CHECK(state.document(DocumentKind::kCursor, "a"));
  CHECK(state.document(DocumentKind::kCursor, "b"));
  state.evict(DocumentKind::kCursor, "a", 2);
  CHECK_FALSE(state.document(DocumentKind::kCursor, "a"));
}

// Two keys that the table tells apart by themselves alone: 32 bits of their hashes are equal. Of
// 100,000 keys there are one or two such pairs.
std::pair<std::string, std::string> keys_of_one_mark() {
  std::unordered_map<std::uint64_t, int> seen;
  for (int n = 0;; ++n) {
    const auto [it, first] = seen.emplace(KeyedHash{}(std::to_string(n)) >> 32, n);
    if (!first) return {std::to_string(it->second), std::to_string(n)};
  }
}

TEST_CASE("state: two documents whose keys look alike to the table are two") {
  const auto [a, b] = keys_of_one_mark();
  REQUIRE(a != b);
  State state{BookState{}};
  state.apply_document(document(a, 1, false));
  CHECK_FALSE(state.document(DocumentKind::kCursor, b));
  state.apply_document(document(b, 7, false));
  CHECK(state.document(DocumentKind::kCursor, a)->version == 1);
  CHECK(state.document(DocumentKind::kCursor, b)->version == 7);
  state.evict(DocumentKind::kCursor, a, 1);
  CHECK_FALSE(state.document(DocumentKind::kCursor, a));
  CHECK(state.document(DocumentKind::kCursor, b)->version == 7);
}

TEST_CASE("state: what it does not hold is looked for where documents are stored") {
  State state(BookState{}, [](DocumentKind kind, std::string_view key) {
    return kind == DocumentKind::kOrder && key == "P1" ? document("P1", 7, false, kind) : nullptr;
  });
  state.apply_document(document("a", 1, true));
  CHECK(state.document(DocumentKind::kOrder, "P1")->version == 7);
  CHECK_FALSE(state.document(DocumentKind::kCursor, "P1"));
  CHECK(state.document(DocumentKind::kCursor, "a")->version == 1);
  CHECK_FALSE(State(BookState{}).document(DocumentKind::kOrder, "P1"));
  // Who asks for what is resident is told of that alone.
  CHECK_FALSE(state.resident_document(DocumentKind::kOrder, "P1"));
  CHECK_FALSE(state.resident_document(DocumentKind::kCursor, "P1"));
  CHECK(state.resident_document(DocumentKind::kCursor, "a")->version == 1);
}

TEST_CASE("state: it forgets many finished documents at once, and none that changed since") {
  State state{BookState{}};
  std::vector<DocumentPtr> finished;
  for (int i = 0; i < 100; ++i) {
    finished.push_back(document(std::to_string(i), 1, i % 5 == 0));
    state.apply_document(finished.back());
    state.apply_document(document(std::to_string(i), 1, true, DocumentKind::kIndex));
  }
  finished.push_back(document("none", 1, false, DocumentKind::kHold));
  state.apply_document(document("7", 2, false));
  state.prefetch(DocumentKind::kHold, {});  // nothing of the kind
  state.evict(finished);
  for (int i = 0; i < 100; ++i) {
    CAPTURE(i);
    const auto left = state.resident_document(DocumentKind::kCursor, std::to_string(i));
    CHECK((left != nullptr) == (i % 5 == 0 || i == 7));
    CHECK(state.resident_document(DocumentKind::kIndex, std::to_string(i)));
  }
}

TEST_CASE("state: open documents of a kind, by key") {
  State state{BookState{}};
  CHECK(state.open_documents(DocumentKind::kCursor).empty());
  for (const char* key : {"c", "a", "b"})
    state.apply_document(document(key, 1, std::string(key) != "b"));
  state.apply_document(document("d", 1, true, DocumentKind::kIndex));
  const auto open = state.open_documents(DocumentKind::kCursor);
  REQUIRE(open.size() == 2);
  CHECK(open[0]->key == "a");
  CHECK(open[1]->key == "c");
}

TEST_CASE("state: holds are due from their time on, the earliest first, as many as are asked for") {
  State state{BookState{}};
  state.apply_document(hold(1, 300));
  state.apply_document(hold(2, 100));
  state.apply_document(hold(3, 200));
  state.apply_document(hold(4, 0));  // never
  const auto due = [&](std::int64_t ns, std::size_t limit) {
    return state.due_holds(Timestamp{ns}, limit);
  };
  CHECK(due(99, 10).empty());
  CHECK(due(100, 10) == std::vector{hold_key(2)});
  CHECK(due(300, 10) == std::vector{hold_key(2), hold_key(3), hold_key(1)});
  CHECK(due(300, 2) == std::vector{hold_key(2), hold_key(3)});
  CHECK(due(300, 0).empty());
  state.apply_document(hold(2, 100, false));
  CHECK(due(1'000, 10) == std::vector{hold_key(3), hold_key(1)});
}

TEST_CASE("state: it knows how many holds of a caller are open") {
  State state = with_two_accounts();
  const CallerId us{100};
  CHECK(state.open_holds_of(us) == 0);
  state.apply_document(hold(1, 0));
  state.apply_document(hold(2, 50));
  CHECK(state.open_holds_of(us) == 2);
  CHECK(state.open_holds_of(CallerId{101}) == 0);
  state.apply_document(hold(1, 0));  // posted in part, it stays open
  CHECK(state.open_holds_of(us) == 2);
  state.apply_document(hold(1, 0, false));
  CHECK(state.open_holds_of(us) == 1);
  for (int read = 0; read < 2; ++read) state.apply_document(hold(3, 0, false));  // had ended before
  CHECK(state.open_holds_of(us) == 1);
  state.apply_document(hold(2, 50, false));
  CHECK(state.open_holds_of(us) == 0);
}

TEST_CASE("state: what cannot be is a bug of ours, and ends the process") {
  State state = with_two_accounts();
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  state.apply_transfer(Transfer{AccountId{1}, AccountId{2}, most});
  CHECK(test::dies([&] { state.apply_transfer(Transfer{AccountId{1}, AccountId{2}, 1}); }));
  CHECK(test::dies([&] { state.apply_transfer(Transfer{AccountId{1}, AccountId{3}, 1}); }));
  CHECK(test::dies([&] {
    Account account;
    account.id = AccountId{4};
    state.apply_account(account);
  }));
  CHECK(state.balance(AccountId{2}).credits_posted == most);
}

TEST_CASE("transfer: a total or a difference of totals that does not fit changes nothing") {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  struct Row {
    const char* what;
    Balance before;  // debits and credits posted, pending, red
    TransferKind kind;
    std::int64_t amount;
    bool fits;
    Balance after;
  };
  using K = TransferKind;
  const Row rows[] = {
      {"nothing moves", {1, 2, 3, 4}, K::kNone, 9, true, {1, 2, 3, 4}},
      {"posted", {5}, K::kPosted, 7, true, {12}},
      {"posted beyond", {most}, K::kPosted, 1, false, {}},
      {"reserved", {0, 0, 5}, K::kPending, 7, true, {0, 0, 12}},
      {"reserved beyond", {0, 0, most}, K::kPending, 1, false, {}},
      {"posted from a hold", {1, 0, 9}, K::kPostPending, 4, true, {5, 0, 5}},
      {"posted from a hold beyond", {most, 0, 9}, K::kPostPending, 4, false, {}},
      {"released beyond", {0, 0, least}, K::kPostPending, 4, false, {}},
      {"given back", {0, 0, 9}, K::kVoidPending, 9, true, {}},
      {"given back beyond", {0, 0, least}, K::kVoidPending, 1, false, {}},
      {"red", {9}, K::kRed, -4, true, {5, 0, 0, 0, -4}},
      {"red beyond", {least}, K::kRed, -1, false, {}},
      {"red in all beyond", {0, 0, 0, 0, least}, K::kRed, -1, false, {}},
      {"debits less credits beyond", {0, -most}, K::kPosted, 2, false, {}},
      {"what is available of it beyond", {0, 5, 0, most}, K::kRed, -3, false, {}},
      {"credits less debits beyond", {-1}, K::kRed, least + 1, false, {}},
      {"what is available of that beyond",
       {0, least + 2, 1},
       K::kPosted,
       0,
       true,
       {0, least + 2, 1}},
      {"and beyond by one", {0, least + 2, 2}, K::kPending, 1, false, {}},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Balance balance = row.before;
    const Transfer transfer{AccountId{1}, AccountId{2}, row.amount, row.kind};
    CHECK(apply_side(balance, transfer, Side::kDebit) == row.fits);
    CHECK(balance == (row.fits ? row.after : row.before));
  }
}
