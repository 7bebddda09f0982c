// How commands are told that are none of the ledger's own, written here by hand: as the entries
// they amount to, or not at all and by name.
#include "ledger/exchange/tell_entries.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "ledger/core/hold.h"
#include "ledger/core/plan_voucher.h"
#include "tests/support/round_trip.h"

using namespace suanpan;

namespace {

const Date kDay = *Date::of(2026, 3, 4);
constexpr AccountId kBank{1}, kPending{2}, kPayable{3};
const ClaimKey kHold{Id128{7, 7}, kSystemCaller};
using K = TransferKind;

/// The journal entry of that number, a second after the one before.
StoredCommand entry(std::uint64_t seq, CommandKind kind) {
  StoredCommand c;
  c.seq = seq;
  c.timestamp = Timestamp::of_cn(kDay, 9, 0, 0).plus_seconds(static_cast<std::int64_t>(seq));
  c.key = {Id128{1, seq}, CallerId{100}};
  c.kind = kind;
  c.effects.date = kDay;
  return c;
}

Account account(AccountId id, std::string code, std::uint32_t version = 1) {
  Account a;
  a.id = id;
  a.code = std::move(code);
  a.name = "户";
  a.type = AccountType::kLiability;
  a.normal = Side::kCredit;
  a.currency = Currency::kCNY;
  a.version = version;
  return a;
}

Document hold_document(std::uint32_t version, HoldState state, std::vector<HoldLeg> legs,
                       const ClaimKey& name = kHold) {
  Hold hold;
  hold.state = state;
  for (const HoldLeg& leg : legs) hold.legs.push_back(leg);
  return Document{DocumentKind::kHold, name.bytes(), version, state == HoldState::kOpen,
                  encode(hold)};
}

/// A teller that knows a book of three accounts: entries 1 and 2.
struct Told {
  EntryTeller teller;
  explicit Told(std::unordered_set<ClaimKey> reversed = {}) : teller(std::move(reversed)) {
    StoredCommand opening = entry(1, CommandKind::kOpenBook);
    opening.content = {{"first_date", "2026-03-04"}, {"currency", "CNY"}};
    opening.effects.book = BookChange{kDay, kDay.plus_days(-1)};
    REQUIRE(teller.tell(opening).value().size() == 1);
    StoredCommand merchant = entry(2, CommandKind::kSetting);
    merchant.effects.accounts = {account(kBank, "1002"), account(kPending, "2101/M1"),
                                 account(kPayable, "2102/M1")};
    REQUIRE(teller.tell(merchant).value().size() == 3);
  }
  std::string of(const StoredCommand& command) {
    const auto told = teller.tell(command);
    if (!told) FAIL(told.error().message);
    std::string text;
    for (const JournalEntry& e : told.value()) text += to_jsonl(e);
    return text;
  }
};

StoredCommand moving(std::uint64_t seq, std::vector<Transfer> transfers,
                     std::vector<Document> documents = {}) {
  StoredCommand c = entry(seq, CommandKind::kSettlement);
  for (const Transfer& t : transfers) c.effects.transfers.push_back(t);
  for (Document& d : documents) c.effects.documents.push_back(std::move(d));
  return c;
}

}  // namespace

TEST_CASE("tell_entries: a batch reserves, is posted with its payout, or is given back") {
  const HoldLeg whole{kPending, kPayable, 700, 700}, none{kPending, kPayable, 700, 0};
  Told book;
  StoredCommand computed = moving(3, {{kPending, kPayable, 700, K::kPending}},
                                  {hold_document(1, HoldState::kOpen, {whole})});
  computed.effects.type = VoucherType::kTransfer;
  CHECK(book.of(computed) ==
        "{\"kind\":\"voucher\",\"time\":\"2026-03-04T09:00:03+08:00\","
        "\"id\":\"0000000100000000000000070000000000000007\",\"type\":\"transfer\","
        "\"date\":\"2026-03-04\",\"hold\":true,"
        "\"legs\":[{\"debit\":\"2101/M1\",\"credit\":\"2102/M1\",\"amount\":700}]}\n");
  StoredCommand approved =
      moving(4, {{kPending, kPayable, 700, K::kPostPending}, {kPayable, kBank, 700, K::kPosted}},
             {hold_document(2, HoldState::kPosted, {none})});
  approved.effects.type = VoucherType::kTransfer;
  approved.voucher_no = 9;
  CHECK(book.of(approved) ==
        "{\"kind\":\"post_hold\",\"time\":\"2026-03-04T09:00:04+08:00\","
        "\"id\":\"0000006400000000000000010000000000000004\",\"number\":9,\"type\":\"transfer\","
        "\"of\":\"0000000100000000000000070000000000000007\","
        "\"legs\":[{\"debit\":\"2102/M1\",\"credit\":\"1002\",\"amount\":700}]}\n");

  Told other;
  other.of(computed);
  StoredCommand withdrawn = moving(4, {{kPending, kPayable, 700, K::kVoidPending}},
                                   {hold_document(2, HoldState::kVoided, {none})});
  withdrawn.effects.text =
      std::make_shared<const VoucherText>(VoucherText{"结算撤回", "B1", "", "", ""});
  CHECK(other.of(withdrawn) ==
        "{\"kind\":\"void_hold\",\"time\":\"2026-03-04T09:00:04+08:00\","
        "\"id\":\"0000006400000000000000010000000000000004\","
        "\"of\":\"0000000100000000000000070000000000000007\","
        "\"summary\":\"结算撤回\",\"business_key\":\"B1\"}\n");
}

