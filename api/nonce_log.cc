#include "api/nonce_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "ledger/base/digest.h"

namespace suanpan::api {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "nonces-";
constexpr std::string_view kSuffix = ".log";
constexpr std::size_t kChecksumAt = 4;

void put_le(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

std::uint64_t get_le(std::string_view in, std::size_t at, unsigned bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(in[at + i])) << (8 * i);
  }
  return value;
}

std::optional<std::uint64_t> number_of(const fs::path& file) {
  const std::string name = file.filename().string();
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  const char* begin = name.data() + kPrefix.size();
  const char* end = name.data() + name.size() - kSuffix.size();
  std::uint64_t number = 0;
  const auto read = std::from_chars(begin, end, number);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return number;
}

/// Appends one file's records. Less than a record at the end is a write that was under way when the
/// process died: nobody was answered for it.
Result<void> read_file(const fs::path& file, NonceHistory& history) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream content;
  if (!in || (in.peek() != std::ifstream::traits_type::eof() && !(content << in.rdbuf()))) {
    return fail(Errc::kIo, "cannot read {}", file.string());
  }
  const std::string bytes = std::move(content).str();
  bool last_was_unreadable = false;
  for (std::size_t at = 0; at + NonceRecord::kBytes <= bytes.size(); at += NonceRecord::kBytes) {
    const auto record =
        decode_nonce_record(std::string_view(bytes).substr(at, NonceRecord::kBytes));
    if (record) {
      history.records.push_back(record.value());
      history.is_damaged |= last_was_unreadable;
    }
    last_was_unreadable = !record;
  }
  history.has_lost_tail |= last_was_unreadable;
  return success();
}

}  // namespace

std::string encode(const NonceRecord& record) {
  std::string out;
  out += static_cast<char>(record.kind);
  out.append(3 + 4, '\0');
  put_le(out, static_cast<std::uint64_t>(record.seconds), 8);
  put_le(out, record.digest.hi, 8);
  put_le(out, record.digest.lo, 8);
  std::string checksum;
  put_le(checksum, crc32c(out), 4);
  return out.replace(kChecksumAt, 4, checksum);
}

Result<NonceRecord> decode_nonce_record(std::string_view bytes) {
  if (bytes.size() != NonceRecord::kBytes) return fail(Errc::kCorrupt, "a torn nonce record");
  std::string blank(bytes);
  blank.replace(kChecksumAt, 4, 4, '\0');
  const char kind = bytes[0];
  if (get_le(bytes, kChecksumAt, 4) != crc32c(blank) ||
      std::string_view("BNCF").find(kind) == std::string_view::npos) {
    return fail(Errc::kCorrupt, "a damaged nonce record");
  }
  return NonceRecord{static_cast<NonceRecordKind>(kind),
                     static_cast<std::int64_t>(get_le(bytes, 8, 8)),
                     Id128{get_le(bytes, 16, 8), get_le(bytes, 24, 8)}};
}

Result<NonceLog> NonceLog::open(const fs::path& directory, NonceHistory& history) {
  std::error_code error;
  std::vector<std::pair<std::uint64_t, fs::path>> files;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    if (const auto number = number_of(at->path())) files.emplace_back(*number, at->path());
  }
  if (error) return fail(Errc::kIo, "cannot list {}: {}", directory.string(), error.message());
  std::sort(files.begin(), files.end());
  history = {};
  for (const auto& file : files) {
    TRY(read_file(file.second, history));
  }

  NonceLog log(directory, files.empty() ? 1 : files.back().first + 1);
  for (auto& file : files) log.old_files_.push_back(std::move(file.second));
  TRY(log.create());
  return log;
}

NonceLog::NonceLog(NonceLog&& other) noexcept
    : directory_(std::move(other.directory_)),
      number_(other.number_),
      old_files_(std::move(other.old_files_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      bytes_(other.bytes_),
      is_broken_(std::exchange(other.is_broken_, true)) {}

NonceLog& NonceLog::operator=(NonceLog&& other) noexcept {
  std::swap(directory_, other.directory_);
  std::swap(number_, other.number_);
  std::swap(old_files_, other.old_files_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(bytes_, other.bytes_);
  std::swap(is_broken_, other.is_broken_);
  return *this;
}

NonceLog::~NonceLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Error NonceLog::broken(const char* what, int error) {
  is_broken_ = true;
  return fail(Errc::kIo, "nonce log: {} failed: {}", what, std::strerror(error));
}

Result<void> NonceLog::create() {
  const fs::path path = directory_ / fmt::format("{}{}{}", kPrefix, number_, kSuffix);
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor_ < 0) return broken("open", errno);
  bytes_ = 0;
  // The file's name must outlive the machine as well as its content.
  const int folder = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return broken("open of the directory", errno);
  const int synced = ::fsync(folder);
  const int error = errno;
  ::close(folder);
  if (synced != 0) return broken("fsync of the directory", error);
  return success();
}

Result<void> NonceLog::append(std::span<const NonceRecord> records) {
  if (is_broken_) return fail(Errc::kIo, "nonce log: an earlier write failed");
  std::string bytes;
  bytes.reserve(records.size() * NonceRecord::kBytes);
  for (const NonceRecord& record : records) bytes += encode(record);
  ssize_t written = 0;
  do {
    written = ::write(descriptor_, bytes.data(), bytes.size());
  } while (written < 0 && errno == EINTR);
  if (written < 0) return broken("write", errno);
  // Going on behind half a record would shift all that follow.
  if (static_cast<std::size_t>(written) != bytes.size()) return broken("write", ENOSPC);
  bytes_ += bytes.size();
  return success();
}

Result<void> NonceLog::sync() {
  if (is_broken_) return fail(Errc::kIo, "nonce log: an earlier write failed");
  // Not retried: after a failed sync the kernel may have dropped the pages and call them clean.
  if (::fdatasync(descriptor_) != 0) return broken("fdatasync", errno);
  return success();
}

Result<void> NonceLog::rotate() {
  TRY(sync());
  ::close(std::exchange(descriptor_, -1));
  old_files_.push_back(directory_ / fmt::format("{}{}{}", kPrefix, number_, kSuffix));
  ++number_;
  return create();
}

Result<void> NonceLog::drop_old_files() {
  for (const fs::path& file : old_files_) {
    std::error_code error;
    fs::remove(file, error);
    if (error) return broken("remove", error.value());
  }
  old_files_.clear();
  return success();
}

}  // namespace suanpan::api
