// What a channel must do for the payment service, and which channel serves which way. A new channel
// is a folder with its adapter, a class here implements, and a line in the table.
//
// The calls are asynchronous: `done` comes exactly once, on any thread, with a deadline kept by the
// implementation. An outcome says what is known (channel.h); nothing here guesses.
#pragma once
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "channels/channel.h"

namespace suanpan::channels {

template <class T>
using Done = std::function<void(T)>;

/// Takes payers' money under a merchant number of ours at the channel.
class PayChannel {
 public:
  virtual ~PayChannel() = default;
  /// Whether that merchant number is configured.
  virtual bool serves(const std::string& mch) const = 0;
  virtual void place(const std::string& mch, PayRequest request, Done<PayOutcome> done) = 0;
  /// kNotAccepted: the channel has no such order at the moment.
  virtual void query(const std::string& mch, const std::string& order_no,
                     Done<PayOutcome> done) = 0;
  virtual void close(const std::string& mch, const std::string& order_no,
                     Done<PayOutcome> done) = 0;
  virtual void refund(const std::string& mch, RefundRequest request, Done<RefundOutcome> done) = 0;
  /// kNotAccepted: the channel has no such refund at the moment.
  virtual void query_refund(const std::string& mch, RefundRequest request,
                            Done<RefundOutcome> done) = 0;
  /// How long after an order's expiry "no such order" becomes final: no send under way can take
  /// effect any more.
  virtual int seconds_until_absence_is_final() const = 0;
};

/// Pays out of an account of ours.
class PayoutChannel {
 public:
  virtual ~PayoutChannel() = default;
  virtual bool pays_from(const std::string& account) const = 0;
  virtual void transfer(TransferRequest request, Done<TransferOutcome> done) = 0;
  /// kNotAccepted: the bank has no such transfer at the moment.
  virtual void query_transfer(const std::string& transfer_no, Money amount,
                              Done<TransferOutcome> done) = 0;
};

inline constexpr std::string_view kWxpay = "wxpay";
inline constexpr std::string_view kBank = "bank";

struct WayEntry {
  Way way;
  std::string_view channel;  ///< empty: the payer has not chosen yet
};
inline constexpr std::array<WayEntry, 6> kWays{{
    {Way::kWxNative, kWxpay},
    {Way::kWxJsapi, kWxpay},
    {Way::kWxH5, kWxpay},
    {Way::kWxApp, kWxpay},
    {Way::kBankTransfer, kBank},
    {Way::kQrCashier, ""},
}};

constexpr std::string_view channel_of(Way way) {
  for (const WayEntry& entry : kWays)
    if (entry.way == way) return entry.channel;
  return "";
}

}  // namespace suanpan::channels
