// A seeded book on a real store that uses everything the ledger has: vouchers of one and many legs,
// holds posted in parts, voided and expired, red reversals, adjustments, day cuts, period closes,
// changes of terms, linked groups, sweeps, expectations, refusals, orders with refunds, payouts,
// two currencies, Chinese names.
#pragma once
#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "ledger/core/plan_order.h"
#include "ledger/core/voucher_rules.h"
#include "ledger/engine/expecting.h"
#include "tests/support/temp_folder.h"

namespace suanpan::test {

class RandomBook {
 public:
  /// `hot`: the accounts of the platform are hot. `sign_days`: each day's root is signed.
  explicit RandomBook(std::uint64_t seed, std::size_t projection_batch = 64, unsigned shards = 0,
                      bool hot = false, bool sign_days = false)
      : random_(seed),
        projection_batch_(projection_batch),
        shards_(shards),
        hot_(hot),
        sign_days_(sign_days) {
    open(true);
    open_accounts();
  }

  const std::filesystem::path& folder() const { return folder_.path(); }
  Book& book() { return *book_; }
  void close() { book_.reset(); }
  void open(bool create = false) {
    book_.reset();
    BookOptions options;
    options.folder = folder();
    options.create = create;
    options.first_date = *Date::of(2026, 1, 5);
    options.projection_batch = projection_batch_;
    options.shards = shards_;
    options.sign_days = sign_days_;
    auto opened = Book::open(options, clock_);
    REQUIRE(opened);
    book_ = std::move(opened.value());
  }

