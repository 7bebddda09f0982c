// Scenario tables: one line per command, the last word is the expected answer ("ok" or the name of
// a refusal). They run State and planners directly, without threads or a journal on disk; every
// accepted change set must also satisfy the invariants.
//
//   account NAME CODE TYPE [normal=credit] [limit=L] [line=N] [frozen=in|out|both] [currency=C]
//   ANSWER terms   NAME [limit=L] [line=N] [frozen=…] [closed] [version=N] ANSWER voucher ID
//   LEG[,LEG…] [hold] [expires=SECOND] [date=D] [adjust] [maker=M] [checker=C]        ANSWER post
//   ID HOLD [amounts=N,N…]                                                               ANSWER
//   void    ID HOLD ANSWER expire  HOLD ANSWER reverse ID ORIGINAL [amounts=…] [date=D] [adjust]
//   [maker=M] [checker=C]                      ANSWER cut D   ANSWER        close D   ANSWER clock
//   SECOND balance NAME debits=N credits=N [pending=D,C] [red=D,C]         totals that are not
//   named are 0
//
// A voucher, post, void or reversal may also say expects=NAME/WHAT[,NAME/WHAT…]: WHAT is vN
// (version), aLOW..HIGH (available balance) or pLOW..HIGH (posted balance), a bound left out where
// it does not matter. A leg's amount may be debit, credit or both: up to that balance; debit<=N: at
// most N.
//
// A leg is DEBIT>CREDIT:AMOUNT with account names, "?7" for an id that does not exist, "-" for
// none. Seconds count from the start of the scenario. Blank lines and lines that begin with # are
// skipped.
#pragma once
#include <catch2/catch.hpp>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "ledger/core/invariants.h"
#include "ledger/core/plan_account.h"
#include "ledger/core/plan_hold.h"
#include "ledger/core/plan_reversal.h"
#include "ledger/core/plan_voucher.h"
#include "ledger/core/state.h"
#include "ledger/core/voucher_rules.h"
#include "ledger/store/block.h"

namespace suanpan::test {

inline Date day(std::string_view iso) {
  const auto date = Date::parse(iso);
  if (!date) FAIL("not a date: " << iso);
  return *date;
}

class Scenario {
 public:
  static constexpr CallerId kCaller{100};

  explicit Scenario(std::string_view first_date = "2026-03-04")
      : state_(BookState{day(first_date), day(first_date).plus_days(-1), Currency::kCNY, 0}),
        start_(Timestamp::of_cn(day(first_date), 9, 0, 0)) {}

  /// Runs a table, checking each line's last word.
  void run(const std::string& table) {
    std::istringstream lines(table);
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
      std::istringstream in(line);
      std::vector<std::string> words;
      for (std::string word; in >> word;) words.push_back(word);
      if (words.empty() || words[0][0] == '#') continue;
      INFO("line " << number << ": " << line);
      run_line(words);
    }
  }

  State& state() { return state_; }
  Moment moment() const { return {start_.plus_seconds(second_)}; }
  static ClaimKey key(std::uint64_t n) { return {Id128{1, n}, kCaller}; }
  AccountId id(const std::string& name) const {
    if (name == "-") return AccountId{0};
    if (name[0] == '?') return AccountId{static_cast<std::uint32_t>(std::stoul(name.substr(1)))};
    const auto it = names_.find(name);
    if (it == names_.end()) FAIL("no account is called " << name);
    return it->second;
  }
  const StoredCommand& stored(std::uint64_t n) const { return journal_.at(key(n)); }
  const Refusal& last_refusal() const { return refusal_; }

  /// Holds a plan against the invariants, applies and remembers it; returns its answer's name.
  std::string take(const ClaimKey& key, CommandKind kind, const Planned<ChangeSet>& planned,
                   const VoucherRequest* voucher = nullptr, const Content& content = {}) {
    const CommandEnvelope command{key, kind, voucher ? nullptr : &content, voucher, moment().now};
    BlockBuilder block;
    refusal_ = planned ? Refusal{} : planned.error();
    if (planned) {
      const auto violated = violated_invariant(state_, key, kind, planned.value());
      if (violated) FAIL("invariant " << *violated);
      state_.apply(planned.value());
      block.accept(command, planned.value(), stamper_);
    } else if (!leaves_nothing(refusal_.code)) {
      block.refuse(command, refusal_, state_.book().accounting_date, stamper_);
    }
    if (!block.empty()) journal_.emplace(key, read_command(block.peek(), block.variable()));
    return planned ? "ok" : std::string(name_of(refusal_.code));
  }

 private:
  using Words = std::vector<std::string>;
  struct Options {
    std::map<std::string, std::string> values;
    bool has(const std::string& name) const { return values.count(name) != 0; }
    std::string text(const std::string& name) const {
      const auto it = values.find(name);
      return it == values.end() ? "" : it->second;
    }
    std::int64_t number(const std::string& name) const {
      return has(name) ? std::stoll(text(name)) : 0;
    }
    std::vector<std::int64_t> numbers(const std::string& name) const {
      std::vector<std::int64_t> found;
      std::istringstream in(text(name));
      for (std::string part; std::getline(in, part, ',');) found.push_back(std::stoll(part));
      return found;
    }
  };

