// The one safe XML reader, for ISO 20022 messages, and the writer beside it. No one else sees
// pugixml.
//
// Reading refuses what xml_guard.h lists (declarations, entities, bad UTF-8, size, depth, malformed
// text) before a tree is built. Elements of another namespace than the root's are invisible (bank
// extensions in SplmtryData). Two elements of one name where one is asked for are refused, never
// "the first wins": two readers of one statement must not see two amounts.
//
// An XmlElement is a view into its XmlDocument and must not outlive it. Immutable after parsing;
// any thread may read.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.h"

namespace pugi {
struct xml_node_struct;
}

namespace suanpan::channels::bank {

class XmlElement {
 public:
  std::string_view name() const;  ///< without prefix
  /// An attribute's value by its full name; empty if absent.
  std::string attribute(std::string_view name) const;
  /// All text of a leaf (comments and CDATA marks do not cut it), blanks trimmed at both ends.
  /// Errors: kMalformed if it holds elements.
  Result<std::string> text() const;

  /// All child elements of that name, in order.
  std::vector<XmlElement> children(std::string_view name) const;
  /// The only element at a path such as "Refs/EndToEndId"; nothing if absent. Errors: kMalformed
  /// if any step of it is there twice.
  Result<std::optional<XmlElement>> find(std::string_view path) const;
  /// The same, required. Errors: also kMalformed if absent, naming the path.
  Result<XmlElement> get(std::string_view path) const;
  /// The text at a path; empty if absent. Errors as find and text.
  Result<std::string> find_text(std::string_view path) const;
  /// The text at a path, required and not empty. Errors as get and text.
  Result<std::string> get_text(std::string_view path) const;

 private:
  friend class XmlDocument;
  explicit XmlElement(pugi::xml_node_struct* node) : node_(node) {}
  pugi::xml_node_struct* node_;
};

class XmlDocument {
 public:
  /// Reads a whole document. Errors: kMalformed, kTooLarge, kUnsupported (see xml_guard.h).
  static Result<XmlDocument> parse(std::string_view bytes);
  XmlDocument(XmlDocument&&) noexcept;
  XmlDocument& operator=(XmlDocument&&) noexcept;
  ~XmlDocument();

  XmlElement root() const;
  /// The URI of the root's namespace; empty if it has none.
  const std::string& root_namespace() const;

 private:
  struct Tree;
  explicit XmlDocument(std::unique_ptr<Tree> tree);
  std::unique_ptr<Tree> tree_;
};

/// Writes one document, streaming, without white space between elements; escapes are its business.
/// CHECKs that what is opened is closed and that text is valid (first_bad_character finds nothing):
/// input is judged before it comes here.
class XmlWriter {
 public:
  XmlWriter();
  XmlWriter& open(std::string_view name);
  /// Adds an attribute to the element opened last; before any content.
  XmlWriter& attribute(std::string_view name, std::string_view value);
  XmlWriter& text(std::string_view value);
  XmlWriter& close();
  /// open + text + close.
  XmlWriter& leaf(std::string_view name, std::string_view value);
  std::string take();

 private:
  void end_start_tag();
  std::string out_;
  std::vector<std::string> open_;
  bool in_start_tag_ = false;
};

}  // namespace suanpan::channels::bank
