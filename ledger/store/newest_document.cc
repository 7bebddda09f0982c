#include "ledger/store/newest_document.h"

#include "ledger/store/document_projection.h"

namespace suanpan {

Result<DocumentPtr> newest_document(const KeyValueStore& store, DocumentKind kind,
                                    std::string_view key) {
  DocumentPtr newest;
  const std::string row = document_row_key(kind, key);
  TRY(const auto stored, store.get(Table::kDocuments, row));
  if (stored) {
    auto document = decode_document_row(row, *stored);
    if (!document) return fail(Errc::kCorrupt, "a stored document does not decode");
    newest = std::make_shared<const Document>(std::move(*document));
  }
  TRY(const std::uint64_t stamp, read_stamp(store, Table::kDocuments));
  const auto cursor = store.cursor(Table::kJournal);
  for (cursor->seek(big_endian(stamp + 1)); cursor->valid(); cursor->next()) {
    TRY(const auto block, Block::parse(std::string(cursor->value())));
    for (const VariablePart& part : block->parts())
      for (const DocumentPtr& document : part.documents)
        if (document->kind == kind && document->key == key) newest = document;
  }
  TRY(cursor->status());
  return newest;
}

}  // namespace suanpan
