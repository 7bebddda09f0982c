// Holds the daily roots against the journal while `verify` reads it: every day cut since the book
// named its root keys has a root, every root has its day cut, all that a root says is so, and both
// signatures hold. The balances are the audit's, not the book's.
//
// The root of the journal's very last block may be missing: a crash came between (daily_root.h).
// One owner.
#pragma once
#include <map>
#include <set>

#include "ledger/engine/audit.h"
#include "ledger/engine/daily_root.h"

namespace suanpan {

class RootJudge {
 public:
  /// `book`: of the store; zero where it does not say. `given`: keys kept elsewhere, which then
  /// judge instead of those that the journal names.
  RootJudge(Id128 book, std::vector<DailyRoot> roots, std::optional<RootVerifier> given);

  /// The next block, which `audit` has taken.
  Fault take(const Block& block, const Audit& audit);
  /// At the journal's end.
  Fault finish(const Audit& audit) const;
  std::uint64_t judged() const { return judged_; }

  /// For a run that goes on later. `due()`: a root is missing so far, and may not be forgotten.
  bool due() const { return missing_.has_value(); }
  const std::string& named_pem() const { return named_pem_; }
  /// What a message that is signed as the roots are says wrong; nothing where both the keys given
  /// and those that the journal named so far hold. Somebody must judge it.
  std::optional<std::string> judge(std::string_view message, const RootSignatures& by) const;
  /// All roots up to `seq`, in the file's order.
  std::vector<DailyRoot> until(std::uint64_t seq) const;
  /// Over their lines.
  Sha256 digest_until(std::uint64_t seq) const;
  /// Goes on after `seq`: the roots up to there were judged under `pem`. Errors: kMalformed.
  Result<void> go_on(std::uint64_t seq, std::string pem, std::uint64_t judged);

 private:
  Fault read_keys(const Block& block);
  Fault judge(const Block& block, const CutDay& cut, const Sha256& balances);

  Id128 book_;
  std::vector<DailyRoot> all_;
  std::multimap<std::uint64_t, DailyRoot> roots_;  // not met yet, by sequence
  std::optional<RootVerifier> given_, named_;
  std::string named_pem_;
  std::optional<DailyRoot> missing_;  // due from the newest block
  std::uint64_t judged_ = 0;
};

}  // namespace suanpan
