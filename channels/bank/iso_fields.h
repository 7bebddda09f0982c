// The simple types of ISO 20022 as they stand in elements: amounts, directions, dates, times.
// Shared by the readers of this folder; nobody else needs them.
#pragma once
#include <optional>
#include <string_view>

#include "channels/bank/xml.h"
#include "ledger/base/date.h"
#include "ledger/base/money.h"

namespace suanpan::channels::bank {

/// An amount element: decimal text, currency in the attribute Ccy. Errors: kMalformed (no number,
/// negative, more decimals than the currency has), kTooLarge, kUnsupported (an unknown currency).
Result<Money> read_amount(const XmlElement& amount);

/// The CdtDbtInd of an element: true for CRDT, false for DBIT. Errors: kMalformed for all else.
Result<bool> read_is_credit(const XmlElement& parent);

/// xs:boolean. Errors: kMalformed.
Result<bool> read_boolean(std::string_view text);

/// xs:dateTime; without a zone it is taken as UTC+8. Errors: kMalformed.
Result<Timestamp> read_date_time(std::string_view text);

/// A choice of Dt and DtTm at `path` below `parent`, as a date in UTC+8; nothing if the path is
/// absent. Errors: kMalformed.
Result<std::optional<Date>> find_date(const XmlElement& parent, std::string_view path);

}  // namespace suanpan::channels::bank
