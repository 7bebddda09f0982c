#include "channels/wechat/errors.h"

#include <algorithm>
#include <array>
#include <utility>

namespace suanpan::channels::wechat {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kOldSpellings{{
    {"ORDERNOTEXIST", "ORDER_NOT_EXIST"},
    {"ORDERPAID", "ORDER_PAID"},
    {"ORDERCLOSED", "ORDER_CLOSED"},
    {"NOTENOUGH", "NOT_ENOUGH"},
    {"NOAUTH", "NO_AUTH"},
    {"SIGNERROR", "SIGN_ERROR"},
    {"SYSTEMERROR", "SYSTEM_ERROR"},
    {"REFUNDNOTEXIST", "RESOURCE_NOT_EXISTS"},
    {"RESOURCE_NOT_EXIST", "RESOURCE_NOT_EXISTS"},
    {"FREQUENCY_LIMIT", "FREQUENCY_LIMITED"},
}};

/// Refusals for good, whoever asks: the platform did nothing and will do nothing for this request.
constexpr std::array<std::string_view, 7> kFinal{
    "PARAM_ERROR",    "INVALID_REQUEST", "APPID_MCHID_NOT_MATCH",
    "MCH_NOT_EXISTS", "NO_AUTH",         "USER_ACCOUNT_ABNORMAL",
    "SIGN_ERROR"};

bool is_final(std::string_view code) {
  return std::find(kFinal.begin(), kFinal.end(), code) != kFinal.end();
}

bool is_not_there(int status, std::string_view code) {
  return status == 404 && (code == kCodeOrderNotExist || code == kCodeRefundNotExist);
}

}  // namespace

std::string_view canonical_code(std::string_view code) {
  for (const auto& [old_spelling, spelling] : kOldSpellings)
    if (code == old_spelling) return spelling;
  return code;
}

Knowledge judge(Operation operation, int status, std::string_view code) {
  // A gateway may answer 429 with a page of its own: the request went no further than it.
  const bool limited = status == 429;
  if (status < 400 || status > 499) return Knowledge::kUnknown;
  if (!limited && code.empty()) return Knowledge::kUnknown;
  switch (operation) {
    case Operation::kPlace:
      if (limited) return Knowledge::kNotAccepted;
      return is_final(code) ? Knowledge::kRejected : Knowledge::kUnknown;
    case Operation::kRefund:
      if (limited || code == kCodeNotEnough) return Knowledge::kNotAccepted;
      // The order to refund is not there: nothing a resend could change.
      return is_final(code) || is_not_there(status, code) ? Knowledge::kRejected
                                                          : Knowledge::kUnknown;
    case Operation::kClose:
      return limited ? Knowledge::kNotAccepted : Knowledge::kUnknown;
    case Operation::kQuery:
    case Operation::kRefundQuery:
      return is_not_there(status, code) ? Knowledge::kNotAccepted : Knowledge::kUnknown;
  }
  return Knowledge::kUnknown;
}

}  // namespace suanpan::channels::wechat
