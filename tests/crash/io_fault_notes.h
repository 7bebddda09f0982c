// What the process whose files fail says beside its acknowledgements: an Ack whose thread is none.
#pragma once
#include "tests/crash/crash_plan.h"

namespace suanpan::test {

inline constexpr std::uint32_t kFault = 0xffff'fff0;       // an operation fails now
inline constexpr std::uint32_t kVitalFault = 0xffff'fff1;  // the same, of the log or the head
inline constexpr std::uint32_t kCounted = 0xffff'fff2;     // n: operations up to the end

}  // namespace suanpan::test
