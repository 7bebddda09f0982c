// Makes a book look as a newer version of the program would leave it.
//
//   newer_version FOLDER format    the data directory's format is one higher
//   newer_version FOLDER block     its last journal block has a version one higher, sealed properly
#include <cstdio>
#include <cstring>

#include "ledger/base/digest.h"
#include "ledger/store/block_bytes.h"
#include "ledger/store/rocks_store.h"

using namespace suanpan;

namespace {

Result<void> raise_format(KeyValueStore& store) {
  TRY(const auto format, store.get(Table::kMeta, "format"));
  if (!format) return fail(Errc::kNotFound, "no format");
  return store.write({{Table::kMeta, "format", big_endian(from_big_endian(*format) + 1)}},
                     Durability::kSynced);
}

// block := magic (8) | version u32 | … | crc32c of all before (4), see ledger/store/block_bytes.h
Result<void> raise_block(KeyValueStore& store) {
  const auto last = store.cursor(Table::kJournal);
  last->seek_to_last();
  if (!last->valid()) return fail(Errc::kNotFound, "no block");
  std::string block(last->value());
  block[8] = static_cast<char>(kBlockVersion + 1);
  const std::uint32_t crc = crc32c(std::string_view(block).substr(0, block.size() - 4));
  std::memcpy(block.data() + block.size() - 4, &crc, 4);
  return store.write({{Table::kJournal, std::string(last->key()), block}}, Durability::kSynced);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto store = open_rocks(std::filesystem::path(argv[1]) / "db", {});
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    return 1;
  }
  const bool format = std::string_view(argv[2]) == "format";
  const auto done = format ? raise_format(*store.value()) : raise_block(*store.value());
  if (done) return 0;
  std::fprintf(stderr, "%s\n", done.error().message.c_str());
  return 1;
}
