// Requests that move money only when a second person says so (制单, 复核).
//
//   requested ──approve (checker, not the maker)──▶ approved    then, and only then, the money
//   moves
//       └──────reject (checker, or the maker)─────▶ rejected
//
// A request is one document. An approval is journalled before anything else happens and under an id
// of its own; what follows has an id derived from the request's, so that approving again after a
// crash goes on where it stopped and pays once.
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

/// Makes a request, if `check` agrees. Refusals: kDocumentExists.
Command make_request(ClaimKey key, DocumentKind kind, ApprovalRequest request, Content content,
                     std::function<Planned<void>(const View&)> check);
/// Refusals: kDocumentNotFound, kSamePerson, kDocumentStateFinal. Who approved may say so again.
Command approve_request(ClaimKey key, DocumentKind kind, std::string id, std::string by);
/// Refusals: kDocumentNotFound, kNotAuthorised (neither its maker nor a checker),
/// kDocumentStateFinal.
Command reject_request(ClaimKey key, DocumentKind kind, std::string id, const Principal& by,
                       std::string note);

/// The claim of what a request becomes.
ClaimKey outcome_claim(std::string_view id);

/// Members of a request: id, state, maker, …, and whatever `more` adds.
void write_request(JsonWriter& out, const ApprovalRequest& request);
inline constexpr std::string_view kRequestMembers =
    "id:string state:=requested|approved|rejected maker:string made_at:date-time checker?:string "
    "decided_at?:date-time note?:string ";

/// POST {pattern}/{id}/reject, the same for every kind.
void add_reject_route(Router& router, Services& services, std::string pattern, DocumentKind kind);

}  // namespace suanpan::api::v1
