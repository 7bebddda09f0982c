// The cursor of a query or statement on the wire.
//
//   cursor := hex of asked u32 | until u64 | low u64 | high u64 | seq u64 | sub u32 | crc32c u32
//
// `asked` is a digest of the path, the conditions and the caller: a cursor goes on with the query
// it comes from and no other. The checksum finds slips, not malice: what a cursor may point at is
// checked where it is used (ledger/engine/query.h). Pure.
#pragma once
#include "api/router.h"
#include "ledger/base/bytes.h"
#include "ledger/base/digest.h"
#include "ledger/engine/query.h"

namespace suanpan::api::v1 {

inline std::uint32_t digest_of_query(const Call& call) {
  std::string text = fmt::format("{}\n{}\n", call.principal.caller.value, call.request.path());
  for (const auto& [name, value] : call.query)
    if (name != "cursor" && name != "limit")
      text += fmt::format("{}:{}={}\n", name, value.size(), value);
  return crc32c(text);
}

inline std::string encode_cursor(std::uint32_t asked, const QueryCursor& cursor) {
  ByteWriter out;
  out.u32(asked);
  out.u64(cursor.until);
  out.u64(cursor.low);
  out.u64(cursor.high);
  out.u64(cursor.at.seq);
  out.u32(cursor.at.sub);
  out.u32(crc32c(out.bytes()));
  const std::string bytes = out.take();
  return hex_lower({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

struct ReadCursor {
  std::uint32_t asked = 0;
  QueryCursor cursor;
};
inline std::optional<ReadCursor> decode_cursor(std::string_view text) {
  constexpr std::size_t kBytes = 44;
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != kBytes) return std::nullopt;
  ByteReader in(*bytes);
  ReadCursor read;
  read.asked = in.u32();
  read.cursor.until = in.u64();
  read.cursor.low = in.u64();
  read.cursor.high = in.u64();
  read.cursor.at.seq = in.u64();
  read.cursor.at.sub = in.u32();
  if (in.u32() != crc32c(std::string_view(*bytes).substr(0, kBytes - 4))) return std::nullopt;
  return read;
}

/// The parameter "cursor" of a query whose digest is `asked`; what is wrong with it goes to `in`.
template <class In>
std::optional<QueryCursor> read_cursor(In& in, std::uint32_t asked) {
  const auto text = in.maybe_text("cursor");
  if (!text) return std::nullopt;
  const auto read = decode_cursor(*text);
  if (!read)
    in.fail_at("cursor", "is none of ours");
  else if (read->asked != asked)
    in.fail_at("cursor", "is another query's");
  else
    return read->cursor;
  return std::nullopt;
}

}  // namespace suanpan::api::v1
