// The common form of WeChat's bills, read as a stream in bounded memory.
//
//   file    = [BOM] header row* summary-header summary-row
//   header  = name *("," name) EOL                     names bind columns; their order is free
//   row     = "`" cell *(",`" cell) EOL                 a cell may hold commas
//   summary-header = as header; it is told from a row by the missing backtick
//   EOL     = LF | CRLF                                 the last line has one too
//
// UTF-8 throughout. Anything else is refused with the line's number: a file that stops anywhere
// before its last byte lacks its summary or its last EOL.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/date.h"
#include "ledger/base/money.h"
#include "ledger/base/result.h"

namespace suanpan::channels::wechat {

inline constexpr std::size_t kMaxBillBytes = std::size_t{512} << 20;  ///< uncompressed
inline constexpr std::size_t kMaxBillLineBytes = 64 << 10;
inline constexpr std::size_t kMaxBillColumns = 128;

/// Whose bill it must be, and of which day.
struct BillExpectation {
  std::string mchid;
  Date day;
};

/// Inflates a gzip file into pieces of at most 64 KiB. Errors: kTooLarge beyond `max_bytes` (a
/// bomb), kMalformed for bad, truncated or trailing bytes; the sink's.
using ByteSink = std::function<Result<void>(std::string_view)>;
Result<void> gunzip(std::string_view compressed, std::size_t max_bytes, const ByteSink& sink);

/// A downloaded bill as plain bytes: inflated if `gzip`, held to the ticket's SHA-1 over the
/// uncompressed file. Errors: as gunzip, kMismatch (hash), kMalformed (a hash that is none).
Result<std::string> open_bill(std::string body, bool gzip, std::string_view sha1_hex,
                              std::size_t max_bytes = kMaxBillBytes);

/// A row of cells with the header's names. Views are valid during the callback only.
class BillCells {
 public:
  BillCells(const std::map<std::string, std::size_t, std::less<>>& columns,
            const std::vector<std::string_view>& cells, std::uint64_t line)
      : columns_(columns), cells_(cells), line_(line) {}
  std::uint64_t line() const { return line_; }  ///< in the file, from 1
  bool has(std::string_view name) const { return columns_.contains(name); }
  /// The cell of a column; empty where the column is missing.
  std::string_view text(std::string_view name) const;
  /// A column in yuan as fen, a column of five decimals as 10^-5 yuan, a moment in UTC+8, a count
  /// ("45.0"). An absent column is 0 (or the epoch); an empty cell is an error. Errors: kMalformed
  /// naming line and column, kTooLarge.
  Result<std::int64_t> fen(std::string_view name) const;  ///< never negative
  Result<std::int64_t> signed_fen(std::string_view name) const;
  Result<std::int64_t> e5_yuan(std::string_view name) const;
  Result<Timestamp> moment(std::string_view name) const;
  Result<std::int64_t> count(std::string_view name) const;

 private:
  Result<std::int64_t> decimal(std::string_view name, unsigned decimals) const;
  const std::map<std::string, std::size_t, std::less<>>& columns_;
  const std::vector<std::string_view>& cells_;
  std::uint64_t line_;
};

/// What a kind of bill makes of the lines.
class BillHandler {
 public:
  virtual ~BillHandler() = default;
  /// The header; judges whether the columns it needs are there.
  virtual Result<void> on_header(const BillCells& header) = 0;
  virtual Result<void> on_row(const BillCells& row) = 0;
  /// The totals; judges them against the rows seen.
  virtual Result<void> on_summary(const BillCells& summary) = 0;
};

/// Splits lines and binds columns. Not thread-safe; after an error it stays refused.
class BillReader {
 public:
  explicit BillReader(BillHandler& handler) : handler_(handler) {}
  Result<void> feed(std::string_view chunk);
  /// Errors: kMalformed if the file is not complete.
  Result<void> finish();

 private:
  enum class Expect : std::uint8_t { kHeader, kRow, kSummary, kNothing, kRefused };
  Result<void> take(std::string_view chunk);
  Result<void> line(std::string_view text);
  Result<void> header(std::string_view text);
  Result<void> row(std::string_view text);
  Result<void> bind(std::string_view text);
  Result<void> split_row(std::string_view text);

  BillHandler& handler_;
  Expect expect_ = Expect::kHeader;
  std::string partial_;  ///< a line whose end has not come yet
  std::uint64_t line_ = 0;
  std::uint64_t bytes_ = 0;
  std::map<std::string, std::size_t, std::less<>> columns_;
  std::vector<std::string_view> cells_;
};

}  // namespace suanpan::channels::wechat
