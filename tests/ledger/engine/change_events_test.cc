// What entries of the journal tell: a row for each kind of command, written by hand.
#include "ledger/engine/change_events.h"

#include <catch2/catch.hpp>

#include "ledger/core/hold.h"

using namespace suanpan;

namespace {

constexpr CallerId kCaller{100};  // 64 in hexadecimal
const std::string kEntry =
    "00000064"
    "0000000000000000"
    "0000000000000005";
const std::string kFirst =
    "00000064"
    "0000000000000000"
    "0000000000000001";

StoredCommand entry(CommandKind kind) {
  StoredCommand stored;
  stored.seq = 17;
  stored.timestamp = Timestamp::of_cn(*Date::of(2026, 3, 4), 9, 0, 0);
  stored.key = {Id128{0, 5}, kCaller};
  stored.kind = kind;
  stored.effects.date = *Date::of(2026, 3, 4);
  return stored;
}
/// With legs between the accounts 1 and 2.
StoredCommand money(CommandKind kind, TransferKind leg, std::vector<std::int64_t> amounts) {
  StoredCommand stored = entry(kind);
  for (const std::int64_t amount : amounts)
    stored.effects.transfers.push_back(Transfer{AccountId{1}, AccountId{2}, amount, leg});
  return stored;
}
StoredCommand of_first(StoredCommand stored) {
  stored.effects.ref = {Id128{0, 1}, kCaller};
  return stored;
}
Account account(const std::string& code, std::uint32_t version) {
  Account a;
  a.id = AccountId{7};
  a.code = code;
  a.name = "王小明";
  a.type = AccountType::kLiability;
  a.normal = Side::kCredit;
  a.version = version;
  return a;
}
/// "topic key payload", a line an event.
std::string told(const StoredCommand& stored) {
  std::string text;
  for (const Event& event : events_of(stored))
    text += event.topic + " " + event.key + " " + event.payload + "\n";
  return text;
}

}  // namespace

TEST_CASE("change events: a voucher, with its legs' amounts and nothing that somebody wrote") {
  StoredCommand stored = money(CommandKind::kVoucher, TransferKind::kPosted, {100, 25});
  stored.voucher_no = 3;
  stored.effects.code = 12;
  stored.effects.type = VoucherType::kReceipt;
  CHECK(told(stored) == "voucher.posted " + kEntry + R"( {"id":")" + kEntry +
                            R"(","kind":"voucher","voucher_no":3,"type":"receipt","code":12,)"
                            R"("accounting_date":"2026-03-04","amounts":[100,25]})"
                            "\n");
  stored.effects.effective = *Date::of(2026, 3, 2);
  VoucherText text;
  text.summary = "王小明 三月物业费";
  text.business_key = "HT-1";
  text.metadata = R"({"phone":"13800000000"})";
  text.maker = "张三";
  text.checker = "李四";
  stored.effects.text = std::make_shared<const VoucherText>(text);
  stored.content = {{"summary", "王小明"}};
  stored.effects.answer = "王小明";
  CHECK(told(stored) ==
        "voucher.posted " + kEntry + R"( {"id":")" + kEntry +
            R"(","kind":"voucher","voucher_no":3,"type":"receipt","code":12,)"
            R"("accounting_date":"2026-03-04","effective_date":"2026-03-02","amounts":[100,25]})"
            "\n");
}

TEST_CASE("change events: whatever posts money is a voucher of its kind") {
  const struct {
    CommandKind kind;
    std::string name;
  } rows[] = {
      {CommandKind::kOrderEvent, "order_event"},   {CommandKind::kRefundEvent, "refund_event"},
      {CommandKind::kPayoutEvent, "payout_event"}, {CommandKind::kDeposit, "deposit"},
      {CommandKind::kSettlement, "settlement"},    {CommandKind::kYearClose, "year_close"}};
  for (const auto& row : rows) {
    StoredCommand stored = money(row.kind, TransferKind::kPosted, {5});
    stored.voucher_no = 1;
    CHECK(told(stored) ==
          "voucher.posted " + kEntry + R"( {"id":")" + kEntry + R"(","kind":")" + row.name +
              R"(","voucher_no":1,"type":"general","code":0,"accounting_date":"2026-03-04",)"
              R"("amounts":[5]})"
              "\n");
  }
}

TEST_CASE("change events: a hold of the house's own is a hold, by the name in its document") {
  const ClaimKey name{Id128{7, 8}, kSystemCaller};
  const std::pair<TransferKind, std::string> rows[] = {{TransferKind::kPending, "hold.made"},
                                                       {TransferKind::kVoidPending, "hold.voided"}};
  for (const auto& [kind, topic] : rows) {
    StoredCommand stored = money(CommandKind::kSettlement, kind, {5});
    stored.effects.documents.push_back(Document{DocumentKind::kSettlementLine, "B1", 1, true, ""});
    stored.effects.documents.push_back(Document{DocumentKind::kHold, name.bytes(), 1, true, ""});
    const auto events = events_of(stored);
    REQUIRE(events.size() == 1);
    CHECK(events[0].topic == topic);
    CHECK(events[0].key == name.hex());
    CHECK(events[0].payload.find(R"("amounts":[5])") != std::string::npos);
  }
}

