// The auditor's own model of a book: it takes the journal's commands one by one, judges each, and
// keeps what the projections must show afterwards. It shares nothing with planners, State and
// projections but the codecs: where they err, it must not err with them.
//
// What it holds true, command by command:
//   a command is one id, one time, later than every time before; no id is claimed twice
//   a refusal changes nothing
//   money moves between two open accounts of one currency, in amounts of the right sign, on a day
//   that is open; nobody is drawn below the limit; nothing moves against a freeze
//   voucher numbers run without a gap in each month and type
//   what is reserved is what the hold documents say; a finished hold stays finished
//   red amounts are tied to an original and counted in its reversal totals
//   what a voucher expected of an account was so, and legs "up to" a balance took what was there
//   linked commands stand or fall together, in one block; the failing one is named by the others
//   a change of an account's terms leaves its history
//   no erased key is one that an open document needs, nor does a payout begin with it
//   documents and accounts advance version by version; states go only where they may
//   orders, refunds and payouts move the money that their documents say, and nothing besides
//   an order stays whose it is and what it is for; its lines and its fee stay, too, but what goes
//   to suspense when it is paid; and its payment comes over the account of the channel named
//   who is to be told of them is told by the same command, attempt by attempt to the end
//   webhooks are asked for by one and approved by another, deliver only then and until they are
//   disabled, go back only by a replay, and give up only after eight attempts and with a dead
//   letter
//   days only move forward
//   a year's end is asked for and begun by two, and leaves nothing on income and expense
//   accounts stand where the chart has room for them; subjects never change
//
// Memory: accounts, open holds, orders and refunds in brief, a digest per document, eight bytes an
// id (twelve where there are reversals). Not thread-safe.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "ledger/core/chart.h"
#include "ledger/core/hold.h"
#include "ledger/core/order.h"
#include "ledger/core/year_close.h"
#include "ledger/engine/id_prints.h"
#include "ledger/store/account_projection.h"
#include "ledger/store/block.h"
#include "ledger/store/business_key_projection.h"

namespace suanpan {

/// What is wrong and where; nothing when all is well.
using Fault = std::optional<std::string>;

struct OwedByCommand;  // audit_owed.h
struct OwedPlace;

/// Order-dependent digest of an account's entries: 64 bits, not cryptographic.
struct EntryDigest {
  std::uint64_t value = 0;
  std::uint64_t count = 0;
  void add(const Entry& entry);
  friend bool operator==(const EntryDigest&, const EntryDigest&) = default;
};

struct AuditedAccount {
  Account account;
  Int128 debit_posted = 0, credit_posted = 0;
  Int128 debit_pending = 0, credit_pending = 0;
  Int128 debit_red = 0, credit_red = 0;
  EntryDigest entries;
  std::int32_t latest = kNoDate;  ///< the latest accounting date of an entry

  bool debit_side() const { return account.normal == Side::kDebit; }
  Int128 balance() const {
    return debit_side() ? debit_posted - credit_posted : credit_posted - debit_posted;
  }
  Int128 available() const { return balance() - (debit_side() ? credit_pending : debit_pending); }
  /// Adds a posted, red, reserved or returned amount to one side.
  void move(const Transfer& transfer, Side side);
  /// The entry that a transfer leaves in this account's history, after move().
  Entry entry_of(const Record& leg, Side side) const;
};

/// Order-dependent digest of the marks of one bucket of business keys.
struct KeyDigest {
  std::uint64_t value = 0;
  std::uint64_t count = 0;
  void add(const KeyMark& mark) {
    value = mix64(value ^ mix64(mark.seq ^ std::uint64_t{mark.tag} << 32));
    ++count;
  }
  friend bool operator==(const KeyDigest&, const KeyDigest&) = default;
};

struct AuditedDocument {
  std::uint32_t version = 0;
  bool open = false;
  Id128 digest;  ///< id_of(bytes)
};

struct AuditCounters {
  std::uint64_t commands = 0, refusals = 0, transfers = 0, vouchers = 0, reversals = 0;
};

class Audit {
 public:
  /// Reads the block of an earlier entry: to settle equal fingerprints, and for what a reversal
  /// reverses.
  using BlockOf = std::function<Result<BlockPtr>(std::uint64_t seq)>;
  explicit Audit(BlockOf block_of) : block_of_(std::move(block_of)) {}

