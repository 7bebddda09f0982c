// Erasing personal data: asked for, approved by another, refused while something needs it, and then
// gone from every view and file, in a restore too, while the book stands as it did.
#include <catch2/catch.hpp>
#include <fstream>

#include "api/erase_keys.h"
#include "api/jeepay/notification_body.h"
#include "api/v1/routes.h"
#include "channels/payee.h"
#include "channels/personal_texts.h"
#include "ledger/base/sealed_text.h"
#include "ledger/core/erasure.h"
#include "ledger/engine/verify.h"
#include "tests/api/jeepay/merchant_world.h"

using namespace suanpan;
using test::ApiReply;
using test::Fields;
using test::MerchantWorld;
namespace fs = std::filesystem;

namespace {

constexpr const char* kAccount = "6222000000000020";
constexpr const char* kMark = "已删除";

std::string all_bytes(const fs::path& folder) {
  std::string all;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) all += test::slurp(entry.path());
  return all;
}

struct Fixture : MerchantWorld {
  Fixture()
      : MerchantWorld({api::add_jeepay_routes, api::v1::add_order_routes,
                       api::v1::add_payout_routes, api::v1::add_erasure_routes,
                       api::v1::add_sub_account_routes}) {
    server->hold_requests = false;
  }
  ApiReply ask(const std::string& by, const std::string& identifier, const std::string& id,
               const std::string& more = "") {
    return server->post(
        "maker", "/v1/erasures",
        fmt::format(R"({{"by":"{}","identifier":"{}","reason":"subject_request"{}}})", by,
                    identifier, more),
        id);
  }
  ApiReply approve(const std::string& request, const std::string& id,
                   const std::string& key = "checker",
                   const std::string& identifier = "oPlantedOpenid01") {
    return server->post(key, "/v1/erasures/" + request + "/approve",
                        fmt::format(R"({{"identifier":"{}"}})", identifier), id);
  }
  void erase(const std::string& by, const std::string& identifier) {
    const std::string id = fmt::format("erase-{}", ++erased_);
    const ApiReply asked = ask(by, identifier, id);
    INFO(asked.body);
    REQUIRE(asked.status == 201);
    const ApiReply done = approve(asked.at("id"), id + "-yes", "checker", identifier);
    INFO(done.body);
    REQUIRE(done.status == 200);
    CHECK(done.at("deleted") == "true");
  }
  Fields payer_order() const {
    return {{"wayCode", "WX_JSAPI"},
            {"subject", "3幢0402 欧阳静怡 物业费"},
            {"body", "业主欧阳静怡"},
            {"channelExtra", R"({"openid":"oPlantedOpenid01"})"},
            {"extParam", "门牌7栋张三丰"}};
  }
  /// An order of that payer, closed: nothing needs it any more.
  std::string closed_order(const std::string& number) {
    const std::string id = placed(number, payer_order());
    REQUIRE(call("/api/pay/close", {{"payOrderId", id}}).at("code") == "0");
    return id;
  }
  ApiReply transfer(const std::string& number, const std::string& account = kAccount,
                    const std::string& amount = "#30000") {
    return call("/api/transferOrder", {{"mchOrderNo", number},
                                       {"ifCode", "bank"},
                                       {"entryType", "BANK_CARD"},
                                       {"amount", amount},
                                       {"currency", "CNY"},
                                       {"accountNo", account},
                                       {"accountName", "欧阳静怡"},
                                       {"bankName", "102100099996"},
                                       {"transferDesc", "退欧阳静怡押金"},
                                       {"notifyUrl", "https://shop.test/t"},
                                       {"extParam", "转账备注王五一"}});
  }
  std::string key_of(const std::string& sealed) {
    const auto name = sealed_key_name(sealed);
    REQUIRE(name);
    return std::string(*name);
  }
  std::string data_key(const std::string& name) {
    const auto key = server->vault->subjects().key(name);
    REQUIRE(key);
    REQUIRE(key.value());
    return std::string(key.value()->reveal());
  }
  Payout payout(const std::string& id) {
    return decode_payout(book().document(DocumentKind::kPayout, id)->bytes).value();
  }
  /// Judges a copy of the book, where no key lies.
  std::string fault_of_book() {
    const fs::path to = server->folder.path() / "judged";
    REQUIRE(book().back_up(to / "backups"));
    REQUIRE(restore_backup(to / "backups", to / "book", {}));
    CHECK_FALSE(fs::exists(to / "book" / "vault.key"));
    const auto report = verify(to / "book");
    if (!report) return report.error().message;
    return report.value().ok ? "none" : report.value().first_fault;
  }

