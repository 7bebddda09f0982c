#include "ledger/base/signature.h"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/openssl_pem.h"

namespace suanpan {

using namespace openssl;

namespace {

constexpr int kMinRsaBits = 2048;

using X509Pointer = std::unique_ptr<X509, Free<X509_free>>;

unsigned char* out(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

Result<void> check_rsa(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") != 1) return fail(Errc::kUnsupported, "not an RSA key");
  if (EVP_PKEY_get_bits(key) < kMinRsaBits)
    return fail(Errc::kUnsupported, "an RSA key of fewer than {} bits", kMinRsaBits);
  return success();
}

bool use_oaep_sha1(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha1()) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha1()) == 1;
}

/// A moment of a certificate; beyond what a Timestamp holds it is the first or last one.
Timestamp timestamp_of(const ASN1_TIME* time) {
  std::tm parts{};
  CHECK_OR_DIE(ASN1_TIME_to_tm(time, &parts) == 1, "a certificate with a broken time was let in");
  const auto date = Date::of(parts.tm_year + 1900, static_cast<unsigned>(parts.tm_mon + 1),
                             static_cast<unsigned>(parts.tm_mday));
  CHECK_OR_DIE(date.has_value(), "a certificate with a broken date was let in");
  const std::int64_t seconds =
      std::int64_t{date->days} * 86'400 + parts.tm_hour * 3'600 + parts.tm_min * 60 + parts.tm_sec;
  std::int64_t ns = 0;
  if (__builtin_mul_overflow(seconds, std::int64_t{1'000'000'000}, &ns))
    return {seconds < 0 ? std::numeric_limits<std::int64_t>::min()
                        : std::numeric_limits<std::int64_t>::max()};
  return {ns};
}

bool is_readable(const ASN1_TIME* time) {
  std::tm parts{};
  return time != nullptr && ASN1_TIME_to_tm(time, &parts) == 1 &&
         Date::of(parts.tm_year + 1900, static_cast<unsigned>(parts.tm_mon + 1),
                  static_cast<unsigned>(parts.tm_mday));
}

}  // namespace

struct PrivateKey::State {
  Key key;
};
struct PublicKey::State {
  Key key;
};
struct Certificate::State {
  X509Pointer x509;
};

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  const Bio bio = reader(pem);
  Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
  if (!key) return quiet(fail(Errc::kMalformed, "not an unencrypted private key in PEM"));
  TRY(check_rsa(key.get()));
  return PrivateKey(std::make_shared<const State>(State{std::move(key)}));
}

PrivateKey PrivateKey::generate_rsa2048() {
  Key key(EVP_RSA_gen(2048));
  CHECK_OR_DIE(key != nullptr, "OpenSSL: no RSA key was generated");
  return PrivateKey(std::make_shared<const State>(State{std::move(key)}));
}

std::string PrivateKey::to_pem() const {
  return written([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, state_->key.get(), nullptr, nullptr, 0, nullptr,
                                         nullptr);
  });
}

std::string PrivateKey::sign_sha256(std::string_view message) const {
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY* const key = state_->key.get();
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  std::size_t size = signature.size();
  CHECK_OR_DIE(
      context != nullptr &&
          EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key, nullptr) ==
              1 &&
          EVP_DigestSign(context.get(), out(signature), &size, in(message), message.size()) == 1,
      "OpenSSL: signing failed");
  signature.resize(size);
  return signature;
}

Result<std::string> PrivateKey::decrypt_oaep(std::string_view ciphertext) const {
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, state_->key.get(), nullptr));
  CHECK_OR_DIE(context != nullptr && EVP_PKEY_decrypt_init(context.get()) == 1 &&
                   use_oaep_sha1(context.get()),
               "OpenSSL: OAEP is not available");
  std::string plaintext(static_cast<std::size_t>(EVP_PKEY_get_size(state_->key.get())), '\0');
  std::size_t size = plaintext.size();
  if (EVP_PKEY_decrypt(context.get(), out(plaintext), &size, in(ciphertext), ciphertext.size()) !=
      1) {
    OPENSSL_cleanse(plaintext.data(), plaintext.size());
    return quiet(fail(Errc::kBadSignature, "OAEP: the ciphertext is not one for this key"));
  }
  OPENSSL_cleanse(plaintext.data() + size, plaintext.size() - size);
  plaintext.resize(size);
  return plaintext;
}

PublicKey PrivateKey::public_key() const {
  // A key of its own, so that a public key does not keep the private parts alive.
  const Bio bio(BIO_new(BIO_s_mem()));
  CHECK_OR_DIE(bio != nullptr && i2d_PUBKEY_bio(bio.get(), state_->key.get()) == 1,
               "OpenSSL: no public key");
  Key key(d2i_PUBKEY_bio(bio.get(), nullptr));
  CHECK_OR_DIE(key != nullptr, "OpenSSL: no public key");
  return PublicKey(std::make_shared<const PublicKey::State>(PublicKey::State{std::move(key)}));
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  const Bio bio = reader(pem);
  Key key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
  if (!key) return quiet(fail(Errc::kMalformed, "not a public key in PEM"));
  TRY(check_rsa(key.get()));
  return PublicKey(std::make_shared<const State>(State{std::move(key)}));
}

std::string PublicKey::to_pem() const {
  return written([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, state_->key.get()); });
}

