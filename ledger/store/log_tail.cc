#include "ledger/store/log_tail.h"

#include <cstring>
#include <fstream>
#include <map>
#include <string>

#include "ledger/base/digest.h"

namespace suanpan {
namespace {

constexpr std::size_t kBlockBytes = 32 << 10, kHeaderBytes = 7;
constexpr std::uint8_t kWhole = 1, kFirst = 2, kLast = 4;
constexpr std::size_t kBatchHeaderBytes = 12;  // sequence u64 | rows u32, little-endian

struct Fragment {
  std::uint8_t type = 0;
  std::size_t bytes = 0;  // with its header
};

/// The fragment at the start of `bytes`, if there is a valid one.
std::optional<Fragment> fragment_at(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return std::nullopt;
  std::uint32_t crc;
  std::uint16_t length;
  std::memcpy(&crc, bytes.data(), sizeof crc);
  std::memcpy(&length, bytes.data() + 4, sizeof length);
  const auto type = static_cast<std::uint8_t>(bytes[6]);
  if (type < kWhole || type > kLast || kHeaderBytes + length > bytes.size()) return std::nullopt;
  const std::uint32_t computed = crc32c(bytes.substr(6, 1 + length));
  if (((computed >> 15) | (computed << 17)) + 0xa282ead8u != crc) return std::nullopt;
  return Fragment{type, kHeaderBytes + length};
}

bool begins_record(const Fragment& f) { return f.type == kWhole || f.type == kFirst; }

std::uint64_t number(std::string_view bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return value;
}

struct Batch {
  std::uint64_t sequence = 0, rows = 0;
};

/// The batch whose record this fragment begins.
std::optional<Batch> batch_of(std::string_view fragment) {
  if (fragment.size() < kHeaderBytes + kBatchHeaderBytes) return std::nullopt;
  return Batch{number(fragment.substr(kHeaderBytes, 8)),
               number(fragment.substr(kHeaderBytes + 8, 4))};
}

/// The sequence of a recovery's mark, a batch of no rows, if the log begins with one.
std::optional<std::uint64_t> mark_of(std::string_view log) {
  const auto first = fragment_at(log);
  if (!first || first->type != kWhole || first->bytes != kHeaderBytes + kBatchHeaderBytes)
    return std::nullopt;
  const auto batch = batch_of(log.substr(0, first->bytes));
  return batch->rows == 0 ? std::optional(batch->sequence) : std::nullopt;
}

enum class Condition {
  kEmpty,  ///< no record: nothing, or zeros
  kWhole,
  kTorn,
  kDamaged,
};

class Log {
 public:
  Result<void> read(const std::filesystem::path& path);
  Condition condition() const { return condition_; }
  /// The sequence of the mark that it begins with.
  std::optional<std::uint64_t> mark() const { return mark_; }
  bool has_whole_record() const { return ended_; }
  /// The sequence after its last whole batch; unknown where a block's end parts the batch's header.
  std::optional<std::uint64_t> next() const { return next_; }

 private:
  void end_record() {
    ended_ = true;
    next_ = begun_ ? std::optional(begun_->sequence + begun_->rows) : std::nullopt;
  }
  /// False: a record begins after a fragment that is not valid.
  bool read_block(std::string_view block);

  Condition condition_ = Condition::kWhole;
  std::optional<std::uint64_t> mark_, next_;
  std::optional<Batch> begun_;  // its record has not ended yet
  bool ended_ = false;          // a record did
  bool torn_ = false;           // a fragment was not valid
  bool open_ = false;           // the last valid one did not end its record
  bool zeros_ = true;           // nothing but zeros came after it
};

bool Log::read_block(std::string_view block) {
  std::size_t at = 0;
  while (!torn_ && block.size() - at >= kHeaderBytes) {
    const auto fragment = fragment_at(block.substr(at));
    torn_ = !fragment;
    if (!fragment) break;
    if (begins_record(*fragment)) begun_ = batch_of(block.substr(at, fragment->bytes));
    open_ = fragment->type != kWhole && fragment->type != kLast;
    if (!open_) end_record();
    at += fragment->bytes;
  }
  if (torn_) zeros_ = zeros_ && block.find_first_not_of('\0', at) == block.npos;
  // No length can be trusted any more: a record may begin at any byte.
  if (torn_)
    for (; at < block.size(); ++at)
      if (const auto fragment = fragment_at(block.substr(at)); fragment && begins_record(*fragment))
        return false;
  return true;
}

Result<void> Log::read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string block(kBlockBytes, '\0');
  bool empty = true;
  for (bool at_start = true; file; at_start = false) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    const auto got = static_cast<std::size_t>(file.gcount());
    const std::string_view bytes = std::string_view(block).substr(0, got);
    if (at_start) mark_ = mark_of(bytes);
    if (at_start) empty = !fragment_at(bytes);
    if (read_block(bytes)) continue;
    condition_ = Condition::kDamaged;
    return success();
  }
  if (!file.eof()) return fail(Errc::kIo, "{}: cannot be read", path.string());
  if (torn_ && (open_ || !zeros_))
    condition_ = Condition::kTorn;
  else if (empty)
    condition_ = Condition::kEmpty;
  return success();
}

/// Whether a log may stand behind a torn one: as RocksDB has it, that ended just before the mark.
bool goes_on_without(const Log& log, std::optional<std::uint64_t> next) {
  return log.mark() && (!next || *log.mark() == *next);
}

}  // namespace

Result<bool> only_tail_is_torn(const std::filesystem::path& folder) {
  std::map<std::uint64_t, std::filesystem::path> logs;  // oldest first
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".log" && entry.file_size(error) > 0)
      logs[std::strtoull(entry.path().stem().c_str(), nullptr, 10)] = entry.path();
  if (error) return fail(Errc::kIo, "{}: {}", folder.string(), error.message());
  bool torn = false;
  std::optional<std::uint64_t> next;  // after the last whole batch of all
  for (const auto& [log_number, path] : logs) {
    Log log;
    TRY(log.read(path));
    if (log.condition() == Condition::kEmpty) continue;
    if (torn && !goes_on_without(log, next)) return false;
    if (log.condition() == Condition::kDamaged) return false;
    torn = torn || log.condition() == Condition::kTorn;
    if (log.has_whole_record()) next = log.next();
  }
  return torn;
}

}  // namespace suanpan
