#include "settlement/batch.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/limits.h"
#include "settlement/calendar.h"
#include "settlement/document_fields.h"

namespace suanpan::settlement {
namespace {

bool follows(BatchState from, BatchState to) {
  switch (from) {
    case BatchState::kComputed:
      return to == BatchState::kReviewed || to == BatchState::kWithdrawn;
    case BatchState::kReviewed:
      return to == BatchState::kApproved || to == BatchState::kWithdrawn;
    case BatchState::kApproved:
      return to == BatchState::kSent;
    case BatchState::kSent:
      return to == BatchState::kConfirmed || to == BatchState::kReturned ||
             to == BatchState::kFailed;
    case BatchState::kConfirmed:
    case BatchState::kReturned:
    case BatchState::kFailed:
    case BatchState::kWithdrawn:
      return false;
  }
  CHECK_OR_DIE(false, "batch state {}", static_cast<int>(from));
}

Result<void> check_step(const BatchStep& step) {
  if (!is_label(step.by)) return fail(Errc::kMalformed, "a step of a batch names its person");
  if (!step.note.empty() && !is_label(step.note, kMaxSummaryBytes)) {
    return fail(Errc::kMalformed, "the note is longer than {} bytes or has control characters",
                kMaxSummaryBytes);
  }
  if (step.note.empty() && releases_items(step.state)) {
    return fail(Errc::kMalformed, "{} needs a reason", name_of(step.state));
  }
  return success();
}

Result<void> check_request(const BatchRequest& request) {
  if (!is_number(request.merchant_no)) return fail(Errc::kMalformed, "the merchant number is bad");
  if (request.run < 1 || request.run > kMaxBatchRuns) {
    return fail(Errc::kMalformed, "run {} of a batch is not between 1 and {}", request.run,
                kMaxBatchRuns);
  }
  TRY(check_step({BatchState::kComputed, request.by, request.at, ""}));
  TRY(const bool works, is_workday(request.settle_on));
  if (!works) {
    return fail(Errc::kMismatch, "{} is no workday; nothing is settled on it",
                request.settle_on.iso());
  }
  return success();
}

Result<void> check_item(const Candidate& item) {
  if (!is_number(item.item_no)) return fail(Errc::kMalformed, "an item's number is bad");
  const std::int64_t sign = item.kind == ItemKind::kSale ? 1 : -1;
  for (const std::int64_t minor : {item.gross_minor, item.fee_minor}) {
    if (minor < -kMaxAmountMinor || minor > kMaxAmountMinor || minor * sign < 0) {
      return fail(Errc::kMalformed, "item {} has an impossible amount", item.item_no);
    }
  }
  return success();
}

/// Sums lines. Errors: kTooLarge.
Result<BatchTotals> sum_of(std::span<const BatchLine> lines) {
  Int128 gross = 0, fee = 0;
  for (const BatchLine& line : lines) {
    gross += line.gross_minor;
    fee += line.fee_minor;
  }
  BatchTotals totals;
  TRY(totals.gross_minor, to_minor(gross));
  TRY(totals.fee_minor, to_minor(fee));
  TRY(totals.net_minor, to_minor(gross - fee));
  return totals;
}

Result<BatchStep> read_step(JsonValue value) {
  TRY(only_keys(value, {"state", "by", "at_ns", "note"}));
  BatchStep step;
  TRY(step.state, get_name(value, "state",
                           {BatchState::kComputed, BatchState::kReviewed, BatchState::kApproved,
                            BatchState::kSent, BatchState::kConfirmed, BatchState::kReturned,
                            BatchState::kFailed, BatchState::kWithdrawn}));
  TRY(step.by, value.get_string("by"));
  TRY(step.at.ns, value.get_int64("at_ns"));
  TRY(step.note, value.get_string("note"));
  return step;
}

/// A line is [item number, gross, fee]: an array, because a batch has thousands.
Result<BatchLine> read_line(JsonValue value) {
  const auto parts = value.elements();
  if (parts.size() != 3) return fail(Errc::kMalformed, "a line is no array of three");
  BatchLine line;
  TRY(const std::string_view item_no, parts[0].as_string());
  if (!is_number(item_no)) return fail(Errc::kMalformed, "an item's number is bad");
  line.item_no = item_no;
  TRY(line.gross_minor, parts[1].as_int64());
  TRY(line.fee_minor, parts[2].as_int64());
  return line;
}

Result<void> read_lines(JsonValue root, Batch& batch) {
  TRY(const JsonValue lines, root.get("lines"));
  const auto elements = lines.elements();
  if (elements.empty() || elements.size() > kMaxBatchLines) {
    return fail(Errc::kMalformed, "\"lines\" is no array of 1 to {}", kMaxBatchLines);
  }
  for (const JsonValue& element : elements) {
    TRY(BatchLine line, read_line(element));
    if (!batch.lines.empty() && !(batch.lines.back().item_no < line.item_no)) {
      return fail(Errc::kMismatch, "the lines are not in order, or one is there twice");
    }
    batch.lines.push_back(std::move(line));
  }
  return success();
}

Result<void> check_totals(JsonValue root, const Batch& batch) {
  TRY(const BatchTotals totals, sum_of(batch.lines));
  TRY(const std::int64_t gross, root.get_int64("gross"));
  TRY(const std::int64_t fee, root.get_int64("fee"));
  TRY(const std::int64_t net, root.get_int64("net"));
  if (totals.gross_minor != gross || totals.fee_minor != fee || totals.net_minor != net ||
      net <= 0) {
    return fail(Errc::kMismatch, "the lines of batch {} do not sum to its totals", batch_no(batch));
  }
  return success();
}

/// Brings the batch through its history again, so that a document can hold no impossible one.
Result<void> replay(JsonValue root, Batch& batch) {
  TRY(const JsonValue history, root.get("history"));
  for (const JsonValue& element : history.elements()) {
    TRY(const BatchStep step, read_step(element));
    if (batch.history.empty()) {
      TRY(check_step(step));
      if (step.state != BatchState::kComputed) {
        return fail(Errc::kMismatch, "a batch starts as computed");
      }
      batch.history.push_back(step);
    } else {
      TRY(batch, advance(batch, step));
    }
  }
  if (batch.history.empty()) return fail(Errc::kMismatch, "a batch has a history");
  return success();
}

}  // namespace

std::string_view name_of(BatchState state) {
  switch (state) {
    case BatchState::kComputed:
      return "computed";
    case BatchState::kReviewed:
      return "reviewed";
    case BatchState::kApproved:
      return "approved";
    case BatchState::kSent:
      return "sent";
    case BatchState::kConfirmed:
      return "confirmed";
    case BatchState::kReturned:
      return "returned";
    case BatchState::kFailed:
      return "failed";
    case BatchState::kWithdrawn:
      return "withdrawn";
  }
  CHECK_OR_DIE(false, "batch state {}", static_cast<int>(state));
}

std::string_view name_of(LeftOut reason) {
  switch (reason) {
    case LeftOut::kForeignMerchant:
      return "foreign_merchant";
    case LeftOut::kForeignCurrency:
      return "foreign_currency";
    case LeftOut::kDirect:
      return "direct";
    case LeftOut::kInBatch:
      return "in_batch";
    case LeftOut::kNotDue:
      return "not_due";
    case LeftOut::kNotReconciled:
      return "not_reconciled";
    case LeftOut::kNotArrived:
      return "not_arrived";
    case LeftOut::kNothingDue:
      return "nothing_due";
    case LeftOut::kBatchFull:
      return "batch_full";
    case LeftOut::kNothingToPay:
      return "nothing_to_pay";
  }
  CHECK_OR_DIE(false, "reason {}", static_cast<int>(reason));
}

bool releases_items(BatchState state) {
  return state == BatchState::kWithdrawn || state == BatchState::kReturned ||
         state == BatchState::kFailed;
}

bool is_final(BatchState state) { return state == BatchState::kConfirmed || releases_items(state); }

BatchState state_of(const Batch& batch) {
  CHECK_OR_DIE(!batch.history.empty(), "batch {} without a history", batch_no(batch));
  return batch.history.back().state;
}

BatchTotals totals_of(const Batch& batch) {
  const auto totals = sum_of(batch.lines);
  CHECK_OR_DIE(totals.has_value(), "the totals of batch {} were checked when it was made",
               batch_no(batch));
  return totals.value();
}

std::string batch_no(const Batch& batch) {
  return fmt::format("{}-{}-{:02}", batch.settle_on.compact(), batch.merchant_no, batch.run);
}

std::string payout_no(const Batch& batch) { return "SP" + id_of(batch_no(batch)).hex(); }

Result<std::optional<LeftOut>> why_left_out(const BatchRequest& request, const Candidate& item) {
  if (item.merchant_no != request.merchant_no) return LeftOut::kForeignMerchant;
  if (item.currency != request.currency) return LeftOut::kForeignCurrency;
  if (!item.collected) return LeftOut::kDirect;
  if (!item.in_batch.empty()) return LeftOut::kInBatch;
  if (item.kind == ItemKind::kSale) {
    TRY(const Date due_on, add_workdays(item.sold_on, request.workdays));
    if (due_on > request.settle_on) return LeftOut::kNotDue;
    if (!item.reconciled) return LeftOut::kNotReconciled;
    if (!item.arrived) return LeftOut::kNotArrived;
  }
  if (item.gross_minor == 0 && item.fee_minor == 0) return LeftOut::kNothingDue;
  return std::optional<LeftOut>{};
}

Result<ComputedBatch> compute_batch(const BatchRequest& request, std::span<const Candidate> items) {
  TRY(check_request(request));
  ComputedBatch result;
  std::set<std::string_view> seen;
  std::vector<const Candidate*> taken;
  for (const Candidate& item : items) {
    TRY(check_item(item));
    if (!seen.insert(item.item_no).second) {
      return fail(Errc::kMismatch, "item {} is given twice", item.item_no);
    }
    TRY(const auto reason, why_left_out(request, item));
    if (reason) {
      result.left_out.push_back({item.item_no, *reason});
    } else {
      taken.push_back(&item);
    }
  }
  // Refunds first: a full batch must not pay sales out and leave what the merchant owes behind.
  std::ranges::sort(taken, {}, [](const Candidate* item) {
    return std::tuple(item->kind == ItemKind::kSale, item->sold_on, item->item_no);
  });
  while (taken.size() > kMaxBatchLines) {
    result.left_out.push_back({taken.back()->item_no, LeftOut::kBatchFull});
    taken.pop_back();
  }
  Batch batch{request.merchant_no, request.currency, request.settle_on, request.run, {}, {}};
  for (const Candidate* item : taken) {
    batch.lines.push_back({item->item_no, item->gross_minor, item->fee_minor});
  }
  std::ranges::sort(batch.lines, {}, &BatchLine::item_no);
  TRY(const BatchTotals totals, sum_of(batch.lines));
  if (totals.net_minor > 0) {
    batch.history.push_back({BatchState::kComputed, request.by, request.at, ""});
    result.batch = std::move(batch);
  } else {
    for (const BatchLine& line : batch.lines) {
      result.left_out.push_back({line.item_no, LeftOut::kNothingToPay});
    }
  }
  std::ranges::sort(result.left_out, {}, &LeftOutItem::item_no);
  return result;
}

Result<Batch> advance(const Batch& batch, const BatchStep& step) {
  const BatchState now = state_of(batch);
  if (!follows(now, step.state)) {
    return fail(Errc::kMismatch, "batch {} is {}{}; it cannot become {}", batch_no(batch),
                name_of(now), is_final(now) ? " for good" : "", name_of(step.state));
  }
  TRY(check_step(step));
  if (step.at < batch.history.back().at) {
    return fail(Errc::kMismatch, "batch {}: the step is dated before the last", batch_no(batch));
  }
  if (step.state == BatchState::kApproved) {
    // Four eyes: both earlier steps, because either could have put the money in.
    for (const BatchStep& earlier : batch.history) {
      if (earlier.by == step.by) {
        return fail(Errc::kMismatch, "batch {} was {} by {}; a second person must approve it",
                    batch_no(batch), name_of(earlier.state), step.by);
      }
    }
  }
  Batch after = batch;
  after.history.push_back(step);
  return after;
}

std::string encode(const Batch& batch) {
  const BatchTotals totals = totals_of(batch);
  JsonWriter out;
  out.begin_object()
      .field("format", std::int64_t{1})
      .field("merchant_no", batch.merchant_no)
      .field("currency", code_of(batch.currency))
      .field("settle_on", batch.settle_on.iso())
      .field("run", std::int64_t{batch.run})
      .field("gross", totals.gross_minor)
      .field("fee", totals.fee_minor)
      .field("net", totals.net_minor)
      .key("history")
      .begin_array();
  for (const BatchStep& step : batch.history) {
    out.begin_object()
        .field("state", name_of(step.state))
        .field("by", step.by)
        .field("at_ns", step.at.ns)
        .field("note", step.note)
        .end_object();
  }
  out.end_array().key("lines").begin_array();
  for (const BatchLine& line : batch.lines) {
    out.begin_array().string(line.item_no).integer(line.gross_minor).integer(line.fee_minor);
    out.end_array();
  }
  out.end_array().end_object();
  return out.take();
}

Result<Batch> decode_batch(std::string_view bytes) {
  TRY(const JsonDocument document, JsonDocument::parse(bytes));
  const JsonValue root = document.root();
  TRY(only_keys(root, {"format", "merchant_no", "currency", "settle_on", "run", "gross", "fee",
                       "net", "history", "lines"}));
  TRY(expect_format(root, 1));
  Batch batch;
  TRY(batch.merchant_no, get_number(root, "merchant_no"));
  TRY(batch.currency, get_currency(root, "currency"));
  TRY(batch.settle_on, get_date(root, "settle_on"));
  TRY(const std::int64_t run, root.get_int64("run"));
  if (run < 1 || run > kMaxBatchRuns) return fail(Errc::kMalformed, "the run is out of range");
  batch.run = static_cast<int>(run);
  TRY(read_lines(root, batch));
  TRY(check_totals(root, batch));
  TRY(replay(root, batch));
  return batch;
}

}  // namespace suanpan::settlement
