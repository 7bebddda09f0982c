// A caller's own id for a command of a service.
#pragma once
#include "ledger/core/voucher.h"

namespace suanpan {

/// An id that a caller brought for a command that a service would otherwise name itself: claimed in
/// the same change set as the effect, for ever, and compared by the command's content. In and out:
/// a service says whether the id was known, and then gives the first answer.
struct CallerClaim {
  ClaimKey key;
  bool replayed = false;
};

}  // namespace suanpan
