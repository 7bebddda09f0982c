// Vouchers as fixed records over the wire: each field where the layout says, the same meaning as
// the JSON form, and bytes without meaning refused whole. Records are put together by offset here.
#include <catch2/catch.hpp>
#include <cstring>

#include "api/v1/routes.h"
#include "tests/support/api_server.h"

using namespace suanpan;
using suanpan::test::ApiReply;
using suanpan::test::ApiServer;

namespace {

constexpr const char* kMedia = "application/vnd.suanpan.transfers.v1";
constexpr std::size_t kRecord = 128, kAnswer = 32;

struct Fixture : ApiServer {
  Fixture()
      : ApiServer({api::v1::add_account_routes, api::v1::add_voucher_routes,
                   api::v1::add_record_routes, api::v1::add_hold_routes}) {
    open("1002", "asset");                                         // number 1
    open_unlimited("2101/M1");                                     // 2
    open("2101/M2", "liability", R"(,"limit":"not_below_zero")");  // 3
  }
  ApiReply post_records(const std::string& body, const char* media = kMedia,
                        const std::string& who = "upstream") {
    HttpRequest r = request(who, "POST", "/v1/vouchers/records", body, "batch");
    r.headers.set("Content-Type", media);
    return send(r);
  }
};

std::string bytes_of(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return out;
}

template <class T>
std::string put(std::string record, std::size_t at, T value) {
  std::memcpy(record.data() + at, &value, sizeof value);
  return record;
}
std::string put_text(std::string record, std::size_t at, const std::string& text) {
  return record.replace(at, text.size(), text);
}

const std::string kId = "0102030405060708090a0b0c0d0e0f10";

std::string transfer(const std::string& id_hex, std::uint32_t debit, std::uint32_t credit,
                     std::int64_t amount) {
  std::string record = put_text(std::string(kRecord, '\0'), 0, bytes_of(id_hex));
  record = put(record, 16, debit);
  record = put(record, 20, credit);
  return put(record, 24, amount);
}
std::string id_ending(int n) { return kId.substr(0, 28) + fmt::format("{:04x}", n); }

template <class T>
T get(const std::string& body, std::size_t item, std::size_t at) {
  T value;
  std::memcpy(&value, body.data() + item * kAnswer + at, sizeof value);
  return value;
}

}  // namespace

