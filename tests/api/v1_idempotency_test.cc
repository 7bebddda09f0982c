// The Idempotency-Key of every write whose service has ids of its own: claimed for ever, compared,
// and answered again as the first time. (Vouchers, holds, accounts and orders:
// v1_vouchers_test, v1_accounts_test, v1_orders_test, v1_requests_test.)
#include <catch2/catch.hpp>
#include <future>

#include "api/keys.h"
#include "tests/api/platform_world.h"
#include "tests/reconcile/book_world.h"

using namespace suanpan;
using suanpan::test::ApiReply;
using suanpan::test::Unchanged;

namespace {

const Date kDay = *Date::of(2026, 3, 4);

struct Fixture : suanpan::test::PlatformWorld {
  ApiReply put(const std::string& target, const std::string& body, const std::string& key) {
    return send(request("operator", "PUT", target, body, key));
  }
  /// The claim under which a key of this role and name is known to the book.
  ClaimKey claim(const std::string& who, const std::string& key) {
    return {id_of("v1|" + key), api::find_key(*book, *vault, who).value()->caller};
  }
  std::optional<StoredCommand> stored(const std::string& who, const std::string& key) {
    return book->find(claim(who, key)).value();
  }
  /// Two merchants' orders, paid and arrived, on a day that is cut; what compute will settle.
  std::string due_order(const std::string& number) {
    const std::string id = place(number).at("order_id");
    pay(id);
    mark_arrived(id);
    return id;
  }
  void next_day() {
    REQUIRE(book->run(day_cut({{Id128{2, 2}, kSystemCaller}, kDay.plus_days(1)})).accepted());
    business.advance_seconds(24 * 3600);
  }
};

/// The first answer again, and marked.
void check_replay(const ApiReply& first, const ApiReply& again) {
  INFO(again.body);
  CHECK(first.header("Suanpan-Replayed") == "");
  CHECK(again.status == first.status);
  CHECK(again.body == first.body);
  CHECK(again.header("Suanpan-Replayed") == "true");
}

void check_reused(const ApiReply& reply, const std::string& field) {
  CHECK(reply.status == 409);
  CHECK(reply.at("refusal") == "id_reused_with_other_content");
  CHECK(reply.at("detail") == field);
  CHECK(reply.header("Suanpan-Replayed") == "");
}

const std::string kComputeDay = R"({"settle_on":"2026-03-05"})";

}  // namespace

TEST_CASE("v1 idempotency: a settlement step is claimed with its effect and answered as it was") {
  Fixture f;
  f.due_order("S1");
  f.next_day();
  const auto made = f.post("maker", "/v1/settlement-batches", kComputeDay, "c1");
  REQUIRE(made.size("made") == 1);
  const std::string path = "/v1/settlement-batches/" + made.at("made.0.number");

  const auto reviewed = f.post("maker", path + "/review", "{}", "s1");
  REQUIRE(reviewed.at("state") == "reviewed");
  const auto approved = f.post("checker", path + "/approve", "{}", "s1");  // another caller's s1
  REQUIRE(approved.at("state") == "approved");
  CHECK(f.balance("2103") == 10000);

  // The claim is the very change set that moved the batch.
  const auto step = f.stored("maker", "s1");
  REQUIRE(step);
  CHECK(step->kind == CommandKind::kSettlement);
  REQUIRE(step->effects.documents.size() == 1);
  CHECK(step->effects.documents[0].kind == DocumentKind::kSettlementBatch);

  const Unchanged unchanged(f);
  // The batch has moved on; the first answer has not.
  check_replay(reviewed, f.post("maker", path + "/review", "{}", "s1"));
  check_replay(approved, f.post("checker", path + "/approve", "{}", "s1"));
  check_reused(f.post("maker", "/v1/settlement-batches/20260305-M9-1/review", "{}", "s1"), "batch");
  check_reused(f.post("maker", path + "/withdraw", R"({"reason":"x"})", "s1"), "step");
  // A key that computed a day cannot review.
  check_reused(f.post("maker", path + "/review", "{}", "c1"), "kind");
}

