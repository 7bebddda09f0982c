// What operations watch, in Prometheus' text form: requests by route and status, their latency,
// refusals by name, and whatever sources add when they are asked (metric_sources.h). The only user
// of prometheus-cpp, of which only the core is linked.
//
//   suanpan_http_requests_total{route,method,status}     counter
//   suanpan_http_request_seconds{route}                  histogram
//   suanpan_refusals_total{refusal}                      counter
//
// Routes are named by their pattern and refusals by their stable names, so that the number of
// series is bounded. Thread-safe.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace suanpan::api {

/// Figures of one scrape. A name is described once; the same name may have many labels.
class Samples {
 public:
  using Labels = std::map<std::string, std::string>;
  explicit Samples(struct SampleFamilies& families) : families_(families) {}
  /// Only ever rises while the process lives.
  void counter(std::string_view name, std::string_view help, double value, Labels labels = {});
  void gauge(std::string_view name, std::string_view help, double value, Labels labels = {});

 private:
  void add(std::string_view name, std::string_view help, double value, Labels labels, bool counter);
  SampleFamilies& families_;
};

class Metrics {
 public:
  Metrics();
  ~Metrics();
  /// Counts one answered request. `route` is a pattern, or "none".
  void observe(std::string_view method, std::string_view route, int status, double seconds);
  /// Counts refusals by their stable name.
  void refused(std::string_view name, std::size_t count = 1);

  /// `source` is asked at each scrape, one at a time, on the thread that renders. It may read the
  /// book but must not wait for anything. What it refers to must live as long as scrapes come.
  using Source = std::function<void(Samples&)>;
  void add_source(Source source);

  /// The text that a scrape gets.
  std::string render();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace suanpan::api
