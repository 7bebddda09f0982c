#include "channels/bank/camt053.h"

#include <algorithm>
#include <array>
#include <set>

#include "channels/bank/camt_entry.h"
#include "channels/bank/iso_fields.h"
#include "channels/bank/xml.h"

namespace suanpan::channels::bank {
namespace {

struct Schema {
  std::string_view name;  ///< of the message, the end of its namespace
  CamtKind kind;
  unsigned version;
  const char* body;
  const char* statement;
};

constexpr std::string_view kNamespaceStart = "urn:iso:std:iso:20022:tech:xsd:";
constexpr std::array<Schema, 6> kSchemas{{
    {"camt.052.001.02", CamtKind::kReport, 2, "BkToCstmrAcctRpt", "Rpt"},
    {"camt.052.001.08", CamtKind::kReport, 8, "BkToCstmrAcctRpt", "Rpt"},
    {"camt.053.001.02", CamtKind::kStatement, 2, "BkToCstmrStmt", "Stmt"},
    {"camt.053.001.08", CamtKind::kStatement, 8, "BkToCstmrStmt", "Stmt"},
    {"camt.054.001.02", CamtKind::kNotification, 2, "BkToCstmrDbtCdtNtfctn", "Ntfctn"},
    {"camt.054.001.08", CamtKind::kNotification, 8, "BkToCstmrDbtCdtNtfctn", "Ntfctn"},
}};

Result<const Schema*> schema_of(const XmlDocument& document) {
  std::string_view name = document.root_namespace();
  if (name.starts_with(kNamespaceStart) && document.root().name() == "Document") {
    name.remove_prefix(kNamespaceStart.size());
    for (const Schema& schema : kSchemas)
      if (schema.name == name) return &schema;
  }
  return fail(Errc::kUnsupported, "not a camt.052, camt.053 or camt.054 of version 02 or 08");
}

/// Adds where it happened to an error of something inside.
Error inside(std::string_view what, const Error& error) {
  return Error{error.code, fmt::format("{}: {}", what, error.message)};
}

struct Balance {
  std::string type;  ///< OPBD, CLBD, …; empty for a proprietary one
  bool interim = false;
  Money amount;  ///< debit negative
  Date date;
};

Result<Balance> read_balance(const XmlElement& element) {
  Balance balance;
  TRY(balance.type, element.find_text("Tp/CdOrPrtry/Cd"));
  TRY(const auto sub_type, element.find("Tp/SubTp"));
  balance.interim = sub_type.has_value();
  TRY(const XmlElement amount, element.get("Amt"));
  TRY(balance.amount, read_amount(amount));
  TRY(const bool credit, read_is_credit(element));
  if (!credit) balance.amount.minor = -balance.amount.minor;
  TRY(const auto date, find_date(element, "Dt"));
  if (!date) return fail(Errc::kMalformed, "a balance has no date");
  balance.date = *date;
  return balance;
}

Result<Balance> the_balance(const std::vector<Balance>& balances, std::string_view type) {
  const auto is_it = [&](const Balance& balance) { return balance.type == type; };
  const auto found = std::find_if(balances.begin(), balances.end(), is_it);
  if (found == balances.end())
    return fail(Errc::kMalformed, "lacks the {} balance ({})",
                type == "OPBD" ? "opening" : "closing", type);
  if (std::count_if(balances.begin(), balances.end(), is_it) > 1)
    return fail(Errc::kMismatch, "has more than one {} balance", type);
  if (found->interim)
    return fail(Errc::kUnsupported, "its {} balance is that of an interim page", type);
  return *found;
}

/// Rule 1. `declared` is Acct/Ccy where given.
Result<Currency> the_currency(const std::optional<Currency>& declared,
                              const std::vector<Balance>& balances,
                              const std::vector<StatementEntry>& entries) {
  std::optional<Currency> one = declared;
  const auto agree = [&](Currency currency) -> Result<void> {
    if (!one) one = currency;
    if (*one == currency) return success();
    return fail(Errc::kMismatch, "does not add up: {} and {} are mixed in one statement",
                code_of(*one), code_of(currency));
  };
  for (const Balance& balance : balances) {
    TRY(agree(balance.amount.currency));
  }
  for (const StatementEntry& entry : entries) {
    TRY(agree(entry.amount.currency));
  }
  if (!one) return fail(Errc::kMalformed, "names no currency");
  return *one;
}

/// Rules 2, 3 and 5.
Result<void> check_balances(Statement& statement, const std::vector<Balance>& balances) {
  TRY(const Balance opening, the_balance(balances, "OPBD"));
  TRY(const Balance closing, the_balance(balances, "CLBD"));
  statement.opening = opening.amount;
  statement.closing = closing.amount;
  statement.opening_date = opening.date;
  statement.closing_date = closing.date;
  if (closing.date < opening.date)
    return fail(Errc::kMismatch, "closes on {}, before it opens on {}", closing.date.iso(),
                opening.date.iso());
  Int128 sum = opening.amount.minor;
  for (const StatementEntry& entry : statement.entries) {
    if (entry.status != EntryStatus::kBooked) continue;
    sum += entry.signed_minor();
    if (!entry.booking_date)
      return fail(Errc::kMalformed, "entry {} is booked without a booking date", entry.number);
    if (*entry.booking_date < opening.date || *entry.booking_date > closing.date)
      return fail(Errc::kMismatch, "entry {} is booked on {}, outside {} to {}", entry.number,
                  entry.booking_date->iso(), opening.date.iso(), closing.date.iso());
  }
  const Int128 off = sum - closing.amount.minor;
  if (off == 0) return success();
  if (off > INT64_MAX || off < -INT64_MAX)
    return fail(Errc::kMismatch, "does not add up: the sum of its entries is beyond all bounds");
  return fail(Errc::kMismatch,
              "does not add up: opening {} and the booked entries make {} {} {} than closing {}",
              format_major(opening.amount),
              format_major({static_cast<std::int64_t>(off < 0 ? -off : off), statement.currency}),
              code_of(statement.currency), off > 0 ? "more" : "less", format_major(closing.amount));
}

/// Totals of one kind of entry, as counted or as the bank tells them.
struct Totals {
  std::uint64_t count = 0;
  Int128 sum = 0;
};

Result<void> check_total(const XmlElement& summary, std::string_view element, const Totals& ours,
                         Currency currency) {
  TRY(const auto total, summary.find(element));
  if (!total) return success();
  TRY(const std::string count, total->find_text("NbOfNtries"));
  if (!count.empty() && count != std::to_string(ours.count))
    return fail(Errc::kMismatch, "has {} entries where <{}> tells another number", ours.count,
                element);
  TRY(const std::string sum, total->find_text("Sum"));
  if (sum.empty()) return success();
  TRY(const Money told, parse_major(sum, currency));
  if (told.minor != ours.sum)
    return fail(Errc::kMismatch, "its entries do not sum to what <{}> tells", element);
  return success();
}

/// Rule 4, second half. Banks differ in whether unbooked entries count, so a statement that has any
/// is not held to it.
Result<void> check_summary(const XmlElement& element, const Statement& statement,
                           const std::vector<XmlElement>& entries) {
  TRY(const auto summary, element.find("TxsSummry"));
  if (!summary) return success();
  Totals all, credits, debits;
  for (const XmlElement& entry : entries) {
    TRY(const XmlElement amount_element, entry.get("Amt"));
    TRY(const Money amount, read_amount(amount_element));
    TRY(const bool credit, read_is_credit(entry));
    for (Totals* totals : {&all, credit ? &credits : &debits}) {
      totals->count += 1;
      totals->sum += amount.minor;
    }
  }
  for (const StatementEntry& entry : statement.entries)
    if (entry.status != EntryStatus::kBooked) return success();
  TRY(check_total(*summary, "TtlNtries", all, statement.currency));
  TRY(check_total(*summary, "TtlCdtNtries", credits, statement.currency));
  return check_total(*summary, "TtlDbtNtries", debits, statement.currency);
}

Result<std::optional<std::uint64_t>> find_sequence(const XmlElement& element) {
  TRY(const std::string text, element.find_text("ElctrncSeqNb"));
  if (text.empty()) return std::optional<std::uint64_t>{};
  if (text.size() > 18 || text.find_first_not_of("0123456789") != std::string::npos)
    return fail(Errc::kMalformed, "its sequence is not a number of at most 18 digits");
  return std::optional<std::uint64_t>(std::stoull(text));
}

/// A page is not a statement: its entries cannot add up to balances of the whole.
Result<void> check_is_whole(const XmlElement& parent, std::string_view pagination) {
  TRY(const auto pages, parent.find(pagination));
  if (!pages) return success();
  TRY(const std::string number, pages->get_text("PgNb"));
  TRY(const std::string last_text, pages->get_text("LastPgInd"));
  TRY(const bool last, read_boolean(last_text));
  if (!last || number.find_first_not_of('0') != number.size() - 1 || number.back() != '1')
    return fail(Errc::kUnsupported, "is sent in pages; only a whole one is read");
  return success();
}

Result<void> read_header(const XmlElement& element, Statement& statement) {
  TRY(check_is_whole(element, "StmtPgntn"));
  TRY(statement.sequence, find_sequence(element));
  TRY(const XmlElement account, element.get("Acct"));
  TRY(statement.account, read_account_number(account));
  if (statement.account.empty()) return fail(Errc::kMalformed, "names no account");
  TRY(const auto period, element.find("FrToDt"));
  if (!period) return success();
  TRY(const std::string from, period->get_text("FrDtTm"));
  TRY(const std::string to, period->get_text("ToDtTm"));
  TRY(statement.from, read_date_time(from));
  TRY(statement.to, read_date_time(to));
  if (*statement.to < *statement.from) return fail(Errc::kMismatch, "ends before it begins");
  return success();
}

Result<std::optional<Currency>> find_account_currency(const XmlElement& element) {
  TRY(const std::string code, element.find_text("Acct/Ccy"));
  if (code.empty()) return std::optional<Currency>{};
  const auto currency = currency_of(code);
  if (!currency || code_of(*currency) != code)
    return fail(Errc::kUnsupported, "the account's currency is not known here");
  return std::optional(*currency);
}

Result<void> read_statement(const XmlElement& element, Statement& statement) {
  TRY(read_header(element, statement));
  TRY(const auto declared, find_account_currency(element));
  std::vector<Balance> balances;
  for (const XmlElement& child : element.children("Bal")) {
    TRY(Balance balance, read_balance(child));
    balances.push_back(std::move(balance));
  }
  const bool believed = statement.kind == CamtKind::kStatement;
  if (believed) {
    // Before the currencies: what lacks its balances is no statement at all.
    TRY(the_balance(balances, "OPBD"));
    TRY(the_balance(balances, "CLBD"));
  }
  const auto entries = element.children("Ntry");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto number = static_cast<std::uint32_t>(i + 1);
    auto read = read_entry(entries[i], number, statement.account);
    if (!read) return inside(fmt::format("entry {}", number), read.error());
    for (auto& entry : read.value()) statement.entries.push_back(std::move(entry));
  }
  TRY(statement.currency, the_currency(declared, balances, statement.entries));
  statement.opening = statement.closing = {0, statement.currency};
  if (!believed) return success();
  TRY(check_balances(statement, balances));
  return check_summary(element, statement, entries);
}

/// An id as a message may quote it: someone else's bytes end up in our log.
std::string printable(std::string_view id) {
  std::string shown(id.substr(0, 35));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return shown;
}

}  // namespace

