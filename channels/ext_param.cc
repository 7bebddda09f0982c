#include "channels/ext_param.h"

namespace suanpan::channels {
namespace {

std::string context_of(std::string_view mch_no) { return fmt::format("ext-param|{}", mch_no); }

}  // namespace

std::string seal_ext_param(const Vault& vault, std::string_view mch_no, std::string_view text) {
  return text.empty() ? std::string() : vault.seal(context_of(mch_no), text);
}

Result<std::string> open_ext_param(const Vault& vault, std::string_view mch_no,
                                   std::string_view sealed) {
  if (sealed.empty()) return std::string();
  const auto text = vault.unseal(context_of(mch_no), sealed);
  if (!text) return fail(Errc::kCorrupt, "an extParam of {} does not open", mch_no);
  return std::string(text.value().reveal());
}

}  // namespace suanpan::channels
