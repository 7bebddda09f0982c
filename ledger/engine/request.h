// What one caller handed in, on its way through the book. Seen by the engine only.
#pragma once
#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <numeric>
#include <unordered_set>
#include <vector>

#include "ledger/engine/book.h"

namespace suanpan {

/// Vouchers or commands, never both.
struct Submission {
  std::vector<VoucherRequest> vouchers;
  std::vector<Command> commands;
  Book::Done done;
  Groups groups;  ///< by their first item
  std::size_t items() const { return vouchers.size() + commands.size(); }
  const ClaimKey& key(std::size_t item) const {
    return vouchers.empty() ? commands[item].key : vouchers[item].key;
  }
  /// Null where an item is a command of its own kind.
  const VoucherRequest* voucher(std::size_t item) const {
    return vouchers.empty() ? commands[item].voucher.get() : &vouchers[item];
  }
  /// The group that an item belongs to; null: none.
  const LinkedGroup* group_of(std::size_t item) const {
    if (groups.empty()) return nullptr;
    const auto after =
        std::upper_bound(groups.begin(), groups.end(), item,
                         [](std::size_t i, const LinkedGroup& group) { return i < group.first; });
    if (after == groups.begin()) return nullptr;
    const LinkedGroup& group = *std::prev(after);
    return item < group.first + group.count ? &group : nullptr;
  }
};

/// A submission and its answers. Each item is answered by one thread, once; the committer counts
/// what is final and calls `done` when everything is.
struct Request {
  explicit Request(Submission taken)
      : submission(std::move(taken)), answers(submission.items()), open(submission.items()) {}
  const ClaimKey& key(std::size_t item) const { return submission.key(item); }
  /// Whether an earlier item bears the id of this one, claimed or malformed. By any thread.
  bool named_before(std::size_t item) const;

  Submission submission;
  Book::Answers answers;
  std::size_t open;  // items whose answer is not final; the committer's alone

 private:
  // Items whose id stands before them. Groups that meet others alone need it: then it is made.
  mutable std::once_flag named_;
  mutable std::vector<bool> named_before_;
};

inline bool Request::named_before(std::size_t item) const {
  std::call_once(named_, [&] {
    std::unordered_set<ClaimKey> names;
    for (std::size_t i = 0; i < submission.items(); ++i)
      named_before_.push_back(!names.insert(key(i)).second);
  });
  return named_before_[item];
}

/// What a member of a group is told that waited for its id, which then left nothing. To be asked
/// again, but where the same submission had the id: it would say the same again.
inline Refusal left_in_group(const Request& request, std::size_t item) {
  return refuse(
      request.named_before(item) ? RefusalCode::kGroupMalformed : RefusalCode::kGroupUndecided,
      "its id was under way and left nothing");
}

using RequestPtr = std::shared_ptr<Request>;

/// A place in the book's queue: items of one request that are planned in this order. Of a linked
/// group all or none.
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
