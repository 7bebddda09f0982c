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

enum class Condition { kWhole, kTorn, kDamaged };

/// One block of a log. `torn`: a fragment before it was not valid; set when one of its own is not.
/// False: a record begins after one that is not valid.
bool read_block(std::string_view block, bool& torn) {
  std::size_t at = 0;
  while (!torn && block.size() - at >= kHeaderBytes) {
    const auto fragment = fragment_at(block.substr(at));
    if (!fragment)
      torn = true;
    else
      at += fragment->bytes;
  }
  // No length can be trusted any more: a record may begin at any byte.
  if (torn)
    for (; at < block.size(); ++at)
      if (const auto fragment = fragment_at(block.substr(at)); fragment && begins_record(*fragment))
        return false;
  return true;
}

Result<Condition> condition_of(const std::filesystem::path& log) {
  std::ifstream file(log, std::ios::binary);
  std::string block(kBlockBytes, '\0');
  bool torn = false;
  while (file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    const auto got = static_cast<std::size_t>(file.gcount());
    if (!read_block(std::string_view(block).substr(0, got), torn)) return Condition::kDamaged;
  }
  if (!file.eof()) return fail(Errc::kIo, "{}: cannot be read", log.string());
  return torn ? Condition::kTorn : Condition::kWhole;
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
  for (const auto& [number, log] : logs) {
    if (torn) return false;  // a later log goes on after it
    TRY(const Condition condition, condition_of(log));
    if (condition == Condition::kDamaged) return false;
    torn = condition == Condition::kTorn;
  }
  return torn;
}

}  // namespace suanpan
