#include "channels/sandbox/bank_side.h"

#include <algorithm>
#include <charconv>

#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/json.h"

namespace suanpan::sandbox {
namespace {

constexpr std::int64_t kMaxSkew = 300;

HttpResponse refusal(int status, std::string_view code, std::string_view message) {
  JsonWriter json;
  json.begin_object().field("code", code).field("message", message).end_object();
  return {status, {{"Content-Type", "application/json"}}, json.take()};
}

HttpResponse xml(std::string body) {
  return {200, {{"Content-Type", "application/xml; charset=utf-8"}}, std::move(body)};
}

std::string value_of(const std::vector<std::pair<std::string, std::string>>& query,
                     std::string_view key) {
  for (const auto& [name, value] : query)
    if (name == key) return value;
  return {};
}

TransferStatus status_of(const BankTransfer& transfer, std::string status) {
  TransferStatus out{transfer.terms.payment_info_id, transfer.terms.end_to_end_id,
                     std::move(status)};
  if (out.status == "RJCT") out.rejection = transfer.rejection;
  out.reference = transfer.reference;
  out.amount_fen = transfer.terms.amount_fen;
  return out;
}

bool same_transfers(const std::vector<CreditTransfer>& a, const std::vector<CreditTransfer>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const CreditTransfer& x, const CreditTransfer& y) {
                      return x.end_to_end_id == y.end_to_end_id && x.same_content(y);
                    });
}

/// The group's status from those of its transfers.
std::string group_status(const std::vector<TransferStatus>& transfers) {
  const auto all = [&](std::string_view status) {
    return std::all_of(transfers.begin(), transfers.end(),
                       [&](const TransferStatus& one) { return one.status == status; });
  };
  for (const std::string_view status : {"RJCT", "ACSP", "ACTC"})
    if (all(status)) return std::string(status);
  return "PART";
}

void truncate(std::string& text) { text.resize(text.size() / 2); }

/// Nine levels of ten: a billion characters for a reader that follows them.
void plant_entity_bomb(std::string& text) {
  std::string type = "<!DOCTYPE Document [<!ENTITY a0 \"a\">";
  for (int i = 1; i <= 9; ++i) {
    type += fmt::format("<!ENTITY a{} \"", i);
    for (int k = 0; k < 10; ++k) type += fmt::format("&a{};", i - 1);
    type += "\">";
  }
  const std::size_t root = text.find("<Document");
  const std::size_t inside = text.find("<MsgId>");
  CHECK_OR_DIE(root < inside && inside != std::string::npos, "an answer without MsgId");
  text.insert(inside + 7, "&a9;");
  text.insert(root, type + "]>");
}

void oversize(std::string& text) { text.append(17 << 20, ' '); }

}  // namespace

BankSide::BankSide(const Secret& key, BankSettings settings, FaultScript& faults)
    : key_(key),
      faults_(faults),
      book_(settings.settle_delay_s),
      to_open_(std::move(settings.accounts)) {}

void BankSide::advance(Timestamp now) {
  for (BankAccountSettings& account : to_open_) {
    const auto opened = book_.open(account, now);
    CHECK_OR_DIE(opened.has_value(), "an account of the settings: {}", opened.error().message);
  }
  to_open_.clear();
  book_.advance(now);
}

bool BankSide::is_authentic(const HttpRequest& request, Timestamp wire) const {
  const auto timestamp = request.headers.find("Bank-Timestamp");
  const auto signature = request.headers.find("Bank-Signature");
  if (!timestamp || !signature || request.headers.count("Bank-Timestamp") != 1 ||
      request.headers.count("Bank-Signature") != 1)
    return false;
  std::int64_t seconds = 0;
  const char* const end = timestamp->data() + timestamp->size();
  const auto [stop, failed] = std::from_chars(timestamp->data(), end, seconds);
  if (failed != std::errc{} || stop != end || seconds < 0) return false;
  const std::int64_t skew = wire.seconds() - seconds;
  if (skew >= kMaxSkew || skew <= -kMaxSkew) return false;
  const std::string message =
      fmt::format("{}\n{}", *timestamp, request.method == "POST" ? request.body : request.target);
  return equal_constant_time(hex_lower(hmac_sha256(key_.reveal(), message)), *signature);
}

