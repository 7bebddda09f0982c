// What a voucher may ask for beyond legs of fixed amounts: expectations that must hold before
// anything is judged, and legs that take "up to" the balance that is there (归集). Any other
// command may have expectations as well: its content says them.
//
// Balances here are those of the whole book: where an account is planned in slices, a shard cannot
// decide by them. Rules see what earlier items of a linked group did; a later leg that sweeps sees
// the earlier legs of its own voucher.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/limits.h"
#include "ledger/core/view.h"

namespace suanpan {

enum class BalanceOf : std::uint8_t {
  kAvailable = 0,  ///< posted less what is held
  kPosted = 1,
};

/// What the caller believes of an account, as of the moment the command is planned.
struct Expectation {
  AccountId account;
  std::optional<std::uint32_t> version;  ///< of its terms
  BalanceOf of = BalanceOf::kAvailable;
  /// Minor units on the account's normal side; both the same: exactly.
  std::optional<std::int64_t> at_least, at_most;
  friend bool operator==(const Expectation&, const Expectation&) = default;
};

/// A leg that takes what is there, up to a maximum: as much as the named accounts can give without
/// passing zero, holds counted, credit lines not. On the debit side that is credits posted less
/// debits posted and held, on the credit side the other way round, whatever is normal: so a leg may
/// also bring an overdrawn account up to zero. Where nothing is there the voucher is refused: an
/// empty leg would be none.
struct Sweep {
  static constexpr std::uint8_t kDebit = 1, kCredit = 2;
  std::uint32_t leg = 0;  ///< whose amount is 0 in the request
  std::uint8_t of = 0;    ///< kDebit, kCredit, or both: then the lesser
  std::int64_t at_most = kMaxAmountMinor;
  friend bool operator==(const Sweep&, const Sweep&) = default;
};

struct VoucherRules {
  std::vector<Expectation> expects;
  std::vector<Sweep> sweeps;  ///< by leg
  friend bool operator==(const VoucherRules&, const VoucherRules&) = default;
};

/// The sweep of a leg, of rules whose sweeps are in order; null if its amount is fixed.
const Sweep* sweep_of(const VoucherRules& rules, std::size_t leg);
/// The most that each leg may move: its amount, or the maximum of its (first) sweep. The request
/// has rules, whose sweeps may be in any order.
std::vector<std::int64_t> most_of_legs(const VoucherRequest& request);

/// Shape, no state; the request has rules. Refusals: kAccountMissing, kValueInvalid.
Planned<void> check_rules(const VoucherRequest& request);
/// The same of expectations alone.
Planned<void> check_expects(const std::vector<Expectation>& expects);
/// Refusals: kExpectedAccountNotFound, kVersionNotExpected, kBalanceNotExpected; one expectation
/// after the other.
Planned<void> check_expectations(const View& view, const VoucherRules& rules);
/// What becomes of a command that is no voucher, and has expectations, when `planned` is what would
/// become of it without. They are judged before it, but not before its shape: what is malformed
/// leaves nothing. Refusals besides: those of both checks above.
Planned<ChangeSet> plan_expecting(const View& view, std::shared_ptr<const VoucherRules> rules,
                                  Planned<ChangeSet> planned);
/// Puts the amounts into the legs that sweep, and all amounts into the answer ("[100,250]"). The
/// accounts exist. Refusals: kNothingToSweep, kOverflow.
Planned<void> fill_sweeps(const View& view, const VoucherRules& rules, ChangeSet& changes);

/// "expects" or "up_to" where two requests differ; null is the same as no rules.
std::optional<std::string> first_difference(const VoucherRules* asked, const VoucherRules* first);

/// expectations := count u16 { account u32 | given u8 (1 version, 2 at least, 4 at most, 8 posted)
///                 | version u32 | at_least i64 | at_most i64 }
/// sweeps       := count u16 { leg u32 | of u8 | at_most i64 }           little-endian, in this
/// order
std::string encode(const VoucherRules& rules);
/// Nothing if the bytes are not exactly the encoding of rules.
std::optional<VoucherRules> decode_voucher_rules(std::string_view bytes);

/// The last field of a content, where the command has expectations: hexadecimal digits of encode().
inline constexpr std::string_view kExpectsField = "expects";
void add_expects(Content& content, const VoucherRules& rules);
/// Null if the content has no such field, or one that does not read as expectations alone.
std::shared_ptr<const VoucherRules> expected_in(const Content& content);

}  // namespace suanpan
