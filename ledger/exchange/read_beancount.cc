// beancount's language, as far as a book can hold it:
//
//   file        := (blank | comment | option | directive)*
//   directive   := DATE ("commodity" CUR | "open" ACCOUNT [CUR ("," CUR)*] | "close" ACCOUNT
//                        | "balance" ACCOUNT NUMBER ["~" NUMBER] CUR | transaction)
//   transaction := ("*" | "!" | "txn") STRING [STRING] (tag | link)*, meta*, posting 2*
//   posting     := blank+ ["*"|"!"] ACCOUNT [NUMBER CUR], meta*
//   meta        := blank+ KEY ":" value
//
// Of one day, accounts open first, then balances are held, then transactions happen, then accounts
// close. A balance takes in the accounts below its own, and is held exactly.
#include <algorithm>
#include <map>
#include <set>

#include "ledger/exchange/plain_journal.h"

namespace suanpan {
namespace {

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

constexpr std::pair<std::string_view, AccountType> kRoots[] = {
    {"Assets", AccountType::kAsset},
    {"Liabilities", AccountType::kLiability},
    {"Equity", AccountType::kEquity},
    {"Income", AccountType::kIncome},
    {"Expenses", AccountType::kExpense}};

std::optional<AccountType> type_of(std::string_view account) {
  for (const auto& [root, type] : kRoots)
    if (account.starts_with(root) && account.substr(root.size()).starts_with(':')) return type;
  return std::nullopt;
}

bool valid_account(std::string_view account) {
  if (!type_of(account)) return false;
  for (std::size_t depth = 0;; ++depth) {
    const std::size_t colon = account.find(':');
    const std::string_view part = account.substr(0, colon);
    if (part.empty()) return false;
    // Directly below the root only a capital or a digit may begin.
    if (!is_capital(part[0]) && !is_digit(part[0]) && (depth < 2 || !is_beyond_ascii(part[0])))
      return false;
    for (const char c : part)
      if (!is_capital(c) && !is_digit(c) && !is_small(c) && c != '-' && !is_beyond_ascii(c))
        return false;
    if (colon == std::string_view::npos) return depth > 0;
    account = account.substr(colon + 1);
  }
}

/// Words and strings of one line.
struct Token {
  std::string text;
  bool quoted = false;
};

Result<std::vector<Token>> tokens_of(std::size_t line, std::string_view text) {
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ' || text[i] == '\t') {
      ++i;
    } else if (text[i] == ';') {
      break;
    } else if (text[i] == '"') {
      Token token{"", true};
      for (++i; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) ++i;
        token.text += text[i];
      }
      if (i == text.size()) return plain_error(line, Errc::kMalformed, "a quote is not closed");
      ++i;
      tokens.push_back(std::move(token));
    } else {
      const std::size_t end = std::min(text.find_first_of(" \t;\"", i), text.size());
      tokens.push_back(Token{std::string(text.substr(i, end - i)), false});
      i = end;
    }
  }
  return tokens;
}

bool is_meta(const std::vector<Token>& tokens) {
  const std::string& key = tokens[0].text;
  if (tokens[0].quoted || key.size() < 2 || !key.ends_with(':') || !is_small(key[0])) return false;
  return std::all_of(key.begin(), key.end() - 1, [](char c) {
    return is_small(c) || is_capital(c) || is_digit(c) || c == '-' || c == '_';
  });
}

class Reader {
 public:
  explicit Reader(std::vector<std::string_view> lines) : lines_(std::move(lines)) {}

