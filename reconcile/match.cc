#include "reconcile/match.h"

#include <algorithm>
#include <tuple>
#include <unordered_set>

#include "ledger/base/check.h"
#include "ledger/base/ids.h"

namespace suanpan::reconcile {
namespace {

// Everything of an outside row but its place in the files.
auto content_of(const OutsideRow& row) {
  return std::tie(row.kind, row.our_number, row.channel_number, row.at, row.date, row.amount,
                  row.fee_milli, row.status);
}

auto content_of(const BookRow& row) {
  return std::tie(row.kind, row.our_number, row.channel_number, row.at, row.date, row.amount,
                  row.fee_milli, row.status, row.in_suspense, row.order_id, row.merchant,
                  row.voucher_number, row.voucher_id);
}

template <class Row>
auto our_key(const Row& row) {
  return std::tie(row.kind, row.our_number);
}
template <class Row>
auto channel_key(const Row& row) {
  return std::tie(row.kind, row.channel_number);
}

// Pairs of one group, as indices into its two sides; -1 has no partner.
struct Links {
  std::vector<std::int32_t> of_outside;
  std::vector<std::int32_t> of_book;
};

// Pairs what is still free on both sides by equal keys; within equal keys in the order of the
// sides, which are sorted by content. `key` gives nothing for a row that does not take part.
template <class Key>
void link_equal(std::span<const OutsideRow* const> outside, std::span<const BookRow* const> book,
                Links& links, Key key) {
  using Value = typename decltype(key(*outside[0]))::value_type;
  using Entry = std::pair<Value, std::int32_t>;
  const auto entries = [&](auto rows, const std::vector<std::int32_t>& partner) {
    std::vector<Entry> free;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (partner[i] >= 0) continue;
      if (auto k = key(*rows[i])) free.emplace_back(std::move(*k), static_cast<std::int32_t>(i));
    }
    std::sort(free.begin(), free.end());
    return free;
  };
  const auto left = entries(outside, links.of_outside);
  const auto right = entries(book, links.of_book);
  for (auto l = left.begin(), r = right.begin(); l != left.end() && r != right.end();) {
    if (l->first < r->first) {
      ++l;
    } else if (r->first < l->first) {
      ++r;
    } else {
      links.of_outside[static_cast<std::size_t>(l->second)] = r->second;
      links.of_book[static_cast<std::size_t>(r->second)] = l->second;
      ++l, ++r;
    }
  }
}

// The order of trust within a group: the channel's own number, then equal amount and status, then
// equal amount, then age.
Links link(std::span<const OutsideRow* const> outside, std::span<const BookRow* const> book) {
  Links links{std::vector<std::int32_t>(outside.size(), -1),
              std::vector<std::int32_t>(book.size(), -1)};
  if (outside.empty() || book.empty()) return links;
  if (outside.size() == 1 && book.size() == 1) {
    links.of_outside[0] = links.of_book[0] = 0;
    return links;
  }
  link_equal(outside, book, links, [](const auto& row) {
    return row.channel_number.empty() ? std::nullopt
                                      : std::optional(std::string_view(row.channel_number));
  });
  link_equal(outside, book, links,
             [](const auto& row) { return std::optional(std::pair(row.amount, row.status)); });
  link_equal(outside, book, links, [](const auto& row) { return std::optional(row.amount); });
  link_equal(outside, book, links, [](const auto& row) { return std::optional(row.at); });
  link_equal(outside, book, links, [](const auto&) { return std::optional(0); });
  return links;
}

// Calls fn(outside group, book group) for every key that either side has, in key order.
template <class KeyOf, class Fn>
void for_each_group(std::span<const OutsideRow* const> outside,
                    std::span<const BookRow* const> book, KeyOf key_of, Fn fn) {
  const auto end_of_group = [&](auto rows, std::size_t from, const auto& key) {
    std::size_t to = from;
    while (to < rows.size() && key_of(*rows[to]) == key) ++to;
    return to;
  };
  std::size_t o = 0, b = 0;
  while (o < outside.size() || b < book.size()) {
    const bool outside_first =
        b == book.size() || (o < outside.size() && key_of(*outside[o]) <= key_of(*book[b]));
    const auto key = outside_first ? key_of(*outside[o]) : key_of(*book[b]);
    const std::size_t o_end = end_of_group(outside, o, key);
    const std::size_t b_end = end_of_group(book, b, key);
    fn(outside.subspan(o, o_end - o), book.subspan(b, b_end - b));
    o = o_end, b = b_end;
  }
}

template <class Row, class KeyOf>
void sort_by(std::vector<const Row*>& rows, KeyOf key_of) {
  std::sort(rows.begin(), rows.end(), [&](const Row* a, const Row* b) {
    const auto x = key_of(*a), y = key_of(*b);
    return x == y ? content_less(*a, *b) : x < y;
  });
}

}  // namespace

