#include "ledger/engine/audit.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace suanpan {
namespace {

constexpr TransferKind kind_of(const Record& leg) {
  return static_cast<TransferKind>(leg.transfer_kind);
}

bool posts(TransferKind kind) {
  return kind == TransferKind::kPosted || kind == TransferKind::kPostPending ||
         kind == TransferKind::kRed;
}

bool fits(Int128 value) {
  return value >= std::numeric_limits<std::int64_t>::min() &&
         value <= std::numeric_limits<std::int64_t>::max();
}

bool is_known(Currency currency) {
  for (const Currency known :
       {Currency::kCHF, Currency::kCNY, Currency::kCZK, Currency::kEUR, Currency::kGBP,
        Currency::kHKD, Currency::kJPY, Currency::kSEK, Currency::kUSD})
    if (currency == known) return true;
  return false;
}

// The codec takes numbers as they come.
bool is_described(const Account& a) {
  return a.type >= AccountType::kAsset && a.type <= AccountType::kExpense &&
         a.normal <= Side::kCredit && a.terms.limit <= LimitKind::kCreditLine &&
         is_known(a.currency) && a.terms.credit_line >= 0;
}

template <class... Args>
Fault fault(const Record& at, fmt::format_string<Args...> format, Args&&... args) {
  return fmt::format("journal entry {}: ", at.seq) +
         fmt::format(format, std::forward<Args>(args)...);
}

}  // namespace

std::string described(const Account& account) {
  return fmt::format("{} (account {})", account.code, account.id);
}

