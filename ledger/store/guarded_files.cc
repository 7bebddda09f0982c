#include "ledger/store/guarded_files.h"

#include <atomic>

#include "ledger/store/log_ahead.h"

namespace suanpan {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

/// Whether an operation has failed after which nothing may be settled any more.
class Failed {
 public:
  IOStatus note(IOStatus status) const {
    if (!status.ok()) *failed_ = true;
    return status;
  }
  explicit operator bool() const { return *failed_; }

 private:
  std::shared_ptr<std::atomic<bool>> failed_ = std::make_shared<std::atomic<bool>>(false);
};

IOStatus refused() {
  return IOStatus::IOError("the database stays as it is after a failed read or write");
}

class IncomingFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  IncomingFile(std::unique_ptr<rocksdb::FSRandomAccessFile>&& file, Failed failed)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), failed_(std::move(failed)) {}
  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions& options, Slice* result,
                char* scratch, IODebugContext* context) const override {
    return failed_.note(target()->Read(offset, n, options, result, scratch, context));
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, std::size_t count, const IOOptions& options,
                     IODebugContext* context) override {
    IOStatus status = target()->MultiRead(requests, count, options, context);
    for (std::size_t i = 0; i < count; ++i) failed_.note(requests[i].status).PermitUncheckedError();
    return failed_.note(std::move(status));
  }

 private:
  const Failed failed_;
};

class ManifestFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  ManifestFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, Failed failed)
      : FSWritableFileOwnerWrapper(std::move(file)), failed_(std::move(failed)) {}
  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* context) override {
    return failed_ ? refused() : failed_.note(target()->Append(data, options, context));
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification,
                  IODebugContext* context) override {
    return failed_ ? refused()
                   : failed_.note(target()->Append(data, options, verification, context));
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* context) override {
    return failed_.note(target()->Flush(options, context));
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    return failed_.note(target()->Sync(options, context));
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    return failed_.note(target()->Fsync(options, context));
  }
  IOStatus Close(const IOOptions& options, IODebugContext* context) override {
    return failed_.note(target()->Close(options, context));
  }

 private:
  const Failed failed_;
};

class GuardedFiles final : public rocksdb::FileSystemWrapper {
 public:
  GuardedFiles(const std::shared_ptr<rocksdb::FileSystem>& files, std::string suffix)
      : FileSystemWrapper(files), suffix_(std::move(suffix)) {}
  const char* Name() const override { return "GuardedFiles"; }

  IOStatus NewRandomAccessFile(const std::string& name, const FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                               IODebugContext* context) override {
    IOStatus status = target_->NewRandomAccessFile(name, options, file, context);
    if (status.ok() && name.ends_with(suffix_))
      *file = std::make_unique<IncomingFile>(std::move(*file), failed_);
    return status;
  }
  IOStatus NewSequentialFile(const std::string& name, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* file,
                             IODebugContext* context) override {
    IOStatus status = target_->NewSequentialFile(name, options, file, context);
    // A log that we write is read up to its end_of().
    if (status.ok() && name.ends_with(".log") && !logs_.end_of(name))
      status = log_at_a_moment(*target_, name, file);
    return status;
  }
  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                           IODebugContext* context) override {
    IOStatus status = target_->NewWritableFile(name, options, file, context);
    if (status.ok() && name.find("/MANIFEST-") != std::string::npos)
      *file = std::make_unique<ManifestFile>(std::move(*file), failed_);
    if (status.ok() && name.ends_with(".log")) *file = logs_.write(std::move(*file), target_, name);
    return status;
  }
  IOStatus GetFileSize(const std::string& name, const IOOptions& options, std::uint64_t* size,
                       IODebugContext* context) override {
    if (const auto end = logs_.end_of(name)) {
      *size = *end;
      return IOStatus::OK();
    }
    return target_->GetFileSize(name, options, size, context);
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* context) override {
    return failed_ ? refused() : target_->RenameFile(from, to, options, context);
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions& options,
                      IODebugContext* context) override {
    return failed_ ? refused() : target_->DeleteFile(name, options, context);
  }

 private:
  const std::string suffix_;
  const Failed failed_;
  LogsAhead logs_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> guarded_files(std::shared_ptr<rocksdb::FileSystem> files,
                                                   std::string suffix) {
  return std::make_shared<GuardedFiles>(files, std::move(suffix));
}

}  // namespace suanpan