 private:
  int erased_ = 0;
};

}  // namespace

TEST_CASE("erasures: two people erase a payer, and every view says so while old ids are known") {
  Fixture w;
  const std::string id = w.placed("o1", w.payer_order());
  const std::string name = w.key_of(w.stands(id).texts_sealed);
  CHECK(name[0] == 'p');
  const ApiReply early = w.ask("openid", "oPlantedOpenid01", "e0");
  CHECK(early.told() == "409 personal_data_in_use");
  CHECK(early.at("detail").find("order " + id) != std::string::npos);
  CHECK(w.call("/api/pay/close", {{"payOrderId", id}}).at("code") == "0");

  const ApiReply asked = w.ask("openid", "oPlantedOpenid01", "e1", R"(,"reference":"2026-17")");
  INFO(asked.body);
  REQUIRE(asked.status == 201);
  const std::string request = asked.at("id");
  CHECK(w.ask("openid", "oPlantedOpenid01", "e1", R"(,"reference":"2026-17")")
            .header("Suanpan-Replayed") == "true");
  CHECK(w.ask("openid", "another", "e1", R"(,"reference":"2026-17")").told() ==
        "409 id_reused_with_other_content");
  CHECK(w.approve(request, "no", "maker").status == 403);  // not a checker
  const ApiReply list = w.server->get("auditor", "/v1/erasures");
  CHECK(list.at("erasures.0.id") == request);
  CHECK(list.at("erasures.0.reference") == "2026-17");
  CHECK(list.at("erasures.0.subject") ==
        w.server->vault->subject_index("openid", "oPlantedOpenid01").hex());
  CHECK(list.body.find("oPlanted") == std::string::npos);

  // The checker names whom, from the papers.
  CHECK(w.approve(request, "whom", "checker", "another").told() == "400 value_invalid");
  CHECK(w.server->post("checker", "/v1/erasures/" + request + "/approve", "{}", "nobody").status ==
        400);
  const std::string key = w.data_key(name);
  const ApiReply done = w.approve(request, "yes");
  INFO(done.body);
  REQUIRE(done.status == 200);
  CHECK(done.at("deleted") == "true");
  CHECK(w.approve(request, "yes").header("Suanpan-Replayed") == "true");
  CHECK(w.approve(request, "yes-again").told() == "409 document_state_final");
  CHECK(w.server->get("auditor", "/v1/erasures/" + request).at("state") == "approved");
  const DocumentPtr record = w.book().document(DocumentKind::kErasure, name);
  REQUIRE(record);
  const auto erasure = decode_erasure(record->bytes);
  REQUIRE(erasure);
  CHECK(erasure->maker == "maker");
  CHECK(erasure->checker == "checker");
  CHECK(erasure->reason == "subject_request");

  const ApiReply seen = w.call("/api/pay/query", {{"mchOrderNo", "o1"}});
  CHECK(seen.at("data.subject") == kMark);
  CHECK(seen.at("data.body") == kMark);
  CHECK(seen.at("data.extParam") == kMark);
  CHECK(seen.at("data.amount") == "10000");
  CHECK(w.server->get("auditor", "/v1/orders/" + id).at("subject") == kMark);
  CHECK(w.placed("o1", w.payer_order()) == id);  // the first answer again
  Fields other = w.payer_order();
  other["extParam"] = "another";
  CHECK(w.place("o1", other).at("msg") == "商户订单[o1]已存在: 字段 extParam 与首次请求不同");
  CHECK(w.ask("order", id, "e2").told() == "409 personal_data_erased");

  // Who comes again is somebody new: what he writes now is read, what he wrote then is not.
  const std::string later = w.placed("o2", w.payer_order());
  CHECK(w.key_of(w.stands(later).texts_sealed) != name);
  CHECK(w.call("/api/pay/query", {{"mchOrderNo", "o2"}}).at("data.extParam") == "门牌7栋张三丰");
  CHECK(w.call("/api/pay/query", {{"mchOrderNo", "o1"}}).at("data.extParam") == kMark);
  CHECK(w.fault_of_book() == "none");
  CHECK(all_bytes(w.server->folder.path()).find(key) == std::string::npos);
}

