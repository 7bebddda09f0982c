#include "ledger/exchange/tell_entries.h"

#include <algorithm>
#include <span>
#include <utility>

#include "ledger/base/digest.h"
#include "ledger/base/limits.h"
#include "ledger/core/hold.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan {
namespace {

bool has(const Content& content, std::string_view name) {
  for (const auto& [field, value] : content)
    if (field == name) return true;
  return false;
}

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

VoucherText text_of(const Content& content) {
  return {std::string(field(content, "summary")), std::string(field(content, "business_key")),
          std::string(field(content, "metadata")), std::string(field(content, "maker")),
          std::string(field(content, "checker"))};
}

/// Whether all terms stand in a content, as plan_account.h writes them. A request of the API names
/// those that change.
bool has_all_terms(const Content& content) { return has(content, "frozen"); }

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
}

void take_account(JournalEntry& e, const Account& account) {
  e.open.code = account.code;
  e.open.terms = account.terms;
  if (e.kind != CommandKind::kOpenAccount) return;
  e.open.name = account.name;
  e.open.type = account.type;
  e.open.normal = account.normal;
  e.open.currency = account.currency;
}

void take_opening(JournalEntry& e, const StoredCommand& command) {
  const Content& content = command.content;
  if (!has_all_terms(content)) return take_account(e, command.effects.accounts.front());
  take_terms(e, content);
  e.open.name = field(content, "name");
  e.open.type = account_type_of(field(content, "type")).value_or(AccountType::kAsset);
  e.open.normal = field(content, "normal") == "debit" ? Side::kDebit : Side::kCredit;
  e.open.currency = currency_of(field(content, "currency"));
}

JournalEntry begin(const StoredCommand& command, CommandKind kind) {
  JournalEntry e;
  e.kind = kind;
  e.time = command.timestamp;
  e.key = command.key;
  if (command.refusal.code != RefusalCode::kNone) e.refused = name_of(command.refusal.code);
  e.number = command.voucher_no;
  if (command.effects.text) e.text = *command.effects.text;
  return e;
}

bool is_accepted(const StoredCommand& command) {
  return command.refusal.code == RefusalCode::kNone;
}

/// Whether the command is one of the ledger's, told as it was asked for.
bool is_own(const StoredCommand& command) { return command.kind <= CommandKind::kYearClose; }

std::vector<Subject> subjects_in(const ChangeSet& effects) {
  std::vector<Subject> subjects;
  for (const DocumentChange& d : effects.documents)
    if (d.kind == DocumentKind::kSubject)
      if (auto subject = decode_subject(d.bytes)) subjects.push_back(std::move(*subject));
  return subjects;
}

/// Of a refused one what was asked for.
Subject subject_of(const Content& content) {
  Subject s;
  s.code = field(content, "subject");
  s.name = field(content, "name");
  s.type = account_type_of(field(content, "type")).value_or(AccountType::kAsset);
  s.normal = field(content, "normal") == "debit" ? Side::kDebit : Side::kCredit;
  s.leaf = field(content, "leaf") == "true";
  std::string_view list = field(content, "dimensions");
  for (std::size_t blank; (blank = list.find(' ')) != std::string_view::npos;
       list = list.substr(blank + 1))
    s.dimensions.emplace_back(list.substr(0, blank));
  s.closes_into = field(content, "closes_into");
  return s;
}

void take_chart(JournalEntry& e, const StoredCommand& command) {
  if (!is_accepted(command)) {
    e.subjects = {subject_of(command.content)};
    return;
  }
  for (const DocumentChange& d : command.effects.documents)
    if (d.kind == DocumentKind::kChart)
      if (const auto chart = decode_chart(d.bytes)) e.chart = chart->name;
  e.subjects = subjects_in(command.effects);
}

void take_year_step(JournalEntry& e, const Content& content) {
  e.text = {};
  e.year = std::stoi(std::string(field(content, "year")));
  if (has(content, "maker")) {
    e.step = YearStep::kRequest;
    e.text.maker = field(content, "maker");
  } else if (has(content, "rejected_by")) {
    e.step = YearStep::kReject;
    e.text.checker = field(content, "rejected_by");
  } else if (has(content, "checker")) {
    e.step = YearStep::kBegin;
    e.text.checker = field(content, "checker");
  } else {
    e.step = has(content, "legs") ? YearStep::kCarry : YearStep::kFinish;
    e.expected_version =
        static_cast<std::uint32_t>(std::stoul(std::string(field(content, "version"))));
  }
}

Error untold(const StoredCommand& command, std::string_view why) {
  return fail(Errc::kUnsupported,
              "journal entry {}, a {} command: it {}, which is told in no entry that could be "
              "imported: take a backup",
              command.seq, name_of(command.kind), why);
}

