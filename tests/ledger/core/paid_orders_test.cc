// The invariant that a paid order stays what it was paid for, while it goes on.
#include <catch2/catch.hpp>

#include "ledger/core/invariants.h"
#include "ledger/core/order.h"
#include "ledger/core/state.h"

using namespace suanpan;

namespace {

const Date kToday = *Date::of(2026, 3, 4);
constexpr ClaimKey kKey{Id128{1, 1}, CallerId{100}};
const std::string kChanged = "paid_orders_stay: what a paid order was paid for changed";

Order sale(OrderState state) {
  Order order;
  order.order_id = "P1";
  order.mch_no = "M1";
  order.amount = Money{100, Currency::kCNY};
  order.fee = 3;
  order.lines = {{"1", "2101/a", 70}, {"1", "2101/a", 30}};
  order.state = state;
  return order;
}

Document document(std::uint32_t version, const Order& order) {
  return Document{DocumentKind::kOrder, "P1", version, true, encode(order)};
}

/// What is said of a change from one version to the next.
std::string judged(const std::optional<Order>& before, const Order& after) {
  State view(BookState{kToday, kToday.plus_days(-1), Currency::kCNY, 0});
  if (before) view.apply_document(std::make_shared<const Document>(document(1, *before)));
  ChangeSet changes;
  changes.date = kToday;
  changes.documents.push_back(document(before ? 2 : 1, after));
  return violated_invariant(view, kKey, CommandKind::kSetting, changes).value_or("none");
}

struct Row {
  const char* what;
  void (*change)(Order&);
};

}  // namespace

TEST_CASE("invariants: paid_orders_stay lets a paid order go on") {
  const Row rows[] = {
      {"refunds", [](Order& o) { o.refunded = 50, o.refunding = 10; }},
      {"all of it refunded", [](Order& o) { o.refunded = 100, o.state = OrderState::kRefunded; }},
      {"what a refund takes from a line", [](Order& o) { o.lines[1].taken = 30; }},
      {"the fee that goes back", [](Order& o) { o.fee_returned = 1, o.fee_returning = 2; }},
      {"matched, arrived", [](Order& o) { o.reconciled = "R1", o.arrived = "S1"; }},
      {"settled", [](Order& o) { o.batch = "B1", o.settled_gross = 100, o.settled_fee = 3; }},
      {"owing", [](Order& o) { o.owes = true; }},
      {"unknown", [](Order& o) { o.unknown = true; }},
      {"an error", [](Order& o) { o.error_code = o.error_message = "E"; }},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Order after = sale(OrderState::kPaid);
    row.change(after);
    CHECK(judged(sale(OrderState::kPaid), after) == "none");
  }
}

TEST_CASE("invariants: paid_orders_stay lets it change in nothing else, and before it was paid") {
  const Row rows[] = {
      {"a line's account", [](Order& o) { o.lines[0].account = "2101/b"; }},
      {"money from one line to another", [](Order& o) { o.lines[0].amount = 71; }},
      {"a line's name", [](Order& o) { o.lines[0].label = "2"; }},
      {"a line more",
       [](Order& o) {
         o.lines.push_back({"3", "2101/a", 0});
       }},
      {"a line less", [](Order& o) { o.lines.pop_back(); }},
      {"the fee", [](Order& o) { o.fee = 4; }},
      {"that refunds return it", [](Order& o) { o.fee_kept = true; }},
      {"the merchant", [](Order& o) { o.mch_no = "M2"; }},
      {"his app", [](Order& o) { o.app_id = "A2"; }},
      {"his number", [](Order& o) { o.mch_order_no = "U2"; }},
      {"that he has a channel account of his own", [](Order& o) { o.direct = true; }},
      {"what it is for", [](Order& o) { o.texts_sealed = "other"; }},
      {"who is told", [](Order& o) { o.notify_url = "https://m2.example"; }},
      {"the way", [](Order& o) { o.way = "WX_JSAPI"; }},
      {"the channel", [](Order& o) { o.channel = "bank"; }},
      {"our number there", [](Order& o) { o.channel_mch = "1900000002"; }},
      {"the channel's number", [](Order& o) { o.channel_order_no = "4200000002"; }},
      {"when it was paid", [](Order& o) { o.paid_at.ns = 2; }},
      {"the day it was booked", [](Order& o) { o.paid_on.days = 2; }},
      {"by which voucher", [](Order& o) { o.voucher = "2"; }},
      {"that it came late", [](Order& o) { o.late = true; }},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    for (const OrderState state : {OrderState::kPaid, OrderState::kRefunded, OrderState::kPaying}) {
      Order after = sale(state);
      row.change(after);
      CHECK(judged(sale(state), after) == (state == OrderState::kPaying ? "none" : kChanged));
    }
  }
}

TEST_CASE("invariants: paid_orders_stay has nothing to say of an order's first version") {
  CHECK(judged({}, sale(OrderState::kPaid)) == "none");
}
