#include "api/erase_keys.h"

#include <fstream>

#include "ledger/base/log.h"
#include "ledger/store/backup.h"

namespace suanpan::api {

bool delete_erased_keys(const Book& book, const Vault& vault,
                        const std::vector<std::string>& names) {
  bool gone = true;
  for (const std::string& name : names) {
    if (!book.document(DocumentKind::kErasure, name)) continue;
    const auto erased = vault.subjects().erase(name);
    if (!erased)
      log_error("key {} is erased in the journal and not here: {}", name, erased.error().message);
    gone = gone && erased;
  }
  return gone;
}

Result<void> delete_all_erased_keys(const Book& book, const Vault& vault,
                                    const std::filesystem::path& folder) {
  std::vector<std::string> names;
  TRY(book.for_each_document(DocumentKind::kErasure, [&names](const DocumentPtr& document) {
    names.push_back(document->key);
    return true;
  }));
  std::ifstream list(folder / kErasedList);
  for (std::string name; std::getline(list, name);) names.push_back(name);
  for (const std::string& name : names) {
    const auto erased = vault.subjects().erase(name);
    if (!erased && erased.error().code != Errc::kMalformed) return erased.error();
    // What no key can be called is erased as it is; that somebody wrote it is worth a look.
    if (!erased) log_error("an erasure names a key that cannot be: {}", erased.error().message);
  }
  return success();
}

}  // namespace suanpan::api
