#include "ledger/base/subject_keys.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "ledger/base/digest.h"
#include "ledger/base/sealed_text.h"
#include "ledger/base/vault.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;

namespace {

struct Fixture {
  test::TempFolder folder;
  std::filesystem::path path = folder.path() / "vault.key";
  Vault vault = reopened(true);

  Vault reopened(bool create = false) {
    auto opened = Vault::open(path, create);
    REQUIRE(opened);
    return std::move(opened.value());
  }
  std::string bytes_of(const char* suffix) const {
    std::ifstream in(path.string() + suffix, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return std::move(text).str();
  }
  void overwrite(const char* suffix, const std::string& bytes) const {
    std::ofstream(path.string() + suffix, std::ios::binary) << bytes;
  }
};

SubjectKey made(Result<SubjectKey> key) {
  REQUIRE(key);
  return std::move(key.value());
}

std::string revealed(const Vault& vault, const std::string& name) {
  const auto key = vault.subjects().key(name);
  REQUIRE(key);
  return key.value() ? std::string(key.value()->reveal()) : std::string("erased");
}

}  // namespace

TEST_CASE("subject keys: a person has one key, before and after a restart; another has another") {
  Fixture f;
  const Id128 a = f.vault.subject_index("account", "6222000000000020");
  const Id128 b = f.vault.subject_index("account", "6222000000000038");
  CHECK(a != f.vault.subject_index("openid", "6222000000000020"));
  const SubjectKey first = made(f.vault.subjects().of(a));
  const SubjectKey again = made(f.vault.subjects().of(a));
  const SubjectKey other = made(f.vault.subjects().of(b));
  CHECK(first.name == again.name);
  CHECK(first.key.reveal() == again.key.reveal());
  CHECK(first.key.reveal().size() == 32);
  CHECK(first.name != other.name);
  CHECK(first.key.reveal() != other.key.reveal());
  const Vault vault = f.reopened();
  CHECK(vault.subject_index("account", "6222000000000020") == a);
  CHECK(made(vault.subjects().of(a)).name == first.name);
  CHECK(revealed(vault, first.name) == first.key.reveal());
  CHECK_FALSE(vault.subjects().find(vault.subject_index("account", "nobody")));
}

TEST_CASE("subject keys: who would wait for a sync is told before") {
  Fixture f;
  SubjectKeys& keys = f.vault.subjects();
  const Id128 who = f.vault.subject_index("openid", "oPlantedOpenid01");
  CHECK_FALSE(keys.has(who));
  made(keys.of(who));
  CHECK(keys.has(who));
  CHECK(f.reopened().subjects().has(who));
  // A stock has sixteen keys at first, and few are left when eight are.
  CHECK_FALSE(keys.has_stock());
  for (int taken = 1; taken <= 16; ++taken) {
    made(keys.take());
    INFO(taken);
    CHECK(keys.has_stock() == (taken <= 8));
  }
  made(keys.take());
  CHECK(keys.has_stock());
}

TEST_CASE("subject keys: a stock of keys without a person never gives one twice") {
  Fixture f;
  std::set<std::string> names, keys;
  for (int i = 0; i < 100; ++i) {
    const SubjectKey key = made(f.vault.subjects().take());
    names.insert(key.name);
    keys.emplace(key.key.reveal());
    CHECK(revealed(f.vault, key.name) == key.key.reveal());
  }
  const Vault vault = f.reopened();
  for (int i = 0; i < 100; ++i) {
    const SubjectKey key = made(vault.subjects().take());
    names.insert(key.name);
    keys.emplace(key.key.reveal());
  }
  CHECK(names.size() == 200);
  CHECK(keys.size() == 200);
}

TEST_CASE("subject keys: what is erased opens nothing, once more and after a restart either") {
  Fixture f;
  const Id128 who = f.vault.subject_index("openid", "oPayer");
  const SubjectKey person = made(f.vault.subjects().of(who));
  const SubjectKey order = made(f.vault.subjects().take());
  for (const SubjectKey& key : {person, order}) {
    INFO(key.name);
    const std::string sealed = Vault::seal_under(key, "what", "门牌7栋");
    CHECK(sealed_key_name(sealed) == key.name);
    CHECK(sealed.starts_with("k1:" + key.name + ":"));
    CHECK(f.vault.unseal_under("what", sealed).value()->reveal() == "门牌7栋");
    CHECK(f.vault.unseal_under("other", sealed).error().code == Errc::kBadSignature);
    const char* suffix = key.name[0] == 'p' ? ".persons" : ".orders";
    const std::string before = f.bytes_of(suffix);
    REQUIRE(f.vault.subjects().erase(key.name));
    REQUIRE(f.vault.subjects().erase(key.name));
    CHECK_FALSE(f.vault.unseal_under("what", sealed).value());
    CHECK_FALSE(f.reopened().unseal_under("what", sealed).value());
    // The slot is the same one, and of its 60 bytes of nonce and wrapped key none is left.
    const std::string after = f.bytes_of(suffix);
    REQUIRE(after.size() == before.size());
    std::size_t slot = 0;
    while (after[slot] == before[slot]) ++slot;
    slot -= slot % 128;
    CHECK(after.substr(slot + 8, 116) == std::string(116, '\0'));
    CHECK(after.substr(slot + 128) == before.substr(slot + 128));
  }
  // Who comes again is given another key.
  CHECK_FALSE(f.vault.subjects().has(who));
  CHECK(made(f.vault.subjects().of(who)).name != person.name);
}

TEST_CASE("subject keys: an older copy of a file opens nothing of a newer one's, and says so") {
  Fixture f;
  const std::string older = f.bytes_of(".persons");
  const SubjectKey lost = made(f.vault.subjects().of(f.vault.subject_index("account", "1")));
  f.overwrite(".persons", older);
  const Vault vault = f.reopened();
  CHECK(vault.subjects().key(lost.name).error().code == Errc::kNotFound);
  const SubjectKey next = made(vault.subjects().of(vault.subject_index("account", "2")));
  CHECK(next.name != lost.name);  // the same slot, another salt
  CHECK(next.name.substr(0, 3) == lost.name.substr(0, 3));
  CHECK(vault.subjects().key(lost.name).error().code == Errc::kNotFound);
  REQUIRE(vault.subjects().erase(lost.name));  // and does not take the new one with it
  CHECK(revealed(vault, next.name) == next.key.reveal());
}

TEST_CASE("subject keys: a torn end is passed over, damage is named, foreign files are refused") {
  Fixture f;
  const Id128 who = f.vault.subject_index("account", "1");
  const SubjectKey key = made(f.vault.subjects().of(who));
  const std::string whole = f.bytes_of(".persons");
  f.overwrite(".persons", whole + "torn");
  {
    const Vault vault = f.reopened();
    CHECK(made(vault.subjects().of(who)).name == key.name);
    const SubjectKey next = made(vault.subjects().of(vault.subject_index("account", "2")));
    CHECK(revealed(vault, next.name) == next.key.reveal());
  }
  std::string flipped = whole;
  flipped[128 + 40] = static_cast<char>(flipped[128 + 40] ^ 1);
  f.overwrite(".persons", flipped);
  {
    const Vault vault = f.reopened();
    CHECK(vault.subjects().key(key.name).error().code == Errc::kCorrupt);
    CHECK(made(vault.subjects().of(who)).name != key.name);
    REQUIRE(vault.subjects().erase(key.name));
    CHECK(revealed(vault, key.name) == "erased");
  }
  f.overwrite(".persons", "");
  CHECK(Vault::open(f.path, false).error().code == Errc::kCorrupt);
  std::filesystem::remove(f.path.string() + ".persons");
  CHECK(Vault::open(f.path, false).error().code == Errc::kNotFound);
  const auto other = Vault::open(f.folder.path() / "other.key", true);
  REQUIRE(other);
  std::filesystem::copy_file(f.folder.path() / "other.key.persons", f.path.string() + ".persons");
  CHECK(Vault::open(f.path, false).error().code == Errc::kMismatch);
  ::chmod((f.folder.path() / "other.key.orders").c_str(), 0644);
  CHECK(Vault::open(f.folder.path() / "other.key", false).error().code == Errc::kConfig);
}

TEST_CASE("subject keys: who was erased while the key was damaged is given another") {
  Fixture f;
  const Id128 who = f.vault.subject_index("account", "1");
  const SubjectKey key = made(f.vault.subjects().of(who));
  std::fstream file(f.path.string() + ".persons", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(128 + 40).put('\x7f').put('\x7f');
  file.close();
  CHECK(f.vault.subjects().of(who).error().code == Errc::kCorrupt);
  REQUIRE(f.vault.subjects().erase(key.name));
  const SubjectKey next = made(f.vault.subjects().of(who));
  CHECK(next.name != key.name);
  CHECK(made(f.vault.subjects().of(who)).name == next.name);
  CHECK(revealed(f.vault, key.name) == "erased");
}

TEST_CASE("subject keys: a key that cannot be written is not given, and somebody hears of it") {
  Fixture f;
  std::string heard;
  f.vault.subjects().on_failed_write([&](const Error& e) { heard = name_of(e.code); });
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto previous = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit none{128, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
  const auto person = f.vault.subjects().of(f.vault.subject_index("account", "1"));
  const auto order = f.vault.subjects().take();
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  ::signal(SIGXFSZ, previous);
  CHECK(person.error().code == Errc::kIo);
  CHECK(order.error().code == Errc::kIo);
  CHECK(heard == "io");
}

TEST_CASE("subject keys: names that are none are refused") {
  Fixture f;
  for (const char* name : {"", "p", "p1", "p1.", "q1.00000000", "p1.0000000", "p01.00000000",
                           "p1.0000000G", "p-1.00000000", "p1.00000000 "}) {
    INFO(name);
    CHECK(f.vault.subjects().key(name).error().code == Errc::kMalformed);
    CHECK(f.vault.subjects().erase(name).error().code == Errc::kMalformed);
  }
  for (const char* sealed : {"", "v1:AAAA", "k1:", "k1::AAAA", "k1:p1.00000000"}) {
    INFO(sealed);
    CHECK(f.vault.unseal_under("what", sealed).error().code == Errc::kMalformed);
  }
  CHECK(
      f.vault.unseal_under("what", "k1:p0.00000000:" + base64(std::string(28, 'x'))).error().code ==
      Errc::kNotFound);  // the head is no slot
}

TEST_CASE("subject keys: threads that ask for one person at once get one key") {
  Fixture f;
  std::vector<std::thread> threads;
  std::vector<std::string> names(8);
  for (std::size_t t = 0; t < names.size(); ++t)
    threads.emplace_back([&f, &names, t] {
      for (int i = 0; i < 20; ++i) {
        const auto key = f.vault.subjects().of(f.vault.subject_index("account", std::to_string(i)));
        names[t] += key ? key.value().name + " " : "failed ";
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& of_thread : names) CHECK(of_thread == names[0]);
}
