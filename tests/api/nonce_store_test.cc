#include "api/nonce_store.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "ledger/base/digest.h"

using namespace suanpan;
using namespace suanpan::api;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kStart_s = 1'700'000'000;
const Id128 kBootA{1, 1};
const Id128 kBootB{2, 2};

Timestamp at(std::int64_t seconds) { return Timestamp::from_seconds(seconds); }

/// A directory of its own, gone at the end.
struct Folder {
  fs::path path;
  Folder() {
    char name[] = "/tmp/suanpan-nonces-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }

  std::vector<fs::path> files() const {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(path)) out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
  }
  std::uintmax_t bytes() const {
    std::uintmax_t sum = 0;
    for (const auto& file : files()) sum += fs::file_size(file);
    return sum;
  }
};

std::unique_ptr<NonceStore> open(const Folder& folder, Id128 boot, std::int64_t now_s,
                                 NonceSettings settings = {}) {
  auto store = NonceStore::open(folder.path, settings, boot, at(now_s));
  REQUIRE(store);
  return std::move(store).value();
}

NonceVerdict ask(NonceStore& store, std::string_view nonce, std::int64_t timestamp_s,
                 std::int64_t now_s, std::string_view key = "k") {
  const auto verdict = store.accept(key, nonce, at(timestamp_s), at(now_s));
  REQUIRE(verdict);
  return verdict.value();
}

std::string slurp(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace

TEST_CASE("nonce store: a nonce is taken once for each key") {
  const Folder folder;
  auto store = open(folder, kBootA, kStart_s);
  CHECK(ask(*store, "n1", kStart_s, kStart_s) == NonceVerdict::kFresh);
  CHECK(ask(*store, "n1", kStart_s, kStart_s) == NonceVerdict::kReplayed);
  CHECK(ask(*store, "n1", kStart_s + 5, kStart_s + 5) == NonceVerdict::kReplayed);
  CHECK(ask(*store, "n2", kStart_s, kStart_s) == NonceVerdict::kFresh);
  CHECK(ask(*store, "n1", kStart_s, kStart_s, "k2") == NonceVerdict::kFresh);
  CHECK(ask(*store, "1", kStart_s, kStart_s, "kn") == NonceVerdict::kFresh);  // not "k" + "n1"
}

TEST_CASE("nonce store: what is forgotten is too old, also when the clock steps back") {
  const Folder folder;
  auto store = open(folder, kBootA, kStart_s);
  CHECK(ask(*store, "n", kStart_s, kStart_s) == NonceVerdict::kFresh);
  CHECK(ask(*store, "edge", kStart_s, kStart_s + 300) == NonceVerdict::kFresh);
  CHECK(ask(*store, "n", kStart_s, kStart_s + 300) == NonceVerdict::kReplayed);
  CHECK(ask(*store, "n", kStart_s, kStart_s + 301) == NonceVerdict::kTooOld);
  CHECK(ask(*store, "n", kStart_s, kStart_s) == NonceVerdict::kTooOld);
  store.reset();
  auto again = open(folder, kBootA, kStart_s - 1000);
  CHECK(ask(*again, "edge", kStart_s, kStart_s) != NonceVerdict::kFresh);
}

TEST_CASE("nonce store: a restart remembers, and a client may call at once") {
  const Folder folder;
  for (int round = 0; round < 5; ++round) {
    auto store = open(folder, kBootA, kStart_s);
    for (int i = 0; i < 20; ++i) {
      const NonceVerdict expected = i < round * 4 ? NonceVerdict::kReplayed : NonceVerdict::kFresh;
      if (i < round * 4 + 4)
        CHECK(ask(*store, "n" + std::to_string(i), kStart_s, kStart_s) == expected);
    }
    CHECK(folder.files().size() == 1);
  }
}

TEST_CASE("nonce store: kill -9 at any moment loses no answered nonce") {
  const Folder folder;
  std::set<std::string> answered;
  for (int round = 0; round < 15; ++round) {
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(pipe_ends[0]);
      NonceSettings settings;
      settings.max_file_bytes = 4096;  // so that files turn over as well
      auto store = NonceStore::open(folder.path, settings, kBootA, at(kStart_s));
      if (!store) ::_exit(1);
      for (int i = 0;; ++i) {
        char name[32];
        std::snprintf(name, sizeof name, "%05d-%07d", round, i);
        const auto verdict = store.value()->accept("k", name, at(kStart_s), at(kStart_s));
        if (!verdict || verdict.value() != NonceVerdict::kFresh) ::_exit(2);
        if (::write(pipe_ends[1], name, 13) != 13) ::_exit(3);
      }
    }
    ::close(pipe_ends[1]);
    char name[13];
    const int wanted = 1 + round * 37;
    for (int i = 0; i < wanted && ::read(pipe_ends[0], name, 13) == 13; ++i)
      answered.insert({name, 13});
    ::kill(child, SIGKILL);
    while (::read(pipe_ends[0], name, 13) == 13) answered.insert({name, 13});
    ::close(pipe_ends[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));

    auto store = open(folder, kBootA, kStart_s);
    int fresh = 0;
    for (const std::string& nonce : answered) {
      fresh += ask(*store, nonce, kStart_s, kStart_s) != NonceVerdict::kReplayed;
    }
    CHECK(fresh == 0);
    CHECK(ask(*store, "after-" + std::to_string(round), kStart_s, kStart_s) ==
          NonceVerdict::kFresh);
  }
  CHECK(answered.size() > 100);
}

