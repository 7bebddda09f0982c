// The hash of tables in memory: keys that were chosen to fall into one place of a table whose hash
// is known do not, and no bit of it is worse than another.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <set>

#include "ledger/core/voucher.h"

using namespace suanpan;

namespace {

constexpr std::uint64_t kKeys = 1 << 16;
// Of 2^16 keys thrown into 2^16 places, 1 - 1/e of the places are hit: 41,427, give or take 80.
// Keys that follow a pattern may do better, none may do worse.
constexpr std::size_t kPlacesHit = 41'000;

/// The keys of a table and what is taken of a hash: the low bits, the middle, the high ones, and
/// what is left after a division by a prime.
struct Spread {
  std::vector<std::uint64_t> hashes;
  std::size_t hit(const std::function<std::uint64_t(std::uint64_t)>& place) const {
    std::vector<std::uint64_t> places;
    for (const std::uint64_t hash : hashes) places.push_back(place(hash));
    std::sort(places.begin(), places.end());
    return static_cast<std::size_t>(std::unique(places.begin(), places.end()) - places.begin());
  }
  void check() const {
    REQUIRE(hashes.size() == kKeys);
    CHECK(hit([](std::uint64_t h) { return h & 0xffff; }) > kPlacesHit);
    CHECK(hit([](std::uint64_t h) { return h >> 32 & 0xffff; }) > kPlacesHit);
    CHECK(hit([](std::uint64_t h) { return h >> 48; }) > kPlacesHit);
    CHECK(hit([](std::uint64_t h) { return h % 65'537; }) > kPlacesHit);
    CHECK(hit([](std::uint64_t h) { return h; }) == kKeys);
  }
};

template <class MakeKey>
Spread spread_of(MakeKey&& make) {
  using Key = decltype(make(std::uint64_t{0}));
  Spread spread;
  for (std::uint64_t n = 0; n < kKeys; ++n) spread.hashes.push_back(std::hash<Key>{}(make(n)));
  return spread;
}

// splitmix64's finaliser backwards: its shifts undone, and its factors by their inverses modulo
// 2^64.
std::uint64_t unmixed(std::uint64_t x) {
  const auto inverse = [](std::uint64_t factor) {
    std::uint64_t found = factor;  // by Newton's steps
    for (int i = 0; i < 6; ++i) found *= 2 - factor * found;
    return found;
  };
  x ^= x >> 31 ^ x >> 62;
  x *= inverse(0x94d049bb133111ebULL);
  x ^= x >> 27 ^ x >> 54;
  x *= inverse(0xbf58476d1ce4e5b9ULL);
  return x ^ x >> 30 ^ x >> 60;
}

/// What ids were hashed with before the hash was keyed, and the id filter still.
std::uint64_t known_hash(const Id128& id) { return mix64(id.hi ^ mix64(id.lo)); }
/// The n-th id of one hash, and the n-th of those whose hash ends in 16 given bits.
Id128 of_one_hash(std::uint64_t n) { return {unmixed(0xfeed) ^ mix64(n), n}; }
Id128 of_one_place(std::uint64_t n) { return {unmixed(n << 16 | 0xbeef) ^ mix64(7), 7}; }

// A key of 16 bytes that libstdc++ gives one hash (MurmurHash64A) whatever n is: its second word
// undoes what its first one did.
std::string of_one_name_hash(std::uint64_t n) {
  constexpr std::uint64_t kMul = 0xc6a4a7935bd1e995, kSeed = 0xc70f6907;
  std::uint64_t inverse = kMul;
  for (int i = 0; i < 6; ++i) inverse *= 2 - kMul * inverse;
  const auto mix = [](std::uint64_t v) { return v ^ (v >> 47); };
  const auto block = [&](std::uint64_t v) { return mix(v * kMul) * kMul; };
  const auto unblock = [&](std::uint64_t v) { return mix(v * inverse) * inverse; };
  const auto after = [&](std::uint64_t first) {
    return ((kSeed ^ (16 * kMul)) ^ block(first)) * kMul;
  };
  const std::uint64_t words[] = {n, unblock(after(1) ^ after(n) ^ block(2))};
  return std::string(reinterpret_cast<const char*>(words), sizeof words);
}

std::uint64_t hash_of(std::string_view name) { return KeyedHash{}(name); }

}  // namespace

TEST_CASE("keyed hash: ids chosen to have one hash have as many as they are") {
  for (const std::uint64_t n : {0, 1, 2, 65'535}) {
    REQUIRE(known_hash(of_one_hash(n)) == 0xfeed);
    REQUIRE((known_hash(of_one_place(n)) & 0xffff) == 0xbeef);
  }
  spread_of(of_one_hash).check();
  spread_of(of_one_place).check();
  spread_of([](std::uint64_t n) { return ClaimKey{of_one_hash(n), CallerId{100}}; }).check();
  spread_of([](std::uint64_t n) { return ClaimKey{of_one_place(n), CallerId{100}}; }).check();
}

TEST_CASE("keyed hash: ids that are counted, by whatever part, spread like random ones") {
  for (const unsigned shift : {0u, 16u, 32u, 48u}) {
    CAPTURE(shift);
    spread_of([&](std::uint64_t n) { return Id128{n << shift, 0}; }).check();
    spread_of([&](std::uint64_t n) { return Id128{0, n << shift}; }).check();
    spread_of([&](std::uint64_t n) { return Id128{n << shift, n << shift}; }).check();
    spread_of([&](std::uint64_t n) {
      return ClaimKey{Id128{1, n << shift}, CallerId{100}};
    }).check();
  }
  spread_of([](std::uint64_t n) {
    return ClaimKey{Id128{1, 2}, CallerId{static_cast<std::uint32_t>(n)}};
  }).check();
  // The same id of the other half, and the same sum of both.
  spread_of([](std::uint64_t n) { return n % 2 ? Id128{n, n - 1} : Id128{n, n + 1}; }).check();
  spread_of([](std::uint64_t n) { return Id128{n, kKeys - n}; }).check();
}

TEST_CASE("keyed hash: names chosen to have one hash have as many as they are") {
  const std::hash<std::string_view> known;
  REQUIRE(known(of_one_name_hash(3)) == known(of_one_name_hash(1)));
  REQUIRE(known(of_one_name_hash(65'535)) == known(of_one_name_hash(1)));
  Spread crafted, holds, counted;
  for (std::uint64_t n = 0; n < kKeys; ++n) {
    crafted.hashes.push_back(hash_of(of_one_name_hash(n)));
    holds.hashes.push_back(hash_of(ClaimKey{of_one_hash(n), CallerId{100}}.packed()));
    counted.hashes.push_back(hash_of("order " + std::to_string(n)));
  }
  crafted.check();
  holds.check();
  counted.check();
}

TEST_CASE("keyed hash: every byte of a name counts, and its length") {
  std::set<std::uint64_t> seen;
  std::size_t names = 0;
  const auto see = [&](const std::string& name) {
    ++names;
    seen.insert(hash_of(name));
    CHECK(hash_of(std::string(name)) == hash_of(name));
  };
  for (std::size_t size = 0; size <= 70; ++size) {
    see(std::string(size, '\0'));
    see(std::string(size, 'a') + "b");
    for (std::size_t at = 0; at < size; ++at)
      for (const char other : {'\1', '\2', '\200'}) {
        std::string name(size, '\0');
        name[at] = other;
        see(name);
      }
  }
  CHECK(seen.size() == names);
}

TEST_CASE("keyed hash: it is another one under another key, and each key is drawn") {
  const HashKey a = HashKey::draw(), b = HashKey::draw();
  CHECK(keyed_hash(a, 1, 2) != keyed_hash(b, 1, 2));
  CHECK(keyed_hash(a, "order 1") != keyed_hash(b, "order 1"));
  std::set<std::uint64_t> words;
  for (const HashKey& key : {a, b, kHashKey}) words.insert(key.words, key.words + 4);
  CHECK(words.size() == 12);
  CHECK(words.count(0) == 0);
  // Each of a key's words changes the hash of ids and of names.
  for (int i = 0; i < 4; ++i) {
    HashKey other = a;
    other.words[i] ^= 1;
    CHECK(keyed_hash(a, 1, 2) != keyed_hash(other, 1, 2));
    CHECK(keyed_hash(a, "order 1") != keyed_hash(other, "order 1"));
  }
}
