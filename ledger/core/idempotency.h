// Idempotency: permanent, by caller and id. The same id with the same content finds the first
// answer; with other content it is refused, and the first differing field is named.
#pragma once
#include "ledger/core/change_set.h"

namespace suanpan {

/// The first field in which a resent voucher differs from the stored one; nothing if it is the
/// same.
std::optional<std::string> first_difference(const VoucherRequest& request,
                                            const StoredCommand& stored);

/// The same for every other kind of command.
std::optional<std::string> first_difference(CommandKind kind, const Content& content,
                                            const StoredCommand& stored);

/// Adds what people wrote to a command's content, field by field; empty fields are left out.
void add_text(Content& content, const VoucherText* text);

/// The first answer again, marked as a replay.
Answer replay_of(const StoredCommand& stored);

}  // namespace suanpan
