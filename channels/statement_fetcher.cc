#include "channels/statement_fetcher.h"

#include <future>

#include "channels/wechat/bill.h"
#include "ledger/base/digest.h"

namespace suanpan::channels {
namespace {

constexpr int kDeadline_ms = 30'000;

std::string nonce() {
  return hex_upper(std::span(reinterpret_cast<const std::uint8_t*>(random_bytes(16).data()), 16));
}

}  // namespace

Result<HttpResponse> StatementFetcher::ask(const std::string& base_url, HttpRequest request) const {
  auto answered = std::make_shared<std::promise<Result<HttpResponse>>>();
  auto answer = answered->get_future();
  send_(base_url, std::move(request), kDeadline_ms,
        [answered](Result<HttpResponse> r) { answered->set_value(std::move(r)); });
  return answer.get();
}

Result<wechat::BillTicket> StatementFetcher::ticket(const std::string& mchid,
                                                    const Ask& ask_for) const {
  const auto adapter = wechat_->adapter(mchid);
  TRY(const auto offered, ask(wechat_->base_url(), ask_for(*adapter, {real_.now(), nonce()})));
  return adapter->decode_bill_ticket(offered, real_.now());
}

Result<void> StatementFetcher::refresh_keys(const std::string& mchid) const {
  const auto adapter = wechat_->adapter(mchid);
  TRY(const auto answer,
      ask(wechat_->base_url(), adapter->encode_certificates({real_.now(), nonce()})));
  TRY(auto keys, adapter->decode_certificates(answer, real_.now()));
  wechat_->set_platform_keys(mchid, std::move(keys));
  return success();
}

Result<std::optional<std::string>> StatementFetcher::bill(const std::string& mchid,
                                                          const Ask& ask_for) const {
  if (!wechat_ || !wechat_->adapter(mchid))
    return fail(Errc::kNotFound, "WeChat merchant {} is not configured", mchid);
  auto offered = ticket(mchid, ask_for);
  // After a start no certificate is known, and they are replaced from time to time.
  if (!offered && offered.error().code == Errc::kBadSignature) {
    TRY(refresh_keys(mchid));
    offered = ticket(mchid, ask_for);
  }
  if (!offered && offered.error().code == Errc::kNotFound) return std::optional<std::string>{};
  TRY(const auto found, offered);
  const auto adapter = wechat_->adapter(mchid);
  TRY(auto file,
      ask(wechat_->base_url(), adapter->encode_bill_download(found, {real_.now(), nonce()})));
  if (file.status != 200)
    return fail(Errc::kUnavailable, "the bill download was answered with {}", file.status);
  TRY(auto plain, wechat::open_bill(std::move(file.body), true, found.sha1_hex));
  return std::optional<std::string>(std::move(plain));
}

Result<std::string> StatementFetcher::trade_bill(const std::string& mchid, Date day) const {
  TRY(auto file, bill(mchid, [day](const wechat::Adapter& adapter, const wechat::Stamp& stamp) {
        return adapter.encode_trade_bill(day, true, stamp);
      }));
  return file ? std::move(*file) : wechat::empty_trade_bill();
}

Result<std::string> StatementFetcher::fund_flow_bill(const std::string& mchid, Date day) const {
  TRY(auto file, bill(mchid, [day](const wechat::Adapter& adapter, const wechat::Stamp& stamp) {
        return adapter.encode_fund_flow_bill(day, true, stamp);
      }));
  if (!file) return fail(Errc::kNotFound, "nothing moved at WeChat on {}", day.iso());
  return std::move(*file);
}

Result<std::string> StatementFetcher::bank_statement(const std::string& account, Date day) const {
  if (!bank_ || !bank_->has_account(account))
    return fail(Errc::kNotFound, "bank account {} is not configured", account);
  TRY(auto request,
      bank_->adapter().encode_statement(account, day, bank::StatementVersion::kV08, real_.now()));
  TRY(auto answer, ask(bank_->base_url(), std::move(request)));
  // Read once here, so that what is handed on is that account's and that day's.
  const Result<HttpResponse> received(answer);
  TRY(bank::BankAdapter::decode_statement(account, day, received));
  return std::move(answer.body);
}

}  // namespace suanpan::channels
