// The papers that need both rooms, settlement and reconciliation, or are written for a whole day:
// the settlement statement (结算单) of a batch, the statement of an account (明细账), and what the
// night writes. Each returns the paths of its files; writing again writes the same figures.
//
// Reads the published book; any thread; blocks.
#pragma once
#include <string>
#include <vector>

#include "ledger/base/vault.h"
#include "ledger/engine/book.h"
#include "reconcile/settlement_report.h"

namespace suanpan::reconcile {
class ReconcileService;
}
namespace suanpan::settlement {
class SettlementService;
struct BatchView;
}  // namespace suanpan::settlement

namespace suanpan::api::night {

/// The services that papers are written from; all must outlive the call.
struct PaperSources {
  const Book& book;
  const Vault& vault;
  reconcile::ReconcileService& reconcile;
  const settlement::SettlementService& settlement;
};

using Paths = std::vector<std::string>;

/// What a merchant gets with its payout, as a value.
reconcile::SettlementStatement settlement_statement(const Book& book, const Vault& vault,
                                                    const settlement::BatchView& batch);
/// Errors: kNotFound for a batch that is not there; those of the builder and of writing.
Result<Paths> write_settlement_statement(const PaperSources& from, const std::string& batch);
/// Trial balance, daily summary, open cases, the statements of the house's own accounts that moved,
/// and the settlement statements of the batches of that day and of the next.
Result<Paths> write_papers_of_day(const PaperSources& from, Date day);

}  // namespace suanpan::api::night
