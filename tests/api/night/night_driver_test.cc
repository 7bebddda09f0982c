// The driver over a real book: what is fetched and written comes from the test, the rest is real.
#include "api/night/night.h"
#include "api/v1/routes.h"

#include "channels/chart.h"
#include "channels/merchant.h"
#include "channels/wechat/bill.h"
#include "reconcile/reconcile_service.h"
#include "settlement/settlement_service.h"
#include "tests/settlement/world.h"
#include "tests/support/api_server.h"

namespace suanpan::api::night {
namespace {

using test::ApiServer;

Date date(const char* iso) { return *Date::parse(iso); }

/// What stands behind the routes; made before them, gone after the server.
struct Rooms {
  std::unique_ptr<channels::PaymentService> payments;
  std::unique_ptr<settlement::SettlementService> settlement;
  std::unique_ptr<reconcile::ReconcileService> reconciling;
  std::unique_ptr<Night> night;
  std::vector<std::string> fetched, reported;
  bool outage = false;
  std::string bill = channels::wechat::empty_trade_bill();
};

struct World : Rooms, ApiServer {
  World()
      : ApiServer({v1::add_night_routes, v1::add_health_routes},
                  [this](ApiServer& server) { prepare(server); }) {}

  void prepare(ApiServer& server) {
    for (auto& request : channels::platform_accounts())
      REQUIRE(server.book->run(open_account(request)).accepted());
    channels::PaymentParts parts;
    parts.book = server.book.get();
    parts.vault = server.vault.get();
    parts.business = &server.business;
    parts.real = &server.real;
    parts.send = [](auto&&...) { FAIL("nothing is sent in these tests"); };
    payments = std::make_unique<channels::PaymentService>(parts);
    settlement = std::make_unique<settlement::SettlementService>(
        *server.book, *server.vault, [](const std::string&) {}, server.business);
    reconciling = std::make_unique<reconcile::ReconcileService>(
        *server.book, *payments, server.business,
        reconcile::ReconcileSettings{.reports = server.folder.path() / "reports"});
    start();
  }

