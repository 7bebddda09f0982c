// What each part of an engine tells at a scrape. Ages are in seconds of the clock by which the part
// works: the business clock for orders, payouts and notifications.
//
//   book      queue depth, journal entries, blocks and syncs, projections' lag, disk, invariants
//   workers   jobs that wait
//   orders    open by state; those whose fate at the channel is unknown, with the oldest's age
//   outbox    notifications that wait, how late the latest is, how old the oldest
//   server    connections open, refused, dropped; deadlines that passed
//   night     steps by state, days whose night is not over
//   notifier  attempts made and failed, notifications given up
#pragma once
#include "api/http_server.h"
#include "api/metrics.h"
#include "api/night/night.h"
#include "channels/fair_workers.h"
#include "channels/notifier.h"
#include "channels/webhooks.h"
#include "ledger/engine/book.h"

namespace suanpan::api {

/// Book, orders and outbox. The references must outlive the scrapes, as below.
void watch_book(Metrics& metrics, const Book& book, const Clock& business);
void watch_workers(Metrics& metrics, const channels::FairWorkers& workers);
void watch_server(Metrics& metrics, const HttpServer& server);
void watch_night(Metrics& metrics, const night::Night& night);
void watch_notifier(Metrics& metrics, const channels::Notifier& notifier);
void watch_webhooks(Metrics& metrics, const channels::WebhookSender& sender);

}  // namespace suanpan::api
