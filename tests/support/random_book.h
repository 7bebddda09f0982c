// A seeded stream of mixed ledger commands, drawn so that most are accepted and every refusal comes
// up (book_model.h predicts which).
#pragma once
#include <random>

#include "tests/support/book_model.h"
#include "tests/support/naive_query.h"

namespace suanpan::test {

/// The subject that accounts of a type lie in: a chart of these would take them all.
inline std::string subject_of(AccountType type) {
  static constexpr const char* kSubjects[] = {"1002", "2101", "4001", "6001", "6602"};
  return kSubjects[static_cast<int>(type) - 1];
}

/// An account's code, in one of three areas of its subject: a path that roll-ups follow.
inline std::string account_code(AccountType type, std::uint64_t number) {
  return fmt::format("{}/片区{}/账户{}", subject_of(type), number % 3, number);
}

/// Draws commands; the same seed draws the same stream.
class CommandStream {
 public:
  /// `hot`: one account in so many is opened hot or made so; 0: none.
  explicit CommandStream(std::uint64_t seed, std::uint64_t hot = 0) : random_(seed), hot_(hot) {}
  /// Of kVoucher only, or of every other kind.
  std::vector<RandomCommand> batch(const BookModel& model, Timestamp now);
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

 private:
  RandomCommand draw_voucher(const BookModel& model, Timestamp now);
  RandomCommand draw_other(const BookModel& model);
  std::vector<RandomCommand> draw_group(const BookModel& model, Timestamp now, bool vouchers);
  void draw_rules(const BookModel& model, VoucherRequest& voucher);
  Expectation draw_expectation(const BookModel& model);
  static bool journalled(const RandomCommand& c);
  RandomCommand resend(const RandomCommand& before);
  ClaimKey fresh_key();
  AccountId any_account(const BookModel& model);
  std::int64_t any_amount();
  AccountTerms any_terms();
  ClaimKey any_voucher();
  ClaimKey any_hold();

