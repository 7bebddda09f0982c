// A journal entry as text: what JSON lines and CSV carry, and all that is needed to give the same
// command again. Accounts go by their codes, amounts are minor units, empty fields are left out.
//
//   {"kind":"voucher","time":"2026-03-04T09:00:00.000000001+08:00","id":"<caller 8><id 32, hex>",
//    "number":1,"type":"general","date":"2026-03-04","summary":"物业费",
//    "legs":[{"debit":"1002","credit":"2101/M1","amount":1000}]}
//
//   jsonl := (object LF)*          a line is an entry; members in the order of entry_fields.h
//   csv   := header LF (row LF)*   a row is an entry with its first leg, or more of the one above:
//                                  "leg", "subject", "expect"
//
// Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/core/chart.h"
#include "ledger/core/plan_account.h"
#include "ledger/core/plan_hold.h"
#include "ledger/core/plan_reversal.h"
#include "ledger/core/voucher_rules.h"

namespace suanpan {

struct TextLeg {
  std::string debit, credit;  ///< codes; ":9999" of an account number that no account has
  std::int64_t amount = 0;    ///< minor units; of a leg that sweeps what came of it, refused: 0
  std::uint8_t up_to = 0;     ///< Sweep::of; 0: the amount was asked for
  std::int64_t at_most = kMaxAmountMinor;  ///< of the sweep
  friend bool operator==(const TextLeg&, const TextLeg&) = default;
};

/// An Expectation, its account by code.
struct TextExpectation {
  std::string account;
  std::optional<std::uint32_t> version;
  BalanceOf of = BalanceOf::kAvailable;
  std::optional<std::int64_t> at_least, at_most;
  friend bool operator==(const TextExpectation&, const TextExpectation&) = default;
};

/// A step of a year's end: core/plan_close.h.
enum class YearStep : std::uint8_t { kRequest, kReject, kBegin, kCarry, kFinish };
std::string_view name_of(YearStep step);  ///< "request"

/// One journalled command of the ledger's own kinds (kVoucher to kYearClose), or what another
/// room's amounts to (tell_entries.h).
struct JournalEntry {
  std::size_t line = 0;  ///< where it was read
  CommandKind kind = CommandKind::kVoucher;
  Timestamp time;  ///< recorded
  ClaimKey key;
  std::string refused;       ///< name of the refusal; empty: accepted
  std::uint32_t number = 0;  ///< of the voucher (凭证字号); 0: none
  std::optional<Date>
      date;  ///< accounting date; kOpenBook: its first; kDayCut, kPeriodClose: theirs
  bool date_given = false;  ///< the command named its date
  bool adjustment = false;
  bool hold = false;
  VoucherType type = VoucherType::kGeneral;  ///< kVoucher; kPostHold by another room
  std::uint16_t code = 0;
  std::optional<Date> effective;
  Timestamp expires_at;
  /// kVoucher; kYearClose: carried; kPostHold: posted in the same voucher, after the hold's.
  std::vector<TextLeg> legs;
  std::vector<TextExpectation> expects;  ///< kVoucher
  ClaimKey of;  ///< the hold that is posted, voided or expires; the original that is reversed
  std::vector<std::int64_t> amounts;  ///< kPostHold, kReversal: as asked for
  VoucherText text;                   ///< kYearClose: its maker and checker
  OpenAccountRequest open;            ///< kOpenAccount; its code, and terms, also of kSetTerms
  /// kSetTerms; kYearClose that carries or finishes: the version of its document.
  std::optional<std::uint32_t> expected_version;
  bool linked = false;            ///< one group with the entry after it
  std::string chart;              ///< kChart: the name of the one adopted; empty: it grows
  std::vector<Subject> subjects;  ///< kChart: of the one adopted, none of a free one; the one added
  YearStep step = YearStep::kRequest;  ///< kYearClose
  std::int32_t year = 0;               ///< likewise
};

/// Whether an entry of this kind can be one of a linked group.
bool may_be_linked(CommandKind kind);

/// One line each, with its line end.
std::string to_jsonl(const JournalEntry& entry);
std::string to_csv(const JournalEntry& entry);
std::string csv_header();

/// Errors: kMalformed: not such a line, a member missing, unknown, doubled or out of range.
Result<JournalEntry> from_jsonl(std::string_view line);

/// Takes a CSV file line by line, header first.
class CsvEntries {
 public:
  /// The entry before, once the line shows that it is complete. Errors: kMalformed.
  Result<std::optional<JournalEntry>> take(std::string_view line);
  std::optional<JournalEntry> finish() { return std::exchange(open_, std::nullopt); }
  /// Whether a row belongs to the entry above it.
  static bool goes_on(std::string_view line);

 private:
  bool header_ = false;
  std::optional<JournalEntry> open_;
};

}  // namespace suanpan