TEST_CASE("erasures: a payee is erased when his payout is over, and balances stay") {
  Fixture w;
  w.give("2102/M1", 100000);
  const ApiReply sent = w.transfer("t1");
  REQUIRE(sent.at("code") == "0");
  const std::string id = sent.at("data.transferId");
  const ApiReply early = w.ask("account", kAccount, "e0");
  CHECK(early.told() == "409 personal_data_in_use");
  CHECK(early.at("detail").find("payout " + id) != std::string::npos);
  w.advance(60);
  REQUIRE(w.call("/api/transfer/query", {{"mchOrderNo", "t1"}}).at("data.state") == "2");
  const std::string name = w.key_of(w.payout(id).payee_sealed);
  CHECK(w.key_of(w.payout(id).texts_sealed) == name);
  const std::int64_t payable = w.server->balance("2102/M1");
  // A payout that another asked for and nobody has approved needs the payee too.
  const ApiReply waiting =
      w.server->post("maker", "/v1/payouts",
                     R"({"mch_no":"M1","amount":100,"payee":{"name":"欧阳静怡",)"
                     R"("account":"6222000000000020","bank":"102100099996"}})",
                     "p1");
  REQUIRE(waiting.status == 201);
  CHECK(w.ask("account", kAccount, "e1").at("detail").find("payout request") != std::string::npos);
  REQUIRE(
      w.server->post("checker", "/v1/payouts/" + waiting.at("id") + "/reject", "", "p2").status ==
      200);

  w.erase("account", "6222 0000-0000 0020");  // as people write it
  const ApiReply seen = w.call("/api/transfer/query", {{"mchOrderNo", "t1"}});
  CHECK(seen.at("data.accountNo") == kMark);
  CHECK(seen.at("data.accountName") == kMark);
  CHECK(seen.at("data.transferDesc") == kMark);
  CHECK(seen.at("data.extParam") == kMark);
  CHECK(seen.at("data.amount") == "30000");
  const ApiReply rejected = w.server->get("auditor", "/v1/payouts/" + waiting.at("id"));
  CHECK(rejected.at("request.payee") == kMark);
  const auto told =
      api::jeepay::notification_body(w.book(), *w.server->vault, "payout", id, w.real().now());
  REQUIRE(told);
  CHECK(told.value().find("accountNo=%E5%B7%B2%E5%88%A0%E9%99%A4") != std::string::npos);
  // The first answers, to both.
  const ApiReply again = w.transfer("t1");
  CHECK(again.at("code") == "0");
  CHECK(again.at("data.transferId") == id);
  CHECK(w.transfer("t1", "6222000000000038").at("msg").find("accountNo") != std::string::npos);
  CHECK(w.server
            ->post("maker", "/v1/payouts",
                   R"({"mch_no":"M1","amount":100,"payee":{"name":"欧阳静怡",)"
                   R"("account":"6222000000000020","bank":"102100099996"}})",
                   "p1")
            .header("Suanpan-Replayed") == "true");
  CHECK(w.server->balance("2102/M1") == payable);
  // He may be paid again, under another key.
  const ApiReply next = w.transfer("t2");
  CHECK(next.at("code") == "0");
  CHECK(w.key_of(w.payout(next.at("data.transferId")).payee_sealed) != name);
  CHECK(w.fault_of_book() == "none");
}

