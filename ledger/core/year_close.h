// The document of a year's end (年结): how far it has come, and by whom. What may be done with it
// stands in core/plan_close.h, what may become of it in core/close_invariant.h.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/date.h"

namespace suanpan {

enum class YearCloseState : std::uint8_t { kRequested = 1, kCarrying, kClosed, kRejected };
std::string_view name_of(YearCloseState state);  ///< "requested"

struct YearClose {
  std::int32_t year = 0;
  YearCloseState state = YearCloseState::kRequested;
  std::string maker, checker;  ///< checker: who began it, not the maker; or who rejected it
  std::uint32_t vouchers = 0;  ///< carried so far
  friend bool operator==(const YearClose&, const YearClose&) = default;
};
struct StoredYearClose {
  std::uint32_t version = 0;  ///< of its document
  YearClose close;
};
/// Little-endian: year i32, state u8, maker, checker, vouchers u32; a text is its length u32 and
/// its bytes.
std::string encode(const YearClose& close);
/// Nothing if the bytes are not exactly one.
std::optional<YearClose> decode_year_close(std::string_view bytes);
inline std::string year_close_key(std::int32_t year) { return std::to_string(year); }
/// The year's last day; nothing for a year outside of 1900 to 2999.
std::optional<Date> last_day_of(std::int32_t year);

}  // namespace suanpan
