// The one JSON reader and writer.
//
// The reader walks every value to the end and refuses what nobody asked for as well: duplicate
// keys (at any depth), invalid UTF-8, lone surrogates, numbers that are not integers of 64 bits
// where an integer is asked, trailing bytes, depth over kMaxJsonDepth. simdjson alone takes the
// first of two equal keys and Boost.JSON the last: two readers of one signed body would disagree.
//
// A JsonValue is a view into its JsonDocument, which owns the tree; it must not outlive it.
#pragma once
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.h"

namespace suanpan {

class JsonValue;

struct JsonMember;

class JsonDocument {
 public:
  /// Parses a whole text. Errors: kMalformed (with the byte offset), kTooLarge beyond kMaxJsonBytes
  /// or kMaxJsonValues. Thread-safe.
  static Result<JsonDocument> parse(std::string_view text);
  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();
  JsonValue root() const;

  struct Tree;

 private:
  explicit JsonDocument(std::unique_ptr<Tree> tree);
  std::unique_ptr<Tree> tree_;
};

enum class JsonKind : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

class JsonValue {
 public:
  JsonKind kind() const;
  bool is_null() const { return kind() == JsonKind::kNull; }
  bool is_object() const { return kind() == JsonKind::kObject; }
  bool is_array() const { return kind() == JsonKind::kArray; }
  bool is_string() const { return kind() == JsonKind::kString; }

  /// Typed access. Errors: kMalformed, naming the kind found.
  Result<std::string_view> as_string() const;  ///< decoded UTF-8
  Result<bool> as_bool() const;
  /// A number written as an integer (no point, no exponent) within int64.
  Result<std::int64_t> as_int64() const;
  /// The value's exact text in the source (a number as written, a string with its quotes and
  /// escapes, an object with its white space).
  std::string_view raw() const;

  /// Array elements or object members in source order; empty for other kinds.
  std::vector<JsonValue> elements() const;
  std::vector<JsonMember> members() const;

  /// A member by key; nothing if absent or if this is not an object. null counts as present.
  std::optional<JsonValue> find(std::string_view key) const;
  /// A required member. Errors: kMalformed «"key" is missing».
  Result<JsonValue> get(std::string_view key) const;
  /// Shorthands for required members of one type; errors name the key.
  Result<std::string> get_string(std::string_view key) const;
  Result<std::int64_t> get_int64(std::string_view key) const;

 private:
  friend class JsonDocument;
  friend struct JsonDocument::Tree;
  JsonValue(const JsonDocument::Tree* tree, std::uint32_t node) : tree_(tree), node_(node) {}
  const JsonDocument::Tree* tree_;
  std::uint32_t node_;
};

struct JsonMember {
  std::string_view key;  ///< decoded
  JsonValue value;
};

/// Writes one JSON text, streaming; commas and escapes are its business, nesting the caller's
/// (CHECKed). Output is UTF-8 without white space; control characters, quote and backslash are
/// escaped, nothing else; bytes that are not UTF-8 become U+FFFD.
class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view value);
  JsonWriter& integer(std::int64_t value);
  JsonWriter& unsigned_integer(std::uint64_t value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  /// A value that is JSON already; not empty.
  JsonWriter& raw(std::string_view json);

  /// key + value in one call.
  JsonWriter& field(std::string_view name, std::string_view value) {
    return key(name).string(value);
  }
  JsonWriter& field(std::string_view name, const char* value) { return key(name).string(value); }
  template <std::integral Integer>
  JsonWriter& field(std::string_view name, Integer value) {
    if constexpr (std::same_as<Integer, bool>)
      return key(name).boolean(value);
    else if constexpr (std::unsigned_integral<Integer>)
      return key(name).unsigned_integer(value);
    else
      return key(name).integer(value);
  }

  /// The finished text; CHECKs that everything opened was closed.
  std::string take();

 private:
  void separate();
  void comma();
  std::string out_;
  std::string open_;  ///< the brackets that are open, outermost first
  bool after_key_ = false;
};

/// Appends `text` as a quoted, escaped JSON string.
void append_json_string(std::string& out, std::string_view text);

}  // namespace suanpan
