// Binds a signature to the endpoint that it was first accepted at. Jeepay signs fields only, so a
// body that was made to ask for an order could be sent to close it by whoever got hold of it.
//
//   - A body with a field that belongs to another endpoint is refused (requests.h, foreign_field):
//     an order, refund or transfer fits nowhere but where it was made for.
//   - What is left are the bodies of queries and of close, which name an order and nothing else.
//     Their signatures are remembered with their endpoint for as long as their reqTime is accepted:
//     at another endpoint the same body is refused, at the same one it is a retry.
//
// Limits. A body that is sent somewhere else before it has arrived where it was made for cannot be
// told apart: TLS keeps it from others. The memory is lost with the process, so a close that was
// signed before the process started is refused, and its client signs it anew; one whose clock is
// slow waits that much longer after a restart. At most kMaxKept signatures are kept; beyond that
// the minute of reqTime that is furthest back is forgotten first.
//
// Thread-safe. About 60 bytes a signature.
#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "api/jeepay/requests.h"
#include "ledger/base/ids.h"

namespace suanpan::api::jeepay {

class SignedBodies {
 public:
  static constexpr std::size_t kMaxKept = 500'000;

  /// `started` is when the process began to accept, by the clock that reqTime is held against.
  explicit SignedBodies(Timestamp started, std::size_t max_kept = kMaxKept)
      : started_(started), max_kept_(max_kept) {}

  enum class Verdict : std::uint8_t {
    kFresh,
    kAgain,      ///< the same body at the same endpoint
    kElsewhere,  ///< the same body was accepted at another endpoint
    kTooOld,     ///< a close signed before the process started
  };
  /// Asks for a body whose signature and reqTime have held; remembers it if it is fresh. `sign` in
  /// either case of letters.
  Verdict accept(Endpoint endpoint, std::string_view app_id, std::string_view sign,
                 Timestamp req_time, std::int64_t window_ms, Timestamp now);

  std::size_t size() const;

 private:
  struct Minute {
    Timestamp until;  ///< after this none of its bodies is accepted any more
    std::unordered_map<Id128, Endpoint> endpoints;
  };
  void forget(Timestamp now);

  const Timestamp started_;
  const std::size_t max_kept_;
  mutable std::mutex mutex_;
  std::map<std::int64_t, Minute> minutes_;  ///< by reqTime
  std::size_t size_ = 0;
};

}  // namespace suanpan::api::jeepay
