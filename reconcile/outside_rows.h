// From a channel's own rows to the neutral ones of statement.h, and what a bank entry is. Pure.
#pragma once
#include "channels/bank/camt053.h"
#include "channels/wechat/bill.h"
#include "reconcile/statement.h"

namespace suanpan::reconcile {

/// A row of a WeChat trade bill of `day`, found in `file`. A refund is money out; its fee, negative
/// in the bill, is given back.
OutsideRow outside_row(const channels::wechat::TradeBillRow& row, const std::string& file,
                       Date day);

/// What a bill's rows bring to the bank: gross (payments less refunds) and the channel's fee, in
/// fen. Only rows that are done count. Errors: kTooLarge; kMismatch if the fees are no whole fen.
struct BillSums {
  std::int64_t gross = 0;
  std::int64_t fee = 0;
  friend bool operator==(const BillSums&, const BillSums&) = default;
};
Result<BillSums> sums_of(const std::vector<OutsideRow>& rows);

/// A channel's settlement as a bank entry tells of it: whose, and up to which bill day.
struct SettlementCredit {
  std::string channel;
  std::string mchid;
  Date day;
  friend bool operator==(const SettlementCredit&, const SettlementCredit&) = default;
};
/// Nothing unless the entry is a booked credit of a counterparty that the table of channels names,
/// and its remark (or else its end-to-end id) tells merchant and day. Both must hold: anybody can
/// write a remark.
std::optional<SettlementCredit> recognise_settlement(const channels::bank::StatementEntry& entry);

/// The bank's reference of every entry, unique within the account: its own number where it has one
/// that no other entry of the statement has, else statement and place.
std::vector<std::string> references_of(const channels::bank::Statement& statement);

/// A bank entry as a row of `file`, booked under `reference` on `day`. `our_number` is the
/// end-to-end id of a payout or of its return.
OutsideRow outside_row(const channels::bank::StatementEntry& entry, RowKind kind,
                       std::string reference, const std::string& file, Date day);

}  // namespace suanpan::reconcile
