#include "ledger/engine/planner.h"

#include <cstdlib>

#include "ledger/base/log.h"
#include "ledger/core/idempotency.h"
#include "ledger/core/invariants.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan {
namespace {

Answer left_nothing(Refusal refusal) {
  Answer answer;
  answer.refusal = std::move(refusal);
  return answer;
}

}  // namespace

void fatal(const Error& error) {
  log_error("fatal: {}: {}", name_of(error.code), error.message);
  std::_Exit(70);
}

template <class Request, class Plan>
std::optional<Answer> Planner::decide(const CommandEnvelope& envelope, const Request& request,
                                      Plan&& plan, BlockBuilder& block, Stamper& stamper) {
  const View& view = ground_.begin();
  const Planned<ChangeSet> planned = plan(view, request, Moment{envelope.now});
  if (!planned) {
    if (!ground_.stands(planned.error())) return std::nullopt;
    if (is_malformed(planned.error().code)) return left_nothing(planned.error());
    return block.refuse(envelope, planned.error(), view.book().accounting_date, stamper);
  }
  const auto violated = violated_invariant(view, envelope.key, envelope.kind, planned.value());
  if (violated && ground_.stands(refuse(RefusalCode::kInternal))) {
    invariant_violations_.fetch_add(1);
    log_error("invariant violated by a {} command: {}", name_of(envelope.kind), *violated);
    return left_nothing(refuse(RefusalCode::kInternal));
  }
  if (violated || !ground_.take(planned.value())) return std::nullopt;
  return block.accept(envelope, planned.value(), stamper);
}

std::optional<Answer> Planner::plan(const Submission& submission, std::size_t item,
                                    Timestamp moment, BlockBuilder& block, Stamper& stamper) {
  if (submission.vouchers.empty()) return plan(submission.commands[item], moment, block, stamper);
  const VoucherRequest& voucher = submission.vouchers[item];
  return decide(
      CommandEnvelope{voucher.key, CommandKind::kVoucher, nullptr, &voucher, moment}, voucher,
      [](const View& view, const VoucherRequest& v, const Moment& m) {
        return plan_voucher(view, v, m);
      },
      block, stamper);
}

std::optional<Answer> Planner::plan(const Command& command, Timestamp moment, BlockBuilder& block,
                                    Stamper& stamper) {
  return decide(
      CommandEnvelope{command.key, command.kind, &command.content, nullptr, moment}, command,
      [](const View& view, const Command& c, const Moment& m) { return c.plan(view, m); }, block,
      stamper);
}

Command expiry_of(const ClaimKey& hold) {
  Command command;
  command.key = ClaimKey{id_of("expire" + hold.bytes()), kSystemCaller};
  command.kind = CommandKind::kExpireHold;
  command.content = {{"hold", hold.hex()}};
  command.plan = [hold](const View& view, const Moment& moment) {
    return plan_expire_hold(view, hold, moment);
  };
  return command;
}

std::optional<Refusal> malformed(const Submission& submission, std::size_t item) {
  if (submission.vouchers.empty()) {
    if (submission.commands[item].key.id.is_zero()) return refuse(RefusalCode::kIdMissing);
    return std::nullopt;
  }
  const auto checked = check_voucher(submission.vouchers[item]);
  if (checked) return std::nullopt;
  return checked.error();
}

Answer answer_again(const Submission& submission, std::size_t item, const StoredCommand& first) {
  const auto field = [&] {
    if (!submission.vouchers.empty()) return first_difference(submission.vouchers[item], first);
    const Command& command = submission.commands[item];
    return first_difference(command.kind, command.content, first);
  }();
  if (field) return left_nothing(refuse(RefusalCode::kIdReusedWithOtherContent, *field));
  return replay_of(first);
}

}  // namespace suanpan
