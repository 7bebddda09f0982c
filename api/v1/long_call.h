// Writes that are more than one change set: a reconciliation run posts row after row, a settlement
// day makes a batch per merchant, an order is closed at the channel first. Their Idempotency-Key is
// claimed all the same, and the answer kept.
//
//   claim    (caller, key) with the call's content         journalled before anything else happens
//   work     several change sets; knows by its own state what has been done already
//   outcome  the answer, journalled under an id derived from the claim
//
// The same call again finds the outcome and gets the first answer, marked as a replay. Where there
// is no outcome yet (a crash came between, or the first is still at it) the work is done again,
// which changes only what is left to do; of two at once, one outcome is kept and both tell it. The
// same key with other content is refused and the field named, from the claim on.
//
// A file that cannot be believed leaves nothing, its claim neither: work that has to look first
// claims when it has looked, and before it changes anything.
//
// Kept is what was accepted, and what the ledger refused. Not kept is an answer that leaves things
// open: an error, a timeout, an order whose close nobody has confirmed, an answer longer than
// kMaxKeptAnswerBytes. There the key stays bound to its content, and the same call tries again.
#pragma once
#include "api/v1/answer.h"

namespace suanpan::api::v1 {

inline constexpr std::size_t kMaxKeptAnswerBytes = 512 << 10;

/// How a piece of work ended: a response of success, a refusal of the ledger, or a problem.
struct LongOutcome {
  static LongOutcome accepted(std::string body) { return {std::move(body), {}, {}, true}; }
  /// Accepted, and not the last word: told and not kept.
  static LongOutcome open(std::string body) { return {std::move(body), {}, {}, false}; }
  static LongOutcome refused(Refusal refusal) { return {{}, std::move(refusal), {}, true}; }
  static LongOutcome failed(Problem problem) { return {{}, {}, std::move(problem), false}; }
  static LongOutcome failed(const Error& error) { return failed(problem_of(error)); }

  std::string body;  ///< JSON
  std::optional<Refusal> refusal;
  std::optional<Problem> problem;
  bool keep = true;
};
using LongDone = std::function<void(LongOutcome)>;

/// What a resend must repeat, and the status of success.
struct LongCall {
  std::string what;  ///< the operation
  Content content;
  int status = 200;
};

/// Claims the key, once; false: another call has it for something else, and nothing may be done.
using ClaimNow = std::function<bool()>;

/// Claims, works, keeps. `work` runs on a worker, may block there, and calls its second argument
/// once, on any thread.
void run_long(Services& services, Call call, LongCall what,
              std::function<void(Call&, LongDone)> work);
/// The same for work that ends where it began, and that claims when it has looked: what it says
/// after a claim that failed is not told.
void run_long_here(Services& services, Call call, LongCall what,
                   std::function<LongOutcome(Call&, const ClaimNow&)> work);

}  // namespace suanpan::api::v1
