#include "ledger/exchange/import_plain.h"

#include <fstream>
#include <map>
#include <sstream>

#include "ledger/base/limits.h"
#include "ledger/core/plan_voucher.h"
#include "ledger/exchange/plain_journal.h"

namespace suanpan {
namespace {

/// A transaction as it will be asked for; accounts by their place in the journal's list, plus one.
struct Asked {
  std::size_t line = 0;
  VoucherRequest voucher;
};

Id128 derived_id(std::string_view format, const PlainTransaction& t,
                 std::map<std::string, int>& said) {
  std::string what = fmt::format("journal|{}|{}|{}", format, t.date.iso(), t.summary);
  for (const PlainPosting& p : t.postings)
    what += fmt::format("|{}|{} {}", p.account, p.amount.minor, code_of(p.amount.currency));
  const int before = said[what]++;
  return id_of(fmt::format("{}|{}", what, before));
}

using Places = std::map<std::pair<std::string, Currency>, AccountId>;

/// Debits with credits of the same currency, in their order.
void pair_legs(const PlainTransaction& t, const Places& places, VoucherRequest& voucher) {
  struct Side {
    AccountId account;
    Currency currency;
    std::int64_t left;
  };
  std::vector<Side> debits, credits;
  for (const PlainPosting& p : t.postings) {
    if (p.amount.minor == 0) continue;
    const AccountId id = places.at({p.account, p.amount.currency});
    (p.amount.minor > 0 ? debits : credits)
        .push_back(Side{id, p.amount.currency, std::abs(p.amount.minor)});
  }
  for (Side& debit : debits)
    for (Side& credit : credits) {
      const std::int64_t amount = std::min(debit.left, credit.left);
      if (amount == 0 || debit.currency != credit.currency) continue;
      debit.left -= amount;
      credit.left -= amount;
      voucher.legs.push_back(Leg{debit.account, credit.account, amount});
    }
}

Result<std::vector<Asked>> ask(const PlainJournal& journal, std::string_view format) {
  std::vector<Asked> asked;
  std::map<std::string, int> said;
  Places places;
  for (const PlainAccount& a : journal.accounts)
    places[{a.source, a.currency}] = AccountId{static_cast<std::uint32_t>(places.size() + 1)};
  for (const PlainTransaction& t : journal.transactions) {
    Asked one{t.line, {}};
    VoucherRequest& v = one.voucher;
    v.key = t.key.value_or(ClaimKey{derived_id(format, t, said), kSystemCaller});
    pair_legs(t, places, v);
    if (v.legs.empty()) continue;  // zeros only: an assertion, held by now
    v.type = t.type;
    v.date = t.date;
    if (t.effective != t.date) v.effective = t.effective;
    if (!t.summary.empty()) {
      VoucherText text;
      text.summary = t.summary;
      v.text = std::make_shared<const VoucherText>(std::move(text));
    }
    if (const auto shape = check_voucher(v); !shape)
      return plain_error(t.line, Errc::kUnsupported,
                         fmt::format("no voucher can be that: {} {}", name_of(shape.error().code),
                                     shape.error().detail));
    asked.push_back(std::move(one));
  }
  return asked;
}

Error refused(std::size_t line, const Refusal& refusal) {
  return plain_error(
      line, Errc::kMismatch,
      fmt::format("the ledger refuses it: {} {}", name_of(refusal.code), refusal.detail));
}

/// The accounts of the journal in the book, opened where they are not.
Result<std::vector<AccountId>> chart_in(Book& book, const std::vector<PlainAccount>& accounts) {
  std::vector<AccountId> ids;
  for (const PlainAccount& a : accounts) {
    const auto find = [&] {
      return book.read([&](const State& state, std::uint64_t) {
        const Account* found = state.account(a.code);
        return found ? std::optional(*found) : std::nullopt;
      });
    };
    auto account = find();
    if (!account) {
      OpenAccountRequest request;
      request.key = ClaimKey{id_of("journal|account|" + a.code), kSystemCaller};
      request.code = a.code;
      request.name = a.name;
      request.type = a.type;
      request.currency = a.currency;
      if (const auto shape = check_open_account(request); !shape)
        return refused(a.line, shape.error());
      if (const Answer answer = book.run(open_account(request)); !answer.accepted())
        return refused(a.line, answer.refusal);
      account = find();
    }
    if (!account || account->type != a.type || account->currency != a.currency)
      return plain_error(a.line, Errc::kMismatch,
                         fmt::format("the book has an account {} of another kind", a.code));
    ids.push_back(account->id);
  }
  return ids;
}

class Poster {
 public:
  Poster(Book& book, std::vector<AccountId> ids) : book_(book), ids_(std::move(ids)) {}

