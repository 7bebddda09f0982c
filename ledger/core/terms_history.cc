#include "ledger/core/terms_history.h"

#include "ledger/base/bytes.h"

namespace suanpan {
namespace {

void write(ByteWriter& w, const AccountTerms& terms) {
  w.u8(static_cast<std::uint8_t>(terms.limit));
  w.i64(terms.credit_line);
  w.u8(static_cast<std::uint8_t>((terms.frozen_in ? 1 : 0) | (terms.frozen_out ? 2 : 0) |
                                 (terms.closed ? 4 : 0) | (terms.hot ? 8 : 0)));
}

AccountTerms read(ByteReader& r) {
  AccountTerms terms;
  terms.limit = static_cast<LimitKind>(r.u8());
  terms.credit_line = r.i64();
  const std::uint8_t bits = r.u8();
  terms.frozen_in = bits & 1;
  terms.frozen_out = bits & 2;
  terms.closed = bits & 4;
  terms.hot = bits & 8;
  return terms;
}

}  // namespace

std::string terms_change_key(AccountId account, std::uint32_t version) {
  std::string key;
  for (const std::uint32_t part : {account.value, version})
    for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(part >> shift));
  return key;
}

DocumentChange terms_change_of(const Account& before, const Account& after, const ClaimKey& by,
                               Timestamp at) {
  return Document{DocumentKind::kTermsChange, terms_change_key(after.id, after.version), 1, false,
                  encode(TermsChange{by, at, before.terms, after.terms})};
}

std::string encode(const TermsChange& change) {
  ByteWriter w;
  w.i64(change.at.ns);
  write(w, change.before);
  write(w, change.after);
  return change.by.bytes() + w.take();
}

std::optional<TermsChange> decode_terms_change(std::string_view bytes) {
  const auto by = ClaimKey::from_bytes(bytes.substr(0, 20));
  if (!by) return std::nullopt;
  ByteReader r(bytes.substr(20));
  TermsChange change;
  change.by = *by;
  change.at.ns = r.i64();
  change.before = read(r);
  change.after = read(r);
  if (!r.done() || change.before.limit > LimitKind::kCreditLine ||
      change.after.limit > LimitKind::kCreditLine || encode(change) != bytes)
    return std::nullopt;
  return change;
}

}  // namespace suanpan
