// Every setting: taken as written, refused with its line where its type, range or name is wrong.
#include "api/config.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/temp_folder.h"

using namespace suanpan;
using api::Config;

namespace {

struct File {
  test::TempFolder folder;
  std::filesystem::path path = folder.path() / "engine.toml";
  Result<Config> load(const std::string& text) {
    std::ofstream(path) << text;
    return api::load_config(path);
  }
};

Config good(File& file, const std::string& text) {
  auto config = file.load(text);
  INFO(text << (config ? "" : config.error().message));
  REQUIRE(config);
  return std::move(config.value());
}

constexpr const char* kWechatMerchant =
    "[[wechat.merchant]]\nmchid = \"1900000109\"\nappid = \"wx1\"\nserial = \"S\"\n"
    "key_file = \"k.pem\"\napi_v3_key_file = \"v3\"\n";

}  // namespace

TEST_CASE("config: an empty file is whole, and guesses nothing about money") {
  File file;
  const Config c = good(file, "");
  CHECK(c.listen_address == "127.0.0.1");
  CHECK(c.listen_port == 8080);
  CHECK(c.threads == 1);
  CHECK(c.max_connections == 1024);
  CHECK(c.max_body_bytes == 4'194'304);
  CHECK(c.book_folder == "var/book");
  CHECK(c.currency == Currency::kCNY);
  CHECK_FALSE(c.first_date);
  CHECK(c.shards == 0);
  CHECK(c.max_open_holds == 1'000'000);
  CHECK_FALSE(c.manual_business_clock);
  CHECK_FALSE(c.notify_private_addresses);
  CHECK(c.wechat_merchants.empty());
  CHECK(c.bank_accounts.empty());
  CHECK(c.tls_certificate.empty());
}

TEST_CASE("config: every setting is taken as it is written, paths from the file's folder") {
  File file;
  const Config c = good(
      file, std::string("[server]\nlisten = \"[::1]:9000\"\nthreads = 3\nmax_connections = 77\n"
                        "max_body_bytes = 2048\ntls_certificate = \"c.pem\"\ntls_key = \"k.pem\"\n"
                        "[book]\nfolder = \"b\"\ncurrency = \"USD\"\nfirst_date = \"2026-03-04\"\n"
                        "shards = 5\nmax_open_holds = 7\n"
                        "[clock]\nbusiness = \"manual\"\nstart = \"2026-03-04T09:00:00+08:00\"\n"
                        "[public]\nurl = \"https://pay.example.cn\"\n[reports]\nfolder = \"r\"\n"
                        "[backup]\nfolder = \"backups\"\n"
                        "[channels]\nca_file = \"ca.pem\"\n"
                        "[notify]\nallow_private_addresses = true\n"
                        "[wechat]\nbase_url = \"https://api.mch.weixin.qq.com\"\n") +
                kWechatMerchant +
                "platform_public_key_file = \"p.pem\"\nplatform_public_key_id = \"PUB_1\"\n"
                "[bank]\nbase_url = \"https://bank.example.cn:8443\"\nparty = \"算盘\"\n"
                "key_file = \"bank.key\"\n[[bank.account]]\nnumber = \"6228\"\nname = \"监管户\"\n"
                "agent = \"308584000013\"\n");
  const auto in_folder = [&](const char* name) { return file.folder.path() / name; };
  CHECK(c.listen_address == "::1");
  CHECK(c.listen_port == 9000);
  CHECK(c.threads == 3);
  CHECK(c.max_connections == 77);
  CHECK(c.max_body_bytes == 2048);
  CHECK(c.tls_certificate == in_folder("c.pem"));
  CHECK(c.tls_key == in_folder("k.pem"));
  CHECK(c.book_folder == in_folder("b"));
  CHECK(c.currency == Currency::kUSD);
  CHECK(c.first_date == Date::of(2026, 3, 4));
  CHECK(c.shards == 5);
  CHECK(c.max_open_holds == 7);
  CHECK(c.manual_business_clock);
  CHECK(c.clock_start == Timestamp::of_cn(*Date::of(2026, 3, 4), 9, 0, 0));
  CHECK(c.public_url == "https://pay.example.cn");
  CHECK(c.reports_folder == in_folder("r"));
  CHECK(c.backup_folder == in_folder("backups"));
  CHECK(c.channels_ca_file == in_folder("ca.pem"));
  CHECK(c.notify_private_addresses);
  CHECK(c.wechat_base_url == "https://api.mch.weixin.qq.com");
  REQUIRE(c.wechat_merchants.size() == 1);
  CHECK(c.wechat_merchants[0].mchid == "1900000109");
  CHECK(c.wechat_merchants[0].appid == "wx1");
  CHECK(c.wechat_merchants[0].serial == "S");
  CHECK(c.wechat_merchants[0].key_file == in_folder("k.pem"));
  CHECK(c.wechat_merchants[0].api_v3_key_file == in_folder("v3"));
  CHECK(c.wechat_merchants[0].platform_public_key_file == in_folder("p.pem"));
  CHECK(c.wechat_merchants[0].platform_public_key_id == "PUB_1");
  CHECK(c.bank_base_url == "https://bank.example.cn:8443");
  CHECK(c.bank_party == "算盘");
  CHECK(c.bank_key_file == in_folder("bank.key"));
  REQUIRE(c.bank_accounts.size() == 1);
  CHECK(c.bank_accounts[0].number == "6228");
  CHECK(c.bank_accounts[0].name == "监管户");
  CHECK(c.bank_accounts[0].agent == "308584000013");
}

