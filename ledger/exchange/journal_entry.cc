#include "ledger/exchange/journal_entry.h"

#include <algorithm>

#include "ledger/base/json.h"
#include "ledger/exchange/entry_fields.h"

namespace suanpan {
namespace {

bool needs_legs(const JournalEntry& e) {
  return e.kind == CommandKind::kVoucher ||
         (e.kind == CommandKind::kYearClose && e.step == YearStep::kCarry);
}

Error in_list(EntryList list, const Error& error) {
  return fail(error.code, "\"{}\": {}", name_of(list), error.message);
}

// ---- JSON

Result<std::string> json_value(const JsonValue& value, const FieldName& field) {
  switch (field.form) {
    case FieldForm::kText: {
      TRY(auto text, value.as_string());
      if (text.empty()) return wrong_field(field.name);
      return std::string(text);
    }
    case FieldForm::kInteger: {
      TRY(auto number, value.as_int64());
      return std::to_string(number);
    }
    case FieldForm::kFlag: {
      TRY(auto flag, value.as_bool());
      if (!flag) return wrong_field(field.name);
      return std::string("true");
    }
  }
  return wrong_field(field.name);
}

Result<void> read_member(const JsonMember& member, FieldTexts& texts) {
  const std::size_t i = entry_field(member.key);
  if (i == kEntryFieldCount) return fail(Errc::kMalformed, "\"{}\" is unknown", member.key);
  TRY(texts[i], json_value(member.value, kEntryFields[i]));
  return success();
}

Result<void> json_rows(const JsonValue& value, EntryList list, JournalEntry& entry) {
  if (!value.is_array() || value.elements().empty()) return wrong_field(name_of(list));
  for (const JsonValue& one : value.elements()) {
    if (!one.is_object()) return wrong_field(name_of(list));
    FieldTexts row;
    for (const JsonMember& member : one.members())
      if (const auto read = read_member(member, row); !read) return in_list(list, read.error());
    if (const auto added = add_row(entry, list, row); !added) return in_list(list, added.error());
  }
  return success();
}

void write_members(JsonWriter& out, const FieldTexts& texts) {
  for (std::size_t i = 0; i < kEntryFieldCount; ++i) {
    if (texts[i].empty()) continue;
    out.key(kEntryFields[i].name);
    if (kEntryFields[i].form == FieldForm::kText)
      out.string(texts[i]);
    else
      out.raw(texts[i]);
  }
}

// ---- CSV

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

Result<std::vector<std::string>> csv_cells(std::string_view line) {
  std::vector<std::string> cells;
  for (std::size_t i = 0;; ++i) {
    std::string cell;
    if (i < line.size() && line[i] == '"') {
      for (++i;; ++i) {
        if (i >= line.size()) return fail(Errc::kMalformed, "a quote is not closed");
        if (line[i] != '"')
          cell += line[i];
        else if (i + 1 < line.size() && line[i + 1] == '"')
          cell += line[++i];
        else
          break;
      }
      ++i;
      if (i < line.size() && line[i] != ',')
        return fail(Errc::kMalformed, "something follows a closing quote");
    } else {
      for (; i < line.size() && line[i] != ','; ++i) {
        if (line[i] == '"') return fail(Errc::kMalformed, "a quote inside a plain cell");
        cell += line[i];
      }
    }
    cells.push_back(std::move(cell));
    if (i >= line.size()) return cells;
  }
}

bool has_leg(const FieldTexts& texts) {
  return std::any_of(texts.begin() + kFirstLegField, texts.end(),
                     [](const std::string& text) { return !text.empty(); });
}

std::string csv_row(const FieldTexts& texts) {
  std::string out;
  for (std::size_t i = 0; i < kEntryFieldCount; ++i) out += (i > 0 ? "," : "") + csv_cell(texts[i]);
  return out + "\n";
}

std::optional<EntryList> list_of_row(std::string_view kind) {
  for (const EntryList list : kEntryLists)
    if (kind == row_name(list)) return list;
  return std::nullopt;
}

}  // namespace

std::string to_jsonl(const JournalEntry& entry) {
  JsonWriter out;
  out.begin_object();
  write_members(out, head_of(entry));
  for (const EntryList list : kEntryLists) {
    const auto rows = rows_of(entry, list);
    if (rows.empty()) continue;
    out.key(name_of(list)).begin_array();
    for (const FieldTexts& row : rows) {
      out.begin_object();
      write_members(out, row);
      out.end_object();
    }
    out.end_array();
  }
  out.end_object();
  return out.take() + "\n";
}

Result<JournalEntry> from_jsonl(std::string_view line) {
  TRY(auto document, JsonDocument::parse(line));
  const JsonValue root = document.root();
  if (!root.is_object()) return fail(Errc::kMalformed, "not a JSON object");
  FieldTexts head;
  std::vector<std::pair<EntryList, JsonValue>> lists;
  for (const JsonMember& member : root.members()) {
    const auto list = std::find_if(std::begin(kEntryLists), std::end(kEntryLists),
                                   [&](EntryList l) { return name_of(l) == member.key; });
    if (list != std::end(kEntryLists)) {
      lists.emplace_back(*list, member.value);
    } else {
      TRY(read_member(member, head));
    }
  }
  TRY(auto entry, entry_of(head));
  for (const auto& [list, value] : lists) {
    TRY(json_rows(value, list, entry));
  }
  if (needs_legs(entry) && entry.legs.empty()) return wrong_field("legs");
  return entry;
}

std::string csv_header() {
  FieldTexts names;
  for (std::size_t i = 0; i < kEntryFieldCount; ++i) names[i] = kEntryFields[i].name;
  return csv_row(names);
}

std::string to_csv(const JournalEntry& entry) {
  FieldTexts head = head_of(entry);
  std::vector<FieldTexts> legs = rows_of(entry, EntryList::kLegs);
  if (!legs.empty())
    std::move(legs[0].begin() + kFirstLegField, legs[0].end(), head.begin() + kFirstLegField);
  std::string out = csv_row(head);
  for (const EntryList list : kEntryLists) {
    std::vector<FieldTexts> rows = rows_of(entry, list);
    for (std::size_t i = list == EntryList::kLegs ? 1 : 0; i < rows.size(); ++i) {
      rows[i][0] = row_name(list);
      out += csv_row(rows[i]);
    }
  }
  return out;
}

Result<std::optional<JournalEntry>> CsvEntries::take(std::string_view line) {
  if (!header_) {
    const std::string header = csv_header();
    if (line != std::string_view(header).substr(0, header.size() - 1))
      return fail(Errc::kMalformed, "the header is not that of a journal");
    header_ = true;
    return std::optional<JournalEntry>{};
  }
  TRY(auto cells, csv_cells(line));
  if (cells.size() != kEntryFieldCount)
    return fail(Errc::kMalformed, "{} cells, not {}", cells.size(), kEntryFieldCount);
  FieldTexts texts;
  std::move(cells.begin(), cells.end(), texts.begin());
  if (const auto list = list_of_row(texts[0])) {
    const bool first_leg = list == EntryList::kLegs && open_ && open_->legs.empty();
    if (!open_ || first_leg)
      return fail(Errc::kMalformed, "a {} without a voucher above it", texts[0]);
    texts[0].clear();
    if (const auto added = add_row(*open_, *list, texts); !added)
      return in_list(*list, added.error());
    return std::optional<JournalEntry>{};
  }
  FieldTexts leg;
  const bool with_leg = has_leg(texts);
  std::swap_ranges(texts.begin() + kFirstLegField, texts.end(), leg.begin() + kFirstLegField);
  TRY(auto entry, entry_of(texts));
  if (with_leg) {
    if (const auto added = add_row(entry, EntryList::kLegs, leg); !added)
      return in_list(EntryList::kLegs, added.error());
  } else if (needs_legs(entry)) {
    return wrong_field("legs");
  }
  return std::exchange(open_, std::move(entry));
}

bool CsvEntries::goes_on(std::string_view line) {
  return list_of_row(line.substr(0, line.find(','))).has_value();
}

}  // namespace suanpan