bool content_less(const OutsideRow& a, const OutsideRow& b) {
  const auto x = content_of(a), y = content_of(b);
  return x == y ? a.source < b.source : x < y;
}

bool content_less(const BookRow& a, const BookRow& b) { return content_of(a) < content_of(b); }

// A row without any number of the channel is never a repeat: two equal bank charges on one day are
// two charges.
Matcher::Outsides Matcher::without_repeats(std::span<const OutsideRow* const> sorted) {
  Outsides kept;
  for (const OutsideRow* row : sorted) {
    if (!kept.empty() && !row->channel_number.empty() &&
        content_of(*kept.back()) == content_of(*row)) {
      repeats_.push_back({kept.back()->source, row->source});
    } else {
      kept.push_back(row);
    }
  }
  return kept;
}

void Matcher::join_by_our_number(const Outsides& outside, std::span<const BookRow* const> book) {
  const Links links = link(outside, book);
  // The channel numbers under which this number of ours was paid: with a partner first, so that
  // the one without is the surplus.
  std::unordered_set<std::string_view> paid;
  for (std::size_t i = 0; i < outside.size(); ++i) {
    if (links.of_outside[i] < 0) continue;
    if (outside[i]->status == RowStatus::kDone) paid.insert(outside[i]->channel_number);
    sink_({outside[i], book[static_cast<std::size_t>(links.of_outside[i])]});
  }
  for (std::size_t i = 0; i < outside.size(); ++i) {
    if (links.of_outside[i] >= 0) continue;
    const OutsideRow& row = *outside[i];
    bool surplus = false;
    if (row.kind == RowKind::kPayment && row.status == RowStatus::kDone) {
      surplus = !paid.empty() && !paid.contains(row.channel_number);
      paid.insert(row.channel_number);
    }
    single_outside_.push_back({row, surplus});
  }
  for (std::size_t i = 0; i < book.size(); ++i) {
    if (links.of_book[i] < 0) single_book_.push_back(*book[i]);
  }
}

void Matcher::add(std::span<const OutsideRow> outside, std::span<const BookRow> book) {
  const auto by_our_number = [](const auto& row) { return our_key(row); };
  Outsides outs;
  Books books;
  for (const auto& row : outside) {
    if (row.our_number.empty()) {
      single_outside_.push_back({row});
    } else {
      outs.push_back(&row);
    }
  }
  for (const auto& row : book) {
    if (row.our_number.empty()) {
      single_book_.push_back(row);
    } else {
      books.push_back(&row);
    }
  }
  sort_by(outs, by_our_number);
  sort_by(books, by_our_number);
  for_each_group(std::span<const OutsideRow* const>(outs), std::span<const BookRow* const>(books),
                 by_our_number,
                 [&](auto os, auto bs) { join_by_our_number(without_repeats(os), bs); });
}

std::vector<Repeat> Matcher::finish() {
  const auto by_channel_number = [](const auto& row) { return channel_key(row); };
  Outsides outs;
  Books books;
  std::unordered_set<const OutsideRow*> surplus;
  for (const auto& single : single_outside_) {
    outs.push_back(&single.row);
    if (single.surplus) surplus.insert(&single.row);
  }
  for (const auto& row : single_book_) books.push_back(&row);
  sort_by(outs, by_channel_number);
  sort_by(books, by_channel_number);
  for_each_group(std::span<const OutsideRow* const>(outs), std::span<const BookRow* const>(books),
                 by_channel_number, [&](auto os, auto bs) {
                   const Outsides kept = without_repeats(os);
                   const bool keyless = kept.empty() || kept[0]->channel_number.empty();
                   const Links links =
                       keyless ? link(kept, std::span<const BookRow* const>{}) : link(kept, bs);
                   for (std::size_t i = 0; i < kept.size(); ++i) {
                     const auto partner = links.of_outside[i];
                     sink_({kept[i], partner < 0 ? nullptr : bs[static_cast<std::size_t>(partner)],
                            partner < 0 && surplus.contains(kept[i])});
                   }
                   for (std::size_t i = 0; i < bs.size(); ++i) {
                     if (keyless || links.of_book[i] < 0) sink_({nullptr, bs[i]});
                   }
                 });
  std::vector<Repeat> repeats;
  repeats.swap(repeats_);
  std::sort(repeats.begin(), repeats.end());
  single_outside_.clear();
  single_book_.clear();
  return repeats;
}

}  // namespace suanpan::reconcile
