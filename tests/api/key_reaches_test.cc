// How far keys reach is remembered, and never longer than the book says so.
#include <catch2/catch.hpp>

#include "api/keys.h"
#include "channels/merchant.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;
using namespace suanpan::api;

namespace {

struct World {
  suanpan::test::TempFolder folder;
  ManualClock clock{Timestamp::of_cn(*Date::of(2026, 3, 4), 9, 0, 0)};
  std::unique_ptr<Book> book;
  std::optional<Vault> vault;

  World() {
    BookOptions options;
    options.folder = folder.path() / "book";
    options.create = true;
    options.first_date = *Date::of(2026, 3, 4);
    book = std::move(Book::open(options, clock).value());
    vault.emplace(std::move(Vault::open(folder.path() / "vault.key", true).value()));
  }
  void key(const std::string& id, const std::vector<std::string>& accounts) {
    REQUIRE(book->run(new_key(*vault, id, {Role::kUpstream}, {accounts, {}}).command).accepted());
  }
  /// Gives a key another scope, as no command does today.
  void narrow(const std::string& id, const std::string& from, const std::string& to) {
    std::string bytes = book->document(DocumentKind::kApiKey, id)->bytes;
    const auto at = bytes.find(from);
    REQUIRE(at != std::string::npos);
    bytes.replace(at, from.size(), to);
    REQUIRE(book->run(channels::put_document({Id128{5, ++commands_}, kSystemCaller},
                                             CommandKind::kSetting, DocumentKind::kApiKey, id,
                                             bytes, true))
                .accepted());
  }
  void disable(const std::string& id) {
    REQUIRE(book->run(disable_key({Id128{5, ++commands_}, kSystemCaller}, id)).accepted());
  }

 private:
  std::uint64_t commands_ = 0;
};

}  // namespace

TEST_CASE("key reaches: each key's own, read once") {
  World w;
  w.key("u1", {"3001/a"});
  w.key("u2", {"3001/b"});
  KeyReaches reaches(*w.book);
  for (int i = 0; i < 2; ++i) {
    CHECK(reaches.of("u1")->has_account("3001/a/1"));
    CHECK_FALSE(reaches.of("u1")->has_account("3001/b/1"));
    CHECK(reaches.of("u2")->has_account("3001/b/1"));
    CHECK_FALSE(reaches.of("u2")->has_account("3001/a/1"));
  }
  CHECK(reaches.of("u1") == reaches.of("u1"));  // the very same
}

TEST_CASE("key reaches: what is published counts at once") {
  World w;
  w.key("u1", {"3001"});
  KeyReaches reaches(*w.book);
  const auto before = reaches.of("u1");
  CHECK(before->has_account("3001/a"));
  CHECK(before->has_account("3001/b"));
  w.narrow("u1", "3001", "3001/a");
  CHECK(reaches.of("u1")->has_account("3001/a"));
  CHECK_FALSE(reaches.of("u1")->has_account("3001/b"));
  w.narrow("u1", "3001/a", "3001/b");
  CHECK_FALSE(reaches.of("u1")->has_account("3001/a"));
  CHECK(reaches.of("u1")->has_account("3001/b"));
  w.disable("u1");
  CHECK_FALSE(reaches.of("u1")->has_account("3001/b"));
}

TEST_CASE("key reaches: a key that is not there reaches nothing, until it is") {
  World w;
  KeyReaches reaches(*w.book);
  CHECK_FALSE(reaches.of("u1")->has_account("3001"));
  w.key("u1", {"3001"});
  CHECK(reaches.of("u1")->has_account("3001"));
}
