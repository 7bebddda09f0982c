// What a plain text journal (hledger, ledger, beancount) says, read whole and found to hold: every
// transaction balances, every account and commodity is declared, every asserted balance is right.
//
// The readers take the part of the two languages that a book can hold, exactly (money to the fen,
// no tolerance), and refuse the rest with its line rather than guess: prices, lots, virtual
// postings, automated and periodic transactions, includes, balance assignments, pads. Declarations
// are demanded as `hledger check -s`, `ledger --pedantic` and `bean-check` demand them.
//
// Pure.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.h"
#include "ledger/core/voucher.h"

namespace suanpan {

struct PlainAccount {
  std::size_t line = 0;
  std::string source;  ///< as the file calls it: "assets:1002:工商银行"
  AccountType type = AccountType::kAsset;
  Currency currency = Currency::kCNY;
  std::string code;  ///< in the book: "1002/工商银行"
  std::string name;
};

struct PlainPosting {
  std::size_t line = 0;
  std::string account;  ///< as the file calls it
  Money amount;         ///< debit positive
};

struct PlainTransaction {
  std::size_t line = 0;
  Date date;
  std::optional<Date> effective;
  std::string summary;
  VoucherType type = VoucherType::kGeneral;
  std::optional<ClaimKey> key;  ///< where the file carries our own
  std::vector<PlainPosting> postings;
};

struct PlainJournal {
  std::vector<PlainAccount> accounts;          ///< one for each account and currency posted
  std::vector<PlainTransaction> transactions;  ///< by date, then as in the file
};

/// Errors: kMalformed, kUnsupported, kMismatch (something does not add up), each beginning with
/// "line N: ".
Result<PlainJournal> read_hledger(std::string_view text);
Result<PlainJournal> read_beancount(std::string_view text);

// ---- shared by the two readers

Error plain_error(std::size_t line, Errc code, std::string_view what);

/// Lines without their ends; a CR before an LF goes with it. Errors: text that is not UTF-8.
Result<std::vector<std::string_view>> plain_lines(std::string_view text);

/// "-12.30 CNY" or "CNY -12.30". Errors: an amount without a known commodity, with more decimals
/// than it has, or in a form that could mean two things.
Result<Money> plain_amount(std::size_t line, std::string_view text);

/// Gives the posting without an amount what the others leave. Errors: kMismatch when they do not
/// add up to zero in every commodity, or more than one has none.
struct OpenPosting {
  PlainPosting posting;
  bool has_amount = true;
};
Result<std::vector<PlainPosting>> balanced(std::size_t line, std::vector<OpenPosting> postings);

/// Takes an account of the file into the book's chart under `code`: the first commodity keeps the
/// code, further ones get it below. Errors: kMalformed when the code cannot be one.
class PlainChart {
 public:
  Result<void> use(std::size_t line, const std::string& source, Currency currency, AccountType type,
                   const std::string& code, const std::string& name);
  std::vector<PlainAccount> take() { return std::move(accounts_); }

 private:
  std::vector<PlainAccount> accounts_;
  std::map<std::string, std::set<Currency>> used_;  // by the file's name
  std::map<std::string, std::string> source_of_code_;
};

}  // namespace suanpan
