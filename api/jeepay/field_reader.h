// Reads the fields of a bag by type, for requests.cc. The first refusal is kept, and what is read
// after it yields empty values, so that a parser is a flat list of reads ended by finish().
//
// Every refusal names its field and says the rule, never the value (it may be personal data). A
// field that is null or "" was not sent. Numbers may come as JSON numbers or as strings of digits.
// Lengths are in characters. Not thread-safe.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/jeepay/field_bag.h"
#include "ledger/base/date.h"
#include "ledger/base/money.h"
#include "ledger/base/result.h"

namespace suanpan::api::jeepay {

enum class Need : std::uint8_t { kRequired, kOptional };

class FieldReader {
 public:
  explicit FieldReader(const FieldBag& bag) : bag_(bag) {}

  /// Visible ASCII without '&' and '=': order numbers, merchant numbers, codes.
  std::string id(std::string_view name, std::size_t max, Need need);
  /// Free text for people; tabs and line breaks are the only control characters.
  std::string text(std::string_view name, std::size_t max, Need need);
  /// An absolute http or https URL with a host and without user info. Whether its host may be
  /// called is decided where it is called.
  std::string url(std::string_view name, std::size_t max);
  /// An IPv4 or IPv6 address, by its alphabet.
  std::string ip(std::string_view name);
  /// One of `allowed`.
  std::string one_of(std::string_view name, std::initializer_list<std::string_view> allowed);
  /// A JSON object, nested or as a string; its text.
  std::string json_object(std::string_view name, std::size_t max);

  /// An integer in least..greatest; `otherwise` if it was not sent.
  std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t greatest,
                       std::int64_t otherwise);
  /// A required amount in minor units, 1..kMaxAmountMinor, in the currency of field `currency`.
  Money amount(std::string_view name);
  /// Exactly 13 digits: milliseconds since the epoch.
  Timestamp time_ms(std::string_view name);

  /// Keeps a refusal found by the caller, if none was kept before.
  void refuse(Error error);

  template <class Request>
  Result<Request> finish(Request request) {
    if (error_) return std::move(*error_);
    return request;
  }

 private:
  /// The field as text if it was sent and is a string or a number; refuses other kinds.
  std::optional<std::string_view> scalar(std::string_view name, Need need);
  bool within(std::string_view name, std::string_view text, std::size_t max);

  const FieldBag& bag_;
  std::optional<Error> error_;
};

}  // namespace suanpan::api::jeepay
