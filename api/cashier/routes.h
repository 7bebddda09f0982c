// The payer's page of an order that was placed with QR_CASHIER. Start at page.h for what it looks
// like.
//
//   GET  /cashier/{order_id}?t=…       the page, as the order stands
//   POST /cashier/{order_id}/pay?t=…   way=WX_NATIVE → 303 back to the page, which shows the code
//
// Open to whoever holds the link: its token is the only key, and it lets a payer see and pay that
// order, nothing else. A wrong token and an unknown order look the same. The page asks no channel:
// whoever reloads it costs a look-up.
#pragma once
#include "api/router.h"
#include "api/services.h"

namespace suanpan::api::cashier {

/// Adds nothing where payments are missing. The services must outlive the router.
void add_cashier_routes(Router& router, Services& services);

}  // namespace suanpan::api::cashier
