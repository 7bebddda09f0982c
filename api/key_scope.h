// What a key may touch (归属): the accounts and merchants that are its own.
//
// Accounts are named by path, whole segments: "3001/小区1" is that account and every one below it,
// "3001/小区1/3幢" too, "3001/小区10" not. "/" alone is the whole book, said in so many words: a
// key that names nothing may touch nothing. Merchants are named by number, and "/" alone is every
// one.
//
// A scope goes with the role upstream alone: what a role of the house opens, it opens for the whole
// book (dispatch.cc). It is made with the key and never changes; a wider one is another key, which
// two people make.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/json.h"
#include "ledger/base/result.h"
#include "ledger/core/view.h"

namespace suanpan::api {

inline constexpr std::size_t kMaxScopePaths = 256;  ///< of accounts, and as many merchants
inline constexpr std::string_view kWhole = "/";

struct KeyScope {
  std::vector<std::string> accounts;
  std::vector<std::string> merchants;

  bool empty() const { return accounts.empty() && merchants.empty(); }
  friend bool operator==(const KeyScope&, const KeyScope&) = default;
};

/// Whether the scope can be meant: paths of accounts, numbers of merchants, each once, and "/" with
/// nothing beside it. What is named need not be there yet. Errors: kMalformed.
Result<void> check_scope(const KeyScope& scope);
/// "a,b" into its parts; an empty text has none.
std::vector<std::string> split_scope(std::string_view text);
/// "accounts" and "merchants", into an open object and out of one. Errors: kMalformed.
void write_scope(JsonWriter& out, const KeyScope& scope);
Result<KeyScope> read_scope(const JsonValue& object);
/// The paths and numbers in one text, for the content of a command.
std::string text_of(const std::vector<std::string>& names);

/// A scope as it is asked. Immutable, but for what it remembers; thread-safe.
class Reach {
 public:
  static const std::shared_ptr<const Reach>& nothing();
  static const std::shared_ptr<const Reach>& whole_book();
  explicit Reach(const KeyScope& scope);

  bool all_accounts() const { return all_accounts_; }
  /// Whether an account of this code, there or not, is within reach.
  bool has_account(std::string_view code) const;
  bool has_merchant(std::string_view mch_no) const;
  /// Whether anything at, below or above `path` is within reach: what lies above one's accounts is
  /// what they stand under.
  bool touches(std::string_view path) const;

  /// The same by number, for calls that name thousands: an account's code never changes, so what
  /// was found for a number is remembered as long as the key. For one reading of the book.
  class Numbers {
   public:
    /// False for a number that no account has, unless the whole book is within reach.
    bool has(AccountId id) const;

   private:
    friend class Reach;
    struct Known {
      explicit Known(std::size_t count)
          : verdicts(new std::atomic<std::uint8_t>[count]()), count(count) {}
      std::unique_ptr<std::atomic<std::uint8_t>[]>
          verdicts;  ///< by number: kUnknown, kOurs, kForeign
      std::size_t count;
    };
    Numbers(const Reach& reach, const View& view, std::shared_ptr<Known> known)
        : reach_(reach), view_(view), known_(std::move(known)) {}
    const Reach& reach_;
    const View& view_;
    std::shared_ptr<Known> known_;
  };
  Numbers numbers(const View& view) const;

 private:
  Reach() = default;

  bool all_accounts_ = false, all_merchants_ = false;
  std::vector<std::string> accounts_, merchants_;  ///< in order
  mutable std::mutex mutex_;
  mutable std::shared_ptr<Numbers::Known> known_;
};

}  // namespace suanpan::api
