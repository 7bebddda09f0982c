// What every decode_* does first: is this answer to be believed, and is it a success? Internal.
#pragma once
#include <optional>
#include <string>

#include "channels/wechat/errors.h"
#include "channels/wechat/verifier.h"

namespace suanpan::channels::wechat {

/// Either a believed success (`document` holds its JSON), or what else is known.
struct Answer {
  std::optional<JsonDocument> document;
  Knowledge knowledge = Knowledge::kUnknown;
  std::string code;
  std::string message;
};

/// Longest error message that is passed on.
inline constexpr std::size_t kMaxMessageBytes = 256;

/// A 200 whose signature holds and whose body is JSON → document. An error answer is judged by
/// the table of errors.h if its signature holds. One that bears none is anybody's word, a proxy's
/// or a forger's: kUnknown with its code, but for 429, which ends nothing and has the same number
/// sent again.
Answer read_answer(Operation operation, const PlatformKeys& keys, const HttpResponse& response,
                   Timestamp now);

/// The {code, message} of an error body, the code canonical; empty if the body is not of that form.
struct ErrorBody {
  std::string code;
  std::string message;
};
ErrorBody read_error_body(std::string_view body);

/// kUnknown, with a code of ours.
Answer disbelieve(std::string_view code, std::string message);

}  // namespace suanpan::channels::wechat
