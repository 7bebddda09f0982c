// Deletes the keys whose erasure is journalled (core/erasure.h): after the record is durable, and
// at every start, for what a crash left undone or an older copy of the keys brought back.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "ledger/base/vault.h"
#include "ledger/engine/book.h"

namespace suanpan::api {

/// Those of the names that the journal says are erased. A failure is logged; the next start makes
/// up for it. True: all are gone.
bool delete_erased_keys(const Book& book, const Vault& vault,
                        const std::vector<std::string>& names);
/// All that the journal says are erased, and those that a restore left behind its end (listed in
/// kErasedList in `folder`, store/backup.h). Errors: those of SubjectKeys::erase and of reading.
Result<void> delete_all_erased_keys(const Book& book, const Vault& vault,
                                    const std::filesystem::path& folder);

}  // namespace suanpan::api
