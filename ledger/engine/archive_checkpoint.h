// What a book was at the end of one journal block, written down for an archive: recomputed from the
// blocks alone by the auditor's model (audit.h), never read from the book's own tables; then signed
// with the keys that sign the book's days.
//
//   checkpoint := line* signature            each line ends with a line feed
//   line       := a JSON object, or a daily root as it stands (store/root_file.h)
//   signature  := checkpoint1 book=<hex 16> seq=<n> hash=<hex 32> sha256=<hex 32>
//                 ed25519=<base64> sm2=<base64>             (one line, one space each)
//
// In this order: what it is of; the files of the archive; the daily roots so far; the days; how
// many ids are claimed, with a digest of them; the last voucher number of each month and type;
// years; the chart; every account with its totals; what lies below each path; open holds; reversal
// totals; every document with version and digest, and with its bytes where it is open. Amounts are
// minor units, as text. There is one way to write a state, so two checkpoints of one state differ
// in their signature at most, and the first line that differs is what is wrong.
//
// sha256 is over all lines; both signatures are over the last line up to " ed25519=".
//
//   ids digest: d(0) = 32 zero bytes; d(n) = SHA-256 of d(n-1) and the ids of block n, each as
//   ClaimKey::bytes()
#pragma once
#include <map>
#include <span>

#include "ledger/engine/daily_root.h"
#include "ledger/engine/journal_audit.h"
#include "ledger/store/archive_file.h"

namespace suanpan {

/// What a checkpoint says beyond what the audit keeps: open documents as they are, the ids. Fed
/// with the blocks that the audit takes. One owner.
class CheckpointFacts {
 public:
  void take(const Block& block);
  /// Bytes of open documents and of reversal totals, by row: kind as one byte, then the key.
  const std::map<std::string, std::string>& documents() const { return documents_; }
  const Sha256& ids() const { return ids_; }

  /// For saved_state.h.
  template <class A>
  void walk_members(A& archive) {
    walk(archive, documents_);
    walk(archive, ids_);
  }

 private:
  std::map<std::string, std::string> documents_;
  Sha256 ids_{};
};

/// The digest of the ids so far, with those of the next block.
Sha256 with_ids_of(const Sha256& before, const Block& block);

/// All lines but the signature, at the end of the block that `journal` and `facts` took last.
/// `roots` are those up to there.
std::string checkpoint_body(const Id128& book, const JournalAudit& journal,
                            const CheckpointFacts& facts, std::span<const ArchiveFileFacts> files,
                            std::span<const DailyRoot> roots);

struct ArchiveCheckpoint {
  Id128 book;
  std::uint64_t seq = 0;
  Sha256 hash{};    ///< of the block that ends there
  Sha256 digest{};  ///< that the signature is for
  RootSignatures signatures;
  std::string body;

  std::string message() const;         ///< what is signed
  std::string signature_line() const;  ///< without its end
  /// The daily roots among the lines. Errors: kCorrupt, naming the line.
  Result<std::vector<DailyRoot>> roots() const;
  /// The first line that is not as in `expected`; nothing if all are.
  Fault difference(std::string_view expected) const;

  /// Errors: kCorrupt for a last line that signature_line() does not write; whether the rest is
  /// what was signed is not looked at.
  static Result<ArchiveCheckpoint> parse(std::string_view text);
};

/// "checkpoint-00000000000000001234"
std::string checkpoint_name(std::uint64_t seq);
std::optional<std::uint64_t> checkpoint_seq(std::string_view name);

}  // namespace suanpan
