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
  TRY(s.number("max_connections_per_peer", 1, 100'000, c.max_connections_per_peer));
  TRY(s.number("max_connections_per_loopback", 1, 100'000, c.max_connections_per_loopback));
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
    TRY(const auto fee_rate, m.get<std::string>("fee_rate"));
    if (fee_rate) {
      const auto rate = Rate::parse(*fee_rate);
      if (!rate || rate.value().nano < 0 || rate.value() > Rate::parse("1").value())
        return fail(Errc::kConfig, "wechat.merchant.fee_rate must be a rate like 0.006");
      merchant.fee_rate = rate.value();
    }
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

// "HH:MM" as minutes after midnight.
Result<void> read_time(Section& s, const char* key, int& minutes) {
  TRY(const auto text, s.get<std::string>(key));
  if (!text) return success();
  int hour = 0, minute = 0;
  const char* begin = text->data();
  const bool shaped = text->size() == 5 && (*text)[2] == ':';
  const bool read = shaped && std::from_chars(begin, begin + 2, hour).ptr == begin + 2 &&
                    std::from_chars(begin + 3, begin + 5, minute).ptr == begin + 5;
  if (!read || hour < 0 || hour > 23 || minute < 0 || minute > 59)
    return fail(Errc::kConfig, "night.{} must be a time of day like 10:05", key);
  minutes = hour * 60 + minute;
  return success();
}

// After the clock, the merchants and the accounts, which it takes its defaults from.
Result<void> read_night(const toml::table& root, Config& c) {
  Section s(root["night"].as_table(), "night");
  TRY(const auto enabled, s.get<bool>("enabled"));
  c.night.enabled = enabled.value_or(!c.manual_business_clock);
  TRY(read_time(s, "day_cut", c.night.day_cut_min));
  TRY(read_time(s, "fetch_statements", c.night.fetch_statements_min));
  TRY(read_time(s, "fetch_bills", c.night.fetch_bills_min));
  TRY(read_time(s, "reconcile", c.night.reconcile_min));
  TRY(read_time(s, "settle", c.night.settle_min));
  TRY(read_time(s, "reports", c.night.reports_min));
  TRY(s.number("first_retry_s", 1, 3600, c.night.first_retry_s));
  TRY(s.number("last_retry_s", 1, 86'400, c.night.last_retry_s));
  if (c.night.last_retry_s < c.night.first_retry_s)
    return fail(Errc::kConfig, "night.last_retry_s must not be below night.first_retry_s");
  for (const WechatMerchantConfig& merchant : c.wechat_merchants)
    c.night.bills.push_back(merchant.mchid);
  for (const BankAccountConfig& account : c.bank_accounts)
    c.night.statements.push_back(account.number);
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
  TRY(reports.text("organisation", c.organisation));
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
  TRY(read_night(root, c));
  for (const auto& [key, value] : root) {
    static const std::set<std::string, std::less<>> kSections{
        "server", "book", "clock",    "public", "reports",
        "wechat", "bank", "channels", "notify", "night"};
    if (!kSections.contains(key.str()))
      return fail(Errc::kConfig, "{} is not a section", key.str());
  }
  return c;
}

}  // namespace suanpan::api
