#include "ledger/exchange/import_entries.h"

#include <fstream>
#include <future>
#include <thread>

#include "ledger/base/limits.h"
#include "ledger/core/idempotency.h"
#include "ledger/core/plan_parts.h"
#include "ledger/core/plan_voucher.h"
#include "ledger/engine/close_year.h"
#include "ledger/exchange/journal_entry.h"

namespace suanpan {
namespace {

constexpr int kExpiryWait_ms = 60'000;

template <class... Args>
Error at_line(std::size_t line, Errc code, fmt::format_string<Args...> what, Args&&... args) {
  return Error{code,
               fmt::format("line {}: ", line) + fmt::format(what, std::forward<Args>(args)...)};
}

/// Calls `each` with every entry of a file. Errors: with the line.
Result<void> read_entries(const std::filesystem::path& file, EntryFormat format,
                          const std::function<Result<void>(JournalEntry)>& each) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(Errc::kNotFound, "{}: cannot be read", file.string());
  std::string line;
  std::size_t number = 0, entry_line = 0;
  CsvEntries csv;
  const auto give = [&](std::optional<JournalEntry> entry, std::size_t of_line) -> Result<void> {
    if (!entry) return success();
    entry->line = of_line;
    return each(std::move(*entry));
  };
  while (std::getline(in, line)) {
    ++number;
    if (in.eof()) return at_line(number, Errc::kMalformed, "the file ends in the middle of a line");
    if (format == EntryFormat::kJsonLines) {
      auto entry = from_jsonl(line);
      if (!entry) return at_line(number, entry.error().code, "{}", entry.error().message);
      TRY(give(std::move(entry.value()), number));
    } else {
      auto before = csv.take(line);
      if (!before) return at_line(number, before.error().code, "{}", before.error().message);
      TRY(give(std::move(before.value()), entry_line));
      if (!CsvEntries::goes_on(line)) entry_line = number;
    }
  }
  if (in.bad()) return fail(Errc::kIo, "{}: reading", file.string());
  return give(csv.finish(), entry_line);
}

/// What can be seen of a file without posting it.
class FileCheck {
 public:
  Result<void> take(const JournalEntry& e) {
    if (count_++ == 0) {
      if (e.kind != CommandKind::kOpenBook)
        return at_line(e.line, Errc::kMalformed, "a journal begins with the opening of its book");
      first_ = e;
    } else if (e.kind == CommandKind::kOpenBook) {
      return at_line(e.line, Errc::kMalformed, "a book is opened once");
    } else if (e.time < last_) {
      return at_line(e.line, Errc::kMalformed, "the recorded time goes back");
    }
    if (linked_ > 0 && (e.time.ns != last_.ns + 1 || !may_be_linked(e.kind)))
      return at_line(e.line, Errc::kMalformed, "this cannot be linked to the entry before");
    linked_ = e.linked ? linked_ + 1 : 0;
    if (linked_ >= kMaxBatchItems)
      return at_line(e.line, Errc::kMalformed, "more than {} entries are linked", kMaxBatchItems);
    last_ = e.time;
    last_line_ = e.line;
    return success();
  }
  Result<void> finish() const {
    if (count_ == 0) return at_line(1, Errc::kMalformed, "the file is empty");
    if (linked_ > 0)
      return at_line(last_line_, Errc::kMalformed, "the file ends inside a linked group");
    return success();
  }
  const JournalEntry& first() const { return first_; }
  std::uint64_t count() const { return count_; }

 private:
  std::uint64_t count_ = 0;
  std::uint64_t linked_ = 0;  // entries so far of a group that goes on
  Timestamp last_;
  std::size_t last_line_ = 0;
  JournalEntry first_;
};

class Poster {
 public:
  Poster(Book& book, ManualClock& clock)
      : book_(book), clock_(clock), found_(book.statistics().last_seq) {}

  Result<void> take(JournalEntry e) {
    if (e.kind == CommandKind::kOpenBook) return success();
    const bool in_group = !pending_.empty() && pending_.back().linked;
    if (!in_group && !joins(e)) {
      TRY(flush());
    }
    if (e.kind == CommandKind::kExpireHold) return expire(e);
    if (e.kind == CommandKind::kVoucher) {
      TRY(auto voucher, voucher_of(e));
      if (in_group || e.linked)
        commands_.push_back(post_voucher(std::move(voucher)));  // among commands of any kind
      else
        vouchers_.push_back(std::move(voucher));
    } else {
      TRY(auto command, command_of(e));
      commands_.push_back(std::move(command));
    }
    pending_.push_back(std::move(e));
    if (!in_group || pending_.back().linked) return success();
    return flush();
  }

