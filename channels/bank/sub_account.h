// Virtual sub-accounts (记账子单元): numbers under one bank account, each standing for an order, a
// household or a contract, so that a bank transfer tells by itself what it pays.
//
//   number = kind serial check                         10 digits, "6000000426"
//   kind   = 6 order (订单) | 7 household (户) | 8 contract (合同)
//   serial = 8 digits, given out by whoever opens the sub-account, never reused
//   check  = ISO 7064 MOD 11,10 over the nine digits before it
//
// Ten digits fit the field that banks have for it and cannot be taken for a CNAPS code, a card, a
// phone or an identity number; the check digit catches every single wrong digit, so a slip of the
// payer's pen goes to suspense (挂账) and not to a neighbour. Pure; any thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "channels/bank/camt053.h"

namespace suanpan::channels::bank {

enum class SubAccountKind : std::uint8_t { kOrder = 6, kHousehold = 7, kContract = 8 };

struct SubAccount {
  SubAccountKind kind = SubAccountKind::kOrder;
  std::uint32_t serial = 0;  ///< at most kMaxSubAccountSerial
  friend constexpr auto operator<=>(const SubAccount&, const SubAccount&) = default;
};

inline constexpr std::uint32_t kMaxSubAccountSerial = 99'999'999;

/// The ten digits. Errors: kTooLarge for a serial above the limit.
Result<std::string> format_sub_account(SubAccount account);
/// Reads exactly ten digits. Errors: kMalformed (shape, kind), kMismatch (check digit).
Result<SubAccount> parse_sub_account(std::string_view text);

/// The check digit of ISO 7064 MOD 11,10 for a string of digits.
char check_digit_mod11_10(std::string_view digits);

/// What a deposit says it is for.
struct DepositReference {
  enum class Source : std::uint8_t { kSubAccountField, kNumberInText, kLabelInText };
  Source source = Source::kSubAccountField;
  SubAccountKind kind = SubAccountKind::kOrder;
  /// The sub-account number, or for kLabelInText what stands behind the label (订单号 order number,
  /// 户号 household number, 合同号 contract number). A label has no check digit: whoever uses it
  /// must find the thing and compare the amount.
  std::string reference;
};

/// What a credit entry is for: first by the sub-account field (the number alone, or behind the
/// number of the account), then by one number in the remittance text, then by one labelled
/// reference in it. Full-width characters are read as their narrow ones. Errors: kUnsupported (a
/// debit, a reversal, a return, not booked: no deposit), kNotFound (names nothing: to suspense),
/// kMismatch (names two things, or a sub-account whose check digit is wrong: to suspense).
Result<DepositReference> recognise_deposit(const StatementEntry& entry, std::string_view account);

}  // namespace suanpan::channels::bank
