// The native API, a file a resource. Each function adds its resource's routes and describes their
// schemas; what a resource must keep between calls lives as long as the router.
// Handlers hand work to the workers: stop those before the router goes.
#pragma once
#include "api/router.h"
#include "api/services.h"

namespace suanpan::api::v1 {

void add_account_routes(Router& router, Services& services);
void add_account_terms_routes(Router& router, Services& services);  ///< their history
void add_adjustment_routes(Router& router, Services& services);
void add_authority_routes(Router& router, Services& services);  ///< keys, merchants, apps by two
void add_backup_routes(Router& router, Services& services);     ///< nothing without a folder
void add_book_routes(Router& router, Services& services);
void add_chart_routes(Router& router, Services& services);  ///< and roll-ups
void add_clock_routes(Router& router, Services& services);  ///< nothing without a manual clock
void add_erasure_routes(Router& router, Services& services);
void add_event_routes(Router& router, Services& services);
void add_event_stream_routes(Router& router, Services& services);
void add_health_routes(Router& router, Services& services);
void add_hold_routes(Router& router, Services& services);
void add_key_routes(Router& router, Services& services);
void add_merchant_routes(Router& router, Services& services);
void add_query_routes(Router& router, Services& services);
void add_record_routes(Router& router, Services& services);  ///< vouchers as fixed records
void add_report_routes(Router& router, Services& services);
void add_reversal_routes(Router& router, Services& services);
void add_statement_routes(Router& router, Services& services);
void add_sub_account_routes(Router& router, Services& services);
void add_trial_balance_routes(Router& router, Services& services);
void add_voucher_routes(Router& router, Services& services);  ///< with their batches
void add_voucher_batch_routes(Router& router, Services& services);
void add_webhook_routes(Router& router, Services& services);
void add_year_close_routes(Router& router, Services& services);

// Only with their service.
void add_order_routes(Router& router, Services& services);
void add_payout_routes(Router& router, Services& services);
void add_refund_routes(Router& router, Services& services);
void add_day_report_routes(Router& router, Services& services);
void add_case_routes(Router& router, Services& services);
void add_reconcile_routes(Router& router, Services& services);
void add_fee_schedule_routes(Router& router, Services& services);
void add_settlement_routes(Router& router, Services& services);
void add_night_routes(Router& router, Services& services);

/// Everything above whose service is there.
void add_all_routes(Router& router, Services& services);

}  // namespace suanpan::api::v1