  Result<void> flush() {
    if (pending_.empty()) return success();
    advance(pending_.front().time);
    const Book::Answers answers = submit();
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      TRY(check(pending_[i], answers[i]));
    }
    pending_.clear();
    vouchers_.clear();
    commands_.clear();
    return success();
  }

  ImportCounts counts() const { return counts_; }

 private:
  // Whether the source planned it together with what is pending: recorded a nanosecond later, and
  // of a kind that one submission holds. A reversal finds its original in the journal, a year's end
  // is read off it. A group is by itself.
  bool joins(const JournalEntry& e) const {
    if (pending_.empty()) return true;
    const JournalEntry& last = pending_.back();
    if (e.kind == CommandKind::kExpireHold || e.kind == CommandKind::kYearClose || e.linked ||
        pending_.size() == kMaxBatchItems || e.time.ns != last.time.ns + 1 ||
        (e.kind == CommandKind::kVoucher) != (last.kind == CommandKind::kVoucher))
      return false;
    if (e.kind != CommandKind::kReversal) return true;
    for (const JournalEntry& before : pending_)
      if (before.key == e.of) return false;
    return true;
  }

  void advance(Timestamp time) {
    if (time > clock_.now()) clock_.set(time);
  }

  Result<AccountId> account_of(const JournalEntry& e, const std::string& code) const {
    if (code.starts_with(':')) {
      const auto number = std::strtoul(code.c_str() + 1, nullptr, 10);
      return AccountId{static_cast<std::uint32_t>(number)};
    }
    auto next = AccountId{};
    const auto id = book_.read([&](const State& state, std::uint64_t) {
      const Account* account = state.account(code);
      next.value = state.book().account_count;
      return account ? account->id : AccountId{};
    });
    if (id.value == 0) {
      // Opened by the same group, it will have this number.
      for (const JournalEntry& before : pending_) {
        if (before.kind != CommandKind::kOpenAccount) continue;
        ++next.value;
        if (before.open.code == code) return next;
      }
      return at_line(e.line, Errc::kMismatch, "account {} is not opened before this line", code);
    }
    return id;
  }

  static std::shared_ptr<const VoucherText> text_of(const JournalEntry& e) {
    if (e.text == VoucherText{}) return nullptr;
    return std::make_shared<const VoucherText>(e.text);
  }
  static std::optional<Date> given_date(const JournalEntry& e) {
    return e.date_given ? e.date : std::nullopt;
  }

  Result<Leg> leg_of(const JournalEntry& e, const TextLeg& leg) const {
    TRY(auto debit, account_of(e, leg.debit));
    TRY(auto credit, account_of(e, leg.credit));
    return Leg{debit, credit, leg.amount};
  }

  Result<VoucherRequest> voucher_of(const JournalEntry& e) const {
    VoucherRequest request;
    request.key = e.key;
    VoucherRules rules;
    for (const TextLeg& leg : e.legs) {
      TRY(auto asked, leg_of(e, leg));
      if (leg.up_to != 0) {
        asked.amount = 0;
        rules.sweeps.push_back(
            {static_cast<std::uint32_t>(request.legs.size()), leg.up_to, leg.at_most});
      }
      request.legs.push_back(asked);
    }
    for (const TextExpectation& x : e.expects) {
      TRY(auto account, account_of(e, x.account));
      rules.expects.push_back({account, x.version, x.of, x.at_least, x.at_most});
    }
    if (rules != VoucherRules{}) request.rules = std::make_shared<const VoucherRules>(rules);
    request.code = e.code;
    request.type = e.type;
    request.hold = e.hold;
    request.adjustment = e.adjustment;
    request.date = given_date(e);
    request.effective = e.effective;
    request.expires_at = e.expires_at;
    request.text = text_of(e);
    if (const auto checked = check_voucher(request); !checked)
      return at_line(e.line, Errc::kMismatch, "{} {}", name_of(checked.error().code),
                     checked.error().detail);
    return request;
  }

  template <class Request>
  static Result<Command> checked(const JournalEntry& e, Planned<void> (*check)(const Request&),
                                 Command (*make)(Request), Request request) {
    if (const auto shape = check(request); !shape)
      return at_line(e.line, Errc::kMismatch, "{} {}", name_of(shape.error().code),
                     shape.error().detail);
    return make(std::move(request));
  }

