// A book exported as JSON lines and as CSV, and made again of that.
#pragma once
#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "ledger/engine/verify.h"
#include "ledger/exchange/export_entries.h"
#include "ledger/exchange/import_entries.h"
#include "tests/support/same_book.h"
#include "tests/support/temp_folder.h"

namespace suanpan::test {

struct Way {
  const char* name;
  EntryFormat format;
  Result<void> (*write)(const Book&, std::ostream&);
};
inline const Way kWays[] = {{"jsonl", EntryFormat::kJsonLines, export_jsonl},
                            {"csv", EntryFormat::kCsv, export_csv}};

inline std::string exported(const Book& book, const Way& way) {
  std::ostringstream out;
  const auto written = way.write(book, out);
  if (!written) FAIL(written.error().message);
  return out.str();
}

inline std::unique_ptr<Book> open_again(const std::filesystem::path& folder, const Clock& clock) {
  BookOptions options;
  options.folder = folder;
  auto book = Book::open(options, clock);
  if (!book) FAIL(book.error().message);
  return std::move(book.value());
}

/// A file with a text, imported; what the second export says.
struct Imported {
  TempFolder folder;
  std::filesystem::path file = folder.path() / "journal";
  std::filesystem::path book = folder.path() / "book";

  Result<ImportCounts> import(const std::string& text, const Way& way) {
    std::ofstream(file, std::ios::binary) << text;
    return import_entries(file, way.format, book);
  }
  std::string again(const Way& way) const {
    const ManualClock clock(Timestamp{0});  // nothing is due
    return exported(*open_again(book, clock), way);
  }
};

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line + "\n");
  return lines;
}

/// Where two texts begin to differ.
inline void require_same(const std::string& a, const std::string& b) {
  if (a == b) return;
  const auto first = lines_of(a), second = lines_of(b);
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i)
    if (i >= first.size() || i >= second.size() || first[i] != second[i])
      FAIL("line " << i + 1 << " of " << first.size() << " and " << second.size() << ":\n"
                   << (i < first.size() ? first[i] : "") << (i < second.size() ? second[i] : ""));
}

/// Made again of each form of its export, a book is exported as the same text, is believed by
/// verify, and is the same to its readers. `look`, if given, is shown each book that was made.
inline void require_round_trip(const Book& source,
                               const std::function<void(const Book&)>& look = {}) {
  const std::vector<std::string> sight = sight_of(source);
  for (const Way& way : kWays) {
    INFO(way.name);
    const std::string text = exported(source, way);
    Imported made;
    const auto counts = made.import(text, way);
    if (!counts) FAIL(counts.error().message);
    CHECK(counts.value().replayed == 0);
    const ManualClock clock(Timestamp{0});  // nothing is due
    {
      const auto book = open_again(made.book, clock);
      require_same_sight(sight, sight_of(*book));
      require_same(text, exported(*book, way));
      if (look) look(*book);
    }
    const auto report = verify(made.book);
    REQUIRE(report);
    CHECK(report.value().first_fault == "");
  }
}

}  // namespace suanpan::test
