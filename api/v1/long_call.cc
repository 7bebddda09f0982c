#include "api/v1/long_call.h"

#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/core/idempotency.h"

namespace suanpan::api::v1 {
namespace {

ClaimKey outcome_key(const ClaimKey& claim) {
  return {id_of(fmt::format("v1-outcome|{}", claim.hex())), claim.caller};
}

ChangeSet nothing_but(const View& view, std::string answer) {
  ChangeSet changes;
  changes.date = view.book().accounting_date;
  changes.answer = std::move(answer);
  return changes;
}

Command claim_command(const ClaimKey& key, Content content) {
  return Command{
      key, CommandKind::kSetting, std::move(content),
      [](const View& view, const Moment&) -> Planned<ChangeSet> { return nothing_but(view, ""); }};
}

// Its content is the claim alone: whichever of two outcomes comes first is the outcome.
Content outcome_content(const ClaimKey& claim) { return {{"claim", claim.hex()}}; }

Command outcome_command(const ClaimKey& claim, const LongOutcome& outcome) {
  return Command{outcome_key(claim), CommandKind::kSetting, outcome_content(claim),
                 [outcome](const View& view, const Moment&) -> Planned<ChangeSet> {
                   if (outcome.refusal) return *outcome.refusal;
                   return nothing_but(view, outcome.body);
                 }};
}

/// A call on its way. One thread at a time.
struct Attempt {
  Services& services;
  Call call;
  LongCall what;
  ClaimKey key;
  bool claimed = false;
  std::optional<Refusal> clash;  ///< the key is another call's

  void tell(const LongOutcome& outcome, bool replayed) const {
    if (outcome.problem) return refuse_call(call, *outcome.problem);
    HttpResponse response = outcome.refusal
                                ? render(problem_of(*outcome.refusal), call.request.target)
                                : json_response(what.status, outcome.body);
    if (replayed) response.headers.set("Suanpan-Replayed", "true");
    call.reply(std::move(response));
  }

  bool claim() {
    if (claimed) return true;
    const Answer answer = services.book.run(claim_command(key, what.content));
    claimed = answer.accepted();
    if (!claimed) clash = answer.refusal;
    return claimed;
  }
};
using AttemptPtr = std::shared_ptr<Attempt>;

LongOutcome kept(const Refusal& refusal, const std::string& answer) {
  return refusal.code == RefusalCode::kNone ? LongOutcome::accepted(answer)
                                            : LongOutcome::refused(refusal);
}

/// Keeps the outcome if it is one to be kept, and tells what stands. Does not wait: the thread is
/// whosever the work ended on.
void end(const AttemptPtr& attempt, const LongOutcome& outcome) {
  if (attempt->clash) return attempt->tell(LongOutcome::refused(*attempt->clash), false);
  if (!outcome.keep || outcome.body.size() > kMaxKeptAnswerBytes)
    return attempt->tell(outcome, false);
  CHECK_OR_DIE(attempt->claimed, "{} has an outcome and no claim", attempt->what.what);
  std::vector<Command> commands{outcome_command(attempt->key, outcome)};
  const bool taken = attempt->services.book.submit(
      std::move(commands), [attempt, outcome](const Book::Answers& answers) {
        // Of two outcomes the first stands.
        const Answer& answer = answers.at(0);
        attempt->tell(answer.replayed ? kept(answer.refusal, answer.answer) : outcome,
                      answer.replayed);
      });
  // What was done is done and told; the same call would find it done.
  if (!taken) attempt->tell(outcome, false);
}

/// True if the call has been answered: by its first outcome, or because its key is another's.
bool answered_before(const AttemptPtr& attempt) {
  const Book& book = attempt->services.book;
  const auto first = book.find(attempt->key);
  if (!first) return refuse_call(attempt->call, first.error()), true;
  if (!first.value()) return false;
  if (const auto field =
          first_difference(CommandKind::kSetting, attempt->what.content, *first.value())) {
    attempt->tell(LongOutcome::refused(refuse(RefusalCode::kIdReusedWithOtherContent, *field)),
                  false);
    return true;
  }
  attempt->claimed = true;
  const auto outcome = book.find(outcome_key(attempt->key));
  if (!outcome) return refuse_call(attempt->call, outcome.error()), true;
  // An id can be chosen: what somebody posted under this one is no answer.
  if (!outcome.value() ||
      first_difference(CommandKind::kSetting, outcome_content(attempt->key), *outcome.value()))
    return false;
  attempt->tell(kept(outcome.value()->refusal, outcome.value()->effects.answer), true);
  return true;
}

void begin(Services& services, Call call, LongCall what,
           std::function<void(const AttemptPtr&)> work) {
  what.content.insert(what.content.begin(), {"call", what.what});
  on_worker(services, std::move(call), [&services, what, work = std::move(work)](Call& on) {
    const auto attempt = std::make_shared<Attempt>(Attempt{services, on, what, claim_of(on)});
    if (!answered_before(attempt)) work(attempt);
  });
}

}  // namespace

void run_long(Services& services, Call call, LongCall what,
              std::function<void(Call&, LongDone)> work) {
  begin(services, std::move(call), std::move(what),
        [work = std::move(work)](const AttemptPtr& attempt) {
          if (!attempt->claim()) return end(attempt, {});
          work(attempt->call, [attempt](const LongOutcome& outcome) { end(attempt, outcome); });
        });
}

void run_long_here(Services& services, Call call, LongCall what,
                   std::function<LongOutcome(Call&, const ClaimNow&)> work) {
  begin(services, std::move(call), std::move(what),
        [work = std::move(work)](const AttemptPtr& attempt) {
          end(attempt, work(attempt->call, [&attempt] { return attempt->claim(); }));
        });
}

}  // namespace suanpan::api::v1
