// The planning stage alone: vouchers from their queues through planners and invariants into blocks,
// without claims, journal, projections or sync. Shows how planning scales with the shards of a
// book.
//
// Everything is queued before the clock starts. The clock stops at a command that is planned over
// the whole book after all others. Joining what several shards planned is measured apart.
#include <CLI/CLI.hpp>
#include <atomic>
#include <thread>

#include "bench/limits.h"
#include "bench/report.h"
#include "ledger/base/check.h"
#include "ledger/base/limits.h"
#include "ledger/engine/one_shard.h"
#include "ledger/engine/shard_room.h"

using namespace suanpan;

namespace {

struct Options {
  std::uint64_t transfers = 1'000'000;
  std::size_t batch = 8192;
  std::size_t legs = 1;
  std::uint32_t accounts = 10'000;
  unsigned hot_percent = 100;
  unsigned shards = 1;
  bool json = false;
};

State accounts_of(const Options& o, Date today) {
  State state(BookState{today, today.plus_days(-1), Currency::kCNY, 0});
  for (std::uint32_t id = 1; id <= o.accounts; ++id) {
    Account account;
    account.id = AccountId{id};
    account.code = fmt::format("2101/{:07}", id);
    account.type = AccountType::kLiability;
    account.normal = Side::kCredit;
    account.terms.hot = id == 1;
    account.version = 1;
    state.load_account(account, Balance{});
  }
  return state;
}

Unit make_unit(const Options& o, std::uint64_t first, std::uint64_t count, std::uint64_t& seed) {
  Submission submission;
  submission.done = [](Book::Answers) {};
  const auto next = [&] { return mix64(seed += 0x9e3779b97f4a7c15); };
  for (std::uint64_t i = 0; i < count; ++i) {
    VoucherRequest& v = submission.vouchers.emplace_back();
    v.key = ClaimKey{Id128{0, first + i + 1}, CallerId{100}};
    const auto ordinary = [&] { return static_cast<std::uint32_t>(next() % (o.accounts - 1)) + 2; };
    for (std::size_t leg = 0; leg < o.legs; ++leg) {
      const std::uint32_t credit = ordinary();
      std::uint32_t debit = next() % 100 < o.hot_percent ? 1 : ordinary();
      if (debit == credit) debit = 1;
      v.legs.push_back(
          Leg{AccountId{debit}, AccountId{credit}, static_cast<std::int64_t>(next() % 10'000) + 1});
    }
    v.code = 1;
  }
  Unit unit{std::make_shared<Request>(std::move(submission)), {}, 0};
  unit.items.resize(count);
  std::iota(unit.items.begin(), unit.items.end(), 0u);
  return unit;
}

// A command over the whole book: when it is planned, everything before it is.
Unit last_unit(const Date today, std::atomic<bool>& planned) {
  Submission submission;
  submission.done = [](Book::Answers) {};
  Command& last = submission.commands.emplace_back();
  last.key = ClaimKey{Id128{1, 1}, CallerId{100}};
  last.plan = [&planned, today](const View&, const Moment&) -> Planned<ChangeSet> {
    planned = true;
    planned.notify_all();
    ChangeSet changes;
    changes.date = today;
    return changes;
  };
  return Unit{std::make_shared<Request>(std::move(submission)), {0}, 0};
}

// Of the first units, as they will be posted.
std::vector<Transfer> transfers_of(const std::vector<Unit>& units) {
  constexpr std::size_t kEnough = 100'000;
  std::vector<Transfer> transfers;
  for (const Unit& unit : units) {
    if (transfers.size() >= kEnough) break;
    for (const VoucherRequest& v : unit.request->submission.vouchers)
      for (const Leg& leg : v.legs)
        transfers.push_back(Transfer{leg.debit, leg.credit, leg.amount});
  }
  return transfers;
}

void run(Options o) {
  const std::uint64_t vouchers = std::max<std::uint64_t>(1, o.transfers / o.legs);
  o.transfers = vouchers * o.legs;
  const SystemClock clock;
  const Date today = clock.now().date_cn();
  Claims claims(1 << 20);
  std::atomic<std::size_t> queued{vouchers + 1};
  std::atomic<std::uint64_t> violations{0};
  const PlanningRoom room{clock, claims, queued, violations};
  std::unique_ptr<Planning> planning;
  if (o.shards == 1)
    planning = std::make_unique<OneShard>(room, accounts_of(o, today), Stamper{});
  else
    planning = std::make_unique<ShardRoom>(
        room, std::make_unique<SlicedBook>(accounts_of(o, today), o.shards, nullptr), Stamper{});

  std::vector<Unit> units;
  std::uint64_t seed = 42;
  for (std::uint64_t first = 0; first < vouchers; first += o.batch)
    units.push_back(make_unit(o, first, std::min<std::uint64_t>(o.batch, vouchers - first), seed));
  const std::vector<Transfer> transfers = transfers_of(units);
  const bench::Stopwatch routing;
  for (Unit& unit : units) planning->push(std::move(unit));
  const double routing_s = routing.seconds();
  std::atomic<bool> planned{false};
  planning->push(last_unit(today, planned));

  std::atomic<std::uint64_t> records{0};
  const auto drain = [&] {
    while (records < o.transfers + 1) {
      const auto block = planning->take(std::chrono::seconds(1));
      if (!block) continue;
      records += block->builder.records();
      planning->committed();
    }
  };
  const bench::Stopwatch watch;
  const double cpu_before = bench::cpu_seconds();
  planning->start();
  std::thread drainer;
  // One shard hands its blocks over as it goes; several are joined when all is planned.
  if (o.shards == 1) drainer = std::thread(drain);
  planned.wait(false);
  const double planning_s = watch.seconds(), planning_cpu = bench::cpu_seconds() - cpu_before;
  const bench::Stopwatch joining;
  if (o.shards == 1)
    drainer.join();
  else
    drain();
  const double joining_s = joining.seconds();
  const double joining_cpu = bench::cpu_seconds() - cpu_before - planning_cpu;
  CHECK_OR_DIE(violations == 0, "invariants are violated");

  bench::Report report("planning");
  report.add("transfers", static_cast<double>(o.transfers));
  report.add("legs a voucher", static_cast<double>(o.legs));
  report.add("shards", o.shards);
  report.add("percent on a hot account", o.hot_percent);
  report.add("transfers planned per second", static_cast<double>(o.transfers) / planning_s);
  report.add("nanoseconds of CPU a transfer, planning",
             planning_cpu / static_cast<double>(o.transfers) * 1e9);
  report.add("nanoseconds of CPU a transfer, joining",
             joining_cpu / static_cast<double>(o.transfers) * 1e9);
  report.add("seconds, routed by the callers", routing_s);
  report.add("seconds, joined by the committer", joining_s);
  report.add_resources();
  State state = accounts_of(o, today);
  const double applied = bench::rate_of(static_cast<double>(transfers.size()), [&] {
    for (const Transfer& transfer : transfers) state.apply_transfer(transfer);
  });
  report.add_limit_of_rate("the apply loop alone", "transfers per second", applied,
                           static_cast<double>(o.transfers) / planning_s);
  report.print(o.json);
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app{"The planning stage alone"};
  app.add_option("--transfers", o.transfers, "how many")->check(CLI::PositiveNumber);
  app.add_option("--batch", o.batch, "vouchers a batch")->check(CLI::Range(1, 8192));
  app.add_option("--legs", o.legs, "transfers a voucher")
      ->check(CLI::Range(std::size_t{1}, kMaxVoucherLegs));
  app.add_option("--accounts", o.accounts)->check(CLI::Range(3, 10'000'000));
  app.add_option("--hot", o.hot_percent,
                 "percent of transfers between a hot and an ordinary account")
      ->check(CLI::Range(0, 100));
  app.add_option("--shards", o.shards, "planning threads")->check(CLI::Range(1, 64));
  app.add_flag("--json", o.json, "one JSON object instead of a table");
  CLI11_PARSE(app, argc, argv);
  run(o);
}
