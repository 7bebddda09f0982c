// The chart of accounts on paper: what it has no room for is found.
#include "ledger/engine/audit.h"

#include "tests/ledger/engine/paper_book.h"

using namespace suanpan;
using test::Paper;

namespace {

using Catch::Matchers::Contains;

// A chart of one leaf, "6001" by merchant. It takes effect over what is opened from then on.
void chart(Paper& p, bool enforced = true) {
  p.document(DocumentKind::kChart, "chart", 1, true, encode(Chart{"small", enforced}));
}
Subject leaf(std::string code, std::vector<std::string> dimensions = {}) {
  return Subject{std::move(code),       "收入", AccountType::kIncome, Side::kCredit, true,
                 std::move(dimensions), "4103"};
}
void subject(Paper& p, const Subject& s, std::uint32_t version = 1) {
  p.document(DocumentKind::kSubject, s.code, version, true, encode(s));
}

}  // namespace

TEST_CASE("verify: an account or a subject that the chart has no room for is found") {
  struct Row {
    const char* what;
    std::function<void(Paper&)> plant;
    const char* fault;
  };
  Subject group = leaf("6002");
  group.leaf = false;
  group.closes_into.clear();
  const Row rows[] = {
      {"an account under no subject", [](Paper& p) { p.open("6003/M1", AccountType::kIncome); },
       "6003/M1 (account 7) lies under no subject"},
      {"an account without its dimension", [](Paper& p) { p.open("6001", AccountType::kIncome); },
       "6001 (account 7) has 0 dimensions, its subject 1"},
      {"an account below its dimensions",
       [](Paper& p) { p.open("6001/M1/x", AccountType::kIncome); },
       "6001/M1/x (account 7) has 2 dimensions, its subject 1"},
      {"an account on a group", [](Paper& p) { p.open("6002", AccountType::kIncome); },
       "6002 (account 7) stands on a group"},
      {"an account of another type", [](Paper& p) { p.open("6001/M1", AccountType::kExpense); },
       "6001/M1 (account 7) is of another kind than its subject"},
      {"income in a currency that is not the book's",
       [](Paper& p) { p.open("6001/M1", AccountType::kIncome, {}, Currency::kUSD); },
       "6001/M1 (account 7) is in USD, in which no year's end carries it"},
      {"a subject that changed", [](Paper& p) { subject(p, leaf("6001"), 2); },
       "subject 6001 changed"},
      {"a subject under a leaf", [](Paper& p) { subject(p, leaf("6001/1")); },
       "subject 6001/1 lies in no group"},
      {"a subject in no group", [](Paper& p) { subject(p, leaf("6009/1")); },
       "subject 6009/1 lies in no group"},
      {"income that closes into nothing",
       [](Paper& p) {
         Subject s = leaf("6004");
         s.closes_into.clear();
         subject(p, s);
       },
       "subject 6004 of income or expense closes into nothing"},
      {"a subject that does not decode",
       [](Paper& p) { p.document(DocumentKind::kSubject, "6004", 1, true, "?"); },
       "subject 6004 does not decode"},
      {"a subject under another key",
       [](Paper& p) { p.document(DocumentKind::kSubject, "6004", 1, true, encode(leaf("6005"))); },
       "subject 6004 does not decode"},
      {"a chart that is given up",
       [](Paper& p) {
         p.document(DocumentKind::kChart, "chart", 2, true, encode(Chart{"free", false}));
       },
       "the chart becomes free, and was enforced"},
      {"a chart that does not decode",
       [](Paper& p) { p.document(DocumentKind::kChart, "other", 1, true, "?"); },
       "a chart does not decode"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Paper p;
    chart(p);
    subject(p, leaf("6001", {"merchant"}));
    subject(p, group);
    p.open("6001/M0", AccountType::kIncome);
    row.plant(p);
    CHECK_THAT(p.fault_of_journal(), Contains(row.fault));
  }
  Paper free;
  chart(free, false);
  subject(free, leaf("6001"));
  CHECK_THAT(free.fault_of_journal(), Contains("subject 6001 in a chart that is free"));
}
