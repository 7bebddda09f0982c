// The journal of closed years in files of its own (engine/archive_book.h writes them):
//
//   <folder>/journal-000001 …            the blocks, as store/archive_file.h says
//   <folder>/checkpoint-<sequence> …     one a run that archived, engine/archive_checkpoint.h
//
// Whoever reads an archive judges it: each file by its own SHA-256, the chain through all of them,
// the blocks by the auditor's model, each checkpoint by what the blocks up to it give, and its
// signature by the keys that the journal itself names (and those that are given). Every daily root
// that a checkpoint holds is judged as `verify` does.
//
// Nothing here writes. Memory: 16 bytes a block, beside what the audit keeps. One owner.
#pragma once
#include <filesystem>
#include <list>

#include "ledger/engine/archive_checkpoint.h"
#include "ledger/engine/root_judge.h"
#include "ledger/engine/verify.h"

namespace suanpan {

class ArchiveReader {
 public:
  /// Lists what there is, and reads the checkpoints. Errors: kNotFound where there is none;
  /// kCorrupt for one that is damaged beyond reading and for files whose numbers have a gap, by
  /// name; kIo.
  static Result<ArchiveReader> open(const std::filesystem::path& folder);

  /// By sequence; at least one.
  const std::vector<ArchiveCheckpoint>& checkpoints() const { return checkpoints_; }
  const Id128& book() const { return checkpoints_.back().book; }
  /// Where the newest checkpoint says that the archive ends.
  std::uint64_t last_seq() const { return checkpoints_.back().seq; }
  const Sha256& last_hash() const { return checkpoints_.back().hash; }

  /// Reads everything: `take` gets every block in order, and feeds `journal` with it. Judges all
  /// that is said above. `given`: public keys in PEM that were kept elsewhere, or empty.
  using Take = std::function<Result<Fault>(const BlockPtr&)>;
  Result<Fault> judge(const JournalAudit& journal, const Take& take, std::string_view given);
  /// The same up to the last checkpoint: files after it, of a run that was cut short, are passed
  /// over. `held` hears of each checkpoint that holds.
  using Held = std::function<void(const ArchiveCheckpoint&)>;
  Result<Fault> judge_whole_part(const JournalAudit& journal, const Take& take,
                                 std::string_view given, const Held& held = nullptr);

  /// What judge() has come to.
  const std::vector<ArchiveFileFacts>& files() const { return read_; }
  const CheckpointFacts& facts() const { return facts_; }

  /// The block of an entry that judge() has come to, for the audit's look back. Errors: kCorrupt,
  /// kIo.
  Result<BlockPtr> block_of(std::uint64_t seq);
  std::uint64_t roots_judged() const { return roots_judged_; }

 private:
  struct Judged {
    const ArchiveCheckpoint& checkpoint;
    std::vector<DailyRoot> roots;
    RootJudge judge;
  };
  Result<std::list<Judged>> roots_to_judge(std::string_view given) const;
  Result<Fault> judge_file(const ArchiveFile& file, const JournalAudit& journal, const Take& take,
                           std::list<Judged>& checkpoints);
  Fault judge_checkpoint(Judged& judged, const JournalAudit& journal);

  /// Of a block that judge() has come to.
  struct BlockPlace {
    std::uint64_t first_seq;
    ArchiveFile::Place in_file;
  };
  static constexpr std::size_t kCachedBlocks = 16;

  std::filesystem::path folder_;
  std::uint32_t files_ = 0;
  std::vector<ArchiveCheckpoint> checkpoints_;
  std::vector<ArchiveFileFacts> read_;  // judge() has come to them
  CheckpointFacts facts_;
  std::vector<BlockPlace> places_;
  std::list<BlockPtr> cache_;  // latest first
  std::uint64_t roots_judged_ = 0;
};

/// Verifies an archive by itself. Damage of any kind is a fault in the report. Errors: kNotFound,
/// kIo; kMalformed for a root key that is none. Of the options, the root key and the progress
/// count.
Result<VerifyReport> verify_archive(const std::filesystem::path& folder,
                                    const VerifyOptions& options = {});

}  // namespace suanpan
