// Virtual sub-accounts (记账子单元): a bank number of its own for a household or contract, whose
// deposits are credited to a ledger account.
#include "channels/sub_accounts.h"

#include "api/v1/body.h"
#include "api/v1/long_call.h"
#include "api/v1/order_id.h"
#include "api/v1/ownership.h"
#include "api/v1/routes.h"
#include "channels/chart.h"

namespace suanpan::api::v1 {
namespace {

using channels::bank::SubAccountKind;

std::optional<SubAccountKind> kind_of(std::string_view name) {
  if (name == "household") return SubAccountKind::kHousehold;
  if (name == "contract") return SubAccountKind::kContract;
  return std::nullopt;
}

// What arrives at a bank account of ours is booked by the numbers given out under it: so it must be
// one, and an upstream names no other than the default one and those within its reach.
Planned<void> check_bank(const Services& services, const Principal& principal,
                         const std::optional<std::string>& number) {
  if (!number || *number == services.default_bank_account) return success();
  TRY(account_of(services.book, principal, channels::chart::bank_deposit(*number)));
  return success();
}

// Asked before its account is there, or for a kind without a number left, the number's own id would
// refuse for ever, of another kind too. What was given out before is told again.
std::optional<Refusal> refused_before(const Book& book, const ClaimKey& id, SubAccountKind kind,
                                      const std::string& account) {
  const auto refusal = book.read([&](const State& state, std::uint64_t) -> std::optional<Refusal> {
    if (!state.account(account)) return refuse(RefusalCode::kAccountNotFound, account);
    if (!channels::has_number_left(state, kind)) return refuse(RefusalCode::kNumbersUsedUp);
    return std::nullopt;
  });
  if (!refusal || refusal->code == RefusalCode::kAccountNotFound) return refusal;
  const auto known = book.find(id);
  return known && known.value() ? std::nullopt : refusal;
}

// The number's own command has an id derived from the accounts: asking again, whoever asks, finds
// the same number. So the call's key is claimed beside it, and its answer kept (long_call.h).
void allocate(Services& services, Call call) {
  Body body(call);
  Fields& in = body.root();
  const auto kind = in.maybe_choice<SubAccountKind>("kind", kind_of);
  if (!kind) in.fail_at("kind", "is missing");
  const std::string account = in.text("account");
  const std::string purpose = in.maybe_text("purpose").value_or("");
  const auto named_bank = in.maybe_text("bank_account");
  const std::string bank = named_bank.value_or(services.default_bank_account);
  if (purpose.size() > 128) in.fail_at("purpose", "is longer than 128 bytes");
  if (bank.empty()) in.fail_at("bank_account", "is missing, and there is no default");
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  if (const auto ours = check_account(call.principal, account); !ours)
    return refuse_call(call, ours.error());
  if (const auto known = check_bank(services, call.principal, named_bank); !known)
    return refuse_call(call, known.error());
  LongCall what{
      "sub_account",
      {{"kind", *kind == SubAccountKind::kHousehold ? "household" : "contract"},
       {"bank_account", bank},
       {"account", account},
       {"purpose", purpose.empty() ? purpose : services.vault.blind("v1|purpose", purpose)}},
      201};
  run_long_here(services, std::move(call), std::move(what),
                [&services, kind = *kind, bank, account, purpose](Call&, const ClaimNow& claim) {
                  if (!claim()) return LongOutcome{};
                  // Nothing is sealed for what will be refused.
                  const ClaimKey id = channels::allocate_sub_account(kind, bank, account, {}).key;
                  if (auto refusal = refused_before(services.book, id, kind, account))
                    return LongOutcome::refused(*refusal);
                  auto sealed = channels::seal_purpose(services.vault, account, purpose);
                  if (!sealed) return LongOutcome::failed(sealed.error());
                  const Answer answer = services.book.run(channels::allocate_sub_account(
                      kind, bank, account, std::move(sealed.value())));
                  if (!answer.accepted()) return LongOutcome::refused(answer.refusal);
                  JsonWriter out;
                  out.begin_object();
                  write_receipt(out, answer);
                  out.field("number", answer.answer)
                      .field("bank_account", bank)
                      .field("account", account)
                      .end_object();
                  return LongOutcome::accepted(out.take());
                });
}

bool may_see(const Principal& principal, const channels::SubAccountHolder& holder) {
  if (holder.account.empty())
    return principal.roles.has_any(kHouse) || owns_order(principal, holder.order_id);
  return principal.reach->has_account(holder.account);
}

// Whose a number is stands in no number: one of somebody else's is as if it were not there.
void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  const std::string number = call.path.at("number");
  const auto holder = channels::find_sub_account(services.book, number);
  if (!holder || !may_see(call.principal, *holder))
    return refuse_call(call, refuse(RefusalCode::kDocumentNotFound, number));
  const auto purpose = channels::purpose_of(services.vault, *holder);
  if (!purpose) return refuse_call(call, purpose.error());
  JsonWriter out;
  out.begin_object().field("number", holder->number).field("bank_account", holder->bank_account);
  if (!holder->account.empty()) out.field("account", holder->account);
  if (!purpose.value().empty()) out.field("purpose", purpose.value());
  if (!holder->order_id.empty()) out.field("order_id", holder->order_id);
  out.end_object();
  call.reply(json_response(200, out.take()));
}

}  // namespace

void add_sub_account_routes(Router& router, Services& services) {
  router.describe("SubAccountRequest",
                  "kind:=household|contract account:string purpose?:string bank_account?:string");
  router.describe("SubAccountMade",
                  std::string(kReceipt) + "number:string bank_account:string account:string");
  router.describe("SubAccount",
                  "number:string bank_account:string account?:string purpose?:string "
                  "order_id?:string");
  router.add({.method = "POST",
              .pattern = "/v1/sub-accounts",
              .allowed = {Role::kUpstream, Role::kMaker, Role::kOperator},
              .writes = true,
              .summary = "Gives a ledger account a number that bank transfers can name",
              .handle = [&services](Call call) { allocate(services, std::move(call)); },
              .doc = {.request = "SubAccountRequest", .answer = "SubAccountMade", .status = 201}});
  router.add({.method = "GET",
              .pattern = "/v1/sub-accounts/{number}",
              .allowed = kReaders,
              .summary = "What a sub-account's deposits are for",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "SubAccount"}});
}

}  // namespace suanpan::api::v1
