// The payer's page (收银台) as HTML: what is owed to whom, and where the payment stands. One
// document with its style inside, no other resource; it says everything without a script. Every
// text that comes from outside is escaped. Pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/base/date.h"
#include "ledger/base/money.h"

namespace suanpan::api::cashier {

enum class CashierState : std::uint8_t {
  kChoosing,    ///< the payer has not chosen how to pay
  kPreparing,   ///< chosen; the channel has not told the code yet
  kScanning,    ///< the code is shown
  kConfirming,  ///< time is up, and the channel has the last word
  kPaid,
  kRefunded,
  kClosed,
  kExpired,
  kFailed,
};

struct CashierView {
  CashierState state = CashierState::kChoosing;
  std::string merchant;
  std::string subject;
  Money amount;
  std::string order_id;
  Timestamp expires_at;
  std::int64_t left_s = 0;  ///< until then, by the business clock
  Timestamp paid_at;
  std::string code_svg;     ///< kScanning: the QR code, SVG of ours
  std::string pay_action;   ///< kChoosing: where the form goes
  std::string return_link;  ///< kPaid: back to the merchant; may be empty
  std::string notice;       ///< what went wrong with the last choice; may be empty
};

std::string render_cashier(const CashierView& view);
/// A page without an order: "链接无效", and why.
std::string render_cashier_notice(std::string_view title, std::string_view text);

/// The Content-Security-Policy of the pages: this style and this script, no other.
const std::string& cashier_policy();

}  // namespace suanpan::api::cashier
