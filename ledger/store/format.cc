#include "ledger/store/format.h"

#include <algorithm>

#include "ledger/base/digest.h"
#include "ledger/store/block.h"

namespace suanpan {
namespace {

constexpr std::string_view kFormatKey = "format";
constexpr std::string_view kIdentityKey = "book";

Write format_row(std::uint64_t format) {
  return {Table::kMeta, std::string(kFormatKey), big_endian(format)};
}

// An older book is known by its first block.
Result<WriteSet> give_identity(const KeyValueStore& store) {
  const auto cursor = store.cursor(Table::kJournal);
  cursor->seek("");
  TRY(cursor->status());
  if (!cursor->valid()) return WriteSet{identity_row(random_id())};
  TRY(auto first, Block::parse(std::string(cursor->value())));
  const Sha256& hash = first->hash();
  const std::string_view bytes(reinterpret_cast<const char*>(hash.data()), hash.size());
  return WriteSet{identity_row(
      Id128{from_big_endian(bytes.substr(0, 8)), from_big_endian(bytes.substr(8, 8))})};
}

constexpr FormatStep kSteps[] = {{3, give_identity}};

}  // namespace

Write identity_row(const Id128& book) {
  return {Table::kMeta, std::string(kIdentityKey), big_endian(book.hi) + big_endian(book.lo)};
}

std::span<const FormatStep> format_steps() { return kSteps; }

Result<void> bring_to_format(KeyValueStore& store, bool may_write,
                             std::span<const FormatStep> steps, std::uint64_t present) {
  TRY(auto stored, store.get(Table::kMeta, kFormatKey));
  if (!stored) {
    if (!may_write) return fail(Errc::kCorrupt, "the data directory names no format");
    return store.write({identity_row(random_id()), format_row(present)}, Durability::kSynced);
  }
  std::uint64_t format = from_big_endian(*stored);
  if (format > present)
    return fail(Errc::kUnsupported,
                "the data directory has format {}, newer than this program's {}", format, present);
  if (format < present && !may_write)
    return fail(Errc::kUnsupported,
                "the data directory has format {}, older than this program's {}: it is brought up "
                "when it is opened for writing, not when it is only read",
                format, present);
  for (; format < present; ++format) {
    const auto step = std::find_if(steps.begin(), steps.end(),
                                   [&](const FormatStep& s) { return s.from == format; });
    if (step == steps.end())
      return fail(Errc::kUnsupported,
                  "the data directory has format {}, from which no step leads to this program's {}",
                  format, present);
    TRY(auto writes, step->run(store));
    writes.push_back(format_row(format + 1));
    TRY(store.write(writes, Durability::kSynced));
  }
  return success();
}

Result<Id128> book_identity(const KeyValueStore& store) {
  TRY(auto row, store.get(Table::kMeta, kIdentityKey));
  if (!row || row->size() != 16)
    return fail(Errc::kCorrupt, "the data directory does not say which book it is");
  const std::string_view bytes = *row;
  return Id128{from_big_endian(bytes.substr(0, 8)), from_big_endian(bytes.substr(8))};
}

}  // namespace suanpan
