#include "api/v1/payee_body.h"

#include "ledger/core/text.h"

namespace suanpan::api::v1 {
namespace {

bool digits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

channels::Payee read_payee(Fields& in) {
  Fields payee = in.object("payee");
  channels::Payee read{payee.text("name"), payee.text("account"), payee.text("bank")};
  if (read.name.empty() || read.name.size() > 140 || !is_plain_text(read.name))
    payee.fail_at("name", "must be text of 1 to 140 bytes");
  if (read.account.empty() || read.account.size() > 34 || !digits(read.account))
    payee.fail_at("account", "must be 1 to 34 digits");
  if (read.bank.size() != 12 || !digits(read.bank))
    payee.fail_at("bank", "must be a CNAPS code of 12 digits");
  payee.close();
  return read;
}

std::string blinded(const Vault& vault, const channels::Payee& payee) {
  return vault.blind("payee", fmt::format("{}\n{}\n{}", payee.name, payee.account, payee.bank));
}

}  // namespace suanpan::api::v1
