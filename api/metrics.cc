#include "api/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <mutex>

#include "ledger/base/check.h"

namespace suanpan::api {

struct SampleFamilies {
  std::map<std::string, prometheus::MetricFamily, std::less<>> by_name;
};

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

void Samples::counter(std::string_view name, std::string_view help, double value, Labels labels) {
  add(name, help, value, std::move(labels), true);
}

void Samples::gauge(std::string_view name, std::string_view help, double value, Labels labels) {
  add(name, help, value, std::move(labels), false);
}

void Samples::add(std::string_view name, std::string_view help, double value, Labels labels,
                  bool counter) {
  prometheus::MetricFamily& family = families_.by_name[std::string(name)];
  const auto type = counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
  CHECK_OR_DIE(family.metric.empty() || (family.type == type && family.help == help),
               "metric {} is described twice", name);
  family.name = name;
  family.help = help;
  family.type = type;
  prometheus::ClientMetric metric;
  for (auto& [label, text] : labels) {
    prometheus::ClientMetric::Label one;
    one.name = label;
    one.value = std::move(text);
    metric.label.push_back(std::move(one));
  }
  if (counter)
    metric.counter.value = value;
  else
    metric.gauge.value = value;
  family.metric.push_back(std::move(metric));
}

struct Metrics::Impl {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter()
          .Name("suanpan_http_requests_total")
          .Help("Requests answered, by route, method and status")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& latency =
      prometheus::BuildHistogram()
          .Name("suanpan_http_request_seconds")
          .Help("From the whole request to its answer")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& refusals =
      prometheus::BuildCounter()
          .Name("suanpan_refusals_total")
          .Help("Requests and batch items refused, by the refusal's stable name")
          .Register(registry);
  std::mutex mutex;
  std::vector<Source> sources;  ///< guarded by mutex
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

void Metrics::refused(std::string_view name, std::size_t count) {
  impl_->refusals.Add({{"refusal", std::string(name)}}).Increment(static_cast<double>(count));
}

void Metrics::add_source(Source source) {
  const std::lock_guard lock(impl_->mutex);
  impl_->sources.push_back(std::move(source));
}

std::string Metrics::render() {
  SampleFamilies families;
  Samples samples(families);
  {
    const std::lock_guard lock(impl_->mutex);
    for (const Source& source : impl_->sources) source(samples);
  }
  std::vector<prometheus::MetricFamily> all = impl_->registry.Collect();
  for (auto& [name, family] : families.by_name) all.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace suanpan::api
