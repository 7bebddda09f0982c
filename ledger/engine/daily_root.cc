#include "ledger/engine/daily_root.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "ledger/base/cipher.h"
#include "ledger/base/file.h"
#include "ledger/engine/keep_setting.h"

namespace suanpan {
namespace {

constexpr std::size_t kMostKeyFileBytes = 8192;

Error io_error(const std::filesystem::path& path) {
  return fail(Errc::kIo, "{}: {}", path.string(), std::strerror(errno));
}

/// The PEM texts that follow one another in `text`.
std::vector<std::string_view> split_pem(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  std::vector<std::string_view> parts;
  for (std::size_t begin = text.find(kBegin); begin != std::string_view::npos;) {
    const std::size_t next = text.find(kBegin, begin + 1);
    parts.push_back(text.substr(begin, next - begin));
    begin = next;
  }
  return parts;
}

Result<Secret> read_secret(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return io_error(path);
  struct stat status {};
  std::string text(kMostKeyFileBytes, '\0');
  const bool stat_ok = ::fstat(fd, &status) == 0;
  const ssize_t got = ::read(fd, text.data(), text.size());
  ::close(fd);
  if (!stat_ok || got < 0) return io_error(path);
  text.resize(static_cast<std::size_t>(got));
  Secret secret(std::move(text));
  if ((status.st_mode & 077) != 0)
    return fail(Errc::kConfig, "{}: others may read the root keys; chmod 600 it", path.string());
  return secret;
}

}  // namespace

Result<RootVerifier> RootVerifier::from_pem(std::string_view pem) {
  RootVerifier verifier;
  const auto parts = split_pem(pem);
  for (const std::string_view part : parts) {
    auto ed25519 = VerifyingKey::from_pem(SignatureScheme::kEd25519, part);
    if (ed25519 && !verifier.ed25519) {
      verifier.ed25519 = std::move(ed25519.value());
      continue;
    }
    auto sm2 = VerifyingKey::from_pem(SignatureScheme::kSm2, part);
    if (!sm2 || verifier.sm2)
      return fail(Errc::kMalformed, "public keys of roots are one Ed25519 and one SM2 key in PEM");
    verifier.sm2 = std::move(sm2.value());
  }
  if (parts.empty()) return fail(Errc::kMalformed, "no public key in PEM");
  return verifier;
}

std::optional<std::string> RootVerifier::judge(const DailyRoot& root) const {
  return judge(root.message(), {root.ed25519, root.sm2});
}

std::optional<std::string> RootVerifier::judge(std::string_view message,
                                               const RootSignatures& by) const {
  if (ed25519 && !ed25519->verify(message, by.ed25519))
    return "its Ed25519 signature does not hold";
  if (sm2 && !sm2->verify(message, by.sm2)) return "its SM2 signature does not hold";
  return std::nullopt;
}

Result<RootKeys> RootKeys::open(const std::filesystem::path& file, bool create) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    if (!create)
      return fail(Errc::kNotFound,
                  "{}: the keys that sign the book's days are missing; restore them",
                  file.string());
    const RootKeys made(SigningKey::generate(SignatureScheme::kEd25519),
                        SigningKey::generate(SignatureScheme::kSm2));
    const Secret text(made.ed25519_.to_pem() + made.sm2_.to_pem());
    TRY(write_file_atomically(file.string() + ".pub", made.public_pem(), 0644));
    TRY(write_file_atomically(file, text.reveal()));
  }
  TRY(auto text, read_secret(file));
  const auto parts = split_pem(text.reveal());
  if (parts.size() != 2)
    return fail(Errc::kCorrupt, "{}: not an Ed25519 and an SM2 key in PEM", file.string());
  auto ed25519 = SigningKey::from_pem(SignatureScheme::kEd25519, parts[0]);
  auto sm2 = SigningKey::from_pem(SignatureScheme::kSm2, parts[1]);
  if (!ed25519 || !sm2)
    return fail(Errc::kCorrupt, "{}: not an Ed25519 and an SM2 key in PEM", file.string());
  const RootKeys keys(std::move(ed25519.value()), std::move(sm2.value()));
  // A key file holds the public halves beside the private ones. Where they are no pair, the book
  // would know its keys by the one and sign with the other.
  TRY(const auto verifier, RootVerifier::from_pem(keys.public_pem()));
  constexpr std::string_view kProbe = "a pair of keys";
  if (verifier.judge(kProbe, keys.sign(kProbe)))
    return fail(Errc::kCorrupt, "{}: its private keys are not those of its public keys",
                file.string());
  return keys;
}

void RootKeys::sign(DailyRoot& root) const {
  auto [ed25519, sm2] = sign(root.message());
  root.ed25519 = std::move(ed25519);
  root.sm2 = std::move(sm2);
}

RootSignatures RootKeys::sign(std::string_view message) const {
  return {ed25519_.sign(message), sm2_.sign(message)};
}

std::string RootKeys::public_pem() const {
  return ed25519_.verifying_key().to_pem() + sm2_.verifying_key().to_pem();
}

Command keep_root_keys(const RootKeys& keys) {
  const std::string pem = keys.public_pem();
  return keep_settings("root keys" + pem, {{"root_keys", id_of(pem).hex()}},
                       {{std::string(kRootKeysDocument), pem}});
}

void BalancesDigest::add(const Account& account, std::int64_t debits, std::int64_t credits,
                         std::int64_t debits_red, std::int64_t credits_red) {
  if (debits == 0 && credits == 0 && debits_red == 0 && credits_red == 0) return;
  std::string row;
  const auto put = [&row](auto value) {
    row.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  put(account.id.value);
  put(static_cast<std::uint16_t>(account.code.size()));
  row += account.code;
  put(static_cast<std::uint16_t>(account.currency));
  for (const std::int64_t total : {debits, credits, debits_red, credits_red}) put(total);
  digest_.update(row);
}

std::vector<CutDay> cut_days(const Block& block) {
  std::vector<CutDay> days;
  if (std::none_of(block.parts().begin(), block.parts().end(),
                   [](const VariablePart& part) { return part.book.has_value(); }))
    return days;
  for_each_command(block, [&](std::span<const Record> legs, const VariablePart* part) {
    const Record& first = legs.front();
    if (first.refusal == 0 && part && part->book &&
        first.command_kind == static_cast<std::uint8_t>(CommandKind::kDayCut))
      days.push_back({Date{first.date_days}, part->book->accounting_date});
  });
  return days;
}

}  // namespace suanpan
