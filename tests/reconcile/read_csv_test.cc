#include "reconcile/read_csv.h"

#include <catch2/catch.hpp>
#include <random>

using namespace suanpan;
using namespace suanpan::reconcile;

namespace {

struct Parsed {
  std::vector<std::vector<std::string>> records;
  std::vector<std::uint64_t> lines;
  Errc error{};
  std::string message;
};

Parsed parse(std::string_view text, std::size_t piece = 0, CsvOptions options = {}) {
  Parsed out;
  CsvParser parser(options, [&](const CsvRecord& record) -> Result<void> {
    out.records.emplace_back(record.fields.begin(), record.fields.end());
    out.lines.push_back(record.line);
    return success();
  });
  const auto failed = [&](const Result<void>& r) {
    if (!r) out.error = r.error().code, out.message = r.error().message;
    return !r;
  };
  while (!text.empty()) {
    const auto part = text.substr(0, piece == 0 ? text.size() : piece);
    if (failed(parser.feed(part))) return out;
    text.remove_prefix(part.size());
  }
  failed(parser.finish());
  return out;
}

using Records = std::vector<std::vector<std::string>>;

struct Good {
  std::string text;
  Records records;
};
const std::vector<Good> kGood{
    {"", {}},
    {"\xEF\xBB\xBF", {}},
    {"\n\r\n\n", {}},
    {"a", {{"a"}}},
    {"a,b\n", {{"a", "b"}}},
    {"a,b\r\nc,d\r\n", {{"a", "b"}, {"c", "d"}}},
    {"a,b\nc,d", {{"a", "b"}, {"c", "d"}}},
    {"\xEF\xBB\xBF"
     "a,b\n",
     {{"a", "b"}}},
    {",\n", {{"", ""}}},
    {"a,", {{"a", ""}}},
    {"\"\"", {{""}}},
    {"\"a,b\"\n", {{"a,b"}}},
    {"\"a\"\"b\"", {{"a\"b"}}},
    {"\"\"\"\"", {{"\""}}},
    {"\"a\r\nb\",c", {{"a\r\nb", "c"}}},
    {"a\n\n\nb\n", {{"a"}, {"b"}}},
    {"a\tb, c ", {{"a\tb", " c "}}},
    // 一 begins with the byte after the BOM's first; 数 shares the BOM's first byte's range.
    {"\xEF\xBC\x9A,\xE4\xB8\x80", {{"：", "一"}}},
    {"金额,备注\r\n1.00,\"含,逗号\"\r\n", {{"金额", "备注"}, {"1.00", "含,逗号"}}},
};

struct Bad {
  std::string text;
  Errc code;
  std::string message;
};
const std::vector<Bad> kBad{
    {"a\"b", Errc::kMalformed, "line 1: a quote inside an unquoted field"},
    {"x\n\"a\"b", Errc::kMalformed, "line 2: text after a closing quote"},
    {"\"a\" ,b", Errc::kMalformed, "line 1: text after a closing quote"},
    {"a\n\"b\nc\n", Errc::kMalformed, "line 2: a quoted field does not end"},
    {"a\rb", Errc::kMalformed, "line 1: a CR that is not part of CRLF"},
    {"a\r", Errc::kMalformed, "line 1: a CR that is not part of CRLF"},
    {"a\r\r\n", Errc::kMalformed, "line 1: a CR that is not part of CRLF"},
    {std::string("a\0b", 3), Errc::kMalformed, "line 1: a control character"},
    {"a\n\"\x01\"", Errc::kMalformed, "line 2: a control character"},
    {"a\x7F", Errc::kMalformed, "line 1: a control character"},
    {"\xBD\xF0\xB6\xEE,b\n", Errc::kMalformed, "line 1: not UTF-8"},  // 金额 in GBK
    {"a\nb\n\xC0\x80\n", Errc::kMalformed, "line 3: not UTF-8"},      // over-long
    {"\xED\xA0\x80", Errc::kMalformed, "line 1: not UTF-8"},          // surrogate
    {"\xF4\x90\x80\x80", Errc::kMalformed, "line 1: not UTF-8"},
    {"\xE4\xB8", Errc::kMalformed, "line 1: not UTF-8"},
    {"\xE4,\xB8\x80", Errc::kMalformed, "line 1: not UTF-8"},  // cut by a separator
    {"\xEF\xBB", Errc::kMalformed, "line 1: not UTF-8"},
    {"\xEF", Errc::kMalformed, "line 1: not UTF-8"},
    {"ok\n12345678901", Errc::kTooLarge, "line 2: a record of more than 10 bytes"},
    {"\"1\n2\n3\n4\n5\n67\"", Errc::kTooLarge, "line 1: a record of more than 10 bytes"},
    {"a,b,c,d", Errc::kTooLarge, "line 1: a record of more than 3 fields"},
};
constexpr CsvOptions kSmall{',', 10, 3};

}  // namespace

TEST_CASE("csv: what RFC 4180 allows is read, however the bytes are cut") {
  for (const auto& good : kGood) {
    for (const std::size_t piece : {0u, 1u, 2u, 3u, 5u}) {
      INFO(good.text << " in pieces of " << piece);
      const auto parsed = parse(good.text, piece);
      CHECK(parsed.message == "");
      CHECK(parsed.records == good.records);
    }
  }
}

