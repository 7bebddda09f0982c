// Whole journals, bent at random and imported: a book is made of them or a line is named, and what
// a book was made of is exported, imported and exported to the same bytes.
//
// SUANPAN_FUZZ_RUNS: a hundredth of it are tried of each form (30); SUANPAN_FUZZ_SEED as in
// mutation_test.cc. Most journals that were bent are refused, so that the seeds go in unbent, too.
#include <cstdio>
#include <fstream>
#include <sstream>

#include "ledger/engine/verify.h"
#include "ledger/exchange/export_entries.h"
#include "ledger/exchange/export_journal.h"
#include "ledger/exchange/import_entries.h"
#include "ledger/exchange/import_plain.h"
#include "tests/crash/settings.h"
#include "tests/ledger/engine/random_book.h"
#include "tests/support/shop.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

struct Form {
  const char* name;
  Result<void> (*write)(const Book&, std::ostream&);
  std::function<Result<ImportCounts>(const fs::path& file, const fs::path& folder)> read;
};

const ManualClock kNothingIsDue{Timestamp::of_cn(*Date::of(2027, 1, 1), 0, 0, 0)};

const Form kForms[] = {
    {"jsonl", export_jsonl,
     [](auto& file, auto& to) { return import_entries(file, EntryFormat::kJsonLines, to); }},
    {"csv", export_csv,
     [](auto& file, auto& to) { return import_entries(file, EntryFormat::kCsv, to); }},
    {"hledger", export_hledger,
     [](auto& file, auto& to) {
       return import_plain(file, PlainFormat::kHledger, to, kNothingIsDue);
     }},
    {"beancount", export_beancount,
     [](auto& file, auto& to) {
       return import_plain(file, PlainFormat::kBeancount, to, kNothingIsDue);
     }},
};

std::string exported(const Form& form, const Book& book) {
  std::ostringstream out;
  const auto written = form.write(book, out);
  if (!written) FAIL(form.name << ": " << written.error().message);
  return out.str();
}

/// The journal of the book that an import of `text` makes; nothing if it is refused.
std::optional<std::string> through_a_book(const Form& form, const std::string& text) {
  test::TempFolder folder;
  const fs::path file = folder.path() / "journal", at = folder.path() / "book";
  std::ofstream(file, std::ios::binary) << text;
  const auto counts = form.read(file, at);
  if (!counts) {
    std::size_t line = 0;
    INFO(counts.error().message);
    REQUIRE(std::sscanf(counts.error().message.c_str(), "line %zu: ", &line) == 1);
    REQUIRE(line <= static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n') + 1));
    return std::nullopt;
  }
  std::string again;
  {
    BookOptions options;
    options.folder = at;
    options.read_only = true;
    const auto book = Book::open(options, kNothingIsDue);
    REQUIRE(book);
    again = exported(form, *book.value());
  }
  const auto report = verify(at);
  REQUIRE(report);
  REQUIRE(report.value().first_fault == "");
  return again;
}

/// Other digits, other letters, lines gone and doubled: what keeps a journal readable.
std::string bent(const std::string& text, std::mt19937_64& random) {
  std::string out = text;
  const std::size_t at = random() % (out.size() + 1);
  const std::size_t begin = at == 0 ? 0 : out.rfind('\n', at - 1) + 1;
  const std::size_t end = std::min(out.find('\n', at), out.size() - 1) + 1;
  switch (random() % 5) {
    case 0:
      return out.erase(begin, end - begin);
    case 1:
      return out.insert(begin, out.substr(begin, end - begin));
    case 2:
      return out.substr(0, end);  // the rest is missing
    default:
      for (std::size_t i = at; i < out.size(); ++i)
        if (out[i] >= '0' && out[i] <= '9') {
          out[i] = static_cast<char>('0' + random() % 10);
          break;
        }
      return out;
  }
}

}  // namespace

TEST_CASE("fuzz: a journal that is imported is exported, imported and exported to the same bytes") {
  const std::uint64_t runs = std::max<std::uint64_t>(
      1, std::min<std::uint64_t>(test::setting("SUANPAN_FUZZ_RUNS", 3000), 40'000) / 100);
  const std::uint64_t seed = test::setting("SUANPAN_FUZZ_SEED", std::random_device{}());
  std::printf("SUANPAN_FUZZ_SEED=%llu\n", static_cast<unsigned long long>(seed));
  test::RandomBook random_book(31);
  random_book.run(40);
  // Short, so that most of what is bent in it is of its chart or its year's end.
  test::Shop shop;
  shop.year_over();
  shop.close();
  for (const Form& form : kForms) {
    std::mt19937_64 random(seed);
    for (const Book* source : {&random_book.book(), shop.book.get()}) {
      // Plain text knows neither charts nor years' ends.
      const bool plain = form.write == export_hledger || form.write == export_beancount;
      if (plain && source == shop.book.get()) continue;
      const std::string whole = exported(form, *source);
      std::uint64_t taken = 0;
      for (std::uint64_t run = 0; run < runs; ++run) {
        INFO(form.name << ", run " << run << (source == shop.book.get() ? " of the shop" : ""));
        const std::string text = run == 0 ? whole : bent(whole, random);
        const auto first = through_a_book(form, text);
        if (!first) {
          REQUIRE(run > 0);
          continue;
        }
        ++taken;
        const auto second = through_a_book(form, *first);
        REQUIRE(second);
        REQUIRE(*second == *first);
      }
      std::printf("%s: %llu journals, a book was made of %llu\n", form.name,
                  static_cast<unsigned long long>(runs), static_cast<unsigned long long>(taken));
      std::fflush(stdout);
      if (runs >= 30) CHECK(taken > 1);
    }
  }
}