TEST_CASE("change events: a reversal names the voucher that it reverses, in red amounts") {
  StoredCommand stored = of_first(money(CommandKind::kReversal, TransferKind::kRed, {-100, -25}));
  stored.voucher_no = 4;
  stored.effects.code = 12;
  CHECK(told(stored) ==
        "voucher.reversed " + kFirst + R"( {"id":")" + kEntry + R"(","original":")" + kFirst +
            R"(","voucher_no":4,"type":"general","code":12,"accounting_date":"2026-03-04",)"
            R"("amounts":[-100,-25]})"
            "\n");
}

TEST_CASE("change events: a hold from its making to its end") {
  StoredCommand made = money(CommandKind::kVoucher, TransferKind::kPending, {70});
  made.hold = true;
  made.effects.code = 9;
  CHECK(told(made) == "hold.made " + kEntry + R"( {"id":")" + kEntry + R"(","hold":")" + kEntry +
                          R"(","type":"general","code":9,"accounting_date":"2026-03-04",)"
                          R"("amounts":[70]})"
                          "\n");
  made.expires_at = Timestamp::of_cn(*Date::of(2026, 3, 4), 9, 15, 0);
  CHECK(told(made) == "hold.made " + kEntry + R"( {"id":")" + kEntry + R"(","hold":")" + kEntry +
                          R"(","type":"general","code":9,"expires_at":"2026-03-04T09:15:00+08:00",)"
                          R"("accounting_date":"2026-03-04","amounts":[70]})"
                          "\n");

  StoredCommand posted = of_first(money(CommandKind::kPostHold, TransferKind::kPostPending, {20}));
  posted.voucher_no = 2;
  Hold left;
  left.legs = {HoldLeg{AccountId{1}, AccountId{2}, 70, 50},
               HoldLeg{AccountId{1}, AccountId{3}, 8, 8}};
  posted.effects.documents.push_back(
      Document{DocumentKind::kHold, posted.effects.ref.bytes(), 2, true, encode(left)});
  CHECK(told(posted) == "hold.posted " + kFirst + R"( {"id":")" + kEntry + R"(","hold":")" +
                            kFirst +
                            R"(","voucher_no":2,"accounting_date":"2026-03-04",)"
                            R"("amounts":[20],"remaining":[50,8]})"
                            "\n");

  const auto ended = [](CommandKind kind) {
    return told(of_first(money(kind, TransferKind::kVoidPending, {50, 8})));
  };
  const std::string rest = " " + kFirst + R"( {"id":")" + kEntry + R"(","hold":")" + kFirst +
                           R"(","accounting_date":"2026-03-04","amounts":[50,8]})"
                           "\n";
  CHECK(ended(CommandKind::kVoidHold) == "hold.voided" + rest);
  CHECK(ended(CommandKind::kExpireHold) == "hold.expired" + rest);
}

TEST_CASE("change events: accounts by code with their terms, never their names") {
  StoredCommand opened = entry(CommandKind::kOpenAccount);
  opened.effects.accounts.push_back(account("2101/M1", 1));
  opened.effects.accounts.back().terms.limit = LimitKind::kNotBelowZero;
  CHECK(told(opened) ==
        R"(account.opened 2101/M1 {"command":")" + kEntry +
            R"(","account":"2101/M1","account_id":7,"type":"liability","normal_side":"credit",)"
            R"("currency":"CNY","version":1,"limit":"not_below_zero","credit_line":0,)"
            R"("frozen_in":false,"frozen_out":false,"closed":false,"hot":false})"
            "\n");

  // By one command or with another's approval: what counts is the account that comes of it.
  for (const CommandKind kind : {CommandKind::kSetTerms, CommandKind::kSetting}) {
    StoredCommand changed = entry(kind);
    changed.effects.accounts.push_back(account("2101/M1", 4));
    AccountTerms& terms = changed.effects.accounts.back().terms;
    terms.limit = LimitKind::kCreditLine;
    terms.credit_line = 5000;
    terms.frozen_out = true;
    terms.hot = true;
    CHECK(told(changed) ==
          R"(account.terms_changed 2101/M1 {"command":")" + kEntry +
              R"(","account":"2101/M1","account_id":7,"version":4,"limit":"credit_line",)"
              R"("credit_line":5000,"frozen_in":false,"frozen_out":true,"closed":false,)"
              R"("hot":true})"
              "\n");
  }
}

