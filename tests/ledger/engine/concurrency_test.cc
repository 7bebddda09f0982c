// The engine's threads: expiry under load, readers that never let go, a full queue, many callers
// with the same ids, waiting for durable news, reopening with other options.
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <set>
#include <thread>

#include "ledger/engine/book.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;
using namespace std::chrono_literals;

namespace {

const Date kFirst = *Date::of(2026, 3, 4);

struct Place {
  test::TempFolder folder;
  ManualClock clock{Timestamp::of_cn(kFirst, 9, 0, 0)};
  BookOptions options;
  std::unique_ptr<Book> book;
  AccountId bank{1}, owner{2};

  explicit Place(std::size_t queue = 65536, std::size_t batch = 1'000'000) {
    options.folder = folder.path();
    options.create = true;
    options.first_date = kFirst;
    options.queue_items = queue;
    options.projection_batch = batch;
    open();
    for (const char* code : {"1002", "2101"}) {
      OpenAccountRequest request;
      request.key = ClaimKey{id_of(code), CallerId{1}};
      request.code = code;
      request.type = code[0] == '1' ? AccountType::kAsset : AccountType::kLiability;
      REQUIRE(book->run(open_account(request)).accepted());
    }
  }
  void open() {
    book.reset();
    auto opened = Book::open(options, clock);
    if (!opened) FAIL(opened.error().message);
    book = std::move(opened.value());
  }
  VoucherRequest voucher(std::uint64_t n, std::int64_t amount = 1, std::uint32_t caller = 100) {
    VoucherRequest request;
    request.key = ClaimKey{Id128{mix64(n), n}, CallerId{caller}};
    request.legs.push_back(Leg{bank, owner, amount});
    return request;
  }
  std::int64_t posted() const {
    return book->read([&](const State& s, std::uint64_t) { return s.balance(bank).debits_posted; });
  }
};

}  // namespace

TEST_CASE("engine: a hold expires on time although commands never stop coming") {
  Place place;
  VoucherRequest hold = place.voucher(1, 70);
  hold.hold = true;
  hold.expires_at = place.clock.now().plus_seconds(60);
  REQUIRE(place.book->run(hold).accepted());
  std::atomic<bool> stop{false};
  std::thread load([&] {
    for (std::uint64_t n = 1000; !stop; ++n) (void)place.book->run(place.voucher(n));
  });
  place.clock.advance_seconds(60);
  // The very next commands see it expired; allow for the one that was being planned.
  place.book->run(place.voucher(2));
  place.book->run(place.voucher(3));
  const auto pending = place.book->read(
      [&](const State& s, std::uint64_t) { return s.balance(place.bank).debits_pending; });
  stop = true;
  load.join();
  CHECK(pending == 0);
}

TEST_CASE("engine: an idle book expires thousands of holds by itself, each once") {
  Place place;
  std::vector<VoucherRequest> holds;
  for (std::uint64_t n = 1; n <= 3000; ++n) {
    holds.push_back(place.voucher(n, 1));
    holds.back().hold = true;
    holds.back().expires_at = place.clock.now().plus_seconds(1 + static_cast<int>(n % 7));
  }
  for (const Answer& a : place.book->run(holds)) REQUIRE(a.accepted());
  place.clock.advance_seconds(100);
  const auto last = [&] { return place.book->statistics().last_seq; };
  for (int i = 0; i < 6000 && last() < 3 + 6000; ++i) std::this_thread::sleep_for(10ms);
  CHECK(last() == 3 + 6000);
  place.open();
  std::this_thread::sleep_for(120ms);
  CHECK(last() == 3 + 6000);
  place.book->read([&](const State& s, std::uint64_t) {
    CHECK(s.balance(place.bank) == Balance{});
    CHECK(s.open_documents(DocumentKind::kHold).empty());
  });
}

