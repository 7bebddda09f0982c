#include "api/sandbox_command.h"

#include <fstream>

#include "api/config.h"
#include "api/open_book.h"
#include "api/sandbox_host.h"
#include "api/signals.h"
#include "ledger/base/file.h"
#include "ledger/base/json.h"
#include "ledger/base/log.h"

namespace suanpan::api {
namespace {

// What the engine needs to know of the other side, from the keys it made and the settings it was
// given.
Result<std::string> engine_settings(const SandboxOptions& o, const std::string& base_url) {
  TRY(auto keys_text, read_file(o.keys / "keys.json"));
  TRY(auto keys, JsonDocument::parse(keys_text));
  TRY(auto settings_text, read_file(o.settings));
  TRY(auto settings, JsonDocument::parse(settings_text));
  const auto folder = std::filesystem::absolute(o.keys);
  std::string out = fmt::format("[wechat]\nbase_url = \"{}\"\n", base_url);
  TRY(auto merchants, settings.root().get("merchants"));
  TRY(auto merchant_keys, keys.root().get("merchants"));
  for (const JsonValue& merchant : merchants.elements()) {
    TRY(auto mchid, merchant.get_string("mchid"));
    TRY(auto appids, merchant.get("appids"));
    const auto all = appids.elements();
    if (all.empty()) return fail(Errc::kConfig, "merchant {} has no appid", mchid);
    TRY(auto appid, all.front().as_string());
    for (const JsonValue& key : merchant_keys.elements()) {
      TRY(auto whose, key.get_string("mchid"));
      if (whose != mchid) continue;
      TRY(auto serial, key.get_string("serial_no"));
      TRY(auto api_v3_key, key.get_string("api_v3_key"));
      TRY(auto private_key, key.get_string("private_key"));
      std::ofstream(folder / fmt::format("merchant-{}-api-v3.key", mchid)) << api_v3_key;
      out += fmt::format(
          "\n[[wechat.merchant]]\nmchid = \"{0}\"\nappid = \"{1}\"\nserial = \"{2}\"\nkey_file = "
          "\"{3}/{4}\"\n"
          "api_v3_key_file = \"{3}/merchant-{0}-api-v3.key\"\n",
          mchid, appid, serial, folder.string(), private_key);
    }
  }
  TRY(auto bank_key, keys.root().get_string("bank_key"));
  std::ofstream(folder / "bank.key") << bank_key;
  out += fmt::format(
      "\n[bank]\nbase_url = \"{}\"\nparty = \"算盘支付中台\"\nkey_file = \"{}/bank.key\"\n",
      base_url, folder.string());
  TRY(auto accounts, settings.root().get("accounts"));
  for (const JsonValue& account : accounts.elements()) {
    TRY(auto number, account.get_string("account"));
    TRY(auto name, account.get_string("name"));
    out += fmt::format(
        "\n[[bank.account]]\nnumber = \"{}\"\nname = \"{}\"\nagent = \"102100099996\"\n", number,
        name);
  }
  return out;
}

Result<void> run(const SandboxOptions& o) {
  TRY(auto listen, parse_listen(o.listen));
  SandboxHostOptions options;
  options.address = listen.first;
  options.port = listen.second;
  options.keys = o.keys;
  options.settings = o.settings;
  options.tls_certificate = o.tls_certificate;
  options.tls_key = o.tls_key;
  TRY(auto host, SandboxHost::start(options));
  const std::string base_url = fmt::format(
      "{}://{}:{}", o.tls_certificate.empty() ? "http" : "https", listen.first, host->port());
  if (!o.engine_config.empty()) {
    TRY(auto text, engine_settings(o, base_url));
    // Written beside and moved, so that whoever waits for the file reads all of it.
    const auto beside = o.engine_config.string() + ".new";
    std::ofstream(beside) << text;
    std::error_code error;
    std::filesystem::rename(beside, o.engine_config, error);
    if (error) return fail(Errc::kIo, "{}: {}", o.engine_config.string(), error.message());
  }
  log_info("sandbox listens at {}", base_url);
  wait_for_end_signal();
  return success();
}

}  // namespace

int sandbox_command(const SandboxOptions& options) {
  block_end_signals();
  const auto ran = run(options);
  if (ran) return 0;
  fmt::print(stderr, "suanpan: {}: {}\n", name_of(ran.error().code), ran.error().message);
  return 1;
}

}  // namespace suanpan::api
