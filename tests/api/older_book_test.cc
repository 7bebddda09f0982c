// A book of before the keys of persons (format 4): brought up when it is opened, what it holds
// reads as it did, and keys that were lost are never taken for keys that were not made yet.
#include <catch2/catch.hpp>
#include <fstream>

#include "api/open_book.h"
#include "channels/chart.h"
#include "channels/merchant.h"
#include "channels/payee.h"
#include "channels/personal_texts.h"
#include "channels/sub_accounts.h"
#include "ledger/base/file.h"
#include "ledger/core/order.h"
#include "ledger/engine/verify.h"
#include "ledger/store/backup.h"
#include "ledger/store/format.h"
#include "ledger/store/rocks_store.h"
#include "tests/support/program.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

constexpr const char* kKeyFiles[] = {"vault.key.persons", "vault.key.orders"};

/// The store as it lies there, whatever its format, which stays.
void look(const fs::path& book, const std::function<void(const KeyValueStore&)>& at) {
  RocksOptions options;
  options.keep_format = true;
  const auto store = open_rocks(book / "db", options);
  if (!store) FAIL(store.error().message);
  at(*store.value());
}
std::uint64_t format_of(const fs::path& book) {
  std::uint64_t format = 0;
  look(book, [&](const KeyValueStore& store) {
    format = from_big_endian(store.get(Table::kMeta, "format").value().value_or(""));
  });
  return format;
}
/// Every row of a table: bytes, not to be printed.
std::string rows_of(const fs::path& book, Table table) {
  std::string all;
  look(book, [&](const KeyValueStore& store) {
    const auto cursor = store.cursor(table);
    for (cursor->seek(""); cursor->valid(); cursor->next())
      all += std::string(cursor->key()) + std::string(cursor->value());
  });
  return all;
}
std::string rows_of(const fs::path& book) {
  std::string all;
  for (const Table table : kTables) all += rows_of(book, table);
  return all;
}

/// Made by hand as programs made it that sealed nothing under keys of persons.
struct OlderBook {
  test::TempFolder temp;
  fs::path folder = temp.path() / "book";
  api::Config config;

