#include "ledger/base/subject_keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/base/digest.h"
#include "ledger/base/file.h"

namespace suanpan {
namespace {

constexpr std::size_t kSlotBytes = 128;
constexpr std::size_t kSumAt = kSlotBytes - 4;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kWrappedBytes = kKeyBytes + 16;
constexpr std::size_t kFirstStock = 16, kLargestStock = 4096, kFewInStock = 8;
constexpr std::string_view kForm = "suanpan-keys 1\n";
constexpr std::uint8_t kAbsent = 0, kKept = 'K', kErased = 'X';

struct Slot {
  std::uint8_t state = kAbsent;
  std::uint32_t salt = 0;
  Id128 index;
  std::string nonce, wrapped;
};

// Against torn writes and flipped bits; who tampers is told by the wrapping.
std::string summed(std::string bytes) {
  bytes.resize(kSumAt, '\0');
  const std::uint32_t sum = crc32c(bytes);
  return bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
}

std::string encode(const Slot& slot) {
  ByteWriter out;
  out.u8(slot.state);
  out.u8(0);
  out.u16(0);
  out.u32(slot.salt);
  out.u64(slot.index.hi);
  out.u64(slot.index.lo);
  return summed(out.take() + slot.nonce + slot.wrapped);
}

std::optional<Slot> decode(std::string_view bytes) {
  if (summed(std::string(bytes.substr(0, kSumAt))) != bytes) return std::nullopt;
  ByteReader in(bytes);
  Slot slot;
  slot.state = in.u8();
  in.u8();
  in.u16();
  slot.salt = in.u32();
  slot.index.hi = in.u64();
  slot.index.lo = in.u64();
  const std::size_t at = kSlotBytes - in.left();
  slot.nonce = bytes.substr(at, kNonceBytes);
  slot.wrapped = bytes.substr(at + kNonceBytes, kWrappedBytes);
  if (slot.state != kKept && slot.state != kErased) return std::nullopt;
  return slot;
}

struct Name {
  char file = 0;
  std::uint64_t slot = 0;
  std::uint32_t salt = 0;

  std::string text() const { return fmt::format("{}{}.{:08x}", file, slot, salt); }
  static std::optional<Name> parse(std::string_view text) {
    Name name;
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos || dot < 2) return std::nullopt;
    name.file = text[0];
    const char* end = text.data() + text.size();
    const auto slot = std::from_chars(text.data() + 1, text.data() + dot, name.slot);
    const auto salt = std::from_chars(text.data() + dot + 1, end, name.salt, 16);
    if (slot.ec != std::errc{} || salt.ec != std::errc{} || name.text() != text)
      return std::nullopt;
    return name;
  }
};

Error io_error(const std::filesystem::path& path) {
  return fail(Errc::kIo, "{}: {}", path.string(), std::strerror(errno));
}

/// Slots in a file: appended, read, overwritten. Thread-safe.
class SlotFile {
 public:
  static Result<std::unique_ptr<SlotFile>> open(std::filesystem::path path,
                                                std::string_view check_value, bool create) {
    const std::string head = summed(std::string(kForm) + std::string(check_value));
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
      if (!create)
        return fail(Errc::kNotFound,
                    "{}: the keys of persons are missing; what they sealed opens with no others, "
                    "restore the file",
                    path.string());
      TRY(write_file_atomically(path, head, 0600));
    }
    auto file = std::unique_ptr<SlotFile>(new SlotFile(std::move(path)));
    TRY(file->look(head));
    return file;
  }
  ~SlotFile() {
    if (fd_ >= 0) ::close(fd_);
  }

