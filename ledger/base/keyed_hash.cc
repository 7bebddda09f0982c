#include "ledger/base/keyed_hash.h"

#include <sys/random.h>

#include "ledger/base/check.h"

namespace suanpan {

// Asks the kernel: OpenSSL may not be set up yet when this is called.
HashKey HashKey::draw() {
  HashKey key;
  const ssize_t drawn = ::getrandom(key.words, sizeof key.words, 0);
  CHECK_OR_DIE(drawn == static_cast<ssize_t>(sizeof key.words),
               "the system's random source does not work");
  return key;
}

}  // namespace suanpan
