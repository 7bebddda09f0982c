// Answers of the payment service as answers of a call.
#pragma once
#include "api/v1/answer.h"
#include "channels/payment_service.h"

namespace suanpan::api::v1 {

/// A callback that answers `call` once: 503 if nothing was accepted, the refusal, or what `write`
/// makes of the document.
template <class T, class Write>
std::function<void(channels::Outcome<T>)> answer_with(Call call, int status, Write write) {
  auto shared = std::make_shared<Call>(std::move(call));
  return [shared, status, write](channels::Outcome<T> outcome) {
    if (outcome.overloaded) return refuse_call(*shared, overloaded(1));
    HttpResponse response;
    if (outcome.accepted()) {
      JsonWriter out;
      write(out, outcome.value);
      response = json_response(status, out.take());
    } else {
      response = render(problem_of(outcome.refusal), shared->request.target);
    }
    if (outcome.replayed) response.headers.set("Suanpan-Replayed", "true");
    shared->reply(std::move(response));
  };
}

}  // namespace suanpan::api::v1
