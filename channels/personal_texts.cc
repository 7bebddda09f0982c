#include "channels/personal_texts.h"

#include <charconv>

#include "ledger/base/json.h"
#include "ledger/base/sealed_text.h"

namespace suanpan::channels {
namespace {

std::string context_of(std::string_view mch_no) { return fmt::format("texts|{}", mch_no); }

// Of an older book: subject and the like lay in clear, extParam under the vault's own key.
Result<PersonalTexts> read_clear(const Vault& vault, std::string_view mch_no,
                                 std::string_view json) {
  TRY(const auto document, JsonDocument::parse(json));
  PersonalTexts texts;
  TRY(texts.title, document.root().get_string("title"));
  TRY(texts.detail, document.root().get_string("detail"));
  TRY(const auto own, document.root().get_string("own_sealed"));
  if (own.empty()) return texts;
  const auto opened = vault.unseal(fmt::format("ext-param|{}", mch_no), own);
  if (!opened) return fail(Errc::kCorrupt, "an extParam of {} does not open", mch_no);
  texts.own = opened.value().reveal();
  return texts;
}

}  // namespace

Result<SubjectKey> person_key(const Vault& vault, const Book& book, const ClaimKey& claim,
                              std::string_view kind, std::string_view identifier) {
  SubjectKeys& subjects = vault.subjects();
  const Id128 index = vault.subject_index(kind, identifier);
  if (!subjects.has(index)) {
    TRY(const auto answered, book.find(claim));
    if (answered) return subjects.take();
  }
  return subjects.of(index);
}

Result<SubjectKey> payer_key(const Vault& vault, const Book& book, const ClaimKey& claim,
                             std::string_view openid) {
  if (openid.empty()) return vault.subjects().take();
  return person_key(vault, book, claim, "openid", openid);
}

Result<SubjectKey> same_key(const Vault& vault, std::string_view sealed) {
  if (const auto name = sealed_key_name(sealed)) {
    TRY(auto key, vault.subjects().key(*name));
    if (key) return SubjectKey{std::string(*name), std::move(*key)};
  }
  return vault.subjects().take();
}

void take_labels(std::vector<OrderLine>& lines, PersonalTexts& texts) {
  for (OrderLine& line : lines) {
    texts.labels.push_back(std::move(line.label));
    line.label = std::to_string(texts.labels.size());
  }
}

std::string label_of(const OrderLine& line, const PersonalTexts& texts) {
  std::size_t place = 0;
  const char* end = line.label.data() + line.label.size();
  const auto read = std::from_chars(line.label.data(), end, place);
  if (read.ec != std::errc{} || read.ptr != end || place == 0) return line.label;
  if (texts.erased) return std::string(kErasedMark);
  return place <= texts.labels.size() ? texts.labels[place - 1] : line.label;
}

std::string seal_texts(const SubjectKey& key, std::string_view mch_no, const PersonalTexts& texts) {
  // A person's are sealed even when there are none: what follows, a refund's reason say, is sealed
  // under the same key, and goes with it.
  const bool any =
      !texts.title.empty() || !texts.detail.empty() || !texts.own.empty() || !texts.labels.empty();
  if (!any && !key.name.starts_with('p')) return {};
  JsonWriter out;
  out.begin_object()
      .field("title", texts.title)
      .field("detail", texts.detail)
      .field("own", texts.own);
  if (!texts.labels.empty()) {
    out.key("labels").begin_array();
    for (const std::string& label : texts.labels) out.string(label);
    out.end_array();
  }
  return Vault::seal_under(key, context_of(mch_no), out.end_object().take());
}

Result<PersonalTexts> open_texts(const Vault& vault, std::string_view mch_no,
                                 std::string_view sealed) {
  if (sealed.empty()) return PersonalTexts{};
  if (sealed.starts_with(kClearPrefix))
    return read_clear(vault, mch_no, sealed.substr(kClearPrefix.size()));
  const auto opened = vault.unseal_under(context_of(mch_no), sealed);
  if (!opened) return fail(Errc::kCorrupt, "texts of {} do not open", mch_no);
  if (!opened.value()) {
    const std::string mark(kErasedMark);
    return PersonalTexts{mark, mark, mark, {}, true};
  }
  TRY(const auto document, JsonDocument::parse(opened.value()->reveal()));
  PersonalTexts texts;
  TRY(texts.title, document.root().get_string("title"));
  TRY(texts.detail, document.root().get_string("detail"));
  TRY(texts.own, document.root().get_string("own"));
  if (const auto labels = document.root().find("labels")) {
    for (const JsonValue& element : labels->elements()) {
      TRY(const auto label, element.as_string());
      texts.labels.emplace_back(label);
    }
  }
  return texts;
}

}  // namespace suanpan::channels
