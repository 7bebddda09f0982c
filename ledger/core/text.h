// What counts as text that people and exports can live with.
#pragma once
#include <string_view>

namespace suanpan {

/// Valid UTF-8 without control characters (tab included).
bool is_plain_text(std::string_view text);
/// Valid UTF-8.
bool is_utf8(std::string_view text);

}  // namespace suanpan
