#include "channels/wechat/answer.h"

#include <fmt/format.h>

namespace suanpan::channels::wechat {
namespace {

constexpr int kTooManyRequests = 429;

/// Cuts between characters, so that the message stays UTF-8.
std::string shortened(std::string text) {
  if (text.size() <= kMaxMessageBytes) return text;
  std::size_t end = kMaxMessageBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

}  // namespace

Answer disbelieve(std::string_view code, std::string message) {
  return {std::nullopt, Knowledge::kUnknown, std::string(code), shortened(std::move(message))};
}

ErrorBody read_error_body(std::string_view body) {
  const auto document = JsonDocument::parse(body);
  if (!document) return {};
  auto code = document.value().root().get_string("code");
  if (!code) return {};
  auto message = document.value().root().get_string("message");
  return {std::string(canonical_code(code.value())),
          message ? shortened(std::move(message).value()) : std::string()};
}

Answer read_answer(Operation operation, const PlatformKeys& keys, const HttpResponse& response,
                   Timestamp now) {
  const bool success = response.status >= 200 && response.status <= 299;
  const bool is_signed = has_signature(response.headers);
  if (success || is_signed) {
    if (const auto held = keys.verify(response.headers, response.body, now); !held)
      return disbelieve(kCodeBadSignature, held.error().message);
  }
  if (!success) {
    auto body = read_error_body(response.body);
    Answer answer;
    if (is_signed || response.status == kTooManyRequests)
      answer.knowledge = judge(operation, response.status, body.code);
    answer.code = body.code.empty() ? fmt::format("HTTP_{}", response.status) : body.code;
    answer.message = std::move(body.message);
    return answer;
  }
  // 202 is "accepted, ask again" and 204 has no body: neither says what 200 says.
  if (response.status != 200)
    return disbelieve(fmt::format("HTTP_{}", response.status), "an unexpected success status");
  auto document = JsonDocument::parse(response.body);
  if (!document) return disbelieve(kCodeMalformed, document.error().message);
  return {std::move(document).value(), Knowledge::kKnown, {}, {}};
}

}  // namespace suanpan::channels::wechat
