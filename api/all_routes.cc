#include "api/all_routes.h"

#include "api/cashier/routes.h"
#include "api/channel_routes.h"
#include "api/jeepay/routes.h"
#include "api/openapi.h"
#include "api/v1/routes.h"

namespace suanpan::api {

void add_engine_routes(Router& router, Services& services) {
  v1::add_all_routes(router, services);
  add_jeepay_routes(router, services);
  if (services.payments) {
    cashier::add_cashier_routes(router, services);
    add_channel_routes(router, *services.payments);
  }
  add_openapi_route(router);
}

}  // namespace suanpan::api
