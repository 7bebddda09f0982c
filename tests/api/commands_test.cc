// The one-shot commands as their users meet them: the real program, its exit status, what it says.
#include "api/commands.h"

#include <catch2/catch.hpp>

#include "api/keys.h"
#include "api/open_book.h"
#include "channels/merchant.h"
#include "channels/payee.h"
#include "channels/webhooks.h"
#include "ledger/engine/close_year.h"
#include "ledger/engine/verify.h"
#include "settlement/fee_schedule.h"
#include "tests/support/program.h"

using namespace suanpan;
using test::Ended;
using test::run_program;

namespace {

using Arguments = std::vector<std::string>;

struct Fixture {
  test::TempFolder temp;
  std::string folder = (temp.path() / "book").string();

  Ended run(Arguments arguments) const {
    arguments.insert(arguments.end(), {"--data", folder});
    return run_program(arguments);
  }
  void init() const {
    const Ended ended = run({"init", "--first-date", "2026-03-04"});
    INFO(ended.err);
    REQUIRE(ended.status == 0);
    CHECK(ended.out == "a new book in " + folder +
                           ", its first day is 2026-03-04, its chart of accounts is platform\n");
  }
  Ended merchant(const Arguments& more = {}) const {
    Arguments all{"merchant", "add",  "--mch-no", "M1",       "--app-id", "A",
                  "--secret", "s3cr", "--name",   "安居维修", "--mode",   "collected"};
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
  }
  /// Looks into the book, which no program has open now.
  void look(const std::function<void(const Book&, const Vault&)>& at) const {
    api::Config config;
    config.book_folder = folder;
    const auto opened = api::open_book(config);
    REQUIRE(opened);
    at(*opened.value().book, *opened.value().vault);
  }
};

void ended(const Ended& how, int status, const std::string& said) {
  INFO(how.out << how.err);
  CHECK(how.status == status);
  CHECK_THAT(how.err, Catch::Contains(said));
}

}  // namespace

TEST_CASE("commands: every command refuses a folder without a book, names init, makes nothing") {
  const Fixture f;
  const std::string file = (f.temp.path() / "statement.csv").string();
  std::ofstream(file) << "x\n";
  const std::string said = f.folder + ": there is no book here; `suanpan init --data " + f.folder;
  ended(f.run({"serve"}), 1, said);
  ended(f.run({"verify"}), 1, said);
  ended(f.run({"export"}), 1, said);
  ended(f.run({"backup", "--to", (f.temp.path() / "backups").string()}), 1, said);
  ended(f.run({"reset-head"}), 1, said);
  ended(f.run({"key", "add", "--id", "a", "--role", "maker"}), 1, said);
  ended(f.merchant(), 1, said);
  ended(run_program({"import", "bank-statement", file, "--book", f.folder}), 1, said);
  CHECK_FALSE(std::filesystem::exists(f.folder));
}

TEST_CASE("commands: init makes a book once") {
  const Fixture f;
  ended(f.run({"init", "--first-date", "4 March"}), 2, "--first-date must be YYYY-MM-DD");
  ended(f.run({"init", "--currency", "XYZ"}), 2, "--currency XYZ is not known");
  CHECK_FALSE(std::filesystem::exists(f.folder));
  ended(run_program({"init"}), 2, "give --config FILE or --data DIR");
  f.init();
  ended(f.run({"init"}), 1, "is there already");
  ended(f.run({"verify"}), 0, "");
}

TEST_CASE("commands: init gives the book the chart of accounts that is asked for") {
  const struct {
    const char* name;
    bool enforced, platform_accounts;
  } charts[] = {{"platform", true, true},  {"maintenance", true, false}, {"provident", true, false},
                {"property", true, false}, {"bank", true, false},        {"free", false, true}};
  for (const auto& chart : charts) {
    INFO(chart.name);
    const Fixture f;
    ended(f.run({"init", "--chart", chart.name}), 0, "");
    f.look([&](const Book& book, const Vault&) {
      const DocumentPtr stored = book.document(DocumentKind::kChart, kChartKey);
      REQUIRE(stored);
      CHECK(decode_chart(stored->bytes) == Chart{chart.name, chart.enforced});
      book.read([&](const State& state, std::uint64_t) {
        CHECK((state.account("6401") != nullptr) == chart.platform_accounts);
      });
    });
    ended(f.run({"verify"}), 0, "");
  }
  const Fixture f;
  ended(f.run({"init", "--chart", "other"}), 105, "--chart");  // CLI11's own status
  CHECK_FALSE(std::filesystem::exists(f.folder));
}

