// A case (差错单) is what becomes of a break. Pure: values, legal transitions, and the bytes of the
// document that the ledger keeps under the key "case/<id>".
//
//             propose (maker)          resolve (checker, another person, names the voucher)
//   open ───────────────────▶ proposed ───────────────────▶ resolved
//    ▲ │                        │  │
//    │ └─────┐   reject (checker, or the maker takes it back)
//    └───────│──────────────────┘
//            ▼ clear (a later run found the partner; timing only)
//          cleared
//
//   open, timing ── escalate (a later run) ──▶ open, of the class that the run gives
//
// Invariants
//  1. A balance is never overwritten: a resolved case names the voucher that put it right.
//  2. Maker and checker of a resolution are two persons.
//  3. resolved and cleared are final. A break that is found again under the id of a final case
//     opens no second one.
//  4. The amount is the break's and changes only with the class (escalate).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reconcile/breaks.h"

namespace suanpan::reconcile {

/// Stable numbers are not needed: the names are stored.
enum class CaseState : std::uint8_t { kOpen, kProposed, kResolved, kCleared };
std::string_view name_of(CaseState state);  ///< "open"
std::string_view name_zh(CaseState state);  ///< "待处理"

/// What the maker proposes; every one of them ends in a voucher.
enum class CaseAction : std::uint8_t {
  kBook,         ///< 补单: book what the outside has
  kSuspend,      ///< 挂账: to suspense
  kAdjust,       ///< 调整: adjustment voucher for the difference
  kAcknowledge,  ///< 认领: an existing voucher explains it
};
std::string_view name_of(CaseAction action);
std::string_view name_zh(CaseAction action);
std::optional<CaseAction> case_action_of(std::string_view name);

struct CaseEvent {
  Timestamp at;
  std::string by;    ///< caller's key id, or the batch number for what a run did
  std::string what;  ///< "open", "propose", "reject", "resolve", "clear", "escalate"
  std::string note;
  friend bool operator==(const CaseEvent&, const CaseEvent&) = default;
};

struct Case {
  Id128 id;                   ///< the break's
  std::uint32_t version = 1;  ///< rises by one a transition
  CaseState state = CaseState::kOpen;
  BreakClass break_class = BreakClass::kMissingLocal;
  RowKind kind = RowKind::kPayment;
  Money amount;  ///< signed: outside minus books
  std::int64_t fee_milli = 0;
  std::string batch;  ///< the run that opened it
  std::string our_number;
  std::string channel_number;
  std::string order_id;
  std::string merchant;
  std::string voucher_id;  ///< the books' side of the break; empty if there is none
  std::string voucher_number;
  SourceRef source;                         ///< the outside's side; row 0 if there is none
  CaseAction action = CaseAction::kAdjust;  ///< meaningful from kProposed on
  std::string maker;
  std::string checker;
  std::string resolution_voucher_id;  ///< kResolved, and kCleared where the books' proof is known
  std::vector<CaseEvent> history;     ///< at most kMaxCaseEvents
  friend bool operator==(const Case&, const Case&) = default;
};

inline constexpr std::size_t kMaxCaseEvents = 200;
inline constexpr std::size_t kMaxCaseNoteBytes = 512;

/// The case of a break, as a run opens it.
Case open_case(const Break& found, const BatchNumber& batch, Timestamp now);

struct Propose {
  std::string maker;
  CaseAction action = CaseAction::kAdjust;
  std::string note;
};
struct Reject {
  std::string by;
  std::string note;
};
struct Resolve {
  std::string checker;
  std::string voucher_id;  ///< of the voucher that was posted for it
  std::string note;
};
struct Clear {
  std::string batch;
  std::string voucher_id;  ///< of the books' row that met its partner
  SourceRef source;
};
struct Escalate {
  std::string batch;
  Break found;  ///< under the same id
};
using Transition = std::variant<Propose, Reject, Resolve, Clear, Escalate>;

/// Why a transition is refused, by precedence.
enum class CaseRefusal : std::uint8_t {
  kNone = 0,
  kFinal = 1,       ///< the case is resolved or cleared
  kWrongState = 2,  ///< not from this state
  kNoPerson = 3,    ///< the maker or checker is not named
  kSamePerson = 4,  ///< the checker must be another person than the maker
  kNoVoucher = 5,   ///< a resolution names a voucher
  kOwnVoucher = 6,  ///< that is the voucher in question, which cannot put itself right
  kNotTiming = 7,   ///< a run closes or escalates timing differences only
  kOtherBreak = 8,  ///< the break has another id or is still a timing difference
  kNoteTooLong = 9,
  kHistoryFull = 10,
};
std::string_view name_of(CaseRefusal refusal);  ///< "same_person"

/// Whether the transition is legal. The one place that says so.
CaseRefusal check(const Case& c, const Transition& transition);
/// The case after a legal transition; CHECKs that it is one.
Case advance(Case c, const Transition& transition, Timestamp now);

/// One JSON object; decode(encode(c)) == c, and equal cases give equal bytes.
std::string encode(const Case& c);
/// Errors: kCorrupt, naming the field; kUnsupported for a newer format.
Result<Case> decode_case(std::string_view bytes);

}  // namespace suanpan::reconcile
