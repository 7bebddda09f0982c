// How far a run of `verify` has come, so that another one can go on: the audit's whole state, not a
// mark that says "trust me". Two files, outside the data directory:
//
//   <file>      the state, replaced as one, with a SHA-256 over it
//   <file>.ids  fingerprints of ids, eight bytes each, under the key in the state; only appended
//               to, each part with its SHA-256 in the state
//
// It guards against accidents; who can write these files can also write a verdict. What was judged
// before is not read again: damage that came later to that part of the journal is the next whole
// run's to find. One owner.
#pragma once
#include <filesystem>
#include <vector>

#include "ledger/base/digest.h"
#include "ledger/engine/id_prints.h"
#include "ledger/store/head_file.h"

namespace suanpan {

class VerifyCheckpoint {
 public:
  struct State {
    Id128 book;
    Head head;  ///< of the last block that was judged
    std::uint64_t blocks = 0;
    std::uint64_t roots_judged = 0;
    Sha256 roots{};         ///< over the lines of the roots up to there
    std::string root_keys;  ///< PEM that the journal named up to there
    bool head_seen = false;
    std::vector<std::string> purges;  ///< the journal's records of purges (purge_base.h)
    std::string audit;
  };

  explicit VerifyCheckpoint(std::filesystem::path file) : file_(std::move(file)) {}

  using Found = std::optional<std::pair<State, IdPrints>>;
  /// Nothing if there is none, or none that is whole. write() then goes on after it.
  Result<Found> read();
  /// Returns when it is on stable storage. Ids of another key than those before are a run that
  /// did not go on: all are written anew. Errors: kIo.
  Result<void> write(State state, const IdPrints& ids);
  /// The run has come to its end.
  void remove();

 private:
  struct Part {
    std::uint64_t ids;
    Sha256 digest;
  };
  Result<void> append(const IdPrints& ids);
  std::filesystem::path ids_path() const { return file_.string() + ".ids"; }

  std::filesystem::path file_;
  HashKey key_;  // of what is written
  std::vector<Part> parts_;
  std::uint64_t written_ids_ = 0;
};

}  // namespace suanpan