TEST_CASE("commands: init takes first day, currency and bank accounts from the settings") {
  const Fixture f;
  const std::string settings = (f.temp.path() / "engine.toml").string();
  std::ofstream(settings) << "[book]\nfolder = \"book\"\nfirst_date = \"2026-03-04\"\n"
                             "[bank]\n[[bank.account]]\nnumber = \"6228\"\nname = \"监管户\"\n"
                             "agent = \"308584000013\"\n";
  ended(run_program({"init", "--config", settings}), 0, "");
  f.look([](const Book& book, const Vault&) {
    book.read([](const State& state, std::uint64_t) {
      CHECK(state.book().accounting_date == *Date::of(2026, 3, 4));
      CHECK(state.account("1002/6228"));
    });
  });
  ended(run_program({"serve", "--config", (f.temp.path() / "none.toml").string()}), 105,
        "File does not exist");  // CLI11's own status for a bad argument
  std::ofstream(settings) << "[book]\nfolders = \"book\"\n";
  ended(run_program({"serve", "--config", settings}), 2, ":2: book.folders is not a setting");
  std::ofstream(settings) << "[bank]\nbase_url = \"http://bank.example.cn\"\n";
  ended(run_program({"serve", "--config", settings}), 2, ":2: bank.base_url must be https://");
}

TEST_CASE("commands: key add makes a key, prints its secret once, and keeps to the rules of keys") {
  const Fixture f;
  f.init();
  const Ended made =
      f.run({"key", "add", "--id", "maker", "--role", "maker,upstream", "--scope", "none"});
  ended(made, 0, "");
  CHECK(made.out.size() == 45);  // base64 of 32 bytes and the line end
  ended(f.run({"key", "add", "--id", "maker", "--role", "checker"}), 1, "document_exists");
  ended(f.run({"key", "add", "--id", "x", "--role", "king"}), 1, "malformed");
  ended(f.run({"key", "add", "--id", "a b", "--role", "maker"}), 2, "--id is 1 to 64");
  // An upstream's scope is never forgotten: without one nothing is made.
  for (const char* roles : {"upstream", "maker,upstream"}) {
    const Ended forgotten = f.run({"key", "add", "--id", "u", "--role", roles});
    ended(forgotten, 2, "this key could touch nothing");
    CHECK(forgotten.err.find("--accounts") != std::string::npos);
    CHECK(forgotten.out.empty());
  }
  ended(f.run({"key", "add", "--id", "u", "--role", "upstream", "--scope", "all"}), 105, "--scope");
  for (const Arguments& more : {Arguments{"maker"}, Arguments{"upstream", "--accounts", "/"},
                                Arguments{"upstream", "--merchants", "M1"}}) {
    Arguments words{"key", "add", "--id", "u", "--scope", "none", "--role"};
    words.insert(words.end(), more.begin(), more.end());
    ended(f.run(words), 2, "--scope none is of an upstream");
  }
  const Arguments scoped{"key", "add", "--id", "u", "--role", "upstream", "--merchants", "M1"};
  const auto with = [&](Arguments words, const char* accounts) {
    words.insert(words.end(), {"--accounts", accounts});
    return f.run(words);
  };
  ended(with(scoped, "3001/小区1,/"), 1, "accounts: one has not their form");
  ended(with(scoped, "3001,,2203"), 1, "accounts: one has not their form");
  ended(with({"key", "add", "--id", "u", "--role", "maker"}, "/"), 1, "go with the role upstream");
  ended(with(scoped, "3001/小区1,2203"), 0, "");
  f.look([&](const Book& book, const Vault& vault) {
    const auto key = api::find_key(book, vault, "maker");
    REQUIRE(key);
    REQUIRE(key.value());
    CHECK(std::string(key.value()->record.secret.reveal()) + "\n" == made.out);
    CHECK(key.value()->record.roles == api::Roles{api::Role::kMaker, api::Role::kUpstream});
    CHECK(key.value()->caller == CallerId{1000});
    CHECK(key.value()->reach->has_account("3001") == false);
    const auto upstream = api::find_key(book, vault, "u");
    REQUIRE(upstream);
    REQUIRE(upstream.value());
    CHECK(upstream.value()->record.scope == api::KeyScope{{"3001/小区1", "2203"}, {"M1"}});
    CHECK(upstream.value()->reach->has_account("3001/小区1/3幢"));
    CHECK_FALSE(api::find_key(book, vault, "a b").value());
  });
}

