#include "api/jeepay/field_reader.h"

#include <algorithm>
#include <charconv>

#include "ledger/base/json.h"
#include "ledger/base/limits.h"

namespace suanpan::api::jeepay {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_visible_ascii(char c) { return c > 0x20 && c < 0x7f; }

template <class Allowed>
bool all(std::string_view text, Allowed allowed) {
  return std::all_of(text.begin(), text.end(), allowed);
}

/// Code points: a bag's text is valid UTF-8, so every byte but a continuation begins one.
std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// "-12": what JSON calls an integer. 1.5, 1e2, +1, 01 and blanks are not.
bool is_integer_text(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  if (text.empty() || (text.front() == '0' && text.size() > 1)) return false;
  return all(text, is_digit);
}

bool is_http_url(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    const auto rest = text.substr(scheme.size());
    const auto host = rest.substr(0, rest.find_first_of("/?#"));
    return !host.empty() && host.find_first_of("@\\") == std::string_view::npos;
  }
  return false;
}

}  // namespace

void FieldReader::refuse(Error error) {
  if (!error_) error_ = std::move(error);
}

std::optional<std::string_view> FieldReader::scalar(std::string_view name, Need need) {
  if (error_) return std::nullopt;
  const Field* field = bag_.find(name);
  if (field == nullptr || field->is_blank()) {
    if (need == Need::kRequired) refuse(fail(Errc::kMalformed, "缺少必填字段 {}", name));
    return std::nullopt;
  }
  if (field->kind != FieldKind::kString && field->kind != FieldKind::kNumber) {
    refuse(fail(Errc::kMalformed, "字段 {} 类型有误: 应为字符串或数字", name));
    return std::nullopt;
  }
  return field->text;
}

bool FieldReader::within(std::string_view name, std::string_view text, std::size_t max) {
  if (characters_of(text) <= max) return true;
  refuse(fail(Errc::kTooLarge, "字段 {} 超过 {} 个字符", name, max));
  return false;
}

std::string FieldReader::id(std::string_view name, std::size_t max, Need need) {
  const auto text = scalar(name, need);
  if (!text || !within(name, *text, max)) return {};
  if (!all(*text, [](char c) { return is_visible_ascii(c) && c != '&' && c != '='; })) {
    refuse(fail(Errc::kMalformed, "字段 {} 只能由可见的 ASCII 字符组成, 且不含 & 和 =", name));
    return {};
  }
  return std::string(*text);
}

std::string FieldReader::text(std::string_view name, std::size_t max, Need need) {
  const auto text = scalar(name, need);
  if (!text || !within(name, *text, max)) return {};
  const bool clean = all(*text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || c == '\n' || c == '\r' || c == '\t';
  });
  if (!clean) {
    refuse(fail(Errc::kMalformed, "字段 {} 含有控制字符", name));
    return {};
  }
  if (need == Need::kRequired && text->find_first_not_of(" \t\r\n") == std::string_view::npos) {
    refuse(fail(Errc::kMalformed, "必填字段 {} 只有空白", name));
    return {};
  }
  return std::string(*text);
}

std::string FieldReader::url(std::string_view name, std::size_t max) {
  const auto text = scalar(name, Need::kOptional);
  if (!text || !within(name, *text, max)) return {};
  if (!is_http_url(*text) || !all(*text, is_visible_ascii)) {
    refuse(fail(Errc::kMalformed, "字段 {} 必须是 http:// 或 https:// 开头的完整地址", name));
    return {};
  }
  return std::string(*text);
}

std::string FieldReader::ip(std::string_view name) {
  constexpr std::size_t kMaxIpv6Text = 45;
  const auto text = scalar(name, Need::kOptional);
  if (!text || !within(name, *text, kMaxIpv6Text)) return {};
  if (!all(*text, [](char c) { return is_hex_digit(c) || c == '.' || c == ':'; })) {
    refuse(fail(Errc::kMalformed, "字段 {} 不是 IP 地址", name));
    return {};
  }
  return std::string(*text);
}

std::string FieldReader::one_of(std::string_view name,
                                std::initializer_list<std::string_view> allowed) {
  const auto text = scalar(name, Need::kRequired);
  if (!text) return {};
  if (std::find(allowed.begin(), allowed.end(), *text) == allowed.end()) {
    refuse(fail(Errc::kMalformed, "字段 {} 只能是 {}", name, fmt::join(allowed, ", ")));
    return {};
  }
  return std::string(*text);
}

std::string FieldReader::json_object(std::string_view name, std::size_t max) {
  const Field* field = bag_.find(name);
  if (error_ || field == nullptr || field->is_blank()) return {};
  if (!within(name, field->text, max)) return {};
  const auto document = JsonDocument::parse(field->text);
  if (!document || !document.value().root().is_object()) {
    refuse(fail(Errc::kMalformed, "字段 {} 必须是 JSON 对象", name));
    return {};
  }
  return field->text;
}

std::int64_t FieldReader::integer(std::string_view name, std::int64_t least, std::int64_t greatest,
                                  std::int64_t otherwise) {
  const auto text = scalar(name, Need::kOptional);
  if (!text) return otherwise;
  if (!is_integer_text(*text)) {
    refuse(fail(Errc::kMalformed, "字段 {} 必须是整数", name));
    return otherwise;
  }
  std::int64_t value = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), value);
  if (read.ec != std::errc{}) {
    refuse(fail(Errc::kTooLarge, "字段 {} 超出 64 位整数的范围", name));
    return otherwise;
  }
  if (value < least) {
    refuse(fail(Errc::kMalformed, "字段 {} 不能小于 {}", name, least));
    return otherwise;
  }
  if (value > greatest) {
    refuse(fail(Errc::kTooLarge, "字段 {} 不能大于 {}", name, greatest));
    return otherwise;
  }
  return value;
}

Money FieldReader::amount(std::string_view name) {
  if (!scalar(name, Need::kRequired)) return {};
  const std::int64_t minor = integer(name, 1, kMaxAmountMinor, 0);
  const auto code = scalar("currency", Need::kRequired);
  if (!code) return {};
  const auto currency = currency_of(*code);
  if (!currency) {
    refuse(fail(Errc::kMalformed, "字段 currency 不是支持的币种"));
    return {};
  }
  return {minor, *currency};
}

Timestamp FieldReader::time_ms(std::string_view name) {
  constexpr std::size_t kDigits = 13;
  const auto text = scalar(name, Need::kRequired);
  if (!text) return {};
  if (text->size() != kDigits || !all(*text, is_digit)) {
    refuse(fail(Errc::kMalformed, "字段 {} 必须是 13 位毫秒时间戳", name));
    return {};
  }
  // 9999999999999 ms is the year 2286: 13 digits fit nanoseconds in 64 bits only up to 2262.
  std::int64_t ms = 0;
  std::from_chars(text->data(), text->data() + text->size(), ms);
  constexpr std::int64_t kMaxMs = INT64_MAX / 1'000'000;
  return Timestamp::from_ms(std::min(ms, kMaxMs));
}

}  // namespace suanpan::api::jeepay
