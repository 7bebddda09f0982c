// The documents of a command, one after the other, and what holds and reversal totals must be. The
// other kinds that the auditor can read have files of their own.
#include "ledger/core/reversal_totals.h"
#include "ledger/engine/audit.h"
#include "ledger/engine/audit_owed.h"
#include "ledger/store/document_projection.h"

namespace suanpan {
namespace {

template <class... Args>
Fault fault(std::uint64_t seq, fmt::format_string<Args...> format, Args&&... args) {
  return fmt::format("journal entry {}: ", seq) + fmt::format(format, std::forward<Args>(args)...);
}

std::string shown(const Document& document) {
  if (const auto key = ClaimKey::from_bytes(document.key);
      key &&
      (document.kind == DocumentKind::kHold || document.kind == DocumentKind::kReversalTotal))
    return key->hex();
  return document.key;
}

}  // namespace

Fault Audit::take_version(const Document& document) {
  if (document.kind == DocumentKind{} || static_cast<unsigned>(document.kind) >= 0xfd)
    return fmt::format("a document of the impossible kind {}",
                       static_cast<unsigned>(document.kind));
  AuditedDocument& stored = documents_[document_row_key(document.kind, document.key)];
  if (document.version != stored.version + 1)
    return fmt::format("document {} of kind {} goes from version {} to {}", shown(document),
                       static_cast<unsigned>(document.kind), stored.version, document.version);
  if (document.kind == DocumentKind::kNotification && document.version > 1 && !stored.open)
    return fmt::format("notification {} changed after it was finished", document.key);
  stored = AuditedDocument{document.version, document.open, id_of(document.bytes)};
  return {};
}

Result<Fault> Audit::take_documents(const Command& command) {
  const std::uint64_t seq = command.first.seq;
  Amounts reserved;  // by what the documents say, then less what the legs say
  std::set<std::string> orders;
  std::set<std::string> seen;
  OwedByCommand owed;
  bool reversed = false;
  if (command.part)
    for (const DocumentPtr& pointer : command.part->documents) {
      const Document& document = *pointer;
      if (!seen.insert(document_row_key(document.kind, document.key)).second)
        return fault(seq, "document {} is replaced twice", shown(document));
      Fault f = take_version(document);
      if (!f && document.kind == DocumentKind::kHold) f = take_hold(command, document, reserved);
      if (!f && document.kind == DocumentKind::kOrder) {
        f = take_order(document, owed);
        orders.insert(document.key);
      }
      if (!f && document.kind == DocumentKind::kRefund)
        f = take_refund(command, document, orders, owed);
      if (!f && document.kind == DocumentKind::kPayout) f = take_payout(document, owed);
      if (!f && document.kind == DocumentKind::kChannelArrival) f = take_arrival(document, owed);
      if (!f && document.kind == DocumentKind::kNotification) f = take_notification(document, owed);
      if (!f && document.kind == DocumentKind::kWebhook) f = take_webhook(command, document, owed);
      if (!f && document.kind == DocumentKind::kDeadLetter) owed.made.push_back(&document);
      if (!f && document.kind == DocumentKind::kYearClose) f = take_year_close(command, document);
      if (!f && document.kind == DocumentKind::kChart) f = take_chart(document);
      if (!f && document.kind == DocumentKind::kSubject) f = take_subject(document);
      if (!f) f = take_sealed(document);
      if (!f && document.kind == DocumentKind::kErasure) f = take_erasure(command, document);
      if (f) return fault(seq, "{}", *f);
      reversed = reversed || document.kind == DocumentKind::kReversalTotal;
    }
  if (Fault f = check_erased(command)) return fault(seq, "{}", *f);
  bool red = false;
  if (command.moves_money())
    for (const Record& leg : command.legs) {
      const Transfer t = leg.transfer();
      red = red || t.kind == TransferKind::kRed;
      if (t.kind == TransferKind::kPending) reserved[{t.debit, t.credit}] -= t.amount;
      if (t.kind == TransferKind::kPostPending || t.kind == TransferKind::kVoidPending)
        reserved[{t.debit, t.credit}] += t.amount;
    }
  for (const auto& [accounts, rest] : reserved)
    if (rest != 0)
      return fault(seq, "hold documents and legs differ by {} between accounts {} and {}",
                   decimal(rest), accounts.first, accounts.second);
  for (const std::string& id : orders) {
    const OrderFacts& order = orders_[id];
    if (order.refunded != order.refunds_done || order.refunding != order.refunds_under_way)
      return fault(seq, "order {} counts {} refunded and {} under way, its refunds {} and {}", id,
                   order.refunded, order.refunding, decimal(order.refunds_done),
                   decimal(order.refunds_under_way));
  }
  if (Fault f = check_owed_legs(command, owed)) return fault(seq, "{}", *f);
  if (Fault f = check_outbox(owed)) return fault(seq, "{}", *f);
  if (red != reversed) return fault(seq, "red amounts and reversal totals do not go together");
  if (red) return take_reversal(command);
  return Fault{};
}

Fault Audit::take_hold(const Command& command, const Document& document, Amounts& reserved) {
  const auto key = ClaimKey::from_bytes(document.key);
  const auto after = decode_hold(document.bytes);
  if (!key || !after) return "a hold does not decode";
  const std::string name = key->hex();
  const bool fresh = document.version == 1;
  const auto found = holds_.find(document.key);
  // The house's own holds (of settlements) bear names of their own.
  if (fresh && *key != command.first.key() && key->caller != kSystemCaller)
    return fmt::format("hold {} is made by a command of another id", name);
  if (!fresh && found == holds_.end())
    return fmt::format("hold {} changed after it was finished", name);
  const Hold* before = fresh ? nullptr : &found->second;
  if (document.open != (after->state == HoldState::kOpen))
    return fmt::format("hold {} is listed as {} and is not", name,
                       document.open ? "open" : "finished");
  if (before &&
      (before->legs.size() != after->legs.size() || before->expires_at != after->expires_at))
    return fmt::format("hold {} changed what is fixed", name);
  bool rest = false;
  for (std::size_t i = 0; i < after->legs.size(); ++i) {
    const HoldLeg& leg = after->legs[i];
    if (leg.debit.value == 0 || leg.debit.value > accounts_.size() || leg.credit.value == 0 ||
        leg.credit.value > accounts_.size())
      return fmt::format("hold {} names an account that does not exist", name);
    if (leg.remaining < 0 || leg.remaining > leg.amount)
      return fmt::format("hold {} exceeds its amount: {} of {} remain", name, leg.remaining,
                         leg.amount);
    if (fresh && leg.remaining != leg.amount)
      return fmt::format("hold {} is new and used already", name);
    if (before && (before->legs[i].debit != leg.debit || before->legs[i].credit != leg.credit ||
                   before->legs[i].amount != leg.amount))
      return fmt::format("hold {} changed what is fixed", name);
    if (before && leg.remaining > before->legs[i].remaining)
      return fmt::format("hold {} grew", name);
    reserved[{leg.debit, leg.credit}] +=
        Int128{leg.remaining} - (before ? before->legs[i].remaining : 0);
    rest = rest || leg.remaining > 0;
  }
  if (document.open && !rest) return fmt::format("hold {} is open and reserves nothing", name);
  if (!document.open && rest) return fmt::format("hold {} is finished and still reserves", name);
  const std::int64_t now = command.first.timestamp_ns;
  const std::int64_t expires = after->expires_at.ns;
  if (after->state == HoldState::kExpired && (expires == 0 || now < expires))
    return fmt::format("hold {} expired before its time", name);
  // Planned at most a nanosecond before its own timestamp.
  if (before && after->state != HoldState::kExpired && expires != 0 && now > expires)
    return fmt::format("hold {} is used after its time", name);
  if ((command.kind == CommandKind::kPostHold || command.kind == CommandKind::kVoidHold ||
       command.kind == CommandKind::kExpireHold) &&
      document.key != command.ref().bytes())
    return fmt::format("hold {} is not the one that the command names", name);
  if (document.open)
    holds_.insert_or_assign(document.key, *after);
  else
    holds_.erase(document.key);
  return {};
}

Result<Fault> Audit::take_reversal(const Command& command) {
  const std::uint64_t seq = command.first.seq;
  const ClaimKey key = command.ref();
  const std::string row = key.bytes();
  const Document* document = nullptr;
  for (const DocumentPtr& d : command.part->documents)
    if (d->kind == DocumentKind::kReversalTotal) {
      if (document || d->key != row)
        return fault(seq, "reversal totals of another voucher than the one reversed");
      document = d.get();
    }
  const auto after = decode_reversal_totals(document->bytes);
  if (!after) return fault(seq, "reversal totals do not decode");
  TRY(auto original, find(key));
  if (!original || *original == seq)
    return fault(seq, "it reverses {}, which is not in the journal", key.hex());
  TRY(auto block, block_of_(*original));
  const std::span<const Record> legs = block->command(*original);
  std::vector<std::int64_t>& before = reversal_totals_[row];
  if (document->version == 1) before.assign(legs.size(), 0);
  if (legs.front().refusal != 0 || after->size() != legs.size())
    return fault(seq, "it reverses entry {}, which is no such voucher", *original);
  ++counters_.reversals;
  auto red = command.legs.begin();  // red legs come in the order of the original's legs
  const auto next_red = [&] {
    while (red != command.legs.end() && red->transfer().kind != TransferKind::kRed) ++red;
  };
  for (std::size_t i = 0; i < legs.size(); ++i) {
    const Int128 grown = Int128{(*after)[i]} - before[i];
    if (grown == 0) continue;
    next_red();
    if (red == command.legs.end() || -Int128{red->amount} != grown)
      return fault(seq,
                   "the reversal total of leg {} of entry {} does not grow by what is reversed", i,
                   *original);
    const TransferKind kind = legs[i].transfer().kind;
    if ((kind != TransferKind::kPosted && kind != TransferKind::kPostPending) ||
        red->debit != legs[i].debit || red->credit != legs[i].credit)
      return fault(seq, "it does not reverse leg {} of entry {} on its own sides", i, *original);
    if ((*after)[i] > legs[i].amount)
      return fault(seq, "entry {} is reversed beyond its amount: {} of {}", *original, (*after)[i],
                   legs[i].amount);
    ++red;
  }
  next_red();
  if (red != command.legs.end())
    return fault(seq, "a red leg is missing in the reversal totals of entry {}", *original);
  before = *after;
  return Fault{};
}

}  // namespace suanpan