TEST_CASE(
    "erasures: no file holds the key or what it sealed, and journal and vault key open nothing") {
  Fixture w;
  const std::string id = w.closed_order("o1");
  const std::string own = w.placed("o2", {{"extParam", "门牌9栋钱七七"}});
  REQUIRE(w.call("/api/pay/close", {{"payOrderId", own}}).at("code") == "0");
  const std::vector<std::string> sealed{w.stands(id).texts_sealed, w.stands(own).texts_sealed};
  CHECK(w.key_of(sealed[1])[0] == 'o');
  std::vector<std::string> keys;
  for (const std::string& text : sealed) keys.push_back(w.data_key(w.key_of(text)));
  w.erase("openid", "oPlantedOpenid01");
  w.erase("order", own);
  w.book().wait_projected();
  w.book().store_projections();
  const std::string bytes = all_bytes(w.server->folder.path());
  for (const std::string& key : keys) CHECK(bytes.find(key) == std::string::npos);
  for (const char* planted : {"欧阳静怡", "门牌7栋张三丰", "oPlantedOpenid01", "门牌9栋钱七七"})
    CHECK(bytes.find(planted) == std::string::npos);

  // Who has the journal and the vault key, and not the files of keys.
  const fs::path thief = w.server->folder.path() / "thief";
  fs::create_directory(thief);
  fs::copy_file(w.server->folder.path() / "vault.key", thief / "vault.key");
  const auto vault = Vault::open(thief / "vault.key", true);
  REQUIRE(vault);
  for (const std::string& text : sealed) {
    CHECK(vault.value().unseal_under("texts|M1", text).error().code == Errc::kNotFound);
    CHECK_FALSE(channels::open_texts(vault.value(), "M1", text));
  }
}

TEST_CASE("erasures: what lines are called, purposes and what the bank said go as well") {
  struct Row {
    const char *by, *before;
    /// Makes it, ended; what names it to an erasure.
    std::string (*make)(Fixture&);
    std::string (*read)(Fixture&);
  };
  static std::string id;
  const Row rows[] = {
      {"order", "孙七的房",
       [](Fixture& w) {
         id = w.placed("o1",
                       {{"channelExtra", R"({"lines":[{"label":"孙七的房","amount":10000}]})"}});
         CHECK(w.call("/api/pay/close", {{"payOrderId", id}}).at("code") == "0");
         return id;
       },
       [](Fixture& w) { return w.server->get("auditor", "/v1/orders/" + id).at("lines.0.label"); }},
      {"order", "周八的房",
       [](Fixture& w) {
         const ApiReply made = w.server->post(
             "upstream", "/v1/orders",
             R"({"mch_no":"M1","mch_order_no":"v1","amount":500,"lines":[{"label":"周八的房",)"
             R"("account":"2101/M1","amount":500}]})",
             "v1");
         id = made.at("order_id");
         const ApiReply closed =
             w.server->post("upstream", "/v1/orders/" + id + "/close", "", "c1");
         CHECK(closed.status == 200);
         CHECK(closed.at("lines.0.label") == "");  // that answer is kept
         return id;
       },
       [](Fixture& w) {
         return w.server->get("upstream", "/v1/orders/" + id).at("lines.0.label");
       }},
      {"sub_account", "吴九维修资金",
       [](Fixture& w) {
         id = w.server
                  ->post("maker", "/v1/sub-accounts",
                         R"({"kind":"household","account":"2102/M1","purpose":"吴九维修资金"})",
                         "s1")
                  .at("number");
         return id;
       },
       [](Fixture& w) { return w.server->get("auditor", "/v1/sub-accounts/" + id).at("purpose"); }},
      {"account", "refused by the bank",
       [](Fixture& w) {
         w.give("2102/M1", 100000);
         w.control("/sandbox/faults", R"({"kind":"bank_reject","times":1})");
         CHECK(w.transfer("t1").at("data.state") == "3");
         return std::string(kAccount);
       },
       [](Fixture& w) {
         return w.call("/api/transfer/query", {{"mchOrderNo", "t1"}}).at("data.errMsg");
       }},
  };
  for (const Row& row : rows) {
    INFO(row.before);
    Fixture w;
    const std::string named = row.make(w);
    CHECK(row.read(w) == row.before);
    w.erase(row.by, named);
    CHECK(row.read(w) == kMark);
    CHECK(w.ask(row.by, named, "again").status == (row.by == std::string("account") ? 404 : 409));
    w.book().wait_projected();
    w.book().store_projections();
    CHECK(all_bytes(w.server->folder.path()).find(row.before) == std::string::npos);
    CHECK(w.fault_of_book() == "none");
  }
}

