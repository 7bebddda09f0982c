// The rules of request heads, and the layout of answers, without sockets.
#include "api/http_framing.h"

#include <catch2/catch.hpp>

using namespace suanpan;
using namespace suanpan::api;

TEST_CASE("http framing: the end of a head is found wherever the bytes are split") {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t split = 0; split <= head.size(); ++split) {
    const auto early = find_head_end(std::string_view(head).substr(0, split), 0);
    CHECK(early.has_value() == (split == head.size()));
    if (split < head.size()) CHECK(find_head_end(head + "rest", split) == head.size());
  }
}

TEST_CASE("http framing: a raw head with control characters or folded lines is refused") {
  struct Row {
    std::string head;
    bool refused;
  };
  using namespace std::string_literals;
  const Row rows[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: a\tb\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nX: caf\xc3\xa9\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nX: a\r\n\tb\r\n\r\n", true},
      {"GET / HTTP/1.1\r\n X: a\r\n\r\n", true},
      {"GET / HTTP/1.1\nHost: a\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nX: a\rb\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nX: a\r\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n"s, true},
      {"GET / HTTP/1.1\r\nX: \x7f\r\n\r\n", true},
      {"GET /\x01 HTTP/1.1\r\n\r\n", true},
  };
  for (const auto& row : rows) {
    CAPTURE(row.head);
    CHECK(check_raw_head(row.head).has_value() == row.refused);
  }
}

TEST_CASE("http framing: a parsed head is judged by method, target, Host and length") {
  using Fields = std::initializer_list<std::pair<std::string, std::string>>;
  struct Row {
    std::string method, target;
    Fields fields;
    bool http11;
    int status;  // 0: accepted
  };
  const Row rows[] = {
      {"GET", "/", {{"Host", "a"}}, true, 0},
      {"GET", "/a?b=%20", {{"host", "a"}}, true, 0},
      {"OPTIONS", "*", {{"Host", "a"}}, true, 0},
      {"GET", "/", {}, false, 0},
      {"POST", "/", {{"Host", "a"}, {"Content-Length", "0012"}}, true, 0},
      {"POST", "/", {{"Host", "a"}, {"Transfer-Encoding", "Chunked"}}, true, 0},
      {"POST", "/", {{"Host", "a"}, {"Expect", "100-Continue"}}, true, 0},
      {"GET", "/", {}, true, 400},
      {"GET", "/", {{"Host", "a"}, {"HOST", "a"}}, true, 400},
      {"GET", "/", {{"Host", "a"}, {"Host", "b"}}, false, 400},
      {"GET", "*", {{"Host", "a"}}, true, 400},
      {"GET", "http://a/", {{"Host", "a"}}, true, 400},
      {"GET", "a", {{"Host", "a"}}, true, 400},
      {"GET", "/a#b", {{"Host", "a"}}, true, 400},
      {"GET", "/caf\xc3\xa9", {{"Host", "a"}}, true, 400},
      {"get", "/", {{"Host", "a"}}, true, 501},
      {"CONNECT", "/", {{"Host", "a"}}, true, 501},
      {"TRACE", "/", {{"Host", "a"}}, true, 501},
      {"PROPFIND", "/", {{"Host", "a"}}, true, 501},
      {"POST", "/", {{"Host", "a"}, {"Content-Length", "1"}, {"content-length", "1"}}, true, 400},
      {"POST", "/", {{"Host", "a"}, {"Content-Length", "+1"}}, true, 400},
      {"POST", "/", {{"Host", "a"}, {"Content-Length", "1, 1"}}, true, 400},
      {"POST", "/", {{"Host", "a"}, {"Content-Length", ""}}, true, 400},
      {"POST", "/", {{"Host", "a"}, {"Content-Length", "0x1"}}, true, 400},
      {"POST",
       "/",
       {{"Host", "a"}, {"Content-Length", "1"}, {"Transfer-Encoding", "chunked"}},
       true,
       400},
      {"POST",
       "/",
       {{"Host", "a"}, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
       true,
       400},
      {"POST", "/", {{"Host", "a"}, {"Transfer-Encoding", "gzip, chunked"}}, true, 501},
      {"POST", "/", {{"Host", "a"}, {"Transfer-Encoding", "identity"}}, true, 501},
      {"POST", "/", {{"Host", "a"}, {"Transfer-Encoding", "chunked"}}, false, 400},
      {"POST", "/", {{"Host", "a"}, {"Expect", "200-ok"}}, true, 417},
  };
  for (const auto& row : rows) {
    HttpRequest request{row.method, row.target, HttpHeaders(row.fields), "", ""};
    const auto fault = check_request_head(request, row.http11);
    CAPTURE(row.method, row.target, row.http11, row.status);
    CHECK((fault ? fault->status : 0) == row.status);
  }
}

TEST_CASE("http framing: a problem document has the members of RFC 9457") {
  const auto response = problem_response(413, "Too much.");
  CHECK(response.status == 413);
  CHECK(response.headers.find("content-type") == "application/problem+json");
  CHECK(response.body ==
        R"({"type":"about:blank","title":"Content Too Large","status":413,"detail":"Too much."})");
}

TEST_CASE("http framing: an answer's head is laid out once, with our own framing fields") {
  HttpResponse response;
  response.status = 201;
  response.headers = {{"Content-Type", "text/plain"},
                      {"Content-Length", "99"},
                      {"Transfer-Encoding", "chunked"},
                      {"X-A", "1"}};
  response.body = "four";
  std::string out;
  const auto without_date = [&out] {
    const auto at = out.find("Date: ");
    return out.substr(0, at) + out.substr(out.find("\r\n", at) + 2);
  };
  REQUIRE(write_head(response, {}, out));
  CHECK(without_date() ==
        "HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nX-A: 1\r\nContent-Length: 4\r\n\r\n");
  REQUIRE(write_head(response, {.keep_alive = false}, out));
  CHECK(without_date().ends_with("Content-Length: 4\r\nConnection: close\r\n\r\n"));
  REQUIRE(write_head(response, {.http11 = false}, out));
  CHECK(without_date().ends_with("Connection: keep-alive\r\n\r\n"));
  response.status = 204;
  REQUIRE(write_head(response, {}, out));
  CHECK(out.find("Content-Length") == std::string::npos);
  CHECK_FALSE(has_body(response, {}));
}

TEST_CASE("http framing: a field that could break out of its line is not written") {
  std::string out;
  const std::pair<std::string, std::string> rows[] = {{"X", "a\r\nSet-Cookie: b"},
                                                      {"X", "a\nb"},
                                                      {"X", std::string(1, '\0')},
                                                      {"X\r\nY", "a"},
                                                      {"X Y", "a"},
                                                      {"", "a"}};
  for (const auto& row : rows) {
    HttpResponse response;
    response.headers = {row};  // add() and set() drop what this test is about
    CHECK_FALSE(write_head(response, {}, out));
  }
  HttpResponse interim;
  interim.status = 100;
  CHECK_FALSE(write_head(interim, {}, out));
}
