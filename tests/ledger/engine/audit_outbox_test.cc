// What is owed to merchants and upstreams, on paper: what was not asked for, counted wrongly or
// left out is found and placed.
#include "ledger/engine/audit.h"
#include "tests/ledger/engine/paper_book.h"

using namespace suanpan;
using test::Paper;

namespace {

constexpr const char* kUrl = "https://m1.example/told";

std::string notification_bytes(const char* topic, const char* id, const char* more,
                               const char* url = kUrl) {
  return fmt::format(R"({{"topic":"{}","id":"{}","url":"{}","next_at":1,"created_at":1,{}}})",
                     topic, id, url, more);
}
Document notification(const char* topic, const char* id, std::uint32_t version, bool open,
                      const char* more, const char* url = kUrl) {
  return {DocumentKind::kNotification, fmt::format("{}/{}", topic, id), version, open,
          notification_bytes(topic, id, more, url)};
}
constexpr const char* kNone = R"("attempts":0)";

struct World {
  Paper p;
  AccountId transit{6};
  World() { p.open("2103", AccountType::kLiability); }

  /// Paid with 100, to a merchant who wants to be told.
  static Document paid() {
    Order order;
    order.order_id = "P1";
    order.amount = Money{100};
    order.lines = {{"", "2101/a", 100}};
    order.notify_url = kUrl;
    order.state = OrderState::kPaid;
    return {DocumentKind::kOrder, "P1", 1, true, encode(order)};
  }
  void pay(DocumentChanges documents) {
    p.together(CommandKind::kOrderEvent, {{p.bank, p.owner, 100, TransferKind::kPosted}},
               std::move(documents));
  }
  void pay_and_tell() { pay({paid(), notification("order", "P1", 1, true, kNone)}); }
  void attempt(std::uint32_t version, bool open, const char* more) {
    p.together(CommandKind::kNotification, {}, {notification("order", "P1", version, open, more)});
  }
  void pay_out(std::uint32_t version, PayoutState state, AccountId debit, AccountId credit,
               std::optional<Document> told = {}) {
    Payout t;
    t.payout_id = "T1";
    t.amount = Money{40};
    t.source_account = "2101/a";
    t.transit_account = "2103";
    t.bank_account = "1002";
    t.notify_url = kUrl;
    t.state = state;
    DocumentChanges documents{{DocumentKind::kPayout, "T1", version, version == 1, encode(t)}};
    if (told) documents.push_back(*told);
    p.together(CommandKind::kPayoutEvent, {{debit, credit, 40, TransferKind::kPosted}}, documents);
  }
  /// Order P1 paid, and its refund of all asked for.
  void ask_refund() {
    pay_and_tell();
    refund_step(2, 1, RefundState::kCreated, 100, p.owner, transit);
  }
  void refund_step(std::uint32_t order_version, std::uint32_t version, RefundState state,
                   std::int64_t under_way, AccountId debit, AccountId credit,
                   std::optional<Document> told = {}) {
    Order order = decode_order(paid().bytes).value();
    order.refunding = under_way;
    Refund r;
    r.refund_id = "R1";
    r.order_id = "P1";
    r.amount = Money{100};
    r.lines = {{"", "2101/a", 100}};
    r.notify_url = kUrl;
    r.state = state;
    DocumentChanges documents{{DocumentKind::kOrder, "P1", order_version, true, encode(order)},
                              {DocumentKind::kRefund, "R1", version, version == 1, encode(r)}};
    if (told) documents.push_back(*told);
    p.together(CommandKind::kRefundEvent, {{debit, credit, 100, TransferKind::kPosted}}, documents);
  }