bool all_are(std::span<const Transfer> legs, TransferKind kind) {
  return std::ranges::all_of(legs, [&](const Transfer& t) { return t.kind == kind; });
}

struct HoldChange {
  ClaimKey name;
  Hold after;
  bool made = false;  ///< by this command
};

/// Nothing where not exactly one hold changed.
std::optional<HoldChange> only_hold(const ChangeSet& effects) {
  std::optional<HoldChange> found;
  for (const DocumentChange& d : effects.documents) {
    if (d.kind != DocumentKind::kHold) continue;
    const auto name = ClaimKey::from_bytes(d.key);
    auto hold = decode_hold(d.bytes);
    if (found || !name || !hold) return std::nullopt;
    found = HoldChange{*name, std::move(*hold), d.version == 1};
  }
  return found;
}

}  // namespace

std::optional<ClaimKey> original_of(const StoredCommand& command) {
  if (command.kind != CommandKind::kReversal) return std::nullopt;
  return ClaimKey::from_hex(field(command.content, "original"));
}

Result<std::vector<JournalEntry>> EntryTeller::tell(const StoredCommand& command) {
  if (group_.empty() && !command.linked) return tell_one(command);
  group_.push_back(command);
  if (command.linked) return std::vector<JournalEntry>{};
  return tell_group(std::exchange(group_, {}));
}

Result<std::vector<JournalEntry>> EntryTeller::tell_one(const StoredCommand& command) {
  std::vector<JournalEntry> told;
  if (!is_accepted(command)) {
    if (is_own(command) && can_be_refused_again(command)) {
      TRY(tell_asked(command, told));
    }
  } else if (is_own(command) && command.kind != CommandKind::kVoucher) {
    TRY(tell_asked(command, told));
  } else {
    TRY(tell_effects(command, told));
  }
  note(command, told);
  return told;
}

// What fell stands or falls by each of its items, and by their moments: a nanosecond apart.
Result<std::vector<JournalEntry>> EntryTeller::tell_group(const std::vector<StoredCommand>& group) {
  if (!std::ranges::all_of(group, is_accepted) &&
      !std::ranges::all_of(group, [&](const StoredCommand& c) {
        return is_own(c) && may_be_linked(c.kind) && can_be_refused_again(c);
      })) {
    std::vector<JournalEntry> none;
    for (const StoredCommand& command : group) note(command, none);
    return none;
  }
  std::vector<JournalEntry> told;
  for (const StoredCommand& command : group) {
    TRY(auto entries, tell_one(command));
    std::ranges::move(entries, std::back_inserter(told));
  }
  const bool whole =
      told.size() <= kMaxBatchItems &&
      std::ranges::all_of(told, [](const JournalEntry& e) { return may_be_linked(e.kind); }) &&
      std::ranges::adjacent_find(told, [](const JournalEntry& a, const JournalEntry& b) {
        return b.time.ns != a.time.ns + 1;
      }) == told.end();
  if (whole)
    for (std::size_t i = 0; i + 1 < told.size(); ++i) told[i].linked = true;
  return told;
}

// Not what came of something that is not told: of who asked, of what another command than a voucher
// expected, of content of which only a digest is kept, of an original that is not known by its id.
bool EntryTeller::can_be_refused_again(const StoredCommand& command) const {
  const Content& content = command.content;
  if (command.effects.rules && command.kind != CommandKind::kVoucher) return false;
  switch (command.kind) {
    case CommandKind::kVoucher:
      // What two people approve was asked for in words of another room: it has no legs here.
      return !command.effects.transfers.empty();
    case CommandKind::kOpenAccount:
      // Whoever opens an account for others may open less than the ledger would.
      return has_all_terms(content) && command.refusal.code != RefusalCode::kSecondPersonNeeded;
    case CommandKind::kSetTerms:
      return has_all_terms(content);
    case CommandKind::kDayCut:
      // Whoever asks may not cut a day that the clock has not come to; the book itself would.
      return command.refusal.code == RefusalCode::kDayCutNotForward ||
             command.refusal.code == RefusalCode::kGroupFailed;
    case CommandKind::kReversal: {
      const auto original = original_of(command);
      if (!original || otherwise_.contains(*original)) return !original;
      return command.refusal.code != RefusalCode::kVoucherNotReversible ||
             !made_vouchers_.contains(*original);
    }
    case CommandKind::kChart:
      return has(content, "subject");
    case CommandKind::kYearClose:
      return !has(content, "legs");
    default:
      return true;
  }
}

