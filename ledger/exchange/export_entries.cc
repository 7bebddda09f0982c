#include "ledger/exchange/export_entries.h"

#include <algorithm>
#include <ostream>
#include <unordered_set>

#include "ledger/core/plan_close.h"
#include "ledger/exchange/journal_entry.h"

namespace suanpan {
namespace {

std::string_view field(const Content& content, std::string_view name) {
  for (const auto& [field, value] : content)
    if (field == name) return value;
  return {};
}

std::vector<std::int64_t> amounts_of(std::string_view list) {
  std::vector<std::int64_t> amounts;
  for (std::size_t blank; (blank = list.find(' ')) != std::string_view::npos;
       list = list.substr(blank + 1))
    amounts.push_back(std::stoll(std::string(list.substr(0, blank))));
  return amounts;
}

void take_terms(JournalEntry& e, const Content& content) {
  AccountTerms& terms = e.open.terms;
  e.open.code = field(content, "code");
  terms.limit = limit_kind_of(field(content, "limit")).value_or(LimitKind::kNone);
  const std::string line(field(content, "credit_line"));
  terms.credit_line = line.empty() ? 0 : std::stoll(line);
  terms.frozen_in = field(content, "frozen").starts_with("in");
  terms.frozen_out = field(content, "frozen").ends_with("out");
  terms.closed = field(content, "closed") == "true";
  terms.hot = field(content, "hot") == "true";
  const std::string version(field(content, "expected_version"));
  if (!version.empty()) e.expected_version = static_cast<std::uint32_t>(std::stoul(version));
}

void take_opening(JournalEntry& e, const Account& account) {
  e.open.code = account.code;
  e.open.name = account.name;
  e.open.type = account.type;
  e.open.normal = account.normal;
  e.open.currency = account.currency;
  e.open.terms = account.terms;
}

/// Tells journal entries as text; knows the codes of the accounts opened so far.
class Teller {
 public:
  /// The entries that one command amounts to: one, none, or an opening for each account.
  std::vector<JournalEntry> tell(const StoredCommand& command) {
    std::vector<JournalEntry> told;
    const bool before = std::exchange(linked_, command.linked);
    const bool grouped = command.linked || before;
    if (cannot_be_refused_again(command, grouped)) {
      untold_.insert(command.key);
      return told;
    }
    if (static_cast<int>(command.kind) > static_cast<int>(CommandKind::kOpenBook))
      tell_other_rooms(command, told);
    else
      tell_own(command, told);
    if (told.empty()) untold_.insert(command.key);
    for (const Account& account : command.effects.accounts) {
      codes_.resize(std::max<std::size_t>(codes_.size(), account.id.value + 1));
      codes_[account.id.value] = account.code;
    }
    return told;
  }

 private:
  // A refusal that came of what is not told: of a group, of an expectation, of a chart of accounts,
  // or of a command that is not told itself.
  bool cannot_be_refused_again(const StoredCommand& command, bool grouped) const {
    if (command.refusal.code == RefusalCode::kNone) return false;
    for (const std::string_view name : {"hold", "original"})
      if (const auto of = ClaimKey::from_hex(field(command.content, name));
          of && untold_.contains(*of))
        return true;
    return grouped || command.effects.rules || command.kind == CommandKind::kOpenAccount;
  }

  static JournalEntry begin(const StoredCommand& command, CommandKind kind) {
    JournalEntry e;
    e.kind = kind;
    e.time = command.timestamp;
    e.key = command.key;
    if (command.refusal.code != RefusalCode::kNone) e.refused = name_of(command.refusal.code);
    e.number = command.voucher_no;
    return e;
  }

  std::string code(AccountId id) const {
    const bool known = id.value < codes_.size() && !codes_[id.value].empty();
    return known ? codes_[id.value] : fmt::format(":{}", id.value);
  }

  JournalEntry voucher(const StoredCommand& command) const {
    JournalEntry e = begin(command, CommandKind::kVoucher);
    e.type = command.effects.type;
    e.code = command.effects.code;
    e.date = command.effects.date;
    e.date_given = command.date_given;
    e.adjustment = command.adjustment;
    e.effective = command.effects.effective;
    e.hold = command.hold;
    e.expires_at = command.expires_at;
    if (command.effects.text) e.text = *command.effects.text;
    for (const Transfer& t : command.effects.transfers)
      e.legs.push_back(TextLeg{code(t.debit), code(t.credit), t.amount});
    return e;
  }

