// The time of a call. The sandbox has no clock of its own: whoever hosts it says what time it is.
//
// Two times, because a demonstration moves one of them: `business` dates orders, bills, entries,
// expiries and retries; `wire` is the real time that signatures carry and are judged by. A host
// whose business clock runs with the real one passes a single Timestamp.
#pragma once
#include "ledger/base/date.h"

namespace suanpan::sandbox {

struct Moment {
  Timestamp business;
  Timestamp wire;
  Moment(Timestamp both) : business(both), wire(both) {}  // NOLINT: one time serves as both
  Moment(Timestamp business_time, Timestamp wire_time) : business(business_time), wire(wire_time) {}
};

}  // namespace suanpan::sandbox
