#include "channels/https_client_tls.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/buffer.hpp>

namespace suanpan::channels {

namespace net = boost::asio;
namespace ssl = net::ssl;
using boost::system::error_code;

bool expect_host(SSL* tls, const Url& url) {
  X509_VERIFY_PARAM* expected = SSL_get0_param(tls);
  X509_VERIFY_PARAM_set_hostflags(
      expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (url.host_is_address()) return X509_VERIFY_PARAM_set1_ip_asc(expected, url.host.c_str()) == 1;
  return X509_VERIFY_PARAM_set1_host(expected, url.host.data(), url.host.size()) == 1 &&
         SSL_set_tlsext_host_name(tls, url.host.c_str()) == 1;
}

std::string handshake_failure(SSL* tls, const error_code& error) {
  const long verdict = SSL_get_verify_result(tls);
  return verdict == X509_V_OK ? error.message() : X509_verify_cert_error_string(verdict);
}

Result<void> trust(ssl::context& tls, const HttpsClientOptions& options) {
  error_code error;
  tls.set_options(ssl::context::default_workarounds | ssl::context::no_compression);
  tls.set_verify_mode(ssl::verify_peer, error);
  if (error || SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION) != 1)
    return fail(Errc::kConfig, "TLS cannot be set up");
  if (options.ca_file.empty() && options.ca_pem.empty()) {
    tls.set_default_verify_paths(error);
    if (error) return fail(Errc::kConfig, "the system's CA certificates cannot be read");
  }
  if (!options.ca_file.empty()) tls.load_verify_file(options.ca_file, error);
  if (error) return fail(Errc::kConfig, "CA file {} cannot be read", options.ca_file);
  if (!options.ca_pem.empty())
    tls.add_certificate_authority(net::buffer(options.ca_pem.data(), options.ca_pem.size()), error);
  if (error) return fail(Errc::kConfig, "CA certificate cannot be read as PEM");
  return success();
}

}  // namespace suanpan::channels
