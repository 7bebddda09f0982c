// Random vouchers by both ways, fixed records and JSON items under the same ids: what one way has
// asked for the other finds, answered as a model of four accounts says, and read back as it was
// asked. A second book in which the ways are exchanged gives the same answers.
//
// SUANPAN_RECORDS_SEED (1), SUANPAN_RECORDS_SEEDS: how many from there on (3).
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <random>

#include "api/v1/routes.h"
#include "tests/support/api_server.h"

using namespace suanpan;
using suanpan::test::ApiReply;
using suanpan::test::ApiServer;

namespace {

constexpr std::size_t kRecord = 128, kAnswer = 32;
const char* const kTypes[] = {"general", "receipt", "payment", "transfer"};
const Date kYesterday = *Date::of(2026, 3, 4), kToday = *Date::of(2026, 3, 5);

// Numbers of ledger/core/refusal.h, below 100 for what leaves nothing.
enum Number : int {
  kAccepted = 0,
  kNoId = 1,
  kSameAccounts = 5,
  kNoAmount = 6,
  kLargeAmount = 7,
  kBadValue = 11,
  kOtherContent = 20,
  kClosedPeriod = 100,
  kDateAhead = 101,
  kDateBehind = 102,
  kNoDebitAccount = 200,
  kNoCreditAccount = 201,
  kCreditFrozen = 213,
  kExpired = 303,
  kTooLow = 700,
};

/// A voucher of one transfer, as a caller thinks of it.
struct Asked {
  std::string id;  // 32 hexadecimal digits
  std::uint32_t debit = 0, credit = 0;
  std::int64_t amount = 0;
  bool hold = false;
  std::int64_t expires_ns = 0;           // of a hold; 0: never
  std::int32_t date = 0, effective = 0;  // days since 1970; 0: not given
  std::uint16_t code = 0;
  std::uint8_t type = 0;
  std::string key;
};

/// What both ways tell.
struct Told {
  int number = 0;
  bool replayed = false;
  std::uint64_t seq = 0;  // by record alone, where it is refused
  std::uint32_t voucher_no = 0;
  std::string date, time;  // of what is accepted
};

// ---- The two forms.

std::string bytes_of(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return out;
}

std::string record_of(const Asked& asked) {
  std::string record(kRecord, '\0');
  const auto put = [&record](std::size_t at, auto value) {
    std::memcpy(record.data() + at, &value, sizeof value);
  };
  record.replace(0, 16, bytes_of(asked.id));
  put(16, asked.debit);
  put(20, asked.credit);
  put(24, asked.amount);
  put(32, asked.expires_ns);
  put(40, asked.date);
  put(44, asked.effective);
  put(48, asked.code);
  put(50, asked.type);
  put(51, std::uint8_t{asked.hold});
  put(52, static_cast<std::uint8_t>(asked.key.size()));
  return record.replace(56, asked.key.size(), asked.key);
}

/// RFC 3339, to the nanosecond.
std::string time_of(std::int64_t ns) {
  const std::int64_t fraction = (ns % 1'000'000'000 + 1'000'000'000) % 1'000'000'000;
  const std::time_t seconds = (ns - fraction) / 1'000'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return fmt::format("{}.{:09}Z", text, fraction);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string item_of(const Asked& asked) {
  std::string item = fmt::format(
      R"({{"record_id":"{}","legs":[{{"debit":{},"credit":{},"amount":{}}}],"type":"{}")", asked.id,
      asked.debit, asked.credit, asked.amount, kTypes[asked.type]);
  if (asked.code != 0) item += fmt::format(R"(,"code":{})", asked.code);
  if (asked.hold) item += R"(,"kind":"hold")";
  if (asked.expires_ns != 0)
    item += fmt::format(R"(,"expires_at":"{}")", time_of(asked.expires_ns));
  if (asked.date != 0) item += fmt::format(R"(,"date":"{}")", Date{asked.date}.iso());
  if (asked.effective != 0)
    item += fmt::format(R"(,"effective_date":"{}")", Date{asked.effective}.iso());
  if (!asked.key.empty()) item += R"(,"business_key":)" + quoted(asked.key);
  return item + "}";
}

// ---- The book.

struct Fixture : ApiServer {
  Fixture()
      : ApiServer({api::v1::add_account_routes, api::v1::add_voucher_routes,
                   api::v1::add_record_routes, api::v1::add_hold_routes}) {
    hold_requests = false;  // some items are to be refused
    open_with("1002", AccountType::kAsset, {});
    open_with("2101/M1", AccountType::kLiability, {});
    open_with("2101/M2", AccountType::kLiability, {LimitKind::kNotBelowZero});
    open_with("2101/M3", AccountType::kLiability, {LimitKind::kCreditLine, 500});
    AccountTerms frozen;
    frozen.frozen_in = true;
    open_with("2101/M4", AccountType::kLiability, frozen);
    REQUIRE(book->run(day_cut({ClaimKey{Id128{1, 1}, kSystemCaller}, kToday})).accepted());
  }
  void open_with(const std::string& code, AccountType type, AccountTerms terms) {
    OpenAccountRequest request;
    request.key = {id_of("open " + code), kSystemCaller};
    request.code = code;
    request.type = type;
    request.terms = terms;
    REQUIRE(book->run(open_account(request)).accepted());
  }

  std::vector<Told> by_records(const std::vector<Asked>& batch) {
    std::string body;
    for (const Asked& asked : batch) body += record_of(asked);
    HttpRequest r = request("upstream", "POST", "/v1/vouchers/records", body, "batch");
    r.headers.set("Content-Type", "application/vnd.suanpan.transfers.v1");
    const ApiReply reply = send(r);
    REQUIRE(reply.status == 200);
    REQUIRE(reply.body.size() == batch.size() * kAnswer);
    std::vector<Told> told;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto get = [&]<class T>(std::size_t at, T value) {
        std::memcpy(&value, reply.body.data() + i * kAnswer + at, sizeof value);
        return value;
      };
      Told t;
      t.seq = get(0, std::uint64_t{});
      t.number = get(24, std::uint16_t{});
      t.replayed = get(26, std::uint8_t{}) == 1;
      t.voucher_no = get(16, std::uint32_t{});
      if (t.number == 0) {
        t.time = Timestamp{get(8, std::int64_t{})}.iso_cn();
        t.date = Date{get(20, std::int32_t{})}.iso();
      }
      told.push_back(t);
    }
    return told;
  }
  /// `ids`, if given, receives their names.
  std::vector<Told> by_json(const std::vector<Asked>& batch,
                            std::vector<std::string>* ids = nullptr) {
    std::string body;
    for (const Asked& asked : batch) body += (body.empty() ? "" : ",") + item_of(asked);
    const ApiReply reply =
        post("upstream", "/v1/vouchers/batch", R"({"items":[)" + body + "]}", "batch");
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    const JsonDocument document = reply.json();
    const auto items = document.root().get("items").value().elements();
    REQUIRE(items.size() == batch.size());
    std::vector<Told> told;
    for (const JsonValue& item : items) {
      const auto number = [&](const char* name) {
        const auto value = item.find(name);
        return value ? value->as_int64().value() : 0;
      };
      const auto text = [&](const char* name) {
        const auto value = item.find(name);
        return value ? std::string(value->as_string().value()) : "";
      };
      Told t;
      t.number = static_cast<int>(number("number"));
      t.replayed = item.find("replayed")->raw() == "true";
      t.seq = static_cast<std::uint64_t>(number("seq"));
      t.voucher_no = static_cast<std::uint32_t>(number("voucher_no"));
      t.date = text("accounting_date");
      t.time = text("timestamp");
      CHECK((item.find("accepted")->raw() == "true") == (t.number == 0));
      if (ids) ids->push_back(text("id"));
      told.push_back(t);
    }
    return told;
  }
};

// ---- What must come of it.

class Model {
 public:
  /// The number that the next voucher is told at a time.
  int take(const Asked& a, std::int64_t now_ns) {
    if (a.id == std::string(32, '0')) return kNoId;
    if (a.debit == a.credit) return kSameAccounts;
    if (a.amount <= 0) return kNoAmount;
    if (a.amount > 1'000'000'000'000'000) return kLargeAmount;
    if (a.expires_ns < 0) return kBadValue;
    if (a.debit > 5) return kNoDebitAccount;
    if (a.credit > 5) return kNoCreditAccount;
    if (a.date != 0 && a.date < kYesterday.days) return kClosedPeriod;
    if (a.date > kToday.days) return kDateAhead;
    if (a.date == kYesterday.days) return kDateBehind;
    if (a.credit == 5) return kCreditFrozen;
    if (a.hold && a.expires_ns != 0 && a.expires_ns <= now_ns) return kExpired;
    const std::int64_t low = a.debit == 3 ? 0 : a.debit == 4 ? -500 : INT64_MIN;
    if (available_[a.debit] - a.amount < low) return kTooLow;
    // The bank account, 1, has no limit: that it grows the other way does not matter.
    available_[a.debit] -= a.amount;
    if (!a.hold) available_[a.credit] += a.amount;
    if (!a.hold) ++posted_;
    return kAccepted;
  }
  std::uint32_t posted() const { return posted_; }

 private:
  std::int64_t available_[6] = {};
  std::uint32_t posted_ = 0;
};

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

