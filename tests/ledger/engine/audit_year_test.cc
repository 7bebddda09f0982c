// A year's end on paper: a step that is wrong or out of turn is found.
#include "ledger/engine/audit.h"

#include "tests/ledger/engine/paper_book.h"

using namespace suanpan;
using test::Paper;

namespace {

using Catch::Matchers::Contains;

// A year that has ended: a book on paper whose open day is in the next one, with income of 500.
struct PaperYear : Paper {
  AccountId income{6}, profit{7};
  static inline const Date kEnd = *Date::of(2026, 12, 31);
  PaperYear() {
    open("6001", AccountType::kIncome);
    open("4103", AccountType::kEquity);
    post(bank, income, 500);
    days(CommandKind::kDayCut, *Date::of(2027, 1, 4), kToday.plus_days(-1), kToday);
  }
  void days(CommandKind kind, Date open_day, Date closed, Date at) {
    ChangeSet changes = on(at);
    changes.book = BookChange{open_day, closed};
    accept(kind, changes);
  }
  static Document document_of(const YearClose& close, std::uint32_t version) {
    return Document{DocumentKind::kYearClose, "2026", version, true, encode(close)};
  }
  void step(YearCloseState state, std::uint32_t version, bool closes_days = false,
            const char* checker = "乙") {
    ChangeSet changes = on(*Date::of(2027, 1, 4));
    changes.documents.push_back(document_of(
        {2026, state, "甲", state == YearCloseState::kRequested ? "" : checker, 0}, version));
    if (closes_days) changes.book = BookChange{*Date::of(2027, 1, 4), kEnd};
    accept(CommandKind::kYearClose, changes);
  }
  void carry(std::int64_t amount, std::uint32_t version, Date date = kEnd) {
    ChangeSet changes = moving(income, profit, amount);
    changes.date = date;
    changes.documents.push_back(
        document_of({2026, YearCloseState::kCarrying, "甲", "乙", 1}, version));
    accept(CommandKind::kYearClose, changes);
  }
};

}  // namespace

TEST_CASE("verify: a year's end that carries wrong, or out of turn, is found") {
  using State = YearCloseState;
  struct Row {
    const char* what;
    std::function<void(PaperYear&)> plant;
    const char* fault;
  };
  const auto begun = [](PaperYear& p) {
    p.step(State::kRequested, 1);
    p.step(State::kCarrying, 2, true);
  };
  const Row rows[] = {
      {"nothing",
       [&](PaperYear& p) {
         begun(p);
         p.carry(500, 3);
         p.step(State::kClosed, 4);
       },
       "none"},
      {"income that is left behind",
       [&](PaperYear& p) {
         begun(p);
         p.carry(499, 3);
         p.step(State::kClosed, 4);
       },
       "year 2026 is closed while 6001 (account 6) holds -1"},
      {"a request that is rejected and asked for anew",
       [&](PaperYear& p) {
         p.step(State::kRequested, 1);
         p.step(State::kRejected, 2);
         p.step(State::kRequested, 3);
         p.step(State::kCarrying, 4, true);
         p.carry(500, 5);
         p.step(State::kClosed, 6);
       },
       "none"},
      {"a year that is rejected while it carries",
       [&](PaperYear& p) {
         begun(p);
         p.step(State::kRejected, 3);
       },
       "the end of year 2026 goes from state 2 to 4"},
      {"a year that begins although it was rejected",
       [](PaperYear& p) {
         p.step(State::kRequested, 1);
         p.step(State::kRejected, 2);
         p.step(State::kCarrying, 3, true);
       },
       "the end of year 2026 goes from state 4 to 2"},
      {"a year that is rejected by nobody",
       [](PaperYear& p) {
         p.step(State::kRequested, 1);
         p.step(State::kRejected, 2, false, "");
       },
       "year 2026 is rejected by nobody, or in another's name"},
      {"a year that begins unasked", [](PaperYear& p) { p.step(State::kCarrying, 1, true); },
       "the end of year 2026 goes from state 0 to 2"},
      {"a year that is closed by one",
       [](PaperYear& p) {
         p.step(State::kRequested, 1);
         p.step(State::kCarrying, 2, true, "甲");
       },
       "year 2026 is not closed by two"},
      {"a year that carries before its days are closed",
       [](PaperYear& p) {
         p.step(State::kRequested, 1);
         p.step(State::kCarrying, 2, false);
         p.carry(500, 3);
       },
       "a year's end moves money on 2026-12-31 and carries no year of that end"},
      {"a carry dated another day",
       [&](PaperYear& p) {
         begun(p);
         p.carry(500, 3, *Date::of(2026, 12, 30));
       },
       "a year's end moves money on 2026-12-30 and carries no year of that end"},
      {"a carry after the year is closed",
       [&](PaperYear& p) {
         begun(p);
         p.carry(500, 3);
         p.step(State::kClosed, 4);
         p.carry(1, 5);
       },
       "a year's end moves money on 2026-12-31 and carries no year of that end"},
      {"another command into the closed year",
       [&](PaperYear& p) {
         begun(p);
         ChangeSet changes = Paper::moving(p.income, p.profit, 500);
         changes.date = PaperYear::kEnd;
         p.accept(CommandKind::kCase, changes);
       },
       "in a period closed through 2026-12-31"},
      {"a later period that closes while the year is carried",
       [&](PaperYear& p) {
         begun(p);
         p.carry(500, 3);
         p.days(CommandKind::kPeriodClose, *Date::of(2027, 1, 4), *Date::of(2027, 1, 2),
                *Date::of(2027, 1, 4));
         p.step(State::kClosed, 4);
       },
       "year 2026 is closed while its days are not"},
      {"a year that ends by another command",
       [](PaperYear& p) {
         p.document(DocumentKind::kYearClose, "2026", 1, true,
                    encode(YearClose{2026, State::kRequested, "甲", "", 0}));
       },
       "year 2026 ends by another command"},
      {"a year under another's key",
       [](PaperYear& p) {
         p.document(DocumentKind::kYearClose, "2025", 1, true,
                    encode(YearClose{2026, State::kRequested, "甲", "", 0}));
       },
       "the end of year 2025 does not decode"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    PaperYear p;
    row.plant(p);
    CHECK_THAT(p.fault_of_journal(), Contains(row.fault));
  }
}
