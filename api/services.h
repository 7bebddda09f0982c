// What routes may call. References and pointers only: main makes the things and keeps them alive
// longer than the server. A pointer is null where an installation goes without the thing; the
// routes that need it are then not added.
#pragma once
#include <functional>
#include <string>

#include "api/nonce_store.h"
#include "api/rate_limit.h"
#include "ledger/base/vault.h"
#include "ledger/engine/book.h"

namespace suanpan::channels {
class PaymentService;
class FairWorkers;
class Workers;
}  // namespace suanpan::channels
namespace suanpan::settlement {
class SettlementService;
}
namespace suanpan::reconcile {
class ReconcileService;
}

namespace suanpan::api::night {
class Night;
}

namespace suanpan::api {

class Metrics;
using channels::FairWorkers;
using channels::Workers;

struct Services {
  Book& book;
  const Vault& vault;
  NonceStore& nonces;
  RateLimiter& limits;
  FairWorkers& workers;  ///< for what blocks: disk reads, settlement, reconciliation
  Workers& answers;      ///< for long answers of what is committed: takes everything
  Metrics& metrics;
  const Clock& business;
  const Clock& real;
  channels::PaymentService* payments = nullptr;
  settlement::SettlementService* settlement = nullptr;
  reconcile::ReconcileService* reconcile = nullptr;
  const night::Night* night = nullptr;
  ManualClock* manual_business = nullptr;  ///< null in production: then nobody may advance it
  /// Fetches a bill ("bill") or bank statement ("statement") of a subject and day from outside.
  /// Blocks. Null: files come in the request only.
  std::function<Result<std::string>(const std::string& kind, const std::string& subject, Date day)>
      fetch_file = {};
  std::uint64_t max_open_holds = 1'000'000;  ///< of one key: they stay in memory
  bool private_addresses = false;  ///< webhooks may lead to private addresses, and by http
  std::string public_url = {};     ///< how payers and channels reach us: "https://pay.example.cn"
  std::string reports_folder = {};
  std::string backup_folder = {};         ///< empty: no backups over the API
  std::string default_bank_account = {};  ///< our account number at the supervision bank
};

}  // namespace suanpan::api
