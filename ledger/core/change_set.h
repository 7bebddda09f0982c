// What a command is, what a planner is told, and what it wants to write.
#pragma once
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/base/date.h"
#include "ledger/core/account.h"
#include "ledger/core/document.h"
#include "ledger/core/refusal.h"
#include "ledger/core/transfer.h"
#include "ledger/core/voucher.h"

namespace suanpan {

/// What kind of command made a journal entry. Stable numbers.
enum class CommandKind : std::uint8_t {
  kVoucher = 1,
  kPostHold = 2,
  kVoidHold = 3,
  kExpireHold = 4,
  kReversal = 5,
  kOpenAccount = 6,
  kSetTerms = 7,
  kDayCut = 8,
  kPeriodClose = 9,
  kOpenBook = 10,
  kChart = 11,      ///< a chart of accounts is adopted, or grows by a subject
  kYearClose = 12,  ///< a step of a year's end: core/plan_close.h
  kMerchant = 20,
  kPlaceOrder = 21,
  kOrderEvent = 22,  ///< what the channel said, or what time did to an order
  kRefund = 23,
  kRefundEvent = 24,
  kPayout = 25,
  kPayoutEvent = 26,
  kNotification = 27,
  kDeposit = 28,  ///< money that came in at a bank
  kSettlement = 40,
  kReconcile = 41,
  kCase = 42,
  kStatement = 43,
  kSetting = 44,
  kErasure = 45,  ///< personal data: core/erasure.h
};
std::string_view name_of(CommandKind kind);

/// The content of a command for idempotency, name by name: what a resend must repeat exactly. It is
/// journalled as it stands, so a personal value goes in as a keyed digest, never in clear.
using Content = std::vector<std::pair<std::string, std::string>>;

/// The moment a command is planned at: arguments, because planners have no clock.
struct Moment {
  Timestamp now;  ///< business clock, never earlier than any journalled timestamp
};

/// A change in the book itself.
struct BookChange {
  Date accounting_date;  ///< the open day: the date of new business
  Date closed_through;   ///< days up to here take nothing any more
  friend bool operator==(const BookChange&, const BookChange&) = default;
};

/// Something that others may want to hear of. Delivered at least once, in order, from the journal.
struct Event {
  std::string topic;    ///< "order.paid"
  std::string key;      ///< the id of what it is about
  std::string payload;  ///< a JSON object without personal data
  friend bool operator==(const Event&, const Event&) = default;
};

/// All effects of one accepted command; written as one or not at all.
struct ChangeSet {
  boost::container::small_vector<Transfer, 1> transfers;  ///< the legs of one voucher or hold
  Date date;                                              ///< accounting date of the legs
  std::optional<Date> effective;  ///< when the fact happened outside, if on another day
  std::uint16_t code = 0;
  VoucherType type = VoucherType::kGeneral;
  ClaimKey ref;  ///< the hold that is posted or voided, the voucher that is reversed
  std::shared_ptr<const VoucherText> text;
  std::shared_ptr<const VoucherRules> rules;  ///< what the voucher asked for
  std::vector<Account> accounts;              ///< after-images: opened, or with new terms
  DocumentChanges documents;
  std::vector<Event> events;
  std::optional<BookChange> book;
  std::string answer;  ///< what a replay must tell again, e.g. an order id
};

/// A command as it is found again in the journal.
struct StoredCommand {
  std::uint64_t seq = 0;
  Timestamp timestamp;
  ClaimKey key;
  CommandKind kind = CommandKind::kVoucher;
  Refusal refusal;               ///< kNone: accepted
  std::uint32_t voucher_no = 0;  ///< 0: no voucher
  bool date_given = false;       ///< the request named its accounting date
  bool adjustment = false;
  bool linked = false;   ///< one group with the next command: they stand or fall together
  bool hold = false;     ///< the request asked to reserve, whether it was accepted or not
  Timestamp expires_at;  ///< holds only
  Content content;       ///< empty for kVoucher, whose content is the fields themselves
  /// The effects. Of a refused voucher the legs as they were asked for, with TransferKind::kNone.
  ChangeSet effects;
};

/// What the caller is told. A replay repeats the first answer, original sequence and time included.
struct Answer {
  Refusal refusal;  ///< kNone: accepted
  bool replayed = false;
  std::uint64_t seq = 0;  ///< the journal entry; 0 when nothing was journalled
  Timestamp timestamp;
  std::uint32_t voucher_no = 0;
  Date date;
  std::string answer;
  bool accepted() const { return refusal.code == RefusalCode::kNone; }
};

}  // namespace suanpan
