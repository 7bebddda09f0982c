#include "ledger/core/plan_account.h"

#include "ledger/base/limits.h"
#include "ledger/core/chart.h"
#include "ledger/core/plan_close.h"
#include "ledger/core/terms_history.h"
#include "ledger/core/text.h"

namespace suanpan {
namespace {

Planned<void> check_terms(const AccountTerms& terms) {
  if (terms.credit_line < 0 || terms.credit_line > kMaxAmountMinor ||
      (terms.limit != LimitKind::kCreditLine && terms.credit_line != 0))
    return refuse(RefusalCode::kValueInvalid, "credit_line");
  return success();
}

void add_terms(Content& content, const AccountTerms& terms) {
  content.emplace_back("limit", name_of(terms.limit));
  content.emplace_back("credit_line", std::to_string(terms.credit_line));
  content.emplace_back(
      "frozen", fmt::format("{}{}", terms.frozen_in ? "in" : "", terms.frozen_out ? "out" : ""));
  content.emplace_back("closed", terms.closed ? "true" : "false");
  content.emplace_back("hot", terms.hot ? "true" : "false");
}

}  // namespace

Planned<void> check_open_account(const OpenAccountRequest& request) {
  if (request.key.id.is_zero()) return refuse(RefusalCode::kIdMissing);
  if (request.name.size() > kMaxSummaryBytes) return refuse(RefusalCode::kTextTooLong, "name");
  if (!is_plain_text(request.name)) return refuse(RefusalCode::kTextInvalid, "name");
  if (!valid_account_code(request.code)) return refuse(RefusalCode::kCodeInvalid, "code");
  if (request.terms.closed) return refuse(RefusalCode::kValueInvalid, "closed");
  return check_terms(request.terms);
}

Planned<void> check_set_terms(const SetTermsRequest& request) {
  if (request.key.id.is_zero()) return refuse(RefusalCode::kIdMissing);
  if (!valid_account_code(request.code)) return refuse(RefusalCode::kCodeInvalid, "code");
  return check_terms(request.terms);
}

Planned<ChangeSet> plan_open_account(const View& view, const OpenAccountRequest& request,
                                     const Moment&) {
  if (view.account(request.code)) return refuse(RefusalCode::kAccountExists, request.code);
  const Side normal = request.normal.value_or(normal_side(request.type));
  TRY(const auto subject, subject_for(view, request.code, request.type, normal));
  Account account;
  account.id = AccountId{view.book().account_count + 1};
  account.code = request.code;
  account.name = request.name;
  account.type = request.type;
  account.normal = normal;
  account.currency = request.currency.value_or(view.book().currency);
  account.terms = request.terms;
  account.version = 1;
  if (subject) {
    TRY(check_carried_currency(view, account));
  }
  ChangeSet changes;
  changes.date = view.book().accounting_date;
  changes.answer = std::to_string(account.id.value);
  changes.accounts.push_back(std::move(account));
  return changes;
}

Planned<ChangeSet> plan_set_terms(const View& view, const SetTermsRequest& request,
                                  const Moment& moment) {
  const Account* before = view.account(request.code);
  if (!before) return refuse(RefusalCode::kAccountNotFound, request.code);
  if (request.expected_version && *request.expected_version != before->version)
    return refuse(RefusalCode::kVersionConflict, request.code);
  if (request.terms.closed && !before->terms.closed) {
    const Balance& balance = view.balance(before->id);
    if (balance.posted(before->normal) != 0 || balance.debits_pending != 0 ||
        balance.credits_pending != 0)
      return refuse(RefusalCode::kAccountNotEmpty, request.code);
  }
  Account after = *before;
  after.terms = request.terms;
  after.version += 1;
  ChangeSet changes;
  changes.date = view.book().accounting_date;
  changes.documents.push_back(terms_change_of(*before, after, request.key, moment.now));
  changes.accounts.push_back(std::move(after));
  return changes;
}

Planned<ChangeSet> plan_day_cut(const View& view, const DayCutRequest& request, const Moment&) {
  const BookState& book = view.book();
  if (request.next <= book.accounting_date)
    return refuse(RefusalCode::kDayCutNotForward, request.next.iso());
  ChangeSet changes;
  changes.date = book.accounting_date;
  changes.book = BookChange{request.next, book.closed_through};
  changes.events.push_back(Event{
      "book.day_cut", request.next.iso(),
      fmt::format(R"({{"from":"{}","to":"{}"}})", book.accounting_date.iso(), request.next.iso())});
  return changes;
}

Planned<ChangeSet> plan_period_close(const View& view, const PeriodCloseRequest& request,
                                     const Moment&) {
  const BookState& book = view.book();
  if (request.through <= book.closed_through)
    return refuse(RefusalCode::kPeriodClosed, request.through.iso());
  if (request.through >= book.accounting_date)
    return refuse(RefusalCode::kDateAhead, request.through.iso());
  if (const auto year = year_being_carried(view, request.through))
    return refuse(RefusalCode::kYearClosing, year_close_key(*year));
  ChangeSet changes;
  changes.date = book.accounting_date;
  changes.book = BookChange{book.accounting_date, request.through};
  return changes;
}

Content content_of(const OpenAccountRequest& request) {
  Content content{
      {"code", request.code}, {"name", request.name}, {"type", std::string(name_of(request.type))}};
  const Side normal = request.normal.value_or(normal_side(request.type));
  content.emplace_back("normal", name_of(normal));
  content.emplace_back("currency", request.currency ? code_of(*request.currency) : "");
  add_terms(content, request.terms);
  return content;
}

Content content_of(const SetTermsRequest& request) {
  Content content{{"code", request.code}};
  add_terms(content, request.terms);
  content.emplace_back("expected_version",
                       request.expected_version ? std::to_string(*request.expected_version) : "");
  return content;
}

Content content_of(const DayCutRequest& request) { return {{"next", request.next.iso()}}; }
Content content_of(const PeriodCloseRequest& request) {
  return {{"through", request.through.iso()}};
}

}  // namespace suanpan
