#include "ledger/base/http_message.h"

#include <catch2/catch.hpp>
#include <random>

namespace suanpan {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("headers: names compare ignoring case, the first field wins") {
  HttpHeaders headers{{"Content-Type", "a"}, {"X", "1"}, {"x", "2"}};
  CHECK(headers.find("content-type") == "a");
  CHECK(headers.find("X") == "1");
  CHECK(headers.count("x") == 2);
  CHECK_FALSE(headers.find("Content").has_value());
  CHECK_FALSE(headers.find("").has_value());
  CHECK(headers.count("none") == 0);
}

TEST_CASE("headers: set replaces all fields of that name, add keeps them") {
  HttpHeaders headers{{"A", "1"}, {"B", "2"}, {"a", "3"}};
  headers.set("a", "9");
  CHECK(headers.fields() == Pairs{{"A", "9"}, {"B", "2"}});
  headers.add("A", "10");
  CHECK(headers.count("a") == 2);
  CHECK(headers.find("a") == "9");
  headers.set("C", "4");
  CHECK(headers.fields().back() == std::pair<std::string, std::string>{"C", "4"});
}

TEST_CASE("headers: a value from outside cannot add a field") {
  HttpHeaders headers;
  headers.set("Location", "/a\r\nSet-Cookie: x\n");
  headers.add("Location", std::string_view("b\0c\r", 4));
  CHECK(headers.fields() == Pairs{{"Location", "/aSet-Cookie: x"}, {"Location", "bc"}});
}

TEST_CASE("request: path and query are parts of the target") {
  HttpRequest request;
  request.target = "/v1/books?x=1&y=?";
  CHECK(request.path() == "/v1/books");
  CHECK(request.query() == "x=1&y=?");
  request.target = "/v1/books";
  CHECK(request.path() == "/v1/books");
  CHECK(request.query().empty());
  request.target = "/?";
  CHECK(request.path() == "/");
  CHECK(request.query().empty());
}

TEST_CASE("percent: escapes are resolved, broken ones refused") {
  CHECK(percent_decode("a%20b%E4%B8%AD+%2b", false) == "a b中++");
  CHECK(percent_decode("a+b%2B", true) == "a b+");
  CHECK(percent_decode("%00", false) == std::string(1, '\0'));
  CHECK(percent_decode("", false) == "");
  for (const char* text : {"%", "%4", "a%", "a%4", "%zz", "%4g", "%g4", "%-1", "% 1", "%%41"}) {
    INFO(text);
    CHECK_FALSE(percent_decode(text, false).has_value());
    CHECK_FALSE(parse_form(text).has_value());
    CHECK_FALSE(parse_form(std::string("a=") + text).has_value());
  }
}

TEST_CASE("percent: only unreserved characters stay") {
  CHECK(percent_encode("AZaz09-._~") == "AZaz09-._~");
  CHECK(percent_encode(" !*'();:@&=+$,/?#[]%\"中") ==
        "%20%21%2A%27%28%29%3B%3A%40%26%3D%2B%24%2C%2F%3F%23%5B%5D%25%22%E4%B8%AD");
}

TEST_CASE("percent: any bytes read back") {
  std::mt19937_64 random(10);
  for (int i = 0; i < 2'000; ++i) {
    std::string text(random() % 50, '\0');
    for (char& c : text) c = static_cast<char>(random());
    REQUIRE(percent_decode(percent_encode(text), false) == text);
    REQUIRE(percent_decode(percent_encode(text), true) == text);
  }
}

TEST_CASE("form: pairs come in order, repeated names are kept") {
  CHECK(parse_form("a=1&b=%20&c=x+y") == Pairs{{"a", "1"}, {"b", " "}, {"c", "x y"}});
  CHECK(parse_form("a=1&a=2") == Pairs{{"a", "1"}, {"a", "2"}});
  CHECK(parse_form("a&b=&=c&d=e=f") == Pairs{{"a", ""}, {"b", ""}, {"", "c"}, {"d", "e=f"}});
  CHECK(parse_form("&&a=1&&") == Pairs{{"a", "1"}});
  CHECK(parse_form("%61%3D=%26") == Pairs{{"a=", "&"}});
  CHECK(parse_form("") == Pairs{});
}

}  // namespace
}  // namespace suanpan
