#include "reconcile/bank_import.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "ledger/base/digest.h"

namespace suanpan::reconcile {
namespace {

constexpr std::size_t kRowsInBatch = 4096;
constexpr std::string_view kCash = "1001";
constexpr std::string_view kOtherBanks = "1021";
constexpr std::string_view kInterestAndFees = "6411";

std::string depositor(std::string_view account) { return fmt::format("2011/{}", account); }

std::string_view counter_of(const BankRow1993& row) {
  if (row.operation == "cash_deposit" || row.operation == "cash_withdrawal" ||
      row.operation == "card_withdrawal")
    return kCash;
  if (row.operation == "transfer_in" || row.operation == "transfer_out") return kOtherBanks;
  return kInterestAndFees;
}

ClaimKey claim(std::string_view what) {
  return {id_of(fmt::format("statement|{}", what)), kSystemCaller};
}

OpenAccountRequest account_request(std::string code, AccountType type, AccountTerms terms) {
  OpenAccountRequest request;
  request.key = claim("account|" + code);
  request.code = std::move(code);
  request.type = type;
  request.terms = terms;
  return request;
}

// Hands batches to the book without waiting for each, in order, and keeps what came back.
class Poster {
 public:
  explicit Poster(Book& book) : book_(book) {}
  ~Poster() { wait(); }

  template <class Item>
  void submit(std::vector<Item> items, std::vector<std::uint64_t> lines) {
    if (items.empty()) return;
    {
      std::lock_guard lock(mutex_);
      ++under_way_;
    }
    const auto done = [this, lines = std::move(lines)](const Book::Answers& answers) {
      take(answers, lines);
    };
    while (!book_.submit(items, done)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return under_way_ == 0; });
  }
  std::uint64_t posted = 0, replayed = 0, commands = 0;
  std::string first_refusal;

 private:
  void take(const Book::Answers& answers, const std::vector<std::uint64_t>& lines) {
    std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i].accepted() && first_refusal.empty())
        first_refusal = fmt::format("{}{}: {}", lines.empty() ? "command" : "line ",
                                    lines.empty() ? "" : std::to_string(lines[i]),
                                    name_of(answers[i].refusal.code));
      if (lines.empty())
        ++commands;
      else
        ++(answers[i].replayed ? replayed : posted);
    }
    --under_way_;
    changed_.notify_all();
  }
  Book& book_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t under_way_ = 0;
};

// Gathers rows of one day; a new day posts them and cuts.
class Importer {
 public:
  Importer(Book& book, Poster& poster) : book_(book), poster_(poster) {}

  Result<void> add(const BankRow1993& row) {
    if (row.booking_date != day_) {
      flush();
      cut_to(row.booking_date);
    }
    TRY(auto depositor_id, account(depositor(row.account)));
    TRY(auto counter_id, account(std::string(counter_of(row))));
    VoucherRequest voucher;
    voucher.key = claim(fmt::format("row|{}|{}|{}", row.line, row.account, row.bank_reference));
    voucher.legs.push_back(row.is_credit ? Leg{counter_id, depositor_id, row.amount.minor}
                                         : Leg{depositor_id, counter_id, row.amount.minor});
    voucher.type = row.is_credit ? VoucherType::kReceipt : VoucherType::kPayment;
    auto text = std::make_shared<VoucherText>();
    text->summary = row.operation;
    text->business_key = row.bank_reference;
    voucher.text = std::move(text);
    vouchers_.push_back(std::move(voucher));
    lines_.push_back(row.line);
    if (vouchers_.size() == kRowsInBatch) flush();
    return success();
  }

  void flush() { poster_.submit(std::exchange(vouchers_, {}), std::exchange(lines_, {})); }

  const std::map<std::string, AccountId, std::less<>>& accounts() const { return accounts_; }
  std::uint64_t day_cuts = 0;

 private:
  void cut_to(Date day) {
    const bool first = day_.days == 0;
    day_ = day;
    if (first &&
        book_.read([&](const State& s, std::uint64_t) { return s.book().accounting_date >= day; }))
      return;
    poster_.submit(std::vector<Command>{day_cut({claim("day|" + day.iso()), day})}, {});
    ++day_cuts;
  }

  // Opening is a command like any other and its answer carries the number, so the first row of an
  // account waits for it; 1,139 accounts in 28,205 rows.
  Result<AccountId> account(const std::string& code) {
    if (const auto it = accounts_.find(code); it != accounts_.end()) return it->second;
    const bool own = code.starts_with("2011/");
    AccountTerms terms;
    if (own) terms = AccountTerms{LimitKind::kCreditLine, kDepositorCreditLine_minor};
    const AccountType type = own                        ? AccountType::kLiability
                             : code == kInterestAndFees ? AccountType::kExpense
                                                        : AccountType::kAsset;
    const Answer answer = book_.run(open_account(account_request(code, type, terms)));
    if (!answer.accepted())
      return fail(Errc::kMismatch, "account {}: {}", code, name_of(answer.refusal.code));
    return accounts_[code] = AccountId{static_cast<std::uint32_t>(std::stoul(answer.answer))};
  }

