#include "api/v1/voucher_records.h"

#include <algorithm>

#include "ledger/base/bytes.h"
#include "ledger/base/limits.h"

namespace suanpan::api::v1 {
namespace {

constexpr std::uint8_t kHoldFlag = 1, kReplayedFlag = 1;
constexpr std::size_t kBusinessKeyLengthAt = 52, kBusinessKeyAt = 56, kTailAt = 120;
static_assert(kTailAt - kBusinessKeyAt == kMaxBusinessKeyBytes);
constexpr Date kLastDate{2'932'896};  // 9999-12-31, the last that a JSON item can name

bool is_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

// The bytes of an id are those of its hexadecimal digits, hence big-endian.
std::uint64_t half_of_id(std::uint64_t little) { return __builtin_bswap64(little); }

std::optional<Date> read_date(std::int32_t days) {
  return days == 0 ? std::nullopt : std::optional(Date{days});
}

/// Puts a record into `out`; what is wrong with it, or null.
const char* read_record(std::string_view record, VoucherRequest& out) {
  ByteReader in(record);
  out.key.id.hi = half_of_id(in.u64());
  out.key.id.lo = half_of_id(in.u64());
  Leg leg;
  leg.debit = AccountId{in.u32()};
  leg.credit = AccountId{in.u32()};
  leg.amount = in.i64();
  out.legs.push_back(leg);
  out.expires_at = Timestamp{in.i64()};
  const std::int32_t date = in.i32(), effective = in.i32();
  // Days that no calendar of ours names would be written as nonsense later.
  if (date < 0 || effective < 0 || Date{date} > kLastDate || Date{effective} > kLastDate)
    return "a date is before 1970 or after 9999";
  out.date = read_date(date);
  out.effective = read_date(effective);
  out.code = in.u16();
  const std::uint8_t type = in.u8(), flags = in.u8();
  if (type > static_cast<std::uint8_t>(VoucherType::kTransfer)) return "it has no such type";
  out.type = static_cast<VoucherType>(type);
  if ((flags & ~kHoldFlag) != 0) return "it has a flag without meaning";
  out.hold = (flags & kHoldFlag) != 0;
  if (!is_zero(record.substr(kBusinessKeyLengthAt + 1, 3)) || !is_zero(record.substr(kTailAt)))
    return "bytes without meaning are not zero";
  const auto length = static_cast<std::uint8_t>(record[kBusinessKeyLengthAt]);
  if (length > kMaxBusinessKeyBytes) return "its business key is longer than its field";
  if (!is_zero(record.substr(kBusinessKeyAt + length, kMaxBusinessKeyBytes - length)))
    return "bytes follow its business key";
  if (length > 0) {
    VoucherText text;
    text.business_key = record.substr(kBusinessKeyAt, length);
    out.text = std::make_shared<const VoucherText>(std::move(text));
  }
  return nullptr;
}

}  // namespace

Result<std::vector<VoucherRequest>> read_transfer_records(std::string_view body, CallerId caller) {
  if (body.empty()) return fail(Errc::kMalformed, "there are no records");
  if (body.size() % kTransferRecordBytes != 0)
    return fail(Errc::kMalformed, "{} bytes are no whole number of records of {}", body.size(),
                kTransferRecordBytes);
  const std::size_t count = body.size() / kTransferRecordBytes;
  if (count > kMaxBatchItems)
    return fail(Errc::kMalformed, "{} records are more than {}", count, kMaxBatchItems);
  std::vector<VoucherRequest> requests(count);
  for (std::size_t i = 0; i < count; ++i) {
    requests[i].key.caller = caller;
    const char* wrong =
        read_record(body.substr(i * kTransferRecordBytes, kTransferRecordBytes), requests[i]);
    if (wrong) return fail(Errc::kMalformed, "record {}: {}", i, wrong);
  }
  return requests;
}

void append_answer_record(std::string& out, const Answer& answer) {
  char record[kAnswerRecordBytes] = {};
  const auto put = [&record](std::size_t at, auto value) {
    std::memcpy(record + at, &value, sizeof value);
  };
  put(0, answer.seq);
  put(8, answer.timestamp.ns);
  put(16, answer.voucher_no);
  put(20, answer.date.days);
  put(24, static_cast<std::uint16_t>(answer.refusal.code));
  put(26, answer.replayed ? kReplayedFlag : std::uint8_t{0});
  out.append(record, sizeof record);
}

}  // namespace suanpan::api::v1