Result<CamtMessage> parse_camt(std::string_view xml) {
  TRY(const XmlDocument document, XmlDocument::parse(xml));
  TRY(const Schema* schema, schema_of(document));
  TRY(const XmlElement body, document.root().get(schema->body));
  CamtMessage message;
  message.kind = schema->kind;
  message.version = schema->version;
  TRY(message.message_id, body.get_text("GrpHdr/MsgId"));
  TRY(const std::string created, body.get_text("GrpHdr/CreDtTm"));
  TRY(message.created_at, read_date_time(created));
  if (auto whole = check_is_whole(body, "GrpHdr/MsgPgntn"); !whole)
    return inside("the message", whole.error());
  std::set<std::string> ids;
  for (const XmlElement& element : body.children(schema->statement)) {
    Statement statement;
    statement.kind = schema->kind;
    TRY(statement.id, element.get_text("Id"));
    const std::string name =
        fmt::format("{} {}", schema->name.substr(0, 8), printable(statement.id));
    if (auto read = read_statement(element, statement); !read) return inside(name, read.error());
    if (!ids.insert(statement.id).second)
      return fail(Errc::kMismatch, "{} is in the message twice", name);
    message.statements.push_back(std::move(statement));
  }
  if (message.statements.empty())
    return fail(Errc::kMalformed, "{} holds no <{}>", schema->name, schema->statement);
  return message;
}