  OlderBook() {
    config.book_folder = folder;
    config.first_date = Date::of(2026, 3, 4);
    fs::create_directory(folder);
    auto made = Vault::open(folder / "vault.key", true);
    REQUIRE(made);
    const Vault& vault = made.value();
    remove_keys();
    ManualClock clock(Timestamp{1'772'600'000'000'000'000});
    BookOptions options;
    options.folder = folder;
    options.create = true;
    options.sign_days = true;
    options.first_date = *config.first_date;
    auto book = Book::open(options, clock);
    REQUIRE(book);
    std::vector<OpenAccountRequest> accounts = channels::platform_accounts();
    accounts.push_back(channels::bank_account("6228", "监管户"));
    for (const OpenAccountRequest& account :
         channels::merchant_accounts("M1", "物业", false, "wxpay", "1900000109"))
      accounts.push_back(account);
    for (OpenAccountRequest& account : accounts)
      REQUIRE(book.value()->run(open_account(std::move(account))).accepted());
    // As programs of before wrote them, member by member.
    const std::string order = fmt::format(
        R"({{"order_id":"P1","mch_no":"M1","amount":10000,"currency":"CNY","lines":[{{"label":)"
        R"("张三的房","account":"2101/M1","amount":10000}}],"subject":"3幢0402 物业费","body":)"
        R"("业主张三","ext_param":"{}","created_at":1,"refunded":5,"state":2}})",
        vault.seal("ext-param|M1", "门牌7栋"));
    const std::string refund =
        R"({"refund_id":"R1","order_id":"P1","mch_no":"M1","amount":5,"currency":"CNY",)"
        R"("reason":"张三退款","lines":[{"label":"张三的房","account":"2101/M1","amount":5}],)"
        R"("state":2})";
    const std::string payee = vault.seal(
        "payee|M1", R"({"name":"张三","account":"6222000000000020","bank":"102100099996"})");
    const std::string payout = fmt::format(
        R"({{"payout_id":"T1","mch_no":"M1","amount":5,"currency":"CNY","source_account":)"
        R"("2101/M1","transit_account":"2103","bank_account":"1002/6228","payee_sealed":"{}",)"
        R"("payee_masked":"张* ****0020","remark":"退张三押金","ext_param":"{}","state":2}})",
        payee, vault.seal("ext-param|M1", "转账备注"));
    keep(*book.value(), "vault-check",
         {{DocumentKind::kBookSetting, "vault-check", 1, true, vault.check_value()}});
    keep(*book.value(), "documents",
         {{DocumentKind::kOrder, "P1", 1, false, order},
          {DocumentKind::kRefund, "R1", 1, false, refund},
          {DocumentKind::kPayout, "T1", 1, false, payout},
          {DocumentKind::kSubAccount, "7000000001", 1, true,
           R"({"number":"7000000001","bank_account":"6228","account":"2201/0402",)"
           R"("purpose":"3幢0402 维修资金","order_id":""})"}},
         {{"1122/wxpay/1900000109", "2101/M1", 10'000},
          {"2101/M1", "2104", 5},
          {"2104", "1122/wxpay/1900000109", 5},
          {"2101/M1", "2103", 5},
          {"2103", "1002/6228", 5}});
    // As a crash leaves it: what is in the journal is in no table yet.
    fs::copy(folder, temp.path() / "crashed", fs::copy_options::recursive);
    book.value().reset();
    say_format(4);
  }
  struct Move {
    const char *debit, *credit;
    std::int64_t amount;
  };
  /// Documents in one command, with the money that they say.
  static void keep(Book& book, const char* id, DocumentChanges documents,
                   std::vector<Move> moves = {}) {
    Command command;
    command.key = ClaimKey{id_of(id), kSystemCaller};
    command.kind = CommandKind::kSetting;
    command.content = {{"what", id}};
    command.plan = [documents, moves](const View& view, const Moment&) -> Planned<ChangeSet> {
      ChangeSet changes;
      changes.date = view.book().accounting_date;
      changes.documents = documents;
      for (const Move& m : moves)
        changes.transfers.push_back({view.account(m.debit)->id, view.account(m.credit)->id,
                                     m.amount, TransferKind::kPosted});
      return changes;
    };
    REQUIRE(book.run(std::move(command)).accepted());
  }
  void say_format(std::uint64_t format) const {
    auto store = open_rocks(folder / "db", RocksOptions{});
    REQUIRE(store);
    WriteSet rows{{Table::kMeta, "format", big_endian(format)}};
    if (format < 4) rows.push_back({Table::kMeta, "book", std::nullopt});
    REQUIRE(store.value()->write(rows, Durability::kSynced));
  }
  /// As a crash left it, with a journal and no tables.
  void take_crashed(std::uint64_t format) {
    config.book_folder = folder = temp.path() / "crashed";
    say_format(format);
  }
  /// Its vault key in a copy that was restored.
  api::Config with_its_keys(const fs::path& copy) const {
    for (const char* name : {"vault.key", "root.key"}) fs::copy_file(folder / name, copy / name);
    api::Config other = config;
    other.book_folder = copy;
    return other;
  }
  void change_vault_key() const {
    fs::rename(folder / "vault.key", temp.path() / "vault.key");
    std::ofstream(folder / "vault.key", std::ios::binary) << std::string(32, 'x');
    fs::permissions(folder / "vault.key", fs::perms::owner_read | fs::perms::owner_write);
  }
  std::uint64_t format() const { return format_of(folder); }
  /// Every block and its key.
  std::string journal() const { return rows_of(folder, Table::kJournal); }
  void remove_keys() const {
    for (const char* name : kKeyFiles) fs::remove(folder / name);
  }
  bool has_no_keys() const {
    return !fs::exists(folder / kKeyFiles[0]) && !fs::exists(folder / kKeyFiles[1]);
  }
  Error refused() const {
    const auto opened = api::open_book(config);
    REQUIRE_FALSE(opened);
    return opened.error();
  }
};

template <class T>
T read(const Book& book, DocumentKind kind, const char* key,
       Result<T> (*decode)(std::string_view)) {
  return decode(book.document(kind, key)->bytes).value();
}

}  // namespace

