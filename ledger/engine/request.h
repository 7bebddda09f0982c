// What one caller handed in, on its way through the book. Seen by the engine only.
#pragma once
#include <algorithm>
#include <atomic>
#include <memory>
#include <numeric>
#include <vector>

#include "ledger/engine/book.h"

namespace suanpan {

/// Vouchers or commands, never both.
struct Submission {
  std::vector<VoucherRequest> vouchers;
  std::vector<Command> commands;
  Book::Done done;
  std::size_t items() const { return vouchers.size() + commands.size(); }
};

/// A submission and its answers. Each item is answered by one thread, once; the committer counts
/// what is final and calls `done` when everything is.
struct Request {
  explicit Request(Submission taken)
      : submission(std::move(taken)), answers(submission.items()), open(submission.items()) {}
  const ClaimKey& key(std::size_t item) const {
    return submission.vouchers.empty() ? submission.commands[item].key
                                       : submission.vouchers[item].key;
  }

  Submission submission;
  Book::Answers answers;
  std::size_t open;  // items whose answer is not final; the committer's alone
};
using RequestPtr = std::shared_ptr<Request>;

/// A place in the book's queue: items of one request that are planned in this order.
struct Unit {
  RequestPtr request;
  std::vector<std::uint32_t> items;
  std::size_t answered = 0;  ///< further items of the request that need no planning
};

/// A block that is being gathered or made durable, and the answers that wait for it.
struct GatheredBlock {
  BlockBuilder builder;
  struct Waiting {
    RequestPtr request;
    std::size_t answers;  ///< how many of its items become final with this block
  };
  std::vector<Waiting> waiting;
};

}  // namespace suanpan
