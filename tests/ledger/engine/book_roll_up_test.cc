// Roll-ups of a book: at any moment the sum of the accounts below, whatever happened to them.
#include "ledger/engine/verify.h"
#include "tests/ledger/engine/random_book.h"

using namespace suanpan;

namespace {

bool below(std::string_view code, std::string_view path) {
  return code.starts_with(path) && (code.size() == path.size() || code[path.size()] == '/');
}

// Summed over the accounts, which is what a roll-up never does.
void check_every_path(const Book& book) {
  const auto accounts =
      book.read([](const State& state, std::uint64_t) { return state.accounts(); });
  std::map<std::string, int> paths;
  for (const Account& a : accounts)
    for (std::string path = a.code;; path.resize(path.rfind('/'))) {
      paths[path];
      if (path.find('/') == std::string::npos) break;
    }
  for (const auto& [path, unused] : paths) {
    INFO(path);
    std::map<Currency, RollUpTotals> expected;
    std::map<Currency, std::uint32_t> counted;
    const std::uint64_t last = book.read([&](const State& state, std::uint64_t seq) {
      for (const Account& a : state.accounts())
        if (below(a.code, path)) {
          expected[a.currency].add(state.balance(a.id));
          ++counted[a.currency];
        }
      return seq;
    });
    std::uint64_t seq = 0;
    const auto found = book.roll_up(path, &seq);
    CHECK(seq == last);
    CHECK(found.size() == expected.size());
    for (const RollUp& r : found) {
      CHECK(r.totals == expected[r.currency]);
      CHECK(r.accounts == counted[r.currency]);
    }
  }
  CHECK(book.roll_up("no/such").empty());
}

}  // namespace

TEST_CASE("book: a roll-up is the sum of what lies below, now and after every start") {
  const unsigned shards = GENERATE(1u, 2u);
  test::RandomBook random(77, 64, shards, shards > 1);
  for (int round = 0; round < 3; ++round) {
    random.run(150);
    check_every_path(random.book());
    if (round == 1) random.book().store_projections();
    random.open();
    check_every_path(random.book());
  }
  random.close();
  const auto report = verify(random.folder());
  REQUIRE(report);
  CHECK(report.value().first_fault == "");
}
