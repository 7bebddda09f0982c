#include "channels/bank_driver.h"

namespace suanpan::channels {
namespace {

constexpr int kSendAttempts = 3;
constexpr int kPauseMs = 400;
constexpr int kTransferDeadlineMs = 20'000;
constexpr int kQueryDeadlineMs = 10'000;

TransferOutcome not_written(const Error& error) {
  TransferOutcome outcome;
  outcome.knowledge = Knowledge::kRejected;
  outcome.status = TransferStatus::kFailed;
  outcome.error_code = "REQUEST_INVALID";
  outcome.error_message = error.message;
  return outcome;
}

}  // namespace

void BankDriver::transfer(TransferRequest request, Done<TransferOutcome> done) {
  workers_.post([this, request = std::move(request), done = std::move(done)] {
    send_transfer(request, done, kSendAttempts);
  });
}

void BankDriver::send_transfer(TransferRequest request, Done<TransferOutcome> done, int attempts) {
  auto message = channel_.adapter().encode_transfer(request, real_.now());
  if (!message) return done(not_written(message.error()));
  send_(channel_.base_url(), std::move(message.value()), kTransferDeadlineMs,
        [this, request = std::move(request), done = std::move(done),
         attempts](Result<HttpResponse> answer) {
          const bool not_taken =
              answer ? answer.value().status == 429 : answer.error().code == Errc::kUnavailable;
          if (not_taken && attempts > 1)
            return workers_.post_after(kPauseMs, [this, request, done, attempts] {
              send_transfer(request, done, attempts - 1);
            });
          workers_.post([request, done, answer = std::move(answer)] {
            done(bank::BankAdapter::decode_transfer(request.transfer_no, request.amount, answer));
          });
        });
}

void BankDriver::query_transfer(const std::string& transfer_no, Money amount,
                                Done<TransferOutcome> done) {
  workers_.post([this, transfer_no, amount, done = std::move(done)] {
    auto message = channel_.adapter().encode_transfer_query(transfer_no, real_.now());
    if (!message)
      return done(bank::BankAdapter::decode_transfer_query(transfer_no, amount, message.error()));
    send_(channel_.base_url(), std::move(message.value()), kQueryDeadlineMs,
          [this, transfer_no, amount, done](Result<HttpResponse> answer) {
            workers_.post([transfer_no, amount, done, answer = std::move(answer)] {
              done(bank::BankAdapter::decode_transfer_query(transfer_no, amount, answer));
            });
          });
  });
}

}  // namespace suanpan::channels
