// Posts a bank's statement as that bank's own book: every row a voucher through the same planner as
// everything else, the day cuts driven by the booking dates. Repeating it, or resuming after a
// kill, posts nothing twice: each row's id is derived from its place and reference.
//
//   row            debit             credit            counter account
//   credit         counter           2011/<account>    1001 cash, 1021 other banks, 6411 interest
//   and fees debit          2011/<account>    counter
//
// Depositor accounts carry a credit line: a few rows of real banks overdraw.
#pragma once
#include <filesystem>

#include "ledger/engine/book.h"
#include "reconcile/bank_statement_1993.h"

namespace suanpan::reconcile {

/// What the import did and what the statement holds, the differences taken from the ledger itself.
struct ImportReport {
  std::uint64_t rows = 0;
  std::uint64_t posted = 0;    ///< new vouchers
  std::uint64_t replayed = 0;  ///< rows that an earlier run had posted
  std::uint64_t accounts = 0;
  std::uint64_t day_cuts = 0;
  std::int64_t credits_minor = 0;  ///< as posted to the depositors' accounts in the ledger
  std::int64_t debits_minor = 0;
  std::vector<RowBreak1993> row_breaks;
  std::uint64_t bank_lower = 0, bank_higher = 0;
  std::uint64_t differing_rows = 0;
  std::vector<FinalDifference1993> final_differences;  ///< bank minus ledger, from ledger balances
  std::int64_t final_difference_minor = 0;
  std::vector<Overdraft1993> overdrafts;
  std::int64_t lowest_minor = 0;
};

inline constexpr std::int64_t kDepositorCreditLine_minor = 10'000'00;

/// Options of a book that such a statement is imported into.
BookOptions statement_book(const std::filesystem::path& folder, Date first_date);

/// Errors: the reader's, with the line; kMismatch when the book is in another currency than the
/// statement (CZK), when the ledger refuses a row (naming row and refusal) or its final totals are
/// not what the rows say.
Result<ImportReport> import_statement_1993(Book& book, const std::filesystem::path& file);

/// The report as text for a terminal, in Chinese with English keys.
std::string render(const ImportReport& report);

}  // namespace suanpan::reconcile
