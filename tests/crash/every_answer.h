// Everything that a book can be asked, as one digest: two books with the same digest give the same
// answers.
#pragma once
#include <string>

#include "ledger/base/digest.h"
#include "ledger/engine/book.h"

namespace suanpan::test {

class EveryAnswer {
 public:
  explicit EveryAnswer(const Book& book) : book_(book) {}

  /// Errors: what the book says when it cannot read.
  Result<std::string> digest() {
    state();
    TRY(commands());
    for (const AccountId account : accounts_) {
      TRY(history(account));
    }
    TRY(documents());
    return hex_lower(sha256(text_));
  }

 private:
  template <class... Values>
  void say(const Values&... values) {
    ((text_ += fmt::format("{}|", values)), ...);
    text_ += '\n';
  }
  void say_balance(const Balance& b) {
    say(b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending, b.debits_red,
        b.credits_red);
  }
  void say_document(const Document& d) {
    say(static_cast<int>(d.kind), d.key.size(), d.key, d.version, d.open, d.bytes.size(), d.bytes);
  }
  static constexpr int kKinds = 64;  // more than there are

  void state() {
    book_.read([&](const State& state, std::uint64_t seq) {
      say(seq, state.book().accounting_date.iso(), state.book().closed_through.iso(),
          state.book().account_count);
      for (const Account& a : state.accounts()) {
        accounts_.push_back(a.id);
        say(a.id.value, a.code, a.name, static_cast<int>(a.type), static_cast<int>(a.normal),
            static_cast<int>(a.currency), a.version, static_cast<int>(a.terms.limit),
            a.terms.credit_line, a.terms.frozen_in, a.terms.frozen_out, a.terms.closed, a.terms.hot,
            state.account(a.code)->id.value);
        say_balance(state.balance(a.id));
      }
      for (int kind = 1; kind < kKinds; ++kind)
        for (const DocumentPtr& d : state.open_documents(static_cast<DocumentKind>(kind)))
          say_document(*d);
      constexpr Timestamp kEndOfTime{std::int64_t{1} << 62};
      for (const ClaimKey& key : state.due_holds(kEndOfTime, ~std::size_t{0})) say(key.hex());
    });
  }

  Result<void> commands() {
    std::vector<std::pair<ClaimKey, std::uint64_t>> keys;
    TRY(book_.for_each_command_after(0, [&](const StoredCommand& c) {
      keys.emplace_back(c.key, c.seq);
      say_command(c);
      return true;
    }));
    for (const auto& [key, seq] : keys) {
      TRY(auto found, book_.find(key));
      say(found ? found->seq : 0);
    }
    return success();
  }
  void say_command(const StoredCommand& c) {
    const ChangeSet& e = c.effects;
    say(c.seq, c.timestamp.ns, c.key.hex(), static_cast<int>(c.kind),
        static_cast<int>(c.refusal.code), c.refusal.detail, c.voucher_no, c.date_given,
        c.adjustment, c.hold, c.expires_at.ns, e.date.iso(), e.code, static_cast<int>(e.type),
        e.ref.hex(), e.answer, e.effective ? e.effective->iso() : "");
    for (const auto& [name, value] : c.content) say(name, value);
    for (const Transfer& t : e.transfers)
      say(t.debit.value, t.credit.value, t.amount, static_cast<int>(t.kind));
    if (e.text)
      say(e.text->summary, e.text->business_key, e.text->metadata, e.text->maker, e.text->checker);
    for (const Event& event : e.events) say(event.topic, event.key, event.payload);
    for (const Document& d : e.documents) say_document(d);
  }

  Result<void> history(AccountId account) {
    std::uint64_t middle = 0;
    TRY(book_.for_each_entry(account, [&](const Entry& e) {
      say(e.seq, e.sub, static_cast<int>(e.side), e.amount, e.balance_after, e.counter,
          e.date_days);
      if (e.seq % 3 == 0) middle = e.seq;
      return true;
    }));
    TRY(auto at, book_.balance_at(account, middle));
    say_balance(at);
    const Date date =
        book_.read([](const State& s, std::uint64_t) { return s.book().closed_through; });
    TRY(auto on, book_.balance_on(account, date));
    say_balance(on);
    return success();
  }

  Result<void> documents() {
    for (int kind = 1; kind < kKinds; ++kind) {
      TRY(book_.for_each_document(static_cast<DocumentKind>(kind), [&](const DocumentPtr& d) {
        say_document(*d);
        return true;
      }));
    }
    return success();
  }

  const Book& book_;
  std::string text_;
  std::vector<AccountId> accounts_;
};

}  // namespace suanpan::test
