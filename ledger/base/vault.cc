#include "ledger/base/vault.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/sealed_text.h"

namespace suanpan {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr std::string_view kVersion = "v1:";

Error io_error(const std::filesystem::path& path) {
  return fail(Errc::kIo, "{}: {}", path.string(), std::strerror(errno));
}

// Written beside and moved into place: a crash leaves no key or a whole one.
Result<void> make_key(const std::filesystem::path& path) {
  const std::string beside = path.string() + ".new";
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return io_error(path);
  const std::string key = random_bytes(kKeyBytes);
  const bool written =
      ::write(fd, key.data(), key.size()) == static_cast<ssize_t>(key.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(beside.c_str(), path.c_str()) != 0) return io_error(path);
  const int folder = ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return io_error(path);
  const bool synced = ::fsync(folder) == 0;
  ::close(folder);
  if (!synced) return io_error(path);
  return success();
}

// Nonces are no secret, only never the same: drawn many at a time, as the generator costs by the
// call. So a process that seals must not fork and seal on in both.
std::string next_nonce() {
  constexpr std::size_t kDrawn = 64;
  thread_local std::string drawn;
  if (drawn.empty()) drawn = random_bytes(kDrawn * kNonceBytes);
  std::string nonce = drawn.substr(drawn.size() - kNonceBytes);
  drawn.resize(drawn.size() - kNonceBytes);
  return nonce;
}

}  // namespace

Result<Vault> Vault::open(const std::filesystem::path& path, bool create) {
  TRY(auto vault, open_key(path, create));
  TRY(vault.open_subjects(create));
  return vault;
}

Result<Vault> Vault::open_key(const std::filesystem::path& path, bool create) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    if (!create)
      return fail(Errc::kNotFound,
                  "{}: the vault key is missing; what it sealed opens with no other, restore it",
                  path.string());
    TRY(make_key(path));
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return io_error(path);
  struct stat status {};
  std::string key(kKeyBytes + 1, '\0');
  const bool stat_ok = ::fstat(fd, &status) == 0;
  const ssize_t got = ::read(fd, key.data(), key.size());
  ::close(fd);
  if (!stat_ok || got < 0) return io_error(path);
  if ((status.st_mode & 077) != 0)
    return fail(Errc::kConfig, "{}: others may read the vault key; chmod 600 it", path.string());
  if (got != static_cast<ssize_t>(kKeyBytes))
    return fail(Errc::kCorrupt, "{}: a vault key has 32 bytes", path.string());
  key.resize(kKeyBytes);
  return Vault(path, Secret(std::move(key)));
}

Result<void> Vault::open_subjects(bool create) {
  TRY(subjects_, SubjectKeys::open(key_file_, key_, check_value(), create));
  return success();
}

SubjectKeys& Vault::subjects() const {
  CHECK_OR_DIE(subjects_, "the keys of persons are not open");
  return *subjects_;
}

std::string Vault::seal(std::string_view context, std::string_view plaintext) const {
  const std::string nonce = random_bytes(kNonceBytes);
  return std::string(kVersion) +
         base64(nonce + encrypt_aes_gcm(key_.reveal(), nonce, context, plaintext));
}

Result<Secret> Vault::unseal(std::string_view context, std::string_view sealed) const {
  if (!sealed.starts_with(kVersion))
    return fail(Errc::kMalformed, "a sealed text of an unknown version");
  const auto bytes = from_base64(sealed.substr(kVersion.size()));
  if (!bytes || bytes->size() < kNonceBytes)
    return fail(Errc::kMalformed, "a sealed text is cut off");
  const std::string_view all = *bytes;
  TRY(auto plaintext,
      decrypt_aes_gcm(key_.reveal(), all.substr(0, kNonceBytes), context, all.substr(kNonceBytes)));
  return Secret(std::move(plaintext));
}

Id128 Vault::subject_index(std::string_view kind, std::string_view identifier) const {
  const auto index = Id128::from_hex(blind(fmt::format("subject|{}", kind), identifier));
  CHECK_OR_DIE(index, "a digest is no id");
  return *index;
}

std::string Vault::seal_under(const SubjectKey& key, std::string_view context,
                              std::string_view plaintext) {
  const std::string nonce = next_nonce();
  return fmt::format("{}{}:{}", kSealedPrefix, key.name,
                     base64(nonce + encrypt_aes_gcm(key.key.reveal(), nonce, context, plaintext)));
}

Result<std::optional<Secret>> Vault::unseal_under(std::string_view context,
                                                  std::string_view sealed) const {
  const auto name = sealed_key_name(sealed);
  if (!name) return fail(Errc::kMalformed, "a sealed text of an unknown version");
  const auto bytes = from_base64(sealed.substr(kSealedPrefix.size() + name->size() + 1));
  if (!bytes || bytes->size() < kNonceBytes)
    return fail(Errc::kMalformed, "a sealed text is cut off");
  TRY(const auto key, subjects_->key(*name));
  if (!key) return std::optional<Secret>{};
  const std::string_view all = *bytes;
  TRY(auto plaintext,
      decrypt_aes_gcm(key->reveal(), all.substr(0, kNonceBytes), context, all.substr(kNonceBytes)));
  return std::optional<Secret>(Secret(std::move(plaintext)));
}

std::string Vault::blind(std::string_view context, std::string_view value) const {
  std::string message(context);
  message.push_back('\0');
  message += value;
  const Sha256 digest = hmac_sha256(key_.reveal(), message);
  return hex_lower(std::span(digest).first(16));
}

}  // namespace suanpan