  /// Reserves `count` slots and returns the first.
  std::uint64_t reserve(std::uint64_t count) {
    std::lock_guard lock(mutex_);
    const std::uint64_t first = end_;
    end_ += count;
    return first;
  }
  /// Returns what must be synced for it: synced() and sync() take it.
  Result<std::uint64_t> write(std::uint64_t slot, std::string_view bytes) {
    auto at = static_cast<off_t>(slot * kSlotBytes);
    while (!bytes.empty()) {
      const ssize_t put = ::pwrite(fd_, bytes.data(), bytes.size(), at);
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return io_error(path_);
      bytes.remove_prefix(static_cast<std::size_t>(put));
      at += put;
    }
    return ++written_;
  }
  std::uint64_t written() const { return written_; }
  bool synced(std::uint64_t wanted) const { return synced_ >= wanted && !failed_; }
  /// That write is on stable storage; who waits for another's sync needs none of his own. After a
  /// failed one nobody knows what is: no later one succeeds.
  Result<void> sync(std::uint64_t wanted) {
    if (synced(wanted)) return success();
    std::lock_guard lock(sync_mutex_);
    if (failed_) return fail(Errc::kIo, "{}: a sync failed before", path_.string());
    if (synced_ >= wanted) return success();
    const std::uint64_t covers = written_;
    if (::fdatasync(fd_) != 0) {
      failed_ = true;
      return io_error(path_);
    }
    synced_ = covers;
    return success();
  }
  /// kAbsent: no such slot. Errors: kIo, kCorrupt.
  Result<Slot> read(std::uint64_t slot) const {
    std::string bytes(kSlotBytes, '\0');
    const ssize_t got =
        ::pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(slot * kSlotBytes));
    if (got < 0) return io_error(path_);
    if (slot == 0 || static_cast<std::size_t>(got) < kSlotBytes) return Slot{};
    auto decoded = decode(bytes);
    if (!decoded) return fail(Errc::kCorrupt, "{}: slot {} is damaged", path_.string(), slot);
    return std::move(*decoded);
  }
  /// Calls `each` with every sound slot.
  template <class Each>
  Result<void> for_each(Each each) const {
    std::string bytes(kSlotBytes * 4096, '\0');
    for (std::uint64_t first = 0; first < end_;) {
      const ssize_t got =
          ::pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(first * kSlotBytes));
      if (got < 0) return io_error(path_);
      const std::size_t count = static_cast<std::size_t>(got) / kSlotBytes;
      if (count == 0) break;
      for (std::size_t i = first == 0 ? 1 : 0; i < count; ++i)
        if (const auto slot = decode(std::string_view(bytes).substr(i * kSlotBytes, kSlotBytes)))
          each(first + i, *slot);
      first += count;
    }
    return success();
  }

 private:
  explicit SlotFile(std::filesystem::path path) : path_(std::move(path)) {}

  Result<void> look(const std::string& head) {
    fd_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
    if (fd_ < 0) fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);  // of a copy that is only read
    struct stat status {};
    std::string found(kSlotBytes, '\0');
    if (fd_ < 0 || ::fstat(fd_, &status) != 0 || ::pread(fd_, found.data(), found.size(), 0) < 0)
      return io_error(path_);
    if ((status.st_mode & 077) != 0)
      return fail(Errc::kConfig, "{}: others may read the keys of persons; chmod 600 it",
                  path_.string());
    if (!found.starts_with(kForm) || summed(found.substr(0, kSumAt)) != found)
      return fail(Errc::kCorrupt, "{}: no keys of persons lie in it", path_.string());
    if (found != head)
      return fail(Errc::kMismatch,
                  "{}: its keys are wrapped with another key: not the vault key that this book was "
                  "made with",
                  path_.string());
    // A slot that was cut short was never given to anybody; what comes next lies behind it.
    end_ = (static_cast<std::uint64_t>(status.st_size) + kSlotBytes - 1) / kSlotBytes;
    return success();
  }

  const std::filesystem::path path_;
  int fd_ = -1;
  std::mutex mutex_;       // end_
  std::uint64_t end_ = 1;  // the next slot
  std::mutex sync_mutex_;  // one at a time
  std::atomic<std::uint64_t> written_ = 0, synced_ = 0;
  std::atomic<bool> failed_ = false;
};

}  // namespace

struct SubjectKeys::Impl {
  struct Known {
    Name name;
    std::uint64_t written = 0;  ///< what must be synced for it; 0: it was there at the start
  };

  explicit Impl(Secret given) : wrapping(std::move(given)) {}

