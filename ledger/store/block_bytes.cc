#include "ledger/store/block_bytes.h"

#include <lz4.h>

#include <algorithm>
#include <cstring>

#include "ledger/base/bytes.h"
#include "ledger/base/check.h"
#include "ledger/store/record_pack.h"

namespace suanpan {
namespace {

constexpr char kMagic[8] = {'S', 'P', 'B', 'L', 'O', 'C', 'K', '1'};
constexpr std::size_t kHeaderBytes = 96;
constexpr std::size_t kArchivedHeaderBytes = kHeaderBytes + sizeof(Sha256);
constexpr std::size_t kMinCompressed = 256;  // less is not worth it
constexpr std::size_t kMaxCompressed = LZ4_MAX_INPUT_SIZE;

bool begins_as_a_block(std::string_view bytes) {
  return std::memcmp(bytes.data(), kMagic, sizeof kMagic) == 0;
}

// The variable part as it is stored: LZ4 where that saves anything.
void append_variable(std::string& out, const std::string& variable) {
  if (variable.size() >= kMinCompressed && variable.size() <= kMaxCompressed) {
    const std::size_t begin = out.size();
    const int bound = LZ4_compressBound(static_cast<int>(variable.size()));
    out.resize(begin + static_cast<std::size_t>(bound));
    const int written = LZ4_compress_default(variable.data(), out.data() + begin,
                                             static_cast<int>(variable.size()), bound);
    CHECK_OR_DIE(written > 0, "a variable part of {} bytes does not compress", variable.size());
    out.resize(begin + static_cast<std::size_t>(written));
    if (static_cast<std::size_t>(written) < variable.size()) return;
    out.resize(begin);
  }
  out += variable;
}

}  // namespace

std::string seal_contents(const BlockContents& contents, const Sha256& previous, BlockForm form,
                          const Sha256& own) {
  const std::vector<Record>& records = contents.records;
  const std::string& variable = contents.variable;
  const std::size_t header_bytes =
      form == BlockForm::kArchived ? kArchivedHeaderBytes : kHeaderBytes;
  std::string out;
  std::uint64_t packed_bytes = 0, stored_variable_bytes = 0;
  if (form == BlockForm::kPlain) {
    out.resize(header_bytes);
    out.append(reinterpret_cast<const char*>(records.data()), records.size() * sizeof(Record));
    out += variable;
  } else {
    out.reserve(header_bytes + records.size() * 24 + variable.size() + 4);
    out.resize(header_bytes);
    pack_records(records, out);
    packed_bytes = out.size() - header_bytes;
    append_variable(out, variable);
    stored_variable_bytes = out.size() - header_bytes - packed_bytes;
  }
  ByteWriter header;
  header.u32(static_cast<std::uint32_t>(form));
  header.u32(static_cast<std::uint32_t>(records.size()));
  header.u64(variable.size());
  header.u64(records.front().seq);
  header.u64(records.back().seq);
  header.i64(records.back().timestamp_ns);
  std::memcpy(out.data(), kMagic, sizeof kMagic);
  std::memcpy(out.data() + 8, header.bytes().data(), header.size());
  std::memcpy(out.data() + 48, previous.data(), previous.size());
  std::memcpy(out.data() + 80, &packed_bytes, 8);
  std::memcpy(out.data() + 88, &stored_variable_bytes, 8);
  if (form == BlockForm::kArchived) std::memcpy(out.data() + 96, own.data(), own.size());
  const std::uint32_t crc = crc32c(out);
  out.append(reinterpret_cast<const char*>(&crc), sizeof crc);
  return out;
}

Result<void> check_block_checksum(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes + 4 || !begins_as_a_block(bytes)) return success();
  std::uint32_t crc;
  std::memcpy(&crc, bytes.data() + bytes.size() - 4, 4);
  if (crc32c(bytes.substr(0, bytes.size() - 4)) != crc)
    return fail(Errc::kCorrupt, "a block's checksum does not hold");
  return success();
}

Result<BlockHeader> read_block_header(std::string_view all) {
  if (all.size() < kHeaderBytes + 4) return fail(Errc::kCorrupt, "a block of {} bytes", all.size());
  if (!begins_as_a_block(all)) return fail(Errc::kCorrupt, "not a block");
  const std::string_view body = all.substr(0, all.size() - 4);
  ByteReader r(body.substr(8, 40));
  const std::uint32_t version = r.u32();
  if (version > kBlockVersion)
    return fail(Errc::kUnsupported, "block version {} is newer than this program's {}", version,
                kBlockVersion);
  if (version == 0) return fail(Errc::kCorrupt, "block version 0");
  BlockHeader h;
  h.form = static_cast<BlockForm>(version);
  h.record_count = r.u32();
  h.variable_bytes = r.u64();
  h.first_seq = r.u64();
  h.last_seq = r.u64();
  h.last_timestamp.ns = r.i64();
  std::memcpy(h.previous.data(), body.data() + 48, 32);
  ByteReader sizes(body.substr(80, 16));
  std::uint64_t record_bytes = sizes.u64(), stored_variable = sizes.u64();
  const bool archived = h.form == BlockForm::kArchived;
  bool good = h.record_count > 0;
  if (h.form == BlockForm::kPlain) {
    good = good && record_bytes == 0 && stored_variable == 0;
    record_bytes = h.record_count * sizeof(Record);
    stored_variable = h.variable_bytes;
  } else {
    good = good && h.record_count <= record_bytes / kMinPackedRecord &&
           (stored_variable == h.variable_bytes ||
            (stored_variable < h.variable_bytes && h.variable_bytes <= kMaxCompressed &&
             h.variable_bytes / 255 <= stored_variable));
  }
  const std::size_t header_bytes = archived ? kArchivedHeaderBytes : kHeaderBytes;
  const std::size_t rest = body.size() - std::min(header_bytes, body.size());
  if (!good || record_bytes > rest || rest - record_bytes != stored_variable)
    return fail(Errc::kCorrupt, "a block's lengths do not add up");
  if (archived) std::memcpy(h.own.data(), body.data() + kHeaderBytes, h.own.size());
  h.records = body.substr(header_bytes, record_bytes);
  h.variable = body.substr(header_bytes + record_bytes);
  return h;
}

Result<void> unpack_contents(const BlockHeader& header, BlockContents& contents) {
  contents.records.resize(header.record_count);
  if (header.form == BlockForm::kPlain) {
    std::memcpy(static_cast<void*>(contents.records.data()), header.records.data(),
                header.records.size());
    contents.variable = header.variable;
    return success();
  }
  if (!unpack_records(header.records, contents.records))
    return fail(Errc::kCorrupt, "a block's records do not unpack");
  if (header.variable.size() == header.variable_bytes) {
    contents.variable = header.variable;
    return success();
  }
  contents.variable.resize(header.variable_bytes);
  const int got = LZ4_decompress_safe(header.variable.data(), contents.variable.data(),
                                      static_cast<int>(header.variable.size()),
                                      static_cast<int>(header.variable_bytes));
  if (got < 0 || static_cast<std::uint64_t>(got) != header.variable_bytes)
    return fail(Errc::kCorrupt, "a block's variable part does not decompress");
  return success();
}

}  // namespace suanpan
