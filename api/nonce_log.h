// The nonce store's files: what was accepted, so that a restart remembers it. All I/O of the nonce
// store is here; what the records mean is decided in nonce_store.
//
//   DIR/nonces-N.log   N rising, decimal; the highest is the one appended to
//   file    := record*
//   record  := kind:u8  zero:u8[3]  crc32c:u32le  seconds:i64le  digest:u8[16]       32 bytes
//   kind    := 'B' what is needed of older files is in this one; the digest names the machine's
//   boot
//            | 'N' a nonce was accepted: its request's timestamp and digest
//            | 'C' ceiling: no timestamp above it is accepted before a higher one is on the disk
//            | 'F' floor: no timestamp up to it will ever be accepted
//   the checksum is over the record with the checksum's bytes zero
//
// Every record is handed to the operating system before append() returns, so it outlives the
// process; only records up to the last sync are sure to outlive the machine. A failed write or sync
// is final: nothing more is accepted. Not thread-safe. Owns its descriptor.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/ids.h"
#include "ledger/base/result.h"

namespace suanpan::api {

enum class NonceRecordKind : char { kBoot = 'B', kNonce = 'N', kCeiling = 'C', kFloor = 'F' };

struct NonceRecord {
  static constexpr std::size_t kBytes = 32;
  NonceRecordKind kind = NonceRecordKind::kNonce;
  std::int64_t seconds = 0;
  Id128 digest;
  friend bool operator==(const NonceRecord&, const NonceRecord&) = default;
};

std::string encode(const NonceRecord& record);
/// Exactly kBytes. Errors: kCorrupt.
Result<NonceRecord> decode_nonce_record(std::string_view bytes);

/// What the files held when they were opened.
struct NonceHistory {
  std::vector<NonceRecord> records;  ///< in the order written, all files
  bool has_lost_tail = false;        ///< the last records of some file were unreadable
  bool is_damaged = false;           ///< records were unreadable with readable ones behind them
};

class NonceLog {
 public:
  /// Reads the files of `directory` (which must exist) and opens a new one for appending. Old files
  /// stay until drop_old_files(). Errors: kIo.
  static Result<NonceLog> open(const std::filesystem::path& directory, NonceHistory& history);
  NonceLog(NonceLog&& other) noexcept;
  NonceLog& operator=(NonceLog&& other) noexcept;
  ~NonceLog();

  /// In one write. Errors: kIo, from then on always.
  Result<void> append(std::span<const NonceRecord> records);
  /// Everything appended is on the disk. Errors as append.
  Result<void> sync();
  /// Starts a new file. Errors: kIo.
  Result<void> rotate();
  /// Removes all files but the present one. Errors: kIo.
  Result<void> drop_old_files();

  std::uint64_t bytes_in_file() const { return bytes_; }
  bool has_old_files() const { return !old_files_.empty(); }

 private:
  NonceLog(std::filesystem::path directory, std::uint64_t number)
      : directory_(std::move(directory)), number_(number) {}
  Result<void> create();
  Error broken(const char* what, int error);

  std::filesystem::path directory_;
  std::uint64_t number_;
  std::vector<std::filesystem::path> old_files_;
  int descriptor_ = -1;
  std::uint64_t bytes_ = 0;
  bool is_broken_ = false;
};

}  // namespace suanpan::api
