// What the night remembers, as documents: how far all nights are over, and per open night what was
// tried. Nothing of it is kept in memory, so a crash between any two steps loses nothing.
//
//   kNight   "through"      NightsHead; made when the night is first switched on
//   kNight   "2026-03-04"   the records of that night; open until it is over
//
// Pure planners and codecs; thread-safe.
#pragma once
#include <string>

#include "api/night/plan_night.h"
#include "ledger/core/view.h"

namespace suanpan::api::night {

inline constexpr std::string_view kHeadKey = "through";

struct NightsHead {
  Date first;
  Date complete_through;
  friend bool operator==(const NightsHead&, const NightsHead&) = default;
};

/// The records of one night, by step.
using NightRecords = std::map<StepId, StepRecord>;

std::string encode(const NightsHead& head);
std::string encode(const NightRecords& records);
/// Errors: kMalformed, kUnsupported.
Result<NightsHead> decode_nights_head(std::string_view bytes);
Result<NightRecords> decode_night_records(std::string_view bytes, Date day);

/// Switches the night on: its first day is the open one. Refusals: kDocumentExists.
Planned<ChangeSet> plan_begin_nights(const View& view);
/// Puts an attempt on record. Refusals: kDocumentExists for a step that is done, or an attempt that
/// is not the next one: two that run the same step record it once.
Planned<ChangeSet> plan_record_step(const View& view, const StepId& id, const StepRecord& record);
/// The night of the first day that is not over is over now. Refusals: kValueInvalid for any other
/// day, kDocumentNotFound before the night was ever on.
Planned<ChangeSet> plan_end_night(const View& view, Date day);

}  // namespace suanpan::api::night
