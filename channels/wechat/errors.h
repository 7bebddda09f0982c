// What an error answer lets us conclude: the table of {HTTP status, code}, per operation.
//
// The conclusion is about the order or refund, not about the call, and it errs to kUnknown: only
// codes known to mean "definitely not done" are anything else. An unlisted code, a 5xx, a body that
// is not {code, message}, a redirect: all kUnknown.
//
// What the driver may conclude:
//
//   operation      kNotAccepted                              kRejected
//   place          429: resend the same number, same body    this request was refused for good. If
//                                                            an earlier send of the same number is
//                                                            unknown, query it first.
//   query          ORDER_NOT_EXIST, see below                never
//   close          429: close again                          never
//   refund         429, NOT_ENOUGH: resend later under the   as place
//                  same refund number, same parameters
//   refund query   RESOURCE_NOT_EXISTS, see below            never
//
// A query, a close or a refund query that is itself refused (SIGN_ERROR, NO_AUTH, PARAM_ERROR, 429
// on a query) says nothing about the order: kUnknown with the code, and the operator is told.
//
// All of it holds for answers whose signature holds (answer.h); of one that bears none only 429
// says anything. An error that the platform sends without one (a 401 to a request that it cannot
// place may be such) leaves the attempt unknown until a query is answered under signature. What a
// signature does not cover is the request: {code, message} names no order, so within the five
// minutes of its timestamp an error could be played back to another call by whoever breaks TLS.
//
// ORDER_NOT_EXIST on a query is kNotAccepted with that code: at the moment of that query the
// channel had no such order. It does NOT prove that there will be none: a send that timed out here
// may still be under way. So the driver may
//   - resend the same number with the same parameters: that is idempotent whichever arrives first;
//   - call the order closed only once no send can arrive any more to any effect, which is certain
//     after the order's expires_at plus kMaxSkewSeconds, because every send carries expires_at as
//     time_expire and the platform refuses to take or collect an order past it;
//   - never place it under another number or at another channel before that.
// The same for a refund, which has no expiry: the driver may resend the same refund number with the
// same parameters (one number refunds once) and may never conclude that it failed.
//
// ORDER_PAID and ORDER_CLOSED (on place or close), OUT_TRADE_NO_USED (on place) are kUnknown with
// the code: the truth is one query away, under signature and with amounts.
#pragma once
#include <string>
#include <string_view>

#include "channels/channel.h"

namespace suanpan::channels::wechat {

enum class Operation : std::uint8_t { kPlace, kQuery, kClose, kRefund, kRefundQuery };

/// A code in the newer spelling: ORDERNOTEXIST → ORDER_NOT_EXIST, ORDERPAID → ORDER_PAID, and so
/// on.
std::string_view canonical_code(std::string_view code);

/// What an answer that is not 2xx means. `code` is canonical, empty if the body had none.
Knowledge judge(Operation operation, int status, std::string_view code);

/// Codes of our own, for answers that cannot be believed.
inline constexpr std::string_view kCodeBadSignature = "BAD_SIGNATURE";
inline constexpr std::string_view kCodeMalformed = "MALFORMED_ANSWER";
inline constexpr std::string_view kCodeMismatch = "ANSWER_MISMATCH";
inline constexpr std::string_view kCodeOrderNotExist = "ORDER_NOT_EXIST";
inline constexpr std::string_view kCodeRefundNotExist = "RESOURCE_NOT_EXISTS";
inline constexpr std::string_view kCodeNotEnough = "NOT_ENOUGH";

}  // namespace suanpan::channels::wechat
