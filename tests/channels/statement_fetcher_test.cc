// What is fetched of a day, and when a day is believed to be empty.
#include "channels/statement_fetcher.h"

#include <catch2/catch.hpp>
#include <deque>

#include "channels/wechat/bill.h"
#include "tests/channels/wechat/counterpart.h"

namespace suanpan::channels {
namespace {

using wechat::test::answer;
using wechat::test::kNow;
using wechat::test::unsigned_answer;

const std::string kNothing = R"({"code":"NO_STATEMENT_EXIST","message":"账单文件不存在"})";
const Date kDay = *Date::of(2026, 3, 3);

/// The platform's next answers, and what it was asked.
struct World {
  ManualClock real{kNow};
  std::deque<HttpResponse> answers;
  std::vector<std::string> asked;
  std::unique_ptr<WechatChannel> channel;
  std::unique_ptr<StatementFetcher> fetcher;

  explicit World(std::vector<HttpResponse> next, bool knows_keys = true)
      : answers(next.begin(), next.end()) {
    std::vector<wechat::Credentials> merchants{wechat::test::credentials()};
    if (!knows_keys) merchants.front().platform_keys = {};
    auto made = WechatChannel::make(
        {"https://api.mch.weixin.qq.com", "https://pay.example.cn/notify/wechat"},
        std::move(merchants));
    REQUIRE(made);
    channel = std::move(made.value());
    fetcher = std::make_unique<StatementFetcher>(
        channel.get(), nullptr,
        [this](const std::string&, HttpRequest request, int,
               std::function<void(Result<HttpResponse>)> done) {
          asked.push_back(std::string(request.path()));
          REQUIRE_FALSE(answers.empty());
          const HttpResponse next = answers.front();
          answers.pop_front();
          done(next);
        },
        real);
  }
  Result<std::string> bill() { return fetcher->trade_bill("1900000109", kDay); }
};

HttpResponse certificates() {
  const auto& keys = wechat::test::keys();
  return answer(200, fmt::format(R"({{"data":[{{"serial_no":"{}","encrypt_certificate":{}}}]}})",
                                 keys.certificate_serial,
                                 wechat::test::sealed(keys.certificate_pem, "certificate", "")));
}

HttpResponse forged() {
  HttpResponse response{400, {}, kNothing};
  wechat::test::sign_as(response.headers, kNothing, wechat::test::keys().stranger,
                        wechat::test::keys().certificate_serial, kNow);
  return response;
}

using Texts = std::vector<std::string>;

TEST_CASE("statement fetcher: a day that WeChat signs to be empty is an empty bill") {
  World w({answer(400, kNothing)});
  const auto bill = w.bill();
  REQUIRE(bill);
  CHECK(bill.value() == wechat::empty_trade_bill());
  CHECK(w.asked == Texts{"/v3/bill/tradebill"});
}

TEST_CASE("statement fetcher: an empty day that nobody signed is not known yet") {
  for (const int status : {400, 404}) {
    World w({unsigned_answer(status, kNothing)});
    const auto bill = w.bill();
    REQUIRE_FALSE(bill);
    CHECK(bill.error().code == Errc::kUnavailable);
    CHECK(bill.error().message.find("without a signature") != std::string::npos);
    World flow({unsigned_answer(status, kNothing)});
    CHECK(flow.fetcher->fund_flow_bill("1900000109", kDay).error().code == Errc::kUnavailable);
  }
}

TEST_CASE("statement fetcher: an empty day under a forged signature is no answer at all") {
  World w({forged(), certificates(), forged()});
  const auto bill = w.bill();
  REQUIRE_FALSE(bill);
  CHECK(bill.error().code == Errc::kBadSignature);
  // Once more with fresh keys, and no further.
  CHECK(w.asked == Texts{"/v3/bill/tradebill", "/v3/certificates", "/v3/bill/tradebill"});
}

TEST_CASE("statement fetcher: after a start the keys are fetched before an empty day is believed") {
  World w({answer(400, kNothing), certificates(), answer(400, kNothing)}, false);
  const auto bill = w.bill();
  REQUIRE(bill);
  CHECK(bill.value() == wechat::empty_trade_bill());
  CHECK(w.asked.size() == 3);
}

}  // namespace
}  // namespace suanpan::channels
