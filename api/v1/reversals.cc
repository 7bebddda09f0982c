// Reversals (红冲) of posted vouchers, in whole or leg by leg.
#include "api/v1/body.h"
#include "api/v1/ownership.h"
#include "api/v1/routes.h"
#include "api/v1/voucher_body.h"
#include "ledger/base/limits.h"
#include "ledger/engine/expecting.h"

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
  ExpectsDraft expected = read_expects(in);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  const auto key = ClaimKey::from_hex(original);
  if (!key) return refuse_call(call, refuse(RefusalCode::kVoucherNotFound, original));
  if (!may_change(call.principal, key->caller))
    return refuse_call(call, refuse(RefusalCode::kNotAuthorised, original));
  request.original = *key;
  // The original is read from the journal.
  on_worker(services, std::move(call), [&services, request, expected](Call& on) mutable {
    if (const auto ours = check_transfers(services.book, on.principal, request.original); !ours)
      return refuse_call(on, ours.error());
    const auto resolved = services.book.read([&](const State& state, std::uint64_t) {
      return resolve(*on.principal.reach, state, expected);
    });
    if (!resolved) return refuse_call(on, resolved.error());
    auto command = reversal(services.book, request);
    if (!command) return refuse_call(on, command.error());
    Command told = expecting(std::move(command.value()), std::move(expected.expects));
    run(services, on, std::move(told), [request](const Answer& answer) {
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
  describe_rules(router);
  router.describe("ReversalRequest",
                  "original:string amounts?:[integer] date?:date summary?:string "
                  "expects?:[Expectation]");
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