  static Options options(const Words& words, std::size_t from, std::size_t to) {
    Options found;
    for (std::size_t i = from; i < to; ++i) {
      const auto equals = words[i].find('=');
      found.values[words[i].substr(0, equals)] =
          equals == std::string::npos ? "" : words[i].substr(equals + 1);
    }
    return found;
  }
  static AccountTerms terms_of(const Options& o) {
    AccountTerms terms;
    if (o.has("limit")) {
      const auto kind = limit_kind_of(o.text("limit"));
      REQUIRE(kind);
      terms.limit = *kind;
    }
    terms.credit_line = o.number("line");
    const std::string frozen = o.text("frozen");
    terms.frozen_in = frozen == "in" || frozen == "both";
    terms.frozen_out = frozen == "out" || frozen == "both";
    terms.closed = o.has("closed");
    return terms;
  }
  static std::shared_ptr<const VoucherText> text_of(const Options& o) {
    if (!o.has("maker") && !o.has("checker")) return nullptr;
    return std::make_shared<VoucherText>(
        VoucherText{"", "", "", o.text("maker"), o.text("checker")});
  }
  static std::optional<Date> date_of(const Options& o) {
    return o.has("date") ? std::optional(day(o.text("date"))) : std::nullopt;
  }
  std::uint64_t new_id(const std::string& word) {
    const std::uint64_t n = std::stoull(word);
    if (journal_.count(key(n))) FAIL("id " << n << " is used twice in the scenario");
    return n;
  }

  void run_line(const Words& w) {
    const std::string& verb = w[0];
    if (verb == "balance") return check_balance(w);
    if (verb == "clock") {
      second_ = std::stoll(w[1]);
      return;
    }
    const std::size_t end = w.size() - 1;
    std::string answer;
    if (verb == "account")
      answer = account(w, options(w, 4, end));
    else if (verb == "terms")
      answer = terms(w, options(w, 2, end));
    else if (verb == "voucher")
      answer = voucher(w, options(w, 3, end));
    else if (verb == "post")
      answer = post(w, options(w, 3, end));
    else if (verb == "void")
      answer = give_back(w, options(w, 3, end));
    else if (verb == "expire")
      answer = take(key(++own_id_), CommandKind::kExpireHold,
                    plan_expire_hold(state_, key(std::stoull(w[1])), moment()));
    else if (verb == "reverse")
      answer = reverse(w, options(w, 3, end));
    else if (verb == "cut")
      answer = take(key(++own_id_), CommandKind::kDayCut,
                    plan_day_cut(state_, {key(own_id_), day(w[1])}, moment()));
    else if (verb == "close")
      answer = take(key(++own_id_), CommandKind::kPeriodClose,
                    plan_period_close(state_, {key(own_id_), day(w[1])}, moment()));
    else
      FAIL("no such command: " << verb);
    CHECK(answer == w.back());
  }

  std::string account(const Words& w, const Options& o) {
    OpenAccountRequest request;
    request.key = key(++own_id_);
    request.code = w[2];
    const auto type = account_type_of(w[3]);
    REQUIRE(type);
    request.type = *type;
    if (o.has("normal"))
      request.normal = o.text("normal") == "debit" ? Side::kDebit : Side::kCredit;
    if (o.has("currency")) request.currency = currency_of(o.text("currency"));
    request.terms = terms_of(o);
    if (const auto checked = check_open_account(request); !checked)
      return take(request.key, CommandKind::kOpenAccount, checked.error());
    const auto answer =
        take(request.key, CommandKind::kOpenAccount, plan_open_account(state_, request, moment()));
    if (answer == "ok") names_[w[1]] = state_.account(w[2])->id;
    return answer;
  }

  std::string terms(const Words& w, const Options& o) {
    SetTermsRequest request;
    request.key = key(++own_id_);
    const Account* account = state_.account(id(w[1]));
    request.code = account ? account->code : "9999";
    request.terms = terms_of(o);
    if (o.has("version"))
      request.expected_version = static_cast<std::uint32_t>(o.number("version"));
    if (const auto checked = check_set_terms(request); !checked)
      return take(request.key, CommandKind::kSetTerms, checked.error());
    return take(request.key, CommandKind::kSetTerms, plan_set_terms(state_, request, moment()));
  }

