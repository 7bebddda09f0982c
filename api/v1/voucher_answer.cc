#include "api/v1/voucher_answer.h"

#include "api/v1/voucher_body.h"

namespace suanpan::api::v1 {

std::string_view name_of_kind(TransferKind kind) {
  switch (kind) {
    case TransferKind::kPosted:
      return "posted";
    case TransferKind::kPending:
      return "pending";
    case TransferKind::kPostPending:
      return "post_pending";
    case TransferKind::kVoidPending:
      return "void_pending";
    case TransferKind::kRed:
      return "red";
    case TransferKind::kNone:
      break;
  }
  return "none";
}

namespace {

void write_text(JsonWriter& out, const VoucherText& text) {
  const auto field = [&](const char* name, const std::string& value) {
    if (!value.empty()) out.field(name, value);
  };
  field("summary", text.summary);
  field("business_key", text.business_key);
  if (!text.metadata.empty()) out.key("metadata").raw(text.metadata);
  field("maker", text.maker);
  field("checker", text.checker);
}

}  // namespace

void write_voucher(JsonWriter& out, const Book& book, const StoredCommand& stored) {
  const ChangeSet& effects = stored.effects;
  const bool refused = stored.refusal.code != RefusalCode::kNone;
  out.begin_object()
      .field("id", stored.key.hex())
      .field("seq", stored.seq)
      .field("timestamp", stored.timestamp.iso_cn())
      .field("kind", name_of(stored.kind))
      .field("state", refused ? "refused" : "posted");
  if (refused) {
    out.field("refusal", name_of(stored.refusal.code))
        .field("number", static_cast<std::int64_t>(stored.refusal.code));
    if (!stored.refusal.detail.empty()) out.field("detail", stored.refusal.detail);
  }
  out.field("accounting_date", effects.date.iso());
  if (effects.effective) out.field("effective_date", effects.effective->iso());
  out.field("voucher_no", stored.voucher_no)
      .field("type", name_of(effects.type))
      .field("code", static_cast<std::int64_t>(effects.code));
  if (stored.linked) out.field("linked", true);
  if (!effects.ref.id.is_zero()) out.field("reference", effects.ref.hex());
  out.key("legs").begin_array();
  book.read([&](const State& state, std::uint64_t) {
    const auto code = [&](AccountId id) -> std::string_view {
      const Account* account = state.account(id);
      return account ? std::string_view(account->code) : std::string_view();
    };
    for (std::size_t i = 0; i < effects.transfers.size(); ++i) {
      const Transfer& t = effects.transfers[i];
      out.begin_object()
          .field("debit", code(t.debit))
          .field("debit_id", t.debit.value)
          .field("credit", code(t.credit))
          .field("credit_id", t.credit.value)
          .field("amount", t.amount)
          .field("kind", name_of_kind(t.kind));
      if (const Sweep* sweep = effects.rules ? sweep_of(*effects.rules, i) : nullptr)
        out.field("up_to", name_of_sweep(sweep->of)).field("at_most", sweep->at_most);
      out.end_object();
    }
    out.end_array();
    if (effects.rules) write_rules(out, state, *effects.rules);
  });
  if (effects.text) write_text(out, *effects.text);
  out.end_object();
}

}  // namespace suanpan::api::v1
