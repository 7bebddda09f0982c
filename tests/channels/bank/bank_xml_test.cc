#include <catch2/catch.hpp>

#include "channels/bank/xml.h"
#include "channels/bank/xml_guard.h"
#include "ledger/base/limits.h"

using namespace suanpan;
using namespace suanpan::channels::bank;

namespace {

struct Row {
  const char* claim;
  std::string xml;
  Errc code;
};

void check_refused(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    INFO(row.claim);
    const auto parsed = XmlDocument::parse(row.xml);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == row.code);
    CHECK_FALSE(parsed.error().message.empty());
  }
}

std::string nested(std::size_t depth) {
  std::string xml;
  for (std::size_t i = 0; i < depth; ++i) xml += "<a>";
  for (std::size_t i = 0; i < depth; ++i) xml += "</a>";
  return xml;
}

}  // namespace

TEST_CASE("xml: declarations, entities and instructions are refused, whatever they hold") {
  check_refused({
      {"billion laughs",
       "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 "
       "\"&lol;&lol;&lol;&lol;\"><!ENTITY lol3 \"&lol2;&lol2;&lol2;\">]><lolz>&lol3;</lolz>",
       Errc::kUnsupported},
      {"external entity", "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
       Errc::kUnsupported},
      {"parameter entity", "<!DOCTYPE a [<!ENTITY % p SYSTEM \"http://h/e.dtd\"> %p;]><a/>",
       Errc::kUnsupported},
      {"external DTD", "<!DOCTYPE a SYSTEM \"http://h/a.dtd\"><a/>", Errc::kUnsupported},
      {"bare DOCTYPE", "<!DOCTYPE a><a/>", Errc::kUnsupported},
      {"DOCTYPE in lower case", "<!doctype a><a/>", Errc::kUnsupported},
      {"DOCTYPE behind a comment", "<!-- c --><!DOCTYPE a><a/>", Errc::kUnsupported},
      {"DOCTYPE inside the root", "<a><!DOCTYPE a></a>", Errc::kUnsupported},
      {"ENTITY inside the root", "<a><!ENTITY x \"y\"></a>", Errc::kUnsupported},
      {"an entity nobody declared", "<a>&nbsp;</a>", Errc::kUnsupported},
      {"the same in an attribute", "<a b=\"&nbsp;\"/>", Errc::kUnsupported},
      {"processing instruction", "<?php evil ?><a/>", Errc::kUnsupported},
      {"stylesheet instruction", "<?xml-stylesheet href=\"x\"?><a/>", Errc::kUnsupported},
      {"a declaration inside", "<a><?xml version=\"1.0\"?></a>", Errc::kUnsupported},
      {"XML 1.1", "<?xml version=\"1.1\"?><a/>", Errc::kUnsupported},
      {"GBK", "<?xml version=\"1.0\" encoding=\"GBK\"?><a/>", Errc::kUnsupported},
      {"UTF-16 declared", "<?xml version='1.0' encoding='UTF-16'?><a/>", Errc::kUnsupported},
  });
}

TEST_CASE("xml: what is too large, too deep or too wide is refused") {
  CHECK(XmlDocument::parse(nested(32)));
  std::string many;
  for (int i = 0; i < 33; ++i) many += " k" + std::to_string(i) + "='v'";
  std::string crowd = "<a>";
  for (std::size_t i = 0; i < 1'000'000; ++i) crowd += "<b/>";
  check_refused({
      {"one level too deep", nested(33), Errc::kTooLarge},
      {"a million levels", nested(1'000'000), Errc::kTooLarge},
      {"deep and empty at the end", nested(32).insert(32 * 3, "<b/>"), Errc::kTooLarge},
      {"oversize", "<a>" + std::string(16 << 20, 'x') + "</a>", Errc::kTooLarge},
      {"33 attributes", "<a" + many + "/>", Errc::kTooLarge},
      {"a million and one elements", crowd + "</a>", Errc::kTooLarge},
  });
}

