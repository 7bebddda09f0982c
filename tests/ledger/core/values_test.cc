// Values and texts of the core: equal only if every field is, decoded only from what was encoded.
#include <catch2/catch.hpp>

#include "ledger/core/hold.h"
#include "ledger/core/order.h"
#include "ledger/core/plan_order.h"
#include "ledger/core/terms_history.h"
#include "ledger/core/text.h"
#include "ledger/core/voucher_rules.h"
#include "ledger/core/year_close.h"

using namespace suanpan;

TEST_CASE("text: UTF-8 is well-formed as Unicode's table 3-7 has it") {
  struct Row {
    const char* what;
    std::string text;
    bool good;
  };
  const Row rows[] = {
      {"nothing", "", true},
      {"ASCII", "a~", true},
      {"two bytes", "\xc2\x80\xdf\xbf", true},
      {"an overlong two", "\xc1\xbf", false},
      {"a tail alone", "\x80", false},
      {"a tail is missing", "\xc3", false},
      {"no tail", "\xc3(", false},
      {"the least of three", "\xe0\xa0\x80", true},
      {"an overlong three", "\xe0\x9f\xbf", false},
      {"the last before surrogates", "\xed\x9f\xbf", true},
      {"a surrogate", "\xed\xa0\x80", false},
      {"the first after surrogates", "\xee\x80\x80", true},
      {"the least of four", "\xf0\x90\x80\x80", true},
      {"an overlong four", "\xf0\x8f\xbf\xbf", false},
      {"four in the middle", "\xf1\x80\x80\x80", true},
      {"the last of all", "\xf4\x8f\xbf\xbf", true},
      {"beyond the last", "\xf4\x90\x80\x80", false},
      {"no such lead", "\xf5\x80\x80\x80", false},
      {"the third of four is no tail", "\xf0\x90(\x80", false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(is_utf8(row.text) == row.good);
  }
  CHECK(is_plain_text("算盘"));
  for (const char* text : {"a\nb", "\x7f", "\xff"}) CHECK_FALSE(is_plain_text(text));
}

namespace {

// What one field of each tells apart.
template <class T, class Change>
void differs(T value, Change change) {
  const T same = value;
  CHECK(value == same);
  change(value);
  CHECK_FALSE(value == same);
}

}  // namespace

TEST_CASE("values: another field is another value") {
  differs(AccountTerms{}, [](auto& v) { v.hot = true; });
  differs(Balance{1, 2, 3, 4}, [](auto& v) { v.credits_red = -1; });
  differs(HoldLeg{AccountId{1}, AccountId{2}, 5, 5}, [](auto& v) { v.remaining = 4; });
  differs(Hold{}, [](auto& v) { v.legs.emplace_back(); });
  differs(OrderLine{"全部", "2101/M1", 5}, [](auto& v) { v.taken = 1; });
  differs(Order{}, [](auto& v) { v.owes = true; });
  differs(Refund{}, [](auto& v) { v.reconciled = "R1"; });
  differs(Payout{}, [](auto& v) { v.reconciled = "R1"; });
  differs(YearClose{}, [](auto& v) { v.vouchers = 1; });
  differs(Expectation{}, [](auto& v) { v.at_most = 0; });
  differs(Sweep{}, [](auto& v) { v.at_most = 1; });
  differs(VoucherRules{}, [](auto& v) { v.sweeps.emplace_back(); });
  differs(ClaimKey{}, [](auto& v) { v.id.lo = 1; });
}

TEST_CASE("terms history: exactly the encoding of a change is one") {
  const AccountTerms before{}, after{LimitKind::kCreditLine, 500, true, true, true, true};
  const TermsChange change{ClaimKey{Id128{1, 2}, CallerId{3}}, Timestamp{4}, before, after};
  const std::string good = encode(change);
  REQUIRE(decode_terms_change(good));
  CHECK(*decode_terms_change(good) == change);
  REQUIRE(good.size() == 20 + 8 + 2 * 10);  // id, time, twice limit u8, line i64, bits u8
  for (std::size_t n = 0; n < good.size(); ++n) CHECK_FALSE(decode_terms_change(good.substr(0, n)));
  CHECK_FALSE(decode_terms_change(good + '\0'));
  // A limit or a bit without meaning, before and after.
  for (const auto& [at, value] : {std::pair{28, 3}, {37, 16}, {38, 3}, {47, 16}}) {
    std::string other = good;
    other[static_cast<std::size_t>(at)] = static_cast<char>(value);
    INFO("byte " << at);
    CHECK_FALSE(decode_terms_change(other));
  }
}

TEST_CASE("hold: its expiry is read from whole holds alone") {
  Hold hold;
  hold.expires_at = Timestamp{77};
  hold.legs.push_back(HoldLeg{AccountId{1}, AccountId{2}, 5, 5});
  const std::string good = encode(hold);
  CHECK(expiry_of_hold(good)->ns == 77);
  for (const std::size_t n : {0u, 10u, 11u, 34u}) CHECK_FALSE(expiry_of_hold(good.substr(0, n)));
  CHECK_FALSE(expiry_of_hold(good + '\0'));
}

TEST_CASE("orders: a field of another type is no order") {
  Order order;
  order.order_id = "P1";
  order.amount = Money{5, Currency::kCNY};
  order.late = true;
  order.lines = {{"全部", "2101/M1", 5, 1}, {"余", "2101/M2", 5, 2}};
  const std::string good = encode(order);
  REQUIRE(decode_order(good));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string other = good;
    const auto at = other.find(from);
    REQUIRE(at != std::string::npos);
    return other.replace(at, from.size(), to);
  };
  for (const std::string& bad :
       {with("\"P1\"", "1"), with("\"late\":true", "\"late\":1"), with("\"CNY\"", "\"XXX\""),
        with("\"taken\":1", "\"taken\":\"1\""), with("\"amount\":5", "\"amount\":true"),
        std::string("[]"), std::string("{")})
    CHECK(decode_order(bad).error().code == Errc::kCorrupt);
}

