// The lexical guard before the XML parser. pugixml is fast and forgiving: it skips a DOCTYPE, keeps
// an unknown entity as text, takes two roots and drops stray text between them. A file that moves
// money is read strictly or not at all, so these bytes are judged before a tree is built.
//
//   document  = [BOM] ["<?xml version='1.0' [encoding='UTF-8'] …?>"] misc root misc
//   misc      = (blank | comment)*
//   root      = element, nested at most kMaxXmlDepth deep
//   element   = "<" name (blank name "=" quoted)* ("/>" | ">" content "</" name ">")
//   content   = (element | text | reference | comment | CDATA)*
//   reference = &amp; &lt; &gt; &quot; &apos; or a numeric one of an XML character
//
// Refused: every other "<!" (DOCTYPE, ENTITY, ELEMENT, …) and every processing instruction, so
// neither entity bombs nor external entities can exist. Pure; any thread.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

#include "ledger/base/result.h"

namespace suanpan::channels::bank {

/// Judges a whole document. Errors: kTooLarge (size, depth, elements, attributes of one element),
/// kUnsupported (DOCTYPE and other declarations, processing instructions, another encoding or XML
/// version), kMalformed with the byte offset for everything else. Messages never quote the
/// document.
Result<void> check_xml(std::string_view bytes);

/// The offset of the first byte that is not valid UTF-8 of an XML 1.0 character; nothing if all
/// are.
std::optional<std::size_t> first_bad_character(std::string_view bytes);

/// How many characters (code points) valid UTF-8 holds: what MaxNText of a schema counts.
std::size_t count_characters(std::string_view utf8);

}  // namespace suanpan::channels::bank
