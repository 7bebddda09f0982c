#include "ledger/core/close_invariant.h"

#include "ledger/core/year_close.h"

namespace suanpan {
namespace {

// Forward one by one; from requested aside to rejected, and back from there.
bool may_become(std::optional<YearCloseState> from, YearCloseState to) {
  switch (to) {
    case YearCloseState::kRequested:
      return !from || *from == YearCloseState::kRejected;
    case YearCloseState::kCarrying:
    case YearCloseState::kRejected:
      return from && *from == YearCloseState::kRequested;
    case YearCloseState::kClosed:
      return from && *from == YearCloseState::kCarrying;
  }
  return false;
}

}  // namespace

std::optional<std::string> year_close_violated(const View& view, CommandKind kind,
                                               const ChangeSet& changes) {
  const DocumentChange* document = nullptr;
  for (const DocumentChange& d : changes.documents)
    if (d.kind == DocumentKind::kYearClose) document = &d;
  if (kind != CommandKind::kYearClose)
    return document ? std::optional("a year is closed by another command") : std::nullopt;
  if (!document) return "a year's end without its document";
  const auto after = decode_year_close(document->bytes);
  if (!after || document->key != std::to_string(after->year)) return "a year's end does not decode";
  const DocumentPtr stored = view.document(document->kind, document->key);
  const auto before = stored ? decode_year_close(stored->bytes) : std::nullopt;
  const YearCloseState to = after->state;
  if (changes.transfers.empty()) {
    if (!may_become(before ? std::optional(before->state) : std::nullopt, to))
      return "a year's end takes a step that it must not";
    if (to == YearCloseState::kRejected &&
        (after->checker.empty() || after->maker != before->maker))
      return "a year's end is rejected by nobody, or in another's name";
    if (to == YearCloseState::kCarrying && (after->maker == after->checker || after->maker.empty()))
      return "a year is closed by one person";
    return {};
  }
  if (!before || before->state != YearCloseState::kCarrying || to != YearCloseState::kCarrying)
    return "a year's end moves money and does not carry";
  if (changes.date != Date::of(after->year, 12, 31)) return "a year's end is dated another day";
  for (const Transfer& t : changes.transfers) {
    const Account* debit = view.account(t.debit);
    const Account* credit = view.account(t.credit);
    if (!debit || !credit ||
        (debit->type != AccountType::kEquity && credit->type != AccountType::kEquity))
      return "a year's end carries past equity";
  }
  return {};
}

}  // namespace suanpan
