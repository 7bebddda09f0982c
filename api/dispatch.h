// The one handler of the server: from a request to the route that answers it.
//
//   match ─▶ 404, 405 ─▶ open and Jeepay routes: straight to their handler
//     └▶ signed: credentials ─▶ key ─▶ signature, window ─▶ role ─▶ rate ─▶ nonce
//                ─▶ Idempotency-Key (routes that write) ─▶ handler
//
// The nonce comes last, so that only calls that will be served are remembered, and one that is told
// to come later (429) may come again as it is. Failures are problem documents; no exception leaves.
// Every answer is counted. Thread-safe; holds references to the router and services, which must
// outlive the server.
#pragma once
#include "api/http_server.h"
#include "api/router.h"
#include "api/services.h"

namespace suanpan::api {

HttpServer::Handler make_dispatch(const Router& router, Services& services);

/// Whether `key` is 1 to 64 visible ASCII characters: what Idempotency-Key must be.
bool valid_idempotency_key(std::string_view key);

}  // namespace suanpan::api
