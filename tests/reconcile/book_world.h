// A book in a fresh folder with one collected and one direct merchant, orders placed and paid by
// the planners, bills and statements written by hand.
#pragma once
#include <catch2/catch.hpp>

#include "channels/chart.h"
#include "channels/merchant.h"
#include "channels/payment_service.h"
#include "ledger/base/digest.h"
#include "ledger/engine/verify.h"
#include "reconcile/reconcile_service.h"
#include "tests/support/temp_folder.h"

namespace suanpan::reconcile::test {

inline const Date kWednesday = *Date::of(2026, 3, 4);
inline const Date kThursday = *Date::of(2026, 3, 5);
inline const std::string kMchid = "1900000001";        ///< of the collected merchant M1
inline const std::string kDirectMchid = "1900000002";  ///< of the direct merchant D1
inline const std::string kAccount = "6228000000000001";

class World {
 public:
  World()
      : clock_(Timestamp::of_cn(kWednesday, 9, 0, 0)),
        vault_(Vault::open(folder_.path() / "vault.key", true).value()) {
    open(true);
    for (auto& request : channels::platform_accounts()) run(open_account(request));
    for (auto& command : channels::add_merchant(
             {"M1", "物业公司", channels::MerchantMode::kCollected, true, kMchid, kAccount}))
      run(command);
    for (auto& command : channels::add_merchant(
             {"D1", "水务公司", channels::MerchantMode::kDirect, true, kDirectMchid}))
      run(command);
    OpenAccountRequest bank;
    bank.code = channels::chart::bank_deposit(kAccount);
    bank.key = channels::account_claim(bank.code);
    bank.type = AccountType::kAsset;
    run(open_account(bank));
  }

  /// Whatever a test did, the books must add up by arithmetic of their own.
  ~World() {
    close();
    const auto report = suanpan::verify(folder_.path() / "book");
    CHECK(report);
    if (report) CHECK(report.value().first_fault == "");
  }

  /// Closes and opens the book and all that stands on it, as after a crash between two steps.
  void open(bool create = false) {
    close();
    BookOptions options;
    options.folder = folder_.path() / "book";
    options.create = create;
    options.first_date = kWednesday;
    auto opened = Book::open(options, clock_);
    REQUIRE(opened);
    book_ = std::move(opened.value());
    channels::PaymentParts parts;
    parts.book = book_.get();
    parts.vault = &vault_;
    parts.business = parts.real = &clock_;
    parts.send = [](auto&&...) { FAIL("nothing is sent in these tests"); };
    payments_ = std::make_unique<channels::PaymentService>(parts);
    service_ = std::make_unique<ReconcileService>(
        *book_, *payments_, clock_, ReconcileSettings{reports_, "测试公司", rates_, {}});
  }
  void set_reports(std::filesystem::path folder) {
    reports_ = std::move(folder);
    open();
  }
  std::filesystem::path folder() const { return folder_.path(); }
  void set_rate(const std::string& mchid, const std::string& rate) {
    rates_[mchid] = Rate::parse(rate).value();
    open();
  }
  void at(Date day, int hour, int minute = 0, int second = 0) {
    clock_.set(Timestamp::of_cn(day, hour, minute, second));
  }

  ReconcileService& service() { return *service_; }
  Book& book() { return *book_; }
  ManualClock& clock() { return clock_; }
  std::uint64_t seq() const { return book_->statistics().last_seq; }

  Answer run(const Command& command) {
    Answer answer = book_->run(command);
    INFO(name_of(answer.refusal.code) << " " << answer.refusal.detail);
    REQUIRE(answer.accepted());
    return answer;
  }

