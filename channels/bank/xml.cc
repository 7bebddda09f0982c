#include "channels/bank/xml.h"

#include <pugixml.hpp>
#include <utility>

#include "channels/bank/xml_guard.h"
#include "ledger/base/check.h"

namespace suanpan::channels::bank {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

std::string_view prefix_of(std::string_view name) {
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? std::string_view{} : name.substr(0, colon);
}

std::string_view local_name(std::string_view name) {
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

using Bindings = std::vector<std::pair<std::string_view, std::string_view>>;  // prefix → URI

/// The URI of an element's namespace, its own declarations added to `bindings`; nothing for a
/// prefix that is bound nowhere.
std::optional<std::string_view> resolve(pugi::xml_node node, Bindings& bindings) {
  for (const auto attribute : node.attributes()) {
    const std::string_view name = attribute.name();
    if (name == "xmlns") bindings.emplace_back(std::string_view{}, attribute.value());
    if (prefix_of(name) == "xmlns") bindings.emplace_back(local_name(name), attribute.value());
  }
  const std::string_view prefix = prefix_of(node.name());
  for (auto at = bindings.rbegin(); at != bindings.rend(); ++at)
    if (at->first == prefix) return at->second;
  if (prefix.empty()) return std::string_view{};
  return std::nullopt;
}

/// Removes every element below `node` that is not in namespace `uri`. Recursion is bounded by
/// kMaxXmlDepth. Errors: kMalformed for an unbound prefix.
Result<void> prune(pugi::xml_node node, std::string_view uri, Bindings& bindings) {
  for (auto child = node.first_child(); child;) {
    const auto next = child.next_sibling();
    if (child.type() == pugi::node_element) {
      const std::size_t outer = bindings.size();
      const auto own = resolve(child, bindings);
      if (!own) return fail(Errc::kMalformed, "an XML namespace prefix is not declared");
      if (*own == uri) {
        TRY(prune(child, uri, bindings));
      } else {
        node.remove_child(child);
      }
      bindings.resize(outer);
    }
    child = next;
  }
  return success();
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#13;";
        break;  // a bare one would be read back as a line feed
      default:
        out += c;
    }
  }
}

}  // namespace

struct XmlDocument::Tree {
  pugi::xml_document document;
  std::string root_namespace;
};

XmlDocument::XmlDocument(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}
XmlDocument::XmlDocument(XmlDocument&&) noexcept = default;
XmlDocument& XmlDocument::operator=(XmlDocument&&) noexcept = default;
XmlDocument::~XmlDocument() = default;

Result<XmlDocument> XmlDocument::parse(std::string_view bytes) {
  TRY(check_xml(bytes));
  auto tree = std::make_unique<Tree>();
  const auto status = tree->document.load_buffer(bytes.data(), bytes.size(), pugi::parse_default,
                                                 pugi::encoding_utf8);
  if (!status) return fail(Errc::kMalformed, "not well-formed XML (byte {})", status.offset);
  const pugi::xml_node root = tree->document.document_element();
  Bindings bindings;
  const auto uri = resolve(root, bindings);
  if (!uri) return fail(Errc::kMalformed, "an XML namespace prefix is not declared");
  tree->root_namespace = *uri;
  TRY(prune(root, tree->root_namespace, bindings));
  return XmlDocument(std::move(tree));
}

XmlElement XmlDocument::root() const {
  return XmlElement(tree_->document.document_element().internal_object());
}

const std::string& XmlDocument::root_namespace() const { return tree_->root_namespace; }

std::string_view XmlElement::name() const { return local_name(pugi::xml_node(node_).name()); }

std::string XmlElement::attribute(std::string_view name) const {
  for (const auto attribute : pugi::xml_node(node_).attributes())
    if (attribute.name() == name) return attribute.value();
  return {};
}

Result<std::string> XmlElement::text() const {
  std::string all;
  for (const auto child : pugi::xml_node(node_).children()) {
    if (child.type() == pugi::node_element)
      return fail(Errc::kMalformed, "<{}> holds elements where text is expected", name());
    all += child.value();
  }
  return std::string(trimmed(all));
}

std::vector<XmlElement> XmlElement::children(std::string_view name) const {
  std::vector<XmlElement> found;
  for (const auto child : pugi::xml_node(node_).children())
    if (child.type() == pugi::node_element && local_name(child.name()) == name)
      found.push_back(XmlElement(child.internal_object()));
  return found;
}

Result<std::optional<XmlElement>> XmlElement::find(std::string_view path) const {
  XmlElement here = *this;
  while (!path.empty()) {
    const std::string_view step = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), step.size() + 1));
    const auto found = here.children(step);
    if (found.empty()) return std::optional<XmlElement>{};
    if (found.size() > 1)
      return fail(Errc::kMalformed, "<{}> holds <{}> {} times where one is allowed", here.name(),
                  step, found.size());
    here = found.front();
  }
  return std::optional(here);
}

Result<XmlElement> XmlElement::get(std::string_view path) const {
  TRY(const auto found, find(path));
  if (!found) return fail(Errc::kMalformed, "<{}> lacks <{}>", name(), path);
  return *found;
}

Result<std::string> XmlElement::find_text(std::string_view path) const {
  TRY(const auto found, find(path));
  if (!found) return std::string{};
  return found->text();
}

Result<std::string> XmlElement::get_text(std::string_view path) const {
  TRY(const auto found, get(path));
  TRY(auto text, found.text());
  if (text.empty()) return fail(Errc::kMalformed, "<{}> of <{}> is empty", path, name());
  return text;
}

XmlWriter::XmlWriter() : out_("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") {}

void XmlWriter::end_start_tag() {
  if (std::exchange(in_start_tag_, false)) out_ += '>';
}

XmlWriter& XmlWriter::open(std::string_view name) {
  end_start_tag();
  out_ += '<';
  out_ += name;
  open_.emplace_back(name);
  in_start_tag_ = true;
  return *this;
}

XmlWriter& XmlWriter::attribute(std::string_view name, std::string_view value) {
  CHECK_OR_DIE(in_start_tag_, "attribute {} after content", name);
  CHECK_OR_DIE(!first_bad_character(value), "attribute {} holds a forbidden character", name);
  out_ += ' ';
  out_ += name;
  out_ += "=\"";
  append_escaped(out_, value);
  out_ += '"';
  return *this;
}

XmlWriter& XmlWriter::text(std::string_view value) {
  CHECK_OR_DIE(!open_.empty(), "text outside the root element");
  CHECK_OR_DIE(!first_bad_character(value), "<{}> gets a forbidden character", open_.back());
  end_start_tag();
  append_escaped(out_, value);
  return *this;
}

XmlWriter& XmlWriter::close() {
  CHECK_OR_DIE(!open_.empty(), "nothing is open");
  end_start_tag();
  out_ += "</" + open_.back() + ">";
  open_.pop_back();
  return *this;
}

XmlWriter& XmlWriter::leaf(std::string_view name, std::string_view value) {
  return open(name).text(value).close();
}

std::string XmlWriter::take() {
  CHECK_OR_DIE(open_.empty(), "<{}> is still open", open_.back());
  return std::exchange(out_, {});
}

}  // namespace suanpan::channels::bank
