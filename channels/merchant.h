// Merchants and their apps, as documents.
#pragma once
#include <string>
#include <string_view>

#include "ledger/base/vault.h"
#include "ledger/engine/book.h"

namespace suanpan::channels {

enum class MerchantMode : std::uint8_t {
  kDirect = 1,     ///< its own channel account: money never touches us (直连)
  kCollected = 2,  ///< through a supervised account of ours (归集)
};

struct Merchant {
  std::string mch_no;
  std::string name;
  MerchantMode mode = MerchantMode::kCollected;
  bool enabled = true;
  std::string wx_mchid;      ///< whose WeChat Pay merchant number takes its orders
  std::string bank_account;  ///< our bank account that its money arrives at and is paid from
  std::string payee_sealed;  ///< where settlement pays to: payee.h
  std::string supervised_path;  ///< may direct orders to accounts below this code: "2201/维修资金";
                                ///< empty: none
  friend bool operator==(const Merchant&, const Merchant&) = default;
};

struct App {
  std::string app_id;
  std::string mch_no;
  std::string secret_sealed;  ///< under "app|<app_id>"
  bool md5_allowed = true;  ///< MD5 signatures are kept for Jeepay clients and can be switched off
  int window_s = 600;       ///< how far reqTime may be off
  bool enabled = true;
  friend bool operator==(const App&, const App&) = default;
};

std::string encode(const Merchant& merchant);
std::string encode(const App& app);
Result<Merchant> decode_merchant(std::string_view bytes);
Result<App> decode_app(std::string_view bytes);

/// Makes or replaces a merchant with its accounts, and an app. The id is derived from the content:
/// repeating the same is a replay.
std::vector<Command> add_merchant(const Merchant& merchant);
Command put_app(const App& app);

/// A merchant as a part of another change set: opens those of its accounts that are missing and
/// puts the document. Refusals: those of check_open_account().
Planned<void> plan_merchant(const View& view, ChangeSet& changes, const Merchant& merchant);
/// Takes one out of use, at once; again is no fault. Refusals: kMerchantNotFound,
/// kDocumentNotFound.
Command disable_merchant(ClaimKey key, std::string mch_no);
Command disable_app(ClaimKey key, std::string app_id);

/// The published merchant or app; nothing if there is none.
std::optional<Merchant> find_merchant(const Book& book, std::string_view mch_no);
std::optional<App> find_app(const Book& book, std::string_view app_id);
/// The same inside a planner.
std::optional<Merchant> find_merchant(const View& view, std::string_view mch_no);

/// Generic compare-and-set of one document as a command: put(kind, key, bytes, open), version taken
/// from the view; `expected_version` refuses with kDocumentVersionConflict if it has moved.
Command put_document(ClaimKey key, CommandKind command, DocumentKind kind, std::string document_key,
                     std::string bytes, bool open,
                     std::optional<std::uint32_t> expected_version = {});

}  // namespace suanpan::channels
