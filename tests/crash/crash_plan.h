// What the worker that is killed asks for, item by item. It depends on the thread and on n alone,
// so that the driver knows every item, and what it must come to (reckoning.h), without being told.
//
// A thread goes through rounds of sixteen items. It has a purse, an account of its own that may not
// fall below zero; all else moves between accounts that every thread uses.
//
//    0  fills the purse                   8  ┘ a voucher of up to three legs
//    1  a voucher of up to three legs     9  finishes the hold again: refused
//    2  holds a part of the purse        10  ┐ a voucher that would stand
//    3  overdraws it by one: refused     11  ┘ overdraws by one: refused, and the one before with
//    it 4  a hold that expires              12  a voucher of up to three legs 5  posts a part of
//    the hold         13  the same 6  ┐ takes from the purse           14  empties the purse to the
//    last fen 7  │ posts or voids the hold        15  holds one fen of it: refused
#pragma once
#include "ledger/engine/book.h"

namespace suanpan::test {

inline constexpr std::uint32_t kSharedAccounts = 6;  // numbers 1 to 6
inline constexpr std::uint32_t kPurses = 4;          // after them, one for each thread
inline constexpr std::uint32_t kCrashAccounts = kSharedAccounts + kPurses;
inline constexpr std::uint32_t kFirstCaller = 100;  // caller of thread 0
inline constexpr std::uint64_t kItemIds = 2;        // the high half of every item's id
inline constexpr std::uint64_t kRoundItems = 16;
inline constexpr std::uint64_t kExpiresAfter = 24;  // items

/// An answer that reached the caller.
struct Ack {
  std::uint32_t thread = 0;
  std::uint32_t replayed = 0;
  std::uint64_t n = 0;
  std::uint64_t seq = 0;
  std::int64_t timestamp_ns = 0;
  std::uint32_t voucher_no = 0;
  std::uint32_t refusal = 0;  // 0: accepted
};

inline BookOptions crash_options(const std::filesystem::path& folder) {
  BookOptions options;
  options.folder = folder;
  options.create = true;
  options.first_date = *Date::of(2026, 3, 4);
  options.sign_days = true;
  options.projection_batch = 700;
  return options;
}

/// The business time at which a thread that began to ask for item n may do so.
inline Timestamp crash_time(std::uint64_t n) {
  return Timestamp::of_cn(*Date::of(2026, 3, 4), 9, 0, 0)
      .plus_seconds(static_cast<std::int64_t>(n));
}

inline AccountId purse_of(std::uint32_t thread) { return AccountId{kSharedAccounts + 1 + thread}; }
/// Its purse lies in slices. What a slice cannot decide comes after what follows it in a batch
/// (ledger/README.md), so such a thread asks for one thing at a time.
inline bool has_hot_purse(std::uint32_t thread) { return thread % 3 == 1; }

inline std::string crash_code(AccountId account) {
  return account.value <= kSharedAccounts
             ? "1002/" + std::to_string(account.value)
             : "2203/" + std::to_string(account.value - kSharedAccounts);
}

inline std::vector<Command> crash_accounts() {
  std::vector<Command> commands;
  for (std::uint32_t id = 1; id <= kCrashAccounts; ++id) {
    OpenAccountRequest request;
    request.key = ClaimKey{Id128{1, id}, CallerId{kFirstCaller}};
    request.code = crash_code(AccountId{id});
    request.terms.hot =
        id <= kSharedAccounts ? id % 3 == 1 : has_hot_purse(id - kSharedAccounts - 1);
    if (id > kSharedAccounts) {
      request.type = AccountType::kLiability;
      request.terms.limit = LimitKind::kNotBelowZero;
    }
    commands.push_back(open_account(request));
  }
  return commands;
}

/// One item: a voucher or hold, or what becomes of a hold.
struct CrashItem {
  enum class Kind : std::uint8_t { kVoucher, kPost, kVoid };
  Kind kind = Kind::kVoucher;
  ClaimKey key;
  VoucherRequest voucher;   // kVoucher: its key is the item's
  std::uint64_t hold = 0;   // the hold's n
  std::int64_t amount = 0;  // kPost: how much of it; 0: all that is left
};

inline ClaimKey crash_key(std::uint32_t thread, std::uint64_t n) {
  return ClaimKey{Id128{kItemIds, n}, CallerId{kFirstCaller + thread}};
}

/// Whether item n stands or falls with the next one.
inline bool crash_linked(std::uint64_t n) {
  const std::uint64_t step = (n - 1) % kRoundItems;
  return step == 6 || step == 7 || step == 10;
}
/// Whether nothing may follow item n in a batch. What a shard cannot decide by itself comes after
/// that: what is refused for money where a hot account takes part, and what ends a hold whose
/// reserved money lies in another slice, as it does after a restart.
inline bool crash_ends_batch(std::uint64_t n) {
  const std::uint64_t step = (n - 1) % kRoundItems;
  return step == 3 || step == 5 || step == 8 || step == 9 || step == 11 || step == 15;
}
/// The first item of n's round.
inline std::uint64_t round_of(std::uint64_t n) { return (n - 1) / kRoundItems * kRoundItems + 1; }

inline CrashItem crash_item(std::uint32_t thread, std::uint64_t n) {
  const std::uint64_t round = round_of(n), step = n - round;
  const std::uint64_t of_round = mix64((round + 7) * 64 + thread), dice = mix64(n * 64 + thread);
  // What the round does with its purse: filled > held + taken, whatever the dice say.
  const auto filled = static_cast<std::int64_t>(100 + of_round % 900);
  const auto held = static_cast<std::int64_t>(20 + (of_round >> 10) % 40);
  const auto part = static_cast<std::int64_t>(1 + (of_round >> 20) % 19);
  const auto taken = static_cast<std::int64_t>(1 + (of_round >> 30) % 30);
  const bool posts_rest = (of_round >> 40) % 2 == 0;
  const std::int64_t left = filled - taken - (posts_rest ? held : part);

  CrashItem item;
  item.key = item.voucher.key = crash_key(thread, n);
  item.hold = round + 2;
  const auto shared = [&](std::uint64_t more) {
    return AccountId{static_cast<std::uint32_t>(((dice >> 8) + more) % kSharedAccounts + 1)};
  };
  const auto from_purse = [&](std::int64_t amount) {
    item.voucher.legs.push_back(Leg{purse_of(thread), shared(0), amount});
  };
  switch (step) {
    case 0:
      item.voucher.legs.push_back(Leg{shared(0), purse_of(thread), filled});
      break;
    case 2:
      item.voucher.hold = true;
      from_purse(held);
      break;
    case 3:
      from_purse(filled - held + 1);
      break;
    case 4:
      item.voucher.hold = true;
      item.voucher.expires_at = Timestamp{crash_time(n + kExpiresAfter).ns + 500'000'000};
      item.voucher.legs.push_back(
          Leg{shared(0), shared(1), static_cast<std::int64_t>(1 + (dice >> 24) % 1000)});
      break;
    case 5:
      item.kind = CrashItem::Kind::kPost;
      item.amount = part;
      break;
    case 6:
      from_purse(taken);
      break;
    case 7:
    case 9:
      item.kind = posts_rest == (step == 7) ? CrashItem::Kind::kPost : CrashItem::Kind::kVoid;
      break;
    case 11:
      from_purse(left + 1);
      break;
    case 14:
      from_purse(left);
      break;
    case 15:
      item.voucher.hold = true;
      from_purse(1);
      break;
    default:
      for (std::uint64_t leg = 0; leg <= dice % 3; ++leg)
        item.voucher.legs.push_back(Leg{shared(0), shared(1 + (dice >> 16) % 5),
                                        static_cast<std::int64_t>(1 + (dice >> 24) % 1000 + leg)});
  }
  return item;
}

}  // namespace suanpan::test
