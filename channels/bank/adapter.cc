#include "channels/bank/adapter.h"

#include "channels/bank/pain002.h"
#include "ledger/base/digest.h"

namespace suanpan::channels::bank {
namespace {

TransferOutcome without_report(Knowledge knowledge, std::string code, std::string message) {
  TransferOutcome outcome;
  outcome.knowledge = knowledge;
  outcome.error_code = std::move(code);
  outcome.error_message = std::move(message);
  return outcome;
}

TransferOutcome unknown_status(int status) {
  return without_report(Knowledge::kUnknown, fmt::format("HTTP_{}", status),
                        "the bank's answer does not tell what became of the transfer");
}

/// What a body says of the transfer; nothing if it is no pain.002 that can be believed, the reason
/// in `error`.
std::optional<TransferOutcome> read_report(std::string_view transfer_no, Money amount,
                                           const std::string& body, Error& error) {
  auto report = parse_pain002(body);
  if (!report) {
    error = report.error();
    return std::nullopt;
  }
  return outcome_of(report.value(), transfer_no, transfer_no, amount);
}

TransferOutcome unreadable(const Error& error) {
  return without_report(Knowledge::kUnknown, "UNREADABLE_ANSWER", error.message);
}

}  // namespace

std::string bank_signature(const Secret& key, std::string_view timestamp,
                           std::string_view payload) {
  return hex_lower(hmac_sha256(key.reveal(), fmt::format("{}\n{}", timestamp, payload)));
}

BankAdapter::BankAdapter(BankSettings settings) : settings_(std::move(settings)) {}

Result<HttpRequest> BankAdapter::sign(HttpRequest request, Timestamp now) const {
  if (settings_.key.empty()) return fail(Errc::kConfig, "the bank's key is not set");
  const std::string timestamp = std::to_string(now.seconds());
  request.headers.set("Accept", "application/xml");
  request.headers.set("Bank-Timestamp", timestamp);
  request.headers.set("Bank-Signature",
                      bank_signature(settings_.key, timestamp,
                                     request.method == "POST" ? request.body : request.target));
  return request;
}

Result<HttpRequest> BankAdapter::encode_transfer(const TransferRequest& request,
                                                 Timestamp now) const {
  const Pain001Header header{request.transfer_no, now, settings_.initiating_party,
                             settings_.debtors};
  HttpRequest message{"POST", "/bank/pain001", {{"Content-Type", "application/xml"}}, {}, {}};
  TRY(message.body, write_pain001(header, std::span(&request, 1)));
  return sign(std::move(message), now);
}

Result<HttpRequest> BankAdapter::encode_transfer_query(std::string_view transfer_no,
                                                       Timestamp now) const {
  if (!is_bank_id(transfer_no))
    return fail(Errc::kMalformed, "a transfer number is not 1-35 printable characters");
  const std::string target = "/bank/pain002?end_to_end_id=" + percent_encode(transfer_no);
  return sign({"GET", target, {}, {}, {}}, now);
}

Result<HttpRequest> BankAdapter::encode_statement(std::string_view account, Date date,
                                                  StatementVersion version, Timestamp now) const {
  if (account.empty() || account.size() > 34)
    return fail(Errc::kMalformed, "an account number has 1-34 characters");
  std::string target =
      fmt::format("/bank/camt053?account={}&date={}", percent_encode(account), date.iso());
  if (version == StatementVersion::kV02) target += "&version=02";
  return sign({"GET", target, {}, {}, {}}, now);
}

TransferOutcome BankAdapter::decode_transfer(std::string_view transfer_no, Money amount,
                                             const Result<HttpResponse>& answer) {
  if (!answer) {
    const bool never_left = answer.error().code == Errc::kUnavailable;
    return without_report(never_left ? Knowledge::kNotAccepted : Knowledge::kUnknown,
                          name_of(answer.error().code), answer.error().message);
  }
  const int status = answer.value().status;
  if (status == 429 || status == 401 || status == 403)
    return without_report(
        Knowledge::kNotAccepted, fmt::format("HTTP_{}", status),
        status == 429 ? "the bank asks to send it later" : "the bank does not take our signature");
  if (status < 200 || (status >= 300 && status < 400) || status >= 500)
    return unknown_status(status);
  Error error{};
  if (auto outcome = read_report(transfer_no, amount, answer.value().body, error)) return *outcome;
  return status < 300 ? unreadable(error) : unknown_status(status);
}

TransferOutcome BankAdapter::decode_transfer_query(std::string_view transfer_no, Money amount,
                                                   const Result<HttpResponse>& answer) {
  if (!answer)
    return without_report(Knowledge::kUnknown, name_of(answer.error().code),
                          answer.error().message);
  const int status = answer.value().status;
  if (status == 404)
    return without_report(Knowledge::kNotAccepted, std::string(kUnknownTransfer),
                          "the bank does not know the transfer: the same number may be sent again");
  if (status < 200 || status >= 300) return unknown_status(status);
  Error error{};
  if (auto outcome = read_report(transfer_no, amount, answer.value().body, error)) return *outcome;
  return unreadable(error);
}

Result<Statement> BankAdapter::decode_statement(std::string_view account, Date date,
                                                const Result<HttpResponse>& answer) {
  if (!answer) return answer.error();
  const int status = answer.value().status;
  if (status == 404) return fail(Errc::kNotFound, "the bank has no statement of {}", date.iso());
  if (status == 429) return fail(Errc::kUnavailable, "the bank asks to fetch the statement later");
  if (status >= 500) return fail(Errc::kIo, "the bank answered {}", status);
  if (status != 200) return fail(Errc::kUnsupported, "the bank answered {}", status);
  TRY(CamtMessage message, parse_camt(answer.value().body));
  if (message.kind != CamtKind::kStatement)
    return fail(Errc::kUnsupported, "the bank sent another camt message than a statement");
  if (message.statements.size() != 1)
    return fail(Errc::kMismatch, "the bank sent {} statements where one was asked for",
                message.statements.size());
  Statement& statement = message.statements.front();
  if (statement.account != account)
    return fail(Errc::kMismatch, "the bank sent the statement of another account");
  if (statement.closing_date != date)
    return fail(Errc::kMismatch, "the bank sent the statement of {}, asked for was {}",
                statement.closing_date.iso(), date.iso());
  return std::move(statement);
}

}  // namespace suanpan::channels::bank
