// A bank statement against the books: what came in is posted, what went out is confirmed, then both
// sides are matched.
#include <future>
#include <set>

#include "channels/chart.h"
#include "ledger/base/check.h"
#include "ledger/core/plan_order.h"
#include "reconcile/outside_rows.h"
#include "reconcile/reconcile_service.h"

namespace suanpan::reconcile {
namespace {

using channels::PaymentService;
using channels::bank::Direction;
using channels::bank::EntryStatus;
using channels::bank::Statement;
using channels::bank::StatementEntry;

/// The one statement of the account and day. Errors: the reader's; kMismatch.
Result<Statement> read_statement(std::string_view camt, const std::string& account, Date day) {
  TRY(auto message, channels::bank::parse_camt(camt));
  if (message.kind != channels::bank::CamtKind::kStatement)
    return fail(Errc::kUnsupported, "only a camt.053 can be reconciled");
  if (message.statements.size() != 1)
    return fail(Errc::kMismatch, "the message holds {} statements", message.statements.size());
  Statement statement = std::move(message.statements.front());
  if (statement.account != account) return fail(Errc::kMismatch, "a statement of another account");
  if (statement.closing_date != day)
    return fail(Errc::kMismatch, "a statement of {}, not of {}", statement.closing_date.iso(),
                day.iso());
  return statement;
}

Statement head_of(const Statement& statement) {
  Statement head = statement;
  head.entries.clear();
  return head;
}

// Errors: kMismatch, kUnsupported (as check_continues); kMismatch while the statement before was
// taken in and not finished.
Result<void> check_follows(const Book& book, const Statement& statement) {
  for (const auto& document : open_documents(book, DocumentKind::kStatement)) {
    TRY(const TakenFile other, decode_taken_file(document->bytes));
    if (other.channel == kBankChannel && other.subject == statement.account)
      return fail(Errc::kMismatch, "the statement of {} was taken in and is not finished",
                  other.day.iso());
  }
  const auto cursor = book.document(DocumentKind::kCursor, statement_cursor_key(statement.account));
  if (!cursor) return success();
  const auto last = book.document(DocumentKind::kStatement, cursor->bytes);
  if (!last) return fail(Errc::kCorrupt, "the last statement is not on record");
  TRY(const TakenFile before, decode_taken_file(last->bytes));
  return channels::bank::check_continues(before.statement, statement);
}

// Works through the entries of one statement; afterwards it has both sides to match.
class StatementRun {
 public:
  StatementRun(Book& book, PaymentService& payments, RunDesk& desk, const TakenFile& file)
      : book_(book), payments_(payments), desk_(desk), file_(file) {}

  Result<void> take(const Statement& statement) {
    const std::string name = fmt::format("camt053-{}-{}.xml", file_.subject, file_.day.compact());
    const auto references = references_of(statement);
    for (std::size_t i = 0; i < statement.entries.size(); ++i) {
      const StatementEntry& entry = statement.entries[i];
      if (entry.status != EntryStatus::kBooked) continue;
      row_ = outside_row(entry, RowKind::kOther, references[i], name, file_.day);
      TRY(take(entry));
      outside.push_back(row_);
    }
    return success();
  }

  std::vector<OutsideRow> outside;
  std::vector<BookRow> books;
  MoneyBySource money;
  std::set<std::string> paid_orders;    ///< by a deposit in this statement
  std::set<std::string> settled_bills;  ///< document keys, by a channel's credit in it

 private:
  Result<void> take(const StatementEntry& entry) {
    if (entry.direction == Direction::kDebit) return take_debit(entry);
    const auto payout = stored_payout(book_, entry.end_to_end_id);
    if (payout && (entry.reversal || !entry.return_reason.empty()))
      return take_return(entry, *payout);
    if (const auto credit = recognise_settlement(entry)) return take_settlement(entry, *credit);
    return take_deposit(entry);
  }

  Result<void> take_debit(const StatementEntry& entry) {
    const auto payout = stored_payout(book_, entry.end_to_end_id);
    if (entry.reversal || !payout || payout->payer_number != file_.subject) return success();
    row_.kind = RowKind::kPayout;
    row_.our_number = payout->payout_id;
    const bool under_way =
        payout->state == PayoutState::kCreated || payout->state == PayoutState::kProcessing;
    if (!under_way || payout->amount != entry.amount) return success();
    // The bank has booked it: no answer that is still to come can say more.
    PayoutFact fact;
    fact.kind = PayoutFact::Kind::kSucceeded;
    fact.payout_id = payout->payout_id;
    fact.channel_payout_no = row_.channel_number;
    fact.at = row_.at;
    const auto applied = desk_.apply(
        CommandKind::kPayoutEvent, fmt::format("{}|payout|{}", file_.run, fact.payout_id),
        [fact](const View& view, const Moment& moment, const ClaimKey&) {
          return plan_payout_fact(view, fact, moment);
        });
    if (applied) return success();
    // Somebody else may have told it in the meantime.
    const auto stands = stored_payout(book_, fact.payout_id);
    if (stands && stands->state == PayoutState::kSucceeded) return success();
    return applied.error();
  }