TEST_CASE("engine: batches of every size at once, planned here or there, are each answered") {
  // Around what is planned by the committer, and what the planning thread is woken for.
  constexpr std::size_t kSizes[] = {1, 2, 63, 64, 65, 255, 256, 257, 700, 8192};
  Place place;
  std::atomic<std::uint64_t> sent{0};
  std::vector<std::thread> callers;
  for (std::uint32_t caller = 100; caller < 106; ++caller)
    callers.emplace_back([&, caller] {
      std::uint64_t seed = caller, n = 0;
      for (int round = 0; round < 60; ++round) {
        const bool alone = round % 20 == 19;  // once in a while nothing else is under way
        if (alone) std::this_thread::sleep_for(3ms);
        const std::size_t size = kSizes[mix64(seed++) % std::size(kSizes)];
        std::vector<VoucherRequest> batch;
        for (std::size_t i = 0; i < size; ++i) {
          batch.push_back(place.voucher(0));
          batch.back().key = ClaimKey{Id128{1, ++n}, CallerId{caller}};
        }
        const Book::Answers answers = place.book->run(batch);
        if (answers.size() != size) std::abort();
        std::uint64_t last = 0;
        for (const Answer& answer : answers) {
          if (!answer.accepted() || answer.seq <= last) std::abort();
          last = answer.seq;
        }
        sent += size;
      }
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(place.posted() == static_cast<std::int64_t>(sent));
  CHECK(place.book->statistics().last_seq == 3 + sent);
  CHECK(place.book->statistics().queued == 0);
}

TEST_CASE("engine: readers that follow each other without a gap do not stop the committer") {
  Place place;
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 6; ++i)
    readers.emplace_back([&] {
      while (!stop)
        place.book->read([](const State&, std::uint64_t) { std::this_thread::sleep_for(2ms); });
    });
  std::this_thread::sleep_for(20ms);
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t n = 1; n <= 20; ++n) REQUIRE(place.book->run(place.voucher(n)).accepted());
  const auto took = std::chrono::steady_clock::now() - begin;
  stop = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(took < 10s);
}

TEST_CASE("engine: a full queue refuses at once, and nothing of what it refused is journalled") {
  Place place(100);
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  // The committer is held in an answer, so blocks cannot go on.
  std::atomic<int> answered{0};
  REQUIRE(place.book->submit(std::vector{place.voucher(1)}, [&, opened](Book::Answers) {
    opened.wait();
    ++answered;
  }));
  int taken = 0, refused = 0;
  for (std::uint64_t n = 2; refused == 0 && n < 1'000'000; ++n) {
    std::vector<VoucherRequest> many;
    for (std::uint64_t i = 0; i < 50; ++i) many.push_back(place.voucher(n * 100 + i));
    if (place.book->submit(std::move(many), [&](Book::Answers) { ++answered; }))
      ++taken;
    else
      ++refused;
  }
  CHECK(refused == 1);
  gate.set_value();
  for (int i = 0; i < 1000 && answered < taken + 1; ++i) std::this_thread::sleep_for(5ms);
  CHECK(answered == taken + 1);
  CHECK(place.posted() == 1 + 50 * taken);
  // A submission larger than the queue is taken by an empty one.
  std::vector<VoucherRequest> large;
  for (std::uint64_t i = 0; i < 500; ++i) large.push_back(place.voucher(900'000'000 + i));
  CHECK(place.book->run(large).size() == 500);
}

TEST_CASE("engine: closing finishes and answers what was accepted") {
  Place place;
  std::atomic<int> answered{0};
  for (std::uint64_t n = 1; n <= 2000; ++n)
    REQUIRE(place.book->submit(std::vector{place.voucher(n)}, [&](Book::Answers answers) {
      if (answers.at(0).accepted()) ++answered;
    }));
  place.book.reset();
  CHECK(answered == 2000);
  place.open();
  CHECK(place.posted() == 2000);
}

TEST_CASE("engine: the same ids from many threads are posted once, all hearing the same answer") {
  for (const std::size_t batch : {1'000'000, 50}) {
    Place place(65536, batch);
    constexpr int kThreads = 4, kIds = 800;
    std::vector<std::vector<Answer>> answers(kThreads);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        for (int n = 0; n < kIds; n += 16) {
          std::vector<VoucherRequest> some;
          for (int i = 0; i < 16; ++i)
            some.push_back(place.voucher(static_cast<std::uint64_t>(n + i + 1), 3,
                                         100 + static_cast<std::uint32_t>(i % 3)));
          for (Answer& a : place.book->run(std::move(some))) answers[t].push_back(std::move(a));
        }
      });
    for (std::thread& thread : threads) thread.join();
    std::set<std::uint64_t> seqs;
    for (int n = 0; n < kIds; ++n) {
      int first = 0;
      for (int t = 0; t < kThreads; ++t) {
        REQUIRE(answers[t][n].accepted());
        CHECK(answers[t][n].seq == answers[0][n].seq);
        CHECK(answers[t][n].timestamp == answers[0][n].timestamp);
        first += !answers[t][n].replayed;
      }
      CHECK(first == 1);
      seqs.insert(answers[0][n].seq);
    }
    CHECK(seqs.size() == kIds);
    CHECK(place.posted() == 3 * kIds);
    // After a restart the ids come from the index on disk.
    place.open();
    for (int n = 0; n < kIds; ++n) {
      const Answer again = place.book->run(place.voucher(
          static_cast<std::uint64_t>(n + 1), 3, 100 + static_cast<std::uint32_t>(n % 16 % 3)));
      CHECK(again.replayed);
      CHECK(again.seq == answers[0][n].seq);
    }
    CHECK(place.posted() == 3 * kIds);
  }
}

