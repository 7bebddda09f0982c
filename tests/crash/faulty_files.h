// Files that fail: the Nth operation of a kind, once or from then on. Under the database as a
// RocksDB file system; whoever writes files of its own asks the same count.
//
// Thread-safe. What a failed sync did not bring to the disk is taken away at once, as a machine may
// do that dropped the dirty pages.
#pragma once
#include <rocksdb/file_system.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>

namespace suanpan::test {

enum class FaultKind { kEio, kNoSpace, kShortWrite, kFailedSync };
inline constexpr const char* kFaultNames[] = {"eio", "enospc", "short_write", "failed_sync"};

enum class FileOperation { kRead, kWrite, kMake, kSync, kOther };

class Faults {
 public:
  /// `told` hears of each operation that fails, before its caller does.
  using Told = std::function<void(std::string_view file, FileOperation operation)>;
  Faults(FaultKind kind, std::uint64_t nth, bool lasting, Told told)
      : kind_(kind), nth_(nth), lasting_(lasting), told_(std::move(told)) {}

  /// Counts an operation that this kind of fault can strike; whether it must fail.
  bool strikes(std::string_view file, FileOperation operation);
  FaultKind kind() const { return kind_; }
  std::uint64_t counted() const { return counted_; }

 private:
  const FaultKind kind_;
  const std::uint64_t nth_;
  const bool lasting_;
  const Told told_;
  std::atomic<std::uint64_t> counted_{0};
};

/// The machine's files with these faults, which must outlive them.
std::shared_ptr<rocksdb::FileSystem> faulty_files(Faults& faults);

}  // namespace suanpan::test
