#include "api/jeepay/sign.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "api/jeepay/requests.h"
#include "ledger/base/json.h"
#include "tests/api/jeepay/sdk.h"
#include "tests/support/shared_data.h"

using namespace suanpan;
using namespace suanpan::api::jeepay;
using suanpan::test::ask_sdk;

namespace {

const Secret kSecret{"offline-test-key"};

FieldBag bag_of(std::string_view json) {
  auto bag = FieldBag::from_json(json);
  INFO(json);
  REQUIRE(bag);
  return std::move(bag).value();
}

/// A message of the contract's sign vectors with its sign.
FieldBag with_sign(FieldBag bag, std::string_view sign) {
  bag.set_text("sign", sign);
  return bag;
}

Result<void> verify(const FieldBag& bag, FieldNames known = {}) {
  return verify_sign(bag, known, {kSecret});
}

struct Recorded {
  std::string path, content_type, body, canonical;
};

std::vector<Recorded> recorded_requests() {
  std::vector<Recorded> out;
  std::ifstream in(test::shared_data() / "jeepay" / "sdk-1.6.1-requests.jsonl");
  for (std::string line; std::getline(in, line);) {
    const auto document = JsonDocument::parse(line);
    REQUIRE(document);
    const JsonValue root = document.value().root();
    out.push_back({root.get_string("path").value(), root.get_string("content_type").value(),
                   root.get_string("body").value(), root.get_string("canonical").value()});
  }
  return out;
}

/// The fields Jeepay binds; binding a division receiver is not offered here, so by hand.
FieldNames known_of(const std::string& path) {
  const auto endpoint = endpoint_of(path);
  return endpoint ? known_fields(*endpoint) : FieldNames{};
}

}  // namespace

TEST_CASE("jeepay sign: the contract's vectors hold") {
  struct Vector {
    const char* json;
    const char* canonical;
    const char* sign;
  };
  const Vector vectors[] = {
      {R"({"version":"1.0","amount":100,"mchNo":"M1621873433953","signType":"MD5",
          "reqTime":"1700000000123","appId":"60cc09bce4b0f1c0b83761c9"})",
       "amount=100&appId=60cc09bce4b0f1c0b83761c9&mchNo=M1621873433953&reqTime=1700000000123"
       "&signType=MD5&version=1.0&",
       "CE76B1B36C5B683AD2F8FB0FCA95055B"},
      {R"({"a":"z","A":"a","a0":"prefix","version":"1.0","signType":"MD5",
          "reqTime":"1700000000123"})",
       "a0=prefix&A=a&a=z&reqTime=1700000000123&signType=MD5&version=1.0&",
       "BA9AF3B13F07EC35495DCC96D8171C56"},
      {R"({"subject":"测试商品","amount":1,"version":"1.0","signType":"MD5",
          "reqTime":"1700000000123"})",
       "amount=1&reqTime=1700000000123&signType=MD5&subject=测试商品&version=1.0&",
       "F9F6BC7ED815F9B4D129B4C16D28E2C7"},
      // close's empty data: printf 'key=offline-test-key' | md5sum
      {"{}", "", "BE4D6CE9B51C0A8E57A81953FF473DA5"},
  };
  for (const Vector& v : vectors) {
    const FieldBag bag = bag_of(v.json);
    CHECK(canonical_string(bag) == v.canonical);
    CHECK(sign(bag, SignType::kMd5, kSecret) == v.sign);
    CHECK(verify(with_sign(bag, v.sign)));
  }
}

TEST_CASE("jeepay sign: every recorded SDK request verifies, as JSON and as a form") {
  SHARED_OR_SKIP();
  const auto requests = recorded_requests();
  REQUIRE(requests.size() == 8);
  for (const Recorded& request : requests) {
    INFO(request.path << " " << request.body);
    HttpRequest http{
        "POST", request.path, {{"Content-Type", request.content_type}}, request.body, ""};
    const auto bag = FieldBag::from_request(http);
    REQUIRE(bag);
    CHECK(canonical_string(bag.value()) + "key=offline-test-key" == request.canonical);
    CHECK(verify(bag.value(), known_of(request.path)));
    // The SDK sends nothing that Jeepay does not know: both readings agree.
    if (endpoint_of(request.path)) {
      CHECK(canonical_string(bag.value(), known_of(request.path)) + "key=offline-test-key" ==
            request.canonical);
    }
    const auto form = FieldBag::from_form(bag.value().to_form());
    REQUIRE(form);
    CHECK(canonical_string(form.value()) + "key=offline-test-key" == request.canonical);
    CHECK(verify(form.value(), known_of(request.path)));
  }
}

