// A journal entry as named texts, the same for JSON lines and CSV: a head, and rows of what it has
// several of. JSON writes the rows as arrays of objects, CSV as rows of their own.
//
// A text is empty where a field is absent; what a kind of entry or row has no use for must be so.
// Pure.
#pragma once
#include <array>
#include <string>
#include <string_view>

#include "ledger/exchange/journal_entry.h"

namespace suanpan {

enum class FieldForm : std::uint8_t { kText, kInteger, kFlag };  // how JSON writes it

struct FieldName {
  std::string_view name;
  FieldForm form = FieldForm::kText;
};

/// In the order in which they are written.
inline constexpr FieldName kEntryFields[] = {
    {"kind"},
    {"time"},
    {"id"},
    {"refused"},
    {"number", FieldForm::kInteger},
    {"type"},
    {"code", FieldForm::kInteger},
    {"date"},
    {"date_given", FieldForm::kFlag},
    {"adjustment", FieldForm::kFlag},
    {"effective"},
    {"hold", FieldForm::kFlag},
    {"expires_at"},
    {"of"},
    {"amounts"},
    {"summary"},
    {"business_key"},
    {"metadata"},
    {"maker"},
    {"checker"},
    {"account"},
    {"name"},
    {"account_type"},
    {"normal"},
    {"currency"},
    {"limit"},
    {"credit_line", FieldForm::kInteger},
    {"frozen"},
    {"closed", FieldForm::kFlag},
    {"hot", FieldForm::kFlag},
    {"expected_version", FieldForm::kInteger},
    {"linked", FieldForm::kFlag},
    {"year", FieldForm::kInteger},
    {"step"},
    {"chart"},
    {"subject"},
    {"group", FieldForm::kFlag},
    {"dimensions"},
    {"closes_into"},
    {"posted", FieldForm::kFlag},
    {"at_least", FieldForm::kInteger},
    // Of a leg, from here on; at_most of an expectation, too.
    {"debit"},
    {"credit"},
    {"amount", FieldForm::kInteger},
    {"up_to"},
    {"at_most", FieldForm::kInteger},
};
inline constexpr std::size_t kEntryFieldCount = std::size(kEntryFields);

/// The place of a field; kEntryFieldCount if there is none of that name.
constexpr std::size_t entry_field(std::string_view name) {
  for (std::size_t i = 0; i < kEntryFieldCount; ++i)
    if (kEntryFields[i].name == name) return i;
  return kEntryFieldCount;
}
inline constexpr std::size_t kFirstLegField = entry_field("debit");

/// By the order of kEntryFields.
using FieldTexts = std::array<std::string, kEntryFieldCount>;

/// What an entry has several of.
enum class EntryList : std::uint8_t { kLegs, kSubjects, kExpects };
inline constexpr EntryList kEntryLists[] = {EntryList::kLegs, EntryList::kSubjects,
                                            EntryList::kExpects};
std::string_view name_of(EntryList list);   ///< "legs"
std::string_view row_name(EntryList list);  ///< "leg"

FieldTexts head_of(const JournalEntry& entry);
std::vector<FieldTexts> rows_of(const JournalEntry& entry, EntryList list);

/// The entry without its rows: whether it lacks one, who reads them sees. Errors: kMalformed.
Result<JournalEntry> entry_of(const FieldTexts& head);
/// Errors: kMalformed, also where an entry of this kind has none of that list.
Result<void> add_row(JournalEntry& entry, EntryList list, const FieldTexts& row);

/// «"name" is missing or has no such value».
Error wrong_field(std::string_view field);

}  // namespace suanpan
