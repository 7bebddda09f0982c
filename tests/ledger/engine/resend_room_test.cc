// How much of a book's queue resends may take, and what becomes of one that is declined: what waits
// to be told again is counted item by item, and a declined batch leaves nothing.
#include <random>

#include "tests/ledger/engine/resend_book.h"

using namespace suanpan;
using namespace std::chrono_literals;
using test::Disk;
using test::goes_on;
using test::kBlocks;
using Fixture = test::ResendBook;

namespace {

void not_told(const Book::Answers&) { FAIL("what was not accepted is answered"); }

/// `count` items, the known ids over and over.
std::vector<VoucherRequest> known(std::size_t count) {
  std::vector<VoucherRequest> items;
  for (std::size_t i = 0; i < count; ++i) items.push_back(Fixture::voucher(1 + i % kBlocks));
  return items;
}

std::vector<VoucherRequest> after(std::vector<VoucherRequest> first,
                                  std::vector<VoucherRequest> then) {
  first.insert(first.end(), then.begin(), then.end());
  return first;
}

bool is_new(const Answer& answer) { return answer.accepted() && !answer.replayed; }

void reopen(Fixture& f, std::size_t queue_items) {
  f.options.queue_items = queue_items;
  f.open();
}

}  // namespace

TEST_CASE("resend: batches of known ids leave room in the queue for what is new") {
  Fixture f;
  reopen(f, 1000);
  f.disk.shut_up();
  auto first = f.submit(Fixture::vouchers(1, 300));
  const auto seq = f.book->statistics().last_seq;
  CHECK_FALSE(f.book->submit(Fixture::vouchers(1, 201), not_told));
  // One id, or few, and all that is new are accepted.
  auto one = f.submit({Fixture::voucher(300)});
  auto fresh = f.submit(Fixture::vouchers(1001, 1600));
  CHECK(goes_on(f, [&] {
    for (const Answer& answer : fresh.get()) CHECK((answer.accepted() && !answer.replayed));
  }));
  CHECK(f.book->statistics().last_seq == seq + 600);
  f.disk.shut_up(false);
  CHECK(f.told_again(one.get().at(0), 300));
  for (const Answer& answer : first.get()) CHECK(answer.replayed);
  const auto later = f.book->run(Fixture::vouchers(1, 201));
  for (std::uint64_t n = 1; n <= 201; ++n) CHECK(f.told_again(later[n - 1], n));
  CHECK(f.book->statistics().queued == 0);
}

TEST_CASE("resend: a batch that begins with what is new has no more room than one of known ids") {
  const unsigned shards = GENERATE(1u, 3u);
  Fixture f(shards);
  reopen(f, 1000);
  f.disk.shut_up();
  auto first = f.submit(known(300));
  const auto seq = f.book->statistics().last_seq;
  for (std::uint64_t n = 5001; n <= 5020; ++n) {
    const bool twice = n % 2 == 0;  // the second waits for the first, which is its own
    auto fresh = Fixture::vouchers(n, n);
    if (twice) fresh = after(fresh, fresh);
    CHECK_FALSE(f.book->submit(after(fresh, known(201)), not_told));
  }
  CHECK(f.book->statistics().queued == 300);
  CHECK(f.book->statistics().last_seq == seq);
  // With 200, what waits is half of the queue.
  auto last = f.submit(after(Fixture::vouchers(5001, 5001), known(200)));
  CHECK_FALSE(f.book->submit(after(Fixture::vouchers(5002, 5002), known(17)), not_told));
  // What the declined ones claimed is free.
  auto fresh = f.submit(Fixture::vouchers(5002, 5400));
  CHECK(goes_on(f, [&] {
    for (const Answer& answer : fresh.get()) CHECK(is_new(answer));
  }));
  CHECK(f.book->statistics().last_seq == seq + 400);
  f.disk.shut_up(false);
  for (const Answer& answer : first.get()) CHECK(answer.replayed);
  const auto told = last.get();
  CHECK(is_new(told[0]));
  for (std::uint64_t n = 1; n <= 200; ++n) CHECK(f.told_again(told[n], n));
  const auto again = f.book->run(after(Fixture::vouchers(5020, 5020), known(201)));
  CHECK(again[0].replayed);
  for (std::uint64_t n = 1; n <= 201; ++n) CHECK(f.told_again(again[n], n));
  CHECK(f.posted() == kBlocks + 400);
  CHECK(f.book->statistics().queued == 0);
}

