// One file of an archived journal: blocks as they stand in the journal, in order, so that they can
// be judged without the book that they came from.
//
//   file   := header block* footer
//   header := magic "SPARCH01" | number u32 | book hi u64, lo u64 | first_seq u64 | last_seq u64
//           | hash of the block before (32)
//   block  := length u32 | the bytes of a journal block (store/block.h)
//   footer := magic "SPARCEND" | blocks u32 | hash of the last block (32)
//           | SHA-256 of everything before (32)
//
// All integers are little-endian. Files are numbered from 1 and follow one another: the first
// sequence of each is one after the last of the file before, and its "hash of the block before" is
// that file's last. A file comes into being whole, under another name. Immutable once written.
#pragma once
#include <filesystem>
#include <vector>

#include "ledger/store/block.h"

namespace suanpan {

struct ArchiveFileFacts {
  std::uint32_t number = 0;
  Id128 book;
  std::uint64_t first_seq = 0, last_seq = 0;
  Sha256 previous_hash{}, last_hash{};
  std::uint32_t blocks = 0;
  Sha256 digest{};  ///< what the file itself says is its SHA-256
};

/// "journal-000001"
std::string archive_file_name(std::uint32_t number);
/// The number in such a name; nothing for another name.
std::optional<std::uint32_t> archive_file_number(std::string_view name);

/// Gathers one file. One owner.
class ArchiveFileBuilder {
 public:
  ArchiveFileBuilder(std::uint32_t number, const Id128& book) : facts_{number, book} {}
  /// The block that follows those before.
  void add(const Block& block);
  bool empty() const { return facts_.blocks == 0; }
  std::size_t bytes() const { return blocks_.size(); }
  struct Finished {
    ArchiveFileFacts facts;
    std::string bytes;  ///< the whole file
  };
  /// CHECKs that there is a block.
  Finished finish() &&;

 private:
  ArchiveFileFacts facts_;
  std::string blocks_;
};

/// Moved, never copied.
class ArchiveFile {
 public:
  /// Reads a whole file and holds it against its own footer. Errors: kCorrupt, naming the file and,
  /// where it can, the block that is damaged; kIo.
  static Result<ArchiveFile> read(const std::filesystem::path& path);

  const ArchiveFileFacts& facts() const { return facts_; }
  std::size_t size() const { return blocks_.size(); }
  /// Block `index`, parsed. Errors: kCorrupt, naming the file.
  Result<BlockPtr> block(std::size_t index) const;
  /// Where in the file a block's bytes lie.
  struct Place {
    std::uint32_t offset, length;
  };
  Place place(std::size_t index) const;
  /// Reads one block alone. Errors: kCorrupt, kIo, naming the file.
  static Result<BlockPtr> read_block(const std::filesystem::path& path, const Place& place);

  ArchiveFile(ArchiveFile&&) = default;
  ArchiveFile& operator=(ArchiveFile&&) = default;

 private:
  ArchiveFile() = default;
  bool lay_out();
  std::string name_;
  std::string bytes_;
  ArchiveFileFacts facts_;
  std::vector<std::string_view> blocks_;  // within bytes_, too long to lie in the object itself
};

}  // namespace suanpan
