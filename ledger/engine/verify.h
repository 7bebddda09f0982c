// Verifies a book offline: reads the whole journal, recomputes everything with arithmetic of its
// own (audit.h), holds every projection against the result, and names the first fault and its
// place.
//
// Read-only; the book may have been closed or killed. What the business could not have known, it
// cannot see either: a journal whose tail was lost together with its head file, and the content of
// documents that only other rooms can read, of which it checks versions and bytes.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "ledger/base/result.h"
#include "ledger/store/head_file.h"
#include "ledger/store/key_value.h"

namespace suanpan {

struct VerifyCounters {
  std::uint64_t blocks = 0, commands = 0, refusals = 0;
  std::uint64_t vouchers = 0, transfers = 0, reversals = 0;
  std::uint64_t accounts = 0, documents = 0, open_holds = 0;
  std::uint64_t last_seq = 0;
};

struct VerifyReport {
  bool ok = false;
  std::string first_fault;  ///< what and where; empty when ok
  VerifyCounters counters;  ///< up to the fault, if there is one
  std::int64_t took_ms = 0;
};

/// Hears from time to time how far the journal has been read.
using VerifyProgress = std::function<void(std::uint64_t seq, std::uint64_t last_seq)>;

/// Verifies the book in `folder` ("<folder>/db" and "<folder>/head"). Damage of any kind is a fault
/// in the report. Errors: kNotFound, kLocked, kUnsupported, kIo: it could not be judged.
Result<VerifyReport> verify(const std::filesystem::path& folder,
                            const VerifyProgress& progress = nullptr);

/// The same for a store that is open and a head that was read before it was opened.
Result<VerifyReport> verify(const KeyValueStore& store, const std::optional<Head>& head,
                            const VerifyProgress& progress = nullptr);

}  // namespace suanpan
