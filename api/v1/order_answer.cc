#include "api/v1/order_answer.h"

#include "channels/payee.h"
#include "channels/personal_texts.h"
#include "ledger/base/log.h"

namespace suanpan::api::v1 {
namespace {

/// What is empty is left out.
void text(JsonWriter& out, std::string_view name, const std::string& value) {
  if (!value.empty()) out.field(name, value);
}
void time(JsonWriter& out, std::string_view name, Timestamp value) {
  if (value.ns != 0) out.field(name, value.iso_cn());
}
channels::PersonalTexts texts_of(const Vault& vault, const std::string& id,
                                 const std::string& mch_no, const std::string& sealed) {
  auto texts = channels::open_texts(vault, mch_no, sealed);
  if (texts) return std::move(texts.value());
  log_error("{}: {}", id, texts.error().message);
  return {};
}
void money(JsonWriter& out, const Money& amount) {
  out.field("amount", amount.minor).field("currency", code_of(amount.currency));
}

}  // namespace

void write_order(JsonWriter& out, const Order& o, const Vault& vault) {
  write_order(out, o, texts_of(vault, o.order_id, o.mch_no, o.texts_sealed));
}

void write_order(JsonWriter& out, const Order& o, const channels::PersonalTexts& texts) {
  out.begin_object().field("order_id", o.order_id).field("mch_no", o.mch_no);
  text(out, "app_id", o.app_id);
  out.field("mch_order_no", o.mch_order_no).field("way", o.way);
  text(out, "channel", o.channel);
  money(out, o.amount);
  out.field("fee", o.fee).field("direct", o.direct).key("lines").begin_array();
  for (const OrderLine& line : o.lines)
    out.begin_object()
        .field("label", channels::label_of(line, texts))
        .field("account", line.account)
        .field("amount", line.amount)
        .end_object();
  out.end_array();
  text(out, "subject", texts.title);
  text(out, "ext_param", texts.own);
  out.field("state", name_of(o.state)).field("unknown", o.unknown).field("late", o.late);
  text(out, "pay_data_type", o.pay_data_type);
  text(out, "pay_data", o.pay_data);
  text(out, "channel_order_no", o.channel_order_no);
  out.field("created_at", o.created_at.iso_cn());
  time(out, "expires_at", o.expires_at);
  time(out, "paid_at", o.paid_at);
  if (o.paid_on.days != 0) out.field("paid_on", o.paid_on.iso());
  out.field("refunded", o.refunded).field("refunding", o.refunding);
  text(out, "error_code", o.error_code);
  text(out, "error_message", o.error_message);
  text(out, "voucher", o.voucher);
  text(out, "reconciled", o.reconciled);
  text(out, "arrived", o.arrived);
  text(out, "batch", o.batch);
  out.end_object();
}

void write_refund(JsonWriter& out, const Refund& r, const Vault& vault) {
  out.begin_object()
      .field("refund_id", r.refund_id)
      .field("order_id", r.order_id)
      .field("mch_no", r.mch_no)
      .field("mch_refund_no", r.mch_refund_no);
  money(out, r.amount);
  out.field("fee_return", r.fee_return);
  text(out, "reason", texts_of(vault, r.refund_id, r.mch_no, r.texts_sealed).title);
  text(out, "maker", r.maker);
  text(out, "checker", r.checker);
  out.field("state", name_of(r.state)).field("unknown", r.unknown);
  text(out, "channel_refund_no", r.channel_refund_no);
  out.field("created_at", r.created_at.iso_cn());
  time(out, "succeeded_at", r.succeeded_at);
  text(out, "error_code", r.error_code);
  text(out, "error_message", r.error_message);
  out.end_object();
}

void write_payout(JsonWriter& out, const Payout& p, const Vault& vault) {
  out.begin_object()
      .field("payout_id", p.payout_id)
      .field("mch_no", p.mch_no)
      .field("mch_order_no", p.mch_order_no);
  money(out, p.amount);
  out.field("source_account", p.source_account);
  text(out, "payee", channels::masked_payee(vault, p.mch_no, p.payee_sealed));
  text(out, "remark",
       p.remark.empty() ? texts_of(vault, p.payout_id, p.mch_no, p.texts_sealed).title : p.remark);
  text(out, "batch", p.batch);
  out.field("state", name_of(p.state)).field("unknown", p.unknown);
  text(out, "channel_payout_no", p.channel_payout_no);
  out.field("created_at", p.created_at.iso_cn());
  time(out, "settled_at", p.settled_at);
  text(out, "error_code", p.error_code);
  text(out, "error_message", texts_of(vault, p.payout_id, p.mch_no, p.error_sealed).title);
  out.end_object();
}

}  // namespace suanpan::api::v1
