#include "api/jeepay/caller.h"

#include <mutex>

namespace suanpan::api::jeepay {
namespace {

Error unknown_caller() { return fail(Errc::kNotFound, "商户或应用不存在, 或已停用"); }

// What is wrong with our own documents is never the caller's fault, so it must not read like it.
Error damaged(std::string_view what, const Error& error) {
  return fail(Errc::kCorrupt, "{}: {}", what, error.message);
}

Result<Secret> secret_of(const Vault& vault, const channels::App& app) {
  auto secret = vault.unseal(fmt::format("app|{}", app.app_id), app.secret_sealed);
  if (!secret) return damaged("app secret", secret.error());
  return secret;
}

template <class T>
Result<T> decoded(const DocumentPtr& document, Result<T> (*decode)(std::string_view)) {
  auto value = decode(document->bytes);
  if (!value) return damaged(document->key, value.error());
  return value;
}

}  // namespace

Result<CallerPtr> Callers::find(std::string_view mch_no, std::string_view app_id) {
  const DocumentPtr app = book_.document(DocumentKind::kApp, app_id);
  const DocumentPtr merchant = book_.document(DocumentKind::kMerchant, mch_no);
  if (!app || !merchant) return unknown_caller();
  const std::string key(app_id);
  {
    const std::shared_lock lock(mutex_);
    const auto kept = kept_.find(key);
    if (kept != kept_.end() && kept->second.app_version == app->version &&
        kept->second.merchant_version == merchant->version &&
        kept->second.caller->merchant.mch_no == mch_no)
      return kept->second.caller;
  }
  auto caller = std::make_shared<Caller>();
  TRY(caller->merchant, decoded(merchant, channels::decode_merchant));
  TRY(caller->app, decoded(app, channels::decode_app));
  const bool own = caller->app.mch_no == mch_no;
  if (!own || !caller->app.enabled || !caller->merchant.enabled) return unknown_caller();
  TRY(caller->secret, secret_of(vault_, caller->app));
  const std::unique_lock lock(mutex_);
  if (kept_.size() >= kMaxKept) kept_.clear();
  kept_[key] = Kept{app->version, merchant->version, caller};
  return CallerPtr(std::move(caller));
}

Result<AppSecret> find_app_secret(const Book& book, const Vault& vault, std::string_view app_id) {
  const DocumentPtr document = book.document(DocumentKind::kApp, app_id);
  if (!document) return fail(Errc::kNotFound, "app {} does not exist", app_id);
  AppSecret found;
  TRY(found.app, decoded(document, channels::decode_app));
  TRY(found.secret, secret_of(vault, found.app));
  return found;
}

}  // namespace suanpan::api::jeepay
