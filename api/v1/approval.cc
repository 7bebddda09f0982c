#include "api/v1/approval.h"

#include "ledger/base/check.h"
#include "ledger/base/digest.h"

namespace suanpan::api::v1 {
namespace {

constexpr std::array kStates = {RequestState::kRequested, RequestState::kApproved,
                                RequestState::kRejected};

Planned<ApprovalRequest> find_in(const View& view, DocumentKind kind, const std::string& id) {
  const DocumentPtr document = view.document(kind, id);
  if (!document) return refuse(RefusalCode::kDocumentNotFound, id);
  auto request = decode_approval(document->bytes);
  CHECK_OR_DIE(request, "request {} does not decode", id);
  return std::move(request.value());
}

ChangeSet put(const View& view, DocumentKind kind, const ApprovalRequest& request) {
  const DocumentPtr before = view.document(kind, request.id);
  ChangeSet changes;
  changes.date = view.book().accounting_date;
  changes.documents.push_back(Document{kind, request.id, before ? before->version + 1 : 1,
                                       request.state == RequestState::kRequested, encode(request)});
  changes.answer = request.id;
  return changes;
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

Command make_request(ClaimKey key, DocumentKind kind, ApprovalRequest request, Content content,
                     std::function<Planned<void>(const View&)> check) {
  return Command{key, CommandKind::kSetting, std::move(content),
                 [kind, request, check = std::move(check)](
                     const View& view, const Moment& moment) -> Planned<ChangeSet> {
                   if (view.document(kind, request.id))
                     return refuse(RefusalCode::kDocumentExists, request.id);
                   TRY(check(view));
                   ApprovalRequest made = request;
                   made.made_at = moment.now;
                   return put(view, kind, made);
                 }};
}

Command approve_request(ClaimKey key, const RequestKind& kind, std::string id, std::string by) {
  return Command{key,
                 kind.command,
                 {{"request", id}, {"decision", "approve"}},
                 [requests = kind.requests, accept = kind.accept, id, by](
                     const View& view, const Moment& moment) -> Planned<ChangeSet> {
                   TRY(auto request, find_in(view, requests, id));
                   if (request.maker == by) return refuse(RefusalCode::kSamePerson, id);
                   if (request.state == RequestState::kRejected)
                     return refuse(RefusalCode::kDocumentStateFinal, id);
                   if (request.state == RequestState::kApproved) {
                     ChangeSet nothing;
                     nothing.date = view.book().accounting_date;
                     nothing.answer = id;
                     return nothing;
                   }
                   request.state = RequestState::kApproved;
                   request.checker = by;
                   request.decided_at = moment.now;
                   TRY(ChangeSet changes, accept(view, request, moment));
                   ChangeSet approval = put(view, requests, request);
                   changes.documents.push_back(std::move(approval.documents.front()));
                   changes.answer = id;
                   return changes;
                 }};
}

Command reject_request(ClaimKey key, DocumentKind kind, std::string id, const Principal& by,
                       std::string note) {
  const bool checker = by.roles.has(Role::kChecker);
  return Command{key,
                 CommandKind::kSetting,
                 {{"request", id}, {"decision", "reject"}, {"note", note}},
                 [kind, id, name = by.key_id, checker, note](
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
}

}  // namespace suanpan::api::v1
