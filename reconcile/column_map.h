// Binds the columns that a reader wants to those that a file has, by header name: banks and
// channels add, drop and reorder columns without telling.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.h"

namespace suanpan::reconcile {

/// One record of a CSV file; the views live as long as the call that hands them over.
struct CsvRecord {
  std::uint64_t line = 0;  ///< where it begins, from 1
  std::span<const std::string_view> fields;
};

/// A column that is wanted, under any of its names (a file may use one of them only).
struct ColumnSpec {
  std::vector<std::string> names;
  bool required = true;
};

class ColumnMap {
 public:
  /// The order of `wanted` gives each column its index.
  explicit ColumnMap(std::vector<ColumnSpec> wanted) : wanted_(std::move(wanted)) {}

  /// Learns where the columns stand. Blanks around a header's name do not count; columns that
  /// nobody wants are ignored. Errors: kMalformed for a required column that is missing, or a
  /// wanted one that is there twice.
  Result<void> bind(const CsvRecord& header);
  bool is_bound() const { return width_ > 0; }
  bool has(std::size_t wanted) const { return at_[wanted] >= 0; }

  /// Errors: kMalformed (with the line) if the record has not as many fields as the header.
  Result<void> check(const CsvRecord& record) const;
  /// The field, or "" where the file lacks an optional column. The record must have passed check().
  std::string_view field(const CsvRecord& record, std::size_t wanted) const;

 private:
  std::vector<ColumnSpec> wanted_;
  std::vector<std::int32_t> at_;
  std::size_t width_ = 0;
};

/// A record seen through the map.
class CsvRow {
 public:
  CsvRow(const ColumnMap& map, const CsvRecord& record) : map_(map), record_(record) {}
  std::string_view operator[](std::size_t wanted) const { return map_.field(record_, wanted); }
  std::uint64_t line() const { return record_.line; }

 private:
  const ColumnMap& map_;
  const CsvRecord& record_;
};

}  // namespace suanpan::reconcile