bool PublicKey::verify_sha256(std::string_view message, std::string_view signature) const {
  const DigestContext context(EVP_MD_CTX_new());
  CHECK_OR_DIE(
      context != nullptr && EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr,
                                                    nullptr, state_->key.get(), nullptr) == 1,
      "OpenSSL: verification is not available");
  return quiet(EVP_DigestVerify(context.get(), in(signature), signature.size(), in(message),
                                message.size()) == 1);
}

Result<Certificate> Certificate::from_pem(std::string_view pem) {
  const Bio bio = reader(pem);
  X509Pointer x509(bio ? PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
  if (!x509) return quiet(fail(Errc::kMalformed, "not a certificate in PEM"));
  if (!is_readable(X509_get0_notBefore(x509.get())) || !is_readable(X509_get0_notAfter(x509.get())))
    return quiet(fail(Errc::kMalformed, "a certificate with a broken time"));
  const EVP_PKEY* const key = X509_get0_pubkey(x509.get());
  if (key == nullptr) return quiet(fail(Errc::kMalformed, "a certificate with a broken key"));
  TRY(check_rsa(key));
  return Certificate(std::make_shared<const State>(State{std::move(x509)}));
}

std::string Certificate::serial_hex() const {
  const std::unique_ptr<BIGNUM, Free<BN_free>> serial(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(state_->x509.get()), nullptr));
  CHECK_OR_DIE(serial != nullptr, "OpenSSL: no serial number");
  char* const text = BN_bn2hex(serial.get());
  CHECK_OR_DIE(text != nullptr, "OpenSSL: no serial number");
  std::string hex(text);
  OPENSSL_free(text);
  return hex;
}

Timestamp Certificate::not_before() const {
  return timestamp_of(X509_get0_notBefore(state_->x509.get()));
}
Timestamp Certificate::not_after() const {
  return timestamp_of(X509_get0_notAfter(state_->x509.get()));
}

PublicKey Certificate::public_key() const {
  Key key(X509_get_pubkey(state_->x509.get()));
  CHECK_OR_DIE(key != nullptr, "a certificate without a key was let in");
  return PublicKey(std::make_shared<const PublicKey::State>(PublicKey::State{std::move(key)}));
}

std::string Certificate::to_pem() const {
  return written([&](BIO* bio) { return PEM_write_bio_X509(bio, state_->x509.get()); });
}

namespace {

void set_serial(X509* x509) {
  std::string bytes = random_bytes(16);
  // RFC 5280 wants a positive serial; the top bit would make OpenSSL add a zero byte in front.
  bytes[0] = static_cast<char>((bytes[0] & 0x3f) | 0x40);
  const std::unique_ptr<BIGNUM, Free<BN_free>> number(
      BN_bin2bn(in(bytes), static_cast<int>(bytes.size()), nullptr));
  CHECK_OR_DIE(
      number != nullptr && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x509)) != nullptr,
      "OpenSSL: no serial number");
}

void set_names(X509* x509, std::string_view common_name) {
  X509_NAME* const name = X509_get_subject_name(x509);
  CHECK_OR_DIE(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, in(common_name),
                                          static_cast<int>(common_name.size()), -1, 0) == 1 &&
                   X509_set_issuer_name(x509, name) == 1,
               "OpenSSL: no such subject name");
}

void add_subject_alt_name(X509* x509, const std::string& dns_name) {
  const std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>> names(GENERAL_NAMES_new());
  GENERAL_NAME* const name = GENERAL_NAME_new();
  CHECK_OR_DIE(names != nullptr && name != nullptr && sk_GENERAL_NAME_push(names.get(), name) > 0,
               "no memory for a certificate");
  if (ASN1_OCTET_STRING* const address = a2i_IPADDRESS(dns_name.c_str())) {
    GENERAL_NAME_set0_value(name, GEN_IPADD, address);
  } else {
    ASN1_IA5STRING* const text = ASN1_IA5STRING_new();
    CHECK_OR_DIE(text != nullptr &&
                     ASN1_STRING_set(text, dns_name.data(), static_cast<int>(dns_name.size())) == 1,
                 "no memory for a certificate");
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
  }
  CHECK_OR_DIE(X509_add1_ext_i2d(x509, NID_subject_alt_name, names.get(), 0, 0) == 1,
               "OpenSSL: no subjectAltName");
}

}  // namespace

std::string self_signed_certificate(const PrivateKey& key, std::string_view common_name,
                                    Timestamp not_before, Timestamp not_after,
                                    std::string_view dns_name) {
  const X509Pointer x509(X509_new());
  CHECK_OR_DIE(x509 != nullptr && X509_set_version(x509.get(), X509_VERSION_3) == 1,
               "no memory for a certificate");
  set_serial(x509.get());
  set_names(x509.get(), common_name);
  CHECK_OR_DIE(ASN1_TIME_set(X509_getm_notBefore(x509.get()), not_before.seconds()) != nullptr &&
                   ASN1_TIME_set(X509_getm_notAfter(x509.get()), not_after.seconds()) != nullptr,
               "OpenSSL: no such validity");
  EVP_PKEY* const pair = key.state_->key.get();
  CHECK_OR_DIE(X509_set_pubkey(x509.get(), pair) == 1, "OpenSSL: no public key");
  if (!dns_name.empty()) add_subject_alt_name(x509.get(), std::string(dns_name));
  CHECK_OR_DIE(X509_sign(x509.get(), pair, EVP_sha256()) > 0, "OpenSSL: signing failed");
  ERR_clear_error();
  return written([&](BIO* bio) { return PEM_write_bio_X509(bio, x509.get()); });
}

}  // namespace suanpan
