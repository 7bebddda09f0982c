#include "api/jeepay/cashier_link.h"

namespace suanpan::api::jeepay {

std::string cashier_token(const Vault& vault, std::string_view order_id) {
  return vault.blind("cashier", order_id);
}

std::string cashier_url(std::string_view public_url, const Vault& vault,
                        std::string_view order_id) {
  while (public_url.ends_with('/')) public_url.remove_suffix(1);
  return fmt::format("{}/cashier/{}?t={}", public_url, order_id, cashier_token(vault, order_id));
}

}  // namespace suanpan::api::jeepay
