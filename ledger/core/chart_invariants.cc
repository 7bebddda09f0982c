#include "ledger/core/chart_invariants.h"

#include "ledger/core/chart.h"

namespace suanpan {
namespace {

std::optional<Subject> subject_in(const View& view, std::string_view code) {
  const DocumentPtr stored = view.document(DocumentKind::kSubject, code);
  return stored ? decode_subject(stored->bytes) : std::nullopt;
}

}  // namespace

std::optional<std::string> account_outside_chart(const View& view, const ChangeSet& changes) {
  if (changes.accounts.empty()) return {};
  const DocumentPtr stored = view.document(DocumentKind::kChart, kChartKey);
  const auto chart = stored ? decode_chart(stored->bytes) : std::nullopt;
  if (stored && !chart) return "the chart does not decode";
  if (!chart || !chart->enforced) return {};
  for (const Account& a : changes.accounts) {
    if (view.account(a.id)) continue;
    std::size_t below = 0;
    std::string_view path = a.code;
    std::optional<Subject> subject;
    while (!(subject = subject_in(view, path)) && path.find('/') != std::string_view::npos) {
      path = path.substr(0, path.rfind('/'));
      ++below;
    }
    if (!subject) return "account " + a.code + " lies under no subject";
    if (!subject->leaf) return "account " + a.code + " stands on a group";
    if (subject->dimensions.size() != below)
      return "account " + a.code + " has not its subject's dimensions";
    if (a.type != subject->type || a.normal != subject->normal)
      return "account " + a.code + " is of another kind than its subject";
    if (a.type != AccountType::kAsset && a.type != AccountType::kLiability &&
        a.currency != view.book().currency)
      return "account " + a.code + " could not be carried: it is not in the book's currency";
  }
  return {};
}

std::optional<std::string> chart_changed(const View& view, const ChangeSet& changes) {
  for (const DocumentChange& d : changes.documents) {
    if (d.kind == DocumentKind::kSubject) {
      const auto subject = decode_subject(d.bytes);
      if (!subject || subject->code != d.key) return "a subject does not decode";
      if (view.document(d.kind, d.key)) return "subject " + d.key + " changed";
    }
    if (d.kind != DocumentKind::kChart) continue;
    const auto after = decode_chart(d.bytes);
    if (!after || d.key != kChartKey) return "a chart does not decode";
    if (const DocumentPtr stored = view.document(d.kind, d.key))
      if (const auto before = decode_chart(stored->bytes); !before || before->enforced)
        return "a chart that is enforced changed";
  }
  return {};
}

}  // namespace suanpan
