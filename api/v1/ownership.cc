#include "api/v1/ownership.h"

namespace suanpan::api::v1 {

Planned<void> check_account(const Principal& principal, std::string_view code) {
  if (principal.reach->has_account(code)) return success();
  return refuse(RefusalCode::kNotAuthorised, std::string(code));
}

Planned<void> check_merchant(const Principal& principal, std::string_view mch_no) {
  if (principal.reach->has_merchant(mch_no)) return success();
  return refuse(RefusalCode::kNotAuthorised, std::string(mch_no));
}

Planned<Account> account_of(const Book& book, const Principal& principal, std::string_view code) {
  TRY(check_account(principal, code));
  return book.read([code](const State& state, std::uint64_t) -> Planned<Account> {
    const Account* account = state.account(code);
    if (!account) return refuse(RefusalCode::kAccountNotFound, std::string(code));
    return *account;
  });
}

Planned<void> check_transfers(const Book& book, const Principal& principal, const ClaimKey& key) {
  if (principal.reach->all_accounts()) return success();
  const auto command = book.find(key);
  // What cannot be read is not known to be ours.
  if (!command) return refuse(RefusalCode::kNotAuthorised, key.hex());
  if (!command.value()) return success();
  return book.read([&](const State& state, std::uint64_t) -> Planned<void> {
    const Reach::Numbers numbers = principal.reach->numbers(state);
    for (const Transfer& transfer : command.value()->effects.transfers)
      if (!numbers.has(transfer.debit) || !numbers.has(transfer.credit))
        return refuse(RefusalCode::kNotAuthorised, key.hex());
    return success();
  });
}

}  // namespace suanpan::api::v1