TEST_CASE("resend: only what is to be told again is counted, not the batch that it comes in") {
  Fixture f;
  reopen(f, 20000);
  f.disk.shut_up();
  auto items = Fixture::vouchers(10001, 18192);
  items[4000] = Fixture::voucher(1);
  auto most_new = f.submit(items);
  auto half = f.submit(known(5000));
  auto other_half = f.submit(known(4999));  // 1 + 5000 + 4999: half of the queue
  CHECK_FALSE(f.book->submit(known(17), not_told));
  auto few = f.submit(known(16));
  // New, in one long group: nothing of it is to be told again.
  auto group = f.submit(Fixture::vouchers(20001, 21500), {{0, 1500}});
  CHECK(goes_on(f, [&] {
    for (const Answer& answer : group.get()) CHECK(is_new(answer));
  }));
  f.disk.shut_up(false);
  const auto told = most_new.get();
  CHECK(f.told_again(told[4000], 1));
  for (std::size_t i = 0; i < told.size(); ++i)
    if (i != 4000 && !is_new(told[i])) FAIL(i);
  for (auto* resent : {&half, &other_half, &few}) {
    const auto answers = resent->get();
    for (std::size_t i = 0; i < answers.size(); ++i)
      if (!f.told_again(answers[i], 1 + i % kBlocks)) FAIL(i);
  }
  // Everything is told: there is room for all of it again.
  CHECK(f.book->run(known(8192)).size() == 8192);
  CHECK(f.posted() == kBlocks + 8191 + 1500);
  CHECK(f.book->statistics().queued == 0);
}

TEST_CASE(
    "resend: few known ids have room where batches have none, and a quarter stays for others") {
  Fixture f;
  reopen(f, 1000);
  f.disk.shut_up();
  std::vector<std::future<Book::Answers>> resent;
  resent.push_back(f.submit(known(500)));
  CHECK_FALSE(f.book->submit(known(17), not_told));
  for (int i = 0; i < 15; ++i) resent.push_back(f.submit(known(16)));
  resent.push_back(f.submit(known(10)));
  CHECK_FALSE(f.book->submit(known(1), not_told));
  auto fresh = f.submit(Fixture::vouchers(5001, 5250));
  CHECK(goes_on(f, [&] {
    for (const Answer& answer : fresh.get()) CHECK(is_new(answer));
  }));
  f.disk.shut_up(false);
  for (auto& one : resent)
    for (const Answer& answer : one.get()) CHECK(answer.replayed);
  CHECK(f.posted() == kBlocks + 250);
}

TEST_CASE("resend: an item that waited for an id that is known is counted alone") {
  Fixture f;
  reopen(f, 1000);
  f.disk.shut_up();
  f.disk.shut(Disk::kIds);
  auto asking = std::async(std::launch::async, [&] { return f.submit({Fixture::voucher(5)}); });
  f.disk.wait_for_one_at(Disk::kIds);
  auto batch = f.submit(after({Fixture::voucher(5)}, Fixture::vouchers(5001, 5400)));
  f.disk.shut(Disk::kIds, false);
  auto one = asking.get();
  auto rest = f.submit(known(498));  // with the two: half of the queue
  CHECK_FALSE(f.book->submit(known(17), not_told));
  f.disk.shut_up(false);
  CHECK(f.told_again(one.get().at(0), 5));
  const auto told = batch.get();
  CHECK(f.told_again(told[0], 5));
  for (std::size_t i = 1; i < told.size(); ++i) CHECK(is_new(told[i]));
  for (const Answer& answer : rest.get()) CHECK(answer.replayed);
  CHECK(f.posted() == kBlocks + 400);
  CHECK(f.book->statistics().queued == 0);
}

TEST_CASE("resend: whoever waits for an id of a declined batch owns it then") {
  const bool grouped = GENERATE(false, true);
  const Groups groups = grouped ? Groups{{0, 3}} : Groups{};
  Fixture f;
  reopen(f, 1000);
  f.disk.shut_up();
  auto first = f.submit(Fixture::vouchers(1, 250));
  f.disk.wait_for_one_at(Disk::kBlocks);  // all of these are looked up
  f.disk.shut(Disk::kIds);
  auto flood = std::async(std::launch::async, [&] {
    auto items = after(Fixture::vouchers(5001, 5003), Fixture::vouchers(251, kBlocks));
    items = after(items, known(201));
    return f.book->submit(items, not_told, groups);
  });
  f.disk.wait_for_one_at(Disk::kIds);
  // The ids are under way. A group of them waits, and is told that they came to nothing.
  auto waits = f.submit(Fixture::vouchers(5001, 5003), groups);
  CHECK(waits.wait_for(50ms) == std::future_status::timeout);
  f.disk.shut(Disk::kIds, false);
  CHECK_FALSE(flood.get());
  CHECK(goes_on(f, [&] {
    for (const Answer& answer : waits.get())
      CHECK((grouped ? answer.refusal.code == RefusalCode::kGroupUndecided : is_new(answer)));
  }));
  CHECK(f.posted() == static_cast<std::int64_t>(kBlocks) + (grouped ? 0 : 3));
  f.disk.shut_up(false);
  for (const Answer& answer : first.get()) CHECK(answer.replayed);
  for (const Answer& answer : f.book->run(Fixture::vouchers(5001, 5003), groups))
    CHECK((answer.accepted() && answer.replayed != grouped));
  CHECK(f.posted() == kBlocks + 3);
  CHECK(f.book->statistics().queued == 0);
}

