#include "ledger/store/archive_file.h"

#include <charconv>
#include <fstream>

#include "ledger/base/bytes.h"
#include "ledger/base/check.h"
#include "ledger/base/file.h"

namespace suanpan {
namespace {

constexpr std::string_view kHeaderMagic = "SPARCH01";
constexpr std::string_view kFooterMagic = "SPARCEND";
constexpr std::string_view kNamePrefix = "journal-";
constexpr std::size_t kHeaderBytes = 8 + 4 + 16 + 8 + 8 + 32;
constexpr std::size_t kFooterBytes = 8 + 4 + 32 + 32;

std::string header_of(const ArchiveFileFacts& facts) {
  ByteWriter out;
  out.u32(facts.number);
  out.u64(facts.book.hi);
  out.u64(facts.book.lo);
  out.u64(facts.first_seq);
  out.u64(facts.last_seq);
  return std::string(kHeaderMagic) + out.take() + std::string(bytes_of(facts.previous_hash));
}

template <class T>
T take(std::string_view& bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

}  // namespace

std::string archive_file_name(std::uint32_t number) {
  return fmt::format("{}{:06}", kNamePrefix, number);
}

std::optional<std::uint32_t> archive_file_number(std::string_view name) {
  if (!name.starts_with(kNamePrefix)) return std::nullopt;
  const std::string_view digits = name.substr(kNamePrefix.size());
  std::uint32_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (number == 0 || archive_file_name(number) != name) return std::nullopt;
  return number;
}

void ArchiveFileBuilder::add(const Block& block) {
  if (empty()) {
    facts_.first_seq = block.first_seq();
    facts_.previous_hash = block.previous_hash();
  }
  facts_.last_seq = block.last_seq();
  facts_.last_hash = block.hash();
  ++facts_.blocks;
  ByteWriter length;
  length.u32(static_cast<std::uint32_t>(block.bytes().size()));
  blocks_ += length.bytes();
  blocks_ += block.bytes();
}

ArchiveFileBuilder::Finished ArchiveFileBuilder::finish() && {
  CHECK_OR_DIE(!empty(), "an archive file without a block");
  std::string bytes = header_of(facts_) + blocks_;
  bytes += kFooterMagic;
  ByteWriter count;
  count.u32(facts_.blocks);
  bytes += count.bytes();
  bytes += bytes_of(facts_.last_hash);
  facts_.digest = sha256(bytes);
  bytes += bytes_of(facts_.digest);
  return {facts_, std::move(bytes)};
}

// Finds the blocks in the bytes. False: they are not as the header of this file says.
bool ArchiveFile::lay_out() {
  std::string_view rest = bytes_;
  if (rest.size() < kHeaderBytes + kFooterBytes || !rest.starts_with(kHeaderMagic)) return false;
  std::string_view header = rest.substr(kHeaderMagic.size());
  facts_.number = take<std::uint32_t>(header);
  facts_.book.hi = take<std::uint64_t>(header);
  facts_.book.lo = take<std::uint64_t>(header);
  facts_.first_seq = take<std::uint64_t>(header);
  facts_.last_seq = take<std::uint64_t>(header);
  facts_.previous_hash = take<Sha256>(header);
  std::string_view footer = rest.substr(rest.size() - kFooterBytes);
  if (!footer.starts_with(kFooterMagic)) return false;
  footer.remove_prefix(kFooterMagic.size());
  facts_.blocks = take<std::uint32_t>(footer);
  facts_.last_hash = take<Sha256>(footer);
  facts_.digest = take<Sha256>(footer);
  rest = rest.substr(kHeaderBytes, rest.size() - kHeaderBytes - kFooterBytes);
  while (rest.size() >= sizeof(std::uint32_t)) {
    const auto length = take<std::uint32_t>(rest);
    if (length > rest.size()) return false;
    blocks_.push_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return rest.empty() && blocks_.size() == facts_.blocks && !blocks_.empty();
}

Result<ArchiveFile> ArchiveFile::read(const std::filesystem::path& path) {
  TRY(auto bytes, read_file(path));
  ArchiveFile file;
  file.name_ = path.filename().string();
  file.bytes_ = std::move(bytes);
  const bool laid_out = file.lay_out();
  const std::string_view signed_part =
      std::string_view(file.bytes_)
          .substr(0, file.bytes_.size() < sizeof(Sha256) ? 0 : file.bytes_.size() - sizeof(Sha256));
  if (laid_out && sha256(signed_part) == file.facts_.digest) return file;
  // Which block it was is worth knowing.
  for (std::size_t i = 0; i < file.size(); ++i) {
    TRY(file.block(i));
  }
  if (!laid_out)
    return fail(Errc::kCorrupt, "{}: it is cut short, or not an archive file", file.name_);
  return fail(Errc::kCorrupt, "{}: its SHA-256 does not hold", file.name_);
}

Result<BlockPtr> ArchiveFile::block(std::size_t index) const {
  auto block = Block::parse(std::string(blocks_.at(index)));
  if (!block)
    return fail(block.error().code, "{}, block {}: {}", name_, index + 1, block.error().message);
  return block;
}

ArchiveFile::Place ArchiveFile::place(std::size_t index) const {
  const std::string_view block = blocks_.at(index);
  return {static_cast<std::uint32_t>(block.data() - bytes_.data()),
          static_cast<std::uint32_t>(block.size())};
}

Result<BlockPtr> ArchiveFile::read_block(const std::filesystem::path& path, const Place& place) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes(place.length, '\0');
  in.seekg(place.offset);
  if (!in.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
    return fail(Errc::kIo, "{}: cannot be read at {}", path.string(), place.offset);
  auto block = Block::parse(std::move(bytes));
  if (!block)
    return fail(block.error().code, "{}, at {}: {}", path.filename().string(), place.offset,
                block.error().message);
  return block;
}

}  // namespace suanpan
