// The terms of an account, and who may change them.
//
// The rule. What lets an account do more than before needs two people: an operator asks
// (POST /v1/account-terms), another key approves (authority.h). What only holds it tighter is done
// by one person at once (PATCH /v1/accounts/{code}): in an emergency nobody waits for a second one
// to set a freeze, and a freeze too many loses no money. A change that does both is a loosening.
//
//   looser: a lower floor (no limit < credit line < not below zero, a longer credit line), a freeze
//           lifted, a closed account opened again
//   neither: `hot`, which is about speed
//
// A court or a supervisor that orders a freeze, or lifts it, is named with its paper (冻结文号):
// `ordered_by` and `order_no`. They are part of the command, so the history of an account's terms
// tells them from the journal, and no resend can name another.
//
// The same at the start: one person opens an account with the default terms of its type or tighter
// ones (POST /v1/accounts), and asks for looser ones once it is there.
//
// Pure, but for the routes.
#pragma once
#include "api/v1/body.h"
#include "api/v1/routes.h"
#include "ledger/core/plan_account.h"

namespace suanpan::api::v1 {

/// The member by which `after` allows more than `before`; empty if it allows nothing more.
std::string_view loosened(const AccountTerms& before, const AccountTerms& after);

/// What an account is opened with where a request names nothing, and the loosest that one person
/// may name: what we owe (a liability) does not go below zero, since nobody draws more than he has;
/// the others have no limit.
AccountTerms default_terms(AccountType type);

/// Who outside ordered a change of terms, and the number of the paper; both or none.
struct OutsideOrder {
  std::string by, number;
  bool empty() const { return by.empty(); }
};
/// Of the change that was made under `by`; empty if nobody outside ordered it. Errors: those of
/// Book::find, kCorrupt.
Result<OutsideOrder> outside_order_of(const Book& book, const ClaimKey& by);

/// The terms that a request names; the others stay as they are.
struct TermsPatch {
  std::optional<LimitKind> limit;
  std::optional<std::int64_t> credit_line;
  std::optional<bool> frozen_in, frozen_out, closed, hot;

  AccountTerms over(AccountTerms terms) const;
  void add_to(Content& content) const;
};
TermsPatch read_terms(Fields& in);
inline constexpr std::string_view kTermsMembers =
    "limit?:=none|not_below_zero|credit_line credit_line?:integer frozen_in?:boolean "
    "frozen_out?:boolean closed?:boolean hot?:boolean ";

/// PATCH /v1/accounts/{code} and POST /v1/account-terms.
void add_terms_routes(Router& router, Services& services);

}  // namespace suanpan::api::v1
