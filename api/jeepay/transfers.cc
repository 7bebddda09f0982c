// Transfers (转账): payouts to a bank account that an upstream system orders.
#include <algorithm>

#include "api/jeepay/call.h"
#include "api/jeepay/instructions.h"
#include "api/jeepay/views.h"
#include "channels/chart.h"
#include "channels/payee.h"
#include "channels/personal_texts.h"
#include "channels/registry.h"
#include "ledger/base/log.h"

namespace suanpan::api::jeepay {
namespace {

constexpr std::string_view kTransferMissing = "转账单不存在";
constexpr std::size_t kCnapsDigits = 12;
constexpr std::size_t kMaxAccountDigits = 34;  // of an account number in ISO 20022
constexpr std::size_t kMaxRemarkCharacters = 140;

struct Prepared {
  ClaimKey claim;
  Content content;
  Payout payout;
};

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

Result<channels::Payee> payee_of(const TransferOrderRequest& request) {
  channels::Payee payee{request.account_name, request.account_no, request.bank_name};
  if (payee.name.empty()) return fail(Errc::kMalformed, "转账到银行账户时 accountName 必填");
  if (payee.account.size() > kMaxAccountDigits || !all_digits(payee.account))
    return fail(Errc::kMalformed, "accountNo 应为不超过 {} 位的数字账号", kMaxAccountDigits);
  if (payee.bank.size() != kCnapsDigits || !all_digits(payee.bank))
    return fail(Errc::kMalformed, "bankName 应为收款行的 12 位联行号");
  return payee;
}

Result<void> check_kind(const TransferOrderRequest& request) {
  if (request.if_code != channels::kBank)
    return fail(Errc::kUnsupported, "ifCode [{}] 不支持转账, 目前只支持 bank", request.if_code);
  if (request.entry_type != "BANK_CARD")
    return fail(Errc::kUnsupported, "entryType [{}] 不支持, 目前只支持 BANK_CARD",
                request.entry_type);
  return success();
}

Result<Prepared> prepare(const Desk& desk, const JeepayCall& call) {
  TRY(TransferOrderRequest request, parse_transfer_order(call.bag));
  TRY(check_kind(request));
  TRY(desk.check_currency(request.amount));
  TRY(check_notify_url(request.notify_url));
  TRY(const channels::Payee payee, payee_of(request));
  if (characters_of(request.transfer_desc) > kMaxRemarkCharacters)
    return fail(Errc::kTooLarge, "字段 transferDesc 超过 {} 个字符", kMaxRemarkCharacters);
  TRY(const Instructions instructions, read_instructions(request.channel_extra, request.ext_param));

  const channels::Merchant& merchant = call.caller->merchant;
  Prepared out;
  Payout& payout = out.payout;
  TRY(payout.source_account, source_account(merchant, instructions));
  out.claim = claim_of("payout", merchant.mch_no, request.mch_order_no);
  out.content = content_of(desk.services.vault, content_fields(request));
  payout.created_at = desk.services.business.now();
  payout.payout_id = document_id('T', payout.created_at, out.claim);
  payout.mch_no = merchant.mch_no;
  payout.app_id = call.caller->app.app_id;
  payout.amount = request.amount;
  payout.payer_number =
      merchant.bank_account.empty() ? desk.services.default_bank_account : merchant.bank_account;
  payout.transit_account = channels::chart::kPayoutTransit;
  payout.bank_account = channels::chart::bank_deposit(payout.payer_number);
  TRY(const SubjectKey key,
      channels::payee_key(desk.services.vault, desk.services.book, out.claim, payee));
  payout.payee_sealed = channels::seal_payee(key, merchant.mch_no, payee);
  payout.texts_sealed = channels::seal_texts(
      key, merchant.mch_no, {std::move(request.transfer_desc), {}, std::move(request.ext_param)});
  payout.mch_order_no = std::move(request.mch_order_no);
  payout.entry_type = std::move(request.entry_type);
  payout.notify_url = std::move(request.notify_url);
  return out;
}

/// The payee in clear, for the merchant that named it. Errors: kCorrupt.
Result<channels::Payee> payee_in_clear(const Desk& desk, const Payout& payout) {
  auto payee = channels::open_payee(desk.services.vault, payout.mch_no, payout.payee_sealed);
  if (!payee) return fail(Errc::kCorrupt, "the payee of {} does not open", payout.payout_id);
  return payee;
}

void refuse_error(const JeepayCall& call, const Error& error) {
  if (error.code == Errc::kCorrupt) log_error("transfer: {}", error.message);
  call.refuse(error);
}

}  // namespace

void place_transfer(const DeskPtr& desk, const CallPtr& call) {
  desk->on_worker(call, [desk, call] {
    auto prepared = prepare(*desk, *call);
    if (!prepared) return refuse_error(*call, prepared.error());
    Prepared& p = prepared.value();
    const std::string number = p.payout.mch_order_no;
    desk->payments.payout(p.claim, std::move(p.content), std::move(p.payout),
                          [desk, call, number](const channels::Outcome<Payout>& outcome) {
                            if (!outcome.accepted())
                              return refuse_outcome(*call, outcome, order_exists_message(number));
                            const auto payee = payee_in_clear(*desk, outcome.value);
                            if (!payee) return refuse_error(*call, payee.error());
                            const auto data = transfer_order_data(desk->services.vault,
                                                                  outcome.value, payee.value());
                            if (!data) return refuse_error(*call, data.error());
                            call->succeed(fields_of(data.value()));
                          });
  });
}

void query_transfer(const DeskPtr& desk, const CallPtr& call) {
  desk->on_worker(call, [desk, call] {
    const auto request = parse_transfer_query(call->bag);
    if (!request) return call->refuse(request.error());
    const auto found = find_own_payout(desk->services.book, call->mch_no(),
                                       request.value().transfer_id, request.value().mch_order_no);
    if (!found) return refuse_error(*call, found.error());
    if (!found.value()) return call->refuse(ApiCode::kBusiness, kTransferMissing);
    desk->payments.query_payout(
        found.value()->payout_id, true, [desk, call](const channels::Outcome<Payout>& outcome) {
          if (!outcome.accepted())
            return refuse_outcome(*call, outcome, std::string(kTransferMissing));
          const auto payee = payee_in_clear(*desk, outcome.value);
          if (!payee) return refuse_error(*call, payee.error());
          const auto data = transfer_query_data(desk->services.vault, outcome.value, payee.value());
          if (!data) return refuse_error(*call, data.error());
          call->succeed(fields_of(data.value()));
        });
  });
}

}  // namespace suanpan::api::jeepay
