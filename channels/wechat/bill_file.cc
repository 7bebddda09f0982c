#include "channels/wechat/bill_file.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>

#include "ledger/base/digest.h"
#include "ledger/base/limits.h"

namespace suanpan::channels::wechat {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";

/// Length of the UTF-8 sequence at the front of `text`, 0 if it is none (overlong forms, surrogates
/// and values above U+10FFFF included).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  const unsigned second = byte(1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
      (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F))
    return 0;
  return length;
}

Result<void> check_text(std::string_view text, std::uint64_t line) {
  while (!text.empty()) {
    const auto length = utf8_length(text);
    if (length == 0) return fail(Errc::kMalformed, "bill line {}: not UTF-8", line);
    const auto c = static_cast<unsigned char>(text[0]);
    if ((c < 0x20 && c != '\t') || c == 0x7F)
      return fail(Errc::kMalformed, "bill line {}: a control character", line);
    text.remove_prefix(length);
  }
  return success();
}

struct Inflater {
  z_stream stream{};
  Inflater() = default;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream); }
};

}  // namespace

Result<void> gunzip(std::string_view compressed, std::size_t max_bytes, const ByteSink& sink) {
  constexpr std::size_t kPiece = 64 << 10;
  if (compressed.size() > std::numeric_limits<uInt>::max())
    return fail(Errc::kTooLarge, "the gzip file is too large");
  Inflater inflater;
  auto& stream = inflater.stream;
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  if (inflateInit2(&stream, kGzipOnly) != Z_OK) return fail(Errc::kIo, "zlib would not start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  const auto piece = std::make_unique<std::array<char, kPiece>>();
  std::size_t total = 0;
  for (int state = Z_OK; state != Z_STREAM_END;) {
    stream.next_out = reinterpret_cast<Bytef*>(piece->data());
    stream.avail_out = kPiece;
    state = inflate(&stream, Z_NO_FLUSH);
    if (state != Z_OK && state != Z_STREAM_END)
      return fail(Errc::kMalformed, "the gzip file is damaged or truncated");
    const std::size_t produced = kPiece - stream.avail_out;
    total += produced;
    if (total > max_bytes)
      return fail(Errc::kTooLarge, "the gzip file inflates to more than {} bytes", max_bytes);
    if (produced != 0) {
      TRY(sink(std::string_view(piece->data(), produced)));
    }
  }
  if (stream.avail_in != 0) return fail(Errc::kMalformed, "bytes follow the gzip file");
  return success();
}

Result<std::string> open_bill(std::string body, bool gzip, std::string_view sha1_hex,
                              std::size_t max_bytes) {
  const auto expected = from_hex(sha1_hex);
  if (!expected || expected->size() != 20)
    return fail(Errc::kMalformed, "the bill's hash is not a SHA-1");
  std::string plain;
  if (gzip) {
    TRY(gunzip(body, max_bytes, [&plain](std::string_view piece) -> Result<void> {
      plain.append(piece);
      return success();
    }));
  } else {
    plain = std::move(body);
  }
  if (plain.size() > max_bytes)
    return fail(Errc::kTooLarge, "the bill exceeds {} bytes", max_bytes);
  const auto actual = sha1(plain);
  if (!std::equal(actual.begin(), actual.end(), expected->begin(),
                  [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); }))
    return fail(Errc::kMismatch, "the bill's SHA-1 is not the one announced");
  return plain;
}

std::string_view BillCells::text(std::string_view name) const {
  const auto found = columns_.find(name);
  return found == columns_.end() ? std::string_view{} : cells_[found->second];
}

Result<std::int64_t> BillCells::decimal(std::string_view name, unsigned decimals) const {
  if (!has(name)) return 0;
  const auto value = parse_decimal(text(name), decimals);
  if (!value)
    return fail(value.error().code, "bill line {}: {} is not a decimal in range", line_, name);
  return value.value();
}

Result<std::int64_t> BillCells::fen(std::string_view name) const {
  TRY(const auto value, decimal(name, 2));
  if (value < 0) return fail(Errc::kMalformed, "bill line {}: {} is negative", line_, name);
  if (value > kMaxAmountMinor)
    return fail(Errc::kTooLarge, "bill line {}: {} is out of range", line_, name);
  return value;
}

Result<std::int64_t> BillCells::signed_fen(std::string_view name) const { return decimal(name, 2); }

Result<std::int64_t> BillCells::e5_yuan(std::string_view name) const { return decimal(name, 5); }

Result<std::int64_t> BillCells::count(std::string_view name) const {
  TRY(const auto value, decimal(name, 0));
  if (value < 0) return fail(Errc::kMalformed, "bill line {}: {} is negative", line_, name);
  return value;
}

