// Resends that have much to read hold up nobody: what they are told lies in as many journal blocks
// as they name ids, and the reading goes on beside everything else.
#include "tests/ledger/engine/resend_book.h"

using namespace suanpan;
using namespace std::chrono_literals;
using test::Disk;
using test::goes_on;
using test::kBlocks;
using Fixture = test::ResendBook;

TEST_CASE("resend: a batch of known ids reads no block on the caller's thread, and few ids") {
  const unsigned shards = GENERATE(1u, 3u);
  Fixture f(shards);
  f.disk.shut_up();
  std::future<Book::Answers> resent;
  std::atomic<int> blocks{-1}, ids{-1};
  CHECK(goes_on(f, [&] {
    resent = f.submit(Fixture::vouchers(1, kBlocks));
    blocks = f.disk.reads_here(Table::kJournal);
    ids = f.disk.reads_here(Table::kIds);
  }));
  CHECK(blocks == 0);
  CHECK(ids <= 16);
  // New commands are answered meanwhile, and the book is read.
  CHECK(goes_on(f, [&] {
    for (std::uint64_t n = 1; n <= 20; ++n)
      CHECK(f.book->run(Fixture::voucher(1000 + n)).accepted());
    CHECK(f.posted() == kBlocks + 20);
  }));
  CHECK(resent.wait_for(0s) == std::future_status::timeout);
  f.disk.shut_up(false);
  const auto answers = resent.get();
  REQUIRE(answers.size() == kBlocks);
  for (std::uint64_t n = 1; n <= kBlocks; ++n) CHECK(f.told_again(answers[n - 1], n));
  CHECK(f.posted() == kBlocks + 20);
}

TEST_CASE("resend: one id is told again while a batch that began before is still being read") {
  Fixture f;
  f.disk.read_ms = 5;
  auto batch = f.submit(Fixture::vouchers(1, kBlocks - 1));
  const auto one = f.submit({Fixture::voucher(kBlocks)}).get();
  CHECK(f.told_again(one.at(0), kBlocks));
  CHECK(batch.wait_for(0s) == std::future_status::timeout);
  f.disk.read_ms = 0;
  for (const Answer& answer : batch.get()) CHECK(answer.replayed);
}

TEST_CASE(
    "resend: what is known, new, malformed or named twice in one batch is each told its own") {
  const unsigned shards = GENERATE(1u, 3u);
  Fixture f(shards);
  std::vector<VoucherRequest> items = Fixture::vouchers(1, 40);
  items.push_back(Fixture::voucher(2001, 7));                   // 40: new
  items.push_back(Fixture::voucher(3, 9));                      // 41: known with another amount
  items.push_back(Fixture::voucher(2002, 0));                   // 42: malformed
  items.push_back(Fixture::voucher(2001, 7));                   // 43: the new one once more
  for (std::uint64_t n : {50u, 51u, 2003u, 52u, 2004u, 2005u})  // 44 …: three pairs
    items.push_back(Fixture::voucher(n));
  const auto answers = f.submit(items, {{44, 2}, {46, 2}, {48, 2}}).get();
  REQUIRE(answers.size() == 50);
  for (std::uint64_t n = 1; n <= 40; ++n) CHECK(f.told_again(answers[n - 1], n));
  CHECK((answers[40].accepted() && !answers[40].replayed));
  CHECK(answers[41].refusal.code == RefusalCode::kIdReusedWithOtherContent);
  CHECK(answers[41].refusal.detail == "amount");
  CHECK(answers[42].refusal.code == RefusalCode::kAmountNotPositive);
  CHECK((answers[43].accepted() && answers[43].replayed));
  CHECK(answers[43].seq == answers[40].seq);
  CHECK((f.told_again(answers[44], 50) && f.told_again(answers[45], 51)));
  CHECK(answers[46].refusal.code == RefusalCode::kGroupMalformed);
  CHECK(f.told_again(answers[47], 52));
  for (const int fresh : {48, 49}) CHECK((answers[fresh].accepted() && !answers[fresh].replayed));
  CHECK(f.posted() == kBlocks + 7 + 2);
}

