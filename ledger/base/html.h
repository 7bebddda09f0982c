// Text as it may stand in an HTML page, attributes included. Pure.
#pragma once
#include <string>
#include <string_view>

namespace suanpan {

/// & < > " ' as references; control characters other than TAB and LF become U+FFFD.
std::string escape_html(std::string_view text);

}  // namespace suanpan
