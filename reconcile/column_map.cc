#include "reconcile/column_map.h"

#include <algorithm>

#include "ledger/base/check.h"

namespace suanpan::reconcile {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

Result<void> ColumnMap::bind(const CsvRecord& header) {
  at_.assign(wanted_.size(), -1);
  width_ = header.fields.size();
  for (std::size_t w = 0; w < wanted_.size(); ++w) {
    const auto& names = wanted_[w].names;
    CHECK_OR_DIE(!names.empty(), "column {} has no name", w);
    for (std::size_t i = 0; i < header.fields.size(); ++i) {
      if (std::find(names.begin(), names.end(), trimmed(header.fields[i])) == names.end()) continue;
      if (at_[w] >= 0) {
        return fail(Errc::kMalformed, "line {}: column \"{}\" is there twice", header.line,
                    names[0]);
      }
      at_[w] = static_cast<std::int32_t>(i);
    }
    if (at_[w] < 0 && wanted_[w].required) {
      return fail(Errc::kMalformed, "line {}: column \"{}\" is missing", header.line, names[0]);
    }
  }
  return success();
}

Result<void> ColumnMap::check(const CsvRecord& record) const {
  if (record.fields.size() == width_) return success();
  return fail(Errc::kMalformed, "line {}: {} fields where the header has {}", record.line,
              record.fields.size(), width_);
}

std::string_view ColumnMap::field(const CsvRecord& record, std::size_t wanted) const {
  CHECK_OR_DIE(wanted < at_.size(), "no column {}", wanted);
  return at_[wanted] < 0 ? std::string_view{}
                         : record.fields[static_cast<std::size_t>(at_[wanted])];
}

}  // namespace suanpan::reconcile
