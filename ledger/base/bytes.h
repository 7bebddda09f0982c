// Little-endian byte strings, for codecs. A reader that runs past its end yields zeros and is not
// done(): a decoder reads everything, then asks once.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace suanpan {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the codecs copy little-endian integers");

class ByteWriter {
 public:
  ByteWriter() = default;
  /// Goes on after what is there already.
  explicit ByteWriter(std::string begun) : out_(std::move(begun)) {}
  void u8(std::uint8_t v) { out_.push_back(static_cast<char>(v)); }
  void u16(std::uint16_t v) { raw(v); }
  void u32(std::uint32_t v) { raw(v); }
  void u64(std::uint64_t v) { raw(v); }
  void i32(std::int32_t v) { raw(v); }
  void i64(std::int64_t v) { raw(v); }
  /// Length (u32), then the bytes.
  void text(std::string_view v) {
    u32(static_cast<std::uint32_t>(v.size()));
    out_.append(v);
  }
  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  /// Puts a number in the place of one that was written at `at`.
  void set_u32(std::size_t at, std::uint32_t v) { std::memcpy(out_.data() + at, &v, sizeof v); }
  std::size_t size() const { return out_.size(); }
  std::string take() { return std::move(out_); }
  const std::string& bytes() const { return out_; }

 private:
  template <class T>
  void raw(T v) {
    char bytes[sizeof v];
    std::memcpy(bytes, &v, sizeof v);
    out_.append(bytes, sizeof v);
  }
  std::string out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  std::uint8_t u8() { return raw<std::uint8_t>(); }
  std::uint16_t u16() { return raw<std::uint16_t>(); }
  std::uint32_t u32() { return raw<std::uint32_t>(); }
  std::uint64_t u64() { return raw<std::uint64_t>(); }
  std::int32_t i32() { return raw<std::int32_t>(); }
  std::int64_t i64() { return raw<std::int64_t>(); }
  std::string text() { return std::string(view_text()); }
  /// The same, as long as the bytes are there.
  std::string_view view_text() {
    const std::uint32_t size = u32();
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  void skip_text() { view_text(); }
  bool failed() const { return failed_; }
  std::size_t left() const { return rest_.size(); }
  /// Everything was read, and nothing was missing.
  bool done() const { return !failed_ && rest_.empty(); }

 private:
  template <class T>
  T raw() {
    T v{};
    if (rest_.size() < sizeof v) {
      fail();
      return v;
    }
    std::memcpy(&v, rest_.data(), sizeof v);
    rest_.remove_prefix(sizeof v);
    return v;
  }
  void fail() {
    failed_ = true;
    rest_ = {};
  }
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace suanpan
