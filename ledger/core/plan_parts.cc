#include "ledger/core/plan_parts.h"

#include "ledger/base/limits.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan {

ChangeSet on_open_day(const View& view) {
  ChangeSet changes;
  changes.date = view.book().accounting_date;
  return changes;
}

std::shared_ptr<const VoucherText> voucher_text(std::string summary, std::string business_key) {
  return std::make_shared<const VoucherText>(
      VoucherText{std::move(summary), std::move(business_key), {}, {}, {}});
}

Planned<void> check_leg_amounts(const std::vector<std::int64_t>& amounts) {
  if (amounts.size() > kMaxVoucherLegs) return refuse(RefusalCode::kLegsTooMany);
  bool any = amounts.empty();
  for (const std::int64_t amount : amounts) {
    if (amount < 0) return refuse(RefusalCode::kAmountNotPositive);
    if (amount > kMaxAmountMinor) return refuse(RefusalCode::kAmountTooLarge);
    any = any || amount > 0;
  }
  if (!any) return refuse(RefusalCode::kAmountNotPositive);
  return success();
}

Planned<void> add_leg(const View& view, ChangeSet& changes, const std::string& debit_code,
                      const std::string& credit_code, std::int64_t amount) {
  if (amount == 0) return success();
  const Account* debit = view.account(debit_code);
  if (!debit) return refuse(RefusalCode::kDebitAccountNotFound, debit_code);
  const Account* credit = view.account(credit_code);
  if (!credit) return refuse(RefusalCode::kCreditAccountNotFound, credit_code);
  TRY(check_leg(view, debit->id, credit->id));
  changes.transfers.push_back(Transfer{debit->id, credit->id, amount, TransferKind::kPosted});
  return success();
}

void put_next_version(ChangeSet& changes, const View& view, DocumentKind kind, std::string key,
                      bool open, std::string bytes) {
  const DocumentPtr stored = view.document(kind, key);
  const std::uint32_t version = stored ? stored->version : 0;
  changes.documents.push_back(Document{kind, std::move(key), version + 1, open, std::move(bytes)});
}

}  // namespace suanpan
