#include "ledger/core/hold.h"

#include "ledger/base/bytes.h"

namespace suanpan {

std::string encode(const Hold& hold) {
  ByteWriter out;
  out.reserve(11 + hold.legs.size() * 24);
  out.u8(static_cast<std::uint8_t>(hold.state));
  out.u16(static_cast<std::uint16_t>(hold.legs.size()));
  out.i64(hold.expires_at.ns);
  for (const HoldLeg& leg : hold.legs) {
    out.u32(leg.debit.value);
    out.u32(leg.credit.value);
    out.i64(leg.amount);
    out.i64(leg.remaining);
  }
  return out.take();
}

std::optional<Timestamp> expiry_of_hold(std::string_view bytes) {
  ByteReader in(bytes);
  in.u8();
  const std::uint16_t count = in.u16();
  const Timestamp expires_at{in.i64()};
  if (in.failed() || in.left() != std::size_t{count} * 24) return std::nullopt;
  return expires_at;
}

std::optional<Hold> decode_hold(std::string_view bytes) {
  ByteReader in(bytes);
  Hold hold;
  const std::uint8_t state = in.u8();
  const std::uint16_t count = in.u16();
  hold.expires_at.ns = in.i64();
  if (state < 1 || state > 4 || in.left() != std::size_t{count} * 24) return std::nullopt;
  hold.state = static_cast<HoldState>(state);
  hold.legs.reserve(count);
  for (std::uint16_t i = 0; i < count; ++i) {
    HoldLeg leg;
    leg.debit.value = in.u32();
    leg.credit.value = in.u32();
    leg.amount = in.i64();
    leg.remaining = in.i64();
    hold.legs.push_back(leg);
  }
  if (!in.done()) return std::nullopt;
  return hold;
}

}  // namespace suanpan
