// Payouts through the bank: asked for by a maker, accepted and sent when a checker approves. The
// payee is sealed before anything is journalled.
#include "api/v1/approval.h"
#include "api/v1/order_answer.h"
#include "api/v1/outcome.h"
#include "api/v1/payee_body.h"
#include "api/v1/routes.h"
#include "channels/chart.h"
#include "channels/merchant.h"
#include "channels/payee.h"
#include "channels/personal_texts.h"
#include "ledger/base/check.h"
#include "ledger/base/limits.h"
#include "ledger/core/erasure.h"
#include "ledger/core/text.h"
#include "settlement/document_fields.h"

namespace suanpan::api::v1 {
namespace {

struct Asked {
  std::string mch_no, mch_order_no, source_account, payee_sealed, payee_bank, texts_sealed;
  std::int64_t amount = 0;
};

std::string encode_asked(const Asked& asked) {
  return JsonWriter()
      .begin_object()
      .field("mch_no", asked.mch_no)
      .field("mch_order_no", asked.mch_order_no)
      .field("source_account", asked.source_account)
      .field("payee_sealed", asked.payee_sealed)
      .field("payee_bank", asked.payee_bank)
      .field("texts_sealed", asked.texts_sealed)
      .field("amount", asked.amount)
      .end_object()
      .take();
}

Result<Asked> decode_asked(std::string_view bytes) {
  TRY(auto document, JsonDocument::parse(bytes));
  const JsonValue root = document.root();
  Asked asked;
  TRY(asked.mch_no, root.get_string("mch_no"));
  TRY(asked.mch_order_no, root.get_string("mch_order_no"));
  TRY(asked.source_account, root.get_string("source_account"));
  TRY(asked.payee_sealed, root.get_string("payee_sealed"));
  TRY(asked.payee_bank, root.get_string("payee_bank"));
  if (root.find("remark")) {  // of a book of before format 5
    TRY(const auto remark, root.get_string("remark"));
    asked.texts_sealed = clear_texts(remark, "", "");
  } else {
    TRY(asked.texts_sealed, root.get_string("texts_sealed"));
  }
  TRY(asked.amount, root.get_int64("amount"));
  return asked;
}

/// Money is taken from what the merchant is owed, or from where it may direct.
Planned<void> check_source(const std::optional<channels::Merchant>& merchant, const Asked& asked) {
  if (!merchant) return refuse(RefusalCode::kMerchantNotFound, asked.mch_no);
  if (!merchant->enabled) return refuse(RefusalCode::kMerchantDisabled, asked.mch_no);
  const std::string payable = channels::chart::merchant_payable(asked.mch_no);
  const std::string& path = merchant->supervised_path;
  const bool supervised = !path.empty() && (asked.source_account == path ||
                                            asked.source_account.starts_with(path + "/"));
  if (asked.source_account != payable && !supervised)
    return refuse(RefusalCode::kNotAuthorised, asked.source_account);
  return success();
}

/// The payout that a request becomes, but for its currency and times.
Payout payout_of(const ApprovalRequest& request, const Asked& asked,
                 const channels::Merchant& merchant, const std::string& default_bank) {
  const std::string& bank = merchant.bank_account.empty() ? default_bank : merchant.bank_account;
  Payout payout;
  payout.payout_id = request.id;
  payout.mch_no = asked.mch_no;
  payout.mch_order_no = asked.mch_order_no;
  payout.amount.minor = asked.amount;
  payout.source_account = asked.source_account;
  payout.transit_account = std::string(channels::chart::kPayoutTransit);
  payout.bank_account = channels::chart::bank_deposit(bank);
  payout.payer_number = bank;
  payout.payee_sealed = asked.payee_sealed;
  payout.texts_sealed = asked.texts_sealed;
  return payout;
}

Asked asked_in(const ApprovalRequest& request) {
  auto asked = decode_asked(request.body);
  CHECK_OR_DIE(asked, "request {} does not decode", request.id);
  return std::move(asked.value());
}

/// The merchant may have lost what he had when he asked.
Planned<ChangeSet> accept(const View& view, const ApprovalRequest& request, const Moment& moment,
                          const std::string& default_bank) {
  const Asked asked = asked_in(request);
  const auto merchant = channels::find_merchant(view, asked.mch_no);
  TRY(check_source(merchant, asked));
  Payout payout = payout_of(request, asked, *merchant, default_bank);
  payout.amount.currency = view.book().currency;
  payout.created_at = moment.now;
  payout.execute_on = moment.now.date_cn();
  return plan_payout(view, payout, moment);
}

Result<Asking> read(const Services& services, Fields& in, const std::string& id,
                    const ClaimKey& claim) {
  const Vault& vault = services.vault;
  Asked asked;
  asked.mch_no = in.text("mch_no");
  asked.mch_order_no = in.maybe_text("mch_order_no").value_or("");
  asked.amount = in.integer("amount");
  asked.source_account = in.maybe_text("source_account").value_or("");
  const std::string remark = in.maybe_text("remark").value_or("");
  const channels::Payee payee = read_payee(in);
  if (remark.size() > 140 || !is_plain_text(remark))
    in.fail_at("remark", "must be text of at most 140 bytes");
  if (!asked.mch_order_no.empty() && !settlement::is_number(asked.mch_order_no))
    in.fail_at("mch_order_no", "must be 1 to 64 of A-Z a-z 0-9 - _ * | .");
  if (asked.source_account.empty())
    asked.source_account = channels::chart::merchant_payable(asked.mch_no);
  if (asked.mch_order_no.empty()) asked.mch_order_no = id;
  if (in.failed()) return Asking{};  // a payee that is none gets no key
  TRY(const SubjectKey key, channels::payee_key(vault, services.book, claim, payee));
  asked.payee_sealed = channels::seal_payee(key, asked.mch_no, payee);
  asked.texts_sealed = channels::seal_texts(key, asked.mch_no, {remark, "", ""});
  asked.payee_bank = payee.bank;
  Content content{{"mch_no", asked.mch_no},
                  {"mch_order_no", asked.mch_order_no},
                  {"amount", std::to_string(asked.amount)},
                  {"source_account", asked.source_account},
                  {"payee", blinded(vault, payee)},
                  {"remark", remark.empty() ? remark : vault.blind("v1|remark", remark)}};
  const auto check = [asked](const View& view, const Moment&) -> Planned<void> {
    TRY(check_source(channels::find_merchant(view, asked.mch_no), asked));
    TRY(check_not_erased(view, asked.payee_sealed));
    if (!view.account(asked.source_account))
      return refuse(RefusalCode::kAccountNotFound, asked.source_account);
    return success();
  };
  return Asking{encode_asked(asked), std::move(content), check};
}

RequestKind kind_of(Services& services) {
  RequestKind kind;
  kind.path = "/v1/payouts";
  kind.noun = "payout";
  kind.schema = "Payout";
  kind.filter = "mch_no";
  kind.states = "created|processing|succeeded|failed|returned";
  kind.asked =
      "mch_no:string mch_order_no?:string amount:amount source_account?:string remark?:string "
      "payee:PayeeRequest";
  kind.shown =
      "mch_no:string amount:integer source_account:string payee:string payee_bank:string "
      "remark?:string";
  kind.letter = 'T';
  kind.requests = DocumentKind::kPayoutRequest;
  kind.outcomes = DocumentKind::kPayout;
  kind.command = CommandKind::kPayout;
  kind.read = [&services](Fields& in, const std::string& id, const ClaimKey& claim) {
    return read(services, in, id, claim);
  };
  kind.accept = [bank = services.default_bank_account](
                    const View& view, const ApprovalRequest& request, const Moment& moment) {
    return accept(view, request, moment, bank);
  };
  kind.check = [&services](const ApprovalRequest& request) -> Planned<void> {
    const Asked asked = asked_in(request);
    if (asked.amount <= 0) return refuse(RefusalCode::kAmountNotPositive, "amount");
    if (asked.amount > kMaxAmountMinor) return refuse(RefusalCode::kAmountTooLarge, "amount");
    const auto merchant = channels::find_merchant(services.book, asked.mch_no);
    if (!merchant) return success();  // the planner's business
    return services.payments->check_payout(
        payout_of(request, asked, *merchant, services.default_bank_account));
  };
  const auto writer = [&vault = services.vault](JsonWriter& out, const Payout& payout) {
    write_payout(out, payout, vault);
  };
  kind.carry_out = [&services, writer](Command command, const Call& call) {
    services.payments->payout(std::move(command), answer_with<Payout>(call, 200, writer));
  };
  kind.show_asked = [&vault = services.vault](const ApprovalRequest& request) -> Result<Shown> {
    TRY(const Asked asked, decode_asked(request.body));
    return Shown{asked.mch_no, "", [asked, &vault](JsonWriter& out) {
                   out.field("mch_no", asked.mch_no)
                       .field("amount", asked.amount)
                       .field("source_account", asked.source_account)
                       .field("payee",
                              channels::masked_payee(vault, asked.mch_no, asked.payee_sealed))
                       .field("payee_bank", asked.payee_bank);
                   const auto texts = channels::open_texts(vault, asked.mch_no, asked.texts_sealed);
                   if (texts && !texts.value().title.empty())
                     out.field("remark", texts.value().title);
                 }};
  };
  kind.show_outcome = [writer](const Document& document) -> Result<Shown> {
    TRY(const Payout payout, decode_payout(document.bytes));
    return Shown{payout.mch_no, std::string(name_of(payout.state)),
                 [payout, writer](JsonWriter& out) { writer(out, payout); }};
  };
  return kind;
}

}  // namespace

void add_payout_routes(Router& router, Services& services) {
  router.describe("Payout", std::string(kPayout));
  router.describe("PayeeRequest", "name:string account:string bank:string");
  add_approval_routes(router, services, kind_of(services));
}

}  // namespace suanpan::api::v1
