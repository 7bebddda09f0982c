#include "ledger/engine/close_year.h"

#include <map>

#include "ledger/base/digest.h"
#include "ledger/base/limits.h"
#include "ledger/core/chart.h"
#include "ledger/engine/checked_command.h"

namespace suanpan {
namespace {

using Subjects = std::map<std::string, Subject, std::less<>>;

/// An account whose balance is to be carried.
struct Carried {
  Account from;
  std::string into;        ///< code of the account
  const Subject* subject;  ///< of that account
  std::int64_t balance;    ///< as of the year's end, debit-positive
};

/// What a year's end has still to carry, by the chart as it was when this was made.
class Remainder {
 public:
  Remainder(const Book& book, std::int32_t year) : book_(book), end_(*last_day_of(year)) {
    const auto documents = book_.read([](const State& state, std::uint64_t) {
      return state.open_documents(DocumentKind::kSubject);
    });
    for (const DocumentPtr& document : documents)
      if (auto subject = decode_subject(document->bytes))
        subjects_.emplace(document->key, *subject);
  }

  // What is not zero as of the year's end and has somewhere to go.
  Result<std::vector<Carried>> read(bool equity) const {
    std::vector<Carried> left;
    const auto accounts = book_.read([&](const State& state, std::uint64_t) {
      std::vector<Account> chosen;
      for (const Account& a : state.accounts())
        if (equity ? a.type == AccountType::kEquity
                   : a.type == AccountType::kIncome || a.type == AccountType::kExpense)
          chosen.push_back(a);
      return chosen;
    });
    for (const Account& account : accounts) {
      const Subject* subject = leaf_of(account.code);
      if (!subject || subject->closes_into.empty()) continue;
      TRY(auto balance, book_.balance_on(account.id, end_));
      const std::int64_t held = balance.posted(Side::kDebit);
      const auto into = subjects_.find(subject->closes_into);
      if (held == 0 || into == subjects_.end()) continue;
      left.push_back(
          {account, carry_target(*subject, into->second, account.code), &into->second, held});
    }
    return left;
  }

 private:
  const Subject* leaf_of(std::string_view code) const {
    for (std::size_t end = code.find('/');; end = code.find('/', end + 1)) {
      const auto found = subjects_.find(code.substr(0, end));
      if (found == subjects_.end()) return nullptr;
      if (found->second.leaf) return &found->second;
      if (end == std::string_view::npos) return nullptr;
    }
  }

  const Book& book_;
  Date end_;
  Subjects subjects_;
};

class Closing {
 public:
  Closing(Book& book, std::int32_t year) : book_(book), year_(year) {}

  Result<YearCloseOutcome> run(const std::string& checker) {
    TRY(auto found, read());
    if (found && found->close.state == YearCloseState::kCarrying) {
      if (found->close.maker == checker) {
        outcome_.refusal = refuse(RefusalCode::kSamePerson);
        return outcome_;
      }
    } else {
      TRY(auto begun, begin(found ? found->version : 0, checker));
      if (!begun) return outcome_;
    }
    const Remainder remainder(book_, year_);
    // Income and expense first: what they carry is part of what this year's
    // profit carries on.
    for (const bool equity : {false, true}) {
      TRY(auto done, carry_all(remainder, equity));
      if (!done) return outcome_;
    }
    TRY(auto last, read());
    if (!last) return fail(Errc::kCorrupt, "the close of {} is gone", year_);
    TRY(auto finished, submit("finish", last->version, [&](ClaimKey key) {
          return finish_year_close({key, year_, last->version});
        }));
    if (finished) outcome_.vouchers = last->close.vouchers;
    return outcome_;
  }

 private:
  Result<std::optional<StoredYearClose>> read() const {
    const DocumentPtr stored = book_.document(DocumentKind::kYearClose, year_close_key(year_));
    if (!stored) return std::optional<StoredYearClose>{};
    auto close = decode_year_close(stored->bytes);
    if (!close) return fail(Errc::kCorrupt, "the close of {} does not decode", year_);
    return std::optional(StoredYearClose{stored->version, std::move(*close)});
  }