  /// An order of M1 (or of the direct D1) waiting at WeChat.
  void place(const std::string& id, std::int64_t fen, bool direct = false) {
    Order order = order_of(id, fen, direct ? "D1" : "M1");
    order.direct = direct;
    order.channel = "wxpay";
    order.channel_mch = direct ? kDirectMchid : kMchid;
    order.state = OrderState::kPaying;
    if (direct) order.lines.clear();
    place(order);
  }
  /// One that waits for a bank transfer.
  void place_transfer(const std::string& id, std::int64_t fen) {
    Order order = order_of(id, fen, "M1");
    order.channel = "bank";
    order.channel_mch = kAccount;
    place(order);
  }
  /// The channel says it was paid, under `number`, at that time.
  void pay(const std::string& id, const std::string& number, std::int64_t fen, Date day, int hour,
           int minute = 0, int second = 0) {
    OrderFact fact;
    fact.kind = OrderFact::Kind::kPaid;
    fact.order_id = id;
    fact.channel_order_no = number;
    fact.paid = {fen, Currency::kCNY};
    fact.paid_at = Timestamp::of_cn(day, hour, minute, second);
    tell(fact);
  }
  void close(const std::string& id) {
    OrderFact fact;
    fact.kind = OrderFact::Kind::kClosed;
    fact.order_id = id;
    tell(fact);
  }
  /// A refund that succeeded.
  void refund(const std::string& id, const std::string& order_id, std::int64_t fen, Date day,
              int hour) {
    Refund refund;
    refund.refund_id = refund.mch_refund_no = id;
    refund.order_id = order_id;
    refund.mch_no = "M1";
    refund.amount = {fen, Currency::kCNY};
    const auto accounts = channels::accounts_for("M1", "wxpay", kMchid);
    run({key("refund|" + id),
         CommandKind::kRefund,
         {},
         [=](const View& view, const Moment& moment) {
           return plan_refund(view, refund, accounts, moment);
         }});
    RefundFact fact;
    fact.kind = RefundFact::Kind::kSucceeded;
    fact.refund_id = id;
    fact.channel_refund_no = "W" + id;
    fact.at = Timestamp::of_cn(day, hour, 0, 0);
    run({key("refunded|" + id),
         CommandKind::kRefundEvent,
         {},
         [=](const View& view, const Moment& moment) {
           return plan_refund_fact(view, fact, accounts, moment);
         }});
  }
  /// A payout out of M1's pending money, accepted; confirmed by the channel on `day` if given.
  void payout(const std::string& id, std::int64_t fen, std::optional<Date> day) {
    Payout payout;
    payout.payout_id = payout.mch_order_no = id;
    payout.mch_no = "M1";
    payout.amount = {fen, Currency::kCNY};
    payout.source_account = channels::chart::merchant_pending("M1");
    payout.transit_account = channels::chart::kPayoutTransit;
    payout.bank_account = channels::chart::bank_deposit(kAccount);
    payout.payer_number = kAccount;
    run({key("payout|" + id),
         CommandKind::kPayout,
         {},
         [=](const View& view, const Moment& moment) {
           return plan_payout(view, payout, moment);
         }});
    if (!day) return;
    PayoutFact fact;
    fact.kind = PayoutFact::Kind::kSucceeded;
    fact.payout_id = id;
    fact.at = Timestamp::of_cn(*day, 16, 0, 0);
    run({key("paid-out|" + id),
         CommandKind::kPayoutEvent,
         {},
         [=](const View& view, const Moment& moment) {
           return plan_payout_fact(view, fact, moment);
         }});
  }

  Order order(const std::string& id) { return stored_order(*book_, id).value(); }
  /// On the account's normal side.
  std::int64_t balance(const std::string& code) {
    return book_->read([&](const State& state, std::uint64_t) {
      const Account* account = state.account(code);
      REQUIRE(account);
      return state.balance(account->id).posted(account->normal);
    });
  }
  std::int64_t receivable() {
    return balance(channels::chart::channel_receivable("wxpay", kMchid));
  }
  std::int64_t bank() { return balance(channels::chart::bank_deposit(kAccount)); }
  std::int64_t suspense() { return balance(std::string(channels::chart::kSuspense)); }
  std::int64_t cost() { return balance(std::string(channels::chart::kChannelCost)); }

