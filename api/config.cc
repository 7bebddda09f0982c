#include "api/config.h"

#include <toml++/toml.h>
#include <charconv>
#include <set>

namespace suanpan::api {
namespace {

// Reads members of one table and remembers which were asked for, so that the rest can be refused.
class Section {
 public:
  Section(const toml::table* table, std::string name) : table_(table), name_(std::move(name)) {}

  template <class T>
  Result<std::optional<T>> get(const char* key) {
    known_.insert(key);
    if (!table_ || !table_->contains(key)) return std::optional<T>{};
    const auto value = (*table_)[key].value_exact<T>();
    if (!value) return fail(Errc::kConfig, "{}.{} has the wrong type", name_, key);
    return std::optional<T>(*value);
  }
  Result<void> text(const char* key, std::string& into) {
    TRY(auto value, get<std::string>(key));
    if (value) into = *value;
    return success();
  }
  Result<void> path(const char* key, const std::filesystem::path& base,
                    std::filesystem::path& into) {
    TRY(auto value, get<std::string>(key));
    if (value) into = value->empty() ? std::filesystem::path{} : base / *value;
    return success();
  }
  template <class T>
  Result<void> number(const char* key, std::int64_t low, std::int64_t high, T& into) {
    TRY(auto value, get<std::int64_t>(key));
    if (!value) return success();
    if (*value < low || *value > high)
      return fail(Errc::kConfig, "{}.{} must lie in {}..{}", name_, key, low, high);
    into = static_cast<T>(*value);
    return success();
  }
  std::vector<const toml::table*> tables(const char* key) {
    known_.insert(key);
    std::vector<const toml::table*> found;
    if (const toml::array* array = table_ ? (*table_)[key].as_array() : nullptr)
      for (const toml::node& node : *array)
        if (const toml::table* table = node.as_table()) found.push_back(table);
    return found;
  }
  Result<void> refuse_others() const {
    if (table_)
      for (const auto& [key, value] : *table_)
        if (!known_.contains(std::string(key.str())))
          return fail(Errc::kConfig, "{}.{} is not a setting", name_, key.str());
    return success();
  }

