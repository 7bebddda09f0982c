#include "ledger/core/order.h"

#include "ledger/base/json.h"
#include "ledger/base/sealed_text.h"

namespace suanpan {
namespace {

/// What a book of before format 5 called what is sealed as one now; null: nothing.
struct Older {
  const char *title = nullptr, *detail = nullptr, *own = nullptr;
};

// One place lists the members of a document; writing and reading walk the same list.
class Writer {
 public:
  Writer() { json_.begin_object(); }
  void text(const char* name, const std::string& value) {
    if (!value.empty()) json_.field(name, value);
  }
  void number(const char* name, std::int64_t value) {
    if (value != 0) json_.field(name, value);
  }
  void flag(const char* name, bool value) {
    if (value) json_.field(name, true);
  }
  void time(const char* name, const Timestamp& value) { number(name, value.ns); }
  void date(const char* name, const Date& value) { number(name, value.days); }
  void money(const Money& value) {
    number("amount", value.minor);
    json_.field("currency", code_of(value.currency));
  }
  template <class State>
  void state(const State& value) {
    json_.field("state", static_cast<std::int64_t>(value));
  }
  void lines(const std::vector<OrderLine>& lines) {
    if (lines.empty()) return;
    json_.key("lines").begin_array();
    for (const OrderLine& line : lines) {
      json_.begin_object()
          .field("label", line.label)
          .field("account", line.account)
          .field("amount", line.amount);
      number("taken", line.taken);
      json_.end_object();
    }
    json_.end_array();
  }
  void texts(const char* name, const std::string& sealed, const Older&) { text(name, sealed); }
  std::string take() { return json_.end_object().take(); }

 private:
  JsonWriter json_;
};

class Reader {
 public:
  explicit Reader(const JsonValue& root) : root_(root) {}
  void text(const char* name, std::string& value) {
    if (const auto found = root_.find(name)) {
      const auto as = found->as_string();
      if (as)
        value = as.value();
      else
        good_ = false;
    }
  }
  void number(const char* name, std::int64_t& value) {
    if (const auto found = root_.find(name)) {
      const auto as = found->as_int64();
      if (as)
        value = as.value();
      else
        good_ = false;
    }
  }
  void flag(const char* name, bool& value) {
    if (const auto found = root_.find(name)) {
      const auto as = found->as_bool();
      if (as)
        value = as.value();
      else
        good_ = false;
    }
  }
  void time(const char* name, Timestamp& value) { number(name, value.ns); }
  void date(const char* name, Date& value) {
    std::int64_t days = 0;
    number(name, days);
    value.days = static_cast<std::int32_t>(days);
  }
  void money(Money& value) {
    number("amount", value.minor);
    std::string code;
    text("currency", code);
    if (const auto currency = currency_of(code))
      value.currency = *currency;
    else
      good_ = false;
  }
  template <class State>
  void state(State& value) {
    std::int64_t number_of = 0;
    number("state", number_of);
    value = static_cast<State>(number_of);
  }
  void lines(std::vector<OrderLine>& lines) {
    const auto found = root_.find("lines");
    if (!found) return;
    for (const JsonValue& element : found->elements()) {
      Reader reader(element);
      OrderLine line;
      reader.text("label", line.label);
      reader.text("account", line.account);
      reader.number("amount", line.amount);
      reader.number("taken", line.taken);
      good_ = good_ && reader.good_;
      lines.push_back(std::move(line));
    }
  }
  void texts(const char* name, std::string& sealed, const Older& older) {
    text(name, sealed);
    if (!sealed.empty()) return;
    std::string title, detail, own;
    if (older.title) text(older.title, title);
    if (older.detail) text(older.detail, detail);
    if (older.own) text(older.own, own);
    sealed = clear_texts(title, detail, own);
  }
  bool good() const { return good_; }

