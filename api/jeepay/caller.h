// Who calls the merchant API: a merchant with one of its apps, and the secret that both sides hold.
//
// Reading a caller costs two decodes and a decryption, so callers are kept until one of their
// documents moves on: a withdrawn app or a switched-off merchant is noticed with the next call.
// Thread-safe. Holds references to the book and the vault, which must outlive it.
#pragma once
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "channels/merchant.h"
#include "ledger/base/cipher.h"
#include "ledger/base/vault.h"
#include "ledger/engine/book.h"

namespace suanpan::api::jeepay {

struct Caller {
  channels::Merchant merchant;
  channels::App app;
  Secret secret;
};
using CallerPtr = std::shared_ptr<const Caller>;

class Callers {
 public:
  Callers(const Book& book, const Vault& vault) : book_(book), vault_(vault) {}

  /// The app of that merchant, both enabled. Errors: kNotFound, with one text for unknown, foreign
  /// and switched off, so that nobody learns whose an app is; kCorrupt when the fault is ours.
  Result<CallerPtr> find(std::string_view mch_no, std::string_view app_id);

 private:
  static constexpr std::size_t kMaxKept = 10'000;
  struct Kept {
    std::uint32_t app_version = 0;
    std::uint32_t merchant_version = 0;
    CallerPtr caller;
  };

  const Book& book_;
  const Vault& vault_;
  std::shared_mutex mutex_;
  std::unordered_map<std::string, Kept> kept_;  // by app id
};

/// An app with its secret, enabled or not: what became of its orders is still to be told. Errors:
/// kNotFound, kCorrupt.
struct AppSecret {
  channels::App app;
  Secret secret;
};
Result<AppSecret> find_app_secret(const Book& book, const Vault& vault, std::string_view app_id);

}  // namespace suanpan::api::jeepay