TEST_CASE("order: which ones stay open") {
  const auto paid = [](auto change) {
    Order order;
    order.state = OrderState::kPaid;
    order.reconciled = "R1";
    order.batch = "B1";
    order.fee = 3;
    change(order);
    return order;
  };
  struct Row {
    const char* what;
    Order order;
    bool open;
  };
  const auto refunded = [&](auto change) {
    return paid([&](Order& o) {
      o.state = OrderState::kRefunded;
      change(o);
    });
  };
  const auto closed = [&](auto change) {
    return paid([&](Order& o) {
      o.state = OrderState::kClosed;
      change(o);
    });
  };
  const Row rows[] = {
      {"paid, reconciled and settled", paid([](Order&) {}), false},
      {"paid, a refund under way", paid([](Order& o) { o.refunding = 1; }), true},
      {"paid, not reconciled", paid([](Order& o) { o.reconciled.clear(); }), true},
      {"paid, not settled", paid([](Order& o) { o.batch.clear(); }), true},
      {"paid and settled, owing a refund", paid([](Order& o) { o.owes = true; }), true},
      {"paid directly: never settled", paid([](Order& o) {
         o.direct = true;
         o.batch.clear();
       }),
       false},
      {"refunded and settled", refunded([](Order&) {}), false},
      {"refunded, unknown", refunded([](Order& o) { o.unknown = true; }), true},
      {"refunded, another under way", refunded([](Order& o) { o.refunding = 1; }), true},
      {"refunded, owing", refunded([](Order& o) { o.owes = true; }), true},
      {"refunded, its fee kept and not settled", refunded([](Order& o) { o.batch.clear(); }), true},
      {"refunded with its fee before it was settled", refunded([](Order& o) {
         o.batch.clear();
         o.fee_returned = 3;
       }),
       false},
      {"refunded directly", refunded([](Order& o) {
         o.direct = true;
         o.batch.clear();
       }),
       false},
      {"closed", closed([](Order&) {}), false},
      {"closed, unknown", closed([](Order& o) { o.unknown = true; }), true},
      {"closed, a refund under way", closed([](Order& o) { o.refunding = 1; }), true},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(is_open(row.order) == row.open);
  }
}