TEST_CASE("config: the night is on with the system's clock, off with a manual one, unless told") {
  File file;
  CHECK(good(file, "").night.enabled);
  const std::string manual =
      "[clock]\nbusiness = \"manual\"\nstart = \"2026-03-04T09:00:00+08:00\"\n";
  CHECK_FALSE(good(file, manual).night.enabled);
  CHECK(good(file, manual + "[night]\nenabled = true\n").night.enabled);
  CHECK_FALSE(good(file, "[night]\nenabled = false\n").night.enabled);
  const Config c = good(file, std::string(kWechatMerchant) +
                                  "fee_rate = \"0.006\"\n[[bank.account]]\nnumber = \"6228\"\n"
                                  "agent = \"308584000013\"\n[reports]\norganisation = \"算盘\"\n"
                                  "[night]\nday_cut = \"00:05\"\nfetch_statements = \"06:30\"\n"
                                  "fetch_bills = \"10:05\"\nreconcile = \"10:20\"\n"
                                  "settle = \"10:40\"\nreports = \"23:59\"\n"
                                  "first_retry_s = 30\nlast_retry_s = 600\n");
  CHECK(c.night.day_cut_min == 5);
  CHECK(c.night.fetch_statements_min == 390);
  CHECK(c.night.fetch_bills_min == 605);
  CHECK(c.night.reconcile_min == 620);
  CHECK(c.night.settle_min == 640);
  CHECK(c.night.reports_min == 1439);
  CHECK(c.night.first_retry_s == 30);
  CHECK(c.night.last_retry_s == 600);
  CHECK(c.night.bills == std::vector<std::string>{"1900000109"});
  CHECK(c.night.statements == std::vector<std::string>{"6228"});
  CHECK(c.wechat_merchants[0].fee_rate == Rate::parse("0.006").value());
  CHECK(c.organisation == "算盘");
}

TEST_CASE("config: the ends of each range are in, one beyond is out") {
  File file;
  struct Row {
    const char *section, *key;
    std::int64_t low, high;
  };
  for (const Row& row :
       {Row{"server", "threads", 1, 64}, Row{"server", "max_connections", 1, 100'000},
        Row{"server", "max_body_bytes", 1024, 67'108'864}, Row{"book", "shards", 0, 64},
        Row{"book", "max_open_holds", 1, 100'000'000}}) {
    INFO(row.key);
    const auto with = [&](std::int64_t value) {
      return file.load(fmt::format("[{}]\n{} = {}\n", row.section, row.key, value));
    };
    CHECK(with(row.low));
    CHECK(with(row.high));
    for (const std::int64_t beyond : {row.low - 1, row.high + 1, std::int64_t{-1}}) {
      const auto refused = with(beyond);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Errc::kConfig);
      CHECK(refused.error().message == fmt::format("{}:2: {}.{} must lie in {}..{}",
                                                   file.path.string(), row.section, row.key,
                                                   row.low, row.high));
    }
  }
}

