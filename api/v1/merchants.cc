// Merchants and their apps. Two people make and change them (authority.h), one takes them out of
// use. Payees are sealed on the way in and shown masked; a part of an app's secret is in the answer
// to each of the two and nowhere else.
#include "channels/merchant.h"

#include "api/v1/authority.h"
#include "api/v1/payee_body.h"
#include "api/v1/routes.h"
#include "channels/payee.h"
#include "ledger/base/check.h"
#include "ledger/core/erasure.h"
#include "settlement/document_fields.h"

namespace suanpan::api::v1 {
namespace {

using channels::App;
using channels::Merchant;
using channels::MerchantMode;

std::optional<MerchantMode> mode_of(std::string_view name) {
  if (name == "direct") return MerchantMode::kDirect;
  if (name == "collected") return MerchantMode::kCollected;
  return std::nullopt;
}

std::string bounded(Fields& in, std::string_view name, std::size_t limit) {
  std::string value = in.maybe_text(name).value_or("");
  if (value.size() > limit) in.fail_at(name, fmt::format("is longer than {} bytes", limit));
  return value;
}

Merchant read_merchant(Fields& in, std::optional<channels::Payee>& payee) {
  Merchant merchant;
  merchant.name = bounded(in, "name", 128);
  if (merchant.name.empty()) in.fail_at("name", "is missing");
  const auto mode = in.maybe_choice<MerchantMode>("mode", mode_of);
  if (!mode) in.fail_at("mode", "is missing");
  merchant.mode = mode.value_or(MerchantMode::kCollected);
  merchant.enabled = in.flag("enabled", true);
  merchant.wx_mchid = bounded(in, "wx_mchid", 32);
  merchant.bank_account = bounded(in, "bank_account", 34);
  merchant.supervised_path = bounded(in, "supervised_path", 128);
  if (in.has("payee"))
    payee = read_payee(in);
  else
    in.maybe_value("payee");
  return merchant;
}

void write_members(JsonWriter& out, const Vault& vault, const Merchant& merchant) {
  out.field("mch_no", merchant.mch_no)
      .field("name", merchant.name)
      .field("mode", merchant.mode == MerchantMode::kDirect ? "direct" : "collected")
      .field("enabled", merchant.enabled);
  if (!merchant.wx_mchid.empty()) out.field("wx_mchid", merchant.wx_mchid);
  if (!merchant.bank_account.empty()) out.field("bank_account", merchant.bank_account);
  const std::string payee = channels::masked_payee(vault, merchant.mch_no, merchant.payee_sealed);
  if (!payee.empty()) out.field("payee", payee);
  if (!merchant.supervised_path.empty()) out.field("supervised_path", merchant.supervised_path);
}

void write_merchant(JsonWriter& out, const Vault& vault, const Merchant& merchant) {
  out.begin_object();
  write_members(out, vault, merchant);
  out.end_object();
}

/// What was asked for, as the request keeps it.
struct AskedMerchant {
  Merchant merchant;
  std::uint32_t base_version = 0;  ///< of the document that it replaces; 0: a new merchant
  bool has_payee = false;          ///< else the present payee stays
  std::string payee_bank;          ///< of that payee: the bank's code, which is nobody's secret
};

std::string encode_asked(const AskedMerchant& asked) {
  return JsonWriter()
      .begin_object()
      .field("what", "merchant")
      .field("subject", asked.merchant.mch_no)
      .field("base_version", asked.base_version)
      .field("has_payee", asked.has_payee)
      .field("payee_bank", asked.payee_bank)
      .key("merchant")
      .raw(channels::encode(asked.merchant))
      .end_object()
      .take();
}

AskedMerchant decode_asked(const JsonValue& body) {
  const auto merchant = body.get("merchant");
  const auto version = body.get_int64("base_version");
  const auto has_payee = body.get("has_payee");
  const auto payee_bank = body.get_string("payee_bank");
  CHECK_OR_DIE(merchant && version && has_payee && payee_bank, "a merchant request is not whole");
  auto decoded = channels::decode_merchant(merchant.value().raw());
  const auto flag = has_payee.value().as_bool();
  CHECK_OR_DIE(decoded && flag, "a merchant request does not decode");
  return {std::move(decoded.value()), static_cast<std::uint32_t>(version.value()), flag.value(),
          payee_bank.value()};
}

/// Looked at when it is asked for and again when it is approved, in a view each time.
Planned<void> in_place(const View& view, const AskedMerchant& asked) {
  const std::string& mch_no = asked.merchant.mch_no;
  const DocumentPtr document = view.document(DocumentKind::kMerchant, mch_no);
  if (asked.base_version == 0) {
    if (document) return refuse(RefusalCode::kDocumentExists, mch_no);
    return success();
  }
  if (!document) return refuse(RefusalCode::kMerchantNotFound, mch_no);
  if (document->version != asked.base_version)
    return refuse(RefusalCode::kDocumentVersionConflict, mch_no);
  // Money under way was posted by the mode that it was taken in.
  if (channels::find_merchant(view, mch_no)->mode != asked.merchant.mode)
    return refuse(RefusalCode::kValueInvalid, "mode");
  return success();
}

Planned<void> plan_asked(const View& view, ChangeSet& changes, const AskedMerchant& asked) {
  TRY(in_place(view, asked));
  TRY(check_not_erased(view, asked.merchant.payee_sealed));
  Merchant merchant = asked.merchant;
  if (!asked.has_payee && asked.base_version != 0) {
    const auto before = channels::find_merchant(view, merchant.mch_no);
    merchant.payee_sealed = before->payee_sealed;
  }
  return channels::plan_merchant(view, changes, merchant);
}

Content content_of(const Services& services, const AskedMerchant& asked,
                   const std::optional<channels::Payee>& payee) {
  Merchant plain = asked.merchant;
  plain.payee_sealed.clear();
  Content content{{"replaces", asked.base_version == 0 ? "false" : "true"},
                  {"merchant", channels::encode(plain)}};
  if (payee) content.emplace_back("payee", blinded(services.vault, *payee));
  return content;
}

// On a worker: a payee that nobody has named before is given a key, and that is synced.
void ask(Services& services, Call& call, bool create) {
  Body body(call);
  Fields& in = body.root();
  std::optional<channels::Payee> payee;
  std::string mch_no = create ? in.text("mch_no") : call.path.at("mch_no");
  AskedMerchant asked;
  asked.merchant = read_merchant(in, payee);
  if (!settlement::is_number(mch_no) || mch_no.find('|') != std::string::npos)
    in.fail_at("mch_no", "must be 1 to 64 of A-Z a-z 0-9 - _ * .");
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  asked.merchant.mch_no = std::move(mch_no);
  if (!create) {
    const DocumentPtr before =
        services.book.document(DocumentKind::kMerchant, asked.merchant.mch_no);
    if (!before)
      return refuse_call(call, refuse(RefusalCode::kMerchantNotFound, asked.merchant.mch_no));
    asked.base_version = before->version;
  }
  asked.has_payee = payee.has_value();
  if (payee) {
    const auto key = channels::payee_key(services.vault, services.book, claim_of(call), *payee);
    if (!key) return refuse_call(call, key.error());
    asked.merchant.payee_sealed = channels::seal_payee(key.value(), asked.merchant.mch_no, *payee);
    asked.payee_bank = payee->bank;
  }
  Proposal proposal;
  proposal.what = "merchant";
  proposal.subject = asked.merchant.mch_no;
  proposal.asking.body = encode_asked(asked);
  proposal.asking.content = content_of(services, asked, payee);
  proposal.asking.check = [asked](const View& view, const Moment&) -> Planned<void> {
    ChangeSet dry;  // accounts that could not be opened are found now, not by the checker
    return plan_asked(view, dry, asked);
  };
  ask_authority(services, std::move(call), std::move(proposal));
}

void disable(Services& services, Call call, std::string_view id,
             Command (*make)(ClaimKey, std::string)) {
  if (!call.request.body.empty()) {
    Body body(call);
    if (const auto& error = body.finish()) return refuse_call(call, *error);
  }
  Command command = make(claim_of(call), call.path.find(id)->second);
  run(services, std::move(call), std::move(command), [](const Answer& answer) {
    JsonWriter out;
    out.begin_object();
    write_receipt(out, answer);
    out.field("id", answer.answer).field("enabled", false).end_object();
    return json_response(200, out.take());
  });
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  const std::string mch_no = call.path.at("mch_no");
  const auto merchant = channels::find_merchant(services.book, mch_no);
  if (!merchant) return refuse_call(call, refuse(RefusalCode::kMerchantNotFound, mch_no));
  JsonWriter out;
  write_merchant(out, services.vault, *merchant);
  call.reply(json_response(200, out.take()));
}

template <class T>
void list(Services& services, Call call, DocumentKind kind, std::string_view name,
          Result<T> (*decode)(std::string_view),
          void (*write)(JsonWriter&, const Vault&, const T&)) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, kind, name, decode, write](Call& on) {
    JsonWriter out;
    out.begin_object().key(name).begin_array();
    std::optional<Error> failed;
    const auto walked = services.book.for_each_document(kind, [&](const DocumentPtr& document) {
      auto value = decode(document->bytes);
      if (!value)
        failed = value.error();
      else
        write(out, services.vault, value.value());
      return !failed;
    });
    if (!walked) return refuse_call(on, walked.error());
    if (failed) return refuse_call(on, *failed);
    out.end_array().end_object();
    on.reply(json_response(200, out.take()));
  });
}

