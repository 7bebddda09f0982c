#include "api/jeepay/notification_body.h"

#include "api/jeepay/caller.h"
#include "api/jeepay/views.h"

namespace suanpan::api::jeepay {
namespace {

/// What is told, and to which app.
struct Told {
  FieldBag fields;
  std::string app_id;
};

template <class T>
Result<T> load(const Book& book, DocumentKind kind, std::string_view id,
               Result<T> (*decode)(std::string_view)) {
  const DocumentPtr document = book.document(kind, id);
  if (!document) return fail(Errc::kNotFound, "{} does not exist", id);
  return decode(document->bytes);
}

Result<Told> tell_order(const Book& book, const Vault& vault, std::string_view id) {
  TRY(const Order order, load(book, DocumentKind::kOrder, id, decode_order));
  TRY(const PayOrderData data, pay_order_data(vault, order));
  return Told{fields_of(data), order.app_id};
}

Result<Told> tell_refund(const Book& book, const Vault& vault, std::string_view id) {
  TRY(const Refund refund, load(book, DocumentKind::kRefund, id, decode_refund));
  TRY(const Order order, load(book, DocumentKind::kOrder, refund.order_id, decode_order));
  TRY(const RefundQueryData data, refund_query_data(vault, refund, order));
  return Told{fields_of(data), refund.app_id};
}

Result<Told> tell_payout(const Book& book, const Vault& vault, std::string_view id) {
  TRY(const Payout payout, load(book, DocumentKind::kPayout, id, decode_payout));
  const auto payee = channels::open_payee(vault, payout.mch_no, payout.payee_sealed);
  if (!payee) return fail(Errc::kCorrupt, "the payee of {} does not open", id);
  TRY(const TransferQueryData data, transfer_query_data(vault, payout, covered(payee.value())));
  return Told{fields_of(data), payout.app_id};
}

Result<Told> tell(const Book& book, const Vault& vault, std::string_view topic,
                  std::string_view id) {
  if (topic == "order") return tell_order(book, vault, id);
  if (topic == "refund") return tell_refund(book, vault, id);
  if (topic == "payout" || topic == "payout_returned") return tell_payout(book, vault, id);
  return fail(Errc::kUnsupported, "no notification of topic {}", topic);
}

Result<FieldBag> signed_for(const Book& book, const Vault& vault, std::string_view app_id,
                            FieldBag fields, Timestamp now) {
  TRY(const AppSecret app, find_app_secret(book, vault, app_id));
  const SignType type = app.app.md5_allowed ? SignType::kMd5 : SignType::kHmacSha256;
  return signed_fields(std::move(fields), now, Signer{app.secret, type});
}

}  // namespace

Result<std::string> notification_body(const Book& book, const Vault& vault, std::string_view topic,
                                      std::string_view id, Timestamp now) {
  TRY(Told told, tell(book, vault, topic, id));
  TRY(const FieldBag fields, signed_for(book, vault, told.app_id, std::move(told.fields), now));
  return fields.to_form();
}

Result<std::optional<std::string>> signed_return_url(const Book& book, const Vault& vault,
                                                     const Order& order, Timestamp now) {
  if (order.return_url.empty()) return std::optional<std::string>{};
  TRY(const PayOrderData data, pay_order_data(vault, order));
  TRY(const FieldBag fields, signed_for(book, vault, order.app_id, fields_of(data), now));
  return std::optional(return_url_of(order.return_url, fields));
}

}  // namespace suanpan::api::jeepay