std::optional<HttpResponse> BankSide::handle(const HttpRequest& request, Moment now) {
  advance(now.business);
  if (!is_authentic(request, now.wire))
    return refusal(401, "SIGN_ERROR", "Bank-Timestamp or Bank-Signature does not hold");
  const auto query = parse_form(request.query());
  if (!query) return refusal(400, "PARAM_ERROR", "the query is malformed");
  const std::string_view path = request.path();
  if (request.method == "POST" && path == "/bank/pain001")
    return work(request, Operation::kBankPay, *query, now.business);
  if (request.method == "GET" && path == "/bank/pain002")
    return work(request, Operation::kBankQuery, *query, now.business);
  if (request.method == "GET" && path == "/bank/camt053")
    return work(request, Operation::kBankStatement, *query, now.business);
  return refusal(404, "NOT_FOUND", "there is no such interface");
}

std::optional<HttpResponse> BankSide::work(const HttpRequest& request, Operation operation,
                                           const Query& query, Timestamp now) {
  std::string message_id;
  std::optional<Result<PaymentMessage>> message;
  std::vector<std::string> numbers;
  if (operation == Operation::kBankPay) {
    message.emplace(parse_pain001(request.body, message_id));
    if (*message)
      for (const CreditTransfer& one : message->value().transfers)
        numbers.push_back(one.end_to_end_id);
  } else {
    numbers.push_back(
        value_of(query, operation == Operation::kBankQuery ? "end_to_end_id" : "date"));
  }
  if (numbers.empty()) numbers.emplace_back();
  const auto fires = [&](FaultKind kind) {
    return std::any_of(numbers.begin(), numbers.end(), [&](const std::string& number) {
      return faults_.take(kind, operation, number).has_value();
    });
  };
  if (fires(FaultKind::kDropBefore)) return std::nullopt;
  if (fires(FaultKind::kError500)) return refusal(500, "SYSTEM_ERROR", "system error, try again");
  if (fires(FaultKind::kError429)) return refusal(429, "FREQUENCY_LIMITED", "too many requests");

  HttpResponse response = operation == Operation::kBankPay ? pay(request, *message, message_id, now)
                          : operation == Operation::kBankQuery ? status(numbers.front(), now)
                                                               : statement(query, now);
  if (fires(FaultKind::kDropAfter)) return std::nullopt;
  if (response.status != 200) return response;
  if (fires(FaultKind::kXmlTruncated)) truncate(response.body);
  if (fires(FaultKind::kXmlEntityBomb)) plant_entity_bomb(response.body);
  if (fires(FaultKind::kXmlOversized)) oversize(response.body);
  return response;
}

std::string BankSide::next_report_id(Timestamp now) {
  return fmt::format("R{}{:08}", now.date_cn().compact(), ++reports_);
}

BankBook::Fate BankSide::fate_of(const std::string& end_to_end_id) {
  BankBook::Fate fate;
  const auto rejection = [](const Fault& fault, std::string_view code) {
    return Rejection{fault.text.empty() ? std::string(code) : fault.text, "refused by the bank"};
  };
  const auto take = [&](FaultKind kind) {
    return faults_.take(kind, Operation::kBankPay, end_to_end_id);
  };
  if (auto f = take(FaultKind::kBankReject))
    fate.reject_now = rejection(*f, "AC06");
  else if (auto later = take(FaultKind::kBankRejectLater))
    fate.reject_later = rejection(*later, "AC06");
  else if (auto back = take(FaultKind::kBankReturn)) {
    fate.return_later = rejection(*back, "AC04");
    if (back->after_s > 0) fate.return_after_s = back->after_s;
  }
  return fate;
}

