// hledger's and ledger's language, as far as a book can hold it:
//
//   journal     := (blank | comment | commodity | account | transaction)*
//   commodity   := "commodity" SYMBOL, "    format …"?
//   account     := "account" NAME, "    note …"?
//   transaction := DATE["=" DATE] ["*"|"!"] ["(" CODE ")"] DESCRIPTION [";" comment], posting 2*
//   posting     := blank+ ["*"|"!"] NAME [2 blanks AMOUNT ["=" BALANCE]] [";" comment]
//
// The first part of an account's name says its type: assets, liabilities, equity, income (revenues)
// or expenses. A comment "id:" followed by 40 digits is one of our own ids.
#include <algorithm>
#include <map>
#include <set>

#include "ledger/exchange/plain_journal.h"

namespace suanpan {
namespace {

std::string_view trim(std::string_view s) {
  while (s.starts_with(' ') || s.starts_with('\t')) s.remove_prefix(1);
  while (s.ends_with(' ') || s.ends_with('\t')) s.remove_suffix(1);
  return s;
}

bool indented(std::string_view line) { return line.starts_with(' ') || line.starts_with('\t'); }

/// YYYY-MM-DD with '-', '/' or '.', month and day of one or two digits.
std::optional<Date> date_of(std::string_view text) {
  std::string iso;
  char separator = 0;
  std::size_t digits = 0, parts = 0;
  const auto end_part = [&] {
    if (parts == 0 ? digits != 4 : digits == 0 || digits > 2) return false;
    if (parts > 0 && digits == 1) iso.insert(iso.size() - 1, "0");
    digits = 0;
    ++parts;
    return true;
  };
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      iso += c;
      ++digits;
      continue;
    }
    if ((c != '-' && c != '/' && c != '.') || (separator != 0 && c != separator) || !end_part())
      return std::nullopt;
    separator = c;
    iso += '-';
  }
  if (!end_part() || parts != 3) return std::nullopt;
  return Date::parse(iso);
}

std::optional<AccountType> type_of(std::string_view name) {
  std::string root(name.substr(0, name.find(':')));
  for (char& c : root)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (root == "assets" || root == "asset") return AccountType::kAsset;
  if (root == "liabilities" || root == "liability") return AccountType::kLiability;
  if (root == "equity") return AccountType::kEquity;
  if (root == "income" || root == "revenue" || root == "revenues") return AccountType::kIncome;
  if (root == "expenses" || root == "expense") return AccountType::kExpense;
  return std::nullopt;
}

/// What follows the type; a name that is the type alone stays.
std::string code_of_name(std::string_view name) {
  const std::size_t colon = name.find(':');
  std::string code(colon == std::string_view::npos ? name : name.substr(colon + 1));
  std::replace(code.begin(), code.end(), ':', '/');
  std::replace(code.begin(), code.end(), ' ', '_');
  return code;
}

std::optional<ClaimKey> own_id(std::string_view comment) {
  const std::size_t at = comment.find("id:");
  if (at == std::string_view::npos || (at > 0 && comment[at - 1] != ' ' && comment[at - 1] != ';'))
    return std::nullopt;
  return ClaimKey::from_hex(comment.substr(at + 3, 40));
}

/// The series of a number like "记-202601-12".
VoucherType series_of(std::string_view code) {
  for (const VoucherType type :
       {VoucherType::kReceipt, VoucherType::kPayment, VoucherType::kTransfer})
    if (code.starts_with(std::string(chinese_of(type)) + "-")) return type;
  return VoucherType::kGeneral;
}

class Reader {
 public:
  explicit Reader(std::vector<std::string_view> lines) : lines_(std::move(lines)) {}

  Result<PlainJournal> read() {
    while (at_ < lines_.size()) {
      TRY(item());
    }
    std::stable_sort(
        transactions_.begin(), transactions_.end(),
        [](const Dated& a, const Dated& b) { return a.transaction.date < b.transaction.date; });
    PlainJournal journal;
    for (Dated& dated : transactions_) {
      TRY(post(dated));
      journal.transactions.push_back(std::move(dated.transaction));
    }
    journal.accounts = chart_.take();
    return journal;
  }

 private:
  struct Asserted {
    std::size_t posting;
    Money balance;
  };
  struct Dated {
    PlainTransaction transaction;
    std::vector<Asserted> asserted;
  };

  std::size_t line_number() const { return at_ + 1; }
  Error here(Errc code, std::string_view what) const {
    return plain_error(line_number(), code, what);
  }

  Result<void> item() {
    const std::string_view line = lines_[at_];
    if (trim(line).empty() || line[0] == ';' || line[0] == '#' || line[0] == '*') {
      ++at_;
      return success();
    }
    if (line[0] >= '0' && line[0] <= '9') return transaction();
    if (line.starts_with("commodity ")) return commodity();
    if (line.starts_with("account ")) return account();
    if (indented(line)) return here(Errc::kMalformed, "an indented line that belongs to nothing");
    return here(Errc::kUnsupported, "this directive is not understood");
  }

  Result<void> commodity() {
    const std::string_view symbol = trim(lines_[at_].substr(10));
    const auto currency = currency_of(symbol);
    if (!currency || code_of(*currency) != symbol)
      return here(Errc::kUnsupported, "the commodity is not a currency known here");
    commodities_.insert(*currency);
    for (++at_; at_ < lines_.size() && indented(lines_[at_]) && !trim(lines_[at_]).empty(); ++at_) {
      const std::string_view sub = trim(lines_[at_]);
      if (sub.starts_with(';')) continue;
      if (!sub.starts_with("format "))
        return here(Errc::kUnsupported, "this part of a commodity is not understood");
      TRY(auto format, plain_amount(line_number(), sub.substr(7)));
      if (format.currency != *currency)
        return here(Errc::kMalformed, "the format is of another commodity");
    }
    return success();
  }

