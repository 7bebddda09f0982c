#include "channels/chart.h"

#include "ledger/base/digest.h"

namespace suanpan::channels {
namespace {

OpenAccountRequest account(std::string code, std::string name, AccountType type,
                           LimitKind limit = LimitKind::kNone) {
  OpenAccountRequest request;
  request.key = account_claim(code);
  request.code = std::move(code);
  request.name = std::move(name);
  request.type = type;
  request.terms.limit = limit;
  return request;
}

}  // namespace

ClaimKey account_claim(std::string_view code) {
  return {id_of(fmt::format("account|{}", code)), kSystemCaller};
}

std::vector<OpenAccountRequest> platform_accounts() {
  using namespace chart;
  return {
      account(std::string(kPayoutTransit), "付款在途", AccountType::kLiability,
              LimitKind::kNotBelowZero),
      account(std::string(kRefundTransit), "退款在途", AccountType::kLiability,
              LimitKind::kNotBelowZero),
      account(std::string(kSuspense), "挂账", AccountType::kLiability),
      account(std::string(kFeeIncome), "手续费收入", AccountType::kIncome),
      account(std::string(kChannelCost), "渠道手续费成本", AccountType::kExpense),
  };
}

OpenAccountRequest bank_account(std::string_view number, std::string name) {
  return account(chart::bank_deposit(number), std::move(name), AccountType::kAsset);
}

std::vector<OpenAccountRequest> merchant_accounts(std::string_view mch_no, std::string_view name,
                                                  bool direct, std::string_view channel,
                                                  std::string_view channel_mch) {
  using namespace chart;
  std::vector<OpenAccountRequest> accounts;
  if (direct) {
    accounts.push_back(
        account(fee_receivable(mch_no), fmt::format("应收服务费 {}", name), AccountType::kAsset));
    return accounts;
  }
  accounts.push_back(account(merchant_pending(mch_no), fmt::format("待结算 {}", name),
                             AccountType::kLiability, LimitKind::kNotBelowZero));
  accounts.push_back(account(merchant_payable(mch_no), fmt::format("应付商户款 {}", name),
                             AccountType::kLiability, LimitKind::kNotBelowZero));
  if (!channel_mch.empty())
    accounts.push_back(account(channel_receivable(channel, channel_mch),
                               fmt::format("应收渠道款 {} {}", channel, channel_mch),
                               AccountType::kAsset));
  return accounts;
}

PlatformAccounts accounts_for(std::string_view mch_no, std::string_view channel,
                              std::string_view channel_mch) {
  using namespace chart;
  return PlatformAccounts{channel_receivable(channel, channel_mch), std::string(kFeeIncome),
                          fee_receivable(mch_no), std::string(kSuspense),
                          std::string(kRefundTransit)};
}

}  // namespace suanpan::channels