TEST_CASE("older book: it gets keys of persons, and its texts read as they did") {
  OlderBook old;
  CHECK(old.has_no_keys());
  // Who only reads changes nothing, and says what is to be done.
  const auto looked = verify(old.folder);
  REQUIRE_FALSE(looked);
  CHECK(looked.error().code == Errc::kUnsupported);
  CHECK_THAT(looked.error().message, Catch::Contains("format 4, older than this program's"));
  CHECK(old.has_no_keys());
  for (int start = 0; start < 2; ++start) {
    INFO(start);
    auto opened = api::open_book(old.config);
    if (!opened) FAIL(opened.error().message);
    const Book& book = *opened.value().book;
    const Vault& vault = *opened.value().vault;
    for (const char* name : kKeyFiles) CHECK(fs::exists(old.folder / name));
    const Order order = read(book, DocumentKind::kOrder, "P1", decode_order);
    const auto texts = channels::open_texts(vault, "M1", order.texts_sealed);
    REQUIRE(texts);
    CHECK(texts.value().title == "3幢0402 物业费");
    CHECK(texts.value().detail == "业主张三");
    CHECK(texts.value().own == "门牌7栋");
    // As it stands after the next news of it.
    const Order again = decode_order(encode(order)).value();
    CHECK(channels::open_texts(vault, "M1", again.texts_sealed).value().own == "门牌7栋");
    CHECK(channels::open_texts(vault, "M2", order.texts_sealed).error().code == Errc::kCorrupt);
    const Refund refund = read(book, DocumentKind::kRefund, "R1", decode_refund);
    CHECK(channels::open_texts(vault, "M1", refund.texts_sealed).value().title == "张三退款");
    const Payout payout = read(book, DocumentKind::kPayout, "T1", decode_payout);
    CHECK(payout.remark == "退张三押金");
    CHECK(channels::open_texts(vault, "M1", payout.texts_sealed).value().own == "转账备注");
    CHECK(channels::masked_payee(vault, "M1", payout.payee_sealed) == "张* ****0020");
    CHECK(channels::open_payee(vault, "M2", payout.payee_sealed).has_error());
    const auto holder = channels::find_sub_account(book, "7000000001");
    REQUIRE(holder);
    CHECK(channels::purpose_of(vault, *holder).value() == "3幢0402 维修资金");
    // What is sealed from now on has a key.
    const ClaimKey claim{id_of("o1"), kSystemCaller};
    const auto key = channels::payer_key(vault, book, claim, "oPlantedOpenid01");
    REQUIRE(key);
    CHECK(key.value().name ==
          channels::payer_key(vault, book, claim, "oPlantedOpenid01").value().name);
    CHECK(book.document(DocumentKind::kBookSetting, "subject-keys"));
  }
  CHECK(old.format() == kFormat);
  const auto judged = verify(old.folder);
  REQUIRE(judged);
  CHECK(judged.value().first_fault == "");
  // From here on a file that is missing is a file that was lost.
  for (const char* name : kKeyFiles) {
    INFO(name);
    fs::rename(old.folder / name, old.temp.path() / name);
    CHECK(old.refused().code == Errc::kNotFound);
    CHECK_THAT(old.refused().message, Catch::Contains(name));
    CHECK_FALSE(fs::exists(old.folder / name));
    fs::rename(old.temp.path() / name, old.folder / name);
  }
}

TEST_CASE("older book: a crash on the way leaves it not begun or done") {
  OlderBook old;
  SECTION("one of the two files is made") {
    REQUIRE(Vault::open(old.folder / "vault.key", true));
    fs::remove(old.folder / kKeyFiles[1]);
    REQUIRE(api::open_book(old.config));
    CHECK(fs::exists(old.folder / kKeyFiles[1]));
    CHECK(old.format() == kFormat);
  }
  SECTION("both files are made, and nothing else") {
    REQUIRE(Vault::open(old.folder / "vault.key", true));
    REQUIRE(api::open_book(old.config));
    CHECK(old.format() == kFormat);
  }
  SECTION("the number is written, and no file is made") {
    old.say_format(5);
    REQUIRE(api::open_book(old.config));
    for (const char* name : kKeyFiles) CHECK(fs::exists(old.folder / name));
  }
}

