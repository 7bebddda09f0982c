// The stores between a world's book and its memory: one that loses rows, one that is photographed
// at one of its writes.
#pragma once
#include <functional>
#include <mutex>

#include "tests/support/memory_store.h"

namespace suanpan::test {

/// The store that outlives a book; the book owns this handle to it.
class Handle : public KeyValueStore {
 public:
  explicit Handle(std::shared_ptr<KeyValueStore> store) : store_(std::move(store)) {}
  Result<std::optional<std::string>> get(Table table, std::string_view key) const override {
    return store_->get(table, key);
  }
  Result<void> write(const WriteSet& writes, Durability durability) override {
    return store_->write(writes, durability);
  }
  Result<void> put_synced(Table table, std::string_view key, std::string_view value) override {
    return store_->put_synced(table, key, value);
  }
  std::unique_ptr<BulkLoad> bulk_load() override { return store_->bulk_load(); }
  std::unique_ptr<Cursor> cursor(Table table) const override { return store_->cursor(table); }
  Result<void> flush() override { return store_->flush(); }
  std::uint64_t disk_bytes() const override { return store_->disk_bytes(); }

 private:
  std::shared_ptr<KeyValueStore> store_;
};

/// Rows on their way into a store, as another load takes them.
class LoadBefore : public BulkLoad {
 public:
  explicit LoadBefore(std::unique_ptr<BulkLoad> load) : load_(std::move(load)) {}
  Result<void> add(Table table, std::string_view key, std::string_view value) override {
    return load_->add(table, key, value);
  }
  Result<void> erase(Table table, std::string_view key) override {
    return load_->erase(table, key);
  }
  Result<void> finish() override { return load_->finish(); }

 private:
  std::unique_ptr<BulkLoad> load_;
};

/// A store that says it wrote a row and did not.
class LosingStore final : public Handle {
 public:
  using Loses = std::function<bool(Table)>;
  LosingStore(std::shared_ptr<KeyValueStore> store, Loses loses)
      : Handle(std::move(store)), loses_(std::move(loses)) {}
  Result<void> put_synced(Table table, std::string_view key, std::string_view value) override {
    if (loses_(table)) return success();
    return Handle::put_synced(table, key, value);
  }
  std::unique_ptr<BulkLoad> bulk_load() override {
    return std::make_unique<Load>(Handle::bulk_load(), loses_);
  }

 private:
  class Load final : public LoadBefore {
   public:
    Load(std::unique_ptr<BulkLoad> load, const Loses& loses)
        : LoadBefore(std::move(load)), loses_(loses) {}
    Result<void> add(Table table, std::string_view key, std::string_view value) override {
      if (loses_(table)) return success();
      return LoadBefore::add(table, key, value);
    }

   private:
    const Loses& loses_;
  };
  Loses loses_;
};

/// A store that keeps an image of what it holds just before or just after one of its writes: what a
/// crash there leaves. Counts the writes of the journal, or those of whole projections; the image
/// is the same however long the threads of the book take.
class CrashingStore final : public Handle {
 public:
  enum class Of { kJournal, kProjections };
  /// How much of what was counted is in the image.
  enum class Holds { kNothing, kSome, kAll };
  struct Image {
    std::shared_ptr<MemoryStore> store;
    Holds holds = Holds::kAll;
  };

  /// `rows`: what the book writes to; in the end that is `memory`.
  CrashingStore(std::shared_ptr<KeyValueStore> rows, std::shared_ptr<MemoryStore> memory)
      : Handle(std::move(rows)), memory_(std::move(memory)) {}

  /// Counts from now on. `place` 0 is before the first write, 1 after it, 2 before the second …
  /// `crashing` is called there, by whoever writes; not if there are fewer writes.
  void crash_at(Of of, std::uint64_t place, std::function<void()> crashing) {
    std::lock_guard lock(mutex_);
    armed_ = true;
    crashing_ = std::move(crashing);
    of_ = of;
    place_ = place;
    passed_ = 0;
    image_ = {};
  }
  /// What the crash leaves: all there is, if it was to come later.
  Image take() {
    std::lock_guard lock(mutex_);
    if (armed_) image_ = {memory_->image(), Holds::kAll};
    armed_ = false;
    return std::move(image_);
  }

  Result<void> put_synced(Table table, std::string_view key, std::string_view value) override {
    if (table != Table::kJournal) return Handle::put_synced(table, key, value);
    pass(Of::kJournal);
    auto written = Handle::put_synced(table, key, value);
    pass(Of::kJournal);
    return written;
  }
  std::unique_ptr<BulkLoad> bulk_load() override {
    return std::make_unique<Load>(Handle::bulk_load(), *this);
  }

 private:
  class Load final : public LoadBefore {
   public:
    Load(std::unique_ptr<BulkLoad> load, CrashingStore& store)
        : LoadBefore(std::move(load)), store_(store) {}
    Result<void> finish() override {
      store_.pass(Of::kProjections);
      auto written = LoadBefore::finish();
      store_.pass(Of::kProjections);
      return written;
    }

   private:
    CrashingStore& store_;
  };

  void pass(Of of) {
    std::lock_guard lock(mutex_);
    if (!armed_ || of != of_ || passed_++ != place_) return;
    crashing_();
    image_ = {memory_->image(), place_ == 0 ? Holds::kNothing : Holds::kSome};
    armed_ = false;
  }

  std::shared_ptr<MemoryStore> memory_;
  std::mutex mutex_;  // guards everything below: the committer and the projector write
  bool armed_ = false;
  Of of_ = Of::kJournal;
  std::uint64_t place_ = 0, passed_ = 0;
  std::function<void()> crashing_;
  Image image_;
};

}  // namespace suanpan::test
