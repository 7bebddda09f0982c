// The reference key-value store: ordered maps behind a lock. Nothing survives it but an image.
//
// A cursor and an image share a table's rows until the next write, which then goes to a copy.
#pragma once
#include <atomic>
#include <map>
#include <mutex>

#include "ledger/store/key_value.h"

namespace suanpan {

class MemoryStore final : public KeyValueStore {
 public:
  MemoryStore() = default;

  Result<std::optional<std::string>> get(Table table, std::string_view key) const override {
    std::lock_guard lock(mutex_);
    const auto of_table = tables_.find(table);
    if (of_table == tables_.end()) return std::optional<std::string>{};
    const Rows& rows = of_table->second->rows;
    const auto it = rows.find(key);
    return it == rows.end() ? std::optional<std::string>{} : std::optional(it->second);
  }
  Result<void> write(const WriteSet& writes, Durability) override {
    std::lock_guard lock(mutex_);
    for (const Write& w : writes) {
      Rows& rows = own(w.table);
      if (w.value)
        rows.insert_or_assign(w.key, *w.value);
      else
        rows.erase(w.key);
    }
    return success();
  }
  Result<void> put_synced(Table table, std::string_view key, std::string_view value) override {
    return write({{table, std::string(key), std::string(value)}}, Durability::kSynced);
  }
  std::unique_ptr<BulkLoad> bulk_load() override { return std::make_unique<Load>(*this); }
  std::unique_ptr<Cursor> cursor(Table table) const override {
    std::lock_guard lock(mutex_);
    const auto it = tables_.find(table);
    return std::make_unique<MapCursor>(it == tables_.end() ? std::make_shared<Shelf>()
                                                           : it->second);
  }
  Result<void> flush() override { return success(); }
  std::uint64_t disk_bytes() const override { return 0; }

  /// Everything that is stored at this moment, as a store of its own: what a crash leaves.
  std::unique_ptr<MemoryStore> image() const {
    auto copy = std::make_unique<MemoryStore>();
    std::lock_guard lock(mutex_);
    for (const auto& [table, shelf] : tables_) {
      shelf->readers.fetch_add(1);  // for ever: neither of the two may write to it any more
      copy->tables_[table] = shelf;
    }
    return copy;
  }

 private:
  using Rows = std::map<std::string, std::string, std::less<>>;
  struct Shelf {
    Rows rows;
    std::atomic<int> readers{0};
  };

  class Load final : public BulkLoad {
   public:
    explicit Load(MemoryStore& store) : store_(store) {}
    Result<void> add(Table table, std::string_view key, std::string_view value) override {
      return take({table, std::string(key), std::string(value)});
    }
    Result<void> erase(Table table, std::string_view key) override {
      return take({table, std::string(key), std::nullopt});
    }
    Result<void> finish() override { return store_.write(writes_, Durability::kSynced); }

   private:
    Result<void> take(Write write) {
      std::string& last = last_[write.table];
      if (!last.empty() && write.key <= last)
        return fail(Errc::kMalformed, "rows of {} are not sorted", name_of(write.table));
      last = write.key;
      writes_.push_back(std::move(write));
      return success();
    }
    MemoryStore& store_;
    WriteSet writes_;
    std::map<Table, std::string> last_;
  };

  class MapCursor final : public Cursor {
   public:
    explicit MapCursor(std::shared_ptr<Shelf> shelf)
        : shelf_(std::move(shelf)), rows_(shelf_->rows), at_(rows_.end()) {
      shelf_->readers.fetch_add(1);
    }
    ~MapCursor() override { shelf_->readers.fetch_sub(1, std::memory_order_release); }
    MapCursor(const MapCursor&) = delete;
    MapCursor& operator=(const MapCursor&) = delete;
    bool valid() const override { return at_ != rows_.end(); }
    void seek(std::string_view key) override { at_ = rows_.lower_bound(key); }
    void seek_for_prev(std::string_view key) override {
      at_ = rows_.upper_bound(key);
      prev();
    }
    void seek_to_last() override {
      at_ = rows_.end();
      prev();
    }
    void next() override { ++at_; }
    void prev() override { at_ = at_ == rows_.begin() ? rows_.end() : std::prev(at_); }
    std::string_view key() const override { return at_->first; }
    std::string_view value() const override { return at_->second; }
    Result<void> status() const override { return success(); }

   private:
    std::shared_ptr<Shelf> shelf_;
    const Rows& rows_;
    Rows::const_iterator at_;
  };

  // The rows of a table that nobody else reads.
  Rows& own(Table table) {
    std::shared_ptr<Shelf>& shelf = tables_[table];
    if (!shelf) shelf = std::make_shared<Shelf>();
    if (shelf->readers.load(std::memory_order_acquire) != 0) {
      auto copy = std::make_shared<Shelf>();
      copy->rows = shelf->rows;
      shelf = std::move(copy);
    }
    return shelf->rows;
  }

  mutable std::mutex mutex_;
  std::map<Table, std::shared_ptr<Shelf>> tables_;
};

}  // namespace suanpan