TEST_CASE("commands: merchant add makes a merchant with app, payee and fee") {
  const Fixture f;
  f.init();
  const Arguments payee{"--payee-name",     "张三丰",       "--payee-account",
                        "6217000000000013", "--payee-bank", "308584000013"};
  Arguments all = payee;
  all.insert(all.end(), {"--fee", "0.6%", "--no-md5"});
  const Ended made = f.merchant(all);
  ended(made, 0, "");
  CHECK(made.out == "merchant M1 (collected) with app A\n");
  ended(f.merchant(all), 0, "");  // the same again
  f.look([](const Book& book, const Vault& vault) {
    const auto merchant = channels::find_merchant(book, "M1");
    REQUIRE(merchant);
    CHECK(merchant->name == "安居维修");
    CHECK(channels::masked_payee(vault, "M1", merchant->payee_sealed) == "张** ****0013");
    CHECK(channels::open_payee(vault, "M1", merchant->payee_sealed).value().name == "张三丰");
    const auto app = channels::find_app(book, "A");
    REQUIRE(app);
    CHECK_FALSE(app->md5_allowed);
    CHECK(vault.unseal("app|A", app->secret_sealed).value().reveal() == "s3cr");
    const auto fees = book.document(DocumentKind::kFeeSchedule, "M1");
    REQUIRE(fees);
    const auto schedule = settlement::decode_fee_schedule(fees->bytes);
    REQUIRE(schedule.value().entries.size() == 1);
    CHECK(schedule.value().entries[0].rule.rate == Rate::parse("0.006").value());
    CHECK(schedule.value().entries[0].effective_from == *Date::of(2026, 3, 4));
  });
}

TEST_CASE("commands: merchant add cannot change a fee that has begun") {
  const Fixture f;
  f.init();
  ended(f.merchant({"--fee", "0.006"}), 0, "");
  std::string before;
  f.look([&](const Book& book, const Vault&) {
    before = book.document(DocumentKind::kFeeSchedule, "M1")->bytes;
  });
  ended(f.merchant({"--fee", "0.03"}), 1, "value_invalid");
  ended(f.merchant({"--fee", "0.006"}), 0, "");
  f.look([&](const Book& book, const Vault&) {
    CHECK(book.document(DocumentKind::kFeeSchedule, "M1")->bytes == before);
  });
}

TEST_CASE("commands: what is wrong with a merchant is refused before anything is written") {
  const Fixture f;
  f.init();
  ended(f.merchant({"--fee", "much"}), 1, "malformed");
  ended(f.merchant({"--payee-name", "张三"}), 2, "go together");
  ended(f.merchant({"--payee-account", "6217000000000013"}), 2, "go together");
  ended(f.run({"merchant", "add", "--mch-no", "M1", "--app-id", "A", "--secret", "s", "--name", "x",
               "--mode", "both"}),
        2, "--mode is direct or collected");
  for (const std::string& number : {std::string("M/1"), std::string("M|1"), std::string(65, 'm')})
    ended(f.run({"merchant", "add", "--mch-no", number, "--app-id", "A", "--secret", "s", "--name",
                 "x", "--mode", "direct"}),
          2, "--mch-no is 1 to 64 of A-Z a-z 0-9 - _ * .");
  f.look([](const Book& book, const Vault&) {
    CHECK_FALSE(channels::find_merchant(book, "M1"));
    CHECK_FALSE(channels::find_app(book, "A"));
  });
}

