#include "ledger/core/chart.h"

#include <algorithm>
#include <map>

#include "ledger/base/bytes.h"
#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/limits.h"
#include "ledger/core/text.h"

namespace suanpan {
namespace {

constexpr std::size_t kMaxDimensionBytes = 32;

std::size_t segments(std::string_view code) {
  return 1 + static_cast<std::size_t>(std::count(code.begin(), code.end(), '/'));
}

/// Finds a subject among those of the book and those of the same request.
using Lookup = std::function<std::optional<Subject>(std::string_view code)>;

Lookup stored_subjects(const View& view) {
  return [&view](std::string_view code) -> std::optional<Subject> {
    const DocumentPtr found = view.document(DocumentKind::kSubject, code);
    if (!found) return std::nullopt;
    auto subject = decode_subject(found->bytes);
    CHECK_OR_DIE(subject, "subject {} does not decode", code);
    return subject;
  };
}

std::optional<Chart> chart_of(const View& view) {
  const DocumentPtr found = view.document(DocumentKind::kChart, kChartKey);
  if (!found) return std::nullopt;
  auto chart = decode_chart(found->bytes);
  CHECK_OR_DIE(chart, "the chart does not decode");
  return chart;
}

bool profit_or_loss(AccountType type) {
  return type == AccountType::kIncome || type == AccountType::kExpense;
}

bool valid_dimension(std::string_view name) {
  return !name.empty() && name.size() <= kMaxDimensionBytes &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

Planned<void> check_shape(const Subject& s) {
  if (s.name.size() > kMaxSummaryBytes) return refuse(RefusalCode::kTextTooLong, "name");
  if (s.name.empty() || !is_plain_text(s.name)) return refuse(RefusalCode::kTextInvalid, "name");
  if (!valid_account_code(s.code)) return refuse(RefusalCode::kCodeInvalid, "code");
  if (s.type < AccountType::kAsset || s.type > AccountType::kExpense)
    return refuse(RefusalCode::kValueInvalid, "type");
  if (!s.leaf && !s.dimensions.empty()) return refuse(RefusalCode::kValueInvalid, "dimensions");
  if (segments(s.code) + s.dimensions.size() > kMaxAccountPathDepth)
    return refuse(RefusalCode::kValueInvalid, "dimensions");
  for (auto it = s.dimensions.begin(); it != s.dimensions.end(); ++it)
    if (!valid_dimension(*it) || std::find(s.dimensions.begin(), it, *it) != it)
      return refuse(RefusalCode::kValueInvalid, "dimensions");
  const bool may_close =
      s.leaf && s.type != AccountType::kAsset && s.type != AccountType::kLiability;
  if (!s.closes_into.empty() && (!may_close || !valid_account_code(s.closes_into)))
    return refuse(RefusalCode::kValueInvalid, "closes_into");
  if (s.closes_into.empty() && s.leaf && profit_or_loss(s.type))
    return refuse(RefusalCode::kValueInvalid, "closes_into");
  return success();
}

// Under a group of its own type, or at the top.
Planned<void> check_place(const Lookup& find, const Subject& s) {
  if (const auto slash = s.code.rfind('/'); slash != std::string::npos) {
    const auto parent = find(std::string_view(s.code).substr(0, slash));
    if (!parent) return refuse(RefusalCode::kParentMissing, s.code);
    if (parent->leaf) return refuse(RefusalCode::kSubjectIsLeaf, parent->code);
    if (parent->type != s.type) return refuse(RefusalCode::kSubjectMismatch, s.code);
  }
  if (find(s.code)) return refuse(RefusalCode::kSubjectExists, s.code);
  return success();
}

// At most two steps: income and expense into this year's profit, that into what is undistributed.
Planned<void> check_carry(const Lookup& find, const Subject& s) {
  if (s.closes_into.empty()) return success();
  const auto into = find(s.closes_into);
  if (!into || !into->leaf || into->type != AccountType::kEquity ||
      (!into->dimensions.empty() && into->dimensions != s.dimensions) ||
      (s.type == AccountType::kEquity && !into->closes_into.empty()))
    return refuse(RefusalCode::kCarryTargetInvalid, s.closes_into);
  return success();
}

Document document_of(const Subject& subject) {
  return Document{DocumentKind::kSubject, subject.code, 1, true, encode(subject)};
}

Planned<Subject> leaf_of(const Lookup& find, std::string_view code, AccountType type, Side normal) {
  std::optional<Subject> subject;
  for (std::size_t end = code.find('/');; end = code.find('/', end + 1)) {
    auto next = find(code.substr(0, end));
    if (!next) return refuse(RefusalCode::kSubjectNotFound, std::string(code.substr(0, end)));
    subject = std::move(next);
    if (subject->leaf || end == std::string_view::npos) break;
  }
  if (!subject->leaf) return refuse(RefusalCode::kSubjectNotLeaf, subject->code);
  if (type != subject->type || normal != subject->normal)
    return refuse(RefusalCode::kSubjectMismatch, std::string(code));
  const std::size_t given = segments(code) - segments(subject->code);
  if (given < subject->dimensions.size())
    return refuse(RefusalCode::kDimensionsMissing, subject->dimensions[given]);
  if (given > subject->dimensions.size())
    return refuse(RefusalCode::kDimensionsExceeded, std::string(code));
  return std::move(*subject);
}

}  // namespace

std::string encode(const Subject& s) {
  ByteWriter out;
  out.text(s.code);
  out.text(s.name);
  out.u8(static_cast<std::uint8_t>(s.type));
  out.u8(static_cast<std::uint8_t>(s.normal));
  out.u8(s.leaf ? 1 : 0);
  out.u8(static_cast<std::uint8_t>(s.dimensions.size()));
  for (const std::string& dimension : s.dimensions) out.text(dimension);
  out.text(s.closes_into);
  return out.take();
}

std::optional<Subject> decode_subject(std::string_view bytes) {
  ByteReader in(bytes);
  Subject s;
  s.code = in.text();
  s.name = in.text();
  s.type = static_cast<AccountType>(in.u8());
  s.normal = static_cast<Side>(in.u8());
  const std::uint8_t leaf = in.u8();
  s.leaf = leaf == 1;
  const std::uint8_t dimensions = in.u8();
  for (std::uint8_t i = 0; i < dimensions && !in.failed(); ++i) s.dimensions.push_back(in.text());
  s.closes_into = in.text();
  if (!in.done() || s.type < AccountType::kAsset || s.type > AccountType::kExpense ||
      s.normal > Side::kCredit || leaf > 1)
    return std::nullopt;
  return s;
}

std::string encode(const Chart& chart) {
  ByteWriter out;
  out.text(chart.name);
  out.u8(chart.enforced ? 1 : 0);
  return out.take();
}

std::optional<Chart> decode_chart(std::string_view bytes) {
  ByteReader in(bytes);
  Chart chart;
  chart.name = in.text();
  const std::uint8_t enforced = in.u8();
  chart.enforced = enforced == 1;
  if (!in.done() || enforced > 1) return std::nullopt;
  return chart;
}

std::string carry_target(const Subject& subject, const Subject& into, std::string_view account) {
  return into.code +
         (into.dimensions.empty() ? "" : std::string(account.substr(subject.code.size())));
}

Planned<void> check_adopt_chart(const AdoptChartRequest& request) {
  if (request.key.id.is_zero()) return refuse(RefusalCode::kIdMissing);
  if (request.chart.name.empty() || request.chart.name.size() > kMaxBusinessKeyBytes ||
      !is_plain_text(request.chart.name))
    return refuse(RefusalCode::kTextInvalid, "name");
  if (request.chart.enforced == request.subjects.empty())
    return refuse(RefusalCode::kValueInvalid, "subjects");
  for (const Subject& subject : request.subjects) {
    TRY(check_shape(subject));
  }
  return success();
}

Planned<void> check_add_subject(const AddSubjectRequest& request) {
  if (request.key.id.is_zero()) return refuse(RefusalCode::kIdMissing);
  return check_shape(request.subject);
}

Planned<ChangeSet> plan_adopt_chart(const View& view, const AdoptChartRequest& request,
                                    const Moment&) {
  const auto before = chart_of(view);
  if (before && (before->enforced || !request.chart.enforced))
    return refuse(RefusalCode::kChartExists, before->name);
  std::map<std::string, const Subject*, std::less<>> taken;
  const Lookup find = [&](std::string_view code) -> std::optional<Subject> {
    const auto it = taken.find(code);
    return it == taken.end() ? std::nullopt : std::optional(*it->second);
  };
  ChangeSet changes;
  changes.date = view.book().accounting_date;
  const DocumentPtr stored = view.document(DocumentKind::kChart, kChartKey);
  changes.documents.push_back(Document{DocumentKind::kChart, std::string(kChartKey),
                                       stored ? stored->version + 1 : 1, true,
                                       encode(request.chart)});
  for (const Subject& subject : request.subjects) {
    TRY(check_place(find, subject));
    taken.emplace(subject.code, &subject);
    changes.documents.push_back(document_of(subject));
  }
  for (const Subject& subject : request.subjects) {
    TRY(check_carry(find, subject));
  }
  if (request.chart.enforced)
    for (std::uint32_t id = 1; id <= view.book().account_count; ++id) {
      const Account& account = *view.account(AccountId{id});
      TRY(leaf_of(find, account.code, account.type, account.normal));
      TRY(check_carried_currency(view, account));
    }
  return changes;
}

Planned<void> check_carried_currency(const View& view, const Account& account) {
  const bool carried = profit_or_loss(account.type) || account.type == AccountType::kEquity;
  if (carried && account.currency != view.book().currency)
    return refuse(RefusalCode::kCurrencyMismatch, account.code);
  return success();
}

Planned<ChangeSet> plan_add_subject(const View& view, const AddSubjectRequest& request,
                                    const Moment&) {
  const auto chart = chart_of(view);
  const Lookup find = stored_subjects(view);
  if (!chart || !chart->enforced) return refuse(RefusalCode::kChartFree, request.subject.code);
  TRY(check_place(find, request.subject));
  TRY(check_carry(find, request.subject));
  ChangeSet changes;
  changes.date = view.book().accounting_date;
  changes.documents.push_back(document_of(request.subject));
  return changes;
}

Planned<std::optional<Subject>> subject_for(const View& view, std::string_view code,
                                            AccountType type, Side normal) {
  const auto chart = chart_of(view);
  if (!chart || !chart->enforced) return std::optional<Subject>{};
  TRY(auto subject, leaf_of(stored_subjects(view), code, type, normal));
  return std::optional(std::move(subject));
}

Content content_of(const AdoptChartRequest& request) {
  std::string subjects;
  for (const Subject& subject : request.subjects) subjects += encode(subject);
  return {{"chart", request.chart.name},
          {"enforced", request.chart.enforced ? "true" : "false"},
          {"subjects", id_of(subjects).hex()}};
}

Content content_of(const AddSubjectRequest& request) {
  const Subject& s = request.subject;
  Content content{{"subject", s.code},
                  {"name", s.name},
                  {"type", std::string(name_of(s.type))},
                  {"normal", std::string(name_of(s.normal))},
                  {"leaf", s.leaf ? "true" : "false"}};
  std::string dimensions;
  for (const std::string& dimension : s.dimensions) dimensions += dimension + " ";
  content.emplace_back("dimensions", std::move(dimensions));
  content.emplace_back("closes_into", s.closes_into);
  return content;
}

}  // namespace suanpan
