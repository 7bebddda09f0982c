#include "ledger/base/json.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "ledger/base/check.h"
#include "ledger/base/limits.h"

namespace suanpan {
namespace {

/// Below this length parsers are kept by their thread; a larger text gets one of its own, so that
/// one large body does not leave its buffers behind in every thread.
constexpr std::size_t kKeptParserBytes = 256 << 10;
/// Up to this many members, comparing each pair is faster than sorting.
constexpr std::size_t kPairwiseMembers = 16;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trim_end(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes one or more digits from the front; false if there is none.
bool take_digits(std::string_view& text) {
  const std::size_t before = text.size();
  while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
  return text.size() < before;
}

/// number = [ "-" ] ( "0" | digit1-9 *digit ) [ "." 1*digit ] [ e [ "+" | "-" ] 1*digit ]
bool is_number(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  if (text.size() > 1 && text[0] == '0' && is_digit(text[1])) return false;
  if (!take_digits(text)) return false;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    if (!take_digits(text)) return false;
  }
  if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
    text.remove_prefix(1);
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
    if (!take_digits(text)) return false;
  }
  return text.empty();
}

const char* name_of(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kBool:
      return "a boolean";
    case JsonKind::kNumber:
      return "a number";
    case JsonKind::kString:
      return "a string";
    case JsonKind::kArray:
      return "an array";
    case JsonKind::kObject:
      return "an object";
  }
  return "nothing";
}

Error wrong_kind(const char* wanted, JsonKind found) {
  return fail(Errc::kMalformed, "expected {}, found {}", wanted, name_of(found));
}

/// The error of a member's value, naming the member.
Error of_member(std::string_view key, const Error& error) {
  return fail(error.code, "\"{}\": {}", key, error.message);
}

}  // namespace

/// The nodes of all values in source order, an object's or array's before its children. The text
/// is kept in brackets, so that every document is an array of one element: one path serves scalars
/// too, and trailing values show as a second element.
struct JsonDocument::Tree {
  /// A stretch of `text`, or of `decoded` where escapes had to be resolved.
  struct Span {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
  };
  struct Node {
    std::uint32_t begin = 0;  ///< in text
    std::uint32_t end = 0;
    Span key;                ///< of an object's member
    Span string;             ///< decoded content of a string
    std::uint32_t next = 0;  ///< the first node that is not inside this one
    JsonKind kind = JsonKind::kNull;
    bool key_is_decoded = false;
    bool string_is_decoded = false;
  };

  std::string text;
  std::string decoded;
  std::vector<Node> nodes;

  std::string_view view(Span span, bool is_decoded) const {
    return std::string_view(is_decoded ? decoded : text).substr(span.at, span.size);
  }
  std::string_view key(const Node& node) const { return view(node.key, node.key_is_decoded); }
  std::string_view string(const Node& node) const {
    return view(node.string, node.string_is_decoded);
  }
  /// Calls visit(index) for each child in source order, until it returns true.
  template <class Visit>
  void each_child(std::uint32_t parent, Visit visit) const {
    for (std::uint32_t i = parent + 1; i < nodes[parent].next; i = nodes[i].next)
      if (visit(i)) return;
  }
  JsonValue value(std::uint32_t node) const { return JsonValue(this, node); }
};

namespace {

using Tree = JsonDocument::Tree;
namespace od = simdjson::ondemand;

/// Walks a whole text and fills a tree. simdjson finds the tokens, checks UTF-8, structure and
/// escapes; scalars are checked here, because its own readers may stop early.
class TreeBuilder {
 public:
  explicit TreeBuilder(Tree& tree) : tree_(tree), base_(tree.text.data()) {}

  Result<void> build(od::parser& parser, std::size_t length) {
    od::document document;
    od::array wrapper;
    if (auto error = parser.iterate(base_, length, tree_.text.size()).get(document))
      return broken(simdjson::error_message(error));
    if (auto error = document.get_array().get(wrapper))
      return broken(simdjson::error_message(error));
    std::size_t count = 0;
    for (auto element : wrapper) {
      od::value value;
      if (auto error = element.get(value)) return broken(simdjson::error_message(error));
      if (++count > 1) return broken("more than one value");
      TRY(add_value(document, value, 0));
    }
    if (count == 0) return broken("no value");
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
      return broken("bytes after the value");
    return success();
  }

