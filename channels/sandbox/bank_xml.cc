#include "channels/sandbox/bank_xml.h"

#include <algorithm>
#include <pugixml.hpp>
#include <set>

#include "ledger/base/money.h"

namespace suanpan::sandbox {
namespace {

constexpr std::string_view kPain001 = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";
constexpr std::size_t kMaxMessageBytes = 1 << 20;
constexpr std::size_t kMaxTransfers = 1000;

std::string_view local_name(std::string_view name) {
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(pugi::xml_node parent, std::string_view name) {
  for (const pugi::xml_node node : parent.children())
    if (local_name(node.name()) == name) return node;
  return {};
}

/// Follows "A/B/C" from `node`; an empty node if something is missing.
pugi::xml_node at(pugi::xml_node node, std::string_view path) {
  while (!path.empty() && node) {
    const auto slash = path.find('/');
    node = child(node, path.substr(0, slash));
    path = slash == std::string_view::npos ? "" : path.substr(slash + 1);
  }
  return node;
}

std::string text_at(pugi::xml_node node, std::string_view path) {
  return at(node, path).child_value();
}

/// Well-formed UTF-8 without overlong forms and surrogates: what comes in goes out again in
/// statements, which must be readable.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
    const unsigned char lead = byte(i);
    const std::size_t more = lead < 0x80   ? 0
                             : lead < 0xC2 ? 9
                             : lead < 0xE0 ? 1
                             : lead < 0xF0 ? 2
                             : lead < 0xF5 ? 3
                                           : 9;
    if (more == 9 || i + more >= text.size()) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((byte(i + k) & 0xC0) != 0x80) return false;
    if (lead == 0xE0 && byte(i + 1) < 0xA0) return false;
    if (lead == 0xED && byte(i + 1) > 0x9F) return false;
    if (lead == 0xF0 && byte(i + 1) < 0x90) return false;
    if (lead == 0xF4 && byte(i + 1) > 0x8F) return false;
    i += more + 1;
  }
  return true;
}

std::size_t characters(std::string_view utf8) {
  std::size_t count = 0;
  for (const char c : utf8)
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++count;
  return count;
}

/// An id as banks take it: 1-35 printable ASCII characters.
bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 35 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

Error bad_form(std::string_view what) { return fail(Errc::kMalformed, "FF01 {}", what); }

/// An amount in yuan. A negative or zero one is read: the bank refuses it with a code of its own.
Result<std::int64_t> amount_of(pugi::xml_node node) {
  const auto money = parse_major(node.child_value(), Currency::kCNY);
  if (!money) return fail(Errc::kMalformed, "AM12 an amount is not one: {}", money.error().message);
  return money.value().minor;
}

Result<CreditTransfer> read_transfer(pugi::xml_node payment, pugi::xml_node node) {
  CreditTransfer out;
  out.payment_info_id = text_at(payment, "PmtInfId");
  out.debtor_account = text_at(payment, "DbtrAcct/Id/Othr/Id");
  const std::string day = text_at(payment, "ReqdExctnDt/Dt");
  const auto date = Date::parse(day);
  if (!date || day.size() != 10) return bad_form("ReqdExctnDt/Dt is missing or no date");
  out.execute_on = *date;
  out.end_to_end_id = text_at(node, "PmtId/EndToEndId");
  if (!is_id(out.end_to_end_id)) return bad_form("an EndToEndId is missing or no id");
  const pugi::xml_node amount = at(node, "Amt/InstdAmt");
  if (!amount) return bad_form("an InstdAmt is missing");
  out.currency = amount.attribute("Ccy").value();
  TRY(out.amount_fen, amount_of(amount));
  out.creditor_bank = text_at(node, "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId");
  out.creditor_name = text_at(node, "Cdtr/Nm");
  out.creditor_account = text_at(node, "CdtrAcct/Id/Othr/Id");
  if (out.creditor_account.empty()) out.creditor_account = text_at(node, "CdtrAcct/Id/IBAN");
  out.remark = text_at(node, "RmtInf/Ustrd");
  if (characters(out.creditor_name) > 140 || characters(out.remark) > 140 ||
      characters(out.creditor_account) > 34)
    return bad_form("a text is longer than the schema allows");
  return out;
}

/// NbOfTxs, and CtrlSum where it is given, of a header against what stands below it.
Result<void> check_sums(pugi::xml_node header, std::size_t count, std::int64_t sum_fen) {
  const std::string declared = text_at(header, "NbOfTxs");
  if (declared.empty() || declared != std::to_string(count))
    return fail(Errc::kMismatch, "AM10 NbOfTxs is not the number of transactions");
  if (const pugi::xml_node control = child(header, "CtrlSum")) {
    TRY(auto total, amount_of(control));
    if (total != sum_fen)
      return fail(Errc::kMismatch, "AM10 CtrlSum is not the sum of the amounts");
  }
  return success();
}

Result<void> read_payment(pugi::xml_node payment, PaymentMessage& out, std::int64_t& sum_fen) {
  if (text_at(payment, "PmtMtd") != "TRF") return bad_form("PmtMtd must be TRF");
  if (!is_id(text_at(payment, "PmtInfId"))) return bad_form("PmtInfId is missing or no id");
  std::size_t count = 0;
  std::int64_t part_fen = 0;
  for (const pugi::xml_node node : payment.children()) {
    if (local_name(node.name()) != "CdtTrfTxInf") continue;
    TRY(auto transfer, read_transfer(payment, node));
    const auto part = checked_add(part_fen, transfer.amount_fen);
    if (!part) return fail(Errc::kTooLarge, "AM10 the amounts overflow");
    part_fen = *part;
    ++count;
    out.transfers.push_back(std::move(transfer));
    if (out.transfers.size() > kMaxTransfers) return bad_form("more than 1000 transactions");
  }
  if (count == 0) return bad_form("a PmtInf without transactions");
  if (child(payment, "NbOfTxs")) {
    TRY(check_sums(payment, count, part_fen));
  }
  const auto sum = checked_add(sum_fen, part_fen);
  if (!sum) return fail(Errc::kTooLarge, "AM10 the amounts overflow");
  sum_fen = *sum;
  return success();
}

}  // namespace

