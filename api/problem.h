// RFC 9457 problem documents: how the native API says no.
//
//   {"type":"/problems/below_limit","title":"账户可用余额不足","status":422,"detail":"2101/M1",
//    "refusal":"below_limit","number":700,"instance":"/v1/vouchers"}
//
// `refusal` and `number` are stable and are what programs branch on; title is for people; detail
// names the field or account, never secrets or personal data. Numbers below 9000 are the ledger's
// refusals (core/refusal.h); 9000 + n is Errc n, what cannot be read; 9100 + n is AuthFailure n;
// 9200 and up are the server's own. Pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/auth.h"
#include "ledger/base/http_message.h"
#include "ledger/base/result.h"
#include "ledger/core/refusal.h"

namespace suanpan::api {

struct Problem {
  int status = 500;
  std::string_view refusal;  ///< a static name
  std::uint16_t number = 0;
  std::string title;
  std::string detail;
  std::optional<std::int64_t> retry_after_s;  ///< for 429 and 503
};

/// 400 for malformed, 404, 403, 409 for what exists or is in another state, 422 for the rest.
Problem problem_of(const Refusal& refusal);
/// What cannot be read is 400, 413, 415 or 404 and told in full; what failed in us is 500, 503 or
/// 504 and told without its message, which is for the log.
Problem problem_of(const Error& error);
/// 401; 403 for roles.
Problem problem_of(AuthFailure failure);

// The server's own refusals.
Problem no_such_route();
Problem method_not_allowed();
Problem rate_limited(std::int64_t retry_after_ms);
Problem overloaded(
    std::int64_t retry_after_s);  ///< nothing was accepted; the same call may be sent again
Problem
too_many_holds();  ///< 429: nothing was accepted; when holds have ended it may be sent again
Problem idempotency_key_missing();

/// What a channel answered when we fetched `what` from it ("bill of 1900000109, 2026-03-04"): its
/// fault and not the caller's, and told in full. 502 "channel_file_bad" for what cannot be
/// believed, 503 "channel_not_ready" for what is not there yet; a thing that is not configured is
/// 404, as ever.
Problem channel_problem(const Error& error, std::string_view what);
/// Whether an error is about the bytes of a file, not about what we did with it.
bool is_about_bytes(const Error& error);

/// The refusal's stable name beside the body, for whoever counts and does not read it.
inline constexpr std::string_view kRefusalHeader = "Suanpan-Refusal";

/// The answer: application/problem+json, never cached. `instance` is the path of the request,
/// without its query.
HttpResponse render(const Problem& problem, std::string_view instance);

}  // namespace suanpan::api
