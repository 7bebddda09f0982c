// A WeChat trade bill against the orders and refunds of its day.
#include "channels/chart.h"
#include "channels/wechat/bill.h"
#include "ledger/base/check.h"
#include "reconcile/outside_rows.h"
#include "reconcile/reconcile_service.h"

namespace suanpan::reconcile {
namespace {

using channels::wechat::TradeBill;
using RowKey = std::pair<RowKind, std::string>;

// What the channel may take of a row: the contract's rate, else the one that the row states.
std::optional<Rate> rate_of(const ReconcileSettings& settings, const std::string& mchid,
                            std::string_view stated) {
  if (const auto found = settings.channel_rates.find(mchid); found != settings.channel_rates.end())
    return found->second;
  const auto rate = Rate::parse(stated);
  if (!rate) return std::nullopt;
  return rate.value();
}

// The fee that the books expect, rounded to a fen. The channel takes a refund's fee off what it
// keeps of the payment, so several refunds of one payment may each be a fen off: that is no break.
Result<std::int64_t> expected_fee(Rate rate, const OutsideRow& outside, const BookRow& book) {
  TRY(auto fee, apply(rate, book.amount.minor, Rounding::kHalfUp));
  const auto milli = checked_mul(fee, kMilliPerMinor);
  if (!milli) return fail(Errc::kTooLarge, "a fee does not fit 64 bits");
  if (book.kind != RowKind::kRefund) return *milli;
  const Int128 off = Int128{outside.fee_milli} - *milli;
  return off <= kMilliPerMinor && off >= -kMilliPerMinor ? outside.fee_milli : *milli;
}

struct BillRow {
  const OutsideRow* row = nullptr;
  std::optional<Rate> rate;
};

// The books hold no fee of a single order before the money arrives, so they expect one.
Result<void> expect_fees(std::vector<BookRow>& rows, const std::map<RowKey, BillRow>& bill,
                         const std::vector<OutsideRow>& carried) {
  for (auto& book : rows) {
    for (const auto& row : carried)
      if (row.kind == book.kind && row.our_number == book.our_number)
        book.fee_milli = row.fee_milli;
    const auto found = bill.find({book.kind, book.our_number});
    if (found == bill.end()) continue;
    const auto& [outside, rate] = found->second;
    book.fee_milli = outside->fee_milli;
    if (!rate) continue;
    TRY(book.fee_milli, expected_fee(*rate, *outside, book));
  }
  return success();
}

Marks marks_of(const RunResult& result, const std::string& run, const std::string& arrived) {
  Marks marks{run, arrived, {}, {}, {}};
  for (const auto& matched : result.matched)
    (matched.kind == RowKind::kRefund ? marks.refunds : marks.orders).push_back(matched.our_number);
  return marks;
}

bool has_receivable(const Book& book, const std::string& mchid) {
  return book.read([&](const State& state, std::uint64_t) {
    return state.account(channels::chart::channel_receivable(kWechatChannel, mchid)) != nullptr;
  });
}

std::optional<Expected> stored_expected(const Book& book, const std::string& mchid, Date day) {
  const auto document = book.document(DocumentKind::kChannelArrival, expected_key(mchid, day));
  if (!document) return std::nullopt;
  const auto expected = decode_expected(document->bytes);
  CHECK_OR_DIE(expected, "document {} does not decode", document->key);
  return expected.value();
}

}  // namespace

Result<RunSummary> ReconcileService::run_trade_bill(std::string_view bill, const std::string& mchid,
                                                    Date day, const Believed& believed) {
  TRY(const TradeBill parsed, channels::wechat::parse_trade_bill(bill, {mchid, day}));
  const std::lock_guard lock(running_);
  TakenFile wanted;
  wanted.channel = kWechatChannel;
  wanted.subject = mchid;
  wanted.day = day;
  if (believed && !believed()) return fail(Errc::kUnavailable, "the run was called off");
  TRY(const TakenFile file, desk_.take(std::move(wanted), bill));
  if (file.finished) {
    RunSummary summary = desk_.summary_of(stored_run(book_, file.run).value());
    summary.repeated = true;
    return summary;
  }

  const std::string name = fmt::format("wxpay-{}-{}.csv", mchid, day.compact());
  std::vector<OutsideRow> outside;
  for (const auto& row : parsed.rows) outside.push_back(outside_row(row, name, day));
  TRY(const BillSums sums, sums_of(outside));
  std::map<RowKey, BillRow> by_number;
  for (std::size_t i = 0; i < outside.size(); ++i)
    by_number[{outside[i].kind, outside[i].our_number}] = {
        &outside[i], rate_of(settings_, mchid, parsed.rows[i].rate)};
  TRY(const Trace trace, trace_since(book_, day));
  BookSide side = trade_side(book_, trace, file, outside);
  TRY(expect_fees(side.rows, by_number, side.carried));
  std::vector<OutsideRow> all = outside;
  all.insert(all.end(), side.carried.begin(), side.carried.end());

  TRY(const BatchNumber number, BatchNumber::parse(file.run));
  TRY(RunResult result, run(number, settings_.policy, all, side.rows));
  const auto expected = stored_expected(book_, mchid, day);
  TRY(desk_.mark(marks_of(result, file.run, expected ? expected->arrived : std::string{}),
                 file.run));
  TRY(desk_.keep_cases(number, case_steps(book_, trace, {}, result)));
  // A direct merchant's money never arrives with us.
  std::optional<Expected> promised;
  if (has_receivable(book_, mchid))
    promised = Expected{mchid, day, file.run, sums.gross, sums.fee, {}};
  return desk_.finish(file, result, promised);
}

}  // namespace suanpan::reconcile
