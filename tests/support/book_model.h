// A straightforward model of a book that predicts every answer with its own arithmetic: it shares
// data types with the planners, and no code. It keeps everything for ever, in plain containers.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ledger/core/voucher_rules.h"
#include "ledger/engine/book.h"

namespace suanpan::test {

/// One command of any kind; which members count depends on `kind`.
struct RandomCommand {
  CommandKind kind = CommandKind::kVoucher;
  VoucherRequest voucher;
  PostHoldRequest post;
  VoidHoldRequest give_back;
  ReversalRequest reversal;
  OpenAccountRequest open;
  SetTermsRequest terms;
  DayCutRequest cut;
  PeriodCloseRequest close;
  std::vector<Expectation> expects;  ///< of a command that is no voucher
  /// Set on a resend that changed one field: its name.
  std::string changed;
  bool linked = false;  ///< one group with the command after it
  ClaimKey key() const;
};

/// How many commands from `at` on belong together: 1 outside a group.
inline std::size_t together(std::span<const RandomCommand> batch, std::size_t at) {
  std::size_t end = at;
  while (batch[end].linked) ++end;
  return end + 1 - at;
}

struct Expected {
  RefusalCode code = RefusalCode::kNone;
  std::string detail;  ///< checked where it is not empty
  bool replayed = false;
  std::uint64_t seq = 0;
  std::uint32_t voucher_no = 0;
  std::string answer;  ///< checked where it is not empty
};

/// What a book must be after the commands so far.
class BookModel {
 public:
  struct Line {
    std::uint64_t seq;
    std::int64_t amount, after;
    Date date;
    bool debit;
  };
  /// What a command made of an account's terms.
  struct TermsSet {
    std::uint64_t seq;
    ClaimKey by;
    AccountTerms before, after;
  };
  struct Account {
    std::string code;
    bool credit_normal = false, dollars = false;
    AccountTerms terms;
    std::uint32_t version = 1;
    std::int64_t debits = 0, credits = 0, held_debits = 0, held_credits = 0;
    std::int64_t red_debits = 0, red_credits = 0;
    std::vector<Line> lines;
    std::vector<TermsSet> changes;  ///< the first makes version 2
    std::int64_t posted() const { return credit_normal ? credits - debits : debits - credits; }
    std::int64_t available() const {
      return posted() - (credit_normal ? held_debits : held_credits);
    }
  };
  /// A journal entry, and what it moved.
  struct Record {
    ClaimKey key;
    CommandKind kind = CommandKind::kVoucher;
    RefusalCode code = RefusalCode::kNone;
    std::uint32_t voucher_no = 0;
    Date date;
    std::vector<Transfer> legs;  ///< of a refused voucher as asked for, with kNone
    // Of what was accepted:
    std::uint16_t business = 0;
    std::shared_ptr<const VoucherText> text{};
    std::vector<std::pair<std::int64_t, std::int64_t>> after{};  ///< posted balances, by leg
    std::optional<Date> cut_to{};                                ///< a day cut tells of itself
  };
  enum class HoldIs { kOpen, kPosted, kVoided, kExpired };
  struct Held {
    HoldIs state = HoldIs::kOpen;
    std::int64_t expires_ns = 0;
    std::vector<Leg> legs;  ///< amount: what remains
  };

  explicit BookModel(Date first) : day_(first), closed_(first.plus_days(-1)) {}

  /// Call before each submission: what is due expires first.
  void expire(Timestamp now);
  Expected predict(const RandomCommand& command, Timestamp now);
  /// Of a linked group, or of one command.
  std::vector<Expected> predict(std::span<const RandomCommand> group, Timestamp now);

  const std::vector<Account>& accounts() const { return accounts_; }
  const std::map<ClaimKey, Held>& holds() const { return holds_; }
  Date day() const { return day_; }
  Date closed() const { return closed_; }
  std::uint64_t last_seq() const { return seq_; }
  /// By sequence; the first is 2, after the opening of the book.
  const Record& record(std::uint64_t seq) const { return records_[seq - 2]; }
  /// The answer to a command of the past; null if there is none.
  const Expected* answer(const ClaimKey& key) const {
    const auto it = answers_.find(key);
    return it == answers_.end() ? nullptr : &it->second;
  }

