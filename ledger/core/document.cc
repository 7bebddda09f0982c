#include "ledger/core/document.h"

namespace suanpan {

DocumentChanges::DocumentChanges(std::initializer_list<Document> documents) {
  for (const Document& document : documents) push_back(document);
}

DocumentChanges::DocumentChanges(const DocumentChanges& other) {
  pointers_.reserve(other.size());
  for (const Document& document : other) push_back(document);
}

}  // namespace suanpan