  static std::string context_of(const Name& name, const Id128& index) {
    return fmt::format("subject-key|{}|{}", name.text(), index.hex());
  }
  std::string wrapped(const Name& name, const Id128& index, std::string nonce,
                      std::string_view key) const {
    Slot slot{kKept, name.salt, index, std::move(nonce), {}};
    slot.wrapped = encrypt_aes_gcm(wrapping.reveal(), slot.nonce, context_of(name, index), key);
    return encode(slot);
  }
  SlotFile* file_of(const Name& name) const {
    return name.file == 'p' ? persons.get() : name.file == 'o' ? orders.get() : nullptr;
  }
  /// The slot of that name, whatever became of it. kAbsent: these files do not know it.
  Result<Slot> slot_of(const Name& name) const {
    TRY(auto slot, file_of(name)->read(name.slot));
    if (slot.salt != name.salt) slot = Slot{};
    return slot;
  }
  Result<Name> parsed(std::string_view text) const {
    const auto name = Name::parse(text);
    if (!name || !file_of(*name)) return fail(Errc::kMalformed, "no name of a subject's key");
    return *name;
  }
  Result<void> fill_stock();
  /// What a write or sync came to, told to whoever wants to hear of failures.
  template <class T>
  Result<T> heard(Result<T> kept) const {
    if (!kept && hear) hear(kept.error());
    return kept;
  }

  const Secret wrapping;
  std::function<void(const Error&)> hear;
  std::unique_ptr<SlotFile> persons, orders;
  mutable std::shared_mutex mutex;  // known
  std::unordered_map<Id128, Known> known;
  std::mutex stock_mutex;
  std::vector<SubjectKey> stock;
  std::atomic<std::size_t> in_stock = 0;
  std::size_t next_stock = kFirstStock;
};

namespace {

std::uint32_t random_salt() {
  const std::string bytes = random_bytes(sizeof(std::uint32_t));
  std::uint32_t salt = 0;
  std::memcpy(&salt, bytes.data(), sizeof salt);
  return salt;
}

std::string suffixed(const std::filesystem::path& path, const char* suffix) {
  return path.string() + suffix;
}

}  // namespace

