#include "reconcile/bank_statement_1993.h"

#include <catch2/catch.hpp>
#include <set>

#include "tests/support/shared_data.h"

using namespace suanpan;
using namespace suanpan::reconcile;

namespace {

const std::string kHeader =
    "bank_reference,booking_date,account,direction,operation,amount,balance_after,symbol,"
    "counter_bank,counter_account\n";

Result<Findings1993> analyse(std::string_view rows) {
  Analyser1993 analyser;
  CsvTable table(columns_1993(), {}, [&](const CsvRow& row) -> Result<void> {
    TRY(auto parsed, parse_row_1993(row));
    return analyser.add(parsed);
  });
  TRY(table.feed(kHeader));
  TRY(table.feed(rows));
  TRY(table.finish());
  return analyser.finish();
}

}  // namespace

TEST_CASE("statement 1993: a row break is the bank's own sum, a difference is against the ledger") {
  const auto found = analyse(
      "1,1993-01-01,A,credit,cash_deposit,100.00,100.00,,,\n"
      "2,1993-01-02,A,credit,,0.26,100.30,interest,,\n"  // 0.04 more: break
      "3,1993-01-02,B,credit,cash_deposit,50.00,50.00,,,\n"
      "4,1993-01-03,A,debit,cash_withdrawal,10.00,90.30,,,\n"       // no break, still different
      "5,1993-01-04,A,debit,cash_withdrawal,0.30,89.96,,,\n"        // 0.04 less: break, equal again
      "6,1993-01-05,B,debit,transfer_out,70.00,-20.10,,YZ,123\n");  // break, overdraft
  REQUIRE(found);
  const Findings1993& f = found.value();
  CHECK(f.rows == 6);
  CHECK(f.accounts == 2);
  CHECK(f.credits_minor == 15026);
  CHECK(f.debits_minor == 8030);
  REQUIRE(f.row_breaks.size() == 3);
  CHECK(f.bank_higher == 1);
  CHECK(f.bank_lower == 2);
  CHECK(f.row_breaks[0].line == 3);
  CHECK(f.row_breaks[0].difference_minor == 4);
  CHECK(f.row_breaks[1].bank_reference == "5");
  CHECK(f.row_breaks[1].difference_minor == -4);
  CHECK(f.row_breaks[2].difference_minor == -10);
  CHECK(f.differing_rows == 3);
  REQUIRE(f.final_differences.size() == 1);
  CHECK(f.final_differences[0].account == "B");
  CHECK(f.final_differences[0].ledger_minor == -2000);
  CHECK(f.final_differences[0].bank_minor == -2010);
  CHECK(f.final_difference_minor == -10);
  REQUIRE(f.overdrafts.size() == 1);
  CHECK(f.overdrafts[0].line == 7);
  CHECK(f.lowest_minor == -2000);
  CHECK(f.first_date.iso() == "1993-01-01");
  CHECK(f.last_date.iso() == "1993-01-05");
}

TEST_CASE("statement 1993: a row that cannot be believed is refused with line and column") {
  const std::pair<std::string, std::string> table[] = {
      {",1993-01-01,A,credit,,1.00,1.00,,,\n", "line 2: column \"bank_reference\": empty"},
      {"1,1993-02-30,A,credit,,1.00,1.00,,,\n",
       "line 2: column \"booking_date\": no date of the form YYYY-MM-DD"},
      {"1,1993-01-01,,credit,,1.00,1.00,,,\n", "line 2: column \"account\": empty"},
      {"1,1993-01-01,A,CREDIT,,1.00,1.00,,,\n",
       "line 2: column \"direction\": neither credit nor debit"},
      {"1,1993-01-01,A,credit,,0.00,1.00,,,\n", "line 2: column \"amount\": not above zero"},
      {"1,1993-01-01,A,credit,,-1.00,1.00,,,\n", "line 2: column \"amount\": not above zero"},
      {"1,1993-01-02,A,credit,,1.00,1.00,,,\n2,1993-01-01,A,credit,,1.00,2.00,,,\n",
       "line 3: dated 1993-01-01, after a row of 1993-01-02"},
  };
  for (const auto& [text, message] : table) {
    INFO(text);
    const auto found = analyse(text);
    REQUIRE(!found);
    CHECK(found.error().message == message);
  }
  for (const std::string amount : {"1.001", "1e3", "", " 1", "1,000.00", "99999999999999999999"}) {
    INFO(amount);
    CHECK(!analyse(fmt::format("1,1993-01-01,A,credit,,\"{}\",1.00,,,\n", amount)));
    CHECK(!analyse(fmt::format("1,1993-01-01,A,credit,,1.00,\"{}\",,,\n", amount)));
  }
}

TEST_CASE("statement 1993: balances at the ends of 64 bits are answered, not wrapped") {
  const auto code = [](std::string_view rows) { return analyse(rows).error().code; };
  CHECK(code("1,1993-01-01,A,debit,,1.00,92233720368547758.07,,,\n") == Errc::kTooLarge);
  CHECK(code("1,1993-01-01,A,credit,,92233720368547758.07,0.00,,,\n"
             "2,1993-01-01,A,credit,,1.00,0.00,,,\n") == Errc::kTooLarge);
}

TEST_CASE("statement 1993: the real file gives the published figures") {
  SHARED_OR_SKIP();
  const auto path = test::shared_data() / "bank-statements" / "statement-1993.csv";
  Analyser1993 analyser;
  const auto rows =
      read_statement_1993(path.string(), [&](const BankRow1993& row) { return analyser.add(row); });
  REQUIRE(rows);
  CHECK(rows.value() == 28205);
  const Findings1993 f = analyser.finish().value();
  CHECK(f.rows == 28205);
  CHECK(f.accounts == 1139);
  CHECK(f.credits_minor == 12044223740);
  CHECK(f.debits_minor == 8386629130);
  CHECK(f.row_breaks.size() == 1422);
  CHECK(f.bank_lower == 877);
  CHECK(f.bank_higher == 545);
  std::set<std::int64_t> sizes;
  for (const auto& b : f.row_breaks) sizes.insert(b.difference_minor);
  CHECK(sizes == std::set<std::int64_t>{-10, 10});
  CHECK(f.differing_rows == 10431);
  CHECK(f.final_differences.size() == 458);
  CHECK(f.final_difference_minor == -3320);
  CHECK(f.overdrafts.size() == 15);
  CHECK(f.lowest_minor == -534360);
  CHECK(f.first_date.iso() == "1993-01-01");
}
