#include "ledger/core/year_close.h"

#include "ledger/base/bytes.h"

namespace suanpan {

std::string_view name_of(YearCloseState state) {
  switch (state) {
    case YearCloseState::kRequested:
      return "requested";
    case YearCloseState::kCarrying:
      return "carrying";
    case YearCloseState::kClosed:
      return "closed";
    case YearCloseState::kRejected:
      return "rejected";
  }
  return "?";
}

std::string encode(const YearClose& close) {
  ByteWriter out;
  out.i32(close.year);
  out.u8(static_cast<std::uint8_t>(close.state));
  out.text(close.maker);
  out.text(close.checker);
  out.u32(close.vouchers);
  return out.take();
}

std::optional<YearClose> decode_year_close(std::string_view bytes) {
  ByteReader in(bytes);
  YearClose close;
  close.year = in.i32();
  const std::uint8_t state = in.u8();
  close.maker = in.text();
  close.checker = in.text();
  close.vouchers = in.u32();
  if (!in.done() || state < 1 || state > 4 || !last_day_of(close.year)) return std::nullopt;
  close.state = static_cast<YearCloseState>(state);
  return close;
}

std::optional<Date> last_day_of(std::int32_t year) {
  if (year < 1900 || year > 2999) return std::nullopt;
  return Date::of(year, 12, 31);
}

}  // namespace suanpan
