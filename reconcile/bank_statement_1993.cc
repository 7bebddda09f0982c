#include "reconcile/bank_statement_1993.h"

#include <algorithm>

namespace suanpan::reconcile {
namespace {

enum Column : std::size_t {
  kBankReference,
  kBookingDate,
  kAccount,
  kDirection,
  kOperation,
  kAmount,
  kBalanceAfter,
  kSymbol,
  kCounterBank,
  kCounterAccount,
};

Error bad(const CsvRow& row, std::string_view column, std::string_view what) {
  return fail(Errc::kMalformed, "line {}: column \"{}\": {}", row.line(), column, what);
}

Result<Money> parse_czk(const CsvRow& row, Column column, std::string_view name) {
  auto money = parse_major(row[column], Currency::kCZK);
  if (!money) return bad(row, name, money.error().message);
  return money;
}

Result<std::int64_t> sum(std::int64_t a, std::int64_t b) {
  const auto total = checked_add(a, b);
  if (!total) return fail(Errc::kTooLarge, "a balance does not fit 64 bits");
  return *total;
}

Result<std::int64_t> difference(std::int64_t a, std::int64_t b) {
  const auto value = checked_sub(a, b);
  if (!value) return fail(Errc::kTooLarge, "a difference does not fit 64 bits");
  return *value;
}

}  // namespace

ColumnMap columns_1993() {
  return ColumnMap({{{"bank_reference"}},
                    {{"booking_date"}},
                    {{"account"}},
                    {{"direction"}},
                    {{"operation"}},
                    {{"amount"}},
                    {{"balance_after"}},
                    {{"symbol"}, false},
                    {{"counter_bank"}, false},
                    {{"counter_account"}, false}});
}

Result<BankRow1993> parse_row_1993(const CsvRow& row) {
  BankRow1993 out;
  out.line = row.line();
  out.bank_reference = row[kBankReference];
  if (out.bank_reference.empty()) return bad(row, "bank_reference", "empty");
  const auto date = Date::parse(row[kBookingDate]);
  if (!date) return bad(row, "booking_date", "no date of the form YYYY-MM-DD");
  out.booking_date = *date;
  out.account = row[kAccount];
  if (out.account.empty()) return bad(row, "account", "empty");
  if (row[kDirection] != "credit" && row[kDirection] != "debit") {
    return bad(row, "direction", "neither credit nor debit");
  }
  out.is_credit = row[kDirection] == "credit";
  out.operation = row[kOperation];
  TRY(out.amount, parse_czk(row, kAmount, "amount"));
  if (out.amount.minor <= 0) return bad(row, "amount", "not above zero");
  TRY(out.balance_after, parse_czk(row, kBalanceAfter, "balance_after"));
  out.symbol = row[kSymbol];
  out.counter_bank = row[kCounterBank];
  out.counter_account = row[kCounterAccount];
  return out;
}

Result<std::uint64_t> read_statement_1993(const std::string& path, RowSink1993 sink) {
  return read_csv_file(path, columns_1993(), {}, [&](const CsvRow& row) -> Result<void> {
    TRY(auto parsed, parse_row_1993(row));
    return sink(parsed);
  });
}

Result<void> Analyser1993::add(const BankRow1993& row) {
  Findings1993& f = findings_;
  if (f.rows > 0 && row.booking_date < f.last_date) {
    return fail(Errc::kMismatch, "line {}: dated {}, after a row of {}", row.line,
                row.booking_date.iso(), f.last_date.iso());
  }
  Balances& balances = accounts_[row.account];
  TRY(auto expected, sum(balances.bank, row.signed_minor()));
  TRY(balances.ledger, sum(balances.ledger, row.signed_minor()));
  auto& turnover = row.is_credit ? f.credits_minor : f.debits_minor;
  TRY(turnover, sum(turnover, row.amount.minor));
  balances.bank = row.balance_after.minor;
  TRY(auto off, difference(balances.bank, expected));
  TRY(difference(balances.bank, balances.ledger));

  if (f.rows++ == 0) f.first_date = row.booking_date;
  f.last_date = row.booking_date;
  if (balances.bank != expected) {
    f.row_breaks.push_back({row.line, row.account, row.bank_reference, off});
    ++(balances.bank < expected ? f.bank_lower : f.bank_higher);
  }
  f.differing_rows += balances.bank != balances.ledger;
  if (balances.ledger < 0) {
    f.overdrafts.push_back({row.line, row.account, row.bank_reference, balances.ledger});
    f.lowest_minor = std::min(f.lowest_minor, balances.ledger);
  }
  return success();
}

Result<Findings1993> Analyser1993::finish() const {
  Findings1993 f = findings_;
  f.accounts = accounts_.size();
  for (const auto& [account, balances] : accounts_) {
    TRY(auto off, difference(balances.bank, balances.ledger));
    if (off == 0) continue;
    f.final_differences.push_back({account, balances.bank, balances.ledger, off});
    TRY(f.final_difference_minor, sum(f.final_difference_minor, off));
  }
  return f;
}

}  // namespace suanpan::reconcile
