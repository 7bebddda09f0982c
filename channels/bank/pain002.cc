#include "channels/bank/pain002.h"

#include <set>

#include "channels/bank/iso_fields.h"
#include "channels/bank/xml.h"

namespace suanpan::channels::bank {
namespace {

/// A status with its reason, as any of the three levels gives it.
struct Status {
  std::string code;
  std::string reason;
  std::string text;
};

Result<Status> read_status(const XmlElement& level, std::string_view element) {
  Status status;
  TRY(status.code, level.find_text(element));
  for (const XmlElement& information : level.children("StsRsnInf")) {
    TRY(const std::string code, information.find_text("Rsn/Cd"));
    TRY(const std::string own, information.find_text("Rsn/Prtry"));
    if (status.reason.empty()) status.reason = code.empty() ? own : code;
    for (const XmlElement& line : information.children("AddtlInf")) {
      TRY(const std::string text, line.text());
      if (!status.text.empty() && !text.empty()) status.text += ' ';
      status.text += text;
    }
  }
  return status;
}

TransferOutcome outcome_of(const Status& status) {
  TransferOutcome outcome;
  outcome.error_message = status.text;
  if (status.code == "ACTC" || status.code == "ACSP" || status.code == "PDNG") {
    outcome.knowledge = Knowledge::kKnown;
  } else if (status.code == "ACSC") {
    outcome.knowledge = Knowledge::kKnown;
    outcome.status = TransferStatus::kSucceeded;
  } else if (status.code == "RJCT") {
    outcome.knowledge = Knowledge::kRejected;
    outcome.status = TransferStatus::kFailed;
    outcome.error_code = status.reason.empty() ? status.code : status.reason;
  } else {
    outcome.error_code = status.code.empty() ? "NO_STATUS" : "STATUS_" + status.code;
  }
  return outcome;
}

Result<TransferReport> read_transfer(const XmlElement& line, const Status& inherited,
                                     Timestamp reported_at) {
  TransferReport report;
  TRY(report.end_to_end_id, line.get_text("OrgnlEndToEndId"));
  TRY(Status status, read_status(line, "TxSts"));
  if (status.code.empty()) status = inherited;
  report.status = status.code;
  report.outcome = outcome_of(status);
  TRY(report.outcome.channel_transfer_no, line.find_text("AcctSvcrRef"));
  TRY(const std::string accepted, line.find_text("AccptncDtTm"));
  if (report.outcome.status == TransferStatus::kSucceeded) {
    report.outcome.settled_at = reported_at;
    if (!accepted.empty()) {
      TRY(report.outcome.settled_at, read_date_time(accepted));
    }
  }
  TRY(const auto amount, line.find("OrgnlTxRef/Amt/InstdAmt"));
  if (amount) {
    TRY(report.amount, read_amount(*amount));
  }
  return report;
}

TransferOutcome unknown(std::string_view code, std::string_view message) {
  TransferOutcome outcome;
  outcome.error_code = code;
  outcome.error_message = message;
  return outcome;
}

}  // namespace

Result<Pain002> parse_pain002(std::string_view xml) {
  TRY(const XmlDocument document, XmlDocument::parse(xml));
  if (document.root_namespace() != kPain002Namespace || document.root().name() != "Document")
    return fail(Errc::kUnsupported, "not a pain.002.001.11 message");
  TRY(const XmlElement body, document.root().get("CstmrPmtStsRpt"));
  Pain002 report;
  TRY(report.message_id, body.get_text("GrpHdr/MsgId"));
  TRY(const std::string created, body.get_text("GrpHdr/CreDtTm"));
  TRY(report.created_at, read_date_time(created));
  TRY(const XmlElement group, body.get("OrgnlGrpInfAndSts"));
  TRY(report.original_message_id, group.get_text("OrgnlMsgId"));
  TRY(const Status group_status, read_status(group, "GrpSts"));
  report.group = outcome_of(group_status);
  if (report.group.status == TransferStatus::kSucceeded)
    report.group.settled_at = report.created_at;
  std::set<std::string> named;
  for (const XmlElement& payment : body.children("OrgnlPmtInfAndSts")) {
    TRY(Status status, read_status(payment, "PmtInfSts"));
    if (status.code.empty()) status = group_status;
    for (const XmlElement& line : payment.children("TxInfAndSts")) {
      TRY(TransferReport transfer, read_transfer(line, status, report.created_at));
      if (!named.insert(transfer.end_to_end_id).second)
        return fail(Errc::kMismatch, "the status report names one transfer twice");
      report.transfers.push_back(std::move(transfer));
    }
  }
  return report;
}

TransferOutcome outcome_of(const Pain002& report, std::string_view transfer_no,
                           std::string_view message_id, Money amount) {
  for (const TransferReport& transfer : report.transfers) {
    if (transfer.end_to_end_id != transfer_no) continue;
    if (transfer.amount && *transfer.amount != amount)
      return unknown("AMOUNT_MISMATCH", "the bank reports another amount than was sent");
    return transfer.outcome;
  }
  if (report.transfers.empty() && report.original_message_id == message_id) return report.group;
  return unknown("NOT_REPORTED", "the status report does not name this transfer");
}

}  // namespace suanpan::channels::bank
