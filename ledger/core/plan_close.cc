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

struct Found {
  std::uint32_t version = 0;
  YearClose close;
};

std::optional<Found> find(const View& view, std::int32_t year) {
  const DocumentPtr stored = view.document(DocumentKind::kYearClose, year_close_key(year));
  if (!stored) return std::nullopt;
  auto close = decode_year_close(stored->bytes);
  CHECK_OR_DIE(close, "the close of {} does not decode", year);
  return Found{stored->version, std::move(*close)};
}

Planned<Found> find_carrying(const View& view, std::int32_t year, std::uint32_t version) {
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

std::string_view name_of(YearCloseState state) {
  switch (state) {
    case YearCloseState::kRequested:
      return "requested";
    case YearCloseState::kCarrying:
      return "carrying";
    case YearCloseState::kClosed:
      return "closed";
    case YearCloseState::kRejected:
      return "rejected";
  }
  return "?";
}

std::string encode(const YearClose& close) {
  ByteWriter out;
  out.i32(close.year);
  out.u8(static_cast<std::uint8_t>(close.state));
  out.text(close.maker);
  out.text(close.checker);
  out.u32(close.vouchers);
  return out.take();
}

std::optional<YearClose> decode_year_close(std::string_view bytes) {
  ByteReader in(bytes);
  YearClose close;
  close.year = in.i32();
  const std::uint8_t state = in.u8();
  close.maker = in.text();
  close.checker = in.text();
  close.vouchers = in.u32();
  if (!in.done() || state < 1 || state > 4 || !last_day_of(close.year)) return std::nullopt;
  close.state = static_cast<YearCloseState>(state);
  return close;
}

std::optional<Date> last_day_of(std::int32_t year) {
  if (year < 1900 || year > 2999) return std::nullopt;
  return Date::of(year, 12, 31);
}

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

std::optional<std::string> year_close_violated(const View& view, CommandKind kind,
                                               const ChangeSet& changes) {
  const DocumentChange* document = nullptr;
  for (const DocumentChange& d : changes.documents)
    if (d.kind == DocumentKind::kYearClose) document = &d;
  if (kind != CommandKind::kYearClose)
    return document ? std::optional("a year is closed by another command") : std::nullopt;
  if (!document) return "a year's end without its document";
  const auto after = decode_year_close(document->bytes);
  if (!after || document->key != std::to_string(after->year)) return "a year's end does not decode";
  const DocumentPtr stored = view.document(document->kind, document->key);
  const auto before = stored ? decode_year_close(stored->bytes) : std::nullopt;
  const int from = before ? static_cast<int>(before->state) : 0;
  const int to = static_cast<int>(after->state);
  if (changes.transfers.empty()) {
    // Forward one by one; from requested aside to rejected, and back from there.
    const bool forward = to == from + 1 && to <= 3;
    const bool aside = (from == 1 && to == 4) || (from == 4 && to == 1);
    if (!forward && !aside) return "a year's end takes a step that it must not";
    if (to == 4 && (after->checker.empty() || after->maker != before->maker))
      return "a year's end is rejected by nobody, or in another's name";
    if (to == 2 && (after->maker == after->checker || after->maker.empty()))
      return "a year is closed by one person";
    return {};
  }
  if (from != 2 || to != 2) return "a year's end moves money and does not carry";
  if (changes.date != Date::of(after->year, 12, 31)) return "a year's end is dated another day";
  for (const Transfer& t : changes.transfers) {
    const Account* debit = view.account(t.debit);
    const Account* credit = view.account(t.credit);
    if (!debit || !credit ||
        (debit->type != AccountType::kEquity && credit->type != AccountType::kEquity))
      return "a year's end carries past equity";
  }
  return {};
}

}  // namespace suanpan