 private:
  Error broken(std::string_view why) const {
    // The wrapping bracket in front is not the caller's.
    const std::size_t offset = at_ > 0 ? at_ - 1 : 0;
    return fail(Errc::kMalformed, "JSON: {} at or after byte {}", why, offset);
  }
  std::uint32_t offset(const char* p) const { return static_cast<std::uint32_t>(p - base_); }

  Result<void> add_value(od::document& document, od::value value, std::size_t depth) {
    const std::string_view token = trim_end(value.raw_json_token());
    at_ = offset(token.data());
    if (tree_.nodes.size() >= kMaxJsonValues)
      return fail(Errc::kTooLarge, "JSON: more than {} values", kMaxJsonValues);
    const auto index = static_cast<std::uint32_t>(tree_.nodes.size());
    tree_.nodes.emplace_back();
    Tree::Node& node = tree_.nodes.back();
    node.begin = static_cast<std::uint32_t>(at_);
    node.end = node.begin + static_cast<std::uint32_t>(token.size());
    node.next = index + 1;
    switch (token.empty() ? '\0' : token.front()) {
      case '{':
        return add_object(document, value, index, depth + 1);
      case '[':
        return add_array(document, value, index, depth + 1);
      case '"':
        return add_string(value, token, node);
      case 'n':
        node.kind = JsonKind::kNull;
        return expect(token == "null");
      case 't':
        node.kind = JsonKind::kBool;
        return expect(token == "true");
      case 'f':
        node.kind = JsonKind::kBool;
        return expect(token == "false");
      default:
        node.kind = JsonKind::kNumber;
        return expect(is_number(token));
    }
  }

  Result<void> expect(bool holds) const {
    if (!holds) return broken("not a JSON value");
    return success();
  }

  Result<void> add_string(od::value value, std::string_view token, Tree::Node& node) {
    node.kind = JsonKind::kString;
    if (std::memchr(token.data(), '\\', token.size()) == nullptr) {
      if (token.size() < 2 || token.back() != '"') return broken("not a JSON string");
      // Consumed, although not needed: simdjson skips a string that was not as if it were the first
      // key of an object when a colon follows, and so would accept ["a":1}].
      if (auto error = value.get_raw_json_string().error())
        return broken(simdjson::error_message(error));
      node.string = {node.begin + 1, static_cast<std::uint32_t>(token.size() - 2)};
      return success();
    }
    std::string_view content;
    if (auto error = value.get_string().get(content)) return broken(simdjson::error_message(error));
    node.string = keep(content);
    node.string_is_decoded = true;
    return success();
  }

  Result<void> add_array(od::document& document, od::value value, std::uint32_t index,
                         std::size_t depth) {
    if (depth > kMaxJsonDepth) return broken("nested too deeply");
    tree_.nodes[index].kind = JsonKind::kArray;
    od::array array;
    if (auto error = value.get_array().get(array)) return broken(simdjson::error_message(error));
    for (auto element : array) {
      od::value child;
      if (auto error = element.get(child)) return broken(simdjson::error_message(error));
      TRY(add_value(document, child, depth));
    }
    return close(document, index);
  }

  Result<void> add_object(od::document& document, od::value value, std::uint32_t index,
                          std::size_t depth) {
    if (depth > kMaxJsonDepth) return broken("nested too deeply");
    tree_.nodes[index].kind = JsonKind::kObject;
    od::object object;
    if (auto error = value.get_object().get(object)) return broken(simdjson::error_message(error));
    for (auto member : object) {
      od::field field;
      if (auto error = std::move(member).get(field)) return broken(simdjson::error_message(error));
      Tree::Span key;
      bool is_decoded = false;
      TRY(read_key(field, key, is_decoded));
      const std::size_t child = tree_.nodes.size();
      TRY(add_value(document, field.value(), depth));
      tree_.nodes[child].key = key;
      tree_.nodes[child].key_is_decoded = is_decoded;
    }
    if (has_equal_keys(index))
      return fail(Errc::kMalformed, "JSON: a key occurs twice in the object at byte {}",
                  tree_.nodes[index].begin - 1);
    return close(document, index);
  }

