#include "channels/bank_channel.h"

#include <algorithm>

#include "channels/url.h"

namespace suanpan::channels {

Result<std::unique_ptr<BankChannel>> BankChannel::make(std::string base_url,
                                                       bank::BankSettings settings) {
  const auto base = Url::parse(base_url);
  if (!base || base.value().target != "/")
    return fail(Errc::kConfig, "bank: the base URL must be scheme and host only");
  if (settings.debtors.empty()) return fail(Errc::kConfig, "bank: no account is configured");
  if (settings.key.empty()) return fail(Errc::kConfig, "bank: the key is not set");
  return std::unique_ptr<BankChannel>(new BankChannel(std::move(base_url), std::move(settings)));
}

bool BankChannel::has_account(std::string_view number) const {
  return std::any_of(accounts_.begin(), accounts_.end(),
                     [&](const bank::DebtorAccount& ours) { return ours.account == number; });
}

}  // namespace suanpan::channels