Result<PaymentMessage> parse_pain001(std::string_view xml, std::string& message_id) {
  if (xml.size() > kMaxMessageBytes) return fail(Errc::kTooLarge, "FF01 over a megabyte");
  if (xml.find("<!DOCTYPE") != std::string_view::npos)
    return bad_form("document types are not accepted");
  if (!is_utf8(xml)) return bad_form("not UTF-8");
  pugi::xml_document document;
  const auto parsed =
      document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed) return bad_form(fmt::format("not well-formed at byte {}", parsed.offset));
  const pugi::xml_node root = child(document, "Document");
  bool right_namespace = false;
  for (const pugi::xml_attribute attribute : root.attributes())
    right_namespace |=
        std::string_view(attribute.name()).starts_with("xmlns") && attribute.value() == kPain001;
  const pugi::xml_node body = child(root, "CstmrCdtTrfInitn");
  if (!body || !right_namespace) return bad_form("not a pain.001.001.09");

  const pugi::xml_node header = child(body, "GrpHdr");
  PaymentMessage out;
  out.message_id = text_at(header, "MsgId");
  if (!is_id(out.message_id)) return bad_form("MsgId is missing or no id");
  message_id = out.message_id;
  std::int64_t sum_fen = 0;
  for (const pugi::xml_node node : body.children()) {
    if (local_name(node.name()) != "PmtInf") continue;
    TRY(read_payment(node, out, sum_fen));
  }
  if (out.transfers.empty()) return bad_form("no PmtInf");
  TRY(check_sums(header, out.transfers.size(), sum_fen));
  std::set<std::string_view> ids;
  for (const CreditTransfer& transfer : out.transfers)
    if (!ids.insert(transfer.end_to_end_id).second)
      return fail(Errc::kMismatch, "AM05 one EndToEndId stands twice in the message");
  return out;
}