TEST_CASE("commands: a lost or foreign vault key is refused by name") {
  const Fixture f;
  f.init();
  const std::filesystem::path key = std::filesystem::path(f.folder) / "vault.key";
  std::filesystem::rename(key, f.temp.path() / "kept");
  const Arguments add{"key", "add", "--id", "k", "--role", "maker"};
  ended(f.run(add), 1, "the vault key is missing");
  ended(f.run({"serve"}), 1, "the vault key is missing");
  std::ofstream(key) << std::string(32, 'x');
  std::filesystem::permissions(key, std::filesystem::perms(0600));
  ended(f.run(add), 1, "not the vault key that this book was made with");
  ended(f.run({"serve"}), 1, "not the vault key that this book was made with");
  std::filesystem::rename(f.temp.path() / "kept", key);
  ended(f.run(add), 0, "");
}

TEST_CASE("commands: a journal that ends before its head opens only after reset-head") {
  const Fixture f;
  f.init();
  const std::filesystem::path folder(f.folder);
  std::filesystem::copy(folder / "db", f.temp.path() / "backup",
                        std::filesystem::copy_options::recursive);
  const Arguments lost{"key", "add", "--id", "lost", "--role", "maker"};
  ended(f.run(lost), 0, "");
  std::filesystem::remove_all(folder / "db");
  std::filesystem::rename(f.temp.path() / "backup", folder / "db");
  ended(f.run({"serve"}), 1, "corrupt");
  ended(f.run(lost), 1, "corrupt");
  const Ended reset = f.run({"reset-head"});
  ended(reset, 0, "");
  CHECK_THAT(reset.out, Catch::StartsWith("the journal's head is accepted at entry "));
  ended(f.run(lost), 0, "");
  ended(f.run({"verify"}), 0, "");
}

TEST_CASE("commands: bad input: a damaged data directory is named by verify and not served") {
  const Fixture f;
  f.init();
  // A second open turns the log into a table file, whose bytes are then turned over.
  ended(f.run({"key", "add", "--id", "k", "--role", "maker"}), 0, "");
  int damaged = 0;
  for (const auto& file : std::filesystem::directory_iterator(f.folder + "/db")) {
    if (file.path().extension() != ".sst" && file.path().extension() != ".log") continue;
    std::string bytes = test::text_of(file.path());
    for (std::size_t i = bytes.size() / 4; i < bytes.size(); ++i) bytes[i] ^= '\x55';
    std::ofstream(file.path(), std::ios::binary) << bytes;
    ++damaged;
  }
  REQUIRE(damaged > 0);
  CHECK(f.run({"verify"}).status == 1);
  CHECK(f.run({"serve"}).status == 1);
}

TEST_CASE("commands: init makes the keys of the daily roots, and verify judges by a copy of them") {
  const Fixture f;
  f.init();
  const auto status = std::filesystem::status(f.folder + "/root.key");
  CHECK(status.permissions() == std::filesystem::perms(0600));
  const std::string elsewhere = (f.temp.path() / "root.pub").string();
  std::filesystem::copy_file(f.folder + "/root.key.pub", elsewhere);
  ended(f.run({"verify", "--root-key", elsewhere}), 0, "");
  std::ofstream(elsewhere) << "no key";
  ended(f.run({"verify", "--root-key", elsewhere}), 1, "malformed: no public key in PEM");
  std::filesystem::remove(f.folder + "/root.key");
  ended(f.run({"key", "add", "--id", "k", "--role", "maker"}), 1,
        "the keys that sign the book's days are missing");
}

