#include "ledger/exchange/export_journal.h"

#include <algorithm>
#include <ostream>
#include <set>

namespace suanpan {
namespace {

constexpr std::size_t kEntriesPerPage = 256;

bool posts(const Transfer& t) {
  return t.kind == TransferKind::kPosted || t.kind == TransferKind::kPostPending ||
         t.kind == TransferKind::kRed;
}

bool is_exported(const StoredCommand& command) {
  return command.refusal.code == RefusalCode::kNone &&
         std::any_of(command.effects.transfers.begin(), command.effects.transfers.end(), posts);
}

struct Place {
  Date date;
  std::uint64_t seq;
  bool displaced;  ///< dated before a voucher that was recorded earlier
};

/// The book as of one sequence.
struct Picture {
  std::uint64_t until = 0;
  Date date;
  std::vector<Account> accounts;
  std::vector<Balance> balances;
  std::vector<Place> places;  ///< of what is exported, by date and sequence

  Date first_date() const { return places.empty() ? date : std::min(date, places.front().date); }
  Date last_date() const { return places.empty() ? date : places.back().date; }
  const Account& account(AccountId id) const { return accounts[id.value - 1]; }
  std::set<Currency> currencies() const {
    std::set<Currency> found;
    for (const Account& a : accounts) found.insert(a.currency);
    return found;
  }
};

Result<Picture> picture_of(const Book& book) {
  Picture p;
  book.read([&](const State& state, std::uint64_t seq) {
    p.until = seq;
    p.date = state.book().accounting_date;
    p.accounts = state.accounts();
    for (const Account& a : p.accounts) p.balances.push_back(state.balance(a.id));
  });
  Date latest{};
  TRY(book.for_each_command_after(0, [&](const StoredCommand& command) {
    if (command.seq > p.until) return false;
    if (!is_exported(command)) return true;
    const Date date = command.effects.date;
    p.places.push_back(Place{date, command.seq, !p.places.empty() && date < latest});
    latest = p.places.size() == 1 ? date : std::max(latest, date);
    return true;
  }));
  std::stable_sort(p.places.begin(), p.places.end(),
                   [](const Place& a, const Place& b) { return a.date < b.date; });
  return p;
}

Result<StoredCommand> command_at(const Book& book, std::uint64_t seq) {
  TRY(auto command, book.command(seq));
  if (!command) return fail(Errc::kCorrupt, "journal entry {} is missing", seq);
  return std::move(*command);
}

std::string voucher_name(const StoredCommand& command) {
  return fmt::format("{}-{}-{}", chinese_of(command.effects.type), command.effects.date.month_key(),
                     command.voucher_no);
}

std::string amount_text(Int128 minor, Currency currency) {
  return format_major(Money{static_cast<std::int64_t>(minor), currency}) + " " +
         std::string(code_of(currency));
}

/// Debits positive, whatever the account's side.
std::int64_t debit_balance(const Balance& b) { return b.debits_posted - b.credits_posted; }

// --- hledger and ledger ---

std::string_view hledger_root(AccountType type) {
  switch (type) {
    case AccountType::kAsset:
      return "assets:";
    case AccountType::kLiability:
      return "liabilities:";
    case AccountType::kEquity:
      return "equity:";
    case AccountType::kIncome:
      return "income:";
    case AccountType::kExpense:
      return "expenses:";
  }
  return "?";
}

std::string hledger_name(const Account& account) {
  std::string name(hledger_root(account.type));
  name += account.code;
  std::replace(name.begin(), name.end(), '/', ':');
  return name;
}

// A semicolon begins a comment wherever it stands.
std::string hledger_text(std::string_view text) {
  std::string out;
  for (const char c : text) c == ';' ? out += "；" : out += c;
  return out;
}

/// The recorded balances after the entries of one account, in journal order, a page at a time.
class RecordedBalances {
 public:
  RecordedBalances(const Book& book, const Account& account, std::uint64_t until)
      : book_(book), account_(account), until_(until) {}

  /// Debit balance after the entry at `wanted`, which lies behind those asked for before.
  Result<std::int64_t> after(EntryPosition wanted) {
    for (;; ++next_) {
      if (next_ == page_.size()) {
        TRY(auto page, book_.entries(account_.id, last_, kEntriesPerPage, until_));
        if (page.empty())
          return fail(Errc::kCorrupt, "account {} has no entry of journal entry {}", account_.code,
                      wanted.seq);
        page_ = std::move(page);
        next_ = 0;
        last_ = EntryPosition{page_.back().seq, page_.back().sub};
      }
      const Entry& entry = page_[next_];
      const EntryPosition at{entry.seq, entry.sub};
      if (at == wanted)
        return account_.normal == Side::kDebit ? entry.balance_after : -entry.balance_after;
      if (at > wanted)
        return fail(Errc::kCorrupt, "account {} has no entry of journal entry {}", account_.code,
                    wanted.seq);
    }
  }

