// A book on one or several shards, for tests of what it answers: in the end verify must find
// nothing, and no invariant may have spoken.
#pragma once
#include <catch2/catch.hpp>

#include "ledger/engine/book.h"
#include "ledger/engine/verify.h"
#include "tests/support/temp_folder.h"

namespace suanpan::test {

struct VerifiedBook {
  inline static const Date kFirst = *Date::of(2026, 3, 4);

  explicit VerifiedBook(unsigned count) : shards(count) { open(true); }
  ~VerifiedBook() {
    if (book) CHECK(book->statistics().invariant_violations == 0);
    book.reset();
    const auto report = verify(folder.path());
    REQUIRE(report);
    CHECK(report.value().first_fault == "");
  }
  void open(bool create = false) {
    book.reset();
    BookOptions options;
    options.folder = folder.path();
    options.create = create;
    options.first_date = kFirst;
    options.shards = shards;
    auto opened = Book::open(options, clock);
    REQUIRE(opened);
    book = std::move(opened.value());
  }
  void account(const std::string& code, AccountType type, AccountTerms terms) {
    OpenAccountRequest request;
    request.key = ClaimKey{id_of(code), CallerId{100}};
    request.code = code;
    request.type = type;
    request.terms = terms;
    REQUIRE(book->run(open_account(request)).accepted());
  }

  unsigned shards;
  TempFolder folder;
  ManualClock clock{Timestamp::of_cn(kFirst, 9, 0, 0)};
  std::unique_ptr<Book> book;
};

}  // namespace suanpan::test
