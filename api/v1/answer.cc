#include "api/v1/answer.h"

#include <typeinfo>

#include "api/keys.h"
#include "ledger/base/digest.h"
#include "ledger/base/log.h"

namespace suanpan::api::v1 {

ClaimKey claim_of(const Call& call, std::string_view name) {
  return ClaimKey{id_of(fmt::format("v1|{}", name)), call.principal.caller};
}

ClaimKey claim_of(const Call& call) {
  return claim_of(call, call.request.headers.find("Idempotency-Key").value_or(""));
}

HttpResponse json_response(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers.set("Content-Type", "application/json");
  response.headers.set("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

void refuse_call(const Call& call, const Problem& problem) {
  call.reply(render(problem, call.request.target));
}

void refuse_call(const Call& call, const Error& error) {
  const Problem problem = problem_of(error);
  if (problem.status >= 500) log_error("{} failed: {}", call.request.path(), error.message);
  refuse_call(call, problem);
}

void refuse_call(const Call& call, const Refusal& refusal) {
  refuse_call(call, problem_of(refusal));
}

HttpResponse respond(const Call& call, const Answer& answer, const Render& render) {
  HttpResponse response = answer.accepted()
                              ? render(answer)
                              : api::render(problem_of(answer.refusal), call.request.target);
  if (answer.replayed) response.headers.set("Suanpan-Replayed", "true");
  return response;
}

namespace {

void reply_claimed(const Call& call, const CallerClaim& claim, HttpResponse response) {
  if (claim.replayed) response.headers.set("Suanpan-Replayed", "true");
  call.reply(std::move(response));
}

}  // namespace

void answer_claimed(const Call& call, const CallerClaim& claim, const Refusal& refusal) {
  reply_claimed(call, claim, render(problem_of(refusal), call.request.target));
}
void answer_claimed(const Call& call, const CallerClaim& claim, std::string body) {
  reply_claimed(call, claim, json_response(200, std::move(body)));
}

void write_answer(Services& services, std::shared_ptr<const Call> call, bool is_long,
                  std::function<void()> write) {
  const auto guarded = [write = std::move(write), call = std::move(call)] {
    try {
      write();
    } catch (const std::exception& error) {
      log_error("an answer could not be written: {}", typeid(error).name());
      refuse_call(*call, problem_of(fail(Errc::kIo, "answer")));
    }
  };
  if (!is_long) return guarded();
  services.answers.post(guarded);
}

namespace {

template <class Item>
void run_one(Services& services, Call call, Item item, Render render) {
  auto shared = std::make_shared<Call>(std::move(call));
  std::vector<Item> items;
  items.push_back(std::move(item));
  const bool accepted =
      services.book.submit(std::move(items), [shared, render](Book::Answers answers) {
        // On the committing thread: nothing may be thrown through it.
        try {
          shared->reply(respond(*shared, answers.at(0), render));
        } catch (const std::exception& error) {
          log_error("an answer could not be written: {}", typeid(error).name());
          refuse_call(*shared, problem_of(fail(Errc::kIo, "answer")));
        }
      });
  if (!accepted) refuse_call(*shared, overloaded(1));
}

}  // namespace

void run(Services& services, Call call, Command command, Render render) {
  run_one(services, std::move(call), std::move(command), std::move(render));
}
void run(Services& services, Call call, VoucherRequest voucher, Render render) {
  run_one(services, std::move(call), std::move(voucher), std::move(render));
}

// No key's name holds an '@'.
std::string lane_of(const Call& call) {
  return call.principal.key_id.empty() ? "@" + call.request.peer : call.principal.key_id;
}

bool try_on(FairWorkers& workers, const std::shared_ptr<Call>& call,
            std::function<void(Call&)> work) {
  return workers.submit(lane_of(*call), [call, work = std::move(work)] {
    try {
      work(*call);
    } catch (const std::exception& error) {
      log_error("the handler of {} threw: {}", call->request.path(), typeid(error).name());
      refuse_call(*call, problem_of(fail(Errc::kIo, "exception")));
    }
  });
}

void on_worker(Services& services, Call call, std::function<void(Call&)> work) {
  const auto shared = std::make_shared<Call>(std::move(call));
  if (!try_on(services.workers, shared, std::move(work))) refuse_call(*shared, overloaded(1));
}

void write_receipt(JsonWriter& out, const Answer& answer) {
  out.field("seq", answer.seq)
      .field("timestamp", answer.timestamp.iso_cn())
      .field("accounting_date", answer.date.iso());
}

bool may_read(const Principal& principal, CallerId owner) {
  return principal.caller == owner || principal.roles.has_any(kHouse);
}

bool may_hold(const Services& services, const Principal& principal, const ClaimKey& key) {
  const std::uint64_t open = services.book.read(
      [&](const State& state, std::uint64_t) { return state.open_holds_of(principal.caller); });
  if (open < services.max_open_holds) return true;
  const auto known = services.book.find(key);
  return known && known.value();
}

bool may_change(const Principal& principal, CallerId owner) {
  return principal.caller == owner ||
         (owner.value >= kFirstKeyCaller && principal.roles.has(Role::kMaker));
}

}  // namespace suanpan::api::v1