TEST_CASE("resend: a group sent while it is declined finds its ids taken as a whole, or free") {
  constexpr std::uint64_t kRounds = 100, kSize = 300;
  Fixture f;
  reopen(f, 2000);
  f.disk.shut_up();
  auto first = f.submit(known(600));
  std::string wrong;
  CHECK(goes_on(f, [&] {
    for (std::uint64_t round = 1; round <= kRounds; ++round) {
      const auto group = Fixture::vouchers(10'000 * round, 10'000 * round + kSize - 1);
      auto batch = after(group, known(401));
      std::atomic<bool> begins{false};
      auto flood = std::async(std::launch::async, [&] {
        begins = true;
        return f.book->submit(std::move(batch), not_told, {{0, kSize}});
      });
      while (!begins) std::this_thread::yield();
      // Which of the two comes first is left to chance.
      Book::Answers answers = f.book->run(group, {{0, kSize}});
      for (const Answer& answer : answers)
        if (!is_new(answer) && (answer.refusal.code != RefusalCode::kGroupUndecided ||
                                answer.refusal.detail != "its id was under way and left nothing"))
          wrong = fmt::format("{} {}", name_of(answer.refusal.code), answer.refusal.detail);
      if (flood.get()) wrong = "it is not declined";
      if (!answers[0].accepted()) answers = f.book->run(group, {{0, kSize}});
      for (const Answer& answer : answers)
        if (!is_new(answer)) wrong = "sent again it is not booked";
    }
  }));
  CHECK(wrong == "");
  CHECK(f.posted() == kBlocks + kRounds * kSize);
  f.disk.shut_up(false);
  for (const Answer& answer : first.get()) CHECK(answer.replayed);
  CHECK(f.book->statistics().queued == 0);
}

TEST_CASE("resend: a declined batch waits for no command of another") {
  Fixture f;
  reopen(f, 1000);
  f.disk.shut_up();
  auto first = f.submit(known(300));
  f.disk.shut(Disk::kSync);
  auto other = f.submit(Fixture::vouchers(5001, 5001));
  f.disk.wait_for_one_at(Disk::kSync);
  CHECK_FALSE(f.book->submit(after(Fixture::vouchers(5001, 5001), known(201)), not_told));
  // An accepted one does.
  auto waits = f.submit(after(Fixture::vouchers(5001, 5001), known(100)));
  f.disk.open_all();
  CHECK(is_new(other.get().at(0)));
  const auto told = waits.get();
  CHECK(told[0].replayed);
  for (std::uint64_t n = 1; n <= 100; ++n) CHECK(f.told_again(told[n], n));
  for (const Answer& answer : first.get()) CHECK(answer.replayed);
  CHECK(f.posted() == kBlocks + 1);
  CHECK(f.book->statistics().queued == 0);
}

TEST_CASE("resend: whatever is declined and sent again, an id is booked once and told the same") {
  const unsigned shards = GENERATE(1u, 3u);
  constexpr std::uint64_t kNew = 5000, kPool = 400, kOwn = 100'000;
  Fixture f(shards);
  reopen(f, 400);
  const auto work = [&](std::uint64_t who) {
    std::mt19937_64 random(who);
    std::map<std::uint64_t, std::uint64_t> told;  // by number: the sequence
    std::uint64_t own = kOwn * who;
    for (int round = 0; round < 60; ++round) {
      std::vector<std::uint64_t> numbers;
      Groups groups;
      for (std::size_t left = 1 + random() % 120; left > 0; --left)
        numbers.push_back(random() % 3 != 0 ? 1 + random() % kBlocks : kNew + random() % kPool);
      if (round % 3 == 0) {
        groups.push_back({static_cast<std::uint32_t>(numbers.size()), 30});
        for (int i = 0; i < 30; ++i) numbers.push_back(own++);
      }
      std::vector<VoucherRequest> items;
      for (const std::uint64_t n : numbers) items.push_back(Fixture::voucher(n));
      const auto answers = f.book->run(items, groups);
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        const Answer& answer = answers.at(i);
        const std::uint64_t n = numbers[i];
        if (!answer.accepted() || (n <= kBlocks && !f.told_again(answer, n)))
          return told.clear(), told;
        if (!told.emplace(n, answer.seq).second && told[n] != answer.seq) return told.clear(), told;
      }
    }
    return told;
  };
  std::vector<std::future<std::map<std::uint64_t, std::uint64_t>>> all;
  for (std::uint64_t who = 1; who <= 4; ++who)
    all.push_back(std::async(std::launch::async, work, who));
  std::map<std::uint64_t, std::uint64_t> told;
  for (auto& one : all) {
    const auto its = one.get();
    CHECK_FALSE(its.empty());
    for (const auto& [n, seq] : its) CHECK(told.emplace(n, seq).first->second == seq);
  }
  const auto booked = static_cast<std::int64_t>(
      std::count_if(told.begin(), told.end(), [](const auto& one) { return one.first >= kNew; }));
  CHECK(f.posted() == static_cast<std::int64_t>(kBlocks) + booked);
  CHECK(f.book->statistics().queued == 0);
}