TEST_CASE("older book: where something is sealed under a key, missing keys are not made anew") {
  OlderBook old;
  bool finished = false;
  SECTION("in an open document") {}
  SECTION("in a finished one") { finished = true; }
  {
    auto vault = Vault::open(old.folder / "vault.key", true);
    REQUIRE(vault);
    const std::string order = fmt::format(
        R"({{"order_id":"P2","mch_no":"M1","amount":1,"currency":"CNY","texts_sealed":"{}"}})",
        channels::seal_texts(vault.value().subjects().take().value(), "M1", {"物业费", "", ""}));
    ManualClock clock(Timestamp{1'772'600'001'000'000'000});
    BookOptions options;
    options.folder = old.folder;
    auto book = Book::open(options, clock);
    REQUIRE(book);
    OlderBook::keep(*book.value(), "sealed", {{DocumentKind::kOrder, "P2", 1, !finished, order}});
  }
  old.say_format(4);
  for (const char* name : kKeyFiles) fs::rename(old.folder / name, old.temp.path() / name);
  CHECK(old.refused().code == Errc::kNotFound);
  CHECK_THAT(old.refused().message, Catch::Contains("restore the file"));
  CHECK(old.has_no_keys());
  for (const char* name : kKeyFiles) fs::rename(old.temp.path() / name, old.folder / name);
  REQUIRE(api::open_book(old.config));
  CHECK(old.format() == kFormat);
}

TEST_CASE("older book: with another vault key it stays as old as it is, and no keys are made") {
  OlderBook old;
  SECTION("with its tables stored") {}
  SECTION("with a journal alone") { old.take_crashed(4); }
  const auto left = [&](const char* file) { return read_file(old.folder / file).value(); };
  const std::string head = left("head"), roots = left("roots"), journal = old.journal();
  old.change_vault_key();
  for (int start = 0; start < 2; ++start) {
    CHECK(old.refused().code == Errc::kMismatch);
    CHECK_THAT(old.refused().message, Catch::Contains("not the vault key"));
    CHECK(old.format() == 4);
    CHECK(old.has_no_keys());
    CHECK(left("head") == head);
    CHECK(left("roots") == roots);
    CHECK(old.journal() == journal);
  }
  fs::remove(old.folder / "vault.key");
  fs::rename(old.temp.path() / "vault.key", old.folder / "vault.key");
  REQUIRE(api::open_book(old.config));
  CHECK(old.format() == kFormat);
}

TEST_CASE("older book: one without a check value of its vault key stays as old as it is") {
  OlderBook old;
  old.config.book_folder = old.folder = old.temp.path() / "other";
  fs::create_directory(old.folder);
  REQUIRE(Vault::open(old.folder / "vault.key", true));
  old.remove_keys();
  BookOptions options;
  options.folder = old.folder;
  options.create = true;
  options.first_date = *old.config.first_date;
  REQUIRE(Book::open(options, SystemClock()));
  old.say_format(4);
  CHECK(old.refused().code == Errc::kCorrupt);
  CHECK(old.format() == 4);
}

namespace {

/// The order's title, which programs of before wrote in clear.
std::string title_in(const api::Config& config) {
  const auto opened = api::open_book(config);
  if (!opened) FAIL(opened.error().message);
  const Order order = read(*opened.value().book, DocumentKind::kOrder, "P1", decode_order);
  return channels::open_texts(*opened.value().vault, "M1", order.texts_sealed).value().title;
}

test::Ended back_up(const OlderBook& old, const fs::path& to) {
  return test::run_program({"backup", "--data", old.folder.string(), "--to", to.string()});
}

}  // namespace

