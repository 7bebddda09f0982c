#include "tests/crash/outside_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <string>

using suanpan::test::FaultKind;
using suanpan::test::FileOperation;

namespace {

suanpan::test::Faults* faults = nullptr;
std::string book;              // "/<its name>", as paths of it end
std::atomic<off_t> synced{0};  // how much of the roots

// What a path is to the book; null: nothing of this.
const char* part_of_book(std::string_view path) {
  if (!faults) return nullptr;
  if (path.ends_with(".new")) path.remove_suffix(4);
  const auto is = [path](const char* name) { return path.ends_with(book + name); };
  if (is("")) return "folder";
  if (is("/head")) return "head";
  if (is("/roots")) return "roots";
  return is("/root.key") || is("/root.key.pub") ? "root.key" : nullptr;
}
const char* part_of_book(int fd) {
  if (!faults) return nullptr;
  char path[4096];
  const ssize_t size =
      ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  return size > 0 ? part_of_book(std::string_view(path, static_cast<std::size_t>(size))) : nullptr;
}
bool is_roots(const char* part) { return part && std::string_view(part) == "roots"; }

bool fails(const char* part, FileOperation operation) {
  if (!part || !faults->strikes(part, operation)) return false;
  errno = faults->kind() == FaultKind::kNoSpace ? ENOSPC : EIO;
  return true;
}

// The half of a write that is too short, or none.
std::size_t taken_of(std::size_t size) {
  return faults->kind() == FaultKind::kShortWrite ? size / 2 : 0;
}

int sync(int fd, long number) {
  const char* part = part_of_book(fd);
  if (fails(part, FileOperation::kSync)) {
    // What was not brought to the disk is gone at once, as where dirty pages are dropped.
    if (is_roots(part)) ::syscall(SYS_ftruncate, fd, synced.load());
    return -1;
  }
  const auto done = static_cast<int>(::syscall(number, fd));
  struct stat status {};
  if (is_roots(part) && ::fstat(fd, &status) == 0) synced = status.st_size;
  return done;
}

}  // namespace

namespace suanpan::test {

void strike_outside_files(Faults& of, const std::filesystem::path& folder) {
  book = "/" + folder.filename().string();
  faults = &of;
}

}  // namespace suanpan::test

extern "C" {
int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int mode = (flags & O_CREAT) != 0 ? va_arg(arguments, int) : 0;
  va_end(arguments);
  const char* part = part_of_book(std::string_view(path));
  if (fails(part, (flags & O_CREAT) != 0 ? FileOperation::kMake : FileOperation::kRead)) return -1;
  const auto fd = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
  struct stat status {};
  if (is_roots(part) && fd >= 0 && ::fstat(fd, &status) == 0) synced = status.st_size;
  return fd;
}
ssize_t read(int fd, void* bytes, std::size_t size) {
  if (fails(part_of_book(fd), FileOperation::kRead)) return -1;
  return ::syscall(SYS_read, fd, bytes, size);
}
ssize_t pread(int fd, void* bytes, std::size_t size, off_t at) {
  if (fails(part_of_book(fd), FileOperation::kRead)) return -1;
  return ::syscall(SYS_pread64, fd, bytes, size, at);
}
ssize_t write(int fd, const void* bytes, std::size_t size) {
  if (fails(part_of_book(fd), FileOperation::kWrite)) {
    if ((size = taken_of(size)) == 0) return -1;
  }
  return ::syscall(SYS_write, fd, bytes, size);
}
ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t at) {
  if (fails(part_of_book(fd), FileOperation::kWrite)) {
    if ((size = taken_of(size)) == 0) return -1;
  }
  return ::syscall(SYS_pwrite64, fd, bytes, size, at);
}
int ftruncate(int fd, off_t size) {
  if (fails(part_of_book(fd), FileOperation::kMake)) return -1;
  return static_cast<int>(::syscall(SYS_ftruncate, fd, size));
}
int rename(const char* from, const char* to) {
  if (fails(part_of_book(std::string_view(to)), FileOperation::kMake)) return -1;
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
int fsync(int fd) { return sync(fd, SYS_fsync); }
int fdatasync(int fd) { return sync(fd, SYS_fdatasync); }
}
