#include "api/jeepay/requests.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "ledger/base/json.h"
#include "tests/support/shared_data.h"

using namespace suanpan;
using namespace suanpan::api::jeepay;

namespace {

FieldBag bag_of(std::string_view json) {
  auto bag = FieldBag::from_json(json);
  INFO(json);
  REQUIRE(bag);
  return std::move(bag).value();
}

// Members of an object without its braces, so that a row can replace one field.
constexpr std::string_view kCommon =
    R"("mchNo":"M1","appId":"A","version":"1.0","signType":"MD5","reqTime":"1700000000123","sign":"S")";
constexpr std::string_view kOrder =
    R"("mchOrderNo":"o1","wayCode":"WX_NATIVE","amount":100,"currency":"CNY","subject":"s","body":"b")";
constexpr std::string_view kRefund =
    R"("payOrderId":"P1","mchRefundNo":"r1","refundAmount":4,"currency":"cny","refundReason":"退款")";
constexpr std::string_view kTransfer =
    R"("mchOrderNo":"t1","ifCode":"bank","entryType":"BANK_CARD","amount":1,"currency":"CNY",)"
    R"("accountNo":"6217","accountName":"张三","bankName":"b","transferDesc":"d")";

/// A message of `members` with `name` set to the JSON text `value`, or taken out if that is empty.
FieldBag with(std::string_view members, std::string_view name, std::string_view value) {
  const FieldBag whole = bag_of(fmt::format("{{{},{}}}", kCommon, members));
  FieldBag out;
  for (const Field& field : whole.fields()) {
    if (field.name != name) REQUIRE(out.add(field));
  }
  if (value.empty()) return out;
  const FieldBag one = bag_of(fmt::format("{{\"{}\":{}}}", name, value));
  REQUIRE(out.add(one.fields()[0]));
  return out;
}

template <class T>
void check_refused(const Result<T>& result, Errc code, std::string_view named) {
  REQUIRE_FALSE(result);
  CHECK(result.error().code == code);
  INFO(result.error().message);
  CHECK(result.error().message.find(named) != std::string::npos);
}

std::string in_quotes(std::string_view text) { return fmt::format("\"{}\"", text); }

struct BadField {
  const char* field;
  std::string value;  ///< JSON; empty: absent
  Errc code;
};

const std::string kLong65(65, 'x');
const std::string kUrlTooLong = "https://h/" + std::string(250, 'x');

}  // namespace

TEST_CASE("jeepay requests: the recorded SDK requests parse") {
  SHARED_OR_SKIP();
  std::ifstream in(test::shared_data() / "jeepay" / "sdk-1.6.1-requests.jsonl");
  int parsed = 0;
  for (std::string line; std::getline(in, line);) {
    const auto document = JsonDocument::parse(line);
    REQUIRE(document);
    const std::string path = document.value().root().get_string("path").value();
    const FieldBag bag = bag_of(document.value().root().get_string("body").value());
    const auto endpoint = endpoint_of(path);
    INFO(path);
    if (!endpoint) continue;
    ++parsed;
    if (*endpoint == Endpoint::kUnifiedOrder) {
      const auto request = parse_unified_order(bag);
      REQUIRE(request);
      CHECK(request.value().envelope.mch_no == "M1621873433953");
      CHECK(request.value().amount == Money{100, Currency::kCNY});
      CHECK(request.value().subject == "商品\"标题\" &x=1");
      CHECK(request.value().expires_in_s == 3600);
      CHECK(request.value().payer_openid == "o6");
      CHECK(request.value().return_url.empty());
    } else if (*endpoint == Endpoint::kPayQuery) {
      const auto request = parse_pay_order(bag);
      REQUIRE(request);
      CHECK(request.value().mch_order_no == "q1");
    } else if (*endpoint == Endpoint::kPayClose) {
      const auto request = parse_pay_order(bag);
      REQUIRE(request);
      CHECK(request.value().pay_order_id == "P1");
    } else if (*endpoint == Endpoint::kRefundOrder) {
      const auto request = parse_refund_order(bag);
      REQUIRE(request);
      CHECK(request.value().refund == Money{4, Currency::kCNY});
      CHECK(request.value().mch_order_no.empty());
    } else {
      const auto request = parse_transfer_order(bag);
      REQUIRE(request);
      CHECK(request.value().entry_type == "WX_CASH");
    }
  }
  CHECK(parsed == 7);
}

