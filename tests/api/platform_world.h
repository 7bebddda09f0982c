// The native API with every service behind it: payments whose channels never answer, settlement,
// reconciliation, the platform's accounts, two merchants.
#pragma once
#include "api/all_routes.h"
#include "channels/bank_channel.h"
#include "channels/chart.h"
#include "channels/payment_commands.h"
#include "channels/wechat_channel.h"
#include "reconcile/reconcile_service.h"
#include "settlement/settlement_service.h"
#include "tests/ledger/base/test_keys.h"
#include "tests/support/api_server.h"

namespace suanpan::test {

inline const std::vector<ApiServer::Adder> kEveryRoute{
    [](api::Router& router, api::Services& services) { api::add_engine_routes(router, services); }};

inline const std::string kBank = "6228000000000001";

/// What stands behind the routes; made before them, gone after the server.
struct PlatformRooms {
  std::unique_ptr<channels::WechatChannel> wechat;
  std::unique_ptr<channels::BankChannel> bank;
  std::unique_ptr<channels::PaymentService> payments;
  std::unique_ptr<settlement::SettlementService> settlement;
  std::unique_ptr<reconcile::ReconcileService> reconcile;

  void make(ApiServer& server) {
    channels::bank::BankSettings settings;
    settings.initiating_party = "Suanpan";
    settings.debtors = {{kBank, "平台监管户", "308584000013"}};
    settings.key = Secret("bank-test-key-0123456789");
    auto made_bank = channels::BankChannel::make("http://bank.invalid", std::move(settings));
    REQUIRE(made_bank);
    bank = std::move(made_bank.value());
    auto key = PrivateKey::from_pem(kRsaKey);
    REQUIRE(key);
    std::vector<channels::wechat::Credentials> merchants;
    merchants.push_back({"1900000109",
                         "wx0123456789abcdef",
                         "5157F09EFDC096DE",
                         std::move(key.value()),
                         Secret(std::string(32, 'k')),
                         {},
                         {}});
    auto made_wechat = channels::WechatChannel::make(
        {"http://wechat.invalid", "https://pay.example.cn/notify/wechat"}, std::move(merchants));
    INFO((made_wechat ? "" : made_wechat.error().message));
    REQUIRE(made_wechat);
    wechat = std::move(made_wechat.value());
    channels::PaymentParts parts;
    parts.book = server.book.get();
    parts.vault = server.vault.get();
    parts.business = &server.business;
    parts.real = &server.real;
    parts.send = [](const std::string&, HttpRequest, int,
                    std::function<void(Result<HttpResponse>)> done) {
      done(fail(Errc::kTimeout, "nobody there"));
    };
    parts.wechat = wechat.get();
    parts.bank = bank.get();
    payments = std::make_unique<channels::PaymentService>(parts);
    settlement = std::make_unique<settlement::SettlementService>(
        *server.book, *server.vault, [](const std::string&) {}, server.business);
    reconcile = std::make_unique<reconcile::ReconcileService>(
        *server.book, *payments, server.business,
        reconcile::ReconcileSettings{server.services->reports_folder});
    server.services->payments = payments.get();
    server.services->reconcile = reconcile.get();
    server.services->settlement = settlement.get();
    server.services->default_bank_account = kBank;
    server.services->manual_business = &server.business;
    server.services->public_url = "https://pay.example.cn";
    for (auto& account : channels::platform_accounts())
      REQUIRE(server.book->run(open_account(account)).accepted());
    REQUIRE(server.book->run(open_account(channels::bank_account(kBank, "平台监管户"))).accepted());
  }
};

struct PlatformWorld : PlatformRooms, ApiServer {
  PlatformWorld() : ApiServer(kEveryRoute, [this](ApiServer& server) { make(server); }) {
    merchant("M1", "2201/预售");
    merchant("M2", "");
    open_unlimited("2201/预售");
    open("2201/预售/A1", "liability", R"(,"limit":"not_below_zero")");
  }
  ~PlatformWorld() {
    server->stop(1000);
    workers.stop();
    reconcile.reset();
    payments.reset();
  }

  void merchant(const std::string& mch_no, const std::string& path) {
    const auto reply = post(
        "operator", "/v1/merchants",
        fmt::format(R"({{"mch_no":"{}","name":"商户","mode":"collected","wx_mchid":"1900000109",)"
                    R"("bank_account":"{}","supervised_path":"{}","payee":{{"name":"工程公司",)"
                    R"("account":"6217000000000013","bank":"308584000013"}}}})",
                    mch_no, kBank, path),
        "merchant-" + mch_no.substr(0, 32));
    INFO(reply.body);
    REQUIRE(reply.status == 201);
    REQUIRE(post("checker", "/v1/authority-requests/" + reply.at("id") + "/approve",
                 R"({"payee_account":"6217000000000013"})", "approve-" + mch_no.substr(0, 32))
                .status == 200);
  }
  /// What M1 pays: asked for by an operator, approved by a checker.
  void set_fees(const std::string& schedule, const std::string& key) {
    const auto asked =
        send(request("operator", "PUT", "/v1/fee-schedules/M1", schedule, key + "-ask"));
    INFO(asked.body);
    REQUIRE(asked.status == 201);
    REQUIRE(post("checker", "/v1/authority-requests/" + asked.at("id") + "/approve", "{}",
                 key + "-approve")
                .status == 200);
  }
  ApiReply place(const std::string& number, const std::string& more = "",
                 const std::string& who = "upstream") {
    return post(
        who, "/v1/orders",
        fmt::format(R"({{"mch_no":"M1","mch_order_no":"{}","amount":10000{}}})", number, more),
        "order-" + number);
  }
  /// The channel's word that an order was paid.
  void pay(const std::string& order_id, std::int64_t amount = 10000) {
    OrderFact fact;
    fact.kind = OrderFact::Kind::kPaid;
    fact.order_id = order_id;
    fact.channel = "wxpay";
    fact.channel_mch = "1900000109";
    fact.channel_order_no = "42" + order_id;
    fact.paid = {amount, Currency::kCNY};
    fact.paid_at = business.now();
    const Answer answer = book->run(channels::order_fact(fact, 1));
    INFO(name_of(answer.refusal.code) << " " << answer.refusal.detail);
    REQUIRE(answer.accepted());
  }
  /// The intent to call the channel, as far as a call gets that nobody answers.
  void submit(const std::string& order_id) {
    OrderFact fact;
    fact.kind = OrderFact::Kind::kSubmitted;
    fact.order_id = order_id;
    fact.way = "WX_NATIVE";
    fact.channel = "wxpay";
    fact.channel_mch = "1900000109";
    REQUIRE(book->run(channels::order_fact(fact, 1)).accepted());
  }
  /// What reconciliation would have marked.
  void mark_arrived(const std::string& order_id) {
    Command command;
    command.key = {id_of("arrived" + order_id), kSystemCaller};
    command.content = {{"order", order_id}};
    command.plan = [order_id](const View& view, const Moment&) -> Planned<ChangeSet> {
      auto order = find_order(view, order_id);
      order->reconciled = "run";
      order->arrived = "statement";
      ChangeSet changes;
      changes.date = view.book().accounting_date;
      const auto before = view.document(DocumentKind::kOrder, order_id);
      changes.documents.push_back(Document{DocumentKind::kOrder, order_id, before->version + 1,
                                           before->open, encode(*order)});
      return changes;
    };
    REQUIRE(book->run(command).accepted());
  }
};

}  // namespace suanpan::test
