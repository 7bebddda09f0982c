// The supervision bank as it is configured: where it is, and which accounts there are ours.
// Immutable; thread-safe.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "channels/bank/adapter.h"

namespace suanpan::channels {

class BankChannel {
 public:
  /// Errors: kConfig (base URL, no accounts, no key).
  static Result<std::unique_ptr<BankChannel>> make(std::string base_url,
                                                   bank::BankSettings settings);

  const std::string& base_url() const { return base_url_; }
  const bank::BankAdapter& adapter() const { return adapter_; }
  const std::vector<bank::DebtorAccount>& accounts() const { return accounts_; }
  bool has_account(std::string_view number) const;

 private:
  BankChannel(std::string base_url, bank::BankSettings settings)
      : base_url_(std::move(base_url)),
        accounts_(settings.debtors),
        adapter_(std::move(settings)) {}
  std::string base_url_;
  std::vector<bank::DebtorAccount> accounts_;
  bank::BankAdapter adapter_;
};

}  // namespace suanpan::channels