  void tell_other_rooms(const StoredCommand& command, std::vector<JournalEntry>& told) const {
    if (command.refusal.code != RefusalCode::kNone) return;
    for (const Account& account : command.effects.accounts) {
      JournalEntry e = begin(command, CommandKind::kOpenAccount);
      e.number = 0;
      e.key.id = id_of(fmt::format("{}|{}", command.key.hex(), account.code));
      take_opening(e, account);
      told.push_back(std::move(e));
    }
    if (!command.effects.transfers.empty()) told.push_back(voucher(command));
  }

  void tell_own(const StoredCommand& command, std::vector<JournalEntry>& told) {
    const Content& content = command.content;
    JournalEntry e = begin(command, command.kind);
    switch (command.kind) {
      case CommandKind::kVoucher:
        e = voucher(command);
        break;
      case CommandKind::kPostHold:
      case CommandKind::kReversal: {
        const bool posts = command.kind == CommandKind::kPostHold;
        e.of = ClaimKey::from_hex(field(content, posts ? "hold" : "original")).value_or(ClaimKey{});
        e.amounts = amounts_of(field(content, "amounts"));
        e.date = Date::parse(field(content, "date"));
        e.date_given = e.date.has_value();
        e.adjustment = field(content, "adjustment") == "true";
        e.text = VoucherText{
            std::string(field(content, "summary")), std::string(field(content, "business_key")),
            std::string(field(content, "metadata")), std::string(field(content, "maker")),
            std::string(field(content, "checker"))};
        break;
      }
      case CommandKind::kVoidHold:
      case CommandKind::kExpireHold:
        e.of = ClaimKey::from_hex(field(content, "hold")).value_or(ClaimKey{});
        break;
      case CommandKind::kOpenAccount:
        tell_account(e, command);
        break;
      case CommandKind::kSetTerms:
        // A change that names only what changes is told by what became of it; refused, by nothing.
        if (field(content, "limit").empty()) {
          if (command.effects.accounts.empty()) return;
          take_opening(e, command.effects.accounts.front());
          e.open.currency.reset();
        } else {
          take_terms(e, content);
        }
        break;
      case CommandKind::kDayCut:
        e.date = Date::parse(field(content, "next"));
        break;
      case CommandKind::kPeriodClose:
        e.date = Date::parse(field(content, "through"));
        break;
      case CommandKind::kOpenBook:
        e.date = Date::parse(field(content, "first_date"));
        e.open.currency = currency_of(field(content, "currency"));
        break;
      default:
        return;
    }
    told.push_back(std::move(e));
  }

  static void tell_account(JournalEntry& e, const StoredCommand& command) {
    const Content& content = command.content;
    if (field(content, "limit").empty()) {
      if (!command.effects.accounts.empty()) take_opening(e, command.effects.accounts.front());
      return;
    }
    take_terms(e, content);
    e.open.name = field(content, "name");
    e.open.type = account_type_of(field(content, "type")).value_or(AccountType::kAsset);
    e.open.normal = field(content, "normal") == "debit" ? Side::kDebit : Side::kCredit;
    e.open.currency = currency_of(field(content, "currency"));
  }

  std::vector<std::string> codes_;  // by id
  std::unordered_set<ClaimKey> untold_;
  bool linked_ = false;  // whether the command before is of one group with this one
};

/// The first year whose end has begun to be carried forward, by then.
std::optional<std::int32_t> carried_year(const State& state) {
  for (std::int32_t year = 1900; year <= state.book().accounting_date.year(); ++year) {
    const DocumentPtr stored = state.document(DocumentKind::kYearClose, year_close_key(year));
    const auto close = stored ? decode_year_close(stored->bytes) : std::nullopt;
    if (close && close->state != YearCloseState::kRequested &&
        close->state != YearCloseState::kRejected)
      return year;
  }
  return std::nullopt;
}

Result<void> write(const Book& book, std::ostream& out, const std::string& header,
                   std::string (*to_text)(const JournalEntry&)) {
  Teller teller;
  std::uint64_t until = 0;
  const auto year = book.read([&](const State& state, std::uint64_t seq) {
    until = seq;
    return carried_year(state);
  });
  if (year)
    return fail(Errc::kUnsupported,
                "the year {} is carried forward, which is told in no entry that could be imported: "
                "take a backup",
                *year);
  out << header;
  TRY(book.for_each_command_after(0, [&](const StoredCommand& command) {
    if (command.seq > until) return false;
    for (const JournalEntry& entry : teller.tell(command)) out << to_text(entry);
    return static_cast<bool>(out);
  }));
  out.flush();
  if (!out) return fail(Errc::kIo, "writing the export");
  return success();
}

}  // namespace

Result<void> export_jsonl(const Book& book, std::ostream& out) {
  return write(book, out, "", to_jsonl);
}

Result<void> export_csv(const Book& book, std::ostream& out) {
  return write(book, out, csv_header(), to_csv);
}

}  // namespace suanpan