  Asked any(std::int64_t now_ns) {
    Asked a;
    a.id = fmt::format("{:016x}{:016x}", random_(), random_());
    a.debit = static_cast<std::uint32_t>(1 + below(4));
    do a.credit = static_cast<std::uint32_t>(1 + below(4));
    while (a.credit == a.debit);
    a.amount = static_cast<std::int64_t>(1 + below(400));
    a.hold = one_in(3);
    if (a.hold && !one_in(3))  // in a day to a month
      a.expires_ns =
          now_ns + static_cast<std::int64_t>(86'400'000'000'000 + below(2'600'000'000'000'000));
    if (one_in(3)) a.date = kToday.days;
    if (one_in(3))
      a.effective =
          static_cast<std::int32_t>(one_in(4) ? 1 + below(2'932'896) : 20'400 + below(300));
    if (!one_in(3)) a.code = static_cast<std::uint16_t>(below(65'536));
    a.type = static_cast<std::uint8_t>(below(4));
    if (!one_in(3)) a.key = text();
    if (one_in(3)) spoil(a, now_ns);
    return a;
  }
  /// The same id with one field that differs.
  Asked other(Asked a) {
    switch (below(7)) {
      case 0:
        a.amount += 1;
        break;
      case 1:
        a.code = static_cast<std::uint16_t>(a.code + 1);
        break;
      case 2:
        a.type = static_cast<std::uint8_t>((a.type + 1) % 4);
        break;
      case 3:
        a.date = a.date == 0 ? kToday.days : 0;
        break;
      case 4:
        a.effective = a.effective == 0 ? 1 : a.effective == 1 ? 2 : a.effective - 1;
        break;
      case 5:
        a.key = a.key.empty() ? "k" : "";
        break;
      default:
        if (a.hold)
          a.expires_ns = a.expires_ns == 0 ? 4'000'000'000'000'000'000 : a.expires_ns + 1;
        else
          a.hold = true;
    }
    return a;
  }

 private:
  // One character of one to four bytes after the other; sixteen bytes are a border of their own.
  std::string text() {
    const char* const kCharacters[] = {"a", "0", "-", " ", "\"", "\\", "é", "水", "𠮷"};
    const std::size_t most = one_in(3) ? 15 + below(3) : one_in(4) ? 64 : 1 + below(64);
    std::string text;
    for (;;) {
      const std::string next = kCharacters[below(std::size(kCharacters))];
      if (text.size() + next.size() > most) return text;
      text += next;
    }
  }
  void spoil(Asked& a, std::int64_t now_ns) {
    switch (below(13)) {
      case 0:
        a.id = std::string(32, '0');
        break;
      case 1:
        a.credit = a.debit;
        break;
      case 2:
        a.amount = -static_cast<std::int64_t>(below(3));
        break;
      case 3:
        a.amount = 1'000'000'000'000'001;
        break;
      case 4:
        a.debit = 6;
        break;
      case 5:
        a.credit = 77;
        break;
      case 6:
        a.debit = a.credit = 4'000'000'000;
        break;
      case 7:
        a.date = kYesterday.days;
        break;
      case 8:
        a.date = kToday.days + 1;
        break;
      case 9:
        a.date = kYesterday.days - static_cast<std::int32_t>(below(2));
        break;
      case 10:
        a.credit = 5;
        break;
      case 11:
        a.hold = true;
        a.expires_ns = now_ns - static_cast<std::int64_t>(below(3'600'000'000'000));
        break;
      default:
        a.hold = true;
        a.expires_ns = -static_cast<std::int64_t>(1 + below(3'000'000'000));
    }
  }

  std::mt19937_64 random_;
};

/// What is stored of a voucher, by GET and from the book, is what was asked.
void check_stored(Fixture& f, const Asked& asked, const Told& told, const std::string& id) {
  INFO(item_of(asked));
  const ApiReply got = f.get("upstream", "/v1/vouchers/" + id);
  REQUIRE(got.status == 200);
  const auto days = [](std::int32_t d) { return Date{d}.iso(); };
  CHECK(got.at("state") == (told.number == 0 ? "posted" : "refused"));
  CHECK(got.at("number") == (told.number == 0 ? "(absent)" : std::to_string(told.number)));
  CHECK(got.at("seq") == std::to_string(told.seq));
  CHECK(got.at("voucher_no") == std::to_string(told.voucher_no));
  CHECK(got.at("accounting_date") == days(asked.date != 0 ? asked.date : kToday.days));
  CHECK(got.at("effective_date") == (asked.effective != 0 ? days(asked.effective) : "(absent)"));
  CHECK(got.at("type") == kTypes[asked.type]);
  CHECK(got.at("code") == std::to_string(asked.code));
  CHECK(got.at("business_key") == (asked.key.empty() ? "(absent)" : asked.key));
  CHECK(got.size("legs") == 1);
  CHECK(got.at("legs.0.debit_id") == std::to_string(asked.debit));
  CHECK(got.at("legs.0.credit_id") == std::to_string(asked.credit));
  CHECK(got.at("legs.0.amount") == std::to_string(asked.amount));
  CHECK(got.at("legs.0.kind") == (told.number != 0 ? "none" : asked.hold ? "pending" : "posted"));
  const auto stored = f.book->find(*ClaimKey::from_hex(id));
  REQUIRE((stored && stored.value()));
  CHECK(stored.value()->hold == asked.hold);
  CHECK(stored.value()->expires_at.ns == asked.expires_ns);
  CHECK(stored.value()->date_given == (asked.date != 0));
}

std::uint64_t setting(const char* name, std::uint64_t usual) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : usual;
}

}  // namespace

TEST_CASE("v1 records: random vouchers are the same commands by records and by JSON") {
  const std::uint64_t first_seed = setting("SUANPAN_RECORDS_SEED", 1);
  const std::uint64_t seeds = setting("SUANPAN_RECORDS_SEEDS", 3);
  std::map<int, int> told_numbers;
  for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
    INFO("SUANPAN_RECORDS_SEED=" << seed);
    Generator generator(seed);
    Fixture f, exchanged;
    Model model;
    std::uint32_t numbered = 0;
    for (int round = 0; round < 5; ++round) {
      const std::int64_t now_ns = f.business.now().ns;
      std::vector<Asked> batch;
      for (std::size_t size = 1 + generator.below(50); size > 0; --size)
        batch.push_back(generator.any(now_ns));
      const bool records_first = generator.one_in(2);

      std::vector<std::string> ids;
      const std::vector<Told> first = records_first ? f.by_records(batch) : f.by_json(batch, &ids);
      const std::vector<Told> second = records_first ? f.by_json(batch, &ids) : f.by_records(batch);
      const std::vector<Told> by_record = records_first ? first : second;
      const std::vector<Told> elsewhere =
          records_first ? exchanged.by_json(batch) : exchanged.by_records(batch);
      std::vector<Asked> others;
      std::vector<bool> known;
      for (std::size_t i = 0; i < batch.size(); ++i) {
        INFO("round " << round << ", item " << i << ": " << item_of(batch[i]));
        const int number = model.take(batch[i], now_ns);
        ++told_numbers[number];
        const bool journalled = number == 0 || number >= 100;
        const bool looked_up = number != kNoDebitAccount && number != kNoCreditAccount;
        known.push_back(journalled && looked_up);
        CHECK(first[i].number == number);
        CHECK(second[i].number == number);
        CHECK_FALSE(first[i].replayed);
        CHECK(second[i].replayed == known[i]);
        CHECK((by_record[i].seq != 0) == known[i]);
        if (number == 0) {
          CHECK(first[i].seq == second[i].seq);
          CHECK(first[i].date == kToday.iso());
          CHECK(second[i].date == kToday.iso());
          CHECK(first[i].time == second[i].time);
        }
        if (number == 0 && !batch[i].hold) ++numbered;
        CHECK(first[i].voucher_no == second[i].voucher_no);
        CHECK((first[i].voucher_no != 0) == (number == 0 && !batch[i].hold));
        // The other book was asked the other way.
        CHECK(elsewhere[i].number == first[i].number);
        CHECK(elsewhere[i].voucher_no == first[i].voucher_no);
        if (number == 0) CHECK(elsewhere[i].seq == first[i].seq);
        if (known[i]) check_stored(f, batch[i], by_record[i], ids[i]);
        if (known[i]) others.push_back(generator.other(batch[i]));
      }
      // Another content under an id that is known is refused, whichever way it comes.
      if (!others.empty()) {
        const auto refused = generator.one_in(2) ? f.by_records(others) : f.by_json(others);
        for (std::size_t i = 0; i < others.size(); ++i) {
          INFO("round " << round << ", other content: " << item_of(others[i]));
          CHECK(refused[i].number == kOtherContent);
        }
      }
      f.business.advance_seconds(60);
      exchanged.business.advance_seconds(60);
    }
    CHECK(numbered == model.posted());
    CHECK(f.snapshot() == exchanged.snapshot());
  }
  // The generator draws what it is there for: fourteen numbers.
  if (seeds < 3) return;
  CHECK(told_numbers[kAccepted] > 50);
  CHECK(told_numbers[kTooLow] > 5);
  CHECK(told_numbers.size() == 14);
}
