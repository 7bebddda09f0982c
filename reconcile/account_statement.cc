#include "reconcile/account_statement.h"

#include <algorithm>
#include <array>

#include "channels/chart.h"
#include "ledger/base/check.h"
#include "reconcile/book_rows.h"

namespace suanpan::reconcile {
namespace {

constexpr std::size_t kPage = 4096;

// On the debit side.
Result<std::int64_t> balance_after(const Book& book, AccountId account, Date day) {
  TRY(const Balance balance, book.balance_on(account, day));
  return balance.posted(Side::kDebit);
}

// A day is never cut more than a day ahead of the business clock (POST /v1/books/day-cut, the
// night), so what is dated `from` or later was made after the day before it began.
Result<std::vector<Entry>> entries_between(const Book& book, AccountId account, Date from,
                                           Date to) {
  TRY(const std::uint64_t start, book.seq_at(Timestamp::of_cn(from.plus_days(-1), 0, 0, 0)));
  EntryPosition after{start, UINT32_MAX};
  std::vector<Entry> found;
  while (true) {
    TRY(const auto page, book.entries(account, after, kPage));
    for (const Entry& entry : page)
      if (entry.date_days >= from.days && entry.date_days <= to.days) found.push_back(entry);
    if (found.size() > kMaxStatementLines)
      return fail(Errc::kTooLarge, "more than {} lines: ask for fewer days", kMaxStatementLines);
    if (page.size() < kPage) break;
    after = {page.back().seq, page.back().sub};
  }
  std::ranges::sort(found, {}, [](const Entry& entry) {
    return std::tuple(entry.date_days, entry.seq, entry.sub);
  });
  return found;
}

std::string code_of_account(const Book& book, std::uint32_t id) {
  return book.read([&](const State& state, std::uint64_t) {
    const Account* account = state.account(AccountId{id});
    return account ? account->code : std::string{};
  });
}

}  // namespace

Result<AccountStatement> account_statement(const Book& book, std::string_view code, Date from,
                                           Date to) {
  if (from > to) return fail(Errc::kMalformed, "the first day lies after the last");
  AccountStatement st;
  AccountId account;
  Date open_day;
  book.read([&](const State& state, std::uint64_t) {
    open_day = state.book().accounting_date;
    const Account* found = state.account(code);
    if (!found) return;
    account = found->id;
    st.code = found->code;
    st.name = found->name;
    st.currency = found->currency;
  });
  if (account.value == 0) return fail(Errc::kNotFound, "the ledger has no account {}", code);
  st.from = from;
  st.to = to;
  TRY(st.opening, balance_after(book, account, from.plus_days(-1)));
  TRY(const auto entries, entries_between(book, account, from, to));
  std::int64_t balance = st.opening;
  std::optional<StoredCommand> command;
  for (const Entry& entry : entries) {
    if (!command || command->seq != entry.seq) {
      TRY(auto stored, book.command(entry.seq));
      if (!stored) return fail(Errc::kCorrupt, "entry {} has no command", entry.seq);
      command = std::move(stored);
    }
    const VoucherRef voucher = voucher_of(*command);
    AccountLine line;
    line.date = Date{entry.date_days};
    line.voucher_number = voucher.number;
    line.voucher_id = voucher.id;
    if (command->effects.text) {
      line.summary = command->effects.text->summary;
      line.business_key = command->effects.text->business_key;
    }
    line.counter_account = code_of_account(book, entry.counter);
    const bool debit = entry.side == static_cast<std::uint8_t>(Side::kDebit);
    (debit ? line.debit : line.credit) = entry.amount;
    const auto next =
        debit ? checked_add(balance, entry.amount) : checked_sub(balance, entry.amount);
    if (!next) return fail(Errc::kTooLarge, "a balance of {} does not fit 64 bits", code);
    line.balance = balance = *next;
    st.lines.push_back(std::move(line));
  }
  st.closing = balance;
  // The open day may have moved on since the entries were read; a day that is over has not.
  if (to < open_day) {
    TRY(st.closing, balance_after(book, account, to));
    if (st.closing != balance)
      return fail(Errc::kMismatch, "account {}: its entries do not lead to its balance", code);
  }
  return st;
}

Result<std::vector<std::string>> house_accounts_moved(const Book& book, Date day) {
  using namespace channels::chart;
  std::vector<std::pair<std::string, AccountId>> house;
  book.read([&](const State& state, std::uint64_t) {
    for (const Account& account : state.accounts()) {
      const std::string& code = account.code;
      const std::array own{kPayoutTransit, kRefundTransit, kSuspense, kFeeIncome, kChannelCost};
      if (code.starts_with(bank_deposit("")) || code.starts_with("1122/") ||
          std::ranges::find(own, code) != own.end())
        house.emplace_back(code, account.id);
    }
  });
  std::ranges::sort(house);
  std::vector<std::string> moved;
  for (const auto& [code, id] : house) {
    TRY(const auto entries, entries_between(book, id, day, day));
    if (!entries.empty()) moved.push_back(code);
  }
  return moved;
}

}  // namespace suanpan::reconcile