TEST_CASE("jeepay sign: a change of any field of a recorded request is noticed") {
  SHARED_OR_SKIP();
  for (const Recorded& request : recorded_requests()) {
    const FieldBag good = bag_of(request.body);
    for (const Field& target : good.fields()) {
      INFO(request.path << " " << target.name);
      for (const bool removed : {false, true}) {
        FieldBag bad;
        for (Field field : good.fields()) {
          if (field.name == target.name) {
            if (removed) continue;
            field.text += field.kind == FieldKind::kNumber ? "1" : "x";
            if (field.name == "signType") field.text = "HMAC-SHA256";
          }
          REQUIRE(bad.add(field));
        }
        if (removed && (target.is_blank() || target.name == "signType")) continue;
        const auto verdict = verify(bad, known_of(request.path));
        REQUIRE_FALSE(verdict);
        const bool sign_missing = removed && target.name == "sign";
        CHECK(verdict.error().code == (sign_missing ? Errc::kMalformed : Errc::kBadSignature));
      }
    }
    // An added field that the endpoint knows breaks it as well; the endpoint's own reading too.
    FieldBag more = good;
    if (more.find("channelExtra") == nullptr && endpoint_of(request.path)) {
      const auto known = known_of(request.path);
      for (const auto name : known) {
        if (good.find(name) != nullptr) continue;
        FieldBag bad = good;
        bad.set_text(name, "x");
        CHECK_FALSE(verify(bad, known));
      }
    }
    CHECK_FALSE(verify_sign(good, known_of(request.path), {Secret{"offline-test-kez"}}));
  }
}

TEST_CASE("jeepay sign: unknown fields may be signed or not") {
  const auto known = known_fields(Endpoint::kPayQuery);
  const char* signed_over_all =
      R"({"mchNo":"M1","appId":"A","payOrderId":"P1","reqTime":"1700000000123","signType":"MD5",
         "version":"1.0","traceId":"t"})";
  FieldBag all = bag_of(signed_over_all);
  all.set_text("sign", ask_sdk({{"sign", signed_over_all}})[0]);
  CHECK(verify(all, known));

  const char* without =
      R"({"mchNo":"M1","appId":"A","payOrderId":"P1","reqTime":"1700000000123","signType":"MD5",
         "version":"1.0"})";
  FieldBag only_known = bag_of(signed_over_all);
  only_known.set_text("sign", ask_sdk({{"sign", without}})[0]);
  CHECK(verify(only_known, known));
  // A field the endpoint knows cannot hide that way.
  FieldBag hidden = bag_of(without);
  hidden.set_text("sign", ask_sdk({{"sign", without}})[0]);
  hidden.set_text("mchOrderNo", "other");
  CHECK_FALSE(verify(hidden, known));
}

TEST_CASE("jeepay sign: texts, order and blanks as a second implementation has them") {
  const char* messages[] = {
      R"({"amount":0,"flag":false,"on":true,"empty":"","none":null,"blank":" "})",
      R"({"rate":0.30,"big":9223372036854775807,"neg":-5,"deep":{"a":["1",{"b":"中"}]},"list":[]})",
      R"({"b":"2","B1":"1","_x":"3","Z":"4","a_b":"5","aB":"6","a-b":"7","a.b":"8"})",
      R"({"A":"b","a":"B1","k":"😀","K":"！"})",
      R"({"k":"！","K":"😀","quote":"\"\\/\u4e2d\t"})",
      R"({"sign":"left out","Sign":"kept","key":"value&x=1"})",
  };
  std::vector<test::SdkTask> tasks;
  for (const char* message : messages) {
    for (const char* type : {"MD5", "HMAC-SHA256"}) tasks.push_back({"sign", message, type});
  }
  const auto verdicts = ask_sdk(tasks);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    INFO(tasks[i].text << " " << tasks[i].type);
    const auto type = sign_type_of(tasks[i].type);
    REQUIRE(type);
    CHECK(sign(bag_of(tasks[i].text), *type, kSecret) == verdicts[i]);
  }
}

TEST_CASE("jeepay sign: HMAC-SHA256 is keyed by the secret over the canonical string") {
  // printf 'amount=1&signType=HMAC-SHA256&' | openssl dgst -sha256 -hmac offline-test-key
  const FieldBag bag = bag_of(R"({"signType":"HMAC-SHA256","amount":1})");
  std::string expected = test::run_outside("openssl dgst -sha256 -hmac offline-test-key -r",
                                           "amount=1&signType=HMAC-SHA256&")
                             .substr(0, 64);
  CHECK(verify(with_sign(bag, expected)));  // lower case
  for (char& c : expected) c = static_cast<char>(std::toupper(c));
  CHECK(sign(bag, SignType::kHmacSha256, kSecret) == expected);
  CHECK(verify(with_sign(bag, expected)));
  // The digest of one type is not taken for the other's.
  CHECK_FALSE(verify(with_sign(bag, sign(bag, SignType::kMd5, kSecret))));
}

