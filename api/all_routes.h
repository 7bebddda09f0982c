// Every route that an engine serves, in one place: what serve.cc serves is what /openapi.json
// describes and what its test holds it to.
#pragma once
#include "api/router.h"
#include "api/services.h"

namespace suanpan::api {

/// The native API, the merchant API, the payer's page, the channels' notifications and
/// /openapi.json, as far as their services are there. Router and services must outlive the server.
void add_engine_routes(Router& router, Services& services);

}  // namespace suanpan::api