  // What another room posted of a hold is one voucher with what it posted besides.
  static Result<Command> post_of(const JournalEntry& e) {
    TRY(auto command, checked<PostHoldRequest>(e, check_post_hold, post_hold,
                                               {e.key, e.of, e.amounts, text_of(e)}));
    if (e.legs.empty() && e.type == VoucherType::kGeneral) return command;
    if (e.legs.size() > kMaxVoucherLegs)
      return at_line(e.line, Errc::kMismatch, "{}", name_of(RefusalCode::kLegsTooMany));
    command.content.emplace_back("type", name_of(e.type));
    for (const TextLeg& leg : e.legs) {
      if (leg.amount <= 0 || leg.amount > kMaxAmountMinor || leg.debit == leg.credit)
        return at_line(e.line, Errc::kMismatch, "a leg moves {} from {} to {}", leg.amount,
                       leg.credit, leg.debit);
      command.content.emplace_back("leg",
                                   fmt::format("{}|{}|{}", leg.debit, leg.credit, leg.amount));
    }
    command.plan = [plan = std::move(command.plan), type = e.type, legs = e.legs](
                       const View& view, const Moment& moment) -> Planned<ChangeSet> {
      TRY(ChangeSet changes, plan(view, moment));
      for (const TextLeg& leg : legs) {
        TRY(add_leg(view, changes, leg.debit, leg.credit, leg.amount));
      }
      TRY(check_limits(view, changes.transfers));
      changes.type = type;
      return changes;
    };
    return command;
  }

  static Result<Command> void_of(const JournalEntry& e) {
    Command command = void_hold(VoidHoldRequest{e.key, e.of});
    const auto text = text_of(e);
    if (!text) return command;
    if (const auto shape = check_text(text.get()); !shape)
      return at_line(e.line, Errc::kMismatch, "{}", name_of(shape.error().code));
    add_text(command.content, text.get());
    command.plan = [plan = std::move(command.plan), text](
                       const View& view, const Moment& moment) -> Planned<ChangeSet> {
      TRY(ChangeSet changes, plan(view, moment));
      changes.text = text;
      return changes;
    };
    return command;
  }

  Result<Command> reversal_of(const JournalEntry& e) const {
    const ReversalRequest request{e.key, e.of, e.amounts, given_date(e), e.adjustment, text_of(e)};
    if (const auto shape = check_reversal(request); !shape)
      return at_line(e.line, Errc::kMismatch, "{}", name_of(shape.error().code));
    // It was looked for before it was durable, and not found, whatever is known of it by now.
    if (e.refused == name_of(RefusalCode::kVoucherNotFound))
      return Command{e.key, CommandKind::kReversal, content_of(request),
                     [request](const View& view, const Moment& moment) {
                       return plan_reversal(view, request, nullptr, moment);
                     }};
    return reversal(book_, request);
  }

  Result<Command> command_of(const JournalEntry& e) const {
    switch (e.kind) {
      case CommandKind::kPostHold:
        return post_of(e);
      case CommandKind::kVoidHold:
        return void_of(e);
      case CommandKind::kReversal:
        return reversal_of(e);
      case CommandKind::kOpenAccount: {
        OpenAccountRequest request = e.open;
        request.key = e.key;
        return checked<OpenAccountRequest>(e, check_open_account, open_account, request);
      }
      case CommandKind::kSetTerms:
        return checked<SetTermsRequest>(e, check_set_terms, set_terms,
                                        {e.key, e.open.code, e.open.terms, e.expected_version});
      case CommandKind::kChart:
        if (e.chart.empty())
          return checked<AddSubjectRequest>(e, check_add_subject, add_subject,
                                            {e.key, e.subjects.front()});
        return checked<AdoptChartRequest>(e, check_adopt_chart, adopt_chart,
                                          {e.key, {e.chart, !e.subjects.empty()}, e.subjects});
      case CommandKind::kYearClose:
        return year_step_of(e);
      case CommandKind::kDayCut:
        return day_cut(DayCutRequest{e.key, *e.date});
      default:
        return period_close(PeriodCloseRequest{e.key, *e.date});
    }
  }

  Result<Command> year_step_of(const JournalEntry& e) const {
    switch (e.step) {
      case YearStep::kRequest:
        return checked<RequestYearClose>(e, check_request_year_close, request_year_close,
                                         {e.key, e.year, e.text.maker});
      case YearStep::kReject:
        // Whether he may reject what others asked for is not kept; who may not leaves nothing.
        return checked<RejectYearClose>(e, check_reject_year_close, reject_year_close,
                                        {e.key, e.year, e.text.checker, true});
      case YearStep::kBegin:
        return checked<BeginYearClose>(e, check_begin_year_close, begin_year_close,
                                       {e.key, e.year, e.text.checker});
      case YearStep::kCarry: {
        CarryForward request{e.key, e.year, *e.expected_version, {}};
        for (const TextLeg& leg : e.legs) {
          TRY(auto carried, leg_of(e, leg));
          request.legs.push_back(carried);
        }
        return checked<CarryForward>(e, check_carry_forward, suanpan::carry_forward, request);
      }
      case YearStep::kFinish:
        break;
    }
    // Who closes a year reads what is left of it; the planner does not know it.
    TRY(auto left, left_to_carry(book_, e.year));
    if (e.refused.empty() && !left.empty())
      return at_line(e.line, Errc::kMismatch, "the year {} ends while {} holds something", e.year,
                     left.front());
    return checked<FinishYearClose>(e, check_finish_year_close, finish_year_close,
                                    {e.key, e.year, *e.expected_version});
  }