TEST_CASE("jeepay sign: bad, missing and unsupported signatures are told apart") {
  const char* json = R"({"amount":1,"signType":"MD5"})";
  const std::string good = sign(bag_of(json), SignType::kMd5, kSecret);
  struct Row {
    const char* what;
    std::string json;
    std::string sign;
    Errc code;
  };
  const Row rows[] = {
      {"missing", json, "", Errc::kMalformed},
      {"short", json, good.substr(1), Errc::kBadSignature},
      {"long", json, good + "0", Errc::kBadSignature},
      {"padded", json, " " + good, Errc::kBadSignature},
      {"one digit off", json, (good[0] == '0' ? "1" : "0") + good.substr(1), Errc::kBadSignature},
      {"unknown type", R"({"amount":1,"signType":"RSA2"})", good, Errc::kUnsupported},
      {"null sign", R"({"amount":1,"sign":null})", "", Errc::kMalformed},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const auto verdict = verify(with_sign(bag_of(row.json), row.sign));
    REQUIRE_FALSE(verdict);
    CHECK(verdict.error().code == row.code);
    CHECK(verdict.error().message.find("offline") == std::string::npos);
  }
  std::string lower = good;
  for (char& c : lower) c = static_cast<char>(std::tolower(c));
  CHECK(verify(with_sign(bag_of(json), lower)));

  const auto off = verify_sign(with_sign(bag_of(json), good), {}, {kSecret, false});
  REQUIRE_FALSE(off);
  CHECK(off.error().code == Errc::kUnsupported);
  // Leaving signType out is no way round the switch.
  const FieldBag bare = bag_of(R"({"amount":1})");
  CHECK(verify(with_sign(bare, sign(bare, SignType::kMd5, kSecret))));
  CHECK_FALSE(
      verify_sign(with_sign(bare, sign(bare, SignType::kMd5, kSecret)), {}, {kSecret, false}));
  // An app without a secret can be signed for by anybody, so by nobody.
  const Secret none;
  CHECK_FALSE(verify_sign(with_sign(bare, sign(bare, SignType::kMd5, none)), {}, {none}));
}

TEST_CASE("jeepay fields: bodies that cannot be believed are refused") {
  struct Row {
    const char* what;
    const char* type;
    std::string body;
    Errc code;
  };
  std::string many = "{";
  for (int i = 0; i < 65; ++i) many += (i ? ",\"f" : "\"f") + std::to_string(i) + "\":1";
  many += "}";
  const char* json = "application/json";
  const char* form = "application/x-www-form-urlencoded";
  const Row rows[] = {
      {"malformed JSON", json, "{\"a\":", Errc::kMalformed},
      {"duplicate key", json, R"({"amount":1,"amount":100})", Errc::kMalformed},
      {"duplicate key, escaped", json, R"({"amount":1,"\u0061mount":100})", Errc::kMalformed},
      {"array", json, "[1]", Errc::kMalformed},
      {"string", json, "\"a\"", Errc::kMalformed},
      {"trailing bytes", json, "{} {}", Errc::kMalformed},
      {"name with =", json, R"({"a=1&b":"x"})", Errc::kMalformed},
      {"empty name", json, R"({"":"x"})", Errc::kMalformed},
      {"Chinese name", json, R"({"金额":"x"})", Errc::kMalformed},
      {"NUL", json, R"({"a":"x\u0000y"})", Errc::kMalformed},
      {"too many fields", json, many, Errc::kTooLarge},
      {"duplicate form field", form, "amount=1&amount=100", Errc::kMalformed},
      {"duplicate form field, encoded", form, "amount=1&%61mount=100", Errc::kMalformed},
      {"broken escape", form, "a=%4", Errc::kMalformed},
      {"not UTF-8", form, "a=%ff%fe", Errc::kMalformed},
      {"overlong UTF-8", form, "a=%c0%af", Errc::kMalformed},
      {"form with NUL", form, "a=%00", Errc::kMalformed},
      {"form name with &", form, "a%26b=1", Errc::kMalformed},
      {"other content type", "text/plain", "{}", Errc::kUnsupported},
      {"no content type", "", "{}", Errc::kUnsupported},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const HttpRequest request{"POST", "/api/pay/query", {{"Content-Type", row.type}}, row.body, ""};
    const auto bag = FieldBag::from_request(request);
    REQUIRE_FALSE(bag);
    CHECK(bag.error().code == row.code);
  }
  CHECK(FieldBag::from_request({"POST", "/", {{"content-type", "Application/JSON"}}, "{}", ""}));
  const auto query =
      FieldBag::from_request({"GET", "/api/pay/query?mchNo=M1&x=%e4%b8%ad+a", {}, "", ""});
  REQUIRE(query);
  CHECK(query.value().text("mchNo") == "M1");
  CHECK(query.value().text("x") == "中 a");
}
