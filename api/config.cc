#include "api/config.h"

#include <toml++/toml.h>
#include <charconv>
#include <set>

#include "channels/url.h"
#include "ledger/base/limits.h"

namespace suanpan::api {
namespace {

// Reads members of one table and remembers which were asked for, so that the rest can be refused.
// Every fault names the line that it stands in; load_config() puts the file's name in front.
class Section {
 public:
  Section(const toml::table* table, std::string name) : table_(table), name_(std::move(name)) {}

  /// What is wrong with a member, at its line; at the section's where it is absent.
  Error fault(const char* key, std::string_view what) const {
    const toml::node* node = table_ ? table_->get(key) : nullptr;
    if (!node) node = table_;
    return fail(Errc::kConfig, "{}: {}.{} {}", node ? node->source().begin.line : 0, name_, key,
                what);
  }
  /// What is wrong with the whole.
  Error fault(std::string_view what) const {
    return fail(Errc::kConfig, "{}: {} {}", table_ ? table_->source().begin.line : 0, name_, what);
  }
  bool has(const char* key) const { return table_ && table_->contains(key); }

  template <class T>
  Result<std::optional<T>> get(const char* key) {
    known_.insert(key);
    if (!has(key)) return std::optional<T>{};
    const auto value = (*table_)[key].value_exact<T>();
    if (!value) return fault(key, "has the wrong type");
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
      return fault(key, fmt::format("must lie in {}..{}", low, high));
    into = static_cast<T>(*value);
    return success();
  }
  /// The tables of an array ([[section.key]]); anything else there is refused by refuse_others().
  std::vector<const toml::table*> tables(const char* key) {
    known_.insert(key);
    std::vector<const toml::table*> found;
    if (!has(key)) return found;
    const toml::array* array = (*table_)[key].as_array();
    if (!array || !array->is_homogeneous<toml::table>()) {
      if (!array || !array->empty()) wrong_ = fault(key, "has the wrong type");
      return found;
    }
    for (const toml::node& node : *array) found.push_back(node.as_table());
    return found;
  }
  Result<void> refuse_others() const {
    if (wrong_) return *wrong_;
    if (table_)
      for (const auto& [key, value] : *table_)
        if (!known_.contains(std::string(key.str())))
          return fail(Errc::kConfig, "{}: {}.{} is not a setting", key.source().begin.line, name_,
                      key.str());
    return success();
  }

