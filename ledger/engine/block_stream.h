// Reads a journal from its beginning, block by block: a thread reads ahead, parses and hashes while
// the owner judges what came before. One owner.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "ledger/engine/audit.h"
#include "ledger/store/key_value.h"

namespace suanpan {

class BlockStream {
 public:
  /// From the block that begins at `from`, or the first after it.
  explicit BlockStream(const KeyValueStore& store, std::uint64_t from = 0);
  ~BlockStream();

  struct Item {
    BlockPtr block;              ///< null: the end, or one of the two below
    Fault fault;                 ///< a block that is damaged or lies in the wrong place
    std::optional<Error> error;  ///< could not be read
  };
  /// The next in order; after anything but a block, always that.
  Item next();

 private:
  void read();
  /// False: nobody wants more.
  bool push(Item item);

  const KeyValueStore& store_;
  const std::uint64_t from_;
  std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  std::deque<Item> ready_;
  bool stopping_ = false;
  std::thread reading_;
};

}  // namespace suanpan
