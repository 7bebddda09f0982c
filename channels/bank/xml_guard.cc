#include "channels/bank/xml_guard.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ledger/base/limits.h"

namespace suanpan::channels::bank {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool continues_name(char c) {
  return starts_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

bool is_xml_character(std::uint32_t c) {
  return c == 0x9 || c == 0xA || c == 0xD || (c >= 0x20 && c <= 0xD7FF) ||
         (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF);
}

/// Decodes one character at `at` and steps over it; false if it is not valid UTF-8 (overlong,
/// surrogate, cut short) or not a character that XML allows.
bool step_character(std::string_view bytes, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char first = byte(at);
  std::size_t length = 1;
  std::uint32_t value = first;
  std::uint32_t least = 0;
  if (first >= 0xF0 && first < 0xF8) {
    length = 4, value = first & 0x07u, least = 0x10000;
  } else if (first >= 0xE0) {
    length = 3, value = first & 0x0Fu, least = 0x800;
  } else if (first >= 0xC0) {
    length = 2, value = first & 0x1Fu, least = 0x80;
  } else if (first >= 0x80) {
    return false;
  }
  if (first >= 0xF8 || bytes.size() - at < length) return false;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0u) != 0x80u) return false;
    value = value << 6 | (byte(at + i) & 0x3Fu);
  }
  if (value < least || !is_xml_character(value)) return false;
  at += length;
  return true;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Result<void> document() {
    if (starts_with("\xEF\xBB\xBF")) at_ += 3;
    if (starts_with("<?xml") && at_ + 5 < text_.size() && is_blank(text_[at_ + 5])) {
      TRY(declaration());
    }
    bool root_seen = false;
    while (at_ < text_.size()) {
      if (text_[at_] != '<') {
        TRY(text(root_seen));
      } else if (starts_with("<!--")) {
        TRY(comment());
      } else if (starts_with("<![CDATA[")) {
        TRY(cdata());
      } else if (starts_with("<!")) {
        return fail(Errc::kUnsupported,
                    "XML with a DOCTYPE or another declaration is refused (byte {})", at_);
      } else if (starts_with("<?")) {
        return fail(Errc::kUnsupported, "XML with a processing instruction is refused (byte {})",
                    at_);
      } else if (starts_with("</")) {
        TRY(end_tag());
      } else {
        if (open_.empty() && root_seen) return malformed("a second root element");
        root_seen = true;
        TRY(start_tag());
      }
    }
    if (!open_.empty()) return malformed("the document ends inside an element");
    if (!root_seen) return malformed("there is no root element");
    return success();
  }

 private:
  Error malformed(std::string_view what) const {
    return fail(Errc::kMalformed, "not well-formed XML: {} (byte {})", what, at_);
  }

  bool starts_with(std::string_view prefix) const { return text_.substr(at_).starts_with(prefix); }

  std::size_t skip_blanks() {
    const std::size_t from = at_;
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    return at_ - from;
  }

  Result<std::string_view> name() {
    const std::size_t from = at_;
    if (at_ >= text_.size() || !starts_name(text_[at_])) return malformed("a name is expected");
    while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
    return text_.substr(from, at_ - from);
  }

  /// `name = "value"`, the cursor on the name; only references are judged inside the value.
  Result<std::pair<std::string_view, std::string_view>> attribute() {
    TRY(const std::string_view key, name());
    skip_blanks();
    if (!starts_with("=")) return malformed("an attribute without a value");
    ++at_;
    skip_blanks();
    if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\''))
      return malformed("an attribute value without quotes");
    const char quote = text_[at_++];
    const std::size_t from = at_;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '<') return malformed("'<' in an attribute value");
      if (text_[at_] == '&') {
        TRY(reference());
      } else {
        ++at_;
      }
    }
    if (at_ >= text_.size()) return malformed("an attribute value that does not end");
    return std::pair(key, text_.substr(from, at_++ - from));
  }

  Result<void> declaration() {
    at_ += 5;
    while (skip_blanks() > 0 && !starts_with("?>")) {
      TRY(const auto pair, attribute());
      std::string value(pair.second);
      std::transform(value.begin(), value.end(), value.begin(),
                     [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
      if (pair.first == "version" && value != "1.0")
        return fail(Errc::kUnsupported, "only XML 1.0 is read");
      if (pair.first == "encoding" && value != "UTF-8")
        return fail(Errc::kUnsupported, "only XML in UTF-8 is read");
    }
    if (!starts_with("?>")) return malformed("an XML declaration that does not end");
    at_ += 2;
    return success();
  }

  Result<void> comment() {
    const auto end = text_.find("--", at_ + 4);
    if (end == std::string_view::npos || !text_.substr(end).starts_with("-->"))
      return malformed("a comment that does not end properly");
    at_ = end + 3;
    return success();
  }

  Result<void> cdata() {
    if (open_.empty()) return malformed("CDATA outside the root element");
    const auto end = text_.find("]]>", at_ + 9);
    if (end == std::string_view::npos) return malformed("CDATA that does not end");
    at_ = end + 3;
    return success();
  }

  Result<void> text(bool root_seen) {
    while (at_ < text_.size() && text_[at_] != '<') {
      if (open_.empty() && !is_blank(text_[at_]))
        return malformed(root_seen ? "text after the root element"
                                   : "text before the root element");
      if (starts_with("]]>")) return malformed("']]>' in text");
      if (text_[at_] == '&') {
        TRY(reference());
      } else {
        ++at_;
      }
    }
    return success();
  }

  Result<void> reference() {
    const auto end = text_.substr(at_, 12).find(';');
    if (end == std::string_view::npos) return malformed("'&' that starts no reference");
    std::string_view what = text_.substr(at_ + 1, end - 1);
    const auto known = {"amp", "lt", "gt", "quot", "apos"};
    if (std::find(known.begin(), known.end(), what) == known.end()) {
      if (!what.starts_with("#"))
        return fail(Errc::kUnsupported, "XML with an entity of its own is refused (byte {})", at_);
      what.remove_prefix(1);
      const bool hex = what.starts_with("x");
      if (hex) what.remove_prefix(1);
      std::uint32_t value = 0;
      if (what.empty() || what.size() > 8) return malformed("a broken character reference");
      for (const char c : what) {
        std::uint32_t digit = 99;
        if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
        if (hex && c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
        if (hex && c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A' + 10);
        if (digit == 99) return malformed("a broken character reference");
        value = std::min<std::uint32_t>(value * (hex ? 16 : 10) + digit, 0x110000);
      }
      if (!is_xml_character(value)) return malformed("a reference to a forbidden character");
    }
    at_ += end + 1;
    return success();
  }

  Result<void> end_tag() {
    at_ += 2;
    TRY(const std::string_view closed, name());
    skip_blanks();
    if (!starts_with(">")) return malformed("an end tag that does not end");
    if (open_.empty() || open_.back() != closed)
      return malformed("an end tag that closes nothing open");
    open_.pop_back();
    ++at_;
    return success();
  }

  Result<void> start_tag() {
    ++at_;
    TRY(const std::string_view opened, name());
    std::vector<std::string_view> keys;
    for (;;) {
      const bool blank = skip_blanks() > 0;
      if (starts_with(">") || starts_with("/>")) break;
      if (!blank) return malformed("a broken start tag");
      TRY(const auto pair, attribute());
      if (std::find(keys.begin(), keys.end(), pair.first) != keys.end())
        return malformed("an attribute given twice");
      keys.push_back(pair.first);
      if (keys.size() > kMaxXmlAttributes)
        return fail(Errc::kTooLarge, "an XML element with more than {} attributes",
                    kMaxXmlAttributes);
    }
    if (open_.size() >= kMaxXmlDepth)
      return fail(Errc::kTooLarge, "XML nested more than {} deep", kMaxXmlDepth);
    if (++elements_ > kMaxXmlElements)
      return fail(Errc::kTooLarge, "XML of more than {} elements", kMaxXmlElements);
    const bool empty = starts_with("/>");
    at_ += empty ? 2 : 1;
    if (!empty) open_.push_back(opened);
    return success();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t elements_ = 0;
  std::vector<std::string_view> open_;
};

}  // namespace

std::optional<std::size_t> first_bad_character(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();)
    if (!step_character(bytes, at)) return at;
  return std::nullopt;
}

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  }));
}

Result<void> check_xml(std::string_view bytes) {
  if (bytes.size() > kMaxXmlBytes)
    return fail(Errc::kTooLarge, "XML of {} bytes; at most {} are read", bytes.size(),
                kMaxXmlBytes);
  if (const auto bad = first_bad_character(bytes))
    return fail(Errc::kMalformed, "not UTF-8, or a character that XML forbids (byte {})", *bad);
  return Scanner(bytes).document();
}

}  // namespace suanpan::channels::bank