 private:
  const toml::table* table_;
  std::string name_;
  std::set<std::string, std::less<>> known_;
  std::optional<Error> wrong_;
};

bool is_loopback(const channels::Url& url) {
  return url.host == "localhost" || url.host == "::1" ||
         (url.host_is_address() && url.host.starts_with("127."));
}

// Orders, payees and our signatures go there: in clear only to this machine (the sandbox).
Result<void> read_channel_url(Section& s, std::string& into) {
  TRY(s.text("base_url", into));
  if (into.empty()) return success();
  const auto url = channels::Url::parse(into);
  if (!url) return s.fault("base_url", url.error().message);
  if (!url.value().is_tls() && !is_loopback(url.value()))
    return s.fault("base_url", "must be https:// where it leads to another machine");
  return success();
}

Result<void> read_server(const toml::table& root, const std::filesystem::path& base, Config& c) {
  Section s(root["server"].as_table(), "server");
  TRY(auto listen, s.get<std::string>("listen"));
  if (listen) {
    const auto parsed = parse_listen(*listen);
    if (!parsed) return s.fault("listen", "must be ADDRESS:PORT");
    c.listen_address = parsed.value().first;
    c.listen_port = parsed.value().second;
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
    return s.fault("tls_certificate", "and server.tls_key go together");
  return s.refuse_others();
}

Result<void> read_book(const toml::table& root, const std::filesystem::path& base, Config& c) {
  Section s(root["book"].as_table(), "book");
  TRY(s.path("folder", base, c.book_folder));
  TRY(auto currency, s.get<std::string>("currency"));
  if (currency) {
    const auto known = currency_of(*currency);
    if (!known) return s.fault("currency", "is not known");
    c.currency = *known;
  }
  TRY(auto date, s.get<std::string>("first_date"));
  if (date) {
    c.first_date = Date::parse(*date);
    if (!c.first_date) return s.fault("first_date", "must be \"YYYY-MM-DD\"");
  }
  TRY(s.number("shards", 0, kMaxShards, c.shards));
  TRY(s.number("max_open_holds", 1, 100'000'000, c.max_open_holds));
  return s.refuse_others();
}

Result<void> read_clock(const toml::table& root, Config& c) {
  Section s(root["clock"].as_table(), "clock");
  std::string kind = "system", start;
  TRY(s.text("business", kind));
  TRY(s.text("start", start));
  if (kind != "system" && kind != "manual") return s.fault("business", "must be system or manual");
  c.manual_business_clock = kind == "manual";
  if (!c.manual_business_clock && s.has("start"))
    return s.fault("start", "is for clock.business = \"manual\" only");
  if (c.manual_business_clock) {
    const auto at = Timestamp::parse(start);
    if (!at) return s.fault("start", "must be a time like \"2026-03-04T09:00:00+08:00\"");
    c.clock_start = *at;
  }
  return s.refuse_others();
}

Result<void> read_wechat(const toml::table& root, const std::filesystem::path& base, Config& c) {
  Section s(root["wechat"].as_table(), "wechat");
  TRY(read_channel_url(s, c.wechat_base_url));
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
        return m.fault("fee_rate", "must be a rate like 0.006");
      merchant.fee_rate = rate.value();
    }
    if (merchant.mchid.empty() || merchant.appid.empty() || merchant.serial.empty() ||
        merchant.key_file.empty() || merchant.api_v3_key_file.empty())
      return m.fault("needs mchid, appid, serial, key_file and api_v3_key_file");
    TRY(m.refuse_others());
    c.wechat_merchants.push_back(std::move(merchant));
  }
  return s.refuse_others();
}

Result<void> read_bank(const toml::table& root, const std::filesystem::path& base, Config& c) {
  Section s(root["bank"].as_table(), "bank");
  TRY(read_channel_url(s, c.bank_base_url));
  TRY(s.text("party", c.bank_party));
  TRY(s.path("key_file", base, c.bank_key_file));
  for (const toml::table* table : s.tables("account")) {
    Section a(table, "bank.account");
    BankAccountConfig account;
    TRY(a.text("number", account.number));
    TRY(a.text("name", account.name));
    TRY(a.text("agent", account.agent));
    if (account.number.empty() || account.agent.empty()) return a.fault("needs number and agent");
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
    return s.fault(key, "must be a time of day like 10:05");
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
    return s.fault("last_retry_s", "must not be below night.first_retry_s");
  for (const WechatMerchantConfig& merchant : c.wechat_merchants)
    c.night.bills.push_back(merchant.mchid);
  for (const BankAccountConfig& account : c.bank_accounts)
    c.night.statements.push_back(account.number);
  return s.refuse_others();
}

Result<void> refuse_other_sections(const toml::table& root) {
  static const std::set<std::string, std::less<>> kSections{
      "server", "book", "clock",    "public", "reports", "backup",
      "wechat", "bank", "channels", "notify", "night"};
  for (const auto& [key, value] : root)
    if (!kSections.contains(key.str()) || !value.is_table())
      return fail(Errc::kConfig, "{}: {} is not a section", key.source().begin.line, key.str());
  return success();
}

Result<Config> read_config(const toml::table& root, const std::filesystem::path& base) {
  TRY(refuse_other_sections(root));
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
  Section backup(root["backup"].as_table(), "backup");
  TRY(backup.path("folder", base, c.backup_folder));
  TRY(backup.refuse_others());
  Section pub(root["public"].as_table(), "public");
  TRY(pub.text("url", c.public_url));
  if (!channels::Url::parse(c.public_url)) return pub.fault("url", "must be an http or https URL");
  TRY(pub.refuse_others());
  Section channels(root["channels"].as_table(), "channels");
  TRY(channels.path("ca_file", base, c.channels_ca_file));
  TRY(channels.refuse_others());
  Section notify(root["notify"].as_table(), "notify");
  TRY(auto allow, notify.get<bool>("allow_private_addresses"));
  c.notify_private_addresses = allow.value_or(false);
  TRY(notify.refuse_others());
  TRY(read_night(root, c));
  return c;
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
  auto config = read_config(root, file.parent_path());
  if (!config) return fail(config.error().code, "{}:{}", file.string(), config.error().message);
  return config;
}

}  // namespace suanpan::api
