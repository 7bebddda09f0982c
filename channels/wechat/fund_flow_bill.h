// The fund-flow bill (资金账单) of a day: every movement of the merchant's account at WeChat Pay.
// Read and believed as the trade bill is. It names no merchant: only the signed ticket's hash ties
// the file to one. Rows of one second may stand in any order, so balances are reported, not
// chained.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "channels/wechat/bill_file.h"

namespace suanpan::channels::wechat {

enum class FlowDirection : std::uint8_t { kIncome, kExpense };  ///< 收入, 支出

struct FundFlowRow {
  std::uint64_t line = 0;
  Timestamp booked_at;                               ///< 记账时间
  std::string channel_order_no;                      ///< 微信支付业务单号
  std::string flow_no;                               ///< 资金流水单号
  std::string business_name;                         ///< 业务名称
  std::string business_type;                         ///< 业务类型
  FlowDirection direction = FlowDirection::kIncome;  ///< 收支类型
  std::int64_t amount_fen = 0;                       ///< 收支金额(元), not negative
  std::int64_t balance_fen = 0;                      ///< 账户结余(元)
  std::string submitted_by;                          ///< 资金变更提交申请人
  std::string remark;                                ///< 备注
  std::string voucher_no;                            ///< 业务凭证号
};

struct FundFlowTotals {
  std::int64_t rows = 0;          ///< 资金流水总笔数
  std::int64_t income_rows = 0;   ///< 收入笔数
  std::int64_t income_fen = 0;    ///< 收入金额
  std::int64_t expense_rows = 0;  ///< 支出笔数
  std::int64_t expense_fen = 0;   ///< 支出金额
  friend bool operator==(const FundFlowTotals&, const FundFlowTotals&) = default;
};

using FundFlowSink = std::function<Result<void>(FundFlowRow)>;

/// The streaming reader. Not thread-safe. Rows are provisional until finish() has succeeded.
class FundFlowReader {
 public:
  FundFlowReader(Date day, FundFlowSink sink);
  ~FundFlowReader();
  FundFlowReader(const FundFlowReader&) = delete;
  FundFlowReader& operator=(const FundFlowReader&) = delete;
  /// Errors: kMalformed, kMismatch (another day), kTooLarge; the sink's.
  Result<void> feed(std::string_view chunk);
  /// Errors: kMalformed (truncated), kMismatch (totals).
  Result<FundFlowTotals> finish();

 private:
  class Handler;
  std::unique_ptr<Handler> handler_;
  BillReader reader_;
};

struct FundFlowBill {
  std::vector<FundFlowRow> rows;
  FundFlowTotals totals;
};

/// A whole file at once. Errors: as FundFlowReader.
Result<FundFlowBill> parse_fund_flow_bill(std::string_view file, Date day);

}  // namespace suanpan::channels::wechat
