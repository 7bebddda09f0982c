// The table of documents against a map, through growth, replacement, eviction and warming.
#include "ledger/core/document_table.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

using namespace suanpan;

namespace {

DocumentPtr document(std::string key, std::uint32_t version, bool open,
                     DocumentKind kind = DocumentKind::kCursor) {
  return std::make_shared<const Document>(Document{kind, std::move(key), version, open, "x"});
}

std::vector<std::string> keys_of(const DocumentTable& table) {
  std::vector<std::string> keys;
  table.for_each([&](const DocumentPtr& d) { keys.push_back(d->key); });
  return keys;
}

}  // namespace

TEST_CASE("document table: it says what a map says, whatever is put and evicted") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::uint64_t names = seed == 1 ? 40 : 20'000;  // a small one, and two that are warmed
    DocumentTable table;
    std::map<std::string, DocumentPtr> model;
    for (int step = 0; step < 120'000; ++step) {
      const std::string key = "key of a document " + std::to_string(random() % names);
      const auto it = model.find(key);
      if (random() % 4 != 0) {
        auto made = document(key, it == model.end() ? 1 : it->second->version + 1, random() % 3);
        CHECK(table.put(made) == (it == model.end() ? nullptr : it->second));
        model[key] = made;
      } else {
        const std::uint32_t version = it == model.end() ? 1 : it->second->version - random() % 2;
        table.evict(key, version);
        if (it != model.end() && !it->second->open && it->second->version == version)
          model.erase(it);
      }
      const std::string asked = "key of a document " + std::to_string(random() % names);
      if (random() % 8 == 0) {
        const std::string_view keys[] = {asked, key, "no such key"};
        table.warm(keys);
      }
      const auto should = model.find(asked);
      if (table.find(asked) != (should == model.end() ? nullptr : should->second))
        FAIL("step " << step << ": " << asked << " is not found as it was put");
    }
    CHECK(table.size() == model.size());
    const auto keys = keys_of(table);
    CHECK(keys.size() == model.size());
    for (const std::string& key : keys) CHECK(model.count(key) == 1);
    CHECK(std::set<std::string>(keys.begin(), keys.end()).size() == keys.size());
  }
}

TEST_CASE("document table: without evictions it lists keys in the order in which they came") {
  DocumentTable table;
  CHECK_FALSE(table.find("b"));
  table.evict("b", 1);  // an empty one has nothing to forget
  std::vector<std::string> came;
  for (int i = 0; i < 1'000; ++i) {
    came.push_back(std::to_string(i * 7919 % 1'000));
    table.put(document(came.back(), 1, true));
    table.put(document(came[came.size() / 2], 2, true));
  }
  CHECK(keys_of(table) == came);
}

TEST_CASE("document table: documents of one kind are warmed, and of many no more than those") {
  const DocumentPtr made[] = {document("a", 1, true), document("b", 1, true, DocumentKind::kIndex),
                              document("c", 1, true)};
  std::vector<const Document*> documents;
  for (const DocumentPtr& d : made) documents.push_back(d.get());
  std::vector<std::string> keys;
  DocumentKind kind{};
  const auto warm = [&](DocumentKind of, std::span<const std::string_view> names) {
    kind = of;
    keys.assign(names.begin(), names.end());
  };
  warm_documents({}, warm);
  CHECK(keys.empty());
  warm_documents(documents, warm);
  CHECK(kind == DocumentKind::kCursor);
  CHECK(keys == std::vector<std::string>{"a", "c"});
}