TEST_CASE("csv: everything else is refused with its line, however the bytes are cut") {
  for (const auto& bad : kBad) {
    for (const std::size_t piece : {0u, 1u, 2u, 3u}) {
      INFO(bad.message << " in pieces of " << piece);
      const auto parsed = parse(bad.text, piece, kSmall);
      CHECK(parsed.error == bad.code);
      CHECK(parsed.message == bad.message);
    }
  }
}

TEST_CASE("csv: a record knows the line where it begins") {
  CHECK(parse("a\n\"b\nb\nb\"\n\nc\r\nd").lines == std::vector<std::uint64_t>{1, 2, 6, 7});
}

TEST_CASE("csv: other separators") {
  CHECK(parse("a|b,c|", 0, {'|', 100, 10}).records == Records{{"a", "b,c", ""}});
  CHECK(parse("a\tb\t\n", 0, {'\t', 100, 10}).records == Records{{"a", "b", ""}});
}

TEST_CASE("csv: noise is answered, the same whole or in pieces") {
  static constexpr std::string_view kAlphabet = "a,\"\n\r\xEF\xBB\xBF\xE4\xB8\x80 \t";
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    std::string text;
    for (std::uint64_t n = random() % 24; n > 0; --n)
      text += kAlphabet[random() % kAlphabet.size()];
    const auto whole = parse(text), bytewise = parse(text, 1);
    CHECK(whole.records == bytewise.records);
    CHECK(whole.message == bytewise.message);
  }
}

TEST_CASE("csv: what we quote, we read back") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    static constexpr std::string_view kAlphabet = "ab,\"\n\r;";
    Records records;
    std::string text;
    const std::size_t width = 2 + random() % 4;
    for (std::size_t r = 0; r < 5; ++r) {
      records.emplace_back();
      for (std::size_t f = 0; f < width; ++f) {
        std::string field;
        for (std::uint64_t n = random() % 6; n > 0; --n) {
          field += kAlphabet[random() % kAlphabet.size()];
        }
        text += f > 0 ? ",\"" : "\"";
        for (const char c : field) text += c == '"' ? "\"\"" : std::string(1, c);
        text += '"';
        records.back().push_back(std::move(field));
      }
      text += "\r\n";
    }
    CHECK(parse(text).records == records);
  }
}

namespace {

Result<std::uint64_t> read_table(std::string_view text, std::vector<std::string>& out) {
  ColumnMap columns({{{"number", "订单号"}}, {{"amount"}}, {{"note"}, false}});
  CsvTable table(std::move(columns), {}, [&](const CsvRow& row) -> Result<void> {
    if (row[0] == "stop") return fail(Errc::kMismatch, "line {}: told to stop", row.line());
    out.push_back(fmt::format("{}|{}|{}", row[0], row[1], row[2]));
    return success();
  });
  TRY(table.feed(text));
  return table.finish();
}

}  // namespace

TEST_CASE("columns: bound by name, in any order, with strangers between") {
  const std::pair<std::string, std::vector<std::string>> table[] = {
      {"number,amount\n1,2\n", {"1|2|"}},
      {"note,amount,x,number\nn,2,?,1\n", {"1|2|n"}},
      {" 订单号 ,amount\n1,2\n3,4", {"1|2|", "3|4|"}},
      {"number,amount\n", {}},
  };
  for (const auto& [text, rows] : table) {
    INFO(text);
    std::vector<std::string> found;
    const auto count = read_table(text, found);
    REQUIRE(count);
    CHECK(count.value() == rows.size());
    CHECK(found == rows);
  }
}

TEST_CASE("columns: a file that does not fit is refused with line and column") {
  const std::pair<std::string, std::string> table[] = {
      {"", "line 1: the file has no header"},
      {"\n\n", "line 1: the file has no header"},
      {"number,note\n", "line 1: column \"amount\" is missing"},
      {"number,amount,amount\n", "line 1: column \"amount\" is there twice"},
      {"number,订单号,amount\n", "line 1: column \"number\" is there twice"},
      {"number,amount\n1,2\n3\n", "line 3: 1 fields where the header has 2"},
      {"number,amount\n1,2,3\n", "line 2: 3 fields where the header has 2"},
      {"number,amount\n1,2\nstop,0\n5,6\n", "line 3: told to stop"},
  };
  for (const auto& [text, message] : table) {
    INFO(text);
    std::vector<std::string> found;
    const auto count = read_table(text, found);
    REQUIRE(!count);
    CHECK(count.error().message == message);
  }
}

TEST_CASE("csv: a file that is not there is an I/O error that names it") {
  const auto result = read_csv_file("no/such/file.csv", ColumnMap({{{"a"}}}), {},
                                    [](const CsvRow&) -> Result<void> { return success(); });
  REQUIRE(!result);
  CHECK(result.error().code == Errc::kIo);
  CHECK(result.error().message == "no/such/file.csv: cannot be opened");
}
