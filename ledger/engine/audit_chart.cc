// The chart of accounts, as the auditor keeps it.
#include "ledger/engine/audit.h"

namespace suanpan {
namespace {

std::vector<std::string_view> split(std::string_view code) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = code.find('/', begin);
    parts.push_back(code.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

}  // namespace

Fault Audit::take_chart(const Document& document) {
  const auto chart = decode_chart(document.bytes);
  if (!chart || document.key != kChartKey) return "a chart does not decode";
  if (chart_enforced_) return fmt::format("the chart becomes {}, and was enforced", chart->name);
  chart_enforced_ = chart->enforced;
  return {};
}

Fault Audit::take_subject(const Document& document) {
  auto subject = decode_subject(document.bytes);
  if (!subject || subject->code != document.key)
    return fmt::format("subject {} does not decode", document.key);
  if (!chart_enforced_) return fmt::format("subject {} in a chart that is free", document.key);
  if (document.version != 1) return fmt::format("subject {} changed", document.key);
  if (split(subject->code).size() > 1) {
    const auto parent = subjects_.find(subject->code.substr(0, subject->code.rfind('/')));
    if (parent == subjects_.end() || parent->second.leaf)
      return fmt::format("subject {} lies in no group", document.key);
  }
  const bool profit =
      subject->type == AccountType::kIncome || subject->type == AccountType::kExpense;
  if (subject->leaf && profit && subject->closes_into.empty())
    return fmt::format("subject {} of income or expense closes into nothing", document.key);
  subjects_.emplace(document.key, std::move(*subject));
  return {};
}

// Exactly one leaf covers an account: the other prefixes of its code are groups or dimensions.
Fault Audit::check_in_chart(const Account& account) const {
  if (!chart_enforced_) return {};
  const auto parts = split(account.code);
  std::string path;
  for (std::size_t used = 1; used <= parts.size(); ++used) {
    path += (used > 1 ? "/" : "") + std::string(parts[used - 1]);
    const auto found = subjects_.find(path);
    if (found == subjects_.end())
      return fmt::format("{} lies under no subject", described(account));
    const Subject& subject = found->second;
    if (!subject.leaf) continue;
    if (used + subject.dimensions.size() != parts.size())
      return fmt::format("{} has {} dimensions, its subject {}", described(account),
                         parts.size() - used, subject.dimensions.size());
    if (subject.type != account.type || subject.normal != account.normal)
      return fmt::format("{} is of another kind than its subject", described(account));
    const bool keeps =
        account.type == AccountType::kAsset || account.type == AccountType::kLiability;
    if (!keeps && currency_ && account.currency != *currency_)
      return fmt::format("{} is in {}, in which no year's end carries it", described(account),
                         code_of(account.currency));
    return {};
  }
  return fmt::format("{} stands on a group", described(account));
}

}  // namespace suanpan
