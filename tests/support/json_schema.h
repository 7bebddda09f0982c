// A small validator of JSON Schema, as much of it as /openapi.json uses: $ref within the document,
// type, enum, format date and date-time, anyOf, items, properties, required, additionalProperties,
// minimum, maximum. A keyword that it does not know is a fault: nothing passes by being overlooked.
#pragma once
#include <optional>
#include <string>

#include "ledger/base/date.h"
#include "ledger/base/json.h"

namespace suanpan::test {

class JsonSchema {
 public:
  /// `document` holds what $ref names; it must outlive this.
  explicit JsonSchema(const JsonDocument& document) : document_(document) {}

  /// What is wrong with `value`, with its path; nothing if it is valid.
  std::optional<std::string> fault(JsonValue schema, JsonValue value,
                                   const std::string& at = "$") const {
    if (const auto ref = schema.find("$ref")) {
      const auto target = resolve(ref->as_string().value());
      if (!target) return at + ": $ref leads nowhere: " + std::string(ref->raw());
      return fault(*target, value, at);
    }
    for (const JsonMember& keyword : schema.members())
      if (auto found = check(keyword, schema, value, at)) return found;
    return std::nullopt;
  }

  std::optional<JsonValue> resolve(std::string_view ref) const {
    if (!ref.starts_with("#/")) return std::nullopt;
    std::optional<JsonValue> at = document_.root();
    ref.remove_prefix(2);
    while (at && !ref.empty()) {
      const auto slash = ref.find('/');
      at = at->find(ref.substr(0, slash));
      ref = slash == std::string_view::npos ? std::string_view{} : ref.substr(slash + 1);
    }
    return at;
  }

 private:
  std::optional<std::string> check(const JsonMember& keyword, JsonValue schema, JsonValue value,
                                   const std::string& at) const {
    const std::string_view name = keyword.key;
    const JsonValue want = keyword.value;
    if (name == "type") {
      bool fits = want.is_string() && has_type(value, want.as_string().value());
      for (const JsonValue& one : want.elements())
        fits = fits || has_type(value, one.as_string().value());
      if (!fits) return at + " is not of type " + std::string(want.raw());
    } else if (name == "enum") {
      for (const JsonValue& one : want.elements())
        if (one.raw() == value.raw()) return std::nullopt;
      return at + " is none of " + std::string(want.raw());
    } else if (name == "format") {
      return check_format(want.as_string().value(), value, at);
    } else if (name == "anyOf") {
      for (const JsonValue& one : want.elements())
        if (!fault(one, value, at)) return std::nullopt;
      return at + " fits none of anyOf";
    } else if (name == "items") {
      int index = 0;
      for (const JsonValue& element : value.elements())
        if (auto found = fault(want, element, at + "[" + std::to_string(index++) + "]"))
          return found;
    } else if (name == "required") {
      for (const JsonValue& one : want.elements())
        if (!value.find(one.as_string().value())) return at + " lacks " + std::string(one.raw());
    } else if (name == "properties") {
      for (const JsonMember& member : value.members())
        if (const auto inner = want.find(member.key))
          if (auto found = fault(*inner, member.value, at + "." + std::string(member.key)))
            return found;
    } else if (name == "additionalProperties") {
      const auto known = schema.find("properties");
      for (const JsonMember& member : value.members())
        if (!known || !known->find(member.key))
          return at + " has an undescribed member " + std::string(member.key);
    } else if (name == "minimum" || name == "maximum") {
      const auto limit = want.as_int64(), have = value.as_int64();
      if (!limit || !have) return at + " is no integer";
      if (name == "minimum" ? have.value() < limit.value() : have.value() > limit.value())
        return at + " is beyond its " + std::string(name);
    } else if (name != "description") {
      return "the schema has an unknown keyword " + std::string(name);
    }
    return std::nullopt;
  }

  static bool has_type(JsonValue value, std::string_view type) {
    if (type == "integer") return value.as_int64().has_value();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.kind() == JsonKind::kBool;
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "null") return value.is_null();
    return false;
  }

  static std::optional<std::string> check_format(std::string_view format, JsonValue value,
                                                 const std::string& at) {
    if (format == "int64") return std::nullopt;
    const auto text = value.as_string();
    if (!text) return at + " is no string";
    if (format == "date" && Date::parse(text.value())) return std::nullopt;
    if (format == "date-time" && text.value().find('T') != std::string_view::npos &&
        Timestamp::parse(text.value()))
      return std::nullopt;
    return at + " is no " + std::string(format);
  }

  const JsonDocument& document_;
};

}  // namespace suanpan::test