TEST_CASE("nonce store: power loss at any unsynced byte reopens nothing") {
  // Records are lost from the end of the file, back to the last ceiling at worst; cut everywhere.
  const Folder folder;
  std::vector<std::pair<std::string, std::int64_t>> accepted;
  {
    auto store = open(folder, kBootA, kStart_s);
    for (int i = 0; i < 60; ++i) {
      const std::int64_t ts = kStart_s + i / 2 - (i % 3);
      REQUIRE(ask(*store, "n" + std::to_string(i), ts, kStart_s + i / 2) == NonceVerdict::kFresh);
      accepted.emplace_back("n" + std::to_string(i), ts);
    }
  }
  REQUIRE(folder.files().size() == 1);
  const std::string whole = slurp(folder.files()[0]);
  std::size_t synced = 0;
  for (std::size_t i = 0; i + 32 <= whole.size(); i += 32) {
    if (whole[i] == 'C' || whole[i] == 'B') synced = i + 32;
  }
  REQUIRE(synced < whole.size());
  for (const bool zeroed : {false, true}) {
    for (std::size_t keep = synced; keep <= whole.size(); keep += 8) {
      const Folder image;
      std::string bytes = whole.substr(0, keep);
      if (zeroed) bytes.resize(whole.size(), '\0');
      put(image.path / "nonces-1.log", bytes);
      const std::int64_t now = kStart_s + 31;
      auto store = open(image, kBootB, now);
      int fresh = 0;
      for (const auto& [nonce, ts] : accepted)
        fresh += ask(*store, nonce, ts, now) == NonceVerdict::kFresh;
      CHECK(fresh == 0);
      // Within the step, a client is served again.
      CHECK(ask(*store, "later", kStart_s + 30 + 2 * NonceStore::kCeilingStep_s, now + 10) ==
            NonceVerdict::kFresh);
      // And a restart of the process after that holds it as well.
      store.reset();
      auto again = open(image, kBootB, now);
      for (const auto& [nonce, ts] : accepted)
        fresh += ask(*again, nonce, ts, now) == NonceVerdict::kFresh;
      CHECK(fresh == 0);
    }
  }
}

TEST_CASE("nonce store: a process that died while opening leaves the older judgement in force") {
  const Folder folder;
  {
    auto store = open(folder, kBootA, kStart_s);
    REQUIRE(ask(*store, "n", kStart_s, kStart_s) == NonceVerdict::kFresh);
  }
  // Power loss takes the nonce; the next opening is killed after any of its records.
  const std::string whole = slurp(folder.files()[0]).substr(0, 4 * 32);
  for (std::size_t count = 0; count < 3; ++count) {
    const Folder image;
    put(image.path / "nonces-1.log", whole);
    { const auto store = open(image, kBootB, kStart_s); }
    REQUIRE(image.files().size() == 1);
    const std::string opening = slurp(image.files()[0]);
    put(image.path / "nonces-1.log", whole);
    put(image.files().back(), opening.substr(0, count * 32));
    auto store = open(image, kBootB, kStart_s);
    CHECK(ask(*store, "n", kStart_s, kStart_s) == NonceVerdict::kTooOld);
  }
}

