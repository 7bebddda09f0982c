#include "channels/bank/sub_account.h"

#include <algorithm>
#include <array>
#include <set>

#include "ledger/base/check.h"

namespace suanpan::channels::bank {
namespace {

constexpr std::size_t kDigits = 10;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_reference_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
         c == '/';
}

/// Full-width forms U+FF01-FF5E become ASCII, the ideographic space a blank.
std::string narrowed(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[i + k]); };
    if (i + 2 < text.size() && byte(0) == 0xE3 && byte(1) == 0x80 && byte(2) == 0x80) {
      out += ' ';
      i += 2;
    } else if (i + 2 < text.size() && byte(0) == 0xEF && (byte(1) == 0xBC || byte(1) == 0xBD)) {
      const unsigned point = 0xF000u | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
      if (point >= 0xFF01 && point <= 0xFF5E) {
        out += static_cast<char>(point - 0xFEE0);
      } else {
        out += text.substr(i, 3);
      }
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Every run of exactly ten digits that is a number of ours. A run inside a longer word or number
/// is part of something else.
std::set<SubAccount> numbers_in(std::string_view text) {
  std::set<SubAccount> found;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_reference_character(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && is_reference_character(text[end])) ++end;
    if (const auto number = parse_sub_account(text.substr(at, end - at)))
      found.insert(number.value());
    at = end;
  }
  return found;
}

struct Label {
  std::string_view text;
  SubAccountKind kind;
};

// A longer label stands before one that it begins with.
constexpr std::array<Label, 6> kLabels{{{"订单编号", SubAccountKind::kOrder},
                                        {"订单号", SubAccountKind::kOrder},
                                        {"户号", SubAccountKind::kHousehold},
                                        {"合同编号", SubAccountKind::kContract},
                                        {"合同号", SubAccountKind::kContract},
                                        {"合同", SubAccountKind::kContract}}};

std::set<std::pair<SubAccountKind, std::string>> labelled_in(std::string_view text) {
  std::set<std::pair<SubAccountKind, std::string>> found;
  for (const Label& label : kLabels) {
    for (auto at = text.find(label.text); at != std::string_view::npos;
         at = text.find(label.text, at + label.text.size())) {
      std::size_t from = at + label.text.size();
      while (from < text.size() && (text[from] == ' ' || text[from] == ':' || text[from] == '#'))
        ++from;
      std::size_t end = from;
      while (end < text.size() && is_reference_character(text[end])) ++end;
      const std::string_view reference = text.substr(from, end - from);
      // Without a digit it is a word ("合同A款"), and beyond 35 no id of ours.
      if (reference.size() >= 4 && reference.size() <= 35 &&
          std::any_of(reference.begin(), reference.end(), is_digit))
        found.emplace(label.kind, reference);
    }
  }
  return found;
}

Result<DepositReference> from_number(DepositReference::Source source, SubAccount number) {
  TRY(auto text, format_sub_account(number));
  return DepositReference{source, number.kind, std::move(text)};
}

/// The number in the sub-account field, the account's own number in front of it taken away.
std::string_view without_account(std::string_view field, std::string_view account) {
  if (!account.empty() && field.starts_with(account)) field.remove_prefix(account.size());
  if (field.starts_with('-')) field.remove_prefix(1);
  return field;
}

}  // namespace

char check_digit_mod11_10(std::string_view digits) {
  unsigned product = 10;
  for (const char c : digits) {
    CHECK_OR_DIE(is_digit(c), "a check digit over something that is no digit");
    const unsigned sum = (product + static_cast<unsigned>(c - '0')) % 10;
    product = (sum == 0 ? 10 : sum) * 2 % 11;
  }
  return static_cast<char>('0' + (11 - product) % 10);
}

Result<std::string> format_sub_account(SubAccount account) {
  if (account.serial > kMaxSubAccountSerial)
    return fail(Errc::kTooLarge, "a sub-account serial of more than 8 digits");
  std::string text = fmt::format("{}{:08}", static_cast<unsigned>(account.kind), account.serial);
  text += check_digit_mod11_10(text);
  return text;
}

Result<SubAccount> parse_sub_account(std::string_view text) {
  if (text.size() != kDigits || !std::all_of(text.begin(), text.end(), is_digit))
    return fail(Errc::kMalformed, "a sub-account number has ten digits");
  if (text[0] < '6' || text[0] > '8')
    return fail(Errc::kMalformed, "a sub-account number begins with 6, 7 or 8");
  if (check_digit_mod11_10(text.substr(0, kDigits - 1)) != text.back())
    return fail(Errc::kMismatch, "the check digit of a sub-account number is wrong");
  SubAccount account{static_cast<SubAccountKind>(text[0] - '0'), 0};
  for (const char c : text.substr(1, 8))
    account.serial = account.serial * 10 + static_cast<std::uint32_t>(c - '0');
  return account;
}

Result<DepositReference> recognise_deposit(const StatementEntry& entry, std::string_view account) {
  if (entry.direction != Direction::kCredit || entry.reversal || !entry.return_reason.empty() ||
      entry.status != EntryStatus::kBooked)
    return fail(Errc::kUnsupported, "the entry is no deposit");
  const std::string field = narrowed(entry.sub_account);
  const auto number = parse_sub_account(without_account(field, account));
  if (number) return from_number(DepositReference::Source::kSubAccountField, number.value());
  // A wrong check digit is damage, not another bank's numbering: nothing else may overrule it.
  if (number.error().code == Errc::kMismatch) return number.error();

  const std::string text = narrowed(entry.remittance);
  const auto numbers = numbers_in(text);
  if (numbers.size() > 1)
    return fail(Errc::kMismatch, "the remittance text names {} sub-accounts", numbers.size());
  if (numbers.size() == 1)
    return from_number(DepositReference::Source::kNumberInText, *numbers.begin());
  const auto labelled = labelled_in(text);
  if (labelled.size() > 1)
    return fail(Errc::kMismatch, "the remittance text names {} references", labelled.size());
  if (labelled.empty()) return fail(Errc::kNotFound, "the deposit does not say what it is for");
  return DepositReference{DepositReference::Source::kLabelInText, labelled.begin()->first,
                          labelled.begin()->second};
}

}  // namespace suanpan::channels::bank