  struct Hook {
    const char* state = "active";
    std::int64_t cursor = 5, epoch = 0, attempts = 0, dead_letters = 0;
    const char* url = "https://u1.example/hook";
    const char* topic = "order.*";
  };
  /// Of upstream 200.
  static Document webhook(std::uint32_t version, const Hook& h) {
    return {DocumentKind::kWebhook, "W1", version, h.state == std::string("active"),
            fmt::format(R"({{"id":"W1","owner":200,"key_id":"U1","url":"{}","topics":["{}"],)"
                        R"("secret_sealed":"s","state":"{}","cursor":{},"epoch":{},)"
                        R"("attempts":{},"dead_letters":{}}})",
                        h.url, h.topic, h.state, h.cursor, h.epoch, h.attempts, h.dead_letters)};
  }
  static Document letter(const char* key, std::int64_t after, std::int64_t through,
                         std::int64_t attempts) {
    return {DocumentKind::kDeadLetter, key, 1, false,
            fmt::format(R"({{"webhook":"W1","after":{},"through":{},"attempts":{}}})", after,
                        through, attempts)};
  }
  /// The next version of it, by somebody's command.
  void hook(CommandKind kind, CallerId who, const Hook& h, std::optional<Document> dead = {}) {
    ChangeSet changes = Paper::on(Paper::kToday);
    changes.documents = {webhook(++hooks, h)};
    if (dead) changes.documents.push_back(*dead);
    p.accept(kind, changes, {Id128{7, hooks}, who});
  }
  void set(const Hook& h, CallerId who = Paper::kCaller) { hook(CommandKind::kSetting, who, h); }
  void deliver(const Hook& h, std::optional<Document> dead = {}) {
    hook(CommandKind::kNotification, kSystemCaller, h, std::move(dead));
  }
  /// Asked for and approved; it stands at 5.
  void begin() {
    set({"requested"}, CallerId{200});
    set({});
  }
  /// And `attempts` deliveries of it have failed.
  void begin_to_fail(std::int64_t attempts) {
    begin();
    for (std::int64_t n = 1; n <= attempts; ++n) deliver({"active", 5, 0, n});
  }
  std::uint32_t hooks = 0;
};
constexpr const char* kLetter = "W1/0000000000000000000/0000000000000000005";

}  // namespace

TEST_CASE("audit: what is owed outside, told attempt by attempt, passes") {
  World w;
  w.ask_refund();
  w.attempt(2, true, R"("attempts":1,"state":"waiting","result":"http 500")");
  w.attempt(3, false, R"("attempts":2,"state":"delivered","result":"success")");
  w.refund_step(3, 2, RefundState::kFailed, 0, w.transit, w.p.owner,
                notification("refund", "R1", 1, true, kNone));
  w.pay_out(1, PayoutState::kCreated, w.p.owner, w.transit);
  w.pay_out(2, PayoutState::kSucceeded, w.transit, w.p.bank,
            notification("payout", "T1", 1, true, kNone));
  w.p.together(CommandKind::kNotification, {},
               {notification("payout", "T1", 2, false,
                             R"("attempts":1,"state":"given_up","result":"url")")});
  w.pay_out(3, PayoutState::kReturned, w.p.bank, w.p.owner,
            notification("payout_returned", "T1", 1, true, kNone));
  w.begin_to_fail(7);
  w.deliver({"active", 9, 0, 0, 1}, World::letter(kLetter, 5, 9, 8));
  w.deliver({"active", 12, 0, 0, 1});
  w.deliver({"active", 12, 0, 1, 1});
  w.set({"active", 7, 1, 0, 1}, CallerId{200});
  w.set({"disabled", 7, 1, 0, 1});
  CHECK(w.p.fault_of_journal() == "none");
}

