#include "api/jeepay/instructions.h"

#include <algorithm>

#include "channels/chart.h"
#include "ledger/base/json.h"
#include "ledger/base/limits.h"
#include "ledger/core/text.h"

namespace suanpan::api::jeepay {
namespace {

constexpr std::size_t kMaxLabelBytes = 128;
constexpr std::size_t kMaxProductBytes = 64;

Result<std::string> short_text(const JsonValue& value, std::string_view name, std::size_t max) {
  const auto text = value.as_string();
  const bool fits = text && !text.value().empty() && text.value().size() <= max;
  const bool clean = fits && is_utf8(text.value()) &&
                     std::none_of(text.value().begin(), text.value().end(), [](char c) {
                       return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
                     });
  if (!clean) return fail(Errc::kMalformed, "{} 应为 1 到 {} 字节的文本", name, max);
  return std::string(text.value());
}

Result<Instructions::Line> read_line(const JsonValue& value) {
  Instructions::Line line;
  bool has_amount = false;
  if (!value.is_object()) return fail(Errc::kMalformed, "lines 的每一项应为对象");
  for (const JsonMember& member : value.members()) {
    if (member.key == "label") {
      TRY(line.label, short_text(member.value, "lines.label", kMaxLabelBytes));
    } else if (member.key == "amount") {
      const auto amount = member.value.as_int64();
      if (!amount || amount.value() <= 0 || amount.value() > kMaxAmountMinor)
        return fail(Errc::kMalformed, "lines.amount 应为正整数, 以分为单位");
      line.amount = amount.value();
      has_amount = true;
    } else {
      return fail(Errc::kMalformed, "lines 的每一项只能有 label 和 amount");
    }
  }
  if (line.label.empty() || !has_amount)
    return fail(Errc::kMalformed, "lines 的每一项必须有 label 和 amount");
  return line;
}

Result<std::vector<Instructions::Line>> read_lines(const JsonValue& value) {
  std::vector<Instructions::Line> lines;
  if (!value.is_array()) return fail(Errc::kMalformed, "lines 应为数组");
  const auto elements = value.elements();
  if (elements.empty() || elements.size() > kMaxLines)
    return fail(Errc::kMalformed, "lines 应有 1 到 {} 项", kMaxLines);
  for (const JsonValue& element : elements) {
    TRY(auto line, read_line(element));
    lines.push_back(std::move(line));
  }
  return lines;
}

/// Whether `text` can be an object; blanks before it do not matter.
bool begins_object(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

/// Returns whether `text` says anything of ours.
Result<bool> read_into(std::string_view text, std::string_view field, Instructions& out) {
  if (!begins_object(text)) return false;
  const auto document = JsonDocument::parse(text);
  if (!document) return fail(Errc::kMalformed, "字段 {} 以 {{ 开头, 但不是合法的 JSON 对象", field);
  const JsonValue root = document.value().root();
  const auto lines = root.find("lines");
  const auto account = root.find("account");
  const auto product = root.find("product");
  if (lines) {
    TRY(out.lines, read_lines(*lines));
  }
  if (account) {
    TRY(out.account, short_text(*account, "account", kMaxAccountCodeBytes));
  }
  if (product) {
    TRY(out.product, short_text(*product, "product", kMaxProductBytes));
  }
  return lines || account || product;
}

/// A supervised account that the merchant may name.
Result<void> check_account(const channels::Merchant& merchant, const std::string& account) {
  if (!is_below(merchant.supervised_path, account))
    return fail(Errc::kMismatch, "account 不在本商户的监管账户之下");
  return success();
}

}  // namespace

Result<Instructions> read_instructions(std::string_view channel_extra, std::string_view ext_param) {
  Instructions out;
  Instructions other;
  TRY(const bool first, read_into(channel_extra, "channelExtra", out));
  TRY(const bool second, read_into(ext_param, "extParam", other));
  if (first && second)
    return fail(Errc::kMalformed,
                "lines, account, product 只能出现在 channelExtra 或 extParam 之一");
  return first ? out : other;
}

bool is_below(std::string_view path, std::string_view account) {
  if (path.empty() || !account.starts_with(path)) return false;
  const std::string_view rest = account.substr(path.size());
  return rest.size() > 1 && rest.front() == '/';
}

Result<std::vector<OrderLine>> order_lines(const channels::Merchant& merchant,
                                           const Instructions& instructions, Money amount) {
  if (merchant.mode == channels::MerchantMode::kDirect) {
    if (!instructions.lines.empty() || !instructions.account.empty())
      return fail(Errc::kMismatch, "直连商户的资金不经过平台, 不能指定 lines 或 account");
    return std::vector<OrderLine>{};
  }
  std::string account = channels::chart::merchant_pending(merchant.mch_no);
  if (!instructions.account.empty()) {
    TRY(check_account(merchant, instructions.account));
    account = instructions.account;
  }
  if (instructions.lines.empty()) return std::vector<OrderLine>{{"货款", account, amount.minor}};
  std::vector<OrderLine> lines;
  Int128 sum = 0;
  for (const Instructions::Line& line : instructions.lines) {
    sum += line.amount;
    lines.push_back({line.label, account, line.amount});
  }
  if (sum != amount.minor) return fail(Errc::kMalformed, "lines 的金额之和必须等于 amount");
  return lines;
}

Result<std::string> source_account(const channels::Merchant& merchant,
                                   const Instructions& instructions) {
  if (!instructions.lines.empty()) return fail(Errc::kMismatch, "转账不能指定 lines");
  if (!instructions.account.empty()) {
    TRY(check_account(merchant, instructions.account));
    return instructions.account;
  }
  if (merchant.mode == channels::MerchantMode::kDirect)
    return fail(Errc::kMismatch, "直连商户在平台没有资金, 不能转账");
  return channels::chart::merchant_payable(merchant.mch_no);
}

}  // namespace suanpan::api::jeepay
