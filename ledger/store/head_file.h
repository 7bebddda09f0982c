// The journal's head, outside the database: the sequence and hash of the last block, so that a
// journal that lost its tail is seen. Two slots are written in turn, each with its own checksum: a
// torn write spoils one of them only. Synced every second and on demand; a loss newer than the last
// sync is the stated limit. The file comes into being whole, under another name, so that no moment
// leaves one without a slot.
//
//   slot := magic "SPHEAD01" | seq u64 | hash (32) | crc32c u32 | zeros to 64
//
// Not thread-safe: the committer owns it.
#pragma once
#include <filesystem>

#include "ledger/base/digest.h"
#include "ledger/base/result.h"

namespace suanpan {

struct Head {
  std::uint64_t seq = 0;  ///< last sequence of the last block; 0: an empty journal
  Sha256 hash{};          ///< of that block
};

class HeadFile {
 public:
  /// Opens the file; if there is none, the first write makes it, synced. `found` is the newest head
  /// in it; nothing if there is none. Errors: kIo, kCorrupt when neither slot holds.
  static Result<HeadFile> open(const std::filesystem::path& path);
  /// Replaces the file, if there is one, by one whose only head is `head`, synced.
  static Result<HeadFile> reset(const std::filesystem::path& path, const Head& head);
  /// Reads without opening for writing; nothing if there is no file.
  static Result<std::optional<Head>> read(const std::filesystem::path& path);

  HeadFile(HeadFile&&) noexcept;
  HeadFile& operator=(HeadFile&&) noexcept;
  ~HeadFile();

  const std::optional<Head>& found() const { return found_; }
  Result<void> write(const Head& head);
  Result<void> sync();

 private:
  explicit HeadFile(std::filesystem::path path) : path_(std::move(path)) {}
  Result<void> make(const Head& head);
  std::filesystem::path path_;
  int fd_ = -1;  // -1: there is no file yet
  int slot_ = 0;
  std::optional<Head> found_;
};

}  // namespace suanpan
