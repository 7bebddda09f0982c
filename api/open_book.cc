#include "api/open_book.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "api/erase_keys.h"
#include "channels/chart.h"
#include "ledger/base/check.h"
#include "ledger/base/sealed_text.h"
#include "ledger/core/plan_parts.h"
#include "ledger/engine/daily_root.h"
#include "ledger/engine/keep_setting.h"
#include "ledger/engine/planner.h"
#include "ledger/store/backup.h"
#include "ledger/store/newest_document.h"
#include "ledger/store/rocks_store.h"

namespace suanpan::api {
namespace {

constexpr std::string_view kVaultCheck = "vault-check";
constexpr std::string_view kSubjectKeys = "subject-keys";
constexpr std::string_view kClock = "business-clock";
constexpr const char* kUnfinished = "unfinished";

bool there(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!synced) return fail(Errc::kIo, "{}: {}", folder.string(), std::strerror(error));
  return success();
}

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

Result<void> adopt(Book& book, const std::string& name) {
  auto request = chart_template(name);
  if (!request) return fail(Errc::kConfig, "there is no chart of accounts called {}", name);
  const Answer answer = book.run(adopt_chart(std::move(*request)));
  if (!answer.accepted())
    return fail(Errc::kConfig, "the chart {} cannot be adopted: {} {}", name,
                name_of(answer.refusal.code), answer.refusal.detail);
  return success();
}

// The platform's own accounts have their place in its chart, and in one that is free; the book of a
// fund or a company has none of them.
bool has_platform_accounts(const Book& book) {
  const DocumentPtr stored = book.document(DocumentKind::kChart, kChartKey);
  const auto chart = stored ? decode_chart(stored->bytes) : std::nullopt;
  return !chart || !chart->enforced || chart->name == kDefaultChart;
}

Result<void> open_all_accounts(Book& book, const Config& config) {
  if (!has_platform_accounts(book)) return success();
  TRY(open_accounts(book, channels::platform_accounts()));
  std::vector<OpenAccountRequest> deposits;
  for (const BankAccountConfig& account : config.bank_accounts)
    deposits.push_back(channels::bank_account(account.number, account.name));
  return open_accounts(book, std::move(deposits));
}

OpenedBook with_clock(const Config& config) {
  OpenedBook opened;
  if (config.manual_business_clock) {
    auto clock = std::make_unique<ManualClock>(config.clock_start);
    opened.manual = clock.get();
    opened.business = std::move(clock);
  } else {
    opened.business = std::make_unique<SystemClock>();
  }
  return opened;
}

// The manual clock goes on where it stood: settings say only where it begins.
void restore_clock(OpenedBook& opened) {
  if (!opened.manual) return;
  const DocumentPtr stored = opened.book->document(DocumentKind::kBookSetting, kClock);
  if (!stored) return;
  const Timestamp stood{std::stoll(stored->bytes)};
  if (stood > opened.manual->now()) opened.manual->set(stood);
}

Result<void> check_vault(const DocumentPtr& stored, const Vault& vault,
                         const std::filesystem::path& folder) {
  if (!stored)
    return fail(Errc::kCorrupt, "{}: the book has no check value of its vault key",
                folder.string());
  if (stored->bytes != vault.check_value())
    return fail(Errc::kMismatch,
                "{}: not the vault key that this book was made with; what it sealed opens with no "
                "other, restore it",
                (folder / "vault.key").string());
  return success();
}

Result<void> check_vault(const Book& book, const Vault& vault,
                         const std::filesystem::path& folder) {
  return check_vault(book.document(DocumentKind::kBookSetting, kVaultCheck), vault, folder);
}

BookSetting keys_are_made() { return {std::string(kSubjectKeys), "made"}; }

Result<void> keep_vault_check(Book& book, const Vault& vault, const std::filesystem::path& folder) {
  const std::string value = vault.check_value();
  // A repetition with another key is refused, and seen below.
  book.run(keep_settings(kVaultCheck, {{"vault_check", value}},
                         {{std::string(kVaultCheck), value}, keys_are_made()}));
  return check_vault(book, vault, folder);
}

// In what is finished, too: that is read as long as the book is.
Result<bool> holds_sealed_texts(const Book& book) {
  bool found = false;
  for (const DocumentKind kind :
       {DocumentKind::kOrder, DocumentKind::kRefund, DocumentKind::kPayout, DocumentKind::kMerchant,
        DocumentKind::kSubAccount, DocumentKind::kRefundRequest, DocumentKind::kPayoutRequest,
        DocumentKind::kAuthorityRequest}) {
    TRY(book.for_each_document(kind, [&found](const DocumentPtr& one) {
      found = found || one->bytes.find(kSealedMember) != std::string::npos;
      return !found;
    }));
  }
  return found;
}

// New keys beside a book whose own were lost would hide that for ever: what they sealed would read
// as damaged, and an erasure would find nobody.
Result<void> open_subject_keys(Book& book, Vault& vault, const std::filesystem::path& folder) {
  if (book.document(DocumentKind::kBookSetting, kSubjectKeys)) return vault.open_subjects(false);
  bool create = false;
  for (const char* name : kSubjectKeyFiles) create = create || !there(folder / name);
  if (create) {
    TRY(const bool sealed, holds_sealed_texts(book));
    create = !sealed;
  }
  TRY(vault.open_subjects(create));
  const Answer answer =
      book.run(keep_settings(kSubjectKeys, {{"subject_keys", "made"}}, {keys_are_made()}));
  CHECK_OR_DIE(answer.accepted(), "the keys of persons are not journalled: {}",
               name_of(answer.refusal.code));
  return success();
}

Result<void> refuse_what_is_there(const std::filesystem::path& folder) {
  for (const char* name :
       {"db", "head", "roots", "vault.key", "vault.key.persons", "vault.key.orders", "root.key"})
    if (there(folder / name))
      return fail(Errc::kMismatch,
                  "{} is there already: a book is made in a folder of its own, and only once",
                  (folder / name).string());
  return success();
}

// From here until it is taken away again, the folder is known to be half made.
Result<void> begin_init(const std::filesystem::path& folder) {
  const std::filesystem::path mark = folder / kUnfinished;
  const int fd = ::open(mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(Errc::kIo, "{}: {}", mark.string(), std::strerror(errno));
  ::close(fd);
  return sync_folder(folder);
}

Result<void> end_init(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::remove(folder / kUnfinished, error);
  if (error) return fail(Errc::kIo, "{}: {}", folder.string(), error.message());
  return sync_folder(folder);
}

}  // namespace

Result<void> check_free_space(const std::filesystem::path& folder, std::uint64_t minimum_bytes) {
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0)
    return fail(Errc::kIo, "{}: {}", folder.string(), std::strerror(errno));
  const std::uint64_t free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  if (free_bytes < minimum_bytes)
    return fail(Errc::kUnavailable, "{}: the disk has {} KiB free and a book needs {} KiB to open",
                folder.string(), free_bytes >> 10, minimum_bytes >> 10);
  return success();
}

