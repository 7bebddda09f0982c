#include "ledger/store/head_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace suanpan {
namespace {

constexpr char kMagic[8] = {'S', 'P', 'H', 'E', 'A', 'D', '0', '1'};
constexpr std::size_t kSlotBytes = 64;
constexpr std::size_t kBodyBytes = 48;

std::string encode(const Head& head) {
  std::string slot(kMagic, sizeof kMagic);
  slot.append(reinterpret_cast<const char*>(&head.seq), sizeof head.seq);
  slot += bytes_of(head.hash);
  const std::uint32_t crc = crc32c(slot);
  slot.append(reinterpret_cast<const char*>(&crc), sizeof crc);
  slot.resize(kSlotBytes, '\0');
  return slot;
}

std::optional<Head> decode(std::string_view slot) {
  if (slot.size() < kBodyBytes + 4 || std::memcmp(slot.data(), kMagic, sizeof kMagic) != 0)
    return std::nullopt;
  std::uint32_t crc;
  std::memcpy(&crc, slot.data() + kBodyBytes, sizeof crc);
  if (crc32c(slot.substr(0, kBodyBytes)) != crc) return std::nullopt;
  Head head;
  std::memcpy(&head.seq, slot.data() + 8, sizeof head.seq);
  std::memcpy(head.hash.data(), slot.data() + 16, head.hash.size());
  return head;
}

Result<std::string> read_all(int fd) {
  std::string bytes(2 * kSlotBytes, '\0');
  const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), 0);
  if (got < 0) return fail(Errc::kIo, "reading the head file: {}", std::strerror(errno));
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

/// The newest valid slot. Errors: kCorrupt when there are bytes and no slot holds.
Result<std::optional<Head>> newest(std::string_view bytes) {
  std::optional<Head> best;
  for (std::size_t at = 0; at + kSlotBytes <= bytes.size(); at += kSlotBytes)
    if (const auto head = decode(bytes.substr(at, kSlotBytes));
        head && (!best || head->seq > best->seq))
      best = head;
  if (!best && !bytes.empty())
    return fail(Errc::kCorrupt, "the head file is damaged in both slots");
  return best;
}

}  // namespace

Result<HeadFile> HeadFile::reset(const std::filesystem::path& path, const Head& head) {
  HeadFile file(path);
  TRY(file.make(head));
  file.found_ = head;
  return file;
}

Result<HeadFile> HeadFile::open(const std::filesystem::path& path) {
  HeadFile file(path);
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return file;
  if (fd < 0) return fail(Errc::kIo, "{}: {}", path.string(), std::strerror(errno));
  file.fd_ = fd;
  TRY(auto bytes, read_all(fd));
  TRY(auto found, newest(bytes));
  file.found_ = found;
  // The next write goes to the slot that is not the newest.
  if (found && decode(std::string_view(bytes).substr(0, kSlotBytes)) &&
      decode(std::string_view(bytes).substr(0, kSlotBytes))->seq == found->seq)
    file.slot_ = 1;
  return file;
}

Result<std::optional<Head>> HeadFile::read(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT) return std::optional<Head>{};
    return fail(Errc::kIo, "{}: {}", path.string(), std::strerror(errno));
  }
  auto bytes = read_all(fd);
  ::close(fd);
  if (!bytes) return bytes.error();
  return newest(bytes.value());
}

HeadFile::HeadFile(HeadFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      slot_(other.slot_),
      found_(std::move(other.found_)) {}
HeadFile& HeadFile::operator=(HeadFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  slot_ = other.slot_;
  found_ = std::move(other.found_);
  return *this;
}
HeadFile::~HeadFile() {
  if (fd_ >= 0) ::close(fd_);
}

// Whole and synced before it bears its name, and the name synced before anyone relies on it. Both
// slots hold the head: a later one left in the other would be believed at the next opening.
Result<void> HeadFile::make(const Head& head) {
  const std::filesystem::path made = path_.string() + ".new";
  fd_ = ::open(made.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd_ < 0) return fail(Errc::kIo, "{}: {}", made.string(), std::strerror(errno));
  TRY(write(head));
  TRY(write(head));
  TRY(sync());
  const std::filesystem::path parent = path_.has_parent_path() ? path_.parent_path() : ".";
  const int folder = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool named =
      folder >= 0 && ::rename(made.c_str(), path_.c_str()) == 0 && ::fsync(folder) == 0;
  const int error = errno;
  if (folder >= 0) ::close(folder);
  if (!named) return fail(Errc::kIo, "making the head file: {}", std::strerror(error));
  return success();
}

Result<void> HeadFile::write(const Head& head) {
  if (fd_ < 0) return make(head);
  const std::string slot = encode(head);
  const ssize_t put = ::pwrite(fd_, slot.data(), slot.size(),
                               static_cast<off_t>(slot_) * static_cast<off_t>(kSlotBytes));
  if (put != static_cast<ssize_t>(slot.size()))
    return fail(Errc::kIo, "writing the head file: {}", std::strerror(errno));
  slot_ = 1 - slot_;
  return success();
}

Result<void> HeadFile::sync() {
  if (fd_ < 0) return success();
  if (::fdatasync(fd_) != 0)
    return fail(Errc::kIo, "syncing the head file: {}", std::strerror(errno));
  return success();
}

}  // namespace suanpan