std::string escape_xml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

namespace {

std::string tag(std::string_view name, std::string_view text) {
  return fmt::format("<{}>{}</{}>", name, escape_xml(text), name);
}

/// As tag, and nothing for an empty text: schemas demand at least one character.
std::string tag_if(std::string_view name, std::string_view text) {
  return text.empty() ? std::string() : tag(name, text);
}

std::string amount_tag(std::string_view name, std::int64_t fen) {
  return fmt::format("<{} Ccy=\"CNY\">{}</{}>", name, format_major({fen}), name);
}

std::string reason_of(const Rejection& rejection) {
  if (rejection.code.empty()) return {};
  return "<StsRsnInf><Rsn>" + tag("Cd", rejection.code) + "</Rsn>" +
         tag_if("AddtlInf", rejection.text.substr(0, 105)) + "</StsRsnInf>";
}

std::string other_account(std::string_view name, std::string_view number) {
  if (number.empty()) return {};
  return fmt::format("<{0}><Id><Othr>{1}</Othr></Id></{0}>", name, tag("Id", number));
}

std::string balance(std::string_view code, std::int64_t fen, Date date) {
  return fmt::format(
      "<Bal><Tp><CdOrPrtry><Cd>{}</Cd></CdOrPrtry></Tp>{}<CdtDbtInd>{}</CdtDbtInd>"
      "<Dt><Dt>{}</Dt></Dt></Bal>\n",
      code, amount_tag("Amt", fen < 0 ? -fen : fen), fen < 0 ? "DBIT" : "CRDT", date.iso());
}

/// The parties: the other side with name and account, our side only if it was a sub-account.
std::string parties_of(const BankEntry& entry, unsigned version) {
  const bool credit = entry.amount_fen >= 0;
  std::string party;
  if (!entry.party_name.empty()) {
    party = tag("Nm", entry.party_name);
    if (version == 8) party = "<Pty>" + party + "</Pty>";
    party = fmt::format("<{0}>{1}</{0}>", credit ? "Dbtr" : "Cdtr", party);
  }
  party += other_account(credit ? "DbtrAcct" : "CdtrAcct", entry.party_account);
  const std::string ours = other_account(credit ? "CdtrAcct" : "DbtrAcct", entry.sub_account);
  const std::string both = credit ? party + ours : ours + party;
  return both.empty() ? both : "<RltdPties>" + both + "</RltdPties>";
}

std::string entry_xml(const BankEntry& entry, std::size_t number, unsigned version) {
  const bool credit = entry.amount_fen >= 0;
  const std::string amount = amount_tag("Amt", credit ? entry.amount_fen : -entry.amount_fen);
  const std::string direction = tag("CdtDbtInd", credit ? "CRDT" : "DBIT");
  const std::string day = entry.at.date_cn().iso();
  const std::string_view family = credit ? "RCDT" : "ICDT";
  std::string out = "<Ntry>" + tag("NtryRef", std::to_string(number)) + amount + direction;
  out += "<RvslInd>false</RvslInd>";
  out += version == 8 ? "<Sts><Cd>BOOK</Cd></Sts>" : "<Sts>BOOK</Sts>";
  out += fmt::format("<BookgDt><Dt>{0}</Dt></BookgDt><ValDt><Dt>{0}</Dt></ValDt>", day);
  out += tag("AcctSvcrRef", entry.reference);
  out += fmt::format(
      "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{}</Cd><SubFmlyCd>{}</SubFmlyCd></Fmly></Domn></"
      "BkTxCd>",
      family, entry.return_reason.empty() ? "DMCT" : "RRTN");
  out += "<NtryDtls><TxDtls><Refs>" + tag("AcctSvcrRef", entry.reference);
  out += tag_if("EndToEndId", entry.end_to_end_id) + "</Refs>";
  if (version == 8) out += amount + direction;
  out += parties_of(entry, version);
  if (!entry.remark.empty()) out += "<RmtInf>" + tag("Ustrd", entry.remark) + "</RmtInf>";
  if (!entry.return_reason.empty())
    out += "<RtrInf><Rsn>" + tag("Cd", entry.return_reason) + "</Rsn></RtrInf>";
  return out + "</TxDtls></NtryDtls></Ntry>\n";
}

}  // namespace