TEST_CASE("audit: what is owed outside and is not told, or told wrongly, is found") {
  struct Row {
    const char* what;
    std::function<void(World&)> plant;
    const char* fault;
  };
  const Row rows[] = {
      {"a payment nobody is told of", [](World& w) { w.pay({World::paid()}); },
       "notification order/P1 is owed and not made"},
      {"another one is told of it",
       [](World& w) {
         w.pay({World::paid(), notification("order", "P2", 1, true, kNone)});
       },
       "notification order/P2 is owed by nothing"},
      {"somebody else is told of it",
       [](World& w) {
         w.pay({World::paid(), notification("order", "P1", 1, true, kNone, "https://m2.example")});
       },
       "notification order/P1 goes to another URL than the one that was named"},
      {"a payment that did not happen",
       [](World& w) {
         w.p.together(CommandKind::kOrderEvent, {}, {notification("order", "P1", 1, true, kNone)});
       },
       "notification order/P1 is owed by nothing"},
      {"a refund nobody is told of",
       [](World& w) {
         w.ask_refund();
         w.refund_step(3, 2, RefundState::kFailed, 0, w.transit, w.p.owner);
       },
       "notification refund/R1 is owed and not made"},
      {"a payout nobody is told of",
       [](World& w) {
         w.pay_out(1, PayoutState::kCreated, w.p.owner, w.transit);
         w.pay_out(2, PayoutState::kSucceeded, w.transit, w.p.bank);
       },
       "notification payout/T1 is owed and not made"},
      {"one that came back nobody is told of",
       [](World& w) {
         w.pay_out(1, PayoutState::kCreated, w.p.owner, w.transit);
         w.pay_out(2, PayoutState::kSucceeded, w.transit, w.p.bank,
                   notification("payout", "T1", 1, true, kNone));
         w.pay_out(3, PayoutState::kReturned, w.p.bank, w.p.owner);
       },
       "notification payout_returned/T1 is owed and not made"},
      {"it is begun as told",
       [](World& w) {
         w.pay({World::paid(),
                notification("order", "P1", 1, false, R"("attempts":0,"state":"delivered")")});
       },
       "notification order/P1 ends as delivered"},
      {"it stands under another name",
       [](World& w) {
         w.pay({World::paid(), Document{DocumentKind::kNotification, "order/P1", 1, true,
                                        notification_bytes("order", "P2", kNone)}});
       },
       "notification order/P1 is of order P2"},
      {"it does not decode",
       [](World& w) {
         w.pay({World::paid(), Document{DocumentKind::kNotification, "order/P1", 1, true, "{}"}});
       },
       "notification order/P1 does not decode"},
      {"an attempt is counted twice",
       [](World& w) {
         w.pay_and_tell();
         w.attempt(2, true, R"("attempts":2,"state":"waiting","result":"http 500")");
       },
       "notification order/P1 counts 2 attempts in version 2"},
      {"an attempt is not counted",
       [](World& w) {
         w.pay_and_tell();
         w.attempt(2, true, R"("attempts":0,"state":"waiting","result":"http 500")");
       },
       "notification order/P1 counts 0 attempts in version 2"},
      {"it is dropped",
       [](World& w) {
         w.pay_and_tell();
         w.attempt(2, false, R"("attempts":1,"state":"forgotten","result":"")");
       },
       "notification order/P1 ends as forgotten"},
      {"it waits where nobody looks",
       [](World& w) {
         w.pay_and_tell();
         w.attempt(2, false, R"("attempts":1,"state":"waiting","result":"timeout")");
       },
       "notification order/P1 is listed as finished and is waiting"},
      {"it is called delivered though nobody took it",
       [](World& w) {
         w.pay_and_tell();
         w.attempt(2, false, R"("attempts":1,"state":"delivered","result":"http 500")");
       },
       "notification order/P1 is delivered after the answer http 500"},
      {"it is given up though it was taken",
       [](World& w) {
         w.pay_and_tell();
         w.attempt(2, false, R"("attempts":1,"state":"given_up","result":"success")");
       },
       "notification order/P1 is given_up after the answer success"},
      {"it is begun anew",
       [](World& w) {
         w.pay_and_tell();
         w.attempt(2, false, R"("attempts":1,"state":"delivered","result":"success")");
         w.attempt(3, true, R"("attempts":2,"state":"waiting","result":"timeout")");
       },
       "notification order/P1 changed after it was finished"},
      {"a webhook goes back",
       [](World& w) {
         w.begin();
         w.deliver({"active", 4});
       },
       "webhook W1 goes back from 5 to 4 without a replay"},
      {"a webhook is ahead of the journal",
       [](World& w) {
         w.begin();
         w.deliver({"active", static_cast<std::int64_t>(w.p.last_seq()) + 1});
       },
       "beyond the journal"},
      {"a webhook's cursor is none",
       [](World& w) {
         w.set({"requested", -1});
       },
       "webhook W1 stands at -1, beyond the journal"},
      {"a replay goes forward",
       [](World& w) {
         w.begin();
         w.set({"active", 6, 1});
       },
       "webhook W1 is replayed from 6, beyond 5, where it stood"},
      {"an epoch is left out",
       [](World& w) {
         w.begin();
         w.set({"active", 5, 2});
       },
       "webhook W1 goes from epoch 0 to 2"},
      {"an epoch comes back",
       [](World& w) {
         w.begin();
         w.set({"active", 5, 1});
         w.set({"active", 5, 0});
       },
       "webhook W1 goes from epoch 1 to 0"},
      {"a webhook begins used",
       [](World& w) {
         w.set({"requested", 5, 1});
       },
       "webhook W1 goes from epoch 0 to 1"},
      {"a webhook begins with an attempt",
       [](World& w) {
         w.set({"requested", 5, 0, 1});
       },
       "webhook W1 moves while it goes from nothing to requested"},
      {"nobody approved it", [](World& w) { w.set({"active"}); },
       "webhook W1 goes from nothing to active"},
      {"its owner did",
       [](World& w) {
         w.set({"requested"}, CallerId{200});
         w.set({"active"}, CallerId{200});
       },
       "webhook W1 is approved by its owner"},
      {"it is delivered to as it is approved",
       [](World& w) {
         w.set({"requested"});
         w.set({"active", 6});
       },
       "webhook W1 moves while it goes from requested to active"},
      {"it is delivered to before",
       [](World& w) {
         w.set({"requested"});
         w.deliver({"requested", 6});
       },
       "webhook W1 goes from requested to requested"},
      {"it is replayed before",
       [](World& w) {
         w.set({"requested"});
         w.set({"requested", 4, 1});
       },
       "webhook W1 goes from requested to requested"},
      {"approval is taken back",
       [](World& w) {
         w.begin();
         w.set({"requested"});
       },
       "webhook W1 goes from active to requested"},
      {"a disabled one comes back",
       [](World& w) {
         w.begin();
         w.set({"disabled"});
         w.set({"active"});
       },
       "webhook W1 goes from disabled to active"},
      {"a disabled one is delivered to",
       [](World& w) {
         w.begin();
         w.set({"disabled"});
         w.deliver({"disabled", 6});
       },
       "webhook W1 goes from disabled to disabled"},
      {"what is left goes with the end",
       [](World& w) {
         w.begin();
         w.set({"disabled", 6});
       },
       "webhook W1 moves while it goes from active to disabled"},
      {"a state that there is not",
       [](World& w) {
         w.begin();
         w.set({"paused"});
       },
       "webhook W1 does not decode"},
      {"its receiver says what it took",
       [](World& w) {
         w.begin();
         w.hook(CommandKind::kNotification, CallerId{200}, {"active", 6});
       },
       "webhook W1 is said to be delivered to by somebody else"},
      {"a setting moves it forward",
       [](World& w) {
         w.begin();
         w.set({"active", 6});
       },
       "webhook W1 is said to be delivered to by somebody else"},
      {"a delivery replays it",
       [](World& w) {
         w.begin();
         w.deliver({"active", 4, 1});
       },
       "webhook W1 is changed by what tells of a delivery"},
      {"a delivery disables it",
       [](World& w) {
         w.begin();
         w.deliver({"disabled"});
       },
       "webhook W1 is changed by what tells of a delivery"},
      {"it goes to another URL",
       [](World& w) {
         w.begin();
         w.deliver({"active", 6, 0, 0, 0, "https://u2.example/hook"});
       },
       "webhook W1 changed its owner, key, URL, secret or topics"},
      {"it asks for more",
       [](World& w) {
         w.begin();
         w.set({"active", 4, 1, 0, 0, "https://u1.example/hook", "voucher.*"});
       },
       "webhook W1 changed its owner, key, URL, secret or topics"},
      {"two attempts are one",
       [](World& w) {
         w.begin();
         w.deliver({"active", 5, 0, 2});
       },
       "webhook W1 goes from 0 attempts to 2"},
      {"a failed delivery passes as made",
       [](World& w) {
         w.begin();
         w.deliver({"active", 6, 0, 1});
       },
       "webhook W1 goes from 0 attempts to 1"},
      {"it is tried for ever",
       [](World& w) {
         w.begin_to_fail(7);
         w.deliver({"active", 5, 0, 8});
       },
       "webhook W1 goes from 7 attempts to 8"},
      {"it is given up too soon",
       [](World& w) {
         w.begin_to_fail(6);
         w.deliver({"active", 9, 0, 0, 1}, World::letter(kLetter, 5, 9, 7));
       },
       "webhook W1 is given up after 7 attempts"},
      {"a webhook is given up and nobody hears of it",
       [](World& w) {
         w.begin_to_fail(7);
         w.deliver({"active", 6, 0, 0, 1});
       },
       "dead letter W1/0000000000000000000/0000000000000000005 is owed and not made"},
      {"a dead letter is of nothing",
       [](World& w) {
         w.begin();
         w.deliver({"active", 6}, World::letter(kLetter, 5, 6, 1));
       },
       "is of no delivery that was given up"},
      {"a dead letter leaves events out",
       [](World& w) {
         w.begin_to_fail(7);
         w.deliver({"active", 8, 0, 0, 1}, World::letter(kLetter, 5, 6, 8));
       },
       "is not of the delivery that was given up"},
      {"dead letters are counted twice",
       [](World& w) {
         w.begin_to_fail(7);
         w.deliver({"active", 6, 0, 0, 2}, World::letter(kLetter, 5, 6, 8));
       },
       "webhook W1 goes from 0 dead letters to 2"},
      {"a disabled webhook is listed",
       [](World& w) {
         w.p.document(DocumentKind::kWebhook, "W1", 1, true, World::webhook(1, {"disabled"}).bytes);
       },
       "webhook W1 is listed as open and is disabled"},
      {"a webhook does not decode",
       [](World& w) { w.p.document(DocumentKind::kWebhook, "W1", 1, true, "{}"); },
       "webhook W1 does not decode"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    World w;
    row.plant(w);
    const std::string fault = w.p.fault_of_journal();
    CHECK_THAT(fault,
               Catch::Matchers::StartsWith(fmt::format("journal entry {}: ", w.p.last_seq())));
    CHECK_THAT(fault, Catch::Matchers::Contains(row.fault));
  }
}