TEST_CASE("jeepay requests: a bad envelope is refused naming the field") {
  const BadField rows[] = {
      {"mchNo", "", Errc::kMalformed},
      {"mchNo", "\"\"", Errc::kMalformed},
      {"mchNo", "null", Errc::kMalformed},
      {"mchNo", in_quotes(kLong65), Errc::kTooLarge},
      {"appId", "", Errc::kMalformed},
      {"appId", "\"a b\"", Errc::kMalformed},
      {"version", "", Errc::kMalformed},
      {"signType", "", Errc::kMalformed},
      {"signType", "\"RSA\"", Errc::kMalformed},
      {"sign", "", Errc::kMalformed},
      {"reqTime", "", Errc::kMalformed},
      {"reqTime", "\"170000000012\"", Errc::kMalformed},
      {"reqTime", "\"17000000001234\"", Errc::kMalformed},
      {"reqTime", "\"170000000012x\"", Errc::kMalformed},
      {"reqTime", "\" 70000000012 \"", Errc::kMalformed},
      {"reqTime", "-170000000012", Errc::kMalformed},
      {"reqTime", "true", Errc::kMalformed},
      {"reqTime", "[1]", Errc::kMalformed},
  };
  for (const BadField& row : rows) {
    INFO(row.field << " = " << row.value);
    check_refused(parse_envelope(with(kOrder, row.field, row.value)), row.code, row.field);
    check_refused(parse_pay_order(with(kOrder, row.field, row.value)), row.code, row.field);
  }
  // PHP and JavaScript clients send the time as a number.
  const auto number = parse_envelope(with(kOrder, "reqTime", "1700000000123"));
  REQUIRE(number);
  CHECK(number.value().req_time.ms() == 1700000000123);
}

TEST_CASE("jeepay requests: a bad order is refused naming the field") {
  const BadField rows[] = {
      {"mchOrderNo", "", Errc::kMalformed},
      {"mchOrderNo", in_quotes(kLong65), Errc::kTooLarge},
      {"mchOrderNo", "\"订单\"", Errc::kMalformed},
      {"mchOrderNo", "\"a&b=c\"", Errc::kMalformed},
      {"mchOrderNo", "\"a\\nb\"", Errc::kMalformed},
      {"mchOrderNo", "{}", Errc::kMalformed},
      {"mchOrderNo", "true", Errc::kMalformed},
      {"wayCode", "", Errc::kMalformed},
      {"amount", "", Errc::kMalformed},
      {"amount", "0", Errc::kMalformed},
      {"amount", "-1", Errc::kMalformed},
      {"amount", "-0", Errc::kMalformed},
      {"amount", "1.5", Errc::kMalformed},
      {"amount", "1.0", Errc::kMalformed},
      {"amount", "1e2", Errc::kMalformed},
      {"amount", "\"1.5\"", Errc::kMalformed},
      {"amount", "\"1e2\"", Errc::kMalformed},
      {"amount", "\"+1\"", Errc::kMalformed},
      {"amount", "\"01\"", Errc::kMalformed},
      {"amount", "\" 1\"", Errc::kMalformed},
      {"amount", "\"1 \"", Errc::kMalformed},
      {"amount", "\"0x10\"", Errc::kMalformed},
      {"amount", "\"一百\"", Errc::kMalformed},
      {"amount", "true", Errc::kMalformed},
      {"amount", "[100]", Errc::kMalformed},
      {"amount", "9223372036854775807", Errc::kTooLarge},
      {"amount", "9223372036854775808", Errc::kTooLarge},
      {"amount", "\"9223372036854775808\"", Errc::kTooLarge},
      {"amount", "\"18446744073709551617\"", Errc::kTooLarge},
      {"amount", "1000000000000001", Errc::kTooLarge},
      {"currency", "", Errc::kMalformed},
      {"currency", "\"XXX\"", Errc::kMalformed},
      {"currency", "156", Errc::kMalformed},
      {"subject", "", Errc::kMalformed},
      {"subject", "\"  \"", Errc::kMalformed},
      {"subject", "\"a\\u0007b\"", Errc::kMalformed},
      {"subject", in_quotes(kLong65), Errc::kTooLarge},
      {"body", "", Errc::kMalformed},
      {"body", in_quotes(std::string(257, 'x')), Errc::kTooLarge},
      {"clientIp", "\"localhost\"", Errc::kMalformed},
      {"notifyUrl", "\"ftp://h/\"", Errc::kMalformed},
      {"notifyUrl", "\"//h/\"", Errc::kMalformed},
      {"notifyUrl", "\"http://\"", Errc::kMalformed},
      {"notifyUrl", "\"https:///path\"", Errc::kMalformed},
      {"notifyUrl", "\"http://user@h/\"", Errc::kMalformed},
      {"notifyUrl", "\"http://h/a b\"", Errc::kMalformed},
      {"notifyUrl", "\"http://h/\\r\\nX: y\"", Errc::kMalformed},
      {"notifyUrl", "\"javascript:alert(1)\"", Errc::kMalformed},
      {"returnUrl", in_quotes(kUrlTooLong), Errc::kTooLarge},
      {"expiredTime", "0", Errc::kMalformed},
      {"expiredTime", "\"-1\"", Errc::kMalformed},
      {"expiredTime", "\"1h\"", Errc::kMalformed},
      {"expiredTime", "1.5", Errc::kMalformed},
      {"expiredTime", "2592001", Errc::kTooLarge},
      {"channelExtra", "\"openid\"", Errc::kMalformed},
      {"channelExtra", "\"[1]\"", Errc::kMalformed},
      {"channelExtra", "\"{\\\"a\\\":1,\\\"a\\\":2}\"", Errc::kMalformed},
      {"channelExtra", "\"{\\\"openid\\\":1}\"", Errc::kMalformed},
      {"extParam", in_quotes(std::string(513, 'x')), Errc::kTooLarge},
      {"divisionMode", "3", Errc::kTooLarge},
      {"divisionMode", "-1", Errc::kMalformed},
      {"divisionMode", "\"x\"", Errc::kMalformed},
  };
  for (const BadField& row : rows) {
    INFO(row.field << " = " << row.value);
    check_refused(parse_unified_order(with(kOrder, row.field, row.value)), row.code, row.field);
  }
  check_refused(parse_unified_order(with(kOrder, "wayCode", "\"WX_JSAPI\"")), Errc::kMalformed,
                "openid");
}