// With the wrong key a book stays one that the program opens with which it was made.
OpenStore open_with_key(const std::filesystem::path& folder, bool create) {
  return [folder, create](const std::filesystem::path& database) {
    RocksOptions options;
    options.create = create;
    options.before_steps = [&folder](const KeyValueStore& store) -> Result<void> {
      TRY(const auto stored, newest_document(store, DocumentKind::kBookSetting, kVaultCheck));
      const std::filesystem::path key = folder / "vault.key";
      if (!stored && !there(key)) return success();
      TRY(const auto vault, Vault::open_key(key, false));
      return check_vault(stored, vault, folder);
    };
    return open_rocks(database, options);
  };
}

Result<void> check_book_folder(const std::filesystem::path& folder) {
  const std::string how = fmt::format("`suanpan init --data {}`", folder.string());
  if (there(folder / kUnfinished))
    return fail(Errc::kNotFound, "{}: the making of this book was cut short; {} goes on with it",
                folder.string(), how);
  if (there(folder / "db")) return success();
  if (there(folder / "vault.key") || there(folder / "head"))
    return fail(Errc::kNotFound,
                "{}: there is no book here, but what belongs to one is: restore \"db\" from a "
                "backup, or clear the folder and make a new book with {}",
                folder.string(), how);
  return fail(Errc::kNotFound, "{}: there is no book here; {} makes one", folder.string(), how);
}