TEST_CASE("nonce store: damaged files make everybody wait for a window, and no longer") {
  for (const std::size_t bit : {0U, 3U, 5U, 12U, 30U}) {
    const Folder folder;
    {
      auto store = open(folder, kBootA, kStart_s);
      for (int i = 0; i < 8; ++i) ask(*store, "n" + std::to_string(i), kStart_s, kStart_s);
    }
    std::string bytes = slurp(folder.files()[0]);
    bytes[5 * 32 + bit] = static_cast<char>(bytes[5 * 32 + bit] ^ 1);
    put(folder.files()[0], bytes);
    auto store = open(folder, kBootA, kStart_s + 1);
    for (int i = 0; i < 8; ++i) {
      CHECK(ask(*store, "n" + std::to_string(i), kStart_s, kStart_s + 1) == NonceVerdict::kTooOld);
    }
    CHECK(ask(*store, "new", kStart_s + 301, kStart_s + 1) == NonceVerdict::kTooOld);
    CHECK(ask(*store, "new", kStart_s + 302, kStart_s + 302) == NonceVerdict::kFresh);
  }
}

TEST_CASE("nonce store: no request is taken twice over random calls, clocks, restarts and losses") {
  for (const unsigned seed : {1U, 2U, 3U, 4U}) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const auto below = [&random](std::uint32_t n) { return random() % n; };
    const Folder folder;
    NonceSettings settings;
    settings.window_s = 20;
    settings.max_file_bytes = 1024;
    std::uint64_t boots = 10;
    std::int64_t now = kStart_s;
    auto store = open(folder, Id128{boots, 0}, now, settings);
    std::set<std::pair<std::string, std::int64_t>> taken;
    int fresh = 0;
    std::map<fs::path, std::size_t> synced;
    for (int step = 0; step < 4000; ++step) {
      const auto dice = below(100);
      if (dice < 1) {
        store.reset();
        if (below(2) == 0) {
          ++boots;  // power loss: records behind the last synced one may be gone
          for (const auto& file : folder.files()) {
            std::string bytes = slurp(file);
            std::size_t least = 0;
            for (std::size_t i = 0; i + 32 <= bytes.size(); i += 32) {
              if (bytes[i] == 'C' || bytes[i] == 'B') least = i + 32;
            }
            const auto lose = static_cast<std::uint32_t>(bytes.size() - least);
            put(file, bytes.substr(0, bytes.size() - (lose > 0 ? below(lose + 1) : 0)));
          }
        }
        store = open(folder, Id128{boots, 0}, now, settings);
      } else if (dice < 10) {
        now += below(3) == 0 ? -static_cast<std::int64_t>(below(8)) : below(12);
      } else {
        const std::int64_t ts = now + static_cast<std::int64_t>(below(41)) - 20;
        const std::string nonce = "n" + std::to_string(below(200));
        if (ask(*store, nonce, ts, now) == NonceVerdict::kFresh) {
          ++fresh;
          CHECK(taken.insert({nonce, ts}).second);
        }
      }
    }
    CHECK(fresh > 100);
    CHECK(folder.bytes() < 20'000);
  }
}

TEST_CASE("nonce store: files turn over and stay small") {
  const Folder folder;
  NonceSettings settings;
  settings.window_s = 10;
  settings.max_file_bytes = 3200;
  auto store = open(folder, kBootA, kStart_s, settings);
  for (int i = 0; i < 2000; ++i) {
    const std::int64_t now = kStart_s + i;
    REQUIRE(ask(*store, "n" + std::to_string(i), now, now) == NonceVerdict::kFresh);
    REQUIRE(folder.files().size() <= 2);
  }
  CHECK(folder.bytes() < 8000);
}

