// A small book that signs its days: a bank account, an owner, one voucher after the other.
#pragma once
#include <catch2/catch.hpp>

#include "ledger/engine/book.h"
#include "ledger/engine/verify.h"
#include "tests/support/temp_folder.h"

namespace suanpan::test {

class KeptBook {
 public:
  explicit KeptBook(std::filesystem::path folder, bool sign_days = true, std::size_t batch = 1'000)
      : folder_(std::move(folder)), sign_days_(sign_days), batch_(batch) {}

  Result<std::unique_ptr<Book>> try_open(bool read_only = false) {
    BookOptions options;
    options.folder = folder_;
    options.create = !read_only && !std::filesystem::exists(folder_ / "db");
    options.first_date = first();
    options.read_only = read_only;
    options.sign_days = sign_days_ && !read_only;
    options.projection_batch = batch_;
    return Book::open(options, clock_);
  }
  void open() {
    auto opened = try_open();
    if (!opened) FAIL(opened.error().message);
    book_ = std::move(opened.value());
    if (book_->read([](const State& s, std::uint64_t) { return s.accounts().empty(); })) {
      open_account("1002", AccountType::kAsset);
      open_account("2101/a", AccountType::kLiability);
    }
  }
  void close() { book_.reset(); }
  Book& book() { return *book_; }
  const std::filesystem::path& folder() const { return folder_; }
  ManualClock& clock() { return clock_; }
  std::uint64_t last_seq() const { return book_->last_seq(); }

  /// `count` vouchers of `amount` each.
  void post(int count, std::int64_t amount = 100) {
    for (int i = 0; i < count; ++i) {
      clock_.set(Timestamp{clock_.now().ns + 1'000'000'000});
      VoucherRequest voucher;
      voucher.key = next_key();
      voucher.legs.push_back(Leg{AccountId{1}, AccountId{2}, amount});
      REQUIRE(book_->run(voucher).accepted());
    }
  }
  void cut_day() {
    const Date today =
        book_->read([](const State& s, std::uint64_t) { return s.book().accounting_date; });
    REQUIRE(book_->run(suanpan::day_cut({next_key(), today.plus_days(1)})).accepted());
  }
  std::int64_t owner() {
    return book_->read([](const State& s, std::uint64_t) {
      return s.balance(s.account("2101/a")->id).credits_posted;
    });
  }

  static Date first() { return *Date::of(2026, 3, 4); }

 private:
  ClaimKey next_key() {
    return {Id128{7, static_cast<std::uint64_t>(clock_.now().ns) + ++next_id_}, CallerId{100}};
  }
  void open_account(std::string code, AccountType type) {
    OpenAccountRequest request;
    request.key = next_key();
    request.code = std::move(code);
    request.type = type;
    REQUIRE(book_->run(suanpan::open_account(request)).accepted());
  }

  std::filesystem::path folder_;
  bool sign_days_;
  std::size_t batch_;
  ManualClock clock_{Timestamp::of_cn(first(), 9, 0, 0)};
  std::uint64_t next_id_ = 0;
  std::unique_ptr<Book> book_;
};

/// The first fault, empty if there is none.
inline std::string fault_in(const std::filesystem::path& folder,
                            const VerifyOptions& options = {}) {
  const auto report = verify(folder, options);
  if (!report) return std::string("not judged: ") + report.error().message;
  return report.value().first_fault;
}

}  // namespace suanpan::test
