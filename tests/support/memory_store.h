// The reference key-value store: ordered maps behind a lock. Nothing survives it.
#pragma once
#include <map>
#include <mutex>

#include "ledger/store/key_value.h"

namespace suanpan {

class MemoryStore final : public KeyValueStore {
 public:
  Result<std::optional<std::string>> get(Table table, std::string_view key) const override {
    std::lock_guard lock(mutex_);
    const auto of_table = tables_.find(table);
    if (of_table == tables_.end()) return std::optional<std::string>{};
    const auto it = of_table->second.find(std::string(key));
    return it == of_table->second.end() ? std::optional<std::string>{} : std::optional(it->second);
  }
  Result<void> write(const WriteSet& writes, Durability) override {
    std::lock_guard lock(mutex_);
    for (const Write& w : writes) {
      if (w.value)
        tables_[w.table][w.key] = *w.value;
      else
        tables_[w.table].erase(w.key);
    }
    return success();
  }
  Result<void> put_synced(Table table, std::string_view key, std::string_view value) override {
    return write({{table, std::string(key), std::string(value)}}, Durability::kSynced);
  }
  std::unique_ptr<BulkLoad> bulk_load() override { return std::make_unique<Load>(*this); }
  std::unique_ptr<Cursor> cursor(Table table) const override;
  Result<void> flush() override { return success(); }
  std::uint64_t disk_bytes() const override { return 0; }

 private:
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
  using Rows = std::map<std::string, std::string>;
  class MapCursor final : public Cursor {
   public:
    explicit MapCursor(Rows rows) : rows_(std::move(rows)), at_(rows_.end()) {}
    bool valid() const override { return at_ != rows_.end(); }
    void seek(std::string_view key) override { at_ = rows_.lower_bound(std::string(key)); }
    void seek_for_prev(std::string_view key) override {
      at_ = rows_.upper_bound(std::string(key));
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
    Rows rows_;
    Rows::const_iterator at_;
  };
  mutable std::mutex mutex_;
  std::map<Table, Rows> tables_;
};

inline std::unique_ptr<Cursor> MemoryStore::cursor(Table table) const {
  std::lock_guard lock(mutex_);
  const auto it = tables_.find(table);
  return std::make_unique<MapCursor>(it == tables_.end() ? Rows{} : it->second);
}

}  // namespace suanpan
