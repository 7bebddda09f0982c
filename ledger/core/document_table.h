// Documents of one kind by their keys, for who holds very many: open addressing, with each key's
// hash beside its pointer, so that a look-up touches one document, the right one.
//
// Not thread-safe.
#pragma once
#include <boost/unordered/unordered_flat_set.hpp>

#include "ledger/core/document.h"

namespace suanpan {

class DocumentTable {
 public:
  /// Null if there is none.
  DocumentPtr find(std::string_view key) const {
    const auto it = entries_.find(Name{hash_of(key), key});
    return it == entries_.end() ? nullptr : it->document;
  }
  /// Adds it, or puts it in the place of the one with its key.
  void put(DocumentPtr document) {
    const std::size_t hash = hash_of(document->key);
    const auto [it, is_new] = entries_.insert(Entry{hash, document});
    if (!is_new) it->document = std::move(document);
  }
  /// Drops it if it is finished and still at that version.
  void evict(std::string_view key, std::uint32_t version) {
    const auto it = entries_.find(Name{hash_of(key), key});
    if (it != entries_.end() && !it->document->open && it->document->version == version)
      entries_.erase(it);
  }
  std::size_t size() const { return entries_.size(); }
  /// In no order.
  template <class Each>
  void for_each(Each&& each) const {
    for (const Entry& entry : entries_) each(entry.document);
  }

 private:
  struct Name {
    std::size_t hash;
    std::string_view key;
  };
  struct Entry {
    std::size_t hash;
    mutable DocumentPtr document;  // replaced by one with the same key
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const Name& name) const { return name.hash; }
    std::size_t operator()(const Entry& entry) const { return entry.hash; }
  };
  struct Same {
    using is_transparent = void;
    static std::string_view key_of(const Name& name) { return name.key; }
    static std::string_view key_of(const Entry& entry) { return entry.document->key; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return a.hash == b.hash && key_of(a) == key_of(b);
    }
  };
  static std::size_t hash_of(std::string_view key) { return std::hash<std::string_view>{}(key); }

  boost::unordered_flat_set<Entry, Hash, Same> entries_;
};

}  // namespace suanpan
