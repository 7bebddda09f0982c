// Verifies a book offline: reads the whole journal, recomputes everything with arithmetic of its
// own (audit.h), holds every projection against the result, and names the first fault and its
// place.
//
// Read-only; the book may have been closed or killed. What the business could not have known, it
// cannot see either: a journal whose tail was lost together with its head file, and the content of
// documents that only other rooms can read (merchants, batches, cases), of which it checks versions
// and bytes.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "ledger/base/result.h"
#include "ledger/store/head_file.h"
#include "ledger/store/key_value.h"
#include "ledger/store/root_file.h"

namespace suanpan {

struct VerifyCounters {
  std::uint64_t blocks = 0, commands = 0, refusals = 0;
  std::uint64_t vouchers = 0, transfers = 0, reversals = 0;
  std::uint64_t accounts = 0, documents = 0, open_holds = 0;
  std::uint64_t last_seq = 0;
  std::uint64_t roots = 0;  ///< daily roots whose content and signatures hold
};

class JournalAudit;
/// All but the roots.
VerifyCounters counters_of(const JournalAudit& journal);

struct VerifyReport {
  bool ok = false;
  std::string first_fault;           ///< what and where; empty when ok
  VerifyCounters counters;           ///< up to the fault, if there is one
  std::uint64_t resumed_after = 0;   ///< the entries up to here were judged by the run before
  std::uint64_t archived_until = 0;  ///< the entries up to here were read from the archive
  std::uint64_t entries = 0;         ///< judged by this run
  std::int64_t took_ms = 0;
};

/// Hears from time to time how far the journal has been read.
using VerifyProgress = std::function<void(std::uint64_t seq, std::uint64_t last_seq)>;

struct VerifyOptions {
  VerifyProgress progress;
  /// Public keys in PEM (daily_root.h) that were kept elsewhere: the daily roots must hold under
  /// them, and not only under those that the journal names.
  std::string root_key;
  /// Where to keep how far it has come (verify_checkpoint.h); empty: nowhere.
  std::filesystem::path checkpoint;
  std::uint64_t checkpoint_blocks = 1'000;  ///< how many between two checkpoints
  bool resume = false;  ///< go on from the checkpoint, if it is whole and of this journal
  /// A folder that archived years lie in (read_archive.h); empty: none. It is judged whole, the
  /// journal up to its end is taken from it, and the book's goes on after that. Nothing is resumed.
  std::filesystem::path archive;
};

/// Verifies the book in `folder` ("<folder>/db", "<folder>/head" and "<folder>/roots"). Damage of
/// any kind is a fault in the report. Errors: kNotFound, kLocked, kUnsupported, kIo: it could not
/// be judged; kMalformed for a root key that is none.
Result<VerifyReport> verify(const std::filesystem::path& folder, const VerifyOptions& options = {});

/// What lies outside the store, read before it was opened.
struct Outside {
  std::optional<Head> head;
  std::vector<DailyRoot> roots;
};
/// The same for a store that is open.
Result<VerifyReport> verify(const KeyValueStore& store, const Outside& outside,
                            const VerifyOptions& options = {});

}  // namespace suanpan
