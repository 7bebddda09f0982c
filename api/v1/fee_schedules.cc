// Fee schedules: one per merchant, replaced as a whole; rules that have begun stay. Two people set
// one (authority.h): what a merchant pays is money of his or of the platform's.
#include "api/v1/authority.h"
#include "api/v1/routes.h"
#include "ledger/base/check.h"
#include "settlement/plan_settlement.h"
#include "settlement/settlement_service.h"

namespace suanpan::api::v1 {
namespace {

using settlement::FeeSchedule;

/// What was asked for, as the request keeps it.
struct AskedFees {
  FeeSchedule schedule;
  std::uint32_t base_version = 0;  ///< of the schedule that it replaces; 0: the merchant's first
};

std::string encode_asked(const AskedFees& asked) {
  return JsonWriter()
      .begin_object()
      .field("what", "fees")
      .field("subject", asked.schedule.merchant_no)
      .field("base_version", asked.base_version)
      .key("schedule")
      .raw(encode(asked.schedule))
      .end_object()
      .take();
}

AskedFees decode_asked(const JsonValue& body) {
  const auto version = body.get_int64("base_version");
  const auto raw = body.get("schedule");
  CHECK_OR_DIE(version && raw, "a fee request is not whole");
  auto schedule = settlement::decode_fee_schedule(raw.value().raw());
  CHECK_OR_DIE(schedule, "a fee request does not decode: {}", schedule.error().message);
  return {std::move(schedule.value()), static_cast<std::uint32_t>(version.value())};
}

/// Looked at when it is asked for and again when it is approved: a rule may have begun meanwhile.
Planned<ChangeSet> plan_asked(const View& view, const AskedFees& asked, const Moment& moment) {
  const std::string& mch_no = asked.schedule.merchant_no;
  const DocumentPtr present = view.document(DocumentKind::kFeeSchedule, mch_no);
  if ((present ? present->version : 0) != asked.base_version)
    return refuse(RefusalCode::kDocumentVersionConflict, mch_no);
  return settlement::plan_put_schedule(view, asked.schedule, moment);
}

void ask(Services& services, Call call) {
  auto schedule = settlement::decode_fee_schedule(call.request.body);
  if (!schedule) return refuse_call(call, schedule.error());
  AskedFees asked{std::move(schedule.value())};
  if (asked.schedule.merchant_no != call.path.at("mch_no"))
    return refuse_call(call, fail(Errc::kMalformed, "\"merchant_no\" is not that of the path"));
  if (const auto present =
          services.book.document(DocumentKind::kFeeSchedule, asked.schedule.merchant_no))
    asked.base_version = present->version;
  Proposal proposal;
  proposal.what = "fees";
  proposal.subject = asked.schedule.merchant_no;
  proposal.asking.body = encode_asked(asked);
  proposal.asking.content = {{"rules", id_of(encode(asked.schedule)).hex()}};
  proposal.asking.check = [asked](const View& view, const Moment& moment) -> Planned<void> {
    TRY(plan_asked(view, asked, moment));
    return success();
  };
  ask_authority(services, std::move(call), std::move(proposal));
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services](Call& on) {
    const auto schedule = services.settlement->schedule(on.path.at("mch_no"));
    if (!schedule)
      return refuse_call(on, refuse(RefusalCode::kDocumentNotFound, on.path.at("mch_no")));
    on.reply(json_response(200, encode(*schedule)));
  });
}

}  // namespace

Planned<Effect> fees_effect(Services&, const JsonValue& body, const std::string&) {
  Effect effect;
  effect.plan = [asked = decode_asked(body)](const View& view, const Moment& moment,
                                             const ClaimKey&, ChangeSet& changes) -> Planned<void> {
    TRY(ChangeSet planned, plan_asked(view, asked, moment));
    for (Document& document : planned.documents) changes.documents.push_back(std::move(document));
    return success();
  };
  return effect;
}

void write_fees_proposal(JsonWriter& out, const Vault&, const JsonValue& body) {
  const AskedFees asked = decode_asked(body);
  out.begin_object()
      .field("replaces", asked.base_version != 0)
      .key("schedule")
      .raw(encode(asked.schedule))
      .end_object();
}

void describe_fees(Router& router) {
  router.describe("FeeTier", "from:integer rate:string");
  router.describe("FeeRule",
                  "product:string effective_from:date currency:string rate:string "
                  "rounding:=half_up|half_even|down|up "
                  "on_refund:=proportional|kept fixed?:integer minimum?:integer "
                  "maximum?:integer tiers?:[FeeTier]");
  router.describe("FeeSchedule", "format:integer merchant_no:string rules:[FeeRule]");
  router.describe("FeesProposal", "replaces:boolean schedule:FeeSchedule");
}

void add_fee_schedule_routes(Router& router, Services& services) {
  describe_authority(router);
  router.add({.method = "PUT",
              .pattern = "/v1/fee-schedules/{mch_no}",
              .allowed = {Role::kOperator},
              .writes = true,
              .summary = "Asks to set what a merchant pays, which a checker approves; rules that "
                         "have begun must stay",
              .handle = [&services](Call call) { ask(services, std::move(call)); },
              .doc = {.request = "FeeSchedule", .answer = "Requested", .status = 201}});
  router.add({.method = "GET",
              .pattern = "/v1/fee-schedules/{mch_no}",
              .allowed = kHouse,
              .summary = "What a merchant pays",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "FeeSchedule"}});
}

}  // namespace suanpan::api::v1
