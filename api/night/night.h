// Drives the night: asks plan_night.h what is due, has the services do it, puts the outcome on
// record. Each step may be done twice (a crash before its record): the services know a repetition
// by their own state, and the ids of its commands are derived from its day.
//
// Files fetched from outside lie in a folder as a cache, so that a run that fails is tried again
// with the same bytes; a file that is gone is fetched again.
//
// round() blocks and belongs to one thread; stop() and status() to any. All parts must outlive it.
#pragma once
#include <atomic>
#include <filesystem>
#include <functional>

#include "api/night/plan_night.h"
#include "ledger/engine/book.h"

namespace suanpan::reconcile {
class ReconcileService;
}
namespace suanpan::settlement {
class SettlementService;
}

namespace suanpan::api::night {

/// Who computes the batches of a night: no key can have that name, so any checker may approve them.
inline constexpr std::string_view kNightCaller = "system:night";

struct NightParts {
  Book* book = nullptr;
  const Clock* business = nullptr;
  reconcile::ReconcileService* reconcile = nullptr;
  settlement::SettlementService* settlement = nullptr;
  /// "bill" or "statement" of a subject and day. Blocks.
  std::function<Result<std::string>(const std::string& kind, const std::string& subject, Date day)>
      fetch = {};
  /// Writes what finance staff read of a day; its name in messages.
  std::function<Result<void>(Date day)> write_reports = {};
  std::filesystem::path received;  ///< folder of the files that were fetched
  NightSettings settings;
};

struct NightStatus {
  bool enabled = false;
  Timestamp now;
  std::optional<Date> first;             ///< nothing: the night was never on
  std::optional<Date> complete_through;  ///< nothing: no night is over
  std::vector<StepView> steps;           ///< of the nights that have begun and are not over
  /// What the latest settlement had to leave, whether its night is over or not.
  std::vector<std::string> exceptions;
};

class Night {
 public:
  explicit Night(NightParts parts);

  /// Does what is due, one step after the other, until nothing is or stop() was called. A step that
  /// fails is on record with its reason, and the round goes on with what does not build on it.
  void round();
  /// Ends a round after the step under way.
  void stop() { stop_ = true; }
  NightStatus status() const;
  /// The records of one night, over or not; nothing if it has none.
  std::optional<std::vector<StepView>> night_of(Date day) const;

 private:
  std::optional<NightsDone> load() const;
  void end_nights(NightsDone& done);
  /// What is worth saying of a step's success, and what it had to leave.
  struct Taken {
    std::string note;
    std::vector<std::string> exceptions = {};
  };
  /// Errors: the step's.
  Result<Taken> take(const StepId& id);
  Result<Taken> cut(const StepId& id);
  Result<Taken> fetch(const StepId& id);
  Result<Taken> reconcile(const StepId& id);
  Result<Taken> settle(const StepId& id);
  void record(const StepId& id, std::uint32_t attempts, const Result<Taken>& outcome);
  std::filesystem::path file_of(const StepId& id) const;
  std::vector<std::string> latest_exceptions(Date today) const;

  const NightParts parts_;
  std::atomic<bool> stop_{false};
};

}  // namespace suanpan::api::night
