#include "ledger/engine/change_events.h"

#include <algorithm>

#include "ledger/base/json.h"
#include "ledger/core/hold.h"

namespace suanpan {
namespace {

constexpr std::string_view kVoucherPosted = kChangeTopics[0], kVoucherReversed = kChangeTopics[1],
                           kHoldMade = kChangeTopics[2], kHoldPosted = kChangeTopics[3],
                           kHoldVoided = kChangeTopics[4], kHoldExpired = kChangeTopics[5],
                           kAccountOpened = kChangeTopics[6], kTermsChanged = kChangeTopics[7],
                           kPeriodClosed = kChangeTopics[8];

bool all_are(const StoredCommand& stored, TransferKind kind) {
  return std::all_of(stored.effects.transfers.begin(), stored.effects.transfers.end(),
                     [&](const Transfer& t) { return t.kind == kind; });
}

void add_money(Changes& changes, const StoredCommand& stored) {
  const ClaimKey& ref = stored.effects.ref;
  switch (stored.kind) {
    case CommandKind::kPostHold:
      changes.push_back(Change{kHoldPosted, nullptr, ref});
      return;
    case CommandKind::kVoidHold:
      changes.push_back(Change{kHoldVoided, nullptr, ref});
      return;
    case CommandKind::kExpireHold:
      changes.push_back(Change{kHoldExpired, nullptr, ref});
      return;
    case CommandKind::kReversal:
      changes.push_back(Change{kVoucherReversed, nullptr, ref});
      return;
    default:
      break;
  }
  if (stored.effects.transfers.empty()) return;
  // A hold of the house's own bears a name of its own, which stands in its document.
  const bool made = all_are(stored, TransferKind::kPending);
  if (made || all_are(stored, TransferKind::kVoidPending))
    for (const DocumentChange& document : stored.effects.documents)
      if (const auto name = ClaimKey::from_bytes(document.key);
          name && document.kind == DocumentKind::kHold)
        return changes.push_back(Change{made ? kHoldMade : kHoldVoided, nullptr, *name});
  changes.push_back(Change{stored.hold ? kHoldMade : kVoucherPosted, nullptr, stored.key});
}

bool closes_days(const StoredCommand& stored) {
  // Others that carry the book's change leave the closed days as they were, or make the book.
  return stored.effects.book &&
         (stored.kind == CommandKind::kPeriodClose || stored.kind == CommandKind::kYearClose);
}

void write_amounts(JsonWriter& out, const StoredCommand& stored) {
  out.key("amounts").begin_array();
  for (const Transfer& t : stored.effects.transfers) out.integer(t.amount);
  out.end_array();
}

void write_voucher(JsonWriter& out, const StoredCommand& stored, const Change& change) {
  const ChangeSet& effects = stored.effects;
  out.field("id", stored.key.hex());
  if (change.topic == kVoucherReversed)
    out.field("original", change.about.hex());
  else
    out.field("kind", name_of(stored.kind));
  out.field("voucher_no", stored.voucher_no)
      .field("type", name_of(effects.type))
      .field("code", std::int64_t{effects.code})
      .field("accounting_date", effects.date.iso());
  if (effects.effective) out.field("effective_date", effects.effective->iso());
  write_amounts(out, stored);
}

void write_hold(JsonWriter& out, const StoredCommand& stored, const Change& change) {
  const ChangeSet& effects = stored.effects;
  out.field("id", stored.key.hex()).field("hold", change.about.hex());
  if (change.topic == kHoldPosted) out.field("voucher_no", stored.voucher_no);
  if (change.topic == kHoldMade) {
    out.field("type", name_of(effects.type)).field("code", std::int64_t{effects.code});
    if (stored.expires_at.ns != 0) out.field("expires_at", stored.expires_at.iso_cn());
  }
  out.field("accounting_date", effects.date.iso());
  write_amounts(out, stored);
  if (change.topic != kHoldPosted) return;
  for (const DocumentChange& document : effects.documents) {
    if (document.kind != DocumentKind::kHold) continue;
    const auto hold = decode_hold(document.bytes);
    if (!hold) continue;
    out.key("remaining").begin_array();
    for (const HoldLeg& leg : hold->legs) out.integer(leg.remaining);
    out.end_array();
  }
}

void write_account(JsonWriter& out, const StoredCommand& stored, const Change& change) {
  const Account& account = *change.account;
  const AccountTerms& terms = account.terms;
  out.field("command", stored.key.hex())
      .field("account", account.code)
      .field("account_id", account.id.value);
  if (change.topic == kAccountOpened)
    out.field("type", name_of(account.type))
        .field("normal_side", name_of(account.normal))
        .field("currency", code_of(account.currency));
  out.field("version", account.version)
      .field("limit", name_of(terms.limit))
      .field("credit_line", terms.credit_line)
      .field("frozen_in", terms.frozen_in)
      .field("frozen_out", terms.frozen_out)
      .field("closed", terms.closed)
      .field("hot", terms.hot);
}

std::string key_of(const StoredCommand& stored, const Change& change) {
  if (change.account) return change.account->code;
  if (change.topic == kPeriodClosed) return stored.effects.book->closed_through.iso();
  return change.about.hex();
}

}  // namespace

Changes changes_of(const StoredCommand& stored) {
  Changes changes;
  if (stored.refusal.code != RefusalCode::kNone) return changes;
  for (const Account& account : stored.effects.accounts)
    changes.push_back(Change{account.version == 1 ? kAccountOpened : kTermsChanged, &account, {}});
  add_money(changes, stored);
  if (closes_days(stored)) changes.push_back(Change{kPeriodClosed, nullptr, {}});
  return changes;
}

Event event_of(const StoredCommand& stored, const Change& change) {
  JsonWriter out;
  out.begin_object();
  if (change.account) {
    write_account(out, stored, change);
  } else if (change.topic == kPeriodClosed) {
    out.field("command", stored.key.hex())
        .field("closed_through", stored.effects.book->closed_through.iso())
        .field("accounting_date", stored.effects.book->accounting_date.iso());
  } else if (change.topic.starts_with("hold.")) {
    write_hold(out, stored, change);
  } else {
    write_voucher(out, stored, change);
  }
  out.end_object();
  return Event{std::string(change.topic), key_of(stored, change), out.take()};
}

std::vector<Event> events_of(const StoredCommand& stored) {
  std::vector<Event> events(stored.effects.events.begin(), stored.effects.events.end());
  for (const Change& change : changes_of(stored)) events.push_back(event_of(stored, change));
  return events;
}

bool valid_topic(std::string_view topic) {
  if (topic.size() > 64) return false;
  if (topic.ends_with(".*")) topic.remove_suffix(2);
  return !topic.empty() && std::all_of(topic.begin(), topic.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  });
}

Topics::Topics(std::vector<std::string> names) : names_(std::move(names)) {
  changes_ = std::any_of(kChangeTopics.begin(), kChangeTopics.end(),
                         [this](std::string_view topic) { return named(topic); });
}

bool Topics::named(std::string_view topic) const {
  return std::any_of(names_.begin(), names_.end(), [topic](std::string_view wanted) {
    if (!wanted.ends_with(".*")) return wanted == topic;
    wanted.remove_suffix(1);  // the dot stays
    return topic.starts_with(wanted);
  });
}

}  // namespace suanpan
