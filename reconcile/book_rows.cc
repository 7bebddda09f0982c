#include "reconcile/book_rows.h"

#include <algorithm>

#include "ledger/base/check.h"
#include "ledger/base/json.h"
#include "ledger/core/order.h"

namespace suanpan::reconcile {
namespace {

constexpr std::string_view kSuspensePrefix = "suspense/";

template <class T>
T decoded(const Document& document, Result<T> (*decode)(std::string_view)) {
  auto value = decode(document.bytes);
  CHECK_OR_DIE(value, "document {} does not decode: {}", document.key, value.error().message);
  return std::move(value.value());
}

template <class T>
std::optional<T> stored(const Book& book, DocumentKind kind, std::string_view key,
                        Result<T> (*decode)(std::string_view)) {
  const DocumentPtr document = book.document(kind, key);
  if (!document) return std::nullopt;
  return decoded(*document, decode);
}

bool is_paid(const Order& order) {
  return order.state == OrderState::kPaid || order.state == OrderState::kRefunded;
}
bool is_confirmed(const Payout& payout) {
  return payout.state == PayoutState::kSucceeded || payout.state == PayoutState::kReturned;
}

RowStatus status_of(const Order& order) {
  if (is_paid(order)) return RowStatus::kDone;
  const bool ended = order.state == OrderState::kFailed || order.state == OrderState::kClosed;
  return ended ? RowStatus::kFailed : RowStatus::kOpen;
}
RowStatus status_of(const Refund& refund) {
  if (refund.state == RefundState::kSucceeded) return RowStatus::kDone;
  return refund.state == RefundState::kFailed ? RowStatus::kFailed : RowStatus::kOpen;
}
RowStatus status_of(const Payout& payout) {
  if (is_confirmed(payout)) return RowStatus::kDone;
  return payout.state == PayoutState::kFailed ? RowStatus::kFailed : RowStatus::kOpen;
}

// `day` dates what has no date of its own yet.
BookRow row_of(const Order& order, Date day) {
  BookRow row;
  row.voucher_id = order.voucher;
  row.order_id = row.our_number = order.order_id;
  row.merchant = order.mch_no;
  row.kind = RowKind::kPayment;
  row.status = status_of(order);
  row.channel_number = order.channel_order_no;
  row.amount = order.amount;
  row.at = order.paid_at;
  row.date = is_paid(order) ? order.paid_at.date_cn() : day;
  return row;
}

BookRow row_of(const Refund& refund, Date day) {
  BookRow row;
  row.order_id = refund.order_id;
  row.our_number = refund.refund_id;
  row.merchant = refund.mch_no;
  row.kind = RowKind::kRefund;
  row.status = status_of(refund);
  row.channel_number = refund.channel_refund_no;
  row.amount = {-refund.amount.minor, refund.amount.currency};
  row.at = refund.succeeded_at;
  row.date = row.status == RowStatus::kDone ? refund.succeeded_at.date_cn() : day;
  return row;
}

BookRow row_of(const Payout& payout, Date day) {
  BookRow row;
  row.our_number = payout.payout_id;
  row.merchant = payout.mch_no;
  row.kind = RowKind::kPayout;
  row.status = status_of(payout);
  row.amount = {-payout.amount.minor, payout.amount.currency};
  row.at = payout.settled_at;
  row.date = row.status == RowStatus::kDone ? payout.settled_at.date_cn() : day;
  return row;
}

// What a document "suspense/…" of a channel's second payment tells; nothing for a bank's.
std::optional<BookRow> suspense_row(const Document& document) {
  const auto json = JsonDocument::parse(document.bytes);
  CHECK_OR_DIE(json, "document {} does not decode", document.key);
  const JsonValue root = json.value().root();
  const auto order_id = root.get_string("order_id");
  const auto number = root.get_string("channel_order_no");
  const auto amount = root.get_int64("amount");
  const auto paid_at = root.get_int64("paid_at");
  const auto code = root.get_string("currency");
  if (!order_id || !number || !amount || !paid_at || !code) return std::nullopt;
  BookRow row;
  row.order_id = row.our_number = order_id.value();
  row.kind = RowKind::kPayment;
  row.in_suspense = true;
  row.channel_number = number.value();
  row.amount = {amount.value(), currency_of(code.value()).value_or(Currency::kCNY)};
  row.at = Timestamp{paid_at.value()};
  row.date = row.at.date_cn();
  return row;
}

// Whether `file`'s run should hear of a row that the outside does not name today. What the run did
// itself before it was interrupted is news to it still.
bool is_news(const Book& book, const TakenFile& file, const BookRow& row) {
  const auto is_own = [&](const Case& c) {
    return std::any_of(c.history.begin(), c.history.end(),
                       [&](const CaseEvent& event) { return event.by == file.run; });
  };
  const auto fee = stored_case(book, break_id(file.channel, nullptr, &row, true));
  if (fee && !is_own(*fee)) return false;
  const auto stands = stored_case(book, break_id(file.channel, nullptr, &row, false));
  return !stands || is_own(*stands) ||
         (stands->state == CaseState::kOpen && stands->break_class == BreakClass::kTiming);
}

// Gathers the books' side of one bill.
class TradeSide {
 public:
  TradeSide(const Book& book, const TakenFile& bill) : book_(book), bill_(bill) {}

