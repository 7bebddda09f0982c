// What the codecs of settlement's documents share: strict reading of fields. A key that nobody
// knows is an error, because a misspelt "minimum" would otherwise be a fee that is never taken.
// Pure; thread-safe.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

#include "ledger/base/date.h"
#include "ledger/base/json.h"
#include "ledger/base/money.h"
#include "ledger/base/result.h"

namespace suanpan::settlement {

/// Our own number of a thing (merchant, order, batch): 1-64 bytes of letters, digits, "-_*|.".
/// The set is what every channel and bank takes and what needs no escape in JSON.
bool is_number(std::string_view text);

/// What people wrote or are called: 1 to `max_bytes` bytes of UTF-8 without control characters.
bool is_label(std::string_view text, std::size_t max_bytes = 64);

/// Errors: kMalformed unless `value` is an object whose keys are all among `known`.
Result<void> only_keys(JsonValue value, std::initializer_list<std::string_view> known);
/// Reads the member "format". Errors: kUnsupported unless it is `format`; kMalformed if missing.
Result<void> expect_format(JsonValue value, std::int64_t format);
/// Required members of one type. Errors: kMalformed, naming the key.
Result<Date> get_date(JsonValue value, std::string_view key);
Result<Currency> get_currency(JsonValue value, std::string_view key);
Result<std::string> get_number(JsonValue value, std::string_view key);
/// An optional amount of minor units; nothing where absent. Errors: kMalformed, naming the key.
Result<std::optional<std::int64_t>> find_int64(JsonValue value, std::string_view key);

/// The enumerator whose name_of() the required member holds. Errors: kMalformed, naming the key.
template <class Enum>
Result<Enum> get_name(JsonValue value, std::string_view key, std::initializer_list<Enum> all) {
  TRY(const std::string text, value.get_string(key));
  for (const Enum one : all) {
    if (name_of(one) == text) return one;
  }
  return fail(Errc::kMalformed, "\"{}\" has no such choice", key);
}

/// Narrows a wide sum to an amount. Errors: kTooLarge beyond ±kMaxAmountMinor.
Result<std::int64_t> to_minor(Int128 sum);

}  // namespace suanpan::settlement
