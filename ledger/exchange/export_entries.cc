#include "ledger/exchange/export_entries.h"

#include <ostream>

#include "ledger/core/year_close.h"
#include "ledger/exchange/tell_entries.h"

namespace suanpan {
namespace {

/// The first year whose end has begun to be carried forward, by then.
std::optional<std::int32_t> carried_year(const State& state) {
  for (std::int32_t year = 1900; year <= state.book().accounting_date.year(); ++year) {
    const DocumentPtr stored = state.document(DocumentKind::kYearClose, year_close_key(year));
    const auto close = stored ? decode_year_close(stored->bytes) : std::nullopt;
    if (close && close->state != YearCloseState::kRequested &&
        close->state != YearCloseState::kRejected)
      return year;
  }
  return std::nullopt;
}

Result<void> write(const Book& book, std::ostream& out, const std::string& header,
                   std::string (*to_text)(const JournalEntry&)) {
  std::uint64_t until = 0;
  const auto year = book.read([&](const State& state, std::uint64_t seq) {
    until = seq;
    return carried_year(state);
  });
  if (year)
    return fail(Errc::kUnsupported,
                "the year {} is carried forward, which is told in no entry that could be imported: "
                "take a backup",
                *year);
  const auto tell_all = [&](const auto& each) -> Result<void> {
    EntryTeller teller;
    Result<void> outcome = success();
    TRY(book.for_each_command_after(0, [&](const StoredCommand& command) {
      if (command.seq > until) return false;
      const auto told = teller.tell(command);
      if (!told)
        outcome = told.error();
      else
        for (const JournalEntry& entry : told.value()) each(entry);
      return told.has_value() && static_cast<bool>(out);
    }));
    return outcome;
  };
  // Told once for nothing: a file that ends where telling ends is of a book that never was.
  TRY(tell_all([](const JournalEntry&) {}));
  out << header;
  TRY(tell_all([&](const JournalEntry& entry) { out << to_text(entry); }));
  out.flush();
  if (!out) return fail(Errc::kIo, "writing the export");
  return success();
}

}  // namespace

Result<void> export_jsonl(const Book& book, std::ostream& out) {
  return write(book, out, "", to_jsonl);
}

Result<void> export_csv(const Book& book, std::ostream& out) {
  return write(book, out, csv_header(), to_csv);
}

}  // namespace suanpan
