// Server side TLS set-up: who we are and what we accept. TLS 1.2 and 1.3, forward secrecy and
// authenticated ciphers only, HTTP/1.1 by ALPN, no renegotiation. Client certificates are not asked
// for: callers are known by their signatures.
#pragma once
#include <memory>
#include <string>

#include "ledger/base/result.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace suanpan::api {

/// A certificate with its chain, leaf first, and the leaf's private key, both PEM.
struct TlsIdentity {
  std::string certificate_chain_pem;
  std::string private_key_pem;
};

/// Reads both files. Errors: kConfig, naming the file and never quoting it.
Result<TlsIdentity> load_tls_identity(const std::string& certificate_file,
                                      const std::string& key_file);

struct TlsContextDeleter {
  void operator()(ssl_ctx_st* context) const;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, TlsContextDeleter>;

/// Errors: kConfig if the certificate or the key cannot be read, or do not belong together.
Result<TlsContext> make_server_tls(const TlsIdentity& identity);

}  // namespace suanpan::api
