#include "reconcile/outside_rows.h"

#include <algorithm>
#include <array>
#include <map>

#include "reconcile/run_record.h"

namespace suanpan::reconcile {
namespace {

using channels::bank::Direction;
using channels::bank::EntryStatus;
using channels::bank::Statement;
using channels::bank::StatementEntry;
using channels::wechat::TradeBillRow;
using channels::wechat::TradeState;

RowStatus refund_status_of(std::string_view text) {
  if (text == "PROCESSING") return RowStatus::kOpen;
  if (text == "FAIL" || text == "CHANGE") return RowStatus::kFailed;
  return RowStatus::kDone;
}

// How a channel's settlement looks in a statement.
struct SettlementPattern {
  std::string_view channel;
  std::string_view counterparty;  ///< part of the counterparty's name
  std::string_view remark;        ///< "<remark> <merchant> <YYYYMMDD>"
  std::string_view end_to_end;    ///< "<prefix><merchant><YYYYMMDD>"
};
constexpr std::array<SettlementPattern, 1> kSettlements{
    {{kWechatChannel, "财付通支付科技有限公司", "微信支付结算款 ", "WXS"}}};

constexpr std::size_t kDateDigits = 8;

bool is_number(std::string_view text) {
  return text.size() >= 6 && text.size() <= 16 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<SettlementCredit> credit_of(std::string_view channel, std::string_view mchid,
                                          std::string_view day) {
  const auto date = Date::parse(day);
  if (!is_number(mchid) || day.size() != kDateDigits || !date) return std::nullopt;
  return SettlementCredit{std::string(channel), std::string(mchid), *date};
}

std::optional<SettlementCredit> from_remark(const SettlementPattern& pattern,
                                            std::string_view text) {
  if (!text.starts_with(pattern.remark)) return std::nullopt;
  text.remove_prefix(pattern.remark.size());
  const auto blank = text.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  return credit_of(pattern.channel, text.substr(0, blank), text.substr(blank + 1));
}

std::optional<SettlementCredit> from_end_to_end(const SettlementPattern& pattern,
                                                std::string_view text) {
  if (!text.starts_with(pattern.end_to_end)) return std::nullopt;
  text.remove_prefix(pattern.end_to_end.size());
  if (text.size() <= kDateDigits) return std::nullopt;
  const auto cut = text.size() - kDateDigits;
  return credit_of(pattern.channel, text.substr(0, cut), text.substr(cut));
}

}  // namespace

OutsideRow outside_row(const TradeBillRow& row, const std::string& file, Date day) {
  OutsideRow out;
  out.source = {file, static_cast<std::uint32_t>(row.line)};
  out.at = row.traded_at;
  out.date = day;
  out.fee_milli = row.fee_e5_yuan;  // 10^-5 yuan is a thousandth of a fen
  if (row.state == TradeState::kSuccess) {
    out.kind = RowKind::kPayment;
    out.our_number = row.order_no;
    out.channel_number = row.channel_order_no;
    out.amount.minor = row.order_fen != 0 ? row.order_fen : row.settled_fen;
    return out;
  }
  out.kind = RowKind::kRefund;
  out.status = refund_status_of(row.refund_status);
  out.our_number = row.refund_no;
  out.channel_number = row.channel_refund_no;
  out.amount.minor = -row.refund_fen;
  return out;
}

Result<BillSums> sums_of(const std::vector<OutsideRow>& rows) {
  Int128 gross = 0, fee_milli = 0;
  for (const auto& row : rows) {
    if (row.status != RowStatus::kDone) continue;
    gross += row.amount.minor;
    fee_milli += row.fee_milli;
  }
  if (fee_milli % kMilliPerMinor != 0)
    return fail(Errc::kMismatch, "the bill's fees do not make whole fen");
  const Int128 fee = fee_milli / kMilliPerMinor;
  constexpr Int128 kMost = INT64_MAX;
  if (gross > kMost || gross < -kMost || fee > kMost || fee < -kMost)
    return fail(Errc::kTooLarge, "the bill's sums do not fit 64 bits");
  return BillSums{static_cast<std::int64_t>(gross), static_cast<std::int64_t>(fee)};
}

std::optional<SettlementCredit> recognise_settlement(const StatementEntry& entry) {
  if (entry.direction != Direction::kCredit || entry.reversal || !entry.return_reason.empty() ||
      entry.status != EntryStatus::kBooked)
    return std::nullopt;
  for (const auto& pattern : kSettlements) {
    if (entry.counterparty_name.find(pattern.counterparty) == std::string::npos) continue;
    if (auto credit = from_remark(pattern, entry.remittance)) return credit;
    if (auto credit = from_end_to_end(pattern, entry.end_to_end_id)) return credit;
  }
  return std::nullopt;
}

std::vector<std::string> references_of(const Statement& statement) {
  std::map<std::string_view, std::size_t> uses;
  for (const auto& entry : statement.entries) ++uses[entry.acct_svcr_ref];
  std::vector<std::string> references;
  for (const auto& entry : statement.entries) {
    const auto& own = entry.acct_svcr_ref;
    references.push_back(!own.empty() && uses[own] == 1
                             ? own
                             : fmt::format("{}#{}.{}", statement.id, entry.number, entry.part));
  }
  return references;
}

OutsideRow outside_row(const StatementEntry& entry, RowKind kind, std::string reference,
                       const std::string& file, Date day) {
  OutsideRow out;
  out.source = {file, entry.number};
  out.kind = kind;
  out.channel_number = std::move(reference);
  if (kind == RowKind::kPayout || kind == RowKind::kPayoutReturn)
    out.our_number = entry.end_to_end_id;
  out.amount = {entry.signed_minor(), entry.amount.currency};
  out.date = day;
  out.at = Timestamp::of_cn(entry.booking_date.value_or(day), 12, 0, 0);
  return out;
}

}  // namespace suanpan::reconcile