 private:
  const Book& book_;
  const Account& account_;
  std::uint64_t until_;
  std::vector<Entry> page_;
  std::size_t next_ = 0;
  EntryPosition last_;
};

class HledgerWriter {
 public:
  HledgerWriter(const Book& book, const Picture& picture, std::ostream& out)
      : book_(book), picture_(picture), out_(out), displaced_until_(picture.accounts.size()) {
    for (const Account& account : picture.accounts) {
      names_.push_back(hledger_name(account));
      recorded_.emplace_back(book, account, picture.until);
    }
  }

  Result<void> write() {
    declare();
    for (const Place& place : picture_.places) {
      TRY(auto command, command_at(book_, place.seq));
      TRY(transaction(place, command));
    }
    if (!picture_.accounts.empty()) closing();
    return success();
  }

 private:
  void declare() {
    for (const Currency currency : picture_.currencies()) {
      out_ << "commodity " << code_of(currency) << "\n";
      // Of a format without decimals, each program takes only what the other refuses.
      if (const unsigned digits = exponent_of(currency); digits != 0)
        out_ << "    format 1000." << std::string(digits, '0') << " " << code_of(currency) << "\n";
    }
    for (std::size_t i = 0; i < names_.size(); ++i) {
      out_ << "account " << names_[i] << "\n";
      if (!picture_.accounts[i].name.empty())
        out_ << "    note " << hledger_text(picture_.accounts[i].name) << "\n";
    }
  }

  Result<void> transaction(const Place& place, const StoredCommand& command) {
    out_ << "\n" << place.date.iso();
    if (command.effects.effective) out_ << "=" << command.effects.effective->iso();
    out_ << " * (" << voucher_name(command) << ") "
         << hledger_text(command.effects.text ? command.effects.text->summary : std::string{})
         << "  ; seq:" << command.seq << ", id:" << command.key.hex() << "\n";
    std::uint32_t leg = 0;
    for (const Transfer& t : command.effects.transfers) {
      TRY(posting(place, t.debit, t.amount, leg * 2));
      TRY(posting(place, t.credit, -t.amount, leg * 2 + 1));
      ++leg;
    }
    return success();
  }

  Result<void> posting(const Place& place, AccountId id, std::int64_t amount, std::uint32_t sub) {
    const std::size_t i = id.value - 1;
    const Currency currency = picture_.account(id).currency;
    out_ << "    " << names_[i] << "  " << amount_text(amount, currency);
    if (place.displaced) {
      displaced_until_[i] = std::max(displaced_until_[i], place.seq);
    } else if (place.seq > displaced_until_[i]) {
      TRY(auto balance, recorded_[i].after({place.seq, sub}));
      out_ << " = " << amount_text(balance, currency);
    }
    out_ << "\n";
    return success();
  }

  void closing() {
    out_ << "\n" << picture_.last_date().iso() << " * 余额核对\n";
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const Currency currency = picture_.accounts[i].currency;
      out_ << "    " << names_[i] << "  " << amount_text(0, currency) << " = "
           << amount_text(debit_balance(picture_.balances[i]), currency) << "\n";
    }
  }

