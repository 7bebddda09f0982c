// A text as a QR code, drawn as an SVG picture: no script, no file, no other server. The only user
// of libqrencode. Pure function; thread-safe.
#pragma once
#include <string>
#include <string_view>

#include "ledger/base/result.h"

namespace suanpan::api::cashier {

/// Error correction level M, a quiet zone of four modules, black on white; `label` is what a screen
/// reader says, and must need no escaping. Errors: kTooLarge for a text beyond any QR code;
/// kMalformed for an empty one or one with a NUL.
Result<std::string> qr_svg(std::string_view text, std::string_view label);

}  // namespace suanpan::api::cashier