TEST_CASE("commands: a backup is restored to a folder of its own, opened with its keys, verified") {
  const Fixture f;
  f.init();
  const std::string backups = (f.temp.path() / "backups").string();
  const std::string copy = (f.temp.path() / "copy").string();
  ended(f.run({"key", "add", "--id", "before", "--role", "maker"}), 0, "");
  const Ended taken = f.run({"backup", "--to", backups});
  ended(taken, 0, "");
  CHECK_THAT(taken.out, Catch::StartsWith("backup 1 of the book up to journal entry "));
  CHECK_THAT(taken.out, Catch::Contains("vault.key and root.key are not in it"));
  ended(f.run({"key", "add", "--id", "after", "--role", "maker"}), 0, "");
  const Ended again = f.run({"backup", "--to", backups});
  CHECK_THAT(again.out, Catch::StartsWith("backup 2 of the book"));
  ended(run_program({"restore", "--from", backups, "--to", f.folder}), 1, "is there already");
  ended(run_program({"restore", "--from", backups, "--to", copy, "--until", "soon"}), 2,
        "--until is a journal entry or a time");
  ended(run_program({"restore", "--from", backups, "--to", copy, "--backup", "9"}), 1,
        "there is no whole backup 9");
  const Ended restored = run_program({"restore", "--from", backups, "--to", copy, "--backup", "1"});
  ended(restored, 0, "");
  CHECK_THAT(restored.out, Catch::Contains("its head is reset there"));
  ended(run_program({"verify", "--data", copy}), 0, "");
  const Arguments add{"key", "add", "--id", "after", "--role", "maker", "--data", copy};
  ended(run_program(add), 1, "the vault key is missing");
  for (const char* key : {"vault.key", "root.key"})
    std::filesystem::copy_file(f.folder + "/" + key, copy + "/" + key);
  ended(run_program(add), 0, "");  // the key of the same name came after the backup
  ended(run_program({"verify", "--data", copy}), 0, "");
  const std::string early = (f.temp.path() / "early").string();
  ended(run_program({"restore", "--from", backups, "--to", early, "--until", "3"}), 0, "");
  ended(run_program({"verify", "--data", early}), 0, "");
}

namespace {

/// A webhook that has taken nothing, in a state, and with an event of its owner's to take. Somebody
/// else lets it begin.
Command kept_webhook(const std::string& id, std::uint32_t version, const std::string& state,
                     std::vector<std::string> topics = {}) {
  channels::Webhook webhook;
  webhook.id = id;
  webhook.owner = CallerId{100};
  webhook.key_id = "U1";
  webhook.url = "https://example.com/hook";
  webhook.state = state;
  webhook.topics = std::move(topics);
  ChangeSet changes;
  changes.documents.push_back(Document{DocumentKind::kWebhook, webhook.id, version,
                                       state == "active", channels::encode(webhook)});
  changes.events.push_back(Event{"thing.done", "T1", "{}"});
  Command command;
  command.key =
      ClaimKey{id_of(fmt::format("{} {}", id, version)), CallerId{state == "active" ? 101u : 100u}};
  command.kind = CommandKind::kSetting;
  command.content = {{"state", state}};
  command.plan = [changes](const View& view, const Moment&) -> Planned<ChangeSet> {
    ChangeSet now = changes;
    now.date = view.book().accounting_date;
    return now;
  };
  return command;
}

}  // namespace

