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

Result<std::string> StatementFetcher::trade_bill(const std::string& mchid, Date day) const {
  const auto adapter = wechat_ ? wechat_->adapter(mchid) : nullptr;
  if (!adapter) return fail(Errc::kNotFound, "WeChat merchant {} is not configured", mchid);
  const auto stamp = [&] { return wechat::Stamp{real_.now(), nonce()}; };
  TRY(auto offered, ask(wechat_->base_url(),
                        adapter->encode_trade_bill(day, wechat::BillKind::kAll, true, stamp())));
  const auto ticket_or_none = adapter->decode_bill_ticket(offered, real_.now());
  if (!ticket_or_none && ticket_or_none.error().code == Errc::kNotFound)
    return wechat::empty_trade_bill();
  TRY(const auto ticket, ticket_or_none);
  TRY(auto file, ask(wechat_->base_url(), adapter->encode_bill_download(ticket, stamp())));
  if (file.status != 200)
    return fail(Errc::kUnavailable, "the bill download was answered with {}", file.status);
  return wechat::open_bill(std::move(file.body), true, ticket.sha1_hex);
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
