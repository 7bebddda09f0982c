// A book with the platform's accounts, and orders, refunds and payouts on it in one line each.
#pragma once
#include "ledger/core/plan_order.h"
#include "tests/support/scenario.h"

namespace suanpan::test {

inline const PlatformAccounts kAccounts{"1122/wx", "6001", "1131/M1", "2241/suspense", "2104"};

inline Order order_of(std::string id, std::int64_t amount, std::vector<OrderLine> lines,
                      std::int64_t fee = 0) {
  Order order;
  order.order_id = std::move(id);
  order.mch_no = "M1";
  order.app_id = "A1";
  order.mch_order_no = "U-" + order.order_id;
  order.way = "WX_NATIVE";
  order.amount = Money{amount, Currency::kCNY};
  order.lines = std::move(lines);
  order.direct = order.lines.empty();
  order.fee = fee;
  order.notify_url = "https://example.test/notify";
  return order;
}

/// The accounts of the table of postings, and what happens to orders, refunds and payouts.
struct OrderWorld : Scenario {
  OrderWorld() {
    run(R"(
      account receivable 1122/wx        asset                            ok
      account material   2101/M1        liability limit=not_below_zero   ok
      account labour     2101/M2        liability limit=not_below_zero   ok
      account third      2101/M3        liability limit=not_below_zero   ok
      account fee        6001           income                           ok
      account owed       1131/M1        asset                            ok
      account suspense   2241/suspense  liability                        ok
      account transit    2104           liability                        ok
      account bank       1002           asset                            ok
      account payable    2202/M1        liability limit=not_below_zero   ok
      account sent       2105           liability                        ok
      account dollars    1122/usd       asset currency=USD               ok
    )");
  }
  std::string place(const Order& order) {
    return take(next(), CommandKind::kPlaceOrder, plan_place_order(state(), order, moment()));
  }
  std::string tell(OrderFact::Kind kind, const std::string& id, std::int64_t paid = 0,
                   const std::string& channel_no = "", Currency currency = Currency::kCNY) {
    OrderFact fact;
    fact.kind = kind;
    fact.order_id = id;
    fact.channel = "wxpay";
    fact.channel_mch = "1900000001";
    fact.channel_order_no = channel_no;
    fact.paid = Money{paid, currency};
    fact.paid_at = Timestamp::from_seconds(1'772'590'000);
    fact.error_code = kind == OrderFact::Kind::kRejected ? "PARAM_ERROR" : "";
    const ClaimKey key = next();
    return take(key, CommandKind::kOrderEvent,
                plan_order_fact(state(), fact, kAccounts, key, moment()));
  }
  std::string refund(const std::string& id, const std::string& order, std::int64_t amount) {
    Refund request;
    request.refund_id = id;
    request.order_id = order;
    request.mch_no = "M1";
    request.mch_refund_no = "UR-" + id;
    request.amount = Money{amount, Currency::kCNY};
    request.fee_return = 999;  // nobody but the planner decides it
    request.notify_url = "https://example.test/notify";
    return take(next(), CommandKind::kRefund, plan_refund(state(), request, kAccounts, moment()));
  }
  std::string tell(RefundFact::Kind kind, const std::string& id) {
    RefundFact fact;
    fact.kind = kind;
    fact.refund_id = id;
    return take(next(), CommandKind::kRefundEvent,
                plan_refund_fact(state(), fact, kAccounts, moment()));
  }
  std::string pay_out(const std::string& id, std::int64_t amount,
                      const std::string& source = "2202/M1", const std::string& bank = "1002") {
    Payout payout;
    payout.payout_id = id;
    payout.mch_no = "M1";
    payout.mch_order_no = "UP-" + id;
    payout.amount = Money{amount, Currency::kCNY};
    payout.source_account = source;
    payout.transit_account = "2105";
    payout.bank_account = bank;
    payout.notify_url = "https://example.test/notify";
    return take(next(), CommandKind::kPayout, plan_payout(state(), payout, moment()));
  }
  std::string tell(PayoutFact::Kind kind, const std::string& id) {
    PayoutFact fact;
    fact.kind = kind;
    fact.payout_id = id;
    return take(next(), CommandKind::kPayoutEvent, plan_payout_fact(state(), fact, moment()));
  }
  Order order(const std::string& id) { return *find_order(state(), id); }
  Refund refund_of(const std::string& id) { return *find_refund(state(), id); }
  /// An order that was placed by way of another door: nobody looked whether its accounts are there.
  void put(const Order& order) {
    ChangeSet changes;
    changes.date = state().book().accounting_date;
    changes.documents.push_back(
        Document{DocumentKind::kOrder, order.order_id, 1, true, encode(order)});
    REQUIRE(take(next(), CommandKind::kPlaceOrder, std::move(changes)) == "ok");
  }
  /// The payload of the last command's event of a topic; empty if it told none.
  std::string told(const std::string& topic) const {
    for (const Event& event : stored(n_).effects.events)
      if (event.topic == topic) return event.payload;
    return "";
  }
  bool has(DocumentKind kind, const std::string& key) {
    return state().document(kind, key) != nullptr;
  }
  ClaimKey next() { return key(++n_); }

 private:
  std::uint64_t n_ = 5'000'000;
};

inline constexpr const char* kOk = "ok";

}  // namespace suanpan::test
