#include "ledger/store/format.h"

#include <algorithm>

#include "ledger/base/digest.h"
#include "ledger/store/block.h"

namespace suanpan {
namespace {

constexpr std::string_view kFormatKey = "format";
constexpr std::string_view kIdentityKey = "book";
constexpr std::uint64_t kBeforeIdentity = 3;  // the last format whose books have none

Write format_row(std::uint64_t format) {
  return {Table::kMeta, std::string(kFormatKey), big_endian(format)};
}

Write identity_row(const Id128& book) {
  return {Table::kMeta, std::string(kIdentityKey), big_endian(book.hi) + big_endian(book.lo)};
}

// A book of before identities is known by its first block; an empty one by nothing.
Result<std::optional<Id128>> identity_of_first_block(const KeyValueStore& store) {
  const auto cursor = store.cursor(Table::kJournal);
  cursor->seek("");
  TRY(cursor->status());
  if (!cursor->valid()) return std::optional<Id128>{};
  TRY(auto first, Block::parse(std::string(cursor->value())));
  const std::string_view bytes = bytes_of(first->hash());
  return std::optional(
      Id128{from_big_endian(bytes.substr(0, 8)), from_big_endian(bytes.substr(8, 8))});
}

Result<WriteSet> give_identity(const KeyValueStore& store) {
  TRY(const auto known, identity_of_first_block(store));
  return WriteSet{identity_row(known ? *known : random_id())};
}

// Nothing lies otherwise; the number keeps programs out that read none of what is written from now.
Result<WriteSet> begin_sealing(const KeyValueStore&) { return WriteSet{}; }

constexpr FormatStep kSteps[] = {{kBeforeIdentity, give_identity}, {4, begin_sealing}};

const FormatStep* step_from(std::span<const FormatStep> steps, std::uint64_t format) {
  const auto step = std::find_if(steps.begin(), steps.end(),
                                 [&](const FormatStep& s) { return s.from == format; });
  return step == steps.end() ? nullptr : &*step;
}

}  // namespace

std::span<const FormatStep> format_steps() { return kSteps; }

Result<void> bring_to_format(KeyValueStore& store, bool may_write,
                             std::span<const FormatStep> steps, std::uint64_t present) {
  TRY(const auto stored, store.get(Table::kMeta, kFormatKey));
  if (!stored && may_write)
    return store.write({identity_row(random_id()), format_row(present)}, Durability::kSynced);
  TRY(auto format, known_format(store, steps, present));
  if (format < present && !may_write)
    return fail(Errc::kUnsupported,
                "the data directory has format {}, older than this program's {}: it is brought up "
                "when it is opened for writing, not when it is only read",
                format, present);
  for (; format < present; ++format) {
    TRY(auto writes, step_from(steps, format)->run(store));
    writes.push_back(format_row(format + 1));
    TRY(store.write(writes, Durability::kSynced));
  }
  return success();
}

Result<std::uint64_t> known_format(const KeyValueStore& store, std::span<const FormatStep> steps,
                                   std::uint64_t present) {
  TRY(const auto stored, store.get(Table::kMeta, kFormatKey));
  if (!stored) return fail(Errc::kCorrupt, "the data directory names no format");
  const std::uint64_t format = from_big_endian(*stored);
  if (format > present)
    return fail(Errc::kUnsupported,
                "the data directory has format {}, newer than this program's {}", format, present);
  for (std::uint64_t at = format; at < present; ++at)
    if (!step_from(steps, at))
      return fail(Errc::kUnsupported,
                  "the data directory has format {}, from which no step leads to this program's "
                  "{}: use the program that made it",
                  format, present);
  return format;
}

Result<bool> has_older_format(const KeyValueStore& store) {
  TRY(const auto stored, store.get(Table::kMeta, kFormatKey));
  return stored && from_big_endian(*stored) < kFormat;
}

Result<Id128> book_identity(const KeyValueStore& store) {
  TRY(auto row, store.get(Table::kMeta, kIdentityKey));
  TRY(const auto format, store.get(Table::kMeta, kFormatKey));
  if (!row && format && from_big_endian(*format) <= kBeforeIdentity) {
    TRY(const auto known, identity_of_first_block(store));
    if (known) return *known;
    return fail(Errc::kUnsupported,
                "an empty book of format {}: it has no identity before it is brought up, and "
                "nothing in it to copy",
                from_big_endian(*format));
  }
  if (!row || row->size() != 16)
    return fail(Errc::kCorrupt, "the data directory does not say which book it is");
  const std::string_view bytes = *row;
  return Id128{from_big_endian(bytes.substr(0, 8)), from_big_endian(bytes.substr(8))};
}

Result<WriteSet> rows_of_copy(const KeyValueStore& store) {
  TRY(const auto book, book_identity(store));
  TRY(const auto format, known_format(store));
  return WriteSet{identity_row(book), format_row(format)};
}

}  // namespace suanpan
