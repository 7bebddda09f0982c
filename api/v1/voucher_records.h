// Vouchers of one transfer as fixed records: the quick form of POST /v1/vouchers/batch, for callers
// to whom reading and writing JSON is what costs. Integers are little-endian; what is not named is
// zero, and refused when it is not, so that a later version can give it a meaning.
//
//   transfer, 128 bytes                           answer, 32 bytes
//     0  id, 16 bytes, not all zero                 0  seq, u64; 0: nothing was journalled
//    16  debit account's number, u32                8  timestamp, i64, ns since 1970, UTC
//    20  credit account's number, u32              16  voucher number, u32
//    24  amount, i64, minor units, > 0             20  accounting date, i32, days since 1970
//    32  a hold's expiry, i64, ns; 0: never        24  refusal, u16; 0: accepted
//    40  accounting date, i32, days; 0: open day   26  flags, u8: 1 replayed
//    44  effective date, i32, days; 0: none        27  zero
//    48  code, u16
//    50  type, u8: 0 general, 1 receipt, 2 payment, 3 transfer
//    51  flags, u8: 1 hold
//    52  length of the business key, u8, at most 64
//    53  zero
//    56  business key, 64 bytes of UTF-8, then zero
//   120  zero
//
// A record means what the JSON item means whose "record_id" is the same 16 bytes as 32 hexadecimal
// digits: each finds the other's first answer. Summary, metadata and several legs have the JSON
// form alone.
#pragma once
#include "ledger/base/result.h"
#include "ledger/core/change_set.h"
#include "ledger/core/voucher.h"

namespace suanpan::api::v1 {

inline constexpr std::size_t kTransferRecordBytes = 128;
inline constexpr std::size_t kAnswerRecordBytes = 32;
inline constexpr std::string_view kTransferRecords = "application/vnd.suanpan.transfers.v1";
inline constexpr std::string_view kAnswerRecords = "application/vnd.suanpan.answers.v1";

/// Reads 1 to kMaxBatchItems records. What a voucher may not hold (equal accounts, no amount) is
/// for the ledger to refuse, item by item. Errors: kMalformed, naming the record, for a length that
/// is no whole number of records and for bytes that have no meaning.
Result<std::vector<VoucherRequest>> read_transfer_records(std::string_view body, CallerId caller);

void append_answer_record(std::string& out, const Answer& answer);

}  // namespace suanpan::api::v1
