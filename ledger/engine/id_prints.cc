#include "ledger/engine/id_prints.h"

#include <algorithm>
#include <numeric>

namespace suanpan {
namespace {

constexpr std::uint64_t kPassIds = 1 << 23;  // how many pairs() sorts at a time, 16 bytes each
constexpr int kBucketBits = 10;

struct Entry {
  std::uint64_t print, seq;
};

bool by_print(const Entry& a, const Entry& b) {
  return a.print != b.print ? a.print < b.print : a.seq < b.seq;
}

void keep_lowest(std::vector<IdPrints::Pair>& pairs) {
  std::sort(pairs.begin(), pairs.end(), [](const IdPrints::Pair& a, const IdPrints::Pair& b) {
    return a.second != b.second ? a.second < b.second : a.first < b.first;
  });
  if (pairs.size() > IdPrints::kMostPairs) pairs.resize(IdPrints::kMostPairs);
}

/// Sorts `entries` by a bucket of their next bits, then each bucket, which fits the nearest cache.
void find_pairs(std::vector<Entry>& entries, std::vector<Entry>& scratch, int used_bits,
                std::vector<IdPrints::Pair>& pairs) {
  const int shift = 64 - used_bits - kBucketBits;
  const auto bucket_of = [&](const Entry& e) {
    return static_cast<std::size_t>(e.print >> shift) & ((1u << kBucketBits) - 1);
  };
  std::vector<std::size_t> begin((1u << kBucketBits) + 1);
  for (const Entry& e : entries) ++begin[bucket_of(e) + 1];
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  scratch.resize(entries.size());
  std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
  for (const Entry& e : entries) scratch[next[bucket_of(e)]++] = e;
  for (std::size_t b = 0; b + 1 < begin.size(); ++b) {
    const auto from = scratch.begin() + static_cast<std::ptrdiff_t>(begin[b]);
    const auto to = scratch.begin() + static_cast<std::ptrdiff_t>(begin[b + 1]);
    std::sort(from, to, by_print);
    for (auto it = from; it != to; ++it)
      if (it + 1 != to && it->print == (it + 1)->print) pairs.push_back({it->seq, (it + 1)->seq});
    if (pairs.size() > 4 * IdPrints::kMostPairs) keep_lowest(pairs);
  }
}

}  // namespace

void IdPrints::add(const ClaimKey& key) {
  if (size_ % kChunk == 0) chunks_.emplace_back(new std::uint64_t[kChunk]);
  chunks_.back()[size_++ % kChunk] = fingerprint(key);
}

void IdPrints::append(std::span<const std::uint64_t> prints) {
  for (const std::uint64_t print : prints) {
    if (size_ % kChunk == 0) chunks_.emplace_back(new std::uint64_t[kChunk]);
    chunks_.back()[size_++ % kChunk] = print;
  }
}

std::vector<IdPrints::Pair> IdPrints::pairs() const {
  int pass_bits = 0;
  while ((size_ >> pass_bits) > kPassIds) ++pass_bits;
  std::vector<Pair> pairs;
  std::vector<Entry> entries, scratch;
  for (std::uint64_t pass = 0; pass < std::uint64_t{1} << pass_bits; ++pass) {
    entries.clear();
    for (std::uint64_t i = 0; i < size_; ++i) {
      const std::uint64_t print = at(i);
      if (pass_bits == 0 || print >> (64 - pass_bits) == pass) entries.push_back({print, i + 1});
    }
    find_pairs(entries, scratch, pass_bits, pairs);
  }
  keep_lowest(pairs);
  return pairs;
}

void IdPrints::index_chunk(std::size_t chunk) const {
  std::vector<std::uint32_t>& places = sorted_.emplace_back(kChunk);
  std::iota(places.begin(), places.end(), 0u);
  const std::uint64_t* const prints = chunks_[chunk].get();
  std::sort(places.begin(), places.end(),
            [prints](std::uint32_t a, std::uint32_t b) { return prints[a] < prints[b]; });
}

void IdPrints::find_in_tail(std::uint64_t print, std::vector<std::uint64_t>& seqs) const {
  const std::uint64_t base = sorted_.size() * kChunk;
  const std::size_t mask = 2 * kChunk - 1;
  tail_.resize(2 * kChunk);
  for (; base + in_tail_ < size_; ++in_tail_) {
    std::size_t slot = at(base + in_tail_) & mask;
    while (tail_[slot] != 0) slot = (slot + 1) & mask;
    tail_[slot] = static_cast<std::uint32_t>(in_tail_ + 1);
  }
  for (std::size_t slot = print & mask; tail_[slot] != 0; slot = (slot + 1) & mask)
    if (at(base + tail_[slot] - 1) == print) seqs.push_back(base + tail_[slot]);
}

std::vector<std::uint64_t> IdPrints::find(const ClaimKey& key) const {
  while ((sorted_.size() + 1) * kChunk <= size_) {
    index_chunk(sorted_.size());
    std::fill(tail_.begin(), tail_.end(), 0u);
    in_tail_ = 0;
  }
  const std::uint64_t print = fingerprint(key);
  std::vector<std::uint64_t> seqs;
  find_in_tail(print, seqs);
  for (std::size_t chunk = sorted_.size(); chunk-- > 0;) {
    const std::uint64_t* const prints = chunks_[chunk].get();
    const auto& places = sorted_[chunk];
    auto it =
        std::lower_bound(places.begin(), places.end(), print,
                         [prints](std::uint32_t a, std::uint64_t b) { return prints[a] < b; });
    for (; it != places.end() && prints[*it] == print; ++it)
      seqs.push_back(chunk * kChunk + *it + 1);
  }
  return seqs;
}

}  // namespace suanpan
