#include "ledger/base/cipher.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <limits>
#include <memory>

#include "ledger/base/check.h"

namespace suanpan {
namespace {

constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kNonceBytes = 12;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

Context new_context() {
  Context context(EVP_CIPHER_CTX_new());
  CHECK_OR_DIE(context != nullptr, "no memory for a cipher");
  return context;
}

const EVP_CIPHER* fetch(const char* name) {
  const EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, name, nullptr);
  CHECK_OR_DIE(cipher != nullptr, "OpenSSL offers no {}", name);
  return cipher;
}

/// The cipher of a key length, or null if there is none.
const EVP_CIPHER* gcm_of(std::size_t key_bytes) {
  static const EVP_CIPHER* const aes_128 = fetch("AES-128-GCM");
  static const EVP_CIPHER* const aes_256 = fetch("AES-256-GCM");
  return key_bytes == 16 ? aes_128 : key_bytes == 32 ? aes_256 : nullptr;
}

const unsigned char* in(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* out(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

/// OpenSSL counts in int.
bool fits(std::string_view bytes) {
  return bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()) - kTagBytes;
}

}  // namespace

std::string encrypt_aes_gcm(std::string_view key, std::string_view nonce,
                            std::string_view associated_data, std::string_view plaintext) {
  const EVP_CIPHER* const cipher = gcm_of(key.size());
  CHECK_OR_DIE(cipher != nullptr && nonce.size() == kNonceBytes,
               "AES-GCM takes a key of 16 or 32 bytes and a nonce of 12, not {} and {}", key.size(),
               nonce.size());
  CHECK_OR_DIE(fits(plaintext) && fits(associated_data), "AES-GCM: text too long");
  const Context context = new_context();
  std::string ciphertext(plaintext.size() + kTagBytes, '\0');
  int written = 0;
  bool ok = EVP_EncryptInit_ex2(context.get(), cipher, in(key), in(nonce), nullptr) == 1;
  ok = ok && EVP_EncryptUpdate(context.get(), nullptr, &written, in(associated_data),
                               static_cast<int>(associated_data.size())) == 1;
  ok = ok && EVP_EncryptUpdate(context.get(), out(ciphertext), &written, in(plaintext),
                               static_cast<int>(plaintext.size())) == 1;
  ok = ok && EVP_EncryptFinal_ex(context.get(), out(ciphertext) + plaintext.size(), &written) == 1;
  ok = ok && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes,
                                 out(ciphertext) + plaintext.size()) == 1;
  CHECK_OR_DIE(ok, "AES-GCM: encryption failed");
  return ciphertext;
}

Result<std::string> decrypt_aes_gcm(std::string_view key, std::string_view nonce,
                                    std::string_view associated_data, std::string_view ciphertext) {
  const EVP_CIPHER* const cipher = gcm_of(key.size());
  if (cipher == nullptr) return fail(Errc::kMalformed, "AES-GCM: the key is not 16 or 32 bytes");
  if (nonce.size() != kNonceBytes) return fail(Errc::kMalformed, "AES-GCM: nonce not of 12 bytes");
  if (ciphertext.size() < kTagBytes) return fail(Errc::kMalformed, "AES-GCM: shorter than its tag");
  if (!fits(ciphertext) || !fits(associated_data))
    return fail(Errc::kMalformed, "AES-GCM: text too long");
  const std::string_view body = ciphertext.substr(0, ciphertext.size() - kTagBytes);
  std::string tag(ciphertext.substr(body.size()));
  const Context context = new_context();
  std::string plaintext(body.size(), '\0');
  int written = 0;
  bool ok = EVP_DecryptInit_ex2(context.get(), cipher, in(key), in(nonce), nullptr) == 1;
  ok = ok && EVP_DecryptUpdate(context.get(), nullptr, &written, in(associated_data),
                               static_cast<int>(associated_data.size())) == 1;
  ok = ok && EVP_DecryptUpdate(context.get(), out(plaintext), &written, in(body),
                               static_cast<int>(body.size())) == 1;
  ok = ok && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1;
  ok = ok && EVP_DecryptFinal_ex(context.get(), out(plaintext) + body.size(), &written) == 1;
  if (!ok) {
    OPENSSL_cleanse(plaintext.data(), plaintext.size());
    return fail(Errc::kBadSignature, "AES-GCM: the tag does not hold");
  }
  return plaintext;
}

// A short string lives inside its object and moving it leaves the bytes behind, so the whole
// capacity is wiped, of moved-from strings too.
void Secret::wipe(std::string& value) {
  value.resize(value.capacity());
  OPENSSL_cleanse(value.data(), value.size());
  value.clear();
}

Secret::Secret(std::string value) : value_(std::move(value)) { wipe(value); }

Secret& Secret::operator=(const Secret& other) {
  if (this == &other) return *this;
  std::string copy = other.value_;
  wipe(value_);
  value_ = std::move(copy);
  wipe(copy);
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe(value_);
  value_ = std::move(other.value_);
  wipe(other.value_);
  return *this;
}

Secret::~Secret() { wipe(value_); }

}  // namespace suanpan
