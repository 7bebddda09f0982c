// A run of verify that was broken off goes on with the verdict of a whole one; and the table of
// fingerprints that it keeps.
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <random>

#include "ledger/base/digest.h"
#include "ledger/engine/id_prints.h"
#include "ledger/engine/verify_checkpoint.h"
#include "ledger/store/rocks_store.h"
#include "tests/ledger/engine/paper_book.h"
#include "tests/ledger/engine/random_book.h"
#include "tests/support/kept_book.h"
#include "tests/support/killed.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

using Catch::Matchers::Contains;

VerifyOptions with(const fs::path& checkpoint, std::uint64_t blocks, bool resume) {
  VerifyOptions options;
  options.checkpoint = checkpoint;
  options.checkpoint_blocks = blocks;
  options.resume = resume;
  return options;
}

/// Runs until entry `until` and leaves its checkpoint, as a run that was killed.
void break_off(const fs::path& folder, VerifyOptions options, std::uint64_t until) {
  REQUIRE(test::is_killed([&] {
    options.progress = [until](std::uint64_t seq, std::uint64_t) {
      if (seq >= until) ::kill(::getpid(), SIGKILL);
    };
    (void)verify(folder, options);
  }));
  REQUIRE(fs::exists(options.checkpoint));
}

VerifyReport judged(const fs::path& folder, const VerifyOptions& options) {
  auto report = verify(folder, options);
  if (!report) FAIL(report.error().message);
  return report.value();
}

}  // namespace

TEST_CASE("verify: a run that goes on comes to the same verdict and counts as a whole one",
          "[fork]") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    INFO("seed " << seed);
    // Nothing is stored but at the end: the checkpoints lie before the tables' stamp.
    test::RandomBook random(seed, 1'000'000);
    random.run(400);
    random.close();
    test::TempFolder folder;
    std::vector<std::uint64_t> ends;  // of blocks
    VerifyOptions listening;
    listening.progress = [&](std::uint64_t seq, std::uint64_t) { ends.push_back(seq); };
    const VerifyReport whole = judged(random.folder(), listening);
    REQUIRE(whole.ok);
    for (const int part : {1, 2, 3}) {
      const fs::path checkpoint = folder.path() / "checkpoint";
      const std::uint64_t until = whole.counters.last_seq * static_cast<std::uint64_t>(part) / 4;
      break_off(random.folder(), with(checkpoint, 3, false), until);
      const VerifyReport rest = judged(random.folder(), with(checkpoint, 3, true));
      INFO(rest.first_fault);
      CHECK(rest.ok);
      CHECK(rest.resumed_after > 0);
      // The block with that entry was judged to its end.
      CHECK(rest.resumed_after <= *std::lower_bound(ends.begin(), ends.end(), until));
      CHECK(rest.counters.commands == whole.counters.commands);
      CHECK(rest.counters.transfers == whole.counters.transfers);
      CHECK(rest.counters.reversals == whole.counters.reversals);
      CHECK(rest.counters.documents == whole.counters.documents);
      CHECK(rest.counters.blocks == whole.counters.blocks);
      CHECK(rest.counters.open_holds == whole.counters.open_holds);
      CHECK_FALSE(fs::exists(checkpoint));
      CHECK_FALSE(fs::exists(checkpoint.string() + ".ids"));
    }
  }
}