  Result<void> take_return(const StatementEntry& entry, const Payout& payout) {
    const bool done =
        payout.state == PayoutState::kReturned && payout.channel_payout_no == row_.channel_number;
    if (!done) {
      if (payout.amount != entry.amount || payout.payer_number != file_.subject)
        return take_deposit(entry);
      std::promise<Answer> promise;
      payments_.payout_returned(payout.payout_id, row_.channel_number, row_.at,
                                [&](Answer answer) { promise.set_value(std::move(answer)); });
      if (!promise.get_future().get().accepted()) return take_deposit(entry);
    }
    row_.kind = RowKind::kPayoutReturn;
    row_.our_number = payout.payout_id;
    BookRow row = book_row();
    row.our_number = payout.payout_id;
    row.merchant = payout.mch_no;
    books.push_back(std::move(row));
    return success();
  }

  Result<void> take_deposit(const StatementEntry& entry) {
    row_.kind = RowKind::kDeposit;
    PaymentService::Deposit deposit;
    deposit.bank_account = file_.subject;
    deposit.reference = row_.channel_number;
    deposit.sub_account = entry.sub_account;
    deposit.remark = entry.remittance;
    deposit.amount = entry.amount;
    deposit.at = row_.at;
    deposit.booked_on = entry.booking_date.value_or(file_.day);
    std::promise<Answer> promise;
    payments_.deposit(deposit, [&](Answer a) { promise.set_value(std::move(a)); });
    const Answer answer = promise.get_future().get();
    if (!answer.accepted())
      return fail(Errc::kMismatch, "entry {} cannot be posted: {} {}", entry.number,
                  name_of(answer.refusal.code), answer.refusal.detail);
    TRY(const VoucherRef voucher, voucher_at(answer.seq));
    if (answer.answer.starts_with("suspense/")) {
      money[row_.source] = voucher;
      return success();
    }
    BookRow row = book_row();
    row.voucher_id = voucher.id;
    row.voucher_number = voucher.number;
    constexpr std::string_view kOrder = "order/";
    if (answer.answer.starts_with(kOrder)) {
      row.order_id = answer.answer.substr(kOrder.size());
      paid_orders.insert(row.order_id);
    }
    books.push_back(std::move(row));
    return success();
  }

  Result<void> take_settlement(const StatementEntry& entry, const SettlementCredit& credit) {
    row_.kind = RowKind::kArrival;
    Arrival arrival{file_.subject, row_.channel_number, credit.mchid, credit.day};
    arrival.amount = entry.amount.minor;
    arrival.statement = file_.statement.id;
    const std::string key = arrival_key(arrival.account, arrival.reference);
    if (!book_.document(DocumentKind::kChannelArrival, key)) {
      choose_bills(arrival);
      const Date booked = entry.booking_date.value_or(file_.day);
      const auto posted =
          desk_.apply(CommandKind::kDeposit, key,
                      [arrival, booked](const View& view, const Moment&, const ClaimKey& claim) {
                        return plan_arrival(view, arrival, booked, claim);
                      });
      if (!posted) return posted.error();
    }
    const auto stored = book_.document(DocumentKind::kChannelArrival, key);
    const auto stands = decode_arrival(stored->bytes);
    CHECK_OR_DIE(stands, "document {} does not decode", key);
    return tell_arrival(stands.value());
  }

  // The bills that are still to come, up to the day: a day of more refunds than payments is carried
  // into the next settlement. Where that does not fit, the one day alone might.
  void choose_bills(Arrival& arrival) const {
    const std::string last = expected_key(arrival.mchid, arrival.day);
    const std::string prefix = last.substr(0, last.size() - arrival.day.compact().size());
    std::int64_t of_day = 0;
    bool has_day = false;
    for (const auto& document : open_documents(book_, DocumentKind::kChannelArrival)) {
      if (!document->key.starts_with(prefix) || document->key > last) continue;
      const auto expected = decode_expected(document->bytes);
      CHECK_OR_DIE(expected, "document {} does not decode", document->key);
      arrival.bills.push_back(document->key);
      arrival.expected += expected.value().net();
      if (document->key == last) has_day = true, of_day = expected.value().net();
    }
    if (!has_day) {
      arrival.bills.clear();
      arrival.expected = 0;
    } else if (arrival.expected != arrival.amount && of_day == arrival.amount) {
      arrival.bills = {last};
      arrival.expected = of_day;
    }
  }

