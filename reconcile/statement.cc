#include "reconcile/statement.h"

#include <algorithm>
#include <array>

#include "ledger/base/check.h"

namespace suanpan::reconcile {
namespace {

template <class T>
struct Names {
  T value;
  std::string_view en;
  std::string_view zh;
};

constexpr std::array<Names<RowKind>, 7> kKinds{{
    {RowKind::kPayment, "payment", "支付"},
    {RowKind::kRefund, "refund", "退款"},
    {RowKind::kPayout, "payout", "付款"},
    {RowKind::kPayoutReturn, "payout_return", "退票"},
    {RowKind::kDeposit, "deposit", "入金"},
    {RowKind::kArrival, "arrival", "渠道到账"},
    {RowKind::kOther, "other", "其他"},
}};

constexpr std::array<Names<RowStatus>, 3> kStatuses{{
    {RowStatus::kOpen, "open", "处理中"},
    {RowStatus::kDone, "done", "成功"},
    {RowStatus::kFailed, "failed", "失败或关闭"},
}};

template <class T, std::size_t N>
const Names<T>& find_value(const std::array<Names<T>, N>& table, T value) {
  for (const auto& row : table) {
    if (row.value == value) return row;
  }
  CHECK_OR_DIE(false, "a value outside its enumeration: {}", static_cast<int>(value));
}

template <class T, std::size_t N>
std::optional<T> find_name(const std::array<Names<T>, N>& table, std::string_view name) {
  for (const auto& row : table) {
    if (row.en == name) return row.value;
  }
  return std::nullopt;
}

bool is_channel_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

std::string_view name_of(RowKind kind) { return find_value(kKinds, kind).en; }
std::string_view name_zh(RowKind kind) { return find_value(kKinds, kind).zh; }
std::string_view name_of(RowStatus status) { return find_value(kStatuses, status).en; }
std::string_view name_zh(RowStatus status) { return find_value(kStatuses, status).zh; }
std::optional<RowKind> row_kind_of(std::string_view name) { return find_name(kKinds, name); }

std::int64_t round_milli(std::int64_t milli) {
  const std::int64_t whole = milli / kMilliPerMinor;
  const std::int64_t rest = milli % kMilliPerMinor;
  if (rest >= kMilliPerMinor / 2) return whole + 1;
  if (rest <= -kMilliPerMinor / 2) return whole - 1;
  return whole;
}

std::string BatchNumber::text() const {
  return fmt::format("{}-{}-{:03}", period.compact(), channel, sequence);
}

Result<void> BatchNumber::check() const {
  if (channel.empty() || channel.size() > 16 ||
      !std::all_of(channel.begin(), channel.end(), is_channel_char)) {
    return fail(Errc::kMalformed, "a batch's channel is 1-16 of a-z, 0-9 and _");
  }
  if (sequence < 1 || sequence > 999) {
    return fail(Errc::kMalformed, "a batch's sequence is 1-999, not {}", sequence);
  }
  return success();
}

Result<BatchNumber> BatchNumber::parse(std::string_view text) {
  const auto malformed = [] {
    return fail(Errc::kMalformed, "a batch number looks like 20260304-wechat-001");
  };
  const auto first = text.find('-');
  const auto last = text.rfind('-');
  if (first != 8 || last <= first + 1 || text.size() - last != 4) return malformed();
  const auto period = Date::parse(text.substr(0, first));
  if (!period) return malformed();
  BatchNumber number{*period, std::string(text.substr(first + 1, last - first - 1)), 0};
  for (const char c : text.substr(last + 1)) {
    if (c < '0' || c > '9') return malformed();
    number.sequence = number.sequence * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (!number.check()) return malformed();
  return number;
}

}  // namespace suanpan::reconcile
