// Strict reading of a request's JSON: a member that nobody asked for is refused, because a misspelt
// or smuggled one must not be ignored (mass assignment).
//
//   Body body(call);
//   Fields& in = body.root();
//   request.code = in.text("code");
//   if (const auto error = body.finish()) return refuse(call, *error);
//
// The first error is kept and names the path of the member ("legs[2].amount"); after it every read
// gives a default, so that a handler reads straight down and asks once. Values are views into the
// body and live as long as it. One thread.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/router.h"
#include "ledger/base/date.h"
#include "ledger/base/json.h"
#include "ledger/base/money.h"

namespace suanpan::api::v1 {

/// One object that is being read.
class Fields {
 public:
  Fields(std::optional<JsonValue> object, std::optional<Error>& error,
         const Fields* parent = nullptr, std::string_view name = {}, int index = -1);

  std::string text(std::string_view name);
  std::optional<std::string> maybe_text(std::string_view name);
  std::int64_t integer(std::string_view name);
  std::optional<std::int64_t> maybe_integer(std::string_view name);
  /// Within [low, high], else malformed.
  std::int64_t integer_in(std::string_view name, std::int64_t low, std::int64_t high,
                          std::optional<std::int64_t> fallback = {});
  std::optional<bool> maybe_flag(std::string_view name);
  bool flag(std::string_view name, bool fallback) { return maybe_flag(name).value_or(fallback); }
  Date date(std::string_view name);  ///< YYYY-MM-DD
  std::optional<Date> maybe_date(std::string_view name);
  std::optional<Timestamp> maybe_time(std::string_view name);  ///< RFC 3339
  std::optional<Currency> maybe_currency(std::string_view name);
  /// The value that `read` finds for a name; malformed where it finds none.
  template <class T>
  std::optional<T> maybe_choice(std::string_view name, std::optional<T> (*read)(std::string_view)) {
    const auto value = maybe_text(name);
    if (!value) return std::nullopt;
    std::optional<T> found = read(*value);
    if (!found) fail_at(name, "has no such choice");
    return found;
  }
  /// The member as it stands; nothing if absent or null.
  std::optional<JsonValue> maybe_value(std::string_view name);
  /// A JSON object in compact form, for what is stored as it is; empty if absent.
  std::string maybe_object(std::string_view name);
  /// Calls `each` with every element, which must be objects. False if the member is absent.
  bool each(std::string_view name, std::size_t limit, const std::function<void(Fields&)>& each);
  std::vector<std::int64_t> maybe_integers(std::string_view name, std::size_t limit);
  /// A nested object; its reads fail if it is absent.
  Fields object(std::string_view name);

  bool has(std::string_view name) const;
  /// Keeps `what` as the error of a member, if it is the first.
  void fail_at(std::string_view name, std::string_view what);
  /// Whether something was found wrong so far, anywhere in the body.
  bool failed() const { return error_.has_value(); }
  /// Refuses members that nobody asked for.
  void close();

 private:
  std::optional<JsonValue> find(std::string_view name);
  std::optional<JsonValue> need(std::string_view name);
  std::string path(std::string_view name) const;

  std::optional<JsonValue> object_;
  std::optional<Error>& error_;
  const Fields* parent_;
  std::string_view name_;
  int index_;
  std::vector<std::string_view> asked_;
};

/// The body of a call, which must be one JSON object.
class Body {
 public:
  explicit Body(const Call& call);
  Body(const Body&) = delete;
  Fields& root() { return *root_; }
  /// The first error; call it when everything was read.
  std::optional<Error> finish();

 private:
  std::optional<Error> error_;
  std::optional<JsonDocument> document_;
  std::optional<Fields> root_;
};

/// The query of a call, read with the same manners.
class Query {
 public:
  explicit Query(const Call& call) : call_(call) {}
  std::string text(std::string_view name);
  std::optional<std::string> maybe_text(std::string_view name);
  std::optional<std::int64_t> maybe_integer(std::string_view name, std::int64_t low,
                                            std::int64_t high);
  std::optional<Date> maybe_date(std::string_view name);
  std::optional<Timestamp> maybe_time(std::string_view name);
  void fail_at(std::string_view name, std::string_view what);
  std::optional<Error> finish();

 private:
  const Call& call_;
  std::optional<Error> error_;
  std::vector<std::string_view> asked_;
};

}  // namespace suanpan::api::v1