  Result<void> tell_arrival(const Arrival& arrival) {
    const VoucherRef voucher = find_voucher(book_, arrival.voucher);
    if (arrival.bills.empty()) {
      money[row_.source] = voucher;
      return success();
    }
    if (!arrival.suspended) settled_bills.insert(arrival.bills.begin(), arrival.bills.end());
    BookRow row = book_row();
    row.voucher_id = voucher.id;
    row.voucher_number = voucher.number;
    row.amount.minor = arrival.expected;
    books.push_back(std::move(row));
    return success();
  }

  // The books' side of the entry at hand, which was posted for it.
  BookRow book_row() const {
    BookRow row;
    row.kind = row_.kind;
    row.channel_number = row_.channel_number;
    row.amount = row_.amount;
    row.at = row_.at;
    row.date = row_.date;
    return row;
  }

  Result<VoucherRef> voucher_at(std::uint64_t seq) const {
    TRY(auto command, book_.command(seq));
    if (!command) return fail(Errc::kCorrupt, "journal entry {} is missing", seq);
    return voucher_of(*command);
  }

  Book& book_;
  PaymentService& payments_;
  RunDesk& desk_;
  const TakenFile& file_;
  OutsideRow row_;  ///< of the entry at hand
};

// Orders whose bills were settled by this statement, and those that it paid itself.
std::set<std::string> arrived_orders(const Book& book, const StatementRun& run) {
  std::set<std::string> bill_runs, ids;
  for (const auto& key : run.settled_bills) {
    const auto document = book.document(DocumentKind::kChannelArrival, key);
    const auto expected = decode_expected(document->bytes);
    CHECK_OR_DIE(expected, "document {} does not decode", key);
    // A bill issued anew leaves the marks of the first: any run of that merchant and day counts.
    for (std::uint32_t n = 1;; ++n) {
      const auto record = stored_run(
          book, BatchNumber{expected.value().day, std::string(kWechatChannel), n}.text());
      if (!record) break;
      if (record->subject == expected.value().mchid) bill_runs.insert(record->number);
    }
  }
  if (bill_runs.empty()) return ids;
  for (const auto& document : open_documents(book, DocumentKind::kOrder)) {
    const auto order = decode_order(document->bytes);
    CHECK_OR_DIE(order, "order {} does not decode", document->key);
    if (bill_runs.contains(order.value().reconciled)) ids.insert(document->key);
  }
  return ids;
}

}  // namespace

Result<RunSummary> ReconcileService::run_bank_statement(std::string_view camt,
                                                        const std::string& account, Date day,
                                                        const Believed& believed) {
  TRY(const Statement statement, read_statement(camt, account, day));
  const std::string code = channels::chart::bank_deposit(account);
  if (!book_.read([&](const State& s, std::uint64_t) { return s.account(code) != nullptr; }))
    return fail(Errc::kNotFound, "the ledger has no account {}", code);
  const std::lock_guard lock(running_);
  TakenFile wanted;
  wanted.channel = kBankChannel;
  wanted.subject = account;
  wanted.day = day;
  wanted.statement = head_of(statement);
  // What was taken in continued its predecessor then.
  if (!desk_.find(wanted, camt)) {
    TRY(check_follows(book_, statement));
  }
  if (believed && !believed()) return fail(Errc::kUnavailable, "the run was called off");
  TRY(const TakenFile file, desk_.take(std::move(wanted), camt));
  if (file.finished) {
    RunSummary summary = desk_.summary_of(stored_run(book_, file.run).value());
    summary.repeated = true;
    return summary;
  }

  StatementRun steps(book_, payments_, desk_, file);
  TRY(steps.take(statement));
  TRY(const Trace trace, trace_since(book_, day));
  std::vector<BookRow> books = payout_rows(book_, trace, file, steps.outside);
  books.insert(books.end(), steps.books.begin(), steps.books.end());
  TRY(const BatchNumber number, BatchNumber::parse(file.run));
  TRY(RunResult result, run(number, settings_.policy, steps.outside, books));

  Marks marks{file.run, file.statement.id, {}, {}, {}};
  marks.orders.assign(steps.paid_orders.begin(), steps.paid_orders.end());
  for (const auto& matched : result.matched)
    if (matched.kind == RowKind::kPayout) marks.payouts.push_back(matched.our_number);
  TRY(desk_.mark(marks, file.run));
  const auto arrived = arrived_orders(book_, steps);
  TRY(desk_.mark({{}, file.statement.id, {arrived.begin(), arrived.end()}, {}, {}}, file.run));
  TRY(desk_.keep_cases(number, case_steps(book_, trace, steps.money, result)));
  return desk_.finish(file, result, std::nullopt);
}

}  // namespace suanpan::reconcile
