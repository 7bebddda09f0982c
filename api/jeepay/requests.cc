#include "api/jeepay/requests.h"

#include <algorithm>
#include <array>
#include <utility>

#include "api/jeepay/field_reader.h"
#include "ledger/base/json.h"
#include "ledger/base/limits.h"

namespace suanpan::api::jeepay {
namespace {

// Lengths in characters. Jeepay's documents and its tables differ; the longer of the two.
constexpr std::size_t kMaxOrderNo = kMaxBusinessKeyBytes;
constexpr std::size_t kMaxMchNo = 64;
constexpr std::size_t kMaxAppId = 64;
constexpr std::size_t kMaxVersion = 10;
constexpr std::size_t kMaxSignType = 20;
constexpr std::size_t kMaxWayCode = 30;
constexpr std::size_t kMaxIfCode = 30;
constexpr std::size_t kMaxSubject = 64;
constexpr std::size_t kMaxBody = 256;
constexpr std::size_t kMaxUrl = 256;
constexpr std::size_t kMaxChannelExtra = 512;
constexpr std::size_t kMaxExtParam = 512;
constexpr std::size_t kMaxReason = 256;
constexpr std::size_t kMaxAccount = 64;
constexpr std::size_t kMaxOpenid = 128;

#define SUANPAN_COMMON_FIELDS "mchNo", "appId", "version", "signType", "reqTime"
constexpr auto kUnifiedOrderFields = std::to_array<std::string_view>(
    {SUANPAN_COMMON_FIELDS, "mchOrderNo", "wayCode", "amount", "currency", "subject", "body",
     "clientIp", "notifyUrl", "returnUrl", "expiredTime", "channelExtra", "extParam",
     "divisionMode"});
constexpr auto kPayOrderFields =
    std::to_array<std::string_view>({SUANPAN_COMMON_FIELDS, "payOrderId", "mchOrderNo"});
constexpr auto kRefundOrderFields = std::to_array<std::string_view>(
    {SUANPAN_COMMON_FIELDS, "payOrderId", "mchOrderNo", "mchRefundNo", "refundAmount", "currency",
     "refundReason", "clientIp", "notifyUrl", "channelExtra", "extParam"});
constexpr auto kRefundQueryFields =
    std::to_array<std::string_view>({SUANPAN_COMMON_FIELDS, "refundOrderId", "mchRefundNo"});
constexpr auto kTransferOrderFields = std::to_array<std::string_view>(
    {SUANPAN_COMMON_FIELDS, "mchOrderNo", "ifCode", "entryType", "amount", "currency", "accountNo",
     "accountName", "bankName", "transferDesc", "clientIp", "notifyUrl", "channelExtra",
     "extParam"});
constexpr auto kTransferQueryFields =
    std::to_array<std::string_view>({SUANPAN_COMMON_FIELDS, "transferId", "mchOrderNo"});
#undef SUANPAN_COMMON_FIELDS

constexpr std::pair<std::string_view, Endpoint> kPaths[] = {
    {"/api/pay/unifiedOrder", Endpoint::kUnifiedOrder},
    {"/api/pay/query", Endpoint::kPayQuery},
    {"/api/pay/close", Endpoint::kPayClose},
    {"/api/refund/refundOrder", Endpoint::kRefundOrder},
    {"/api/refund/query", Endpoint::kRefundQuery},
    {"/api/transferOrder", Endpoint::kTransferOrder},
    {"/api/transfer/query", Endpoint::kTransferQuery},
};

Envelope read_envelope(FieldReader& in) {
  Envelope envelope;
  envelope.mch_no = in.id("mchNo", kMaxMchNo, Need::kRequired);
  envelope.app_id = in.id("appId", kMaxAppId, Need::kRequired);
  envelope.version = in.id("version", kMaxVersion, Need::kRequired);
  const std::string sign_type = in.id("signType", kMaxSignType, Need::kRequired);
  const auto known = sign_type_of(sign_type);
  if (!known) in.refuse(fail(Errc::kMalformed, "字段 signType 只能是 MD5, HMAC-SHA256"));
  envelope.sign_type = known.value_or(SignType::kMd5);
  envelope.req_time = in.time_ms("reqTime");
  // Who verifies the signature looks at it again; here only that nobody goes on without one.
  in.text("sign", 64, Need::kRequired);
  return envelope;
}

/// Reads two numbers of which at least one must be there.
void read_either(FieldReader& in, std::pair<std::string_view, std::string*> a,
                 std::pair<std::string_view, std::string*> b) {
  *a.second = in.id(a.first, kMaxOrderNo, Need::kOptional);
  *b.second = in.id(b.first, kMaxOrderNo, Need::kOptional);
  if (a.second->empty() && b.second->empty()) {
    in.refuse(fail(Errc::kMalformed, "{} 和 {} 不能同时为空", a.first, b.first));
  }
}

/// channelExtra.openid, which WX_JSAPI cannot do without.
std::string read_openid(FieldReader& in, const UnifiedOrderRequest& request) {
  std::string openid;
  if (!request.channel_extra.empty()) {
    const auto document = JsonDocument::parse(request.channel_extra);
    const auto member = document ? document.value().root().find("openid") : std::nullopt;
    if (member && !member->is_null()) {
      const auto text = member->as_string();
      if (!text || text.value().size() > kMaxOpenid) {
        in.refuse(fail(Errc::kMalformed, "字段 channelExtra 中的 openid 不合法"));
        return {};
      }
      openid = std::string(text.value());
    }
  }
  if (openid.empty() && request.way_code == "WX_JSAPI") {
    in.refuse(fail(Errc::kMalformed, "wayCode 为 WX_JSAPI 时, channelExtra 必须带 openid"));
  }
  return openid;
}

/// Collects content in order, leaving out blanks as signing does.
class Content {
 public:
  explicit Content(const Envelope& envelope) {
    add("mchNo", envelope.mch_no).add("appId", envelope.app_id);
  }
  Content& add(std::string_view name, std::string_view value) {
    if (!value.empty()) fields_.push_back({name, std::string(value)});
    return *this;
  }
  Content& add(std::string_view name, std::int64_t value) {
    return add(name, fmt::format("{}", value));
  }
  Content& add(std::string_view name, Money money) {
    return add(name, money.minor).add("currency", code_of(money.currency));
  }
  std::vector<ContentField> take() { return std::move(fields_); }

