// What two people must agree on, over the wire: refunds, payouts, settlements, fee schedules. The
// channels never answer here: what is looked at is who must agree, and where the money stands.
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "tests/api/platform_world.h"

using namespace suanpan;
using suanpan::test::Unchanged;
using Fixture = suanpan::test::PlatformWorld;

TEST_CASE("v1 refunds: asked for by a maker, made when another approves, once") {
  Fixture f;
  const std::string order = f.place("R1").at("order_id");
  f.pay(order);
  REQUIRE(f.balance("2101/M1") == 10000);
  const std::string body = R"({"order_id":")" + order + R"(","amount":3000,"reason":"少用材料"})";
  const auto asked = f.post("maker", "/v1/refunds", body, "r1");
  REQUIRE(asked.status == 201);
  const std::string id = asked.at("id");
  CHECK(f.post("maker", "/v1/refunds", body, "r1").body == asked.body);
  CHECK(f.balance("2101/M1") == 10000);  // nothing has moved
  CHECK(f.get("checker", "/v1/refunds/" + id).at("request.state") == "requested");

  CHECK(f.post("maker", "/v1/refunds/" + id + "/approve", "", "a0").told() == "403 forbidden");
  const auto approved = f.post("checker", "/v1/refunds/" + id + "/approve", "", "a1");
  REQUIRE(approved.status == 200);
  CHECK(approved.at("maker") == "maker");
  CHECK(approved.at("checker") == "checker");
  CHECK(f.balance("2101/M1") == 7000);
  CHECK(f.balance("2104") == 3000);
  // Again, under the same key and under another: the money has moved once.
  CHECK(f.post("checker", "/v1/refunds/" + id + "/approve", "", "a1").status == 200);
  CHECK(f.post("checker", "/v1/refunds/" + id + "/approve", "", "a2").status == 200);
  // Another checker finds what the first one made.
  const auto other = f.post("maker2", "/v1/refunds/" + id + "/approve", "", "a2");
  CHECK(other.status == 200);
  CHECK(other.at("refund_id") == id);
  CHECK(other.at("checker") == "checker");
  CHECK(f.balance("2101/M1") == 7000);
  const auto seen = f.get("auditor", "/v1/refunds/" + id);
  CHECK(seen.at("request.state") == "approved");
  CHECK(seen.at("refund.amount") == "3000");
  CHECK(f.post("maker", "/v1/refunds/" + id + "/reject", "{}", "a3").at("refusal") ==
        "document_state_final");

  const Unchanged unchanged(f);
  CHECK(f.post("checker", "/v1/refunds", body, "r2").told() == "403 forbidden");
  CHECK(f.post("upstream", "/v1/refunds", body, "r3").told() == "403 forbidden");
  CHECK(f.post("maker", "/v1/refunds", R"({"order_id":"x","amount":0})", "r4").told() ==
        "400 amount_not_positive");
  CHECK(f.post("maker", "/v1/refunds", R"({"order_id":"x","amount":-1})", "r5").told() ==
        "400 amount_not_positive");
  for (const char* more : {R"("maker":"y")", R"("reason":"a\u0007")", R"("mch_refund_no":"a/b")"})
    CHECK(f.post("maker", "/v1/refunds", std::string(R"({"order_id":"x","amount":1,)") + more + "}",
                 std::string("r6") + more[1])
              .told() == "400 malformed");
}

