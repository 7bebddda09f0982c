#include "channels/sandbox/keys.h"

#include <fstream>
#include <iterator>

#include "ledger/base/digest.h"
#include "ledger/base/json.h"

namespace suanpan::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kValiditySeconds = 5LL * 365 * 86400;

Result<std::string> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Errc::kIo, "cannot read {}", path.string());
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// Creates the file with the owner's rights before a secret is in it.
Result<void> write_private(const fs::path& path, std::string_view content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  std::error_code failed;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, failed);
  out << content;
  out.close();
  if (!out || failed) return fail(Errc::kIo, "cannot write {}", path.string());
  return success();
}

std::string key_file(std::string_view mchid) { return fmt::format("merchant-{}-key.pem", mchid); }
std::string certificate_file(std::string_view mchid) {
  return fmt::format("merchant-{}-cert.pem", mchid);
}

/// A key pair with its certificate, both written to `dir`; returns the certificate's PEM.
Result<std::string> write_pair(const fs::path& dir, std::string_view key_name,
                               std::string_view certificate_name, std::string_view common_name,
                               Timestamp now) {
  const PrivateKey key = PrivateKey::generate_rsa2048();
  const std::string pem =
      self_signed_certificate(key, common_name, now, now.plus_seconds(kValiditySeconds));
  TRY(write_private(dir / key_name, key.to_pem()));
  TRY(write_private(dir / certificate_name, pem));
  return pem;
}

Result<void> write_all(const fs::path& dir, const std::vector<std::string>& mchids, Timestamp now) {
  TRY(auto platform,
      write_pair(dir, "platform-key.pem", "platform-cert.pem", "Sandbox platform", now));
  TRY(auto platform_certificate, Certificate::from_pem(platform));
  const PrivateKey mode_key = PrivateKey::generate_rsa2048();
  TRY(write_private(dir / "pub-key-mode-key.pem", mode_key.to_pem()));
  TRY(write_private(dir / "pub-key-mode-public.pem", mode_key.public_key().to_pem()));

  JsonWriter json;
  json.begin_object().field("platform_serial", platform_certificate.serial_hex());
  json.field("public_key_id", fmt::format("PUB_KEY_ID_01{:020}", random_id().hi));
  json.key("merchants").begin_array();
  for (const std::string& mchid : mchids) {
    TRY(auto pem, write_pair(dir, key_file(mchid), certificate_file(mchid),
                             fmt::format("Sandbox merchant {}", mchid), now));
    TRY(auto certificate, Certificate::from_pem(pem));
    json.begin_object().field("mchid", mchid).field("serial_no", certificate.serial_hex());
    json.field("api_v3_key", random_id().hex());  // 32 characters: an AES-256 key as WeChat has it
    json.field("private_key", key_file(mchid)).field("certificate", certificate_file(mchid));
    json.end_object();
  }
  json.end_array().field("bank_key", random_id().hex() + random_id().hex()).end_object();
  return write_private(dir / "keys.json", json.take());
}

}  // namespace

Result<Keys> Keys::make(const fs::path& dir, const std::vector<std::string>& mchids,
                        Timestamp now) {
  std::error_code failed;
  fs::create_directories(dir, failed);
  if (failed) return fail(Errc::kIo, "cannot create {}: {}", dir.string(), failed.message());
  // keys.json is written last: where it is, the rest is complete.
  if (!fs::exists(dir / "keys.json", failed)) {
    TRY(write_all(dir, mchids, now));
  }
  TRY(auto keys, load(dir));
  for (const std::string& mchid : mchids) {
    if (!keys.merchants.contains(mchid))
      return fail(Errc::kConfig, "{} has no keys for merchant {}", dir.string(), mchid);
  }
  return keys;
}

Result<Keys> Keys::load(const fs::path& dir) {
  TRY(auto text, read_file(dir / "keys.json"));
  TRY(auto document, JsonDocument::parse(text));
  const JsonValue root = document.root();

  TRY(auto platform_pem, read_file(dir / "platform-key.pem"));
  TRY(auto platform_key, PrivateKey::from_pem(platform_pem));
  TRY(auto platform_certificate, read_file(dir / "platform-cert.pem"));
  TRY(auto platform_serial, root.get_string("platform_serial"));
  TRY(auto mode_pem, read_file(dir / "pub-key-mode-key.pem"));
  TRY(auto mode_key, PrivateKey::from_pem(mode_pem));
  TRY(auto public_key_id, root.get_string("public_key_id"));
  TRY(auto bank_key, root.get_string("bank_key"));

  Keys keys{platform_key, platform_certificate,       platform_serial, mode_key, public_key_id,
            {},           Secret(std::move(bank_key))};
  TRY(auto merchants, root.get("merchants"));
  for (const JsonValue& merchant : merchants.elements()) {
    TRY(auto mchid, merchant.get_string("mchid"));
    TRY(auto serial, merchant.get_string("serial_no"));
    TRY(auto api_key, merchant.get_string("api_v3_key"));
    TRY(auto file, merchant.get_string("certificate"));
    TRY(auto pem, read_file(dir / fs::path(file).filename()));
    TRY(auto certificate, Certificate::from_pem(pem));
    if (api_key.size() != 32)
      return fail(Errc::kMalformed, "the APIv3 key of merchant {} is not 32 bytes", mchid);
    keys.merchants.emplace(
        mchid, MerchantKeys{certificate.public_key(), serial, Secret(std::move(api_key))});
  }
  return keys;
}

}  // namespace suanpan::sandbox
