#include "settlement/clearing.h"

#include "ledger/base/limits.h"
#include "settlement/document_fields.h"

namespace suanpan::settlement {
namespace {

/// Splits over weights; a split of nothing needs no weight.
Result<std::vector<std::int64_t>> split(std::int64_t minor, std::span<const std::int64_t> weights) {
  if (minor == 0) return std::vector<std::int64_t>(weights.size(), 0);
  return allocate(minor, weights);
}

/// The order's lines, priced; the price may still differ from what was paid.
Result<std::vector<ClearingLine>> priced_lines(const PaidOrder& order) {
  std::vector<ClearingLine> lines;
  if (order.lines.empty()) lines.push_back({std::string(kWholeOrder), order.paid.minor});
  if (order.lines.size() > kMaxSplitLines) {
    return fail(Errc::kTooLarge, "order {} has more than {} lines", order.order_no, kMaxSplitLines);
  }
  for (const SplitLine& line : order.lines) {
    if (!is_label(line.name)) return fail(Errc::kMalformed, "a line's name is empty or too long");
    if (line.price_minor < 0 || line.price_minor > kMaxAmountMinor) {
      return fail(Errc::kMalformed, "line {} of order {} has no possible price", line.name,
                  order.order_no);
    }
    lines.push_back({line.name, line.price_minor});
  }
  return lines;
}

Result<void> check_line(const Clearing& clearing, const ClearingLine& line) {
  for (const std::int64_t minor :
       {line.gross_minor, line.fee_minor, line.refunded_minor, line.fee_returned_minor}) {
    if (minor < 0 || minor > kMaxAmountMinor)
      return fail(Errc::kMismatch, "an amount is out of range");
  }
  if (line.refunded_minor > line.gross_minor || line.fee_returned_minor > line.fee_minor ||
      (clearing.payer == FeePayer::kMerchant && line.fee_minor > line.gross_minor)) {
    return fail(Errc::kMismatch, "the amounts of line {} contradict each other", line.name);
  }
  return success();
}

Result<ClearingLine> read_line(JsonValue value) {
  TRY(only_keys(value, {"name", "gross", "fee", "refunded", "fee_returned"}));
  ClearingLine line;
  TRY(line.name, value.get_string("name"));
  if (!is_label(line.name)) return fail(Errc::kMalformed, "a line's name is empty or too long");
  TRY(line.gross_minor, value.get_int64("gross"));
  TRY(line.fee_minor, value.get_int64("fee"));
  TRY(line.refunded_minor, value.get_int64("refunded"));
  TRY(line.fee_returned_minor, value.get_int64("fee_returned"));
  return line;
}

}  // namespace

std::int64_t merchant_share(const Clearing& clearing, const ClearingLine& line) {
  const std::int64_t kept_price = line.gross_minor - line.refunded_minor;
  if (clearing.payer == FeePayer::kPayer) return kept_price;
  return kept_price - (line.fee_minor - line.fee_returned_minor);
}

ClearingTotals totals_of(const Clearing& clearing) {
  const bool payer_bears = clearing.payer == FeePayer::kPayer;
  ClearingTotals totals;
  for (const ClearingLine& line : clearing.lines) {
    totals.gross_minor += line.gross_minor;
    totals.fee_minor += line.fee_minor;
    totals.paid_minor += line.gross_minor + (payer_bears ? line.fee_minor : 0);
    totals.refunded_minor += line.refunded_minor + (payer_bears ? line.fee_returned_minor : 0);
    totals.merchant_share_minor += merchant_share(clearing, line);
    totals.platform_fee_minor += line.fee_minor - line.fee_returned_minor;
  }
  return totals;
}

Result<Clearing> clear_order(const PaidOrder& order, const FeeRule& rule) {
  if (!is_number(order.order_no)) return fail(Errc::kMalformed, "the order number is bad");
  if (order.paid.minor <= 0 || order.paid.minor > kMaxAmountMinor) {
    return fail(Errc::kMalformed, "order {} was not paid a possible amount", order.order_no);
  }
  Clearing clearing{order.order_no, order.paid.currency, rule.payer, rule.on_refund, {}};
  TRY(clearing.lines, priced_lines(order));

  Int128 sum = 0;
  std::vector<std::int64_t> prices;
  for (const ClearingLine& line : clearing.lines) {
    sum += line.gross_minor;
    prices.push_back(line.gross_minor);
  }
  TRY(const std::int64_t price, to_minor(sum));
  TRY(const Money fee, compute_fee(rule, {price, order.paid.currency}));
  const Int128 owed = Int128{price} + (rule.payer == FeePayer::kPayer ? fee.minor : 0);
  if (owed != order.paid.minor) {
    return fail(Errc::kMismatch,
                "order {}: lines of {} and a payer's fee of {} are not the {} paid", order.order_no,
                price, rule.payer == FeePayer::kPayer ? fee.minor : 0, order.paid.minor);
  }
  TRY(const auto fees, split(fee.minor, prices));
  for (std::size_t i = 0; i < fees.size(); ++i) clearing.lines[i].fee_minor = fees[i];
  return clearing;
}

Result<RefundClearing> clear_refund(const Clearing& clearing, Money refund) {
  if (refund.currency != clearing.currency) {
    return fail(Errc::kMismatch, "order {}: a refund in {}", clearing.order_no,
                code_of(refund.currency));
  }
  if (refund.minor <= 0) return fail(Errc::kMalformed, "a refund must be positive");
  const ClearingTotals now = totals_of(clearing);
  const bool fee_is_lost =
      clearing.payer == FeePayer::kPayer && clearing.on_refund == FeeReturn::kKept;
  const std::int64_t refundable =
      (fee_is_lost ? now.gross_minor : now.paid_minor) - now.refunded_minor;
  if (refund.minor > refundable) {
    return fail(Errc::kMismatch, "order {}: a refund of {} exceeds the {} that are left",
                clearing.order_no, refund.minor, refundable);
  }
  const auto money = [&](std::int64_t minor) { return Money{minor, clearing.currency}; };
  const RefundState state{money(now.paid_minor), money(now.fee_minor), money(now.refunded_minor),
                          money(now.fee_minor - now.platform_fee_minor)};
  TRY(const Money fee_part, fee_to_return(clearing.on_refund, state, refund));
  // Where the merchant bears the fee, the whole refund is price; else the payer's fee is part of
  // it.
  const std::int64_t price_part =
      clearing.payer == FeePayer::kMerchant ? refund.minor : refund.minor - fee_part.minor;

  std::vector<std::int64_t> price_left, fee_left;
  for (const ClearingLine& line : clearing.lines) {
    price_left.push_back(line.gross_minor - line.refunded_minor);
    fee_left.push_back(line.fee_minor - line.fee_returned_minor);
  }
  TRY(const auto prices, split(price_part, price_left));
  TRY(const auto fees, split(fee_part.minor, fee_left));
  RefundClearing result{refund.minor - fee_part.minor, fee_part.minor, clearing};
  for (std::size_t i = 0; i < clearing.lines.size(); ++i) {
    result.after.lines[i].refunded_minor += prices[i];
    result.after.lines[i].fee_returned_minor += fees[i];
  }
  return result;
}

std::string encode(const Clearing& clearing) {
  JsonWriter out;
  out.begin_object()
      .field("format", std::int64_t{1})
      .field("order_no", clearing.order_no)
      .field("currency", code_of(clearing.currency))
      .field("payer", name_of(clearing.payer))
      .field("on_refund", name_of(clearing.on_refund))
      .key("lines")
      .begin_array();
  for (const ClearingLine& line : clearing.lines) {
    out.begin_object()
        .field("name", line.name)
        .field("gross", line.gross_minor)
        .field("fee", line.fee_minor)
        .field("refunded", line.refunded_minor)
        .field("fee_returned", line.fee_returned_minor)
        .end_object();
  }
  out.end_array().end_object();
  return out.take();
}

Result<Clearing> decode_clearing(std::string_view bytes) {
  TRY(const JsonDocument document, JsonDocument::parse(bytes));
  const JsonValue root = document.root();
  TRY(only_keys(root, {"format", "order_no", "currency", "payer", "on_refund", "lines"}));
  TRY(expect_format(root, 1));
  Clearing clearing;
  TRY(clearing.order_no, get_number(root, "order_no"));
  TRY(clearing.currency, get_currency(root, "currency"));
  TRY(clearing.payer, get_name(root, "payer", {FeePayer::kMerchant, FeePayer::kPayer}));
  TRY(clearing.on_refund,
      get_name(root, "on_refund", {FeeReturn::kProportional, FeeReturn::kKept}));
  TRY(const JsonValue lines, root.get("lines"));
  const auto elements = lines.elements();
  if (elements.empty() || elements.size() > kMaxSplitLines) {
    return fail(Errc::kMalformed, "\"lines\" is no array of 1 to {}", kMaxSplitLines);
  }
  Int128 sum = 0;
  for (const JsonValue& element : elements) {
    TRY(ClearingLine line, read_line(element));
    TRY(check_line(clearing, line));
    sum += line.gross_minor + (clearing.payer == FeePayer::kPayer ? line.fee_minor : 0);
    clearing.lines.push_back(std::move(line));
  }
  TRY(to_minor(sum));
  return clearing;
}

}  // namespace suanpan::settlement
