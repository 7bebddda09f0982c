// Whom an outbound TLS connection trusts, and whom it expects to meet. Seen by https_client.cc
// only.
#pragma once
#include <openssl/types.h>

#include <boost/asio/ssl/context.hpp>
#include <string>

#include "channels/https_client.h"

namespace suanpan::channels {

/// Certificates are demanded, TLS 1.2 at least. Errors: kConfig.
Result<void> trust(boost::asio::ssl::context& tls, const HttpsClientOptions& options);
/// Server name and expected identity of one TLS connection. A DNS name must stand in the
/// certificate's subjectAltName (the common name no longer counts, RFC 9110 4.3.4); an address must
/// stand there as an address.
bool expect_host(SSL* tls, const Url& url);
/// Why a handshake failed: what is wrong with the certificate, if that is it.
std::string handshake_failure(SSL* tls, const boost::system::error_code& error);

}  // namespace suanpan::channels