TEST_CASE("tell_entries: the several entries of one command rise, and so does what follows") {
  Told book;
  StoredCommand opens = entry(3, CommandKind::kSetting);
  opens.effects.accounts = {account(AccountId{4}, "2101/M2"), account(AccountId{5}, "2102/M2")};
  StoredCommand next = moving(4, {{kBank, AccountId{4}, 5, K::kPosted}});
  next.timestamp = Timestamp{opens.timestamp.ns + 1};
  std::vector<JournalEntry> told = book.teller.tell(opens).value();
  told.push_back(book.teller.tell(next).value().at(0));
  REQUIRE(told.size() == 3);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(told[i].time.ns == opens.timestamp.ns + static_cast<std::int64_t>(i));
  CHECK(told[0].key.caller == CallerId{100});
  CHECK(told[0].key != told[1].key);
  CHECK(told[0].key != opens.key);
  CHECK(told[2].key == next.key);
  CHECK(told[2].legs == std::vector<TextLeg>{{"1002", "2101/M2", 5}});
}

TEST_CASE("tell_entries: a change of an account that is there is told as its terms") {
  Told book;
  StoredCommand approved = entry(3, CommandKind::kSetting);
  approved.effects.accounts = {account(kPending, "2101/M1", 2)};
  approved.effects.accounts[0].terms = {LimitKind::kCreditLine, 500, false, true, false, false};
  CHECK(book.of(approved) ==
        "{\"kind\":\"set_terms\",\"time\":\"2026-03-04T09:00:03+08:00\","
        "\"id\":\"0000006400000000000000010000000000000003\",\"account\":\"2101/M1\","
        "\"limit\":\"credit_line\",\"credit_line\":500,\"frozen\":\"out\"}\n");
}

TEST_CASE("tell_entries: subjects that another room adds are told as such") {
  Told book;
  const auto document = [](const Subject& s) {
    return Document{DocumentKind::kSubject, s.code, 1, true, encode(s)};
  };
  const Subject one{"2241", "挂账", AccountType::kLiability, Side::kCredit, true, {}, ""};
  const Subject two{"1602", "折旧", AccountType::kAsset, Side::kCredit, true, {"item", "room"}, ""};
  StoredCommand approved = entry(3, CommandKind::kSetting);
  approved.effects.documents = {document(one)};
  CHECK(book.of(approved) ==
        "{\"kind\":\"chart\",\"time\":\"2026-03-04T09:00:03+08:00\","
        "\"id\":\"0000006400000000000000010000000000000003\",\"name\":\"挂账\","
        "\"account_type\":\"liability\",\"subject\":\"2241\"}\n");
  StoredCommand both = entry(4, CommandKind::kSetting);
  both.effects.documents = {document(one), document(two)};
  const auto told = book.teller.tell(both).value();
  REQUIRE(told.size() == 2);
  CHECK(told[0].key != both.key);
  CHECK(told[0].key != told[1].key);
  CHECK(told[1].subjects == std::vector<Subject>{two});
  CHECK(told[1].time.ns == told[0].time.ns + 1);
}

