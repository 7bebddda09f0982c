#include "channels/wechat/fund_flow_bill.h"

#include <array>
#include <optional>

namespace suanpan::channels::wechat {
namespace {

constexpr std::string_view kBookedAt = "记账时间";
constexpr std::string_view kFlowNo = "资金流水单号";
constexpr std::string_view kDirection = "收支类型";
constexpr std::string_view kAmount = "收支金额(元)";
constexpr std::string_view kBalance = "账户结余(元)";
constexpr std::array<std::string_view, 6> kRequired{
    kBookedAt, "微信支付业务单号", kFlowNo, kDirection, kAmount, kBalance};

struct TextColumn {
  std::string_view name;
  std::string FundFlowRow::*to;
};
constexpr std::array<TextColumn, 7> kTexts{{
    {"微信支付业务单号", &FundFlowRow::channel_order_no},
    {kFlowNo, &FundFlowRow::flow_no},
    {"业务名称", &FundFlowRow::business_name},
    {"业务类型", &FundFlowRow::business_type},
    {"资金变更提交申请人", &FundFlowRow::submitted_by},
    {"备注", &FundFlowRow::remark},
    {"业务凭证号", &FundFlowRow::voucher_no},
}};

struct Total {
  std::string_view name;
  std::int64_t FundFlowTotals::*of;
  bool is_count;
};
constexpr std::array<Total, 5> kTotals{{
    {"资金流水总笔数", &FundFlowTotals::rows, true},
    {"收入笔数", &FundFlowTotals::income_rows, true},
    {"收入金额", &FundFlowTotals::income_fen, false},
    {"支出笔数", &FundFlowTotals::expense_rows, true},
    {"支出金额", &FundFlowTotals::expense_fen, false},
}};

}  // namespace

class FundFlowReader::Handler : public BillHandler {
 public:
  Handler(Date day, FundFlowSink sink) : day_(day), sink_(std::move(sink)) {}

  const std::optional<FundFlowTotals>& believed() const { return believed_; }

  Result<void> on_header(const BillCells& header) override {
    for (const auto name : kRequired)
      if (!header.has(name)) return fail(Errc::kMalformed, "the bill has no column {}", name);
    return success();
  }

  Result<void> on_row(const BillCells& cells) override {
    TRY(auto row, read(cells));
    if (row.booked_at.date_cn() != day_)
      return fail(Errc::kMismatch, "bill line {}: a row of another day", row.line);
    ++sums_.rows;
    const bool income = row.direction == FlowDirection::kIncome;
    ++(income ? sums_.income_rows : sums_.expense_rows);
    auto& sum = income ? sums_.income_fen : sums_.expense_fen;
    const auto next = checked_add(sum, row.amount_fen);
    if (!next) return fail(Errc::kTooLarge, "a total of the bill overflows");
    sum = *next;
    return sink_(std::move(row));
  }

  Result<void> on_summary(const BillCells& summary) override {
    for (const auto& total : kTotals) {
      if (!summary.has(total.name))
        return fail(Errc::kMalformed, "bill line {}: the total {} is missing", summary.line(),
                    total.name);
      TRY(const auto announced,
          total.is_count ? summary.count(total.name) : summary.fen(total.name));
      if (announced != sums_.*total.of)
        return fail(Errc::kMismatch, "the bill's {} is {}, its rows make {}", total.name,
                    summary.text(total.name),
                    total.is_count ? fmt::format("{}", sums_.*total.of)
                                   : format_major({sums_.*total.of, Currency::kCNY}));
    }
    believed_ = sums_;
    return success();
  }

 private:
  static Result<FundFlowRow> read(const BillCells& cells) {
    FundFlowRow row;
    row.line = cells.line();
    TRY(row.booked_at, cells.moment(kBookedAt));
    for (const auto& column : kTexts) row.*column.to = cells.text(column.name);
    TRY(row.amount_fen, cells.fen(kAmount));
    TRY(row.balance_fen, cells.signed_fen(kBalance));
    const auto direction = cells.text(kDirection);
    if (direction != "收入" && direction != "支出")
      return fail(Errc::kUnsupported, "bill line {}: an unknown {}", row.line, kDirection);
    row.direction = direction == "收入" ? FlowDirection::kIncome : FlowDirection::kExpense;
    return row;
  }

  Date day_;
  FundFlowSink sink_;
  FundFlowTotals sums_;
  std::optional<FundFlowTotals> believed_;
};

FundFlowReader::FundFlowReader(Date day, FundFlowSink sink)
    : handler_(std::make_unique<Handler>(day, std::move(sink))), reader_(*handler_) {}

FundFlowReader::~FundFlowReader() = default;

Result<void> FundFlowReader::feed(std::string_view chunk) { return reader_.feed(chunk); }

Result<FundFlowTotals> FundFlowReader::finish() {
  TRY(reader_.finish());
  return *handler_->believed();
}

Result<FundFlowBill> parse_fund_flow_bill(std::string_view file, Date day) {
  FundFlowBill bill;
  FundFlowReader reader(day, [&bill](FundFlowRow row) -> Result<void> {
    bill.rows.push_back(std::move(row));
    return success();
  });
  TRY(reader.feed(file));
  TRY(bill.totals, reader.finish());
  return bill;
}

}  // namespace suanpan::channels::wechat