 private:
  std::vector<ContentField> fields_;
};

}  // namespace

std::optional<Endpoint> endpoint_of(std::string_view path) {
  for (const auto& [known, endpoint] : kPaths) {
    if (known == path) return endpoint;
  }
  return std::nullopt;
}

FieldNames known_fields(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kUnifiedOrder:
      return kUnifiedOrderFields;
    case Endpoint::kPayQuery:
    case Endpoint::kPayClose:
      return kPayOrderFields;
    case Endpoint::kRefundOrder:
      return kRefundOrderFields;
    case Endpoint::kRefundQuery:
      return kRefundQueryFields;
    case Endpoint::kTransferOrder:
      return kTransferOrderFields;
    case Endpoint::kTransferQuery:
      return kTransferQueryFields;
  }
  return {};
}

namespace {

bool knows(Endpoint endpoint, std::string_view name) {
  const FieldNames names = known_fields(endpoint);
  return name == "sign" || std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::optional<std::string_view> foreign_field(Endpoint endpoint, const FieldBag& bag) {
  for (const Field& field : bag.fields()) {
    if (field.is_blank() || knows(endpoint, field.name)) continue;
    for (const auto& [path, other] : kPaths)
      if (knows(other, field.name)) return field.name;
  }
  return std::nullopt;
}

bool fits_elsewhere(Endpoint endpoint, const FieldBag& bag) {
  return std::any_of(std::begin(kPaths), std::end(kPaths), [&](const auto& path) {
    return path.second != endpoint && !foreign_field(path.second, bag);
  });
}

Result<Envelope> parse_envelope(const FieldBag& bag) {
  FieldReader in(bag);
  return in.finish(read_envelope(in));
}

Result<UnifiedOrderRequest> parse_unified_order(const FieldBag& bag) {
  FieldReader in(bag);
  UnifiedOrderRequest out;
  out.envelope = read_envelope(in);
  out.mch_order_no = in.id("mchOrderNo", kMaxOrderNo, Need::kRequired);
  out.way_code = in.id("wayCode", kMaxWayCode, Need::kRequired);
  out.amount = in.amount("amount");
  out.subject = in.text("subject", kMaxSubject, Need::kRequired);
  out.body = in.text("body", kMaxBody, Need::kRequired);
  out.client_ip = in.ip("clientIp");
  out.notify_url = in.url("notifyUrl", kMaxUrl);
  out.return_url = in.url("returnUrl", kMaxUrl);
  out.expires_in_s = in.integer("expiredTime", 1, kMaxExpiry_s, kDefaultExpiry_s);
  out.channel_extra = in.json_object("channelExtra", kMaxChannelExtra);
  out.payer_openid = read_openid(in, out);
  out.ext_param = in.text("extParam", kMaxExtParam, Need::kOptional);
  out.division_mode = in.integer("divisionMode", 0, 2, 0);
  return in.finish(std::move(out));
}

Result<PayOrderRequest> parse_pay_order(const FieldBag& bag) {
  FieldReader in(bag);
  PayOrderRequest out;
  out.envelope = read_envelope(in);
  read_either(in, {"payOrderId", &out.pay_order_id}, {"mchOrderNo", &out.mch_order_no});
  return in.finish(std::move(out));
}

Result<RefundOrderRequest> parse_refund_order(const FieldBag& bag) {
  FieldReader in(bag);
  RefundOrderRequest out;
  out.envelope = read_envelope(in);
  read_either(in, {"payOrderId", &out.pay_order_id}, {"mchOrderNo", &out.mch_order_no});
  out.mch_refund_no = in.id("mchRefundNo", kMaxOrderNo, Need::kRequired);
  out.refund = in.amount("refundAmount");
  out.reason = in.text("refundReason", kMaxReason, Need::kRequired);
  out.client_ip = in.ip("clientIp");
  out.notify_url = in.url("notifyUrl", kMaxUrl);
  out.channel_extra = in.json_object("channelExtra", kMaxChannelExtra);
  out.ext_param = in.text("extParam", kMaxExtParam, Need::kOptional);
  return in.finish(std::move(out));
}

Result<RefundQueryRequest> parse_refund_query(const FieldBag& bag) {
  FieldReader in(bag);
  RefundQueryRequest out;
  out.envelope = read_envelope(in);
  read_either(in, {"refundOrderId", &out.refund_order_id}, {"mchRefundNo", &out.mch_refund_no});
  return in.finish(std::move(out));
}

Result<TransferOrderRequest> parse_transfer_order(const FieldBag& bag) {
  FieldReader in(bag);
  TransferOrderRequest out;
  out.envelope = read_envelope(in);
  out.mch_order_no = in.id("mchOrderNo", kMaxOrderNo, Need::kRequired);
  out.if_code = in.id("ifCode", kMaxIfCode, Need::kRequired);
  out.entry_type = in.one_of("entryType", {"WX_CASH", "ALIPAY_CASH", "BANK_CARD"});
  out.amount = in.amount("amount");
  out.account_no = in.text("accountNo", kMaxAccount, Need::kRequired);
  out.account_name = in.text("accountName", kMaxAccount, Need::kOptional);
  out.bank_name = in.text("bankName", kMaxAccount, Need::kOptional);
  out.transfer_desc = in.text("transferDesc", kMaxReason, Need::kRequired);
  out.client_ip = in.ip("clientIp");
  out.notify_url = in.url("notifyUrl", kMaxUrl);
  out.channel_extra = in.json_object("channelExtra", kMaxChannelExtra);
  out.ext_param = in.text("extParam", kMaxExtParam, Need::kOptional);
  return in.finish(std::move(out));
}

Result<TransferQueryRequest> parse_transfer_query(const FieldBag& bag) {
  FieldReader in(bag);
  TransferQueryRequest out;
  out.envelope = read_envelope(in);
  read_either(in, {"transferId", &out.transfer_id}, {"mchOrderNo", &out.mch_order_no});
  return in.finish(std::move(out));
}

Result<void> check_req_time(const Envelope& envelope, Timestamp now, std::int64_t window_ms) {
  const std::int64_t apart_ms = envelope.req_time.ms() - now.ms();
  if (apart_ms > window_ms || apart_ms < -window_ms) {
    return fail(Errc::kMismatch, "reqTime 与服务器时间相差超过 {} 秒", window_ms / 1000);
  }
  return success();
}

std::vector<ContentField> content_fields(const UnifiedOrderRequest& request) {
  return Content(request.envelope)
      .add("mchOrderNo", request.mch_order_no)
      .add("wayCode", request.way_code)
      .add("amount", request.amount)
      .add("subject", request.subject)
      .add("body", request.body)
      .add("notifyUrl", request.notify_url)
      .add("returnUrl", request.return_url)
      .add("expiredTime", request.expires_in_s)
      .add("channelExtra", request.channel_extra)
      .add("extParam", request.ext_param)
      .add("divisionMode", request.division_mode)
      .take();
}

std::vector<ContentField> content_fields(const RefundOrderRequest& request) {
  return Content(request.envelope)
      .add("payOrderId", request.pay_order_id)
      .add("mchOrderNo", request.mch_order_no)
      .add("mchRefundNo", request.mch_refund_no)
      .add("refundAmount", request.refund)
      .add("refundReason", request.reason)
      .add("notifyUrl", request.notify_url)
      .add("channelExtra", request.channel_extra)
      .add("extParam", request.ext_param)
      .take();
}

std::vector<ContentField> content_fields(const TransferOrderRequest& request) {
  return Content(request.envelope)
      .add("mchOrderNo", request.mch_order_no)
      .add("ifCode", request.if_code)
      .add("entryType", request.entry_type)
      .add("amount", request.amount)
      .add("accountNo", request.account_no)
      .add("accountName", request.account_name)
      .add("bankName", request.bank_name)
      .add("transferDesc", request.transfer_desc)
      .add("notifyUrl", request.notify_url)
      .add("channelExtra", request.channel_extra)
      .add("extParam", request.ext_param)
      .take();
}

}  // namespace suanpan::api::jeepay
