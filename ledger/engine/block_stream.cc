#include "ledger/engine/block_stream.h"

namespace suanpan {
namespace {

constexpr std::size_t kReadAhead = 8;

BlockStream::Item read_item(const Cursor& cursor) {
  const std::uint64_t at = from_big_endian(cursor.key());
  auto block = Block::parse(std::string(cursor.value()));
  BlockStream::Item item;
  if (!block && block.error().code != Errc::kCorrupt)
    item.error = block.error();
  else if (!block)
    item.fault = fmt::format("journal block at {}: {}", at, block.error().message);
  else if (cursor.key().size() != 8 || at != block.value()->first_seq())
    item.fault = fmt::format("journal block at {}: it says that it begins at {}", at,
                             block.value()->first_seq());
  else
    item.block = std::move(block.value());
  return item;
}

}  // namespace

BlockStream::BlockStream(const KeyValueStore& store, std::uint64_t from)
    : store_(store), from_(from), reading_([this] { read(); }) {}

BlockStream::~BlockStream() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  reading_.join();
}

bool BlockStream::push(Item item) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopping_ || ready_.size() < kReadAhead; });
  if (stopping_) return false;
  ready_.push_back(std::move(item));
  lock.unlock();
  changed_.notify_all();
  return true;
}

void BlockStream::read() {
  const auto cursor = store_.cursor(Table::kJournal);
  for (cursor->seek(from_ == 0 ? std::string() : big_endian(from_)); cursor->valid();
       cursor->next()) {
    Item item = read_item(*cursor);
    if (!item.block) {
      push(std::move(item));
      return;
    }
    item.block->hash();  // here, not where it is asked for
    if (!push(std::move(item))) return;
  }
  Item end;
  if (const auto status = cursor->status(); !status) end.error = status.error();
  push(std::move(end));
}

BlockStream::Item BlockStream::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !ready_.empty(); });
  Item item = ready_.front();
  if (item.block) ready_.pop_front();
  lock.unlock();
  changed_.notify_all();
  return item;
}

}  // namespace suanpan