  Result<void> read_key(od::field& field, Tree::Span& key, bool& is_decoded) {
    // The first pass has made sure that the string ends; raw() points behind the opening quote.
    const char* const begin = field.key().raw();
    at_ = offset(begin) - 1;
    const char* end = begin;
    while (*end != '"' && *end != '\\') ++end;
    if (*end == '"') {
      key = {offset(begin), static_cast<std::uint32_t>(end - begin)};
      return success();
    }
    std::string_view content;
    if (auto error = field.unescaped_key().get(content))
      return broken(simdjson::error_message(error));
    key = keep(content);
    is_decoded = true;
    return success();
  }

  Tree::Span keep(std::string_view content) {
    const Tree::Span span{static_cast<std::uint32_t>(tree_.decoded.size()),
                          static_cast<std::uint32_t>(content.size())};
    tree_.decoded += content;
    return span;
  }

  /// After an array or object: its end is the last byte before the next token that is not blank.
  Result<void> close(od::document& document, std::uint32_t index) {
    const char* next_token = nullptr;
    if (document.current_location().get(next_token)) return broken("a bracket is not closed");
    Tree::Node& node = tree_.nodes[index];
    const std::string_view upto(base_ + node.begin, next_token - (base_ + node.begin));
    node.end = node.begin + static_cast<std::uint32_t>(trim_end(upto).size());
    node.next = static_cast<std::uint32_t>(tree_.nodes.size());
    return success();
  }

  bool has_equal_keys(std::uint32_t object) {
    keys_.clear();
    const auto end = static_cast<std::uint32_t>(tree_.nodes.size());
    for (std::uint32_t i = object + 1; i < end; i = tree_.nodes[i].next)
      keys_.push_back(tree_.key(tree_.nodes[i]));
    if (keys_.size() > kPairwiseMembers) {
      std::sort(keys_.begin(), keys_.end());
      return std::adjacent_find(keys_.begin(), keys_.end()) != keys_.end();
    }
    for (std::size_t i = 1; i < keys_.size(); ++i)
      for (std::size_t k = 0; k < i; ++k)
        if (keys_[i] == keys_[k]) return true;
    return false;
  }

  Tree& tree_;
  const char* base_;
  std::size_t at_ = 0;                  ///< of the last token looked at, in the wrapped text
  std::vector<std::string_view> keys_;  ///< scratch of has_equal_keys
};

}  // namespace

JsonDocument::JsonDocument(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

Result<JsonDocument> JsonDocument::parse(std::string_view text) {
  if (text.size() > kMaxJsonBytes)
    return fail(Errc::kTooLarge, "JSON: {} bytes, at most {} are read", text.size(), kMaxJsonBytes);
  auto tree = std::make_unique<Tree>();
  const std::size_t length = text.size() + 2;
  tree->text.reserve(length + simdjson::SIMDJSON_PADDING);
  tree->text += '[';
  tree->text += text;
  tree->text += ']';
  tree->text.append(simdjson::SIMDJSON_PADDING, '\0');
  tree->nodes.reserve(std::min<std::size_t>(text.size() / 16 + 4, 4096));
  TreeBuilder builder(*tree);
  if (length > kKeptParserBytes) {
    od::parser parser;
    TRY(builder.build(parser, length));
  } else {
    thread_local od::parser parser;
    TRY(builder.build(parser, length));
  }
  return JsonDocument(std::move(tree));
}

JsonValue JsonDocument::root() const { return tree_->value(0); }

JsonKind JsonValue::kind() const { return tree_->nodes[node_].kind; }

Result<std::string_view> JsonValue::as_string() const {
  if (kind() != JsonKind::kString) return wrong_kind("a string", kind());
  return tree_->string(tree_->nodes[node_]);
}

Result<bool> JsonValue::as_bool() const {
  if (kind() != JsonKind::kBool) return wrong_kind("a boolean", kind());
  return raw() == "true";
}

Result<std::int64_t> JsonValue::as_int64() const {
  if (kind() != JsonKind::kNumber) return wrong_kind("an integer", kind());
  const std::string_view text = raw();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range)
    return fail(Errc::kMalformed, "expected an integer of 64 bits, found one beyond them");
  if (error != std::errc() || end != text.data() + text.size() || text == "-0")
    return fail(Errc::kMalformed, "expected an integer, found another number");
  return value;
}