TEST_CASE("nonce store: full is a definite no, and remembers nothing of it") {
  const Folder folder;
  NonceSettings settings;
  settings.max_nonces = 2;
  auto store = open(folder, kBootA, kStart_s, settings);
  CHECK(ask(*store, "a", kStart_s, kStart_s) == NonceVerdict::kFresh);
  CHECK(ask(*store, "b", kStart_s, kStart_s) == NonceVerdict::kFresh);
  const auto full = store->accept("k", "c", at(kStart_s), at(kStart_s));
  REQUIRE_FALSE(full);
  CHECK(full.error().code == Errc::kUnavailable);
  CHECK(ask(*store, "a", kStart_s, kStart_s) == NonceVerdict::kReplayed);
  CHECK(ask(*store, "c", kStart_s + 301, kStart_s + 301) == NonceVerdict::kFresh);
}

TEST_CASE("nonce store: keys that fill it are refused, others keep their part") {
  const Folder folder;
  NonceSettings settings;
  settings.max_nonces = 12;
  settings.max_of_key = 7;
  auto store = open(folder, kBootA, kStart_s, settings);
  int n = 0;
  // How many of ten calls a key gets through, each with a nonce of its own.
  const auto taken = [&](std::string_view key, std::int64_t seconds = kStart_s) {
    int count = 0;
    for (int i = 0; i < 10; ++i) {
      const auto verdict = store->accept(key, "n" + std::to_string(++n), at(seconds), at(seconds));
      if (verdict) {
        CHECK(verdict.value() == NonceVerdict::kFresh);
        ++count;
      } else {
        CHECK(verdict.error().code == Errc::kUnavailable);
      }
    }
    return count;
  };
  CHECK(taken("a") == 7);  // its own bound
  CHECK(taken("b") == 6);  // 5 to the whole, and on to its half of it, 6
  CHECK(taken("a") == 0);
  CHECK(taken("operator") == 4);  // a third of 12
  CHECK(taken("late") == 3);      // a fourth
  CHECK(taken("b") == 0);
  // What was taken is known as ever, what was refused is not.
  CHECK(ask(*store, "n1", kStart_s, kStart_s, "a") == NonceVerdict::kReplayed);
  CHECK_FALSE(store->accept("a", "n8", at(kStart_s), at(kStart_s)));
  // Files do not say whose it was: after a restart they are nobody's, and known.
  store.reset();
  store = open(folder, kBootA, kStart_s, settings);
  CHECK(ask(*store, "n1", kStart_s, kStart_s, "a") == NonceVerdict::kReplayed);
  CHECK(taken("operator") == 4);  // of twice the whole, 20 are taken
  // A window later all is forgotten, and everybody begins anew.
  CHECK(taken("a", kStart_s + 301) == 7);
  CHECK(taken("b", kStart_s + 301) == 6);
  // However many come, it ends: here at 24, twice the whole.
  for (const auto& [key, part] : {std::pair("c", 4), std::pair("d", 3), std::pair("e", 2),
                                  std::pair("f", 2), std::pair("g", 0)})
    CHECK(taken(key, kStart_s + 301) == part);
}

TEST_CASE("nonce store: a directory that cannot be used is an error, not a fresh start") {
  const auto missing = NonceStore::open("/nonexistent/nonces", {}, kBootA, at(kStart_s));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::kIo);
}

TEST_CASE("nonce record: decodes what was encoded and nothing else") {
  const NonceRecord record{NonceRecordKind::kCeiling, -kStart_s, Id128{0x0102030405060708, ~0ULL}};
  const std::string bytes = encode(record);
  REQUIRE(bytes.size() == 32);
  CHECK(bytes[0] == 'C');
  REQUIRE(decode_nonce_record(bytes));
  CHECK(decode_nonce_record(bytes).value() == record);
  for (std::size_t bit = 0; bit < 256; ++bit) {
    std::string bad = bytes;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    CHECK_FALSE(decode_nonce_record(bad));
  }
  for (std::size_t size = 0; size < 32; ++size)
    CHECK_FALSE(decode_nonce_record(bytes.substr(0, size)));
  CHECK_FALSE(decode_nonce_record(std::string(32, '\0')));
}

TEST_CASE("nonce store: the present boot has one name") {
  CHECK_FALSE(current_boot().is_zero());
  CHECK(current_boot() == current_boot());
}
