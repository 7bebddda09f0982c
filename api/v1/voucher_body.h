// Vouchers as they come in: what POST /v1/vouchers, its batch and POST /v1/holds share; and what
// any command expects of accounts.
#pragma once
#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "ledger/core/voucher_rules.h"

namespace suanpan::api::v1 {

/// An account as a request names it: by code ("2101/M1") or by number (17).
struct AccountRef {
  std::string code;
  std::int64_t id = 0;
};
AccountRef read_account(Fields& in, std::string_view name);

/// "expects", of any command.
struct ExpectsDraft {
  std::vector<Expectation> expects;  ///< still without accounts
  std::vector<AccountRef> accounts;  ///< of each
};
ExpectsDraft read_expects(Fields& in);
/// Puts the accounts in. Refusals: kNotAuthorised (ownership.h), kExpectedAccountNotFound.
Planned<void> resolve(const Reach& reach, const View& view, ExpectsDraft& draft);

struct VoucherDraft {
  VoucherRequest request;                                   ///< its legs still without accounts
  std::vector<std::pair<AccountRef, AccountRef>> accounts;  ///< debit and credit of each leg
  std::vector<Sweep> sweeps;
  ExpectsDraft expected;
};

/// Reads legs, code, type, date, effective_date, summary, business_key, metadata; with `hold` also
/// expires_at.
VoucherDraft read_voucher(Fields& in, bool hold);
/// The same, and what rules a voucher: "expects", and "up_to" in place of a leg's fixed amount.
VoucherDraft read_ruled_voucher(Fields& in, bool hold);
/// Puts the accounts in. An account that is not there, or not within reach (ownership.h), is
/// refused before anything is journalled: the same call may succeed once the account is open. What
/// is malformed is refused first.
std::optional<Refusal> resolve(const Reach& reach, const View& view, VoucherDraft& draft);

/// "legs" and its companions in the short notation.
inline constexpr std::string_view kVoucherMembers =
    "legs:[LegRequest] code?:integer type?:=general|receipt|payment|transfer date?:date "
    "effective_date?:date summary?:string business_key?:string metadata?:any ";
inline constexpr std::string_view kLegRequest = "debit:account credit:account amount:amount";
inline constexpr std::string_view kRuledVoucherMembers =
    "legs:[RuledLegRequest] expects?:[Expectation] code?:integer "
    "type?:=general|receipt|payment|transfer date?:date effective_date?:date summary?:string "
    "business_key?:string metadata?:any ";
/// Describes RuledLegRequest and Expectation.
void describe_rules(Router& router);

/// "amounts": what each leg moved, where a rule said how much.
void write_amounts(JsonWriter& out, const Answer& answer);
void write_rules(JsonWriter& out, const View& view, const VoucherRules& rules);
/// The side of a sweep by name; "debit", "credit" or "both".
std::string_view name_of_sweep(std::uint8_t of);

}  // namespace suanpan::api::v1
