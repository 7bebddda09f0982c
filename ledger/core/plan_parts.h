// What planners of documents and vouchers by account code write again and again.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/base/check.h"
#include "ledger/base/result.h"
#include "ledger/core/view.h"

namespace suanpan {

/// A change set of the book's open day, with nothing in it yet.
ChangeSet on_open_day(const View& view);

std::shared_ptr<const VoucherText> voucher_text(std::string summary, std::string business_key);

/// Amounts per leg, as a request names them for a part of a hold or of a reversal: none means all
/// that is left, 0 leaves a leg as it is, not every leg.
Planned<void> check_leg_amounts(const std::vector<std::int64_t>& amounts);

/// Adds a leg between two account codes, with the refusals that a leg can have; none of nothing.
Planned<void> add_leg(const View& view, ChangeSet& changes, const std::string& debit_code,
                      const std::string& credit_code, std::int64_t amount);

/// Writes a document with the version after the one that `view` has of it, if any.
void put_next_version(ChangeSet& changes, const View& view, DocumentKind kind, std::string key,
                      bool open, std::string bytes);

/// A stored document as what it says; nothing if there is none. CHECKs that it decodes: what is
/// stored was believed before.
template <class T>
std::optional<T> find_decoded(const View& view, DocumentKind kind, std::string_view key,
                              Result<T> (*decode)(std::string_view)) {
  const DocumentPtr stored = view.document(kind, key);
  if (!stored) return std::nullopt;
  auto decoded = decode(stored->bytes);
  CHECK_OR_DIE(decoded, "document {} does not decode: {}", key, decoded.error().message);
  return std::move(decoded.value());
}

}  // namespace suanpan