TEST_CASE("older book: a backup takes it as old as it is, and the next one as new as it is then") {
  OlderBook old;
  std::uint64_t format = 4;
  SECTION("with its tables stored") {}
  SECTION("with a journal alone") { old.take_crashed(4); }
  SECTION("of before identities") { old.say_format(format = 3); }
  const fs::path backups = old.temp.path() / "backups";
  const fs::path first = old.temp.path() / "first", second = old.temp.path() / "second";
  const std::string rows = rows_of(old.folder);
  const test::Ended taken = back_up(old, backups);
  CHECK(taken.err == "");
  REQUIRE(taken.status == 0);
  CHECK_THAT(taken.out, Catch::Contains("book and backup keep their older format"));
  CHECK((rows_of(old.folder) == rows));
  CHECK(old.has_no_keys());
  CHECK(old.format() == format);

  CHECK(title_in(old.config) == "3幢0402 物业费");
  CHECK(old.format() == 5);
  const test::Ended again = back_up(old, backups);
  REQUIRE(again.status == 0);
  CHECK_THAT(again.out, !Catch::Contains("older format"));
  const auto both = list_backups(backups);
  REQUIRE(both);
  REQUIRE(both.value().size() == 2);
  CHECK(both.value()[0].book == both.value()[1].book);

  REQUIRE(restore_backup(backups, first, {}, 1));
  CHECK(format_of(first) == format);
  CHECK((rows_of(first) == rows));
  CHECK(title_in(old.with_its_keys(first)) == "3幢0402 物业费");
  CHECK(format_of(first) == 5);
  REQUIRE(restore_backup(backups, second, {}, 2));
  CHECK(format_of(second) == 5);
  CHECK((rows_of(second) == rows_of(old.folder)));
  CHECK(title_in(old.with_its_keys(second)) == "3幢0402 物业费");
  const auto judged = verify(first);
  REQUIRE(judged);
  CHECK(judged.value().first_fault == "");
}

TEST_CASE("older book: a backup of it that is restored to a point is as old") {
  OlderBook old;
  std::uint64_t format = 4;
  SECTION("of format 4") {}
  SECTION("of before identities") { old.say_format(format = 3); }
  const fs::path backups = old.temp.path() / "backups", copy = old.temp.path() / "copy";
  REQUIRE(back_up(old, backups).status == 0);
  const auto whole = list_backups(backups);
  REQUIRE(whole);
  // The last entry is the one that keeps the documents.
  RestorePoint until;
  until.seq = whole.value()[0].head.seq - 1;
  const auto restored = restore_backup(backups, copy, until);
  REQUIRE(restored);
  CHECK(restored.value().cut);
  CHECK(format_of(copy) == format);
  const std::string journal = rows_of(copy, Table::kJournal);
  CHECK(journal.size() < old.journal().size());
  CHECK(old.journal().starts_with(journal));
  const api::Config config = old.with_its_keys(copy);
  {
    const auto opened = api::open_book(config);
    if (!opened) FAIL(opened.error().message);
    CHECK_FALSE(opened.value().book->document(DocumentKind::kOrder, "P1"));
    CHECK(opened.value().book->identity().value() == whole.value()[0].book);
  }
  CHECK(format_of(copy) == 5);
}

TEST_CASE("older book: what this program does not know is not backed up, and says why") {
  OlderBook old;
  struct {
    std::uint64_t format;
    const char* says;
  } const rows[] = {{2, "format 2, from which no step leads to this program's 5: use the program"},
                    {6, "format 6, newer than this program's 5"}};
  for (const auto& row : rows) {
    INFO(row.format);
    old.folder = old.temp.path() / fmt::format("book{}", row.format);
    fs::copy(old.temp.path() / "crashed", old.folder, fs::copy_options::recursive);
    old.say_format(row.format);
    const fs::path to = old.temp.path() / "backups";
    const test::Ended how = back_up(old, to);
    CHECK(how.status == 1);
    CHECK_THAT(how.err, Catch::Contains(row.says));
    CHECK_FALSE(fs::exists(to));
  }
}

namespace {

constexpr const char* kPlain = R"(commodity CNY
    format 1000.00 CNY
account assets:bank
account income:物业费

2026-03-04 物业费
    assets:bank  1.00 CNY
    income:物业费  -1.00 CNY
)";

struct OnBook {
  const char* name;
  std::vector<std::string> arguments;  // of the program; "DATA" stands for the book
};

