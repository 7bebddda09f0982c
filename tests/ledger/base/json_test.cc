#include "ledger/base/json.h"

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <thread>

#include "ledger/base/limits.h"
#include "tests/support/dies.h"

namespace suanpan {
namespace {

JsonDocument parsed(std::string_view text) {
  INFO(text);
  auto document = JsonDocument::parse(text);
  if (!document) FAIL(document.error().message);
  return std::move(document).value();
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST_CASE("json: every kind of value is read") {
  const auto document = parsed(
      " { \"s\" : \"x\" , "
      "\"n\":-12,\"t\":true,\"f\":false,\"z\":null,\"a\":[1,[2],{}],\"o\":{\"k\":1} } ");
  const JsonValue root = document.root();
  CHECK(root.is_object());
  CHECK(root.get("s").value().as_string().value() == "x");
  CHECK(root.get("n").value().as_int64().value() == -12);
  CHECK(root.get("t").value().as_bool().value());
  CHECK_FALSE(root.get("f").value().as_bool().value());
  CHECK(root.get("z").value().is_null());
  CHECK(root.get("a").value().elements().size() == 3);
  CHECK(root.get("a").value().elements()[1].elements()[0].as_int64().value() == 2);
  CHECK(root.get("o").value().get_int64("k").value() == 1);
  const char* const keys[] = {"s", "n", "t", "f", "z", "a", "o"};
  const auto members = root.members();
  REQUIRE(members.size() == 7);
  for (std::size_t i = 0; i < 7; ++i) CHECK(members[i].key == keys[i]);
}

TEST_CASE("json: a text may be any single value") {
  struct Row {
    const char* text;
    JsonKind kind;
  };
  const Row rows[] = {
      {"null", JsonKind::kNull},
      {"true", JsonKind::kBool},
      {"false", JsonKind::kBool},
      {"0", JsonKind::kNumber},
      {"-1", JsonKind::kNumber},
      {"1.5", JsonKind::kNumber},
      {"1E+2", JsonKind::kNumber},
      {"0e0", JsonKind::kNumber},
      {"\"\"", JsonKind::kString},
      {"[]", JsonKind::kArray},
      {"{}", JsonKind::kObject},
      {" \t\r\n1\n ", JsonKind::kNumber},
      {"[ ]", JsonKind::kArray},
      {"{ }", JsonKind::kObject},
      {"1e999", JsonKind::kNumber},
      {"-0", JsonKind::kNumber},
      {"123456789012345678901234567890", JsonKind::kNumber},
  };
  for (const Row& row : rows) CHECK(parsed(row.text).root().kind() == row.kind);
}

TEST_CASE("json: a malformed text is refused, whoever asks for its parts") {
  using namespace std::string_literals;
  const std::string rows[] = {
      "",
      " ",
      "{",
      "}",
      "[",
      "]",
      "\"",
      ",",
      ":",
      "{]",
      "[}",
      "[1",
      "1]",
      "[1]]",
      "{\"a\":1",
      "{\"a\":1}}",
      "{\"a\":1]",
      "[{]}",
      "[1,]",
      "[,1]",
      "[1,,2]",
      "[1 2]",
      "[1:2]",
      "{\"a\":1,}",
      "{,\"a\":1}",
      "{\"a\" 1}",
      "{\"a\":}",
      "{\"a\"}",
      "{\"a\",1}",
      "{\"a\"::1}",
      "{\"a\":1 \"b\":2}",
      "\"a\":1}",
      "\"a\":1",
      "[\"a\":1}]",
      "[\"a\":1]",
      "{\"x\":\"a\":1}",
      "{a:1}",
      "{'a':1}",
      "{1:1}",
      "{null:1}",
      "{\"a\":1};",
      "{} {}",
      "{},{}",
      "1 2",
      "1,2",
      "],[",
      "1][2",
      "1],[2",
      "nul",
      "nulll",
      "Null",
      "NULL",
      "tru",
      "truee",
      "tru e",
      "True",
      "fals",
      "undefined",
      "NaN",
      "Infinity",
      "-Infinity",
      "01",
      "-01",
      "00",
      "-",
      "+1",
      "1.",
      ".5",
      "-.5",
      "1.e5",
      "1e",
      "1e+",
      "1e5.5",
      "1.2.3",
      "--1",
      "1-1",
      "0x10",
      "1_000",
      "1,000",
      "1f",
      "[01]",
      "[1.]",
      "{\"a\":01}",
      "{\"a\":-}",
      "\"abc",
      "abc\"",
      "\"a\"b\"",
      "\"a\"\"b\"",
      "[\"a\"\"b\"]",
      "[\"a\"b]",
      "\"\\",
      "\"\\\"",
      "\"\\x41\"",
      "\"\\'\"",
      "\"\\u12\"",
      "\"\\u12G4\"",
      "\"\\U0041\"",
      "\"\\ud800\"",  // lone high surrogate
      "\"\\udc00\"",  // lone low surrogate
      "\"\\ud800\\ud800\"",
      "\"\\ud800x\"",
      "\"\\ud83d\\u0041\"",
      "\"\\udc00\\ud800\"",  // the wrong way round
      "{\"\\ud800\":1}",
      "\"a\nb\"",  // control characters must be escaped
      "\"a\tb\"",
      "\"a\0b\""s,
      "\"\x1f\"",
      "{\"a\tb\":1}",
      "{}\0"s,
      "\0{}"s,
      "[1\f]",
      "[1\v,2]",
      "[1\xc2\xa0]",     // no-break space
      "\xef\xbb\xbf{}",  // byte order mark
      "// c\n{}",
      "{}/**/",
      "{\"a\":1 /*c*/}",
      "\"\xff\"",      // never in UTF-8
      "\"\x80\"",      // continuation alone
      "\"\xc0\x80\"",  // overlong
      "\"\xe0\x80\x80\"",
      "\"\xed\xa0\x80\"",      // a surrogate in UTF-8
      "\"\xf4\x90\x80\x80\"",  // beyond U+10FFFF
      "\"\xe4\xbd\"",          // cut off
      "{\"\xff\":1}",
      nested(kMaxJsonDepth + 1),
      std::string(100'000, '['),
      std::string(100'000, '{'),
  };
  for (const std::string& text : rows) {
    // The same fault alone, deep inside and behind what a reader may stop at.
    for (const std::string& whole :
         {text, "{\"ok\":1,\"x\":[{\"y\":" + text + "}]}", "[{\"ok\":1}," + text + "]"}) {
      // Two values in an array, or a bracket that closes the frame, are not a fault there.
      if (whole != text && (text == "" || text == " " || text == "1,2" || text == "1,000" ||
                            text == "{},{}" || text == "],[" || text == "1],[2"))
        continue;
      INFO(whole.substr(0, 60));
      const auto document = JsonDocument::parse(whole);
      REQUIRE_FALSE(document.has_value());
      CHECK(document.error().code == Errc::kMalformed);
    }
  }
}

TEST_CASE("json: two equal keys are refused, at any depth and after unescaping") {
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += fmt::format("\"k{}\":{},", i, i);
  for (const std::string& text : {
           std::string(R"({"a":1,"a":1})"),
           std::string(R"({"a":1,"b":2,"a":3})"),
           std::string(R"({"amount":1,"\u0061mount":2})"),
           std::string(R"({"\u0061":1,"\u0061":2})"),
           std::string(R"({"a/":1,"a\/":2})"),
           std::string(R"({"":1,"":2})"),
           std::string(R"({"中":1,"\u4e2d":2})"),
           std::string(R"({"😀":1,"\ud83d\ude00":2})"),
           std::string(R"([[{"x":{"y":[{"a":1,"b":{},"a":1}]}}]])"),
           std::string(R"({"o":{"a":1,"a":1},"p":2})"),
           many + "\"k50\":1}",
           many + "\"\\u006b99\":1}",
       }) {
    INFO(text);
    const auto document = JsonDocument::parse(text);
    REQUIRE_FALSE(document.has_value());
    CHECK(document.error().message.find("twice") != std::string::npos);
  }
  CHECK(parsed(many + "\"k100\":1}").root().members().size() == 101);
  // Equal keys of different objects, and keys that only look alike, are fine.
  parsed(R"({"a":{"a":{"a":1}},"A":2,"a ":3,"á":4})");
  parsed(R"([{"a":1},{"a":1}])");
}

TEST_CASE("json: escapes are resolved") {
  using namespace std::string_literals;
  struct Row {
    const char* text;
    std::string content;
  };
  const Row rows[] = {
      {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
      {R"("\u4e2d\u6587")", "中文"},
      {R"("\ud83d\ude00")", "😀"},
      {R"("\u0000")", "\0"s},
      {R"("a\u0000b")", "a\0b"s},
      {R"("\u00E9\u00e9")", "éé"},
      {R"("中文 plain")", "中文 plain"},
      {R"("\uFFFF\udbff\udfff")", "\uFFFF\U0010FFFF"},
      {"\"\x7f\"", "\x7f"},
  };
  for (const Row& row : rows) {
    const auto document = parsed(row.text);
    CHECK(document.root().as_string().value() == row.content);
    CHECK(document.root().raw() == row.text);
  }
  CHECK(parsed(R"({"\u006b\n":1})").root().members()[0].key == "k\n");
  CHECK(parsed(R"({"\u006b":7})").root().get_int64("k").value() == 7);
}

TEST_CASE("json: integers are integers of 64 bits") {
  struct Row {
    const char* text;
    std::int64_t value;
  };
  for (const Row& row : {Row{"0", 0}, Row{"1", 1}, Row{"-1", -1},
                         Row{"9223372036854775807", std::numeric_limits<std::int64_t>::max()},
                         Row{"-9223372036854775808", std::numeric_limits<std::int64_t>::min()}})
    CHECK(parsed(row.text).root().as_int64().value() == row.value);
  for (const char* text :
       {"9223372036854775808", "-9223372036854775809", "1.0", "1e3", "1E0", "0.5", "-0", "-0.0",
        "123456789012345678901234567890", "\"1\"", "true", "null", "[1]", "{}"}) {
    INFO(text);
    CHECK(parsed(text).root().as_int64().error().code == Errc::kMalformed);
  }
}

TEST_CASE("json: a value keeps its exact source text") {
  const auto document = parsed(
      "{ \"n\" : 0.30 , \"s\":\"\\u4e2d\" ,\"a\": [ 1 , {\"b\" : [ ] } ]  , \"o\":{ } , "
      "\"e\":1E+05\n}\n");
  const JsonValue root = document.root();
  CHECK(root.get("n").value().raw() == "0.30");
  CHECK(root.get("s").value().raw() == "\"\\u4e2d\"");
  CHECK(root.get("a").value().raw() == "[ 1 , {\"b\" : [ ] } ]");
  CHECK(root.get("a").value().elements()[1].raw() == "{\"b\" : [ ] }");
  CHECK(root.get("o").value().raw() == "{ }");
  CHECK(root.get("e").value().raw() == "1E+05");
  CHECK(root.raw().front() == '{');
  CHECK(root.raw().back() == '}');
}

TEST_CASE("json: the document keeps its own copy, also when it moves") {
  std::string text = R"({"short":"x","escaped":"\u4e2d"})";
  auto first = parsed(text);
  text.assign(text.size(), '#');
  const JsonDocument second = std::move(first);
  CHECK(second.root().get_string("short").value() == "x");
  CHECK(second.root().get_string("escaped").value() == "中");
}

TEST_CASE("json: errors name the key and the kind, never the content") {
  const auto document = parsed(R"({"a":"secret","b":1,"n":null})");
  const JsonValue root = document.root();
  CHECK(root.get("x").error().message == "\"x\" is missing");
  CHECK(root.get_int64("a").error().message == "\"a\": expected an integer, found a string");
  CHECK(root.get_string("b").error().message == "\"b\": expected a string, found a number");
  CHECK(root.get_string("n").error().message == "\"n\": expected a string, found null");
  CHECK(root.find("n").has_value());
  CHECK_FALSE(root.find("x").has_value());
  CHECK(root.get("a").value().get("b").error().code == Errc::kMalformed);
  CHECK_FALSE(root.get("a").value().find("b").has_value());
  CHECK(root.elements().empty());
  CHECK(root.get("b").value().members().empty());
  const auto broken = JsonDocument::parse(R"({"a":"secret","b":tru})");
  CHECK(broken.error().message.find("secret") == std::string::npos);
  CHECK(broken.error().message.find("byte 18") != std::string::npos);
}

TEST_CASE("json: depth and size are limited") {
  CHECK(parsed(nested(kMaxJsonDepth)).root().is_array());
  CHECK(JsonDocument::parse(nested(kMaxJsonDepth + 1)).error().code == Errc::kMalformed);
  std::string text(kMaxJsonBytes, ' ');
  text[0] = '1';
  CHECK(parsed(text).root().as_int64().value() == 1);
  text += ' ';
  CHECK(JsonDocument::parse(text).error().code == Errc::kTooLarge);
  std::string values = "[0";
  while (values.size() < 2 * kMaxJsonValues + 2) values += ",0";
  CHECK(JsonDocument::parse(values + "]").error().code == Errc::kTooLarge);
}

const std::string kOrder =
    R"({"mchNo":"M1621873433953","appId":"60cc09bce4b0f1c0b83761c9","amount":100,"rate":0.30,)"
    R"("subject":"商品\n\"标题\"","list":[1,-2,{"k":null},[],{}],"ok":true,"no":false,"e":"\u4e2d"})";

TEST_CASE("json: a text cut off anywhere is refused") {
  for (std::size_t size = 0; size < kOrder.size(); ++size) {
    INFO(size);
    // A heap copy of the exact size, so that a sanitizer sees a read beyond it.
    const std::vector<char> cut(kOrder.begin(), kOrder.begin() + static_cast<std::ptrdiff_t>(size));
    REQUIRE_FALSE(JsonDocument::parse(std::string_view(cut.data(), cut.size())).has_value());
  }
}

/// Whether our tree and Boost.JSON's hold the same.
bool same(JsonValue ours, const boost::json::value& theirs) {
  switch (ours.kind()) {
    case JsonKind::kNull:
      return theirs.is_null();
    case JsonKind::kBool:
      return theirs.is_bool() && theirs.get_bool() == ours.as_bool().value();
    case JsonKind::kString:
      return theirs.is_string() &&
             ours.as_string().value() ==
                 std::string_view(theirs.get_string().data(), theirs.get_string().size());
    case JsonKind::kNumber: {
      if (!theirs.is_number()) return false;
      const auto integer = ours.as_int64();
      return !integer || (theirs.is_int64() && theirs.get_int64() == integer.value());
    }
    case JsonKind::kArray: {
      const auto elements = ours.elements();
      if (!theirs.is_array() || theirs.get_array().size() != elements.size()) return false;
      for (std::size_t i = 0; i < elements.size(); ++i)
        if (!same(elements[i], theirs.get_array()[i])) return false;
      return true;
    }
    case JsonKind::kObject: {
      const auto members = ours.members();
      if (!theirs.is_object() || theirs.get_object().size() != members.size()) return false;
      for (const JsonMember& member : members) {
        const auto* value = theirs.get_object().if_contains(
            boost::json::string_view(member.key.data(), member.key.size()));
        if (value == nullptr || !same(member.value, *value)) return false;
      }
      return true;
    }
  }
  return false;
}

TEST_CASE("json: a reader by other hands accepts the same texts and finds the same in them") {
  // Boost.JSON is strict too, but for equal keys. Mutations of a real body, by seed.
  std::mt19937_64 random(5);
  const std::string alphabet =
      "{}[]:,\"\\ \n0123456789.eE+-truefalsnu/bd\xe4\xbd\xa0\xed\x80\x00"
      "A";
  int accepted = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string text = kOrder;
    for (std::uint64_t edits = 1 + random() % 3; edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      const char c = alphabet[random() % alphabet.size()];
      switch (random() % 4) {
        case 0:
          text[at] = c;
          break;
        case 1:
          text.insert(at, 1, c);
          break;
        case 2:
          text.erase(at, 1 + random() % 4);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 12));
          break;
      }
    }
    boost::system::error_code error;
    const boost::json::value theirs = boost::json::parse(text, error);
    const auto ours = JsonDocument::parse(text);
    INFO("seed 5, round " << i << ": " << text);
    if (ours) {
      ++accepted;
      REQUIRE_FALSE(error.failed());
      REQUIRE(same(ours.value().root(), theirs));
    } else if (ours.error().message.find("twice") == std::string::npos) {
      REQUIRE(error.failed());
    }
  }
  CHECK(accepted > 1'000);
}

TEST_CASE("json: threads parse side by side") {
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2'000; ++i) {
        const std::string text = fmt::format(R"({{"t":{},"i":{},"s":"\u4e2d{}"}})", t, i, i);
        const auto document = JsonDocument::parse(text);
        if (document && document.value().root().get_int64("i").value() == i &&
            document.value().root().get_string("s").value() == fmt::format("中{}", i))
          ++good;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(good == 8'000);
}

TEST_CASE("json: a large text does not disturb the small ones around it") {
  std::string large = "[\"\\n\"";
  for (int i = 0; i < 100'000; ++i) large += ",\"\\u4e2d\"";
  large += "]";
  const auto before = parsed(R"({"a":"\u4e2d"})");
  CHECK(parsed(large).root().elements().size() == 100'001);
  const auto after = parsed(R"({"b":"\u6587"})");
  CHECK(before.root().get_string("a").value() == "中");
  CHECK(after.root().get_string("b").value() == "文");
}

TEST_CASE("json writer: commas, nesting and escapes") {
  JsonWriter writer;
  writer.begin_object()
      .field("s", "q\"b\\n\n\r\t\x01/中\x7f")
      .field("i", std::int64_t{-5})
      .field("small", 7)
      .field("u", std::numeric_limits<std::uint64_t>::max())
      .field("b", true)
      .field("text", std::string("x"))
      .key("z")
      .null()
      .key("a")
      .begin_array()
      .integer(std::numeric_limits<std::int64_t>::min())
      .begin_object()
      .end_object()
      .begin_array()
      .end_array()
      .boolean(false)
      .raw("0.30")
      .string("")
      .end_array()
      .field("last", 0U)
      .end_object();
  CHECK(writer.take() ==
        "{\"s\":\"q\\\"b\\\\n\\n\\r\\t\\u0001/中\x7f\",\"i\":-5,\"small\":7,"
        "\"u\":18446744073709551615,\"b\":true,\"text\":\"x\",\"z\":null,"
        "\"a\":[-9223372036854775808,{},[],false,0.30,\"\"],\"last\":0}");
  CHECK(writer.integer(1).take() == "1");  // afresh after take
}

TEST_CASE("json writer: bytes that are not UTF-8 are replaced, so that the output always reads") {
  std::string out;
  append_json_string(out,
                     "a\xff"
                     "b\xe4\xbd"
                     "c\xed\xa0\x80"
                     "中");
  CHECK(out ==
        "\"a\uFFFD"
        "b\uFFFD\uFFFD"
        "c\uFFFD\uFFFD\uFFFD"
        "中\"");
}

TEST_CASE("json writer: any string reads back") {
  std::mt19937_64 random(6);
  for (int i = 0; i < 5'000; ++i) {
    std::string text;
    for (std::uint64_t size = random() % 20; size > 0; --size)
      text += random() % 4 == 0 ? "中" : std::string(1, static_cast<char>(random() % 128));
    JsonWriter writer;
    writer.begin_object().field(text, text).end_object();
    const std::string json = writer.take();
    const auto document = parsed(json);
    REQUIRE(document.root().members()[0].key == text);
    REQUIRE(document.root().get_string(text).value() == text);
  }
}

TEST_CASE("json writer: wrong nesting is a bug and dies") {
  CHECK(test::dies([] { JsonWriter().take(); }));
  CHECK(test::dies([] { JsonWriter().begin_object().take(); }));
  CHECK(test::dies([] { JsonWriter().begin_object().integer(1); }));
  CHECK(test::dies([] { JsonWriter().begin_object().key("a").key("b"); }));
  CHECK(test::dies([] { JsonWriter().begin_object().key("a").end_object(); }));
  CHECK(test::dies([] { JsonWriter().begin_array().key("a"); }));
  CHECK(test::dies([] { JsonWriter().begin_array().end_object(); }));
  CHECK(test::dies([] { JsonWriter().end_array(); }));
  CHECK(test::dies([] { JsonWriter().integer(1).integer(2); }));
  CHECK(test::dies([] { JsonWriter().raw(""); }));
  CHECK_FALSE(test::dies([] { JsonWriter().begin_array().end_array().take(); }));
}

}  // namespace
}  // namespace suanpan
