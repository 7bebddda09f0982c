#include "ledger/engine/verify_checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "ledger/base/file.h"
#include "ledger/engine/saved_state.h"

namespace suanpan {
namespace {

constexpr std::string_view kMagic = "SPVERIFY5";

template <class A>
void walk(A& archive, VerifyCheckpoint::State& value) {
  auto& [book, head, blocks, roots_judged, roots, root_keys, head_seen, purges, audit] = value;
  walk(archive, book);
  walk(archive, head);
  walk(archive, blocks);
  walk(archive, roots_judged);
  walk(archive, roots);
  walk(archive, root_keys);
  walk(archive, head_seen);
  walk(archive, purges);
  walk(archive, audit);
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

}  // namespace

Result<void> VerifyCheckpoint::append(const IdPrints& ids) {
  const auto error = [&] {
    return fail(Errc::kIo, "{}: {}", ids_path().string(), std::strerror(errno));
  };
  const int fd = ::open(ids_path().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return error();
  Sha256Stream digest;
  // What a run that was cut short wrote after its last state goes.
  const auto begin = static_cast<off_t>(written_ids_ * sizeof(std::uint64_t));
  bool written = ::ftruncate(fd, begin) == 0 && ::lseek(fd, begin, SEEK_SET) == begin;
  ids.for_each_piece(written_ids_, [&](std::span<const std::uint64_t> piece) {
    const std::string_view bytes(reinterpret_cast<const char*>(piece.data()), piece.size_bytes());
    digest.update(bytes);
    written = written && write_all(fd, bytes);
  });
  written = written && ::fdatasync(fd) == 0;
  const Error failed = error();
  ::close(fd);
  if (!written) return failed;
  parts_.push_back({ids.size() - written_ids_, digest.finish()});
  written_ids_ = ids.size();
  return success();
}

Result<void> VerifyCheckpoint::write(State state, const IdPrints& ids) {
  if (!std::ranges::equal(ids.key().words, key_.words)) {
    key_ = ids.key();
    parts_.clear();
    written_ids_ = 0;
  }
  TRY(append(ids));
  Saver saver;
  saver.raw(kMagic.data(), kMagic.size());
  walk(saver, state);
  walk(saver, key_);
  walk(saver, parts_);
  std::string bytes = saver.take();
  bytes += bytes_of(sha256(bytes));
  return write_file_atomically(file_, bytes);
}

Result<VerifyCheckpoint::Found> VerifyCheckpoint::read() {
  const auto text = read_file(file_);
  if (!text) return Found{};
  const std::string& all = text.value();
  if (all.size() < kMagic.size() + sizeof(Sha256) || !all.starts_with(kMagic)) return Found{};
  const std::string_view body = std::string_view(all).substr(0, all.size() - sizeof(Sha256));
  if (bytes_of(sha256(body)) != std::string_view(all).substr(body.size())) return Found{};
  State state;
  HashKey key;
  std::vector<Part> parts;
  Loader loader(body.substr(kMagic.size()));
  walk(loader, state);
  walk(loader, key);
  walk(loader, parts);
  if (!loader.done()) return Found{};
  IdPrints ids(key);
  std::ifstream prints(ids_path(), std::ios::binary);
  std::vector<std::uint64_t> piece;
  for (const Part& part : parts) {
    piece.resize(part.ids);
    prints.read(reinterpret_cast<char*>(piece.data()),
                static_cast<std::streamsize>(part.ids * sizeof(std::uint64_t)));
    if (!prints || sha256({reinterpret_cast<const char*>(piece.data()),
                           piece.size() * sizeof(std::uint64_t)}) != part.digest)
      return Found{};
    ids.append(piece);
  }
  key_ = key;
  parts_ = std::move(parts);
  written_ids_ = ids.size();
  return Found(std::pair(std::move(state), std::move(ids)));
}

void VerifyCheckpoint::remove() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
  std::filesystem::remove(ids_path(), ignored);
}

}  // namespace suanpan
