// A small platform for tests of settlement: merchants, orders, refunds and payouts as commands of
// the book, made by the same planners as in production. The commands run on a plain State (pure
// tests) or on a Book.
#pragma once
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "channels/chart.h"
#include "channels/merchant.h"
#include "ledger/base/digest.h"
#include "ledger/core/invariants.h"
#include "ledger/core/plan_order.h"

namespace suanpan::settlement {

inline Date day(const char* iso) { return Date::parse(iso).value(); }

inline constexpr const char* kFund = "2201/维修资金/3幢/0402";
inline constexpr const char* kOurBank = "1002/BA01";

inline std::string pending(const std::string& mch) {
  return channels::chart::merchant_pending(mch);
}
inline std::string payable(const std::string& mch) {
  return channels::chart::merchant_payable(mch);
}

inline Id128 fresh_id() {
  static std::uint64_t last = 0;
  return {42, ++last};
}

/// A command under an id of its own.
template <class Plan>
Command command(CommandKind kind, Plan plan) {
  return Command{{fresh_id(), kSystemCaller}, kind, {}, std::move(plan)};
}

inline channels::Merchant merchant(std::string no, std::string payee_sealed) {
  channels::Merchant m;
  m.mch_no = std::move(no);
  m.name = "物业";
  m.wx_mchid = "1900000109";
  m.bank_account = "BA01";
  m.payee_sealed = std::move(payee_sealed);
  return m;
}

/// Everything that must be there before the first order.
inline std::vector<Command> platform(const std::vector<channels::Merchant>& merchants) {
  std::vector<Command> commands;
  for (OpenAccountRequest& request : channels::platform_accounts())
    commands.push_back(open_account(std::move(request)));
  for (const char* code : {kFund, kOurBank}) {
    OpenAccountRequest request;
    request.key = channels::account_claim(code);
    request.code = code;
    request.type = code == std::string(kFund) ? AccountType::kLiability : AccountType::kAsset;
    commands.push_back(open_account(std::move(request)));
  }
  for (const channels::Merchant& m : merchants)
    for (Command& c : channels::add_merchant(m)) commands.push_back(std::move(c));
  return commands;
}

/// A collected order of one line; see `split` for others.
inline Order order(std::string id, std::string mch, std::int64_t amount, std::int64_t fee) {
  Order o;
  o.order_id = std::move(id);
  o.mch_order_no = "m-" + o.order_id;
  o.mch_no = std::move(mch);
  o.way = "WX_NATIVE";
  o.channel = "wxpay";
  o.channel_mch = "1900000109";
  o.amount = Money{amount};
  o.fee = fee;
  o.lines = {{"order", pending(o.mch_no), amount}};
  return o;
}
inline Order split(Order o, std::vector<OrderLine> lines) {
  o.lines = std::move(lines);
  return o;
}

inline PlatformAccounts accounts(const std::string& mch) {
  return channels::accounts_for(mch, "wxpay", "1900000109");
}

/// Placed and paid on the open accounting date.
inline std::vector<Command> sell(const Order& o) {
  OrderFact paid;
  paid.kind = OrderFact::Kind::kPaid;
  paid.order_id = o.order_id;
  paid.channel_order_no = "wx-" + o.order_id;
  paid.paid = o.amount;
  const ClaimKey key{id_of("paid|" + o.order_id), kSystemCaller};
  return {command(CommandKind::kPlaceOrder,
                  [o](const View& v, const Moment& m) { return plan_place_order(v, o, m); }),
          command(CommandKind::kOrderEvent, [=](const View& v, const Moment& m) {
            return plan_order_fact(v, paid, accounts(o.mch_no), key, m);
          })};
}

/// What reconciliation does to an order.
inline Command mark(std::string id, bool reconciled, bool arrived) {
  return command(
      CommandKind::kReconcile, [=](const View& view, const Moment&) -> Planned<ChangeSet> {
        const DocumentPtr stored = view.document(DocumentKind::kOrder, id);
        Order o = decode_order(stored->bytes).value();
        if (reconciled) o.reconciled = "R1";
        if (arrived) o.arrived = "S1";
        ChangeSet changes;
        changes.date = view.book().accounting_date;
        changes.documents.push_back(
            Document{DocumentKind::kOrder, id, stored->version + 1, is_open(o), encode(o)});
        return changes;
      });
}

inline Command ask_refund(const Order& o, std::string id, std::int64_t amount) {
  Refund r;
  r.refund_id = std::move(id);
  r.mch_refund_no = "m-" + r.refund_id;
  r.order_id = o.order_id;
  r.mch_no = o.mch_no;
  r.amount = Money{amount};
  return command(CommandKind::kRefund, [=](const View& v, const Moment& m) {
    return plan_refund(v, r, accounts(r.mch_no), m);
  });
}
inline Command end_refund(const Order& o, std::string id, bool succeeded) {
  RefundFact fact;
  fact.kind = succeeded ? RefundFact::Kind::kSucceeded : RefundFact::Kind::kFailed;
  fact.refund_id = std::move(id);
  const std::string mch = o.mch_no;
  return command(CommandKind::kRefundEvent, [=](const View& v, const Moment& m) {
    return plan_refund_fact(v, fact, accounts(mch), m);
  });
}

/// What the bank says of a payout.
inline Command payout_is(std::string id, PayoutFact::Kind kind, std::string error_code = {}) {
  PayoutFact fact;
  fact.kind = kind;
  fact.payout_id = std::move(id);
  fact.error_code = std::move(error_code);
  return command(CommandKind::kPayoutEvent, [=](const View& v, const Moment& m) {
    PayoutFact now = fact;
    now.at = m.now;
    return plan_payout_fact(v, now, m);
  });
}

inline Command next_day(const char* iso) {
  return day_cut({{id_of(std::string("day|") + iso), kSystemCaller}, day(iso)});
}

inline std::int64_t posted(const View& view, const std::string& code) {
  const Account* account = view.account(code);
  REQUIRE(account);
  return view.balance(account->id).posted(account->normal);
}
inline std::int64_t available(const View& view, const std::string& code) {
  const Account* account = view.account(code);
  REQUIRE(account);
  return view.balance(account->id).available(account->normal);
}

}  // namespace suanpan::settlement