  // The first attempt that was not refused before: a refusal stands for ever
  // under its id, and what it was about may be put right.
  template <class Make>
  Result<bool> submit(std::string_view step, std::uint32_t version, Make&& make) {
    for (unsigned attempt = 0;; ++attempt) {
      const ClaimKey key{
          id_of(fmt::format("year close|{}|{}|{}|{}", year_, step, version, attempt)),
          kSystemCaller};
      TRY(auto before, book_.find(key));
      if (before && before->refusal.code != RefusalCode::kNone) continue;
      const Answer answer = book_.run(make(key));
      if (answer.refusal.code == RefusalCode::kDocumentVersionConflict) return true;  // read again
      outcome_.refusal = answer.refusal;
      return answer.accepted();
    }
  }

  Result<bool> begin(std::uint32_t version, const std::string& checker) {
    return submit("begin|" + checker, version, [&](ClaimKey key) {
      return begin_year_close({key, year_, checker});
    });
  }

  // The account that a balance is carried to; opened where it is the first.
  std::optional<Account> target(const Carried& carried) {
    const auto find = [&]() -> std::optional<Account> {
      return book_.read([&](const State& state, std::uint64_t) {
        const Account* found = state.account(carried.into);
        return found ? std::optional(*found) : std::nullopt;
      });
    };
    if (auto found = find()) return found;
    OpenAccountRequest request;
    request.key = {id_of(fmt::format("year close account|{}", carried.into)), kSystemCaller};
    request.code = carried.into;
    request.name = carried.subject->name;
    request.type = carried.subject->type;
    request.normal = carried.subject->normal;
    request.currency = carried.from.currency;
    const Answer answer = book_.run(open_account(request));
    if (!answer.accepted() && answer.refusal.code != RefusalCode::kAccountExists)
      outcome_.refusal = answer.refusal;
    return find();
  }

  Result<bool> carry_all(const Remainder& remainder, bool equity) {
    for (;;) {
      TRY(auto found, read());
      if (!found || found->close.state != YearCloseState::kCarrying) return true;  // by another
      TRY(auto left, remainder.read(equity));
      if (left.empty()) return true;
      CarryForward request{{}, year_, found->version, {}};
      std::uint32_t carried = 0;
      for (const Carried& c : left) {
        if (request.legs.size() == kMaxVoucherLegs) break;
        const auto into = target(c);
        if (!into) return false;
        if (into->currency != c.from.currency) {
          outcome_.refusal = refuse(RefusalCode::kCurrencyMismatch, c.from.code + " " + c.into);
          return false;
        }
        // What is more than one leg may move is left for the next voucher.
        const std::int64_t amount = std::min(std::abs(c.balance), kMaxAmountMinor);
        request.legs.push_back(c.balance > 0 ? Leg{into->id, c.from.id, amount}
                                             : Leg{c.from.id, into->id, amount});
        ++carried;
      }
      TRY(auto accepted, submit("carry", found->version, [&](ClaimKey key) {
            request.key = key;
            return carry_forward(request);
          }));
      if (!accepted) return false;
      outcome_.carried += carried;
    }
  }

  Book& book_;
  std::int32_t year_;
  YearCloseOutcome outcome_;
};

}  // namespace

Command request_year_close(RequestYearClose request) {
  return checked_command(CommandKind::kYearClose, std::move(request), check_request_year_close,
                         plan_request_year_close);
}
Command reject_year_close(RejectYearClose request) {
  return checked_command(CommandKind::kYearClose, std::move(request), check_reject_year_close,
                         plan_reject_year_close);
}
Command begin_year_close(BeginYearClose request) {
  return checked_command(CommandKind::kYearClose, std::move(request), check_begin_year_close,
                         plan_begin_year_close);
}
Command carry_forward(CarryForward request) {
  return checked_command(CommandKind::kYearClose, std::move(request), check_carry_forward,
                         plan_carry_forward);
}
Command finish_year_close(FinishYearClose request) {
  return checked_command(CommandKind::kYearClose, std::move(request), check_finish_year_close,
                         plan_finish_year_close);
}

Result<std::vector<std::string>> left_to_carry(const Book& book, std::int32_t year) {
  const Remainder remainder(book, year);
  std::vector<std::string> codes;
  for (const bool equity : {false, true}) {
    TRY(auto left, remainder.read(equity));
    for (const Carried& c : left) codes.push_back(c.from.code);
  }
  return codes;
}

Result<YearCloseOutcome> close_year(Book& book, std::int32_t year, const std::string& checker) {
  if (!last_day_of(year)) return YearCloseOutcome{refuse(RefusalCode::kValueInvalid, "year"), 0, 0};
  return Closing(book, year).run(checker);
}

}  // namespace suanpan
