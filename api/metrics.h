// What operations watch, in Prometheus' text form: requests by route and status, their latency, and
// the book's own figures. The only user of prometheus-cpp, of which only the core is linked.
//
//   suanpan_http_requests_total{route,method,status}     counter
//   suanpan_http_request_seconds{route}                  histogram
//   suanpan_book_last_seq, _blocks, _records, _queued, _projected_seq, _invariant_violations,
//   suanpan_book_disk_bytes                              gauges, read when asked
//   suanpan_workers_waiting                              gauge
//   suanpan_night_steps{step,state}                      gauge: of nights that are not over
//   suanpan_night_open_days, suanpan_night_failed        gauges: nights not over, steps that failed
//   suanpan_orders_open{state}                           gauge: created, paying (and paid, not
//   final)
//
// Routes are named by their pattern, so that the number of series is bounded. Thread-safe.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "ledger/engine/book.h"

namespace suanpan::api::night {
class Night;
}

namespace suanpan::api {

class Workers;

class Metrics {
 public:
  Metrics();
  ~Metrics();
  /// Counts one answered request. `route` is a pattern, or "none".
  void observe(std::string_view method, std::string_view route, int status, double seconds);
  /// Takes the night's figures; called after each of its rounds.
  void observe_night(const night::Night& night);
  /// The text that a scrape gets.
  std::string render(const Book& book, const Workers& workers);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace suanpan::api
