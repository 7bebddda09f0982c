// Merchants and their apps. Payees are sealed on the way in and shown masked; an app's secret is in
// the answer that makes it and nowhere else.
#include "channels/merchant.h"

#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/routes.h"
#include "channels/payee.h"
#include "ledger/base/digest.h"
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

std::optional<channels::Payee> read_payee(Fields& in) {
  if (!in.has("payee")) {
    in.maybe_value("payee");
    return std::nullopt;
  }
  Fields payee = in.object("payee");
  channels::Payee read{payee.text("name"), payee.text("account"), payee.text("bank")};
  if (read.bank.size() != 12 || read.bank.find_first_not_of("0123456789") != std::string::npos)
    payee.fail_at("bank", "must be a CNAPS code of 12 digits");
  payee.close();
  return read;
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
  payee = read_payee(in);
  return merchant;
}

void write_merchant(JsonWriter& out, const Merchant& merchant) {
  out.begin_object()
      .field("mch_no", merchant.mch_no)
      .field("name", merchant.name)
      .field("mode", merchant.mode == MerchantMode::kDirect ? "direct" : "collected")
      .field("enabled", merchant.enabled);
  if (!merchant.wx_mchid.empty()) out.field("wx_mchid", merchant.wx_mchid);
  if (!merchant.bank_account.empty()) out.field("bank_account", merchant.bank_account);
  if (!merchant.payee_masked.empty()) out.field("payee", merchant.payee_masked);
  if (!merchant.supervised_path.empty()) out.field("supervised_path", merchant.supervised_path);
  out.end_object();
}

/// Looked at before accounts are opened, and again when the document is planned. That one is there
/// already is said by the plan alone: the call may be a resend of the one that made it.
std::optional<Refusal> out_of_place(const Merchant& merchant, const std::optional<Merchant>& before,
                                    bool create) {
  if (!create && !before) return refuse(RefusalCode::kMerchantNotFound, merchant.mch_no);
  // Money under way was posted by the mode that it was taken in.
  if (before && before->mode != merchant.mode) return refuse(RefusalCode::kValueInvalid, "mode");
  return std::nullopt;
}

/// The document's command under the call's own claim, with a content that a resend can repeat: what
/// is sealed differs each time, so its place is taken by a digest that only we can make.
Command as_call(const Call& call, const Services& services, Command command,
                const Merchant& merchant, const std::optional<channels::Payee>& payee,
                bool create) {
  Merchant plain = merchant;
  plain.payee_sealed.clear();
  command.key = claim_of(call);
  command.content = {{"merchant", encode(plain)}};
  if (payee)
    command.content.emplace_back(
        "payee", services.vault.blind(
                     "payee", fmt::format("{}\n{}\n{}", payee->name, payee->account, payee->bank)));
  command.plan = [plan = std::move(command.plan), merchant, create](
                     const View& view, const Moment& moment) -> Planned<ChangeSet> {
    const auto before = channels::find_merchant(view, merchant.mch_no);
    if (create && before) return refuse(RefusalCode::kDocumentExists, merchant.mch_no);
    if (const auto refusal = out_of_place(merchant, before, create)) return *refusal;
    return plan(view, moment);
  };
  return command;
}

void put(Services& services, Call call, bool create) {
  Body body(call);
  Fields& in = body.root();
  std::optional<channels::Payee> payee;
  std::string mch_no = create ? in.text("mch_no") : call.path.at("mch_no");
  Merchant merchant = read_merchant(in, payee);
  if (!settlement::is_number(mch_no) || mch_no.find('|') != std::string::npos)
    in.fail_at("mch_no", "must be 1 to 64 of A-Z a-z 0-9 - _ * .");
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  merchant.mch_no = std::move(mch_no);
  const auto before = channels::find_merchant(services.book, merchant.mch_no);
  if (const auto refusal = out_of_place(merchant, before, create))
    return refuse_call(call, *refusal);
  if (payee) {
    merchant.payee_sealed = channels::seal_payee(services.vault, merchant.mch_no, *payee);
    merchant.payee_masked = channels::mask_payee(*payee);
  } else if (before) {
    merchant.payee_sealed = before->payee_sealed;
    merchant.payee_masked = before->payee_masked;
  }
  std::vector<Command> commands = channels::add_merchant(merchant);
  commands.back() = as_call(call, services, std::move(commands.back()), merchant, payee, create);
  auto shared = std::make_shared<Call>(std::move(call));
  const bool accepted =
      services.book.submit(std::move(commands), [shared, merchant, create](Book::Answers answers) {
        shared->reply(respond(*shared, answers.back(), [&](const Answer&) {
          JsonWriter out;
          write_merchant(out, merchant);
          return json_response(create ? 201 : 200, out.take());
        }));
      });
  if (!accepted) refuse_call(*shared, overloaded(1));
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  const std::string mch_no = call.path.at("mch_no");
  const auto merchant = channels::find_merchant(services.book, mch_no);
  if (!merchant) return refuse_call(call, refuse(RefusalCode::kMerchantNotFound, mch_no));
  JsonWriter out;
  write_merchant(out, *merchant);
  call.reply(json_response(200, out.take()));
}

