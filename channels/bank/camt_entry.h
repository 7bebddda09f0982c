// One Ntry of a camt message into StatementEntry values; the inside of camt053.h.
#pragma once
#include <vector>

#include "channels/bank/camt053.h"
#include "channels/bank/xml.h"

namespace suanpan::channels::bank {

/// Reads entry `number` (from 1) of the statement of `account` and divides a batch whose parts all
/// have amounts. Errors: kMalformed, kUnsupported, kTooLarge as parse_camt; kMismatch if the parts
/// do not add up to the entry or only some of them have amounts.
Result<std::vector<StatementEntry>> read_entry(const XmlElement& entry, std::uint32_t number,
                                               std::string_view account);

/// The number of an account: IBAN or Othr/Id below `account`/Id; empty if there is none. Errors:
/// kMalformed.
Result<std::string> read_account_number(const XmlElement& account);

}  // namespace suanpan::channels::bank
