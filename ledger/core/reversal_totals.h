// What of an original has been reversed (红冲) so far, leg by leg, as a document under the
// original's key. By it reversals together never exceed what they reverse.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan {

/// Minor units per leg of the original. Little-endian: count u16, then a total i64 each.
std::string encode_reversal_totals(const std::vector<std::int64_t>& totals);
/// Nothing if the bytes are not exactly totals.
std::optional<std::vector<std::int64_t>> decode_reversal_totals(std::string_view bytes);

}  // namespace suanpan
