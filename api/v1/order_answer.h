// Orders, refunds and payouts as the API shows them. Payees are masked; what the upstream wrote
// goes back to whoever may see the order. What does not open is left out and logged, what is erased
// reads kErasedMark.
#pragma once
#include "api/v1/answer.h"
#include "channels/personal_texts.h"
#include "ledger/base/vault.h"
#include "ledger/core/order.h"

namespace suanpan::api::v1 {

void write_order(JsonWriter& out, const Order& order, const Vault& vault);
/// The same where the texts are at hand: opening them costs a read of the key's file.
void write_order(JsonWriter& out, const Order& order, const channels::PersonalTexts& texts);
void write_refund(JsonWriter& out, const Refund& refund, const Vault& vault);
void write_payout(JsonWriter& out, const Payout& payout, const Vault& vault);

inline constexpr std::string_view kOrderLine = "label:string account:string amount:integer";
inline constexpr std::string_view kOrder =
    "order_id:string mch_no:string app_id?:string mch_order_no:string way:string channel?:string "
    "amount:integer currency:string fee:integer direct:boolean lines:[OrderLine] subject?:string "
    "ext_param?:string state:=created|paying|paid|failed|refunded|closed unknown:boolean "
    "late:boolean pay_data_type?:string pay_data?:string channel_order_no?:string "
    "created_at:date-time expires_at?:date-time paid_at?:date-time paid_on?:date refunded:integer "
    "refunding:integer error_code?:string error_message?:string voucher?:string reconciled?:string "
    "arrived?:string batch?:string";
inline constexpr std::string_view kRefund =
    "refund_id:string order_id:string mch_no:string mch_refund_no:string amount:integer "
    "currency:string fee_return:integer reason?:string maker?:string checker?:string "
    "state:=created|processing|succeeded|failed unknown:boolean channel_refund_no?:string "
    "created_at:date-time succeeded_at?:date-time error_code?:string error_message?:string";
inline constexpr std::string_view kPayout =
    "payout_id:string mch_no:string mch_order_no:string amount:integer currency:string "
    "source_account:string payee?:string remark?:string batch?:string "
    "state:=created|processing|succeeded|failed|returned unknown:boolean "
    "channel_payout_no?:string created_at:date-time settled_at?:date-time error_code?:string "
    "error_message?:string";

}  // namespace suanpan::api::v1
