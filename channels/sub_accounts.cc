#include "channels/sub_accounts.h"

#include "channels/personal_texts.h"
#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/json.h"

namespace suanpan::channels {
namespace {

std::optional<SubAccountHolder> decoded(const DocumentPtr& document) {
  if (!document) return std::nullopt;
  auto holder = decode_sub_account(document->bytes);
  CHECK_OR_DIE(holder, "sub-account {} does not decode", document->key);
  return std::move(holder.value());
}

std::string context_of(std::string_view account) { return fmt::format("purpose|{}", account); }

std::string counter_key(bank::SubAccountKind kind) {
  return fmt::format("sub_account/{}", static_cast<unsigned>(kind));
}

// The last number that was given out; 0: none.
std::uint32_t last_serial(const View& view, bank::SubAccountKind kind) {
  const DocumentPtr counter = view.document(DocumentKind::kCursor, counter_key(kind));
  return counter ? static_cast<std::uint32_t>(std::stoul(counter->bytes)) : 0;
}

}  // namespace

std::string encode(const SubAccountHolder& holder) {
  return JsonWriter()
      .begin_object()
      .field("number", holder.number)
      .field("bank_account", holder.bank_account)
      .field("account", holder.account)
      .field("purpose", holder.purpose)
      .field("purpose_sealed", holder.purpose_sealed)
      .field("order_id", holder.order_id)
      .end_object()
      .take();
}

Result<SubAccountHolder> decode_sub_account(std::string_view bytes) {
  TRY(const auto json, JsonDocument::parse(bytes));
  SubAccountHolder holder;
  TRY(holder.number, json.root().get_string("number"));
  TRY(holder.bank_account, json.root().get_string("bank_account"));
  TRY(holder.account, json.root().get_string("account"));
  TRY(holder.purpose, json.root().get_string("purpose"));
  if (json.root().find("purpose_sealed")) {  // a book of before format 5 has none
    TRY(holder.purpose_sealed, json.root().get_string("purpose_sealed"));
  }
  TRY(holder.order_id, json.root().get_string("order_id"));
  return holder;
}

bool has_number_left(const View& view, bank::SubAccountKind kind) {
  return last_serial(view, kind) < bank::kMaxSubAccountSerial;
}

Planned<std::string> plan_sub_account(const View& view, ChangeSet& changes,
                                      bank::SubAccountKind kind, SubAccountHolder holder) {
  const std::string key = counter_key(kind);
  if (!has_number_left(view, kind)) return refuse(RefusalCode::kNumbersUsedUp, key);
  const DocumentPtr counter = view.document(DocumentKind::kCursor, key);
  const std::uint32_t serial = last_serial(view, kind) + 1;
  auto number = bank::format_sub_account({kind, serial});
  CHECK_OR_DIE(number, "serial {} has no number", serial);
  holder.number = number.value();
  changes.documents.push_back(Document{DocumentKind::kCursor, key,
                                       (counter ? counter->version : 0) + 1, true,
                                       std::to_string(serial)});
  // An order's is looked up by number alone, an account's is also listed.
  changes.documents.push_back(Document{DocumentKind::kSubAccount, holder.number, 1,
                                       holder.order_id.empty(), encode(holder)});
  return holder.number;
}

Command allocate_sub_account(bank::SubAccountKind kind, std::string bank_account,
                             std::string account, std::string purpose_sealed) {
  const ClaimKey key{id_of(fmt::format("sub-account|{}|{}", bank_account, account)), kSystemCaller};
  Content content{{"bank_account", bank_account}, {"account", account}};
  SubAccountHolder holder{{}, std::move(bank_account),   std::move(account),
                          {}, std::move(purpose_sealed), {}};
  return Command{key, CommandKind::kSetting, std::move(content),
                 [kind, holder](const View& view, const Moment&) -> Planned<ChangeSet> {
                   if (!view.account(holder.account))
                     return refuse(RefusalCode::kAccountNotFound, holder.account);
                   ChangeSet changes;
                   changes.date = view.book().accounting_date;
                   TRY(changes.answer, plan_sub_account(view, changes, kind, holder));
                   return changes;
                 }};
}

Result<std::string> seal_purpose(const Vault& vault, std::string_view account,
                                 const std::string& purpose) {
  if (purpose.empty()) return std::string();
  TRY(const SubjectKey key, vault.subjects().take());
  return Vault::seal_under(key, context_of(account), purpose);
}

Result<std::string> purpose_of(const Vault& vault, const SubAccountHolder& holder) {
  if (holder.purpose_sealed.empty()) return holder.purpose;
  const auto opened = vault.unseal_under(context_of(holder.account), holder.purpose_sealed);
  if (!opened)
    return fail(Errc::kCorrupt, "the purpose of sub-account {} does not open", holder.number);
  return std::string(opened.value() ? opened.value()->reveal() : kErasedMark);
}

std::optional<SubAccountHolder> find_sub_account(const View& view, std::string_view number) {
  return decoded(view.document(DocumentKind::kSubAccount, number));
}
std::optional<SubAccountHolder> find_sub_account(const Book& book, std::string_view number) {
  return decoded(book.document(DocumentKind::kSubAccount, number));
}

}  // namespace suanpan::channels