TEST_CASE(
    "change events: days that close, by themselves or at a year's end; a day cut closes none") {
  for (const CommandKind kind : {CommandKind::kPeriodClose, CommandKind::kYearClose}) {
    StoredCommand closed = entry(kind);
    closed.effects.book = BookChange{*Date::of(2026, 3, 4), *Date::of(2026, 2, 28)};
    CHECK(told(closed) == R"(period.closed 2026-02-28 {"command":")" + kEntry +
                              R"(","closed_through":"2026-02-28","accounting_date":"2026-03-04"})"
                              "\n");
  }
  for (const CommandKind kind : {CommandKind::kDayCut, CommandKind::kOpenBook}) {
    StoredCommand cut = entry(kind);
    cut.effects.book = BookChange{*Date::of(2026, 3, 5), *Date::of(2026, 2, 28)};
    cut.effects.events.push_back({"book.day_cut", "2026-03-05", "{}"});
    CHECK(told(cut) == "book.day_cut 2026-03-05 {}\n");
  }
  CHECK(told(entry(CommandKind::kYearClose)).empty());
}

TEST_CASE("change events: a refused command and one that moves nothing have none") {
  for (const bool hold : {false, true}) {
    StoredCommand refused = money(CommandKind::kVoucher, TransferKind::kNone, {100});
    refused.hold = hold;
    refused.refusal = refuse(RefusalCode::kBelowLimit, "2101/M1");
    CHECK(told(refused).empty());
  }
  for (const CommandKind kind :
       {CommandKind::kPostHold, CommandKind::kVoidHold, CommandKind::kReversal,
        CommandKind::kOpenAccount, CommandKind::kSetTerms, CommandKind::kPeriodClose}) {
    StoredCommand refused = of_first(entry(kind));
    refused.refusal = refuse(RefusalCode::kInternal);
    CHECK(told(refused).empty());
  }
  for (const CommandKind kind : {CommandKind::kSetting, CommandKind::kPlaceOrder,
                                 CommandKind::kNotification, CommandKind::kErasure})
    CHECK(told(entry(kind)).empty());
}

namespace {

/// Everything at once: two stored events, two accounts, a voucher.
StoredCommand busy() {
  StoredCommand stored = money(CommandKind::kSettlement, TransferKind::kPosted, {1});
  stored.effects.events = {{"settlement.paid", "S1", "{}"}, {"order.settled", "N1", "{}"}};
  stored.effects.accounts = {account("2101/A", 1), account("2101/B", 2)};
  return stored;
}
/// "index:topic", those of changes with a '+'.
std::string asked(const std::vector<std::string>& names) {
  std::string text;
  const Topics topics(names);
  for_each_event(busy(), topics, [&](const ToldEvent& told) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ", told.index, told.event.topic);
    if (told.change) text += "+";
  });
  return text;
}

}  // namespace

TEST_CASE("change events: an event's index is the same whatever is asked for") {
  const auto all = events_of(busy());
  REQUIRE(all.size() == 5);
  CHECK(all[0].key == "S1");
  CHECK(all[1].key == "N1");
  CHECK(all[2].key == "2101/A");
  CHECK(all[3].key == "2101/B");
  CHECK(all[4].key == kEntry);
  CHECK(all == events_of(busy()));
  CHECK(asked({}) == "0:settlement.paid 1:order.settled");
  CHECK(asked({"order.*"}) == "1:order.settled");
  CHECK(asked({"voucher.*"}) == "4:voucher.posted+");
  CHECK(asked({"account.terms_changed"}) == "3:account.terms_changed+");
  CHECK(asked({"account.*", "settlement.*"}) ==
        "0:settlement.paid 2:account.opened+ 3:account.terms_changed+");
  CHECK(asked({"voucher.reversed", "hold.*", "period.*"}).empty());
}

TEST_CASE("change events: every topic of a change is asked for by its name and by its beginning") {
  for (const std::string_view topic : kChangeTopics) {
    INFO(topic);
    CHECK(valid_topic(topic));
    const std::string name(topic), beginning = name.substr(0, name.find('.')) + ".*";
    CHECK(Topics({name}).want_change(topic));
    CHECK(Topics({"order.paid", beginning}).want_change(topic));
    CHECK_FALSE(Topics().want_change(topic));
    CHECK_FALSE(Topics({"order.*"}).want_change(topic));
    CHECK_FALSE(Topics({name + ".more"}).want_changes());
    CHECK_FALSE(Topics({name.substr(0, name.find('.'))}).want_changes());
  }
}

TEST_CASE("change events: topics are told apart whole or by their beginning") {
  CHECK(Topics().want_stored("order.paid"));
  const Topics topics({"order.*", "deposit.suspense"});
  CHECK(topics.want_stored("order.paid"));
  CHECK(topics.want_stored("deposit.suspense"));
  CHECK_FALSE(topics.want_stored("deposit.suspense.more"));
  CHECK_FALSE(topics.want_stored("orders.paid"));
  CHECK_FALSE(topics.want_stored("order"));
  CHECK(valid_topic("order.*"));
  for (const char* bad : {"", "*", ".*", "order*", "order.**", "order paid", "order/paid"}) {
    INFO(bad);
    CHECK_FALSE(valid_topic(bad));
  }
  CHECK_FALSE(valid_topic(std::string(65, 'a')));
}
