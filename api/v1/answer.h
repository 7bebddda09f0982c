// How a native route comes to its answer: commands into the book and their answers out, work that
// blocks onto the workers, refusals as problem documents.
//
// A command is claimed for ever by (the key's caller number, digest of its Idempotency-Key): the
// same call again gets the same answer with "Suanpan-Replayed: true". Thread-safe: plain functions.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "api/problem.h"
#include "api/router.h"
#include "api/services.h"
#include "channels/fair_workers.h"
#include "ledger/base/json.h"
#include "ledger/engine/book.h"
#include "ledger/engine/caller_claim.h"

namespace suanpan::api::v1 {

/// The claim of the call's Idempotency-Key, or of a name inside one of its items.
ClaimKey claim_of(const Call& call);
ClaimKey claim_of(const Call& call, std::string_view name);

/// Writes an answer beside where it is long, else at once. For the committing thread: nothing is
/// thrown through it; what cannot be written is answered as an error. Of what is committed no
/// answer is dropped, and none waits for what workers are busy with.
void write_answer(Services& services, std::shared_ptr<const Call> call, bool is_long,
                  std::function<void()> write);

HttpResponse json_response(int status, std::string body);
void refuse_call(const Call& call, const Problem& problem);
void refuse_call(const Call& call, const Error& error);
void refuse_call(const Call& call, const Refusal& refusal);

/// Writes the answer of an accepted command; a replay writes the same.
using Render = std::function<HttpResponse(const Answer&)>;

/// Submits and answers when it is durable; a full queue answers 503, and nothing has happened.
void run(Services& services, Call call, Command command, Render render);
void run(Services& services, Call call, VoucherRequest voucher, Render render);
/// The response to one answer: `render` if accepted, else the problem; replays are marked.
HttpResponse respond(const Call& call, const Answer& answer, const Render& render);

/// Answers with 200 and `body`, or with the refusal; marked where the claim was known.
void answer_claimed(const Call& call, const CallerClaim& claim, const Refusal& refusal);
void answer_claimed(const Call& call, const CallerClaim& claim, std::string body);

/// Runs `work` on a worker, where it may block and must reply. Callers take turns; one that has all
/// the places that it may have is answered 503.
void on_worker(Services& services, Call call, std::function<void(Call&)> work);
/// Whose turn it is: a key's, or without one an address's.
std::string lane_of(const Call& call);
/// The same on other workers. False: there is no place, and `work` will not run.
[[nodiscard]] bool try_on(FairWorkers& workers, const std::shared_ptr<Call>& call,
                          std::function<void(Call&)> work);

/// Members that every accepted command's answer has: seq, timestamp, accounting_date.
void write_receipt(JsonWriter& out, const Answer& answer);
inline constexpr std::string_view kReceipt =
    "seq:integer timestamp:date-time accounting_date:date ";

/// Whether the key may see what `owner` made: its own, or everything with a role of the house.
bool may_read(const Principal& principal, CallerId owner);
/// Whether the key may post, void or reverse what `owner` made: its own, or with a maker's role
/// what some other key made. What the house itself made (a settlement's hold, an order's voucher)
/// goes its own way, by its documents and the people these ask.
bool may_change(const Principal& principal, CallerId owner);

/// Whether the key may make one more hold: it has fewer open ones than it may, or `key` is known
/// and finds its first answer. Looks at the book as published: what is under way is not counted
/// yet.
bool may_hold(const Services& services, const Principal& principal, const ClaimKey& key);

inline constexpr Roles kReaders{Role::kUpstream, Role::kMaker, Role::kChecker, Role::kAuditor,
                                Role::kOperator};
inline constexpr Roles kHouse{Role::kMaker, Role::kChecker, Role::kAuditor, Role::kOperator};

}  // namespace suanpan::api::v1
