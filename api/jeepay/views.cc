#include "api/jeepay/views.h"

#include "channels/personal_texts.h"
#include "channels/registry.h"
#include "ledger/core/text.h"

namespace suanpan::api::jeepay {
namespace {

/// What a channel wrote may hold what a form cannot carry.
std::string carriable(const std::string& text) {
  return is_utf8(text) && text.find('\0') == std::string::npos ? text : std::string{};
}

ChannelError error_of(const std::string& code, const std::string& message) {
  return {carriable(code), carriable(message)};
}

std::optional<Timestamp> moment(Timestamp at) {
  return at.ns == 0 ? std::nullopt : std::optional(at);
}

}  // namespace

PayState pay_state_of(OrderState state) {
  switch (state) {
    case OrderState::kCreated:
      return PayState::kCreated;
    case OrderState::kPaying:
      return PayState::kPaying;
    case OrderState::kPaid:
      return PayState::kSuccess;
    case OrderState::kFailed:
      return PayState::kFailed;
    case OrderState::kRefunded:
      return PayState::kRefunded;
    case OrderState::kClosed:
      return PayState::kClosed;
  }
  return PayState::kPaying;
}

RefundState refund_state_of(suanpan::RefundState state) {
  switch (state) {
    case suanpan::RefundState::kCreated:
      return RefundState::kCreated;
    case suanpan::RefundState::kProcessing:
      return RefundState::kProcessing;
    case suanpan::RefundState::kSucceeded:
      return RefundState::kSuccess;
    case suanpan::RefundState::kFailed:
      return RefundState::kFailed;
  }
  return RefundState::kProcessing;
}

TransferState transfer_state_of(PayoutState state) {
  switch (state) {
    case PayoutState::kCreated:
      return TransferState::kCreated;
    case PayoutState::kProcessing:
      return TransferState::kProcessing;
    case PayoutState::kSucceeded:
      return TransferState::kSuccess;
    case PayoutState::kFailed:
    case PayoutState::kReturned:
      return TransferState::kFailed;
  }
  return TransferState::kProcessing;
}

UnifiedOrderData unified_order_data(const Order& order) {
  return {order.order_id,      order.mch_order_no, pay_state_of(order.state),
          order.pay_data_type, order.pay_data,     error_of(order.error_code, order.error_message)};
}

Result<PayOrderData> pay_order_data(const Vault& vault, const Order& order) {
  TRY(auto texts, channels::open_texts(vault, order.mch_no, order.texts_sealed));
  PayOrderData data;
  data.pay_order_id = order.order_id;
  data.mch_no = order.mch_no;
  data.app_id = order.app_id;
  data.mch_order_no = order.mch_order_no;
  data.if_code = order.channel;
  data.way_code = order.way;
  data.amount = order.amount;
  data.state = pay_state_of(order.state);
  data.subject = std::move(texts.title);
  data.body = std::move(texts.detail);
  data.ext_param = std::move(texts.own);
  data.channel_order_no = carriable(order.channel_order_no);
  data.error = error_of(order.error_code, order.error_message);
  data.success_at = moment(order.paid_at);
  data.created_at = order.created_at;
  return data;
}

RefundOrderData refund_order_data(const Refund& refund, const Order& order) {
  return {refund.refund_id,
          refund.mch_refund_no,
          order.amount.minor,
          refund.amount,
          refund_state_of(refund.state),
          carriable(refund.channel_refund_no),
          error_of(refund.error_code, refund.error_message)};
}

Result<RefundQueryData> refund_query_data(const Vault& vault, const Refund& refund,
                                          const Order& order) {
  TRY(auto texts, channels::open_texts(vault, refund.mch_no, refund.texts_sealed));
  return RefundQueryData{refund_order_data(refund, order),
                         refund.order_id,
                         refund.mch_no,
                         refund.app_id,
                         std::move(texts.own),
                         moment(refund.succeeded_at),
                         refund.created_at};
}

Result<TransferOrderData> transfer_order_data(const Vault& vault, const Payout& payout,
                                              const channels::Payee& payee) {
  TRY(const auto said, channels::open_texts(vault, payout.mch_no, payout.error_sealed));
  TransferOrderData data;
  data.transfer_id = payout.payout_id;
  data.mch_order_no = payout.mch_order_no;
  data.amount = payout.amount;
  data.account_no = payee.account;
  data.account_name = payee.name;
  data.bank_name = payee.bank;
  data.state = transfer_state_of(payout.state);
  data.channel_order_no = carriable(payout.channel_payout_no);
  data.error = error_of(payout.error_code, said.title);
  return data;
}

Result<TransferQueryData> transfer_query_data(const Vault& vault, const Payout& payout,
                                              const channels::Payee& payee) {
  TRY(auto texts, channels::open_texts(vault, payout.mch_no, payout.texts_sealed));
  TransferQueryData data;
  TRY(data.transfer, transfer_order_data(vault, payout, payee));
  data.mch_no = payout.mch_no;
  data.app_id = payout.app_id;
  data.if_code = channels::kBank;
  data.entry_type = payout.entry_type;
  data.transfer_desc = payout.remark.empty() ? std::move(texts.title) : payout.remark;
  data.ext_param = std::move(texts.own);
  if (payout.state == PayoutState::kSucceeded) data.success_at = moment(payout.settled_at);
  data.created_at = payout.created_at;
  return data;
}

channels::Payee covered(const channels::Payee& payee) {
  if (payee.erased) return payee;
  channels::Payee out = payee;
  const std::size_t shown = payee.account.size() > 8 ? 4 : 0;
  out.account = "****" + payee.account.substr(payee.account.size() - shown);
  return out;
}

}  // namespace suanpan::api::jeepay
