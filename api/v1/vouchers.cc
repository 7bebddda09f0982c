// Vouchers: posting one, looking one up. Many at once: voucher_batch.cc.
#include "api/v1/routes.h"
#include "api/v1/voucher_answer.h"
#include "api/v1/voucher_body.h"

namespace suanpan::api::v1 {
namespace {

void post(Services& services, Call call) {
  Body body(call);
  VoucherDraft draft = read_ruled_voucher(body.root(), false);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  draft.request.key = claim_of(call);
  const auto refusal = services.book.read([&](const State& state, std::uint64_t) {
    return resolve(*call.principal.reach, state, draft);
  });
  if (refusal) return refuse_call(call, *refusal);
  run(services, std::move(call), std::move(draft.request),
      [key = draft.request.key](const Answer& answer) {
        JsonWriter out;
        out.begin_object();
        out.field("id", key.hex());
        write_receipt(out, answer);
        out.field("voucher_no", answer.voucher_no);
        write_amounts(out, answer);
        out.end_object();
        return json_response(201, out.take());
      });
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  const std::string& id = call.path.at("id");
  const auto key = ClaimKey::from_hex(id);
  if (!key) return refuse_call(call, refuse(RefusalCode::kVoucherNotFound, id));
  if (!may_read(call.principal, key->caller))
    return refuse_call(call, refuse(RefusalCode::kNotAuthorised, id));
  on_worker(services, std::move(call), [&book = services.book, key = *key](Call& to) {
    const auto found = book.find(key);
    if (!found) return refuse_call(to, found.error());
    if (!found.value() || found.value()->effects.transfers.empty())
      return refuse_call(to, refuse(RefusalCode::kVoucherNotFound, key.hex()));
    JsonWriter out;
    write_voucher(out, book, *found.value());
    to.reply(json_response(200, out.take()));
  });
}

}  // namespace

void add_voucher_routes(Router& router, Services& services) {
  describe_rules(router);
  router.describe("RuledVoucherRequest", std::string(kRuledVoucherMembers));
  router.describe("VoucherPosted",
                  "id:string " + std::string(kReceipt) + "voucher_no:integer amounts?:[integer]");
  router.describe("Leg", std::string(kLeg));
  router.describe("Voucher", std::string(kVoucher));
  const Roles writers{Role::kUpstream, Role::kMaker};
  router.add({.method = "POST",
              .pattern = "/v1/vouchers",
              .allowed = writers,
              .writes = true,
              .summary = "Posts a voucher of 1 to 256 legs as one",
              .handle = [&services](Call call) { post(services, std::move(call)); },
              .doc = {.request = "RuledVoucherRequest", .answer = "VoucherPosted", .status = 201}});
  router.add({.method = "GET",
              .pattern = "/v1/vouchers/{id}",
              .allowed = kReaders,
              .summary = "A voucher, hold or reversal as it was journalled",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "Voucher"}});
  add_voucher_batch_routes(router, services);
}

}  // namespace suanpan::api::v1
