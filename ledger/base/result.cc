#include "ledger/base/result.h"

namespace suanpan {

const char* name_of(Errc code) {
  switch (code) {
    case Errc::kMalformed:
      return "malformed";
    case Errc::kTooLarge:
      return "too_large";
    case Errc::kMismatch:
      return "mismatch";
    case Errc::kNotFound:
      return "not_found";
    case Errc::kBadSignature:
      return "bad_signature";
    case Errc::kUnsupported:
      return "unsupported";
    case Errc::kLocked:
      return "locked";
    case Errc::kCorrupt:
      return "corrupt";
    case Errc::kIo:
      return "io";
    case Errc::kTimeout:
      return "timeout";
    case Errc::kUnavailable:
      return "unavailable";
    case Errc::kConfig:
      return "config";
    case Errc::kArchived:
      return "archived";
  }
  return "unknown";
}

}  // namespace suanpan
