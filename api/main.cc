// The program: reads the command line and calls one command.
#include <CLI/CLI.hpp>

#include "api/commands.h"
#include "api/sandbox_command.h"
#include "api/serve.h"

using namespace suanpan;
using namespace suanpan::api;

namespace {

// Settings come from a file; a bare data directory is enough for commands that need no channels.
struct ConfigOptions {
  std::filesystem::path file, data;
  void add_to(CLI::App& app) {
    app.add_option("--config", file, "settings (TOML)")->check(CLI::ExistingFile);
    app.add_option("--data", data, "data directory, instead of the one in the settings");
  }
  Result<Config> load() const {
    Config config;
    // The default folder is relative to wherever this runs: not a place to guess.
    if (file.empty() && data.empty())
      return fail(Errc::kConfig, "give --config FILE or --data DIR");
    if (!file.empty()) {
      TRY(auto loaded, load_config(file));
      config = std::move(loaded);
    }
    if (!data.empty()) config.book_folder = data;
    return config;
  }
};

template <class Command>
int with_config(const ConfigOptions& options, Command&& command) {
  const auto config = options.load();
  if (config) return command(config.value());
  fmt::print(stderr, "suanpan: {}: {}\n", name_of(config.error().code), config.error().message);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"算盘 Suanpan: double-entry ledger and payment middle platform"};
  app.require_subcommand(1);
  int status = 0;
  ConfigOptions config;

  std::string first_date, currency, chart{kDefaultChart};
  CLI::App* init = app.add_subcommand("init", "make an empty book; all other commands want one");
  config.add_to(*init);
  init->add_option("--first-date", first_date,
                   "first accounting date (YYYY-MM-DD), instead of the one in the settings");
  init->add_option("--currency", currency, "ISO 4217 code, instead of the one in the settings");
  init->add_option("--chart", chart, "chart of accounts (科目表) of the book")
      ->capture_default_str()
      ->check(CLI::IsMember(chart_template_names()));
  init->callback([&] {
    status = with_config(config, [&](Config c) {
      if (!first_date.empty() && !(c.first_date = Date::parse(first_date))) {
        fmt::print(stderr, "suanpan: --first-date must be YYYY-MM-DD\n");
        return 2;
      }
      if (!currency.empty()) {
        const auto known = currency_of(currency);
        if (!known) {
          fmt::print(stderr, "suanpan: --currency {} is not known\n", currency);
          return 2;
        }
        c.currency = *known;
      }
      c.chart = chart;
      return init_command(c);
    });
  });

  CLI::App* serve = app.add_subcommand("serve", "run the engine until Ctrl-C");
  config.add_to(*serve);
  serve->callback([&] { status = with_config(config, serve_command); });

  SandboxOptions sandbox_options;
  CLI::App* sandbox =
      app.add_subcommand("sandbox", "run WeChat Pay and a supervision bank on the other side");
  sandbox->add_option("--listen", sandbox_options.listen, "ADDRESS:PORT")->required();
  sandbox->add_option("--keys", sandbox_options.keys, "folder of the keys it makes")->required();
  sandbox->add_option("--settings", sandbox_options.settings, "merchants and accounts (JSON)")
      ->required()
      ->check(CLI::ExistingFile);
  sandbox->add_option("--engine-config", sandbox_options.engine_config,
                      "write the engine's [wechat] and [bank] settings here");
  sandbox->add_option("--tls-certificate", sandbox_options.tls_certificate)
      ->check(CLI::ExistingFile);
  sandbox->add_option("--tls-key", sandbox_options.tls_key)->check(CLI::ExistingFile);
  sandbox->callback([&] { status = sandbox_command(sandbox_options); });

  std::filesystem::path data, out, file;
  std::string format = "hledger";
  CLI::App* verify = app.add_subcommand("verify", "recompute everything from the journal, offline");
  VerifyCommandOptions verifying;
  verify->add_option("--data", verifying.data);
  verify
      ->add_option("--root-key", verifying.root_key,
                   "public keys kept elsewhere (PEM) that the daily roots must be signed with")
      ->check(CLI::ExistingFile);
  verify->add_option("--checkpoint", verifying.checkpoint,
                     "file outside the data directory that says how far it has come");
  verify->add_option("--archive", verifying.archive,
                     "archived years: judged alone, or with --data, whose journal goes on from it");
  verify->add_flag("--resume", verifying.resume, "go on from the checkpoint");
  verify->callback([&] { status = verify_command(verifying); });

  CLI::App* backup =
      app.add_subcommand("backup", "back up a book that no server has open; only what is new");
  backup->add_option("--data", data)->required();
  backup->add_option("--to", out, "folder of its backups")->required();
  backup->callback([&] { status = backup_command(data, out); });

  ArchiveOptions archiving;
  CLI::App* archive = app.add_subcommand(
      "archive", "write the journal of closed years to files, with a checkpoint");
  archive->add_option("--data", archiving.data)->required();
  archive->add_option("--until", archiving.until, "a closed year, or a day")->required();
  archive->add_option("--to", archiving.to, "folder of the archive; later years are added")
      ->required();
  archive
      ->add_option("--signing-key", archiving.root_key,
                   "the keys that sign the book's days; DATA/root.key when absent")
      ->check(CLI::ExistingFile);
  archive->callback([&] { status = archive_command(archiving); });