  Book& book_;
  Poster& poster_;
  Date day_;
  std::map<std::string, AccountId, std::less<>> accounts_;
  std::vector<VoucherRequest> vouchers_;
  std::vector<std::uint64_t> lines_;
};

}  // namespace

BookOptions statement_book(const std::filesystem::path& folder, Date first_date) {
  BookOptions options;
  options.folder = folder;
  options.create = true;
  options.first_date = first_date;
  options.currency = Currency::kCZK;
  return options;
}

Result<ImportReport> import_statement_1993(Book& book, const std::filesystem::path& file) {
  const Currency currency =
      book.read([](const State& state, std::uint64_t) { return state.book().currency; });
  if (currency != Currency::kCZK)
    return fail(Errc::kMismatch, "{}: the statement is in CZK, the book in {}", file.string(),
                code_of(currency));
  Poster poster(book);
  Importer importer(book, poster);
  Analyser1993 analyser;
  std::map<std::string, std::int64_t> bank_final;
  TRY(auto rows, read_statement_1993(file.string(), [&](const BankRow1993& row) -> Result<void> {
        TRY(analyser.add(row));
        bank_final[row.account] = row.balance_after.minor;
        return importer.add(row);
      }));
  importer.flush();
  poster.wait();
  if (!poster.first_refusal.empty())
    return fail(Errc::kMismatch, "{}: the ledger refused {}", file.string(), poster.first_refusal);

  TRY(auto findings, analyser.finish());
  ImportReport report;
  report.rows = rows;
  report.posted = poster.posted;
  report.replayed = poster.replayed;
  report.accounts = bank_final.size();
  report.day_cuts = importer.day_cuts;
  report.row_breaks = findings.row_breaks;
  report.bank_lower = findings.bank_lower;
  report.bank_higher = findings.bank_higher;
  report.differing_rows = findings.differing_rows;
  report.overdrafts = findings.overdrafts;
  report.lowest_minor = findings.lowest_minor;
  // The ledger's own balances are the books' side; the analyser's arithmetic must agree with them.
  book.read([&](const State& state, std::uint64_t) {
    for (const auto& [account, bank] : bank_final) {
      const AccountId id = importer.accounts().at(depositor(account));
      const Balance& balance = state.balance(id);
      report.credits_minor += balance.credits_posted;
      report.debits_minor += balance.debits_posted;
      const std::int64_t ledger = balance.posted(Side::kCredit);
      if (ledger == bank) continue;
      report.final_differences.push_back({account, bank, ledger, bank - ledger});
      report.final_difference_minor += bank - ledger;
    }
  });
  if (report.credits_minor != findings.credits_minor ||
      report.debits_minor != findings.debits_minor)
    return fail(
        Errc::kMismatch,
        "the ledger holds other totals than the statement: was the book used for something else?");
  return report;
}

std::string render(const ImportReport& r) {
  const auto czk = [](std::int64_t minor) { return format_grouped(Money{minor, Currency::kCZK}); };
  std::string out;
  const auto line = [&](std::string_view key, std::string_view name, const std::string& value) {
    out += fmt::format("  {:<20} {:>16}  {}\n", key, value, name);
  };
  out += "银行流水导入 bank statement import\n";
  line("rows", "流水行数", std::to_string(r.rows));
  line("posted", "本次入账", std::to_string(r.posted));
  line("replayed", "此前已入账", std::to_string(r.replayed));
  line("accounts", "账户数", std::to_string(r.accounts));
  line("day_cuts", "日切次数", std::to_string(r.day_cuts));
  line("credits", "贷方合计", czk(r.credits_minor));
  line("debits", "借方合计", czk(r.debits_minor));
  line("row_breaks", "逐行余额差错", std::to_string(r.row_breaks.size()));
  line("bank_lower", "其中银行偏低", std::to_string(r.bank_lower));
  line("bank_higher", "其中银行偏高", std::to_string(r.bank_higher));
  line("differing_rows", "余额不同的行", std::to_string(r.differing_rows));
  line("final_differences", "期末余额不同账户", std::to_string(r.final_differences.size()));
  line("difference_sum", "银行减账面合计", czk(r.final_difference_minor));
  line("overdrafts", "透支行数", std::to_string(r.overdrafts.size()));
  line("lowest", "最低余额", czk(r.lowest_minor));
  return out;
}

}  // namespace suanpan::reconcile
