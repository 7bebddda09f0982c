// /metrics as a scraper reads it: every family described once before its samples, every figure that
// an operator needs there, the figures right after what the test did.
#include <catch2/catch.hpp>
#include <cmath>
#include <future>
#include <sstream>

#include "api/metric_sources.h"
#include "tests/api/platform_world.h"

using namespace suanpan;
using Fixture = suanpan::test::PlatformWorld;

namespace {

/// The text form 0.0.4, read strictly.
struct Scrape {
  std::map<std::string, std::string> help, type;  ///< by family
  std::map<std::string, double> values;           ///< by "name{labels}"

  explicit Scrape(const std::string& text) {
    std::istringstream in(text);
    std::string line, family;
    while (std::getline(in, line)) {
      INFO(line);
      std::istringstream words(line);
      if (line.starts_with("# ")) {
        std::string hash, what, name, rest;
        words >> hash >> what >> name;
        std::getline(words >> std::ws, rest);
        REQUIRE((what == "HELP" || what == "TYPE"));
        REQUIRE_FALSE(rest.empty());
        auto& described = what == "HELP" ? help : type;
        CHECK(described.emplace(name, rest).second);  // a family comes once
        family = name;
        continue;
      }
      const auto space = line.rfind(' ');
      REQUIRE(space != std::string::npos);
      const std::string sample = line.substr(0, space);
      const std::string name = sample.substr(0, sample.find('{'));
      CHECK(name.starts_with(family));
      CHECK(type.count(family) == 1);
      CHECK(help.count(family) == 1);
      CHECK(values.emplace(sample, std::stod(line.substr(space + 1))).second);
    }
  }
  double operator[](const std::string& sample) const {
    const auto found = values.find(sample);
    return found == values.end() ? std::nan("") : found->second;
  }
};

Scrape scrape(Fixture& f) {
  HttpRequest request;
  request.method = "GET";
  request.target = "/metrics";
  const auto reply = f.send(request);
  REQUIRE(reply.status == 200);
  CHECK(reply.header("Content-Type") == "text/plain; version=0.0.4");
  return Scrape(reply.body);
}

}  // namespace

TEST_CASE("metrics: everything an operator needs is there, described, and of the right type") {
  Fixture f;
  f.book->wait_projected();
  const Scrape s = scrape(f);
  const std::map<std::string, std::string> wanted{
      {"suanpan_http_requests_total", "counter"},
      {"suanpan_http_request_seconds", "histogram"},
      {"suanpan_http_connections", "gauge"},
      {"suanpan_http_connections_total", "counter"},
      {"suanpan_http_connections_refused_total", "counter"},
      {"suanpan_http_connections_dropped_total", "counter"},
      {"suanpan_http_timeouts_total", "counter"},
      {"suanpan_http_faults_total", "counter"},
      {"suanpan_book_last_seq", "gauge"},
      {"suanpan_book_blocks_total", "counter"},
      {"suanpan_book_syncs_total", "counter"},
      {"suanpan_book_records_total", "counter"},
      {"suanpan_book_queued", "gauge"},
      {"suanpan_book_projected_seq", "gauge"},
      {"suanpan_book_projection_lag", "gauge"},
      {"suanpan_book_invariant_violations_total", "counter"},
      {"suanpan_book_shards", "gauge"},
      {"suanpan_book_disk_bytes", "gauge"},
      {"suanpan_workers_waiting", "gauge"},
      {"suanpan_orders_open", "gauge"},
      {"suanpan_unknown", "gauge"},
      {"suanpan_unknown_oldest_seconds", "gauge"},
      {"suanpan_outbox_waiting", "gauge"},
      {"suanpan_outbox_oldest_seconds", "gauge"},
      {"suanpan_outbox_overdue_seconds", "gauge"},
  };
  for (const auto& [name, type] : wanted) {
    INFO(name);
    CHECK(s.type.count(name) == 1);
    if (s.type.count(name) == 1) CHECK(s.type.at(name) == type);
    CHECK(s.help.count(name) == 1);
  }
  CHECK(s["suanpan_book_invariant_violations_total"] == 0);
  CHECK(s["suanpan_book_queued"] == 0);
  CHECK(s["suanpan_book_projection_lag"] == 0);
  CHECK(s["suanpan_book_blocks_total"] > 0);
  CHECK(s["suanpan_book_syncs_total"] == s["suanpan_book_blocks_total"]);
  CHECK(s["suanpan_http_connections"] == 1);  // the scraper's own
  CHECK(s["suanpan_http_connections_refused_total{limit=\"all\"}"] == 0);
  CHECK(s["suanpan_http_connections_refused_total{limit=\"peer\"}"] == 0);
  for (const char* phase : {"head", "body", "handler", "answer"})
    CHECK(s[fmt::format("suanpan_http_timeouts_total{{phase=\"{}\"}}", phase)] == 0);
}

