#include "api/metric_sources.h"

#include <set>

#include "ledger/core/order.h"

namespace suanpan::api {
namespace {

std::vector<DocumentPtr> open_documents(const Book& book, DocumentKind kind) {
  return book.read([&](const State& state, std::uint64_t) { return state.open_documents(kind); });
}

/// How many there are, and how long ago the oldest was made.
struct Waiting {
  std::size_t count = 0;
  double oldest_s = 0;
  void take(Timestamp made_at, Timestamp now) {
    ++count;
    oldest_s = std::max(oldest_s, static_cast<double>(now.seconds() - made_at.seconds()));
  }
};

void tell_book(const Book& book, Samples& to) {
  const BookStatistics s = book.statistics();
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  to.gauge("suanpan_book_last_seq", "The last durable journal entry", number(s.last_seq));
  to.counter("suanpan_book_blocks_total", "Blocks made durable since opening", number(s.blocks));
  // The journal makes exactly one synced write a block; the head file's are not counted.
  to.counter("suanpan_book_syncs_total", "Synced journal writes since opening, one a block",
             number(s.blocks));
  to.counter("suanpan_book_records_total", "Journal records made durable since opening",
             number(s.records));
  to.gauge("suanpan_book_queued", "Commands that wait to be planned", number(s.queued));
  to.gauge("suanpan_book_projected_seq", "What the projections have taken in",
           number(s.projected_seq));
  to.gauge("suanpan_book_projection_lag", "Durable journal entries not in the projections yet",
           number(s.last_seq - std::min(s.last_seq, s.projected_seq)));
  to.counter("suanpan_book_invariant_violations_total",
             "Change sets that the invariants refused since opening: a bug of ours",
             number(s.invariant_violations));
  to.gauge("suanpan_book_shards", "Threads that plan the book", number(s.shards));
  to.gauge("suanpan_book_disk_bytes", "Bytes of the database", number(s.disk_bytes));
}

void tell_orders(const Book& book, Timestamp now, Samples& to) {
  std::map<std::string_view, double> by_state;
  for (const OrderState state : {OrderState::kCreated, OrderState::kPaying, OrderState::kPaid,
                                 OrderState::kFailed, OrderState::kRefunded, OrderState::kClosed})
    by_state[name_of(state)] = 0;
  std::map<std::string_view, Waiting> unknown{{"order", {}}, {"refund", {}}, {"payout", {}}};
  for (const DocumentPtr& document : open_documents(book, DocumentKind::kOrder)) {
    const auto order = decode_order(document->bytes);
    if (!order) continue;
    by_state[name_of(order.value().state)] += 1;
    if (order.value().unknown) unknown["order"].take(order.value().created_at, now);
  }
  for (const DocumentPtr& document : open_documents(book, DocumentKind::kRefund))
    if (const auto refund = decode_refund(document->bytes); refund && refund.value().unknown)
      unknown["refund"].take(refund.value().created_at, now);
  for (const DocumentPtr& document : open_documents(book, DocumentKind::kPayout))
    if (const auto payout = decode_payout(document->bytes); payout && payout.value().unknown)
      unknown["payout"].take(payout.value().created_at, now);
  for (const auto& [state, count] : by_state)
    to.gauge("suanpan_orders_open", "Resident orders by state", count,
             {{"state", std::string(state)}});
  for (const auto& [what, waiting] : unknown) {
    to.gauge("suanpan_unknown", "Orders, refunds and payouts whose fate at the channel is unknown",
             static_cast<double>(waiting.count), {{"kind", std::string(what)}});
    to.gauge("suanpan_unknown_oldest_seconds", "Age of the oldest whose fate is unknown",
             waiting.oldest_s, {{"kind", std::string(what)}});
  }
}

void tell_outbox(const Book& book, Timestamp now, Samples& to) {
  Waiting waiting;
  double late_s = 0;
  for (const DocumentPtr& document : open_documents(book, DocumentKind::kNotification)) {
    const auto notification = channels::decode_notification(document->bytes);
    if (!notification) continue;
    waiting.take(notification.value().created_at, now);
    late_s = std::max(late_s,
                      static_cast<double>(now.seconds() - notification.value().next_at.seconds()));
  }
  to.gauge("suanpan_outbox_waiting", "Merchant notifications that are not delivered yet",
           static_cast<double>(waiting.count));
  to.gauge("suanpan_outbox_oldest_seconds", "Age of the oldest undelivered notification",
           waiting.oldest_s);
  to.gauge("suanpan_outbox_overdue_seconds", "How late the most overdue attempt is", late_s);
}

}  // namespace

void watch_book(Metrics& metrics, const Book& book, const Clock& business) {
  metrics.add_source([&book, &business](Samples& to) {
    const Timestamp now = business.now();
    tell_book(book, to);
    tell_orders(book, now, to);
    tell_outbox(book, now, to);
  });
}

void watch_workers(Metrics& metrics, const channels::FairWorkers& workers) {
  metrics.add_source([&workers](Samples& to) {
    to.gauge("suanpan_workers_waiting", "Jobs that wait for a worker",
             static_cast<double>(workers.waiting()));
  });
}

void watch_server(Metrics& metrics, const HttpServer& server) {
  metrics.add_source([&server](Samples& to) {
    const HttpServerStatistics s = server.statistics();
    const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
    to.gauge("suanpan_http_connections", "Connections that are served", number(s.open));
    to.counter("suanpan_http_connections_total", "Connections served since the start",
               number(s.accepted));
    constexpr const char* kRefused = "suanpan_http_connections_refused_total";
    constexpr const char* kRefusedHelp = "Connections refused, by the limit that they met";
    to.counter(kRefused, kRefusedHelp, number(s.refused_full), {{"limit", "all"}});
    to.counter(kRefused, kRefusedHelp, number(s.refused_peer), {{"limit", "peer"}});
    to.counter("suanpan_http_connections_dropped_total",
               "Refused connections that were closed without being told", number(s.dropped));
    constexpr const char* kTimeouts = "suanpan_http_timeouts_total";
    constexpr const char* kTimeoutsHelp = "Deadlines that passed, by what was waited for";
    to.counter(kTimeouts, kTimeoutsHelp, number(s.slow_heads), {{"phase", "head"}});
    to.counter(kTimeouts, kTimeoutsHelp, number(s.slow_bodies), {{"phase", "body"}});
    to.counter(kTimeouts, kTimeoutsHelp, number(s.slow_handlers), {{"phase", "handler"}});
    to.counter(kTimeouts, kTimeoutsHelp, number(s.slow_readers), {{"phase", "answer"}});
    to.counter("suanpan_http_faults_total",
               "Requests that the transport refused: malformed, oversized or slow",
               number(s.faults));
  });
}

void watch_night(Metrics& metrics, const night::Night& night) {
  metrics.add_source([&night](Samples& to) {
    std::map<std::pair<night::StepKind, night::StepState>, double> counts;
    std::set<Date> days;
    double failed = 0;
    const night::NightStatus status = night.status();
    for (const night::StepView& step : status.steps) {
      counts[{step.id.kind, step.state}] += 1;
      if (step.state == night::StepState::kFailed) ++failed;
      if (!is_over(step.state)) days.insert(step.id.day);
    }
    for (const night::StepKind kind : night::kStepKinds)
      for (const night::StepState state : night::kStepStates)
        to.gauge("suanpan_night_steps", "Steps of nights that are not over, by state",
                 counts[{kind, state}],
                 {{"step", std::string(name_of(kind))}, {"state", std::string(name_of(state))}});
    to.gauge("suanpan_night_failed", "Steps of the night that have failed", failed);
    to.gauge("suanpan_night_open_days", "Days whose night is not over",
             static_cast<double>(days.size()));
    to.gauge("suanpan_night_exceptions",
             "Merchants that the latest settlement left without a batch",
             static_cast<double>(status.exceptions.size()));
  });
}

void watch_notifier(Metrics& metrics, const channels::Notifier& notifier) {
  metrics.add_source([&notifier](Samples& to) {
    const channels::NotifierStatistics s = notifier.statistics();
    const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
    to.counter("suanpan_notification_attempts_total", "Attempts at merchant notifications",
               number(s.attempts));
    to.counter("suanpan_notification_failures_total",
               "Attempts that the merchant did not acknowledge", number(s.failures));
    to.counter("suanpan_notification_given_up_total", "Notifications given up after the last try",
               number(s.given_up));
  });
}

void watch_webhooks(Metrics& metrics, const channels::WebhookSender& sender) {
  metrics.add_source([&sender](Samples& to) {
    const channels::WebhookStatistics s = sender.statistics();
    const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
    to.counter("suanpan_webhook_deliveries_total", "Attempts at deliveries to webhooks",
               number(s.deliveries));
    to.counter("suanpan_webhook_failures_total", "Attempts that the receiver did not acknowledge",
               number(s.failures));
    to.counter("suanpan_webhook_dead_letters_total", "Deliveries given up after the last try",
               number(s.dead_letters));
  });
}

}  // namespace suanpan::api
