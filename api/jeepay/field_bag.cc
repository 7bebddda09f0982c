#include "api/jeepay/field_bag.h"

#include <algorithm>
#include <utility>

#include "ledger/base/check.h"
#include "ledger/base/json.h"
#include "ledger/core/text.h"

namespace suanpan::api::jeepay {
namespace {

constexpr std::size_t kQuotedNameBytes = 32;  // of a name that may be anything, in an error

bool is_valid_name(std::string_view name) {
  if (name.empty() || name.size() > FieldBag::kMaxNameBytes) return false;
  // '&' and '=' in a name would let one field look like two in the signed string.
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return c > 0x20 && c < 0x7f && c != '&' && c != '='; });
}

/// A name for an error message: what could break a line or a log is not repeated.
std::string printable(std::string_view name) {
  std::string out(name.substr(0, kQuotedNameBytes));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c <= 0x20 || c >= 0x7f; }, '?');
  return out;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() < lower.size()) return false;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

Result<Field> field_of(const JsonMember& member) {
  Field field{std::string(member.key), std::string(member.value.raw()), FieldKind::kNested};
  switch (member.value.kind()) {
    case JsonKind::kNull:
      field.text.clear();
      field.kind = FieldKind::kNull;
      break;
    case JsonKind::kBool:
      field.kind = FieldKind::kBool;
      break;
    case JsonKind::kNumber:
      field.kind = FieldKind::kNumber;
      break;
    case JsonKind::kString: {
      TRY(const auto text, member.value.as_string());
      field.text = std::string(text);
      field.kind = FieldKind::kString;
      break;
    }
    case JsonKind::kArray:
    case JsonKind::kObject:
      break;
  }
  return field;
}

}  // namespace

Result<FieldBag> FieldBag::from_json(std::string_view body) {
  TRY(const auto document, JsonDocument::parse(body));
  if (!document.root().is_object()) return fail(Errc::kMalformed, "请求体不是 JSON 对象");
  FieldBag bag;
  for (const JsonMember& member : document.root().members()) {
    TRY(auto field, field_of(member));
    TRY(bag.add(std::move(field)));
  }
  return bag;
}

Result<FieldBag> FieldBag::from_form(std::string_view text) {
  auto pairs = parse_form(text);
  if (!pairs) return fail(Errc::kMalformed, "表单编码有误");
  FieldBag bag;
  for (auto& [name, value] : *pairs) {
    TRY(bag.add({std::move(name), std::move(value), FieldKind::kString}));
  }
  return bag;
}

Result<FieldBag> FieldBag::from_request(const HttpRequest& request) {
  if (request.body.empty()) return from_form(request.query());
  const auto type = request.headers.find("Content-Type").value_or("");
  if (starts_with_ignoring_case(type, "application/json")) return from_json(request.body);
  if (starts_with_ignoring_case(type, "application/x-www-form-urlencoded")) {
    return from_form(request.body);
  }
  return fail(Errc::kUnsupported,
              "Content-Type 只支持 application/json 和 application/x-www-form-urlencoded");
}

Result<void> FieldBag::add(Field field) {
  if (!is_valid_name(field.name)) {
    return fail(Errc::kMalformed, "字段名 \"{}\" 不合法", printable(field.name));
  }
  if (find(field.name) != nullptr) return fail(Errc::kMalformed, "字段 {} 重复", field.name);
  if (fields_.size() == kMaxFields) return fail(Errc::kTooLarge, "字段多于 {} 个", kMaxFields);
  if (field.text.find('\0') != std::string::npos || !is_utf8(field.text)) {
    return fail(Errc::kMalformed, "字段 {} 不是合法的 UTF-8 文本", field.name);
  }
  fields_.push_back(std::move(field));
  return success();
}

FieldBag& FieldBag::set_text(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  const auto added = add({std::string(name), std::string(value), FieldKind::kString});
  CHECK_OR_DIE(added.has_value(), "field {}", name);
  return *this;
}

FieldBag& FieldBag::set_integer(std::string_view name, std::int64_t value) {
  const auto added = add({std::string(name), fmt::format("{}", value), FieldKind::kNumber});
  CHECK_OR_DIE(added.has_value(), "field {}", name);
  return *this;
}

const Field* FieldBag::find(std::string_view name) const {
  const auto at = std::find_if(fields_.begin(), fields_.end(),
                               [name](const Field& field) { return field.name == name; });
  return at == fields_.end() ? nullptr : &*at;
}

std::string_view FieldBag::text(std::string_view name) const {
  const Field* field = find(name);
  return field == nullptr ? std::string_view{} : std::string_view(field->text);
}

std::string FieldBag::to_json() const {
  JsonWriter out;
  out.begin_object();
  for (const Field& field : fields_) {
    out.key(field.name);
    if (field.kind == FieldKind::kString) {
      out.string(field.text);
    } else if (field.kind == FieldKind::kNull) {
      out.null();
    } else {
      out.raw(field.text);
    }
  }
  out.end_object();
  return out.take();
}

std::string FieldBag::to_form() const {
  std::string out;
  for (const Field& field : fields_) {
    if (field.kind == FieldKind::kNull) continue;
    if (!out.empty()) out += '&';
    out += percent_encode(field.name);
    out += '=';
    out += percent_encode(field.text);
  }
  return out;
}

}  // namespace suanpan::api::jeepay