  Result<PlainJournal> read() {
    while (at_ < lines_.size()) {
      TRY(item());
    }
    std::stable_sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) {
      return std::pair(a.date, a.what) < std::pair(b.date, b.what);
    });
    for (Item& item : items_) {
      TRY(take(item));
    }
    PlainJournal journal;
    journal.transactions = std::move(transactions_);
    journal.accounts = chart_.take();
    return journal;
  }

 private:
  enum class What { kOpen, kBalance, kTransaction, kClose };  // in their order of one day
  struct Item {
    What what = What::kOpen;
    std::size_t line = 0;
    Date date;
    std::string account;
    std::vector<Currency> currencies;         // of an opening
    std::map<std::string, std::string> meta;  // likewise, and of a transaction
    Money balance;                            // of a balance
    PlainTransaction transaction;
  };
  struct OpenAccount {
    Date from;
    std::optional<Date> closed;
    std::vector<Currency> currencies;
    std::string code, name;
  };

  Error here(Errc code, std::string_view what) const { return plain_error(at_ + 1, code, what); }

  Result<Currency> currency(const std::string& text) const {
    const auto known = currency_of(text);
    if (!known || code_of(*known) != text)
      return here(Errc::kUnsupported, fmt::format("{} is not a currency known here", text));
    return *known;
  }
  Result<std::string> account(const Token& token) const {
    if (token.quoted || !valid_account(token.text))
      return here(Errc::kMalformed, fmt::format("{} is not the name of an account", token.text));
    return token.text;
  }

  Result<void> item() {
    const std::string_view line = lines_[at_];
    TRY(auto tokens, tokens_of(at_ + 1, line));
    if (tokens.empty()) {
      ++at_;
      return success();
    }
    if (line[0] == ' ' || line[0] == '\t')
      return here(Errc::kMalformed, "an indented line that belongs to nothing");
    if (tokens[0].text == "option" && tokens.size() == 3 && tokens[1].quoted && tokens[2].quoted) {
      if (tokens[1].text != "title" && tokens[1].text != "operating_currency")
        return here(Errc::kUnsupported, "this option is not understood");
      ++at_;
      return success();
    }
    Item item;
    item.line = at_ + 1;
    const auto date = tokens[0].text.size() == 10 ? Date::parse(tokens[0].text) : std::nullopt;
    if (!date)
      return here(Errc::kMalformed,
                  is_digit(line[0]) ? "there is no such date" : "this line is not understood");
    item.date = *date;
    if (tokens.size() < 3) return here(Errc::kMalformed, "the directive is not complete");
    return directive(std::move(item), tokens);
  }

  Result<void> directive(Item item, const std::vector<Token>& tokens) {
    const std::string& word = tokens[1].text;
    if (word == "*" || word == "!" || word == "txn") return transaction(std::move(item), tokens);
    if (word == "commodity") {
      TRY(currency(tokens[2].text));
      if (tokens.size() > 3) return here(Errc::kMalformed, "something follows the commodity");
      ++at_;
      return meta_of(item);
    }
    TRY(item.account, account(tokens[2]));
    if (word == "open") {
      item.what = What::kOpen;
      for (std::size_t i = 3; i < tokens.size(); ++i) {
        std::string_view list = tokens[i].text;
        while (!list.empty()) {
          const std::size_t comma = list.find(',');
          TRY(auto one, currency(std::string(list.substr(0, comma))));
          item.currencies.push_back(one);
          list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
        }
      }
    } else if (word == "close") {
      item.what = What::kClose;
      if (tokens.size() > 3) return here(Errc::kMalformed, "something follows the account");
    } else if (word == "balance") {
      TRY(balance(item, tokens));
    } else {
      return here(Errc::kUnsupported, "this directive is not understood");
    }
    ++at_;
    TRY(meta_of(item));
    items_.push_back(std::move(item));
    return success();
  }

  // NUMBER ["~" NUMBER] CUR
  Result<void> balance(Item& item, const std::vector<Token>& tokens) {
    item.what = What::kBalance;
    const bool tolerant = tokens.size() == 7 && tokens[4].text == "~";
    if (tokens.size() != 5 && !tolerant)
      return here(Errc::kMalformed, "a balance needs a number and a currency");
    TRY(item.balance, plain_amount(item.line, tokens[3].text + " " + tokens.back().text));
    return success();
  }

  Result<void> meta_of(Item& item) {
    for (; at_ < lines_.size() && lines_[at_].starts_with(' '); ++at_) {
      TRY(auto tokens, tokens_of(at_ + 1, lines_[at_]));
      if (tokens.empty()) continue;
      if (!is_meta(tokens)) return here(Errc::kMalformed, "this line is not understood");
      item.meta[tokens[0].text] = tokens.size() > 1 ? tokens[1].text : "";
    }
    return success();
  }

  Result<void> transaction(Item item, const std::vector<Token>& tokens) {
    item.what = What::kTransaction;
    PlainTransaction& t = item.transaction;
    t.line = item.line;
    t.date = item.date;
    std::size_t strings = 0;
    for (std::size_t i = 2; i < tokens.size(); ++i) {
      const bool label =
          !tokens[i].quoted && (tokens[i].text[0] == '#' || tokens[i].text[0] == '^');
      if (tokens[i].quoted && ++strings <= 2)
        t.summary += (t.summary.empty() ? "" : " ") + tokens[i].text;
      else if (!label)
        return here(Errc::kMalformed, "this part of a transaction is not understood");
    }
    std::vector<OpenPosting> postings;
    for (++at_;
         at_ < lines_.size() && (lines_[at_].starts_with(' ') || lines_[at_].starts_with('\t'));
         ++at_) {
      TRY(auto words, tokens_of(at_ + 1, lines_[at_]));
      if (words.empty()) continue;
      if (is_meta(words)) {
        if (postings.empty()) item.meta[words[0].text] = words.size() > 1 ? words[1].text : "";
        continue;
      }
      TRY(posting(std::move(words), postings));
    }
    TRY(take_meta(item));
    TRY(t.postings, balanced(t.line, std::move(postings)));
    items_.push_back(std::move(item));
    return success();
  }

  Result<void> posting(std::vector<Token> words, std::vector<OpenPosting>& postings) {
    if (words.size() > 1 && (words[0].text == "*" || words[0].text == "!"))
      words.erase(words.begin());
    OpenPosting p;
    p.posting.line = at_ + 1;
    TRY(p.posting.account, account(words[0]));
    p.has_amount = words.size() > 1;
    if (p.has_amount) {
      if (words.size() != 3)
        return here(Errc::kUnsupported, "a posting is an account, a number and a currency");
      TRY(p.posting.amount, plain_amount(at_ + 1, words[1].text + " " + words[2].text));
    }
    postings.push_back(std::move(p));
    return success();
  }

  Result<void> take_meta(Item& item) {
    PlainTransaction& t = item.transaction;
    if (const auto it = item.meta.find("id:"); it != item.meta.end())
      t.key = ClaimKey::from_hex(it->second);
    if (const auto it = item.meta.find("effective:"); it != item.meta.end()) {
      t.effective = Date::parse(it->second);
      if (!t.effective) return plain_error(t.line, Errc::kMalformed, "there is no such date");
    }
    if (const auto it = item.meta.find("voucher:"); it != item.meta.end())
      for (const VoucherType type :
           {VoucherType::kReceipt, VoucherType::kPayment, VoucherType::kTransfer})
        if (it->second.starts_with(chinese_of(type))) t.type = type;
    return success();
  }

  // ---- in the order of the days

  Result<void> take(Item& item) {
    switch (item.what) {
      case What::kOpen:
        return open(item);
      case What::kClose: {
        const auto it = accounts_.find(item.account);
        if (it == accounts_.end() || it->second.closed)
          return plain_error(item.line, Errc::kMismatch, "the account is not open");
        it->second.closed = item.date;
        return success();
      }
      case What::kBalance:
        return hold(item);
      case What::kTransaction:
        return post(item);
    }
    return success();
  }

  Result<void> open(const Item& item) {
    OpenAccount account{item.date, {}, item.currencies, "", ""};
    const auto code = item.meta.find("code:");
    account.code = code != item.meta.end() ? code->second : plain_code(item.account);
    if (const auto name = item.meta.find("name:"); name != item.meta.end())
      account.name = name->second;
    if (!accounts_.emplace(item.account, std::move(account)).second)
      return plain_error(item.line, Errc::kMismatch, "the account is opened a second time");
    return success();
  }

  static std::string plain_code(const std::string& account) {
    std::string code = account.substr(account.find(':') + 1);
    std::replace(code.begin(), code.end(), ':', '/');
    return code;
  }

  Result<void> hold(const Item& item) {
    const auto it = accounts_.find(item.account);
    if (it == accounts_.end())
      return plain_error(item.line, Errc::kMismatch, "the account is not open");
    const std::vector<Currency>& allowed = it->second.currencies;
    if (!allowed.empty() &&
        std::find(allowed.begin(), allowed.end(), item.balance.currency) == allowed.end())
      return plain_error(item.line, Errc::kMismatch, "the account is not in this currency");
    Int128 sum = 0;
    for (auto at = balances_.lower_bound({item.account, Currency{}});
         at != balances_.end() && at->first.first.starts_with(item.account); ++at)
      if (at->first.second == item.balance.currency &&
          (at->first.first == item.account || at->first.first[item.account.size()] == ':'))
        sum += at->second;
    if (sum != item.balance.minor)
      return plain_error(item.line, Errc::kMismatch, "the balance is not the account's");
    return success();
  }

  Result<void> post(Item& item) {
    for (const PlainPosting& p : item.transaction.postings) {
      const auto it = accounts_.find(p.account);
      if (it == accounts_.end() || it->second.closed)
        return plain_error(p.line, Errc::kMismatch,
                           fmt::format("account {} is not open", p.account));
      const OpenAccount& account = it->second;
      if (!account.currencies.empty() &&
          std::find(account.currencies.begin(), account.currencies.end(), p.amount.currency) ==
              account.currencies.end())
        return plain_error(p.line, Errc::kMismatch, "the account is not in this currency");
      TRY(chart_.use(p.line, p.account, p.amount.currency, *type_of(p.account), account.code,
                     account.name));
      balances_[{p.account, p.amount.currency}] += p.amount.minor;
    }
    transactions_.push_back(std::move(item.transaction));
    return success();
  }

  std::vector<std::string_view> lines_;
  std::size_t at_ = 0;
  std::vector<Item> items_;
  std::map<std::string, OpenAccount> accounts_;
  std::map<std::pair<std::string, Currency>, Int128> balances_;
  std::vector<PlainTransaction> transactions_;
  PlainChart chart_;
};

}  // namespace

Result<PlainJournal> read_beancount(std::string_view text) {
  TRY(auto lines, plain_lines(text));
  return Reader(std::move(lines)).read();
}

}  // namespace suanpan
