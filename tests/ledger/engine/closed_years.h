// A book with closed years and everything in it that a checkpoint tells of, and its archive.
#pragma once
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>

#include "ledger/core/chart_templates.h"
#include "ledger/engine/archive_book.h"
#include "ledger/engine/close_year.h"
#include "tests/support/temp_folder.h"

namespace suanpan::test {

namespace fs = std::filesystem;

inline std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_text(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

/// A book of 2025-12-30 on with everything in it that a checkpoint tells of.
struct ClosedYears {
  TempFolder temp;
  fs::path folder = temp.path() / "book";
  fs::path to = temp.path() / "archive";
  ManualClock clock{Timestamp::of_cn(*Date::of(2025, 12, 30), 9, 0, 0)};
  std::unique_ptr<Book> book;
  std::uint64_t n = 0;
  std::vector<std::pair<VoucherRequest, Answer>> sent;  // vouchers and holds, refused ones too
  AccountId bank, fees, owner, fund;

  explicit ClosedYears(bool sign_days = true) {
    open(sign_days);
    REQUIRE(book->run(adopt_chart(*chart_template("platform"))).accepted());
    bank = add("1002/6228", AccountType::kAsset);
    fees = add("6001", AccountType::kIncome);
    owner = add("2101/M1", AccountType::kLiability);
    fund = add("2101/M2", AccountType::kLiability);
  }
  void open(bool sign_days = true) {
    BookOptions options;
    options.folder = folder;
    options.create = !fs::exists(folder / "db");
    options.first_date = *Date::of(2025, 12, 30);
    options.sign_days = sign_days;
    auto opened = Book::open(options, clock);
    if (!opened) FAIL(opened.error().message);
    book = std::move(opened.value());
  }
  ClaimKey key() { return {Id128{6, ++n}, CallerId{100}}; }
  AccountId add(std::string code, AccountType type) {
    OpenAccountRequest request;
    request.key = key();
    request.code = std::move(code);
    request.name = "户";
    request.type = type;
    const Answer answer = book->run(open_account(request));
    INFO(request.code << " " << name_of(answer.refusal.code) << answer.refusal.detail);
    REQUIRE(answer.accepted());
    return AccountId{static_cast<std::uint32_t>(std::stoul(answer.answer))};
  }
  Answer send(const VoucherRequest& request) {
    Answer answer = book->run(request);
    sent.emplace_back(request, answer);
    return answer;
  }
  ClaimKey post(AccountId debit, AccountId credit, std::int64_t amount) {
    VoucherRequest request;
    request.key = key();
    request.legs.push_back(Leg{debit, credit, amount});
    REQUIRE(send(request).accepted());
    return request.key;
  }
  void cut_to(Date next) { REQUIRE(book->run(day_cut({key(), next})).accepted()); }
  void close(std::int32_t year) {
    REQUIRE(book->run(request_year_close({key(), year, "制单"})).accepted());
    const auto closed = close_year(*book, year, "复核");
    REQUIRE(closed);
    REQUIRE(closed.value().refusal.code == RefusalCode::kNone);
  }
  /// Vouchers, a hold, a reversal and a refusal in 2025, which is closed in 2026; then more.
  void year_2025() {
    const ClaimKey first = post(bank, owner, 1'000);
    post(bank, fees, 300);
    VoucherRequest hold;
    hold.key = key();
    hold.hold = true;
    hold.legs.push_back(Leg{owner, fund, 250});
    REQUIRE(send(hold).accepted());
    ReversalRequest red;
    red.key = key();
    red.original = first;
    red.amounts = {400};
    auto command = reversal(*book, red);
    REQUIRE(command);
    REQUIRE(book->run(std::move(command.value())).accepted());
    VoucherRequest refused;
    refused.key = key();
    refused.legs.push_back(Leg{bank, AccountId{99}, 1});
    REQUIRE_FALSE(send(refused).accepted());
    cut_to(*Date::of(2025, 12, 31));
    post(bank, owner, 20);
    cut_to(*Date::of(2026, 1, 5));
    post(bank, owner, 3);
    close(2025);
    for (int i = 0; i < 5; ++i) post(bank, fund, 7);
    cut_to(*Date::of(2026, 1, 6));
    post(owner, fund, 1);
  }
  void year_2026() {
    post(bank, fees, 11);
    cut_to(*Date::of(2027, 1, 4));
    close(2026);
    post(bank, owner, 5);
  }
  ArchiveRequest request(std::int32_t year = 2025, std::size_t file_bytes = 700) const {
    ArchiveRequest request;
    request.to = to;
    request.year = year;
    request.roots = folder / "roots";
    request.root_key = folder / "root.key";
    request.file_bytes = file_bytes;
    return request;
  }
  Archived archive(std::int32_t year = 2025) {
    auto archived = archive_book(*book, request(year));
    if (!archived) FAIL(archived.error().message);
    return archived.value();
  }
  Error refused(const ArchiveRequest& request) const {
    auto archived = archive_book(*book, request);
    REQUIRE_FALSE(archived);
    return archived.error();
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(to)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
  }
  fs::path checkpoint() const { return files().front(); }  // "checkpoint-" before "journal-"
  std::string fault(const VerifyOptions& options = {}) const {
    const auto report = verify_archive(to, options);
    if (!report) return "not judged: " + report.error().message;
    return report.value().first_fault;
  }
  /// Of the book with its archive.
  std::string whole_fault() {
    book.reset();
    VerifyOptions options;
    options.archive = to;
    const auto report = verify(folder, options);
    if (!report) return "not judged: " + report.error().message;
    return report.value().first_fault;
  }
};

}  // namespace suanpan::test