TEST_CASE("v1 refunds: nobody approves what he asked for, a rejected one moves nothing") {
  Fixture f;
  const std::string order = f.place("R2").at("order_id");
  f.pay(order);
  const std::string body = R"({"order_id":")" + order + R"(","amount":3000})";
  const std::string own = f.post("maker2", "/v1/refunds", body, "r1").at("id");
  const auto self = f.post("maker2", "/v1/refunds/" + own + "/approve", "", "a1");
  CHECK(self.status == 403);
  CHECK(self.at("refusal") == "same_person");
  CHECK(f.post("maker", "/v1/refunds/" + own + "/reject", "{}", "j0").at("refusal") ==
        "not_authorised");
  const auto rejected =
      f.post("checker", "/v1/refunds/" + own + "/reject", R"({"note":"重复"})", "j1");
  REQUIRE(rejected.status == 200);
  CHECK(f.get("auditor", "/v1/refunds/" + own).at("request.note") == "重复");
  CHECK(f.post("checker", "/v1/refunds/" + own + "/approve", "", "a2").at("refusal") ==
        "document_state_final");
  CHECK(f.balance("2101/M1") == 10000);

  const auto over =
      f.post("maker", "/v1/refunds", R"({"order_id":")" + order + R"(","amount":10001})", "r2");
  CHECK(over.status == 422);
  CHECK(over.at("refusal") == "refund_exceeds_paid");
  // Two requests that fit alone and not together: the second is caught when its money would move.
  const auto ask = [&](const char* key) {
    return f.post("maker", "/v1/refunds", R"({"order_id":")" + order + R"(","amount":6000})", key)
        .at("id");
  };
  const std::string one = ask("r3"), two = ask("r4");
  CHECK(f.post("checker", "/v1/refunds/" + one + "/approve", "", "a3").status == 200);
  const auto second = f.post("checker", "/v1/refunds/" + two + "/approve", "", "a4");
  CHECK(second.status == 422);
  CHECK(second.at("refusal") == "refund_exceeds_paid");
  CHECK(f.balance("2101/M1") == 4000);
  // What was refused is not approved: it can still be rejected.
  CHECK(f.get("auditor", "/v1/refunds/" + two).at("request.state") == "requested");
  CHECK(f.get("auditor", "/v1/refunds/" + two).at("refund") == "(absent)");
  CHECK(f.post("checker", "/v1/refunds/" + two + "/reject", "{}", "j2").status == 200);
  CHECK(f.post("checker", "/v1/refunds/none/approve", "", "a5").told() == "404 document_not_found");
}

/// The documents, legs and events of the one command that approved a request.
std::string approval_entry(const Fixture& f, DocumentKind requests, const std::string& id) {
  std::string text;
  const auto read = f.book->for_each_command_after(0, [&](const StoredCommand& command) {
    const auto& documents = command.effects.documents;
    const bool approves = std::any_of(documents.begin(), documents.end(), [&](const auto& d) {
      return d.kind == requests && d.key == id && d.version == 2;
    });
    if (!approves) return true;
    for (const Document& d : documents)
      text += fmt::format("{}v{} ", static_cast<int>(d.kind), d.version);
    for (const Transfer& t : command.effects.transfers) text += fmt::format("leg {} ", t.amount);
    for (const Event& event : command.effects.events) text += event.topic + " ";
    return true;
  });
  REQUIRE(read);
  return text;
}

TEST_CASE("v1 refunds: the approval, the refund and its postings are one entry of the journal") {
  Fixture f;
  const std::string order = f.place("J1").at("order_id");
  f.pay(order);
  const std::string id =
      f.post("maker", "/v1/refunds", R"({"order_id":")" + order + R"(","amount":3000})", "r1")
          .at("id");
  REQUIRE(f.post("checker", "/v1/refunds/" + id + "/approve", "", "a1").status == 200);
  // Order (3), refund (4), index (6), request (22).
  CHECK(approval_entry(f, DocumentKind::kRefundRequest, id) ==
        "3v3 4v1 6v1 22v2 leg 3000 refund.created ");
}