  static Sweep sweep(const std::string& amount, std::uint32_t leg) {
    Sweep found;
    found.leg = leg;
    const auto most = amount.find("<=");
    const std::string of = amount.substr(0, most);
    found.of = of == "debit" ? Sweep::kDebit : of == "credit" ? Sweep::kCredit : 3;
    if (most != std::string::npos) found.at_most = std::stoll(amount.substr(most + 2));
    return found;
  }
  void expectations(const std::string& text, VoucherRules& rules) const {
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, ',');) {
      const auto slash = part.find('/');
      Expectation e;
      e.account = id(part.substr(0, slash));
      const std::string what = part.substr(slash + 1);
      if (what[0] == 'v') {
        e.version = static_cast<std::uint32_t>(std::stoul(what.substr(1)));
      } else {
        if (what[0] == 'p') e.of = BalanceOf::kPosted;
        const auto dots = what.find("..");
        const std::string low = what.substr(1, dots - 1), high = what.substr(dots + 2);
        if (!low.empty()) e.at_least = std::stoll(low);
        if (!high.empty()) e.at_most = std::stoll(high);
      }
      rules.expects.push_back(e);
    }
  }

  std::string voucher(const Words& w, const Options& o) {
    VoucherRequest request;
    VoucherRules rules;
    const std::uint64_t n = new_id(w[1]);
    request.key = n == 0 ? ClaimKey{Id128{}, kCaller} : key(n);
    std::istringstream legs(w[2] == "none" ? "" : w[2]);
    for (std::string leg; std::getline(legs, leg, ',');) {
      const auto arrow = leg.find('>'), colon = leg.find(':');
      const std::string amount = leg.substr(colon + 1);
      const bool swept = amount[0] == 'd' || amount[0] == 'c' || amount[0] == 'b';
      if (swept)
        rules.sweeps.push_back(sweep(amount, static_cast<std::uint32_t>(request.legs.size())));
      request.legs.push_back(Leg{id(leg.substr(0, arrow)),
                                 id(leg.substr(arrow + 1, colon - arrow - 1)),
                                 swept ? 0 : std::stoll(amount)});
    }
    expectations(o.text("expects"), rules);
    if (rules != VoucherRules{}) request.rules = std::make_shared<const VoucherRules>(rules);
    request.hold = o.has("hold");
    if (o.has("expires")) request.expires_at = start_.plus_seconds(o.number("expires"));
    request.date = date_of(o);
    request.adjustment = o.has("adjust");
    request.text = text_of(o);
    if (const auto checked = check_voucher(request); !checked)
      return take(request.key, CommandKind::kVoucher, checked.error(), &request);
    return take(request.key, CommandKind::kVoucher, plan_voucher(state_, request, moment()),
                &request);
  }

  /// Of what is no voucher, under what it expects, if anything.
  std::string take(const Options& o, const ClaimKey& key, CommandKind kind, Content content,
                   Planned<ChangeSet> planned) {
    VoucherRules rules;
    expectations(o.text("expects"), rules);
    if (rules.expects.empty()) return take(key, kind, planned, nullptr, content);
    add_expects(content, rules);
    return take(key, kind,
                plan_expecting(state_, std::make_shared<const VoucherRules>(rules), planned),
                nullptr, content);
  }

  std::string post(const Words& w, const Options& o) {
    PostHoldRequest request{key(new_id(w[1])), key(std::stoull(w[2])), o.numbers("amounts"),
                            text_of(o)};
    const auto checked = check_post_hold(request);
    return take(
        o, request.key, CommandKind::kPostHold, content_of(request),
        checked ? plan_post_hold(state_, request, moment()) : Planned<ChangeSet>(checked.error()));
  }

  std::string give_back(const Words& w, const Options& o) {
    const VoidHoldRequest request{key(new_id(w[1])), key(std::stoull(w[2]))};
    return take(o, request.key, CommandKind::kVoidHold, content_of(request),
                plan_void_hold(state_, request, moment()));
  }

  std::string reverse(const Words& w, const Options& o) {
    ReversalRequest request;
    request.key = key(new_id(w[1]));
    request.original = key(std::stoull(w[2]));
    request.amounts = o.numbers("amounts");
    request.date = date_of(o);
    request.adjustment = o.has("adjust");
    request.text = text_of(o);
    const auto checked = check_reversal(request);
    const auto it = journal_.find(request.original);
    const StoredCommand* original = it == journal_.end() ? nullptr : &it->second;
    return take(o, request.key, CommandKind::kReversal, content_of(request),
                checked ? plan_reversal(state_, request, original, moment())
                        : Planned<ChangeSet>(checked.error()));
  }

  void check_balance(const Words& w) {
    const Options o = options(w, 2, w.size());
    Balance expected;
    expected.debits_posted = o.number("debits");
    expected.credits_posted = o.number("credits");
    if (const auto pending = o.numbers("pending"); !pending.empty()) {
      expected.debits_pending = pending.at(0);
      expected.credits_pending = pending.at(1);
    }
    if (const auto red = o.numbers("red"); !red.empty()) {
      expected.debits_red = red.at(0);
      expected.credits_red = red.at(1);
    }
    const Balance& is = state_.balance(id(w[1]));
    CHECK(is.debits_posted == expected.debits_posted);
    CHECK(is.credits_posted == expected.credits_posted);
    CHECK(is.debits_pending == expected.debits_pending);
    CHECK(is.credits_pending == expected.credits_pending);
    CHECK(is.debits_red == expected.debits_red);
    CHECK(is.credits_red == expected.credits_red);
  }

  State state_;
  Timestamp start_;
  std::int64_t second_ = 0;
  Stamper stamper_;
  std::map<std::string, AccountId> names_;
  std::map<ClaimKey, StoredCommand> journal_;
  Refusal refusal_;
  std::uint64_t own_id_ = 1'000'000;  // of commands whose id the table does not name
};

}  // namespace suanpan::test
