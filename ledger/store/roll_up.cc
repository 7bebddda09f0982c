#include "ledger/store/roll_up.h"

#include <array>

#include "ledger/base/bytes.h"
#include "ledger/store/key_value.h"

namespace suanpan {
namespace {

template <class Totals>
auto fields(Totals& t) {
  return std::array{&t.debits_posted,   &t.credits_posted, &t.debits_pending,
                    &t.credits_pending, &t.debits_red,     &t.credits_red};
}

}  // namespace

void RollUpTotals::add(const RollUpTotals& other) {
  const auto from = fields(other);
  const auto to = fields(*this);
  for (std::size_t i = 0; i < to.size(); ++i) *to[i] += *from[i];
}

void RollUpTotals::add(const Balance& b) {
  debits_posted += b.debits_posted;
  credits_posted += b.credits_posted;
  debits_pending += b.debits_pending;
  credits_pending += b.credits_pending;
  debits_red += b.debits_red;
  credits_red += b.credits_red;
}

std::string roll_up_key(std::string_view path, Currency currency) {
  return std::string(path) + '\0' + big_endian(static_cast<std::uint16_t>(currency), 2);
}

std::string encode_roll_up_value(const RollUp& row) {
  ByteWriter out;
  for (const Int128* total : fields(row.totals)) {
    out.u64(static_cast<std::uint64_t>(*total));
    out.i64(static_cast<std::int64_t>(*total >> 64));
  }
  out.u32(row.accounts);
  return out.take();
}

std::optional<RollUp> decode_roll_up(std::string_view key, std::string_view value) {
  if (key.size() < 4 || key[key.size() - 3] != '\0') return std::nullopt;
  RollUp row;
  row.path = key.substr(0, key.size() - 3);
  row.currency = static_cast<Currency>(from_big_endian(key.substr(key.size() - 2)));
  ByteReader in(value);
  for (Int128* total : fields(row.totals)) {
    const std::uint64_t low = in.u64();
    *total = (Int128{in.i64()} << 64) | low;
  }
  row.accounts = in.u32();
  if (!in.done()) return std::nullopt;
  return row;
}

std::uint32_t RollUps::make(std::string_view path, Currency currency) {
  std::string key = roll_up_key(path, currency);
  if (const auto it = by_key_.find(key); it != by_key_.end()) return it->second;
  const std::size_t slash = path.rfind('/');
  const std::uint32_t parent =
      slash == std::string_view::npos ? kNone : make(path.substr(0, slash), currency);
  const auto node = static_cast<std::uint32_t>(nodes_.size());
  by_key_.emplace(std::move(key), node);
  nodes_.push_back(Node{RollUp{std::string(path), currency, {}, 0}, parent, false});
  gathered_.emplace_back();
  return node;
}

void RollUps::load(const RollUp& row) { nodes_[make(row.path, row.currency)].row = row; }

std::uint32_t RollUps::node_of(std::string_view code, Currency currency, bool opened) {
  const std::size_t slash = code.rfind('/');
  if (slash == std::string_view::npos) return kNone;
  const std::uint32_t node = make(code.substr(0, slash), currency);
  if (opened)
    for (std::uint32_t n = node; n != kNone; n = nodes_[n].parent) {
      ++nodes_[n].row.accounts;
      change(n);
    }
  return node;
}

void RollUps::change(std::uint32_t node) {
  if (nodes_[node].changed) return;
  nodes_[node].changed = true;
  changed_.push_back(node);
}

void RollUps::fold() {
  for (const std::uint32_t dirty : dirty_) {
    Gathered& g = gathered_[dirty];
    for (std::uint32_t n = dirty; n != kNone; n = nodes_[n].parent) {
      nodes_[n].row.totals.add(g.totals);
      change(n);
    }
    g = Gathered{};
  }
  dirty_.clear();
}

std::vector<RollUp> RollUps::at(std::string_view path) {
  fold();
  const std::string prefix = std::string(path) + '\0';
  std::vector<RollUp> found;
  for (auto it = by_key_.lower_bound(prefix); it != by_key_.end() && it->first.starts_with(prefix);
       ++it)
    found.push_back(nodes_[it->second].row);
  return found;
}

std::map<std::string, std::string> RollUps::take_changed() {
  fold();
  std::map<std::string, std::string> rows;
  for (const std::uint32_t n : changed_) {
    const RollUp& row = nodes_[n].row;
    rows.emplace(roll_up_key(row.path, row.currency), encode_roll_up_value(row));
    nodes_[n].changed = false;
  }
  changed_.clear();
  return rows;
}

}  // namespace suanpan