TEST_CASE("xml: what is not well-formed is refused") {
  check_refused({
      {"nothing", "", Errc::kMalformed},
      {"blanks", " \n", Errc::kMalformed},
      {"no XML", "hello", Errc::kMalformed},
      {"JSON", "{\"a\":1}", Errc::kMalformed},
      {"unclosed", "<a>", Errc::kMalformed},
      {"unclosed inside", "<a><b></a>", Errc::kMalformed},
      {"wrong end", "<a></b>", Errc::kMalformed},
      {"end first", "</a>", Errc::kMalformed},
      {"crossed", "<a><b></a></b>", Errc::kMalformed},
      {"two roots", "<a/><b/>", Errc::kMalformed},
      {"text after", "<a/>x", Errc::kMalformed},
      {"text before", "x<a/>", Errc::kMalformed},
      {"reference after", "<a/>&amp;", Errc::kMalformed},
      {"CDATA outside", "<a/><![CDATA[x]]>", Errc::kMalformed},
      {"CDATA without end", "<a><![CDATA[x]]</a>", Errc::kMalformed},
      {"comment without end", "<a><!-- x</a>", Errc::kMalformed},
      {"two hyphens in a comment", "<a><!-- x -- y --></a>", Errc::kMalformed},
      {"bare ampersand", "<a>A & B</a>", Errc::kMalformed},
      {"ampersand at the end", "<a>A&</a>", Errc::kMalformed},
      {"]]> in text", "<a>]]></a>", Errc::kMalformed},
      {"< in an attribute", "<a b='<'/>", Errc::kMalformed},
      {"attribute twice", "<a b='1' b='2'/>", Errc::kMalformed},
      {"attribute without quotes", "<a b=1/>", Errc::kMalformed},
      {"attribute without value", "<a b/>", Errc::kMalformed},
      {"attributes without blank", "<a b='1'c='2'/>", Errc::kMalformed},
      {"a name that begins with a digit", "<1a/>", Errc::kMalformed},
      {"a blank before the name", "< a/>", Errc::kMalformed},
      {"a prefix nobody bound", "<x:a/>", Errc::kMalformed},
      {"NUL by reference", "<a>&#0;</a>", Errc::kMalformed},
      {"a control character by reference", "<a>&#x1b;</a>", Errc::kMalformed},
      {"a surrogate by reference", "<a>&#xD800;</a>", Errc::kMalformed},
      {"a reference beyond Unicode", "<a>&#x110000;</a>", Errc::kMalformed},
      {"a reference without digits", "<a>&#;</a>", Errc::kMalformed},
      {"a declaration that is not first", " <?xml version='1.0'?><a/>", Errc::kUnsupported},
  });
}

TEST_CASE("xml: bytes that are not UTF-8 of XML characters are refused") {
  check_refused({
      {"a stray continuation", "<a>\x80</a>", Errc::kMalformed},
      {"cut at the end", "<a>\xE5\xBC</a>", Errc::kMalformed},
      {"overlong slash", "<a>\xC0\xAF</a>", Errc::kMalformed},
      {"overlong in three", "<a>\xE0\x80\xAF</a>", Errc::kMalformed},
      {"a surrogate", "<a>\xED\xA0\x80</a>", Errc::kMalformed},
      {"beyond Unicode", "<a>\xF4\x90\x80\x80</a>", Errc::kMalformed},
      {"five bytes", "<a>\xF8\x88\x80\x80\x80</a>", Errc::kMalformed},
      {"a noncharacter", "<a>\xEF\xBF\xBF</a>", Errc::kMalformed},
      {"an escape", "<a>\x1b</a>", Errc::kMalformed},
      {"GBK bytes", "<a>\xD5\xC5\xC8\xFD</a>", Errc::kMalformed},
      {"UTF-16", std::string("\xFF\xFE<\0a\0/\0>\0", 10), Errc::kMalformed},
  });
  const std::string nul("<a>\0</a>", 8);
  CHECK_FALSE(XmlDocument::parse(nul));
}

