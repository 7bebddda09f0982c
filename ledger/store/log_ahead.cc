#include "ledger/store/log_ahead.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

namespace suanpan {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

constexpr std::uint64_t kBlockBytes = 32 << 10;  // what RocksDB reads of a log at once

class LogAhead final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  LogAhead(std::unique_ptr<rocksdb::FSWritableFile>&& file,
           std::shared_ptr<rocksdb::FileSystem> files, std::string path,
           std::shared_ptr<std::atomic<std::uint64_t>> end)
      : FSWritableFileOwnerWrapper(std::move(file)),
        files_(std::move(files)),
        path_(std::move(path)),
        end_(std::move(end)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* context) override {
    return appended(data.size(), target()->Append(data, options, context), options, context);
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification,
                  IODebugContext* context) override {
    return appended(data.size(), target()->Append(data, options, verification, context), options,
                    context);
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions& options,
                    IODebugContext* context) override {
    IOStatus status = target()->Truncate(size, options, context);
    if (status.ok()) *end_ = zeros_until_ = size;
    return status;
  }
  IOStatus Close(const IOOptions& options, IODebugContext* context) override {
    IOStatus cut;
    if (zeros_until_ > *end_) cut = Truncate(*end_, options, context);
    if (zeros_) zeros_->Close(options, context).PermitUncheckedError();  // it has nothing to keep
    IOStatus closed = target()->Close(options, context);
    return closed.ok() ? cut : closed;
  }

 private:
  IOStatus appended(std::size_t bytes, IOStatus status, const IOOptions& options,
                    IODebugContext* context) {
    if (!status.ok()) return status;
    *end_ += bytes;
    if (*end_ > zeros_until_ && bytes <= kSmallRecordBytes) write_zeros(options, context);
    return status;
  }

  // A disk without room for zeros says so of a record, so nothing is told here. zeros_until_ moves
  // on all the same: the next try comes a megabyte later, and Close cuts off what was written of
  // them.
  void write_zeros(const IOOptions& options, IODebugContext* context) {
    static const std::string kZeros(kLogAheadBytes, '\0');
    const std::uint64_t from = *end_;
    zeros_until_ = from + kZeros.size();
    if (!zeros_ && !files_->NewRandomRWFile(path_, rocksdb::FileOptions(), &zeros_, context).ok())
      return;
    zeros_->Write(from, kZeros, options, context).PermitUncheckedError();
  }

  const std::shared_ptr<rocksdb::FileSystem> files_;
  const std::string path_;
  const std::shared_ptr<std::atomic<std::uint64_t>> end_;  // written by whoever appends alone
  std::unique_ptr<rocksdb::FSRandomRWFile> zeros_;
  std::uint64_t zeros_until_ = 0;
};

/// A log as it is at a moment: `last` is its last block with a byte in it that is no zero, `from`
/// is where that begins. Blocks before it are not written any more, behind it are zeros.
struct Moment {
  std::uint64_t size = 0, from = 0;
  std::string last;
};

bool all_zeros(std::string_view bytes) { return bytes.find_first_not_of('\0') == bytes.npos; }

IOStatus read_block(rocksdb::FSRandomAccessFile& file, std::uint64_t from, std::uint64_t end,
                    std::string* block) {
  block->resize(end - from);
  Slice bytes;
  IOStatus status = file.Read(from, end - from, {}, &bytes, block->data(), nullptr);
  if (status.ok()) *block = bytes.ToString();
  return status;
}

IOStatus look_at(rocksdb::FSRandomAccessFile& file, Moment* moment) {
  std::string behind;
  for (std::uint64_t end = moment->size; end > 0; end = moment->from) {
    moment->from = (end - 1) / kBlockBytes * kBlockBytes;
    IOStatus status = read_block(file, moment->from, end, &moment->last);
    if (!status.ok()) return status;
    if (all_zeros(moment->last)) continue;
    if (end == moment->size) return status;
    // Who writes may have gone on behind it since there were zeros: then this is not the last.
    status = read_block(file, end, std::min(end + kBlockBytes, moment->size), &behind);
    if (!status.ok() || all_zeros(behind)) return status;
    moment->from = moment->size;
  }
  moment->last.clear();
  return IOStatus::OK();
}

class LogAtAMoment final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  LogAtAMoment(std::unique_ptr<rocksdb::FSSequentialFile>&& file, Moment moment)
      : FSSequentialFileOwnerWrapper(std::move(file)), moment_(std::move(moment)) {}

  IOStatus Read(std::size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* context) override {
    n = std::min(n, moment_.size - at_);
    const std::size_t before = std::min(n, moment_.from - std::min(at_, moment_.from));
    IOStatus status = target()->Read(before, options, result, scratch, context);
    if (!status.ok()) return status;
    if (result->size() == before) {
      std::memmove(scratch, result->data(), before);
      fill(at_ + before, scratch + before, n - before);
      *result = Slice(scratch, n);
    }
    at_ += result->size();
    return status;
  }
  IOStatus Skip(std::uint64_t n) override {
    n = std::min(n, moment_.size - at_);
    IOStatus status = target()->Skip(n);
    if (status.ok()) at_ += n;
    return status;
  }

 private:
  // What was kept, from `at` on, and zeros.
  void fill(std::uint64_t at, char* to, std::size_t n) const {
    const std::size_t skipped = std::min(at - std::min(at, moment_.from), moment_.last.size());
    const std::size_t kept = std::min(n, moment_.last.size() - skipped);
    std::memcpy(to, moment_.last.data() + skipped, kept);
    std::memset(to + kept, 0, n - kept);
  }

  const Moment moment_;
  std::uint64_t at_ = 0;
};

std::string name_in_folder(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

}  // namespace

std::unique_ptr<rocksdb::FSWritableFile> LogsAhead::write(
    std::unique_ptr<rocksdb::FSWritableFile> file, std::shared_ptr<rocksdb::FileSystem> files,
    const std::string& path) {
  auto end = std::make_shared<std::atomic<std::uint64_t>>(0);
  {
    std::lock_guard lock(mutex_);
    std::erase_if(ends_, [](const auto& log) { return log.second.expired(); });
    ends_[name_in_folder(path)] = end;
  }
  return std::make_unique<LogAhead>(std::move(file), std::move(files), path, std::move(end));
}

std::optional<std::uint64_t> LogsAhead::end_of(const std::string& path) const {
  std::lock_guard lock(mutex_);
  const auto log = ends_.find(name_in_folder(path));
  const auto end = log == ends_.end() ? nullptr : log->second.lock();
  return end ? std::optional(end->load()) : std::nullopt;
}

IOStatus log_at_a_moment(rocksdb::FileSystem& files, const std::string& path,
                         std::unique_ptr<rocksdb::FSSequentialFile>* file) {
  std::unique_ptr<rocksdb::FSRandomAccessFile> all;
  Moment moment;
  IOStatus status = files.NewRandomAccessFile(path, rocksdb::FileOptions(), &all, nullptr);
  if (status.ok()) status = files.GetFileSize(path, {}, &moment.size, nullptr);
  if (status.ok()) status = look_at(*all, &moment);
  if (status.ok()) *file = std::make_unique<LogAtAMoment>(std::move(*file), std::move(moment));
  return status;
}

}  // namespace suanpan
