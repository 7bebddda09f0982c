// What the worker that is killed posts, and what the driver therefore expects to find.
#pragma once
#include "ledger/engine/book.h"

namespace suanpan::test {

inline constexpr std::uint32_t kCrashAccounts = 6;
inline constexpr std::uint32_t kFirstCaller = 100;  // caller of thread 0

/// An answer that reached the caller.
struct Ack {
  std::uint32_t thread;
  std::uint32_t replayed;
  std::uint64_t n;
  std::uint64_t seq;
};

inline BookOptions crash_options(const std::filesystem::path& folder) {
  BookOptions options;
  options.folder = folder;
  options.create = true;
  options.first_date = *Date::of(2026, 3, 4);
  options.projection_batch = 700;
  return options;
}

inline OpenAccountRequest crash_account(std::uint32_t i) {
  OpenAccountRequest request;
  request.key = ClaimKey{Id128{1, i + 1}, CallerId{kFirstCaller}};
  request.code = "1002/" + std::to_string(i + 1);
  request.terms.hot = i % 3 == 0;
  return request;
}

inline VoucherRequest crash_voucher(std::uint32_t thread, std::uint64_t n) {
  const std::uint64_t dice = mix64(n * 64 + thread);
  VoucherRequest request;
  request.key = ClaimKey{Id128{2, n}, CallerId{kFirstCaller + thread}};
  for (std::uint64_t leg = 0; leg <= dice % 3; ++leg) {
    const std::uint64_t debit = (dice >> 8) % kCrashAccounts, step = 1 + (dice >> 16) % 5;
    request.legs.push_back(
        Leg{AccountId{static_cast<std::uint32_t>(debit + 1)},
            AccountId{static_cast<std::uint32_t>((debit + step) % kCrashAccounts + 1)},
            static_cast<std::int64_t>(1 + (dice >> 24) % 1000 + leg)});
  }
  return request;
}

}  // namespace suanpan::test
