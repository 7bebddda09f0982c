#include "ledger/core/erasure_invariant.h"

#include <algorithm>

#include "ledger/core/erasure.h"

namespace suanpan {

std::optional<std::string> erasure_violated(const View& view, CommandKind kind,
                                            const ChangeSet& changes) {
  std::size_t erased = 0;
  for (const DocumentChange& d : changes.documents) {
    if (d.kind != DocumentKind::kErasure) continue;
    ++erased;
    if (kind != CommandKind::kErasure) return "a key is erased by another command";
    const auto erasure = decode_erasure(d.bytes);
    if (!erasure || d.version != 1 || d.open) return "an erasure is not whole";
    if (erasure->maker.empty() || erasure->checker.empty() || erasure->maker == erasure->checker)
      return "a key is not erased by two";
    const std::string mark = "_sealed\":\"k1:" + d.key + ":";
    bool used = false;
    for (const DocumentKind of :
         {DocumentKind::kOrder, DocumentKind::kRefund, DocumentKind::kPayout,
          DocumentKind::kMerchant, DocumentKind::kRefundRequest, DocumentKind::kPayoutRequest,
          DocumentKind::kAuthorityRequest})
      view.for_each_open(of, [&](const DocumentPtr& document) {
        // What the same command finishes needs nothing any more.
        const bool replaced = std::any_of(
            changes.documents.begin(), changes.documents.end(), [&](const DocumentChange& change) {
              return change.kind == document->kind && change.key == document->key;
            });
        used = used || (!replaced && document->bytes.find(mark) != std::string::npos);
      });
    if (used) return "a key is erased that an open document needs";
  }
  if (kind == CommandKind::kErasure && (erased == 0 || !changes.transfers.empty()))
    return "an erasure erases nothing, or moves money";
  return std::nullopt;
}

}  // namespace suanpan
