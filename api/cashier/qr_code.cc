#include "api/cashier/qr_code.h"

#include <qrencode.h>

#include <memory>

namespace suanpan::api::cashier {
namespace {

constexpr int kQuietModules = 4;         // ISO/IEC 18004: at least four on each side
constexpr std::size_t kMaxBytes = 2331;  // version 40, level M, bytes

struct Free {
  void operator()(QRcode* code) const { QRcode_free(code); }
};

bool is_dark(const QRcode& code, int x, int y) { return (code.data[y * code.width + x] & 1) != 0; }

}  // namespace

Result<std::string> qr_svg(std::string_view text, std::string_view label) {
  if (text.empty() || text.find('\0') != std::string_view::npos)
    return fail(Errc::kMalformed, "a QR code needs a text without NUL");
  if (text.size() > kMaxBytes) return fail(Errc::kTooLarge, "{} bytes in a QR code", text.size());
  const std::string copy(text);
  const std::unique_ptr<QRcode, Free> code(QRcode_encodeString8bit(copy.c_str(), 0, QR_ECLEVEL_M));
  if (!code) return fail(Errc::kTooLarge, "{} bytes in a QR code", text.size());
  // One path: each run of dark modules in a row is a bar of height one.
  std::string bars;
  for (int y = 0; y < code->width; ++y) {
    for (int x = 0; x < code->width; ++x) {
      if (!is_dark(*code, x, y)) continue;
      const int begin = x;
      while (x < code->width && is_dark(*code, x, y)) ++x;
      bars += fmt::format("M{} {}h{}v1h-{}z", begin + kQuietModules, y + kQuietModules, x - begin,
                          x - begin);
    }
  }
  const int side = code->width + 2 * kQuietModules;
  return fmt::format(
      R"(<svg class="qr" role="img" aria-label="{}" viewBox="0 0 {} {}" shape-rendering="crispEdges">)"
      R"(<rect width="{}" height="{}" fill="#fff"/><path fill="#000" d="{}"/></svg>)",
      label, side, side, side, side, bars);
}

}  // namespace suanpan::api::cashier
