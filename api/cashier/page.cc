#include "api/cashier/page.h"

#include "ledger/base/digest.h"
#include "ledger/base/html.h"

namespace suanpan::api::cashier {
namespace {

constexpr int kRefresh_s = 3;

constexpr std::string_view kStyle = R"css(
:root{--ink:#1d2129;--soft:#6b7480;--line:#e7eaee;--brand:#07a35a;--warn:#b45f06;--bad:#b3261e}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;background:#f3f5f7;color:var(--ink);
font:16px/1.55 -apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif;
display:flex;flex-direction:column;align-items:center;padding:0 0 32px}
main{width:100%;max-width:440px;background:#fff;margin:48px 0 0;border-radius:14px;overflow:hidden;
box-shadow:0 1px 2px rgba(20,30,40,.06),0 12px 32px rgba(20,30,40,.08)}
header{padding:28px 28px 22px;text-align:center;border-bottom:1px solid var(--line)}
.merchant{font-size:15px;color:var(--soft);overflow-wrap:anywhere}
.amount{font-size:40px;line-height:1.25;font-weight:650;letter-spacing:-.5px;margin-top:6px;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.amount small{font-size:22px;font-weight:600;margin-right:4px}
.subject{margin-top:4px;overflow-wrap:anywhere}
section{padding:26px 28px;text-align:center}
h1{font-size:20px;line-height:1.4;margin:0 0 4px;font-weight:650}
p{margin:0;color:var(--soft);font-size:15px;text-wrap:balance}
.mark{width:56px;height:56px;margin:0 auto 14px;display:block}
.qr{display:block;width:248px;height:248px;margin:-8px auto 10px;background:#fff}
button,.button{display:block;width:100%;border:0;border-radius:10px;padding:14px 16px;
background:var(--brand);color:#fff;font:inherit;font-size:17px;font-weight:600;cursor:pointer;
text-decoration:none;text-align:center}
button:hover,.button:hover{filter:brightness(.95)}
button:focus-visible,.button:focus-visible{outline:3px solid #9bd8b9;outline-offset:2px}
button[disabled]{opacity:.6;cursor:default}
.choice{text-align:left;font-size:14px;color:var(--soft);margin:0 0 10px}
.notice{margin:0 0 16px;padding:10px 14px;border-radius:8px;background:#fdf3e4;color:var(--warn);
font-size:14px;text-align:left}
.after{margin-top:20px}
dl{margin:0;padding:18px 28px 22px;border-top:1px solid var(--line);font-size:14px;
display:grid;grid-template-columns:auto 1fr;gap:6px 16px}
dt{color:var(--soft)}
dd{margin:0;text-align:right;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
footer{margin-top:18px;padding:0 20px;font-size:13px;color:var(--soft);text-align:center}
@media (max-width:480px){body{background:#fff;padding-bottom:24px}
main{margin:0;border-radius:0;box-shadow:none;max-width:none}
header{padding:32px 20px 22px}section{padding:24px 20px}dl{padding:16px 20px}}
)css";

// Counts the time down and keeps a second press from sending the form twice. The page works without
// it: time is also written out, and a choice made twice is one choice.
constexpr std::string_view kScript = R"js(
(function(){var e=document.getElementById('left');if(e){var s=+e.getAttribute('data-left');
var t=Date.now();var show=function(){var n=Math.max(0,Math.round(s-(Date.now()-t)/1000));
var h=Math.floor(n/3600),m=Math.floor(n%3600/60),r=n%60;var p=function(x){return(x<10?'0':'')+x};
e.textContent='剩余 '+(h?h+':'+p(m):m)+':'+p(r)};show();setInterval(show,1000)}
var f=document.getElementById('pay');if(f)f.addEventListener('submit',function(){
var b=f.querySelector('button');b.disabled=true;b.textContent='正在生成付款码…'})})();
)js";

constexpr std::string_view kTick =
    R"svg(<svg class="mark" viewBox="0 0 56 56" aria-hidden="true"><circle cx="28" cy="28" r="28" fill="#07a35a"/><path d="M16 29l8 8 16-17" fill="none" stroke="#fff" stroke-width="4.5" stroke-linecap="round" stroke-linejoin="round"/></svg>)svg";
constexpr std::string_view kClock =
    R"svg(<svg class="mark" viewBox="0 0 56 56" aria-hidden="true"><circle cx="28" cy="28" r="28" fill="#8a94a0"/><path d="M28 15v14l9 6" fill="none" stroke="#fff" stroke-width="4.5" stroke-linecap="round" stroke-linejoin="round"/></svg>)svg";
constexpr std::string_view kCross =
    R"svg(<svg class="mark" viewBox="0 0 56 56" aria-hidden="true"><circle cx="28" cy="28" r="28" fill="#8a94a0"/><path d="M20 20l16 16M36 20L20 36" fill="none" stroke="#fff" stroke-width="4.5" stroke-linecap="round"/></svg>)svg";

struct Words {
  std::string_view mark;  ///< a picture, or nothing
  std::string_view title;
  std::string_view text;
  bool waits = false;  ///< something may change without the payer: the page asks again
};

Words words_of(CashierState state) {
  switch (state) {
    case CashierState::kChoosing:
      return {"", "选择支付方式", "", false};
    case CashierState::kPreparing:
      return {kClock, "正在生成付款码", "请稍候，页面会自动更新", true};
    case CashierState::kScanning:
      return {"", "请用微信扫一扫付款",
              "付款完成后页面会自动更新；在手机上打开时，请用另一台手机扫码", true};
    case CashierState::kConfirming:
      return {kClock, "正在确认支付结果", "付款时间已到；如已付款，结果稍后显示，请勿重复付款",
              true};
    case CashierState::kPaid:
      return {kTick, "支付成功", "", false};
    case CashierState::kRefunded:
      return {kTick, "已全额退款", "款项将退回原支付账户", false};
    case CashierState::kClosed:
      return {kCross, "订单已关闭", "如仍需付款，请回到商户处重新下单", false};
    case CashierState::kExpired:
      return {kClock, "订单已过期", "如仍需付款，请回到商户处重新下单", false};
    case CashierState::kFailed:
      return {kCross, "支付失败", "请回到商户处重新下单", false};
  }
  return {};
}

bool may_be_paid(CashierState state) {
  return state == CashierState::kChoosing || state == CashierState::kPreparing ||
         state == CashierState::kScanning;
}

std::string head(std::string_view title, bool waits) {
  std::string out = R"(<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8">)"
                    R"(<meta name="viewport" content="width=device-width,initial-scale=1">)"
                    R"(<meta name="robots" content="noindex">)";
  if (waits) out += fmt::format(R"(<meta http-equiv="refresh" content="{}">)", kRefresh_s);
  out += fmt::format("<title>{}</title><style>{}</style></head><body><main>", title, kStyle);
  return out;
}

std::string_view currency_sign(Currency currency) {
  return currency == Currency::kCNY ? "¥" : code_of(currency);
}

std::string section(const CashierView& view, const Words& words) {
  std::string out = "<section>";
  if (!view.notice.empty())
    out += fmt::format(R"(<p class="notice" role="alert">{}</p>)", escape_html(view.notice));
  if (view.state == CashierState::kChoosing) {
    out += fmt::format(
        R"(<form id="pay" method="post" action="{}"><p class="choice">{}</p>)"
        R"(<button name="way" value="WX_NATIVE">微信扫码支付</button></form></section>)",
        escape_html(view.pay_action), words.title);
    return out;
  }
  out += words.mark;
  if (view.state == CashierState::kScanning) out += view.code_svg;
  out += fmt::format(R"(<h1 role="status">{}</h1>)", words.title);
  if (!words.text.empty()) out += fmt::format("<p>{}</p>", words.text);
  if (!view.return_link.empty())
    out += fmt::format(
        R"(<p class="after"><a class="button" rel="noreferrer" href="{}">返回商户</a></p>)",
        escape_html(view.return_link));
  return out + "</section>";
}

std::string row(std::string_view name, std::string_view value) {
  return fmt::format("<dt>{}</dt><dd>{}</dd>", name, value);
}

std::string details(const CashierView& view) {
  std::string out = "<dl>";
  const bool open = view.state == CashierState::kChoosing ||
                    view.state == CashierState::kPreparing || view.state == CashierState::kScanning;
  if (open)
    out += row("付款截止", fmt::format(R"({}<br><span id="left" data-left="{}"></span>)",
                                       view.expires_at.plain_cn(), view.left_s));
  if (view.state == CashierState::kExpired || view.state == CashierState::kConfirming)
    out += row("过期时间", view.expires_at.plain_cn());
  if (view.state == CashierState::kPaid && view.paid_at.ns != 0)
    out += row("支付时间", view.paid_at.plain_cn());
  return out + row("订单号", escape_html(view.order_id)) + "</dl>";
}

std::string foot(bool open) {
  const std::string_view advice =
      open ? "<footer>请核对商户名称和金额后再付款</footer>" : std::string_view{};
  return fmt::format("</main>{}<script>{}</script></body></html>", advice, kScript);
}

std::string source_of(std::string_view text) {
  return "'sha256-" + base64(bytes_of(sha256(text))) + "'";
}

}  // namespace

std::string render_cashier(const CashierView& view) {
  const Words words = words_of(view.state);
  return head(words.title, words.waits) +
         fmt::format(R"(<header><div class="merchant">{}</div>)"
                     R"(<div class="amount"><small>{}</small>{}</div>)"
                     R"(<div class="subject">{}</div></header>)",
                     escape_html(view.merchant), currency_sign(view.amount.currency),
                     format_grouped(view.amount), escape_html(view.subject)) +
         section(view, words) + details(view) + foot(may_be_paid(view.state));
}

std::string render_cashier_notice(std::string_view title, std::string_view text) {
  return head(title, false) +
         fmt::format("<section>{}<h1>{}</h1><p>{}</p></section>", kCross, escape_html(title),
                     escape_html(text)) +
         "</main></body></html>";
}

const std::string& cashier_policy() {
  static const std::string policy = fmt::format(
      "default-src 'none'; style-src {}; script-src {}; form-action 'self'; base-uri 'none'; "
      "frame-ancestors 'none'",
      source_of(kStyle), source_of(kScript));
  return policy;
}

}  // namespace suanpan::api::cashier
