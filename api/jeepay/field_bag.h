// A FieldBag: the top-level fields of one Jeepay message, in order, as text.
//
// JSON and form bodies both become one, and so do our answers and notifications before they are
// signed, so that signing and reading see the same fields whatever they travelled in. Invariants:
// names are unique, 1 to kMaxNameBytes visible ASCII characters without '&' and '='; at most
// kMaxFields fields; every text is valid UTF-8 without NUL.
//
// A value type without locks; a reader may share it between threads.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/http_message.h"
#include "ledger/base/result.h"

namespace suanpan::api::jeepay {

enum class FieldKind : std::uint8_t { kNull, kBool, kNumber, kString, kNested };

struct Field {
  std::string name;
  std::string text;  ///< a string decoded; a number, boolean or nested value as its JSON text
  FieldKind kind = FieldKind::kString;

  /// null and "" count as not sent, for signing and for reading alike.
  bool is_blank() const { return kind == FieldKind::kNull || text.empty(); }
};

class FieldBag {
 public:
  static constexpr std::size_t kMaxFields = 64;
  static constexpr std::size_t kMaxNameBytes = 64;

  /// A JSON object. Errors: kMalformed (not JSON, not an object, a key twice), kTooLarge.
  static Result<FieldBag> from_json(std::string_view body);
  /// "a=1&b=2", percent-encoded. Errors: kMalformed (broken escape, not UTF-8, a name twice),
  /// kTooLarge.
  static Result<FieldBag> from_form(std::string_view text);
  /// The fields of a request: its body by content type, or its query where the body is empty (query
  /// and close may come by GET). Errors: as above; kUnsupported for another content type.
  static Result<FieldBag> from_request(const HttpRequest& request);

  /// Appends. Errors: kMalformed for a bad or repeated name or text; kTooLarge for one too many.
  Result<void> add(Field field);

  /// Appends a field of ours: CHECKs where add() refuses. set_text leaves out what is empty, as
  /// nobody signs it.
  FieldBag& set_text(std::string_view name, std::string_view value);
  FieldBag& set_integer(std::string_view name, std::int64_t value);

  const std::vector<Field>& fields() const { return fields_; }
  /// The field of that exact name, or null.
  const Field* find(std::string_view name) const;
  /// Its text; empty where it is absent or null.
  std::string_view text(std::string_view name) const;

  std::string to_json() const;  ///< an object, strings escaped, everything else as it is
  std::string to_form() const;  ///< null fields left out

 private:
  std::vector<Field> fields_;
};

}  // namespace suanpan::api::jeepay
