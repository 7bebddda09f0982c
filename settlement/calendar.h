// The working-day calendar of settlement: weekends, public holidays and make-up workdays (调休) of
// mainland China, as the State Council announces them for one year at a time.
//
// Invariant: a year that is not in the table is an error, never a guess. That holds for every step
// of a T+N computation too, so a batch can never be dated by a holiday nobody has announced.
//
// Pure functions over constant data; thread-safe.
#pragma once
#include "ledger/base/date.h"
#include "ledger/base/result.h"

namespace suanpan::settlement {

/// Whether banks and settlement work on that day. Errors: kNotFound, naming an unknown year.
Result<bool> is_workday(Date date);

/// The first workday after `date`, which itself may be any day. Errors: as is_workday.
Result<Date> next_workday(Date date);

/// T+N: the `n`-th workday after `date`, which itself may be any day; n = 0 is `date` itself if it
/// is a workday, else the next one. Errors: kMalformed unless 0 <= n <= kMaxWorkdays; kNotFound as
/// is_workday, also if the computation only passes through an unknown year.
Result<Date> add_workdays(Date date, int n);

inline constexpr int kMaxWorkdays = 366;

}  // namespace suanpan::settlement