TEST_CASE("config: what is wrong is refused with file, line and key") {
  File file;
  struct Row {
    std::string text;
    std::string said;  ///< behind the file's name
  };
  const std::string merchant = kWechatMerchant;
  for (const Row& row : std::vector<Row>{
           // wrong types
           {"[server]\nlisten = 8080\n", ":2: server.listen has the wrong type"},
           {"[server]\n\nthreads = \"2\"\n", ":3: server.threads has the wrong type"},
           {"[server]\nthreads = 2.0\n", ":2: server.threads has the wrong type"},
           {"[server]\nmax_connections = true\n", ":2: server.max_connections has the wrong type"},
           {"[server]\nmax_body_bytes = \"4M\"\n", ":2: server.max_body_bytes has the wrong type"},
           {"[server]\ntls_certificate = 1\n", ":2: server.tls_certificate has the wrong type"},
           {"[server]\ntls_key = 1\n", ":2: server.tls_key has the wrong type"},
           {"[book]\nfolder = 1\n", ":2: book.folder has the wrong type"},
           {"[book]\ncurrency = 156\n", ":2: book.currency has the wrong type"},
           {"[book]\nfirst_date = 2026-03-04\n", ":2: book.first_date has the wrong type"},
           {"[clock]\nbusiness = true\n", ":2: clock.business has the wrong type"},
           {"[clock]\nstart = 1\n", ":2: clock.start has the wrong type"},
           {"[public]\nurl = 1\n", ":2: public.url has the wrong type"},
           {"[reports]\nfolder = []\n", ":2: reports.folder has the wrong type"},
           {"[channels]\nca_file = 1\n", ":2: channels.ca_file has the wrong type"},
           {"[notify]\nallow_private_addresses = \"yes\"\n",
            ":2: notify.allow_private_addresses has the wrong type"},
           {"[wechat]\nbase_url = 1\n", ":2: wechat.base_url has the wrong type"},
           {"[wechat]\nmerchant = 1\n", ":2: wechat.merchant has the wrong type"},
           {"[wechat]\nmerchant = [1]\n", ":2: wechat.merchant has the wrong type"},
           {"[wechat.merchant]\nmchid = \"1\"\n", ":1: wechat.merchant has the wrong type"},
           {merchant + "platform_public_key_id = 1\n",
            ":7: wechat.merchant.platform_public_key_id has the wrong type"},
           {"[bank]\nparty = 1\n", ":2: bank.party has the wrong type"},
           {"[bank]\nkey_file = 1\n", ":2: bank.key_file has the wrong type"},
           {"[[bank.account]]\nnumber = 6228\n", ":2: bank.account.number has the wrong type"},
           {"server = 1\n", ":1: server is not a section"},
           {"[reports]\norganisation = 1\n", ":2: reports.organisation has the wrong type"},
           {"[night]\nenabled = 1\n", ":2: night.enabled has the wrong type"},
           {"[night]\nday_cut = 10\n", ":2: night.day_cut has the wrong type"},
           {"[night]\nfirst_retry_s = \"60\"\n", ":2: night.first_retry_s has the wrong type"},
           {merchant + "fee_rate = 0.006\n", ":7: wechat.merchant.fee_rate has the wrong type"},
           // values
           {merchant + "fee_rate = \"2\"\n", ":7: wechat.merchant.fee_rate must be a rate"},
           {merchant + "fee_rate = \"-0.1\"\n", ":7: wechat.merchant.fee_rate must be a rate"},
           {"[night]\nday_cut = \"24:00\"\n", ":2: night.day_cut must be a time of day"},
           {"[night]\nfetch_statements = \"9:05\"\n", ":2: night.fetch_statements must be"},
           {"[night]\nfetch_bills = \"10:60\"\n", ":2: night.fetch_bills must be a time of day"},
           {"[night]\nreconcile = \"1o:00\"\n", ":2: night.reconcile must be a time of day"},
           {"[night]\nsettle = \"\"\n", ":2: night.settle must be a time of day"},
           {"[night]\nreports = \"noon\"\n", ":2: night.reports must be a time of day"},
           {"[night]\nfirst_retry_s = 0\n", ":2: night.first_retry_s must lie in 1..3600"},
           {"[night]\nlast_retry_s = 86401\n", ":2: night.last_retry_s must lie in 1..86400"},
           {"[night]\nfirst_retry_s = 61\nlast_retry_s = 60\n", ":3: night.last_retry_s must not"},
           {"[server]\nlisten = \"8080\"\n", ":2: server.listen must be ADDRESS:PORT"},
           {"[server]\nlisten = \"127.0.0.1:65536\"\n", ":2: server.listen must be ADDRESS:PORT"},
           {"[server]\nlisten = \":8080\"\n", ":2: server.listen must be ADDRESS:PORT"},
           {"[server]\ntls_certificate = \"c.pem\"\n",
            ":2: server.tls_certificate and server.tls_key go together"},
           {"[book]\ncurrency = \"XXX\"\n", ":2: book.currency is not known"},
           {"[book]\nfirst_date = \"2026-02-30\"\n", ":2: book.first_date must be"},
           {"[clock]\nbusiness = \"fast\"\n", ":2: clock.business must be system or manual"},
           {"[clock]\nbusiness = \"manual\"\n", ":1: clock.start must be a time"},
           {"[clock]\nbusiness = \"manual\"\nstart = \"soon\"\n", ":3: clock.start must be a time"},
           {"[clock]\nstart = \"2026-03-04T09:00:00+08:00\"\n", ":2: clock.start is for"},
           {"[clock]\nbusiness = \"system\"\nstart = \"2026-03-04T09:00:00+08:00\"\n",
            ":3: clock.start is for"},
           {"[public]\nurl = \"pay.example.cn\"\n", ":2: public.url must be"},
           {"[[wechat.merchant]]\nmchid = \"1\"\n", ":1: wechat.merchant needs"},
           {"[[bank.account]]\nnumber = \"6228\"\n", ":1: bank.account needs"},
           // unknown keys
           {"[night]\ncut = \"10:00\"\n", ":2: night.cut is not a setting"},
           {"[server]\nport = 80\n", ":2: server.port is not a setting"},
           {"[book]\nfolder = \"b\"\nfirst_day = \"2026-03-04\"\n",
            ":3: book.first_day is not a setting"},
           {"[clock]\nzone = \"UTC\"\n", ":2: clock.zone is not a setting"},
           {"[public]\nuri = \"x\"\n", ":2: public.uri is not a setting"},
           {"[reports]\npath = \"x\"\n", ":2: reports.path is not a setting"},
           {"[channels]\nca = \"x\"\n", ":2: channels.ca is not a setting"},
           {"[notify]\nprivate = true\n", ":2: notify.private is not a setting"},
           {"[wechat]\nurl = \"x\"\n", ":2: wechat.url is not a setting"},
           {merchant + "secret = \"x\"\n", ":7: wechat.merchant.secret is not a setting"},
           {"[bank]\nurl = \"x\"\n", ":2: bank.url is not a setting"},
           {"[[bank.account]]\nnumber = \"1\"\nagent = \"2\"\nbank = \"x\"\n",
            ":4: bank.account.bank is not a setting"},
           {"[server]\nthreads = 1\n\n[sever]\nthreads = 2\n", ":4: sever is not a section"},
           {"threads = 2\n", ":1: threads is not a section"}}) {
    INFO(row.text);
    const auto refused = file.load(row.text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::kConfig);
    CHECK_THAT(refused.error().message, Catch::StartsWith(file.path.string() + row.said));
  }
}