  Result<void> take(Asked asked) {
    const Date date = *asked.voucher.date;
    if (!batch_.empty() && (date != *batch_.front().date || batch_.size() == kMaxBatchItems)) {
      TRY(flush());
    }
    if (batch_.empty()) {
      TRY(cut_day(date, asked.line));
    }
    for (Leg& leg : asked.voucher.legs) {
      leg.debit = ids_[leg.debit.value - 1];
      leg.credit = ids_[leg.credit.value - 1];
    }
    lines_.push_back(asked.line);
    batch_.push_back(std::move(asked.voucher));
    return success();
  }

  Result<void> flush() {
    if (batch_.empty()) return success();
    const Book::Answers answers = book_.run(std::exchange(batch_, {}));
    const std::vector<std::size_t> lines = std::exchange(lines_, {});
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i].accepted()) return refused(lines[i], answers[i].refusal);
      ++(answers[i].replayed ? counts_.replayed : counts_.posted);
    }
    return success();
  }
  ImportCounts counts() const { return counts_; }

 private:
  Result<void> cut_day(Date date, std::size_t line) {
    const Date open =
        book_.read([](const State& state, std::uint64_t) { return state.book().accounting_date; });
    if (date <= open) return success();
    const ClaimKey key{id_of("journal|day|" + date.iso()), kSystemCaller};
    if (const Answer answer = book_.run(day_cut(DayCutRequest{key, date})); !answer.accepted())
      return refused(line, answer.refusal);
    return success();
  }

  Book& book_;
  std::vector<AccountId> ids_;
  std::vector<VoucherRequest> batch_;
  std::vector<std::size_t> lines_;
  ImportCounts counts_;
};

Result<std::string> text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return fail(Errc::kNotFound, "{}: cannot be read, or is empty", file.string());
  return std::move(text).str();
}

}  // namespace

Result<ImportCounts> import_plain(const std::filesystem::path& file, PlainFormat format,
                                  const std::filesystem::path& folder, const Clock& clock,
                                  const OpenStore& open_store) {
  const bool hledger = format == PlainFormat::kHledger;
  TRY(auto text, text_of(file));
  TRY(auto journal, hledger ? read_hledger(text) : read_beancount(text));
  TRY(auto asked, ask(journal, hledger ? "hledger" : "beancount"));
  BookOptions options;
  options.folder = folder;
  options.create = true;  // where it is not there
  options.open_store = open_store;
  options.first_date = asked.empty() ? clock.now().date_cn() : *asked.front().voucher.date;
  if (!journal.accounts.empty()) options.currency = journal.accounts.front().currency;
  TRY(auto book, Book::open(options, clock));
  TRY(auto ids, chart_in(*book, journal.accounts));
  Poster poster(*book, std::move(ids));
  const std::uint64_t entries = asked.size();
  for (Asked& one : asked) {
    TRY(poster.take(std::move(one)));
  }
  TRY(poster.flush());
  ImportCounts counts = poster.counts();
  counts.entries = entries;
  return counts;
}

}  // namespace suanpan
