// Personal data enters a block only as ciphertext: names, card numbers, openids and what merchants
// write of their customers are planted through every door, and looked for in every command and
// document of the journal and in the raw bytes of the data directory.
#include <catch2/catch.hpp>
#include <fstream>
#include <future>
#include <set>

#include "api/jeepay/notification_body.h"
#include "api/v1/approval.h"
#include "api/v1/routes.h"
#include "channels/payee.h"
#include "channels/personal_texts.h"
#include "ledger/engine/change_events.h"
#include "tests/api/jeepay/merchant_world.h"

using namespace suanpan;
using test::ApiReply;
using test::Fields;
using test::MerchantWorld;

namespace {

const std::vector<std::string> kPlanted{
    "欧阳静怡",         "司马相如如",       "慕容雪",
    "6222000000000020", "6222000000007777", "6222000000008888",
    "oPlantedOpenid01", "oPlantedOpenid02", "门牌7栋张三丰",
    "退款给李四光",     "转账备注王五一",   "v1门牌8栋赵六",
    "oPayer",           "planted-subject",  "3幢0402",
    "退欧阳静押金",     "因李四光退租",     "孙七的房",
    "v1周八的房",       "吴九维修资金",     "refused by the bank"};
constexpr const char* kOpenidAndLines =
    R"({"openid":"oPlantedOpenid01","lines":[{"label":"孙七的房","amount":9999},)"
    R"({"label":"车位","amount":1}]})";
// What the search must be able to find.
constexpr const char* kInClear = "https://shop.test/notify";

/// Everything that can be read out of the book, decoded.
std::string all_text(Book& book) {
  std::string all;
  const auto add = [&all](std::string_view text) { (all += text) += '\n'; };
  REQUIRE(book.for_each_command_after(0, [&](const StoredCommand& command) {
    for (const auto& [name, value] : command.content) add(value);
    for (const DocumentChange& document : command.effects.documents) {
      add(document.key);
      add(document.bytes);
    }
    for (const Event& event : events_of(command)) {
      add(event.key);
      add(event.payload);
    }
    for (const Account& account : command.effects.accounts) add(account.name);
    if (const auto& text = command.effects.text) {
      add(text->summary);
      add(text->business_key);
      add(text->metadata);
      add(text->maker);
      add(text->checker);
    }
    add(command.effects.answer);
    add(command.refusal.detail);
    return true;
  }));
  for (int kind = 1; kind <= 64; ++kind)
    REQUIRE(book.for_each_document(static_cast<DocumentKind>(kind), [&](const DocumentPtr& d) {
      add(d->bytes);
      return true;
    }));
  return all;
}

std::string all_bytes(const std::filesystem::path& folder) {
  std::string all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) all += test::slurp(entry.path());
  return all;
}

std::set<std::string> found_in(const std::string& text) {
  std::set<std::string> found;
  for (const std::string& planted : kPlanted)
    if (text.find(planted) != std::string::npos) found.insert(planted);
  return found;
}

