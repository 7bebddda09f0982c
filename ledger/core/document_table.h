// Documents of one kind by their keys, for who holds very many: an index by hash over entries that
// lie in the order in which they came (until one is evicted: whoever comes next takes its place).
//
// A look-up in a table that no cache holds waits for memory four times: slot, entry, document, key.
// warm() does that waiting for many keys at once.
//
// Not thread-safe.
#pragma once
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "ledger/base/check.h"
#include "ledger/base/keyed_hash.h"
#include "ledger/core/document.h"

namespace suanpan {

class DocumentTable {
 public:
  /// Keys that warm() takes.
  static constexpr std::size_t kAtOnce = 32;

  /// Null if there is none.
  DocumentPtr find(std::string_view key) const {
    const std::size_t at = slot_of(key, mark_of(key));
    return at == kNone ? nullptr : entry_at(at).document;
  }
  /// Adds it, or puts it in the place of the one with its key, which it returns; null: there was
  /// none.
  DocumentPtr put(DocumentPtr document) {
    const std::uint32_t mark = mark_of(document->key);
    if (const std::size_t at = slot_of(document->key, mark); at != kNone) {
      return std::exchange(entry_at(at).document, std::move(document));
    }
    CHECK_OR_DIE(entries_.size() < ~std::uint32_t{0}, "a table of {} documents", entries_.size());
    if ((size() + 1) * 2 > slots_.size()) grow();
    if (free_ == 0) {
      entries_.push_back(Entry{mark, std::move(document)});
      take_slot(Slot{mark, static_cast<std::uint32_t>(entries_.size())});
    } else {
      Entry& hole = entries_[free_ - 1];
      take_slot(Slot{mark, free_});
      free_ = std::exchange(hole.mark, mark);
      hole.document = std::move(document);
      --holes_;
    }
    return nullptr;
  }
  /// Drops it if it is finished and still at that version.
  void evict(std::string_view key, std::uint32_t version) {
    const std::size_t at = slot_of(key, mark_of(key));
    if (at == kNone) return;
    Entry& entry = entry_at(at);
    if (entry.document->open || entry.document->version != version) return;
    entry.document = nullptr;
    entry.mark = std::exchange(free_, slots_[at].place);
    ++holes_;
    free_slot(at);
  }
  std::size_t size() const { return entries_.size() - holes_; }
  /// In the order in which their keys came, unless some were evicted.
  template <class Each>
  void for_each(Each&& each) const {
    for (const Entry& entry : entries_)
      if (entry.document) each(entry.document);
  }

  /// Fetches from memory what find(), put() and evict() of these keys will look at; changes
  /// nothing. At most kAtOnce keys.
  void warm(std::span<const std::string_view> keys) const {
    if (entries_.size() < kWorthWarming) return;
    std::array<std::uint32_t, kAtOnce> marks;
    std::array<const Entry*, kAtOnce> found;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      marks[i] = mark_of(keys[i]);
      __builtin_prefetch(&slots_[home_of(marks[i])], 1);
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
      std::size_t at = home_of(marks[i]);
      while (slots_[at].place != 0 && slots_[at].mark != marks[i]) at = next(at);
      found[i] = slots_[at].place != 0 ? &entry_at(at) : nullptr;
      if (found[i]) __builtin_prefetch(found[i], 1);
    }
    for (std::size_t i = 0; i < keys.size(); ++i)
      if (found[i]) fetch(*found[i]->document);
    for (std::size_t i = 0; i < keys.size(); ++i)
      if (found[i]) fetch_texts(*found[i]->document);
    // To g++ a function that does nothing but this has no effect, and it leaves out the call.
    __asm__ volatile("");
  }
  /// The two halves of fetching a document itself: what it is, then what it points to.
  static void fetch(const Document& document) {
    __builtin_prefetch(&document);
    __builtin_prefetch(&document.bytes);
  }
  static void fetch_texts(const Document& document) {
    __builtin_prefetch(document.key.data());
    __builtin_prefetch(document.bytes.data());
  }

 private:
  static constexpr std::size_t kNone = ~std::size_t{0}, kFirstSlots = 16;
  static constexpr std::size_t kWorthWarming = 4096;  // fewer lie in the caches anyway

  struct Slot {
    std::uint32_t mark = 0;   // of the key's hash; says where the slot would like to be
    std::uint32_t place = 0;  // of its entry, from 1; 0: free
  };
  struct Entry {
    std::uint32_t mark;  // of a hole: the place of the next one
    DocumentPtr document;
  };
  static std::uint32_t mark_of(std::string_view key) {
    return static_cast<std::uint32_t>(KeyedHash{}(key) >> 32);
  }
  std::size_t home_of(std::uint32_t mark) const { return mark & (slots_.size() - 1); }
  std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }
  Entry& entry_at(std::size_t slot) { return entries_[slots_[slot].place - 1]; }
  const Entry& entry_at(std::size_t slot) const { return entries_[slots_[slot].place - 1]; }

  std::size_t slot_of(std::string_view key, std::uint32_t mark) const {
    if (slots_.empty()) return kNone;
    for (std::size_t at = home_of(mark); slots_[at].place != 0; at = next(at))
      if (slots_[at].mark == mark && entry_at(at).document->key == key) return at;
    return kNone;
  }
  void take_slot(Slot slot) {
    std::size_t at = home_of(slot.mark);
    while (slots_[at].place != 0) at = next(at);
    slots_[at] = slot;
  }
  // Closes the gap: a slot behind it moves up unless that would be before its home.
  void free_slot(std::size_t gap) {
    for (std::size_t at = next(gap); slots_[at].place != 0; at = next(at)) {
      const std::size_t from_home = (at - home_of(slots_[at].mark)) & (slots_.size() - 1);
      if (from_home < ((at - gap) & (slots_.size() - 1))) continue;
      slots_[gap] = slots_[at];
      gap = at;
    }
    slots_[gap] = Slot{};
  }
  void grow() {
    std::vector<Slot> before(std::max(kFirstSlots, slots_.size() * 2));
    before.swap(slots_);
    for (const Slot& slot : before)
      if (slot.place != 0) take_slot(slot);
  }

  std::vector<Slot> slots_;  // a power of two, at most half of them taken
  std::vector<Entry> entries_;
  std::uint32_t free_ = 0;  // the place of the latest hole; 0: none
  std::size_t holes_ = 0;
};

/// Fetches documents from memory, and calls `warm(kind, keys)`, which should fetch what tables hold
/// under their keys, for those of them that are of one kind. At most kAtOnce documents.
template <class Warm>
void warm_documents(std::span<const Document* const> documents, Warm&& warm) {
  for (const Document* document : documents) DocumentTable::fetch(*document);
  for (const Document* document : documents) DocumentTable::fetch_texts(*document);
  std::array<std::string_view, DocumentTable::kAtOnce> keys;
  std::size_t count = 0;
  for (const Document* document : documents)
    if (document->kind == documents.front()->kind) keys[count++] = document->key;
  if (count > 0)
    warm(documents.front()->kind, std::span<const std::string_view>(keys.data(), count));
}

}  // namespace suanpan