TEST_CASE("verify: a checkpoint that is damaged or of another book is not gone on from", "[fork]") {
  test::TempFolder folder;
  test::KeptBook kept(folder.path() / "book", true, 1'000'000);
  kept.open();
  for (int day = 0; day < 3; ++day) {
    kept.post(20);
    kept.cut_day();
  }
  const std::uint64_t last = kept.last_seq();
  kept.close();
  test::KeptBook other(folder.path() / "other", true, 1'000'000);
  other.open();
  other.post(60);
  other.close();
  const fs::path checkpoint = folder.path() / "checkpoint";
  const auto flip = [](const fs::path& path, std::uint64_t at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char c = static_cast<char>(file.peek() ^ 1);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(c);
  };
  struct {
    const char* what;
    std::function<void()> damage;
    bool goes_on;
  } const rows[] = {
      {"whole", [] {}, true},
      {"a bit of the state", [&] { flip(checkpoint, fs::file_size(checkpoint) / 2); }, false},
      {"a bit of its ids", [&] { flip(checkpoint.string() + ".ids", 40); }, false},
      {"a state cut off", [&] { fs::resize_file(checkpoint, fs::file_size(checkpoint) - 5); },
       false},
      {"ids cut off", [&] { fs::resize_file(checkpoint.string() + ".ids", 16); }, false},
      {"ids that were written after the last state",
       [&] { std::ofstream(checkpoint.string() + ".ids", std::ios::app) << "sixteen bytes ok"; },
       true},
      {"no ids", [&] { fs::remove(checkpoint.string() + ".ids"); }, false},
      {"another book's", [&] { break_off(other.folder(), with(checkpoint, 5, false), 30); }, false},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    break_off(kept.folder(), with(checkpoint, 5, false), last * 3 / 4);
    row.damage();
    const VerifyReport report = judged(kept.folder(), with(checkpoint, 5, true));
    CHECK(report.first_fault == "");
    CHECK((report.resumed_after > 0) == row.goes_on);
    CHECK(report.counters.roots == 3);
  }
  // Roots that were judged before may not change behind the run's back.
  break_off(kept.folder(), with(checkpoint, 5, false), last * 3 / 4);
  auto roots = RootFile::read(kept.folder() / "roots").value();
  roots[0].balances[0] ^= 1;
  REQUIRE(RootFile::write(kept.folder() / "roots", roots));
  const VerifyReport report = judged(kept.folder(), with(checkpoint, 5, true));
  CHECK_THAT(report.first_fault, Contains("the root of 2026-03-04"));
}

TEST_CASE("id prints: finds every id, and exactly the pairs of equal ones") {
  // Over several chunks; every thousandth id stands there a second time, later.
  std::mt19937_64 random(5);
  std::vector<ClaimKey> keys;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> repeated;
  IdPrints ids;
  constexpr std::uint64_t kCount = 600'000;
  for (std::uint64_t seq = 1; seq <= kCount; ++seq) {
    const bool again = seq > 1'000 && seq % 200'000 == 7;
    const std::uint64_t before = again ? seq / 2 : 0;
    keys.push_back(again ? keys[before - 1] : ClaimKey{Id128{random(), random()}, CallerId{1}});
    if (again) repeated.emplace_back(before, seq);
    ids.add(keys.back());
  }
  for (std::uint64_t seq = 1; seq <= kCount; seq += 997) {
    REQUIRE(ids.is(keys[seq - 1], seq));
    const auto found = ids.find(keys[seq - 1]);
    REQUIRE(std::find(found.begin(), found.end(), seq) != found.end());
    REQUIRE(ids.find(ClaimKey{Id128{random(), random()}, CallerId{1}}).empty());
  }
  CHECK_FALSE(ids.is(keys[5], 7));
  CHECK_FALSE(ids.is(keys[5], 0));
  CHECK_FALSE(ids.is(keys[5], kCount + 1));
  const auto pairs = ids.pairs();
  REQUIRE(pairs.size() == repeated.size());
  REQUIRE(repeated.size() == 2);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    CHECK(pairs[i].first == repeated[i].first);
    CHECK(pairs[i].second == repeated[i].second);
  }
}

