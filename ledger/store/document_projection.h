// The latest version of every document, the book's own state and the counters of the stamper.
//
//   key   := kind u8 | document key          value := version u32 | open u8 | bytes
//   key   := 0xfe | kind u8 | document key   value := ""     only while the document is open
//   key   := 0xfd                            value := book state and stamper
//
// find(), for_each() and for_each_open() may be called by any thread.
#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <vector>

#include "ledger/core/document_table.h"
#include "ledger/core/view.h"
#include "ledger/store/projection.h"

namespace suanpan {

/// The part of a book that is neither account nor document.
struct BookSnapshot {
  BookState book;
  Stamper stamper;
};

class DocumentProjection final : public Projection {
 public:
  explicit DocumentProjection(KeyValueStore& store) : store_(store) {}
  Result<void> load() override;
  std::uint64_t stamp() const override { return stamp_; }
  void feed(const BlockPtr& block) override;
  void freeze() override;
  Result<void> collect(BulkLoad& load) override;
  void collect_stamps(std::map<std::string, std::uint64_t>& stamps) const override;
  void stored() override;

  /// As stored; a document changed since the stamp is found in memory, not here.
  Result<DocumentPtr> find(DocumentKind kind, std::string_view key) const;
  /// Calls `each` with every open document as stored.
  Result<void> for_each_open(const std::function<void(DocumentPtr)>& each) const;
  /// Calls `each` with every document fed and not yet stored; only for the thread that feeds.
  void for_each_gathered(const std::function<void(const DocumentPtr&)>& each) const {
    for (const auto& [kind, documents] : gathered_) documents.latest.for_each(each);
  }
  /// Calls `each` with every document of a kind as it was fed, stored or not, in key order, from
  /// `from` on, until it returns false.
  Result<void> for_each(DocumentKind kind, std::string_view from,
                        const std::function<bool(const DocumentPtr&)>& each) const;

  const BookSnapshot& snapshot() const { return snapshot_; }
  /// Finished documents that were stored last: memory may forget them. For the storing thread.
  std::vector<DocumentPtr> take_finished() { return std::exchange(finished_, {}); }

 private:
  void feed_parts(const Block& block);
  // Documents of one kind since the last freeze. One whose first version is among them is not
  // stored at all yet, and so not in the index of open ones either.
  struct OfKind {
    DocumentTable latest;
    std::vector<bool> made;  // by the order of `latest`: its first version is among them
  };
  using Gathered = std::map<DocumentKind, OfKind>;
  struct Frozen {
    std::uint64_t lead = 0;  // the first bytes of the key, to sort by
    bool made = false;
    DocumentPtr document;
  };
  static void sort_by_key(std::span<Frozen> frozen);

  KeyValueStore& store_;
  BookSnapshot snapshot_;     // the feeder's
  mutable std::mutex mutex_;  // guards gathered_ and frozen_ against readers
  Gathered gathered_;
  std::vector<Frozen> frozen_;  // by kind and key
  std::string frozen_snapshot_;
  std::vector<DocumentPtr> finished_;
  std::uint64_t fed_ = 0, frozen_seq_ = 0;
  std::atomic<std::uint64_t> stamp_{0};
};

std::string encode(const BookSnapshot& snapshot);
std::optional<BookSnapshot> decode_book_snapshot(std::string_view bytes);
/// The row of one document, as the grammar above says.
std::string document_row_key(DocumentKind kind, std::string_view key);
std::optional<Document> decode_document_row(std::string_view key, std::string_view value);
inline const std::string kBookSnapshotKey = "\xfd";

}  // namespace suanpan
