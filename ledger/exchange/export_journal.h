// Writes a book as plain text that outside programs verify: hledger and ledger read the one format,
// beancount the other. They add everything up again, and refuse a book that is one fen out.
//
// What is exported: every accepted command that posted money (vouchers, posted holds, red
// reversals, postings of orders and payouts), one transaction each, sorted by accounting date and
// sequence. Reserved money is not: it has not moved. Debits are positive, credits negative, and a
// red leg is simply the negative of its side.
//
// Accounts are named type:code with the code's '/' as ':', "assets:1002:工商银行". Every account
// and commodity is declared.
//
// What the programs are given to check:
//   hledger, ledger: the balance that the book recorded after an entry, behind each posting. An
//     adjustment into an earlier day sorts before entries that were recorded without it, so between
//     its place by date and its place by sequence nothing recorded holds, and nothing is asserted
//     on the accounts it touched. A last transaction of zeros asserts every account's balance.
//   beancount: the balance of every touched account at the end of each day, by accounting date, to
//     the fen (`~ 0`: its own tolerance would let a fen pass). Its balances take in sub-accounts.
//
// Any number may run beside each other and beside a working book: a run sees one sequence.
#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "ledger/engine/book.h"

namespace suanpan {

/// Accepted by `hledger check -s ordereddates` and `ledger --pedantic`.
/// Errors: kCorrupt or kMismatch when the book's own tables contradict each other; kIo.
Result<void> export_hledger(const Book& book, std::ostream& out);

/// Accepted by `bean-check`. Components of account names are bent to its letters (ASCII letters,
/// digits and '-', or anything beyond ASCII; no small letter first, below the root a capital or
/// digit first), kept apart by the account's number where two would become one; the real code is in
/// the account's metadata.
Result<void> export_beancount(const Book& book, std::ostream& out);

/// The account names in beancount's letters, in the order given. All different.
std::vector<std::string> beancount_names(const std::vector<Account>& accounts);

}  // namespace suanpan
