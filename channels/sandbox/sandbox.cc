#include "channels/sandbox/sandbox.h"

#include <algorithm>
#include <set>

#include "channels/sandbox/wechat_answers.h"
#include "ledger/base/check.h"
#include "ledger/base/json.h"

namespace suanpan::sandbox {
namespace {

HttpResponse json_answer(int status, std::string body) {
  return {status, {{"Content-Type", "application/json; charset=utf-8"}}, std::move(body)};
}

HttpResponse refused(const ApiError& error) { return json_answer(error.status, error_json(error)); }

HttpResponse refused(const Error& error) {
  const int status = error.code == Errc::kNotFound   ? 404
                     : error.code == Errc::kMismatch ? 409
                                                     : 400;
  return refused(ApiError{status, name_of(error.code), error.message});
}

/// An optional string member. Errors: kMalformed naming it.
Result<std::string> text_or(const JsonValue& body, std::string_view key) {
  const auto value = body.find(key);
  if (!value) return std::string();
  const auto text = value->as_string();
  if (!text) return fail(Errc::kMalformed, "\"{}\" is not a string", key);
  return std::string(text.value());
}

Result<bool> flag(const JsonValue& body, std::string_view key) {
  const auto value = body.find(key);
  if (!value) return false;
  const auto truth = value->as_bool();
  if (!truth) return fail(Errc::kMalformed, "\"{}\" is not true or false", key);
  return truth.value();
}

Result<WechatBook::PayAction> read_pay(const JsonValue& body) {
  WechatBook::PayAction action;
  TRY(action.out_trade_no, text_or(body, "out_trade_no"));
  TRY(action.code, text_or(body, "code_url"));
  TRY(action.mchid, text_or(body, "mchid"));
  TRY(action.openid, text_or(body, "payer"));
  TRY(action.bank_type, text_or(body, "bank_type"));
  TRY(action.again, flag(body, "again"));
  TRY(action.late, flag(body, "late"));
  if (action.out_trade_no.empty() == action.code.empty())
    return fail(Errc::kMalformed, "exactly one of \"out_trade_no\" and \"code_url\" is needed");
  return action;
}

Result<Deposit> read_deposit(const JsonValue& body) {
  Deposit out;
  TRY(out.account, body.get_string("account"));
  TRY(out.amount_fen, body.get_int64("amount_fen"));
  TRY(out.sub_account, text_or(body, "sub_account"));
  TRY(out.payer_name, text_or(body, "payer_name"));
  TRY(out.payer_account, text_or(body, "payer_account"));
  TRY(out.remark, text_or(body, "remark"));
  TRY(out.end_to_end_id, text_or(body, "end_to_end_id"));
  return out;
}

Result<BankAccountSettings> read_account(const JsonValue& body) {
  BankAccountSettings out;
  TRY(out.account, body.get_string("account"));
  TRY(out.name, text_or(body, "name"));
  if (body.find("opening_fen")) {
    TRY(out.opening_fen, body.get_int64("opening_fen"));
  }
  TRY(auto day, text_or(body, "opened_on"));
  if (!day.empty()) {
    out.opened_on = Date::parse(day);
    if (!out.opened_on) return fail(Errc::kMalformed, "\"opened_on\" is no date");
  }
  return out;
}

/// What can be judged before anything is built.
Result<void> check(const Keys& keys, const Settings& settings) {
  std::set<std::string_view> accounts, mchids;
  for (const BankAccountSettings& account : settings.bank.accounts) {
    if (account.account.empty() || account.account.size() > 34)
      return fail(Errc::kConfig, "sandbox: a bank account needs a number of 1-34 characters");
    if (!accounts.insert(account.account).second)
      return fail(Errc::kConfig, "sandbox: bank account {} stands twice", account.account);
  }
  for (const MerchantSettings& merchant : settings.wechat.book.merchants) {
    if (!keys.merchants.contains(merchant.mchid))
      return fail(Errc::kConfig, "sandbox: there are no keys for merchant {}", merchant.mchid);
    if (!mchids.insert(merchant.mchid).second)
      return fail(Errc::kConfig, "sandbox: merchant {} stands twice", merchant.mchid);
    if (!merchant.bank_account.empty() && !accounts.contains(merchant.bank_account))
      return fail(Errc::kConfig, "sandbox: merchant {} has an unknown bank account",
                  merchant.mchid);
  }
  return success();
}

}  // namespace

Result<std::unique_ptr<Sandbox>> Sandbox::make(Keys keys, Settings settings) {
  TRY(check(keys, settings));
  // Keys of merchants that are not played here would let them in without a record of them.
  std::erase_if(keys.merchants, [&](const auto& entry) {
    const auto& played = settings.wechat.book.merchants;
    return std::none_of(played.begin(), played.end(),
                        [&](const MerchantSettings& one) { return one.mchid == entry.first; });
  });
  return std::unique_ptr<Sandbox>(new Sandbox(std::move(keys), std::move(settings)));
}

Sandbox::Sandbox(Keys keys, Settings settings)
    : keys_(std::move(keys)),
      random_(settings.seed),
      wechat_(keys_, std::move(settings.wechat), faults_, random_),
      bank_(keys_.bank_key, std::move(settings.bank), faults_) {}

std::optional<HttpResponse> Sandbox::handle(const HttpRequest& request, Moment now) {
  const std::string_view path = request.path();
  if (path.starts_with("/v3/")) return wechat_.handle(request, now);
  if (path.starts_with("/bank/")) return bank_.handle(request, now);
  if (path.starts_with("/sandbox/")) return control(request, now.business);
  return refused(ApiError{404, "NOT_FOUND", "there is no such address"});
}

std::vector<OutgoingNotification> Sandbox::take_due_notifications(Moment now) {
  bank_.advance(now.business);
  return wechat_.take_due(now);
}

void Sandbox::notification_answered(std::string_view id, int status) {
  wechat_.answered(id, status);
}

std::vector<Settlement> Sandbox::settle_wechat_day(Date date, SettlementBasis basis,
                                                   Timestamp now) {
  wechat_.advance(now);
  bank_.advance(now);
  if (date >= now.date_cn()) return {};
  std::vector<Settlement> settlements = wechat_.settle(date, basis, now);
  for (const Settlement& one : settlements) {
    Deposit deposit{one.bank_account, "", "财付通支付科技有限公司", "243300133", one.amount_fen};
    deposit.remark = fmt::format("微信支付结算款 {} {}", one.mchid, one.date.compact());
    deposit.end_to_end_id = one.number;
    const auto booked = bank_.book().deposit(deposit, now);
    CHECK_OR_DIE(booked.has_value(), "a settlement that the bank refuses: {}",
                 booked.error().message);
  }
  return settlements;
}

HttpResponse Sandbox::control(const HttpRequest& request, Timestamp now) {
  wechat_.advance(now);
  bank_.advance(now);
  const std::string_view path = request.path();
  if (request.method == "GET" && path == "/sandbox/state")
    return json_answer(200, state_json(*this));
  if (path == "/sandbox/faults" && request.method != "POST") {
    if (request.method == "DELETE") faults_.clear();
    JsonWriter json;
    json.begin_object().key("faults").begin_array();
    for (const Fault& fault : faults_.pending()) write_fault(json, fault);
    return json_answer(200, json.end_array().end_object().take());
  }
  if (request.method != "POST")
    return refused(ApiError{404, "NOT_FOUND", "there is no such control"});

  const auto document = JsonDocument::parse(request.body);
  if (!document) return refused(document.error());
  const JsonValue body = document.value().root();
  if (!body.is_object()) return refused(fail(Errc::kMalformed, "the body is not an object"));
  if (path == "/sandbox/wechat/pay") return pay(body, now);
  if (path == "/sandbox/wechat/settle") return settle(body, now);
  if (path == "/sandbox/bank/accounts") return open_account(body, now);
  if (path == "/sandbox/bank/deposit") return deposit(body, now);
  if (path == "/sandbox/faults") {
    auto faults = parse_faults(body);
    if (!faults) return refused(faults.error());
    for (Fault& fault : faults.value()) faults_.add(std::move(fault));
    return json_answer(200, "{}");
  }
  return refused(ApiError{404, "NOT_FOUND", "there is no such control"});
}

HttpResponse Sandbox::pay(const JsonValue& body, Timestamp now) {
  const auto action = read_pay(body);
  if (!action) return refused(action.error());
  const auto paid = wechat_.pay(action.value(), now);
  if (!paid) return refused(paid.error());
  const auto [order, payment] = paid.value();
  return json_answer(200, transaction_json(*order, payment, now));
}

HttpResponse Sandbox::settle(const JsonValue& body, Timestamp now) {
  const auto text = body.get_string("date");
  if (!text) return refused(text.error());
  const auto date = Date::parse(text.value());
  const auto basis = text_or(body, "basis");
  if (!basis) return refused(basis.error());
  if (!date || *date >= now.date_cn())
    return refused(fail(Errc::kMalformed, "\"date\" must be a date before today"));
  const bool by_records = basis.value() == "records";
  if (!by_records && !basis.value().empty() && basis.value() != "bill")
    return refused(fail(Errc::kMalformed, "\"basis\" must be \"bill\" or \"records\""));

  JsonWriter json;
  json.begin_object().key("settlements").begin_array();
  for (const Settlement& one : settle_wechat_day(
           *date, by_records ? SettlementBasis::kRecords : SettlementBasis::kBill, now)) {
    json.begin_object().field("mchid", one.mchid).field("account", one.bank_account);
    json.field("number", one.number).field("amount_fen", one.amount_fen).end_object();
  }
  return json_answer(200, json.end_array().end_object().take());
}

HttpResponse Sandbox::open_account(const JsonValue& body, Timestamp now) {
  auto settings = read_account(body);
  if (!settings) return refused(settings.error());
  const std::string account = settings.value().account;
  if (!bank_.book().accounts().contains(account)) {
    const auto opened = bank_.book().open(std::move(settings.value()), now);
    if (!opened) return refused(opened.error());
  }
  if (const auto list = body.find("sub_accounts")) {
    for (const JsonValue& element : list->elements()) {
      const auto number = element.as_string();
      if (!number) return refused(number.error());
      const auto opened = bank_.book().open_sub_account(account, std::string(number.value()));
      if (!opened) return refused(opened.error());
    }
  }
  return json_answer(200, "{}");
}

HttpResponse Sandbox::deposit(const JsonValue& body, Timestamp now) {
  const auto deposit = read_deposit(body);
  if (!deposit) return refused(deposit.error());
  const auto booked = bank_.book().deposit(deposit.value(), now);
  if (!booked) return refused(booked.error());
  JsonWriter json;
  json.begin_object().field("reference", booked.value()->reference);
  return json_answer(200, json.end_object().take());
}

}  // namespace suanpan::sandbox