  RunSummary bill(const std::string& bytes, Date day, const std::string& mchid = kMchid) {
    auto summary = service_->run_trade_bill(bytes, mchid, day);
    INFO((summary ? std::string() : summary.error().message));
    REQUIRE(summary);
    return std::move(summary.value());
  }
  RunSummary statement(const std::string& bytes, Date day) {
    auto summary = service_->run_bank_statement(bytes, kAccount, day);
    INFO((summary ? std::string() : summary.error().message));
    REQUIRE(summary);
    return std::move(summary.value());
  }

 private:
  void close() {
    service_.reset();
    payments_.reset();
    book_.reset();
  }
  static ClaimKey key(const std::string& what) { return {id_of(what), CallerId{7}}; }

  Order order_of(const std::string& id, std::int64_t fen, const std::string& mch_no) {
    Order order;
    order.order_id = order.mch_order_no = id;
    order.mch_no = mch_no;
    order.amount = {fen, Currency::kCNY};
    order.lines = {{"货款", channels::chart::merchant_pending(mch_no), fen}};
    order.created_at = clock_.now();
    return order;
  }
  void place(const Order& order) {
    run({key("place|" + order.order_id),
         CommandKind::kPlaceOrder,
         {},
         [=](const View& view, const Moment& moment) {
           return plan_place_order(view, order, moment);
         }});
  }
  void tell(const OrderFact& fact) {
    const Order stands = order(fact.order_id);
    const ClaimKey claim = key(fmt::format("fact|{}|{}|{}", fact.order_id,
                                           static_cast<int>(fact.kind), fact.channel_order_no));
    const auto accounts = channels::accounts_for(stands.mch_no, stands.channel, stands.channel_mch);
    run({claim, CommandKind::kOrderEvent, {}, [=](const View& view, const Moment& moment) {
           return plan_order_fact(view, fact, accounts, claim, moment);
         }});
  }