TEST_CASE("v1 refunds: parts that are approved at once return the fee once and whole") {
  Fixture f;
  f.set_fees(
      R"({"format":1,"merchant_no":"M1","rules":[{"product":"*","effective_from":"2026-03-04",)"
      R"("currency":"CNY","rate":"0.006","rounding":"half_up","on_refund":"proportional"}]})",
      "fees");
  const std::string order = f.place("C1").at("order_id");
  f.pay(order);
  REQUIRE(f.balance("6001") == 60);
  REQUIRE(f.balance("2101/M1") == 9940);
  std::vector<std::string> ids;
  for (const char* amount : {"3333", "3333", "3334"})
    ids.push_back(f.post("maker", "/v1/refunds",
                         R"({"order_id":")" + order + R"(","amount":)" + amount + "}",
                         "r" + std::to_string(ids.size()))
                      .at("id"));
  std::vector<HttpRequest> calls;
  for (const std::string& id : ids)
    calls.push_back(f.request("checker", "POST", "/v1/refunds/" + id + "/approve", "", "a" + id));
  std::vector<int> statuses(3);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 3; ++i)
    threads.emplace_back([&, i] {
      auto socket = tests::RawSocket::connect(f.server->port());
      std::string wire = fmt::format(
          "POST {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n",
          calls[i].target);
      for (const auto& [name, value] : calls[i].headers.fields())
        wire += fmt::format("{}: {}\r\n", name, value);
      socket.send(wire + "\r\n");
      statuses[i] = std::stoi(socket.receive_all(40'000).substr(9, 3));
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(statuses == std::vector<int>{200, 200, 200});
  // In whatever order: 0.19 or 0.20 with each of the first, the rest with the last.
  std::int64_t returned = 0;
  for (const std::string& id : ids)
    returned += std::stoll(f.get("auditor", "/v1/refunds/" + id).at("refund.fee_return"));
  CHECK(returned == 60);
  CHECK(f.balance("6001") == 0);
  CHECK(f.balance("2101/M1") == 0);
  CHECK(f.balance("2104") == 10000);
}

TEST_CASE("v1 refunds: lists show a checker what waits for him, page by page") {
  Fixture f;
  const std::string order = f.place("L1").at("order_id");
  const std::string other = f.place("L2").at("order_id");
  f.pay(order);
  f.pay(other);
  std::set<std::string> asked;
  std::string first;
  for (int i = 0; i < 5; ++i) {
    const std::string of = i == 4 ? other : order;
    const auto reply = f.post("maker", "/v1/refunds", R"({"order_id":")" + of + R"(","amount":10})",
                              "r" + std::to_string(i));
    REQUIRE(reply.status == 201);
    asked.insert(reply.at("id"));
    if (i == 0) first = reply.at("id");
  }
  const auto ids = [&](const std::string& query) {
    std::vector<std::string> found;
    const auto reply = f.get("checker", "/v1/refunds" + query);
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    for (std::size_t i = 0; i < reply.size("refunds"); ++i) {
      const std::string at = "refunds." + std::to_string(i);
      const std::string request = reply.at(at + ".request.id");
      found.push_back(request == "(absent)" ? reply.at(at + ".refund.refund_id") : request);
    }
    return found;
  };
  const std::vector<std::string> all(asked.begin(), asked.end());
  CHECK(ids("?state=requested") == all);
  CHECK(ids("") == all);
  CHECK(ids("?state=requested&order_id=" + other).size() == 1);
  CHECK(ids("?state=processing").empty());
  // Two by two, for open requests and for all there is.
  for (const std::string filter : {"state=requested&", ""}) {
    std::vector<std::string> seen;
    std::string cursor;
    int pages = 0;
    do {
      const auto page = f.get("checker", "/v1/refunds?" + filter + "limit=2" +
                                             (cursor.empty() ? "" : "&cursor=" + cursor));
      REQUIRE(page.status == 200);
      for (std::size_t i = 0; i < page.size("refunds"); ++i)
        seen.push_back(page.at("refunds." + std::to_string(i) + ".request.id"));
      cursor = page.at("next_cursor");
      ++pages;
    } while (cursor != "null");
    CHECK(seen == all);
    CHECK(pages == 3);
  }
  REQUIRE(f.post("checker", "/v1/refunds/" + first + "/approve", "", "a1").status == 200);
  CHECK(ids("?state=requested").size() == 4);
  CHECK(ids("?state=approved") == std::vector{first});
  CHECK(ids("?state=processing") == std::vector{first});  // nobody knows what became of it
  CHECK(ids("?state=succeeded").empty());
  CHECK(ids("?state=rejected").empty());
  const auto one = f.get("auditor", "/v1/refunds?state=approved");
  CHECK(one.at("refunds.0.request.checker") == "checker");
  CHECK(one.at("refunds.0.refund.amount") == "10");
  CHECK(one.at("next_cursor") == "null");

  CHECK(f.get("upstream", "/v1/refunds").told() == "403 forbidden");
  struct Row {
    const char* query;
    const char* detail;
  };
  for (const Row& row : {Row{"?state=paid", "state"}, Row{"?state=", "state"},
                         Row{"?state=created|processing", "state"}, Row{"?limit=0", "limit"},
                         Row{"?limit=501", "limit"}, Row{"?cursor=", "cursor"},
                         Row{"?order_id=", "order_id"}, Row{"?mch_no=M1", "mch_no"}}) {
    INFO(row.query);
    const auto reply = f.get("checker", std::string("/v1/refunds") + row.query);
    CHECK(reply.status == 400);
    CHECK(reply.at("refusal") == "malformed");
    CHECK(reply.at("detail").find(row.detail) != std::string::npos);
  }
}

TEST_CASE("v1 payouts: money leaves only for an approved request, and the payee stays masked") {
  Fixture f;
  REQUIRE(f.post("operator", "/v1/accounts", R"({"code":"1001","name":"x","type":"asset"})", "acc")
              .status == 201);
  f.book->run([&] {
    VoucherRequest voucher;
    voucher.key = {Id128{1, 1}, kSystemCaller};
    f.book->read([&](const State& state, std::uint64_t) {
      voucher.legs.push_back(
          Leg{state.account("1001")->id, state.account("2201/预售/A1")->id, 50000});
    });
    return voucher;
  }());
  const auto body = [](const std::string& source, const std::string& amount) {
    return fmt::format(R"({{"mch_no":"M1","amount":{},"source_account":"{}","remark":"工程款",)"
                       R"("payee":{{"name":"工程公司","account":"6217000000000099",)"
                       R"("bank":"308584000013"}}}})",
                       amount, source);
  };
  const auto asked = f.post("maker", "/v1/payouts", body("2201/预售/A1", "20000"), "p1");
  REQUIRE(asked.status == 201);
  const std::string id = asked.at("id");
  CHECK(f.post("maker", "/v1/payouts", body("2201/预售/A1", "20000"), "p1").body == asked.body);
  CHECK(f.balance("2201/预售/A1") == 50000);
  const auto seen = f.get("auditor", "/v1/payouts/" + id);
  CHECK(seen.at("request.payee") == "工*** ****0099");
  CHECK(seen.at("request.payee_bank") == "308584000013");
  CHECK(seen.body.find("6217000000000099") == std::string::npos);
  CHECK(f.post("maker2", "/v1/payouts/" + id + "/approve", "", "a1").status == 200);
  CHECK(f.balance("2201/预售/A1") == 30000);
  CHECK(f.balance("2103") == 20000);
  // Again, by the same person and by another: the first answer, the money has moved once.
  CHECK(f.post("maker2", "/v1/payouts/" + id + "/approve", "", "a2").status == 200);
  CHECK(f.post("checker", "/v1/payouts/" + id + "/approve", "", "a3").at("payout_id") == id);
  CHECK(f.balance("2103") == 20000);
  // Payout (5), index (6), request (23).
  CHECK(approval_entry(f, DocumentKind::kPayoutRequest, id) ==
        "5v1 6v1 23v2 leg 20000 payout.created ");
  const auto list = f.get("checker", "/v1/payouts?state=approved&mch_no=M1");
  CHECK(list.at("payouts.0.request.checker") == "maker2");
  CHECK(list.at("payouts.0.payout.payout_id") == id);
  CHECK(list.body.find("6217000000000099") == std::string::npos);
  CHECK(f.get("checker", "/v1/payouts?mch_no=M2").size("payouts") == 0);
  CHECK(f.get("upstream", "/v1/payouts").told() == "403 forbidden");
  CHECK(f.get("checker", "/v1/payouts?order_id=x").told() == "400 malformed");
  // More than is there is asked for, refused when it is approved, and waits for the next decision.
  const std::string much =
      f.post("maker2", "/v1/payouts", body("2201/预售/A1", "30001"), "p8").at("id");
  const auto self = f.post("maker2", "/v1/payouts/" + much + "/approve", "", "a4");
  CHECK(self.status == 403);
  CHECK(self.at("refusal") == "same_person");
  const auto short_of = f.post("checker", "/v1/payouts/" + much + "/approve", "", "a5");
  CHECK(short_of.status == 422);
  CHECK(short_of.at("refusal") == "below_limit");
  const auto waiting = f.get("checker", "/v1/payouts?state=requested");
  CHECK(waiting.size("payouts") == 1);
  CHECK(waiting.at("payouts.0.request.id") == much);
  CHECK(waiting.at("payouts.0.payout") == "(absent)");

  const Unchanged unchanged(f);
  CHECK(f.post("maker", "/v1/payouts", body("2102/M2", "1"), "p2").at("refusal") ==
        "not_authorised");
  CHECK(f.post("maker", "/v1/payouts", body("2201/预售/A1", "0"), "p3").told() ==
        "400 amount_not_positive");
  CHECK(f.post("maker", "/v1/payouts", body("2201/预售/A1", "-1"), "p4").told() ==
        "400 amount_not_positive");
  CHECK(f.post("maker", "/v1/payouts", body("2201/预售/A1", "1.5"), "p5").told() ==
        "400 malformed");
  CHECK(f.post("checker", "/v1/payouts", body("2201/预售/A1", "1"), "p6").told() ==
        "403 forbidden");
  CHECK(f.post("maker", "/v1/payouts", R"({"mch_no":"M1","amount":1})", "p7").told() ==
        "400 malformed");
  const auto bad = [&](const std::string& more, const std::string& payee, const char* key) {
    return f.post("maker", "/v1/payouts",
                  R"({"mch_no":"M1","amount":1,)" + more + R"("payee":{)" + payee + "}}", key);
  };
  const std::string good = R"("name":"甲","account":"621700","bank":"308584000013")";
  for (const auto& reply :
       {bad(R"("remark":"a\u0001b",)", good, "b1"), bad(R"("mch_order_no":"a/b",)", good, "b2"),
        bad("", R"("name":"a\nb","account":"621700","bank":"308584000013")", "b3"),
        bad("", R"("name":"甲","account":"62 1700","bank":"308584000013")", "b4")}) {
    CHECK(reply.status == 400);
    CHECK(reply.at("refusal") == "malformed");
  }
}

TEST_CASE("v1 settlement: computed, reviewed, approved by a second person; twice pays once") {
  Fixture f;
  const std::string order = f.place("S1").at("order_id");
  f.pay(order);
  f.mark_arrived(order);
  REQUIRE(f.book->run(day_cut({{Id128{2, 2}, kSystemCaller}, *Date::of(2026, 3, 5)})).accepted());
  f.business.advance_seconds(24 * 3600);
  const std::string day = R"({"settle_on":"2026-03-05"})";
  CHECK(f.post("checker", "/v1/settlement-batches", day, "c0").told() == "403 forbidden");
  CHECK(f.post("maker", "/v1/settlement-batches", R"({"settle_on":"2099-03-05"})", "c1").status ==
        404);
  const auto made = f.post("maker", "/v1/settlement-batches", day, "c2");
  REQUIRE(made.status == 200);
  REQUIRE(made.size("made") == 1);
  CHECK(made.at("made.0.merchant_no") == "M1");
  CHECK(made.at("made.0.net") == "10000");
  CHECK(f.post("maker", "/v1/settlement-batches", day, "c3").size("made") == 0);
  const std::string number = made.at("made.0.number");
  const std::string path = "/v1/settlement-batches/" + number;
  CHECK(f.get("auditor", "/v1/settlement-batches?settle_on=2026-03-05").size("batches") == 1);
  CHECK(f.get("auditor", path).at("lines.0.item_no") == order);
  CHECK(f.post("maker", path + "/review", "{}", "s1").at("state") == "reviewed");
  CHECK(f.post("maker", path + "/approve", "{}", "s2").told() == "403 forbidden");
  const auto approved = f.post("checker", path + "/approve", "{}", "s3");
  REQUIRE(approved.status == 200);
  CHECK(approved.at("payout_id") != "(absent)");
  CHECK(f.balance("2103") == 10000);
  CHECK(f.post("checker", path + "/withdraw", R"({"reason":"late"})", "s4").at("refusal") ==
        "batch_state_wrong");
  CHECK(f.get("auditor", "/v1/settlement-batches/none").told() == "404 document_not_found");
  CHECK(f.get("upstream", "/v1/settlement-batches").told() == "403 forbidden");
}

TEST_CASE("v1 fee schedules: asked for by an operator, set when another approves") {
  Fixture f;
  const std::string schedule =
      R"({"format":1,"merchant_no":"M1","rules":[{"product":"*","effective_from":"2026-03-04",)"
      R"("currency":"CNY","rate":"0.006","rounding":"half_up",)"
      R"("on_refund":"proportional","maximum":5000}]})";
  const auto put = [&](const std::string& body, const std::string& key,
                       const std::string& who = "operator") {
    return f.send(f.request(who, "PUT", "/v1/fee-schedules/M1", body, key));
  };
  CHECK(f.get("auditor", "/v1/fee-schedules/M1").told() == "404 document_not_found");
  const auto decide = [&](const suanpan::test::ApiReply& asked, const std::string& who,
                          const std::string& key) {
    return f.post(who, "/v1/authority-requests/" + asked.at("id") + "/approve", "{}", key);
  };
  const auto asked = put(schedule, "f1");
  REQUIRE(asked.status == 201);
  CHECK(asked.at("state") == "requested");
  CHECK(f.get("auditor", "/v1/fee-schedules/M1").told() == "404 document_not_found");
  CHECK(f.place("F0").at("fee") == "0");
  const auto shown = f.get("checker", "/v1/authority-requests/" + asked.at("id"));
  CHECK(shown.at("what") == "fees");
  CHECK(shown.at("subject") == "M1");
  CHECK(shown.at("fees.replaces") == "false");
  CHECK(shown.at("fees.schedule") == schedule);
  CHECK(decide(asked, "operator", "g0").told() == "403 forbidden");
  const auto before = f.book->statistics().last_seq;
  REQUIRE(decide(asked, "checker", "g1").at("what") == "fees");
  CHECK(f.book->statistics().last_seq == before + 1);  // approval and schedule are one entry
  CHECK(f.get("auditor", "/v1/fee-schedules/M1").body == schedule);
  CHECK(f.place("F1").at("fee") == "60");
  CHECK(put(schedule, "f2", "maker").told() == "403 forbidden");
  std::string other = schedule;
  other.replace(other.find("0.006"), 5, "1.006");
  CHECK(put(other, "f3").told() == "400 malformed");
  CHECK(put("{}", "f4").told() == "400 malformed");
  CHECK(f.send(f.request("operator", "PUT", "/v1/fee-schedules/M2", schedule, "f5")).told() ==
        "400 malformed");

  // Whoever asks does not approve, whatever his roles; two that were asked for against the same
  // schedule are not approved one over the other; a rule that has begun is refused at once.
  f.add_key("both", {api::Role::kOperator, api::Role::kChecker});
  std::string later = schedule;
  later.insert(later.find("]}"), R"(,{"product":"*","effective_from":"2026-04-01",)"
                                 R"("currency":"CNY","rate":"0.005","rounding":"half_up",)"
                                 R"("on_refund":"proportional"})");
  const auto own = put(later, "f6", "both");
  CHECK(decide(own, "both", "g2").told() == "403 same_person");
  const auto rival = put(later, "f7");
  CHECK(f.get("checker", "/v1/authority-requests/" + rival.at("id")).at("fees.replaces") == "true");
  REQUIRE(decide(own, "checker", "g3").status == 200);
  CHECK(decide(rival, "checker", "g4").told() == "409 document_version_conflict");
  CHECK(f.get("auditor", "/v1/fee-schedules/M1").size("rules") == 2);
  const std::string stranger =
      R"({"format":1,"merchant_no":"M9","rules":[{"product":"*","effective_from":"2026-03-04",)"
      R"("currency":"CNY","rate":"0.006","rounding":"half_up","on_refund":"proportional"}]})";
  CHECK(f.send(f.request("operator", "PUT", "/v1/fee-schedules/M9", stranger, "f9")).told() ==
        "404 merchant_not_found");
  const Unchanged unchanged(f);
  other = schedule;
  other.replace(other.find("0.006"), 5, "0.001");
  CHECK(put(other, "f8").told() == "400 value_invalid");
}