std::string decimal(Int128 value) {
  if (value == 0) return "0";
  const bool negative = value < 0;
  std::string digits;
  for (; value != 0; value /= 10) {
    const int digit = static_cast<int>(value % 10);
    digits.push_back(static_cast<char>('0' + (digit < 0 ? -digit : digit)));
  }
  if (negative) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

void EntryDigest::add(const Entry& entry) {
  // Products of 64 by 64 bits, folded: each word meets a constant of its own.
  const auto fold = [](std::uint64_t x, std::uint64_t y) {
    __extension__ typedef unsigned __int128 Product;
    const auto product = static_cast<Product>(x) * y;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  };
  const std::uint64_t where = std::uint64_t{entry.sub} << 32 | entry.counter;
  const std::uint64_t when =
      std::uint64_t{static_cast<std::uint32_t>(entry.date_days)} << 8 | entry.side;
  const std::uint64_t what =
      fold(entry.seq ^ 0xa0761d6478bd642fULL, where ^ 0xe7037ed1a0b428dbULL) ^
      fold(static_cast<std::uint64_t>(entry.amount) ^ 0x8ebc6af09c88c6e3ULL,
           static_cast<std::uint64_t>(entry.balance_after) ^ 0x589965cc75374cc3ULL) ^
      mix64(when + 0x9e3779b97f4a7c15ULL);
  value = fold(value ^ what, 0x1d8e4e27c47d124fULL) + what;
  ++count;
}

void AuditedAccount::move(const Transfer& transfer, Side side) {
  const bool debit = side == Side::kDebit;
  Int128& posted = debit ? debit_posted : credit_posted;
  Int128& pending = debit ? debit_pending : credit_pending;
  if (posts(transfer.kind)) posted += transfer.amount;
  if (transfer.kind == TransferKind::kRed) (debit ? debit_red : credit_red) += transfer.amount;
  if (transfer.kind == TransferKind::kPending) pending += transfer.amount;
  if (transfer.kind == TransferKind::kPostPending || transfer.kind == TransferKind::kVoidPending)
    pending -= transfer.amount;
}

Entry AuditedAccount::entry_of(const Record& leg, Side side) const {
  Entry entry{};
  entry.seq = leg.seq;
  entry.amount = leg.amount;
  entry.balance_after = static_cast<std::int64_t>(balance());
  entry.counter = side == Side::kDebit ? leg.credit : leg.debit;
  entry.date_days = leg.date_days;
  entry.sub = leg.leg * 2 + (side == Side::kDebit ? 0 : 1);
  entry.side = side == Side::kDebit ? 0 : 1;
  return entry;
}

Result<Fault> Audit::take(std::span<const Record> legs, const VariablePart* part) {
  const Record& first = legs.front();
  const Command command{legs, part, first, static_cast<CommandKind>(first.command_kind)};
  if (Fault f = check_shape(command)) return f;
  if (Fault f = check_identity(command)) return f;
  ++counters_.commands;
  if (Fault f = take_link(command)) return f;
  if (first.refusal != 0) {
    ++counters_.refusals;
    return check_refusal(command);
  }
  if (Fault f = open_book(command)) return f;
  if (Fault f = check_day(command)) return f;
  if (Fault f = check_number(command)) return f;
  if (Fault f = check_expectations(command)) return f;
  if (Fault f = move_money(command)) return f;
  take_business_key(command);
  TRY(auto documents, take_documents(command));
  if (documents) return documents;
  if (Fault f = take_accounts(command)) return f;
  return take_days(command);
}

// A command is one record, or one per leg, alike in everything but the leg.
Fault Audit::check_shape(const Command& command) const {
  const Record& first = command.first;
  if (name_of(command.kind) == "?")
    return fault(first, "an unknown kind of command, {}", first.command_kind);
  if (first.refusal != 0 && !refusal_of(first.refusal))
    return fault(first, "an unknown refusal, {}", first.refusal);
  if (first.voucher_type > static_cast<std::uint8_t>(VoucherType::kTransfer))
    return fault(first, "an unknown type of voucher, {}", first.voucher_type);
  if (first.id_hi == 0 && first.id_lo == 0) return fault(first, "it has no id");
  for (std::size_t i = 0; i < command.legs.size(); ++i) {
    const Record& leg = command.legs[i];
    if (leg.leg != i) return fault(first, "leg {} says that it is leg {}", i, leg.leg);
    if (leg.timestamp_ns != first.timestamp_ns || leg.key() != first.key() ||
        leg.command_kind != first.command_kind || leg.refusal != first.refusal ||
        leg.date_days != first.date_days || leg.voucher_no != first.voucher_no ||
        leg.voucher_type != first.voucher_type ||
        ((leg.flags ^ first.flags) & Record::kLinked) != 0)
      return fault(first, "leg {} belongs to another command", i);
    if (i > 0 && (leg.flags & Record::kHasVariable))
      return fault(first, "leg {} brings a variable part", i);
    if (leg.transfer_kind > static_cast<std::uint8_t>(TransferKind::kRed) && leg.moves_money())
      return fault(first, "an unknown kind of transfer, {}", leg.transfer_kind);
    if (first.refusal == 0 && leg.moves_money() != first.moves_money())
      return fault(first, "leg {} moves nothing", i);
  }
  if (first.refusal == 0 && !first.moves_money() &&
      (command.legs.size() > 1 || first.amount != 0 || first.debit != 0 || first.credit != 0))
    return fault(first, "an accepted leg moves nothing");
  return {};
}

Fault Audit::check_identity(const Command& command) {
  const Record& first = command.first;
  if (first.seq != last_seq_ + 1)
    return fault(first, "it follows entry {}: the sequence is broken", last_seq_);
  if (first.timestamp_ns <= last_timestamp_ns_)
    return fault(first, "its timestamp does not rise above that of the entry before");
  ids_.add(command.key());
  last_seq_ = first.seq;
  last_timestamp_ns_ = first.timestamp_ns;
  return {};
}

Result<std::optional<std::uint64_t>> Audit::find(const ClaimKey& key) const {
  for (const std::uint64_t seq : ids_.find(key)) {
    TRY(auto block, block_of_(seq));
    if (block->command(seq).front().key() == key) return std::optional(seq);
  }
  return std::optional<std::uint64_t>{};
}

Result<Fault> Audit::first_repeated_id() const {
  for (const auto& [first, second] : ids_.pairs()) {
    TRY(auto before, block_of_(first));
    TRY(auto block, block_of_(second));
    const Record& record = block->command(second).front();
    if (before->command(first).front().key() == record.key())
      return fault(record, "its id was claimed before, by entry {}", first);
  }
  return Fault{};
}

Fault Audit::check_refusal(const Command& command) const {
  for (const Record& leg : command.legs)
    if (leg.moves_money()) return fault(leg, "a refusal moves money");
  if (command.first.voucher_no != 0) return fault(command.first, "a refusal has a voucher number");
  if (const VariablePart* p = command.part)
    if (!p->accounts.empty() || !p->documents.empty() || !p->events.empty() || p->book)
      return fault(command.first, "a refusal changes something");
  return {};
}

// The first entry of a book says with which day and currency it begins.
Fault Audit::open_book(const Command& command) {
  if (command.kind != CommandKind::kOpenBook) return {};
  const VariablePart* part = command.part;
  if (command.first.seq != 1) return fault(command.first, "the book is opened again");
  if (command.moves_money() || !part || !part->book || !part->accounts.empty() ||
      !part->documents.empty())
    return fault(command.first, "the book's opening is no opening");
  for (const auto& [name, value] : part->content)
    if (name == "currency") currency_ = currency_of(value);
  return {};
}

Fault Audit::check_day(const Command& command) {
  const Record& first = command.first;
  const Date date{first.date_days};
  const bool of_the_open_day =
      command.kind == CommandKind::kOpenAccount || command.kind == CommandKind::kSetTerms ||
      command.kind == CommandKind::kDayCut || command.kind == CommandKind::kPeriodClose;
  // A journal that does not begin with its book's opening tells the first day by the first command
  // that is dated by the book.
  if (!days_ && first.date_days != 0 && (first.flags & Record::kDateGiven) == 0)
    days_ = BookChange{date, date.plus_days(-1)};
  if (days_ && of_the_open_day && date != days_->accounting_date)
    return fault(first, "it is dated {}, the open day is {}", date.iso(),
                 days_->accounting_date.iso());
  if (!command.moves_money()) return {};
  if (!days_) return fault(first, "money moves before the book has a day");
  if (command.kind == CommandKind::kYearClose && !carries_forward(command))
    return fault(first, "a year's end moves money on {} and carries no year of that end",
                 date.iso());
  if (date <= days_->closed_through && command.kind != CommandKind::kYearClose)
    return fault(first, "it is dated {} in a period closed through {}", date.iso(),
                 days_->closed_through.iso());
  if (date > days_->accounting_date)
    return fault(first, "it is dated {}, later than the open day {}", date.iso(),
                 days_->accounting_date.iso());
  if (date < days_->accounting_date &&
      (command.kind == CommandKind::kVoucher || command.kind == CommandKind::kReversal)) {
    const VoucherText* text = command.part ? command.part->text.get() : nullptr;
    if (!text || text->maker.empty() || text->checker.empty() || text->maker == text->checker)
      return fault(first, "an adjustment into a day already cut, not made and checked by two");
  }
  return {};
}

Fault Audit::check_number(const Command& command) {
  const Record& first = command.first;
  bool voucher = false;
  for (const Record& leg : command.legs) voucher = voucher || posts(kind_of(leg));
  if (!voucher) {
    if (first.voucher_no != 0)
      return fault(first, "voucher number {} without a voucher", first.voucher_no);
    return {};
  }
  ++counters_.vouchers;
  const std::uint32_t month = Date{first.date_days}.month_key();
  std::uint32_t& last = voucher_numbers_[{month, first.voucher_type}];
  if (first.voucher_no != last + 1)
    return fault(first, "voucher number {} of month {} and type {} follows number {}",
                 first.voucher_no, month, first.voucher_type, last);
  last = first.voucher_no;
  return {};
}

Fault Audit::check_leg(const Command& command, const Record& leg) const {
  const TransferKind kind = kind_of(leg);
  for (const std::uint32_t id : {leg.debit, leg.credit}) {
    if (id == 0 || id > accounts_.size())
      return fault(leg, "leg {} names account {}, which does not exist", leg.leg, id);
    if (accounts_[id - 1].account.terms.closed)
      return fault(leg, "money moves on {}, which is closed", described(accounts_[id - 1].account));
  }
  const Account& debit = accounts_[leg.debit - 1].account;
  const Account& credit = accounts_[leg.credit - 1].account;
  if (leg.debit == leg.credit) return fault(leg, "a leg debits and credits {}", described(debit));
  if (debit.currency != credit.currency)
    return fault(leg, "a leg crosses currencies, from {} to {}", described(credit),
                 described(debit));
  if (leg.amount == 0 || (kind == TransferKind::kRed) != (leg.amount < 0))
    return fault(leg, "an amount of {} has the wrong sign", leg.amount);
  if ((command.kind == CommandKind::kReversal && kind != TransferKind::kRed) ||
      (command.kind == CommandKind::kVoucher && kind == TransferKind::kRed))
    return fault(leg, "red and reversal do not go together");
  if (!posts(kind)) return {};
  // A debit raises an account whose normal side is debit; red moves it the other way.
  const auto frozen = [&](const Account& account, Side side) {
    const bool raises = (account.normal == side) != (kind == TransferKind::kRed);
    return raises ? account.terms.frozen_in : account.terms.frozen_out;
  };
  if (frozen(debit, Side::kDebit))
    return fault(leg, "money moves on {} against its freeze", described(debit));
  if (frozen(credit, Side::kCredit))
    return fault(leg, "money moves on {} against its freeze", described(credit));
  return {};
}

Fault Audit::move_money(const Command& command) {
  if (!command.moves_money()) return {};
  boost::container::small_vector<std::pair<std::uint32_t, Int128>, 4> before;
  const auto move = [&](const Record& leg, std::uint32_t id, Side side) {
    AuditedAccount& account = accounts_[id - 1];
    if (std::none_of(before.begin(), before.end(), [&](const auto& b) { return b.first == id; }))
      before.emplace_back(id, account.available());
    account.move(leg.transfer(), side);
    if (posts(kind_of(leg))) {
      account.entries.add(account.entry_of(leg, side));
      note_profit(account, leg, side);
      account.latest = std::max(account.latest, leg.date_days);
    }
  };
  for (const Record& leg : command.legs) {
    if (Fault f = check_leg(command, leg)) return f;
    if (Fault f = check_sweep(command, leg)) return f;
    ++counters_.transfers;
    move(leg, leg.debit, Side::kDebit);
    move(leg, leg.credit, Side::kCredit);
  }
  for (const auto& [id, available] : before) {
    const AuditedAccount& a = accounts_[id - 1];
    if (a.debit_pending < 0 || a.credit_pending < 0)
      return fault(command.first, "more is released on {} than was reserved", described(a.account));
    if (!fits(a.debit_posted) || !fits(a.credit_posted) || !fits(a.debit_pending) ||
        !fits(a.credit_pending) || !fits(a.available()))
      return fault(command.first, "the totals of {} overflow", described(a.account));
    const AccountTerms& terms = a.account.terms;
    if (terms.limit == LimitKind::kNone) continue;
    const Int128 floor = terms.limit == LimitKind::kCreditLine ? -Int128{terms.credit_line} : 0;
    // An account that is below already, because its limit was tightened, may still recover.
    if (a.available() < floor && a.available() < available)
      return fault(command.first, "{} is drawn to {}, below its limit of {}", described(a.account),
                   decimal(a.available()), decimal(floor));
  }
  return {};
}

Fault Audit::take_accounts(const Command& command) {
  if (!command.part) return {};
  std::size_t changed = 0;
  for (const Account& after : command.part->accounts) {
    if (!is_described(after))
      return fault(command.first, "{} is of an impossible kind", described(after));
    if (after.id.value == accounts_.size() + 1) {
      if (after.version != 1)
        return fault(command.first, "{} is opened at version {}", described(after), after.version);
      if (!codes_.emplace(after.code, after.id).second)
        return fault(command.first, "the account code {} is used twice", after.code);
      if (Fault f = check_in_chart(after)) return fault(command.first, "{}", *f);
      accounts_.emplace_back().account = after;
      continue;
    }
    if (after.id.value == 0 || after.id.value > accounts_.size())
      return fault(command.first, "{} is opened out of order", described(after));
    AuditedAccount& now = accounts_[after.id.value - 1];
    if (after.version != now.account.version + 1)
      return fault(command.first, "{} goes from version {} to {}", described(after),
                   now.account.version, after.version);
    if (after.code != now.account.code || after.type != now.account.type ||
        after.normal != now.account.normal || after.currency != now.account.currency)
      return fault(command.first, "{} changed what is fixed", described(now.account));
    if (after.terms.closed &&
        (now.balance() != 0 || now.debit_pending != 0 || now.credit_pending != 0))
      return fault(command.first, "{} is closed while it holds money", described(after));
    if (Fault f = check_terms_change(command, now.account, after)) return f;
    now.account = after;
    ++changed;
  }
  for (const DocumentPtr& d : command.part->documents)
    if (d->kind == DocumentKind::kTermsChange && changed-- == 0)
      return fault(command.first, "it tells of a change of terms that did not happen");
  return {};
}

Fault Audit::take_days(const Command& command) {
  const bool cut = command.kind == CommandKind::kDayCut;
  const bool close = command.kind == CommandKind::kPeriodClose;
  if (!command.part || !command.part->book) {
    if (cut || close) return fault(command.first, "a day cut or period close changes no day");
    return {};
  }
  const BookChange& after = *command.part->book;
  if (days_) {
    if (after.accounting_date < days_->accounting_date ||
        after.closed_through < days_->closed_through ||
        (cut && after.accounting_date == days_->accounting_date) ||
        (close && after.closed_through == days_->closed_through))
      return fault(command.first, "a day does not move forward");
  }
  if (after.closed_through >= after.accounting_date)
    return fault(command.first, "the open day {} is closed", after.accounting_date.iso());
  days_ = after;
  close_profit();
  return {};
}

Fault Audit::finish() const {
  std::map<Currency, std::array<Int128, 4>> sums;
  for (const AuditedAccount& a : accounts_) {
    auto& sum = sums[a.account.currency];
    sum[0] += a.debit_posted;
    sum[1] += a.credit_posted;
    sum[2] += a.debit_pending;
    sum[3] += a.credit_pending;
  }
  for (const auto& [currency, sum] : sums)
    if (sum[0] != sum[1] || sum[2] != sum[3])
      return fmt::format("in {} debits and credits differ: {} and {} posted, {} and {} reserved",
                         code_of(currency), decimal(sum[0]), decimal(sum[1]), decimal(sum[2]),
                         decimal(sum[3]));
  // Hold by hold once more, from what is left rather than from what changed.
  std::vector<std::pair<Int128, Int128>> reserved(accounts_.size());
  for (const auto& [key, hold] : holds_)
    for (const HoldLeg& leg : hold.legs) {
      reserved[leg.debit.value - 1].first += leg.remaining;
      reserved[leg.credit.value - 1].second += leg.remaining;
    }
  for (std::size_t i = 0; i < accounts_.size(); ++i)
    if (reserved[i].first != accounts_[i].debit_pending ||
        reserved[i].second != accounts_[i].credit_pending)
      return fmt::format("what is reserved on {} is not what its open holds reserve",
                         described(accounts_[i].account));
  return {};
}

}  // namespace suanpan
