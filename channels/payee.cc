#include "channels/payee.h"

#include <algorithm>
#include <vector>

#include "channels/personal_texts.h"
#include "ledger/base/json.h"
#include "ledger/base/sealed_text.h"

namespace suanpan::channels {
namespace {

std::string context_of(std::string_view mch_no) { return fmt::format("payee|{}", mch_no); }

// By lead bytes: what is not UTF-8 is cut somewhere, and shows no more than one character for it.
std::vector<std::string_view> characters_of(std::string_view text) {
  std::vector<std::string_view> characters;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
    characters.push_back(text.substr(at, end - at));
    at = end;
  }
  return characters;
}

// U+4E00 to U+9FFF, the unified ideographs: E4 B8 80 to E9 BF BF.
bool is_han(std::string_view character) {
  return character.size() == 3 && character >= "\xe4\xb8\x80" && character <= "\xe9\xbf\xbf";
}

// Before format 5 payees were sealed under the vault's own key, which no erasure deletes.
Result<std::optional<Secret>> unsealed(const Vault& vault, const std::string& context,
                                       std::string_view sealed) {
  if (sealed.starts_with(kSealedPrefix)) return vault.unseal_under(context, sealed);
  TRY(auto text, vault.unseal(context, sealed));
  return std::optional<Secret>(std::move(text));
}

}  // namespace

Result<SubjectKey> payee_key(const Vault& vault, const Payee& payee) {
  return vault.subjects().of(vault.subject_index("account", payee.account));
}

Result<SubjectKey> payee_key(const Vault& vault, const Book& book, const ClaimKey& claim,
                             const Payee& payee) {
  return person_key(vault, book, claim, "account", payee.account);
}

std::string seal_payee(const SubjectKey& key, std::string_view mch_no, const Payee& payee) {
  return Vault::seal_under(key, context_of(mch_no),
                           JsonWriter()
                               .begin_object()
                               .field("name", payee.name)
                               .field("account", payee.account)
                               .field("bank", payee.bank)
                               .end_object()
                               .take());
}

Result<Payee> open_payee(const Vault& vault, std::string_view mch_no, std::string_view sealed) {
  TRY(const auto text, unsealed(vault, context_of(mch_no), sealed));
  if (!text) {
    const std::string mark(kErasedMark);
    return Payee{mark, mark, mark, true};
  }
  TRY(const auto document, JsonDocument::parse(text->reveal()));
  Payee payee;
  TRY(payee.name, document.root().get_string("name"));
  TRY(payee.account, document.root().get_string("account"));
  TRY(payee.bank, document.root().get_string("bank"));
  return payee;
}

std::string mask_name(std::string_view name) {
  const std::vector<std::string_view> characters = characters_of(name);
  const std::size_t count = characters.size();
  if (count < 2) return count == 0 ? std::string() : std::string("*");
  std::string masked(characters[0]);
  if (count <= 4) return masked + std::string(count - 1, '*');
  if (count < 8 || !std::all_of(characters.begin(), characters.end(), is_han))
    return masked + "***";
  masked += characters[1];
  masked += "***";
  masked += characters[count - 2];
  masked += characters[count - 1];
  return masked;
}

std::string mask_payee(const Payee& payee) {
  if (payee.erased) return std::string(kErasedMark);
  const std::string_view number = payee.account;
  const auto shown = number.size() > 8 ? number.substr(number.size() - 4) : std::string_view{};
  return fmt::format("{} ****{}", mask_name(payee.name), shown);
}

std::string masked_payee(const Vault& vault, std::string_view mch_no, std::string_view sealed) {
  if (sealed.empty()) return {};
  const auto payee = open_payee(vault, mch_no, sealed);
  return payee ? mask_payee(payee.value()) : "****";
}

}  // namespace suanpan::channels