TEST_CASE("v1 idempotency: a step that was refused stays refused under its key") {
  Fixture f;
  f.due_order("S1");
  f.next_day();
  const auto made = f.post("maker", "/v1/settlement-batches", kComputeDay, "c1");
  const std::string path = "/v1/settlement-batches/" + made.at("made.0.number");
  // Nobody has reviewed it.
  const auto early = f.post("checker", path + "/approve", "{}", "a1");
  REQUIRE(early.status == 409);
  REQUIRE(early.at("refusal") == "batch_state_wrong");
  REQUIRE(f.post("maker", path + "/review", "{}", "r1").status == 200);
  check_replay(early, f.post("checker", path + "/approve", "{}", "a1"));
  CHECK(f.post("checker", path + "/approve", "{}", "a2").at("state") == "approved");
  CHECK(f.balance("2103") == 10000);
}

TEST_CASE("v1 idempotency: a computed day answers the same again, and another key finds it done") {
  Fixture f;
  f.due_order("S1");
  f.next_day();
  const auto first = f.post("maker", "/v1/settlement-batches", kComputeDay, "c1");
  REQUIRE(first.status == 200);
  REQUIRE(first.size("made") == 1);
  {
    const Unchanged unchanged(f);
    check_replay(first, f.post("maker", "/v1/settlement-batches", kComputeDay, "c1"));
    check_reused(f.post("maker", "/v1/settlement-batches", R"({"settle_on":"2026-03-06"})", "c1"),
                 "settle_on");
    // What cannot be settled leaves nothing, its key neither.
    const auto weekend =
        f.post("maker", "/v1/settlement-batches", R"({"settle_on":"2026-03-07"})", "c9");
    CHECK(weekend.status == 422);
    CHECK(weekend.at("refusal") == "mismatch");
  }
  CHECK(f.post("maker", "/v1/settlement-batches", kComputeDay, "c2").size("made") == 0);
  CHECK(f.post("maker", "/v1/settlement-batches", kComputeDay, "c9").status == 200);
}

TEST_CASE("v1 idempotency: what somebody posted under the outcome's id is not told as the answer") {
  Fixture f;
  f.due_order("S1");
  f.next_day();
  const ClaimKey claim = f.claim("maker", "c1");
  const ClaimKey outcome{id_of("v1-outcome|" + claim.hex()), claim.caller};
  REQUIRE_FALSE(f.book->run(day_cut({outcome, kDay})).accepted());  // journalled all the same
  const auto first = f.post("maker", "/v1/settlement-batches", kComputeDay, "c1");
  REQUIRE(first.status == 200);
  REQUIRE(first.size("made") == 1);
  // The outcome found no place: the call is worked again, and finds its batch made.
  const auto again = f.post("maker", "/v1/settlement-batches", kComputeDay, "c1");
  INFO(again.body);
  CHECK(again.status == 200);
  CHECK(again.header("Suanpan-Replayed") == "");
  CHECK(again.size("made") == 0);
}

