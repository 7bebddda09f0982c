// Bits that flipped, tails that were torn and sectors that hold something else, in every kind of
// file a book has. Damage may be refused, or told, or without effect; it never changes an answer,
// and a book that verify passes goes on and passes again. The daily roots cannot be damaged without
// verify telling.
//
// SUANPAN_DAMAGES: how many (120); SUANPAN_DAMAGE_SEED: random otherwise, and printed.
// SUANPAN_DAMAGE_ONLY: the number of the one to repeat, of that seed; the damaged book stays in
// suanpan-damaged beside the temporary folders.
#include <cstdio>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "tests/crash/child.h"
#include "tests/crash/settings.h"
#include "tests/ledger/engine/random_book.h"
#include "tests/support/live_copy.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

// By where what is in it matters: the last is nothing that a book is opened from.
const char* const kKinds[] = {"wal",  "sst",   "manifest", "current",
                              "head", "roots", "root.key", "options"};
std::string kind_of(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name.ends_with(".log")) return "wal";
  if (name.ends_with(".sst")) return "sst";
  if (name.starts_with("MANIFEST-")) return "manifest";
  if (name.starts_with("OPTIONS-")) return "options";
  if (name == "CURRENT") return "current";
  return name == "head" || name == "roots" || name == "root.key" ? name : "";
}

// A table is never written again, so copies share it, but for the one that is damaged.
void copy_book(const fs::path& from, const fs::path& to) {
  fs::create_directories(to / "db");
  for (const char* name : {"head", "roots", "root.key"}) fs::copy_file(from / name, to / name);
  for (const auto& entry : fs::directory_iterator(from / "db")) {
    const fs::path name = entry.path().filename();
    if (name == "LOCK" || name.string().starts_with("LOG")) continue;
    if (name.extension() == ".sst")
      fs::create_hard_link(entry.path(), to / "db" / name);
    else
      fs::copy_file(entry.path(), to / "db" / name);
  }
}

std::string content_of(const fs::path& file) {
  std::ostringstream bytes;
  bytes << std::ifstream(file, std::ios::binary).rdbuf();
  return bytes.str();
}

/// One damage to `file`; says what it was.
std::string damage(const fs::path& file, std::mt19937_64& random) {
  std::string bytes = content_of(file);
  const std::size_t at = random() % bytes.size();
  std::string what;
  switch (random() % 8) {
    case 0: {
      what = fmt::format("cut to {} of {} bytes", at, bytes.size());
      bytes.resize(at);
      break;
    }
    case 1: {
      const std::size_t sector = at / 512 * 512, end = std::min(sector + 512, bytes.size());
      const bool zeros = random() % 2 == 0;
      what = fmt::format("sector at {} of {} {}", sector, bytes.size(),
                         zeros ? "zeroed" : "overwritten");
      for (std::size_t i = sector; i < end; ++i)
        bytes[i] = zeros ? '\0' : static_cast<char>(random());
      break;
    }
    default: {
      const unsigned bit = static_cast<unsigned>(random() % 8);
      what = fmt::format("bit {} of byte {} of {}", bit, at, bytes.size());
      bytes[at] = static_cast<char>(bytes[at] ^ 1 << bit);
    }
  }
  fs::remove(file);  // it may be shared
  std::ofstream(file, std::ios::binary) << bytes;
  return what;
}

struct Judged {
  std::string verify, answers, then;
  int status = 0;
};

Judged judge(const fs::path& folder, const fs::path& root_key, const fs::path& said) {
  const std::string command =
      fmt::format("'{}/tests/damage_worker' '{}' '{}' > '{}' 2> '{}.err'", SUANPAN_BINARY_DIR,
                  folder.string(), root_key.string(), said.string(), said.string());
  test::Child child({"/bin/sh", "-c", "ulimit -c 0; exec " + command}, [](const test::Ack&) {});
  if (child.listen(60'000)) {
    child.finish(SIGKILL);
    FAIL("it hangs");
  }
  Judged judged;
  judged.status = child.finish(0);
  std::ifstream lines(said);
  std::getline(lines, judged.verify);
  std::getline(lines, judged.answers);
  std::getline(lines, judged.then);
  return judged;
}

std::string errors_of(const fs::path& said) { return content_of(said.string() + ".err"); }

struct Base {
  const char* name;
  fs::path folder;
  std::string answers;
};

}  // namespace