  void name(const OutsideRow& row) {
    named_.insert({row.kind, row.our_number});
    named_numbers_.insert(row.channel_number);
    if (row.kind == RowKind::kPayment) {
      if (const auto order = stored_order(book_, row.our_number)) add(*order);
    } else if (const auto refund = stored_refund(book_, row.our_number)) {
      add(*refund);
    }
  }
  // A row of an earlier bill: carried only if the books have got its partner since.
  bool carry(const Case& c) {
    if (c.kind == RowKind::kPayment) {
      const auto order = stored_order(book_, c.our_number);
      if (!order || !is_paid(*order) || !is_free(order->reconciled)) return false;
      named_.insert({c.kind, c.our_number});
      add(*order);
      return true;
    }
    const auto refund = stored_refund(book_, c.our_number);
    if (!refund || refund->state != RefundState::kSucceeded || !is_free(refund->reconciled))
      return false;
    named_.insert({c.kind, c.our_number});
    add(*refund);
    return true;
  }
  void add(const Order& order) {
    if (order.channel != kWechatChannel || order.channel_mch != bill_.subject) return;
    if (!is_named(RowKind::kPayment, order.order_id) && !is_paid(order)) return;
    if (!is_of_this_day(order.reconciled)) return;
    take(row_of(order, bill_.day));
  }
  void add(const Refund& refund) {
    const auto order = stored_order(book_, refund.order_id);
    if (!order || order->channel != kWechatChannel || order->channel_mch != bill_.subject) return;
    if (!is_named(RowKind::kRefund, refund.refund_id) && refund.state != RefundState::kSucceeded)
      return;
    if (!is_of_this_day(refund.reconciled)) return;
    take(row_of(refund, bill_.day));
  }
  void add_suspense(const Document& document) {
    auto row = suspense_row(document);
    if (!row || row->date > bill_.day) return;
    const auto order = stored_order(book_, row->order_id);
    if (!order || order->channel != kWechatChannel || order->channel_mch != bill_.subject) return;
    row->merchant = order->mch_no;
    if (named_numbers_.contains(row->channel_number) || is_news(book_, bill_, *row))
      rows_.push_back(std::move(*row));
  }
  std::vector<BookRow> finish() { return std::move(rows_); }

 private:
  bool is_named(RowKind kind, const std::string& number) const {
    return named_.contains({kind, number});
  }
  bool is_free(const std::string& reconciled) const {
    return reconciled.empty() || reconciled == bill_.run;
  }
  // A mark of the same day comes from a bill issued before this one, or from this run before it was
  // interrupted. One of another day means that the outside tells a payment twice.
  bool is_of_this_day(const std::string& reconciled) const {
    if (reconciled.empty()) return true;
    const auto number = BatchNumber::parse(reconciled);
    return number && number.value().period == bill_.day;
  }
  void take(BookRow row) {
    const bool named = is_named(row.kind, row.our_number);
    if (!taken_.insert({row.kind, row.our_number}).second) return;
    if (!named && (row.date > bill_.day || !is_news(book_, bill_, row))) return;
    rows_.push_back(std::move(row));
  }