struct Fixture : MerchantWorld {
  Fixture()
      : MerchantWorld({api::add_jeepay_routes, api::v1::add_merchant_routes,
                       api::v1::add_authority_routes, api::v1::add_order_routes,
                       api::v1::add_payout_routes, api::v1::add_refund_routes,
                       api::v1::add_sub_account_routes}) {}
  ApiReply transfer(const std::string& number) {
    return call("/api/transferOrder", {{"mchOrderNo", number},
                                       {"ifCode", "bank"},
                                       {"entryType", "BANK_CARD"},
                                       {"amount", "#30000"},
                                       {"currency", "CNY"},
                                       {"accountNo", "6222000000000020"},
                                       {"accountName", "欧阳静怡"},
                                       {"bankName", "102100099996"},
                                       {"transferDesc", "退欧阳静押金"},
                                       {"notifyUrl", "https://shop.test/t"},
                                       {"extParam", "转账备注王五一"}});
  }
  ApiReply refund(const std::string& order_id) {
    return call("/api/refund/refundOrder", {{"mchRefundNo", "r1"},
                                            {"payOrderId", order_id},
                                            {"refundAmount", "#4000"},
                                            {"currency", "cny"},
                                            {"refundReason", "因李四光退租"},
                                            {"notifyUrl", "https://shop.test/r"},
                                            {"extParam", "退款给李四光"}});
  }
  std::string told(const std::string& topic, const std::string& id) {
    const auto body =
        api::jeepay::notification_body(book(), *server->vault, topic, id, real().now());
    REQUIRE(body);
    return percent_decode_form(body.value());
  }
  static std::string percent_decode_form(const std::string& form) {
    std::string out;
    for (std::size_t i = 0; i < form.size(); ++i) {
      if (form[i] == '%' && i + 2 < form.size()) {
        out += static_cast<char>(std::stoi(form.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        out += form[i];
      }
    }
    return out;
  }
};

}  // namespace

TEST_CASE("privacy: no planted name, card number, openid or extParam lies in the data directory") {
  Fixture w;
  w.give("2102/M1", 100000);
  const std::string order = w.paid("o1", {{"wayCode", "WX_JSAPI"},
                                          {"subject", "planted-subject"},
                                          {"channelExtra", kOpenidAndLines},
                                          {"extParam", "门牌7栋张三丰"}});
  const ApiReply refund = w.refund(order);
  REQUIRE(refund.at("code") == "0");
  const ApiReply transfer = w.transfer("t1");
  REQUIRE(transfer.at("code") == "0");

  test::ApiServer& s = *w.server;
  const auto merchant =
      s.post("operator", "/v1/merchants",
             R"({"mch_no":"M7","name":"商户","mode":"collected","payee":{"name":"司马相如如",)"
             R"("account":"6222000000007777","bank":"308584000013"}})",
             "m1");
  REQUIRE(merchant.status == 201);
  REQUIRE(s.post("checker", "/v1/authority-requests/" + merchant.at("id") + "/approve",
                 R"({"payee_account":"6222000000007777"})", "m2")
              .status == 200);
  const auto v1_order = s.post("upstream", "/v1/orders",
                               R"({"mch_no":"M1","mch_order_no":"v1","amount":500,)"
                               R"("way":"WX_JSAPI","openid":"oPlantedOpenid02",)"
                               R"("lines":[{"label":"v1周八的房","account":"2101/M1",)"
                               R"("amount":500}],"ext_param":"v1门牌8栋赵六"})",
                               "v1");
  REQUIRE(v1_order.status == 201);
  const auto number =
      s.post("maker", "/v1/sub-accounts",
             R"({"kind":"household","account":"2102/M1","purpose":"吴九维修资金"})", "sub");
  INFO(number.body);
  REQUIRE(number.status == 201);
  std::promise<Answer> deposited;
  w.payments->deposit({test::kBankNumber,
                       "B1",
                       number.at("number"),
                       "",
                       {700, Currency::kCNY},
                       w.business().now(),
                       w.business().now().date_cn()},
                      [&](Answer answer) { deposited.set_value(std::move(answer)); });
  CHECK(deposited.get_future().get().answer == "account/2102/M1");
  w.control("/sandbox/faults", R"({"kind":"bank_reject","times":1})");
  REQUIRE(w.transfer("t2").at("data.state") == "3");
  const auto payout = s.post("maker", "/v1/payouts",
                             R"({"mch_no":"M1","amount":100,"payee":{"name":"慕容雪",)"
                             R"("account":"6222000000008888","bank":"102100099996"}})",
                             "p1");
  REQUIRE(payout.status == 201);
  REQUIRE(s.post("checker", "/v1/payouts/" + payout.at("id") + "/approve", "{}", "p2").status ==
          200);

  // Whoever may see it gets it back as it was.
  CHECK(w.call("/api/pay/query", {{"mchOrderNo", "o1"}}).at("data.extParam") == "门牌7栋张三丰");
  CHECK(w.told("order", order).find("门牌7栋张三丰") != std::string::npos);
  const std::string refund_id = refund.at("data.refundOrderId");
  CHECK(w.call("/api/refund/query", {{"refundOrderId", refund_id}}).at("data.extParam") ==
        "退款给李四光");
  CHECK(w.told("refund", refund_id).find("退款给李四光") != std::string::npos);
  CHECK(w.call("/api/transfer/query", {{"mchOrderNo", "t1"}}).at("data.extParam") ==
        "转账备注王五一");
  CHECK(w.told("payout", transfer.at("data.transferId")).find("转账备注王五一") !=
        std::string::npos);
  CHECK(s.get("upstream", "/v1/orders/" + v1_order.at("order_id")).at("ext_param") ==
        "v1门牌8栋赵六");
  CHECK(s.get("auditor", "/v1/payouts/" + payout.at("id")).at("payout.payee") == "慕** ****8888");
  CHECK(v1_order.at("lines.0.label") == "v1周八的房");
  CHECK(s.get("upstream", "/v1/orders/" + v1_order.at("order_id")).at("lines.0.label") ==
        "v1周八的房");
  CHECK(s.get("auditor", "/v1/orders/" + order).at("lines.0.label") == "孙七的房");
  CHECK(s.get("auditor", "/v1/orders/" + order).at("lines.1.label") == "车位");
  CHECK(s.get("auditor", "/v1/sub-accounts/" + number.at("number")).at("purpose") ==
        "吴九维修资金");
  CHECK(w.call("/api/transfer/query", {{"mchOrderNo", "t2"}}).at("data.errMsg") ==
        "refused by the bank");

  w.book().wait_projected();
  w.book().store_projections();
  const std::string text = all_text(w.book());
  CHECK(text.find(kInClear) != std::string::npos);
  CHECK(found_in(text) == std::set<std::string>{});
  CHECK(found_in(all_bytes(s.folder.path())) == std::set<std::string>{});
}

TEST_CASE(
    "privacy: the same extParam again is a replay, another is named, though both are sealed") {
  Fixture w;
  w.give("2102/M1", 100000);
  const std::string id = w.placed("o1", {{"extParam", "门牌7栋张三丰"}});
  const std::string sealed = w.stands(id).texts_sealed;
  CHECK(w.placed("o1", {{"extParam", "门牌7栋张三丰"}}) == id);
  CHECK(w.stands(id).texts_sealed == sealed);
  for (const Fields& other : {Fields{{"extParam", "another"}}, Fields{}}) {
    const ApiReply reply = w.place("o1", other);
    CHECK(reply.at("code") == "9999");
    CHECK(reply.at("msg") == "商户订单[o1]已存在: 字段 extParam 与首次请求不同");
  }
  const std::string body = R"({"mch_no":"M1","mch_order_no":"v1","amount":500,"ext_param":"a"})";
  const std::string other = R"({"mch_no":"M1","mch_order_no":"v1","amount":500,"ext_param":"b"})";
  REQUIRE(w.server->post("upstream", "/v1/orders", body, "k").status == 201);
  CHECK(w.server->post("upstream", "/v1/orders", body, "k").header("Suanpan-Replayed") == "true");
  const auto refused = w.server->post("upstream", "/v1/orders", other, "k");
  CHECK(refused.status == 409);
  CHECK(refused.at("refusal") == "id_reused_with_other_content");
}

TEST_CASE("privacy: texts open for their own merchant and with their own vault alone") {
  test::TempFolder folder;
  const auto vault = Vault::open(folder.path() / "a", true);
  const auto other = Vault::open(folder.path() / "b", true);
  REQUIRE((vault && other));
  const auto key = vault.value().subjects().take();
  REQUIRE(key);
  const std::string sealed = channels::seal_texts(key.value(), "M1", {"物业费", "3幢", "门牌"});
  const auto opened = channels::open_texts(vault.value(), "M1", sealed);
  REQUIRE(opened);
  CHECK(opened.value().title == "物业费");
  CHECK(opened.value().detail == "3幢");
  CHECK(opened.value().own == "门牌");
  CHECK(channels::seal_texts(key.value(), "M1", {}).empty());
  CHECK(channels::open_texts(vault.value(), "M1", "").value().own.empty());
  for (const auto& refused : {channels::open_texts(vault.value(), "M2", sealed),
                              channels::open_texts(other.value(), "M1", sealed),
                              channels::open_texts(vault.value(), "M1", "门牌")}) {
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::kCorrupt);
  }
}