  /// Does `count` random things; most are accepted, some refused.
  void run(int count) {
    for (int i = 0; i < count; ++i) step();
    // A book that is idle expires the holds whose time has come.
    for (int i = 0; i < 500; ++i) {
      if (book_->read(
              [&](const State& s, std::uint64_t) { return s.due_holds(clock_.now(), 1).empty(); }))
        break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

 private:
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  template <class T>
  const T& one_of(const std::vector<T>& from) {
    return from[pick(from.size())];
  }
  ClaimKey next_key() { return {Id128{42, ++next_id_}, CallerId{100}}; }

  AccountId add(std::string code, std::string name, AccountType type, AccountTerms terms = {},
                Currency currency = Currency::kCNY) {
    OpenAccountRequest request;
    request.key = next_key();
    request.code = std::move(code);
    request.name = std::move(name);
    request.type = type;
    request.terms = terms;
    request.terms.hot = hot_ && request.code[0] != '3';
    request.currency = currency;
    const Answer answer = book_->run(open_account(request));
    REQUIRE(answer.accepted());
    return AccountId{static_cast<std::uint32_t>(std::stoul(answer.answer))};
  }
  void open_accounts() {
    const AccountTerms floor{LimitKind::kNotBelowZero};
    AccountTerms credit{LimitKind::kCreditLine};
    credit.credit_line = 5'000;
    cny_ = {add("1002/工商银行", "工商银行监管户", AccountType::kAsset),
            add("1002", "银行存款", AccountType::kAsset),
            add("1122/wxpay/1900000001", "微信应收", AccountType::kAsset),
            add("2101/M1621873433953", "商户", AccountType::kLiability, floor),
            add("2101/m_2(b)", "小商户", AccountType::kLiability, credit),
            add("3001/小区1/3幢/0402", "维修资金：\"业主\"", AccountType::kEquity, floor),
            add("6001", "服务费收入", AccountType::kIncome),
            add("6602/手续费", "渠道成本", AccountType::kExpense),
            add("2104", "退款在途", AccountType::kLiability),
            add("2241", "挂账", AccountType::kLiability),
            add("2105", "付款在途", AccountType::kLiability)};
    usd_ = {add("1002/usd", "美元户", AccountType::kAsset, {}, Currency::kUSD),
            add("2101/usd", "美元商户", AccountType::kLiability, floor, Currency::kUSD)};
    jpy_ = {add("1002/jpy", "日元户", AccountType::kAsset, {}, Currency::kJPY),
            add("2101/jpy", "日元商户", AccountType::kLiability, {}, Currency::kJPY)};
  }

  std::shared_ptr<const VoucherText> text(bool two_people = false) {
    VoucherText t;
    if (pick(3) == 0) t.summary = "物业费; \"三月\" (补)";
    if (pick(3) == 0) t.business_key = fmt::format("ORDER-{}", pick(1000));
    if (pick(9) == 0) t.business_key = "合同编号二〇二六年第一百二十号";
    if (two_people) {
      t.maker = "张三";
      t.checker = "李四";
    }
    return std::make_shared<const VoucherText>(t);
  }
  void legs(VoucherRequest& request) {
    const std::uint64_t which = pick(8);
    const auto& accounts = which == 0 ? usd_ : which == 1 ? jpy_ : cny_;
    const std::uint64_t count = pick(4) == 0 ? 1 + pick(5) : 1;
    for (std::uint64_t i = 0; i < count; ++i) {
      const AccountId debit = one_of(accounts);
      AccountId credit = one_of(accounts);
      while (credit == debit) credit = one_of(accounts);
      request.legs.push_back(Leg{debit, credit, static_cast<std::int64_t>(1 + pick(2'000))});
    }
  }
  Date open_day() const {
    return book_->read([](const State& s, std::uint64_t) { return s.book().accounting_date; });
  }

  void voucher() {
    const VoucherRequest request = any_voucher();
    if (book_->run(request).accepted()) vouchers_.push_back(request.key);
  }
  /// Vouchers, and now and then the rest of a hold, that stand or fall together.
  void group() {
    std::vector<Command> commands;
    std::vector<ClaimKey> keys;
    for (std::uint64_t n = 2 + pick(3); n-- > 0;) {
      if (!holds_.empty() && pick(4) == 0) {
        keys.push_back(next_key());
        commands.push_back(post_hold({keys.back(), one_of(holds_), {}, text()}));
        continue;
      }
      commands.push_back(post_voucher(any_voucher()));
      keys.push_back(commands.back().key);
    }
    const auto answers = book_->run(commands, {{0, static_cast<std::uint32_t>(commands.size())}});
    if (answers[0].accepted()) vouchers_.insert(vouchers_.end(), keys.begin(), keys.end());
  }
  void rules(VoucherRequest& request) {
    VoucherRules rules;
    if (pick(2) == 0) {
      request.legs[0].amount = 0;
      Sweep sweep{0, static_cast<std::uint8_t>(1 + pick(3))};
      if (pick(2) == 0) sweep.at_most = static_cast<std::int64_t>(1 + pick(3'000));
      rules.sweeps.push_back(sweep);
    }
    if (rules.sweeps.empty() || pick(3) == 0) rules.expects.push_back(expectation());
    request.rules = std::make_shared<const VoucherRules>(std::move(rules));
  }
  Expectation expectation() {
    const std::int64_t low = static_cast<std::int64_t>(pick(20'000)) - 15'000;
    return {one_of(cny_), {}, BalanceOf::kPosted, low, low + 20'000};
  }
  std::vector<Expectation> maybe_expects() {
    if (pick(4) != 0) return {};
    return {expectation()};
  }
  VoucherRequest any_voucher() {
    VoucherRequest request;
    request.key = next_key();
    request.type = static_cast<VoucherType>(pick(4));
    request.code = static_cast<std::uint16_t>(pick(100));
    legs(request);
    if (pick(3) == 0) request.text = text();
    if (pick(10) == 0) request.effective = open_day().plus_days(-3);
    if (pick(6) == 0) {
      request.date = open_day().plus_days(-static_cast<int>(pick(4)));
      request.adjustment = true;
      request.text = text(true);
    }
    if (pick(8) == 0) rules(request);
    return request;
  }
  void hold() {
    VoucherRequest request;
    request.key = next_key();
    request.hold = true;
    legs(request);
    if (pick(2) == 0)
      request.expires_at = clock_.now().plus_seconds(static_cast<std::int64_t>(1 + pick(900)));
    if (book_->run(request).accepted()) holds_.push_back(request.key);
  }
  void finish_hold() {
    if (holds_.empty()) return;
    const ClaimKey which = one_of(holds_);
    if (pick(3) == 0) {
      book_->run(expecting(void_hold({next_key(), which}), maybe_expects()));
      return;
    }
    PostHoldRequest request{next_key(), which, {}, text()};
    if (pick(2) == 0) request.amounts = {static_cast<std::int64_t>(1 + pick(700))};
    if (book_->run(expecting(post_hold(request), maybe_expects())).accepted())
      vouchers_.push_back(request.key);
  }
  void reverse() {
    if (vouchers_.empty()) return;
    ReversalRequest request;
    request.key = next_key();
    request.original = one_of(vouchers_);
    if (pick(2) == 0) request.amounts = {static_cast<std::int64_t>(1 + pick(900))};
    if (pick(3) == 0) {
      request.date = open_day().plus_days(-1);
      request.adjustment = true;
      request.text = text(true);
    }
    auto command = reversal(*book_, request);
    REQUIRE(command);
    book_->run(expecting(std::move(command.value()), maybe_expects()));
  }
  void days() {
    const Date today = open_day();
    if (pick(3) == 0)
      book_->run(period_close({next_key(), today.plus_days(-static_cast<int>(1 + pick(4)))}));
    else
      book_->run(day_cut({next_key(), today.plus_days(static_cast<int>(1 + pick(9)))}));
    clock_.advance_seconds(86'400);
  }
  void terms() {
    SetTermsRequest request;
    request.key = next_key();
    request.code = "2101/m_2(b)";
    request.terms.limit = static_cast<LimitKind>(pick(3));
    if (request.terms.limit == LimitKind::kCreditLine) request.terms.credit_line = 3'000;
    request.terms.frozen_out = pick(4) == 0;
    book_->run(set_terms(request));
  }
  Command command(CommandKind kind,
                  std::function<Planned<ChangeSet>(const View&, const Moment&)> f) {
    return Command{next_key(), kind, {{"n", std::to_string(next_id_)}}, std::move(f)};
  }
  /// Every other one wants to be told.
  std::string url() const { return next_id_ % 2 == 0 ? "https://m1.example/told" : ""; }
  void order() {
    const PlatformAccounts accounts{"1122/wxpay/1900000001", "6001", "1131", "2241", "2104"};
    Order order;
    order.order_id = fmt::format("P{}", ++next_id_);
    order.mch_no = "M1";
    order.mch_order_no = order.order_id;
    order.amount = Money{static_cast<std::int64_t>(100 + pick(5'000)), Currency::kCNY};
    order.fee = order.amount.minor / 100;
    order.lines = {{"材料", "2101/M1621873433953", order.amount.minor}};
    order.notify_url = url();
    Command place = command(CommandKind::kPlaceOrder, [=](const View& v, const Moment& m) {
      return plan_place_order(v, order, m);
    });
    place.about = Command::About{DocumentKind::kOrder, order.order_id, order.lines[0].account};
    REQUIRE(book_->run(place).accepted());
    OrderFact fact;
    fact.order_id = order.order_id;
    const auto tell = [&](OrderFact::Kind kind) {
      fact.kind = kind;
      fact.paid = order.amount;
      Command c = command(CommandKind::kOrderEvent, nullptr);
      c.about = Command::About{DocumentKind::kOrder, order.order_id, {}};
      c.plan = [fact, accounts, key = c.key](const View& v, const Moment& m) {
        return plan_order_fact(v, fact, accounts, key, m);
      };
      return book_->run(c).accepted();
    };
    tell(OrderFact::Kind::kSubmitted);
    if (pick(4) == 0) tell(OrderFact::Kind::kClosed);
    if (pick(5) == 0 || !tell(OrderFact::Kind::kPaid)) return;
    if (pick(3) == 0) return;
    Refund refund;
    refund.refund_id = "R" + order.order_id;
    refund.order_id = order.order_id;
    refund.mch_no = "M1";
    refund.mch_refund_no = refund.refund_id;
    refund.amount = Money{static_cast<std::int64_t>(1 + pick(100)), Currency::kCNY};
    refund.notify_url = url();
    if (!book_
             ->run(command(CommandKind::kRefund,
                           [=](const View& v, const Moment& m) {
                             return plan_refund(v, refund, accounts, m);
                           }))
             .accepted())
      return;
    RefundFact done;
    done.refund_id = refund.refund_id;
    done.kind = pick(3) == 0 ? RefundFact::Kind::kFailed : RefundFact::Kind::kSucceeded;
    book_->run(command(CommandKind::kRefundEvent, [=](const View& v, const Moment& m) {
      return plan_refund_fact(v, done, accounts, m);
    }));
  }
  void payout() {
    Payout payout;
    payout.payout_id = fmt::format("T{}", ++next_id_);
    payout.mch_no = "M1";
    payout.mch_order_no = payout.payout_id;
    payout.amount = Money{static_cast<std::int64_t>(1 + pick(500)), Currency::kCNY};
    payout.source_account = "2101/M1621873433953";
    payout.transit_account = "2105";
    payout.bank_account = "1002/工商银行";
    payout.notify_url = url();
    if (!book_
             ->run(
                 command(CommandKind::kPayout,
                         [=](const View& v, const Moment& m) { return plan_payout(v, payout, m); }))
             .accepted())
      return;
    for (const auto kind : {PayoutFact::Kind::kSubmitted, PayoutFact::Kind::kSucceeded,
                            PayoutFact::Kind::kReturned}) {
      if (pick(4) == 0) return;
      PayoutFact fact;
      fact.payout_id = payout.payout_id;
      fact.kind = kind;
      book_->run(command(CommandKind::kPayoutEvent, [=](const View& v, const Moment& m) {
        return plan_payout_fact(v, fact, m);
      }));
    }
  }
  void step() {
    clock_.advance_seconds(static_cast<std::int64_t>(pick(60)));
    switch (pick(20)) {
      case 0:
        return days();
      case 1:
        return terms();
      case 2:
      case 3:
        return hold();
      case 4:
      case 5:
      case 6:
        return finish_hold();
      case 7:
      case 8:
        return reverse();
      case 9:
        return order();
      case 10:
        return payout();
      case 11:
      case 12:
        return group();
      default:
        return voucher();
    }
  }

  TempFolder folder_;
  std::mt19937_64 random_;
  std::size_t projection_batch_;
  unsigned shards_;
  bool hot_, sign_days_;
  ManualClock clock_{Timestamp::of_cn(*Date::of(2026, 1, 5), 9, 0, 0)};
  std::unique_ptr<Book> book_;
  std::uint64_t next_id_ = 0;
  std::vector<AccountId> cny_, usd_, jpy_;
  std::vector<ClaimKey> vouchers_, holds_;
};

}  // namespace suanpan::test
