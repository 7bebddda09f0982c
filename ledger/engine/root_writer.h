// Writes the daily roots of an open book: by the committing thread, before it answers. One owner.
#pragma once
#include "ledger/engine/daily_root.h"
#include "ledger/store/account_projection.h"

namespace suanpan {

class RootWriter {
 public:
  struct Where {
    std::filesystem::path key_file;   ///< of RootKeys
    std::filesystem::path root_file;  ///< of RootFile
    Id128 book;
  };
  /// `named`: the book's document of root keys, null if it has none yet; then the keys are made if
  /// they are missing. Errors: those of RootKeys and RootFile; kMismatch for other keys than the
  /// book's.
  static Result<std::unique_ptr<RootWriter>> open(const Where& where, const DocumentPtr& named);

  const RootKeys& keys() const { return keys_; }
  /// Signs the day that the journal's newest block has cut, if it has. `state` is the book at its
  /// end. Errors are fatal for the process.
  Result<void> take(const Block& block, const State& state);
  /// Signs the days whose root a crash kept from being written, or which were taken away. `state`
  /// is the book at the journal's end and `accounts` have been fed all of it.
  Result<void> write_missing(const Journal& journal, const State& state,
                             const AccountProjection& accounts);

 private:
  RootWriter(RootKeys keys, RootFile file, Id128 book)
      : keys_(std::move(keys)), file_(std::move(file)), book_(book) {}
  Result<void> write(const Block& block, const CutDay& cut, const Sha256& balances);

  RootKeys keys_;
  RootFile file_;
  Id128 book_;
};

}  // namespace suanpan