TEST_CASE("v1 idempotency: many of the same call at once are one") {
  Fixture f;
  f.due_order("S1");
  f.next_day();
  std::vector<std::future<std::pair<int, std::string>>> calls;
  std::vector<HttpRequest> requests;
  for (int i = 0; i < 8; ++i)
    requests.push_back(f.request("maker", "POST", "/v1/settlement-batches", kComputeDay, "c1"));
  for (const HttpRequest& request : requests)
    calls.push_back(std::async(std::launch::async, [&f, &request] {
      auto socket = tests::RawSocket::connect(f.server->port());
      std::string wire = "POST " + request.target + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
      for (const auto& [name, value] : request.headers.fields())
        wire += name + ": " + value + "\r\n";
      socket.send(wire + fmt::format("Content-Length: {}\r\n\r\n", request.body.size()) +
                  request.body);
      const std::string text = socket.receive_all(40'000);
      return std::make_pair(std::stoi(text.substr(9, 3)), text.substr(text.find("\r\n\r\n") + 4));
    }));
  std::set<std::string> bodies;
  for (auto& call : calls) {
    const auto [status, body] = call.get();
    CHECK(status == 200);
    bodies.insert(body);
  }
  CHECK(bodies.size() == 1);
  CHECK(f.get("auditor", "/v1/settlement-batches").size("batches") == 1);
}

TEST_CASE("v1 idempotency: after a crash between the work and its answer the same call goes on") {
  Fixture f;
  f.due_order("S1");
  f.next_day();
  // What a crash leaves: the key claimed, no answer kept, and the day already computed.
  REQUIRE(f.book
              ->run(Command{f.claim("maker", "c1"),
                            CommandKind::kSetting,
                            {{"call", "compute"}, {"settle_on", "2026-03-05"}},
                            [](const View& view, const Moment&) -> Planned<ChangeSet> {
                              ChangeSet nothing;
                              nothing.date = view.book().accounting_date;
                              return nothing;
                            }})
              .accepted());
  REQUIRE(f.settlement->compute(kDay.plus_days(1), "maker").value().made.size() == 1);
  check_reused(f.post("maker", "/v1/settlement-batches", R"({"settle_on":"2026-03-06"})", "c1"),
               "settle_on");
  const auto after = f.post("maker", "/v1/settlement-batches", kComputeDay, "c1");
  REQUIRE(after.status == 200);
  CHECK(after.size("made") == 0);  // it was made before the crash
  check_replay(after, f.post("maker", "/v1/settlement-batches", kComputeDay, "c1"));
  CHECK(f.get("auditor", "/v1/settlement-batches").size("batches") == 1);
}

TEST_CASE("v1 idempotency: runs, their cases, and the reports of a day") {
  using namespace suanpan::reconcile::test;
  Fixture f;
  const std::string order = f.place("R1").at("order_id");
  f.pay(order);
  const std::string bill = bill_text(
      kDay, {paid(order, "42" + order, "100.00", "0.60"), paid("X0009", "W9", "12.34", "0.07")},
      {"112.34", "0.00", "0.67"}, "1900000109");
  const auto body = [](const std::string& file, const char* day = "2026-03-04") {
    return fmt::format(R"({{"kind":"bill","subject":"1900000109","day":"{}","file":"{}"}})", day,
                       base64(file));
  };
  {
    const Unchanged unchanged(f);  // a file that is not believed leaves nothing, its key neither
    const auto bad = f.post("maker", "/v1/reconciliation-runs", body("not a bill"), "r1");
    CHECK(bad.status == 400);
    CHECK(bad.at("refusal") == "malformed");
  }
  const auto run = f.post("maker", "/v1/reconciliation-runs", body(bill), "r1");
  INFO(run.body);
  REQUIRE(run.status == 200);
  CHECK(run.at("number") == "20260304-wxpay-001");
  CHECK(run.at("matched") == "1");
  CHECK(run.at("repeated") == "false");
  REQUIRE(run.size("breaks") == 1);
  CHECK(run.at("breaks.0.class") == "missing_local");
  CHECK(run.at("breaks.0.amount") == "1234");
  check_reused(f.post("maker", "/v1/reconciliation-runs", body(bill, "2026-03-05"), "r1"), "day");
  check_reused(f.post("maker", "/v1/reconciliation-runs", body(bill + " "), "r1"), "file");
  // Another key: the same file is known by itself.
  CHECK(f.post("maker", "/v1/reconciliation-runs", body(bill), "r2").at("repeated") == "true");

  const std::string path = "/v1/breaks/" + run.at("breaks.0.id");
  const auto proposed = f.post("maker", path + "/propose", R"({"resolution":"suspend"})", "p1");
  REQUIRE(proposed.at("state") == "proposed");
  const auto rejected = f.post("checker", path + "/reject", "{}", "j1");
  REQUIRE(rejected.at("state") == "open");
  check_replay(proposed, f.post("maker", path + "/propose", R"({"resolution":"suspend"})", "p1"));
  check_reused(f.post("maker", path + "/propose", R"({"resolution":"acknowledge"})", "p1"),
               "resolution");
  check_reused(f.post("checker", path + "/resolve", "{}", "j1"), "step");
  REQUIRE(f.post("maker", path + "/propose", R"({"resolution":"suspend"})", "p2").status == 200);
  const auto own = f.post("maker2", path + "/resolve", "{}", "z0");
  REQUIRE(own.at("state") == "resolved");
  const std::int64_t suspense = f.balance("2241/suspense");
  const auto step = f.stored("maker2", "z0");
  REQUIRE(step);
  CHECK(step->kind == CommandKind::kCase);
  CHECK(step->voucher_no != 0);  // the voucher of the resolution is the claim's own change set
  CHECK(own.at("resolution_voucher_id") == f.claim("maker2", "z0").hex());
  check_replay(own, f.post("maker2", path + "/resolve", "{}", "z0"));
  CHECK(f.balance("2241/suspense") == suspense);
  CHECK(f.post("checker", path + "/resolve", "{}", "z1").at("refusal") == "document_state_final");
  // The run's first answer tells the break as it was then.
  check_replay(run, f.post("maker", "/v1/reconciliation-runs", body(bill), "r1"));

  const auto reports = f.post("operator", "/v1/reports", R"({"day":"2026-03-04"})", "d1");
  REQUIRE(reports.status == 200);
  check_replay(reports, f.post("operator", "/v1/reports", R"({"day":"2026-03-04"})", "d1"));
  check_reused(f.post("operator", "/v1/reports", R"({"day":"2026-03-05"})", "d1"), "day");
}

TEST_CASE("v1 idempotency: the clock, fee schedules and sub-accounts") {
  Fixture f;
  const auto clock = [&](const char* to, const std::string& key) {
    return f.post("operator", "/v1/clock/advance", fmt::format(R"({{"to":"{}"}})", to), key);
  };
  const auto ten = clock("2026-03-04T10:00:00+08:00", "t1");
  REQUIRE(ten.status == 200);
  CHECK(ten.at("now") == "2026-03-04T10:00:00+08:00");
  REQUIRE(clock("2026-03-04T12:00:00+08:00", "t2").status == 200);
  check_replay(ten, clock("2026-03-04T10:00:00+08:00", "t1"));
  CHECK(f.business.now() == Timestamp::of_cn(kDay, 12, 0, 0));  // a replay moves nothing back
  check_reused(clock("2026-03-04T11:00:00+08:00", "t1"), "to");
  const auto past = clock("2026-03-04T11:00:00+08:00", "t3");
  CHECK(past.status == 400);
  CHECK(past.at("refusal") == "value_invalid");

  const auto schedule = [](const char* rate) {
    return fmt::format(
        R"({{"format":1,"merchant_no":"M1","rules":[{{"product":"*","effective_from":"2026-04-01",)"
        R"("currency":"CNY","rate":"{}","rounding":"half_up",)"
        R"("on_refund":"proportional"}}]}})",
        rate);
  };
  const auto fees = f.put("/v1/fee-schedules/M1", schedule("0.006"), "f1");
  REQUIRE(fees.status == 201);
  f.set_fees(schedule("0.004"), "f2");
  check_replay(fees, f.put("/v1/fee-schedules/M1", schedule("0.006"), "f1"));
  check_reused(f.put("/v1/fee-schedules/M1", schedule("0.005"), "f1"), "rules");
  CHECK(f.get("auditor", "/v1/fee-schedules/M1").at("rules.0.rate") == "0.004");

  const auto sub = [&](const char* account, const std::string& key) {
    return f.post("maker", "/v1/sub-accounts",
                  fmt::format(R"({{"kind":"household","account":"{}"}})", account), key);
  };
  const auto early = sub("2201/预售/B1", "v1");
  CHECK(early.status == 404);
  CHECK(early.at("refusal") == "account_not_found");
  f.open("2201/预售/B1", "liability");
  check_replay(early, sub("2201/预售/B1", "v1"));
  const auto given = sub("2201/预售/B1", "v2");
  REQUIRE(given.status == 201);
  check_replay(given, sub("2201/预售/B1", "v2"));
  check_reused(sub("2201/预售/A1", "v2"), "account");
  CHECK(sub("2201/预售/B1", "v3").at("number") == given.at("number"));
}

TEST_CASE("v1 idempotency: closing an order is kept when it is final, and asked again until then") {
  Fixture f;
  const auto close = [&](const std::string& id, const std::string& key) {
    return f.post("upstream", "/v1/orders/" + id + "/close", "", key);
  };
  const std::string one = f.place("O1").at("order_id"), two = f.place("O2").at("order_id");
  const auto closed = close(one, "k1");
  REQUIRE(closed.at("state") == "closed");
  check_replay(closed, close(one, "k1"));
  check_reused(close(two, "k1"), "order");
  CHECK(f.get("upstream", "/v1/orders/" + two).at("state") == "created");

  f.pay(two);
  const auto late = close(two, "k2");
  REQUIRE(late.status == 409);
  REQUIRE(late.at("refusal") == "order_state_final");
  check_replay(late, close(two, "k2"));

  // The channel does not answer: nothing is final, so nothing is kept.
  const std::string wx = f.place("O3").at("order_id");
  f.submit(wx);
  const auto open = close(wx, "k3");
  CHECK(open.status == 200);
  CHECK(open.at("state") == "paying");
  const auto again = close(wx, "k3");
  CHECK(again.at("state") == "paying");
  CHECK(again.header("Suanpan-Replayed") == "");
  f.pay(wx);
  const auto final = close(wx, "k3");
  CHECK(final.at("refusal") == "order_state_final");
  check_replay(final, close(wx, "k3"));
}
