// What the two users of OpenSSL's keys share: owning pointers, and PEM in and out. For .cc files of
// this folder only.
#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "ledger/base/check.h"

namespace suanpan::openssl {

/// A deleter that calls one of OpenSSL's free functions.
template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;

inline const unsigned char* in(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

/// A read-only BIO over `text`, which must outlive it; null if it is too long for OpenSSL.
inline Bio reader(std::string_view text) {
  if (text.size() > std::numeric_limits<int>::max()) return nullptr;
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// What a PEM writer wrote. The BIO's own copy is wiped: it may be a private key.
template <class Write>
std::string written(Write write) {
  const Bio bio(BIO_new(BIO_s_secmem()));
  CHECK_OR_DIE(bio != nullptr && write(bio.get()) == 1, "OpenSSL: writing PEM failed");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  std::string text(data, static_cast<std::size_t>(size));
  OPENSSL_cleanse(data, static_cast<std::size_t>(size));
  return text;
}

/// Answers OpenSSL's question for a passphrase with "none", instead of asking at the terminal.
inline int no_passphrase(char*, int, int, void*) { return -1; }

/// OpenSSL leaves its complaints in a queue of the thread, where they would be found by whoever
/// looks next (a TLS connection, say).
template <class T>
T quiet(T value) {
  ERR_clear_error();
  return value;
}

}  // namespace suanpan::openssl
