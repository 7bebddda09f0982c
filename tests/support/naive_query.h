// Queries by a naive reading: every movement of a book in one row, every condition asked of each.
#pragma once
#include <algorithm>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "ledger/engine/query.h"

namespace suanpan::test {

/// Metadata as it is written, and what it says, told by hand.
struct Metadata {
  const char* json;
  std::vector<std::pair<std::string, std::string>> members;
};
inline const Metadata kMetadata[] = {
    {"", {}},
    {R"({"shop":"7"})", {{"shop", "7"}}},
    {R"({"shop":7,"open":true})", {{"shop", "7"}, {"open", "true"}}},
    {R"({"shop":"朝阳","note":"a\"b"})", {{"shop", "朝阳"}, {"note", "a\"b"}}},
    {R"({"Shop":"7","list":["shop"]})", {{"Shop", "7"}, {"list", R"(["shop"])"}}},
    {R"({"open":"true"})", {{"open", "true"}}},
};

/// A movement as the naive reading keeps it.
struct Seen {
  std::uint64_t seq = 0;
  std::int64_t time_ns = 0;
  std::uint32_t caller = 0, leg = 0, debit = 0, credit = 0;
  std::uint16_t code = 0;
  std::int32_t day = 0, happened = 0;  // accounting date; the day it happened
  std::int64_t amount = 0;
  bool reserved = false;
  std::string key, metadata;
  std::int64_t debit_after = 0, credit_after = 0;  // balances, if it was posted
};

/// One row of an answer. Vouchers have leg 0, side 0, balance 0; transfers side 0, balance 0.
struct Shown {
  std::uint64_t seq = 0;
  std::uint32_t leg = 0;
  int side = 0;
  std::int64_t balance = 0;
  friend bool operator==(const Shown&, const Shown&) = default;
};
inline std::ostream& operator<<(std::ostream& out, const Shown& row) {
  return out << row.seq << "." << row.leg << "." << row.side << "=" << row.balance;
}

inline bool says(const std::string& json, const std::pair<std::string, std::string>& member) {
  for (const Metadata& m : kMetadata)
    if (json == m.json)
      for (const auto& told : m.members)
        if (told == member) return true;
  return false;
}

/// Everything that a query finds up to a sequence, in its order.
inline std::vector<Shown> naive(const std::vector<Seen>& all, const Query& query,
                                std::uint64_t until) {
  const QueryConditions& c = query.conditions;
  std::vector<Shown> rows;
  for (const Seen& s : all) {
    if (s.seq > until) break;
    const bool vouchers = query.of == QueryOf::kVouchers, entries = query.of == QueryOf::kEntries;
    if (entries && s.reserved) continue;
    if (!entries && c.stage == Stage::kPosted && s.reserved) continue;
    if (!entries && c.stage == Stage::kReserved && !s.reserved) continue;
    if (c.debit && s.debit != c.debit->value) continue;
    if (c.credit && s.credit != c.credit->value) continue;
    if (c.code && s.code != *c.code) continue;
    if (c.caller && s.caller != c.caller->value) continue;
    if (c.from && s.time_ns < c.from->ns) continue;
    if (c.before && s.time_ns >= c.before->ns) continue;
    if (c.from_date && s.day < c.from_date->days) continue;
    if (c.through_date && s.day > c.through_date->days) continue;
    if (c.effective_from && s.happened < c.effective_from->days) continue;
    if (c.effective_through && s.happened > c.effective_through->days) continue;
    if (c.min_amount && s.amount < *c.min_amount) continue;
    if (c.max_amount && s.amount > *c.max_amount) continue;
    if (!c.business_key.empty() && s.key != c.business_key) continue;
    bool told = true;
    for (const auto& member : c.metadata) told = told && says(s.metadata, member);
    if (!told) continue;
    const bool debited = (!c.account || s.debit == c.account->value) && c.side != Side::kCredit;
    const bool credited = (!c.account || s.credit == c.account->value) && c.side != Side::kDebit;
    if (entries) {
      if (debited) rows.push_back({s.seq, s.leg, 0, s.debit_after});
      if (credited) rows.push_back({s.seq, s.leg, 1, s.credit_after});
    } else if (!c.account || debited || credited) {
      if (vouchers && !rows.empty() && rows.back().seq == s.seq) continue;
      rows.push_back({s.seq, vouchers ? 0 : s.leg, 0, 0});
    }
  }
  if (query.newest_first) std::reverse(rows.begin(), rows.end());
  return rows;
}

inline Shown shown(QueryOf of, const QueryHit& hit) {
  Shown row{hit.command->seq, 0, 0, 0};
  if (of != QueryOf::kVouchers) row.leg = hit.leg;
  if (of == QueryOf::kEntries) {
    row.side = static_cast<int>(hit.side);
    row.balance = hit.balance_after;
  }
  return row;
}

}  // namespace suanpan::test