SubjectKeys::SubjectKeys(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SubjectKeys::~SubjectKeys() = default;

Result<std::unique_ptr<SubjectKeys>> SubjectKeys::open(const std::filesystem::path& vault_key,
                                                       const Secret& wrapping,
                                                       std::string_view check_value, bool create) {
  auto impl = std::make_unique<Impl>(wrapping);
  TRY(impl->persons, SlotFile::open(suffixed(vault_key, kSuffixes[0]), check_value, create));
  TRY(impl->orders, SlotFile::open(suffixed(vault_key, kSuffixes[1]), check_value, create));
  TRY(impl->persons->for_each([&](std::uint64_t number, const Slot& slot) {
    if (slot.state == kKept)
      impl->known.insert_or_assign(slot.index, Impl::Known{{'p', number, slot.salt}});
  }));
  return std::unique_ptr<SubjectKeys>(new SubjectKeys(std::move(impl)));
}

void SubjectKeys::on_failed_write(std::function<void(const Error&)> hear) {
  impl_->hear = std::move(hear);
}

std::optional<std::string> SubjectKeys::find(const Id128& index) const {
  std::shared_lock lock(impl_->mutex);
  const auto found = impl_->known.find(index);
  if (found == impl_->known.end()) return std::nullopt;
  return found->second.name.text();
}

bool SubjectKeys::has(const Id128& index) const {
  std::shared_lock lock(impl_->mutex);
  const auto found = impl_->known.find(index);
  return found != impl_->known.end() && impl_->persons->synced(found->second.written);
}

bool SubjectKeys::has_stock() const { return impl_->in_stock >= kFewInStock; }

Result<SubjectKey> SubjectKeys::of(const Id128& index) {
  std::unique_lock lock(impl_->mutex, std::defer_lock);
  for (;;) {
    std::optional<Impl::Known> seen;
    {
      std::shared_lock looking(impl_->mutex);
      if (const auto found = impl_->known.find(index); found != impl_->known.end())
        seen = found->second;
    }
    if (seen) {
      TRY(auto stored, key(seen->name.text()));
      // Another may have written it a moment ago.
      TRY(impl_->heard(impl_->persons->sync(seen->written)));
      if (stored) return SubjectKey{seen->name.text(), std::move(*stored)};
    }
    lock.lock();
    const auto known = impl_->known.find(index);
    if (known == impl_->known.end()) break;
    if (seen && known->second.name.text() == seen->name.text()) {
      // Erased while it was damaged: erase() could not read whose it was.
      impl_->known.erase(known);
      break;
    }
    lock.unlock();  // another made one meanwhile
  }
  const Name name{'p', impl_->persons->reserve(1), random_salt()};
  SubjectKey made{name.text(), Secret(random_bytes(kKeyBytes))};
  TRY(const std::uint64_t written,
      impl_->heard(impl_->persons->write(
          name.slot, impl_->wrapped(name, index, random_bytes(kNonceBytes), made.key.reveal()))));
  impl_->known.emplace(index, Impl::Known{name, written});
  lock.unlock();
  TRY(impl_->heard(impl_->persons->sync(written)));
  return made;
}

Result<void> SubjectKeys::Impl::fill_stock() {
  const std::uint64_t first = orders->reserve(next_stock);
  std::string bytes;
  std::vector<SubjectKey> made;
  bytes.reserve(next_stock * kSlotBytes);
  made.reserve(next_stock);
  // All that is random at once: the generator costs by the call.
  constexpr std::size_t kDrawn = kKeyBytes + kNonceBytes + sizeof(std::uint32_t);
  const Secret drawn(random_bytes(next_stock * kDrawn));
  for (std::size_t i = 0; i < next_stock; ++i) {
    const std::string_view mine = drawn.reveal().substr(i * kDrawn, kDrawn);
    Name name{'o', first + i, 0};
    std::memcpy(&name.salt, mine.data() + kKeyBytes + kNonceBytes, sizeof name.salt);
    made.push_back({name.text(), Secret(std::string(mine.substr(0, kKeyBytes)))});
    bytes += wrapped(name, Id128{}, std::string(mine.substr(kKeyBytes, kNonceBytes)),
                     made.back().key.reveal());
  }
  TRY(const std::uint64_t written, heard(orders->write(first, bytes)));
  TRY(heard(orders->sync(written)));
  stock = std::move(made);
  next_stock = std::min(2 * next_stock, kLargestStock);
  return success();
}

Result<SubjectKey> SubjectKeys::take() {
  std::lock_guard lock(impl_->stock_mutex);
  if (impl_->stock.empty()) {
    TRY(impl_->fill_stock());
  }
  SubjectKey taken = std::move(impl_->stock.back());
  impl_->stock.pop_back();
  impl_->in_stock = impl_->stock.size();
  return taken;
}

Result<std::optional<Secret>> SubjectKeys::key(std::string_view text) const {
  TRY(const Name name, impl_->parsed(text));
  TRY(const auto slot, impl_->slot_of(name));
  if (slot.state == kAbsent)
    return fail(Errc::kNotFound, "the key {} is not there: was an older copy put back?", text);
  if (slot.state == kErased) return std::optional<Secret>{};
  auto plain = decrypt_aes_gcm(impl_->wrapping.reveal(), slot.nonce,
                               Impl::context_of(name, slot.index), slot.wrapped);
  if (!plain) return fail(Errc::kCorrupt, "the key {} does not unwrap", text);
  return std::optional<Secret>(Secret(std::move(plain.value())));
}

Result<void> SubjectKeys::erase(std::string_view text) {
  TRY(const Name name, impl_->parsed(text));
  std::unique_lock lock(impl_->mutex);
  SlotFile& file = *impl_->file_of(name);
  const auto read = impl_->slot_of(name);
  // What is damaged may still hold most of a key.
  if (!read && read.error().code != Errc::kCorrupt) return read.error();
  if (read && read.value().state == kAbsent) return success();
  if (read) {
    const auto known = impl_->known.find(read.value().index);
    if (known != impl_->known.end() && known->second.name.text() == text) impl_->known.erase(known);
  }
  // One that is erased already may be so by another's write, which is not synced yet.
  std::uint64_t written = file.written();
  if (!read || read.value().state != kErased) {
    TRY(written, impl_->heard(file.write(name.slot, encode(Slot{kErased, name.salt, {}, {}, {}}))));
  }
  lock.unlock();  // others go on while the disk works
  return impl_->heard(file.sync(written));
}

}  // namespace suanpan