template <class T>
void list(Services& services, Call call, DocumentKind kind, std::string_view name,
          Result<T> (*decode)(std::string_view), void (*write)(JsonWriter&, const T&)) {
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
        write(out, value.value());
      return !failed;
    });
    if (!walked) return refuse_call(on, walked.error());
    if (failed) return refuse_call(on, *failed);
    out.end_array().end_object();
    on.reply(json_response(200, out.take()));
  });
}

void write_app(JsonWriter& out, const App& app) {
  out.begin_object()
      .field("app_id", app.app_id)
      .field("mch_no", app.mch_no)
      .field("md5_allowed", app.md5_allowed)
      .field("window_s", app.window_s)
      .field("enabled", app.enabled)
      .end_object();
}

void make_app(Services& services, Call call) {
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
  const Secret secret(hex_lower(sha256(random_bytes(32))));
  app.secret_sealed = services.vault.seal("app|" + app.app_id, secret.reveal());
  Command command = channels::put_app(app);
  command.key = claim_of(call);
  command.content = {{"app_id", app.app_id},
                     {"mch_no", app.mch_no},
                     {"md5_allowed", app.md5_allowed ? "true" : "false"},
                     {"window_s", std::to_string(app.window_s)}};
  command.plan = [plan = std::move(command.plan), app](const View& view,
                                                       const Moment& moment) -> Planned<ChangeSet> {
    if (!channels::find_merchant(view, app.mch_no))
      return refuse(RefusalCode::kMerchantNotFound, app.mch_no);
    if (view.document(DocumentKind::kApp, app.app_id))
      return refuse(RefusalCode::kDocumentExists, app.app_id);
    return plan(view, moment);
  };
  run(services, std::move(call), std::move(command), [app, secret](const Answer& answer) {
    JsonWriter out;
    out.begin_object().field("app_id", app.app_id).field("mch_no", app.mch_no);
    if (!answer.replayed) out.field("secret", secret.reveal());
    out.end_object();
    return json_response(201, out.take());
  });
}

}  // namespace

void add_merchant_routes(Router& router, Services& services) {
  const std::string members =
      "name:string mode:=direct|collected enabled?:boolean wx_mchid?:string bank_account?:string "
      "supervised_path?:string payee?:PayeeRequest";
  router.describe("PayeeRequest", "name:string account:string bank:string");
  router.describe("MerchantRequest", "mch_no:string " + members);
  router.describe("MerchantUpdate", members);
  router.describe("Merchant",
                  "mch_no:string name:string mode:=direct|collected enabled:boolean "
                  "wx_mchid?:string bank_account?:string payee?:string supervised_path?:string");
  router.describe("MerchantList", "merchants:[Merchant]");
  router.describe("AppRequest",
                  "app_id:string mch_no:string md5_allowed?:boolean window_s?:integer");
  router.describe("AppMade", "app_id:string mch_no:string secret?:string");
  router.describe("App",
                  "app_id:string mch_no:string md5_allowed:boolean window_s:integer "
                  "enabled:boolean");
  router.describe("AppList", "apps:[App]");
  const Roles operators{Role::kOperator};
  router.add({.method = "POST",
              .pattern = "/v1/merchants",
              .allowed = operators,
              .writes = true,
              .summary = "Takes a merchant on and opens its accounts",
              .handle = [&services](Call call) { put(services, std::move(call), true); },
              .doc = {.request = "MerchantRequest", .answer = "Merchant", .status = 201}});
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
              .summary = "Replaces what is known of a merchant; its mode stays",
              .handle = [&services](Call call) { put(services, std::move(call), false); },
              .doc = {.request = "MerchantUpdate", .answer = "Merchant"}});
  router.add({.method = "POST",
              .pattern = "/v1/apps",
              .allowed = operators,
              .writes = true,
              .summary = "Makes an app of a merchant; its secret is shown once",
              .handle = [&services](Call call) { make_app(services, std::move(call)); },
              .doc = {.request = "AppRequest", .answer = "AppMade", .status = 201}});
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