  /// Takes the next command. After a fault the audit is over.
  Result<Fault> take(std::span<const Record> legs, const VariablePart* part);
  /// What must hold at the end of a block.
  Fault end_block() const;
  /// For a run that goes on later (verify_checkpoint.h): all that was taken so far, but the ids.
  std::string save() const;
  /// Takes it over; `ids` are those that went with it. False: not the bytes of save().
  bool load(std::string_view bytes, IdPrints ids);
  const IdPrints& ids() const { return ids_; }

  /// What must hold when the journal has been read to its end.
  Fault finish() const;

  /// The first command, of all that were taken, whose id was claimed before. take() does not see
  /// it: ids are held against one another all at once. It comes before any other fault.
  Result<Fault> first_repeated_id() const;

  /// Whether an id of this fingerprint was claimed by entry `expected`; prefetch() fetches what it
  /// looks at. Both may be called by several threads between two takes.
  bool claims(const ClaimKey& key, std::uint64_t expected) const { return ids_.is(key, expected); }
  void prefetch(std::uint64_t expected) const { ids_.prefetch(expected); }
  /// Under which sequence an id was claimed.
  Result<std::optional<std::uint64_t>> find(const ClaimKey& key) const;

  const std::vector<AuditedAccount>& accounts() const { return accounts_; }
  /// By row: kind as one byte, then the key.
  const std::map<std::string, AuditedDocument>& documents() const { return documents_; }
  const std::map<std::pair<std::uint32_t, std::uint8_t>, std::uint32_t>& voucher_numbers() const {
    return voucher_numbers_;
  }
  /// By bucket.
  const std::vector<KeyDigest>& business_keys() const { return business_keys_; }
  /// Nothing before the first command that tells.
  const std::optional<BookChange>& days() const { return days_; }
  /// Of a book whose first entry says it.
  const std::optional<Currency>& currency() const { return currency_; }
  const std::map<std::int32_t, YearClose>& years() const { return years_; }
  /// Of an enforced chart, by code.
  const std::map<std::string, Subject, std::less<>>& subjects() const { return subjects_; }
  std::uint64_t last_seq() const { return last_seq_; }
  std::int64_t last_timestamp_ns() const { return last_timestamp_ns_; }
  std::size_t open_holds() const { return holds_.size(); }
  const AuditCounters& counters() const { return counters_; }

 private:
  struct Command {
    std::span<const Record> legs;
    const VariablePart* part;
    const Record& first;
    CommandKind kind;
    ClaimKey key() const { return first.key(); }
    ClaimKey ref() const { return {Id128{first.ref_hi, first.ref_lo}, CallerId{first.ref_caller}}; }
    bool moves_money() const { return first.moves_money(); }
  };
  using Pair = std::pair<AccountId, AccountId>;
  using Amounts = std::map<Pair, Int128>;

  // audit.cc: shape, identity, money, days.
  Fault check_shape(const Command& command) const;
  Fault check_identity(const Command& command);
  Fault check_refusal(const Command& command) const;
  Fault check_day(const Command& command);
  Fault check_number(const Command& command);
  Fault move_money(const Command& command);
  Fault check_leg(const Command& command, const Record& leg) const;
  Fault open_book(const Command& command);
  Fault take_accounts(const Command& command);
  Fault take_days(const Command& command);
  // audit_rules.cc
  Fault take_link(const Command& command);
  Fault check_expectations(const Command& command) const;
  Fault check_sweep(const Command& command, const Record& leg) const;
  Fault check_terms_change(const Command& command, const Account& before,
                           const Account& after) const;

  void take_business_key(const Command& command);  // audit_business_keys.cc
  // audit_documents.cc
  Result<Fault> take_documents(const Command& command);
  Fault take_version(const Document& document);
  Fault take_hold(const Command& command, const Document& document, Amounts& reserved);
  Result<Fault> take_reversal(const Command& command);
  // audit_orders.cc
  Fault take_order(const Document& document, OwedByCommand& owed);
  Fault take_refund(const Command& command, const Document& document, std::set<std::string>& orders,
                    OwedByCommand& owed);
  Fault take_payout(const Document& document, OwedByCommand& owed);
  Fault take_arrival(const Document& document, OwedByCommand& owed) const;
  Fault check_owed_legs(const Command& command, const OwedByCommand& owed) const;
  bool is_at(const OwedPlace& place, AccountId id) const;
  std::string told(const OwedPlace& place) const;
  // audit_outbox.cc
  Fault take_notification(const Document& document, OwedByCommand& owed) const;
  Fault take_webhook(const Command& command, const Document& document, OwedByCommand& owed);
  Fault check_outbox(const OwedByCommand& owed) const;
  // audit_erasure.cc
  Fault take_sealed(const Document& document);
  Fault take_erasure(const Command& command, const Document& document);
  Fault check_erased(const Command& command) const;
  // audit_year.cc
  Fault take_year_close(const Command& command, const Document& document);
  bool carries_forward(const Command& command) const;
  void note_profit(const AuditedAccount& account, const Record& leg, Side side);
  void close_profit();
  // audit_chart.cc
  Fault take_chart(const Document& document);
  Fault take_subject(const Document& document);
  Fault check_in_chart(const Account& account) const;

