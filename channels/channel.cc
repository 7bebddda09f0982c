#include "channels/channel.h"

#include <array>
#include <utility>

namespace suanpan::channels {
namespace {

constexpr std::array<std::pair<Way, std::string_view>, 6> kWayNames{{
    {Way::kWxNative, "WX_NATIVE"},
    {Way::kWxJsapi, "WX_JSAPI"},
    {Way::kWxH5, "WX_H5"},
    {Way::kWxApp, "WX_APP"},
    {Way::kBankTransfer, "BANK_TRANSFER"},
    {Way::kQrCashier, "QR_CASHIER"},
}};

}  // namespace

std::string_view name_of(Way way) {
  for (const auto& [known, name] : kWayNames)
    if (known == way) return name;
  return "";
}

std::optional<Way> way_of(std::string_view name) {
  for (const auto& [way, known] : kWayNames)
    if (known == name) return way;
  return std::nullopt;
}

}  // namespace suanpan::channels
