// Two books held against each other by what their readers see: an oracle of its own, which knows
// nothing of exports. Sequences and recorded times are no part of it, and of documents only what
// the ledger itself reads: holds, reversal totals, the history of terms, the chart, years' ends.
#pragma once
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "ledger/core/hold.h"
#include "ledger/core/plan_close.h"
#include "ledger/core/terms_history.h"
#include "ledger/core/voucher_rules.h"
#include "ledger/engine/book.h"

namespace suanpan::test {

inline std::string seen(const AccountTerms& t) {
  return fmt::format("{} {}{}{}{}{}", name_of(t.limit), t.credit_line, t.frozen_in ? " in" : "",
                     t.frozen_out ? " out" : "", t.closed ? " closed" : "", t.hot ? " hot" : "");
}
template <class Totals>
std::string seen_totals(const Totals& t) {
  const auto number = [](auto value) { return static_cast<std::int64_t>(value); };
  return fmt::format("posted {} {} reserved {} {} red {} {}", number(t.debits_posted),
                     number(t.credits_posted), number(t.debits_pending), number(t.credits_pending),
                     number(t.debits_red), number(t.credits_red));
}

inline void see_accounts(const Book& book, std::vector<std::string>& lines) {
  std::vector<Account> accounts;
  std::set<std::string> paths;
  book.read([&](const State& state, std::uint64_t) {
    lines.push_back(fmt::format("open day {}, closed through {}, {}",
                                state.book().accounting_date.iso(),
                                state.book().closed_through.iso(), code_of(state.book().currency)));
    for (const Account& a : state.accounts()) {
      lines.push_back(fmt::format("account {} {} \"{}\" {} {} {}, {}, version {}: {}", a.id.value,
                                  a.code, a.name, name_of(a.type), name_of(a.normal),
                                  code_of(a.currency), seen(a.terms), a.version,
                                  seen_totals(state.balance(a.id))));
      accounts.push_back(a);
    }
  });
  for (const Account& a : accounts) {
    for (auto at = a.code.find('/'); at != std::string::npos; at = a.code.find('/', at + 1))
      paths.insert(a.code.substr(0, at));
    REQUIRE(book.for_each_entry(a.id, [&](const Entry& e) {
      lines.push_back(fmt::format("statement of {}: {} {} {} with {} leaves {}", a.code,
                                  Date{e.date_days}.iso(), e.side == 0 ? "debit" : "credit",
                                  e.amount, accounts.at(e.counter - 1).code, e.balance_after));
      return true;
    }));
  }
  for (const std::string& path : paths)
    for (const RollUp& sum : book.roll_up(path))
      lines.push_back(fmt::format("below {} in {}: {} accounts, {}", path, code_of(sum.currency),
                                  sum.accounts, seen_totals(sum.totals)));
}

inline void see_documents(const Book& book, std::vector<std::string>& lines) {
  const auto each = [&](DocumentKind kind, const auto& told) {
    REQUIRE(book.for_each_document(kind, [&](const DocumentPtr& d) {
      lines.push_back(told(*d));
      return true;
    }));
  };
  const auto name = [](const Document& d) { return ClaimKey::from_bytes(d.key).value().hex(); };
  each(DocumentKind::kHold, [&](const Document& d) {
    const Hold hold = decode_hold(d.bytes).value();
    std::string text = fmt::format("hold {} version {} state {} expires {}:", name(d), d.version,
                                   static_cast<int>(hold.state), hold.expires_at.ns);
    for (const HoldLeg& leg : hold.legs)
      text += fmt::format(" {}>{} {} of {}", leg.debit.value, leg.credit.value, leg.remaining,
                          leg.amount);
    return text;
  });
  each(DocumentKind::kReversalTotal, [&](const Document& d) {
    std::string text = fmt::format("reversed of {} version {}:", name(d), d.version);
    for (const char c : d.bytes) text += fmt::format(" {:02x}", static_cast<unsigned char>(c));
    return text;
  });
  each(DocumentKind::kTermsChange, [&](const Document& d) {
    const TermsChange change = decode_terms_change(d.bytes).value();
    std::string text = "terms";
    for (const char c : d.key) text += fmt::format(" {:02x}", static_cast<unsigned char>(c));
    return fmt::format("{}: {} became {}, by {}", text, seen(change.before), seen(change.after),
                       change.by.hex());
  });
}

inline void see_chart_and_years(const Book& book, std::vector<std::string>& lines) {
  const auto each = [&](DocumentKind kind, const auto& told) {
    REQUIRE(book.for_each_document(kind, [&](const DocumentPtr& d) {
      lines.push_back(fmt::format("{} version {}: {}", d->key, d->version, told(d->bytes)));
      return true;
    }));
  };
  each(DocumentKind::kChart, [](std::string_view bytes) {
    const Chart chart = decode_chart(bytes).value();
    return fmt::format("{}{}", chart.name, chart.enforced ? ", enforced" : "");
  });
  each(DocumentKind::kSubject, [](std::string_view bytes) {
    const Subject s = decode_subject(bytes).value();
    std::string text = fmt::format("subject \"{}\" {} {} {} into \"{}\":", s.name, name_of(s.type),
                                   s.normal == Side::kDebit ? "debit" : "credit",
                                   s.leaf ? "leaf" : "group", s.closes_into);
    for (const std::string& dimension : s.dimensions) text += " " + dimension;
    return text;
  });
  each(DocumentKind::kYearClose, [](std::string_view bytes) {
    const YearClose year = decode_year_close(bytes).value();
    return fmt::format("year {} {} by {} and {}, {} vouchers", year.year, name_of(year.state),
                       year.maker, year.checker, year.vouchers);
  });
}

inline std::string seen(const VoucherRules& rules) {
  std::string text;
  for (const Expectation& e : rules.expects)
    text +=
        fmt::format(" expects {} version {} {} {} to {}", e.account.value, e.version.value_or(0),
                    static_cast<int>(e.of), e.at_least.value_or(-1), e.at_most.value_or(-1));
  for (const Sweep& s : rules.sweeps)
    text += fmt::format(" leg {} takes of {} up to {}", s.leg, s.of, s.at_most);
  return text;
}

inline void see_vouchers(const Book& book, std::vector<std::string>& lines) {
  REQUIRE(book.for_each_command_after(0, [&](const StoredCommand& c) {
    if (c.voucher_no == 0) return true;
    const ChangeSet& e = c.effects;
    const VoucherText text = e.text ? *e.text : VoucherText{};
    std::string line = fmt::format(
        "voucher {} {} {} id {} dated {} effective {} code {} \"{}\" {} {} {} {}:", name_of(e.type),
        e.date.month_key(), c.voucher_no, c.key.hex(), e.date.iso(),
        e.effective ? e.effective->iso() : "", e.code, text.summary, text.business_key,
        text.metadata, text.maker, text.checker);
    for (const Transfer& t : e.transfers)
      line += fmt::format(" {}>{} {} kind {}", t.debit.value, t.credit.value, t.amount,
                          static_cast<int>(t.kind));
    if (e.rules && c.kind == CommandKind::kVoucher) line += seen(*e.rules);
    if (c.linked) line += " linked";
    lines.push_back(std::move(line));
    return true;
  }));
}

/// What readers of a book see, a line each.
inline std::vector<std::string> sight_of(const Book& book) {
  book.wait_projected();
  std::vector<std::string> lines;
  see_accounts(book, lines);
  see_documents(book, lines);
  see_chart_and_years(book, lines);
  see_vouchers(book, lines);
  return lines;
}

inline void require_same_sight(const std::vector<std::string>& a,
                               const std::vector<std::string>& b) {
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i)
    if (i >= a.size() || i >= b.size() || a[i] != b[i])
      FAIL("the books differ:\n  " << (i < a.size() ? a[i] : "nothing") << "\n  "
                                   << (i < b.size() ? b[i] : "nothing"));
}

}  // namespace suanpan::test
