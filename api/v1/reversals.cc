// Reversals (红冲) of posted vouchers, in whole or leg by leg.
#include "api/v1/body.h"
#include "api/v1/ownership.h"
#include "api/v1/routes.h"
#include "ledger/base/limits.h"

namespace suanpan::api::v1 {
namespace {

void reverse(Services& services, Call call) {
  Body body(call);
  Fields& in = body.root();
  ReversalRequest request;
  request.key = claim_of(call);
  const std::string original = in.text("original");
  request.amounts = in.maybe_integers("amounts", kMaxVoucherLegs);
  request.date = in.maybe_date("date");
  VoucherText text;
  text.summary = in.maybe_text("summary").value_or("");
  if (text != VoucherText{}) request.text = std::make_shared<const VoucherText>(text);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  const auto key = ClaimKey::from_hex(original);
  if (!key) return refuse_call(call, refuse(RefusalCode::kVoucherNotFound, original));
  if (!may_change(call.principal, key->caller))
    return refuse_call(call, refuse(RefusalCode::kNotAuthorised, original));
  request.original = *key;
  // The original is read from the journal.
  on_worker(services, std::move(call), [&services, request](Call& on) {
    if (const auto ours = check_transfers(services.book, on.principal, request.original); !ours)
      return refuse_call(on, ours.error());
    auto command = reversal(services.book, request);
    if (!command) return refuse_call(on, command.error());
    run(services, on, std::move(command.value()), [request](const Answer& answer) {
      JsonWriter out;
      out.begin_object().field("id", request.key.hex()).field("original", request.original.hex());
      write_receipt(out, answer);
      out.field("voucher_no", answer.voucher_no).end_object();
      return json_response(201, out.take());
    });
  });
}

}  // namespace

void add_reversal_routes(Router& router, Services& services) {
  router.describe("ReversalRequest",
                  "original:string amounts?:[integer] date?:date summary?:string");
  router.describe("ReversalReceipt",
                  "id:string original:string " + std::string(kReceipt) + "voucher_no:integer");
  router.add({.method = "POST",
              .pattern = "/v1/reversals",
              .allowed = {Role::kUpstream, Role::kMaker},
              .writes = true,
              .summary = "Reverses a voucher in red, up to what is left of each leg",
              .handle = [&services](Call call) { reverse(services, std::move(call)); },
              .doc = {.request = "ReversalRequest", .answer = "ReversalReceipt", .status = 201}});
}

}  // namespace suanpan::api::v1
