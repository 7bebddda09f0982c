// A hold (冻结): a voucher of pending transfers. It is posted in full or in parts up to each leg's
// amount, voided, or expires at a time fixed when it was made.
//
//            post part               post rest
//   open ───────────────▶ open ───────────────▶ posted
//    │ └── void ──▶ voided    (void and expiry give back what is left)
//    └──── expiry ▶ expired
#pragma once
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/date.h"
#include "ledger/core/account.h"

namespace suanpan {

enum class HoldState : std::uint8_t { kOpen = 1, kPosted = 2, kVoided = 3, kExpired = 4 };

struct HoldLeg {
  AccountId debit;
  AccountId credit;
  std::int64_t amount = 0;     ///< reserved at first
  std::int64_t remaining = 0;  ///< still reserved: 0 <= remaining <= amount
  friend bool operator==(const HoldLeg&, const HoldLeg&) = default;
};

struct Hold {
  HoldState state = HoldState::kOpen;
  Timestamp expires_at;  ///< 0: never
  boost::container::small_vector<HoldLeg, 1> legs;
  friend bool operator==(const Hold&, const Hold&) = default;
};

/// Fixed-width little-endian: state u8, count u16, expires i64, then per leg debit u32, credit u32,
/// amount i64, remaining i64.
std::string encode(const Hold& hold);
/// Nothing if the bytes are not exactly one hold.
std::optional<Hold> decode_hold(std::string_view bytes);
/// When an encoded hold expires, without decoding its legs; nothing if its length is not a hold's.
std::optional<Timestamp> expiry_of_hold(std::string_view bytes);

}  // namespace suanpan
