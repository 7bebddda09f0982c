// The supervision bank as a PayoutChannel: encodes on the workers, sends, decodes what comes back.
// Thread-safe. Everything given to it must outlive the last callback.
#pragma once
#include "channels/bank_channel.h"
#include "channels/payment_service.h"
#include "channels/registry.h"
#include "channels/workers.h"

namespace suanpan::channels {

class BankDriver final : public PayoutChannel {
 public:
  BankDriver(const BankChannel& channel, Send send, Workers& workers, const Clock& real)
      : channel_(channel), send_(std::move(send)), workers_(workers), real_(real) {}

  bool pays_from(const std::string& account) const override {
    return channel_.has_account(account);
  }
  void transfer(TransferRequest request, Done<TransferOutcome> done) override;
  void query_transfer(const std::string& transfer_no, Money amount,
                      Done<TransferOutcome> done) override;

 private:
  void send_transfer(TransferRequest request, Done<TransferOutcome> done, int attempts);

  const BankChannel& channel_;
  Send send_;
  Workers& workers_;
  const Clock& real_;
};

}  // namespace suanpan::channels
