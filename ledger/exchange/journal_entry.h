// A journal entry as text: what JSON lines and CSV carry, and all that is needed to give the same
// command again. Accounts go by their codes, amounts are minor units, empty fields are left out.
//
//   {"kind":"voucher","time":"2026-03-04T09:00:00.000000001+08:00","id":"<caller 8><id 32, hex>",
//    "number":1,"type":"general","date":"2026-03-04","summary":"物业费",
//    "legs":[{"debit":"1002","credit":"2101/M1","amount":1000}]}
//
//   jsonl := (object LF)*          a line is an entry; members in the order of fields() below
//   csv   := header LF (row LF)*   a row is an entry, or a further leg of the one above: "leg"
//
// Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/core/plan_account.h"
#include "ledger/core/plan_hold.h"
#include "ledger/core/plan_reversal.h"

namespace suanpan {

struct TextLeg {
  std::string debit, credit;  ///< codes; ":9999" of an account number that no account has
  std::int64_t amount = 0;    ///< minor units
  friend bool operator==(const TextLeg&, const TextLeg&) = default;
};

/// One journalled command of the ledger's own kinds (kVoucher to kOpenBook), or what another room's
/// amounts to (tell_entries.h).
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
  std::vector<TextLeg> legs;  ///< kVoucher; kPostHold: posted in the same voucher, after the hold's
  ClaimKey of;  ///< the hold that is posted, voided or expires; the original that is reversed
  std::vector<std::int64_t> amounts;  ///< kPostHold, kReversal: as asked for
  VoucherText text;
  OpenAccountRequest open;  ///< kOpenAccount; its code, and terms, also of kSetTerms
  std::optional<std::uint32_t> expected_version;
};

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

 private:
  bool header_ = false;
  std::optional<JournalEntry> open_;
};

}  // namespace suanpan