 private:
  const toml::table* table_;
  std::string name_;
  std::set<std::string, std::less<>> known_;
};

Result<void> read_server(const toml::table& root, const std::filesystem::path& base, Config& c) {
  Section s(root["server"].as_table(), "server");
  TRY(auto listen, s.get<std::string>("listen"));
  if (listen) {
    TRY(auto parsed, parse_listen(*listen));
    c.listen_address = parsed.first;
    c.listen_port = parsed.second;
  }
  TRY(s.number("threads", 1, 64, c.threads));
  TRY(s.number("max_connections", 1, 100'000, c.max_connections));
  TRY(s.number("max_body_bytes", 1024, 64 << 20, c.max_body_bytes));
  TRY(s.number("header_timeout_ms", 100, 600'000, c.header_timeout_ms));
  TRY(s.number("body_timeout_ms", 100, 600'000, c.body_timeout_ms));
  TRY(s.path("tls_certificate", base, c.tls_certificate));
  TRY(s.path("tls_key", base, c.tls_key));
  if (c.tls_certificate.empty() != c.tls_key.empty())
    return fail(Errc::kConfig, "server.tls_certificate and server.tls_key go together");
  return s.refuse_others();
}

Result<void> read_book(const toml::table& root, const std::filesystem::path& base, Config& c) {
  Section s(root["book"].as_table(), "book");
  TRY(s.path("folder", base, c.book_folder));
  TRY(auto currency, s.get<std::string>("currency"));
  if (currency) {
    const auto known = currency_of(*currency);
    if (!known) return fail(Errc::kConfig, "book.currency {} is not known", *currency);
    c.currency = *known;
  }
  TRY(auto date, s.get<std::string>("first_date"));
  if (date) {
    c.first_date = Date::parse(*date);
    if (!c.first_date) return fail(Errc::kConfig, "book.first_date must be YYYY-MM-DD");
  }
  return s.refuse_others();
}

Result<void> read_clock(const toml::table& root, Config& c) {
  Section s(root["clock"].as_table(), "clock");
  std::string kind = "system", start;
  TRY(s.text("business", kind));
  TRY(s.text("start", start));
  if (kind != "system" && kind != "manual")
    return fail(Errc::kConfig, "clock.business must be system or manual");
  c.manual_business_clock = kind == "manual";
  if (c.manual_business_clock) {
    const auto at = Timestamp::parse(start);
    if (!at)
      return fail(Errc::kConfig, "clock.start must be a time like 2026-03-04T09:00:00+08:00");
    c.clock_start = *at;
  }
  return s.refuse_others();
}

Result<void> read_wechat(const toml::table& root, const std::filesystem::path& base, Config& c) {
  Section s(root["wechat"].as_table(), "wechat");
  TRY(s.text("base_url", c.wechat_base_url));
  for (const toml::table* table : s.tables("merchant")) {
    Section m(table, "wechat.merchant");
    WechatMerchantConfig merchant;
    TRY(m.text("mchid", merchant.mchid));
    TRY(m.text("appid", merchant.appid));
    TRY(m.text("serial", merchant.serial));
    TRY(m.path("key_file", base, merchant.key_file));
    TRY(m.path("api_v3_key_file", base, merchant.api_v3_key_file));
    TRY(m.path("platform_public_key_file", base, merchant.platform_public_key_file));
    TRY(m.text("platform_public_key_id", merchant.platform_public_key_id));
    if (merchant.mchid.empty() || merchant.appid.empty() || merchant.serial.empty() ||
        merchant.key_file.empty() || merchant.api_v3_key_file.empty())
      return fail(Errc::kConfig,
                  "wechat.merchant needs mchid, appid, serial, key_file and api_v3_key_file");
    TRY(m.refuse_others());
    c.wechat_merchants.push_back(std::move(merchant));
  }
  return s.refuse_others();
}

Result<void> read_bank(const toml::table& root, const std::filesystem::path& base, Config& c) {
  Section s(root["bank"].as_table(), "bank");
  TRY(s.text("base_url", c.bank_base_url));
  TRY(s.text("party", c.bank_party));
  TRY(s.path("key_file", base, c.bank_key_file));
  for (const toml::table* table : s.tables("account")) {
    Section a(table, "bank.account");
    BankAccountConfig account;
    TRY(a.text("number", account.number));
    TRY(a.text("name", account.name));
    TRY(a.text("agent", account.agent));
    if (account.number.empty() || account.agent.empty())
      return fail(Errc::kConfig, "bank.account needs number and agent");
    TRY(a.refuse_others());
    c.bank_accounts.push_back(std::move(account));
  }
  return s.refuse_others();
}

}  // namespace

Result<std::pair<std::string, std::uint16_t>> parse_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  std::uint16_t port = 0;
  if (colon == std::string_view::npos) return fail(Errc::kConfig, "listen must be ADDRESS:PORT");
  const std::string_view digits = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  std::string_view address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  if (error != std::errc{} || end != digits.data() + digits.size() || address.empty())
    return fail(Errc::kConfig, "listen must be ADDRESS:PORT");
  return std::pair{std::string(address), port};
}

Result<Config> load_config(const std::filesystem::path& file) {
  toml::table root;
  try {
    root = toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    const bool missing = !std::filesystem::exists(file);
    return fail(missing ? Errc::kNotFound : Errc::kMalformed, "{}:{}: {}", file.string(),
                error.source().begin.line, error.description());
  }
  const std::filesystem::path base = file.parent_path();
  Config c;
  TRY(read_server(root, base, c));
  TRY(read_book(root, base, c));
  TRY(read_clock(root, c));
  TRY(read_wechat(root, base, c));
  TRY(read_bank(root, base, c));
  Section reports(root["reports"].as_table(), "reports");
  TRY(reports.path("folder", base, c.reports_folder));
  TRY(reports.refuse_others());
  Section pub(root["public"].as_table(), "public");
  TRY(pub.text("url", c.public_url));
  TRY(pub.refuse_others());
  Section channels(root["channels"].as_table(), "channels");
  TRY(channels.path("ca_file", base, c.channels_ca_file));
  TRY(channels.refuse_others());
  Section notify(root["notify"].as_table(), "notify");
  TRY(auto allow, notify.get<bool>("allow_private_addresses"));
  c.notify_private_addresses = allow.value_or(false);
  TRY(notify.refuse_others());
  for (const auto& [key, value] : root) {
    static const std::set<std::string, std::less<>> kSections{
        "server", "book", "clock", "public", "reports", "wechat", "bank", "channels", "notify"};
    if (!kSections.contains(key.str()))
      return fail(Errc::kConfig, "{} is not a section", key.str());
  }
  return c;
}

}  // namespace suanpan::api
