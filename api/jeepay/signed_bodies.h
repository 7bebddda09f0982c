// Binds a signature to the endpoint that it was first accepted at. Jeepay signs fields only, so a
// body that was made to ask for an order could be sent to close it by whoever got hold of it.
//
//   - A body with a field that belongs to another endpoint is refused (requests.h, foreign_field):
//     an order, refund or transfer fits nowhere but where it was made for.
//   - What is left are the bodies of queries and of close, which name an order and nothing else.
//     Their signatures are remembered with their endpoint for as long as their reqTime is accepted:
//     at another endpoint the same body is refused, at the same one it is a retry.
//
// A restart. The memory is lost with the process, so a close is refused if its body could have been
// accepted before: signed before the start, or, where the app's clock ran ahead of ours, not after
// the app's mark (ahead_marks.h). Its client signs it anew.
//
// Limits. A body that is sent somewhere else before it has arrived where it was made for cannot be
// told apart: TLS keeps it from others. At most kMaxKeptPerApp signatures of an app are kept;
// beyond that its own minute of reqTime that is furthest back is forgotten first, and no other
// app's.
//
// Thread-safe. About 60 bytes a signature, 3 MB a full app; apps are made by two people.
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
  static constexpr std::size_t kMaxKeptPerApp = 50'000;

  /// `started` is when the process began to accept, by the clock that reqTime is held against.
  explicit SignedBodies(Timestamp started, std::size_t max_kept_per_app = kMaxKeptPerApp)
      : started_(started), max_kept_(max_kept_per_app) {}

  enum class Verdict : std::uint8_t {
    kFresh,
    kAgain,      ///< the same body at the same endpoint
    kElsewhere,  ///< the same body was accepted at another endpoint
    kTooOld,     ///< a close that an earlier process could have accepted as something else
  };
  /// What has been accepted, and until when it would be.
  struct Signed {
    std::string_view app_id;
    std::string_view sign;  ///< in either case of letters
    Timestamp req_time;
    std::int64_t window_ms = 0;
    Timestamp mark;  ///< up to it an earlier process may have accepted bodies of this app
  };
  /// Asks for a body whose signature and reqTime have held; remembers it if it is fresh.
  Verdict accept(Endpoint endpoint, const Signed& body, Timestamp now);

  std::size_t size() const;

 private:
  struct Minute {
    Timestamp until;  ///< after this none of its bodies is accepted any more
    std::unordered_map<Id128, Endpoint> endpoints;
  };
  struct App {
    std::map<std::int64_t, Minute> minutes;  ///< by reqTime
    std::size_t size = 0;
    void forget_first();
  };
  void forget(Timestamp now);

  const Timestamp started_;
  const std::size_t max_kept_;
  mutable std::mutex mutex_;
  std::map<std::string, App, std::less<>> apps_;
  std::int64_t swept_minute_ = INT64_MIN;
};

}  // namespace suanpan::api::jeepay
