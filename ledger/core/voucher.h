// Vouchers (记账凭证) and the identity of commands.
#pragma once
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/date.h"
#include "ledger/base/ids.h"
#include "ledger/core/transfer.h"

namespace suanpan {

using CallerId = StrongId<struct CallerTag, std::uint32_t>;

/// Callers that are not API keys.
inline constexpr CallerId kSystemCaller{1};  ///< the platform itself: expiry, day cut, channels

/// Every command is known for ever by who gave it and under which id.
struct ClaimKey {
  Id128 id;
  CallerId caller;
  friend constexpr bool operator==(const ClaimKey&, const ClaimKey&) = default;
  /// By caller, then id: the order of bytes(), by which the id index searches.
  friend constexpr std::strong_ordering operator<=>(const ClaimKey& a, const ClaimKey& b) {
    if (const auto by_caller = a.caller <=> b.caller; by_caller != 0) return by_caller;
    return a.id <=> b.id;
  }

  /// 20 bytes that sort like the key: the document key of holds and reversal totals.
  std::string bytes() const { return std::string(packed()); }
  /// The same without asking for memory.
  struct Packed {
    char bytes[20];
    operator std::string_view() const { return {bytes, sizeof bytes}; }
  };
  Packed packed() const;
  static std::optional<ClaimKey> from_bytes(std::string_view bytes);
  /// 40 hexadecimal digits: caller, then id. The public name of a voucher or hold.
  std::string hex() const;
  static std::optional<ClaimKey> from_hex(std::string_view text);
};

/// 凭证字: the series a voucher's number is counted in.
enum class VoucherType : std::uint8_t { kGeneral = 0, kReceipt = 1, kPayment = 2, kTransfer = 3 };
std::string_view chinese_of(VoucherType type);  ///< 记 收 付 转
std::string_view name_of(VoucherType type);     ///< general receipt payment transfer
std::optional<VoucherType> voucher_type_of(std::string_view name);

/// What people wrote on a voucher. Rare on the hot path, hence apart from the rest.
struct VoucherText {
  std::string summary;       ///< 摘要
  std::string business_key;  ///< the upstream's own number: order, contract, bill
  std::string metadata;      ///< JSON object or empty
  std::string maker;         ///< 制单
  std::string checker;       ///< 复核
  friend bool operator==(const VoucherText&, const VoucherText&) = default;
};

/// One leg of a voucher as it is asked for.
struct Leg {
  AccountId debit;
  AccountId credit;
  std::int64_t amount = 0;  ///< minor units, > 0; 0 where a rule says how much
  friend bool operator==(const Leg&, const Leg&) = default;
};

struct VoucherRules;  // core/voucher_rules.h

/// Posts (or, with `hold`, reserves) 1 to kMaxVoucherLegs legs as one.
struct VoucherRequest {
  ClaimKey key;
  boost::container::small_vector<Leg, 1> legs;
  std::uint16_t code = 0;  ///< business type (业务类型), the caller's own numbering
  VoucherType type = VoucherType::kGeneral;
  bool hold = false;
  bool adjustment = false;   ///< into a day already cut but not closed; needs maker and checker
  std::optional<Date> date;  ///< accounting date; the open day when absent
  std::optional<Date> effective;              ///< when the fact happened outside, if on another day
  Timestamp expires_at;                       ///< holds only; 0: never
  std::shared_ptr<const VoucherText> text;    ///< null: all empty
  std::shared_ptr<const VoucherRules> rules;  ///< expectations, legs up to a balance; null: none
};

}  // namespace suanpan

/// Keyed, as that of an Id128.
template <>
struct std::hash<suanpan::ClaimKey> {
  std::size_t operator()(const suanpan::ClaimKey& key) const {
    return suanpan::keyed_hash(suanpan::kHashKey, key.id.lo, key.id.hi, key.caller.value);
  }
};