std::string_view JsonValue::raw() const {
  const Tree::Node& node = tree_->nodes[node_];
  return std::string_view(tree_->text).substr(node.begin, node.end - node.begin);
}

std::vector<JsonValue> JsonValue::elements() const {
  std::vector<JsonValue> found;
  if (!is_array()) return found;
  tree_->each_child(node_, [&](std::uint32_t i) {
    found.push_back(tree_->value(i));
    return false;
  });
  return found;
}

std::vector<JsonMember> JsonValue::members() const {
  std::vector<JsonMember> found;
  if (!is_object()) return found;
  tree_->each_child(node_, [&](std::uint32_t i) {
    found.push_back({tree_->key(tree_->nodes[i]), tree_->value(i)});
    return false;
  });
  return found;
}

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  std::optional<JsonValue> found;
  if (!is_object()) return found;
  tree_->each_child(node_, [&](std::uint32_t i) {
    if (tree_->key(tree_->nodes[i]) == key) found = tree_->value(i);
    return found.has_value();
  });
  return found;
}

Result<JsonValue> JsonValue::get(std::string_view key) const {
  if (!is_object()) return wrong_kind("an object", kind());
  if (const auto found = find(key)) return *found;
  return fail(Errc::kMalformed, "\"{}\" is missing", key);
}

Result<std::string> JsonValue::get_string(std::string_view key) const {
  TRY(const JsonValue value, get(key));
  const auto text = value.as_string();
  if (!text) return of_member(key, text.error());
  return std::string(text.value());
}

Result<std::int64_t> JsonValue::get_int64(std::string_view key) const {
  TRY(const JsonValue value, get(key));
  const auto number = value.as_int64();
  if (!number) return of_member(key, number.error());
  return number.value();
}

void JsonWriter::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (open_.empty()) {
    CHECK_OR_DIE(out_.empty(), "a JSON text has one value");
    return;
  }
  CHECK_OR_DIE(open_.back() == '[', "a value in a JSON object needs a key");
  comma();
}

void JsonWriter::comma() {
  if (out_.back() != '{' && out_.back() != '[') out_ += ',';
}

JsonWriter& JsonWriter::begin_object() {
  separate();
  out_ += '{';
  open_ += '{';
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  CHECK_OR_DIE(!open_.empty() && open_.back() == '{' && !after_key_, "no JSON object to end");
  open_.pop_back();
  out_ += '}';
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  separate();
  out_ += '[';
  open_ += '[';
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  CHECK_OR_DIE(!open_.empty() && open_.back() == '[', "no JSON array to end");
  open_.pop_back();
  out_ += ']';
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  CHECK_OR_DIE(!open_.empty() && open_.back() == '{' && !after_key_, "a JSON key out of place");
  comma();
  append_json_string(out_, name);
  out_ += ':';
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view value) {
  separate();
  append_json_string(out_, value);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) { return raw(fmt::format_int(value).c_str()); }
JsonWriter& JsonWriter::unsigned_integer(std::uint64_t value) {
  return raw(fmt::format_int(value).c_str());
}
JsonWriter& JsonWriter::boolean(bool value) { return raw(value ? "true" : "false"); }
JsonWriter& JsonWriter::null() { return raw("null"); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  CHECK_OR_DIE(!json.empty(), "an empty text is no JSON value");
  separate();
  out_ += json;
  return *this;
}

std::string JsonWriter::take() {
  CHECK_OR_DIE(open_.empty() && !out_.empty(), "the JSON text is not finished");
  return std::exchange(out_, {});
}

namespace {

/// The length of the well-formed UTF-8 character at the front of `text`, or 0 if there is none.
std::size_t utf8_length(std::string_view text) {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size)
    if (simdjson::validate_utf8(text.data(), size)) return size;
  return 0;
}

std::string with_replacements(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const std::size_t size = utf8_length(text);
    valid += size > 0 ? text.substr(0, size) : std::string_view("\uFFFD");
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return valid;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  if (!simdjson::validate_utf8(text.data(), text.size()))
    return append_json_string(out, with_replacements(text));
  out += '"';
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out += text.substr(written, i - written);
    written = i + 1;
    switch (byte) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += fmt::format("\\u{:04x}", byte);
    }
  }
  out += text.substr(written);
  out += '"';
}

}  // namespace suanpan
