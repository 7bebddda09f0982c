#include "api/problem.h"

#include <utility>

#include "ledger/base/json.h"
#include "ledger/core/text.h"

namespace suanpan::api {
namespace {

constexpr std::uint16_t kErrorNumbers = 9000;
constexpr std::uint16_t kAuthNumbers = 9100;
constexpr std::uint16_t kServerNumbers = 9200;

/// Exhaustive, so that a new refusal cannot be forgotten here.
int status_of(RefusalCode code) {
  switch (code) {
    case RefusalCode::kIdMissing:
    case RefusalCode::kLegsMissing:
    case RefusalCode::kLegsTooMany:
    case RefusalCode::kAccountMissing:
    case RefusalCode::kAccountsSame:
    case RefusalCode::kAmountNotPositive:
    case RefusalCode::kAmountTooLarge:
    case RefusalCode::kTextTooLong:
    case RefusalCode::kTextInvalid:
    case RefusalCode::kCodeInvalid:
    case RefusalCode::kValueInvalid:
    case RefusalCode::kGroupMalformed:
      return 400;

    case RefusalCode::kNotAuthorised:
    case RefusalCode::kSamePerson:
    case RefusalCode::kSecondPersonNeeded:
    case RefusalCode::kMerchantDisabled:
      return 403;

    case RefusalCode::kDebitAccountNotFound:
    case RefusalCode::kCreditAccountNotFound:
    case RefusalCode::kAccountNotFound:
    case RefusalCode::kExpectedAccountNotFound:
    case RefusalCode::kHoldNotFound:
    case RefusalCode::kVoucherNotFound:
    case RefusalCode::kMerchantNotFound:
    case RefusalCode::kOrderNotFound:
    case RefusalCode::kDocumentNotFound:
    case RefusalCode::kSubjectNotFound:
      return 404;

    case RefusalCode::kIdReusedWithOtherContent:
    case RefusalCode::kAccountExists:
    case RefusalCode::kVersionConflict:
    case RefusalCode::kVersionNotExpected:
    case RefusalCode::kBalanceNotExpected:
    case RefusalCode::kAccountNotEmpty:
    case RefusalCode::kDebitAccountClosed:
    case RefusalCode::kCreditAccountClosed:
    case RefusalCode::kDebitAccountFrozen:
    case RefusalCode::kCreditAccountFrozen:
    case RefusalCode::kSubjectExists:
    case RefusalCode::kChartExists:
    case RefusalCode::kChartFree:
    case RefusalCode::kHoldAlreadyPosted:
    case RefusalCode::kHoldAlreadyVoided:
    case RefusalCode::kHoldExpired:
    case RefusalCode::kOrderExists:
    case RefusalCode::kOrderStateFinal:
    case RefusalCode::kOrderStateWrong:
    case RefusalCode::kOrderExpired:
    case RefusalCode::kDocumentExists:
    case RefusalCode::kDocumentVersionConflict:
    case RefusalCode::kDocumentStateFinal:
    case RefusalCode::kPersonalDataInUse:
    case RefusalCode::kPersonalDataErased:
    case RefusalCode::kBatchStateWrong:
      return 409;

    case RefusalCode::kPeriodClosed:
    case RefusalCode::kYearClosed:
    case RefusalCode::kYearClosing:
    case RefusalCode::kDateAhead:
    case RefusalCode::kDateBehind:
    case RefusalCode::kDayCutNotForward:
    case RefusalCode::kCurrencyMismatch:
    case RefusalCode::kParentMissing:
    case RefusalCode::kSubjectNotLeaf:
    case RefusalCode::kSubjectIsLeaf:
    case RefusalCode::kSubjectMismatch:
    case RefusalCode::kDimensionsMissing:
    case RefusalCode::kDimensionsExceeded:
    case RefusalCode::kCarryTargetInvalid:
    case RefusalCode::kHoldAmountExceeded:
    case RefusalCode::kVoucherNotReversible:
    case RefusalCode::kReversalExceedsOriginal:
    case RefusalCode::kAmountMismatch:
    case RefusalCode::kRefundExceedsPaid:
    case RefusalCode::kWayNotAllowed:
    case RefusalCode::kNumbersUsedUp:
    case RefusalCode::kCalendarYearUnknown:
    case RefusalCode::kNothingToSettle:
    case RefusalCode::kGroupFailed:
    case RefusalCode::kNothingToSweep:
    case RefusalCode::kBelowLimit:
    case RefusalCode::kOverflow:
      return 422;

    case RefusalCode::kGroupUndecided:  // of an item of a batch only: no route answers with it
                                        // whole
      return 503;

    case RefusalCode::kNone:
    case RefusalCode::kInternal:
      break;
  }
  return 500;
}

struct ErrorFace {
  int status;
  const char* title;
  bool shows_detail;
};

ErrorFace face_of(Errc code) {
  switch (code) {
    case Errc::kMalformed:
      return {400, "请求格式有误", true};
    case Errc::kTooLarge:
      return {413, "请求超出限制", true};
    case Errc::kMismatch:
      return {422, "内容自相矛盾或与预期不符", true};
    case Errc::kNotFound:
      return {404, "对象不存在", true};
    case Errc::kBadSignature:
      return {401, "签名不成立", true};
    case Errc::kUnsupported:
      return {415, "不支持的类型或算法", true};
    case Errc::kArchived:
      return {410, "该期间已归档, 账簿中不再保存", true};
    case Errc::kTimeout:
      return {504, "处理超时, 结果未知, 请查询", false};
    case Errc::kUnavailable:
      return {503, "系统繁忙, 未受理, 请稍后重试", false};
    case Errc::kLocked:
    case Errc::kCorrupt:
    case Errc::kIo:
    case Errc::kConfig:
      break;
  }
  return {500, "系统异常", false};
}

const char* title_of(AuthFailure failure) {
  switch (failure) {
    case AuthFailure::kMissing:
      return "缺少认证头";
    case AuthFailure::kMalformed:
      return "认证头格式有误";
    case AuthFailure::kUnknownKey:
      return "密钥不存在";
    case AuthFailure::kBadSignature:
      return "验签失败";
    case AuthFailure::kKeyDisabled:
      return "密钥已停用";
    case AuthFailure::kStale:
      return "时间戳超出允许的时间窗";
    case AuthFailure::kReplayed:
      return "随机串已使用过, 请求被视为重放";
    case AuthFailure::kForbidden:
      return "密钥的角色无权进行此操作";
  }
  return "";
}

Problem server_problem(int status, std::string_view name, std::uint16_t number, const char* title) {
  Problem problem;
  problem.status = status;
  problem.refusal = name;
  problem.number = static_cast<std::uint16_t>(kServerNumbers + number);
  problem.title = title;
  return problem;
}

}  // namespace

Problem problem_of(const Refusal& refusal) {
  Problem problem;
  problem.status = status_of(refusal.code);
  problem.refusal = name_of(refusal.code);
  problem.number = static_cast<std::uint16_t>(refusal.code);
  problem.title = std::string(chinese_of(refusal.code));
  problem.detail = refusal.detail;
  if (problem.status == 503) problem.retry_after_s = 1;
  return problem;
}

Problem problem_of(const Error& error) {
  const ErrorFace face = face_of(error.code);
  Problem problem;
  problem.status = face.status;
  problem.refusal = name_of(error.code);
  problem.number =
      static_cast<std::uint16_t>(kErrorNumbers + static_cast<std::uint16_t>(error.code));
  problem.title = face.title;
  if (face.shows_detail) problem.detail = error.message;
  if (error.code == Errc::kUnavailable) problem.retry_after_s = 1;
  return problem;
}

Problem problem_of(AuthFailure failure) {
  Problem problem;
  problem.status = failure == AuthFailure::kForbidden ? 403 : 401;
  problem.refusal = name_of(failure);
  problem.number = static_cast<std::uint16_t>(kAuthNumbers + static_cast<std::uint16_t>(failure));
  problem.title = title_of(failure);
  return problem;
}

Problem no_such_route() { return server_problem(404, "no_such_route", 1, "没有这个接口"); }

Problem method_not_allowed() {
  return server_problem(405, "method_not_allowed", 2, "该接口不支持这个方法");
}

Problem rate_limited(std::int64_t retry_after_ms) {
  Problem problem = server_problem(429, "rate_limited", 3, "请求过于频繁, 未受理");
  problem.retry_after_s = (retry_after_ms + 999) / 1000;
  return problem;
}

Problem overloaded(std::int64_t retry_after_s) {
  Problem problem = server_problem(503, "overloaded", 4, "系统繁忙, 未受理, 请稍后重试");
  problem.retry_after_s = retry_after_s;
  return problem;
}

Problem too_many_holds() {
  Problem problem = server_problem(429, "too_many_holds", 8, "未结束的冻结过多, 未受理");
  problem.retry_after_s = 60;
  return problem;
}

Problem idempotency_key_missing() {
  return server_problem(400, "idempotency_key_missing", 5, "写操作必须带 Idempotency-Key 头");
}

bool is_about_bytes(const Error& error) {
  switch (error.code) {
    case Errc::kMalformed:
    case Errc::kTooLarge:
    case Errc::kMismatch:
    case Errc::kBadSignature:
    case Errc::kUnsupported:
      return true;
    default:
      return false;
  }
}

Problem channel_problem(const Error& error, std::string_view what) {
  if (error.code == Errc::kNotFound) return problem_of(error);
  const bool later =
      error.code == Errc::kUnavailable || error.code == Errc::kTimeout || error.code == Errc::kIo;
  Problem problem = later ? server_problem(503, "channel_not_ready", 6, "渠道文件尚未就绪, 未受理")
                          : server_problem(502, "channel_file_bad", 7, "渠道返回的文件不可信");
  problem.detail = fmt::format("{}: {}", what, error.message);
  if (later) problem.retry_after_s = 60;
  return problem;
}

HttpResponse render(const Problem& problem, std::string_view instance) {
  JsonWriter out;
  out.begin_object();
  out.field("type", fmt::format("/problems/{}", problem.refusal));
  out.field("title", problem.title);
  out.field("status", std::int64_t{problem.status});
  if (!problem.detail.empty()) out.field("detail", problem.detail);
  out.field("refusal", problem.refusal);
  out.field("number", std::int64_t{problem.number});
  // A target may hold any byte; a document must be UTF-8.
  instance = instance.substr(0, instance.find('?'));
  if (!instance.empty() && is_utf8(instance)) out.field("instance", instance);
  out.end_object();

  HttpResponse response;
  response.status = problem.status;
  response.headers.set("Content-Type", "application/problem+json");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set(kRefusalHeader, problem.refusal);
  if (problem.retry_after_s) {
    response.headers.set("Retry-After", fmt::format("{}", *problem.retry_after_s));
  }
  response.body = out.take();
  return response;
}

}  // namespace suanpan::api