Result<void> EntryTeller::tell_asked(const StoredCommand& command,
                                     std::vector<JournalEntry>& told) const {
  const Content& content = command.content;
  const ChangeSet& effects = command.effects;
  const bool of_account =
      command.kind == CommandKind::kOpenAccount || command.kind == CommandKind::kSetTerms;
  if (is_accepted(command) && effects.accounts.size() != (of_account ? 1U : 0U))
    return untold(command, "changes accounts besides");
  JournalEntry e = begin(command, command.kind);
  switch (command.kind) {
    case CommandKind::kVoucher:
      e = voucher(command);
      break;
    case CommandKind::kPostHold:
      e.of = ClaimKey::from_hex(field(content, "hold")).value_or(ClaimKey{});
      e.amounts = amounts_of(field(content, "amounts"));
      e.text = text_of(content);
      e.type = effects.type;
      for (const Transfer& t : effects.transfers)
        if (t.kind == TransferKind::kPosted) e.legs.push_back(leg(t));
      break;
    case CommandKind::kReversal:
      e.of = original_of(command).value_or(ClaimKey{});
      if (is_accepted(command) && otherwise_.contains(e.of))
        return untold(command, "reverses what bears another id there");
      e.amounts = amounts_of(field(content, "amounts"));
      e.date = Date::parse(field(content, "date"));
      e.date_given = e.date.has_value();
      e.adjustment = field(content, "adjustment") == "true";
      e.text = text_of(content);
      break;
    case CommandKind::kVoidHold:
    case CommandKind::kExpireHold:
      e.of = ClaimKey::from_hex(field(content, "hold")).value_or(ClaimKey{});
      break;
    case CommandKind::kOpenAccount:
      take_opening(e, command);
      break;
    case CommandKind::kSetTerms: {
      // What became of it, whatever of it was named; refused, what was asked for.
      if (is_accepted(command))
        take_account(e, effects.accounts.front());
      else
        take_terms(e, content);
      const std::string version(field(content, "expected_version"));
      if (!version.empty()) e.expected_version = static_cast<std::uint32_t>(std::stoul(version));
      break;
    }
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
    case CommandKind::kChart:
      take_chart(e, command);
      break;
    case CommandKind::kYearClose:
      take_year_step(e, content);
      for (const Transfer& t : effects.transfers) e.legs.push_back(leg(t));
      break;
    default:
      return untold(command, "is none of the ledger's own");
  }
  told.push_back(std::move(e));
  return success();
}

Result<void> EntryTeller::tell_effects(const StoredCommand& command,
                                       std::vector<JournalEntry>& told) const {
  const ChangeSet& effects = command.effects;
  if (effects.book) return untold(command, "moves the book's days");
  for (const DocumentChange& d : effects.documents)
    if (d.kind == DocumentKind::kChart) return untold(command, "adopts a chart");
  for (const Subject& subject : subjects_in(effects))
    told.push_back(subject_entry(command, subject));
  for (const Account& account : effects.accounts) told.push_back(account_entry(command, account));
  if (told.size() == 1 && told.front().kind != CommandKind::kOpenAccount)
    told.front().key = command.key;
  if (effects.transfers.empty()) return success();
  // Whether the terms before or after hold for the money, an entry of either cannot say.
  if (!told.empty()) return untold(command, "changes accounts and moves money at once");
  TRY(auto moved, movement(command));
  told.push_back(std::move(moved));
  return success();
}

JournalEntry EntryTeller::account_entry(const StoredCommand& command,
                                        const Account& account) const {
  JournalEntry e =
      begin(command, is_known(account.id) ? CommandKind::kSetTerms : CommandKind::kOpenAccount);
  e.text = {};
  e.key.id = id_of(fmt::format("{}|{}", command.key.hex(), account.code));
  take_account(e, account);
  return e;
}

JournalEntry EntryTeller::subject_entry(const StoredCommand& command,
                                        const Subject& subject) const {
  JournalEntry e = begin(command, CommandKind::kChart);
  e.text = {};
  e.key.id = id_of(fmt::format("{}|chart|{}", command.key.hex(), subject.code));
  e.subjects = {subject};
  return e;
}

Result<JournalEntry> EntryTeller::movement(const StoredCommand& command) const {
  const auto& legs = command.effects.transfers;
  const auto hold = only_hold(command.effects);
  JournalEntry e = voucher(command);
  if (all_are(legs, TransferKind::kPosted)) {
    e.hold = false;
  } else if (all_are(legs, TransferKind::kPending) && hold && hold->made) {
    e.hold = true;
    e.key = hold->name;
    e.expires_at = hold->after.expires_at;
  } else if (all_are(legs, TransferKind::kVoidPending) && hold &&
             hold->after.state == HoldState::kVoided) {
    JournalEntry given_back = begin(command, CommandKind::kVoidHold);
    given_back.of = hold->name;
    TRY(check_told(command, given_back));
    return given_back;
  } else {
    return posting_of_hold(command);
  }
  TRY(check_told(command, e));
  return e;
}

