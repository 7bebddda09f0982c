#include "ledger/core/reversal_totals.h"

#include "ledger/base/bytes.h"

namespace suanpan {

std::string encode_reversal_totals(const std::vector<std::int64_t>& totals) {
  ByteWriter out;
  out.u16(static_cast<std::uint16_t>(totals.size()));
  for (const std::int64_t total : totals) out.i64(total);
  return out.take();
}

std::optional<std::vector<std::int64_t>> decode_reversal_totals(std::string_view bytes) {
  ByteReader in(bytes);
  std::vector<std::int64_t> totals(in.u16());
  for (std::int64_t& total : totals) total = in.i64();
  if (!in.done()) return std::nullopt;
  return totals;
}

}  // namespace suanpan
