// The chart of accounts: reading it, adding a subject, and what lies below a path. A subject stays
// for good and says what accounts may stand under it: two people add one (authority.h).
#include "ledger/core/chart.h"

#include <limits>

#include "api/v1/authority.h"
#include "api/v1/routes.h"
#include "ledger/base/check.h"
#include "ledger/engine/roll_up.h"

namespace suanpan::api::v1 {
namespace {

constexpr std::size_t kMaxDimensions = 8;

constexpr std::string_view kSubjectMembers =
    "code:string name:string type:=asset|liability|equity|income|expense ";

void write_subject(JsonWriter& out, const Subject& s) {
  out.begin_object()
      .field("code", s.code)
      .field("name", s.name)
      .field("type", name_of(s.type))
      .field("normal_side", name_of(s.normal))
      .field("leaf", s.leaf);
  out.key("dimensions").begin_array();
  for (const std::string& dimension : s.dimensions) out.string(dimension);
  out.end_array().field("closes_into", s.closes_into).end_object();
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  DocumentPtr stored;
  std::vector<DocumentPtr> subjects;
  const std::uint64_t seq = services.book.read([&](const State& state, std::uint64_t last) {
    stored = state.document(DocumentKind::kChart, kChartKey);
    subjects = state.open_documents(DocumentKind::kSubject);
    return last;
  });
  // A book that never adopted one opens accounts of any code: it is free.
  const auto chart = stored ? decode_chart(stored->bytes) : std::nullopt;
  JsonWriter out;
  out.begin_object()
      .field("name", chart ? chart->name : "free")
      .field("enforced", chart && chart->enforced)
      .field("as_of_seq", seq);
  out.key("subjects").begin_array();
  for (const DocumentPtr& document : subjects)
    if (const auto subject = decode_subject(document->bytes);
        subject && call.principal.reach->touches(subject->code))
      write_subject(out, *subject);
  out.end_array().end_object();
  call.reply(json_response(200, out.take()));
}

std::vector<std::string> read_dimensions(Fields& in) {
  std::vector<std::string> dimensions;
  const auto value = in.maybe_value("dimensions");
  if (!value) return dimensions;
  if (!value->is_array() || value->elements().size() > kMaxDimensions) {
    in.fail_at("dimensions", "must be an array of at most 8 names");
    return dimensions;
  }
  for (const JsonValue& element : value->elements()) {
    const auto name = element.as_string();
    if (!name) {
      in.fail_at("dimensions", "must be an array of at most 8 names");
      return dimensions;
    }
    dimensions.emplace_back(name.value());
  }
  return dimensions;
}

Subject read_subject(Fields& in) {
  Subject s;
  s.code = in.text("code");
  s.name = in.text("name");
  const auto type = in.maybe_choice<AccountType>("type", account_type_of);
  if (!type) in.fail_at("type", "is missing");
  s.type = type.value_or(AccountType::kAsset);
  s.normal = in.maybe_choice<Side>("normal_side", side_of).value_or(normal_side(s.type));
  s.leaf = in.flag("leaf", true);
  s.dimensions = read_dimensions(in);
  s.closes_into = in.maybe_text("closes_into").value_or("");
  return s;
}

/// What was asked for, as the request keeps it.
Subject decode_asked(const JsonValue& body) {
  const auto asked = body.find("asked");
  CHECK_OR_DIE(asked, "a subject request is not whole");
  Call stored;
  stored.request.body = std::string(asked->raw());
  Body read(stored);
  Subject subject = read_subject(read.root());
  CHECK_OR_DIE(!read.finish(), "a subject request does not read");
  return subject;
}

Planned<ChangeSet> plan_subject(const View& view, const Subject& subject, const ClaimKey& by,
                                const Moment& moment) {
  const AddSubjectRequest request{by, subject};
  TRY(check_add_subject(request));
  return plan_add_subject(view, request, moment);
}

void ask(Services& services, Call call) {
  Body body(call);
  const Subject subject = read_subject(body.root());
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  Proposal proposal;
  proposal.what = "chart";
  proposal.subject = subject.code;
  proposal.asking.content = content_of(AddSubjectRequest{claim_of(call), subject});
  proposal.asking.body = JsonWriter()
                             .begin_object()
                             .field("what", "chart")
                             .field("subject", subject.code)
                             .key("asked")
                             .raw(call.request.body)
                             .end_object()
                             .take();
  proposal.asking.check = [subject, key = claim_of(call)](const View& view,
                                                          const Moment& moment) -> Planned<void> {
    TRY(plan_subject(view, subject, key, moment));
    return success();
  };
  ask_authority(services, std::move(call), std::move(proposal));
}

// Sums of balances may pass what a number on the wire holds; then nothing is told.
bool write_roll_up(JsonWriter& out, const RollUp& row) {
  const RollUpTotals& t = row.totals;
  out.begin_object().field("currency", code_of(row.currency));
  out.field("accounts", static_cast<std::int64_t>(row.accounts));
  for (const auto& [name, total] :
       {std::pair{"balance", t.posted(Side::kDebit)}, std::pair{"debits_posted", t.debits_posted},
        std::pair{"credits_posted", t.credits_posted},
        std::pair{"debits_pending", t.debits_pending},
        std::pair{"credits_pending", t.credits_pending}, std::pair{"debits_red", t.debits_red},
        std::pair{"credits_red", t.credits_red}}) {
    if (total < std::numeric_limits<std::int64_t>::min() ||
        total > std::numeric_limits<std::int64_t>::max())
      return false;
    out.field(name, static_cast<std::int64_t>(total));
  }
  out.end_object();
  return true;
}

void roll_up(Services& services, Call call) {
  Query query(call);
  const std::string path = query.text("path");
  const auto date = query.maybe_date("date");
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&book = services.book, path, date](Call& on) {
    RollUpOn found;
    if (date) {
      auto summed = roll_up_on(book, path, *date);
      if (!summed) return refuse_call(on, summed.error());
      found = std::move(summed.value());
    } else {
      found.totals = book.roll_up(path, &found.seq);
    }
    if (found.totals.empty()) return refuse_call(on, refuse(RefusalCode::kAccountNotFound, path));
    JsonWriter out;
    out.begin_object().field("path", path).field("as_of_seq", found.seq);
    if (date) out.field("as_of_date", date->iso());
    out.key("totals").begin_array();
    for (const RollUp& row : found.totals)
      if (!write_roll_up(out, row)) return refuse_call(on, refuse(RefusalCode::kOverflow, path));
    out.end_array().end_object();
    on.reply(json_response(200, out.take()));
  });
}

}  // namespace