TEST_CASE("id prints: ids chosen to share a fingerprint, when it was none of a key, do not") {
  const auto known = [](const ClaimKey& key) {
    return mix64(key.id.lo + mix64(key.id.hi + mix64(key.caller.value + 0x5851f42d4c957f2dULL)));
  };
  const std::uint64_t caller = mix64(7 + 0x5851f42d4c957f2dULL);
  IdPrints ids;
  for (std::uint64_t n = 1; n <= 2 * IdPrints::kMostPairs; ++n) {
    const ClaimKey key{Id128{n, 99 - mix64(n + caller)}, CallerId{7}};
    REQUIRE(known(key) == mix64(99));
    ids.add(key);
    if (n % 1'000 == 0) CHECK(ids.find(key) == std::vector<std::uint64_t>{n});
  }
  CHECK(ids.pairs().empty());
}

TEST_CASE("verify checkpoint: another process finds the ids of the first, under their key") {
  const test::TempFolder temp;
  const auto key = [](std::uint64_t n) { return ClaimKey{Id128{1, n}, CallerId{1}}; };
  const auto write = [&](VerifyCheckpoint& to, const IdPrints& ids) {
    VerifyCheckpoint::State state;
    state.blocks = ids.size();
    REQUIRE(to.write(state, ids));
  };
  const auto read_anew = [&](std::uint64_t count) {
    VerifyCheckpoint there(temp.path() / "kept");
    auto found = there.read();
    REQUIRE(found);
    REQUIRE(found.value());
    auto& [state, ids] = *found.value();
    CHECK(state.blocks == count);
    REQUIRE(ids.size() == count);
    for (std::uint64_t n = 1; n <= count; ++n) CHECK(ids.is(key(n), n));
    // It goes on under the key with which it began.
    for (std::uint64_t n = count + 1; n <= count + 2; ++n) ids.add(key(n));
    ids.add(key(1));
    CHECK(ids.find(key(1)) == std::vector<std::uint64_t>{1, count + 3});
    return std::pair(std::move(there), std::move(ids));
  };
  VerifyCheckpoint first(temp.path() / "kept");
  IdPrints others(HashKey::draw());
  for (std::uint64_t n = 1; n <= 10; ++n) others.add(key(n));
  write(first, others);
  auto [second, ids] = read_anew(10);
  // A run that did not go on with what it found begins anew, with fewer ids or more.
  for (const std::uint64_t count : {3, 40}) {
    IdPrints fresh;
    for (std::uint64_t n = 1; n <= count; ++n) fresh.add(key(n));
    write(second, fresh);
    read_anew(count);
    write(second, others);
    read_anew(10);
  }
}

namespace {

struct BrokenOff {};

/// What a run on paper finds that goes on after the first block.
VerifyReport gone_on(const test::Paper& paper) {
  const test::TempFolder temp;
  VerifyOptions options = with(temp.path() / "checkpoint", 1, false);
  options.progress = [](std::uint64_t, std::uint64_t) { throw BrokenOff(); };
  CHECK_THROWS_AS(verify(paper.store, Outside{paper.head, {}}, options), BrokenOff);
  options.progress = nullptr;
  options.resume = true;
  auto report = verify(paper.store, Outside{paper.head, {}}, options);
  if (!report) FAIL(report.error().message);
  CHECK(report.value().resumed_after > 0);
  return report.value();
}

}  // namespace

TEST_CASE("verify: a run that goes on knows by which way an order was paid") {
  test::Paper p;
  p.open("2104", AccountType::kLiability);
  p.open("1122", AccountType::kAsset);
  const AccountId transit{6}, channel{7};
  Order order;
  order.order_id = "P1";
  order.amount = Money{100};
  order.lines = {{"", "2101/a", 100}};
  order.state = OrderState::kPaid;
  Refund refund;
  refund.refund_id = "R1";
  refund.order_id = "P1";
  refund.amount = Money{100};
  refund.lines = order.lines;
  std::uint32_t version = 0;
  const auto step = [&](AccountId debit, AccountId credit) {
    DocumentChanges documents{{DocumentKind::kOrder, "P1", ++version, true, encode(order)}};
    if (version > 1)
      documents.push_back({DocumentKind::kRefund, "R1", version - 1, true, encode(refund)});
    p.together(CommandKind::kOrderEvent, {{debit, credit, 100, TransferKind::kPosted}}, documents);
  };
  step(channel, p.owner);
  order.refunding = 100;
  step(p.owner, transit);
  p.seal();
  order.refunding = 0;
  order.refunded = 100;
  order.state = OrderState::kRefunded;
  refund.state = RefundState::kSucceeded;
  SECTION("the refund goes out by the same") {
    step(transit, channel);
    p.seal();
    CHECK(gone_on(p).first_fault == "");
  }
  SECTION("the refund goes out by another") {
    step(transit, p.bank);
    p.seal();
    CHECK_THAT(gone_on(p).first_fault,
               Contains("refund R1 says 100 CNY, debit 2104, credit 1122; leg 0 is 100 CNY, debit "
                        "2104, credit 1002"));
  }
}

TEST_CASE("verify: a run that goes on knows what an order was, paid or not") {
  test::Paper p;
  std::uint32_t version = 0;
  Order order;
  order.order_id = "P1";
  order.amount = Money{100};
  order.fee = 3;
  order.lines = {{"", "2101/a", 100}};
  const auto step = [&](OrderState state) {
    order.state = state;
    p.document(DocumentKind::kOrder, "P1", ++version, true, encode(order));
    p.seal();
  };
  const auto pay_first = [&] {
    order.direct = true;  // so that nothing has to be posted
    order.fee = 0;
    order.lines.clear();
    step(OrderState::kPaid);
  };
  SECTION("whose it is") {
    step(OrderState::kPaying);
    order.mch_no = "M2";
    step(OrderState::kPaying);
    CHECK_THAT(gone_on(p).first_fault, Contains("order P1 changed whose it is"));
  }
  SECTION("its fee") {
    step(OrderState::kPaying);
    order.fee = 2;
    step(OrderState::kPaying);
    CHECK_THAT(gone_on(p).first_fault, Contains("order P1 changed its fee from 3 to 2"));
  }
  SECTION("where its lines go") {
    step(OrderState::kPaying);
    order.lines[0].account = "2101/b";
    step(OrderState::kPaying);
    CHECK_THAT(gone_on(p).first_fault, Contains("order P1 changed where its lines go"));
  }
  SECTION("how it was paid") {
    pay_first();
    order.voucher = "2";
    step(OrderState::kPaid);
    CHECK_THAT(gone_on(p).first_fault, Contains("order P1 changed its lines, its fee or how"));
  }
  SECTION("nothing changes") {
    pay_first();
    step(OrderState::kPaid);
    CHECK(gone_on(p).first_fault == "");
  }
}

TEST_CASE("verify: a run that goes on knows where a webhook stood, and what it was") {
  test::Paper p;
  const auto hook = [&](std::uint32_t version, const char* state, int cursor, const char* url) {
    p.document(DocumentKind::kWebhook, "W1", version, state == std::string("active"),
               fmt::format(R"({{"owner":200,"key_id":"U1","url":"{}","topics":[],)"
                           R"("secret_sealed":"s","state":"{}","cursor":{},"epoch":0,)"
                           R"("attempts":0,"dead_letters":0}})",
                           url, state, cursor));
    p.seal();
  };
  hook(1, "requested", 5, "https://u1.example");
  SECTION("where it stood") {
    hook(2, "active", 5, "https://u1.example");
    hook(3, "active", 4, "https://u1.example");
    CHECK_THAT(gone_on(p).first_fault, Contains("webhook W1 goes back from 5 to 4"));
  }
  SECTION("its state") {
    hook(2, "requested", 5, "https://u1.example");
    CHECK_THAT(gone_on(p).first_fault, Contains("webhook W1 goes from requested to requested"));
  }
  SECTION("its URL") {
    hook(2, "active", 5, "https://u2.example");
    CHECK_THAT(gone_on(p).first_fault, Contains("webhook W1 changed its owner, key, URL"));
  }
}
