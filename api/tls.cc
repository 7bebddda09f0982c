#include "api/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "ledger/base/file.h"

namespace suanpan::api {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Freer<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

Bio memory_bio(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// An encrypted key must fail: without this OpenSSL would ask for a password on the terminal.
int no_password(char*, int, int, void*) { return -1; }

int choose_http11(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                  unsigned in_size, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kOurs, sizeof kOurs - 1, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Result<void> use_chain(SSL_CTX* context, const std::string& pem) {
  const Bio bio = memory_bio(pem);
  const X509Ptr leaf(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1)
    return fail(Errc::kConfig, "TLS certificate cannot be read as PEM");
  while (X509Ptr next{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)})
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1)
      return fail(Errc::kConfig, "TLS certificate chain is not usable");
  ERR_clear_error();  // the end of the file is an error to OpenSSL
  return success();
}

Result<std::string> read_pem(const std::string& path) {
  auto text = read_file(path);
  if (!text || text.value().empty()) return fail(Errc::kConfig, "TLS file {} cannot be read", path);
  return text;
}

}  // namespace

void TlsContextDeleter::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Result<TlsIdentity> load_tls_identity(const std::string& certificate_file,
                                      const std::string& key_file) {
  TlsIdentity identity;
  TRY(identity.certificate_chain_pem, read_pem(certificate_file));
  TRY(identity.private_key_pem, read_pem(key_file));
  return identity;
}

Result<TlsContext> make_server_tls(const TlsIdentity& identity) {
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  if (!context) return fail(Errc::kConfig, "TLS cannot be initialised");
  SSL_CTX* raw = context.get();
  SSL_CTX_set_options(
      raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
    return fail(Errc::kConfig, "TLS versions or ciphers cannot be set");
  SSL_CTX_set_alpn_select_cb(raw, choose_http11, nullptr);

  TRY(use_chain(raw, identity.certificate_chain_pem));
  const Bio bio = memory_bio(identity.private_key_pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) return fail(Errc::kConfig, "TLS private key cannot be read as unencrypted PEM");
  if (SSL_CTX_use_PrivateKey(raw, key.get()) != 1 || SSL_CTX_check_private_key(raw) != 1)
    return fail(Errc::kConfig, "TLS private key does not belong to the certificate");
  return context;
}

}  // namespace suanpan::api
