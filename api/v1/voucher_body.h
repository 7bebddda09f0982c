// Vouchers as they come in: what POST /v1/vouchers, its batch and POST /v1/holds share.
#pragma once
#include "api/v1/answer.h"
#include "api/v1/body.h"

namespace suanpan::api::v1 {

/// An account as a request names it: by code ("2101/M1") or by number (17).
struct AccountRef {
  std::string code;
  std::int64_t id = 0;
};
AccountRef read_account(Fields& in, std::string_view name);
/// The account; null if there is none.
const Account* find_account(const View& view, const AccountRef& ref);

struct VoucherDraft {
  VoucherRequest request;                                   ///< its legs still without accounts
  std::vector<std::pair<AccountRef, AccountRef>> accounts;  ///< debit and credit of each leg
};

/// Reads legs, code, type, date, effective_date, summary, business_key, metadata; with `hold` also
/// expires_at.
VoucherDraft read_voucher(Fields& in, bool hold);
/// Puts the accounts in. An account that is not there is refused before anything is journalled: the
/// same call may succeed once the account is open. What is malformed is refused first.
std::optional<Refusal> resolve(const View& view, VoucherDraft& draft);

/// "legs" and its companions in the short notation.
inline constexpr std::string_view kVoucherMembers =
    "legs:[LegRequest] code?:integer type?:=general|receipt|payment|transfer date?:date "
    "effective_date?:date summary?:string business_key?:string metadata?:any ";
inline constexpr std::string_view kLegRequest = "debit:account credit:account amount:amount";

}  // namespace suanpan::api::v1
