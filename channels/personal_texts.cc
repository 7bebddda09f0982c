#include "channels/personal_texts.h"

#include "ledger/base/json.h"
#include "ledger/base/sealed_text.h"

namespace suanpan::channels {
namespace {

std::string context_of(std::string_view mch_no) { return fmt::format("texts|{}", mch_no); }

}  // namespace

Result<SubjectKey> payer_key(const Vault& vault, std::string_view openid) {
  if (openid.empty()) return vault.subjects().take();
  return vault.subjects().of(vault.subject_index("openid", openid));
}

Result<SubjectKey> same_key(const Vault& vault, std::string_view sealed) {
  if (const auto name = sealed_key_name(sealed)) {
    TRY(auto key, vault.subjects().key(*name));
    if (key) return SubjectKey{std::string(*name), std::move(*key)};
  }
  return vault.subjects().take();
}

std::string seal_texts(const SubjectKey& key, std::string_view mch_no, const PersonalTexts& texts) {
  // A person's are sealed even when there are none: what follows, a refund's reason say, is sealed
  // under the same key, and goes with it.
  const bool any = !texts.title.empty() || !texts.detail.empty() || !texts.own.empty();
  if (!any && !key.name.starts_with('p')) return {};
  return Vault::seal_under(key, context_of(mch_no),
                           JsonWriter()
                               .begin_object()
                               .field("title", texts.title)
                               .field("detail", texts.detail)
                               .field("own", texts.own)
                               .end_object()
                               .take());
}

Result<PersonalTexts> open_texts(const Vault& vault, std::string_view mch_no,
                                 std::string_view sealed) {
  if (sealed.empty()) return PersonalTexts{};
  const auto opened = vault.unseal_under(context_of(mch_no), sealed);
  if (!opened) return fail(Errc::kCorrupt, "texts of {} do not open", mch_no);
  if (!opened.value()) {
    const std::string mark(kErasedMark);
    return PersonalTexts{mark, mark, mark};
  }
  TRY(const auto document, JsonDocument::parse(opened.value()->reveal()));
  PersonalTexts texts;
  TRY(texts.title, document.root().get_string("title"));
  TRY(texts.detail, document.root().get_string("detail"));
  TRY(texts.own, document.root().get_string("own"));
  return texts;
}

}  // namespace suanpan::channels
