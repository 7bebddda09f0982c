#include "ledger/exchange/export_entries.h"

#include <ostream>

#include "ledger/exchange/tell_entries.h"

namespace suanpan {
namespace {

Result<void> write(const Book& book, std::ostream& out, const std::string& header,
                   std::string (*to_text)(const JournalEntry&)) {
  const std::uint64_t until = book.last_seq();
  const auto each_command = [&](const auto& each) {
    return book.for_each_command_after(0, [&](const StoredCommand& command) {
      return command.seq <= until && static_cast<bool>(out) && each(command);
    });
  };
  std::unordered_set<ClaimKey> reversed;
  TRY(each_command([&](const StoredCommand& command) {
    if (const auto original = original_of(command)) reversed.insert(*original);
    return true;
  }));
  const auto tell_all = [&](const auto& each) -> Result<void> {
    EntryTeller teller(reversed);
    Result<void> outcome = success();
    TRY(each_command([&](const StoredCommand& command) {
      const auto told = teller.tell(command);
      if (!told)
        outcome = told.error();
      else
        for (const JournalEntry& entry : told.value()) each(entry);
      return told.has_value();
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