TEST_CASE("erasures: a resend makes the person no key again, and finds its first answer") {
  Fixture w;
  w.give("2102/M1", 100000);
  const std::string order = w.closed_order("o1");
  const std::string v1 = R"({"mch_no":"M1","mch_order_no":"v1","amount":500,"way":"WX_JSAPI",)"
                         R"("openid":"oPlantedOpenid01","subject":"物业费"})";
  const ApiReply first = w.server->post("upstream", "/v1/orders", v1, "v1");
  REQUIRE(first.status == 201);
  REQUIRE(w.server->post("upstream", "/v1/orders/" + first.at("order_id") + "/close", "", "c1")
              .status == 200);
  const ApiReply sent = w.transfer("t1");
  REQUIRE(sent.at("code") == "0");
  const std::string asked = R"({"mch_no":"M1","amount":100,"payee":{"name":"欧阳静怡",)"
                            R"("account":"6222000000000020","bank":"102100099996"}})";
  const ApiReply request = w.server->post("maker", "/v1/payouts", asked, "p1");
  REQUIRE(request.status == 201);
  REQUIRE(
      w.server->post("checker", "/v1/payouts/" + request.at("id") + "/reject", "", "p2").status ==
      200);
  w.advance(60);
  REQUIRE(w.call("/api/transfer/query", {{"mchOrderNo", "t1"}}).at("data.state") == "2");
  w.erase("openid", "oPlantedOpenid01");
  w.erase("account", kAccount);

  const std::string keys = w.server->folder.path() / "vault.key.persons";
  const std::string before = test::slurp(keys);
  CHECK(w.placed("o1", w.payer_order()) == order);
  const ApiReply again = w.server->post("upstream", "/v1/orders", v1, "v1");
  CHECK(again.status == 201);
  CHECK(again.header("Suanpan-Replayed") == "true");
  CHECK(again.at("order_id") == first.at("order_id"));
  CHECK(again.at("subject") == kMark);
  CHECK(w.transfer("t1").at("data.transferId") == sent.at("data.transferId"));
  const ApiReply stands = w.server->post("maker", "/v1/payouts", asked, "p1");
  CHECK(stands.status == 201);
  CHECK(stands.header("Suanpan-Replayed") == "true");
  CHECK(stands.at("id") == request.at("id"));
  // Other content under the same numbers is refused as ever, and makes no key either.
  Fields other = w.payer_order();
  other["subject"] = "another";
  CHECK(w.place("o1", other).at("msg") == "商户订单[o1]已存在: 字段 subject 与首次请求不同");
  CHECK((test::slurp(keys) == before));
  // Something new of the same person is somebody new.
  w.placed("o2", w.payer_order());
  CHECK(test::slurp(keys).size() == before.size() + 128);
}

TEST_CASE("erasures: a key that a crash or an older copy left there goes at the next start") {
  Fixture w;
  const std::string id = w.closed_order("o1");
  const std::string sealed = w.stands(id).texts_sealed;
  const fs::path path = w.server->folder.path() / "vault.key";
  const std::string older = test::slurp(path.string() + ".persons");
  w.erase("openid", "oPlantedOpenid01");
  std::ofstream(path.string() + ".persons", std::ios::binary) << older;
  const auto vault = Vault::open(path, false);
  REQUIRE(vault);
  CHECK(vault.value().unseal_under("texts|M1", sealed).value());  // it is back
  for (int start = 0; start < 2; ++start) {
    REQUIRE(api::delete_all_erased_keys(w.book(), vault.value(), w.server->folder.path()));
    CHECK_FALSE(vault.value().unseal_under("texts|M1", sealed).value());
  }
}

