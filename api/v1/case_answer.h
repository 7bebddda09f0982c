// Cases of reconciliation as the API shows them.
#pragma once
#include "api/v1/answer.h"
#include "reconcile/cases.h"

namespace suanpan::api::v1 {

inline void write_case(JsonWriter& out, const reconcile::Case& c) {
  const auto text = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out.field(name, value);
  };
  out.begin_object()
      .field("id", c.id.hex())
      .field("state", name_of(c.state))
      .field("class", info_of(c.break_class).code)
      .field("class_zh", info_of(c.break_class).name_zh)
      .field("amount", c.amount.minor)
      .field("currency", code_of(c.amount.currency))
      .field("run", c.batch);
  text("our_number", c.our_number);
  text("channel_number", c.channel_number);
  text("order_id", c.order_id);
  text("merchant", c.merchant);
  text("voucher_id", c.voucher_id);
  if (c.source.row != 0) out.field("source_file", c.source.file).field("source_row", c.source.row);
  if (c.state != reconcile::CaseState::kOpen) out.field("action", name_of(c.action));
  text("maker", c.maker);
  text("checker", c.checker);
  text("resolution_voucher_id", c.resolution_voucher_id);
  out.end_object();
}

inline constexpr std::string_view kCase =
    "id:string state:=open|proposed|resolved|cleared class:string class_zh:string amount:integer "
    "currency:string run:string our_number?:string channel_number?:string order_id?:string "
    "merchant?:string voucher_id?:string source_file?:string source_row?:integer action?:string "
    "maker?:string checker?:string resolution_voucher_id?:string";

}  // namespace suanpan::api::v1