TEST_CASE("xml: text is whole, decoded and trimmed") {
  const auto document = XmlDocument::parse(
      "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\" standalone='yes'?>\n<!-- c -->"
      "<r xmlns='u'><amt Ccy='C&quot;N'> 1<!-- not 1 -->00<![CDATA[.5&]]>\n</amt>"
      "<nm>张&#x4E09;&amp;&#65;&lt;</nm><none/></r>\n<!-- d -->\n");
  REQUIRE(document);
  const XmlElement root = document.value().root();
  CHECK(document.value().root_namespace() == "u");
  CHECK(root.get_text("amt").value() == "100.5&");
  CHECK(root.get("amt").value().attribute("Ccy") == "C\"N");
  CHECK(root.get("amt").value().attribute("ccy").empty());
  CHECK(root.get_text("nm").value() == "张三&A<");
  CHECK(root.find_text("none").value().empty());
  CHECK(root.find_text("absent/too").value().empty());
  CHECK(root.get_text("none").error().code == Errc::kMalformed);
  CHECK(root.get("absent").error().message == "<r> lacks <absent>");
  CHECK_FALSE(root.text());
}

TEST_CASE("xml: two elements where one is asked for are refused, never the first taken") {
  const auto document = XmlDocument::parse("<r><a><b>1</b><b>2</b></a></r>");
  REQUIRE(document);
  const auto found = document.value().root().find_text("a/b");
  REQUIRE_FALSE(found);
  CHECK(found.error().code == Errc::kMalformed);
  CHECK(document.value().root().children("a").size() == 1);
  CHECK(document.value().root().get("a").value().children("b").size() == 2);
}

TEST_CASE("xml: prefixes are resolved, and elements of other namespaces are invisible") {
  const auto document = XmlDocument::parse(
      "<n:r xmlns:n='u' xmlns:m='v'><m:a>bad</m:a><n:a>good</n:a><a>none</a>"
      "<k:a xmlns:k='w'><n:b>hidden</n:b></k:a><k:c xmlns:k='u'>same</k:c></n:r>");
  REQUIRE(document);
  CHECK(document.value().root_namespace() == "u");
  CHECK(document.value().root().name() == "r");
  CHECK(document.value().root().get_text("a").value() == "good");
  CHECK(document.value().root().get_text("c").value() == "same");
  CHECK_FALSE(XmlDocument::parse("<r xmlns='u'><m:a/></r>"));
}

TEST_CASE("xml: what is written is escaped and reads back the same") {
  XmlWriter writer;
  writer.open("r")
      .attribute("k", "a\"<&>'b")
      .leaf("t", "<![CDATA[ & 张三 ]]>\r\n\tx")
      .leaf("e", "");
  const std::string text = writer.close().take();
  CHECK(text ==
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<r k=\"a&quot;&lt;&amp;&gt;'b\">"
        "<t>&lt;![CDATA[ &amp; 张三 ]]&gt;&#13;\n\tx</t><e></e></r>");
  const auto document = XmlDocument::parse(text);
  REQUIRE(document);
  CHECK(document.value().root().attribute("k") == "a\"<&>'b");
  CHECK(document.value().root().get_text("t").value() == "<![CDATA[ & 张三 ]]>\r\n\tx");
}

TEST_CASE("xml: a document cut anywhere is refused") {
  const std::string whole =
      "<?xml version='1.0'?><r a='1'><b>x&amp;y</b><!-- c --><![CDATA[d]]><e/></r>";
  REQUIRE(XmlDocument::parse(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    INFO(length);
    CHECK_FALSE(XmlDocument::parse(std::string_view(whole).substr(0, length)));
  }
}

TEST_CASE("xml: characters are counted, not bytes") {
  CHECK(count_characters("") == 0);
  CHECK(count_characters("abc") == 3);
  CHECK(count_characters("张三") == 2);
  CHECK(count_characters("\xF0\xA0\xAE\xB7") == 1);
}
