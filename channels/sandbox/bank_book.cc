#include "channels/sandbox/bank_book.h"

#include <algorithm>

#include "ledger/base/limits.h"

namespace suanpan::sandbox {
namespace {

constexpr int kOpeningHour = 9;  // when transfers dated ahead are settled

std::size_t characters(std::string_view utf8) {
  std::size_t count = 0;
  for (const char c : utf8)
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++count;
  return count;
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

Result<void> check_text(std::string_view text, std::string_view what, std::size_t most) {
  if (characters(text) > most || has_control_characters(text))
    return fail(Errc::kMalformed, "{} is longer than {} characters or unprintable", what, most);
  return success();
}

}  // namespace

bool CreditTransfer::same_content(const CreditTransfer& other) const {
  return debtor_account == other.debtor_account && creditor_name == other.creditor_name &&
         creditor_account == other.creditor_account && creditor_bank == other.creditor_bank &&
         remark == other.remark && currency == other.currency && amount_fen == other.amount_fen;
}

Result<void> BankBook::open(BankAccountSettings settings, Timestamp now) {
  if (settings.account.empty()) return fail(Errc::kMalformed, "an account needs a number");
  TRY(check_text(settings.account, "the account number", 34));
  TRY(check_text(settings.name, "the holder's name", 70));
  if (accounts_.contains(settings.account) || account_of_sub_.contains(settings.account))
    return fail(Errc::kMismatch, "there is an account of that number already");
  BankAccount account;
  account.opened_on = settings.opened_on.value_or(now.date_cn());
  account.balance_fen = settings.opening_fen;
  account.settings = std::move(settings);
  const std::string number = account.settings.account;
  accounts_.emplace(number, std::move(account));
  return success();
}

Result<void> BankBook::open_sub_account(const std::string& account,
                                        const std::string& sub_account) {
  const auto found = accounts_.find(account);
  if (found == accounts_.end()) return fail(Errc::kNotFound, "there is no such account");
  TRY(check_text(sub_account, "the sub-account number", 34));
  if (sub_account.empty() || accounts_.contains(sub_account))
    return fail(Errc::kMalformed, "that is no number for a sub-account");
  const auto [at, is_new] = account_of_sub_.emplace(sub_account, account);
  if (at->second != account)
    return fail(Errc::kMismatch, "the sub-account belongs to another account");
  found->second.sub_balances_fen.emplace(sub_account, 0);
  return success();
}

const BankEntry& BankBook::book(BankAccount& account, BankEntry entry) {
  entry.reference = fmt::format("H{}{:08}", entry.at.date_cn().compact(), ++counter_);
  account.balance_fen += entry.amount_fen;
  account.entries.push_back(std::move(entry));
  return account.entries.back();
}

Result<const BankEntry*> BankBook::deposit(const Deposit& deposit, Timestamp now) {
  const auto found = accounts_.find(deposit.account);
  if (found == accounts_.end()) return fail(Errc::kNotFound, "there is no such account");
  if (deposit.amount_fen < 1 || deposit.amount_fen > kMaxAmountMinor)
    return fail(Errc::kMalformed, "amount_fen is out of range");
  TRY(check_text(deposit.payer_name, "payer_name", 70));
  TRY(check_text(deposit.payer_account, "payer_account", 34));
  TRY(check_text(deposit.remark, "remark", 140));
  TRY(check_text(deposit.end_to_end_id, "end_to_end_id", 35));
  BankAccount& account = found->second;
  if (!deposit.sub_account.empty()) {
    TRY(open_sub_account(deposit.account, deposit.sub_account));
    account.sub_balances_fen[deposit.sub_account] += deposit.amount_fen;
  }
  BankEntry entry{now, deposit.amount_fen};
  entry.end_to_end_id = deposit.end_to_end_id;
  entry.party_name = deposit.payer_name;
  entry.party_account = deposit.payer_account;
  entry.remark = deposit.remark;
  entry.sub_account = deposit.sub_account;
  return &book(account, std::move(entry));
}

std::optional<BankBook::Debtor> BankBook::debtor(const std::string& number) {
  Debtor out;
  std::string account = number;
  if (const auto sub = account_of_sub_.find(number); sub != account_of_sub_.end()) {
    account = sub->second;
    out.sub_account = number;
  }
  const auto found = accounts_.find(account);
  if (found == accounts_.end()) return std::nullopt;
  out.account = &found->second;
  if (!out.sub_account.empty())
    out.sub_balance_fen = &found->second.sub_balances_fen[out.sub_account];
  return out;
}

std::optional<Rejection> BankBook::judge(const CreditTransfer& terms, Timestamp now) {
  if (terms.currency != "CNY") return Rejection{"AM03", "the currency is not CNY"};
  if (terms.amount_fen < 1) return Rejection{"AM01", "the amount is not positive"};
  if (terms.amount_fen > kMaxAmountMinor) return Rejection{"AM02", "the amount is too large"};
  if (terms.creditor_account.empty()) return Rejection{"AC03", "the creditor's account is missing"};
  if (terms.creditor_name.empty()) return Rejection{"BE22", "the creditor's name is missing"};
  const std::string& bank = terms.creditor_bank;
  const bool cnaps = bank.size() == 12 && bank.find_first_not_of("0123456789") == std::string::npos;
  if (!cnaps) return Rejection{"RC01", "the creditor's bank code is not 12 digits"};
  if (terms.execute_on < now.date_cn()) return Rejection{"DT01", "the execution date is past"};
  const auto from = debtor(terms.debtor_account);
  if (!from) return Rejection{"AC02", "the debtor's account is not known"};
  if (terms.creditor_account == terms.debtor_account)
    return Rejection{"AC03", "debtor and creditor are one account"};
  const std::int64_t free = from->account->balance_fen - from->account->reserved_fen;
  if (terms.amount_fen > free ||
      (from->sub_balance_fen && terms.amount_fen > *from->sub_balance_fen))
    return Rejection{"AM04", "the balance is not enough"};
  return std::nullopt;
}

BankTransfer BankBook::submit(const CreditTransfer& terms, const std::string& message_id,
                              const Fate& fate, Timestamp now) {
  if (const auto found = transfers_.find(terms.end_to_end_id); found != transfers_.end()) {
    if (found->second.terms.same_content(terms)) return found->second;
    BankTransfer refused{terms, message_id, TransferState::kRejected, "RJCT"};
    refused.rejection = {"AM05", "the end-to-end id was used with other content"};
    return refused;
  }
  BankTransfer transfer{terms, message_id};
  auto rejection = fate.reject_now ? fate.reject_now : judge(terms, now);
  if (rejection) {
    transfer.state = TransferState::kRejected;
    transfer.first_status = "RJCT";
    transfer.rejection = *rejection;
  } else {
    const bool ahead = terms.execute_on > now.date_cn();
    transfer.first_status = ahead ? "ACTC" : "ACSP";
    transfer.settles_at = ahead ? Timestamp::of_cn(terms.execute_on, kOpeningHour, 0, 0)
                                : now.plus_seconds(settle_delay_s_);
    transfer.fails_with = fate.reject_later;
    transfer.returns_with = fate.return_later;
    transfer.returns_after_s = fate.return_after_s;
    auto from = debtor(terms.debtor_account);
    from->account->reserved_fen += terms.amount_fen;
    if (from->sub_balance_fen) *from->sub_balance_fen -= terms.amount_fen;
    events_.insert({transfer.settles_at, ++counter_, terms.end_to_end_id});
  }
  return transfers_.emplace(terms.end_to_end_id, std::move(transfer)).first->second;
}

const BankTransfer* BankBook::find(const std::string& end_to_end_id) const {
  const auto found = transfers_.find(end_to_end_id);
  return found == transfers_.end() ? nullptr : &found->second;
}

void BankBook::settle(BankTransfer& transfer) {
  auto from = debtor(transfer.terms.debtor_account);
  from->account->reserved_fen -= transfer.terms.amount_fen;
  if (transfer.fails_with) {
    if (from->sub_balance_fen) *from->sub_balance_fen += transfer.terms.amount_fen;
    transfer.state = TransferState::kRejected;
    transfer.rejection = *transfer.fails_with;
    return;
  }
  BankEntry entry{transfer.settles_at, -transfer.terms.amount_fen};
  entry.end_to_end_id = transfer.terms.end_to_end_id;
  entry.party_name = transfer.terms.creditor_name;
  entry.party_account = transfer.terms.creditor_account;
  entry.remark = transfer.terms.remark;
  entry.sub_account = from->sub_account;
  transfer.reference = book(*from->account, std::move(entry)).reference;
  transfer.state = TransferState::kSettled;
  if (transfer.returns_with)
    events_.insert({transfer.settles_at.plus_seconds(transfer.returns_after_s), ++counter_,
                    transfer.terms.end_to_end_id});
}

void BankBook::give_back(BankTransfer& transfer, Timestamp at) {
  auto from = debtor(transfer.terms.debtor_account);
  BankEntry entry{at, transfer.terms.amount_fen};
  entry.end_to_end_id = transfer.terms.end_to_end_id;
  entry.party_name = transfer.terms.creditor_name;
  entry.party_account = transfer.terms.creditor_account;
  entry.remark = "退汇 " + transfer.terms.end_to_end_id;
  entry.sub_account = from->sub_account;
  entry.return_reason = transfer.returns_with->code;
  if (from->sub_balance_fen) *from->sub_balance_fen += transfer.terms.amount_fen;
  book(*from->account, std::move(entry));
  transfer.state = TransferState::kReturned;
}

void BankBook::advance(Timestamp now) {
  while (!events_.empty() && events_.begin()->at <= now) {
    const Event event = *events_.begin();
    events_.erase(events_.begin());
    BankTransfer& transfer = transfers_.at(event.end_to_end_id);
    if (transfer.state == TransferState::kPending)
      settle(transfer);
    else
      give_back(transfer, event.at);
  }
}

}  // namespace suanpan::sandbox