Planned<Effect> subject_effect(Services&, const JsonValue& body, const std::string&) {
  Effect effect;
  effect.plan = [subject = decode_asked(body)](const View& view, const Moment& moment,
                                               const ClaimKey& by,
                                               ChangeSet& changes) -> Planned<void> {
    TRY(ChangeSet planned, plan_subject(view, subject, by, moment));
    for (Document& document : planned.documents) changes.documents.push_back(std::move(document));
    return success();
  };
  return effect;
}

void write_subject_proposal(JsonWriter& out, const Vault&, const JsonValue& body) {
  write_subject(out, decode_asked(body));
}

void describe_subject(Router& router) {
  router.describe("Subject", std::string(kSubjectMembers) +
                                 "normal_side:=debit|credit leaf:boolean dimensions:[string] "
                                 "closes_into:string");
}

void add_chart_routes(Router& router, Services& services) {
  describe_authority(router);
  const std::string members(kSubjectMembers);
  router.describe("Chart", "name:string enforced:boolean as_of_seq:integer subjects:[Subject]");
  router.describe("AddSubjectRequest", members +
                                           "normal_side?:=debit|credit leaf?:boolean "
                                           "dimensions?:[string] closes_into?:string");
  router.describe("RollUpTotals",
                  "currency:string accounts:integer balance:integer debits_posted:integer "
                  "credits_posted:integer debits_pending:integer credits_pending:integer "
                  "debits_red:integer credits_red:integer");
  router.describe("RollUp", "path:string as_of_seq:integer as_of_date?:date totals:[RollUpTotals]");
  router.add({.method = "GET",
              .pattern = "/v1/chart",
              .allowed = kReaders,
              .summary =
                  "The chart of accounts (科目表) with its subjects, for a key with a part of the "
                  "book those that its accounts stand under",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "Chart"}});
  router.add({.method = "POST",
              .pattern = "/v1/chart/subjects",
              .allowed = {Role::kOperator},
              .writes = true,
              .summary = "Asks for a subject (科目), which stays for good; a checker approves it",
              .handle = [&services](Call call) { ask(services, std::move(call)); },
              .doc = {.request = "AddSubjectRequest", .answer = "Requested", .status = 201}});
  router.add({.method = "GET",
              .pattern = "/v1/roll-ups",
              .allowed = kHouse,
              .summary =
                  "The totals at and below a path, now or at the end of a date; balances are "
                  "debit-positive",
              .handle = [&services](Call call) { roll_up(services, std::move(call)); },
              .doc = {.answer = "RollUp", .query = "path:string date?:date"}});
}

}  // namespace suanpan::api::v1