  Result<void> account() {
    const std::string name(trim(lines_[at_].substr(8)));
    if (name.empty() || name.find("  ") != std::string::npos || name.find(';') != std::string::npos)
      return here(Errc::kUnsupported, "the account's name is not understood");
    std::string& note = accounts_[name];
    for (++at_; at_ < lines_.size() && indented(lines_[at_]) && !trim(lines_[at_]).empty(); ++at_) {
      const std::string_view sub = trim(lines_[at_]);
      if (sub.starts_with(';')) continue;
      if (!sub.starts_with("note "))
        return here(Errc::kUnsupported, "this part of an account is not understood");
      note = trim(sub.substr(5));
    }
    return success();
  }

  Result<void> header(PlainTransaction& t) {
    std::string_view line = lines_[at_];
    t.line = line_number();
    if (const std::size_t comment = line.find(';'); comment != std::string_view::npos) {
      t.key = own_id(line.substr(comment));
      line = line.substr(0, comment);
    }
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    std::string_view dates = line.substr(0, end);
    if (const std::size_t equals = dates.find('='); equals != std::string_view::npos) {
      t.effective = date_of(dates.substr(equals + 1));
      if (!t.effective) return here(Errc::kMalformed, "there is no such date");
      dates = dates.substr(0, equals);
    }
    const auto date = date_of(dates);
    if (!date) return here(Errc::kMalformed, "there is no such date");
    t.date = *date;
    std::string_view rest = trim(line.substr(end));
    if (rest.starts_with('*') || rest.starts_with('!')) rest = trim(rest.substr(1));
    if (rest.starts_with('(')) {
      const std::size_t close = rest.find(')');
      if (close == std::string_view::npos)
        return here(Errc::kMalformed, "the code's bracket is not closed");
      t.type = series_of(rest.substr(1, close - 1));
      rest = trim(rest.substr(close + 1));
    }
    t.summary = rest;
    return success();
  }

  Result<void> transaction() {
    Dated dated;
    PlainTransaction& t = dated.transaction;
    TRY(header(t));
    std::vector<OpenPosting> postings;
    for (++at_; at_ < lines_.size() && indented(lines_[at_]) && !trim(lines_[at_]).empty(); ++at_) {
      const std::string_view line = trim(lines_[at_]);
      if (line.starts_with(';')) {
        if (postings.empty() && !t.key) t.key = own_id(line);
        continue;
      }
      TRY(posting(line, postings, dated.asserted));
    }
    TRY(t.postings, balanced(t.line, std::move(postings)));
    transactions_.push_back(std::move(dated));
    return success();
  }

  Result<void> posting(std::string_view line, std::vector<OpenPosting>& postings,
                       std::vector<Asserted>& asserted) {
    line = trim(line.substr(0, line.find(';')));
    if (line.starts_with("* ") || line.starts_with("! ")) line = trim(line.substr(2));
    if (line.starts_with('(') || line.starts_with('['))
      return here(Errc::kUnsupported, "virtual postings are not understood");
    const std::size_t end = std::min({line.find("  "), line.find('\t'), line.size()});
    OpenPosting p;
    p.posting.line = line_number();
    p.posting.account = line.substr(0, end);
    if (!accounts_.contains(p.posting.account))
      return here(Errc::kMismatch, fmt::format("account {} is not declared", p.posting.account));
    std::string_view amount = trim(line.substr(end));
    const std::size_t equals = amount.find('=');
    const std::string_view balance =
        equals == std::string_view::npos ? std::string_view{} : trim(amount.substr(equals + 1));
    amount = trim(amount.substr(0, equals));
    p.has_amount = !amount.empty();
    if (equals != std::string_view::npos) {
      if (!p.has_amount) return here(Errc::kUnsupported, "a balance cannot be assigned");
      TRY(auto money, plain_amount(line_number(), balance));
      asserted.push_back(Asserted{postings.size(), money});
    }
    if (p.has_amount) {
      TRY(p.posting.amount, plain_amount(line_number(), amount));
      if (!commodities_.contains(p.posting.amount.currency))
        return here(Errc::kMismatch, "the commodity is not declared");
    }
    postings.push_back(std::move(p));
    return success();
  }

  // In the order of the dates: names, and what was asserted of their balances.
  Result<void> post(const Dated& dated) {
    for (std::size_t i = 0; i < dated.transaction.postings.size(); ++i) {
      const PlainPosting& p = dated.transaction.postings[i];
      const auto type = type_of(p.account);
      if (!type)
        return plain_error(p.line, Errc::kUnsupported,
                           "the first part of the account's name says no type");
      TRY(chart_.use(p.line, p.account, p.amount.currency, *type, code_of_name(p.account),
                     accounts_.at(p.account)));
      Int128& balance = balances_[{p.account, p.amount.currency}];
      balance += p.amount.minor;
      for (const Asserted& a : dated.asserted)
        if (a.posting == i && (a.balance.currency == p.amount.currency
                                   ? balance
                                   : balances_[{p.account, a.balance.currency}]) != a.balance.minor)
          return plain_error(p.line, Errc::kMismatch, "the asserted balance is not the account's");
    }
    return success();
  }

  std::vector<std::string_view> lines_;
  std::size_t at_ = 0;
  std::set<Currency> commodities_;
  std::map<std::string, std::string> accounts_;  // note by name
  std::vector<Dated> transactions_;
  std::map<std::pair<std::string, Currency>, Int128> balances_;
  PlainChart chart_;
};

}  // namespace

Result<PlainJournal> read_hledger(std::string_view text) {
  TRY(auto lines, plain_lines(text));
  return Reader(std::move(lines)).read();
}

}  // namespace suanpan