TEST_CASE("damage: no flipped bit, torn tail or foreign sector changes an answer") {
  const std::uint64_t count = test::setting("SUANPAN_DAMAGES", 120);
  const std::uint64_t seed = test::setting("SUANPAN_DAMAGE_SEED", std::random_device{}());
  const std::uint64_t only = test::setting("SUANPAN_DAMAGE_ONLY", 0);
  std::printf("SUANPAN_DAMAGE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  test::TempFolder folder;
  Base bases[] = {{"as a kill leaves it", folder.path() / "killed", ""},
                  {"closed", folder.path() / "closed", ""}};
  const fs::path root_key = folder.path() / "kept.pub";
  {
    test::RandomBook book(seed, 150, 1 + seed % 2, false, true);
    book.run(500);
    // The root of the journal's last block may be missing: after this it is no day cut's.
    OpenAccountRequest last;
    last.key = ClaimKey{Id128{43, 1}, CallerId{100}};
    last.code = "1002/last";
    REQUIRE(book.book().run(open_account(last)).accepted());
    book.book().wait_projected();
    test::copy_live(book.folder(), bases[0].folder);
    book.close();
    copy_book(book.folder(), bases[1].folder);
    fs::copy_file(book.folder() / "root.key.pub", root_key);
  }
  const fs::path said = folder.path() / "said";
  for (Base& base : bases) {
    const fs::path whole = folder.path() / "whole";
    copy_book(base.folder, whole);
    const Judged judged = judge(whole, root_key, said);
    fs::remove_all(whole);
    REQUIRE(judged.status == 0);
    REQUIRE(judged.verify == "verify: ok");
    REQUIRE(judged.answers.size() == std::string("answers: ").size() + 64);
    REQUIRE(judged.then == "then: ok");
    base.answers = judged.answers;
  }
  REQUIRE(bases[0].answers == bases[1].answers);

  struct Counts {
    int refused = 0, told = 0, ended = 0, without_effect = 0, only_verify = 0;
  };
  std::map<std::string, Counts> counts;
  for (std::uint64_t n = 1; n <= count; ++n) {
    if (only != 0 && n != only) continue;
    std::mt19937_64 random(seed * 1'000'003 + n);
    const Base& base = bases[random() % 2];
    const fs::path copy = folder.path() / "copy";
    copy_book(base.folder, copy);
    // Kinds in turn, the log and the tables twice as often.
    const std::string kind = kKinds[n % 10 < 8 ? n % 10 : n % 2];
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(copy))
      if (kind_of(entry.path()) == kind && entry.is_regular_file() && entry.file_size() > 0)
        files.push_back(entry.path());
    if (files.empty()) {  // a closed book's log
      fs::remove_all(copy);
      continue;
    }
    std::sort(files.begin(), files.end());
    const fs::path& file = files[random() % files.size()];
    const std::string what = damage(file, random);
    if (only != 0) {
      const fs::path kept = fs::temp_directory_path() / "suanpan-damaged";
      fs::remove_all(kept);
      fs::copy(copy, kept, fs::copy_options::recursive);
    }
    INFO("SUANPAN_DAMAGE_SEED=" << seed << " SUANPAN_DAMAGE_ONLY=" << n << ": "
                                << file.filename().string() << ", " << what << ", book "
                                << base.name);
    const Judged judged = judge(copy, root_key, said);
    INFO(judged.verify << "\n" << judged.answers << "\n" << judged.then << "\n" << errors_of(said));
    Counts& c = counts[kind];
    if (kind == "roots" && judged.verify == "verify: ok") FAIL("damaged roots pass");
    if (WIFSIGNALED(judged.status)) {
      // An assertion of RocksDB's: loud enough.
      REQUIRE(WTERMSIG(judged.status) == SIGABRT);
      REQUIRE(errors_of(said).find("rocksdb") != std::string::npos);
      ++c.ended;
    } else if (judged.status != 0) {
      REQUIRE(WEXITSTATUS(judged.status) == 70);
      ++c.ended;
    } else if (judged.answers == base.answers) {
      const bool passed = judged.verify == "verify: ok";
      if (passed && judged.then != "then: ok") FAIL("verify passes what it does not pass later");
      passed ? ++c.without_effect : ++c.only_verify;
    } else if (judged.answers.starts_with("open: refused: ")) {
      // What a book is opened from is held against its head by both. Private keys are none of
      // verify's business.
      if (judged.verify == "verify: ok" && kind != "root.key")
        FAIL("verify passes what does not open");
      ++c.refused;
    } else {
      if (!judged.answers.starts_with("answers: cannot: ")) FAIL("another answer");
      ++c.told;
    }
    if (only != 0)
      std::printf("%s, %s, book %s\n%s\n%s\n%s\n", file.filename().c_str(), what.c_str(), base.name,
                  judged.verify.c_str(), judged.answers.c_str(), judged.then.c_str());
    fs::remove_all(copy);
  }
  Counts all;
  for (const auto& [kind, c] : counts) {
    all.refused += c.refused;
    all.told += c.told + c.only_verify;
    all.ended += c.ended + c.without_effect;
    std::printf("%s: refused %d, reading told %d, ended %d, only verify told %d, no effect %d\n",
                kind.c_str(), c.refused, c.told, c.ended, c.only_verify, c.without_effect);
  }
  if (only != 0) return;
  // Else nothing was shown: books were judged, and damage was met.
  CHECK(static_cast<std::uint64_t>(all.refused + all.told + all.ended) > count / 2);
  CHECK(all.refused > 0);
}
