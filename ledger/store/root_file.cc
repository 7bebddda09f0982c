#include "ledger/store/root_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "ledger/base/file.h"

namespace suanpan {
namespace {

constexpr std::string_view kForm = "root1";

Error io_error(const std::filesystem::path& path) {
  return fail(Errc::kIo, "{}: {}", path.string(), std::strerror(errno));
}

/// Takes " name=value" off the front of a line.
std::optional<std::string_view> field(std::string_view& line, std::string_view name) {
  if (!line.starts_with(' ') || line.substr(1, name.size()) != name ||
      line.substr(1 + name.size(), 1) != "=")
    return std::nullopt;
  line.remove_prefix(name.size() + 2);
  const std::string_view value = line.substr(0, line.find(' '));
  line.remove_prefix(value.size());
  return value;
}

bool read_digest(std::optional<std::string_view> hex, Sha256& to) {
  const auto digest = hex ? sha256_from_hex(*hex) : std::nullopt;
  if (digest) to = *digest;
  return digest.has_value();
}

bool read_signature(std::optional<std::string_view> text, std::string& to) {
  auto bytes = text ? from_base64(*text) : std::nullopt;
  if (!bytes) return false;
  to = std::move(*bytes);
  return true;
}

struct Lines {
  std::vector<DailyRoot> roots;
  std::size_t whole_bytes = 0;  ///< up to the end of the last whole line
};

// What cannot be read is an error and never an empty file: what is read is what an opened file is
// cut to.
Result<std::string> read_all(int fd, const std::filesystem::path& path) {
  std::string text;
  char bytes[16 << 10];
  for (;;) {
    const ssize_t got = ::read(fd, bytes, sizeof bytes);
    if (got < 0) return io_error(path);
    if (got == 0) return text;
    text.append(bytes, static_cast<std::size_t>(got));
  }
}

Result<Lines> read_lines(int fd, const std::filesystem::path& path) {
  Lines lines;
  TRY(const std::string text, read_all(fd, path));
  for (std::size_t end; (end = text.find('\n', lines.whole_bytes)) != std::string::npos;
       lines.whole_bytes = end + 1) {
    const std::string_view line =
        std::string_view(text).substr(lines.whole_bytes, end - lines.whole_bytes);
    auto root = DailyRoot::parse(line);
    if (!root)
      return fail(root.error().code, "{}, line {}: {}", path.string(), lines.roots.size() + 1,
                  root.error().message);
    lines.roots.push_back(std::move(root.value()));
  }
  return lines;
}

}  // namespace

std::string DailyRoot::message() const {
  return fmt::format("{} book={} day={} next={} seq={} hash={} balances={}", kForm, book.hex(),
                     day.iso(), next.iso(), seq, hex_lower(hash), hex_lower(balances));
}

std::string DailyRoot::line() const {
  return fmt::format("{} ed25519={} sm2={}", message(), base64(ed25519), base64(sm2));
}

Result<DailyRoot> DailyRoot::parse(std::string_view line) {
  const std::string_view whole = line;
  DailyRoot root;
  const auto read = [&] {
    if (!line.starts_with(kForm)) return false;
    line.remove_prefix(kForm.size());
    const auto book = field(line, "book");
    const auto book_id = Id128::from_hex(book.value_or(""));
    if (!book_id) return false;
    root.book = *book_id;
    const auto day = field(line, "day");
    const auto next = field(line, "next");
    const auto day_date = Date::parse(day.value_or(""));
    const auto next_date = Date::parse(next.value_or(""));
    const auto seq = field(line, "seq");
    if (!day_date || !next_date || !seq) return false;
    root.day = *day_date;
    root.next = *next_date;
    std::from_chars(seq->data(), seq->data() + seq->size(), root.seq);
    return read_digest(field(line, "hash"), root.hash) &&
           read_digest(field(line, "balances"), root.balances) &&
           read_signature(field(line, "ed25519"), root.ed25519) &&
           read_signature(field(line, "sm2"), root.sm2) && line.empty();
  };
  // What is written again to other bytes was not written by us.
  if (!read() || root.line() != whole) return fail(Errc::kCorrupt, "not a daily root");
  return root;
}

Result<std::vector<DailyRoot>> RootFile::read(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return std::vector<DailyRoot>{};
  if (fd < 0) return io_error(path);
  auto lines = read_lines(fd, path);
  ::close(fd);
  if (!lines) return lines.error();
  return std::move(lines.value().roots);
}

Result<RootFile> RootFile::open(const std::filesystem::path& path) {
  constexpr int kFlags = O_RDWR | O_APPEND | O_CLOEXEC;
  int fd = ::open(path.c_str(), kFlags);
  const bool made = fd < 0 && errno == ENOENT;
  if (made) fd = ::open(path.c_str(), kFlags | O_CREAT, 0600);
  if (fd < 0) return io_error(path);
  RootFile file(fd);
  if (made) {
    TRY(sync_folder(path.parent_path()));  // else its name may go where its lines are synced
  }
  TRY(auto lines, read_lines(fd, path));
  if (::ftruncate(fd, static_cast<off_t>(lines.whole_bytes)) != 0) return io_error(path);
  if (!lines.roots.empty()) file.last_ = std::move(lines.roots.back());
  return file;
}

Result<void> RootFile::write(const std::filesystem::path& path,
                             const std::vector<DailyRoot>& roots) {
  std::string text;
  for (const DailyRoot& root : roots) text += root.line() + "\n";
  return write_file_atomically(path, text);
}

Result<std::vector<DailyRoot>> RootFile::keep_until(const std::filesystem::path& path,
                                                    std::uint64_t seq) {
  TRY(auto roots, read(path));
  const auto kept = std::stable_partition(roots.begin(), roots.end(),
                                          [&](const DailyRoot& r) { return r.seq <= seq; });
  std::vector<DailyRoot> dropped(std::make_move_iterator(kept),
                                 std::make_move_iterator(roots.end()));
  roots.erase(kept, roots.end());
  if (!dropped.empty()) {
    TRY(write(path, roots));
  }
  return dropped;
}

RootFile::RootFile(RootFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), last_(std::move(other.last_)) {}
RootFile& RootFile::operator=(RootFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  last_ = std::move(other.last_);
  return *this;
}
RootFile::~RootFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> RootFile::append(const DailyRoot& root) {
  if (last_ && last_->message() == root.message()) return success();
  const std::string line = root.line() + "\n";
  if (::write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
      ::fdatasync(fd_) != 0)
    return fail(Errc::kIo, "writing a daily root: {}", std::strerror(errno));
  last_ = root;
  return success();
}

}  // namespace suanpan
