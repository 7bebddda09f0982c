// Requests that move money only when a second person says so (制单, 复核).
//
//   requested ──approve (checker, not the maker)──▶ approved, and what was asked for is accepted
//       └──────reject (checker, or the maker)─────▶ rejected
//
// A request is one document. Its approval and what follows from it (the refund or payout with its
// postings) are one change set: there is no approved request whose money was not taken, and a
// refusal leaves the request as it was. Sending is the payment service's business from then on. To
// approve once more, whoever does it, finds what the first approval made.
#pragma once
#include "api/v1/answer.h"
#include "api/v1/body.h"

namespace suanpan::api::v1 {

enum class RequestState : std::uint8_t { kRequested, kApproved, kRejected };
std::string_view name_of(RequestState state);

struct ApprovalRequest {
  std::string id;  ///< also the number of what it becomes
  RequestState state = RequestState::kRequested;
  std::string maker, checker;  ///< key ids; checker: who approved or rejected
  Timestamp made_at, decided_at;
  std::string note;
  std::string body;  ///< a JSON object: what was asked for
};

std::string encode(const ApprovalRequest& request);
/// Errors: kCorrupt.
Result<ApprovalRequest> decode_approval(std::string_view bytes);
std::optional<ApprovalRequest> find_approval(const Book& book, DocumentKind kind,
                                             std::string_view id);

/// What an answer tells of a request's body, or of what became of it.
struct Shown {
  std::string of;     ///< what lists are filtered by
  std::string state;  ///< of an outcome
  /// Members into an open object (a body), or an object of its own (an outcome).
  std::function<void(JsonWriter&)> write;
};

/// A kind of request: refunds, payouts. Its functions are called on any thread.
struct RequestKind {
  std::string path;    ///< "/v1/refunds"
  std::string noun;    ///< "refund": the member of answers, its plural that of lists
  std::string schema;  ///< "Refund": the schema of the outcome; others are named after it
  std::string filter;  ///< "order_id"
  std::string states;  ///< those of the outcome, "created|processing|…"
  DocumentKind requests{}, outcomes{};
  CommandKind command{};
  /// What an approval adds, under the request's own number. `request` names its checker already.
  std::function<Planned<ChangeSet>(const View&, const ApprovalRequest& request, const Moment&)>
      accept;
  /// What no planner can see: whether a channel would take it.
  std::function<Planned<void>(const ApprovalRequest&)> check;
  /// Submits the approval, lets what it accepted be sent, and answers the call.
  std::function<void(Command, const Call&)> carry_out;
  std::function<Result<Shown>(const ApprovalRequest&)> show_asked;
  std::function<Result<Shown>(const Document&)> show_outcome;
};

/// Makes a request, if `check` agrees. Refusals: kDocumentExists.
Command make_request(ClaimKey key, DocumentKind kind, ApprovalRequest request, Content content,
                     std::function<Planned<void>(const View&)> check);
/// The answer is the request's id; what it became is there when it is accepted. Refusals:
/// kDocumentNotFound, kSamePerson, kDocumentStateFinal (rejected), and those of `accept`.
Command approve_request(ClaimKey key, const RequestKind& kind, std::string id, std::string by);
/// Refusals: kDocumentNotFound, kNotAuthorised (neither its maker nor a checker),
/// kDocumentStateFinal.
Command reject_request(ClaimKey key, DocumentKind kind, std::string id, const Principal& by,
                       std::string note);

/// Submits a request that was read from `call` and answers 201 with its id.
void ask_for(Services& services, Call call, const RequestKind& kind, ApprovalRequest request,
             Content content, std::function<Planned<void>(const View&)> check);

/// {path}: GET, a list by state; {path}/{id}: GET; {path}/{id}/approve and /reject: POST.
/// `body_members` describes what `show_asked` writes.
void add_approval_routes(Router& router, Services& services, RequestKind kind,
                         std::string_view body_members);

}  // namespace suanpan::api::v1