TEST_CASE("metrics: statuses by route, refusals by name, and the age of what is unknown") {
  Fixture f;
  REQUIRE(f.place("M1").status == 201);
  REQUIRE(f.place("M1", R"(,"subject":"other")").at("refusal") == "id_reused_with_other_content");
  for (const char* key : {"b1", "b2"})
    REQUIRE(
        f.post("upstream", "/v1/orders", R"({"mch_no":"M9","mch_order_no":"1","amount":1})", key)
            .at("refusal") == "merchant_not_found");
  // Nobody answers at the channel: the order is paying and its fate unknown.
  f.submit(f.place("M2").at("order_id"));
  f.business.advance_seconds(90);
  const Scrape s = scrape(f);
  const auto orders = [&](int status) {
    return s[fmt::format(
        "suanpan_http_requests_total{{method=\"POST\",route=\"/v1/orders\",status=\"{}\"}}",
        status)];
  };
  CHECK(orders(201) == 2);
  CHECK(orders(404) == 2);
  CHECK(orders(409) == 1);
  CHECK(s["suanpan_refusals_total{refusal=\"merchant_not_found\"}"] == 2);
  CHECK(s["suanpan_refusals_total{refusal=\"id_reused_with_other_content\"}"] == 1);
  CHECK(s["suanpan_http_request_seconds_count{route=\"/v1/orders\"}"] == 5);
  CHECK(s["suanpan_http_request_seconds_bucket{route=\"/v1/orders\",le=\"+Inf\"}"] == 5);
  CHECK(s["suanpan_orders_open{state=\"created\"}"] == 1);
  CHECK(s["suanpan_orders_open{state=\"paying\"}"] == 1);
  CHECK(s["suanpan_unknown{kind=\"order\"}"] == 1);
  CHECK(s["suanpan_unknown{kind=\"payout\"}"] == 0);
  CHECK(s["suanpan_unknown_oldest_seconds{kind=\"order\"}"] == 90);
}

TEST_CASE("metrics: a notification that fails is counted, waits and grows old") {
  Fixture f;
  channels::NotifierParts parts;
  parts.book = f.book.get();
  parts.business = &f.business;
  int calls = 0;
  parts.send = [&](const std::string&, HttpRequest, int,
                   std::function<void(Result<HttpResponse>)> done) {
    ++calls;
    done(fail(Errc::kTimeout, "nobody there"));
  };
  parts.render = [](const std::string&, const std::string&) -> Result<std::string> {
    return "a=1";
  };
  channels::Notifier notifier(std::move(parts));
  api::watch_notifier(f.metrics, notifier);
  const std::string id =
      f.place("N1", R"(,"notify_url":"https://shop.example.cn/notify")").at("order_id");
  f.pay(id);
  f.business.advance_seconds(40);
  {
    const Scrape before = scrape(f);
    CHECK(before["suanpan_outbox_waiting"] == 1);
    CHECK(before["suanpan_outbox_oldest_seconds"] == 40);
    CHECK(before["suanpan_notification_attempts_total"] == 0);
  }
  const auto deliver = [&] {
    std::promise<void> done;
    notifier.deliver_due([&](std::size_t) { done.set_value(); });
    done.get_future().wait();
  };
  deliver();
  {
    const Scrape after = scrape(f);
    CHECK(after["suanpan_notification_attempts_total"] == 1);
    CHECK(after["suanpan_notification_failures_total"] == 1);
    CHECK(after["suanpan_notification_given_up_total"] == 0);
    CHECK(after["suanpan_outbox_overdue_seconds"] == 0);
  }
  for (int attempt = 2; attempt <= 6; ++attempt) {
    f.business.advance_seconds(200);
    deliver();
  }
  const Scrape end = scrape(f);
  CHECK(calls == 6);
  CHECK(end["suanpan_notification_failures_total"] == 6);
  CHECK(end["suanpan_notification_given_up_total"] == 1);
  CHECK(end["suanpan_outbox_waiting"] == 0);
}

TEST_CASE("metrics: one name cannot be two things") {
  api::Metrics metrics;
  metrics.add_source([](api::Samples& to) {
    to.gauge("suanpan_a", "An a", 1, {{"x", "1"}});
    to.gauge("suanpan_a", "An a", 2, {{"x", "2"}});
  });
  const Scrape s(metrics.render());
  CHECK(s["suanpan_a{x=\"1\"}"] == 1);
  CHECK(s["suanpan_a{x=\"2\"}"] == 2);
  CHECK(s.help.at("suanpan_a") == "An a");
}
