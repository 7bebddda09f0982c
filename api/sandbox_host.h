// Hosts the sandbox as a process of its own: HTTP in, notifications out, and a business clock that
// the demonstration moves. Settings are a JSON file:
//
//   {"seed": 1, "refund_delay_s": 1, "settle_delay_s": 30,
//    "merchants": [{"mchid", "name", "appids": [...], "bank_account", "fee_rate": "0.006"}],
//    "accounts": [{"account", "name", "opening_fen", "opened_on"}]}
//
// Besides the sandbox's own routes: POST /sandbox/clock {"business": "2026-03-04T09:00:00+08:00"}.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "ledger/base/result.h"

namespace suanpan::api {

struct SandboxHostOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::filesystem::path keys;      ///< folder; made if missing
  std::filesystem::path settings;  ///< JSON as above
  std::string advertised_url;      ///< of bill downloads; the listening address when empty
  std::filesystem::path tls_certificate, tls_key;  ///< plain HTTP without them
};

class SandboxHost {
 public:
  /// Errors: kConfig, kMalformed, kIo, kUnavailable (port taken).
  static Result<std::unique_ptr<SandboxHost>> start(const SandboxHostOptions& options);
  ~SandboxHost();
  std::uint16_t port() const;

 private:
  struct Impl;
  explicit SandboxHost(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace suanpan::api
