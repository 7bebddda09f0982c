#include "ledger/core/plan_close.h"

#include "ledger/base/bytes.h"
#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/limits.h"
#include "ledger/core/chart.h"
#include "ledger/core/plan_voucher.h"
#include "ledger/core/text.h"

namespace suanpan {
namespace {

std::optional<StoredYearClose> find(const View& view, std::int32_t year) {
  const DocumentPtr stored = view.document(DocumentKind::kYearClose, year_close_key(year));
  if (!stored) return std::nullopt;
  auto close = decode_year_close(stored->bytes);
  CHECK_OR_DIE(close, "the close of {} does not decode", year);
  return StoredYearClose{stored->version, std::move(*close)};
}

Planned<StoredYearClose> find_carrying(const View& view, std::int32_t year, std::uint32_t version) {
  auto found = find(view, year);
  if (!found || found->version != version || found->close.state != YearCloseState::kCarrying)
    return refuse(RefusalCode::kDocumentVersionConflict, year_close_key(year));
  return std::move(*found);
}

DocumentChange next(const YearClose& close, std::uint32_t version_before) {
  return Document{DocumentKind::kYearClose, year_close_key(close.year), version_before + 1,
                  close.state != YearCloseState::kClosed, encode(close)};
}

Planned<void> check_person(const std::string& person, const char* field) {
  if (person.size() > kMaxBusinessKeyBytes) return refuse(RefusalCode::kTextTooLong, field);
  if (person.empty() || !is_plain_text(person)) return refuse(RefusalCode::kTextInvalid, field);
  return success();
}

Planned<void> check_year(const ClaimKey& key, std::int32_t year) {
  if (key.id.is_zero()) return refuse(RefusalCode::kIdMissing);
  if (!last_day_of(year)) return refuse(RefusalCode::kValueInvalid, "year");
  return success();
}

// A carried balance changes what every later day opens with: those must still
// be open.
Planned<Date> open_end(const View& view, std::int32_t year) {
  const Date end = *last_day_of(year);
  if (view.book().closed_through > end) return refuse(RefusalCode::kPeriodClosed, end.iso());
  if (view.book().accounting_date <= end) return refuse(RefusalCode::kDateAhead, end.iso());
  return end;
}

bool closes_into(const View& view, const Account& from, const Account& to) {
  const auto leaf = subject_for(view, from.code, from.type, from.normal);
  if (!leaf || !leaf.value() || leaf.value()->closes_into.empty()) return false;
  const DocumentPtr stored = view.document(DocumentKind::kSubject, leaf.value()->closes_into);
  const auto into = stored ? decode_subject(stored->bytes) : std::nullopt;
  return into && carry_target(*leaf.value(), *into, from.code) == to.code;
}

}  // namespace

Planned<void> check_request_year_close(const RequestYearClose& request) {
  TRY(check_year(request.key, request.year));
  return check_person(request.maker, "maker");
}
Planned<void> check_reject_year_close(const RejectYearClose& request) {
  TRY(check_year(request.key, request.year));
  return check_person(request.person, "person");
}
Planned<void> check_begin_year_close(const BeginYearClose& request) {
  TRY(check_year(request.key, request.year));
  return check_person(request.checker, "checker");
}
Planned<void> check_carry_forward(const CarryForward& request) {
  TRY(check_year(request.key, request.year));
  VoucherRequest voucher;
  voucher.key = request.key;
  voucher.legs.assign(request.legs.begin(), request.legs.end());
  return check_voucher(voucher);
}
Planned<void> check_finish_year_close(const FinishYearClose& request) {
  return check_year(request.key, request.year);
}

Planned<ChangeSet> plan_request_year_close(const View& view, const RequestYearClose& request,
                                           const Moment&) {
  TRY(open_end(view, request.year));
  const auto found = find(view, request.year);
  if (found && found->close.state == YearCloseState::kClosed)
    return refuse(RefusalCode::kYearClosed, year_close_key(request.year));
  const DocumentPtr stored = view.document(DocumentKind::kChart, kChartKey);
  const auto chart = stored ? decode_chart(stored->bytes) : std::nullopt;
  if (!chart || !chart->enforced) return refuse(RefusalCode::kChartFree);
  if (found && found->close.state != YearCloseState::kRejected)
    return refuse(RefusalCode::kDocumentExists, year_close_key(request.year));
  ChangeSet changes;
  changes.date = view.book().accounting_date;
  changes.documents.push_back(
      next(YearClose{request.year, YearCloseState::kRequested, request.maker, "", 0},
           found ? found->version : 0));
  return changes;
}

Planned<ChangeSet> plan_reject_year_close(const View& view, const RejectYearClose& request,
                                          const Moment&) {
  const std::string key = year_close_key(request.year);
  auto found = find(view, request.year);
  if (!found) return refuse(RefusalCode::kDocumentNotFound, key);
  if (found->close.state == YearCloseState::kClosed) return refuse(RefusalCode::kYearClosed, key);
  if (found->close.state != YearCloseState::kRequested)
    return refuse(RefusalCode::kDocumentStateFinal, key);
  if (!request.checks && found->close.maker != request.person)
    return refuse(RefusalCode::kNotAuthorised, key);
  found->close.state = YearCloseState::kRejected;
  found->close.checker = request.person;
  ChangeSet changes;
  changes.date = view.book().accounting_date;
  changes.documents.push_back(next(found->close, found->version));
  return changes;
}

Planned<ChangeSet> plan_begin_year_close(const View& view, const BeginYearClose& request,
                                         const Moment&) {
  TRY(auto end, open_end(view, request.year));
  auto found = find(view, request.year);
  if (found && found->close.maker == request.checker) return refuse(RefusalCode::kSamePerson);
  if (found && found->close.state == YearCloseState::kClosed)
    return refuse(RefusalCode::kYearClosed, year_close_key(request.year));
  if (!found || found->close.state != YearCloseState::kRequested)
    return refuse(RefusalCode::kDocumentNotFound, year_close_key(request.year));
  found->close.state = YearCloseState::kCarrying;
  found->close.checker = request.checker;
  ChangeSet changes;
  changes.date = view.book().accounting_date;
  if (view.book().closed_through < end) changes.book = BookChange{view.book().accounting_date, end};
  changes.documents.push_back(next(found->close, found->version));
  return changes;
}

Planned<ChangeSet> plan_carry_forward(const View& view, const CarryForward& request,
                                      const Moment&) {
  ChangeSet changes;
  for (const Leg& leg : request.legs) {
    TRY(check_leg(view, leg.debit, leg.credit));
    const Account& debit = *view.account(leg.debit);
    const Account& credit = *view.account(leg.credit);
    if (!closes_into(view, debit, credit) && !closes_into(view, credit, debit))
      return refuse(RefusalCode::kCarryTargetInvalid, debit.code + " " + credit.code);
    changes.transfers.push_back(Transfer{leg.debit, leg.credit, leg.amount, TransferKind::kPosted});
  }
  TRY(auto found, find_carrying(view, request.year, request.version));
  TRY(check_limits(view, changes.transfers));
  // From here on the carry-forward is accepted.

  YearClose& close = found.close;
  ++close.vouchers;
  auto text = std::make_shared<VoucherText>();
  text->summary = fmt::format("结转损益 {}", request.year);
  text->maker = close.maker;
  text->checker = close.checker;
  changes.text = std::move(text);
  changes.type = VoucherType::kTransfer;
  changes.date = *last_day_of(request.year);
  changes.documents.push_back(next(close, found.version));
  return changes;
}

Planned<ChangeSet> plan_finish_year_close(const View& view, const FinishYearClose& request,
                                          const Moment&) {
  TRY(auto found, find_carrying(view, request.year, request.version));
  found.close.state = YearCloseState::kClosed;
  ChangeSet changes;
  changes.date = view.book().accounting_date;
  changes.documents.push_back(next(found.close, found.version));
  changes.events.push_back(
      Event{"book.year_closed", year_close_key(request.year),
            fmt::format(R"({{"year":{},"vouchers":{}}})", request.year, found.close.vouchers)});
  return changes;
}

std::optional<std::int32_t> year_being_carried(const View& view, Date through) {
  const BookState& book = view.book();
  // The day that a carrying year is closed through is its last: no other year
  // can be carrying.
  const std::int32_t year = static_cast<std::int32_t>(book.closed_through.month_key() / 100);
  const auto found = find(view, year);
  if (!found || found->close.state != YearCloseState::kCarrying) return std::nullopt;
  return through > *last_day_of(year) ? std::optional(year) : std::nullopt;
}

Content content_of(const RequestYearClose& request) {
  return {{"year", std::to_string(request.year)}, {"maker", request.maker}};
}
Content content_of(const RejectYearClose& request) {
  return {{"year", std::to_string(request.year)}, {"rejected_by", request.person}};
}
Content content_of(const BeginYearClose& request) {
  return {{"year", std::to_string(request.year)}, {"checker", request.checker}};
}
Content content_of(const CarryForward& request) {
  ByteWriter legs;
  for (const Leg& leg : request.legs) {
    legs.u32(leg.debit.value);
    legs.u32(leg.credit.value);
    legs.i64(leg.amount);
  }
  return {{"year", std::to_string(request.year)},
          {"version", std::to_string(request.version)},
          {"legs", id_of(legs.bytes()).hex()}};
}
Content content_of(const FinishYearClose& request) {
  return {{"year", std::to_string(request.year)}, {"version", std::to_string(request.version)}};
}

}  // namespace suanpan
