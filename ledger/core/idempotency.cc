#include "ledger/core/idempotency.h"

#include "ledger/core/voucher_rules.h"

namespace suanpan {
namespace {

const VoucherText& text_of(const std::shared_ptr<const VoucherText>& text) {
  static const VoucherText kEmpty;
  return text ? *text : kEmpty;
}

bool has(const Content& content, std::string_view name) {
  for (const auto& [field, value] : content)
    if (field == name) return true;
  return false;
}

}  // namespace

std::optional<std::string> first_difference(const VoucherRequest& request,
                                            const StoredCommand& stored) {
  if (stored.kind != CommandKind::kVoucher) return "kind";
  const auto& legs = stored.effects.transfers;
  if (request.legs.size() != legs.size()) return "legs";
  for (std::size_t i = 0; i < legs.size(); ++i) {
    if (request.legs[i].debit != legs[i].debit) return "debit_account";
    if (request.legs[i].credit != legs[i].credit) return "credit_account";
    if (request.rules && sweep_of(*request.rules, i)) continue;  // compared with the rules
    if (request.legs[i].amount != legs[i].amount) return "amount";
  }
  if (request.code != stored.effects.code) return "code";
  if (request.type != stored.effects.type) return "type";
  if (request.hold != stored.hold) return "hold";
  if (request.adjustment != stored.adjustment) return "adjustment";
  if (request.date.has_value() != stored.date_given ||
      (request.date && *request.date != stored.effects.date))
    return "date";
  if (request.effective != stored.effects.effective) return "effective_date";
  if (request.expires_at != stored.expires_at) return "expires_at";
  const VoucherText& asked = text_of(request.text);
  const VoucherText& first = text_of(stored.effects.text);
  if (asked.summary != first.summary) return "summary";
  if (asked.business_key != first.business_key) return "business_key";
  if (asked.metadata != first.metadata) return "metadata";
  if (asked.maker != first.maker) return "maker";
  if (asked.checker != first.checker) return "checker";
  return first_difference(request.rules.get(), stored.effects.rules.get());
}

std::optional<std::string> first_difference(CommandKind kind, const Content& content,
                                            const StoredCommand& stored) {
  if (kind != stored.kind) return "kind";
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (i >= stored.content.size()) return content[i].first;
    if (content[i] == stored.content[i]) continue;
    // A field that only the stored command has stands where the next one is now.
    return has(content, stored.content[i].first) ? content[i].first : stored.content[i].first;
  }
  if (stored.content.size() > content.size()) return stored.content[content.size()].first;
  return std::nullopt;
}

void add_text(Content& content, const VoucherText* text) {
  if (!text) return;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) content.emplace_back(name, value);
  };
  add("summary", text->summary);
  add("business_key", text->business_key);
  add("metadata", text->metadata);
  add("maker", text->maker);
  add("checker", text->checker);
}

Answer replay_of(const StoredCommand& stored) {
  Answer answer;
  answer.refusal = stored.refusal;
  answer.replayed = true;
  answer.seq = stored.seq;
  answer.timestamp = stored.timestamp;
  answer.voucher_no = stored.voucher_no;
  answer.date = stored.effects.date;
  answer.answer = stored.effects.answer;
  return answer;
}

}  // namespace suanpan
