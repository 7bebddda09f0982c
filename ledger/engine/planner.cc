#include "ledger/engine/planner.h"

#include <cstdlib>

#include "ledger/base/log.h"
#include "ledger/core/idempotency.h"
#include "ledger/core/invariants.h"
#include "ledger/core/plan_group.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan {
namespace {

Answer left_nothing(Refusal refusal) {
  Answer answer;
  answer.refusal = std::move(refusal);
  return answer;
}

CommandEnvelope envelope_of(const VoucherRequest& voucher, Timestamp moment) {
  return {voucher.key, CommandKind::kVoucher, nullptr, &voucher, moment};
}
CommandEnvelope envelope_of(const Command& command, Timestamp moment) {
  if (command.voucher) return envelope_of(*command.voucher, moment);
  return {command.key, command.kind, &command.content, nullptr, moment};
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
    if (leaves_nothing(planned.error().code)) return left_nothing(planned.error());
    return block.refuse(envelope, planned.error(), view.book().accounting_date, stamper);
  }
  const auto violated = violated_invariant(view, envelope.key, envelope.kind, planned.value());
  if (violated && ground_.stands(refuse(RefusalCode::kInternal))) {
    this->violated(envelope.kind, *violated);
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
      envelope_of(voucher, moment), voucher,
      [](const View& view, const VoucherRequest& v, const Moment& m) {
        return plan_voucher(view, v, m);
      },
      block, stamper);
}

void Planner::violated(CommandKind kind, const std::string& what) {
  invariant_violations_.fetch_add(1);
  log_error("invariant violated by a {} command: {}", name_of(kind), what);
}

std::optional<Answer> Planner::plan(const Command& command, Timestamp moment, BlockBuilder& block,
                                    Stamper& stamper) {
  return decide(
      envelope_of(command, moment), command,
      [](const View& view, const Command& c, const Moment& m) { return c.plan(view, m); }, block,
      stamper);
}

bool Planner::plan_group(const Submission& submission, const LinkedGroup& group, Timestamp moment,
                         BlockBuilder& block, Stamper& stamper, std::span<Answer> answers) {
  std::vector<GroupItem> items;
  items.reserve(group.count);
  for (std::uint32_t i = 0; i < group.count; ++i) {
    const std::uint32_t item = group.first + i;
    if (submission.vouchers.empty()) {
      const Command& command = submission.commands[item];
      items.push_back({command.key, command.kind, std::cref(command.plan)});
    } else {
      const VoucherRequest& voucher = submission.vouchers[item];
      items.push_back(
          {voucher.key, CommandKind::kVoucher,
           [&voucher](const View& v, const Moment& m) { return plan_voucher(v, voucher, m); }});
    }
  }
  const auto envelope = [&](std::uint32_t i) {
    const std::uint32_t item = group.first + i;
    const Timestamp at{moment.ns + i};
    CommandEnvelope made = submission.vouchers.empty() ? envelope_of(submission.commands[item], at)
                                                       : envelope_of(submission.vouchers[item], at);
    made.linked = i + 1 < group.count;
    return made;
  };

  const View& view = ground_.begin();
  const PlannedGroup planned = suanpan::plan_group(view, items, moment);
  if (planned.stands()) {
    if (!ground_.take_group(planned.changes)) return false;
    for (std::uint32_t i = 0; i < group.count; ++i)
      answers[group.first + i] = block.accept(envelope(i), planned.changes[i], stamper);
    return true;
  }
  if (!ground_.stands(planned.refusal)) return false;
  if (!planned.violated.empty()) violated(items[planned.failed].kind, planned.violated);
  const Date date = view.book().accounting_date;
  for (std::uint32_t i = 0; i < group.count; ++i) {
    Refusal refusal = refusal_in_group(planned.refusal, planned.failed, i);
    answers[group.first + i] = leaves_nothing(planned.refusal.code)
                                   ? left_nothing(std::move(refusal))
                                   : block.refuse(envelope(i), refusal, date, stamper);
  }
  return true;
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
  const VoucherRequest* voucher = submission.voucher(item);
  if (!voucher) {
    if (submission.key(item).id.is_zero()) return refuse(RefusalCode::kIdMissing);
    return std::nullopt;
  }
  const auto checked = check_voucher(*voucher);
  if (checked) return std::nullopt;
  return checked.error();
}

bool well_formed(const Submission& submission, const LinkedGroup& group,
                 std::span<Answer> answers) {
  std::optional<std::uint32_t> bad;
  for (std::uint32_t i = 0; i < group.count; ++i) {
    auto refusal = malformed(submission, group.first + i);
    if (!refusal) continue;
    if (!bad) bad = i;
    answers[group.first + i].refusal = std::move(*refusal);
  }
  if (!bad) return true;
  for (std::uint32_t i = 0; i < group.count; ++i)
    if (Refusal& told = answers[group.first + i].refusal; told.code == RefusalCode::kNone)
      told = refuse(RefusalCode::kGroupMalformed, std::to_string(*bad));
  return false;
}

Answer answer_again(const Submission& submission, std::size_t item, const StoredCommand& first) {
  const auto field = [&] {
    if (const VoucherRequest* voucher = submission.voucher(item))
      return first_difference(*voucher, first);
    const Command& command = submission.commands[item];
    return first_difference(command.kind, command.content, first);
  }();
  if (field) return left_nothing(refuse(RefusalCode::kIdReusedWithOtherContent, *field));
  return replay_of(first);
}

}  // namespace suanpan
