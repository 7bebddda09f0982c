// The book of a workload in process, with all features on, and who submits to it.
#pragma once
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <vector>

#include "bench/report.h"
#include "ledger/base/check.h"
#include "ledger/core/chart_templates.h"
#include "ledger/engine/book.h"

namespace suanpan::bench {

template <class T>
T must(Result<T> result) {
  CHECK_OR_DIE(result, "{}", result.error().message);
  return std::move(result.value());
}

inline void must_accept(const Answer& answer) {
  CHECK_OR_DIE(answer.accepted(), "{} {}", name_of(answer.refusal.code), answer.refusal.detail);
}

/// Opens the book in `folder`, or begins it on `first_date`. Its days are signed, by keys beside
/// it.
inline std::unique_ptr<Book> open_book(const std::filesystem::path& folder, const Clock& clock,
                                       Date first_date, unsigned shards = 0) {
  BookOptions options;
  options.folder = folder;
  options.create = true;
  options.first_date = first_date;
  options.sign_days = true;
  options.shards = shards;
  return must(Book::open(options, clock));
}

struct AccountsToOpen {
  std::string_view subject = "2101";  ///< of the chart that `suanpan init` gives a book
  AccountType type = AccountType::kLiability;
  std::uint32_t count = 0;
  bool first_is_hot = false;
};

/// Gives a new book its chart, and accounts with the numbers from 1 on.
inline void open_accounts(Book& book, const AccountsToOpen& accounts) {
  must_accept(book.run(adopt_chart(*chart_template(kDefaultChart))));
  for (std::uint32_t begin = 0; begin < accounts.count; begin += 4096) {
    std::vector<Command> commands;
    for (std::uint32_t i = begin; i < std::min(begin + 4096, accounts.count); ++i) {
      OpenAccountRequest request;
      request.key = ClaimKey{Id128{1, i + 1}, CallerId{100}};
      request.code = fmt::format("{}/{:07}", accounts.subject, i);
      request.type = accounts.type;
      request.terms.hot = i == 0 && accounts.first_is_hot;
      commands.push_back(open_account(std::move(request)));
    }
    for (const Answer& answer : book.run(std::move(commands))) must_accept(answer);
  }
}

/// Submits batches and keeps a bounded number of them in flight; notes latencies and progress.
class Client {
 public:
  Client(Book& book, std::size_t in_flight) : book_(book), limit_(in_flight) {}
  template <class Items>
  void submit(Items items) {
    const std::size_t count = items.size();
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return in_flight_ < limit_; });
      ++in_flight_;
    }
    const auto begin = std::chrono::steady_clock::now();
    const bool taken = book_.submit(std::move(items), [this, begin, count](Book::Answers answers) {
      std::lock_guard lock(mutex_);
      for (const Answer& answer : answers) must_accept(answer);
      latencies_.add(std::chrono::steady_clock::now() - begin);
      answered_ += count;
      while (tenths_.size() <= 10 && answered_ * 10 >= total_ * tenths_.size())
        tenths_.push_back({watch_.seconds(), cpu_seconds()});
      --in_flight_;
      changed_.notify_one();
    });
    CHECK_OR_DIE(taken, "the queue is full");
  }
  void expect(std::uint64_t total) { total_ = total; }
  void finish() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_ == 0; });
  }
  std::uint64_t answered() {
    std::lock_guard lock(mutex_);
    return answered_;
  }
  Latencies& latencies() { return latencies_; }
  /// A moment by the clock and by the time of all cores, in seconds.
  struct Moment {
    double clock = 0, cpu = 0;
  };
  /// When it began, and when each tenth of what is expected was answered.
  const std::vector<Moment>& tenths() const { return tenths_; }

 private:
  Book& book_;
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t in_flight_ = 0;
  std::uint64_t answered_ = 0, total_ = ~std::uint64_t{0};
  std::vector<Moment> tenths_{{0, cpu_seconds()}};
  Latencies latencies_;
  Stopwatch watch_;
};

}  // namespace suanpan::bench
