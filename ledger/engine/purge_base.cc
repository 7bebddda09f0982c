#include "ledger/engine/purge_base.h"

#include <charconv>
#include <utility>

#include "ledger/engine/saved_state.h"

namespace suanpan {
namespace {

constexpr std::string_view kMagic = "SPBASE03";

template <class A>
void walk(A& archive, PurgeBase& value) {
  auto& [book, head, blocks, roots_judged, root_keys, signature, files, facts, audit,
         archived_blocks] = value;
  walk(archive, book);
  walk(archive, head);
  walk(archive, blocks);
  walk(archive, roots_judged);
  walk(archive, root_keys);
  walk(archive, signature);
  walk(archive, files);
  walk(archive, facts);
  walk(archive, audit);
  walk(archive, archived_blocks);
}

bool read_digest(std::string_view& rest, std::string_view name, Sha256& to) {
  if (!rest.starts_with(name)) return false;
  const auto digest = sha256_from_hex(rest.substr(name.size(), to.size() * 2));
  if (!digest) return false;
  to = *digest;
  rest.remove_prefix(name.size() + to.size() * 2);
  return true;
}

}  // namespace

std::string PurgeBase::bytes() && {
  std::string whole = std::exchange(audit, {});
  std::uint64_t size = whole.size();
  // Everything else, as it is written around an empty state, which is a length of 0.
  Saver others, length;
  others.raw(kMagic.data(), kMagic.size());
  walk(others, *this);
  walk(length, size);
  std::string before = others.take();
  const std::string after = before.substr(before.size() - archived_blocks.size());
  before.resize(before.size() - after.size() - sizeof size);
  whole.insert(0, before + length.take());
  whole += after;
  return whole;
}

Result<PurgeBase> PurgeBase::parse(std::string_view bytes) {
  PurgeBase base;
  if (bytes.starts_with(kMagic)) {
    Loader loader(bytes.substr(kMagic.size()));
    walk(loader, base);
    if (loader.done()) return base;
  }
  return fail(Errc::kUnsupported,
              "this program does not read what is kept of the archived part: verify with the "
              "archive (--archive)");
}

Sha256 with_archived_block(const Sha256& before, const Block& block) {
  std::string bytes;
  for (const Sha256& digest : {before, block.archived_digest()}) bytes += bytes_of(digest);
  return sha256(bytes);
}

std::string PurgeRecord::line() const {
  return fmt::format("until={} hash={} checkpoint={} base={}", until, hex_lower(hash),
                     hex_lower(checkpoint), hex_lower(base));
}

std::optional<PurgeRecord> PurgeRecord::parse(std::string_view line) {
  PurgeRecord record;
  std::string_view rest = line;
  constexpr std::string_view kUntil = "until=";
  if (!rest.starts_with(kUntil)) return std::nullopt;
  rest.remove_prefix(kUntil.size());
  const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), record.until);
  if (read.ec != std::errc{}) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(read.ptr - rest.data()));
  if (!read_digest(rest, " hash=", record.hash) ||
      !read_digest(rest, " checkpoint=", record.checkpoint) ||
      !read_digest(rest, " base=", record.base) || record.line() != line)
    return std::nullopt;
  return record;
}

}  // namespace suanpan
