// One document of a store that no book has open yet: for who must look before anything is written.
#pragma once
#include <string_view>

#include "ledger/core/document.h"
#include "ledger/store/key_value.h"

namespace suanpan {

/// Its newest version, as the table of documents has it or, after that table's stamp, the journal;
/// null: there is none. Reads only, and holds no chain or head against anything. Errors: kCorrupt,
/// kIo.
Result<DocumentPtr> newest_document(const KeyValueStore& store, DocumentKind kind,
                                    std::string_view key);

}  // namespace suanpan
