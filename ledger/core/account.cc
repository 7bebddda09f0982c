#include "ledger/core/account.h"

#include <cstdint>

#include "ledger/base/limits.h"
#include "ledger/core/text.h"

namespace suanpan {

bool valid_account_code(std::string_view code) {
  if (code.empty() || code.size() > kMaxAccountCodeBytes || !is_plain_text(code)) return false;
  if (code.find_first_of(" ;:") != std::string_view::npos) return false;
  if (code.find("　") != std::string_view::npos) return false;  // the full-width blank
  std::size_t depth = 1;
  bool empty_segment = true;
  for (const char c : code) {
    if (c != '/') {
      empty_segment = false;
      continue;
    }
    if (empty_segment) return false;
    empty_segment = true;
    ++depth;
  }
  return !empty_segment && depth <= kMaxAccountPathDepth;
}

}  // namespace suanpan
