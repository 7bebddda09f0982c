// A disk that remembers: one file, by FUSE, on which a loop device and a file system lie. Each
// write and each flush is kept in order, so that the disk can be had as a power loss at any moment
// might have left it: all that was flushed, and of what came later any part.
//
// The disk is served by a thread of its own; position() and image() may be called from any. Needs
// the right to mount.
#pragma once
#include <fcntl.h>
#include <linux/fuse.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace suanpan::test {

class BlockLog {
 public:
  static constexpr std::size_t kSector = 512;

  /// The file `path` becomes a disk that holds `content`. Ask mounted() whether it could be made.
  BlockLog(std::string content, std::filesystem::path path)
      : base_(std::move(content)), now_(base_), path_(std::move(path)) {
    std::ofstream(path_).close();
    fuse_ = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fuse_ < 0) return;
    const std::string options =
        "fd=" + std::to_string(fuse_) + ",rootmode=100000,user_id=0,group_id=0";
    mounted_ = ::mount("blocks", path_.c_str(), "fuse", MS_NOSUID | MS_NODEV, options.c_str()) == 0;
    if (mounted_) serving_ = std::thread([this] { serve(); });
  }
  BlockLog(const BlockLog&) = delete;
  BlockLog& operator=(const BlockLog&) = delete;
  ~BlockLog() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
    if (serving_.joinable()) serving_.join();
    if (fuse_ >= 0) ::close(fuse_);
  }
  bool mounted() const { return mounted_; }

  /// Writes and flushes so far.
  std::size_t position() const {
    std::lock_guard lock(mutex_);
    return log_.size();
  }
  /// As a loss of power after so many of them might leave the disk: sectors of what was not flushed
  /// are there or not, by chance; with `all` they all are.
  std::string image(std::size_t position, bool all, std::mt19937_64& random) const {
    std::lock_guard lock(mutex_);
    std::string image = base_;
    std::size_t flushed = 0;
    for (std::size_t i = 0; i < position; ++i)
      if (log_[i].flush) flushed = i + 1;
    for (std::size_t i = 0; i < position; ++i) {
      const Change& change = log_[i];
      for (std::size_t at = 0; at < change.bytes.size(); at += kSector)
        if (i < flushed || all || random() % 2 == 0)
          std::memcpy(image.data() + change.offset + at, change.bytes.data() + at,
                      std::min(kSector, change.bytes.size() - at));
    }
    return image;
  }

 private:
  struct Change {
    bool flush = false;
    std::uint64_t offset = 0;
    std::string bytes;
  };

  void serve() {
    std::vector<char> request(1 << 20);
    for (;;) {
      const ssize_t size = ::read(fuse_, request.data(), request.size());
      if (size < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT)) continue;
      if (size < static_cast<ssize_t>(sizeof(fuse_in_header))) return;  // unmounted
      fuse_in_header header;
      std::memcpy(&header, request.data(), sizeof header);
      answer(header, request.data() + sizeof header);
    }
  }

  void answer(const fuse_in_header& request, const char* body) {
    switch (request.opcode) {
      case FUSE_INIT: {
        fuse_init_out out{};
        out.major = FUSE_KERNEL_VERSION;
        out.minor = 31;
        out.max_write = 128 << 10;
        out.max_background = 16;
        out.congestion_threshold = 12;
        out.flags = FUSE_BIG_WRITES;
        return reply(request, 0, &out, sizeof out);
      }
      case FUSE_GETATTR:
      case FUSE_SETATTR: {
        fuse_attr_out out{};
        out.attr_valid = 3600;
        out.attr.ino = FUSE_ROOT_ID;
        out.attr.size = now_.size();
        out.attr.blocks = now_.size() / 512;
        out.attr.blksize = 4096;
        out.attr.mode = 0100600;
        out.attr.nlink = 1;
        return reply(request, 0, &out, sizeof out);
      }
      case FUSE_OPEN: {
        fuse_open_out out{};
        return reply(request, 0, &out, sizeof out);
      }
      case FUSE_READ: {
        fuse_read_in in;
        std::memcpy(&in, body, sizeof in);
        const std::size_t at = std::min<std::size_t>(in.offset, now_.size());
        return reply(request, 0, now_.data() + at,
                     std::min<std::size_t>(in.size, now_.size() - at));
      }
      case FUSE_WRITE: {
        fuse_write_in in;
        std::memcpy(&in, body, sizeof in);
        if (in.offset + in.size > now_.size()) return reply(request, -ENOSPC, nullptr, 0);
        std::memcpy(now_.data() + in.offset, body + sizeof in, in.size);
        {
          std::lock_guard lock(mutex_);
          log_.push_back({false, in.offset, std::string(body + sizeof in, in.size)});
        }
        fuse_write_out out{};
        out.size = in.size;
        return reply(request, 0, &out, sizeof out);
      }
      case FUSE_FSYNC: {
        {
          std::lock_guard lock(mutex_);
          log_.push_back({true, 0, {}});
        }
        return reply(request, 0, nullptr, 0);
      }
      case FUSE_FLUSH:
      case FUSE_RELEASE:
        return reply(request, 0, nullptr, 0);
      case FUSE_FORGET:
      case FUSE_BATCH_FORGET:
      case FUSE_INTERRUPT:
        return;
      default:
        return reply(request, -ENOSYS, nullptr, 0);
    }
  }

  void reply(const fuse_in_header& request, int error, const void* body, std::size_t size) {
    std::vector<char> out(sizeof(fuse_out_header) + size);
    const fuse_out_header header{static_cast<std::uint32_t>(out.size()), error, request.unique};
    std::memcpy(out.data(), &header, sizeof header);
    if (size > 0) std::memcpy(out.data() + sizeof header, body, size);
    // Fails where the request was interrupted meanwhile; nobody waits for it then.
    [[maybe_unused]] const ssize_t ignored = ::write(fuse_, out.data(), out.size());
  }

  const std::string base_;
  std::string now_;  // the serving thread's
  const std::filesystem::path path_;
  int fuse_ = -1;
  bool mounted_ = false;
  mutable std::mutex mutex_;  // guards log_
  std::vector<Change> log_;
  std::thread serving_;
};

}  // namespace suanpan::test