  suanpan::test::TempFolder folder_;
  ManualClock clock_;
  Vault vault_;
  std::filesystem::path reports_ = folder_.path() / "reports";
  std::map<std::string, Rate> rates_;
  std::unique_ptr<Book> book_;
  std::unique_ptr<channels::PaymentService> payments_;
  std::unique_ptr<ReconcileService> service_;
};

/// A row of a bill by hand: "100.00" yuan, fee "0.60".
struct BillLine {
  std::string order, number, yuan, fee;
  std::string refund, refund_number, refund_yuan = "0.00", refund_status;
  std::string time = "12:00:00";
  std::string rate = "0.60%";
};
inline BillLine paid(std::string order, std::string number, std::string yuan, std::string fee) {
  return {std::move(order), std::move(number), std::move(yuan), std::move(fee)};
}
inline BillLine refunded(std::string order, std::string number, std::string refund,
                         std::string yuan, std::string fee, std::string status = "SUCCESS") {
  return {std::move(order), std::move(number), "0.00",          std::move(fee),
          refund,           "W" + refund,      std::move(yuan), std::move(status)};
}

/// Totals are given by hand as well: orders, refunds, fees.
struct BillTotals {
  std::string orders, refunds, fees;
};

inline std::string bill_text(Date day, const std::vector<BillLine>& lines, const BillTotals& totals,
                             const std::string& mchid = kMchid) {
  std::string out =
      "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,"
      "交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,"
      "充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,"
      "费率备注\r\n";
  for (const auto& l : lines) {
    const bool back = !l.refund.empty();
    out += fmt::format(
        "`{} {},`wxapp,`{},`0,`,`{},`{},`openid,`NATIVE,`{},`OTHERS,`CNY,`{},`0.00,`{},`{},`{},"
        "`0.00,`{},`{},`goods,`,`{}000,`{},`{},`{},`\r\n",
        day.iso(), l.time, mchid, l.number, l.order, back ? "REFUND" : "SUCCESS", l.yuan,
        back ? l.refund_number : "0", back ? l.refund : "0", l.refund_yuan, back ? "ORIGINAL" : "",
        l.refund_status, l.fee, l.rate, l.yuan, l.refund_yuan);
  }
  out +=
      "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,"
      "申请退款总金额\r\n";
  out += fmt::format("`{}.0,`{},`{},`0.0,`{},`{},`{}\r\n", lines.size(), totals.orders,
                     totals.refunds, totals.fees, totals.orders, totals.refunds);
  return out;
}

/// An entry of a statement by hand.
struct EntryLine {
  std::string yuan;
  bool credit = true;
  std::string reference;
  std::string end_to_end = {}, name = {}, remark = {}, return_reason = {};
};

struct StatementHead {
  int sequence;
  std::string opening, closing;
};

inline std::string statement_text(Date day, const StatementHead& head,
                                  const std::vector<EntryLine>& entries,
                                  const std::string& account = kAccount) {
  const auto balance = [](const char* code, const std::string& yuan, Date on) {
    return fmt::format(
        "<Bal><Tp><CdOrPrtry><Cd>{}</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">{}</Amt>"
        "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{}</Dt></Dt></Bal>",
        code, yuan, on.iso());
  };
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
      "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>"
      "<GrpHdr><MsgId>M{0}</MsgId><CreDtTm>{1}T23:59:59+08:00</CreDtTm></GrpHdr>"
      "<Stmt><Id>S{0}</Id><ElctrncSeqNb>{2}</ElctrncSeqNb>"
      "<Acct><Id><Othr><Id>{3}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>",
      day.compact(), day.iso(), head.sequence, account);
  out += balance("OPBD", head.opening, day.plus_days(-1));
  out += balance("CLBD", head.closing, day);
  for (const auto& e : entries) {
    const char* direction = e.credit ? "CRDT" : "DBIT";
    out += fmt::format(
        "<Ntry><Amt Ccy=\"CNY\">{0}</Amt><CdtDbtInd>{1}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        "<BookgDt><Dt>{2}</Dt></BookgDt><AcctSvcrRef>{3}</AcctSvcrRef><BkTxCd/><NtryDtls><TxDtls>"
        "<Refs><AcctSvcrRef>{3}</AcctSvcrRef>",
        e.yuan, direction, day.iso(), e.reference);
    if (!e.end_to_end.empty()) out += "<EndToEndId>" + e.end_to_end + "</EndToEndId>";
    out += "</Refs>";
    if (!e.name.empty())
      out += fmt::format("<RltdPties><{0}><Pty><Nm>{1}</Nm></Pty></{0}></RltdPties>",
                         e.credit ? "Dbtr" : "Cdtr", e.name);
    if (!e.remark.empty()) out += "<RmtInf><Ustrd>" + e.remark + "</Ustrd></RmtInf>";
    if (!e.return_reason.empty())
      out += "<RtrInf><Rsn><Cd>" + e.return_reason + "</Cd></Rsn></RtrInf>";
    out += "</TxDtls></NtryDtls></Ntry>";
  }
  return out + "</Stmt></BkToCstmrStmt></Document>";
}

/// WeChat's settlement of a day.
inline EntryLine settlement(std::string yuan, Date day, std::string reference) {
  return {std::move(yuan),          true,
          std::move(reference),     "WXS" + kMchid + day.compact(),
          "财付通支付科技有限公司", fmt::format("微信支付结算款 {} {}", kMchid, day.compact())};
}

/// "amount_mismatch O1 -100" for every break, in the run's order; the channel's number where there
/// is none of ours.
inline std::vector<std::string> lines_of(const std::vector<Case>& cases) {
  std::vector<std::string> lines;
  for (const auto& c : cases)
    lines.push_back(fmt::format("{} {} {}", info_of(c.break_class).code,
                                c.our_number.empty() ? c.channel_number : c.our_number,
                                c.amount.minor));
  return lines;
}

}  // namespace suanpan::reconcile::test
