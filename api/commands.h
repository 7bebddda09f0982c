// The one-shot commands: each opens a data directory, does one thing, prints what it did, and
// returns the process's exit status: 0 done, 1 refused or failed (the reason on stderr), 2 wrong
// use.
#pragma once
#include <filesystem>
#include <string>

#include "api/config.h"

namespace suanpan::api {

/// Makes the data directory's book.
int init_command(const Config& config);

struct VerifyCommandOptions {
  std::filesystem::path data;
  std::filesystem::path root_key;  ///< public keys kept elsewhere; empty: those that the book names
  std::filesystem::path checkpoint;  ///< where it keeps how far it has come
  bool resume = false;
  std::filesystem::path archive;  ///< archived years: alone, or with `data`
};
/// Of a book, of an archive, or of a book whose journal begins in an archive.
int verify_command(const VerifyCommandOptions& options);
/// Of a book that no server has open; a running one takes its own by POST /v1/backups.
int backup_command(const std::filesystem::path& data, const std::filesystem::path& to);

struct RestoreOptions {
  std::filesystem::path from, to;
  std::uint32_t number = 0;       ///< 0: the newest
  std::string until;              ///< a journal entry, or a time; empty: all
  std::filesystem::path archive;  ///< of a book that was purged; empty: none
};
int restore_command(const RestoreOptions& options);

struct ArchiveOptions {
  std::filesystem::path data, to;
  std::string until;               ///< a closed year, or a day: the newest one closed by then
  std::filesystem::path root_key;  ///< the keys that sign; empty: those in the data directory
};
/// Of a book that lies still or is being served: it is only read.
int archive_command(const ArchiveOptions& options);

struct PurgeOptions {
  std::filesystem::path data, archive;
  std::int32_t year = 0;
  std::filesystem::path root_key;    ///< that signs the days; empty: in the data directory
  std::filesystem::path public_key;  ///< kept elsewhere, to judge the archive by; empty: none
};
/// Of a book that no server has open.
int purge_command(const PurgeOptions& options);

int export_command(const std::filesystem::path& data, const std::string& format,
                   const std::filesystem::path& out);
/// Posts a journal (jsonl, csv, hledger, beancount); makes the book if the folder is not there.
int import_journal_command(const std::filesystem::path& file, const std::string& format,
                           const std::filesystem::path& book);
int import_statement_command(const std::filesystem::path& file, const std::filesystem::path& book);

struct KeyOptions {
  std::string id;
  std::string roles;                ///< "maker,checker"
  std::string accounts, merchants;  ///< of an upstream: "3001/小区1,2203", "M1001"; "/": all
  bool no_scope = false;            ///< an upstream that touches nothing is meant
};
/// Prints the secret once, on stdout.
int key_add_command(const Config& config, const KeyOptions& options);

struct MerchantOptions {
  std::string mch_no, app_id, secret, name, mode;
  std::string fee;  ///< a rate for every product: "0.006"; empty: none
  std::string wx_mchid, bank_account, supervised_path;
  std::string payee_name, payee_account, payee_bank;
  bool no_md5 = false;
};
int merchant_add_command(const Config& config, const MerchantOptions& options);

/// Accepts the journal as it is, after a deliberate restore.
int reset_head_command(const Config& config);

}  // namespace suanpan::api