Result<Timestamp> BillCells::moment(std::string_view name) const {
  if (!has(name)) return Timestamp{};
  const auto value = Timestamp::parse(text(name));
  if (!value) return fail(Errc::kMalformed, "bill line {}: {} is not a time", line_, name);
  return *value;
}

Result<void> BillReader::feed(std::string_view chunk) {
  if (expect_ == Expect::kRefused) return fail(Errc::kMalformed, "the bill was refused already");
  auto taken = take(chunk);
  if (!taken) expect_ = Expect::kRefused;
  return taken;
}

Result<void> BillReader::take(std::string_view chunk) {
  bytes_ += chunk.size();
  if (bytes_ > kMaxBillBytes)
    return fail(Errc::kTooLarge, "the bill exceeds {} bytes", kMaxBillBytes);
  while (!chunk.empty()) {
    const auto end = chunk.find('\n');
    const auto piece = chunk.substr(0, end);
    if (partial_.size() + piece.size() > kMaxBillLineBytes)
      return fail(Errc::kTooLarge, "bill line {} exceeds {} bytes", line_ + 1, kMaxBillLineBytes);
    if (end == std::string_view::npos) {
      partial_.append(piece);
      return success();
    }
    chunk.remove_prefix(end + 1);
    if (partial_.empty()) {
      TRY(line(piece));
    } else {
      partial_.append(piece);
      const auto held = line(partial_);
      partial_.clear();
      TRY(held);
    }
  }
  return success();
}

Result<void> BillReader::line(std::string_view text) {
  ++line_;
  if (line_ == 1 && text.starts_with(kBom)) text.remove_prefix(kBom.size());
  if (text.ends_with('\r')) text.remove_suffix(1);
  TRY(check_text(text, line_));
  return text.starts_with('`') ? row(text) : header(text);
}

Result<void> BillReader::header(std::string_view text) {
  if (expect_ == Expect::kSummary)
    return fail(Errc::kMalformed, "bill line {}: the totals are missing", line_);
  if (expect_ == Expect::kNothing)
    return fail(Errc::kMalformed, "bill line {}: something follows the totals", line_);
  TRY(bind(text));
  if (expect_ == Expect::kRow) {  // no backtick: the rows have ended
    expect_ = Expect::kSummary;
    return success();
  }
  expect_ = Expect::kRow;
  return handler_.on_header(BillCells(columns_, cells_, line_));
}

Result<void> BillReader::row(std::string_view text) {
  if (expect_ == Expect::kHeader)
    return fail(Errc::kMalformed, "bill line {}: the header is missing", line_);
  if (expect_ == Expect::kNothing)
    return fail(Errc::kMalformed, "bill line {}: something follows the totals", line_);
  TRY(split_row(text));
  const BillCells cells(columns_, cells_, line_);
  if (expect_ == Expect::kRow) return handler_.on_row(cells);
  expect_ = Expect::kNothing;
  return handler_.on_summary(cells);
}

Result<void> BillReader::bind(std::string_view text) {
  columns_.clear();
  cells_.clear();
  for (std::size_t column = 0;; ++column) {
    const auto comma = text.find(',');
    const auto name = text.substr(0, comma);
    if (name.empty() || column >= kMaxBillColumns)
      return fail(Errc::kMalformed, "bill line {}: a header with an empty name or too many", line_);
    if (!columns_.emplace(name, column).second)
      return fail(Errc::kMalformed, "bill line {}: a column name is repeated", line_);
    if (comma == std::string_view::npos) return success();
    text.remove_prefix(comma + 1);
  }
}

Result<void> BillReader::split_row(std::string_view text) {
  constexpr std::string_view kSeparator = ",`";
  text.remove_prefix(1);
  cells_.clear();
  for (;;) {
    const auto at = text.find(kSeparator);
    cells_.push_back(text.substr(0, at));
    if (cells_.size() > columns_.size() || at == std::string_view::npos) break;
    text.remove_prefix(at + kSeparator.size());
  }
  if (cells_.size() != columns_.size())
    return fail(Errc::kMalformed, "bill line {}: {} cells expected", line_, columns_.size());
  return success();
}

Result<void> BillReader::finish() {
  if (expect_ == Expect::kRefused) return fail(Errc::kMalformed, "the bill was refused already");
  if (expect_ == Expect::kNothing && partial_.empty()) return success();
  expect_ = Expect::kRefused;
  return fail(Errc::kMalformed, "the bill is truncated after line {}", line_);
}

}  // namespace suanpan::channels::wechat
