#include "api/v1/body.h"

#include <algorithm>
#include <charconv>

#include "ledger/core/text.h"

namespace suanpan::api::v1 {
namespace {

void write_compact(JsonWriter& out, const JsonValue& value) {
  switch (value.kind()) {
    case JsonKind::kObject:
      out.begin_object();
      for (const JsonMember& member : value.members()) {
        out.key(member.key);
        write_compact(out, member.value);
      }
      out.end_object();
      return;
    case JsonKind::kArray:
      out.begin_array();
      for (const JsonValue& element : value.elements()) write_compact(out, element);
      out.end_array();
      return;
    case JsonKind::kString:
      out.string(value.as_string().value());
      return;
    case JsonKind::kNull:
    case JsonKind::kBool:
    case JsonKind::kNumber:
      out.raw(value.raw());
      return;
  }
}

std::optional<std::int64_t> read_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Fields::Fields(std::optional<JsonValue> object, std::optional<Error>& error, const Fields* parent,
               std::string_view name, int index)
    : object_(std::move(object)), error_(error), parent_(parent), name_(name), index_(index) {
  if (object_ && !object_->is_object()) {
    object_.reset();
    if (!error_) error_ = fail(Errc::kMalformed, "{} must be an object", path(""));
  }
}

std::string Fields::path(std::string_view name) const {
  std::string above;
  if (parent_) {
    above = parent_->path(name_);
    if (index_ >= 0) above += fmt::format("[{}]", index_);
  }
  if (name.empty()) return above.empty() ? "the body" : above;
  return above.empty() || !parent_ ? std::string(name) : fmt::format("{}.{}", above, name);
}

void Fields::fail_at(std::string_view name, std::string_view what) {
  if (!error_) error_ = fail(Errc::kMalformed, "\"{}\" {}", path(name), what);
}

std::optional<JsonValue> Fields::find(std::string_view name) {
  asked_.push_back(name);
  if (error_ || !object_) return std::nullopt;
  auto value = object_->find(name);
  if (value && value->is_null()) return std::nullopt;
  return value;
}

std::optional<JsonValue> Fields::need(std::string_view name) {
  auto value = find(name);
  if (!value) fail_at(name, "is missing");
  return value;
}

bool Fields::has(std::string_view name) const { return object_ && object_->find(name).has_value(); }

std::optional<JsonValue> Fields::maybe_value(std::string_view name) { return find(name); }

std::string Fields::text(std::string_view name) {
  const auto value = need(name);
  if (!value) return {};
  const auto read = value->as_string();
  if (!read) fail_at(name, "must be a string");
  // What is kept must be fit for every place it is told at later: forms, signatures, exports.
  if (read && !is_plain_text(read.value())) fail_at(name, "must not hold control characters");
  return read ? std::string(read.value()) : std::string{};
}

std::optional<std::string> Fields::maybe_text(std::string_view name) {
  const auto value = find(name);
  if (!value) return std::nullopt;
  const auto read = value->as_string();
  if (!read) {
    fail_at(name, "must be a string");
    return std::nullopt;
  }
  if (!is_plain_text(read.value())) fail_at(name, "must not hold control characters");
  return std::string(read.value());
}

std::int64_t Fields::integer(std::string_view name) {
  const auto value = need(name);
  if (!value) return 0;
  const auto read = value->as_int64();
  if (!read) fail_at(name, "must be an integer of 64 bits");
  return read ? read.value() : 0;
}

std::optional<std::int64_t> Fields::maybe_integer(std::string_view name) {
  const auto value = find(name);
  if (!value) return std::nullopt;
  const auto read = value->as_int64();
  if (!read) {
    fail_at(name, "must be an integer of 64 bits");
    return std::nullopt;
  }
  return read.value();
}

std::int64_t Fields::integer_in(std::string_view name, std::int64_t low, std::int64_t high,
                                std::optional<std::int64_t> fallback) {
  const auto value = maybe_integer(name);
  if (!value) {
    if (!fallback) fail_at(name, "is missing");
    return fallback.value_or(low);
  }
  if (*value < low || *value > high) {
    fail_at(name, fmt::format("must be between {} and {}", low, high));
    return low;
  }
  return *value;
}

std::optional<bool> Fields::maybe_flag(std::string_view name) {
  const auto value = find(name);
  if (!value) return std::nullopt;
  const auto read = value->as_bool();
  if (!read) {
    fail_at(name, "must be true or false");
    return std::nullopt;
  }
  return read.value();
}

std::optional<Date> Fields::maybe_date(std::string_view name) {
  const auto value = maybe_text(name);
  if (!value) return std::nullopt;
  const auto date = value->size() == 10 ? Date::parse(*value) : std::nullopt;
  if (!date) fail_at(name, "must be a date, YYYY-MM-DD");
  return date;
}

Date Fields::date(std::string_view name) {
  const auto value = maybe_date(name);
  if (!value) fail_at(name, "is missing");
  return value.value_or(Date{});
}

std::optional<Timestamp> Fields::maybe_time(std::string_view name) {
  const auto value = maybe_text(name);
  if (!value) return std::nullopt;
  const auto time = Timestamp::parse(*value);
  if (!time) fail_at(name, "must be a time as RFC 3339 has it");
  return time;
}

std::optional<Currency> Fields::maybe_currency(std::string_view name) {
  return maybe_choice<Currency>(name, currency_of);
}

std::string Fields::maybe_object(std::string_view name) {
  const auto value = find(name);
  if (!value) return {};
  if (!value->is_object()) {
    fail_at(name, "must be an object");
    return {};
  }
  JsonWriter out;
  write_compact(out, *value);
  return out.take();
}

bool Fields::each(std::string_view name, std::size_t limit,
                  const std::function<void(Fields&)>& each) {
  const auto value = find(name);
  if (!value) return false;
  if (!value->is_array()) {
    fail_at(name, "must be an array");
    return true;
  }
  const auto elements = value->elements();
  if (elements.size() > limit) {
    if (!error_)
      error_ = fail(Errc::kTooLarge, "\"{}\" has more than {} elements", path(name), limit);
    return true;
  }
  for (std::size_t i = 0; i < elements.size() && !error_; ++i) {
    Fields fields(elements[i], error_, this, name, static_cast<int>(i));
    each(fields);
    fields.close();
  }
  return true;
}

std::vector<std::int64_t> Fields::maybe_integers(std::string_view name, std::size_t limit) {
  std::vector<std::int64_t> integers;
  const auto value = find(name);
  if (!value) return integers;
  const auto elements = value->elements();
  if (!value->is_array() || elements.size() > limit) {
    fail_at(name, fmt::format("must be an array of at most {} integers", limit));
    return integers;
  }
  for (const JsonValue& element : elements) {
    const auto read = element.as_int64();
    if (!read) {
      fail_at(name, "must hold integers of 64 bits");
      return {};
    }
    integers.push_back(read.value());
  }
  return integers;
}

Fields Fields::object(std::string_view name) { return Fields(need(name), error_, this, name); }

void Fields::close() {
  if (error_ || !object_) return;
  for (const JsonMember& member : object_->members()) {
    if (std::find(asked_.begin(), asked_.end(), member.key) == asked_.end()) {
      fail_at(member.key, "is not known here");
      return;
    }
  }
}

Body::Body(const Call& call) {
  auto parsed = JsonDocument::parse(call.request.body);
  if (parsed)
    document_ = std::move(parsed.value());
  else
    error_ = parsed.error();
  root_.emplace(document_ ? std::optional(document_->root()) : std::nullopt, error_);
}

std::optional<Error> Body::finish() {
  root_->close();
  return error_;
}

void Query::fail_at(std::string_view name, std::string_view what) {
  if (!error_) error_ = fail(Errc::kMalformed, "the parameter \"{}\" {}", name, what);
}

std::optional<std::string> Query::maybe_text(std::string_view name) {
  asked_.push_back(name);
  const auto found = call_.query.find(name);
  if (found == call_.query.end()) return std::nullopt;
  return found->second;
}

std::string Query::text(std::string_view name) {
  const auto value = maybe_text(name);
  if (!value || value->empty()) fail_at(name, "is missing");
  return value.value_or("");
}

std::optional<std::int64_t> Query::maybe_integer(std::string_view name, std::int64_t low,
                                                 std::int64_t high) {
  const auto text = maybe_text(name);
  if (!text) return std::nullopt;
  const auto value = read_integer(*text);
  if (!value || *value < low || *value > high) {
    fail_at(name, fmt::format("must be an integer between {} and {}", low, high));
    return std::nullopt;
  }
  return value;
}

std::optional<Date> Query::maybe_date(std::string_view name) {
  const auto text = maybe_text(name);
  if (!text) return std::nullopt;
  const auto date = text->size() == 10 ? Date::parse(*text) : std::nullopt;
  if (!date) fail_at(name, "must be a date, YYYY-MM-DD");
  return date;
}

std::optional<Timestamp> Query::maybe_time(std::string_view name) {
  const auto text = maybe_text(name);
  if (!text) return std::nullopt;
  const auto time = Timestamp::parse(*text);
  if (!time) fail_at(name, "must be a time as RFC 3339 has it");
  return time;
}

std::optional<Error> Query::finish() {
  for (const auto& [name, value] : call_.query)
    if (std::find(asked_.begin(), asked_.end(), name) == asked_.end())
      fail_at(name, "is not known");
  return error_;
}

}  // namespace suanpan::api::v1