  /// A new driver over the same book: what a restart is to it.
  void start() {
    NightParts parts;
    parts.book = book.get();
    parts.business = &business;
    parts.reconcile = reconciling.get();
    parts.settlement = settlement.get();
    parts.fetch = [this](const std::string& kind, const std::string& subject,
                         Date day) -> Result<std::string> {
      fetched.push_back(kind + " " + subject + " " + day.iso());
      if (outage) return fail(Errc::kUnavailable, "the channel is away");
      return bill;
    };
    parts.write_reports = [this](Date day) -> Result<void> {
      reported.push_back(day.iso());
      return success();
    };
    parts.received = folder.path() / "received";
    parts.settings.enabled = true;
    parts.settings.bills = {"W1"};
    night = std::make_unique<Night>(std::move(parts));
    services->night = night.get();
  }
  void at(const char* plain) { business.set(*Timestamp::parse(plain)); }
  Date open_day() const {
    return book->read([](const State& s, std::uint64_t) { return s.book().accounting_date; });
  }
  StepView step(StepKind kind) const {
    for (const StepView& view : night->status().steps)
      if (view.id.kind == kind) return view;
    FAIL("there is no such step");
    return {};
  }
};

using Texts = std::vector<std::string>;

/// What a scrape would get of a night alone.
std::string figures_of(const Night& night) {
  api::Metrics metrics;
  api::watch_night(metrics, night);
  return metrics.render();
}

TEST_CASE("night driver: days that were missed are done in order, once, and a restart knows it") {
  World w;
  w.night->round();
  CHECK(w.night->status().first == date("2026-03-04"));
  CHECK(w.fetched.empty());
  w.at("2026-03-07 12:00:00");
  w.night->round();
  CHECK(w.open_day() == date("2026-03-07"));
  CHECK(w.fetched == Texts{"bill W1 2026-03-04", "bill W1 2026-03-05", "bill W1 2026-03-06"});
  CHECK(w.reported == Texts{"2026-03-04", "2026-03-05", "2026-03-06"});
  CHECK(w.reconciling->runs().size() == 3);
  CHECK(w.night->status().complete_through == date("2026-03-06"));
  CHECK(w.night->status().steps.empty());
  const std::uint64_t before = w.book->statistics().last_seq;
  w.night->round();
  w.start();
  w.night->round();
  CHECK(w.book->statistics().last_seq == before);
  CHECK(w.fetched.size() == 3);
  // A night that is over is still on record.
  const auto over = w.night->night_of(date("2026-03-05"));
  REQUIRE(over);
  REQUIRE(over->size() == 5);  // cut, bill twice, the settlement of Friday, reports
  CHECK((*over)[3].id.kind == StepKind::kSettle);
  CHECK((*over)[3].reason == "0 batches");
}

TEST_CASE("night driver: an outage is on record with its reason, shown, and tried again in time") {
  World w;
  w.night->round();
  w.outage = true;
  w.at("2026-03-05 10:05:00");
  w.night->round();
  CHECK(w.open_day() == date("2026-03-05"));
  StepView fetch = w.step(StepKind::kFetchBill);
  CHECK(fetch.state == StepState::kFailed);
  CHECK(fetch.reason == "the channel is away");
  CHECK(fetch.attempts == 1);
  const auto shown = w.get("auditor", "/v1/night");
  REQUIRE(shown.status == 200);
  CHECK(shown.body.find(R"("state":"failed","reason":"the channel is away")") != std::string::npos);
  CHECK(w.get("upstream", "/v1/night").status == 403);
  const std::string metrics = figures_of(*w.night);
  CHECK(metrics.find("suanpan_night_failed 1\n") != std::string::npos);
  CHECK(metrics.find("suanpan_night_open_days 1\n") != std::string::npos);

  // A restart in between forgets neither the reason nor the pause.
  w.start();
  w.night->round();
  CHECK(w.fetched.size() == 1);
  w.at("2026-03-05 10:06:00");
  w.night->round();
  CHECK(w.fetched.size() == 2);
  CHECK(w.step(StepKind::kFetchBill).attempts == 2);
  w.outage = false;
  w.at("2026-03-05 10:07:59");
  w.night->round();
  CHECK(w.fetched.size() == 2);
  w.at("2026-03-05 10:08:00");
  w.night->round();
  CHECK(w.step(StepKind::kReconcileBill).state == StepState::kDone);
  CHECK(figures_of(*w.night).find("suanpan_night_failed 0\n") != std::string::npos);
}

TEST_CASE("night driver: a bill that cannot be believed is fetched anew by the next attempt") {
  World w;
  w.night->round();
  w.bill = "not a bill";
  w.at("2026-03-05 10:05:00");
  w.night->round();
  CHECK(w.step(StepKind::kFetchBill).state == StepState::kDone);
  CHECK(w.step(StepKind::kReconcileBill).state == StepState::kFailed);
  w.bill = channels::wechat::empty_trade_bill();
  w.at("2026-03-05 10:06:00");
  w.night->round();
  CHECK(w.fetched.size() == 2);
  CHECK(w.step(StepKind::kReconcileBill).state == StepState::kDone);
}

TEST_CASE("night driver: files from outside are kept for us alone") {
  World w;
  w.night->round();
  w.at("2026-03-05 10:05:00");
  w.night->round();
  CHECK(std::filesystem::exists(w.folder.path() / "received/2026-03-04/bill-W1"));
  const auto all = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
  const auto given = std::filesystem::status(w.folder.path() / "received").permissions();
  CHECK((given & all) == std::filesystem::perms::none);
}

TEST_CASE("night driver: a cut or a run by hand counts") {
  World w;
  w.night->round();
  w.at("2026-03-05 00:01:00");
  REQUIRE(w.book->run(day_cut({{id_of("by hand"), kSystemCaller}, date("2026-03-05")})).accepted());
  w.at("2026-03-05 09:00:00");
  REQUIRE(w.reconciling->run_trade_bill(w.bill, "W1", date("2026-03-04")));
  w.at("2026-03-05 11:00:00");
  w.night->round();
  CHECK(w.open_day() == date("2026-03-05"));
  CHECK(w.reconciling->runs().size() == 1);
  CHECK(w.night->status().complete_through == date("2026-03-04"));
}

TEST_CASE("night driver: a merchant left without a batch is named until a settlement takes him") {
  World w;
  const auto run = [&](std::vector<Command> commands) {
    for (Command& c : commands) REQUIRE(w.book->run(std::move(c)).accepted());
  };
  const auto freeze = [&](bool frozen) {
    SetTermsRequest terms;
    terms.key = {id_of(frozen ? "freeze" : "thaw"), kSystemCaller};
    terms.code = "2101/M1";
    terms.terms.frozen_out = frozen;
    REQUIRE(w.book->run(set_terms(terms)).accepted());
  };
  for (const char* mch : {"M1", "M2"}) {
    run(channels::add_merchant(settlement::merchant(mch, "sealed")));
    const Order sold = settlement::order(std::string("P-") + mch, mch, 10'000, 60);
    run(settlement::sell(sold));
    run({settlement::mark(sold.order_id, true, true)});
  }
  freeze(true);
  w.night->round();
  w.at("2026-03-05 10:30:00");
  w.night->round();
  const StepView settle = w.step(StepKind::kSettle);
  CHECK(settle.state == StepState::kDoneWithExceptions);
  CHECK(settle.reason == "1 batches");
  CHECK(settle.exceptions == Texts{"M1: debit_account_frozen 2101/M1"});
  CHECK(figures_of(*w.night).find(
            R"(suanpan_night_steps{state="done_with_exceptions",step="settle"} 1)") !=
        std::string::npos);

  // What builds on it goes on; the night is over and still names him, after a restart too.
  w.at("2026-03-05 11:00:00");
  w.night->round();
  w.start();
  CHECK(w.night->status().complete_through == date("2026-03-04"));
  CHECK(figures_of(*w.night).find("suanpan_night_exceptions 1\n") != std::string::npos);
  CHECK(figures_of(*w.night).find("suanpan_night_open_days 0\n") != std::string::npos);
  CHECK(w.get("auditor", "/v1/night").at("exceptions.0") == "M1: debit_account_frozen 2101/M1");
  const auto over = w.get("auditor", "/v1/night?day=2026-03-04");
  CHECK(over.body.find(R"("step":"settle","state":"done_with_exceptions")") != std::string::npos);
  CHECK(over.body.find(R"("exceptions":["M1: debit_account_frozen 2101/M1"])") !=
        std::string::npos);

  // The next settlement takes him along.
  freeze(false);
  w.at("2026-03-06 12:00:00");
  w.night->round();
  CHECK(w.night->status().exceptions.empty());
  CHECK(figures_of(*w.night).find("suanpan_night_exceptions 0\n") != std::string::npos);
  const auto batches = w.settlement->list(date("2026-03-06"));
  REQUIRE(batches.size() == 1);
  CHECK(batches[0].batch.merchant_no == "M1");
}

TEST_CASE("night driver: stop ends a round after the step under way") {
  World w;
  w.night->round();
  w.at("2026-03-07 12:00:00");
  w.night->stop();
  w.night->round();
  CHECK(w.open_day() == date("2026-03-04"));
}

}  // namespace
}  // namespace suanpan::api::night
