#include "ledger/base/digest.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "ledger/base/json.h"
#include "tests/support/shared_data.h"

namespace suanpan {
namespace {

std::string bytes(std::string_view hex) {
  const auto decoded = from_hex(hex);
  REQUIRE(decoded.has_value());
  return *decoded;
}

TEST_CASE("sha256: the examples of FIPS 180-4") {
  CHECK(hex_lower(sha256("")) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex_lower(sha256("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex_lower(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(hex_lower(sha256(std::string(1'000'000, 'a'))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sha1: the examples of FIPS 180-4") {
  CHECK(hex_lower(sha1("")) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(hex_lower(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(hex_lower(sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

TEST_CASE("md5: the test suite of RFC 1321") {
  CHECK(hex_lower(md5("")) == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(hex_lower(md5("a")) == "0cc175b9c0f1b6a831c399e269772661");
  CHECK(hex_lower(md5("abc")) == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(hex_lower(md5("message digest")) == "f96b697d7cb7938d525a2f31aaf161d0");
  CHECK(hex_lower(md5("abcdefghijklmnopqrstuvwxyz")) == "c3fcd3d76192e4007dfb496cca67e13b");
  CHECK(hex_lower(md5("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")) ==
        "d174ab98d277d9f5a5611c2c9f419d9f");
  CHECK(hex_lower(md5("1234567890123456789012345678901234567890123456789012345678901234567890123456"
                      "7890")) == "57edf4a22be3c955ac49da2e2107b67a");
}

TEST_CASE("md5: the signatures that the Jeepay SDK makes") {
  CHECK(hex_upper(md5("amount=100&appId=60cc09bce4b0f1c0b83761c9&mchNo=M1621873433953&reqTime="
                      "1700000000123&signType=MD5&version=1.0&key=offline-test-key")) ==
        "CE76B1B36C5B683AD2F8FB0FCA95055B");
  CHECK(hex_upper(md5("a0=prefix&A=a&a=z&reqTime=1700000000123&signType=MD5&version=1.0&key=offline"
                      "-test-key")) == "BA9AF3B13F07EC35495DCC96D8171C56");
  CHECK(
      hex_upper(md5("amount=1&reqTime=1700000000123&signType=MD5&subject=测试商品&version=1.0&key="
                    "offline-test-key")) == "F9F6BC7ED815F9B4D129B4C16D28E2C7");
}

TEST_CASE("hmac-sha256: the test cases of RFC 4231") {
  struct Row {
    std::string key, data;
    const char* tag;
  };
  const Row rows[] = {
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {bytes("0102030405060708090a0b0c0d0e0f10111213141516171819"), std::string(50, '\xcd'),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {std::string(131, '\xaa'),
       "This is a test using a larger than block-size key and a larger than block-size data. The "
       "key needs to be hashed before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
      {"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
  };
  for (const Row& row : rows) CHECK(hex_lower(hmac_sha256(row.key, row.data)) == row.tag);
}

TEST_CASE("digest: a running digest equals that of the whole, however it is cut") {
  std::mt19937_64 random(7);
  Sha256Stream stream;
  for (int i = 0; i < 300; ++i) {
    std::string text(random() % 500, '\0');
    for (char& c : text) c = static_cast<char>(random());
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t size = std::min<std::size_t>(rest.size(), 1 + random() % 100);
      stream.update(rest.substr(0, size));
      rest.remove_prefix(size);
      sha256("something else in between");
    }
    REQUIRE(stream.finish() == sha256(text));
  }
  CHECK(stream.finish() == sha256(""));
}

TEST_CASE("digest: threads hash side by side") {
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1'000; ++i)
        if (hex_lower(md5("abc")) == "900150983cd24fb0d6963f7d28e17f72" &&
            hex_lower(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d" &&
            sha256("abc")[0] == 0xba)
          ++good;
    });
  for (auto& thread : threads) thread.join();
  CHECK(good == 4'000);
}

TEST_CASE("digest: an id is the first half of SHA-256") {
  CHECK(id_of("abc").hex() == "ba7816bf8f01cfea414140de5dae2223");
}

TEST_CASE("crc32c: the examples of RFC 3720, with and without the instruction") {
  std::string rising(32, '\0'), falling(32, '\0');
  for (int i = 0; i < 32; ++i) {
    rising[static_cast<std::size_t>(i)] = static_cast<char>(i);
    falling[static_cast<std::size_t>(i)] = static_cast<char>(31 - i);
  }
  struct Row {
    std::string data;
    std::uint32_t crc;
  };
  const Row rows[] = {
      {std::string(32, '\0'), 0x8a9136aa},
      {std::string(32, '\xff'), 0x62a8ab43},
      {rising, 0x46dd794e},
      {falling, 0x113fdb5c},
      {"123456789", 0xe3069283},
      {"", 0},
  };
  for (const Row& row : rows) {
    CHECK(crc32c(row.data) == row.crc);
    CHECK(~detail::crc32c_portable(~0U, row.data.data(), row.data.size()) == row.crc);
  }
  std::mt19937_64 random(8);
  for (int i = 0; i < 2'000; ++i) {
    std::string text(random() % 200, '\0');
    for (char& c : text) c = static_cast<char>(random());
    REQUIRE(crc32c(text) == ~detail::crc32c_portable(~0U, text.data(), text.size()));
  }
}

TEST_CASE("base64: the examples of RFC 4648, and strictly nothing else") {
  const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : rows) {
    CHECK(base64(plain) == encoded);
    CHECK(from_base64(encoded) == std::string(plain));
  }
  CHECK(base64("\xfb\xff\xfe") == "+//+");
  for (const char* text : {"Z",    "Zg",       "Zg=",  "Zm8",    "Zg===",
                           "=",    "==",       "===",  "====",   "Z===",
                           "Zm=8", "Zh==",     "Zm9=", "Zm9v\n", "Zm 9",
                           "-__-", "Zg==Zg==", "Zm9*", "Zm9v=",  "\xff\xff\xff\xff"}) {
    INFO(text);
    CHECK_FALSE(from_base64(text).has_value());
  }
}

TEST_CASE("encodings: any bytes read back") {
  std::mt19937_64 random(9);
  for (int i = 0; i < 2'000; ++i) {
    std::string text(random() % 100, '\0');
    for (char& c : text) c = static_cast<char>(random());
    REQUIRE(from_base64(base64(text)) == text);
    const std::span view(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    REQUIRE(from_hex(hex_lower(view)) == text);
    REQUIRE(from_hex(hex_upper(view)) == text);
  }
}

TEST_CASE("hex: odd lengths and other characters are refused") {
  CHECK(from_hex("00fF7f") == std::string("\x00\xff\x7f", 3));
  CHECK(from_hex("") == std::string());
  for (const char* text : {"0", "0g", "0x", " 0", "00 ", "-1", "\xff\xff"})
    CHECK_FALSE(from_hex(text).has_value());
}

TEST_CASE("hex: a SHA-256 is 64 digits and no other text") {
  // FIPS 180-4, of the empty message
  const std::string text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const auto digest = sha256_from_hex(text);
  REQUIRE(digest);
  CHECK(digest->front() == 0xe3);
  CHECK(digest->back() == 0x55);
  CHECK(bytes_of(*digest) == from_hex(text));
  for (const std::string& other :
       {std::string(), text.substr(2), text + "00", text.substr(1) + "g"})
    CHECK_FALSE(sha256_from_hex(other));
}

TEST_CASE("digest: comparison in constant time is a comparison") {
  CHECK(equal_constant_time("", ""));
  CHECK(equal_constant_time({}, ""));
  CHECK(equal_constant_time("abc", "abc"));
  CHECK_FALSE(equal_constant_time("abc", "abd"));
  CHECK_FALSE(equal_constant_time("Abc", "abc"));
  CHECK_FALSE(equal_constant_time("abc", "ab"));
  CHECK_FALSE(equal_constant_time("", "a"));
}

TEST_CASE("random: bytes and ids do not repeat") {
  CHECK(random_bytes(0).empty());
  CHECK(random_bytes(33).size() == 33);
  std::set<Id128> ids;
  for (int i = 0; i < 10'000; ++i) ids.insert(random_id());
  CHECK(ids.size() == 10'000);
  CHECK(random_bytes(16) != random_bytes(16));
}

TEST_CASE("ids: hexadecimal text reads back, anything else does not") {
  const Id128 id{0x0123456789abcdef, 0xfedcba9876543210};
  CHECK(id.hex() == "0123456789abcdeffedcba9876543210");
  CHECK(Id128::from_hex(id.hex()) == id);
  CHECK(Id128::from_hex("0123456789ABCDEFFEDCBA9876543210") == id);
  CHECK(fmt::format("{}", id) == id.hex());
  for (const char* text :
       {"", "0123456789abcdeffedcba987654321", "0123456789abcdeffedcba98765432100",
        "0123456789abcdeffedcba987654321g", "0x23456789abcdeffedcba9876543210"})
    CHECK_FALSE(Id128::from_hex(text).has_value());
}

TEST_CASE("md5: the requests recorded from the Jeepay SDK verify") {
  SHARED_OR_SKIP();
  // Only the mechanics: sort "k=v&" ignoring case, append the key, MD5, upper case.
  std::ifstream file(test::shared_data() / "jeepay" / "sdk-1.6.1-requests.jsonl");
  int verified = 0;
  for (std::string line; std::getline(file, line);) {
    const auto record = JsonDocument::parse(line);
    REQUIRE(record.has_value());
    const auto body = record.value().root().find("body");
    if (!body) continue;
    std::optional<JsonDocument> inner;
    JsonValue fields = *body;
    if (body->is_string()) {
      auto parsed = JsonDocument::parse(body->as_string().value());
      REQUIRE(parsed.has_value());
      inner.emplace(std::move(parsed).value());
      fields = inner->root();
    }
    std::vector<std::string> pieces;
    std::string sign;
    for (const JsonMember& member : fields.members()) {
      const std::string value(member.value.is_string() ? member.value.as_string().value()
                                                       : member.value.raw());
      if (member.key == "sign")
        sign = value;
      else if (!member.value.is_null() && !value.empty())
        pieces.push_back(std::string(member.key) + "=" + value + "&");
    }
    std::sort(pieces.begin(), pieces.end(), [](const std::string& a, const std::string& b) {
      return std::lexicographical_compare(
          a.begin(), a.end(), b.begin(), b.end(),
          [](unsigned char x, unsigned char y) { return std::tolower(x) < std::tolower(y); });
    });
    std::string text;
    for (const std::string& piece : pieces) text += piece;
    CHECK(hex_upper(md5(text + "key=offline-test-key")) == sign);
    ++verified;
  }
  CHECK(verified > 0);
}

}  // namespace
}  // namespace suanpan
