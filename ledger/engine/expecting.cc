#include "ledger/engine/expecting.h"

#include "ledger/base/check.h"

namespace suanpan {

Command expecting(Command command, std::vector<Expectation> expects) {
  if (expects.empty()) return command;
  CHECK_OR_DIE(!command.voucher, "a voucher's rules say what it expects");
  CHECK_OR_DIE(!expected_in(command.content), "a command expects twice");
  const auto rules = std::make_shared<const VoucherRules>(VoucherRules{std::move(expects), {}});
  add_expects(command.content, *rules);
  command.plan = [rules, plan = std::move(command.plan)](const View& view, const Moment& moment) {
    return plan_expecting(view, rules, plan(view, moment));
  };
  return command;
}

}  // namespace suanpan
