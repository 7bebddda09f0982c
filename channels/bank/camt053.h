// camt.053, the bank's statement of an account (对账单), versions .001.02 and .001.08; camt.052
// (interim report) and camt.054 (notification) have the same shape with Rpt and Ntfctn for Stmt and
// are read by the same code, told apart by `kind`.
//
// A camt.053 is believed only if it adds up; then these hold:
//   1. one currency: every balance, entry and part of an entry is in `currency`;
//   2. exactly one OPBD and one CLBD, neither of them an interim page's;
//   3. opening + credits - debits of the booked entries = closing, to the last fen;
//   4. a batch that is divided adds up to its entry; totals of TxsSummry, where given, agree;
//   5. every booked entry has a booking date, from the opening to the closing date.
// A schema can check none of these. camt.052 and camt.054 promise only 1 and 4: they are hints of
// what happened, never the ground of a reconciliation.
//
// Direction: per ISO 20022, CdtDbtInd is the direction of the entry itself. RvslInd only tells that
// it undoes an earlier one: CRDT with RvslInd true is money coming back, whose original was a
// debit. The amount is therefore never turned round a second time.
//
// Pure; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/date.h"
#include "ledger/base/money.h"
#include "ledger/base/result.h"

namespace suanpan::channels::bank {

enum class CamtKind : std::uint8_t { kReport, kStatement, kNotification };  // 052, 053, 054
enum class EntryStatus : std::uint8_t { kBooked, kPending, kInformation, kFuture };
enum class Direction : std::uint8_t { kCredit, kDebit };  ///< as the account holder sees it

/// One movement. A batch entry whose parts all have amounts is divided: one StatementEntry a part,
/// with the entry's number, dates and status. A batch without them stays whole and has no
/// references, since those of one part are not those of the sum.
struct StatementEntry {
  std::uint32_t number = 0;  ///< which Ntry of the statement, from 1: the source row
  std::uint32_t part = 0;    ///< which TxDtls of a divided batch, from 1; 0 for a whole entry
  std::uint32_t parts = 1;   ///< how many transactions the entry stands for
  std::string ntry_ref;
  Money amount;  ///< never negative
  Direction direction = Direction::kCredit;
  bool reversal = false;  ///< 冲正: undoes an earlier entry (see above)
  EntryStatus status = EntryStatus::kBooked;
  std::optional<Date> booking_date;
  std::optional<Date> value_date;
  std::string acct_svcr_ref;  ///< the bank's own number (主机流水号)
  std::string end_to_end_id;  ///< ours, if we sent it; empty for NOTPROVIDED
  std::string counterparty_name;
  std::string counterparty_account;
  std::string remittance;     ///< Ustrd, else structured references, else additional information
  std::string sub_account;    ///< our side's account where it is not the statement's own
  std::string return_reason;  ///< of a returned payment (退汇): code, or else text; else empty

  /// Credit positive, debit negative.
  std::int64_t signed_minor() const {
    return direction == Direction::kCredit ? amount.minor : -amount.minor;
  }
};

struct Statement {
  CamtKind kind = CamtKind::kStatement;
  std::string id;
  std::optional<std::uint64_t> sequence;  ///< ElctrncSeqNb
  std::string account;
  Currency currency = Currency::kCNY;
  std::optional<Timestamp> from;
  std::optional<Timestamp> to;
  // These four are set for kStatement only; a debit balance is negative.
  Money opening;
  Money closing;
  Date opening_date;
  Date closing_date;  ///< the day that the statement is of
  std::vector<StatementEntry> entries;
};

struct CamtMessage {
  CamtKind kind = CamtKind::kStatement;
  unsigned version = 8;  ///< 2 or 8
  std::string message_id;
  Timestamp created_at;
  std::vector<Statement> statements;  ///< at least one
};

/// Reads camt.052, .053 or .054, version 02 or 08. Errors: those of XmlDocument::parse;
/// kUnsupported (another message, version, currency or entry status; a statement sent in pages);
/// kMalformed (missing, repeated or ill-formed elements, opening or closing balance missing);
/// kMismatch (what does not add up). Messages name statement and entry, no party and no account.
Result<CamtMessage> parse_camt(std::string_view xml);

/// That `later` continues `earlier`: same account and currency, next sequence number, opening equal
/// to the closing before, days not going back. Errors: kUnsupported if either is not a camt.053 or
/// has no number; kMismatch saying what is missing, repeated or contradictory.
Result<void> check_continues(const Statement& earlier, const Statement& later);

}  // namespace suanpan::channels::bank
