#include "channels/merchant.h"

#include "channels/chart.h"
#include "ledger/base/check.h"
#include "ledger/base/json.h"

namespace suanpan::channels {
namespace {

std::string optional_text(const JsonValue& root, const char* name) {
  const auto found = root.find(name);
  if (!found) return {};
  const auto text = found->as_string();
  return text ? std::string(text.value()) : std::string{};
}

template <class T>
std::optional<T> decoded(const DocumentPtr& document, Result<T> (*decode)(std::string_view)) {
  if (!document) return std::nullopt;
  auto value = decode(document->bytes);
  CHECK_OR_DIE(value, "document {} does not decode", document->key);
  return std::move(value.value());
}

template <class T>
Command disable(ClaimKey key, DocumentKind kind, std::string id,
                Result<T> (*decode)(std::string_view), RefusalCode missing) {
  Content content{{"disable", id}};
  return Command{
      key, CommandKind::kMerchant, std::move(content),
      [=](const View& view, const Moment&) -> Planned<ChangeSet> {
        const DocumentPtr before = view.document(kind, id);
        auto value = decoded(before, decode);
        if (!value) return refuse(missing, id);
        ChangeSet changes;
        changes.date = view.book().accounting_date;
        changes.answer = id;
        if (!value->enabled) return changes;
        value->enabled = false;
        changes.documents.push_back(Document{kind, id, before->version + 1,
                                             kind != DocumentKind::kMerchant, encode(*value)});
        return changes;
      }};
}

}  // namespace

std::string encode(const Merchant& m) {
  return JsonWriter()
      .begin_object()
      .field("mch_no", m.mch_no)
      .field("name", m.name)
      .field("mode", m.mode == MerchantMode::kDirect ? "direct" : "collected")
      .field("enabled", m.enabled)
      .field("wx_mchid", m.wx_mchid)
      .field("bank_account", m.bank_account)
      .field("payee_sealed", m.payee_sealed)
      .field("supervised_path", m.supervised_path)
      .end_object()
      .take();
}

Result<Merchant> decode_merchant(std::string_view bytes) {
  TRY(auto json, JsonDocument::parse(bytes));
  const JsonValue root = json.root();
  Merchant m;
  TRY(auto mch_no, root.get_string("mch_no"));
  TRY(auto name, root.get_string("name"));
  TRY(auto mode, root.get_string("mode"));
  TRY(auto enabled_value, root.get("enabled"));
  TRY(auto enabled, enabled_value.as_bool());
  m.mch_no = mch_no;
  m.name = name;
  m.mode = mode == "direct" ? MerchantMode::kDirect : MerchantMode::kCollected;
  m.enabled = enabled;
  m.wx_mchid = optional_text(root, "wx_mchid");
  m.bank_account = optional_text(root, "bank_account");
  m.payee_sealed = optional_text(root, "payee_sealed");
  m.supervised_path = optional_text(root, "supervised_path");
  return m;
}

std::string encode(const App& a) {
  return JsonWriter()
      .begin_object()
      .field("app_id", a.app_id)
      .field("mch_no", a.mch_no)
      .field("secret_sealed", a.secret_sealed)
      .field("md5_allowed", a.md5_allowed)
      .field("window_s", static_cast<std::int64_t>(a.window_s))
      .field("enabled", a.enabled)
      .end_object()
      .take();
}

Result<App> decode_app(std::string_view bytes) {
  TRY(auto json, JsonDocument::parse(bytes));
  const JsonValue root = json.root();
  App a;
  TRY(auto app_id, root.get_string("app_id"));
  TRY(auto mch_no, root.get_string("mch_no"));
  TRY(auto secret, root.get_string("secret_sealed"));
  TRY(auto md5_value, root.get("md5_allowed"));
  TRY(auto md5, md5_value.as_bool());
  TRY(auto window, root.get_int64("window_s"));
  TRY(auto enabled_value, root.get("enabled"));
  TRY(auto enabled, enabled_value.as_bool());
  a.app_id = app_id;
  a.mch_no = mch_no;
  a.secret_sealed = secret;
  a.md5_allowed = md5;
  a.window_s = static_cast<int>(window);
  a.enabled = enabled;
  return a;
}

Command put_document(ClaimKey key, CommandKind command, DocumentKind kind, std::string document_key,
                     std::string bytes, bool open, std::optional<std::uint32_t> expected_version) {
  Content content{{"document", document_key}, {"bytes", id_of(bytes).hex()}};
  return Command{
      key, command, std::move(content), [=](const View& view, const Moment&) -> Planned<ChangeSet> {
        const DocumentPtr before = view.document(kind, document_key);
        const std::uint32_t version = before ? before->version : 0;
        if (expected_version && *expected_version != version)
          return refuse(RefusalCode::kDocumentVersionConflict, document_key);
        ChangeSet changes;
        changes.date = view.book().accounting_date;
        changes.documents.push_back(Document{kind, document_key, version + 1, open, bytes});
        return changes;
      }};
}

std::vector<Command> add_merchant(const Merchant& merchant) {
  std::vector<Command> commands;
  const bool direct = merchant.mode == MerchantMode::kDirect;
  for (OpenAccountRequest& request :
       merchant_accounts(merchant.mch_no, merchant.name, direct, "wxpay", merchant.wx_mchid))
    commands.push_back(open_account(std::move(request)));
  const std::string bytes = encode(merchant);
  commands.push_back(put_document({id_of("merchant|" + bytes), kSystemCaller},
                                  CommandKind::kMerchant, DocumentKind::kMerchant, merchant.mch_no,
                                  bytes, true));
  return commands;
}

Command put_app(const App& app) {
  const std::string bytes = encode(app);
  return put_document({id_of("app|" + bytes), kSystemCaller}, CommandKind::kMerchant,
                      DocumentKind::kApp, app.app_id, bytes, true);
}

namespace {

bool is_as_asked(const View& view, const Account& there, const OpenAccountRequest& asked,
                 const std::string& mch_no) {
  if (there.type != asked.type || there.currency != asked.currency.value_or(view.book().currency) ||
      there.normal != asked.normal.value_or(normal_side(asked.type)))
    return false;
  // The terms of accounts that merchants share (a channel's) may have changed since.
  return !asked.code.ends_with("/" + mch_no) ||
         (there.terms.limit == asked.terms.limit &&
          there.terms.credit_line == asked.terms.credit_line);
}

}  // namespace

Planned<void> plan_merchant(const View& view, ChangeSet& changes, const Merchant& merchant) {
  const bool direct = merchant.mode == MerchantMode::kDirect;
  const DocumentPtr before = view.document(DocumentKind::kMerchant, merchant.mch_no);
  const bool known = before != nullptr;
  for (const OpenAccountRequest& request :
       merchant_accounts(merchant.mch_no, merchant.name, direct, "wxpay", merchant.wx_mchid)) {
    TRY(check_open_account(request));
    if (const Account* there = view.account(request.code)) {
      // Whoever opened it before the merchant was known chose what two people would now rely on.
      if (!known && !is_as_asked(view, *there, request, merchant.mch_no))
        return refuse(RefusalCode::kAccountExists, request.code);
      continue;
    }
    TRY(auto opened, plan_open_account(view, request, Moment{}));
    // Ids go on one by one: the view knows nothing of those that this change set opens.
    Account& account = opened.accounts.front();
    account.id.value += static_cast<std::uint32_t>(changes.accounts.size());
    changes.accounts.push_back(std::move(account));
  }
  changes.documents.push_back(Document{DocumentKind::kMerchant, merchant.mch_no,
                                       (before ? before->version : 0) + 1, merchant.enabled,
                                       encode(merchant)});
  return success();
}

Command disable_merchant(ClaimKey key, std::string mch_no) {
  return disable<Merchant>(key, DocumentKind::kMerchant, std::move(mch_no), decode_merchant,
                           RefusalCode::kMerchantNotFound);
}

Command disable_app(ClaimKey key, std::string app_id) {
  return disable<App>(key, DocumentKind::kApp, std::move(app_id), decode_app,
                      RefusalCode::kDocumentNotFound);
}

std::optional<Merchant> find_merchant(const Book& book, std::string_view mch_no) {
  return decoded(book.document(DocumentKind::kMerchant, mch_no), decode_merchant);
}
std::optional<Merchant> find_merchant(const View& view, std::string_view mch_no) {
  return decoded(view.document(DocumentKind::kMerchant, mch_no), decode_merchant);
}
std::optional<App> find_app(const Book& book, std::string_view app_id) {
  return decoded(book.document(DocumentKind::kApp, app_id), decode_app);
}

}  // namespace suanpan::channels
