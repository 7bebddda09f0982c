#include "channels/bank/pain001.h"

#include <algorithm>
#include <set>

#include "channels/bank/xml.h"
#include "channels/bank/xml_guard.h"
#include "ledger/base/limits.h"

namespace suanpan::channels::bank {
namespace {

constexpr Int128 kMaxControlSumMinor = 999'999'999'999'999'999;  // totalDigits 18 of DecimalNumber

/// One PmtInf: what a payer account pays on one day.
struct Payment {
  const DebtorAccount* debtor;
  Date execute_on;
  std::vector<const TransferRequest*> transfers;
};

Result<void> check_text(std::string_view field, std::string_view owner, std::string_view value,
                        std::size_t most) {
  if (value.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return fail(Errc::kMalformed, "{} of {} is empty", field, owner);
  if (first_bad_character(value) || value.find_first_of("\t\r\n") != std::string_view::npos)
    return fail(Errc::kMalformed, "{} of {} holds a character that the bank does not take", field,
                owner);
  if (count_characters(value) > most)
    return fail(Errc::kMalformed, "{} of {} has {} characters; at most {} are allowed", field,
                owner, count_characters(value), most);
  return success();
}

Result<void> check_bank_code(std::string_view field, std::string_view owner,
                             std::string_view code) {
  if (code.size() != 12 || code.find_first_not_of("0123456789") != std::string_view::npos)
    return fail(Errc::kMalformed, "{} of {} is not a CNAPS code of 12 digits", field, owner);
  return success();
}

Result<void> check_header(const Pain001Header& header) {
  if (!is_bank_id(header.message_id))
    return fail(Errc::kMalformed, "the message id is not 1-35 printable characters");
  TRY(check_text("initiating_party", "the header", header.initiating_party, 140));
  for (const DebtorAccount& debtor : header.debtors) {
    TRY(check_text("account", "a debtor", debtor.account, 34));
    TRY(check_text("name", "a debtor", debtor.name, 140));
    TRY(check_bank_code("bank", "a debtor", debtor.bank));
  }
  return success();
}

Result<void> check_transfer(const TransferRequest& transfer) {
  const std::string& no = transfer.transfer_no;
  if (!is_bank_id(no))
    return fail(Errc::kMalformed, "a transfer number is not 1-35 printable characters");
  if (transfer.amount.minor <= 0) return fail(Errc::kMalformed, "amount of {} is not positive", no);
  if (transfer.amount.minor > kMaxAmountMinor)
    return fail(Errc::kTooLarge, "amount of {} is above the limit of one transfer", no);
  TRY(check_text("payee_name", no, transfer.payee_name, 140));
  TRY(check_text("payee_account", no, transfer.payee_account, 34));
  TRY(check_bank_code("payee_bank", no, transfer.payee_bank));
  if (!transfer.remark.empty()) {
    TRY(check_text("remark", no, transfer.remark, 140));
  }
  if (transfer.execute_on.days <= 0)
    return fail(Errc::kMalformed, "execute_on of {} is not set", no);
  return success();
}

Result<std::vector<Payment>> group(const Pain001Header& header,
                                   std::span<const TransferRequest> transfers) {
  std::vector<Payment> payments;
  for (const TransferRequest& transfer : transfers) {
    const auto debtor =
        std::find_if(header.debtors.begin(), header.debtors.end(),
                     [&](const auto& d) { return d.account == transfer.payer_account; });
    if (debtor == header.debtors.end())
      return fail(Errc::kNotFound, "payer_account of {} is none of ours at this bank",
                  transfer.transfer_no);
    const auto same = std::find_if(payments.begin(), payments.end(), [&](const Payment& p) {
      return p.debtor == &*debtor && p.execute_on == transfer.execute_on;
    });
    if (same != payments.end()) {
      same->transfers.push_back(&transfer);
    } else {
      payments.push_back({&*debtor, transfer.execute_on, {&transfer}});
    }
  }
  return payments;
}

void write_party(XmlWriter& xml, std::string_view element, std::string_view name) {
  xml.open(element).leaf("Nm", name).close();
}

void write_account(XmlWriter& xml, std::string_view element, std::string_view account,
                   std::string_view currency) {
  xml.open(element).open("Id").open("Othr").leaf("Id", account).close().close();
  if (!currency.empty()) xml.leaf("Ccy", currency);
  xml.close();
}

void write_agent(XmlWriter& xml, std::string_view element, std::string_view cnaps) {
  xml.open(element).open("FinInstnId").open("ClrSysMmbId");
  xml.leaf("MmbId", cnaps).close().close().close();
}

void write_transfer(XmlWriter& xml, const TransferRequest& transfer) {
  xml.open("CdtTrfTxInf");
  xml.open("PmtId").leaf("EndToEndId", transfer.transfer_no).close();
  xml.open("Amt").open("InstdAmt").attribute("Ccy", code_of(transfer.amount.currency));
  xml.text(format_major(transfer.amount)).close().close();
  write_agent(xml, "CdtrAgt", transfer.payee_bank);
  write_party(xml, "Cdtr", transfer.payee_name);
  write_account(xml, "CdtrAcct", transfer.payee_account, {});
  if (!transfer.remark.empty()) xml.open("RmtInf").leaf("Ustrd", transfer.remark).close();
  xml.close();
}

void write_payment(XmlWriter& xml, const Payment& payment, std::size_t number) {
  Money sum{0, payment.transfers.front()->amount.currency};
  for (const auto* transfer : payment.transfers)
    sum.minor += transfer->amount.minor;  // checked sum
  xml.open("PmtInf").leaf("PmtInfId", fmt::format("P{}", number)).leaf("PmtMtd", "TRF");
  xml.leaf("NbOfTxs", std::to_string(payment.transfers.size()));
  xml.leaf("CtrlSum", format_major(sum));
  xml.open("ReqdExctnDt").leaf("Dt", payment.execute_on.iso()).close();
  write_party(xml, "Dbtr", payment.debtor->name);
  write_account(xml, "DbtrAcct", payment.debtor->account, code_of(sum.currency));
  write_agent(xml, "DbtrAgt", payment.debtor->bank);
  for (const auto* transfer : payment.transfers) write_transfer(xml, *transfer);
  xml.close();
}

}  // namespace

bool is_bank_id(std::string_view text) {
  return !text.empty() && text.size() <= 35 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

Result<std::string> write_pain001(const Pain001Header& header,
                                  std::span<const TransferRequest> transfers) {
  TRY(check_header(header));
  if (transfers.empty()) return fail(Errc::kMalformed, "there is no transfer to send");
  const Currency currency = transfers.front().amount.currency;
  std::set<std::string_view> numbers;
  Int128 sum = 0;
  for (const TransferRequest& transfer : transfers) {
    TRY(check_transfer(transfer));
    if (transfer.amount.currency != currency)
      return fail(Errc::kMismatch, "{} is in {}, the message in {}", transfer.transfer_no,
                  code_of(transfer.amount.currency), code_of(currency));
    if (!numbers.insert(transfer.transfer_no).second)
      return fail(Errc::kMismatch, "{} is in the message twice", transfer.transfer_no);
    sum += transfer.amount.minor;
  }
  if (sum > kMaxControlSumMinor)
    return fail(Errc::kTooLarge, "the sum of the message has more than 18 digits");
  TRY(const auto payments, group(header, transfers));

  XmlWriter xml;
  xml.open("Document").attribute("xmlns", kPain001Namespace).open("CstmrCdtTrfInitn");
  xml.open("GrpHdr").leaf("MsgId", header.message_id).leaf("CreDtTm", header.created_at.iso_cn());
  xml.leaf("NbOfTxs", std::to_string(transfers.size()));
  xml.leaf("CtrlSum", format_major({static_cast<std::int64_t>(sum), currency}));
  write_party(xml, "InitgPty", header.initiating_party);
  xml.close();
  for (std::size_t i = 0; i < payments.size(); ++i) write_payment(xml, payments[i], i + 1);
  xml.close().close();
  return xml.take();
}

}  // namespace suanpan::channels::bank
