// Variable-length integers, seven bits a byte, least significant first; signed ones zigzag. A
// reader takes only the shortest form, so that a value has one encoding and a flipped bit shows.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace suanpan {

inline constexpr std::size_t kMaxVarintBytes = 10;

/// Writes at `to`, which has room for kMaxVarintBytes; returns the end.
inline char* put_varint(char* to, std::uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<char>(value);
  return to;
}
inline void append_varint(std::string& out, std::uint64_t value) {
  char bytes[kMaxVarintBytes];
  out.append(bytes, put_varint(bytes, value));
}

constexpr std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
}

/// Reads from the front of a string. After a failure everything reads as zero: ask once, at the
/// end.
class VarintReader {
 public:
  explicit VarintReader(std::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) break;
      const auto byte = static_cast<std::uint8_t>(*at_++);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte >= 0x80) continue;
      // The tenth byte holds one bit; a last byte of zero says nothing.
      if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0)) break;
      return value;
    }
    fail();
    return 0;
  }
  std::int64_t svarint() { return unzigzag(varint()); }
  std::uint8_t u8() {
    if (at_ == end_) {
      fail();
      return 0;
    }
    return static_cast<std::uint8_t>(*at_++);
  }
  /// Little-endian, `bytes` of 1 to 8.
  std::uint64_t fixed(std::size_t bytes) {
    std::uint64_t value = 0;
    if (left() < bytes) {
      fail();
      return 0;
    }
    std::memcpy(&value, at_, bytes);
    at_ += bytes;
    return value;
  }
  void fail() {
    failed_ = true;
    at_ = end_;
  }
  bool failed() const { return failed_; }
  bool at_end() const { return at_ == end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  bool done() const { return !failed_ && at_ == end_; }

 private:
  const char* at_;
  const char* end_;
  bool failed_ = false;
};

}  // namespace suanpan
