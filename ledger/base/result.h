// Result<T>: a value or an error, and a compiler warning when it is ignored.
//
// Three kinds of failure are kept apart. A refusal (core/refusal.h) is an answer of the business.
// An Error (here) is input that cannot be believed or an I/O failure, translated at the edge.
// A bug is a CHECK. Exceptions stop at thread and coroutine roots.
#pragma once
#include <fmt/format.h>

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/try.hpp>
#include <cstdint>
#include <string>
#include <utility>

namespace suanpan {

enum class Errc : std::uint16_t {
  kMalformed = 1,     ///< the bytes are not what their format promises
  kTooLarge = 2,      ///< beyond a limit of base/limits.h
  kMismatch = 3,      ///< well formed, but contradicts itself or what was expected (totals, hash)
  kNotFound = 4,      ///< a thing that must exist does not
  kBadSignature = 5,  ///< a signature, tag or digest does not hold
  kUnsupported = 6,   ///< understood, and not handled (algorithm, newer format version)
  kLocked = 7,        ///< another process owns it
  kCorrupt = 8,       ///< our own stored bytes are damaged
  kIo = 9,            ///< the operating system or the network failed
  kTimeout = 10,      ///< no answer within the deadline: the outcome is unknown
  kUnavailable = 11,  ///< definitely not accepted; may be retried
  kConfig = 12,       ///< settings are missing or contradictory
  kArchived = 13,     ///< it was there, and lies in the archive now (engine/purge_book.h)
};

/// The name of a code, for logs and problem documents: "malformed".
const char* name_of(Errc code);

/// What went wrong, in a sentence that an operator can act on. Never holds secrets.
struct Error {
  Errc code;
  std::string message;
};

template <class T, class E = Error>
using Result = boost::outcome_v2::basic_result<T, E, boost::outcome_v2::policy::terminate>;

template <class... Args>
Error fail(Errc code, fmt::format_string<Args...> format, Args&&... args) {
  return Error{code, fmt::format(format, std::forward<Args>(args)...)};
}

inline auto success() { return boost::outcome_v2::success(); }

}  // namespace suanpan

/// TRY(expr) returns the error of expr to the caller; TRY(auto x, expr) also binds the value. It is
/// several statements: give it braces under an `if`.
#define TRY(...) BOOST_OUTCOME_TRY(__VA_ARGS__)
