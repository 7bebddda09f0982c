// What a key may touch: paths by whole segments, nothing where nothing is named.
#include "api/key_scope.h"

#include <catch2/catch.hpp>

#include "api/keys.h"

using namespace suanpan;
using namespace suanpan::api;

TEST_CASE("key scope: a path covers itself and what lies below it, by whole segments") {
  const Reach reach({{"3001/小区1", "2203"}, {"M1001", "M1"}});
  for (const char* code :
       {"3001/小区1", "3001/小区1/3幢", "3001/小区1/3幢/0402", "2203", "2203/x"}) {
    INFO(code);
    CHECK(reach.has_account(code));
  }
  for (const char* code : {"3001/小区10", "3001/小区10/3幢", "3001/小区", "3001", "22030", "220",
                           "", "/", "x/3001/小区1"}) {
    INFO(code);
    CHECK_FALSE(reach.has_account(code));
  }
  CHECK_FALSE(reach.all_accounts());
  CHECK(reach.has_merchant("M1"));
  CHECK(reach.has_merchant("M1001"));
  for (const char* merchant : {"M100", "M10011", "m1", "", "/"})
    CHECK_FALSE(reach.has_merchant(merchant));
}

TEST_CASE(
    "key scope: who names nothing may touch nothing, and the whole book is named by a stroke") {
  for (const auto& none : {Reach::nothing(), std::make_shared<const Reach>(KeyScope{})}) {
    CHECK_FALSE(none->all_accounts());
    CHECK_FALSE(none->has_account("3001"));
    CHECK_FALSE(none->has_account(""));
    CHECK_FALSE(none->has_merchant("M1"));
  }
  const Reach accounts({{"/"}, {}});
  CHECK(accounts.all_accounts());
  CHECK(accounts.has_account("3001/小区1"));
  CHECK_FALSE(accounts.has_merchant("M1"));
  const Reach merchants({{}, {"/"}});
  CHECK(merchants.has_merchant("M1"));
  CHECK_FALSE(merchants.has_account("3001"));
}

TEST_CASE("key scope: a path is touched from above, from below and at itself, by whole segments") {
  const Reach reach({{"3001/小区1", "3001/小区1/3幢", "2203"}, {}});
  for (const char* path : {"3001", "3001/小区1", "3001/小区1/4幢", "2203", "2203/x"}) {
    INFO(path);
    CHECK(reach.touches(path));
  }
  for (const char* path : {"3001/小区", "3001/小区10", "300", "220", "22030", "2101", ""}) {
    INFO(path);
    CHECK_FALSE(reach.touches(path));
  }
  CHECK(Reach::whole_book()->touches("2101"));
  CHECK_FALSE(Reach::nothing()->touches("2101"));
  CHECK_FALSE(Reach::nothing()->touches(""));
}

TEST_CASE("key scope: what cannot be meant is refused") {
  const struct {
    KeyScope scope;
    bool fits;
  } rows[] = {
      {{{}, {}}, true},
      {{{"/"}, {"/"}}, true},
      {{{"3001/小区1", "3001"}, {"M1|2", "M-1_a.*"}}, true},
      {{{"/", "3001"}, {}}, false},     // the whole book and a part of it
      {{{"/3001"}, {}}, false},         // no account begins so
      {{{"3001/"}, {}}, false},         // and none ends so
      {{{"3001//x"}, {}}, false},       // or has an empty segment
      {{{""}, {}}, false},              // everything begins with nothing
      {{{"3001", "3001"}, {}}, false},  // twice
      {{{"30 01"}, {}}, false},
      {{{}, {"/", "M1"}}, false},
      {{{}, {""}}, false},
      {{{}, {"M/1"}}, false},
      {{{}, {"M 1"}}, false},
      {{{}, {std::string(65, 'M')}}, false},
      {{std::vector<std::string>(kMaxScopePaths + 1, "3001"), {}}, false},
  };
  for (const auto& row : rows) {
    INFO(text_of(row.scope.accounts) << " | " << text_of(row.scope.merchants));
    CHECK(check_scope(row.scope).has_value() == row.fits);
  }
  // A scope goes with the role upstream: elsewhere it would promise what nobody holds.
  CHECK(check_key({Role::kUpstream, Role::kMaker}, {{"3001"}, {}}));
  CHECK_FALSE(check_key({Role::kMaker}, {{"3001"}, {}}));
  CHECK_FALSE(check_key({Role::kAuditor}, {{}, {"M1"}}));
  CHECK(check_key({Role::kMaker}, {}));
}

TEST_CASE(
    "key scope: the command line's list is its parts, and an empty part is kept to be refused") {
  using List = std::vector<std::string>;
  CHECK(split_scope("") == List{});
  CHECK(split_scope("/") == List{"/"});
  CHECK(split_scope("3001/小区1,2203") == List{"3001/小区1", "2203"});
  CHECK(split_scope("a,,b") == List{"a", "", "b"});
  CHECK(split_scope("a,") == List{"a", ""});
  CHECK(split_scope(",") == List{"", ""});
}