Result<JournalEntry> EntryTeller::posting_of_hold(const StoredCommand& command) const {
  const ChangeSet& effects = command.effects;
  const std::span<const Transfer> legs(effects.transfers.data(), effects.transfers.size());
  const auto beyond = std::ranges::find_if(
      legs, [](const Transfer& t) { return t.kind != TransferKind::kPostPending; });
  const auto of_hold = static_cast<std::size_t>(beyond - legs.begin());
  const auto hold = only_hold(effects);
  if (!hold || of_hold == 0 || !all_are(legs.subspan(of_hold), TransferKind::kPosted))
    return untold(command, "reserves, posts or gives back otherwise than one hold at a time");
  JournalEntry e = begin(command, CommandKind::kPostHold);
  e.of = hold->name;
  e.type = effects.type;
  if (hold->after.state != HoldState::kPosted) {
    // Whose legs these are can be told where each leg of the hold has one.
    if (of_hold != hold->after.legs.size())
      return untold(command, "posts some legs of a hold in part");
    for (const Transfer& t : legs.first(of_hold)) e.amounts.push_back(t.amount);
  }
  for (const Transfer& t : legs.subspan(of_hold)) e.legs.push_back(leg(t));
  if (effects.code != 0 || effects.effective || effects.date != open_day_)
    return untold(command, "posts a hold with a code or a date of its own");
  TRY(check_told(command, e));
  return e;
}

JournalEntry EntryTeller::voucher(const StoredCommand& command) const {
  JournalEntry e = begin(command, CommandKind::kVoucher);
  const ChangeSet& effects = command.effects;
  e.type = effects.type;
  e.code = effects.code;
  e.date = effects.date;
  // What two people approved into a day that was cut does not say that it named its date.
  const bool behind = is_accepted(command) && open_day_ && effects.date < *open_day_;
  e.date_given = command.date_given || behind;
  e.adjustment = command.adjustment || behind;
  e.effective = effects.effective;
  e.hold = command.hold;
  e.expires_at = command.expires_at;
  for (const Transfer& t : effects.transfers) e.legs.push_back(leg(t));
  if (!effects.rules) return e;
  for (const Sweep& sweep : effects.rules->sweeps) {
    e.legs.at(sweep.leg).up_to = sweep.of;
    e.legs[sweep.leg].at_most = sweep.at_most;
  }
  for (const Expectation& x : effects.rules->expects)
    e.expects.push_back({code(x.account), x.version, x.of, x.at_least, x.at_most});
  return e;
}

// What the import would refuse by its shape or its date. Other rooms go by the same limits, unless
// one has been forgotten.
Result<void> EntryTeller::check_told(const StoredCommand& command, const JournalEntry& e) const {
  if (!check_text(&e.text)) return untold(command, "says what no voucher may say");
  if (e.legs.size() > kMaxVoucherLegs) return untold(command, "has too many legs");
  for (const TextLeg& leg : e.legs)
    if (leg.amount > kMaxAmountMinor) return untold(command, "moves too much at once");
  const VoucherText& text = e.text;
  if (e.adjustment && e.date < open_day_ &&
      (e.hold || text.maker.empty() || text.checker.empty() || text.maker == text.checker))
    return untold(command, "is dated before the open day, not by two people");
  return success();
}

void EntryTeller::note(const StoredCommand& command, std::vector<JournalEntry>& told) {
  bool is_itself = false;
  for (JournalEntry& e : told) {
    last_time_ = e.time = std::max(e.time, Timestamp{last_time_.ns + 1});
    if (e.key == command.key) {
      is_itself = true;
      if (e.kind != command.kind && reversed_.contains(e.key)) made_vouchers_.insert(e.key);
    } else if (reversed_.contains(e.key)) {
      otherwise_.insert(e.key);
    }
  }
  if (!is_itself && reversed_.contains(command.key)) otherwise_.insert(command.key);
  if (command.effects.book) open_day_ = command.effects.book->accounting_date;
  for (const Account& account : command.effects.accounts) {
    codes_.resize(std::max<std::size_t>(codes_.size(), account.id.value + 1));
    codes_[account.id.value] = account.code;
  }
}

bool EntryTeller::is_known(AccountId id) const {
  return id.value < codes_.size() && !codes_[id.value].empty();
}

TextLeg EntryTeller::leg(const Transfer& t) const {
  return {code(t.debit), code(t.credit), t.amount};
}

std::string EntryTeller::code(AccountId id) const {
  return is_known(id) ? codes_[id.value] : fmt::format(":{}", id.value);
}

}  // namespace suanpan
