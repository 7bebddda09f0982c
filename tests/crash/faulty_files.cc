#include "tests/crash/faulty_files.h"

#include <unistd.h>

namespace suanpan::test {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus failure(const Faults& faults, const std::string& name) {
  if (faults.kind() == FaultKind::kNoSpace) return IOStatus::NoSpace("injected", name);
  return IOStatus::IOError("injected", name);
}

class FaultySequentialFile final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  FaultySequentialFile(Faults& faults, std::string name,
                       std::unique_ptr<rocksdb::FSSequentialFile>&& file)
      : FSSequentialFileOwnerWrapper(std::move(file)), faults_(faults), name_(std::move(name)) {}
  IOStatus Read(std::size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* context) override {
    if (faults_.strikes(name_, FileOperation::kRead)) return failure(faults_, name_);
    return target()->Read(n, options, result, scratch, context);
  }

 private:
  Faults& faults_;
  const std::string name_;
};

class FaultyRandomAccessFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  FaultyRandomAccessFile(Faults& faults, std::string name,
                         std::unique_ptr<rocksdb::FSRandomAccessFile>&& file)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), faults_(faults), name_(std::move(name)) {}
  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions& options, Slice* result,
                char* scratch, IODebugContext* context) const override {
    if (faults_.strikes(name_, FileOperation::kRead)) return failure(faults_, name_);
    return target()->Read(offset, n, options, result, scratch, context);
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, std::size_t count, const IOOptions& options,
                     IODebugContext* context) override {
    if (faults_.strikes(name_, FileOperation::kRead)) return failure(faults_, name_);
    return target()->MultiRead(requests, count, options, context);
  }
  IOStatus Prefetch(std::uint64_t offset, std::size_t n, const IOOptions& options,
                    IODebugContext* context) override {
    if (faults_.strikes(name_, FileOperation::kRead)) return failure(faults_, name_);
    return target()->Prefetch(offset, n, options, context);
  }

 private:
  Faults& faults_;
  const std::string name_;
};

class FaultyWritableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyWritableFile(Faults& faults, std::string name,
                     std::unique_ptr<rocksdb::FSWritableFile>&& file)
      : FSWritableFileOwnerWrapper(std::move(file)), faults_(faults), name_(std::move(name)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* context) override {
    if (!faults_.strikes(name_, FileOperation::kWrite)) {
      IOStatus status = target()->Append(data, options, context);
      if (status.ok()) written_ += data.size();
      return status;
    }
    if (faults_.kind() == FaultKind::kShortWrite)
      target()
          ->Append(Slice(data.data(), data.size() / 2), options, context)
          .PermitUncheckedError();
    return failure(faults_, name_);
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* context) override {
    return Append(data, options, context);
  }
  IOStatus Allocate(std::uint64_t offset, std::uint64_t size, const IOOptions& options,
                    IODebugContext* context) override {
    if (faults_.strikes(name_, FileOperation::kMake)) return failure(faults_, name_);
    return target()->Allocate(offset, size, options, context);
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions& options,
                    IODebugContext* context) override {
    if (faults_.strikes(name_, FileOperation::kOther)) return failure(faults_, name_);
    return target()->Truncate(size, options, context);
  }
  IOStatus Close(const IOOptions& options, IODebugContext* context) override {
    if (!faults_.strikes(name_, FileOperation::kOther)) return target()->Close(options, context);
    target()->Close(options, context).PermitUncheckedError();  // close(2) fails, and has closed
    return failure(faults_, name_);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    if (faults_.strikes(name_, FileOperation::kSync)) return lost();
    return kept(target()->Sync(options, context));
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    if (faults_.strikes(name_, FileOperation::kSync)) return lost();
    return kept(target()->Fsync(options, context));
  }
  IOStatus RangeSync(std::uint64_t offset, std::uint64_t size, const IOOptions& options,
                     IODebugContext* context) override {
    if (faults_.strikes(name_, FileOperation::kSync)) return failure(faults_, name_);
    return target()->RangeSync(offset, size, options, context);
  }

 private:
  IOStatus kept(IOStatus status) {
    if (status.ok()) synced_ = written_;
    return status;
  }
  IOStatus lost() {
    if (faults_.kind() == FaultKind::kFailedSync &&
        ::truncate(name_.c_str(), static_cast<off_t>(synced_)) != 0)
      std::abort();
    return failure(faults_, name_);
  }

  Faults& faults_;
  const std::string name_;
  std::uint64_t written_ = 0, synced_ = 0;
};

/// Written to make room in a log, never with what must be kept.
class FaultyRandomRWFile final : public rocksdb::FSRandomRWFileOwnerWrapper {
 public:
  FaultyRandomRWFile(Faults& faults, std::string name,
                     std::unique_ptr<rocksdb::FSRandomRWFile>&& file)
      : FSRandomRWFileOwnerWrapper(std::move(file)), faults_(faults), name_(std::move(name)) {}
  IOStatus Write(std::uint64_t offset, const Slice& data, const IOOptions& options,
                 IODebugContext* context) override {
    if (faults_.strikes(name_, FileOperation::kMake)) return failure(faults_, name_);
    return target()->Write(offset, data, options, context);
  }

