// What a command has besides its records: sections in the variable part of its block.
//
//   section := tag u8 | length u32 | payload      those of a command begin at its variable_offset
//
// All integers are little-endian; texts are length u32 and bytes. An unknown section is damage.
#pragma once
#include <boost/container/small_vector.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/base/result.h"
#include "ledger/store/record.h"

namespace suanpan {

/// Stable numbers.
enum class SectionTag : std::uint8_t {
  kText = 1,
  kAccount = 2,
  kDocument = 3,
  kEvent = 4,
  kBook = 5,
  kContent = 6,
  kAnswer = 7,
  kRefusalDetail = 8,
  kRules = 16,
};
inline constexpr std::size_t kSectionHeadBytes = 5;

/// `key_inline`: the business key stands in the record. Writes nothing if there is nothing.
void write_text(std::string& out, const VoucherText& text, bool key_inline);
void write_rules(std::string& out, const VoucherRules& rules);
void write_content(std::string& out, const Content& content);
void write_refusal_detail(std::string& out, std::string_view detail);
/// Accounts, documents, events, the book's change and the answer.
void write_effect_sections(BlockContents& contents, const ChangeSet& changes);
/// The same; a command that only moves money, as most do, has none of them.
inline void write_effects(BlockContents& contents, const ChangeSet& changes) {
  if (!changes.accounts.empty() || !changes.documents.empty() || !changes.events.empty() ||
      changes.book || !changes.answer.empty())
    write_effect_sections(contents, changes);
}

/// The variable part of one command, decoded.
struct VariablePart {
  std::shared_ptr<const VoucherText> text;    ///< null: none
  std::shared_ptr<const VoucherRules> rules;  ///< null: none
  std::string business_key;                   ///< of the text
  std::vector<Account> accounts;
  boost::container::small_vector<DocumentPtr, 1> documents;
  std::vector<Event> events;
  std::optional<BookChange> book;
  Content content;
  std::string answer;
  std::string refusal_detail;
};
/// How much of a part is kept; everything is checked.
enum class Keep : std::uint8_t {
  kAll,
  /// Accounts, documents, the business key, the book's change and the content that goes with that.
  kEffects,
};

/// Documents that were written into a variable part and are in memory still.
class WrittenDocuments {
 public:
  explicit WrittenDocuments(const BlockContents& contents)
      : begin_(contents.variable.data()), rest_(contents.written) {}
  /// The one whose payload this is; null if it is not in memory. Payloads come in order. CHECKs
  /// that the document is what was written.
  DocumentPtr take(std::string_view payload);

 private:
  const char* begin_;
  std::span<const std::pair<std::size_t, DocumentPtr>> rest_;
};

/// Adds what the sections say to `part`; takes documents from `written` where they are there
/// (null: nowhere). Errors: kCorrupt.
Result<void> decode_sections(std::string_view bytes, Keep keep, WrittenDocuments* written,
                             VariablePart& part);

/// One command in full, from its records and its block's whole variable part. CHECKs that it
/// decodes: a block is believed only after parse().
StoredCommand read_command(std::span<const Record> legs, std::string_view variable);

}  // namespace suanpan