TEST_CASE("jeepay requests: what clients may vary is read alike") {
  const auto plain = parse_unified_order(with(kOrder, "", ""));
  REQUIRE(plain);
  CHECK(plain.value().expires_in_s == 7200);
  CHECK(plain.value().division_mode == 0);
  struct Row {
    const char* field;
    const char* value;
  };
  const Row same[] = {
      {"amount", "\"100\""},        {"currency", "\"cny\""}, {"expiredTime", "7200"},
      {"expiredTime", "\"7200\""},  {"expiredTime", "\"\""}, {"divisionMode", "\"0\""},
      {"divisionMode", "null"},     {"clientIp", "\"::1\""}, {"extParam", "\"\""},
      {"unknown", "{\"a\":[1.5]}"}, {"nonce", "\"n\""},      {"version", "1.0"},
      {"signType", "\"md5\""},      {"sign", "\"other\""},   {"reqTime", "\"1700000000999\""},
  };
  for (const Row& row : same) {
    INFO(row.field << " = " << row.value);
    const auto request = parse_unified_order(with(kOrder, row.field, row.value));
    REQUIRE(request);
    CHECK(content_fields(request.value()) == content_fields(plain.value()));
  }
  // 64 characters of three bytes each are 64 characters.
  std::string wide;
  for (int i = 0; i < 64; ++i) wide += "房";
  CHECK(parse_unified_order(with(kOrder, "subject", in_quotes(wide))));
  const auto nested = parse_unified_order(with(kOrder, "channelExtra", R"({"openid":"o6"})"));
  REQUIRE(nested);
  CHECK(nested.value().payer_openid == "o6");
}

TEST_CASE("jeepay requests: the content names every field that makes an order another order") {
  const auto plain = parse_unified_order(with(kOrder, "", ""));
  REQUIRE(plain);
  const std::vector<ContentField> expected = {
      {"mchNo", "M1"},         {"appId", "A"},       {"mchOrderNo", "o1"}, {"wayCode", "WX_NATIVE"},
      {"amount", "100"},       {"currency", "CNY"},  {"subject", "s"},     {"body", "b"},
      {"expiredTime", "7200"}, {"divisionMode", "0"}};
  CHECK(content_fields(plain.value()) == expected);
  struct Row {
    const char* field;
    const char* value;
  };
  const Row other[] = {
      {"mchNo", "\"M2\""},           {"appId", "\"B\""},    {"mchOrderNo", "\"o2\""},
      {"wayCode", "\"WX_H5\""},      {"amount", "101"},     {"currency", "\"USD\""},
      {"subject", "\"t\""},          {"body", "\"c\""},     {"notifyUrl", "\"http://h\""},
      {"returnUrl", "\"http://h\""}, {"expiredTime", "60"}, {"channelExtra", "{}"},
      {"extParam", "\"e\""},         {"divisionMode", "1"},
  };
  for (const Row& row : other) {
    INFO(row.field);
    const auto request = parse_unified_order(with(kOrder, row.field, row.value));
    REQUIRE(request);
    const auto content = content_fields(request.value());
    CHECK(std::any_of(content.begin(), content.end(), [&](const ContentField& field) {
      return field.name == row.field &&
             std::find(expected.begin(), expected.end(), field) == expected.end();
    }));
  }
  // Every known field is either content or what a resend may change.
  for (const auto name : known_fields(Endpoint::kUnifiedOrder)) {
    const bool may_change =
        name == "version" || name == "signType" || name == "reqTime" || name == "clientIp";
    const bool is_tried = std::any_of(std::begin(other), std::end(other),
                                      [&](const Row& row) { return name == row.field; });
    INFO(name);
    CHECK(may_change != is_tried);
  }
}