TEST_CASE("config: a channel is talked to in clear on this machine only") {
  File file;
  for (const char* section : {"wechat", "bank"}) {
    for (const char* url : {"https://api.example.cn", "http://127.0.0.1:8081", "http://localhost",
                            "http://[::1]:8081", "http://127.8.9.1"}) {
      INFO(section << " " << url);
      CHECK(file.load(fmt::format("[{}]\nbase_url = \"{}\"\n", section, url)));
    }
    for (const char* url :
         {"http://api.example.cn", "http://10.0.0.1", "http://localhost.example.cn",
          "http://127.example.cn", "http://128.0.0.1", "http://[::2]", "http://0.0.0.0"}) {
      INFO(section << " " << url);
      const auto refused = file.load(fmt::format("[{}]\nbase_url = \"{}\"\n", section, url));
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Errc::kConfig);
      CHECK(refused.error().message ==
            fmt::format("{}:2: {}.base_url must be https:// where it leads to another machine",
                        file.path.string(), section));
    }
    for (const char* url : {"api.example.cn", "ftp://127.0.0.1", "http://"}) {
      const auto refused = file.load(fmt::format("[{}]\nbase_url = \"{}\"\n", section, url));
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Errc::kConfig);
    }
  }
}

TEST_CASE("config: what is no TOML is malformed, with its line; a missing file is not found") {
  File file;
  for (const char* text : {"[server]\nthreads = \n", "[server]\nthreads = 1\nthreads = 2\n",
                           "[server]\nlisten = \"127.0.0.1\n"}) {
    INFO(text);
    const auto refused = file.load(text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::kMalformed);
    CHECK_THAT(refused.error().message, Catch::StartsWith(file.path.string() + ":"));
  }
  const auto missing = api::load_config(file.folder.path() / "none.toml");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::kNotFound);
}