/// All that open a book for writing without the server's settings.
std::vector<OnBook> commands_on_a_book(const OlderBook& old) {
  const std::string crashed = (old.temp.path() / "crashed").string();
  const auto file = [&](const char* name) { return (old.temp.path() / name).string(); };
  for (const char* format : {"jsonl", "csv"})
    REQUIRE(
        test::run_program({"export", "--data", crashed, "--format", format, "--out", file(format)})
            .status == 0);
  std::ofstream(file("hledger")) << kPlain;
  std::ofstream(file("beancount")) << "2026-03-04 open Assets:A CNY\n";
  std::vector<OnBook> all{
      {"purge", {"purge", "--data", "DATA", "--archive", file("archive"), "--year", "2026"}},
      {"bank-statement", {"import", "bank-statement", file("csv"), "--book", "DATA"}}};
  for (const char* format : {"jsonl", "csv", "hledger", "beancount"})
    all.push_back(
        {format, {"import", "journal", file(format), "--format", format, "--data", "DATA"}});
  for (OnBook& one : all)
    for (std::string& argument : one.arguments)
      if (argument == "DATA") argument = old.folder.string();
  return all;
}

}  // namespace

TEST_CASE("older book: no command brings it up without its vault key, all say what serve says") {
  OlderBook old;
  const auto commands = commands_on_a_book(old);
  const std::string rows = rows_of(old.folder);
  const char* says = nullptr;
  SECTION("another key") {
    old.change_vault_key();
    says = "not the vault key that this book was made with";
  }
  SECTION("no key") {
    fs::rename(old.folder / "vault.key", old.temp.path() / "vault.key");
    says = "the vault key is missing";
  }
  const Error served = old.refused();
  CHECK_THAT(served.message, Catch::Contains(says));
  for (const OnBook& command : commands) {
    INFO(command.name);
    const test::Ended how = test::run_program(command.arguments);
    CHECK(how.status == 1);
    CHECK(how.err == fmt::format("suanpan: {}: {}\n", name_of(served.code), served.message));
    CHECK((rows_of(old.folder) == rows));
    CHECK(old.format() == 4);
  }
  // This one only reads, and brings nothing up with whatever key.
  const test::Ended archived =
      test::run_program({"archive", "--data", old.folder.string(), "--until", "2026", "--to",
                         (old.temp.path() / "archive").string()});
  CHECK(archived.status == 1);
  CHECK_THAT(archived.err, Catch::Contains("format 4, older than this program's 5"));
  CHECK((rows_of(old.folder) == rows));
  fs::remove(old.folder / "vault.key");
  fs::rename(old.temp.path() / "vault.key", old.folder / "vault.key");
  // With the right key it is brought up, and the command goes on to what it wants of the book.
  const test::Ended purge = test::run_program(commands[0].arguments);
  CHECK(purge.status == 1);
  CHECK_THAT(purge.err, !Catch::Contains("vault.key"));
  CHECK(old.format() == 5);
}

TEST_CASE("older book: one that an import made has no vault, and is brought up unasked") {
  OlderBook old;
  const fs::path journal = old.temp.path() / "plain";
  std::ofstream(journal) << kPlain;
  old.folder = old.temp.path() / "imported";
  const std::vector<std::string> import{"import",  "journal", journal.string(),   "--format",
                                        "hledger", "--data",  old.folder.string()};
  const test::Ended made = test::run_program(import);
  CHECK(made.err == "");
  REQUIRE(made.out == "1 entries: 1 posted, 0 were there\n");
  CHECK_FALSE(fs::exists(old.folder / "vault.key"));
  old.say_format(4);
  const test::Ended again = test::run_program(import);
  CHECK(again.err == "");
  CHECK(again.out == "1 entries: 0 posted, 1 were there\n");
  CHECK(old.format() == 5);
}

TEST_CASE("older book: one that is restored from its backup gets keys, too") {
  OlderBook old;
  {
    ManualClock clock(Timestamp{1'772'600'001'000'000'000});
    BookOptions options;
    options.folder = old.folder;
    auto book = Book::open(options, clock);
    REQUIRE(book);
    REQUIRE(book.value()->back_up(old.temp.path() / "backups"));
  }
  api::Config config = old.config;
  config.book_folder = old.temp.path() / "restored";
  REQUIRE(restore_backup(old.temp.path() / "backups", config.book_folder, {}));
  fs::copy_file(old.folder / "vault.key", config.book_folder / "vault.key");
  fs::copy_file(old.folder / "root.key", config.book_folder / "root.key");
  const auto opened = api::open_book(config);
  if (!opened) FAIL(opened.error().message);
  for (const char* name : kKeyFiles) CHECK(fs::exists(config.book_folder / name));
}