HttpResponse BankSide::pay(const HttpRequest&, const Result<PaymentMessage>& message,
                           const std::string& message_id, Timestamp now) {
  StatusReport report{next_report_id(now), now, message_id};
  if (!message) {
    // parse_pain001 begins its messages with the reason code.
    const std::string& text = message.error().message;
    report.group_status = "RJCT";
    report.group_rejection = {text.substr(0, 4),
                              text.substr(std::min<std::size_t>(5, text.size()))};
    return xml(write_pain002(report));
  }
  const std::vector<CreditTransfer>& transfers = message.value().transfers;
  if (const auto known = messages_.find(message_id); known != messages_.end()) {
    if (same_transfers(known->second.transfers, transfers)) return xml(known->second.answer);
    report.group_status = "RJCT";
    report.group_rejection = {"DU01", "the MsgId was used with other transfers"};
    return xml(write_pain002(report));
  }
  for (const CreditTransfer& one : transfers) {
    // A fault belongs to the transfer that is new, not to a resend of one.
    const BankBook::Fate fate =
        book_.knows(one.end_to_end_id) ? BankBook::Fate{} : fate_of(one.end_to_end_id);
    const BankTransfer transfer = book_.submit(one, message_id, fate, now);
    TransferStatus status = status_of(transfer, transfer.first_status);
    status.payment_info_id = one.payment_info_id;
    report.transfers.push_back(std::move(status));
  }
  report.group_status = group_status(report.transfers);
  std::string answer = write_pain002(report);
  messages_.emplace(message_id, Message{transfers, answer});
  return xml(std::move(answer));
}

HttpResponse BankSide::status(const std::string& end_to_end_id, Timestamp now) {
  const BankTransfer* transfer = book_.find(end_to_end_id);
  if (!transfer) return refusal(404, "NOT_FOUND", "there is no transfer of that end-to-end id");
  StatusReport report{next_report_id(now), now, transfer->message_id};
  std::string status = "ACSC";
  if (transfer->state == TransferState::kPending) status = "PDNG";
  if (transfer->state == TransferState::kRejected) status = "RJCT";
  report.transfers.push_back(status_of(*transfer, std::move(status)));
  return xml(write_pain002(report));
}

HttpResponse BankSide::statement(const Query& query, Timestamp now) {
  const auto account = book_.accounts().find(value_of(query, "account"));
  if (account == book_.accounts().end())
    return refusal(404, "NOT_FOUND", "there is no such account");
  const std::string day = value_of(query, "date");
  auto date = Date::parse(day);
  if (!date || day.size() != 10) return refusal(400, "PARAM_ERROR", "date must be YYYY-MM-DD");
  const auto take = [&](FaultKind kind) {
    return faults_.take(kind, Operation::kBankStatement, day);
  };
  if (take(FaultKind::kStatementOtherDay)) date = date->plus_days(-1);
  const std::string version = value_of(query, "version");
  if (!version.empty() && version != "02" && version != "08")
    return refusal(400, "PARAM_ERROR", "version must be 02 or 08");
  if (*date >= now.date_cn()) return refusal(404, "NOT_READY", "the day has not ended");
  if (*date < account->second.opened_on)
    return refusal(404, "NOT_FOUND", "the account was not open on that day");

  StatementPage page{&account->second, *date};
  page.version = version == "02" ? 2 : 8;
  page.opening_fen = account->second.settings.opening_fen;
  for (const BankEntry& entry : account->second.entries) {
    const Date booked = entry.at.date_cn();
    if (booked < *date) page.opening_fen += entry.amount_fen;
    if (booked == *date) page.entries.push_back(&entry);
  }
  page.closing_fen = page.opening_fen;
  for (const BankEntry* entry : page.entries) page.closing_fen += entry->amount_fen;
  if (const auto f = take(FaultKind::kStatementWrongBalance))
    page.closing_fen += f->amount_fen == 0 ? 1 : f->amount_fen;
  BankAccount other = account->second;
  if (const auto f = take(FaultKind::kStatementOtherAccount)) {
    other.settings.account = f->text.empty() ? "6228999999999999" : f->text;
    page.account = &other;
  }
  return xml(write_camt053(page));
}

}  // namespace suanpan::sandbox