TEST_CASE("tell_entries: an adjustment that two people approved says its date") {
  Told book;
  StoredCommand cut = entry(3, CommandKind::kDayCut);
  cut.content = {{"next", "2026-03-05"}};
  cut.effects.book = BookChange{kDay.plus_days(1), kDay.plus_days(-1)};
  book.of(cut);
  StoredCommand approved = moving(4, {{kBank, kPending, 500, K::kPosted}});
  approved.kind = CommandKind::kVoucher;
  approved.content = {{"request", "A1"}, {"decision", "approve"}};
  approved.voucher_no = 1;
  approved.effects.text =
      std::make_shared<const VoucherText>(VoucherText{"", "", "", "maker", "checker"});
  CHECK(book.of(approved) ==
        "{\"kind\":\"voucher\",\"time\":\"2026-03-04T09:00:04+08:00\","
        "\"id\":\"0000006400000000000000010000000000000004\",\"number\":1,\"type\":\"general\","
        "\"date\":\"2026-03-04\",\"date_given\":true,\"adjustment\":true,"
        "\"maker\":\"maker\",\"checker\":\"checker\","
        "\"legs\":[{\"debit\":\"1002\",\"credit\":\"2101/M1\",\"amount\":500}]}\n");
  // Refused, it has no legs here, and nothing that could be refused again.
  StoredCommand refused = entry(5, CommandKind::kVoucher);
  refused.content = {{"request", "A2"}, {"decision", "approve"}};
  refused.refusal.code = RefusalCode::kSamePerson;
  CHECK(book.of(refused).empty());
}

TEST_CASE("tell_entries: a reversal of what bears another id there is not told as one") {
  // Entry 3 makes a hold under the hold's own name, entry 4 a voucher under its own.
  const StoredCommand makes =
      moving(3, {{kPending, kPayable, 700, K::kPending}},
             {hold_document(1, HoldState::kOpen, {{kPending, kPayable, 700, 700}})});
  const StoredCommand pays = moving(4, {{kBank, kPending, 5, K::kPosted}});
  const auto reversal_of = [](const ClaimKey& original, RefusalCode refused) {
    StoredCommand c = entry(5, CommandKind::kReversal);
    c.content = {{"original", original.hex()}};
    c.refusal.code = refused;
    return c;
  };
  const auto told = [&](const StoredCommand& reversal) {
    Told book({makes.key, pays.key, kHold});
    book.of(makes);
    book.of(pays);
    return book.teller.tell(reversal);
  };
  for (const ClaimKey& other : {makes.key, kHold}) {
    CHECK(told(reversal_of(other, RefusalCode::kVoucherNotReversible)).value().empty());
    const auto accepted = told(reversal_of(other, RefusalCode::kNone));
    REQUIRE_FALSE(accepted);
    CHECK_THAT(accepted.error().message, Catch::Contains("reverses what bears another id"));
  }
  CHECK(told(reversal_of(pays.key, RefusalCode::kNone)).value().at(0).of == pays.key);
  CHECK(told(reversal_of(pays.key, RefusalCode::kReversalExceedsOriginal)).value().size() == 1);
}

TEST_CASE("tell_entries: what another command than a voucher expected is not told") {
  Told book;
  const auto rules = std::make_shared<VoucherRules>();
  rules->expects.push_back({kBank, 1u});
  StoredCommand gives_back = entry(3, CommandKind::kVoidHold);
  gives_back.content = {{"hold", kHold.hex()}};
  gives_back.effects.rules = rules;
  gives_back.refusal.code = RefusalCode::kVersionNotExpected;
  CHECK(book.of(gives_back).empty());
  StoredCommand cut = entry(4, CommandKind::kDayCut);
  cut.content = {{"next", "2026-03-04"}};
  cut.refusal.code = RefusalCode::kDayCutNotForward;
  CHECK_FALSE(book.of(cut).empty());
  cut.seq = 5;
  cut.effects.rules = rules;
  CHECK(book.of(cut).empty());
  // It held, so that it needs not be said.
  gives_back = entry(6, CommandKind::kVoidHold);
  gives_back.content = {{"hold", kHold.hex()}};
  gives_back.effects.rules = rules;
  CHECK_THAT(book.of(gives_back),
             Catch::StartsWith("{\"kind\":\"void_hold\"") && !Catch::Contains("expect"));
}

