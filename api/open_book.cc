#include "api/open_book.h"

#include <fstream>
#include <sstream>

#include "channels/chart.h"

namespace suanpan::api {
namespace {

Result<void> open_accounts(Book& book, std::vector<OpenAccountRequest> accounts) {
  for (OpenAccountRequest& account : accounts) {
    const std::string code = account.code;
    const Answer answer = book.run(open_account(std::move(account)));
    if (!answer.accepted() && answer.refusal.code != RefusalCode::kAccountExists)
      return fail(Errc::kConfig, "account {} cannot be opened: {}", code,
                  name_of(answer.refusal.code));
  }
  return success();
}

OpenAccountRequest bank_deposit(const BankAccountConfig& config) {
  OpenAccountRequest request;
  request.code = channels::chart::bank_deposit(config.number);
  request.key = channels::account_claim(request.code);
  request.name = config.name;
  request.type = AccountType::kAsset;
  return request;
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Errc::kIo, "{}: cannot be read", path.string());
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

Result<OpenedBook> open_book(const Config& config, bool reset_head) {
  OpenedBook opened;
  if (config.manual_business_clock) {
    auto clock = std::make_unique<ManualClock>(config.clock_start);
    opened.manual = clock.get();
    opened.business = std::move(clock);
  } else {
    opened.business = std::make_unique<SystemClock>();
  }
  std::error_code error;
  std::filesystem::create_directories(config.book_folder, error);
  if (error) return fail(Errc::kIo, "{}: {}", config.book_folder.string(), error.message());
  // A book whose vault key is gone must not get a new one: all that was sealed would be lost
  // unseen.
  const bool new_book = !std::filesystem::exists(config.book_folder / "db");
  TRY(auto vault, Vault::open(config.book_folder / "vault.key", new_book));
  opened.vault = std::make_unique<Vault>(std::move(vault));
  BookOptions options;
  options.folder = config.book_folder;
  options.create = true;
  options.currency = config.currency;
  options.first_date = config.first_date.value_or(opened.business->now().date_cn());
  options.reset_head = reset_head;
  TRY(auto book, Book::open(options, *opened.business));
  TRY(open_accounts(*book, channels::platform_accounts()));
  std::vector<OpenAccountRequest> deposits;
  for (const BankAccountConfig& account : config.bank_accounts)
    deposits.push_back(bank_deposit(account));
  TRY(open_accounts(*book, std::move(deposits)));
  opened.book = std::move(book);
  return opened;
}

}  // namespace suanpan::api