  std::mt19937_64 random_;
  std::uint64_t hot_;
  std::uint64_t count_ = 0;
  std::vector<RandomCommand> sent_vouchers_, sent_others_;
  std::vector<std::vector<RandomCommand>> sent_groups_;
  std::vector<ClaimKey> vouchers_, holds_;  // of earlier batches
};

inline ClaimKey CommandStream::fresh_key() {
  ++count_;
  return ClaimKey{Id128{random_(), count_}, CallerId{static_cast<std::uint32_t>(100 + below(3))}};
}

inline AccountId CommandStream::any_account(const BookModel& model) {
  if (below(200) == 0) return AccountId{9999};
  if (below(500) == 0) return AccountId{0};
  return AccountId{static_cast<std::uint32_t>(1 + below(model.accounts().size()))};
}

inline std::int64_t CommandStream::any_amount() {
  if (below(200) == 0) return static_cast<std::int64_t>(below(3)) - 1;
  if (below(500) == 0) return 1'000'000'000'000'001;
  return static_cast<std::int64_t>(1 + below(200));
}

inline AccountTerms CommandStream::any_terms() {
  AccountTerms terms;
  terms.limit = static_cast<LimitKind>(below(3));
  if (terms.limit == LimitKind::kCreditLine)
    terms.credit_line = static_cast<std::int64_t>(below(500));
  terms.frozen_in = below(20) == 0;
  terms.frozen_out = below(20) == 0;
  terms.hot = hot_ != 0 && below(hot_) == 0;
  return terms;
}

inline ClaimKey CommandStream::any_voucher() {
  if (vouchers_.empty() || below(50) == 0) return ClaimKey{Id128{1, 1}, CallerId{100}};
  // Mostly recent ones, some from long ago.
  const std::size_t back =
      below(4) == 0 ? below(vouchers_.size()) : below(std::min<std::size_t>(vouchers_.size(), 100));
  return vouchers_[vouchers_.size() - 1 - back];
}

inline ClaimKey CommandStream::any_hold() {
  if (holds_.empty() || below(50) == 0) return any_voucher();
  const std::size_t back =
      below(6) == 0 ? below(holds_.size()) : below(std::min<std::size_t>(holds_.size(), 20));
  return holds_[holds_.size() - 1 - back];
}

inline RandomCommand CommandStream::draw_voucher(const BookModel& model, Timestamp now) {
  RandomCommand c;
  VoucherRequest& v = c.voucher;
  v.key = fresh_key();
  const std::uint64_t legs = below(300) == 0 ? 0 : below(4) == 0 ? 2 + below(5) : 1;
  for (std::uint64_t i = 0; i < legs; ++i)
    v.legs.push_back(Leg{any_account(model), any_account(model), any_amount()});
  v.code = static_cast<std::uint16_t>(below(5));
  v.type = static_cast<VoucherType>(below(4));
  v.hold = below(6) == 0;
  if (v.hold && below(2) == 0)
    v.expires_at = now.plus_seconds(static_cast<std::int64_t>(below(120)) - 2);
  if (below(5) == 0)
    v.date = model.day().plus_days(static_cast<int>(below(8)) - 6);
  else if (below(5) == 0)
    v.date = model.day();
  v.adjustment = !v.hold && below(5) == 0;
  if (v.adjustment || below(5) == 0) {
    VoucherText text;
    text.summary = below(300) == 0 ? "\xff" : "摘要" + std::to_string(below(9));
    text.business_key = std::string(below(30), 'k');
    text.metadata = kMetadata[below(std::size(kMetadata))].json;
    text.maker = below(4) ? "张三" : "";
    text.checker = below(4) ? "李四" : below(2) ? "张三" : "";
    v.text = std::make_shared<VoucherText>(std::move(text));
  }
  if (below(6) == 0) draw_rules(model, v);
  return c;
}

inline Expectation CommandStream::draw_expectation(const BookModel& model) {
  Expectation e;
  const auto which = below(model.accounts().size());
  const BookModel::Account& a = model.accounts()[which];
  e.account = below(60) == 0 ? AccountId{7777} : AccountId{static_cast<std::uint32_t>(which + 1)};
  if (below(3) == 0) e.of = BalanceOf::kPosted;
  const std::int64_t is = e.of == BalanceOf::kPosted ? a.posted() : a.available();
  const std::int64_t off = static_cast<std::int64_t>(below(8)) / 6;
  const std::uint64_t what = below(4);
  if (what != 1) e.at_least = what == 3 ? is + off : is - 20 + off * 25;
  if (what != 0) e.at_most = what == 3 ? is + off : is + 20 - off * 25;
  if (e.at_least && e.at_most && *e.at_least > *e.at_most) e.at_least = e.at_most;
  if (below(4) == 0) e.version = a.version + (below(5) == 0 ? 1 : 0);
  return e;
}

inline void CommandStream::draw_rules(const BookModel& model, VoucherRequest& v) {
  VoucherRules rules;
  for (std::uint64_t n = below(3); n-- > 0;) rules.expects.push_back(draw_expectation(model));
  for (std::size_t i = 0; i < v.legs.size(); ++i) {
    if (below(3) == 0) continue;
    Sweep sweep;
    sweep.leg = static_cast<std::uint32_t>(i);
    sweep.of = static_cast<std::uint8_t>(1 + below(3));
    if (below(2) == 0) sweep.at_most = static_cast<std::int64_t>(1 + below(150));
    v.legs[i].amount = 0;
    rules.sweeps.push_back(sweep);
  }
  v.rules = std::make_shared<const VoucherRules>(std::move(rules));
}

// Vouchers, or whatever there is; now and then a hold and what is posted of it.
inline std::vector<RandomCommand> CommandStream::draw_group(const BookModel& model, Timestamp now,
                                                            bool vouchers) {
  std::vector<RandomCommand> group;
  for (std::uint64_t n = 2 + below(5); n-- > 0;) {
    const bool voucher = vouchers || below(2) == 0;
    group.push_back(voucher ? draw_voucher(model, now) : draw_other(model));
    const VoucherRequest& last = group.back().voucher;
    if (vouchers || !voucher || !last.hold || last.legs.empty() || below(2) == 0) continue;
    RandomCommand post;
    post.kind = CommandKind::kPostHold;
    post.post.key = fresh_key();
    post.post.hold = last.key;
    if (below(2) == 0) post.post.amounts.assign(last.legs.size(), 1);
    group.push_back(post);
  }
  for (std::size_t i = 0; i + 1 < group.size(); ++i) group[i].linked = true;
  return group;
}

inline RandomCommand CommandStream::draw_other(const BookModel& model) {
  RandomCommand c;
  const auto amounts = [&](std::size_t legs) {
    std::vector<std::int64_t> found;
    if (below(3) == 0) return found;
    for (std::size_t i = 0; i < legs; ++i) found.push_back(static_cast<std::int64_t>(below(80)));
    found[below(legs)] += 1;  // all zero would be malformed
    return found;
  };
  const std::uint64_t what = below(100);
  if (what < 40) {
    c.kind = CommandKind::kPostHold;
    c.post.key = fresh_key();
    c.post.hold = any_hold();
    const auto it = model.holds().find(c.post.hold);
    const std::size_t legs = it == model.holds().end() ? 1 : it->second.legs.size();
    c.post.amounts = amounts(below(30) == 0 ? legs + 1 : legs);
  } else if (what < 55) {
    c.kind = CommandKind::kVoidHold;
    c.give_back.key = fresh_key();
    c.give_back.hold = any_hold();
  } else if (what < 85) {
    c.kind = CommandKind::kReversal;
    c.reversal.key = fresh_key();
    c.reversal.original = any_voucher();
    c.reversal.amounts = amounts(1 + below(2));
    if (below(6) == 0) c.reversal.date = model.day().plus_days(static_cast<int>(below(4)) - 2);
  } else if (what < 95) {
    c.kind = CommandKind::kSetTerms;
    c.terms.key = fresh_key();
    const auto& account = model.accounts()[below(model.accounts().size())];
    c.terms.code = below(50) == 0 ? "8888" : account.code;
    c.terms.terms = any_terms();
    c.terms.terms.closed = below(10) == 0;
    if (below(3) == 0) c.terms.expected_version = account.version - below(2);
  } else if (what < 97) {
    c.kind = CommandKind::kOpenAccount;
    c.open.key = fresh_key();
    const bool fresh = below(3) != 0;
    c.open.type = static_cast<AccountType>(1 + below(5));
    c.open.code = fresh ? account_code(c.open.type, count_) : model.accounts()[0].code;
    // What a year's end carries is in the book's currency.
    if (below(10) == 0 && c.open.type <= AccountType::kLiability) c.open.currency = Currency::kUSD;
    c.open.terms = any_terms();
  } else if (what < 99) {
    c.kind = CommandKind::kDayCut;
    c.cut = DayCutRequest{fresh_key(), model.day().plus_days(static_cast<int>(below(3)))};
  } else {
    c.kind = CommandKind::kPeriodClose;
    c.close = PeriodCloseRequest{fresh_key(), model.day().plus_days(-static_cast<int>(below(9)))};
  }
  if (below(5) == 0)
    for (std::uint64_t n = 1 + below(2); n-- > 0;) c.expects.push_back(draw_expectation(model));
  return c;
}

inline RandomCommand CommandStream::resend(const RandomCommand& before) {
  RandomCommand c = before;
  if (below(2) == 0) return c;
  if (!c.expects.empty() && below(2) == 0) {
    c.changed = "expects";
    if (below(2) == 0)
      c.expects.clear();
    else
      c.expects.back().version = c.expects.back().version.value_or(0) + 1;
    return c;
  }
  switch (c.kind) {
    case CommandKind::kVoucher:
      switch (below(4)) {
        case 0:
          c.voucher.code = static_cast<std::uint16_t>(c.voucher.code + 7);
          c.changed = "code";
          break;
        case 1:
          if (c.voucher.legs[0].amount == 0) {
            VoucherRules rules = *c.voucher.rules;
            rules.sweeps[0].at_most -= 1;
            if (rules.sweeps[0].at_most == 0) rules.sweeps[0].at_most = 2;
            c.voucher.rules = std::make_shared<const VoucherRules>(std::move(rules));
            c.changed = "up_to";
            break;
          }
          c.voucher.legs[0].amount += c.voucher.legs[0].amount > 100 ? -1 : 1;
          c.changed = "amount";
          break;
        case 2:
          c.voucher.effective = Date{1};
          c.changed = "effective_date";
          break;
        default: {
          VoucherText text = c.voucher.text ? *c.voucher.text : VoucherText{};
          text.summary += "!";
          c.voucher.text = std::make_shared<VoucherText>(std::move(text));
          c.changed = "summary";
        }
      }
      break;
    case CommandKind::kPostHold:
      c.post.amounts.push_back(1);
      c.changed = "amounts";
      break;
    case CommandKind::kVoidHold:
      c.give_back.hold.id.hi ^= 1;
      c.changed = "hold";
      break;
    case CommandKind::kReversal:
      c.reversal.adjustment = !c.reversal.adjustment;
      c.changed = "adjustment";
      break;
    case CommandKind::kOpenAccount:
      c.open.name = "别名";
      c.changed = "name";
      break;
    case CommandKind::kSetTerms:
      c.terms.terms.hot = !c.terms.terms.hot;
      c.changed = "hot";
      break;
    case CommandKind::kDayCut:
      c.cut.next = c.cut.next.plus_days(1);
      c.changed = "next";
      break;
    default:
      c.close.through = c.close.through.plus_days(1);
      c.changed = "through";
  }
  return c;
}

inline bool CommandStream::journalled(const RandomCommand& c) {
  if (c.kind != CommandKind::kVoucher) return true;
  if (c.voucher.legs.empty() || (c.voucher.text && c.voucher.text->summary == "\xff")) return false;
  for (std::size_t i = 0; i < c.voucher.legs.size(); ++i) {
    const Leg& l = c.voucher.legs[i];
    bool swept = false;
    if (c.voucher.rules)
      for (const Sweep& s : c.voucher.rules->sweeps) swept = swept || s.leg == i;
    if (l.debit.value == 0 || l.credit.value == 0 || l.debit == l.credit ||
        (!swept && (l.amount < 1 || l.amount > 1'000'000'000'000'000)))
      return false;
  }
  return true;
}

inline std::vector<RandomCommand> CommandStream::batch(const BookModel& model, Timestamp now) {
  std::vector<RandomCommand> batch;
  const bool vouchers = below(3) != 0;
  auto& sent = vouchers ? sent_vouchers_ : sent_others_;
  const std::size_t sent_before = sent.size();
  std::vector<ClaimKey> made, held;
  const auto add = [&](std::vector<RandomCommand> commands) {
    batch.insert(batch.end(), commands.begin(), commands.end());
    for (const RandomCommand& c : commands)
      if (!journalled(c)) return;  // and nothing of a group is
    if (commands.size() > 1) sent_groups_.push_back(commands);
    for (RandomCommand& c : commands) {
      c.linked = false;
      // What a group of anything says of a voucher is resent as a voucher.
      (c.kind == CommandKind::kVoucher ? sent_vouchers_ : sent_others_).push_back(c);
      (c.kind == CommandKind::kVoucher && c.voucher.hold ? held : made).push_back(c.key());
    }
  };
  for (std::uint64_t n = 1 + below(vouchers ? 120 : 30); n-- > 0;) {
    if (!sent.empty() && below(12) == 0) {
      batch.push_back(
          resend(sent[below(2) ? sent.size() - 1 - below(std::min<std::size_t>(sent.size(), 50))
                               : below(sent.size())]));
    } else if (!sent_groups_.empty() && below(60) == 0) {
      // All of a group again.
      const auto& group = sent_groups_[below(sent_groups_.size())];
      batch.insert(batch.end(), group.begin(), group.end());
    } else if (sent_before != 0 && below(80) == 0) {
      // Something new in one group with what is known: neither.
      auto group = draw_group(model, now, vouchers);
      group.back() = sent[below(sent_before)];
      batch.insert(batch.end(), group.begin(), group.end());
    } else if (below(25) == 0) {
      add(draw_group(model, now, vouchers));
    } else {
      add({vouchers ? draw_voucher(model, now) : draw_other(model)});
    }
  }
  // What a batch makes is there for the next one: a reversal looks its original up before planning.
  vouchers_.insert(vouchers_.end(), made.begin(), made.end());
  holds_.insert(holds_.end(), held.begin(), held.end());
  return batch;
}

}  // namespace suanpan::test
