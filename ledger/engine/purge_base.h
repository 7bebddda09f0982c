// What `verify` begins with where a book's journal was purged: the auditor's state at the end of
// the archived part, as the archive's blocks gave it, with the signature of the checkpoint that it
// must give again. It lies in the store (store/archived_part.h); its SHA-256 stands in the journal,
// in the record of the purge.
//
//   base := magic "SPBASE03" | the members of PurgeBase (saved_state.h)
//
// Another program version may not read it: then the archive itself is what `verify` begins with.
#pragma once
#include "ledger/engine/archive_checkpoint.h"
#include "ledger/store/head_file.h"

namespace suanpan {

struct PurgeBase {
  Id128 book;
  Head head;  ///< of the last archived block
  std::uint64_t blocks = 0;
  std::uint64_t roots_judged = 0;
  std::string root_keys;  ///< PEM that the journal named up to there
  std::string signature;  ///< the checkpoint's last line: its other lines are written anew
  std::vector<ArchiveFileFacts> files;
  CheckpointFacts facts;
  std::string audit;         ///< Audit::save(); the ids are read from the archived forms
  Sha256 archived_blocks{};  ///< with_archived_block() of every block, from zeros

  /// Gives up `audit`, by far the most of it, and is written around it.
  std::string bytes() &&;
  /// Errors: kUnsupported for bytes that this program does not write.
  static Result<PurgeBase> parse(std::string_view bytes);
};

/// SHA-256 of the digest of the blocks before and of archived_digest() of the next.
Sha256 with_archived_block(const Sha256& before, const Block& block);

/// The document (kBookSetting) that says what was purged, and its bytes: one line,
///   until=<n> hash=<hex> checkpoint=<hex> base=<hex>
/// the hash of the last archived block, SHA-256 of the checkpoint's lines and of the base.
inline constexpr std::string_view kPurgeDocument = "purged";
struct PurgeRecord {
  std::uint64_t until = 0;
  Sha256 hash{}, checkpoint{}, base{};
  std::string line() const;
  /// Nothing for what line() does not write.
  static std::optional<PurgeRecord> parse(std::string_view line);
};

}  // namespace suanpan