 private:
  Faults& faults_;
  const std::string name_;
};

class FaultyDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  FaultyDirectory(Faults& faults, std::string name, std::unique_ptr<rocksdb::FSDirectory>&& folder)
      : FSDirectoryWrapper(std::move(folder)), faults_(faults), name_(std::move(name)) {}
  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    if (faults_.strikes(name_, FileOperation::kSync)) return failure(faults_, name_);
    return FSDirectoryWrapper::Fsync(options, context);
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* context,
                               const rocksdb::DirFsyncOptions& reason) override {
    if (faults_.strikes(name_, FileOperation::kSync)) return failure(faults_, name_);
    return FSDirectoryWrapper::FsyncWithDirOptions(options, context, reason);
  }

 private:
  Faults& faults_;
  const std::string name_;
};

// Its log (LOG) writes past it: nothing is promised of that.
class FaultyFiles final : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultyFiles(Faults& faults)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), faults_(faults) {}
  const char* Name() const override { return "FaultyFiles"; }

  IOStatus NewSequentialFile(const std::string& name, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* file,
                             IODebugContext* context) override {
    return open<FaultySequentialFile>(name, FileOperation::kRead, file, [&] {
      return target_->NewSequentialFile(name, options, file, context);
    });
  }
  IOStatus NewRandomAccessFile(const std::string& name, const FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                               IODebugContext* context) override {
    return open<FaultyRandomAccessFile>(name, FileOperation::kRead, file, [&] {
      return target_->NewRandomAccessFile(name, options, file, context);
    });
  }
  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                           IODebugContext* context) override {
    return open<FaultyWritableFile>(name, FileOperation::kMake, file, [&] {
      return target_->NewWritableFile(name, options, file, context);
    });
  }
  IOStatus NewRandomRWFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSRandomRWFile>* file,
                           IODebugContext* context) override {
    return open<FaultyRandomRWFile>(name, FileOperation::kMake, file, [&] {
      return target_->NewRandomRWFile(name, options, file, context);
    });
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* folder,
                        IODebugContext* context) override {
    return open<FaultyDirectory>(name, FileOperation::kOther, folder, [&] {
      return target_->NewDirectory(name, options, folder, context);
    });
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* context) override {
    if (faults_.strikes(to, FileOperation::kMake)) return failure(faults_, to);
    return target_->RenameFile(from, to, options, context);
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                    IODebugContext* context) override {
    if (faults_.strikes(to, FileOperation::kMake)) return failure(faults_, to);
    return target_->LinkFile(from, to, options, context);
  }
  IOStatus CreateDirIfMissing(const std::string& name, const IOOptions& options,
                              IODebugContext* context) override {
    if (faults_.strikes(name, FileOperation::kMake)) return failure(faults_, name);
    return target_->CreateDirIfMissing(name, options, context);
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions& options,
                      IODebugContext* context) override {
    if (faults_.strikes(name, FileOperation::kOther)) return failure(faults_, name);
    return target_->DeleteFile(name, options, context);
  }
  IOStatus GetChildren(const std::string& name, const IOOptions& options,
                       std::vector<std::string>* children, IODebugContext* context) override {
    if (faults_.strikes(name, FileOperation::kRead)) return failure(faults_, name);
    return target_->GetChildren(name, options, children, context);
  }
  IOStatus GetFileSize(const std::string& name, const IOOptions& options, std::uint64_t* size,
                       IODebugContext* context) override {
    if (faults_.strikes(name, FileOperation::kRead)) return failure(faults_, name);
    return target_->GetFileSize(name, options, size, context);
  }
  IOStatus LockFile(const std::string& name, const IOOptions& options, rocksdb::FileLock** lock,
                    IODebugContext* context) override {
    if (faults_.strikes(name, FileOperation::kOther)) return failure(faults_, name);
    return target_->LockFile(name, options, lock, context);
  }

 private:
  template <class Faulty, class File, class Open>
  IOStatus open(const std::string& name, FileOperation operation, std::unique_ptr<File>* file,
                Open&& opened) {
    if (faults_.strikes(name, operation)) return failure(faults_, name);
    IOStatus status = opened();
    if (status.ok()) *file = std::make_unique<Faulty>(faults_, name, std::move(*file));
    return status;
  }

  Faults& faults_;
};

bool concerns(FaultKind kind, FileOperation operation) {
  switch (kind) {
    case FaultKind::kEio:
      return true;
    case FaultKind::kNoSpace:
      return operation == FileOperation::kWrite || operation == FileOperation::kMake;
    case FaultKind::kShortWrite:
      return operation == FileOperation::kWrite;
    case FaultKind::kFailedSync:
      return operation == FileOperation::kSync;
  }
  return false;
}

}  // namespace

bool Faults::strikes(std::string_view file, FileOperation operation) {
  if (!concerns(kind_, operation)) return false;
  const std::uint64_t n = ++counted_;
  if (n != nth_ && !(lasting_ && n > nth_)) return false;
  told_(file, operation);
  return true;
}

std::shared_ptr<rocksdb::FileSystem> faulty_files(Faults& faults) {
  return std::make_shared<FaultyFiles>(faults);
}

}  // namespace suanpan::test
