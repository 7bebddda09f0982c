// The merchant API (Jeepay-compatible): its table of routes, and what every call goes through.
//
//   fields ─▶ envelope ─▶ merchant and app ─▶ signature ─▶ reqTime
//          ─▶ made for this endpoint (signed_bodies.h) ─▶ handler (call.h)
//
// Nothing is told to whom the signature does not hold, but that it does not hold. Answers are HTTP
// 200 with a code, as the official SDK wants them. Handlers run on the server's threads and never
// block: what reads the disk goes to the workers, what calls a channel answers when it has.
#pragma once
#include "api/router.h"
#include "api/services.h"

namespace suanpan::api {

/// Adds nothing where payments or settlement are missing. The services must outlive the router.
void add_jeepay_routes(Router& router, Services& services);

}  // namespace suanpan::api
