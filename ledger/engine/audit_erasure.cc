// The auditor's view of sealed personal data: which open documents need which keys, and which keys
// are erased. Keys themselves are not looked at: a book is verified without any.
#include <algorithm>

#include "ledger/core/erasure.h"
#include "ledger/engine/audit.h"
#include "ledger/store/document_projection.h"

namespace suanpan {
namespace {

// A sub-account's purpose is sealed and needed for nothing.
bool carries_sealed(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::kOrder:
    case DocumentKind::kRefund:
    case DocumentKind::kPayout:
    case DocumentKind::kMerchant:
    case DocumentKind::kRefundRequest:
    case DocumentKind::kPayoutRequest:
    case DocumentKind::kAuthorityRequest:
      return true;
    default:
      return false;
  }
}

// "k1:" name ":" at the beginning of a member whose name ends in "_sealed".
std::vector<std::string> key_names_in(std::string_view bytes) {
  constexpr std::string_view kBefore = "_sealed\":\"k1:";
  std::vector<std::string> names;
  for (std::size_t at = bytes.find(kBefore); at != std::string_view::npos;
       at = bytes.find(kBefore, at + 1)) {
    const std::size_t begin = at + kBefore.size(), end = bytes.find(':', begin);
    if (end != std::string_view::npos) names.emplace_back(bytes.substr(begin, end - begin));
  }
  return names;
}

}  // namespace

Fault Audit::take_sealed(const Document& document) {
  if (!carries_sealed(document.kind)) return {};
  std::vector<std::string> names = key_names_in(document.bytes);
  // Of the rest, one that was on its way when its key was erased shows nothing and needs nothing.
  if (document.version == 1 && document.kind == DocumentKind::kPayout)
    for (const std::string& name : names)
      if (const auto erased = erased_.find(name); erased != erased_.end())
        return fmt::format("payout {} begins with a payee whose key entry {} erased", document.key,
                           erased->second);
  std::string row = document_row_key(document.kind, document.key);
  if (!document.open || names.empty())
    sealed_.erase(row);
  else
    sealed_.insert_or_assign(std::move(row), std::move(names));
  return {};
}

Fault Audit::take_erasure(const Command& command, const Document& document) {
  const auto erasure = decode_erasure(document.bytes);
  if (!erasure || document.version != 1 || document.open)
    return fmt::format("the erasure of key {} is not whole", document.key);
  if (command.kind != CommandKind::kErasure)
    return fmt::format("key {} is erased by another command", document.key);
  if (erasure->maker.empty() || erasure->checker.empty() || erasure->maker == erasure->checker)
    return fmt::format("key {} is not erased by two", document.key);
  erased_.emplace(document.key, command.first.seq);
  return {};
}

// At the end of the command: what it finishes itself needs nothing any more.
Fault Audit::check_erased(const Command& command) const {
  if (command.kind != CommandKind::kErasure || command.first.refusal != 0) return {};
  std::size_t erased = 0;
  if (command.part)
    for (const DocumentPtr& document : command.part->documents) {
      if (document->kind != DocumentKind::kErasure) continue;
      ++erased;
      for (const auto& [row, names] : sealed_)
        if (std::find(names.begin(), names.end(), document->key) != names.end())
          return fmt::format("key {} is erased while document {} is open and needs it",
                             document->key, row.substr(1));
    }
  if (erased == 0) return "an erasure erases nothing";
  return {};
}

}  // namespace suanpan
