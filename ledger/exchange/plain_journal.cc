#include "ledger/exchange/plain_journal.h"

#include <algorithm>

#include "ledger/core/text.h"

namespace suanpan {

Error plain_error(std::size_t line, Errc code, std::string_view what) {
  return fail(code, "line {}: {}", line, what);
}

Result<std::vector<std::string_view>> plain_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::string visible(line);
    std::replace(visible.begin(), visible.end(), '\t', ' ');
    if (!is_plain_text(visible))
      return plain_error(lines.size() + 1, Errc::kMalformed, "not UTF-8, or a control character");
    lines.push_back(line);
  }
  return lines;
}

Result<Money> plain_amount(std::size_t line, std::string_view text) {
  constexpr std::string_view kNumber = "+-0123456789.";
  const std::size_t number = text.find_first_of(kNumber);
  if (number == std::string_view::npos)
    return plain_error(line, Errc::kMalformed, "an amount without a number");
  const std::size_t end = std::min(text.find_first_not_of(kNumber, number), text.size());
  const auto trimmed = [](std::string_view s) {
    while (s.starts_with(' ') || s.starts_with('\t')) s.remove_prefix(1);
    while (s.ends_with(' ') || s.ends_with('\t')) s.remove_suffix(1);
    return s;
  };
  const std::string_view before = trimmed(text.substr(0, number));
  const std::string_view after = trimmed(text.substr(end));
  if (before.empty() == after.empty())
    return plain_error(line, Errc::kMalformed, "an amount needs one number and one commodity");
  const std::string_view commodity = before.empty() ? after : before;
  const auto currency = currency_of(commodity);
  if (!currency || code_of(*currency) != commodity)
    return plain_error(line, Errc::kUnsupported,
                       fmt::format("the commodity {} is not a currency known here", commodity));
  const auto amount = parse_major(text.substr(number, end - number), *currency);
  if (!amount) return plain_error(line, amount.error().code, amount.error().message);
  return amount.value();
}

Result<std::vector<PlainPosting>> balanced(std::size_t line, std::vector<OpenPosting> postings) {
  if (postings.size() < 2)
    return plain_error(line, Errc::kMismatch, "a transaction needs two postings");
  std::vector<std::pair<Currency, Int128>> sums;
  OpenPosting* open = nullptr;
  for (OpenPosting& p : postings) {
    if (!p.has_amount) {
      if (open)
        return plain_error(p.posting.line, Errc::kMismatch, "a second posting without an amount");
      open = &p;
      continue;
    }
    const auto sum = std::find_if(sums.begin(), sums.end(), [&](const auto& s) {
      return s.first == p.posting.amount.currency;
    });
    if (sum == sums.end())
      sums.emplace_back(p.posting.amount.currency, p.posting.amount.minor);
    else
      sum->second += p.posting.amount.minor;
  }
  std::size_t wrong = 0;
  for (const auto& [currency, sum] : sums) {
    if (sum == 0) continue;
    ++wrong;
    const auto rest = static_cast<std::int64_t>(sum);
    if (!open)
      return plain_error(line, Errc::kMismatch,
                         fmt::format("the transaction is {} {} out of balance",
                                     format_major(Money{rest, currency}), code_of(currency)));
    if (wrong > 1 || rest != sum)
      return plain_error(open->posting.line, Errc::kUnsupported,
                         "one posting cannot balance several commodities");
    open->posting.amount = Money{-rest, currency};
  }
  if (open && wrong == 0) {
    if (sums.size() != 1)
      return plain_error(open->posting.line, Errc::kUnsupported,
                         "a posting of nothing in no one commodity");
    open->posting.amount = Money{0, sums.front().first};
  }
  std::vector<PlainPosting> all;
  for (OpenPosting& p : postings) all.push_back(std::move(p.posting));
  return all;
}

Result<void> PlainChart::use(std::size_t line, const std::string& source, Currency currency,
                             AccountType type, const std::string& code, const std::string& name) {
  std::set<Currency>& currencies = used_[source];
  if (!currencies.insert(currency).second) return success();
  PlainAccount account{line, source, type, currency, code, name};
  if (currencies.size() > 1) account.code += "/" + std::string(code_of(currency));
  if (!valid_account_code(account.code))
    return plain_error(line, Errc::kMalformed,
                       fmt::format("{}: no account of a book can be called that", source));
  const auto [taken, free] = source_of_code_.emplace(account.code, source);
  if (!free)
    return plain_error(line, Errc::kMismatch,
                       fmt::format("{} and {} would be one account of the book, {}", source,
                                   taken->second, account.code));
  accounts_.push_back(std::move(account));
  return success();
}

}  // namespace suanpan