 private:
  JsonValue root_;
  bool good_ = true;
};

template <class Walker, class Document>
void walk_order(Walker& w, Document& o) {
  w.text("order_id", o.order_id);
  w.text("mch_no", o.mch_no);
  w.text("app_id", o.app_id);
  w.text("mch_order_no", o.mch_order_no);
  w.text("way", o.way);
  w.text("channel", o.channel);
  w.text("channel_mch", o.channel_mch);
  w.money(o.amount);
  w.number("fee", o.fee);
  w.flag("fee_kept", o.fee_kept);
  w.flag("direct", o.direct);
  w.lines(o.lines);
  w.texts("texts_sealed", o.texts_sealed, {"subject", "body", "ext_param"});
  w.text("notify_url", o.notify_url);
  w.text("return_url", o.return_url);
  w.time("created_at", o.created_at);
  w.time("expires_at", o.expires_at);
  w.state(o.state);
  w.flag("unknown", o.unknown);
  w.flag("late", o.late);
  w.text("pay_data_type", o.pay_data_type);
  w.text("pay_data", o.pay_data);
  w.text("channel_order_no", o.channel_order_no);
  w.time("paid_at", o.paid_at);
  w.date("paid_on", o.paid_on);
  w.number("refunded", o.refunded);
  w.number("refunding", o.refunding);
  w.number("fee_returned", o.fee_returned);
  w.number("fee_returning", o.fee_returning);
  w.text("error_code", o.error_code);
  w.text("error_message", o.error_message);
  w.text("voucher", o.voucher);
  w.text("reconciled", o.reconciled);
  w.text("arrived", o.arrived);
  w.text("batch", o.batch);
  w.number("settled_gross", o.settled_gross);
  w.number("settled_fee", o.settled_fee);
  w.flag("owes", o.owes);
}

template <class Walker, class Document>
void walk_refund(Walker& w, Document& r) {
  w.text("refund_id", r.refund_id);
  w.text("order_id", r.order_id);
  w.text("mch_no", r.mch_no);
  w.text("app_id", r.app_id);
  w.text("mch_refund_no", r.mch_refund_no);
  w.money(r.amount);
  w.number("fee_return", r.fee_return);
  w.texts("texts_sealed", r.texts_sealed, {"reason", nullptr, "ext_param"});
  w.text("notify_url", r.notify_url);
  w.text("maker", r.maker);
  w.text("checker", r.checker);
  w.time("created_at", r.created_at);
  w.state(r.state);
  w.flag("unknown", r.unknown);
  w.text("channel_refund_no", r.channel_refund_no);
  w.time("succeeded_at", r.succeeded_at);
  w.text("error_code", r.error_code);
  w.text("error_message", r.error_message);
  w.lines(r.lines);
  w.text("reconciled", r.reconciled);
}

template <class Walker, class Document>
void walk_payout(Walker& w, Document& p) {
  w.text("payout_id", p.payout_id);
  w.text("mch_no", p.mch_no);
  w.text("app_id", p.app_id);
  w.text("mch_order_no", p.mch_order_no);
  w.money(p.amount);
  w.text("source_account", p.source_account);
  w.text("transit_account", p.transit_account);
  w.text("bank_account", p.bank_account);
  w.text("payer_number", p.payer_number);
  w.text("payee_sealed", p.payee_sealed);
  w.texts("texts_sealed", p.texts_sealed, {nullptr, nullptr, "ext_param"});
  w.text("remark", p.remark);
  w.text("entry_type", p.entry_type);
  w.text("notify_url", p.notify_url);
  w.text("batch", p.batch);
  w.date("execute_on", p.execute_on);
  w.time("created_at", p.created_at);
  w.state(p.state);
  w.flag("unknown", p.unknown);
  w.text("channel_payout_no", p.channel_payout_no);
  w.time("settled_at", p.settled_at);
  w.text("error_code", p.error_code);
  w.texts("error_sealed", p.error_sealed, {"error_message", nullptr, nullptr});
  w.text("reconciled", p.reconciled);
}

template <class Document, class Walk>
Result<Document> decode(std::string_view bytes, const char* what, Walk&& walk) {
  auto json = JsonDocument::parse(bytes);
  if (!json || !json.value().root().is_object())
    return fail(Errc::kCorrupt, "a stored {} is not an object", what);
  Reader reader(json.value().root());
  Document document;
  walk(reader, document);
  if (!reader.good()) return fail(Errc::kCorrupt, "a stored {} does not decode", what);
  return document;
}

}  // namespace

std::string clear_texts(std::string_view title, std::string_view detail,
                        std::string_view own_sealed) {
  if (title.empty() && detail.empty() && own_sealed.empty()) return {};
  return std::string(kClearPrefix) + JsonWriter()
                                         .begin_object()
                                         .field("title", title)
                                         .field("detail", detail)
                                         .field("own_sealed", own_sealed)
                                         .end_object()
                                         .take();
}

std::string encode(const Order& order) {
  Writer w;
  walk_order(w, order);
  return w.take();
}
std::string encode(const Refund& refund) {
  Writer w;
  walk_refund(w, refund);
  return w.take();
}
std::string encode(const Payout& payout) {
  Writer w;
  walk_payout(w, payout);
  return w.take();
}
Result<Order> decode_order(std::string_view bytes) {
  return decode<Order>(bytes, "order", [](Reader& r, Order& o) { walk_order(r, o); });
}
Result<Refund> decode_refund(std::string_view bytes) {
  return decode<Refund>(bytes, "refund", [](Reader& r, Refund& o) { walk_refund(r, o); });
}
Result<Payout> decode_payout(std::string_view bytes) {
  return decode<Payout>(bytes, "payout", [](Reader& r, Payout& o) { walk_payout(r, o); });
}

bool can_move(OrderState from, OrderState to) {
  switch (from) {
    case OrderState::kCreated:
      return to == OrderState::kPaying || to == OrderState::kPaid || to == OrderState::kFailed ||
             to == OrderState::kClosed;
    case OrderState::kPaying:
      return to == OrderState::kPaid || to == OrderState::kFailed || to == OrderState::kClosed;
    case OrderState::kPaid:
      return to == OrderState::kRefunded;
    // A success that arrives late wins.
    case OrderState::kFailed:
    case OrderState::kClosed:
      return to == OrderState::kPaid;
    case OrderState::kRefunded:
      return false;
  }
  return false;
}

bool can_move(RefundState from, RefundState to) {
  switch (from) {
    case RefundState::kCreated:
      return to != RefundState::kCreated;
    case RefundState::kProcessing:
      return to == RefundState::kSucceeded || to == RefundState::kFailed;
    case RefundState::kSucceeded:
    case RefundState::kFailed:
      return false;
  }
  return false;
}

bool can_move(PayoutState from, PayoutState to) {
  switch (from) {
    case PayoutState::kCreated:
      return to != PayoutState::kCreated && to != PayoutState::kReturned;
    case PayoutState::kProcessing:
      return to == PayoutState::kSucceeded || to == PayoutState::kFailed;
    case PayoutState::kSucceeded:
      return to == PayoutState::kReturned;
    case PayoutState::kFailed:
    case PayoutState::kReturned:
      return false;
  }
  return false;
}

std::string_view name_of(OrderState state) {
  switch (state) {
    case OrderState::kCreated:
      return "created";
    case OrderState::kPaying:
      return "paying";
    case OrderState::kPaid:
      return "paid";
    case OrderState::kFailed:
      return "failed";
    case OrderState::kRefunded:
      return "refunded";
    case OrderState::kClosed:
      return "closed";
  }
  return "?";
}
std::string_view name_of(RefundState state) {
  switch (state) {
    case RefundState::kCreated:
      return "created";
    case RefundState::kProcessing:
      return "processing";
    case RefundState::kSucceeded:
      return "succeeded";
    case RefundState::kFailed:
      return "failed";
  }
  return "?";
}
std::string_view name_of(PayoutState state) {
  switch (state) {
    case PayoutState::kCreated:
      return "created";
    case PayoutState::kProcessing:
      return "processing";
    case PayoutState::kSucceeded:
      return "succeeded";
    case PayoutState::kFailed:
      return "failed";
    case PayoutState::kReturned:
      return "returned";
  }
  return "?";
}

bool is_open(const Order& o) {
  switch (o.state) {
    case OrderState::kCreated:
    case OrderState::kPaying:
      return true;
    case OrderState::kPaid:
      return o.refunding > 0 || o.reconciled.empty() || (!o.direct && (o.batch.empty() || o.owes));
    case OrderState::kRefunded:
      // A fee that the platform kept is still to be taken off what the merchant is paid.
      return o.unknown || o.refunding > 0 ||
             (!o.direct && (o.owes || (o.batch.empty() && o.fee > o.fee_returned)));
    case OrderState::kFailed:
    case OrderState::kClosed:
      return o.unknown || o.refunding > 0;
  }
  return true;
}

bool is_open(const Refund& r) {
  return r.state == RefundState::kCreated || r.state == RefundState::kProcessing;
}
bool is_open(const Payout& p) {
  return p.state == PayoutState::kCreated || p.state == PayoutState::kProcessing;
}

std::string index_key(std::string_view what, std::string_view mch_no, std::string_view number) {
  return fmt::format("{}/{}/{}", what, mch_no, number);
}

}  // namespace suanpan