  Book::Answers submit() {
    std::promise<Book::Answers> promise;
    const auto done = [&](Book::Answers answers) { promise.set_value(std::move(answers)); };
    Groups groups;
    if (pending_.front().linked) groups = {{0, static_cast<std::uint32_t>(pending_.size())}};
    while (!(vouchers_.empty() ? book_.submit(commands_, done, groups)
                               : book_.submit(vouchers_, done)))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return promise.get_future().get();
  }

  Result<void> check(const JournalEntry& e, const Answer& answer) {
    ++(answer.replayed ? counts_.replayed : counts_.posted);
    const std::string_view refused =
        answer.accepted() ? std::string_view{} : name_of(answer.refusal.code);
    if (refused != e.refused)
      return at_line(e.line, Errc::kMismatch, "the book answers {} {}, the journal says {}",
                     answer.accepted() ? "accepted" : refused, answer.refusal.detail,
                     e.refused.empty() ? "accepted" : e.refused);
    if (e.number != 0 && answer.voucher_no != e.number)
      return at_line(e.line, Errc::kMismatch, "the voucher gets number {}, the journal says {}",
                     answer.voucher_no, e.number);
    if (const auto swept = swept_amounts(e); swept && answer.answer != *swept)
      return at_line(e.line, Errc::kMismatch, "the voucher moves {}, the journal says {}",
                     answer.answer, *swept);
    if (e.kind == CommandKind::kVoucher && answer.date != *e.date)
      return at_line(e.line, Errc::kMismatch, "the voucher is dated {}, the journal says {}",
                     answer.date.iso(), e.date->iso());
    return success();
  }

  /// As a voucher that sweeps is answered; nothing where it was refused or sweeps nothing.
  static std::optional<std::string> swept_amounts(const JournalEntry& e) {
    bool sweeps = false;
    std::string amounts;
    for (const TextLeg& leg : e.legs) {
      sweeps = sweeps || leg.up_to != 0;
      amounts += fmt::format("{}{}", amounts.empty() ? '[' : ',', leg.amount);
    }
    if (!sweeps || !e.refused.empty()) return std::nullopt;
    return amounts + "]";
  }

  // The book expires its holds by itself when the clock says so.
  Result<void> expire(const JournalEntry& e) {
    advance(e.time);
    TRY(auto known, book_.find(e.key));
    for (int waited_ms = 0; !known && waited_ms < kExpiryWait_ms; waited_ms += 10) {
      book_.wait_for_seq(book_.statistics().last_seq, 10);
      TRY(known, book_.find(e.key));
    }
    if (!known)
      return at_line(e.line, Errc::kMismatch, "hold {} does not expire at this time", e.of.hex());
    ++(known->seq <= found_ ? counts_.replayed : counts_.posted);
    return success();
  }

  Book& book_;
  ManualClock& clock_;
  std::uint64_t found_;  // what the journal held before
  std::vector<JournalEntry> pending_;
  std::vector<VoucherRequest> vouchers_;
  std::vector<Command> commands_;
  ImportCounts counts_;
};

Result<void> same_opening(const Book& book, const JournalEntry& first) {
  TRY(auto opening, book.command(1));
  if (!opening || opening->key != first.key || opening->timestamp != first.time ||
      opening->effects.date != *first.date)
    return fail(Errc::kMismatch, "the book was opened otherwise than line 1 says: it is another's");
  return success();
}

}  // namespace

Result<ImportCounts> import_entries(const std::filesystem::path& file, EntryFormat format,
                                    const std::filesystem::path& folder,
                                    const OpenStore& open_store) {
  FileCheck check;
  TRY(read_entries(file, format, [&](const JournalEntry& e) { return check.take(e); }));
  TRY(check.finish());
  const JournalEntry& first = check.first();
  ManualClock clock(first.time);
  BookOptions options;
  options.folder = folder;
  options.create = true;  // where it is not there
  options.first_date = *first.date;
  options.currency = *first.open.currency;
  options.open_store = open_store;
  options.shards = 1;  // answers are the source's in the order of its journal
  TRY(auto book, Book::open(options, clock));
  TRY(same_opening(*book, first));
  Poster poster(*book, clock);
  TRY(read_entries(file, format, [&](JournalEntry e) { return poster.take(std::move(e)); }));
  TRY(poster.flush());
  ImportCounts counts = poster.counts();
  counts.entries = check.count();
  return counts;
}

}  // namespace suanpan
