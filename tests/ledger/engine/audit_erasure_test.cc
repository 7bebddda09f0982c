// What the auditor must find of erasures that no planner would make.
#include "ledger/core/erasure.h"
#include "ledger/core/order.h"
#include "tests/ledger/engine/paper_book.h"

using namespace suanpan;
using test::Paper;

namespace {

constexpr const char* kKey = "p7.0a1b2c3d";
constexpr const char* kSealed = "k1:p7.0a1b2c3d:AAAA";

Erasure erasure() {
  return {std::string(32, 'a'), "E1", "subject_request", "", "maker", "checker", Timestamp{9}};
}

void erase(Paper& p, const Erasure& how, CommandKind kind = CommandKind::kErasure,
           std::uint32_t version = 1, bool open = false) {
  ChangeSet changes = Paper::on(Paper::kToday);
  changes.documents.push_back(Document{DocumentKind::kErasure, kKey, version, open, encode(how)});
  p.accept(kind, changes);
}

std::string payout(PayoutState state) {
  Payout payout;
  payout.payout_id = "T1";
  payout.amount = Money{100};
  payout.state = state;
  payout.source_account = "2101/a";
  payout.transit_account = "2103";
  payout.bank_account = "1002";
  payout.payee_sealed = kSealed;
  return encode(payout);
}

/// Payout T1 takes its next step, and with it its money.
void step(Paper& p, std::uint32_t version, PayoutState state, AccountId debit, AccountId credit) {
  p.together(CommandKind::kPayoutEvent, {{debit, credit, 100, TransferKind::kPosted}},
             {Document{DocumentKind::kPayout, "T1", version, version == 1, payout(state)}});
}

}  // namespace

TEST_CASE("audit: an erasure of a key that nothing open needs is in order") {
  Paper p;
  p.open("2103", AccountType::kLiability);
  const AccountId transit{6};
  step(p, 1, PayoutState::kCreated, p.owner, transit);
  step(p, 2, PayoutState::kSucceeded, transit, p.bank);
  erase(p, erasure());
  // It comes back later, as a payout may, and starts nothing.
  step(p, 3, PayoutState::kReturned, p.bank, p.owner);
  CHECK(p.fault_of_journal() == "none");
}

TEST_CASE("audit: a key that is erased while an open document needs it is found") {
  for (const DocumentKind kind :
       {DocumentKind::kPayoutRequest, DocumentKind::kMerchant, DocumentKind::kAuthorityRequest}) {
    Paper p;
    p.document(kind, "D1", 1, true, std::string(R"({"payee_sealed":")") + kSealed + R"("})");
    erase(p, erasure());
    CHECK(p.fault_of_journal() ==
          fmt::format("journal entry {}: key {} is erased while document D1 is open and needs it",
                      p.last_seq(), kKey));
  }
}

TEST_CASE("audit: a payout that begins after its payee's key was erased is found") {
  Paper p;
  erase(p, erasure());
  const std::uint64_t erased = p.last_seq();
  p.document(DocumentKind::kPayout, "T1", 1, true, payout(PayoutState::kCreated));
  CHECK(p.fault_of_journal() ==
        fmt::format("journal entry {}: payout T1 begins with a payee whose key entry {} erased",
                    p.last_seq(), erased));
}

TEST_CASE("audit: an erasure that is no erasure is found") {
  struct Row {
    const char* what;
    std::function<void(Paper&)> plant;
    const char* fault;
  };
  const auto with = [](auto change) {
    Erasure how = erasure();
    change(how);
    return how;
  };
  const Row rows[] = {
      {"another command", [&](Paper& p) { erase(p, erasure(), CommandKind::kSetting); },
       "key p7.0a1b2c3d is erased by another command"},
      {"by one", [&](Paper& p) { erase(p, with([](Erasure& e) { e.checker = "maker"; })); },
       "key p7.0a1b2c3d is not erased by two"},
      {"unchecked", [&](Paper& p) { erase(p, with([](Erasure& e) { e.checker.clear(); })); },
       "key p7.0a1b2c3d is not erased by two"},
      {"left open", [&](Paper& p) { erase(p, erasure(), CommandKind::kErasure, 1, true); },
       "the erasure of key p7.0a1b2c3d is not whole"},
      {"twice",
       [&](Paper& p) {
         erase(p, erasure());
         erase(p, erasure(), CommandKind::kErasure, 2);
       },
       "the erasure of key p7.0a1b2c3d is not whole"},
      {"of nothing", [&](Paper& p) { p.accept(CommandKind::kErasure, Paper::on(Paper::kToday)); },
       "an erasure erases nothing"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Paper p;
    row.plant(p);
    CHECK(p.fault_of_journal() == fmt::format("journal entry {}: {}", p.last_seq(), row.fault));
  }
}
