// A streaming CSV reader (RFC 4180): bytes in, records out, in bounded memory. Sans-IO; the file
// function at the end is the only I/O.
//
//   file    = [BOM] record *(eol record) [eol]        eol = LF / CRLF
//   record  = field *(separator field)
//   field   = *plain / quote *(any / quote quote) quote
//
// Wholly blank lines are skipped. Refused, with the line's number: a quote inside an unquoted
// field, anything after a closing quote, an open quote at the end, a lone CR, invalid UTF-8 (a GBK
// file is noticed, not mangled), control characters other than TAB (and line ends in quotes), a
// record longer or with more fields than the limits, a NUL byte.
//
// Not thread-safe. The views that a sink gets live only as long as the call.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.h"
#include "reconcile/column_map.h"

namespace suanpan::reconcile {

struct CsvOptions {
  char separator = ',';
  std::size_t max_record_bytes = 64 << 10;
  std::size_t max_fields = 256;
};

/// The parser below the columns: records as they stand.
class CsvParser {
 public:
  using Sink = std::function<Result<void>(const CsvRecord&)>;
  CsvParser(CsvOptions options, Sink sink) : options_(options), sink_(std::move(sink)) {}

  /// Takes the next bytes, cut anywhere. After an error the parser is dead.
  /// Errors: kMalformed, kTooLarge, both with the line; and whatever the sink says.
  Result<void> feed(std::string_view bytes);
  /// The end of the input. Errors as feed.
  Result<void> finish();

 private:
  enum class State : std::uint8_t { kFieldStart, kPlain, kQuoted, kAfterQuote, kAfterCr };

  Result<void> step(char c);
  Result<void> append(std::string_view run);
  Result<void> end_field();
  Result<void> end_record();
  Error malformed(std::string_view what) const;

  CsvOptions options_;
  Sink sink_;
  State state_ = State::kFieldStart;
  std::uint64_t line_ = 1;         ///< of the byte that is next
  std::uint64_t record_line_ = 1;  ///< where the record began
  std::size_t bom_seen_ = 0;       ///< bytes of a leading BOM; 3 or more: past it
  bool quoted_any_ = false;
  std::string buffer_;  ///< the record's fields, one after the other
  std::vector<std::size_t> ends_;
  std::vector<std::string_view> fields_;
};

/// A table: the first record is the header, the columns are bound by name, every further record
/// must have as many fields as the header.
class CsvTable {
 public:
  using RowSink = std::function<Result<void>(const CsvRow&)>;
  CsvTable(ColumnMap columns, CsvOptions options, RowSink sink);
  CsvTable(const CsvTable&) = delete;
  CsvTable& operator=(const CsvTable&) = delete;

  Result<void> feed(std::string_view bytes) { return parser_.feed(bytes); }
  /// The count of rows. Errors: as CsvParser; kMalformed if there was no header.
  Result<std::uint64_t> finish();

 private:
  Result<void> take(const CsvRecord& record);

  ColumnMap columns_;
  RowSink sink_;
  CsvParser parser_;
  std::uint64_t rows_ = 0;
};

/// Reads a file through a buffer of fixed size. Errors: kIo (names the file), and as CsvTable.
Result<std::uint64_t> read_csv_file(const std::string& path, ColumnMap columns, CsvOptions options,
                                    CsvTable::RowSink sink);

}  // namespace suanpan::reconcile
