#include "settlement/document_fields.h"

#include <algorithm>

#include "ledger/base/limits.h"

namespace suanpan::settlement {

bool is_number(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_*|.").find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= kMaxBusinessKeyBytes && std::ranges::all_of(text, fits);
}

bool is_label(std::string_view text, std::size_t max_bytes) {
  const auto controls = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  return !text.empty() && text.size() <= max_bytes && std::ranges::none_of(text, controls);
}

Result<void> only_keys(JsonValue value, std::initializer_list<std::string_view> known) {
  if (!value.is_object()) return fail(Errc::kMalformed, "expected an object");
  for (const JsonMember& member : value.members()) {
    if (std::ranges::find(known, member.key) == known.end()) {
      return fail(Errc::kMalformed, "the key \"{}\" is not known here", member.key);
    }
  }
  return success();
}

Result<void> expect_format(JsonValue value, std::int64_t format) {
  TRY(const std::int64_t found, value.get_int64("format"));
  if (found != format) {
    return fail(Errc::kUnsupported, "format {} of this document; known is {}", found, format);
  }
  return success();
}

Result<Date> get_date(JsonValue value, std::string_view key) {
  TRY(const std::string text, value.get_string(key));
  const auto date = Date::parse(text);
  if (!date) return fail(Errc::kMalformed, "\"{}\" is no date (YYYY-MM-DD)", key);
  return *date;
}

Result<Currency> get_currency(JsonValue value, std::string_view key) {
  TRY(const std::string text, value.get_string(key));
  const auto currency = currency_of(text);
  if (!currency) return fail(Errc::kMalformed, "\"{}\" is no known currency", key);
  return *currency;
}

Result<std::string> get_number(JsonValue value, std::string_view key) {
  TRY(std::string text, value.get_string(key));
  if (!is_number(text)) {
    return fail(Errc::kMalformed, "\"{}\" is not 1-{} letters, digits or -_*|.", key,
                kMaxBusinessKeyBytes);
  }
  return text;
}

Result<std::optional<std::int64_t>> find_int64(JsonValue value, std::string_view key) {
  if (!value.find(key)) return std::optional<std::int64_t>{};
  TRY(const std::int64_t number, value.get_int64(key));
  return std::optional(number);
}

Result<std::int64_t> to_minor(Int128 sum) {
  if (sum > kMaxAmountMinor || sum < -kMaxAmountMinor) {
    return fail(Errc::kTooLarge, "a sum is beyond {} minor units", kMaxAmountMinor);
  }
  return static_cast<std::int64_t>(sum);
}

}  // namespace suanpan::settlement
