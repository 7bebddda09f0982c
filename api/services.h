// What routes may call. References only: main makes the things and keeps them alive longer than the
// server.
#pragma once
#include <string>

#include "api/nonce_store.h"
#include "api/rate_limit.h"
#include "channels/payment_service.h"
#include "ledger/base/vault.h"
#include "ledger/engine/book.h"
#include "reconcile/reconcile_service.h"
#include "settlement/settlement_service.h"

namespace suanpan::api {

struct Services {
  Book& book;
  const Vault& vault;
  channels::PaymentService& payments;
  settlement::SettlementService& settlement;
  reconcile::ReconcileService& reconcile;
  NonceStore& nonces;
  const Clock& business;
  const Clock& real;
  ManualClock* manual_business;  ///< null in production: then nobody may advance it
  std::string public_url;        ///< how payers and channels reach us: "https://pay.example.cn"
  std::string reports_folder;
  std::string default_bank_account;  ///< our account number at the supervision bank
};

}  // namespace suanpan::api
