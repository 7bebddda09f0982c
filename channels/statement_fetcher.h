// Fetches what the outside says of a day: a trade bill from WeChat Pay, a statement from the bank.
// What comes back is whole and is what its sender announced (hash, account, day); whether it adds
// up is for its reader to judge.
//
// Blocks its caller; thread-safe. Not from a callback of the client's.
#pragma once
#include <string>

#include "channels/bank_channel.h"
#include "channels/payment_service.h"
#include "channels/wechat_channel.h"

namespace suanpan::channels {

class StatementFetcher {
 public:
  /// Either channel may be null: what it is asked for is kNotFound, as for a merchant or account
  /// that is not configured. All must outlive the fetcher.
  /// Fetches the platform's certificates, where an answer names a key that is not known yet.
  StatementFetcher(WechatChannel* wechat, const BankChannel* bank, Send send, const Clock& real)
      : wechat_(wechat), bank_(bank), send_(std::move(send)), real_(real) {}

  /// The uncompressed file. Where the channel knows of no business on the day, an empty bill that
  /// says so: the books may know of some. Errors: kUnavailable (not made yet: after 10:00 of the
  /// next day), kMismatch (another hash), and the transport's.
  Result<std::string> trade_bill(const std::string& mchid, Date day) const;
  /// The uncompressed fund-flow bill of the basic account. Errors: as trade_bill; kNotFound for a
  /// day without any movement.
  Result<std::string> fund_flow_bill(const std::string& mchid, Date day) const;
  /// The camt.053.001.08 text. Errors: kNotFound (the day has not ended), and the transport's.
  Result<std::string> bank_statement(const std::string& account, Date day) const;

 private:
  Result<HttpResponse> ask(const std::string& base_url, HttpRequest request) const;
  /// Asks for a bill, signed now, by the merchant's adapter.
  using Ask = std::function<HttpRequest(const wechat::Adapter&, const wechat::Stamp&)>;
  /// Nothing where the channel knows of no business.
  Result<std::optional<std::string>> bill(const std::string& mchid, const Ask& ask_for) const;
  Result<wechat::BillTicket> ticket(const std::string& mchid, const Ask& ask_for) const;
  Result<void> refresh_keys(const std::string& mchid) const;
  WechatChannel* wechat_;
  const BankChannel* bank_;
  Send send_;
  const Clock& real_;
};

}  // namespace suanpan::channels
