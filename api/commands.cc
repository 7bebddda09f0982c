#include "api/commands.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "api/keys.h"
#include "api/open_book.h"
#include "api/progress.h"
#include "api/v1/event_feed.h"
#include "channels/merchant.h"
#include "channels/payee.h"
#include "channels/webhooks.h"
#include "ledger/base/digest.h"
#include "ledger/base/file.h"
#include "ledger/engine/archive_book.h"
#include "ledger/engine/purge_book.h"
#include "ledger/engine/verify.h"
#include "ledger/exchange/export_entries.h"
#include "ledger/exchange/export_journal.h"
#include "ledger/exchange/import_plain.h"
#include "ledger/store/backup.h"
#include "ledger/store/format.h"
#include "ledger/store/rocks_store.h"
#include "reconcile/bank_import.h"
#include "settlement/document_fields.h"
#include "settlement/fee_schedule.h"
#include "settlement/settlement_service.h"

namespace suanpan::api {
namespace {

int failed(const Error& error) {
  fmt::print(stderr, "suanpan: {}: {}\n", name_of(error.code), error.message);
  return 1;
}

int refused(const Refusal& refusal) {
  fmt::print(stderr, "suanpan: {} ({}): {}\n", name_of(refusal.code), chinese_of(refusal.code),
             refusal.detail);
  return 1;
}

// The id of a replacement names the version that it replaces: setting A, then B, then A again is
// three commands, repeating one of them after a crash is a replay.
ClaimKey replacement_claim(const Book& book, DocumentKind kind, std::string_view key,
                           std::string_view bytes) {
  const DocumentPtr present = book.document(kind, key);
  if (present && present->bytes == bytes)
    return {id_of(fmt::format("replace|{}|{}|{}", key, present->version, bytes)), kSystemCaller};
  return {id_of(fmt::format("replace|{}|{}|{}", key, (present ? present->version : 0) + 1, bytes)),
          kSystemCaller};
}

Result<void> check_writable_book(const std::filesystem::path& folder) {
  TRY(check_book_folder(folder));
  return check_free_space(folder);
}

// "-" reads the secret from standard input, so that it stands in no process list.
std::string secret_of(const std::string& option) {
  if (option != "-") return option;
  std::string line;
  std::getline(std::cin, line);
  return line;
}

}  // namespace

int init_command(const Config& config) {
  const auto opened = init_book(config);
  if (!opened) return failed(opened.error());
  const Date first = opened.value().book->read(
      [](const State& state, std::uint64_t) { return state.book().accounting_date; });
  fmt::print("a new book in {}, its first day is {}, its chart of accounts is {}\n",
             config.book_folder.string(), first.iso(), config.chart);
  return 0;
}

int verify_command(const VerifyCommandOptions& o) {
  if (o.data.empty() && o.archive.empty()) {
    fmt::print(stderr, "suanpan: verify wants --data, --archive or both\n");
    return 2;
  }
  if (!o.data.empty())
    if (const auto book = check_book_folder(o.data); !book) return failed(book.error());
  VerifyOptions options;
  if (!o.root_key.empty()) {
    auto pem = read_file(o.root_key);
    if (!pem) return failed(pem.error());
    options.root_key = std::move(pem.value());
  }
  if (o.resume && o.checkpoint.empty()) {
    fmt::print(stderr, "suanpan: --resume goes on from a --checkpoint\n");
    return 2;
  }
  if (!o.archive.empty() && !o.checkpoint.empty()) {
    fmt::print(stderr, "suanpan: --checkpoint does not go with --archive\n");
    return 2;
  }
  options.archive = o.archive;
  options.checkpoint = o.checkpoint;
  options.resume = o.resume;
  options.progress = print_progress("verify");
  const auto report = o.data.empty() ? verify_archive(o.archive, options) : verify(o.data, options);
  end_progress();
  if (!report) return failed(report.error());
  const VerifyReport& r = report.value();
  fmt::print("{}", summary_of(r));
  if (r.ok) {
    fmt::print("verify: the books hold up to journal entry {}\n", r.counters.last_seq);
    return 0;
  }
  fmt::print(stderr, "verify: FAULT: {}\n", r.first_fault);
  return 1;
}

int backup_command(const std::filesystem::path& data, const std::filesystem::path& to) {
  if (const auto there = check_writable_book(data); !there) return failed(there.error());
  RocksOptions options;
  // A backup is taken before a new program is let at a book: it must leave the book as it is.
  options.keep_format = true;
  auto store = open_rocks(data / "db", options);
  if (!store && store.error().code == Errc::kLocked)
    return failed(fail(Errc::kLocked,
                       "{}: a server has this book open; it takes the backup itself: POST "
                       "/v1/backups",
                       data.string()));
  if (!store) return failed(store.error());
  const auto backup = take_backup(*store.value(), data, to, SystemClock().now());
  if (!backup) return failed(backup.error());
  fmt::print("backup {} of the book up to journal entry {}; vault.key and root.key are not in it\n",
             backup.value().number, backup.value().head.seq);
  const auto older = has_older_format(*store.value());
  if (!older) return failed(older.error());
  if (older.value())
    fmt::print(
        "book and backup keep their older format; a copy is brought up when it is opened, as the "
        "book would be\n");
  return 0;
}

int restore_command(const RestoreOptions& o) {
  RestorePoint until;
  if (!o.until.empty()) {
    std::uint64_t seq = 0;
    const char* const end = o.until.data() + o.until.size();
    const auto read = std::from_chars(o.until.data(), end, seq);
    if (read.ec == std::errc{} && read.ptr == end)
      until.seq = seq;
    else
      until.time = Timestamp::parse(o.until);
    if (!until.seq && !until.time) {
      fmt::print(stderr,
                 "suanpan: --until is a journal entry or a time, 2026-03-04T05:06:07+08:00\n");
      return 2;
    }
  }
  until.archive = o.archive;
  const auto restored = restore_backup(o.from, o.to, until, o.number);
  if (!restored) return failed(restored.error());
  const Restored& r = restored.value();
  fmt::print("restored backup {} ({}) up to journal entry {}{}; its head is reset there\n",
             r.backup.number, r.backup.taken.iso_cn(), r.head.seq,
             r.cut ? ", what came later is left out" : "");
  fmt::print(
      "bring vault.key and root.key to {}, and see with `suanpan verify`; one of an older format "
      "is opened by the server first\n",
      o.to.string());
  return 0;
}

int archive_command(const ArchiveOptions& o) {
  if (const auto there = check_book_folder(o.data); !there) return failed(there.error());
  std::int32_t year = 0;
  const char* const end = o.until.data() + o.until.size();
  const auto read = std::from_chars(o.until.data(), end, year);
  const bool is_year = read.ec == std::errc{} && read.ptr == end && last_day_of(year);
  const auto day = Date::parse(o.until);
  if (!is_year && !day) {
    fmt::print(stderr, "suanpan: --until is a year, 2026, or a day, 2026-12-31\n");
    return 2;
  }
  const SystemClock clock;
  BookOptions options;
  options.folder = o.data;
  options.read_only = true;
  auto book = Book::open(options, clock);
  if (!book) return failed(book.error());
  if (!is_year) {
    const auto newest = closed_year_until(*book.value(), *day);
    if (!newest) return failed(newest.error());
    year = newest.value();
  }
  ArchiveRequest request;
  request.to = o.to;
  request.year = year;
  request.roots = o.data / "roots";
  request.root_key = o.root_key.empty() ? o.data / "root.key" : o.root_key;
  request.progress = print_progress("archive");
  const auto archived = archive_book(*book.value(), request);
  end_progress();
  if (!archived) return failed(archived.error());
  const Archived& a = archived.value();
  fmt::print(
      "{} the journal of {} and before, up to entry {}: {} commands, {} daily roots, {} files, "
      "read back and judged\n",
      a.was_there ? "there already:" : "archived", year, a.seq, a.counters.commands,
      a.counters.roots, a.files);
  return 0;
}

namespace {

/// Whether an event in (webhook.cursor, until] is one that the webhook asked for.
Result<bool> has_undelivered(const Book& book, const channels::Webhook& webhook,
                             std::uint64_t until) {
  bool found = false;
  KeyReaches reaches(book);
  const Topics topics(webhook.topics);
  TRY(book.for_each_command_after(webhook.cursor, [&](const StoredCommand& stored) {
    if (stored.seq > until) return false;
    for_each_event(stored, topics, [&](const ToldEvent& told) {
      found = found || v1::may_hear(reaches, webhook, stored, told);
    });
    return !found;
  }));
  return found;
}

/// Events that a receiver did not take yet must not go.
Result<void> all_delivered(const Book& book, std::uint64_t until) {
  std::vector<channels::Webhook> behind;
  const std::uint64_t gone = book.archived().until;
  TRY(book.for_each_document(DocumentKind::kWebhook, [&](const DocumentPtr& document) {
    auto webhook = channels::decode_webhook(document->bytes);
    if (webhook && webhook.value().state == "active" && webhook.value().cursor < until)
      behind.push_back(std::move(webhook.value()));
    return true;
  }));
  for (channels::Webhook& webhook : behind) {
    webhook.cursor = std::max(webhook.cursor, gone);
    TRY(const bool waits, has_undelivered(book, webhook, until));
    if (waits)
      return fail(Errc::kMismatch,
                  "webhook {} has not taken events up to entry {}: let it catch up, or disable it",
                  webhook.id, until);
  }
  return success();
}

}  // namespace

int purge_command(const PurgeOptions& o) {
  if (const auto there = check_writable_book(o.data); !there) return failed(there.error());
  PurgeRequest request;
  request.archive = o.archive;
  request.year = o.year;
  request.roots = o.data / "roots";
  if (!o.public_key.empty()) {
    std::ifstream in(o.public_key);
    request.root_key.assign(std::istreambuf_iterator<char>(in), {});
    if (request.root_key.empty())
      return failed(fail(Errc::kMalformed, "{}: no public key", o.public_key.string()));
  }
  const SystemClock clock;
  BookOptions options;
  options.folder = o.data;
  options.root_key = o.root_key;
  options.open_store = open_with_key(o.data);
  auto book = Book::open(options, clock);
  if (!book) return failed(book.error());
  request.progress = print_progress("purge");
  request.may_go = [&](std::uint64_t until) { return all_delivered(*book.value(), until); };
  const std::uint64_t before = book.value()->statistics().disk_bytes;
  const auto purged = purge_book(*book.value(), request);
  end_progress();
  if (!purged) return failed(purged.error());
  if (purged.value().was_done) {
    fmt::print("purged already up to entry {}\n", purged.value().until);
    return 0;
  }
  fmt::print("purged up to entry {}: {} bytes on disk before, {} now; keep {}\n",
             purged.value().until, before, book.value()->statistics().disk_bytes,
             o.archive.string());
  return 0;
}

namespace {

int write_export(const Book& book, Result<void> (*write)(const Book&, std::ostream&),
                 std::ostream& out, const std::string& name) {
  const auto written = write(book, out);
  if (!written) return failed(written.error());
  out.flush();
  return out ? 0 : failed(fail(Errc::kIo, "{}: could not be written to its end", name));
}

}  // namespace

int export_command(const std::filesystem::path& data, const std::string& format,
                   const std::filesystem::path& out) {
  if (const auto there = check_book_folder(data); !there) return failed(there.error());
  const SystemClock clock;
  BookOptions options;
  options.folder = data;
  options.read_only = true;
  auto book = Book::open(options, clock);
  if (!book) return failed(book.error());
  const auto write = format == "beancount" ? export_beancount
                     : format == "jsonl"   ? export_jsonl
                     : format == "csv"     ? export_csv
                                           : export_hledger;
  if (out.empty()) return write_export(*book.value(), write, std::cout, "the export");
  // Beside, so that what was there stays until the export is whole; a pipe is written as it is.
  std::error_code none;
  const bool special = std::filesystem::exists(out, none) && !is_regular_file(out, none);
  std::filesystem::path to = std::filesystem::weakly_canonical(out, none);  // not a link to it
  if (to.empty()) to = out;
  std::filesystem::path beside = to;
  if (!special) beside += ".new";
  // The whole book: for its owner alone.
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return failed(fail(Errc::kIo, "{}: cannot be written", out.string()));
  ::close(fd);
  std::ofstream file(beside);
  int status = write_export(*book.value(), write, file, out.string());
  file.close();
  if (special) return status;
  std::error_code error;
  if (status == 0) std::filesystem::rename(beside, to, error);
  if (error) status = failed(fail(Errc::kIo, "{}: {}", out.string(), error.message()));
  if (status != 0) std::filesystem::remove(beside, none);
  return status;
}

int import_journal_command(const std::filesystem::path& file, const std::string& format,
                           const std::filesystem::path& folder) {
  if (std::error_code none; !std::filesystem::is_empty(folder, none) && !none)
    if (const auto there = check_writable_book(folder); !there) return failed(there.error());
  const SystemClock clock;
  const OpenStore open = open_with_key(folder, true);
  const auto counts =
      format == "hledger"     ? import_plain(file, PlainFormat::kHledger, folder, clock, open)
      : format == "beancount" ? import_plain(file, PlainFormat::kBeancount, folder, clock, open)
      : format == "csv"       ? import_entries(file, EntryFormat::kCsv, folder, open)
                              : import_entries(file, EntryFormat::kJsonLines, folder, open);
  if (!counts) return failed(counts.error());
  fmt::print("{} entries: {} posted, {} were there\n", counts.value().entries,
             counts.value().posted, counts.value().replayed);
  return 0;
}

int import_statement_command(const std::filesystem::path& file,
                             const std::filesystem::path& folder) {
  if (const auto there = check_writable_book(folder); !there) return failed(there.error());
  const SystemClock clock;
  BookOptions options = reconcile::statement_book(folder, *Date::of(1993, 1, 1));
  options.create = false;
  options.open_store = open_with_key(folder);
  auto book = Book::open(options, clock);
  if (!book) return failed(book.error());
  const auto report = reconcile::import_statement_1993(*book.value(), file);
  if (!report) return failed(report.error());
  fmt::print("{}", reconcile::render(report.value()));
  return 0;
}

int key_add_command(const Config& config, const KeyOptions& options) {
  const auto roles = Roles::parse(options.roles);
  if (!roles) return failed(roles.error());
  if (!valid_key_id(options.id)) {
    fmt::print(stderr, "suanpan: --id is 1 to 64 of A-Z a-z 0-9 - _ .\n");
    return 2;
  }
  const KeyScope scope{split_scope(options.accounts), split_scope(options.merchants)};
  if (const auto checked = check_key(roles.value(), scope); !checked)
    return failed(checked.error());
  // A scope never changes: whoever forgot it would have to make another key.
  if (roles.value().has(Role::kUpstream) && scope.empty() && !options.no_scope) {
    fmt::print(
        stderr,
        "suanpan: as an upstream this key could touch nothing, and its scope never changes:\n"
        "give --accounts 3001/小区1,2203 and --merchants M1001, or / for all of them;\n"
        "--scope none makes a key that touches nothing\n");
    return 2;
  }
  if (options.no_scope && (!roles.value().has(Role::kUpstream) || !scope.empty())) {
    fmt::print(stderr,
               "suanpan: --scope none is of an upstream, without --accounts, --merchants\n");
    return 2;
  }
  auto opened = open_book(config);
  if (!opened) return failed(opened.error());
  NewKey made = new_key(*opened.value().vault, options.id, roles.value(), scope);
  const Answer answer = opened.value().book->run(std::move(made.command));
  if (!answer.accepted()) return refused(answer.refusal);
  fmt::print("{}\n", made.secret.reveal());
  return 0;
}

int merchant_add_command(const Config& config, const MerchantOptions& o) {
  if (!settlement::is_number(o.mch_no) || o.mch_no.find('|') != std::string::npos) {
    fmt::print(stderr, "suanpan: --mch-no is 1 to 64 of A-Z a-z 0-9 - _ * .\n");
    return 2;
  }
  if (o.mode != "direct" && o.mode != "collected") {
    fmt::print(stderr, "suanpan: --mode is direct or collected\n");
    return 2;
  }
  const bool payee = !o.payee_name.empty() && !o.payee_account.empty() && !o.payee_bank.empty();
  if (!payee && !(o.payee_name + o.payee_account + o.payee_bank).empty()) {
    fmt::print(stderr, "suanpan: --payee-name, --payee-account and --payee-bank go together\n");
    return 2;
  }
  // All that can be wrong with the fee alone is found before anything is written.
  const auto rate = o.fee.empty() ? Rate::parse("0") : Rate::parse(o.fee);
  if (!rate) return failed(rate.error());
  auto opened = open_book(config);
  if (!opened) return failed(opened.error());
  Book& book = *opened.value().book;
  const Vault& vault = *opened.value().vault;
  channels::Merchant merchant;
  merchant.mch_no = o.mch_no;
  merchant.name = o.name;
  merchant.mode =
      o.mode == "direct" ? channels::MerchantMode::kDirect : channels::MerchantMode::kCollected;
  merchant.wx_mchid = o.wx_mchid;
  merchant.bank_account = o.bank_account;
  merchant.supervised_path = o.supervised_path;
  if (payee) {
    const channels::Payee to{o.payee_name, o.payee_account, o.payee_bank};
    const auto key = channels::payee_key(vault, to);
    if (!key) return failed(key.error());
    merchant.payee_sealed = channels::seal_payee(key.value(), o.mch_no, to);
  }
  std::vector<Command> commands = channels::add_merchant(merchant);
  commands.back().key =
      replacement_claim(book, DocumentKind::kMerchant, o.mch_no, channels::encode(merchant));
  for (Command& command : commands) {
    const Answer answer = book.run(std::move(command));
    if (!answer.accepted() && answer.refusal.code != RefusalCode::kAccountExists)
      return refused(answer.refusal);
  }
  channels::App app;
  app.app_id = o.app_id;
  app.mch_no = o.mch_no;
  app.secret_sealed = vault.seal("app|" + o.app_id, secret_of(o.secret));
  app.md5_allowed = !o.no_md5;
  Command put_app = channels::put_app(app);
  put_app.key = replacement_claim(book, DocumentKind::kApp, o.app_id, channels::encode(app));
  if (const Answer answer = book.run(std::move(put_app)); !answer.accepted())
    return refused(answer.refusal);
  if (!o.fee.empty()) {
    const auto schedule = settlement::flat_schedule(
        o.mch_no, rate.value(),
        book.read([](const State& s, std::uint64_t) { return s.book().accounting_date; }));
    // By the same plan as over the API: a rule that has begun stays.
    Command put = settlement::put_schedule(
        replacement_claim(book, DocumentKind::kFeeSchedule, o.mch_no, settlement::encode(schedule)),
        schedule);
    if (const Answer answer = book.run(std::move(put)); !answer.accepted())
      return refused(answer.refusal);
  }
  fmt::print("merchant {} ({}) with app {}\n", o.mch_no, o.mode, o.app_id);
  return 0;
}

int reset_head_command(const Config& config) {
  auto opened = open_book(config, true);
  if (!opened) return failed(opened.error());
  fmt::print("the journal's head is accepted at entry {}\n",
             opened.value().book->statistics().last_seq);
  return 0;
}

}  // namespace suanpan::api
