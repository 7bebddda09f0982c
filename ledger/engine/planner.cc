#include "ledger/engine/planner.h"

#include <cstdlib>

#include "ledger/base/log.h"
#include "ledger/core/idempotency.h"
#include "ledger/core/invariants.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan {
namespace {

constexpr std::size_t kRecentGeneration = 1 << 20;

std::optional<std::string> difference(const CommandEnvelope& envelope,
                                      const StoredCommand& stored) {
  return envelope.voucher ? first_difference(*envelope.voucher, stored)
                          : first_difference(envelope.kind, *envelope.content, stored);
}

}  // namespace

void fatal(const Error& error) {
  log_error("fatal: {}: {}", name_of(error.code), error.message);
  std::_Exit(70);
}

Planner::Planner(State state, Stamper stamper, const IdProjection& ids, const Journal& journal)
    : state_(std::move(state)),
      stamper_(std::move(stamper)),
      recent_(kRecentGeneration),
      ids_(ids),
      journal_(journal) {}

std::optional<StoredCommand> Planner::find(const ClaimKey& key, const GatheredBlock& block) const {
  std::optional<std::uint64_t> seq = recent_.find(key);
  if (!seq) {
    auto stored = ids_.find(key);
    if (!stored) fatal(stored.error());
    seq = stored.value();
  }
  if (!seq) return std::nullopt;
  const auto in = [&](const BlockBuilder& builder) -> std::optional<StoredCommand> {
    const auto legs = find_command(builder.peek(), *seq);
    if (legs.empty()) return std::nullopt;
    return read_command(legs, builder.variable());
  };
  if (auto found = in(block.builder)) return found;
  for (const auto& uncommitted : uncommitted_)
    if (auto found = in(uncommitted->builder)) return found;
  auto durable = journal_.block_of(*seq);
  if (!durable) fatal(durable.error());
  if (!durable.value())
    fatal(fail(Errc::kCorrupt, "journal entry {} of a known id is missing", *seq));
  return durable.value()->read(durable.value()->command(*seq));
}

template <class Request, class Plan>
Answer Planner::decide(const CommandEnvelope& envelope, const Request& request, Plan&& plan,
                       GatheredBlock& block) {
  if (const auto stored = find(envelope.key, block)) {
    if (const auto field = difference(envelope, *stored)) {
      Answer answer;
      answer.refusal = refuse(RefusalCode::kIdReusedWithOtherContent, *field);
      return answer;
    }
    return replay_of(*stored);
  }
  const Moment moment{std::max(envelope.now, stamper_.last_timestamp)};
  Planned<ChangeSet> planned = plan(state_, request, moment);
  if (planned) {
    if (const auto violated =
            violated_invariant(state_, envelope.key, envelope.kind, planned.value())) {
      invariant_violations_.fetch_add(1);
      log_error("invariant violated by a {} command: {}", name_of(envelope.kind), *violated);
      Answer answer;
      answer.refusal = refuse(RefusalCode::kInternal);
      return answer;
    }
    state_.apply(planned.value());
    Answer answer = block.builder.accept(envelope, planned.value(), stamper_);
    recent_.add(envelope.key, answer.seq, ids_.stamp());
    return answer;
  }
  if (is_malformed(planned.error().code)) {
    Answer answer;
    answer.refusal = planned.error();
    return answer;
  }
  Answer answer =
      block.builder.refuse(envelope, planned.error(), state_.book().accounting_date, stamper_);
  recent_.add(envelope.key, answer.seq, ids_.stamp());
  return answer;
}

Answer Planner::plan(const VoucherRequest& voucher, Timestamp now, GatheredBlock& block) {
  if (const auto checked = check_voucher(voucher); !checked) {
    Answer answer;
    answer.refusal = checked.error();
    return answer;
  }
  const CommandEnvelope envelope{voucher.key, CommandKind::kVoucher, nullptr, &voucher, now};
  return decide(envelope, voucher, plan_voucher, block);
}

Answer Planner::plan(const Command& command, Timestamp now, GatheredBlock& block) {
  if (command.key.id.is_zero()) {
    Answer answer;
    answer.refusal = refuse(RefusalCode::kIdMissing);
    return answer;
  }
  const CommandEnvelope envelope{command.key, command.kind, &command.content, nullptr, now};
  return decide(
      envelope, command,
      [](const View& view, const Command& c, const Moment& moment) { return c.plan(view, moment); },
      block);
}

std::size_t Planner::expire_holds(Timestamp now, std::size_t limit, GatheredBlock& block) {
  const auto due = state_.due_holds(std::max(now, stamper_.last_timestamp), limit);
  for (const ClaimKey& hold : due) {
    Command command;
    // Derived from the hold, so that an expiry happens once whoever triggers it.
    command.key = ClaimKey{id_of("expire" + hold.bytes()), kSystemCaller};
    command.kind = CommandKind::kExpireHold;
    command.content = {{"hold", hold.hex()}};
    command.plan = [hold](const View& view, const Moment& moment) {
      return plan_expire_hold(view, hold, moment);
    };
    const Answer answer = plan(command, now, block);
    CHECK_OR_DIE(answer.accepted(), "a due hold does not expire: {}", name_of(answer.refusal.code));
  }
  return due.size();
}

}  // namespace suanpan
