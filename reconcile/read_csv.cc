#include "reconcile/read_csv.h"

#include <array>
#include <cstdio>
#include <memory>

namespace suanpan::reconcile {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";

// The length of the sequence that `text` begins with, or 0 if it is not UTF-8 (over-long forms,
// surrogates and values above U+10FFFF included).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool bad_second = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F) ||
                          (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F);
  return bad_second ? 0 : length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; }

}  // namespace

Error CsvParser::malformed(std::string_view what) const {
  return fail(Errc::kMalformed, "line {}: {}", line_, what);
}

Result<void> CsvParser::append(std::string_view run) {
  if (buffer_.size() + run.size() > options_.max_record_bytes) {
    return fail(Errc::kTooLarge, "line {}: a record of more than {} bytes", record_line_,
                options_.max_record_bytes);
  }
  buffer_.append(run);
  return success();
}

Result<void> CsvParser::end_field() {
  if (ends_.size() == options_.max_fields) {
    return fail(Errc::kTooLarge, "line {}: a record of more than {} fields", record_line_,
                options_.max_fields);
  }
  ends_.push_back(buffer_.size());
  return success();
}

Result<void> CsvParser::end_record() {
  const bool blank = ends_.empty() && buffer_.empty() && !quoted_any_;
  if (!blank) {
    TRY(end_field());
    fields_.clear();
    std::size_t from = 0;
    for (const std::size_t end : ends_) {
      fields_.push_back(std::string_view(buffer_).substr(from, end - from));
      if (!is_utf8(fields_.back())) {
        return fail(Errc::kMalformed, "line {}: not UTF-8", record_line_);
      }
      from = end;
    }
    TRY(sink_({record_line_, fields_}));
  }
  buffer_.clear();
  ends_.clear();
  quoted_any_ = false;
  state_ = State::kFieldStart;
  record_line_ = line_ + 1;
  return success();
}

// One byte that is not part of a plain run.
Result<void> CsvParser::step(char c) {
  if (state_ == State::kAfterCr && c != '\n') return malformed("a CR that is not part of CRLF");
  if (state_ == State::kQuoted) {
    if (c == '"') {
      state_ = State::kAfterQuote;
      return success();
    }
    if (is_control(c) && c != '\n' && c != '\r') return malformed("a control character");
    TRY(append({&c, 1}));
    line_ += c == '\n';
    return success();
  }
  if (c == '\n') {
    TRY(end_record());
    ++line_;
  } else if (c == '\r') {
    state_ = State::kAfterCr;
  } else if (c == options_.separator) {
    TRY(end_field());
    state_ = State::kFieldStart;
  } else if (c == '"' && state_ == State::kAfterQuote) {  // "" inside quotes
    TRY(append("\""));
    state_ = State::kQuoted;
  } else if (c == '"' && state_ == State::kFieldStart) {
    state_ = State::kQuoted;
    quoted_any_ = true;
  } else if (c == '"') {
    return malformed("a quote inside an unquoted field");
  } else if (state_ == State::kAfterQuote) {
    return malformed("text after a closing quote");
  } else if (is_control(c)) {
    return malformed("a control character");
  } else {
    state_ = State::kPlain;
    TRY(append({&c, 1}));
  }
  return success();
}

Result<void> CsvParser::feed(std::string_view bytes) {
  // A BOM may be cut anywhere, too. Its first byte begins many a Chinese header without one, so
  // what turns out to be none is given back.
  while (bom_seen_ < kBom.size() && !bytes.empty()) {
    if (bytes[0] != kBom[bom_seen_]) {
      const std::size_t held = bom_seen_;
      bom_seen_ = kBom.size();
      for (std::size_t i = 0; i < held; ++i) {
        TRY(step(kBom[i]));
      }
      break;
    }
    ++bom_seen_;
    bytes.remove_prefix(1);
  }
  while (!bytes.empty()) {
    TRY(step(bytes[0]));
    bytes.remove_prefix(1);
    if (state_ != State::kPlain) continue;
    std::size_t run = 0;
    while (run < bytes.size() && !is_control(bytes[run]) && bytes[run] != '"' &&
           bytes[run] != options_.separator) {
      ++run;
    }
    TRY(append(bytes.substr(0, run)));
    bytes.remove_prefix(run);
  }
  return success();
}

Result<void> CsvParser::finish() {
  if (bom_seen_ > 0 && bom_seen_ < kBom.size()) {
    return malformed("not UTF-8");
  }
  if (state_ == State::kQuoted) {
    return fail(Errc::kMalformed, "line {}: a quoted field does not end", record_line_);
  }
  if (state_ == State::kAfterCr) return malformed("a CR that is not part of CRLF");
  return end_record();
}

CsvTable::CsvTable(ColumnMap columns, CsvOptions options, RowSink sink)
    : columns_(std::move(columns)),
      sink_(std::move(sink)),
      parser_(options, [this](const CsvRecord& record) { return take(record); }) {}

Result<void> CsvTable::take(const CsvRecord& record) {
  if (!columns_.is_bound()) return columns_.bind(record);
  TRY(columns_.check(record));
  ++rows_;
  return sink_(CsvRow(columns_, record));
}

Result<std::uint64_t> CsvTable::finish() {
  TRY(parser_.finish());
  if (!columns_.is_bound()) return fail(Errc::kMalformed, "line 1: the file has no header");
  return rows_;
}

Result<std::uint64_t> read_csv_file(const std::string& path, ColumnMap columns, CsvOptions options,
                                    CsvTable::RowSink sink) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (!file) return fail(Errc::kIo, "{}: cannot be opened", path);
  CsvTable table(std::move(columns), options, std::move(sink));
  std::array<char, 64 << 10> buffer;
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    TRY(table.feed({buffer.data(), count}));
  }
  if (std::ferror(file.get())) return fail(Errc::kIo, "{}: cannot be read", path);
  return table.finish();
}

}  // namespace suanpan::reconcile