TEST_CASE("erasures: what was erased stays erased in a book that is restored to before") {
  Fixture w;
  const fs::path backups = w.server->folder.path() / "backups";
  const std::string id = w.closed_order("o1");
  const std::string kept = w.placed("o2", {{"extParam", "门牌9栋"}});
  const std::string sealed = w.stands(id).texts_sealed;
  REQUIRE(w.book().wait_for_seq(0, 0) > 0);
  // The backup keeps the keys as the book has them, of which there is one copy only.
  fs::copy_file(w.server->folder.path() / "vault.key.persons",
                w.server->folder.path() / "book" / "vault.key.persons");
  const std::uint64_t before = w.book().statistics().last_seq;
  w.erase("openid", "oPlantedOpenid01");
  REQUIRE(w.book().back_up(backups));
  for (const std::uint64_t until : {before, w.book().statistics().last_seq}) {
    INFO(until);
    const fs::path to = w.server->folder.path() / fmt::format("restored-{}", until);
    RestorePoint point;
    point.seq = until;
    const auto restored = restore_backup(backups, to, point);
    REQUIRE(restored);
    CHECK(restored.value().cut == (until == before));
    fs::copy_file(w.server->folder.path() / "vault.key", to / "vault.key");
    fs::copy_file(w.server->folder.path() / "vault.key.orders", to / "vault.key.orders");
    const auto vault = Vault::open(to / "vault.key", false);
    REQUIRE(vault);
    // As the copy of the keys was made before the key was deleted.
    CHECK(vault.value().unseal_under("texts|M1", sealed).value());
    BookOptions options;
    options.folder = to;
    auto book = Book::open(options, w.business());
    REQUIRE(book);
    CHECK((book.value()->document(DocumentKind::kErasure, w.key_of(sealed)) == nullptr) ==
          (until == before));
    REQUIRE(api::delete_all_erased_keys(*book.value(), vault.value(), to));
    CHECK_FALSE(vault.value().unseal_under("texts|M1", sealed).value());
    CHECK(channels::open_texts(vault.value(), "M1", w.stands(kept).texts_sealed).value().own ==
          "门牌9栋");
  }
}

TEST_CASE("erasures: what is malformed or unknown is refused, and by its name") {
  Fixture w;
  w.closed_order("o1");
  struct Row {
    const char* body;
    const char* told;
  };
  const Row rows[] = {
      {R"({"by":"name","identifier":"x","reason":"subject_request"})", "400 malformed"},
      {R"({"by":"account","identifier":"","reason":"subject_request"})", "400 malformed"},
      {R"({"by":"account","reason":"subject_request"})", "400 malformed"},
      {R"({"by":"account","identifier":"1","reason":"张三 asked"})", "400 malformed"},
      {R"({"by":"account","identifier":"1"})", "400 malformed"},
      {R"({"by":"account","identifier":"1","reason":"subject_request","reference":"张三"})",
       "400 malformed"},
      {R"({"by":"account","identifier":"1","reason":"subject_request","note":"x"})",
       "400 malformed"},
      {R"({"by":"account","identifier":"1","reason":"subject_request"})", "404 document_not_found"},
      {R"({"by":"order","identifier":"P1","reason":"subject_request"})", "404 document_not_found"},
  };
  int n = 0;
  for (const Row& row : rows) {
    INFO(row.body);
    CHECK(w.server->post("maker", "/v1/erasures", row.body, fmt::format("bad-{}", ++n)).told() ==
          row.told);
  }
  for (const char* key : {"upstream", "checker", "auditor", "operator"}) {
    INFO(key);
    CHECK(w.server->post(key, "/v1/erasures", rows[7].body, fmt::format("role-{}", ++n)).status ==
          403);
  }
  // One who may do both may not do both of one.
  const ApiReply asked = w.server->post(
      "maker2", "/v1/erasures",
      R"({"by":"openid","identifier":"oPlantedOpenid01","reason":"retention_over"})", "mine");
  REQUIRE(asked.status == 201);
  CHECK(w.approve(asked.at("id"), "mine-yes", "maker2").told() == "403 same_person");
  CHECK(w.approve("E0", "none").told() == "404 document_not_found");
  CHECK(w.server->post("checker", "/v1/erasures/" + asked.at("id") + "/reject", "", "no").status ==
        200);
  CHECK(w.approve(asked.at("id"), "late").told() == "409 document_state_final");
  CHECK(w.call("/api/pay/query", {{"mchOrderNo", "o1"}}).at("data.extParam") == "门牌7栋张三丰");
}
