#include "api/jeepay/responses.h"

#include <utility>

#include "ledger/base/check.h"
#include "ledger/base/json.h"

namespace suanpan::api::jeepay {
namespace {

template <class State>
std::int64_t number_of(State state) {
  return static_cast<std::int64_t>(state);
}

void set_error(FieldBag& out, const ChannelError& error) {
  out.set_text("errCode", error.code).set_text("errMsg", error.message);
}

void set_times(FieldBag& out, std::optional<Timestamp> success_at, Timestamp created_at) {
  if (success_at) out.set_integer("successTime", success_at->ms());
  out.set_integer("createdAt", created_at.ms());
}

ApiCode code_of(Errc code) {
  switch (code) {
    case Errc::kMalformed:
    case Errc::kTooLarge:
      return ApiCode::kParameter;
    case Errc::kMismatch:
    case Errc::kNotFound:
    case Errc::kBadSignature:
    case Errc::kUnsupported:
    case Errc::kArchived:
      return ApiCode::kBusiness;
    case Errc::kLocked:
    case Errc::kCorrupt:
    case Errc::kIo:
    case Errc::kTimeout:
    case Errc::kUnavailable:
    case Errc::kConfig:
      break;
  }
  return ApiCode::kSystem;
}

}  // namespace

FieldBag fields_of(const UnifiedOrderData& data) {
  FieldBag out;
  out.set_text("payOrderId", data.pay_order_id)
      .set_text("mchOrderNo", data.mch_order_no)
      .set_integer("orderState", number_of(data.state))
      .set_text("payDataType", data.pay_data_type)
      .set_text("payData", data.pay_data);
  set_error(out, data.error);
  return out;
}

FieldBag fields_of(const PayOrderData& data) {
  FieldBag out;
  out.set_text("payOrderId", data.pay_order_id)
      .set_text("mchNo", data.mch_no)
      .set_text("appId", data.app_id)
      .set_text("mchOrderNo", data.mch_order_no)
      .set_text("ifCode", data.if_code)
      .set_text("wayCode", data.way_code)
      .set_integer("amount", data.amount.minor)
      .set_text("currency", suanpan::code_of(data.amount.currency))
      .set_integer("state", number_of(data.state))
      .set_text("clientIp", data.client_ip)
      .set_text("subject", data.subject)
      .set_text("body", data.body)
      .set_text("channelOrderNo", data.channel_order_no);
  set_error(out, data.error);
  out.set_text("extParam", data.ext_param);
  set_times(out, data.success_at, data.created_at);
  return out;
}

FieldBag fields_of(const RefundOrderData& data) {
  FieldBag out;
  out.set_text("refundOrderId", data.refund_order_id)
      .set_text("mchRefundNo", data.mch_refund_no)
      .set_integer("payAmount", data.pay_amount_fen)
      .set_integer("refundAmount", data.refund.minor)
      .set_integer("state", number_of(data.state))
      .set_text("channelOrderNo", data.channel_order_no);
  set_error(out, data.error);
  return out;
}

FieldBag fields_of(const RefundQueryData& data) {
  FieldBag out = fields_of(data.refund);
  out.set_text("payOrderId", data.pay_order_id)
      .set_text("mchNo", data.mch_no)
      .set_text("appId", data.app_id)
      .set_text("currency", suanpan::code_of(data.refund.refund.currency))
      .set_text("extParam", data.ext_param);
  set_times(out, data.success_at, data.created_at);
  return out;
}

FieldBag fields_of(const TransferOrderData& data) {
  FieldBag out;
  out.set_text("transferId", data.transfer_id)
      .set_text("mchOrderNo", data.mch_order_no)
      .set_integer("amount", data.amount.minor)
      .set_text("accountNo", data.account_no)
      .set_text("accountName", data.account_name)
      .set_text("bankName", data.bank_name)
      .set_integer("state", number_of(data.state))
      .set_text("channelOrderNo", data.channel_order_no)
      .set_text("channelResData", data.channel_res_data);
  set_error(out, data.error);
  return out;
}

FieldBag fields_of(const TransferQueryData& data) {
  FieldBag out = fields_of(data.transfer);
  out.set_text("mchNo", data.mch_no)
      .set_text("appId", data.app_id)
      .set_text("ifCode", data.if_code)
      .set_text("entryType", data.entry_type)
      .set_text("currency", suanpan::code_of(data.transfer.amount.currency))
      .set_text("transferDesc", data.transfer_desc)
      .set_text("channelExtra", data.channel_extra)
      .set_text("extParam", data.ext_param);
  set_times(out, data.success_at, data.created_at);
  return out;
}

std::string render_success(const FieldBag& data, const Signer& signer) {
  for (const Field& field : data.fields()) {
    CHECK_OR_DIE(field.kind != FieldKind::kNested, "the SDK cannot verify nested {}", field.name);
  }
  JsonWriter out;
  out.begin_object().field("code", std::int64_t{0}).field("msg", "SUCCESS");
  out.key("data").raw(data.to_json());
  out.field("sign", sign(data, signer.type, signer.app_secret));
  out.end_object();
  return out.take();
}

std::string render_error(ApiCode code, std::string_view message) {
  CHECK_OR_DIE(code != ApiCode::kOk, "a refusal needs a code: {}", message);
  JsonWriter out;
  out.begin_object().field("code", number_of(code)).field("msg", message).end_object();
  return out.take();
}

std::string render_error(const Error& error) {
  const ApiCode code = code_of(error.code);
  if (code != ApiCode::kSystem) return render_error(code, error.message);
  // The outcome of a timeout is unknown to us too: the client must ask, not resend blindly.
  if (error.code == Errc::kTimeout) return render_error(code, "处理超时, 结果未知, 请查询");
  if (error.code == Errc::kUnavailable) return render_error(code, "系统繁忙, 未受理, 请稍后重试");
  return render_error(code, "系统异常");
}

std::string order_exists_message(std::string_view mch_order_no) {
  return fmt::format("商户订单[{}]已存在", mch_order_no);
}

FieldBag signed_fields(FieldBag data, Timestamp now, const Signer& signer) {
  data.set_text("reqTime", fmt::format("{}", now.ms()));
  data.set_text("sign", sign(data, signer.type, signer.app_secret));
  return data;
}

std::string return_url_of(std::string_view return_url, const FieldBag& fields) {
  const auto hash = return_url.find('#');
  const auto base = return_url.substr(0, hash);
  std::string out(base);
  if (base.find('?') == std::string_view::npos) {
    out += '?';
  } else if (base.back() != '?' && base.back() != '&') {
    out += '&';
  }
  out += fields.to_form();
  if (hash != std::string_view::npos) out += return_url.substr(hash);
  return out;
}

}  // namespace suanpan::api::jeepay
