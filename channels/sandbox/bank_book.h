// What the bank remembers: accounts with virtual sub-accounts, entries, transfers out. The rules of
// money, without HTTP and XML.
//
// Invariants: an account's balance is its opening balance plus its entries; transfers accepted and
// not yet settled never exceed it (they are reserved); entries are in order of time; a transfer of
// one end-to-end id happens at most once.
// Amounts are in fen, credit positive. Times are business times. Not thread-safe.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ledger/base/date.h"
#include "ledger/base/result.h"

namespace suanpan::sandbox {

struct BankAccountSettings {
  std::string account;
  std::string name;
  std::int64_t opening_fen = 0;
  /// The day of the first statement; absent: the day of the first call.
  std::optional<Date> opened_on;
};

struct BankEntry {
  Timestamp at;
  std::int64_t amount_fen = 0;
  std::string reference;      ///< AcctSvcrRef, unique in the bank
  std::string end_to_end_id;  ///< empty where the payer gave none
  std::string party_name, party_account;
  std::string remark;
  std::string sub_account;    ///< our side's, where it was a virtual sub-account
  std::string return_reason;  ///< of a returned transfer: a code such as AC04
};

struct BankAccount {
  BankAccountSettings settings;
  Date opened_on;
  std::int64_t balance_fen = 0;
  std::int64_t reserved_fen = 0;
  std::vector<BankEntry> entries;
  std::map<std::string, std::int64_t> sub_balances_fen;  ///< free plus reserved
};

/// A transfer as asked for; all of it but the date is what "the same content" means.
struct CreditTransfer {
  std::string end_to_end_id, payment_info_id;
  std::string debtor_account;  ///< an account or a sub-account
  std::string creditor_name, creditor_account, creditor_bank;
  std::string remark;
  std::string currency;
  std::int64_t amount_fen = 0;
  Date execute_on;

  bool same_content(const CreditTransfer& other) const;
};

/// Why a transfer was refused: an ISO 20022 external status reason code and a sentence.
struct Rejection {
  std::string code;
  std::string text;
};

enum class TransferState : std::uint8_t { kRejected, kPending, kSettled, kReturned };

struct BankTransfer {
  CreditTransfer terms;
  std::string message_id;
  TransferState state = TransferState::kPending;
  std::string first_status;  ///< ACSP, ACTC or RJCT: what the first answer said
  Rejection rejection;
  std::string reference;
  Timestamp settles_at;
  std::optional<Rejection> fails_with;    ///< rejected when it should settle
  std::optional<Rejection> returns_with;  ///< returned after it has settled
  std::int64_t returns_after_s = 0;
};

struct Deposit {
  std::string account, sub_account;
  std::string payer_name, payer_account;
  std::int64_t amount_fen = 0;
  std::string remark;
  std::string end_to_end_id;
};

class BankBook {
 public:
  /// `settle_delay_s`: from acceptance to settlement of a transfer for today.
  explicit BankBook(std::int64_t settle_delay_s) : settle_delay_s_(settle_delay_s) {}

  /// Errors: kMalformed (empty or over-long number), kMismatch if it exists.
  Result<void> open(BankAccountSettings settings, Timestamp now);
  /// Opens a numbered sub-account of an account; again is no error. Deposits open theirs
  /// themselves: an account's numbers are the holder's to give out. Errors: kNotFound, kMismatch
  /// if the number is another account's.
  Result<void> open_sub_account(const std::string& account, const std::string& sub_account);

  /// Lets time pass: settles and returns what is due, each dated when it was due.
  void advance(Timestamp now);

  /// Credits an account. Errors: kNotFound (account), kMalformed (amount, text lengths, control
  /// characters), kMismatch (a sub-account of another account).
  Result<const BankEntry*> deposit(const Deposit& deposit, Timestamp now);

  struct Fate {
    std::optional<Rejection> reject_now;
    std::optional<Rejection> reject_later;
    std::optional<Rejection> return_later;
    std::int64_t return_after_s = 3600;
  };
  /// Accepts or refuses a transfer, or finds the one of that end-to-end id: then nothing happens,
  /// whatever `fate` says. With other content it is refused with AM05 and the first one stays.
  BankTransfer submit(const CreditTransfer& terms, const std::string& message_id, const Fate& fate,
                      Timestamp now);
  bool knows(const std::string& end_to_end_id) const { return transfers_.contains(end_to_end_id); }
  /// Nothing if the bank never had it.
  const BankTransfer* find(const std::string& end_to_end_id) const;

  const std::map<std::string, BankAccount>& accounts() const { return accounts_; }
  const std::map<std::string, BankTransfer>& transfers() const { return transfers_; }

 private:
  struct Debtor {
    BankAccount* account = nullptr;
    std::int64_t* sub_balance_fen = nullptr;
    std::string sub_account;
  };
  std::optional<Debtor> debtor(const std::string& number);
  std::optional<Rejection> judge(const CreditTransfer& terms, Timestamp now);
  void settle(BankTransfer& transfer);
  void give_back(BankTransfer& transfer, Timestamp at);
  const BankEntry& book(BankAccount& account, BankEntry entry);

  std::int64_t settle_delay_s_;
  std::uint64_t counter_ = 0;
  std::map<std::string, BankAccount> accounts_;
  std::map<std::string, std::string> account_of_sub_;
  std::map<std::string, BankTransfer> transfers_;  ///< by end-to-end id
  struct Event {
    Timestamp at;
    std::uint64_t sequence;
    std::string end_to_end_id;
    friend auto operator<=>(const Event&, const Event&) = default;
  };
  std::set<Event> events_;
};

}  // namespace suanpan::sandbox