  struct OrderFacts {
    Money amount;
    OrderState state{};
    std::int64_t refunded = 0, refunding = 0;        // as the order says
    Int128 refunds_done = 0, refunds_under_way = 0;  // as its refunds say
    AccountId outside;  // that its payment debited: the channel's, or who owes us the fee
    AccountId income;   // that its fee was credited to
    Id128 fixed;        // digest of what no version may change
    Id128 paid;         // once it is paid: of what no version may change then
    // Until then:
    std::int64_t fee = 0;
    std::vector<std::uint64_t> lines;  // digests of the accounts' codes
    template <class A>
    void walk_members(A& archive);
  };
  struct RefundFacts {
    std::string order_id;
    Money amount;
    RefundState state{};
    AccountId transit;  // that it stood on until the channel answered
    Id128 fixed;        // digest of what no later version may change
    template <class A>
    void walk_members(A& archive);
  };
  struct PayoutFacts {
    Money amount;
    PayoutState state{};
    Id128 fixed;  // as a refund's
  };
  struct WebhookFacts {
    std::int64_t state = 0;  // WebhookState of audit_outbox.cc
    std::int64_t cursor = 0, epoch = 0, attempts = 0, dead_letters = 0;
    Id128 fixed;  // as an order's
  };
  static Fault check_kept(const std::string& by, const Order& after, OrderFacts& facts, bool fresh);
  static Fault owe_payment(const std::string& by, const Order& order, OrderFacts& facts,
                           OwedByCommand& owed);
  static Fault check_webhook_step(const Command& command, const WebhookFacts& before,
                                  const WebhookFacts& after, CallerId owner);
  Fault owe_refund(const std::string& by, const Refund& refund, bool fresh, const Order& order,
                   RefundFacts& facts, OwedByCommand& owed);

  /// The linked group that is being read.
  struct Group {
    std::uint32_t items = 0;  // so far; 0: none
    std::uint32_t accepted = 0;
    std::optional<std::uint32_t> failed;  // the place of the item with a refusal of its own
    std::optional<std::string> named;     // the place that the others name
  };
  template <class A>
  void walk_members(A& archive);

  BlockOf block_of_;
  Group group_;
  std::uint64_t last_seq_ = 0;
  std::int64_t last_timestamp_ns_ = 0;
  IdPrints ids_;
  std::vector<AuditedAccount> accounts_;  // by id - 1
  /// By what callers chose.
  template <class V>
  using ByName = std::unordered_map<std::string, V, KeyedHash>;

  ByName<AccountId> codes_;
  std::vector<KeyDigest> business_keys_ = std::vector<KeyDigest>(kKeyBuckets);
  std::optional<BookChange> days_;
  std::optional<Currency> currency_;
  std::map<std::pair<std::uint32_t, std::uint8_t>, std::uint32_t> voucher_numbers_;
  std::map<std::string, AuditedDocument> documents_;
  ByName<Hold> holds_;  // open ones
  ByName<std::vector<std::int64_t>> reversal_totals_;
  ByName<OrderFacts> orders_;
  ByName<RefundFacts> refunds_;
  ByName<PayoutFacts> payouts_;
  ByName<WebhookFacts> webhooks_;
  /// What income and expense hold, debit-positive: in closed days as one, in open days by the day.
  struct Profit {
    Int128 closed = 0;
    std::map<std::int32_t, Int128> open;
    template <class A>
    void walk_members(A& archive);
  };
  std::map<std::uint32_t, Profit> profits_;
  std::map<std::int32_t, YearClose> years_;
  bool chart_enforced_ = false;
  std::map<std::string, Subject, std::less<>> subjects_;
  /// By row: the names of the keys under which an open document is sealed.
  std::map<std::string, std::vector<std::string>> sealed_;
  std::map<std::string, std::uint64_t> erased_;  // by key: the entry that erased it
  AuditCounters counters_;
};

/// "2101/M1 (account 3)".
std::string described(const Account& account);
std::string decimal(Int128 value);

}  // namespace suanpan
