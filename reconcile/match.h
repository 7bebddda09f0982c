// Pure matching: which outside row and which row of our books speak of the same movement.
//
// Two passes. First by (kind, our number), group by group. What is left over, few rows by nature,
// is joined once more by (kind, channel number): a bank that loses our reference still tells its
// own. Within a group with several rows on either side the pairs are, in this order: equal channel
// numbers; equal amount and status; then oldest with oldest. Currency and amount are never part of
// the key, or a wrong amount would look like two unrelated rows.
//
// A row that repeats another outside row in everything but its place in the files (an overlapping
// download) is one fact: the first place counts, the others are reported as repeats.
//
// Memory: 8 bytes a row beside the caller's rows. For a file larger than memory the caller splits
// both sides by a hash of our number and feeds the parts one after the other; only rows without a
// partner are kept (as copies) until finish(). Both ways give the same pairs.
//
// Deterministic: the result depends on the content of the rows, never on their order.
// Not thread-safe; no I/O, no clock.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reconcile/statement.h"

namespace suanpan::reconcile {

/// Two rows of one movement, or one row without a partner (the other pointer is null). The rows
/// live only as long as the call that hands them over.
struct Pairing {
  const OutsideRow* outside = nullptr;
  const BookRow* book = nullptr;
  /// Outside payment without a partner whose number was paid already by another row with another
  /// channel number: the payer paid twice.
  bool surplus = false;
};
using PairSink = std::function<void(const Pairing&)>;

/// An outside row that says again what `first` said.
struct Repeat {
  SourceRef first;
  SourceRef again;
  friend auto operator<=>(const Repeat&, const Repeat&) = default;
};

class Matcher {
 public:
  explicit Matcher(PairSink sink) : sink_(std::move(sink)) {}

  /// Joins a partition by our number. Rows of one (kind, our number) must all be in one call, on
  /// both sides. Pairs go to the sink at once, rows without a partner wait for finish().
  void add(std::span<const OutsideRow> outside, std::span<const BookRow> book);
  /// Joins what is left by channel number, hands over the rest as single rows and returns the
  /// repeats, sorted. The matcher is empty then.
  std::vector<Repeat> finish();

 private:
  struct Single {
    OutsideRow row;
    bool surplus = false;
  };
  using Outsides = std::vector<const OutsideRow*>;
  using Books = std::vector<const BookRow*>;

  Outsides without_repeats(std::span<const OutsideRow* const> sorted);
  void join_by_our_number(const Outsides& outside, std::span<const BookRow* const> book);

  PairSink sink_;
  std::vector<Single> single_outside_;
  std::vector<BookRow> single_book_;
  std::vector<Repeat> repeats_;
};

/// A total order by content: kind, numbers, time, amount and all the rest, the place in the file
/// last.
bool content_less(const OutsideRow& a, const OutsideRow& b);
bool content_less(const BookRow& a, const BookRow& b);

}  // namespace suanpan::reconcile