TEST_CASE("jeepay requests: refunds, transfers and queries are held to their fields") {
  const auto refund = parse_refund_order(with(kRefund, "", ""));
  REQUIRE(refund);
  CHECK(content_fields(refund.value()) == std::vector<ContentField>{{"mchNo", "M1"},
                                                                    {"appId", "A"},
                                                                    {"payOrderId", "P1"},
                                                                    {"mchRefundNo", "r1"},
                                                                    {"refundAmount", "4"},
                                                                    {"currency", "CNY"},
                                                                    {"refundReason", "退款"}});
  const BadField bad_refunds[] = {
      {"payOrderId", "", Errc::kMalformed},
      {"mchRefundNo", "", Errc::kMalformed},
      {"refundAmount", "", Errc::kMalformed},
      {"refundAmount", "0", Errc::kMalformed},
      {"refundAmount", "1.5", Errc::kMalformed},
      {"refundAmount", "1e2", Errc::kMalformed},
      {"refundAmount", "9223372036854775808", Errc::kTooLarge},
      {"currency", "", Errc::kMalformed},
      {"refundReason", "", Errc::kMalformed},
      {"notifyUrl", "\"h\"", Errc::kMalformed},
  };
  for (const BadField& row : bad_refunds) {
    INFO(row.field << " = " << row.value);
    check_refused(parse_refund_order(with(kRefund, row.field, row.value)), row.code, row.field);
  }

  const auto transfer = parse_transfer_order(with(kTransfer, "", ""));
  REQUIRE(transfer);
  CHECK(transfer.value().account_name == "张三");
  CHECK(content_fields(transfer.value()).size() == 11);
  const BadField bad_transfers[] = {
      {"mchOrderNo", "", Errc::kMalformed},   {"ifCode", "", Errc::kMalformed},
      {"entryType", "", Errc::kMalformed},    {"entryType", "\"CASH\"", Errc::kMalformed},
      {"amount", "\"0\"", Errc::kMalformed},  {"accountNo", "", Errc::kMalformed},
      {"transferDesc", "", Errc::kMalformed}, {"accountName", in_quotes(kLong65), Errc::kTooLarge},
      {"bankName", "[]", Errc::kMalformed},
  };
  for (const BadField& row : bad_transfers) {
    INFO(row.field << " = " << row.value);
    check_refused(parse_transfer_order(with(kTransfer, row.field, row.value)), row.code, row.field);
  }
  // A refusal never repeats the value: it may be personal data.
  const auto refused = parse_transfer_order(with(kTransfer, "accountName", in_quotes(kLong65)));
  CHECK(refused.error().message.find("xxx") == std::string::npos);

  check_refused(parse_pay_order(with("\"x\":1", "", "")), Errc::kMalformed, "mchOrderNo");
  check_refused(parse_refund_query(with("\"refundOrderId\":\"\"", "", "")), Errc::kMalformed,
                "refundOrderId");
  check_refused(parse_transfer_query(with("\"x\":1", "", "")), Errc::kMalformed, "transferId");
  CHECK(parse_refund_query(with("\"mchRefundNo\":\"r\"", "", "")));
  CHECK(parse_transfer_query(with("\"transferId\":\"T\"", "", "")));
  CHECK_FALSE(endpoint_of("/api/division/exec"));
}

TEST_CASE("jeepay requests: a reqTime outside the caller's window is refused") {
  const auto envelope = parse_envelope(with(kOrder, "", ""));
  REQUIRE(envelope);
  const auto at = [](std::int64_t ms) { return Timestamp::from_ms(ms); };
  CHECK(check_req_time(envelope.value(), at(1700000000123 + 600'000), 600'000));
  CHECK(check_req_time(envelope.value(), at(1700000000123 - 600'000), 600'000));
  check_refused(check_req_time(envelope.value(), at(1700000000123 + 600'001), 600'000),
                Errc::kMismatch, "reqTime");
  check_refused(check_req_time(envelope.value(), at(1700000000123 - 600'001), 600'000),
                Errc::kMismatch, "reqTime");
  const auto far = parse_envelope(with(kOrder, "reqTime", "\"9999999999999\""));
  REQUIRE(far);
  CHECK_FALSE(check_req_time(far.value(), at(1700000000123), 600'000));
}