 private:
  struct Voucher {
    std::vector<Leg> legs;
    std::vector<std::int64_t> reversed;
    bool reversible = false;
    VoucherType type = VoucherType::kGeneral;
    std::uint16_t code = 0;  ///< its business
  };
  using Verdict = std::optional<std::pair<RefusalCode, std::string>>;
  enum class Moves { kPosts, kHolds, kPostsHeld, kGivesBack, kReverses };

  Verdict malformed(const RandomCommand& c) const;
  Verdict decide(const RandomCommand& c, Timestamp now);
  Verdict voucher(const VoucherRequest& v, Timestamp now);
  Verdict post(const PostHoldRequest& p, Timestamp now);
  Verdict give_back(const VoidHoldRequest& v, Timestamp now);
  Verdict reverse(const ReversalRequest& r);
  Verdict open(const OpenAccountRequest& o);
  Verdict set_terms(const SetTermsRequest& t);
  Verdict date(const std::optional<Date>& wanted, bool adjustment, const VoucherText* text) const;
  Verdict leg(const Leg& l, bool red) const;
  Verdict limits(const std::vector<Leg>& legs, Moves how) const;
  Verdict expectations(const std::vector<Expectation>& expects) const;
  Verdict sweep(const VoucherRules& rules, std::vector<Leg>& legs, bool hold) const;
  std::vector<Expected> fall(std::span<const RandomCommand> group, std::size_t failed,
                             const Expected& refused);
  Verdict open_hold(const ClaimKey& key, Timestamp now) const;
  void move(const std::vector<Leg>& legs, Moves how, Date date);
  void begin(const ClaimKey& key, CommandKind kind);
  void finish_hold(const ClaimKey& key, Held& hold, HoldIs state);
  void refuse(const RandomCommand& c, RefusalCode code);
  void number(Date date, VoucherType type);
  static std::vector<Leg> unequal(const std::vector<Leg>& legs);