  const Book& book_;
  const TakenFile& bill_;
  std::set<std::pair<RowKind, std::string>> named_, taken_;
  std::set<std::string> named_numbers_;
  std::vector<BookRow> rows_;
};

void trace(const StoredCommand& command, Trace& trace) {
  for (const auto& document : command.effects.documents) {
    if (document.kind == DocumentKind::kOrder) {
      if (is_paid(decoded(document, decode_order))) trace.orders.insert(document.key);
    } else if (document.kind == DocumentKind::kRefund) {
      if (decoded(document, decode_refund).state == RefundState::kSucceeded)
        trace.refunds.try_emplace(document.key, voucher_of(command));
    } else if (document.kind == DocumentKind::kPayout) {
      if (is_confirmed(decoded(document, decode_payout)))
        trace.payouts.try_emplace(document.key, voucher_of(command));
    } else if (document.kind == DocumentKind::kChannelArrival &&
               document.key.starts_with(kSuspensePrefix)) {
      trace.suspense.try_emplace(document.key, voucher_of(command));
    }
  }
}

}  // namespace

VoucherRef voucher_of(const StoredCommand& command) {
  VoucherRef ref{command.key.hex(), {}};
  if (command.voucher_no != 0)
    ref.number = fmt::format("{}-{}", chinese_of(command.effects.type), command.voucher_no);
  return ref;
}

VoucherRef find_voucher(const Book& book, const std::string& id) {
  const auto key = ClaimKey::from_hex(id);
  if (!key) return {id, {}};
  const auto command = book.find(*key);
  if (!command || !command.value()) return {id, {}};
  return voucher_of(*command.value());
}

Result<Trace> trace_since(const Book& book, Date day) {
  Trace result;
  // A day may be cut the evening before.
  TRY(auto seq, book.seq_at(Timestamp::of_cn(day.plus_days(-1), 0, 0, 0)));
  TRY(book.for_each_command_after(seq, [&](const StoredCommand& command) {
    if (command.refusal.code == RefusalCode::kNone) trace(command, result);
    return true;
  }));
  return result;
}

std::vector<OutstandingCase> outstanding_cases(const Book& book, std::string_view channel,
                                               std::string_view subject) {
  std::map<std::string, std::optional<RunRecord>> runs;
  std::vector<OutstandingCase> out;
  for (const auto& document : open_documents(book, DocumentKind::kBreakCase)) {
    Case c = decoded(*document, decode_case);
    const auto [run, is_new] = runs.try_emplace(c.batch);
    if (is_new) run->second = stored_run(book, c.batch);
    if (run->second && run->second->channel == channel && run->second->subject == subject)
      out.push_back({std::move(c), *run->second});
  }
  return out;
}

BookSide trade_side(const Book& book, const Trace& trace, const TakenFile& bill,
                    const std::vector<OutsideRow>& outside) {
  TradeSide side(book, bill);
  BookSide out;
  for (const auto& row : outside) side.name(row);
  for (const auto& [c, run] : outstanding_cases(book, kWechatChannel, bill.subject)) {
    if (c.break_class == BreakClass::kTiming && c.kind == RowKind::kRefund) {
      if (const auto refund = stored_refund(book, c.our_number)) side.add(*refund);
    } else if (c.break_class == BreakClass::kTiming) {
      if (const auto order = stored_order(book, c.order_id)) side.add(*order);
    }
    const bool waits = c.break_class == BreakClass::kMissingLocal ||
                       c.break_class == BreakClass::kStatusMismatchChannelPaid;
    if (!waits || run.day >= bill.day || !side.carry(c)) continue;
    OutsideRow row;
    row.source = c.source;
    row.kind = c.kind;
    row.our_number = c.our_number;
    row.channel_number = c.channel_number;
    row.amount = c.amount;
    row.fee_milli = c.fee_milli;
    row.date = run.day;
    row.at = Timestamp::of_cn(run.day, 12, 0, 0);
    out.carried.push_back(std::move(row));
  }
  for (const auto& document : open_documents(book, DocumentKind::kOrder))
    side.add(decoded(*document, decode_order));
  for (const auto& id : trace.orders)
    if (const auto order = stored_order(book, id)) side.add(*order);
  for (const auto& [id, voucher] : trace.refunds)
    if (const auto refund = stored_refund(book, id)) side.add(*refund);
  for (const auto& document : open_documents(book, DocumentKind::kChannelArrival))
    if (document->key.starts_with(kSuspensePrefix)) side.add_suspense(*document);
  out.rows = side.finish();
  return out;
}

std::vector<BookRow> payout_rows(const Book& book, const Trace& trace, const TakenFile& statement,
                                 const std::vector<OutsideRow>& outside) {
  std::set<std::string> ids, named;
  for (const auto& row : outside)
    if (row.kind == RowKind::kPayout) named.insert(row.our_number);
  for (const auto& [c, run] : outstanding_cases(book, kBankChannel, statement.subject))
    if (c.kind == RowKind::kPayout) ids.insert(c.our_number);
  for (const auto& [id, voucher] : trace.payouts) ids.insert(id);
  ids.insert(named.begin(), named.end());
  std::vector<BookRow> rows;
  for (const auto& id : ids) {
    const auto payout = stored_payout(book, id);
    if (!payout || payout->payer_number != statement.subject) continue;
    const bool is_named = named.contains(id);
    if (!payout->reconciled.empty() && !(is_named && payout->reconciled == statement.run)) continue;
    BookRow row = row_of(*payout, statement.day);
    if (!is_named && (row.status != RowStatus::kDone || row.date > statement.day ||
                      !is_news(book, statement, row)))
      continue;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::optional<Order> stored_order(const Book& book, std::string_view id) {
  return stored(book, DocumentKind::kOrder, id, decode_order);
}
std::optional<Refund> stored_refund(const Book& book, std::string_view id) {
  return stored(book, DocumentKind::kRefund, id, decode_refund);
}
std::optional<Payout> stored_payout(const Book& book, std::string_view id) {
  return stored(book, DocumentKind::kPayout, id, decode_payout);
}
std::optional<Case> stored_case(const Book& book, const Id128& id) {
  return stored(book, DocumentKind::kBreakCase, case_key(id), decode_case);
}
std::optional<RunRecord> stored_run(const Book& book, std::string_view number) {
  return stored(book, DocumentKind::kReconcileRun, number, decode_run_record);
}
std::vector<DocumentPtr> open_documents(const Book& book, DocumentKind kind) {
  return book.read([&](const State& state, std::uint64_t) { return state.open_documents(kind); });
}

}  // namespace suanpan::reconcile