TEST_CASE("resend: a long group is claimed beside everything else, whole or not at all") {
  const unsigned shards = GENERATE(1u, 3u);
  Fixture f(shards);
  const auto fresh = f.submit(Fixture::vouchers(3001, 3100), {{0, 100}}).get();
  for (const Answer& answer : fresh) CHECK((answer.accepted() && !answer.replayed));
  f.open();
  f.disk.shut_up();
  std::future<Book::Answers> again, mixed;
  std::atomic<int> ids{-1};
  CHECK(goes_on(f, [&] {
    again = f.submit(Fixture::vouchers(3001, 3100), {{0, 100}});
    mixed = f.submit(Fixture::vouchers(3100, 3199), {{0, 100}});
    ids = f.disk.reads_here(Table::kIds);
  }));
  CHECK(ids <= 16);
  f.disk.shut_up(false);
  const auto told = again.get();
  for (std::size_t i = 0; i < 100; ++i) CHECK((told[i].replayed && told[i].seq == fresh[i].seq));
  const auto torn = mixed.get();
  CHECK(torn[0].replayed);
  for (std::size_t i = 1; i < 100; ++i) CHECK(torn[i].refusal.code == RefusalCode::kGroupMalformed);
  CHECK(f.posted() == kBlocks + 100);
}

TEST_CASE("resend: a group whose id comes free while the rest is looked up is asked again") {
  const unsigned shards = GENERATE(1u, 3u);
  Fixture f(shards);
  // Has the id until it is let go, and leaves nothing.
  std::promise<void> go, refused;
  Command busy;
  busy.key = Fixture::voucher(2001).key;
  busy.plan = [gate = go.get_future().share()](const View&, const Moment&) -> Planned<ChangeSet> {
    gate.wait();
    return refuse(RefusalCode::kValueInvalid);
  };
  REQUIRE(f.book->submit(std::vector<Command>{busy}, [&](Book::Answers) { refused.set_value(); }));
  f.disk.shut(Disk::kIds);
  auto asking = std::async(std::launch::async, [&] {
    return f.submit({Fixture::voucher(2001), Fixture::voucher(1)}, {{0, 1}});
  });
  f.disk.wait_for_one_at(Disk::kIds);
  go.set_value();
  refused.get_future().wait();
  f.disk.open_all();
  const auto told = asking.get().get();
  CHECK(told[0].refusal.code == RefusalCode::kGroupUndecided);
  CHECK(told[0].seq == 0);
  CHECK(f.told_again(told[1], 1));
  CHECK(f.posted() == kBlocks);
  const auto again = f.submit({Fixture::voucher(2001), Fixture::voucher(1)}, {{0, 1}}).get();
  CHECK((again[0].accepted() && !again[0].replayed));
  CHECK(f.posted() == kBlocks + 1);
}

TEST_CASE("resend: a dry run of known ids reads before it stops the book from publishing") {
  Fixture f;
  f.disk.shut_up();
  auto dry =
      std::async(std::launch::async, [&] { return f.book->dry_run(Fixture::vouchers(1, 256)); });
  std::this_thread::sleep_for(50ms);
  CHECK(goes_on(f, [&] { CHECK(f.book->run(Fixture::voucher(1001)).accepted()); }));
  f.disk.shut_up(false);
  const auto run = dry.get();
  REQUIRE(run);
  for (std::uint64_t n = 1; n <= 256; ++n) CHECK(f.told_again(run.value().answers[n - 1], n));
}

TEST_CASE("resend: a book that closes tells first what it was asked") {
  Fixture f;
  f.disk.read_ms = 2;
  auto resent = f.submit(Fixture::vouchers(1, kBlocks));
  f.book.reset();
  REQUIRE(resent.wait_for(0s) == std::future_status::ready);
  for (const Answer& answer : resent.get()) CHECK(answer.replayed);
}
