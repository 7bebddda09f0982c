#include "channels/bank/camt_entry.h"

#include <algorithm>
#include <limits>

#include "channels/bank/iso_fields.h"

namespace suanpan::channels::bank {
namespace {

Result<EntryStatus> read_entry_status(const XmlElement& entry) {
  TRY(const XmlElement element, entry.get("Sts"));
  // Version 02 has the code itself, version 08 a choice of Cd and Prtry.
  std::string code;
  if (element.children("Cd").empty() && element.children("Prtry").empty()) {
    TRY(code, element.text());
  } else {
    TRY(code, element.find_text("Cd"));
  }
  if (code == "BOOK") return EntryStatus::kBooked;
  if (code == "PDNG") return EntryStatus::kPending;
  if (code == "INFO") return EntryStatus::kInformation;
  if (code == "FUTR") return EntryStatus::kFuture;
  return fail(Errc::kUnsupported, "a status that is none of BOOK, PDNG, INFO, FUTR");
}

/// What all parts of an entry have in common.
Result<StatementEntry> read_frame(const XmlElement& entry, std::uint32_t number) {
  StatementEntry frame;
  frame.number = number;
  TRY(frame.ntry_ref, entry.find_text("NtryRef"));
  TRY(const XmlElement amount, entry.get("Amt"));
  TRY(frame.amount, read_amount(amount));
  TRY(const bool credit, read_is_credit(entry));
  frame.direction = credit ? Direction::kCredit : Direction::kDebit;
  TRY(const std::string reversal, entry.find_text("RvslInd"));
  if (!reversal.empty()) {
    TRY(frame.reversal, read_boolean(reversal));
  }
  TRY(frame.status, read_entry_status(entry));
  TRY(frame.booking_date, find_date(entry, "BookgDt"));
  TRY(frame.value_date, find_date(entry, "ValDt"));
  TRY(frame.acct_svcr_ref, entry.find_text("AcctSvcrRef"));
  TRY(frame.remittance, entry.find_text("AddtlNtryInf"));
  return frame;
}

struct Party {
  std::string name;
  std::string account;
};

/// Version 02 names a party directly, version 08 below Pty or Agt/FinInstnId; the ultimate party
/// stands in where the direct one is not told.
Result<Party> read_party(const XmlElement& parties, const std::string& role) {
  Party party;
  for (const std::string& element : {role, "Ultmt" + role}) {
    for (const char* path : {"/Nm", "/Pty/Nm", "/Agt/FinInstnId/Nm"}) {
      if (!party.name.empty()) break;
      TRY(party.name, parties.find_text(element + path));
    }
  }
  TRY(const auto account, parties.find(role + "Acct"));
  if (account) {
    TRY(party.account, read_account_number(*account));
  }
  return party;
}

Result<void> read_parties(const XmlElement& details, std::string_view account,
                          StatementEntry& into) {
  TRY(const auto parties, details.find("RltdPties"));
  if (!parties) return success();
  TRY(const Party debtor, read_party(*parties, "Dbtr"));
  TRY(const Party creditor, read_party(*parties, "Cdtr"));
  // Our side is the one that has the statement's account. Where that does not decide, the direction
  // does; the parties of a reversal are those of its original, which went the other way.
  const bool debtor_is_us = debtor.account == account;
  const bool creditor_is_us = creditor.account == account;
  const bool we_received = (into.direction == Direction::kCredit) != into.reversal;
  const bool we_are_creditor = debtor_is_us == creditor_is_us ? we_received : creditor_is_us;
  const Party& ours = we_are_creditor ? creditor : debtor;
  const Party& theirs = we_are_creditor ? debtor : creditor;
  into.counterparty_name = theirs.name;
  into.counterparty_account = theirs.account;
  if (ours.account != account) into.sub_account = ours.account;
  return success();
}

void join(std::string& text, std::string_view more) {
  if (!text.empty() && !more.empty()) text += ' ';
  text += more;
}

Result<std::string> read_remittance(const XmlElement& details) {
  std::string text;
  TRY(const auto information, details.find("RmtInf"));
  if (information) {
    for (const XmlElement& line : information->children("Ustrd")) {
      TRY(const std::string part, line.text());
      join(text, part);
    }
    for (const XmlElement& structured : information->children("Strd")) {
      if (!information->children("Ustrd").empty()) break;
      TRY(const std::string reference, structured.find_text("CdtrRefInf/Ref"));
      join(text, reference);
      for (const XmlElement& line : structured.children("AddtlRmtInf")) {
        TRY(const std::string part, line.text());
        join(text, part);
      }
    }
  }
  if (text.empty()) {
    TRY(text, details.find_text("AddtlTxInf"));
  }
  return text;
}

Result<void> read_return(const XmlElement& details, StatementEntry& into) {
  TRY(const auto information, details.find("RtrInf"));
  if (!information) return success();
  for (const char* path : {"Rsn/Cd", "Rsn/Prtry"}) {
    if (!into.return_reason.empty()) break;
    TRY(into.return_reason, information->find_text(path));
  }
  for (const XmlElement& line : information->children("AddtlInf")) {
    TRY(const std::string text, line.text());
    if (into.return_reason.empty()) into.return_reason = text;
  }
  // A return without any reason is a return all the same.
  if (into.return_reason.empty()) into.return_reason = "NARR";
  return success();
}

/// All that TxDtls says of one transaction, amount and direction apart.
Result<void> read_details(const XmlElement& details, std::string_view account,
                          StatementEntry& into) {
  TRY(into.end_to_end_id, details.find_text("Refs/EndToEndId"));
  if (into.end_to_end_id == "NOTPROVIDED") into.end_to_end_id.clear();
  TRY(const std::string reference, details.find_text("Refs/AcctSvcrRef"));
  if (!reference.empty()) into.acct_svcr_ref = reference;
  TRY(const std::string remittance, read_remittance(details));
  if (!remittance.empty()) into.remittance = remittance;
  TRY(read_parties(details, account, into));
  return read_return(details, into);
}

/// The amount of one transaction: Amt (version 08), else AmtDtls/TxAmt/Amt; nothing if neither. An
/// InstdAmt may be in the payer's currency and before charges, so it is no part of the entry.
Result<std::optional<Money>> find_part_amount(const XmlElement& details) {
  for (const char* path : {"Amt", "AmtDtls/TxAmt/Amt"}) {
    TRY(const auto element, details.find(path));
    if (!element) continue;
    TRY(const Money amount, read_amount(*element));
    return std::optional(amount);
  }
  return std::optional<Money>{};
}

/// One part with its own amount and direction, if it has an amount.
Result<std::optional<StatementEntry>> read_part(const XmlElement& details,
                                                const StatementEntry& frame,
                                                std::string_view account) {
  TRY(const auto amount, find_part_amount(details));
  if (!amount) return std::optional<StatementEntry>{};
  if (amount->currency != frame.amount.currency)
    return fail(Errc::kMismatch, "does not add up: {} and {} are mixed in it",
                code_of(frame.amount.currency), code_of(amount->currency));
  StatementEntry part = frame;
  part.amount = *amount;
  if (!details.children("CdtDbtInd").empty()) {
    TRY(const bool credit, read_is_credit(details));
    part.direction = credit ? Direction::kCredit : Direction::kDebit;
  }
  TRY(read_details(details, account, part));
  return std::optional(std::move(part));
}

/// How many transactions the bank says are in the batch; 0 if it does not say.
Result<std::uint64_t> read_declared_count(const std::vector<XmlElement>& groups) {
  std::uint64_t count = 0;
  for (const XmlElement& group : groups) {
    TRY(const std::string text, group.find_text("Btch/NbOfTxs"));
    if (text.empty()) continue;
    if (text.size() > 15 || text.find_first_not_of("0123456789") != std::string::npos)
      return fail(Errc::kMalformed, "<NbOfTxs> is not a number");
    count += std::stoull(text);
  }
  return count;
}

}  // namespace

Result<std::string> read_account_number(const XmlElement& account) {
  TRY(std::string number, account.find_text("Id/IBAN"));
  if (number.empty()) {
    TRY(number, account.find_text("Id/Othr/Id"));
  }
  return number;
}

Result<std::vector<StatementEntry>> read_entry(const XmlElement& entry, std::uint32_t number,
                                               std::string_view account) {
  TRY(StatementEntry frame, read_frame(entry, number));
  const auto groups = entry.children("NtryDtls");
  std::vector<XmlElement> details;
  for (const XmlElement& group : groups)
    for (const XmlElement& one : group.children("TxDtls")) details.push_back(one);
  TRY(const std::uint64_t declared, read_declared_count(groups));
  const std::uint64_t count = std::max<std::uint64_t>({1, declared, details.size()});
  frame.parts = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max()));

  std::vector<StatementEntry> parts;
  Int128 sum = 0;
  for (const XmlElement& one : details) {
    TRY(auto part, read_part(one, frame, account));
    if (!part) continue;
    sum += part->signed_minor();
    parts.push_back(std::move(*part));
  }
  if (!parts.empty() && parts.size() != details.size())
    return fail(Errc::kMismatch, "only {} of {} parts have an amount", parts.size(),
                details.size());
  // Fewer details than declared may be an extract of the batch; only a whole set must add up.
  const bool complete = declared == 0 || declared == details.size();
  if (!parts.empty() && complete && sum != frame.signed_minor())
    return fail(Errc::kMismatch, "does not add up: its parts sum to another amount");

  if (details.size() == 1 && complete) {
    TRY(read_details(details.front(), account, frame));
  } else if (!parts.empty() && complete) {
    for (std::size_t i = 0; i < parts.size(); ++i)
      parts[i].part = static_cast<std::uint32_t>(i + 1);
    return parts;
  }
  return std::vector{std::move(frame)};
}

}  // namespace suanpan::channels::bank