Result<void> check_continues(const Statement& earlier, const Statement& later) {
  if (earlier.kind != CamtKind::kStatement || later.kind != CamtKind::kStatement)
    return fail(Errc::kUnsupported, "only camt.053 statements follow one another");
  if (earlier.account != later.account || earlier.currency != later.currency)
    return fail(Errc::kMismatch, "the statements are of different accounts");
  if (!earlier.sequence || !later.sequence)
    return fail(Errc::kUnsupported, "a statement has no sequence number: no gap can be ruled out");
  if (*later.sequence <= *earlier.sequence)
    return fail(Errc::kMismatch, "statement {} does not come after {}: sent again or out of order",
                *later.sequence, *earlier.sequence);
  if (*later.sequence != *earlier.sequence + 1)
    return fail(Errc::kMismatch, "statements {} to {} are missing", *earlier.sequence + 1,
                *later.sequence - 1);
  if (later.opening != earlier.closing)
    return fail(Errc::kMismatch, "statement {} opens with {}, the one before closed with {}",
                *later.sequence, format_major(later.opening), format_major(earlier.closing));
  if (later.closing_date < earlier.closing_date)
    return fail(Errc::kMismatch, "statement {} is of {}, before {} of the one before it",
                *later.sequence, later.closing_date.iso(), earlier.closing_date.iso());
  return success();
}

}  // namespace suanpan::channels::bank
