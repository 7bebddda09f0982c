#include "api/jeepay/call.h"

#include "api/problem.h"
#include "channels/url.h"
#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/limits.h"
#include "ledger/base/log.h"

namespace suanpan::api::jeepay {
namespace {

bool is_personal(std::string_view field) {
  for (const std::string_view personal :
       {"subject", "body", "channelExtra", "extParam", "accountNo", "accountName", "refundReason",
        "transferDesc"})
    if (field == personal) return true;
  return false;
}

template <class T>
Result<std::optional<T>> find_own(const Book& book, DocumentKind kind, std::string_view what,
                                  std::string_view mch_no, std::string_view id,
                                  std::string_view number, Result<T> (*decode)(std::string_view)) {
  std::string key(id);
  if (key.empty()) {
    const DocumentPtr index = book.document(DocumentKind::kIndex, index_key(what, mch_no, number));
    if (!index) return std::optional<T>{};
    key = index->bytes;
  }
  const DocumentPtr document = book.document(kind, key);
  if (!document) return std::optional<T>{};
  TRY(T found, decode(document->bytes));
  if (found.mch_no != mch_no) return std::optional<T>{};
  return std::optional<T>(std::move(found));
}

/// The refusals that a request could have avoided by its form.
bool is_parameter(RefusalCode code) {
  return leaves_nothing(code) && code != RefusalCode::kNotAuthorised &&
         code != RefusalCode::kGroupUndecided;
}

}  // namespace

HttpResponse answer(std::string body) {
  HttpResponse response;
  response.headers.set("Content-Type", "application/json; charset=UTF-8");
  response.headers.set("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

HttpResponse refusal(std::string body, std::string_view name) {
  HttpResponse response = answer(std::move(body));
  response.headers.set(kRefusalHeader, name);
  return response;
}

void JeepayCall::succeed(const FieldBag& data) const {
  reply(answer(render_success(data, Signer{caller->secret, envelope.sign_type})));
}
void JeepayCall::refuse(ApiCode code, std::string_view message, std::string_view name) const {
  reply(refusal(render_error(code, message), name));
}
void JeepayCall::refuse(const Error& error) const {
  reply(refusal(render_error(error), name_of(error.code)));
}

Desk::Desk(Services& given)
    : services(given),
      payments(*given.payments),
      settlement(*given.settlement),
      callers(given.book, given.vault),
      bodies(given.real.now()),
      marks(given.book),
      currency(given.book.read(
          [](const State& state, std::uint64_t) { return state.book().currency; })) {}

Result<void> Desk::check_currency(Money amount) const {
  if (amount.currency == currency) return success();
  return fail(Errc::kMismatch, "币种 {} 未开通", code_of(amount.currency));
}

void Desk::on_worker(const CallPtr& call, std::function<void()> work) const {
  if (!services.workers.submit("@m " + call->mch_no(), std::move(work)))
    call->refuse(fail(Errc::kUnavailable, "workers"));
}

ClaimKey claim_of(std::string_view what, std::string_view mch_no, std::string_view number) {
  return {id_of(fmt::format("jeepay|{}|{}|{}", what, mch_no, number)), kSystemCaller};
}

std::string document_id(char prefix, Timestamp now, const ClaimKey& claim) {
  std::string id(1, prefix);
  for (const char c : now.plain_cn())
    if (c >= '0' && c <= '9') id += c;
  id += fmt::format("{:016x}", claim.id.hi);
  return id;
}

Content content_of(const Vault& vault, std::vector<ContentField> fields) {
  Content content;
  content.reserve(fields.size());
  for (ContentField& field : fields)
    content.emplace_back(std::string(field.name),
                         !field.value.empty() && is_personal(field.name)
                             ? vault.blind(fmt::format("jeepay|{}", field.name), field.value)
                             : std::move(field.value));
  return content;
}

Result<void> check_notify_url(std::string_view url) {
  if (url.empty()) return success();
  if (channels::Url::parse(url.substr(0, url.find('#')))) return success();
  return fail(Errc::kMalformed, "字段 notifyUrl 必须是 http:// 或 https:// 开头的完整地址");
}

void refuse_refusal(const JeepayCall& call, const Refusal& refusal, const std::string& exists) {
  switch (refusal.code) {
    case RefusalCode::kOrderExists:
      return call.refuse(ApiCode::kBusiness, exists, name_of(refusal.code));
    case RefusalCode::kIdReusedWithOtherContent:
      return call.refuse(ApiCode::kBusiness,
                         fmt::format("{}: 字段 {} 与首次请求不同", exists, refusal.detail),
                         name_of(refusal.code));
    case RefusalCode::kInternal:
      log_error("the merchant API met a bug of ours: {}", refusal.detail);
      return call.refuse(ApiCode::kSystem, "系统异常", name_of(refusal.code));
    default:
      break;
  }
  const std::string_view what = chinese_of(refusal.code);
  call.refuse(
      is_parameter(refusal.code) ? ApiCode::kParameter : ApiCode::kBusiness,
      refusal.detail.empty() ? std::string(what) : fmt::format("{}: {}", what, refusal.detail),
      name_of(refusal.code));
}

Result<std::optional<Order>> find_own_order(const Book& book, std::string_view mch_no,
                                            std::string_view order_id, std::string_view number) {
  return find_own<Order>(book, DocumentKind::kOrder, "order", mch_no, order_id, number,
                         decode_order);
}
Result<std::optional<Refund>> find_own_refund(const Book& book, std::string_view mch_no,
                                              std::string_view refund_id, std::string_view number) {
  return find_own<Refund>(book, DocumentKind::kRefund, "refund", mch_no, refund_id, number,
                          decode_refund);
}
Result<std::optional<Payout>> find_own_payout(const Book& book, std::string_view mch_no,
                                              std::string_view payout_id, std::string_view number) {
  return find_own<Payout>(book, DocumentKind::kPayout, "payout", mch_no, payout_id, number,
                          decode_payout);
}

}  // namespace suanpan::api::jeepay
