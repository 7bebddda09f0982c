// The platform book's own accounts: the codes that the postings of core/plan_order.h need. Their
// subjects stand in the platform chart of ledger/core/chart_templates.h.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ledger/core/plan_account.h"
#include "ledger/core/plan_order.h"

namespace suanpan::channels {

namespace chart {

inline std::string bank_deposit(std::string_view number) { return fmt::format("1002/{}", number); }
inline std::string channel_receivable(std::string_view channel, std::string_view mch) {
  return fmt::format("1122/{}/{}", channel, mch);
}
inline std::string fee_receivable(std::string_view mch_no) {
  return fmt::format("1131/{}", mch_no);
}
inline std::string merchant_pending(std::string_view mch_no) {
  return fmt::format("2101/{}", mch_no);
}
inline std::string merchant_payable(std::string_view mch_no) {
  return fmt::format("2102/{}", mch_no);
}
inline constexpr std::string_view kPayoutTransit = "2103";  ///< 付款在途
inline constexpr std::string_view kRefundTransit = "2104";  ///< 退款在途
inline constexpr std::string_view kSuspense = "2241";       ///< 挂账
inline constexpr std::string_view kFeeIncome = "6001";      ///< 手续费收入
inline constexpr std::string_view kChannelCost = "6401";    ///< 渠道手续费成本

}  // namespace chart

/// The accounts that every platform book has; opened when it is made.
std::vector<OpenAccountRequest> platform_accounts();
/// The accounts of a merchant, and of the channel merchant that collects for it.
std::vector<OpenAccountRequest> merchant_accounts(std::string_view mch_no, std::string_view name,
                                                  bool direct, std::string_view channel,
                                                  std::string_view channel_mch);
/// The account (1002/<number>) that stands for one of ours at the bank.
OpenAccountRequest bank_account(std::string_view number, std::string name);
/// The id under which an account is opened: derived from its code, so that opening it again is a
/// replay.
ClaimKey account_claim(std::string_view code);

PlatformAccounts accounts_for(std::string_view mch_no, std::string_view channel,
                              std::string_view channel_mch);

}  // namespace suanpan::channels
