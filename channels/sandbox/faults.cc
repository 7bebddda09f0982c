#include "channels/sandbox/faults.h"

#include "ledger/base/check.h"

namespace suanpan::sandbox {
namespace {

struct OperationName {
  Operation operation;
  std::string_view name;
};
constexpr OperationName kOperations[] = {
    {Operation::kAny, ""},
    {Operation::kPlace, "wechat.place"},
    {Operation::kQuery, "wechat.query"},
    {Operation::kClose, "wechat.close"},
    {Operation::kRefund, "wechat.refund"},
    {Operation::kQueryRefund, "wechat.query_refund"},
    {Operation::kCertificates, "wechat.certificates"},
    {Operation::kTradeBill, "wechat.tradebill"},
    {Operation::kFundFlowBill, "wechat.fundflowbill"},
    {Operation::kDownload, "wechat.download"},
    {Operation::kNotify, "wechat.notify"},
    {Operation::kBankPay, "bank.pay"},
    {Operation::kBankQuery, "bank.query"},
    {Operation::kBankStatement, "bank.statement"},
};

struct KindName {
  FaultKind kind;
  std::string_view name;
};
constexpr KindName kKinds[] = {
    {FaultKind::kDropAfter, "drop_after"},
    {FaultKind::kDropBefore, "drop_before"},
    {FaultKind::kError500, "error_500"},
    {FaultKind::kError429, "error_429"},
    {FaultKind::kForgedResponse, "forged_response"},
    {FaultKind::kStaleResponse, "stale_response"},
    {FaultKind::kRefundAbnormal, "refund_abnormal"},
    {FaultKind::kRefundClosed, "refund_closed"},
    {FaultKind::kNotifyLost, "notify_lost"},
    {FaultKind::kNotifyDuplicate, "notify_duplicate"},
    {FaultKind::kNotifyReordered, "notify_reordered"},
    {FaultKind::kNotifyWrongAmount, "notify_wrong_amount"},
    {FaultKind::kNotifyForged, "notify_forged"},
    {FaultKind::kBillMissingRow, "bill_missing_row"},
    {FaultKind::kBillExtraRow, "bill_extra_row"},
    {FaultKind::kBillNextDay, "bill_next_day"},
    {FaultKind::kBillWrongAmount, "bill_wrong_amount"},
    {FaultKind::kBillWrongFee, "bill_wrong_fee"},
    {FaultKind::kBillWrongTotals, "bill_wrong_totals"},
    {FaultKind::kBillWrongHash, "bill_wrong_hash"},
    {FaultKind::kBillTruncated, "bill_truncated"},
    {FaultKind::kBillWrongEncoding, "bill_wrong_encoding"},
    {FaultKind::kBillOtherMerchant, "bill_other_merchant"},
    {FaultKind::kBillOtherDay, "bill_other_day"},
    {FaultKind::kBankReject, "bank_reject"},
    {FaultKind::kBankRejectLater, "bank_reject_later"},
    {FaultKind::kBankReturn, "bank_return"},
    {FaultKind::kStatementWrongBalance, "statement_wrong_balance"},
    {FaultKind::kStatementOtherAccount, "statement_other_account"},
    {FaultKind::kStatementOtherDay, "statement_other_day"},
    {FaultKind::kXmlTruncated, "xml_truncated"},
    {FaultKind::kXmlEntityBomb, "xml_entity_bomb"},
    {FaultKind::kXmlOversized, "xml_oversized"},
};

bool fits(std::string_view wanted, std::string_view actual) {
  return wanted.empty() || wanted == actual;
}

Result<Fault> parse_fault(const JsonValue& value) {
  Fault fault;
  bool has_kind = false;
  for (const auto& [key, member] : value.members()) {
    if (key == "kind") {
      TRY(auto name, member.as_string());
      for (const KindName& known : kKinds) {
        if (known.name != name) continue;
        fault.kind = known.kind;
        has_kind = true;
      }
      if (!has_kind) return fail(Errc::kMalformed, "there is no kind of fault \"{}\"", name);
    } else if (key == "operation") {
      TRY(auto name, member.as_string());
      bool found = false;
      for (const OperationName& known : kOperations) {
        if (known.name != name) continue;
        fault.operation = known.operation;
        found = true;
      }
      if (!found) return fail(Errc::kMalformed, "there is no operation \"{}\"", name);
    } else if (key == "number" || key == "mchid" || key == "text") {
      TRY(auto text, member.as_string());
      (key == "number" ? fault.number : key == "mchid" ? fault.mchid : fault.text) = text;
    } else if (key == "times" || key == "amount_fen" || key == "after_s") {
      TRY(auto number, member.as_int64());
      if (number < (key == "times" ? 1 : 0))
        return fail(Errc::kMalformed, "\"{}\" is out of range", key);
      (key == "times" ? fault.times : key == "after_s" ? fault.after_s : fault.amount_fen) = number;
    } else {
      return fail(Errc::kMalformed, "a fault has no field \"{}\"", key);
    }
  }
  if (!has_kind) return fail(Errc::kMalformed, "a fault needs a \"kind\"");
  return fault;
}

}  // namespace

std::string_view name_of(Operation operation) {
  for (const OperationName& known : kOperations)
    if (known.operation == operation) return known.name;
  CHECK_OR_DIE(false, "operation {} has no name", static_cast<int>(operation));
}

std::string_view name_of(FaultKind kind) {
  for (const KindName& known : kKinds)
    if (known.kind == kind) return known.name;
  CHECK_OR_DIE(false, "fault kind {} has no name", static_cast<int>(kind));
}

Fault FaultScript::use(std::size_t at) {
  Fault fired = faults_[at];
  if (--faults_[at].times == 0) faults_.erase(faults_.begin() + static_cast<std::ptrdiff_t>(at));
  return fired;
}

std::optional<Fault> FaultScript::take(FaultKind kind, Operation operation, std::string_view number,
                                       std::string_view mchid) {
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    const Fault& fault = faults_[i];
    if (fault.kind != kind || !fits(fault.number, number) || !fits(fault.mchid, mchid)) continue;
    if (fault.operation == Operation::kAny || fault.operation == operation) return use(i);
  }
  return std::nullopt;
}

std::optional<Fault> FaultScript::take_bringing(FaultKind kind, Operation operation,
                                                std::string_view mchid) {
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    const Fault& fault = faults_[i];
    if (fault.kind != kind || !fits(fault.mchid, mchid)) continue;
    if (fault.operation == Operation::kAny || fault.operation == operation) return use(i);
  }
  return std::nullopt;
}

Result<std::vector<Fault>> parse_faults(const JsonValue& value) {
  if (!value.is_object()) return fail(Errc::kMalformed, "a fault is a JSON object");
  std::vector<Fault> faults;
  if (const auto list = value.find("faults")) {
    if (!list->is_array()) return fail(Errc::kMalformed, "\"faults\" is not a list");
    for (const JsonValue& element : list->elements()) {
      TRY(auto fault, parse_fault(element));
      faults.push_back(std::move(fault));
    }
    return faults;
  }
  TRY(auto fault, parse_fault(value));
  faults.push_back(std::move(fault));
  return faults;
}

void write_fault(JsonWriter& json, const Fault& fault) {
  json.begin_object().field("kind", name_of(fault.kind));
  json.field("operation", name_of(fault.operation)).field("number", fault.number);
  json.field("mchid", fault.mchid).field("times", fault.times);
  json.field("amount_fen", fault.amount_fen).field("after_s", fault.after_s);
  json.field("text", fault.text).end_object();
}

}  // namespace suanpan::sandbox
