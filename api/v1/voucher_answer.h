// A stored voucher as the API shows it.
#pragma once
#include "api/v1/answer.h"

namespace suanpan::api::v1 {

/// "post_pending".
std::string_view name_of_kind(TransferKind kind);

/// One object; account codes are looked up in the published state.
void write_voucher(JsonWriter& out, const Book& book, const StoredCommand& stored);

inline constexpr std::string_view kVoucher =
    "id:string seq:integer timestamp:date-time kind:string state:=posted|refused refusal?:string "
    "number?:integer detail?:string accounting_date:date effective_date?:date voucher_no:integer "
    "type:=general|receipt|payment|transfer code:integer linked?:boolean reference?:string "
    "legs:[Leg] expects?:[Expectation] summary?:string business_key?:string metadata?:any "
    "maker?:string checker?:string";
inline constexpr std::string_view kLeg =
    "debit:string debit_id:integer credit:string credit_id:integer amount:integer "
    "kind:=posted|pending|post_pending|void_pending|red|none up_to?:=debit|credit|both "
    "at_most?:integer";

}  // namespace suanpan::api::v1