  const Book& book_;
  const Picture& picture_;
  std::ostream& out_;
  std::vector<std::string> names_;              // by id - 1
  std::vector<RecordedBalances> recorded_;      // by id - 1
  std::vector<std::uint64_t> displaced_until_;  // by id - 1: sequence of the last adjustment seen
};

// --- beancount ---

std::string_view beancount_root(AccountType type) {
  switch (type) {
    case AccountType::kAsset:
      return "Assets";
    case AccountType::kLiability:
      return "Liabilities";
    case AccountType::kEquity:
      return "Equity";
    case AccountType::kIncome:
      return "Income";
    case AccountType::kExpense:
      return "Expenses";
  }
  return "?";
}

bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter_or_digit(char c) {
  return is_small(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::string beancount_component(std::string_view segment, bool below_root) {
  std::string out;
  for (const char c : segment) out += is_letter_or_digit(c) ? c : '-';
  char& first = out.front();
  if (is_small(first)) first = static_cast<char>(first - 'a' + 'A');
  // Directly below the root bean-check wants a capital or a digit; further down Chinese may begin.
  if (first == '-' || (below_root && static_cast<unsigned char>(first) >= 0x80))
    out.insert(out.begin(), 'X');
  return out;
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

class BeancountWriter {
 public:
  BeancountWriter(const Book& book, const Picture& picture, std::ostream& out)
      : book_(book),
        picture_(picture),
        out_(out),
        names_(beancount_names(picture.accounts)),
        with_children_(names_.size()),
        own_(names_.size()),
        tree_(names_.size()) {
    std::map<std::string_view, std::size_t> by_name;
    for (std::size_t i = 0; i < names_.size(); ++i) by_name.emplace(names_[i], i);
    for (std::size_t i = 0; i < names_.size(); ++i)
      for (std::string_view name = names_[i];;) {
        if (const auto it = by_name.find(name);
            it != by_name.end() &&
            picture.accounts[it->second].currency == picture.accounts[i].currency)
          with_children_[i].push_back(it->second);
        const std::size_t colon = name.rfind(':');
        if (colon == std::string_view::npos) break;
        name = name.substr(0, colon);
      }
  }

  Result<void> write() {
    declare();
    const std::vector<Place>& places = picture_.places;
    for (std::size_t i = 0; i < places.size(); ++i) {
      TRY(auto command, command_at(book_, places[i].seq));
      transaction(command);
      if (i + 1 == places.size() || places[i + 1].date != places[i].date) end_day(places[i].date);
    }
    for (std::size_t i = 0; i < names_.size(); ++i)
      if (own_[i] != debit_balance(picture_.balances[i]))
        return fail(Errc::kMismatch, "account {}: its vouchers do not add up to its balance",
                    picture_.accounts[i].code);
    return success();
  }

 private:
  void declare() {
    const std::string date = picture_.first_date().iso();
    for (const Currency currency : picture_.currencies())
      out_ << date << " commodity " << code_of(currency) << "\n";
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const Account& account = picture_.accounts[i];
      out_ << date << " open " << names_[i] << " " << code_of(account.currency)
           << "\n  code: " << in_quotes(account.code) << "\n";
      if (!account.name.empty()) out_ << "  name: " << in_quotes(account.name) << "\n";
    }
  }

  void transaction(const StoredCommand& command) {
    out_ << "\n"
         << command.effects.date.iso() << " * "
         << in_quotes(command.effects.text ? command.effects.text->summary : std::string{})
         << "\n  voucher: " << in_quotes(voucher_name(command)) << "\n  seq: " << command.seq
         << "\n  id: " << in_quotes(command.key.hex()) << "\n";
    if (command.effects.effective)
      out_ << "  effective: " << command.effects.effective->iso() << "\n";
    for (const Transfer& t : command.effects.transfers) {
      posting(t.debit, t.amount);
      posting(t.credit, -Int128{t.amount});
    }
  }

  void posting(AccountId id, Int128 amount) {
    const std::size_t i = id.value - 1;
    out_ << "  " << names_[i] << "  " << amount_text(amount, picture_.account(id).currency) << "\n";
    own_[i] += amount;
    for (const std::size_t account : with_children_[i]) {
      tree_[account] += amount;
      touched_.insert(account);
    }
  }

  // A balance holds at the start of its day, hence the next one.
  void end_day(Date date) {
    out_ << "\n";
    for (const std::size_t i : touched_) {
      const Currency currency = picture_.accounts[i].currency;
      out_ << date.plus_days(1).iso() << " balance " << names_[i] << "  "
           << format_major(Money{static_cast<std::int64_t>(tree_[i]), currency}) << " ~ 0 "
           << code_of(currency) << "\n";
    }
    touched_.clear();
  }

  const Book& book_;
  const Picture& picture_;
  std::ostream& out_;
  std::vector<std::string> names_;                       // by id - 1
  std::vector<std::vector<std::size_t>> with_children_;  // itself and the accounts above it
  std::vector<Int128> own_;                              // debit balance of the account alone
  std::vector<Int128> tree_;                             // with what is below it
  std::set<std::size_t> touched_;                        // since the day began
};

Result<void> written(std::ostream& out) {
  out.flush();
  if (!out) return fail(Errc::kIo, "writing the export");
  return success();
}

}  // namespace

std::vector<std::string> beancount_names(const std::vector<Account>& accounts) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (const Account& account : accounts) {
    std::string name(beancount_root(account.type));
    std::string_view rest = account.code;
    for (bool below_root = true;; below_root = false) {
      const std::size_t slash = rest.find('/');
      name += ":" + beancount_component(rest.substr(0, slash), below_root);
      if (slash == std::string_view::npos) break;
      rest = rest.substr(slash + 1);
    }
    while (!taken.insert(name).second) name += fmt::format("-{}", account.id);
    names.push_back(std::move(name));
  }
  return names;
}

Result<void> export_hledger(const Book& book, std::ostream& out) {
  TRY(auto picture, picture_of(book));
  TRY(HledgerWriter(book, picture, out).write());
  return written(out);
}

Result<void> export_beancount(const Book& book, std::ostream& out) {
  TRY(auto picture, picture_of(book));
  TRY(BeancountWriter(book, picture, out).write());
  return written(out);
}

}  // namespace suanpan
