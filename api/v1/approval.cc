#include "api/v1/approval.h"

#include "api/v1/order_id.h"
#include "ledger/base/check.h"
#include "ledger/base/limits.h"
#include "ledger/core/plan_parts.h"

namespace suanpan::api::v1 {
namespace {

constexpr std::array kStates = {RequestState::kRequested, RequestState::kApproved,
                                RequestState::kRejected};

/// What a decision may add to a stored request: who, when, why, the number of what it made.
constexpr std::size_t kDecisionBytes = 1024;
constexpr std::size_t kMaxNoteBytes = 512;

Planned<ApprovalRequest> find_in(const View& view, DocumentKind kind, const std::string& id) {
  const DocumentPtr document = view.document(kind, id);
  if (!document) return refuse(RefusalCode::kDocumentNotFound, id);
  auto request = decode_approval(document->bytes);
  CHECK_OR_DIE(request, "request {} does not decode", id);
  return std::move(request.value());
}

ChangeSet put(const View& view, DocumentKind kind, const ApprovalRequest& request) {
  ChangeSet changes = on_open_day(view);
  put_next_version(changes, view, kind, request.id, request.state == RequestState::kRequested,
                   encode(request));
  changes.answer = request.id;
  return changes;
}

Command make_request(const Call& call, DocumentKind kind, ApprovalRequest request, Asking asking) {
  return Command{claim_of(call), CommandKind::kSetting, std::move(asking.content),
                 [kind, request = std::move(request), check = std::move(asking.check)](
                     const View& view, const Moment& moment) -> Planned<ChangeSet> {
                   if (view.document(kind, request.id))
                     return refuse(RefusalCode::kDocumentExists, request.id);
                   TRY(check(view, moment));
                   ApprovalRequest made = request;
                   made.made_at = moment.now;
                   return put(view, kind, made);
                 }};
}

void write_decision(JsonWriter& out, const Answer& answer, RequestState state) {
  out.begin_object();
  write_receipt(out, answer);
  out.field("id", answer.answer).field("state", name_of(state));
}

}  // namespace

std::string_view name_of(RequestState state) {
  switch (state) {
    case RequestState::kRequested:
      return "requested";
    case RequestState::kApproved:
      return "approved";
    case RequestState::kRejected:
      break;
  }
  return "rejected";
}

std::string encode(const ApprovalRequest& request) {
  return JsonWriter()
      .begin_object()
      .field("id", request.id)
      .field("state", name_of(request.state))
      .field("maker", request.maker)
      .field("checker", request.checker)
      .field("made_at_ns", request.made_at.ns)
      .field("decided_at_ns", request.decided_at.ns)
      .field("note", request.note)
      .key("body")
      .raw(request.body)
      .end_object()
      .take();
}

Result<ApprovalRequest> decode_approval(std::string_view bytes) {
  TRY(auto document, JsonDocument::parse(bytes));
  const JsonValue root = document.root();
  ApprovalRequest request;
  TRY(auto id, root.get_string("id"));
  TRY(auto state, root.get_string("state"));
  TRY(auto maker, root.get_string("maker"));
  TRY(auto checker, root.get_string("checker"));
  TRY(auto made_at, root.get_int64("made_at_ns"));
  TRY(auto decided_at, root.get_int64("decided_at_ns"));
  TRY(auto note, root.get_string("note"));
  TRY(auto body, root.get("body"));
  bool known = false;
  for (const RequestState one : kStates) {
    if (name_of(one) != state) continue;
    request.state = one;
    known = true;
  }
  if (!known || !body.is_object()) return fail(Errc::kCorrupt, "request {}", id);
  request.id = id;
  request.maker = maker;
  request.checker = checker;
  request.made_at = {made_at};
  request.decided_at = {decided_at};
  request.note = note;
  request.body = std::string(body.raw());
  return request;
}

std::optional<ApprovalRequest> find_approval(const Book& book, DocumentKind kind,
                                             std::string_view id) {
  const DocumentPtr document = book.document(kind, id);
  if (!document) return std::nullopt;
  auto request = decode_approval(document->bytes);
  CHECK_OR_DIE(request, "request {} does not decode", id);
  return std::move(request.value());
}

void write_request(JsonWriter& out, const ApprovalRequest& request) {
  out.field("id", request.id)
      .field("state", name_of(request.state))
      .field("maker", request.maker)
      .field("made_at", request.made_at.iso_cn());
  if (request.state != RequestState::kRequested)
    out.field("checker", request.checker).field("decided_at", request.decided_at.iso_cn());
  if (!request.note.empty()) out.field("note", request.note);
}

std::string request_id(const Call& call, char letter) {
  return order_id_of(letter, claim_of(call));
}

void ask_for(Services& services, Call call, DocumentKind kind, std::string id, Asking asking,
             std::optional<Secret> part) {
  ApprovalRequest request;
  request.id = std::move(id);
  request.maker = call.principal.key_id;
  request.body = std::move(asking.body);
  // Kept some levels deeper than it came, and with what a decision adds.
  const std::string kept = encode(request);
  if (kept.size() + kDecisionBytes > kMaxDocumentBytes || !decode_approval(kept))
    return refuse_call(call, fail(Errc::kMalformed, "too large or too deeply nested to be kept"));
  Command command = make_request(call, kind, std::move(request), std::move(asking));
  run(services, std::move(call), std::move(command),
      [part = std::move(part)](const Answer& answer) {
        JsonWriter out;
        write_decision(out, answer, RequestState::kRequested);
        if (part && !answer.replayed) out.field("secret_part", part->reveal());
        return json_response(201, out.end_object().take());
      });
}

void describe_requested(Router& router) {
  router.describe("Requested",
                  std::string(kReceipt) + "id:string state:=requested secret_part?:string");
}

Command approve_request(const Call& call, DocumentKind kind, CommandKind command, Accept accept,
                        Again again) {
  const std::string& id = call.path.at("id");
  return Command{claim_of(call),
                 command,
                 {{"request", id}, {"decision", "approve"}},
                 [kind, accept = std::move(accept), again, id, by = call.principal.key_id](
                     const View& view, const Moment& moment) -> Planned<ChangeSet> {
                   TRY(auto request, find_in(view, kind, id));
                   if (request.maker == by) return refuse(RefusalCode::kSamePerson, id);
                   if (request.state == RequestState::kApproved && again == Again::kFound) {
                     ChangeSet nothing;
                     nothing.date = view.book().accounting_date;
                     nothing.answer = id;
                     return nothing;
                   }
                   if (request.state != RequestState::kRequested)
                     return refuse(RefusalCode::kDocumentStateFinal, id);
                   request.state = RequestState::kApproved;
                   request.checker = by;
                   request.decided_at = moment.now;
                   TRY(ChangeSet changes, accept(view, request, moment));
                   ChangeSet approval = put(view, kind, request);
                   changes.documents.push_back(std::move(approval.documents[0]));
                   changes.answer = id;
                   return changes;
                 }};
}

void reject_request(Services& services, Call call, DocumentKind kind) {
  std::string note;
  if (!call.request.body.empty()) {
    Body body(call);
    note = body.root().maybe_text("note").value_or("");
    if (note.size() > kMaxNoteBytes) body.root().fail_at("note", "is longer than 512 bytes");
    if (const auto& error = body.finish()) return refuse_call(call, *error);
  }
  const std::string& id = call.path.at("id");
  const Principal& by = call.principal;
  Command command{claim_of(call),
                  CommandKind::kSetting,
                  {{"request", id}, {"decision", "reject"}, {"note", note}},
                  [kind, id, note, name = by.key_id, checker = by.roles.has(Role::kChecker)](
                      const View& view, const Moment& moment) -> Planned<ChangeSet> {
                    TRY(auto request, find_in(view, kind, id));
                    if (request.state != RequestState::kRequested)
                      return refuse(RefusalCode::kDocumentStateFinal, id);
                    if (!checker && request.maker != name)
                      return refuse(RefusalCode::kNotAuthorised, id);
                    request.state = RequestState::kRejected;
                    request.checker = name;
                    request.decided_at = moment.now;
                    request.note = note;
                    return put(view, kind, request);
                  }};
  run(services, std::move(call), std::move(command), [](const Answer& answer) {
    JsonWriter out;
    write_decision(out, answer, RequestState::kRejected);
    return json_response(200, out.end_object().take());
  });
}

void describe_decisions(Router& router) {
  router.describe("Empty", "");
  router.describe("RejectRequest", "note?:string");
  router.describe("Rejected", std::string(kReceipt) + "id:string state:=rejected");
}

void get_request(Services& services, Call call, DocumentKind kind, const WriteRequest& write) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, kind, write](Call& on) {
    const std::string& id = on.path.at("id");
    const auto request = find_approval(services.book, kind, id);
    if (!request) return refuse_call(on, refuse(RefusalCode::kDocumentNotFound, id));
    JsonWriter out;
    if (const auto written = write(out, *request); !written)
      return refuse_call(on, written.error());
    on.reply(json_response(200, out.take()));
  });
}

void list_requests(Services& services, Call call, DocumentKind kind, std::string_view noun,
                   WriteRequest write) {
  Query query(call);
  const std::string state = query.maybe_text("state").value_or("requested");
  if (state != "all" &&
      std::ranges::none_of(kStates, [&](RequestState known) { return name_of(known) == state; }))
    query.fail_at("state", "must be requested, approved, rejected or all");
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call),
            [&services, kind, noun = std::string(noun), state, write = std::move(write)](Call& on) {
              JsonWriter out;
              out.begin_object().key(noun).begin_array();
              Result<void> written = success();
              const auto walked =
                  services.book.for_each_document(kind, [&](const DocumentPtr& document) {
                    const auto request = decode_approval(document->bytes);
                    if (!request)
                      written = request.error();
                    else if (state == "all" || name_of(request.value().state) == state)
                      written = write(out, request.value());
                    return written.has_value();
                  });
              if (!walked) return refuse_call(on, walked.error());
              if (!written) return refuse_call(on, written.error());
              out.end_array().end_object();
              on.reply(json_response(200, out.take()));
            });
}

}  // namespace suanpan::api::v1
