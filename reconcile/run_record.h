// What reconciliation remembers, as documents: which file was taken in, what its run found, what a
// bill promises to arrive at the bank, and what has arrived.
//
//   kStatement       "<sha-256>/<subject>/<YYYYMMDD>"   TakenFile
//   kReconcileRun    "<run number>"                     RunRecord
//   kCursor          "statement/<bank account>"         key of the last statement that is finished
//   kChannelArrival  "bill/<mchid>/<YYYYMMDD>"          Expected: what the day's bill promises
//   kChannelArrival  "credit/<account>/<reference>"     Arrival: a channel's credit at the bank
//   kBreakCase       "case/<id>"                        Case (cases.h)
//
// A file that is taken in and not finished is open: the same bytes given again resume it under the
// same run number. Plain values.
#pragma once
#include "channels/bank/camt053.h"
#include "ledger/base/ids.h"
#include "reconcile/statement.h"

namespace suanpan::reconcile {

inline constexpr std::string_view kWechatChannel = "wxpay";
inline constexpr std::string_view kBankChannel = "bank";

struct TakenFile {
  std::string sha256;   ///< of the bytes, hexadecimal
  std::string channel;  ///< "wxpay", "bank"
  std::string subject;  ///< WeChat merchant number or bank account
  Date day;
  std::string run;        ///< its run number
  bool finished = false;  ///< else a run is to be resumed
  /// The head of a bank statement, which the next one must continue; no entries.
  channels::bank::Statement statement;
};

/// At most so many break ids are listed in a run's record; the others are found by their cases.
inline constexpr std::size_t kMaxListedBreaks = 20'000;

struct RunRecord {
  std::string number;
  std::string channel;
  std::string subject;
  Date day;
  std::string sha256;
  bool finished = false;
  std::uint64_t outside_rows = 0, book_rows = 0, matched = 0;
  std::uint64_t break_count = 0;
  std::vector<Id128> breaks;
  friend bool operator==(const RunRecord&, const RunRecord&) = default;
};

/// What a bill says will arrive: gross - fee = net, in minor units of CNY.
struct Expected {
  std::string mchid;
  Date day;
  std::string run;
  std::int64_t gross = 0;
  std::int64_t fee = 0;
  std::string arrived;  ///< the statement that brought it; empty: still to come
  std::int64_t net() const { return gross - fee; }
  friend bool operator==(const Expected&, const Expected&) = default;
};

/// A channel's credit as a statement shows it. Where it is not what the bills promise, it is in
/// suspense until two people have decided.
struct Arrival {
  std::string account;
  std::string reference;
  std::string mchid;
  Date day;  ///< the last bill day that it settles
  std::int64_t amount = 0;
  std::int64_t expected = 0;  ///< sum of net over `bills`
  bool suspended = false;
  std::string statement;
  std::string voucher;             ///< ClaimKey hex of the posting
  std::vector<std::string> bills;  ///< document keys of the bills that it settles
  friend bool operator==(const Arrival&, const Arrival&) = default;
};

/// Subject and day are part of it: the bills of two days without a trade are the same bytes.
std::string file_key(const TakenFile& file);
std::string statement_cursor_key(std::string_view account);
std::string case_key(const Id128& id);
std::string expected_key(std::string_view mchid, Date day);
std::string arrival_key(std::string_view account, std::string_view reference);

std::string encode(const TakenFile& file);
std::string encode(const RunRecord& run);
std::string encode(const Expected& expected);
std::string encode(const Arrival& arrival);
/// Errors: kCorrupt.
Result<TakenFile> decode_taken_file(std::string_view bytes);
Result<RunRecord> decode_run_record(std::string_view bytes);
Result<Expected> decode_expected(std::string_view bytes);
Result<Arrival> decode_arrival(std::string_view bytes);

}  // namespace suanpan::reconcile
