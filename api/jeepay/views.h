// Orders, refunds and payouts as the merchant API tells them: in answers and in notifications.
// Pure functions.
#pragma once
#include "api/jeepay/responses.h"
#include "channels/payee.h"
#include "ledger/core/order.h"

namespace suanpan::api::jeepay {

PayState pay_state_of(OrderState state);
RefundState refund_state_of(suanpan::RefundState state);
/// A payout that came back (退汇) has failed for the merchant, with the error code RETURNED.
TransferState transfer_state_of(PayoutState state);

UnifiedOrderData unified_order_data(const Order& order);
// The full views open what the merchant wrote; what is erased reads kErasedMark. Errors: kCorrupt
// if it does not open.
Result<PayOrderData> pay_order_data(const Vault& vault, const Order& order);
RefundOrderData refund_order_data(const Refund& refund, const Order& order);
Result<RefundQueryData> refund_query_data(const Vault& vault, const Refund& refund,
                                          const Order& order);
/// `payee`: as the answer may show it.
Result<TransferOrderData> transfer_order_data(const Vault& vault, const Payout& payout,
                                              const channels::Payee& payee);
Result<TransferQueryData> transfer_query_data(const Vault& vault, const Payout& payout,
                                              const channels::Payee& payee);

/// The payee with all but the end of the number covered, for what goes over others' wires.
channels::Payee covered(const channels::Payee& payee);

}  // namespace suanpan::api::jeepay