void write_app(JsonWriter& out, const Vault&, const App& app) {
  out.begin_object()
      .field("app_id", app.app_id)
      .field("mch_no", app.mch_no)
      .field("md5_allowed", app.md5_allowed)
      .field("window_s", app.window_s)
      .field("enabled", app.enabled)
      .end_object();
}

Planned<void> plan_app(const View& view, ChangeSet& changes, const App& app) {
  if (!channels::find_merchant(view, app.mch_no))
    return refuse(RefusalCode::kMerchantNotFound, app.mch_no);
  if (view.document(DocumentKind::kApp, app.app_id))
    return refuse(RefusalCode::kDocumentExists, app.app_id);
  changes.documents.push_back(
      Document{DocumentKind::kApp, app.app_id, 1, true, channels::encode(app)});
  return success();
}

void ask_app(Services& services, Call call) {
  Body body(call);
  Fields& in = body.root();
  App app;
  app.app_id = in.text("app_id");
  if (!settlement::is_number(app.app_id))
    in.fail_at("app_id", "must be 1 to 64 of A-Z a-z 0-9 - _");
  app.mch_no = in.text("mch_no");
  app.md5_allowed = in.flag("md5_allowed", true);
  app.window_s = static_cast<int>(in.integer_in("window_s", 10, 86'400, 600));
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  FirstPart first = first_part(services.vault, "app", app.app_id);
  Proposal proposal;
  proposal.what = "app";
  proposal.subject = app.app_id;
  proposal.asking.content = {{"mch_no", app.mch_no},
                             {"md5_allowed", app.md5_allowed ? "true" : "false"},
                             {"window_s", std::to_string(app.window_s)}};
  // The first part stands where the whole secret will: sealed under another name, it opens nothing.
  app.secret_sealed = std::move(first.sealed);
  proposal.asking.body = JsonWriter()
                             .begin_object()
                             .field("what", "app")
                             .field("subject", app.app_id)
                             .key("app")
                             .raw(channels::encode(app))
                             .end_object()
                             .take();
  proposal.asking.check = [app](const View& view, const Moment&) -> Planned<void> {
    ChangeSet dry;
    return plan_app(view, dry, app);
  };
  proposal.part = std::move(first.part);
  ask_authority(services, std::move(call), std::move(proposal));
}

App app_of(const JsonValue& body) {
  const auto raw = body.get("app");
  CHECK_OR_DIE(raw, "an app request is not whole");
  auto app = channels::decode_app(raw.value().raw());
  CHECK_OR_DIE(app, "an app request does not decode");
  return std::move(app.value());
}

}  // namespace

Planned<Effect> merchant_effect(Services& services, const JsonValue& body,
                                const std::string& payee_account) {
  AskedMerchant asked = decode_asked(body);
  if (asked.has_payee) {
    const auto payee =
        channels::open_payee(services.vault, asked.merchant.mch_no, asked.merchant.payee_sealed);
    if (!payee) return refuse(RefusalCode::kValueInvalid, "payee: " + payee.error().message);
    // One whose payee is erased was decided before: its approval finds that, or its first answer.
    if (!payee.value().erased && payee.value().account != payee_account)
      return refuse(RefusalCode::kValueInvalid,
                    payee_account.empty()
                        ? "payee_account: give the payee's account number once more"
                        : "payee_account: not the account that the request names");
  } else if (!payee_account.empty()) {
    return refuse(RefusalCode::kValueInvalid, "payee_account: the request names no payee");
  }
  Effect effect;
  effect.plan = [asked = std::move(asked)](const View& view, const Moment&, const ClaimKey&,
                                           ChangeSet& changes) {
    return plan_asked(view, changes, asked);
  };
  return effect;
}

Planned<Effect> app_effect(Services& services, const JsonValue& body, const std::string&) {
  App app = app_of(body);
  const auto secret = complete_secret(services.vault, "app", app.app_id, app.secret_sealed);
  CHECK_OR_DIE(secret, "an app request does not open");
  app.secret_sealed = services.vault.seal("app|" + app.app_id, secret.value().whole.reveal());
  Effect effect;
  effect.part = secret.value().second;
  effect.plan = [app = std::move(app)](const View& view, const Moment&, const ClaimKey&,
                                       ChangeSet& changes) { return plan_app(view, changes, app); };
  return effect;
}

void write_merchant_proposal(JsonWriter& out, const Vault& vault, const JsonValue& body) {
  const AskedMerchant asked = decode_asked(body);
  out.begin_object();
  write_members(out, vault, asked.merchant);
  if (asked.has_payee) out.field("payee_bank", asked.payee_bank);
  out.field("replaces", asked.base_version != 0)
      .field("payee_changes", asked.has_payee)
      .end_object();
}

void write_app_proposal(JsonWriter& out, const Vault&, const JsonValue& body) {
  const App app = app_of(body);
  out.begin_object()
      .field("app_id", app.app_id)
      .field("mch_no", app.mch_no)
      .field("md5_allowed", app.md5_allowed)
      .field("window_s", app.window_s)
      .end_object();
}

void add_merchant_routes(Router& router, Services& services) {
  const std::string members =
      "name:string mode:=direct|collected enabled?:boolean wx_mchid?:string bank_account?:string "
      "supervised_path?:string payee?:PayeeRequest";
  describe_authority(router);
  router.describe("PayeeRequest", "name:string account:string bank:string");
  router.describe("MerchantRequest", "mch_no:string " + members);
  router.describe("MerchantUpdate", members);
  router.describe("Merchant",
                  "mch_no:string name:string mode:=direct|collected enabled:boolean "
                  "wx_mchid?:string bank_account?:string payee?:string supervised_path?:string");
  router.describe("MerchantList", "merchants:[Merchant]");
  router.describe("Empty", "");
  router.describe("App",
                  "app_id:string mch_no:string md5_allowed:boolean window_s:integer "
                  "enabled:boolean");
  router.describe("AppList", "apps:[App]");
  const Roles operators{Role::kOperator};
  router.add(
      {.method = "POST",
       .pattern = "/v1/merchants",
       .allowed = operators,
       .writes = true,
       .summary = "Asks to take a merchant on; a checker approves it, which opens its accounts",
       .handle =
           [&services](Call call) {
             on_worker(services, std::move(call),
                       [&services](Call& on) { ask(services, on, true); });
           },
       .doc = {.request = "MerchantRequest", .answer = "Requested", .status = 201}});
  router.add({.method = "GET",
              .pattern = "/v1/merchants",
              .allowed = kHouse,
              .summary = "The merchants",
              .handle =
                  [&services](Call call) {
                    list<Merchant>(services, std::move(call), DocumentKind::kMerchant, "merchants",
                                   channels::decode_merchant, write_merchant);
                  },
              .doc = {.answer = "MerchantList"}});
  router.add({.method = "GET",
              .pattern = "/v1/merchants/{mch_no}",
              .allowed = kHouse,
              .summary = "A merchant; the payee is masked",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "Merchant"}});
  router.add({.method = "PUT",
              .pattern = "/v1/merchants/{mch_no}",
              .allowed = operators,
              .writes = true,
              .summary = "Asks to replace what is known of a merchant, which a checker approves; "
                         "its mode stays",
              .handle =
                  [&services](Call call) {
                    on_worker(services, std::move(call),
                              [&services](Call& on) { ask(services, on, false); });
                  },
              .doc = {.request = "MerchantUpdate", .answer = "Requested", .status = 201}});
  router.add({.method = "POST",
              .pattern = "/v1/merchants/{mch_no}/disable",
              .allowed = {Role::kOperator, Role::kChecker},
              .writes = true,
              .summary = "Takes a merchant out of use, at once",
              .handle =
                  [&services](Call call) {
                    disable(services, std::move(call), "mch_no", channels::disable_merchant);
                  },
              .doc = {.request = "Empty", .answer = "Disabled"}});
  router.add({.method = "POST",
              .pattern = "/v1/apps/{app_id}/disable",
              .allowed = {Role::kOperator, Role::kChecker},
              .writes = true,
              .summary = "Takes an app out of use, at once",
              .handle =
                  [&services](Call call) {
                    disable(services, std::move(call), "app_id", channels::disable_app);
                  },
              .doc = {.request = "Empty", .answer = "Disabled"}});
  router.add({.method = "POST",
              .pattern = "/v1/apps",
              .allowed = operators,
              .writes = true,
              .summary =
                  "Asks for an app of a merchant; a checker approves it, and each is shown a "
                  "part of its secret once",
              .handle = [&services](Call call) { ask_app(services, std::move(call)); },
              .doc = {.request = "AppRequest", .answer = "Requested", .status = 201}});
  router.add({.method = "GET",
              .pattern = "/v1/apps",
              .allowed = kHouse,
              .summary = "The apps, without their secrets",
              .handle =
                  [&services](Call call) {
                    list<App>(services, std::move(call), DocumentKind::kApp, "apps",
                              channels::decode_app, write_app);
                  },
              .doc = {.answer = "AppList"}});
}

}  // namespace suanpan::api::v1