Result<OpenedBook> init_book(const Config& config) {
  const std::filesystem::path& folder = config.book_folder;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(Errc::kIo, "{}: {}", folder.string(), error.message());
  if (!there(folder / kUnfinished)) {
    TRY(refuse_what_is_there(folder));
    TRY(check_free_space(folder));
    TRY(begin_init(folder));
  }
  OpenedBook opened = with_clock(config);
  TRY(auto vault, Vault::open(folder / "vault.key", true));
  opened.vault = std::make_unique<Vault>(std::move(vault));
  BookOptions options;
  options.folder = folder;
  options.create = true;
  options.currency = config.currency;
  options.sign_days = true;
  options.first_date = config.first_date.value_or(opened.business->now().date_cn());
  TRY(opened.book, Book::open(options, *opened.business));
  TRY(keep_vault_check(*opened.book, *opened.vault, folder));
  TRY(adopt(*opened.book, config.chart));
  TRY(open_all_accounts(*opened.book, config));
  TRY(end_init(folder));
  return opened;
}

Result<OpenedBook> open_book(const Config& config, bool reset_head) {
  const std::filesystem::path& folder = config.book_folder;
  TRY(check_book_folder(folder));
  TRY(check_free_space(folder));
  OpenedBook opened = with_clock(config);
  TRY(auto vault, Vault::open_key(folder / "vault.key", false));
  opened.vault = std::make_unique<Vault>(std::move(vault));
  BookOptions options;
  options.folder = folder;
  options.reset_head = reset_head;
  options.shards = config.shards;
  options.open_store = open_with_key(folder);
  TRY(opened.book, Book::open(options, *opened.business));
  TRY(check_vault(*opened.book, *opened.vault, folder));
  TRY(open_subject_keys(*opened.book, *opened.vault, folder));
  opened.vault->subjects().on_failed_write([](const Error& error) { fatal(error); });
  if (!opened.book->document(DocumentKind::kBookSetting, kRootKeysDocument)) {
    // A book of a program that did not sign yet begins to; not before it is known to be ours.
    opened.book.reset();
    options.reset_head = false;
    options.sign_days = true;
    TRY(opened.book, Book::open(options, *opened.business));
  }
  TRY(delete_all_erased_keys(*opened.book, *opened.vault, folder));
  restore_clock(opened);
  TRY(open_all_accounts(*opened.book, config));
  return opened;
}

Command move_clock(ClaimKey key, Timestamp now, Timestamp to) {
  Command command;
  command.key = key;
  command.kind = CommandKind::kSetting;
  command.content = {{"call", "clock"}, {"to", to.iso_cn()}, {"to_ns", std::to_string(to.ns)}};
  // A moment's own `now` is no measure: where the clock stands still, journalled times run ahead of
  // it by nanoseconds.
  command.plan = [now, to](const View& view, const Moment&) -> Planned<ChangeSet> {
    const DocumentPtr before = view.document(DocumentKind::kBookSetting, kClock);
    if (to < now || (before && to.ns < std::stoll(before->bytes)))
      return refuse(RefusalCode::kValueInvalid, "to lies in the past");
    ChangeSet changes = on_open_day(view);
    put_next_version(changes, view, DocumentKind::kBookSetting, std::string(kClock), true,
                     std::to_string(to.ns));
    return changes;
  };
  return command;
}

}  // namespace suanpan::api
