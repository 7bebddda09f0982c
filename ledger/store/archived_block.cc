// The archived form of a block: what stays of it once its whole lies in an archive.
#include <algorithm>

#include "ledger/base/bytes.h"
#include "ledger/store/block.h"

namespace suanpan {
namespace {

// Settlements and cases answer a resend with the document as it was then.
bool is_answer(DocumentKind kind) {
  return kind == DocumentKind::kSettlementBatch || kind == DocumentKind::kBreakCase;
}

bool stays_archived(std::uint8_t tag, std::string_view payload) {
  switch (static_cast<SectionTag>(tag)) {
    case SectionTag::kText:
    case SectionTag::kContent:
    case SectionTag::kAnswer:
    case SectionTag::kRefusalDetail:
    case SectionTag::kRules:
      return true;
    case SectionTag::kDocument:
      return is_answer(static_cast<DocumentKind>(payload.front()));
    default:
      return false;
  }
}

BlockContents archived_contents(const BlockContents& whole) {
  BlockContents kept;
  kept.records = whole.records;
  for (Record& record : kept.records) {
    std::string_view sections = variable_of(record, whole.variable);
    const std::size_t begin = kept.variable.size();
    while (!sections.empty()) {  // they decode: a block is believed only after parse()
      ByteReader head(sections.substr(0, kSectionHeadBytes));
      const std::uint8_t tag = head.u8();
      const std::size_t length = kSectionHeadBytes + head.u32();
      if (stays_archived(tag, sections.substr(kSectionHeadBytes)))
        kept.variable += sections.substr(0, length);
      sections.remove_prefix(length);
    }
    record.variable_length = static_cast<std::uint32_t>(kept.variable.size() - begin);
    record.variable_offset = record.variable_length == 0 ? 0 : static_cast<std::uint32_t>(begin);
    if (record.variable_length == 0)
      record.flags &= static_cast<std::uint8_t>(~Record::kHasVariable);
  }
  return kept;
}

}  // namespace

std::string Block::archived_form() const {
  if (archived()) return bytes_;
  return seal_contents(archived_contents(*contents_), previous_hash(), BlockForm::kArchived,
                       hash());
}

Sha256 Block::archived_digest() const {
  const BlockContents kept = archived() ? *contents_ : archived_contents(*contents_);
  Sha256Stream digest;
  digest.update(bytes_of(hash()));
  digest.update(
      {reinterpret_cast<const char*>(kept.records.data()), kept.records.size() * sizeof(Record)});
  digest.update(kept.variable);
  return digest.finish();
}

bool Block::is_archived_part(const VariablePart& part) {
  return part.accounts.empty() && part.events.empty() && !part.book &&
         std::all_of(part.documents.begin(), part.documents.end(),
                     [](const DocumentPtr& document) { return is_answer(document->kind); });
}

}  // namespace suanpan
