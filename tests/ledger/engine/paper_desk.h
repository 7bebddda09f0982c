// Orders, refunds and payouts on a book on paper, with or without the legs that they need.
#pragma once
#include "tests/ledger/engine/paper_book.h"

namespace suanpan::test {

struct Move {
  const char *debit, *credit;
  std::int64_t amount;
};

/// A platform's accounts, and documents that know their next version.
struct Desk {
  Paper p;
  std::map<std::string, AccountId> accounts{
      {"1002", p.bank}, {"2101/a", p.owner}, {"1002/usd", p.dollars}, {"2101/usd", p.owed_dollars}};
  std::map<std::string, std::uint32_t> versions;

  Desk() {
    std::uint32_t id = p.owed_dollars.value;
    const std::pair<const char*, AccountType> opened[] = {
        {"2101/b", AccountType::kLiability},    {"1122", AccountType::kAsset},
        {"1131", AccountType::kAsset},          {"2103", AccountType::kLiability},
        {"2104", AccountType::kLiability},      {"2241", AccountType::kLiability},
        {"6001", AccountType::kIncome},         {"6002", AccountType::kIncome},
        {"1122/wxpay/19", AccountType::kAsset}, {"1122/wxpay/20", AccountType::kAsset},
        {"1002/62", AccountType::kAsset},       {"1002/63", AccountType::kAsset},
        {"1131/M1", AccountType::kAsset},       {"1131/M2", AccountType::kAsset}};
    for (const auto& [code, type] : opened) {
      p.open(code, type);
      accounts[code] = AccountId{++id};
    }
  }
  Document next(DocumentKind kind, const std::string& key, std::string bytes) {
    return Document{kind, key, ++versions[key], true, std::move(bytes)};
  }
  Document order(OrderState state, const std::function<void(Order&)>& change = nullptr) {
    Order o;
    o.order_id = "P1";
    o.amount = Money{100};
    o.fee = 3;
    o.lines = {{"房", "2101/a", 70}, {"水", "2101/b", 30}};
    o.state = state;
    if (change) change(o);
    return next(DocumentKind::kOrder, "P1", encode(o));
  }
  Document refund(RefundState state, const std::function<void(Refund&)>& change = nullptr) {
    Refund r;
    r.refund_id = "R1";
    r.order_id = "P1";
    r.amount = Money{50};
    r.fee_return = 1;
    r.lines = {{"房", "2101/a", 35}, {"水", "2101/b", 15}};
    r.state = state;
    if (change) change(r);
    return next(DocumentKind::kRefund, "R1", encode(r));
  }
  Document payout(PayoutState state, const char* source = "2101/a") {
    Payout t;
    t.payout_id = "T1";
    t.amount = Money{40};
    t.source_account = source;
    t.transit_account = "2103";
    t.bank_account = "1002";
    t.state = state;
    return next(DocumentKind::kPayout, "T1", encode(t));
  }
  /// The channel was paid for P1 once more.
  Document paid_again(std::int64_t amount) {
    return next(DocumentKind::kChannelArrival, "suspense/P1/4200000002",
                fmt::format(R"({{"order_id":"P1","amount":{},"currency":"CNY"}})", amount));
  }

  void run(CommandKind kind, const std::vector<Move>& moves, DocumentChanges documents) {
    std::vector<Transfer> legs;
    for (const Move& m : moves)
      legs.push_back(
          {accounts.at(m.debit), accounts.at(m.credit), m.amount, TransferKind::kPosted});
    p.together(kind, legs, std::move(documents));
  }
  /// At a bank, by nobody known.
  Document deposited(const char* bank_account) {
    return next(
        DocumentKind::kChannelArrival, "suspense/62/B1",
        fmt::format(R"({{"bank_account":"{}","amount":99,"currency":"CNY"}})", bank_account));
  }
  void place(const std::function<void(Order&)>& change = nullptr) {
    run(CommandKind::kPlaceOrder, {}, {order(OrderState::kPaying, change)});
  }
  void step(const std::vector<Move>& moves, OrderState state,
            const std::function<void(Order&)>& change = nullptr) {
    run(CommandKind::kOrderEvent, moves, {order(state, change)});
  }
  void pay(const std::vector<Move>& moves = {
               {"1122", "2101/a", 70}, {"1122", "2101/b", 30}, {"2101/a", "6001", 3}}) {
    run(CommandKind::kOrderEvent, moves, {order(OrderState::kPaid)});
  }
  void ask_refund(const std::vector<Move>& moves = {
                      {"2101/a", "2104", 35}, {"2101/b", "2104", 15}, {"6001", "2101/a", 1}}) {
    run(CommandKind::kRefund, moves, {refunding(50), refund(RefundState::kCreated)});
  }
  void end_refund(RefundState state, const std::vector<Move>& moves) {
    const bool done = state == RefundState::kSucceeded;
    run(CommandKind::kRefundEvent, moves, {done ? refunded() : refunding(0), refund(state)});
  }
  Document refunding(std::int64_t amount) {
    return order(OrderState::kPaid, [=](Order& o) { o.refunding = amount; });
  }
  Document refunded() {
    return order(OrderState::kPaid, [](Order& o) { o.refunded = 50; });
  }
  void pay_out(PayoutState state, const std::vector<Move>& moves) {
    run(CommandKind::kPayoutEvent, moves, {payout(state)});
  }
};

inline void make_direct(Order& order) {
  order.direct = true;
  order.lines.clear();
}
inline void by_wechat(Order& order) {
  order.channel = "wxpay";
  order.channel_mch = "19";
}
inline void by_bank(Order& order) {
  order.channel = "bank";
  order.channel_mch = "62";
}
/// A part of it goes to suspense, as where an account refuses it.
inline void in_part_suspended(Order& order) { order.lines[1].account = "2241"; }
inline void suspended(Order& order) { order.lines[0].account = order.lines[1].account = "2241"; }

}  // namespace suanpan::test