TEST_CASE("engine: what is answered can be read at once, by seq, by key and in statements") {
  Place place(65536, 20);
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> faults{0};
  std::vector<std::thread> threads;
  // Readers of statements and documents while blocks are stored and documents evicted.
  threads.emplace_back([&] {
    while (!stop) {
      std::int64_t after = 0;
      std::uint64_t last = 0;
      const auto done = place.book->for_each_entry(place.bank, [&](const Entry& e) {
        after += e.amount;
        faults += e.balance_after != after || e.seq <= last;
        last = e.seq;
        return true;
      });
      faults += !done;
    }
  });
  threads.emplace_back([&] {
    std::uint64_t seen = 0;
    while (!stop) {
      const std::uint64_t now = place.book->wait_for_seq(seen, 50);
      faults += now < seen;
      const auto at = place.book->seq_at(place.clock.now().plus_seconds(1000));
      faults += !at || at.value() < now;
      std::uint64_t next = seen;
      const auto done = place.book->for_each_command_after(seen, [&](const StoredCommand& c) {
        faults += c.seq != ++next;
        return true;
      });
      faults += !done || next < now;
      seen = next;
    }
  });
  for (std::uint32_t t = 0; t < 2; ++t)
    threads.emplace_back([&, t] {
      for (std::uint64_t n = 1; n <= 150; ++n) {
        VoucherRequest hold = place.voucher(n, 5, 200 + t);
        hold.hold = true;
        faults += !place.book->run(hold).accepted();
        PostHoldRequest post{ClaimKey{Id128{n, 1}, CallerId{200 + t}}, hold.key, {}, nullptr};
        const Answer answer = place.book->run(post_hold(post));
        faults += !answer.accepted();
        const auto stored = place.book->command(answer.seq);
        faults += !stored || !stored.value() || stored.value()->key != post.key;
        const auto found = place.book->find(post.key);
        faults += !found || !found.value() || found.value()->seq != answer.seq;
        const auto document = place.book->document(DocumentKind::kHold, hold.key.bytes());
        faults += !document || document->open || document->version != 2;
      }
    });
  for (std::size_t i = 2; i < threads.size(); ++i) threads[i].join();
  stop = true;
  threads[0].join();
  threads[1].join();
  CHECK(faults == 0);
  CHECK(place.posted() == 2 * 150 * 5);
  std::size_t holds = 0;
  REQUIRE(place.book->for_each_document(DocumentKind::kHold, [&](const DocumentPtr& d) {
    CHECK_FALSE(d->open);
    ++holds;
    return true;
  }));
  CHECK(holds == 300);
}

TEST_CASE("engine: a book keeps the day and currency it was opened with, whoever opens it later") {
  Place place;
  place.options.create = false;
  place.options.first_date = Date{};
  place.options.currency = Currency::kUSD;
  place.open();
  place.book->read([](const State& s, std::uint64_t seq) {
    CHECK(seq == 3);
    CHECK(s.book().accounting_date == kFirst);
    CHECK(s.book().closed_through == kFirst.plus_days(-1));
    CHECK(s.book().currency == Currency::kCNY);
  });
  const auto first = place.book->command(1);
  REQUIRE(first);
  CHECK(first.value()->kind == CommandKind::kOpenBook);
  CHECK(first.value()->content == Content{{"first_date", "2026-03-04"}, {"currency", "CNY"}});
  place.book.reset();
  const auto second = [&] {
    auto one = Book::open(place.options, place.clock);
    REQUIRE(one);
    auto two = Book::open(place.options, place.clock);
    REQUIRE_FALSE(two);
    return two.error().code;
  }();
  CHECK(second == Errc::kLocked);
  place.options.folder = place.folder.path() / "none";
  CHECK(Book::open(place.options, place.clock).error().code == Errc::kNotFound);
}
