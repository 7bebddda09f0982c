#include "ledger/core/hold_expiries.h"

#include "ledger/base/check.h"
#include "ledger/core/hold.h"

namespace suanpan {

std::optional<HoldExpiries::Expiry> HoldExpiries::of(const Document& document) {
  if (document.kind != DocumentKind::kHold) return std::nullopt;
  const auto expires_at = expiry_of_hold(document.bytes);
  CHECK_OR_DIE(expires_at, "a hold does not decode");
  if (expires_at->ns == 0) return std::nullopt;
  const auto key = ClaimKey::from_bytes(document.key);
  CHECK_OR_DIE(key, "a hold has no key");
  return Expiry{*expires_at, *key};
}

std::vector<ClaimKey> HoldExpiries::due(Timestamp now, std::size_t limit) const {
  std::vector<ClaimKey> due;
  for (const auto& [at, key] : holds_) {
    if (at > now || due.size() == limit) break;
    due.push_back(key);
  }
  return due;
}

}  // namespace suanpan
