#include "channels/url.h"

#include <catch2/catch.hpp>

using namespace suanpan;
using namespace suanpan::channels;

TEST_CASE("url: what is well formed is read into its parts") {
  struct Row {
    std::string text, scheme, host;
    int port;
    std::string target, host_field;
  };
  const Row rows[] = {
      {"http://a", "http", "a", 80, "/", "a"},
      {"https://Pay.Example.COM/Notify?A=b", "https", "pay.example.com", 443, "/Notify?A=b",
       "pay.example.com"},
      {"HTTPS://a:443/", "https", "a", 443, "/", "a"},
      {"https://a:80/", "https", "a", 80, "/", "a:80"},
      {"http://a:65535?x=1", "http", "a", 65535, "/?x=1", "a:65535"},
      {"http://8.8.8.8:8080/x", "http", "8.8.8.8", 8080, "/x", "8.8.8.8:8080"},
      {"http://[2001:DB8::1]:81/x", "http", "2001:db8::1", 81, "/x", "[2001:db8::1]:81"},
      {"http://[::1]", "http", "::1", 80, "/", "[::1]"},
      {"http://a/%E4%BB%98", "http", "a", 80, "/%E4%BB%98", "a"},
      {"http://a/b@c:d/", "http", "a", 80, "/b@c:d/", "a"},
      {"http://xn--fiq228c.cn/", "http", "xn--fiq228c.cn", 80, "/", "xn--fiq228c.cn"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto url = Url::parse(row.text);
    REQUIRE(url);
    CHECK(url.value().scheme == row.scheme);
    CHECK(url.value().host == row.host);
    CHECK(url.value().port == row.port);
    CHECK(url.value().target == row.target);
    CHECK(url.value().host_field() == row.host_field);
    CHECK(url.value().origin() == row.scheme + "://" + row.host_field);
  }
  CHECK(Url::parse("http://8.8.8.8").value().host_is_address());
  CHECK(Url::parse("http://[::1]").value().host_is_address());
  CHECK_FALSE(Url::parse("http://a.example").value().host_is_address());
}

TEST_CASE("url: what two readers could take differently is refused") {
  using namespace std::string_literals;
  const std::string rows[] = {
      "",
      "a",
      "//a/",
      "http:/a",
      "http:a",
      "ftp://a/",
      "file:///etc/passwd",
      "javascript://a/",
      "http://",
      "http:///x",
      "http://user@a/",
      "http://user:pass@a/",
      "http://a@b@c/",
      "http://@a/",
      "http://a:b@127.0.0.1/",
      "http://a#@b/",
      "http://a/#x",
      "http://a\\@b/",
      "http://a\\b/",
      "http://a/b\\c",
      "http://a:",
      "http://a:0",
      "http://a:080",
      "http://a:65536",
      "http://a:-1",
      "http://a:8a",
      "http://a:80:80",
      "http://a b/",
      "http://a/ b",
      " http://a/",
      "http://a/\r\nX: y",
      "http://a\0.b/"s,
      "http://1.2.3.4\0/"s,
      "http://a/\xe4\xbb\x98",
      "http://\xe4\xbb\x98.cn/",
      "http://a/%",
      "http://a/%4",
      "http://a/%zz",
      "http://a/<x>",
      "http://a/\"",
      "http://127.1/",
      "http://127.0.1/",
      "http://2130706433/",
      "http://0x7f000001/",
      "http://0x7f.1/",
      "http://0177.0.0.1/",
      "http://127.0.0.01/",
      "http://1.2.3.4.5/",
      "http://256.1.1.1/",
      "http://1.2.3.4./",
      "http://a./",
      "http://.a/",
      "http://a..b/",
      "http://-a/",
      "http://a-/",
      "http://a_b/",
      "http://a%2eb/",
      "http://*.a/",
      "http://::1/",
      "http://[::1/",
      "http://[::1]x/",
      "http://[fe80::1%25eth0]/",
      "http://[1.2.3.4]/",
      "http://[]/",
      "http://" + std::string(64, 'a') + "/",
      "http://a/" + std::string(kMaxUrlBytes, 'x'),
  };
  for (const auto& row : rows) {
    CAPTURE(row);
    const auto url = Url::parse(row);
    REQUIRE_FALSE(url);
    CHECK(url.error().code == Errc::kMalformed);
  }
}
