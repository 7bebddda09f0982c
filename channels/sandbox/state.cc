// What the sandbox shows of itself: its records, never a key.
#include "channels/sandbox/sandbox.h"
#include "ledger/base/json.h"

namespace suanpan::sandbox {
namespace {

std::string_view name_of(TransferState state) {
  switch (state) {
    case TransferState::kRejected:
      return "rejected";
    case TransferState::kPending:
      return "pending";
    case TransferState::kSettled:
      return "settled";
    case TransferState::kReturned:
      return "returned";
  }
  return "";
}

void write_wechat(JsonWriter& json, const WechatBook& book) {
  json.key("merchants").begin_array();
  for (const auto& [mchid, merchant] : book.merchants())
    json.begin_object()
        .field("mchid", mchid)
        .field("balance_fen", merchant.balance_fen)
        .end_object();
  json.end_array().key("orders").begin_array();
  for (const auto& [key, order] : book.orders()) {
    json.begin_object().field("mchid", key.first).field("out_trade_no", key.second);
    json.field("total_fen", order.terms.total_fen).field("closed", order.closed);
    json.field("expires_at", order.expires_at.iso_cn()).key("payments").begin_array();
    for (const Payment& payment : order.payments) {
      json.begin_object().field("transaction_id", payment.transaction_id);
      json.field("paid_at", payment.paid_at.iso_cn()).field("total_fen", payment.total_fen);
      json.field("fee_fen", payment.fee_fen).field("refunded_fen", payment.refunded_fen);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().key("refunds").begin_array();
  for (const auto& [key, refund] : book.refunds()) {
    json.begin_object().field("mchid", key.first).field("out_refund_no", key.second);
    json.field("refund_id", refund.refund_id).field("transaction_id", refund.transaction_id);
    json.field("out_trade_no", refund.out_trade_no);
    json.field("refund_fen", refund.terms.refund_fen).field("fee_back_fen", refund.fee_back_fen);
    json.field("status", code_of(refund.state)).end_object();
  }
  json.end_array();
}

void write_queue(JsonWriter& json, const NotificationQueue& queue) {
  const NotificationCounts& counts = queue.counts();
  json.key("notifications").begin_object();
  json.field("pending", static_cast<std::int64_t>(queue.pending()));
  json.field("created", counts.created).field("attempts", counts.attempts);
  json.field("accepted", counts.accepted).field("given_up", counts.given_up);
  json.field("probes", counts.probes).field("probes_refused", counts.probes_refused);
  json.field("probes_believed", counts.probes_believed).end_object();
}

void write_bank(JsonWriter& json, const BankBook& book) {
  json.key("accounts").begin_array();
  for (const auto& [number, account] : book.accounts()) {
    json.begin_object().field("account", number).field("balance_fen", account.balance_fen);
    json.field("reserved_fen", account.reserved_fen).key("sub_accounts").begin_object();
    for (const auto& [sub, balance] : account.sub_balances_fen) json.field(sub, balance);
    json.end_object().key("entries").begin_array();
    for (const BankEntry& entry : account.entries) {
      json.begin_object().field("at", entry.at.iso_cn()).field("amount_fen", entry.amount_fen);
      json.field("reference", entry.reference).field("end_to_end_id", entry.end_to_end_id);
      json.field("sub_account", entry.sub_account).field("remark", entry.remark).end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().key("transfers").begin_array();
  for (const auto& [number, transfer] : book.transfers()) {
    json.begin_object().field("end_to_end_id", number).field("state", name_of(transfer.state));
    json.field("amount_fen", transfer.terms.amount_fen).field("reason", transfer.rejection.code);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

std::string state_json(const Sandbox& sandbox) {
  JsonWriter json;
  json.begin_object().key("wechat").begin_object();
  write_wechat(json, sandbox.wechat().book());
  write_queue(json, sandbox.wechat().queue());
  json.end_object().key("bank").begin_object();
  write_bank(json, sandbox.bank().book());
  json.end_object().key("faults").begin_array();
  for (const Fault& fault : sandbox.faults().pending()) write_fault(json, fault);
  return json.end_array().end_object().take();
}

}  // namespace suanpan::sandbox
