// The settings of one engine, from a TOML file. Everything has a default but what would be a guess
// about money: merchants, keys and bank accounts are named or absent.
//
//   [server]  listen, threads, tls_certificate, tls_key, max_connections, max_body_bytes,
//             header_timeout_ms, body_timeout_ms,
//             max_connections_per_peer, max_connections_per_loopback
//   [book]    folder, currency, first_date, shards (planning threads; 0, the default: as many as
//             suit the machine), max_open_holds (of one key)
//   [clock]   business = "system" | "manual", start (manual only)
//   [public]  url
//   [backup]  folder (for backups of the running book; a disk of its own is best)
//   [reports] folder, organisation
//   [wechat]  base_url, [[wechat.merchant]] mchid, appid, serial, key_file, api_v3_key_file,
//             platform_public_key_file, platform_public_key_id, fee_rate (by contract: "0.006")
//   [bank]    base_url, key_file, party, [[bank.account]] number, name, agent
//   [channels] ca_file (trusted instead of the system's roots, for channels only)
//   [notify]  allow_private_addresses
//   [night]   enabled (default: as the clock is the system's), times "HH:MM" of the next day for
//             day_cut, fetch_statements, fetch_bills, reconcile, settle, reports;
//             first_retry_s, last_retry_s
//
// Unknown keys are refused: a misspelt limit must not be ignored. So is a clock.start without the
// manual clock, and a base_url in clear that leads to another machine. Paths are taken from the
// file's folder.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "api/night/plan_night.h"
#include "ledger/base/date.h"
#include "ledger/base/money.h"
#include "ledger/base/rate.h"
#include "ledger/base/result.h"
#include "ledger/core/chart_templates.h"

namespace suanpan::api {

struct WechatMerchantConfig {
  std::string mchid, appid, serial;
  std::filesystem::path key_file, api_v3_key_file;
  std::filesystem::path
      platform_public_key_file;  ///< public-key mode; empty: certificates are fetched
  std::string platform_public_key_id;
  std::optional<Rate> fee_rate;  ///< what its contract says; none: the rate that a bill states
};

struct BankAccountConfig {
  std::string number, name;
  std::string agent;  ///< CNAPS code of the bank, 12 digits
};

struct Config {
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 8080;
  unsigned threads = 1;
  std::size_t max_connections = 1024;
  std::size_t max_connections_per_peer = 256;
  std::size_t max_connections_per_loopback = 768;
  std::size_t max_body_bytes = 4 << 20;
  int header_timeout_ms = 10'000;
  int body_timeout_ms = 30'000;
  std::filesystem::path tls_certificate, tls_key;
  std::filesystem::path book_folder = "var/book";
  Currency currency = Currency::kCNY;
  std::string chart{kDefaultChart};  ///< of a new book: ledger/core/chart_templates.h
  std::optional<Date> first_date;
  unsigned shards = 0;                       ///< planning threads; 0: as many as suit the machine
  std::uint64_t max_open_holds = 1'000'000;  ///< of one key: open holds stay in memory
  bool manual_business_clock = false;
  Timestamp clock_start;
  std::string public_url = "http://127.0.0.1:8080";
  std::filesystem::path backup_folder;  ///< of POST /v1/backups; empty: it is not served
  std::filesystem::path reports_folder = "var/reports";
  std::string organisation;  ///< 编制单位: who the reports are made by
  std::string wechat_base_url;
  std::vector<WechatMerchantConfig> wechat_merchants;
  std::string bank_base_url, bank_party;
  std::filesystem::path bank_key_file;
  std::vector<BankAccountConfig> bank_accounts;
  std::filesystem::path channels_ca_file;
  bool notify_private_addresses = false;
  night::NightSettings night;  ///< its merchants and accounts are those above
};

/// Errors: kNotFound, kMalformed (with line), kConfig (naming line, key and what is wrong).
Result<Config> load_config(const std::filesystem::path& file);
/// "127.0.0.1:8080" or "[::1]:8080". Errors: kConfig.
Result<std::pair<std::string, std::uint16_t>> parse_listen(std::string_view text);

}  // namespace suanpan::api