TEST_CASE("v1 records: every field arrives where the layout puts it") {
  Fixture f;
  std::string record = transfer(kId, 1, 2, 1000);
  record = put(record, 44, std::int32_t{20'514});  // 2026-03-02
  record = put(record, 48, std::uint16_t{77});
  record = put(record, 50, std::uint8_t{1});
  record = put_text(record, 56, "合同1号");  // 3 characters of 3 bytes, and a digit: 10 bytes
  record = put(record, 52, std::uint8_t{10});
  const auto reply = f.post_records(record);
  REQUIRE(reply.status == 200);
  CHECK(reply.header("Content-Type") == "application/vnd.suanpan.answers.v1");
  REQUIRE(reply.body.size() == kAnswer);
  CHECK(get<std::uint64_t>(reply.body, 0, 0) > 0);
  CHECK(get<std::uint32_t>(reply.body, 0, 16) == 1);
  CHECK(get<std::int32_t>(reply.body, 0, 20) == 20'516);  // 2026-03-04
  CHECK(get<std::uint16_t>(reply.body, 0, 24) == 0);
  CHECK(reply.body.substr(26) == std::string(6, '\0'));
  CHECK(f.balance("2101/M1") == 1000);
}

TEST_CASE("v1 records: a record and the JSON item with its id are one command") {
  Fixture f;
  const auto json_item = [](const std::string& id, const char* amount) {
    return fmt::format(
        R"({{"items":[{{"record_id":"{}","code":77,"type":"receipt","effective_date":"2026-03-02",)"
        R"("business_key":"B1","legs":[{{"debit":1,"credit":"2101/M1","amount":{}}}]}}]}})",
        id, amount);
  };
  std::string record = transfer(kId, 1, 2, 1000);
  record = put(record, 44, std::int32_t{20'514});  // 2026-03-02
  record = put(record, 48, std::uint16_t{77});
  record = put(record, 50, std::uint8_t{1});
  record = put(record, 52, std::uint8_t{2});
  record = put_text(record, 56, "B1");

  const auto first = f.post_records(record);
  REQUIRE(first.status == 200);
  const auto seq = get<std::uint64_t>(first.body, 0, 0);
  const auto by_json = f.post("upstream", "/v1/vouchers/batch", json_item(kId, "1000"), "b1");
  CHECK(by_json.at("items.0.accepted") == "true");
  CHECK(by_json.at("items.0.replayed") == "true");
  CHECK(by_json.at("items.0.seq") == std::to_string(seq));
  CHECK(by_json.at("items.0.voucher_no") == "1");
  const auto other = f.post("upstream", "/v1/vouchers/batch", json_item(kId, "1001"), "b2");
  CHECK(other.at("items.0.refusal") == "id_reused_with_other_content");
  CHECK(other.at("items.0.detail") == "amount");
  const auto voucher = f.get("upstream", "/v1/vouchers/" + by_json.at("items.0.id"));
  CHECK(voucher.at("code") == "77");
  CHECK(voucher.at("type") == "receipt");
  CHECK(voucher.at("effective_date") == "2026-03-02");
  CHECK(voucher.at("legs.0.amount") == "1000");

  // The same text as an "id" is the name that an Idempotency-Key is, and so another command.
  const auto by_name = f.post("upstream", "/v1/vouchers/batch",
                              fmt::format(R"({{"items":[{{"id":"{}","legs":[{{"debit":1,)"
                                          R"("credit":"2101/M2","amount":1}}]}}]}})",
                                          kId),
                              "b4");
  CHECK(by_name.at("items.0.accepted") == "true");
  CHECK(by_name.at("items.0.replayed") == "false");
  CHECK(f.post("upstream", "/v1/vouchers",
               R"({"legs":[{"debit":1,"credit":"2101/M2","amount":1}]})", kId)
            .header("Suanpan-Replayed") == "true");
  const auto both =
      f.post("upstream", "/v1/vouchers/batch",
             fmt::format(R"({{"items":[{{"id":"a","record_id":"{}","legs":[{{"debit":1,)"
                         R"("credit":"2101/M2","amount":1}}]}}]}})",
                         kId),
             "b5");
  CHECK(both.told() == "400 malformed");

  // And the other way round.
  const auto json_first =
      f.post("upstream", "/v1/vouchers/batch", json_item(id_ending(7), "1000"), "b3");
  const auto by_record = f.post_records(put_text(record, 0, bytes_of(id_ending(7))));
  CHECK(std::to_string(get<std::uint64_t>(by_record.body, 0, 0)) == json_first.at("items.0.seq"));
  CHECK(get<std::uint8_t>(by_record.body, 0, 26) == 1);
  CHECK(f.balance("2101/M1") == 2000);
}

TEST_CASE("v1 records: each has its own answer, in order, with the number of its refusal") {
  Fixture f;
  const std::string body = transfer(id_ending(1), 1, 3, 500)           // posted
                           + transfer(id_ending(2), 1, 99, 1)          // no such account
                           + transfer(id_ending(3), 3, 1, 600)         // below its limit
                           + transfer(id_ending(4), 1, 1, 1)           // the same account twice
                           + transfer(id_ending(5), 1, 3, 0)           // nothing
                           + transfer(id_ending(6), 0, 3, 1)           // an account that is none
                           + transfer(id_ending(7), 3, 1, 500)         // posted
                           + transfer(std::string(32, '0'), 1, 3, 1);  // no id
  const auto reply = f.post_records(body);
  REQUIRE(reply.status == 200);
  REQUIRE(reply.body.size() == 8 * kAnswer);
  std::vector<int> numbers;
  for (std::size_t i = 0; i < 8; ++i) numbers.push_back(get<std::uint16_t>(reply.body, i, 24));
  // The numbers of ledger/core/refusal.h: below 100 leaves nothing, 201 credit account not found.
  CHECK(numbers[0] == 0);
  CHECK(numbers[1] == 201);
  CHECK(numbers[2] == 700);
  CHECK(numbers[3] == 5);
  CHECK(numbers[4] == 6);
  CHECK(numbers[5] == 4);
  CHECK(numbers[6] == 0);
  CHECK(numbers[7] == 1);
  // What the ledger decided has a place in the journal; what was not well formed has none.
  const std::vector<bool> journalled{true, false, true, false, false, false, true, false};
  for (std::size_t i = 0; i < 8; ++i) {
    INFO(i);
    CHECK((get<std::uint64_t>(reply.body, i, 0) != 0) == journalled[i]);
  }
  CHECK(f.balance("2101/M2") == 0);

  const auto again = f.post_records(body);
  CHECK(again.body.substr(0, 26) == reply.body.substr(0, 26));
  CHECK(get<std::uint8_t>(again.body, 0, 26) == 1);
  CHECK(get<std::uint8_t>(again.body, 2, 26) == 1);
  CHECK(get<std::uint8_t>(again.body, 1, 26) == 0);
  CHECK(f.balance("2101/M2") == 0);

  // The account that was not there is opened: its transfer goes through under the same id.
  for (int n = 4; n <= 99; ++n) f.open(fmt::format("3001/{}", n), "equity");
  const auto later = f.post_records(transfer(id_ending(2), 1, 99, 1));
  CHECK(get<std::uint16_t>(later.body, 0, 24) == 0);
  CHECK(f.balance("3001/99") == 1);
}

TEST_CASE("v1 records: a hold is a flag, its expiry a moment") {
  Fixture f;
  REQUIRE(f.post_records(transfer(id_ending(1), 1, 3, 500)).status == 200);
  std::string hold = put(transfer(id_ending(2), 3, 1, 300), 51, std::uint8_t{1});
  const std::int64_t later_ns = f.business.now().ns + 60'000'000'000;
  hold = put(hold, 32, later_ns);
  REQUIRE(get<std::uint16_t>(f.post_records(hold).body, 0, 24) == 0);
  // 500 less 300 that are held: 201 are too much, 200 are not.
  CHECK(get<std::uint16_t>(f.post_records(transfer(id_ending(3), 3, 1, 201)).body, 0, 24) == 700);
  CHECK(get<std::uint16_t>(f.post_records(transfer(id_ending(4), 3, 1, 200)).body, 0, 24) == 0);
  // An expiry without a hold: kValueInvalid.
  const std::string no_hold = put(transfer(id_ending(5), 1, 2, 1), 32, later_ns);
  CHECK(get<std::uint16_t>(f.post_records(no_hold).body, 0, 24) == 11);
}

TEST_CASE("v1 records: bytes without meaning are refused whole, and nothing is posted") {
  Fixture f;
  const std::string good = transfer(id_ending(1), 1, 2, 1000);
  const std::string before = f.snapshot();
  struct Bad {
    const char* what;
    std::string body;
    const char* told;
    const char* detail;
  };
  std::string too_many;
  for (int i = 0; i < 8193; ++i) too_many += transfer(id_ending(i), 1, 2, 1);
  const std::vector<Bad> table{
      {"empty", "", "400 malformed", "there are no records"},
      {"half a record", good.substr(0, 64), "400 malformed",
       "64 bytes are no whole number of records of 128"},
      {"a byte more", good + "x", "400 malformed",
       "129 bytes are no whole number of records of 128"},
      {"8,193", too_many, "400 malformed", "8193 records are more than 8192"},
      {"type", good + put(good, 50, std::uint8_t{4}), "400 malformed",
       "record 1: it has no such type"},
      {"flag", put(good, 51, std::uint8_t{2}), "400 malformed",
       "record 0: it has a flag without meaning"},
      {"byte 53", put(good, 53, 'x'), "400 malformed",
       "record 0: bytes without meaning are not zero"},
      {"byte 120", put(good, 120, 'x'), "400 malformed",
       "record 0: bytes without meaning are not zero"},
      {"byte 127", put(good, 127, 'x'), "400 malformed",
       "record 0: bytes without meaning are not zero"},
      {"key too long", put(good, 52, std::uint8_t{65}), "400 malformed",
       "record 0: its business key is longer than its field"},
      {"bytes after the key", put(good, 56, 'x'), "400 malformed",
       "record 0: bytes follow its business key"},
      {"date", put(good, 40, std::int32_t{-1}), "400 malformed",
       "record 0: a date is before 1970 or after 9999"},
      {"effective", put(good, 44, std::int32_t{2'932'897}), "400 malformed",
       "record 0: a date is before 1970 or after 9999"}};
  for (const Bad& bad : table) {
    INFO(bad.what);
    const auto reply = f.post_records(bad.body);
    CHECK(reply.told() == bad.told);
    CHECK(reply.at("detail") == bad.detail);
    CHECK(f.snapshot() == before);
  }
  CHECK(f.post_records(good, "application/json").at("detail") ==
        "Content-Type must be application/vnd.suanpan.transfers.v1");
  CHECK(f.post_records(good, kMedia, "auditor").told() == "403 forbidden");
  CHECK(f.snapshot() == before);
  REQUIRE(f.post_records(good).status == 200);
  CHECK(f.balance("2101/M1") == 1000);
}

TEST_CASE("v1 holds: a key with as many open ones as it may have is asked to come back") {
  Fixture f;
  f.services->max_open_holds = 2;
  const std::string hold = R"({"legs":[{"debit":"1002","credit":"2101/M1","amount":5}]})";
  const auto record = [](int n) {
    return put(transfer(id_ending(n), 1, 2, 5), 51, std::uint8_t{1});
  };
  const auto batch = [](const char* id) {
    return fmt::format(
        R"({{"items":[{{"kind":"hold","id":"{}","legs":[{{"debit":"1002","credit":"2101/M1",)"
        R"("amount":5}}]}}]}})",
        id);
  };
  const auto first = f.post("upstream", "/v1/holds", hold, "h1");
  REQUIRE(first.status == 201);
  REQUIRE(f.post_records(record(1)).status == 200);
  {
    const test::Unchanged unchanged(f);
    const auto refused = f.post("upstream", "/v1/holds", hold, "h2");
    CHECK(refused.told() == "429 too_many_holds");
    CHECK(refused.header("Retry-After") == "60");
    CHECK(f.post("upstream", "/v1/vouchers/batch", batch("b1"), "b").told() ==
          "429 too_many_holds");
    CHECK(f.post_records(record(2)).told() == "429 too_many_holds");
    // What was made before finds its first answer.
    CHECK(f.post("upstream", "/v1/holds", hold, "h1").header("Suanpan-Replayed") == "true");
    CHECK(f.post_records(record(1)).status == 200);
  }
  // What is no hold is taken; another key has its own holds; one that ends makes room.
  CHECK(f.post("upstream", "/v1/vouchers", hold, "v").status == 201);
  CHECK(f.post("maker", "/v1/holds", hold, "h1").status == 201);
  CHECK(f.post("upstream", "/v1/holds/" + first.at("hold") + "/void", "{}", "end").status == 200);
  CHECK(f.post("upstream", "/v1/holds", hold, "h2").status == 201);
}
