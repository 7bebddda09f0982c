// Whose an object is: what a call names is held against the key that signed it, here or, where it
// names thousands, by the same Reach (api/key_scope.h).
//
// The rule. An account or merchant outside the key's scope (api/key_scope.h) is refused with 403
// "not_authorised", whether there is one or not: nobody learns so which ones a book has.
// Vouchers, holds, orders, webhooks and events belong to the key whose command made them, which
// their id says: another's voucher or hold is 403, another's order 404 as if it were not there.
//
//   account   by code or number, of a leg, an expectation, a query, a sub-account: in scope
//   voucher   read: one's own commands; reversed: one's own, and its accounts still in scope
//   hold      posted, voided, read: one's own
//   order     placed: the merchant in scope; read, closed: one's own
//   entry     of a statement: the account in scope; one on the other side that is not is masked
//   chart     subjects in scope, or what they lie in
//   number    of a sub-account: its account in scope or its order one's own, else as if not there
//   event     in feed, stream and webhook: of one's own commands and orders; of a change of the
//             ledger whoever may read what it is about: what was done to one's own vouchers and
//             holds, by the book or the house too, and accounts in scope (event_feed.h)
//
// A role of the house that the route lets in sees the whole book (dispatch.cc decides).
// Plain functions, thread-safe.
#pragma once
#include "api/v1/answer.h"

namespace suanpan::api::v1 {

/// Refusals: kNotAuthorised.
Planned<void> check_account(const Principal& principal, std::string_view code);
Planned<void> check_merchant(const Principal& principal, std::string_view mch_no);
/// The published account of a code. Refusals: kNotAuthorised, kAccountNotFound.
Planned<Account> account_of(const Book& book, const Principal& principal, std::string_view code);
/// Whether the accounts of every transfer of a durable command are within reach; there need not be
/// one. Reads the journal. Refusals: kNotAuthorised.
Planned<void> check_transfers(const Book& book, const Principal& principal, const ClaimKey& key);

}  // namespace suanpan::api::v1
