#include "api/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <set>

#include "api/night/night.h"
#include "api/workers.h"
#include "ledger/core/order.h"

namespace suanpan::api {
namespace {

// From a cached read to a worker's long job; seconds.
const prometheus::Histogram::BucketBoundaries kLatencies{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                         0.05,   0.1,   0.25,   1.0,   5.0,  30.0};

// Methods come from the wire: any that no route has is one series.
std::string_view known_method(std::string_view method) {
  for (const std::string_view known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
    if (method == known) return known;
  return "other";
}

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                                          .Name("suanpan_http_requests_total")
                                                          .Help("Requests answered")
                                                          .Register(registry);
  prometheus::Family<prometheus::Histogram>& latency =
      prometheus::BuildHistogram()
          .Name("suanpan_http_request_seconds")
          .Help("From the whole request to its answer")
          .Register(registry);
  prometheus::Family<prometheus::Gauge>& orders = prometheus::BuildGauge()
                                                      .Name("suanpan_orders_open")
                                                      .Help("Resident orders by state")
                                                      .Register(registry);

  prometheus::Family<prometheus::Gauge>& night_steps =
      prometheus::BuildGauge()
          .Name("suanpan_night_steps")
          .Help("Steps of nights that are not over, by state")
          .Register(registry);

  void gauge(const char* name, const char* help, std::uint64_t value) {
    prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({}).Set(
        static_cast<double>(value));
  }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::observe(std::string_view method, std::string_view route, int status, double seconds) {
  impl_->requests
      .Add({{"method", std::string(known_method(method))},
            {"route", std::string(route)},
            {"status", std::to_string(status)}})
      .Increment();
  impl_->latency.Add({{"route", std::string(route)}}, kLatencies).Observe(seconds);
}

void Metrics::observe_night(const night::Night& night) {
  std::map<std::pair<night::StepKind, night::StepState>, double> counts;
  std::set<Date> days;
  std::uint64_t failed = 0;
  for (const night::StepView& step : night.status().steps) {
    counts[{step.id.kind, step.state}] += 1;
    if (step.state == night::StepState::kFailed) ++failed;
    if (step.state != night::StepState::kDone) days.insert(step.id.day);
  }
  for (const night::StepKind kind : night::kStepKinds)
    for (const night::StepState state : night::kStepStates)
      impl_->night_steps
          .Add({{"step", std::string(name_of(kind))}, {"state", std::string(name_of(state))}})
          .Set(counts[{kind, state}]);
  impl_->gauge("suanpan_night_failed", "Steps of the night that have failed", failed);
  impl_->gauge("suanpan_night_open_days", "Days whose night is not over", days.size());
}

std::string Metrics::render(const Book& book, const Workers& workers) {
  const BookStatistics s = book.statistics();
  impl_->gauge("suanpan_book_last_seq", "The last durable journal entry", s.last_seq);
  impl_->gauge("suanpan_book_blocks", "Blocks synced since opening", s.blocks);
  impl_->gauge("suanpan_book_records", "Journal records since opening", s.records);
  impl_->gauge("suanpan_book_queued", "Commands that wait to be planned", s.queued);
  impl_->gauge("suanpan_book_projected_seq", "What the projections have taken in", s.projected_seq);
  impl_->gauge("suanpan_book_invariant_violations", "Change sets that the invariants refused",
               s.invariant_violations);
  impl_->gauge("suanpan_book_disk_bytes", "Bytes of the database", s.disk_bytes);
  impl_->gauge("suanpan_workers_waiting", "Jobs that wait for a worker", workers.waiting());
  std::map<std::string_view, double> by_state;
  for (const OrderState state : {OrderState::kCreated, OrderState::kPaying, OrderState::kPaid,
                                 OrderState::kFailed, OrderState::kRefunded, OrderState::kClosed})
    by_state[name_of(state)] = 0;
  const auto orders = book.read(
      [](const State& state, std::uint64_t) { return state.open_documents(DocumentKind::kOrder); });
  for (const DocumentPtr& document : orders)
    if (const auto order = decode_order(document->bytes))
      by_state[name_of(order.value().state)] += 1;
  for (const auto& [state, count] : by_state)
    impl_->orders.Add({{"state", std::string(state)}}).Set(count);
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace suanpan::api
