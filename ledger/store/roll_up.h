// Roll-ups: the totals of all accounts below a path, kept as entries come in, so that reading one
// never looks at the accounts.
//
//   row: key := path, NUL, currency u16 (big-endian)   value := six totals i128, accounts u32
//
// A node is a proper prefix of some account's code in one currency: "3001" and "3001/小区1" of
// "3001/小区1/0402". An entry is added to the one node that its account hangs from; fold() carries
// what has gathered up to the top, once for many entries, when somebody reads or stores.
//
// Not thread-safe: the account projection's lock guards it.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/money.h"
#include "ledger/core/transfer.h"

namespace suanpan {

/// Minor units, in 128 bits: many balances that fit need not fit together.
struct RollUpTotals {
  Int128 debits_posted = 0, credits_posted = 0;    ///< red amounts taken in
  Int128 debits_pending = 0, credits_pending = 0;  ///< reserved by open holds
  Int128 debits_red = 0, credits_red = 0;          ///< <= 0
  void add(const RollUpTotals& other);
  void add(const Balance& balance);
  /// Posted balance on the given side.
  Int128 posted(Side side) const {
    return side == Side::kDebit ? debits_posted - credits_posted : credits_posted - debits_posted;
  }
  friend bool operator==(const RollUpTotals&, const RollUpTotals&) = default;
};

struct RollUp {
  std::string path;
  Currency currency = Currency::kCNY;
  RollUpTotals totals;
  std::uint32_t accounts = 0;  ///< below the path, of this currency
  friend bool operator==(const RollUp&, const RollUp&) = default;
};

std::string roll_up_key(std::string_view path, Currency currency);
std::string encode_roll_up_value(const RollUp& row);
std::optional<RollUp> decode_roll_up(std::string_view key, std::string_view value);

class RollUps {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};  ///< a code of one segment

  /// As it was stored; before any account is known.
  void load(const RollUp& row);
  /// The node that an account hangs from. `opened`: now, so that it counts.
  std::uint32_t node_of(std::string_view code, Currency currency, bool opened);

  void add(std::uint32_t node, const Transfer& transfer, Side side) {
    if (node == kNone) return;
    Gathered& g = gathered_[node];
    if (!g.dirty) {
      g.dirty = true;
      dirty_.push_back(node);
    }
    const bool debit = side == Side::kDebit;
    Int128& posted = debit ? g.totals.debits_posted : g.totals.credits_posted;
    Int128& pending = debit ? g.totals.debits_pending : g.totals.credits_pending;
    switch (transfer.kind) {
      case TransferKind::kRed:
        (debit ? g.totals.debits_red : g.totals.credits_red) += transfer.amount;
        [[fallthrough]];
      case TransferKind::kPosted:
        posted += transfer.amount;
        break;
      case TransferKind::kPostPending:
        posted += transfer.amount;
        [[fallthrough]];
      case TransferKind::kVoidPending:
        pending -= transfer.amount;
        break;
      case TransferKind::kPending:
        pending += transfer.amount;
        break;
      case TransferKind::kNone:
        break;
    }
  }
  void fold();

  /// One per currency, folded.
  std::vector<RollUp> at(std::string_view path);
  /// Rows that changed since the last call, folded, by key.
  std::map<std::string, std::string> take_changed();

 private:
  struct Node {
    RollUp row;
    std::uint32_t parent = kNone;
    bool changed = false;
  };
  struct Gathered {  // apart from the nodes: all that an entry touches
    RollUpTotals totals;
    bool dirty = false;
  };
  std::uint32_t make(std::string_view path, Currency currency);
  void change(std::uint32_t node);

  std::vector<Node> nodes_;
  std::vector<Gathered> gathered_;  // by node
  std::vector<std::uint32_t> dirty_, changed_;
  std::map<std::string, std::uint32_t, std::less<>> by_key_;
};

}  // namespace suanpan