  PurgeOptions purging;
  CLI::App* purge = app.add_subcommand(
      "purge", "take out of a book what an archive holds; ids and first answers stay");
  purge->add_option("--data", purging.data)->required();
  purge->add_option("--archive", purging.archive, "folder of the archive; keep it")->required();
  purge->add_option("--year", purging.year, "the closed year that is the last to go")->required();
  purge
      ->add_option("--root-key", purging.public_key,
                   "public keys kept elsewhere (PEM) that the archive must be signed with")
      ->check(CLI::ExistingFile);
  purge
      ->add_option("--signing-key", purging.root_key,
                   "the keys that sign the book's days; DATA/root.key when absent")
      ->check(CLI::ExistingFile);
  purge->callback([&] { status = purge_command(purging); });

  RestoreOptions restoring;
  CLI::App* restore =
      app.add_subcommand("restore", "make a book from a backup, whole or to a point");
  restore->add_option("--from", restoring.from, "folder of backups")->required();
  restore->add_option("--to", restoring.to, "data directory to be made")->required();
  restore->add_option("--backup", restoring.number, "which; the newest when absent");
  restore->add_option("--until", restoring.until, "last journal entry, or time, to keep");
  restore->add_option("--archive", restoring.archive,
                      "of a purged book: makes its journal whole from the archive");
  restore->callback([&] { status = restore_command(restoring); });

  CLI::App* exporting = app.add_subcommand("export", "write the books for an outside program");
  exporting->add_option("--data", data)->required();
  exporting->add_option("--format", format)
      ->check(CLI::IsMember({"hledger", "beancount", "jsonl", "csv"}));
  exporting->add_option("--out", out, "file; standard output when absent");
  exporting->callback([&] { status = export_command(data, format, out); });

  CLI::App* importing =
      app.add_subcommand("import", "post what others recorded")->require_subcommand(1);
  CLI::App* journal = importing->add_subcommand("journal", "a journal that was exported");
  journal->add_option("file", file)->required()->check(CLI::ExistingFile);
  journal->add_option("--format", format)
      ->required()
      ->check(CLI::IsMember({"hledger", "beancount", "jsonl", "csv"}));
  journal->add_option("--data", data, "data directory of the book, made if it is not there")
      ->required();
  journal->callback([&] { status = import_journal_command(file, format, data); });
  CLI::App* statement =
      importing->add_subcommand("bank-statement", "a bank's statement of 1993 (CSV)");
  statement->add_option("file", file)->required()->check(CLI::ExistingFile);
  statement->add_option("--book", data, "data directory of the book")->required();
  statement->callback([&] { status = import_statement_command(file, data); });

  KeyOptions key_options;
  CLI::App* key = app.add_subcommand("key", "keys of the native API")->require_subcommand(1);
  CLI::App* key_add = key->add_subcommand("add", "make a key and print its secret once");
  config.add_to(*key_add);
  key_add->add_option("--id", key_options.id)->required();
  key_add
      ->add_option("--role", key_options.roles,
                   "upstream, maker, checker, auditor, operator; several with commas")
      ->required();
  key_add->add_option("--accounts", key_options.accounts,
                      "what an upstream may touch: account paths with commas, or / for all");
  key_add->add_option("--merchants", key_options.merchants,
                      "whom an upstream may place orders for: numbers with commas, or / for all");
  key_add
      ->add_option_function<std::string>(
          "--scope", [&](const std::string&) { key_options.no_scope = true; },
          "none: an upstream without accounts and merchants is meant")
      ->check(CLI::IsMember({"none"}));
  key_add->callback([&] {
    status = with_config(config, [&](const Config& c) { return key_add_command(c, key_options); });
  });

  MerchantOptions m;
  CLI::App* merchant =
      app.add_subcommand("merchant", "merchants and their apps")->require_subcommand(1);
  CLI::App* add = merchant->add_subcommand("add", "make or replace a merchant with one app");
  config.add_to(*add);
  add->add_option("--mch-no", m.mch_no)->required();
  add->add_option("--app-id", m.app_id)->required();
  add->add_option("--secret", m.secret, "the app's secret; - reads it from standard input")
      ->required();
  add->add_option("--name", m.name)->required();
  add->add_option("--mode", m.mode, "direct or collected")->required();
  add->add_option("--fee", m.fee, "a rate for every product, like 0.006 or 0.6%");
  add->add_option("--wx-mchid", m.wx_mchid, "WeChat Pay merchant number that takes its orders");
  add->add_option("--bank-account", m.bank_account, "our bank account that its money arrives at");
  add->add_option("--supervised-path", m.supervised_path,
                  "account code below which it may direct orders");
  add->add_option("--payee-name", m.payee_name, "where settlement pays to");
  add->add_option("--payee-account", m.payee_account);
  add->add_option("--payee-bank", m.payee_bank, "CNAPS code");
  add->add_flag("--no-md5", m.no_md5, "refuse MD5 signatures of this app");
  add->callback([&] {
    status = with_config(config, [&](const Config& c) { return merchant_add_command(c, m); });
  });

  CLI::App* reset =
      app.add_subcommand("reset-head", "accept the journal as it is, after a deliberate restore");
  config.add_to(*reset);
  reset->callback([&] { status = with_config(config, reset_head_command); });

  CLI11_PARSE(app, argc, argv);
  return status;
}