TEST_CASE(
    "privacy: what waited for a checker before format 5 reads as it did, and is carried out") {
  Fixture w;
  w.give("2102/M1", 100000);
  const std::string order = w.paid("o1");
  const auto waits = [&](DocumentKind kind, const std::string& id, const std::string& body) {
    api::v1::ApprovalRequest request;
    request.id = id;
    request.maker = "maker";
    request.made_at = w.business().now();
    request.body = body;
    Command command;
    command.key = ClaimKey{id_of(id), kSystemCaller};
    command.kind = CommandKind::kSetting;
    command.content = {{"what", id}};
    command.plan = [kind, request](const View& view, const Moment&) -> Planned<ChangeSet> {
      ChangeSet changes;
      changes.date = view.book().accounting_date;
      changes.documents.push_back(Document{kind, request.id, 1, true, encode(request)});
      return changes;
    };
    REQUIRE(w.book().run(std::move(command)).accepted());
  };
  waits(DocumentKind::kRefundRequest, "F1",
        fmt::format(
            R"({{"order_id":"{}","amount":100,"reason":"因李四光退租","mch_refund_no":"r9"}})",
            order));
  waits(DocumentKind::kPayoutRequest, "T1",
        fmt::format(
            R"({{"mch_no":"M1","mch_order_no":"t9","source_account":"2102/M1","payee_sealed":"{}",)"
            R"("payee_masked":"慕** ****8888","payee_bank":"102100099996","remark":"退押金",)"
            R"("amount":100}})",
            w.server->vault->seal(
                "payee|M1",
                R"({"name":"慕容雪","account":"6222000000008888","bank":"102100099996"})")));
  test::ApiServer& s = *w.server;
  CHECK(s.get("auditor", "/v1/refunds/F1").at("request.reason") == "因李四光退租");
  const ApiReply payout = s.get("auditor", "/v1/payouts/T1");
  CHECK(payout.at("request.payee") == "慕** ****8888");
  CHECK(payout.at("request.remark") == "退押金");
  CHECK(s.post("checker", "/v1/refunds/F1/approve", "{}", "a1").status == 200);
  CHECK(s.post("checker", "/v1/payouts/T1/approve", "{}", "a2").status == 200);
  CHECK(s.get("auditor", "/v1/refunds/F1").at("refund.reason") == "因李四光退租");
  const ApiReply paid = s.get("auditor", "/v1/payouts/T1");
  CHECK(paid.at("payout.payee") == "慕** ****8888");
  CHECK(paid.at("payout.remark") == "退押金");
}
