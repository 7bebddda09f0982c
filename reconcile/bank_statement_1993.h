// The Czech bank's transactions of 1993 (PKDD'99 Discovery Challenge), as rows and as figures. Pure
// but for read_statement_1993; posting them is the importer's.
//
// Three things are told apart:
//  - a ROW BREAK: the bank's balance after a row is not its own balance before plus or minus the
//    amount. It is the source's rounding and shows where a difference came from.
//  - a DIFFERENCE: the bank's balance after a row is not the exact running balance. Differences
//    persist after a row break until another cancels it; they are no further breaks.
//  - an OVERDRAFT: the exact balance is below zero. Depositor accounts carry a credit line.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ledger/base/date.h"
#include "ledger/base/money.h"
#include "reconcile/read_csv.h"

namespace suanpan::reconcile {

struct BankRow1993 {
  std::uint64_t line = 0;  ///< in the file, from 1 with the header
  std::string bank_reference;
  Date booking_date;
  std::string account;
  bool is_credit = false;
  std::string operation;  ///< cash_deposit, cash_withdrawal, transfer_in, transfer_out or empty
  Money amount;           ///< positive, CZK
  Money balance_after;    ///< the bank's
  std::string symbol;
  std::string counter_bank;
  std::string counter_account;

  /// Signed by direction: what the row does to the depositor's balance.
  std::int64_t signed_minor() const { return is_credit ? amount.minor : -amount.minor; }
};

/// The columns, in the order that parse_row_1993 expects of the map.
ColumnMap columns_1993();
/// Errors: kMalformed with line and column.
Result<BankRow1993> parse_row_1993(const CsvRow& row);

using RowSink1993 = std::function<Result<void>(const BankRow1993&)>;
/// Streams a file. The count of rows. Errors: as read_csv_file and parse_row_1993, and the sink's.
Result<std::uint64_t> read_statement_1993(const std::string& path, RowSink1993 sink);

struct RowBreak1993 {
  std::uint64_t line = 0;
  std::string account;
  std::string bank_reference;
  std::int64_t difference_minor = 0;  ///< bank minus what its own last balance gives
};
struct FinalDifference1993 {
  std::string account;
  std::int64_t bank_minor = 0;
  std::int64_t ledger_minor = 0;
  std::int64_t difference_minor = 0;  ///< bank minus ledger
};
struct Overdraft1993 {
  std::uint64_t line = 0;
  std::string account;
  std::string bank_reference;
  std::int64_t ledger_minor = 0;  ///< below zero
};

struct Findings1993 {
  std::uint64_t rows = 0;
  std::uint64_t accounts = 0;
  Date first_date;
  Date last_date;
  std::int64_t credits_minor = 0;
  std::int64_t debits_minor = 0;
  std::vector<RowBreak1993> row_breaks;  ///< in file order
  std::uint64_t bank_lower = 0;          ///< row breaks where the bank is lower
  std::uint64_t bank_higher = 0;
  std::uint64_t differing_rows = 0;  ///< rows after which bank and exact balance differ
  std::vector<FinalDifference1993> final_differences;  ///< by account as text
  std::int64_t final_difference_minor = 0;             ///< their sum
  std::vector<Overdraft1993> overdrafts;               ///< in file order
  std::int64_t lowest_minor = 0;  ///< of the exact balances, 0 if none is below
};

/// Feeds on rows in file order; memory grows with accounts and findings, not with rows.
class Analyser1993 {
 public:
  /// Errors: kMismatch for a date before the last row's; kTooLarge for a sum beyond 64 bits.
  Result<void> add(const BankRow1993& row);
  /// Errors: kTooLarge.
  Result<Findings1993> finish() const;

 private:
  struct Balances {
    std::int64_t bank = 0;
    std::int64_t ledger = 0;
  };
  Findings1993 findings_;
  std::map<std::string, Balances> accounts_;
};

}  // namespace suanpan::reconcile
