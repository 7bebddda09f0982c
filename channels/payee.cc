#include "channels/payee.h"

#include "ledger/base/json.h"

namespace suanpan::channels {
namespace {

std::string context_of(std::string_view mch_no) { return fmt::format("payee|{}", mch_no); }

}  // namespace

std::string seal_payee(const Vault& vault, std::string_view mch_no, const Payee& payee) {
  return vault.seal(context_of(mch_no), JsonWriter()
                                            .begin_object()
                                            .field("name", payee.name)
                                            .field("account", payee.account)
                                            .field("bank", payee.bank)
                                            .end_object()
                                            .take());
}

Result<Payee> open_payee(const Vault& vault, std::string_view mch_no, std::string_view sealed) {
  TRY(const Secret text, vault.unseal(context_of(mch_no), sealed));
  TRY(const auto document, JsonDocument::parse(text.reveal()));
  Payee payee;
  TRY(payee.name, document.root().get_string("name"));
  TRY(payee.account, document.root().get_string("account"));
  TRY(payee.bank, document.root().get_string("bank"));
  return payee;
}

std::string mask_payee(const Payee& payee) {
  const std::string_view number = payee.account;
  const auto shown = number.size() > 8 ? number.substr(number.size() - 4) : std::string_view{};
  return fmt::format("{} ****{}", payee.name, shown);
}

}  // namespace suanpan::channels
