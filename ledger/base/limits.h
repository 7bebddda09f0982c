// Every maximum, in one place.
#pragma once
#include <cstddef>
#include <cstdint>

namespace suanpan {

inline constexpr std::size_t kMaxBatchItems = 8192;       ///< vouchers in one batch
inline constexpr std::size_t kMaxVoucherLegs = 256;       ///< transfers in one voucher
inline constexpr std::size_t kMaxAccountCodeBytes = 128;  ///< a whole path
inline constexpr std::size_t kMaxAccountPathDepth = 8;
inline constexpr std::size_t kMaxSummaryBytes = 512;
inline constexpr std::size_t kMaxBusinessKeyBytes = 64;
inline constexpr std::size_t kMaxMetadataBytes = 4096;
inline constexpr std::size_t kMaxDocumentBytes = 1 << 20;
inline constexpr std::size_t kMaxDocumentKeyBytes = 160;  ///< two numbers of 64, and a word
inline constexpr std::size_t kMaxBlockItems = 8192;       ///< commands gathered into one block
inline constexpr unsigned kMaxShards = 64;                ///< threads that plan one book
inline constexpr std::int64_t kMaxAmountMinor = 1'000'000'000'000'000;  ///< 10 trillion yuan
inline constexpr std::size_t kMaxJsonDepth = 32;
inline constexpr std::size_t kMaxJsonBytes = 16 << 20;
inline constexpr std::size_t kMaxJsonValues = 2'000'000;  ///< bounds the memory of a parsed text
inline constexpr std::size_t kMaxXmlDepth = 32;
inline constexpr std::size_t kMaxXmlBytes = 16 << 20;
inline constexpr std::size_t kMaxXmlElements = 1'000'000;  ///< bounds the memory of a parsed text
inline constexpr std::size_t kMaxXmlAttributes = 32;       ///< of one element

}  // namespace suanpan
