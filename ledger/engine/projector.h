// Feeds the projections from durable blocks on a thread of its own, and stores what has gathered on
// another while feeding goes on; accounts less often than the rest when they are many. Bounded:
// feeding waits when twice the batch has gathered, and publishing waits when too many blocks wait
// to be fed.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "ledger/store/account_projection.h"
#include "ledger/store/business_key_projection.h"
#include "ledger/store/document_projection.h"
#include "ledger/store/id_projection.h"

namespace suanpan {

class Projector {
 public:
  explicit Projector(KeyValueStore& store)
      : store_(store), accounts_(store), documents_(store), ids_(store), business_keys_(store) {}

  /// Loads the projections; then replay feeds what follows their stamps with catch_up().
  Result<void> load();
  /// The lowest stamp: recovery replays what comes after it.
  std::uint64_t stamp() const;
  void catch_up(const BlockPtr& block) { feed(block); }
  /// The same, and stores whenever twice `batch` records have gathered: a long tail (projections
  /// that are made anew) takes no more memory than a running book.
  Result<void> catch_up(const BlockPtr& block, std::size_t batch);

  /// `batch`: journal records gathered before they are stored; of accounts up to four times that.
  /// `on_finished` hears of finished documents that are stored now.
  void start(std::size_t batch, std::function<void(const std::vector<DocumentPtr>&)> on_finished,
             std::function<void(const Error&)> on_fatal);
  /// Stores what has gathered and ends the thread.
  void stop();

  /// Hands over the next durable block; waits when too many are waiting.
  void push(BlockPtr block);
  std::uint64_t fed_seq() const;
  void wait_fed(std::uint64_t seq) const;
  /// The same for what queries and statements read: accounts and business keys.
  void wait_entries(std::uint64_t seq) const;
  std::uint64_t entries_fed() const;  ///< up to where wait_entries() returns at once
  /// Stores everything fed so far, and returns when it is stored.
  void store_now();

  AccountProjection& accounts() { return accounts_; }
  DocumentProjection& documents() { return documents_; }
  IdProjection& ids() { return ids_; }
  const AccountProjection& accounts() const { return accounts_; }
  const DocumentProjection& documents() const { return documents_; }
  const IdProjection& ids() const { return ids_; }
  const BusinessKeyProjection& business_keys() const { return business_keys_; }

 private:
  void feed_loop();
  void store_loop();
  void feed(const BlockPtr& block);
  bool wants_store() const;
  bool accounts_are_due() const;

  KeyValueStore& store_;
  AccountProjection accounts_;
  DocumentProjection documents_;
  IdProjection ids_;
  BusinessKeyProjection business_keys_;
  std::function<void(const std::vector<DocumentPtr>&)> on_finished_;
  std::function<void(const Error&)> on_fatal_;
  std::size_t batch_ = 0;

  mutable std::mutex mutex_;         // guards everything below
  std::condition_variable to_feed_;  // the feeding thread waits here
  std::condition_variable to_store_;
  mutable std::condition_variable done_;  // all who wait for those two
  std::deque<BlockPtr> waiting_;
  std::size_t gathered_ = 0;           // records fed since the last freeze
  std::size_t accounts_gathered_ = 0;  // since the accounts were frozen
  std::uint64_t fed_ = 0, entries_fed_ = 0;
  bool frozen_ = false;           // what is frozen waits to be stored, or is being stored
  bool accounts_frozen_ = false;  // with the rest
  std::uint64_t store_wanted_ = 0, store_frozen_ = 0, store_done_ = 0;
  bool stopping_ = false, feeding_ended_ = false;
  std::thread feeding_, storing_;
};

}  // namespace suanpan