std::string write_pain002(const StatusReport& report) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.11\"><CstmrPmtStsRpt>\n"
      "<GrpHdr>";
  out +=
      tag("MsgId", report.message_id) + tag("CreDtTm", report.created_at.iso_cn()) + "</GrpHdr>\n";
  const std::string_view original = report.original_message_id;
  out += "<OrgnlGrpInfAndSts>" + tag("OrgnlMsgId", original.empty() ? "NOTPROVIDED" : original);
  out += tag("OrgnlMsgNmId", "pain.001.001.09") + tag_if("GrpSts", report.group_status);
  out += reason_of(report.group_rejection) + "</OrgnlGrpInfAndSts>\n";
  for (std::size_t i = 0; i < report.transfers.size(); ++i) {
    const TransferStatus& one = report.transfers[i];
    const bool first = i == 0 || report.transfers[i - 1].payment_info_id != one.payment_info_id;
    if (first) out += "<OrgnlPmtInfAndSts>" + tag("OrgnlPmtInfId", one.payment_info_id);
    out += "<TxInfAndSts>" + tag("OrgnlEndToEndId", one.end_to_end_id) + tag("TxSts", one.status);
    out += reason_of(one.rejection) + tag_if("AcctSvcrRef", one.reference);
    if (one.amount_fen > 0)
      out += "<OrgnlTxRef><Amt>" + amount_tag("InstdAmt", one.amount_fen) + "</Amt></OrgnlTxRef>";
    out += "</TxInfAndSts>";
    const bool last = i + 1 == report.transfers.size() ||
                      report.transfers[i + 1].payment_info_id != one.payment_info_id;
    if (last) out += "</OrgnlPmtInfAndSts>\n";
  }
  return out + "</CstmrPmtStsRpt></Document>\n";
}

std::string write_camt053(const StatementPage& page) {
  const std::string& account = page.account->settings.account;
  const std::string created = Timestamp::of_cn(page.date, 23, 59, 59).iso_cn();
  const std::string id = fmt::format("S{}", page.date.compact());
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{:02}\"><BkToCstmrStmt>\n"
      "<GrpHdr><MsgId>M{}</MsgId><CreDtTm>{}</CreDtTm></GrpHdr>\n",
      page.version, page.date.compact(), created);
  out += "<Stmt>" + tag("Id", id);
  out += tag("ElctrncSeqNb", std::to_string(page.date.days - page.account->opened_on.days + 1));
  out += tag("CreDtTm", created) + "<FrToDt>";
  out += tag("FrDtTm", Timestamp::of_cn(page.date, 0, 0, 0).iso_cn());
  out += tag("ToDtTm", created) + "</FrToDt>";
  out += "<Acct><Id><Othr>" + tag("Id", account) + "</Othr></Id><Ccy>CNY</Ccy>";
  if (!page.account->settings.name.empty())
    out += "<Ownr>" + tag("Nm", page.account->settings.name) + "</Ownr>";
  out += "</Acct>\n";
  out += balance("OPBD", page.opening_fen, page.date.plus_days(-1));
  out += balance("CLBD", page.closing_fen, page.date);
  for (std::size_t i = 0; i < page.entries.size(); ++i)
    out += entry_xml(*page.entries[i], i + 1, page.version);
  return out + "</Stmt></BkToCstmrStmt></Document>\n";
}

}  // namespace suanpan::sandbox
