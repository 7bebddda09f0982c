#include "ledger/engine/leased_documents.h"

#include "ledger/base/check.h"

namespace suanpan {

std::string LeasedDocuments::name_of(DocumentKind kind, std::string_view key) {
  std::string name;
  name.reserve(1 + key.size());
  name += static_cast<char>(kind);
  name += key;
  return name;
}

DocumentPtr LeasedDocuments::find(DocumentKind kind, std::string_view key) const {
  const std::string name = name_of(kind, key);
  {
    Stripe& stripe = stripe_of(name);
    std::lock_guard lock(stripe.mutex);
    if (const auto it = stripe.entries.find(name); it != stripe.entries.end())
      return it->second.document;
  }
  return cold_ ? cold_(kind, key) : nullptr;
}

void LeasedDocuments::for_each_open(DocumentKind kind,
                                    const std::function<void(const DocumentPtr&)>& each) const {
  for (Stripe& stripe : stripes_) {
    std::lock_guard lock(stripe.mutex);
    for (const auto& [name, entry] : stripe.entries)
      if (entry.document->kind == kind && entry.document->open) each(entry.document);
  }
}

LeasedDocuments::Leased LeasedDocuments::lease(DocumentKind kind, std::string_view key,
                                               unsigned shard) {
  const std::string name = name_of(kind, key);
  {
    Stripe& stripe = stripe_of(name);
    std::lock_guard lock(stripe.mutex);
    if (const auto it = stripe.entries.find(name); it != stripe.entries.end()) {
      Entry& entry = it->second;
      if (entry.epoch == epoch_ && entry.shard != shard) return {Lease::kElsewhere, nullptr};
      entry.epoch = epoch_;
      entry.shard = shard;
      return {Lease::kHeld, entry.document};
    }
  }
  if (cold_ && cold_(kind, key)) return {Lease::kElsewhere, nullptr};
  return {Lease::kAbsent, nullptr};
}

bool LeasedDocuments::put_leased(const DocumentChanges& changes, unsigned shard) {
  const auto with_entry = [&](const DocumentChange& change, auto&& act) {
    const std::string name = name_of(change.kind, change.key);
    Stripe& stripe = stripe_of(name);
    std::lock_guard lock(stripe.mutex);
    return act(stripe.entries, name);
  };
  const auto made = [&](const DocumentChange& change) {
    return Entry{std::make_shared<const Document>(change), epoch_, shard};
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (changes[i].version != 1) continue;
    const bool first = with_entry(changes[i], [&](auto& entries, const std::string& name) {
      return entries.emplace(name, made(changes[i])).second;
    });
    if (first) continue;
    // Nobody has seen those before this one: they are leased here.
    for (std::size_t j = 0; j < i; ++j)
      if (changes[j].version == 1)
        with_entry(changes[j],
                   [](auto& entries, const std::string& name) { return entries.erase(name); });
    return false;
  }
  for (const DocumentChange& change : changes) {
    note_expiry(change);
    if (change.version == 1) continue;
    with_entry(change, [&](auto& entries, const std::string& name) {
      // A finished document may have been evicted since; nobody else could lease it then.
      const auto [entry, evicted] = entries.try_emplace(name, made(change));
      if (evicted) return true;
      CHECK_OR_DIE(entry->second.epoch == epoch_ && entry->second.shard == shard &&
                       entry->second.document->version + 1 == change.version,
                   "a document is replaced without a lease");
      entry->second = made(change);
      return true;
    });
  }
  return true;
}

void LeasedDocuments::put(DocumentPtr document) {
  note_expiry(*document);
  const std::string name = name_of(document->kind, document->key);
  Stripe& stripe = stripe_of(name);
  std::lock_guard lock(stripe.mutex);
  stripe.entries.insert_or_assign(name, Entry{std::move(document), 0, 0});
}

void LeasedDocuments::evict(const Document& document) {
  const std::string name = name_of(document.kind, document.key);
  Stripe& stripe = stripe_of(name);
  std::lock_guard lock(stripe.mutex);
  const auto it = stripe.entries.find(name);
  if (it == stripe.entries.end()) return;
  const Document& present = *it->second.document;
  if (!present.open && present.version == document.version) stripe.entries.erase(it);
}

void LeasedDocuments::note_expiry(const Document& document) {
  const auto expiry = HoldExpiries::of(document);
  if (!expiry) return;
  std::lock_guard lock(expiries_mutex_);
  expiries_.put(*expiry, document.open);
  next_expiry_ns_ = expiries_.next_ns();
}

std::vector<ClaimKey> LeasedDocuments::due_holds(Timestamp now, std::size_t limit) const {
  std::lock_guard lock(expiries_mutex_);
  return expiries_.due(now, limit);
}

}  // namespace suanpan