TEST_CASE("tell_entries: what no entry tells is refused by name") {
  const HoldLeg open{kPending, kPayable, 700, 700}, part{kPending, kPayable, 700, 300};
  const HoldLeg second{kBank, kPayable, 5, 5};
  const ClaimKey other{Id128{8, 8}, kSystemCaller};
  struct Row {
    const char* says;
    StoredCommand command;
  };
  StoredCommand chart = entry(3, CommandKind::kSetting);
  chart.effects.documents.push_back(
      Document{DocumentKind::kChart, std::string(kChartKey), 1, true, encode(Chart{"x", true})});
  StoredCommand days = entry(3, CommandKind::kSetting);
  days.effects.book = BookChange{kDay.plus_days(1), kDay};
  StoredCommand both = moving(3, {{kBank, kPending, 1, K::kPosted}});
  both.effects.accounts = {account(kPending, "2101/M1", 2)};
  StoredCommand long_key = moving(3, {{kBank, kPending, 1, K::kPosted}});
  long_key.effects.text =
      std::make_shared<const VoucherText>(VoucherText{"", std::string(65, 'k'), "", "", ""});
  StoredCommand behind = moving(3, {{kBank, kPending, 1, K::kPosted}});
  behind.effects.date = kDay.plus_days(-1);
  StoredCommand by_one = behind;
  by_one.effects.text =
      std::make_shared<const VoucherText>(VoucherText{"", "", "", "maker", "maker"});
  StoredCommand coded = moving(3, {{kPending, kPayable, 700, K::kPostPending}},
                               {hold_document(2, HoldState::kPosted, {part})});
  coded.effects.code = 7;
  const Row rows[] = {
      {"moves the book's days", days},
      {"adopts a chart", chart},
      {"changes accounts and moves money", both},
      {"says what no voucher may say", long_key},
      {"dated before the open day", behind},
      {"dated before the open day", by_one},
      {"with a code", coded},
      {"too much", moving(3, {{kBank, kPending, 1'000'000'000'000'001, K::kPosted}})},
      {"too many legs",
       moving(3, std::vector<Transfer>(257, Transfer{kBank, kPending, 1, K::kPosted}))},
      {"otherwise than one hold", moving(3, {{kBank, kPending, -1, K::kRed}})},
      {"otherwise than one hold",
       moving(3, {{kPending, kPayable, 700, K::kPending}, {kBank, kPending, 1, K::kPosted}},
              {hold_document(1, HoldState::kOpen, {open})})},
      {"otherwise than one hold",
       moving(3, {{kPending, kPayable, 700, K::kVoidPending}, {kBank, kPending, 1, K::kPosted}},
              {hold_document(2, HoldState::kVoided, {open})})},
      {"otherwise than one hold", moving(3, {{kPending, kPayable, 700, K::kVoidPending}},
                                         {hold_document(2, HoldState::kExpired, {open})})},
      {"otherwise than one hold",
       moving(3,
              {{kPending, kPayable, 700, K::kPostPending}, {kBank, kPayable, 5, K::kPostPending}},
              {hold_document(2, HoldState::kPosted, {open}),
               hold_document(2, HoldState::kPosted, {second}, other)})},
      {"some legs of a hold in part", moving(3, {{kPending, kPayable, 400, K::kPostPending}},
                                             {hold_document(2, HoldState::kOpen, {part, second})})},
  };
  for (const Row& row : rows) {
    INFO(row.says);
    Told book;
    const auto told = book.teller.tell(row.command);
    REQUIRE_FALSE(told);
    CHECK(told.error().code == Errc::kUnsupported);
    CHECK_THAT(told.error().message, Catch::StartsWith("journal entry 3, a "));
    CHECK_THAT(told.error().message, Catch::Contains(row.says));
  }
}

TEST_CASE("tell_entries: of a book with such a command nothing is written") {
  test::TempFolder folder;
  const ManualClock clock(Timestamp::of_cn(kDay, 9, 0, 0));
  BookOptions options;
  options.folder = folder.path();
  options.create = true;
  options.first_date = kDay;
  auto opened = Book::open(options, clock);
  REQUIRE(opened);
  Book& book = *opened.value();
  for (const std::uint64_t n : {1, 2}) {
    OpenAccountRequest request;
    request.key = {Id128{0, n}, CallerId{100}};
    request.code = n == 1 ? "1002" : "2101";
    REQUIRE(book.run(open_account(request)).accepted());
  }
  Command command;
  command.key = {Id128{0, 3}, CallerId{100}};
  command.kind = CommandKind::kSettlement;
  command.plan = [](const View& view, const Moment& moment) -> Planned<ChangeSet> {
    VoucherRequest hold;
    hold.key = {Id128{0, 3}, CallerId{100}};
    hold.hold = true;
    hold.legs = {{AccountId{1}, AccountId{2}, 10}};
    TRY(ChangeSet changes, plan_voucher(view, hold, moment));
    changes.transfers.push_back({AccountId{1}, AccountId{2}, 5, TransferKind::kPosted});
    return changes;
  };
  const Answer answer = book.run(std::move(command));
  REQUIRE(answer.accepted());
  for (const test::Way& way : test::kWays) {
    INFO(way.name);
    std::ostringstream out;
    const auto written = way.write(book, out);
    REQUIRE_FALSE(written);
    CHECK(written.error().code == Errc::kUnsupported);
    CHECK_THAT(written.error().message,
               Catch::StartsWith(
                   fmt::format("journal entry {}, a settlement command: it reserves", answer.seq)));
    CHECK(out.str().empty());
  }
}
