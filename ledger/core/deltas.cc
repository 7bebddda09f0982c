#include "ledger/core/deltas.h"

#include <algorithm>

#include "ledger/base/keyed_hash.h"

namespace suanpan {
namespace {

constexpr std::size_t kFew = 16;

}  // namespace

Delta& Deltas::add(AccountId id) {
  sums_.emplace_back(id, Delta{});
  if (sums_.size() <= kFew) return sums_.back().second;
  std::size_t first = sums_.size();  // that is not in the table yet, from 1
  if (2 * sums_.size() > table_.size()) {
    table_.assign(std::max(4 * kFew, 2 * table_.size()), 0);
    first = 1;
  }
  for (std::size_t i = first; i <= sums_.size(); ++i)
    place_of(sums_[i - 1].first) = static_cast<std::uint32_t>(i);
  return sums_.back().second;
}

Delta* Deltas::find_in_table(AccountId id) {
  const std::uint32_t place = place_of(id);
  return place == 0 ? nullptr : &sums_[place - 1].second;
}

std::uint32_t& Deltas::place_of(AccountId id) {
  for (std::uint64_t at = keyed_hash(kHashKey, id.value, 0);; ++at) {
    std::uint32_t& place = table_[at & (table_.size() - 1)];
    if (place == 0 || sums_[place - 1].first == id) return place;
  }
}

}  // namespace suanpan
