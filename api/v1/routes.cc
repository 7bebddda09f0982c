#include "api/v1/routes.h"

namespace suanpan::api::v1 {

void add_all_routes(Router& router, Services& services) {
  add_health_routes(router, services);
  add_book_routes(router, services);
  add_backup_routes(router, services);
  add_year_close_routes(router, services);
  add_chart_routes(router, services);
  add_account_routes(router, services);
  add_account_terms_routes(router, services);
  add_voucher_routes(router, services);
  add_record_routes(router, services);
  add_adjustment_routes(router, services);
  add_erasure_routes(router, services);
  add_hold_routes(router, services);
  add_reversal_routes(router, services);
  add_statement_routes(router, services);
  add_query_routes(router, services);
  add_trial_balance_routes(router, services);
  add_event_routes(router, services);
  add_event_stream_routes(router, services);
  add_webhook_routes(router, services);
  add_merchant_routes(router, services);
  add_sub_account_routes(router, services);
  add_key_routes(router, services);
  add_authority_routes(router, services);
  add_clock_routes(router, services);
  add_report_routes(router, services);
  if (services.payments) {
    add_order_routes(router, services);
    add_refund_routes(router, services);
    add_payout_routes(router, services);
  }
  if (services.settlement) {
    add_settlement_routes(router, services);
    add_fee_schedule_routes(router, services);
  }
  if (services.reconcile) {
    add_reconcile_routes(router, services);
    add_case_routes(router, services);
    add_day_report_routes(router, services);
  }
  if (services.night) add_night_routes(router, services);
}

}  // namespace suanpan::api::v1