TEST_CASE("commands: archive writes a closed year, and verify judges it alone and with the book") {
  const Fixture f;
  ended(f.run({"init", "--first-date", "2025-12-31"}), 0, "");
  const std::string archive = (f.temp.path() / "archive").string();
  ended(f.run({"archive", "--to", archive, "--until", "2025"}), 1,
        "mismatch: year 2025 is not closed");
  ended(f.run({"archive", "--to", archive, "--until", "2025-12-31"}), 1,
        "mismatch: no year up to 2025-12-31 is closed");
  ended(f.run({"archive", "--to", archive, "--until", "soon"}), 2, "--until is a year");
  {
    api::Config config;
    config.book_folder = f.folder;
    const auto opened = api::open_book(config);
    REQUIRE(opened);
    Book& book = *opened.value().book;
    std::uint64_t n = 0;
    const auto key = [&] { return ClaimKey{Id128{9, ++n}, CallerId{100}}; };
    REQUIRE(book.run(kept_webhook("W1", 1, "requested")).accepted());
    REQUIRE(book.run(kept_webhook("W1", 2, "active")).accepted());
    REQUIRE(book.run(day_cut({key(), *Date::of(2026, 1, 1)})).accepted());
    REQUIRE(book.run(period_close({key(), *Date::of(2025, 12, 31)})).accepted());
    REQUIRE(book.run(request_year_close({key(), 2025, "制单"})).accepted());
    REQUIRE(close_year(book, 2025, "复核").value().refusal.code == RefusalCode::kNone);
  }
  ended(run_program({"verify"}), 2, "verify wants --data, --archive or both");
  ended(run_program({"verify", "--archive", archive}), 1, "not_found: " + archive);
  const Ended archived = f.run({"archive", "--to", archive, "--until", "2026-06-30"});
  ended(archived, 0, "");
  CHECK_THAT(archived.out,
             Catch::StartsWith("archived the journal of 2025 and before, up to entry "));
  CHECK_THAT(archived.out, Catch::Contains("1 daily roots, 1 files, read back and judged"));
  const Ended again = f.run({"archive", "--to", archive, "--until", "2025"});
  ended(again, 0, "");
  CHECK_THAT(again.out, Catch::StartsWith("there already: the journal of 2025"));
  const Ended alone = run_program({"verify", "--archive", archive});
  ended(alone, 0, "");
  CHECK_THAT(alone.out, Catch::Contains("1 daily roots"));
  const Ended with =
      f.run({"verify", "--archive", archive, "--root-key", f.folder + "/root.key.pub"});
  ended(with, 0, "");
  CHECK_THAT(with.out, Catch::Contains(" from the archive\nverify: the books hold up to"));
  ended(f.run({"verify", "--archive", archive, "--checkpoint", archive + ".c"}), 2,
        "--checkpoint does not go with --archive");
  ended(f.run({"purge", "--archive", archive, "--year", "2025"}), 1,
        "mismatch: year 2025 was closed on 2026-01-01");
  {
    api::Config config;
    config.book_folder = f.folder;
    const auto opened = api::open_book(config);
    REQUIRE(opened);
    REQUIRE(opened.value()
                .book->run(day_cut({{Id128{10, 1}, CallerId{100}}, *Date::of(2026, 1, 8)}))
                .accepted());
  }
  ended(f.run({"purge", "--archive", archive, "--year", "2024"}), 1,
        "mismatch: " + archive + ": no checkpoint ends with year 2024");
  // A receiver that is behind, though nothing was tried yet.
  ended(f.run({"purge", "--archive", archive, "--year", "2025"}), 1,
        "mismatch: webhook W1 has not taken events up to entry ");
  const auto now_is = [&](const Command& webhook) {
    api::Config config;
    config.book_folder = f.folder;
    const auto opened = api::open_book(config);
    REQUIRE(opened);
    REQUIRE(opened.value().book->run(webhook).accepted());
  };
  // Behind with what was never stored as an event.
  now_is(kept_webhook("W1", 3, "disabled"));
  now_is(kept_webhook("W2", 1, "requested", {"period.*"}));
  now_is(kept_webhook("W2", 2, "active", {"period.*"}));
  ended(f.run({"purge", "--archive", archive, "--year", "2025"}), 1,
        "mismatch: webhook W2 has not taken events up to entry ");
  now_is(kept_webhook("W2", 3, "disabled", {"period.*"}));
  const Ended purged = f.run(
      {"purge", "--archive", archive, "--year", "2025", "--root-key", f.folder + "/root.key.pub"});
  ended(purged, 0, "");
  CHECK_THAT(purged.out, Catch::StartsWith("purged up to entry "));
  const Ended twice = f.run({"purge", "--archive", archive, "--year", "2025"});
  ended(twice, 0, "");
  CHECK_THAT(twice.out, Catch::StartsWith("purged already up to entry "));
  ended(f.run({"verify"}), 0, "");
  ended(f.run({"verify", "--archive", archive}), 0, "");
  ended(f.run({"export", "--format", "hledger"}), 1, "archived: journal entries up to ");
  // What is refused leaves no file, and one that was there as it was.
  const std::string kept = (f.temp.path() / "kept").string();
  const std::string fresh = (f.temp.path() / "fresh").string();
  std::ofstream(kept) << "kept\n";
  for (const char* format : {"jsonl", "csv", "hledger", "beancount"})
    for (const std::string& to : {kept, fresh}) {
      ended(f.run({"export", "--format", format, "--out", to}), 1, "archived: journal entries");
      CHECK_FALSE(std::filesystem::exists(fresh));
      CHECK_FALSE(std::filesystem::exists(to + ".new"));
    }
  std::string still;
  std::getline(std::ifstream(kept) >> std::ws, still);
  CHECK(still == "kept");
  std::filesystem::resize_file(archive + "/journal-000001", 1'000);
  ended(run_program({"verify", "--archive", archive}), 1, "verify: FAULT: journal-000001");
  ended(f.run({"verify", "--archive", archive}), 1, "verify: FAULT: journal-000001");
  ended(f.run({"verify"}), 0, "");
}

TEST_CASE("commands: verify --resume goes on from a checkpoint only") {
  const Fixture f;
  f.init();
  ended(f.run({"verify", "--resume"}), 2, "--resume goes on from a --checkpoint");
  const std::string checkpoint = (f.temp.path() / "verify").string();
  const Ended whole = f.run({"verify", "--resume", "--checkpoint", checkpoint});
  ended(whole, 0, "");
  CHECK_THAT(whole.out, !Catch::Contains("went on after"));
  // A run that is broken off after some blocks leaves one.
  struct BrokenOff {
    std::uint64_t seq;
  };
  std::uint64_t until = 0;
  VerifyOptions options;
  options.checkpoint = checkpoint;
  options.checkpoint_blocks = 1;
  options.progress = [](std::uint64_t seq, std::uint64_t) {
    if (seq >= 3) throw BrokenOff{seq};
  };
  try {
    (void)verify(f.folder, options);
  } catch (const BrokenOff& broken) {
    until = broken.seq;
  }
  REQUIRE(until >= 3);
  const Ended rest = f.run({"verify", "--resume", "--checkpoint", checkpoint});
  ended(rest, 0, "");
  CHECK_THAT(rest.out,
             Catch::Contains(fmt::format(" entries/s\nverify: went on after journal entry "
                                         "{}, which the run before came to\nverify: the "
                                         "books hold up to journal entry ",
                                         until)));
  CHECK_FALSE(std::filesystem::exists(checkpoint));
}

TEST_CASE("commands: export writes to a file or standard output, verify counts") {
  const Fixture f;
  f.init();
  const std::string out = (f.temp.path() / "book.journal").string();
  ended(f.run({"export", "--format", "hledger", "--out", out}), 0, "");
  CHECK(std::filesystem::exists(out));
  const Ended beancount = f.run({"export", "--format", "beancount"});
  ended(beancount, 0, "");
  CHECK_THAT(beancount.out, Catch::Contains("open"));
  ended(f.run({"export", "--out", "/nowhere/x"}), 1, "cannot be written");
  CHECK(std::filesystem::status(out).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK_FALSE(std::filesystem::exists(out + ".new"));
  // What is no file is written as it is.
  ended(f.run({"export", "--out", "/dev/null"}), 0, "");
  CHECK(std::filesystem::is_character_file("/dev/null"));
  const Ended verified = f.run({"verify"});
  CHECK_THAT(verified.out, Catch::Contains("5 accounts"));
  CHECK_THAT(verified.out, Catch::Matchers::Matches(
                               "verify: [^\n]*, [0-9]+ ms, [0-9]+ entries/s\nverify: [^\n]*\n"));
  CHECK_THAT(verified.out, Catch::Contains("the books hold"));
}
