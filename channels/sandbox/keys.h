// The sandbox's key material: WeChat's platform key with its certificate, the key of public-key
// mode, a key pair and an APIv3 key per merchant, and the secret shared with the bank.
//
// In a directory it looks like this (the engine reads the same files):
//   keys.json                    serials, file names, APIv3 keys, the bank's secret; see below
//   platform-key.pem             the sandbox's; the engine has no use for it
//   platform-cert.pem            to verify answers in certificate mode
//   pub-key-mode-key.pem         the sandbox's
//   pub-key-mode-public.pem      to verify answers in public-key mode
//   merchant-<mchid>-key.pem     what the merchant signs requests with
//   merchant-<mchid>-cert.pem    its certificate, whose serial goes into Authorization
//
//   keys.json = {"platform_serial": "…", "public_key_id": "PUB_KEY_ID_…",
//                "merchants": [{"mchid", "serial_no", "api_v3_key", "private_key", "certificate"}],
//                "bank_key": "…"}          ("private_key", "certificate": file names)
//
// These keys guard play money; they are still written readable by the owner only.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "ledger/base/cipher.h"
#include "ledger/base/result.h"
#include "ledger/base/signature.h"

namespace suanpan::sandbox {

struct MerchantKeys {
  PublicKey public_key;  ///< verifies the merchant's requests
  std::string serial;    ///< of the merchant's certificate, upper-case hexadecimal
  Secret api_v3_key;     ///< 32 bytes: encrypts notifications and certificates
};

/// Immutable once made; may be shared by threads.
struct Keys {
  PrivateKey platform_key;
  std::string platform_certificate_pem;
  std::string platform_serial;
  PrivateKey public_key_mode_key;
  std::string public_key_id;                                   ///< PUB_KEY_ID_ and digits
  std::map<std::string, MerchantKeys, std::less<>> merchants;  ///< by mchid
  Secret bank_key;

  /// Makes keys for these merchants, writes them to `dir` (created if missing) and returns them.
  /// Certificates are valid for five years from `now`. Keys already there are loaded instead, so
  /// that a restart keeps the engine's configuration good.
  /// Errors: kIo; kConfig if existing keys lack one of the merchants; those of load.
  static Result<Keys> make(const std::filesystem::path& dir, const std::vector<std::string>& mchids,
                           Timestamp now);
  /// Reads what make() wrote. Errors: kIo for a file that cannot be read, kMalformed.
  static Result<Keys> load(const std::filesystem::path& dir);
};

}  // namespace suanpan::sandbox
