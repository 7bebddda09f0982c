#include "ledger/core/erasure.h"

#include <algorithm>
#include <optional>
#include <set>

#include "ledger/base/ids.h"
#include "ledger/base/json.h"
#include "ledger/base/sealed_text.h"

namespace suanpan {
namespace {

struct User {
  DocumentKind kind;
  std::string_view noun;
};
// Whatever carries sealed personal data while work remains on it that needs the data. A sub-account
// is open for ever, and what its deposits are for is said by its account: its purpose is only read.
constexpr User kUsers[] = {
    {DocumentKind::kOrder, "order"},
    {DocumentKind::kRefund, "refund"},
    {DocumentKind::kPayout, "payout"},
    {DocumentKind::kRefundRequest, "refund request"},
    {DocumentKind::kPayoutRequest, "payout request"},
    {DocumentKind::kAuthorityRequest, "authority request"},
    {DocumentKind::kMerchant, "merchant"},
};

Planned<void> check_unused(const View& view, const std::vector<std::string>& keys) {
  std::vector<std::string> members;
  for (const std::string& key : keys) members.push_back(sealed_member(key));
  for (const User& user : kUsers) {
    // The first by its key: the view lists them in no order that a resend could rely on.
    std::optional<std::string> found;
    view.for_each_open(user.kind, [&](const DocumentPtr& document) {
      const std::string_view bytes = document->bytes;
      if (found && *found <= document->key) return;
      for (const std::string& member : members)
        if (bytes.find(member) != std::string_view::npos) found = document->key;
    });
    if (found)
      return refuse(RefusalCode::kPersonalDataInUse, std::string(user.noun) + " " + *found);
  }
  return success();
}

bool is_reference(std::string_view text) {
  return text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-';
         });
}

}  // namespace

bool is_erasure_reason(std::string_view reason) {
  return std::find(std::begin(kErasureReasons), std::end(kErasureReasons), reason) !=
         std::end(kErasureReasons);
}

std::string encode(const Erasure& erasure) {
  return JsonWriter()
      .begin_object()
      .field("subject", erasure.subject)
      .field("request", erasure.request)
      .field("reason", erasure.reason)
      .field("reference", erasure.reference)
      .field("maker", erasure.maker)
      .field("checker", erasure.checker)
      .field("at_ns", erasure.at.ns)
      .end_object()
      .take();
}

std::optional<Erasure> decode_erasure(std::string_view bytes) {
  const auto document = JsonDocument::parse(bytes);
  if (!document) return std::nullopt;
  const JsonValue root = document.value().root();
  Erasure erasure;
  const std::pair<const char*, std::string*> texts[] = {
      {"subject", &erasure.subject}, {"request", &erasure.request},
      {"reason", &erasure.reason},   {"reference", &erasure.reference},
      {"maker", &erasure.maker},     {"checker", &erasure.checker},
  };
  for (const auto& [name, to] : texts) {
    const auto text = root.get_string(name);
    if (!text) return std::nullopt;
    *to = text.value();
  }
  const auto at = root.get_int64("at_ns");
  if (!at) return std::nullopt;
  erasure.at.ns = at.value();
  if (encode(erasure) != bytes) return std::nullopt;
  return erasure;
}

Planned<void> check_erasure(const View& view, const std::vector<std::string>& keys) {
  if (keys.empty() || keys.size() > kMaxErasedKeys ||
      std::set<std::string>(keys.begin(), keys.end()).size() != keys.size())
    return refuse(RefusalCode::kValueInvalid, "keys");
  for (const std::string& key : keys) {
    if (!is_key_name(key)) return refuse(RefusalCode::kValueInvalid, "keys");
    if (view.document(DocumentKind::kErasure, key))
      return refuse(RefusalCode::kPersonalDataErased, key);
  }
  return check_unused(view, keys);
}

Planned<ChangeSet> plan_erasure(const View& view, const ErasureRequest& request,
                                const Moment& moment) {
  Erasure erasure = request.erasure;
  if (!is_erasure_reason(erasure.reason)) return refuse(RefusalCode::kValueInvalid, "reason");
  if (!is_reference(erasure.reference)) return refuse(RefusalCode::kValueInvalid, "reference");
  if (!erasure.subject.empty() && !Id128::from_hex(erasure.subject))
    return refuse(RefusalCode::kValueInvalid, "subject");
  if (erasure.maker.empty() || erasure.checker.empty() || erasure.maker == erasure.checker)
    return refuse(RefusalCode::kSamePerson, erasure.request);
  TRY(check_erasure(view, request.keys));
  erasure.at = moment.now;
  ChangeSet changes;
  changes.date = view.book().accounting_date;
  for (const std::string& key : request.keys)
    changes.documents.push_back(Document{DocumentKind::kErasure, key, 1, false, encode(erasure)});
  return changes;
}

Planned<void> check_not_erased(const View& view, std::string_view sealed) {
  const auto key = sealed_key_name(sealed);
  if (key && view.document(DocumentKind::kErasure, *key))
    return refuse(RefusalCode::kPersonalDataErased, std::string(*key));
  return success();
}

}  // namespace suanpan
