// Short names for rows, so that a scenario reads as a table.
#pragma once
#include <string>
#include <vector>

#include "reconcile/run.h"

namespace suanpan::reconcile::test {

inline const Date kDay = *Date::of(2026, 3, 4);

/// A payment that the channel reports, at noon of the day.
struct Out : OutsideRow {
  Out(std::string number, std::string channel, std::int64_t fen) {
    our_number = std::move(number);
    channel_number = std::move(channel);
    amount = {fen, Currency::kCNY};
    date = kDay;
    at = Timestamp::of_cn(kDay, 12, 0, 0);
    source = {"bill.csv", 2};
  }
  Out& as(RowKind k) { return kind = k, *this; }
  Out& is(RowStatus s) { return status = s, *this; }
  Out& fee(std::int64_t milli) { return fee_milli = milli, *this; }
  Out& in(Currency c) { return amount.currency = c, *this; }
  Out& row(std::uint32_t r) { return source.row = r, *this; }
  Out& on(Date d) { return date = d, at = Timestamp::of_cn(d, 12, 0, 0), *this; }
};

struct Book : BookRow {
  Book(std::string voucher, std::string number, std::string channel, std::int64_t fen) {
    voucher_id = std::move(voucher);
    voucher_number = "记-" + voucher_id;
    our_number = std::move(number);
    channel_number = std::move(channel);
    order_id = "O" + our_number;
    merchant = "M1";
    amount = {fen, Currency::kCNY};
    date = kDay;
    at = Timestamp::of_cn(kDay, 12, 0, 1);
  }
  Book& as(RowKind k) { return kind = k, *this; }
  Book& is(RowStatus s) { return status = s, *this; }
  Book& fee(std::int64_t milli) { return fee_milli = milli, *this; }
  Book& in(Currency c) { return amount.currency = c, *this; }
  Book& suspense() { return in_suspense = true, *this; }
  Book& on(Date d) { return date = d, at = Timestamp::of_cn(d, 12, 0, 1), *this; }
  Book& at_time(int h, int m, int s) { return at = Timestamp::of_cn(date, h, m, s), *this; }
};

inline const BatchNumber kBatch{kDay, "wechat", 1};

inline RunResult run_ok(const std::vector<OutsideRow>& outside, const std::vector<BookRow>& book,
                        const Policy& policy = {}, const BatchNumber& batch = kBatch) {
  auto result = run(batch, policy, outside, book);
  return result ? std::move(result).value() : RunResult{};
}

/// "amount_mismatch N1 -100 CNY" for every break, in the run's order.
inline std::vector<std::string> lines_of(const RunResult& result) {
  std::vector<std::string> lines;
  for (const auto& b : result.breaks) {
    lines.push_back(fmt::format("{} {} {} {}", info_of(b.break_class).code,
                                b.our_number().empty() ? b.channel_number() : b.our_number(),
                                b.amount.minor, code_of(b.amount.currency)));
  }
  return lines;
}

}  // namespace suanpan::reconcile::test
