// What two people decide (制单, 复核): requests that a maker puts in and another key approves.
//
//   requested ──approve (checker, not the maker)──▶ approved, and what was asked for is so
//       └──────reject (checker, or the maker)─────▶ rejected
//
// A request is one document. Its approval and what follows from it (a refund or payout with its
// postings, a voucher, a key) are one change set: there is no approved request without its effect,
// and a refusal leaves the request as it was.
//
// Everything here knows only requests. What is asked for belongs to refunds.cc, payouts.cc,
// adjustments.cc and authority.h.
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

/// The members that every request shows, into an open object, and their schema.
void write_request(JsonWriter& out, const ApprovalRequest& request);
inline constexpr std::string_view kRequestMembers =
    "id:string state:=requested|approved|rejected maker:string made_at:date-time checker?:string "
    "decided_at?:date-time note?:string ";

// Asking.

/// What a call asks for. `content`: what a resend must repeat. `check`: whether it could be so now,
/// that a maker hears at once what a checker would.
struct Asking {
  std::string body;  ///< of the request
  Content content;
  std::function<Planned<void>(const View&, const Moment&)> check;
};

/// The request's number: `letter`, then the claim's caller and id (order_id.h).
std::string request_id(const Call& call, char letter);
/// Journals the request under `id` and answers 201 with it; `part`, if there is one, is shown with
/// the first answer and not with a replay. Refusals: kDocumentExists and those of `check`. Errors:
/// kMalformed if what is asked for is too large to be kept.
void ask_for(Services& services, Call call, DocumentKind kind, std::string id, Asking asking,
             std::optional<Secret> part = {});
/// "Requested", the answer's schema.
void describe_requested(Router& router);

// Deciding.

/// What an approval adds to the change set. `request` is approved and names its checker already;
/// its body may be added to.
using Accept =
    std::function<Planned<ChangeSet>(const View&, ApprovalRequest& request, const Moment&)>;
/// An approval under another Idempotency-Key after the first.
enum class Again : std::uint8_t {
  kRefused,  ///< kDocumentStateFinal
  kFound,    ///< finds what the first made, and changes nothing
};

/// The answer is the request's id. Refusals: kDocumentNotFound, kSamePerson, kDocumentStateFinal,
/// and those of `accept`.
Command approve_request(const Call& call, DocumentKind kind, CommandKind command, Accept accept,
                        Again again);
/// Whole route …/{id}/reject: the body, if any, may hold a note. Refusals: kDocumentNotFound,
/// kNotAuthorised (neither its maker nor a checker), kDocumentStateFinal.
void reject_request(Services& services, Call call, DocumentKind kind);
/// "Empty", "RejectRequest" and "Rejected": the schemas of the two decisions.
void describe_decisions(Router& router);

// Reading. `write` makes an object of a request.

using WriteRequest = std::function<Result<void>(JsonWriter&, const ApprovalRequest&)>;
void get_request(Services& services, Call call, DocumentKind kind, const WriteRequest& write);
/// ?state=requested|approved|rejected|all, the first if absent; an object with the array `noun`.
void list_requests(Services& services, Call call, DocumentKind kind, std::string_view noun,
                   WriteRequest write);
inline constexpr std::string_view kListQuery = "state?:=requested|approved|rejected|all";

// Requests that become a document of their own: refunds and payouts.

/// What an answer tells of a request's body, or of what became of it.
struct Shown {
  std::string of;     ///< what lists are filtered by
  std::string state;  ///< of an outcome
  /// Members into an open object (a body), or an object of its own (an outcome).
  std::function<void(JsonWriter&)> write;
};

/// A kind of request. Its functions are called on any thread.
struct RequestKind {
  std::string path;    ///< "/v1/refunds"
  std::string noun;    ///< "refund": the member of answers, its plural that of lists
  std::string schema;  ///< "Refund": the schema of the outcome; others are named after it
  std::string filter;  ///< "order_id"
  std::string states;  ///< those of the outcome, "created|processing|…"
  std::string asked;   ///< the schema of what `read` reads
  std::string shown;   ///< the schema of what `show_asked` writes
  char letter = 0;     ///< its numbers begin with it
  DocumentKind requests{}, outcomes{};
  CommandKind command{};
  /// Reads what is asked for under the number `id` and claimed by the call; what is malformed is
  /// noted in the fields. Errors: those of sealing what is personal in it.
  std::function<Result<Asking>(Fields&, const std::string& id, const ClaimKey& claim)> read;
  /// What an approval adds, under the request's own number.
  Accept accept;
  /// What comes before any planner: whether the amount is one, and a channel would take it.
  std::function<Planned<void>(const ApprovalRequest&)> check;
  /// Submits the approval, lets what it accepted be sent, and answers the call.
  std::function<void(Command, const Call&)> carry_out;
  std::function<Result<Shown>(const ApprovalRequest&)> show_asked;
  std::function<Result<Shown>(const Document&)> show_outcome;
};

/// {path}: POST asks, GET lists by state; {path}/{id}: GET; {path}/{id}/approve and /reject: POST.
void add_approval_routes(Router& router, Services& services, RequestKind kind);

}  // namespace suanpan::api::v1