  std::vector<Account> accounts_;  // by id - 1
  std::map<ClaimKey, Held> holds_;
  std::map<ClaimKey, Voucher> vouchers_;
  std::map<ClaimKey, Expected> answers_;
  std::vector<Record> records_;                           // by sequence - 2
  std::set<std::pair<std::int64_t, ClaimKey>> expiring_;  // open holds by their time
  std::map<std::pair<std::uint32_t, int>, std::uint32_t> numbers_;
  Date day_, closed_;
  std::uint64_t seq_ = 1;  // the opening of the book
  std::string answer_;     // of the command that is being decided
};

inline ClaimKey RandomCommand::key() const {
  switch (kind) {
    case CommandKind::kVoucher:
      return voucher.key;
    case CommandKind::kPostHold:
      return post.key;
    case CommandKind::kVoidHold:
      return give_back.key;
    case CommandKind::kReversal:
      return reversal.key;
    case CommandKind::kOpenAccount:
      return open.key;
    case CommandKind::kSetTerms:
      return terms.key;
    case CommandKind::kDayCut:
      return cut.key;
    default:
      return close.key;
  }
}

inline void BookModel::expire(Timestamp now) {
  while (!expiring_.empty() && expiring_.begin()->first <= now.ns) {
    const ClaimKey key = expiring_.begin()->second;
    Held& hold = holds_.at(key);
    begin(ClaimKey{id_of("expire" + key.bytes()), kSystemCaller}, CommandKind::kExpireHold);
    finish_hold(key, hold, HoldIs::kExpired);
  }
}

inline void BookModel::begin(const ClaimKey& key, CommandKind kind) {
  ++seq_;
  records_.push_back(Record{key, kind, RefusalCode::kNone, 0, day_, {}});
}

// Gives back what is left of a hold.
inline void BookModel::finish_hold(const ClaimKey& key, Held& hold, HoldIs state) {
  move(hold.legs, Moves::kGivesBack, day_);
  for (Leg& l : hold.legs) l.amount = 0;
  hold.state = state;
  expiring_.erase({hold.expires_ns, key});
}

// What a refused command leaves: its voucher's legs as they were asked for.
inline void BookModel::refuse(const RandomCommand& c, RefusalCode code) {
  Record& record = records_.back();
  record.code = code;
  record.legs.clear();
  if (c.kind != CommandKind::kVoucher) return;
  if (c.voucher.date) record.date = *c.voucher.date;
  for (const Leg& l : c.voucher.legs)
    record.legs.push_back(Transfer{l.debit, l.credit, l.amount, TransferKind::kNone});
}

inline Expected BookModel::predict(const RandomCommand& c, Timestamp now) {
  Expected expected;
  if (const Verdict bad = malformed(c)) {
    expected.code = bad->first;
    expected.detail = bad->second;
    return expected;
  }
  if (const auto it = answers_.find(c.key()); it != answers_.end()) {
    if (!c.changed.empty()) {
      expected.code = RefusalCode::kIdReusedWithOtherContent;
      expected.detail = c.changed;
      return expected;
    }
    expected = it->second;
    expected.replayed = true;
    return expected;
  }
  answer_.clear();
  begin(c.key(), c.kind);
  if (const Verdict refused = decide(c, now)) {
    expected.code = refused->first;
    expected.detail = refused->second;
    refuse(c, expected.code);
  }
  vouchers_.try_emplace(c.key());  // whatever posted nothing cannot be reversed
  expected.seq = seq_;
  expected.voucher_no = records_.back().voucher_no;
  if (expected.code == RefusalCode::kNone) expected.answer = answer_;
  answers_[c.key()] = expected;
  return expected;
}

inline std::vector<Expected> BookModel::predict(std::span<const RandomCommand> group,
                                                Timestamp now) {
  std::vector<Expected> told(group.size());
  if (group.size() == 1) {
    told[0] = predict(group[0], now);
    return told;
  }
  const auto place = [](std::size_t i) { return std::to_string(i); };
  std::size_t known = 0, first_known = group.size();
  for (std::size_t i = group.size(); i-- > 0;)
    if (answers_.count(group[i].key())) {
      ++known;
      first_known = i;
    }
  for (std::size_t i = 0; i < group.size(); ++i) {
    const Verdict bad = malformed(group[i]);
    if (!bad) continue;
    for (std::size_t n = 0; n < group.size(); ++n) {
      const Verdict own = malformed(group[n]);
      told[n].code = own ? own->first : RefusalCode::kGroupMalformed;
      told[n].detail = own ? own->second : place(i);
    }
    return told;
  }
  if (known > 0) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (answers_.count(group[i].key())) {
        told[i] = predict(group[i], now);
      } else {
        told[i].code = RefusalCode::kGroupMalformed;
        told[i].detail = place(first_known) + " is known or under way";
      }
    }
    return told;
  }
  const auto accounts = accounts_;
  const auto holds = holds_;
  const auto expiring = expiring_;
  const std::size_t records = records_.size();
  const auto numbers = numbers_;
  std::map<ClaimKey, Voucher> originals;
  for (const RandomCommand& c : group)
    if (const auto it = vouchers_.find(c.reversal.original); it != vouchers_.end())
      originals.insert(*it);
  const Date day = day_, closed = closed_;
  const std::uint64_t seq = seq_;
  for (std::size_t i = 0; i < group.size(); ++i) {
    told[i] = predict(group[i], now);
    if (told[i].code == RefusalCode::kNone) continue;
    accounts_ = accounts;
    holds_ = holds;
    expiring_ = expiring;
    records_.resize(records);
    numbers_ = numbers;
    for (const auto& [key, original] : originals) vouchers_[key] = original;
    day_ = day;
    closed_ = closed;
    seq_ = seq;
    return fall(group, i, told[i]);
  }
  return told;
}

// All of them are refused, each with a place in the journal of its own.
inline std::vector<Expected> BookModel::fall(std::span<const RandomCommand> group,
                                             std::size_t failed, const Expected& refused) {
  std::vector<Expected> told;
  for (std::size_t i = 0; i < group.size(); ++i) {
    Expected& e = told.emplace_back();
    e.code = i == failed ? refused.code : RefusalCode::kGroupFailed;
    e.detail = i == failed ? refused.detail : std::to_string(failed);
    begin(group[i].key(), group[i].kind);
    refuse(group[i], e.code);
    e.seq = seq_;
    answers_[group[i].key()] = e;
    vouchers_[group[i].key()] = Voucher{};
  }
  return told;
}

}  // namespace suanpan::test

#include "tests/support/book_model_rules.h"
