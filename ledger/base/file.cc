#include "ledger/base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace suanpan {
namespace {

Error io_error(const std::filesystem::path& path) {
  return fail(Errc::kIo, "{}: {}", path.string(), std::strerror(errno));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  // Of an empty file nothing is put, which would be taken for a failure.
  if (in && in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (!in.is_open() || in.bad() || !text)
    return fail(Errc::kIo, "{}: cannot be read", path.string());
  return std::move(text).str();
}

Result<void> sync_file(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return io_error(path);
  const bool synced = ::fsync(fd) == 0;
  const Error error = io_error(path);
  ::close(fd);
  if (!synced) return error;
  return success();
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const auto path = folder.empty() ? std::filesystem::path(".") : folder;
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return io_error(path);
  const bool synced = ::fsync(fd) == 0;
  const Error error = io_error(path);
  ::close(fd);
  if (!synced) return error;
  return success();
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view text,
                                   unsigned mode) {
  const std::filesystem::path beside = path.string() + ".new";
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return io_error(beside);
  const bool written = write_all(fd, text) && ::fsync(fd) == 0;
  const Error error = io_error(beside);
  ::close(fd);
  if (!written) return error;
  if (::rename(beside.c_str(), path.c_str()) != 0) return io_error(path);
  return sync_folder(path.parent_path());
}

}  // namespace suanpan
