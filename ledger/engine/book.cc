#include "ledger/engine/book.h"

#include "ledger/base/log.h"
#include "ledger/core/plan_voucher.h"
#include "ledger/engine/checked_command.h"
#include "ledger/engine/engine.h"
#include "ledger/store/format.h"

namespace suanpan {

Result<std::unique_ptr<Book>> Book::open(const BookOptions& options, const Clock& business_clock) {
  TRY(auto engine, Engine::open(options, business_clock));
  std::optional<Command> keys = engine->keys_to_keep();
  std::unique_ptr<Book> book(new Book(std::move(engine)));
  if (keys) book->run(std::move(*keys));
  return book;
}

Book::Book(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
Book::~Book() = default;

bool Book::submit(std::vector<VoucherRequest> vouchers, Done done, Groups groups) {
  return engine_->submit(Submission{std::move(vouchers), {}, std::move(done), std::move(groups)});
}
bool Book::submit(std::vector<Command> commands, Done done, Groups groups) {
  return engine_->submit(Submission{{}, std::move(commands), std::move(done), std::move(groups)});
}
Result<Book::DryRun> Book::dry_run(std::vector<VoucherRequest> vouchers, Groups groups) const {
  return engine_->dry_run(Submission{std::move(vouchers), {}, {}, std::move(groups)});
}
Result<Book::DryRun> Book::dry_run(std::vector<Command> commands, Groups groups) const {
  return engine_->dry_run(Submission{{}, std::move(commands), {}, std::move(groups)});
}

namespace {

// Resubmits while the queue is full: a blocking caller is its own back-pressure.
template <class Items>
Book::Answers submit_and_wait(Book& book, Bell& bell, const Items& items,
                              const Groups& groups = {}) {
  Book::Answers answers;
  Bell::Call call(bell);
  const auto done = [&](Book::Answers a) {
    answers = std::move(a);
    call.answered();
  };
  while (!book.submit(items, done, groups))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  call.wait();
  return answers;
}

}  // namespace

Book::Answers Book::run(std::vector<VoucherRequest> vouchers, Groups groups) {
  return submit_and_wait(*this, engine_->bell, vouchers, groups);
}
Book::Answers Book::run(std::vector<Command> commands, Groups groups) {
  return submit_and_wait(*this, engine_->bell, commands, groups);
}
Answer Book::run(VoucherRequest voucher) {
  return submit_and_wait(*this, engine_->bell, std::vector<VoucherRequest>{std::move(voucher)})
      .at(0);
}
Answer Book::run(Command command) {
  return submit_and_wait(*this, engine_->bell, std::vector<Command>{std::move(command)}).at(0);
}

ReaderGate& Book::published_mutex() const { return engine_->published_mutex; }
const State& Book::published_state() const { return *engine_->published; }
std::uint64_t Book::published_seq() const { return engine_->published_seq; }

DocumentPtr Book::document(DocumentKind kind, std::string_view key) const {
  return read([&](const State& state, std::uint64_t) { return state.document(kind, key); });
}

Result<void> Book::for_each_document(DocumentKind kind, std::string_view from,
                                     const std::function<bool(const DocumentPtr&)>& each) const {
  wait_projected();
  return engine_->projector.documents().for_each(kind, from, each);
}

namespace {

// For who wants to know what came after an entry.
Result<void> not_archived(const ArchivedPart& part, std::uint64_t after) {
  if (after >= part.until) return success();
  return fail(
      Errc::kArchived,
      "journal entries up to {} were archived and purged: what they did lies in the archive "
      "alone",
      part.until);
}

}  // namespace

Result<std::optional<StoredCommand>> Book::command(std::uint64_t seq) const {
  if (seq == 0 || seq > last_seq()) return std::optional<StoredCommand>{};
  TRY(auto block, engine_->journal->block_of(seq));
  if (!block) return fail(Errc::kCorrupt, "journal entry {} is missing", seq);
  return std::optional(block->read(block->command(seq)));
}

Result<std::optional<StoredCommand>> Book::find(const ClaimKey& key) const {
  TRY(auto seq, engine_->find_seq(key));
  if (!seq) return std::optional<StoredCommand>{};
  return command(*seq);
}

Result<BlockPtr> Book::block_of(std::uint64_t seq) const {
  TRY(auto block, engine_->journal->block_of(seq));
  if (!block) return fail(Errc::kCorrupt, "journal entry {} is missing", seq);
  return block;
}

Result<std::vector<std::uint64_t>> Book::may_bear_key(std::string_view business_key,
                                                      std::uint64_t low, std::uint64_t high,
                                                      bool newest_first, std::size_t limit) const {
  engine_->projector.wait_entries(last_seq());
  return engine_->projector.business_keys().find(business_key, low, high, newest_first, limit);
}

Result<void> Book::for_each_command_after(
    std::uint64_t after, const std::function<bool(const StoredCommand&)>& each) const {
  TRY(not_archived(archived(), after));
  const std::uint64_t last = last_seq();
  std::uint64_t seq = after;
  while (seq < last) {
    TRY(auto block, engine_->journal->block_of(seq + 1));
    if (!block) return fail(Errc::kCorrupt, "journal entry {} is missing", seq + 1);
    if (block->archived()) return not_archived(archived(), seq);
    for (std::uint64_t at = seq + 1; at <= block->last_seq(); ++at)
      if (!each(block->read(block->command(at)))) return success();
    seq = block->last_seq();
  }
  return success();
}

ArchivedPart Book::archived() const { return engine_->archived(); }

Result<std::vector<Entry>> Book::entries(AccountId account, EntryPosition after, std::size_t limit,
                                         std::uint64_t until) const {
  TRY(not_archived(archived(), after.seq));
  const Projector& projector = engine_->projector;
  const std::uint64_t last = last_seq();
  until = until == 0 ? last : std::min(until, last);
  // A page that is full before the newest block need not wait until that is fed.
  const std::uint64_t fed = std::min(until, projector.entries_fed());
  auto found = projector.accounts().entries(account, after, fed, limit);
  if (found && found.value().size() < limit && fed < until) {
    projector.wait_entries(until);
    found = projector.accounts().entries(account, after, until, limit);
  }
  TRY(not_archived(archived(), after.seq));  // a purge may have begun meanwhile
  return found;
}

Result<std::vector<Entry>> Book::entries_before(AccountId account, EntryPosition before,
                                                std::uint64_t from, std::size_t limit) const {
  TRY(not_archived(archived(), std::max<std::uint64_t>(from, 1) - 1));
  engine_->projector.wait_entries(std::min(before.seq, last_seq()));
  auto found = engine_->projector.accounts().entries_before(account, before, from, limit);
  TRY(not_archived(archived(), std::max<std::uint64_t>(from, 1) - 1));
  return found;
}

Result<void> Book::for_each_entry(AccountId account,
                                  const std::function<bool(const Entry&)>& each) const {
  TRY(not_archived(archived(), 0));
  const std::uint64_t until = last_seq();
  engine_->projector.wait_entries(until);
  const auto read_all = engine_->projector.accounts().for_each_entry(account, {}, until, each);
  TRY(not_archived(archived(), 0));
  return read_all;
}

namespace {

Balance balance_of(const EntryTotals& totals) {
  Balance balance;
  balance.debits_posted = totals.debits;
  balance.credits_posted = totals.credits;
  balance.debits_red = totals.debits_red;
  balance.credits_red = totals.credits_red;
  return balance;
}

}  // namespace

Result<Balance> Book::balance_on(AccountId account, Date date, std::uint64_t until) const {
  const std::uint64_t last = last_seq();
  until = until == 0 ? last : std::min(until, last);
  engine_->projector.wait_entries(until);
  auto totals = engine_->projector.accounts().totals_on(account, date, until);
  const ArchivedPart part = archived();  // asked last: a purge may have begun meanwhile
  TRY(not_archived(part, until));
  if (part.until != 0 && date < part.open_day)
    return fail(
        Errc::kArchived,
        "what was booked until {} was archived and purged: the balances of earlier days lie "
        "in the archive alone",
        part.open_day.iso());
  if (!totals) return totals.error();
  return balance_of(totals.value());
}

Result<Balance> Book::balance_at(AccountId account, std::uint64_t seq) const {
  engine_->projector.wait_entries(std::min(seq, last_seq()));
  const auto totals = engine_->projector.accounts().totals_at(account, seq);
  TRY(not_archived(archived(), seq));  // asked last: a purge may have begun meanwhile
  if (!totals) return totals.error();
  return balance_of(totals.value());
}

Result<std::uint64_t> Book::seq_at(Timestamp time) const {
  return engine_->journal->seq_at(time, last_seq());
}

std::vector<RollUp> Book::roll_up(std::string_view path, std::uint64_t* seq) const {
  wait_projected();
  const auto itself = read([&](const State& state, std::uint64_t) -> std::optional<AccountId> {
    const Account* account = state.account(path);
    return account ? std::optional(account->id) : std::nullopt;
  });
  std::uint64_t reflected = 0;
  auto found = engine_->projector.accounts().roll_up(path, itself, reflected);
  if (seq) *seq = reflected;
  return found;
}

void Book::wait_projected() const { engine_->projector.wait_fed(last_seq()); }
void Book::store_projections() { engine_->store_projections(); }

std::uint64_t Book::wait_for_seq(std::uint64_t seq, int timeout_ms) const {
  return engine_->wait_for_seq(seq, timeout_ms);
}
Result<void> Book::drop_archived(const ArchivedPart& part, std::string_view base,
                                 const PurgeProgress& progress) {
  return engine_->drop_archived(part, base, progress);
}

Result<Backup> Book::back_up(const std::filesystem::path& to) const { return engine_->back_up(to); }
Result<Id128> Book::identity() const { return book_identity(*engine_->store); }
BookStatistics Book::statistics() const { return engine_->statistics(); }

Command open_account(OpenAccountRequest request) {
  return checked_command(CommandKind::kOpenAccount, std::move(request), check_open_account,
                         plan_open_account);
}
Command set_terms(SetTermsRequest request) {
  return checked_command(CommandKind::kSetTerms, std::move(request), check_set_terms,
                         plan_set_terms);
}
Command day_cut(DayCutRequest request) {
  return Command{request.key, CommandKind::kDayCut, content_of(request),
                 [request](const View& view, const Moment& moment) {
                   return plan_day_cut(view, request, moment);
                 }};
}
Command period_close(PeriodCloseRequest request) {
  return Command{request.key, CommandKind::kPeriodClose, content_of(request),
                 [request](const View& view, const Moment& moment) {
                   return plan_period_close(view, request, moment);
                 }};
}
Command post_voucher(VoucherRequest request) {
  Command command;
  command.key = request.key;
  command.kind = CommandKind::kVoucher;
  command.voucher = std::make_shared<const VoucherRequest>(std::move(request));
  command.plan = [voucher = command.voucher](const View& view, const Moment& moment) {
    return plan_voucher(view, *voucher, moment);
  };
  return command;
}
Command adopt_chart(AdoptChartRequest request) {
  return checked_command(CommandKind::kChart, std::move(request), check_adopt_chart,
                         plan_adopt_chart);
}
Command add_subject(AddSubjectRequest request) {
  return checked_command(CommandKind::kChart, std::move(request), check_add_subject,
                         plan_add_subject);
}
Command post_hold(PostHoldRequest request) {
  const Command::About about{DocumentKind::kHold, request.hold.bytes(), {}};
  Command command =
      checked_command(CommandKind::kPostHold, std::move(request), check_post_hold, plan_post_hold);
  command.about = about;
  return command;
}
Command void_hold(VoidHoldRequest request) {
  return Command{request.key, CommandKind::kVoidHold, content_of(request),
                 [request](const View& view, const Moment& moment) {
                   return plan_void_hold(view, request, moment);
                 },
                 Command::About{DocumentKind::kHold, request.hold.bytes(), {}}};
}
Result<Command> reversal(const Book& book, ReversalRequest request) {
  TRY(auto original, book.find(request.original));
  return Command{request.key, CommandKind::kReversal, content_of(request),
                 [request, original](const View& view, const Moment& moment) -> Planned<ChangeSet> {
                   if (auto checked = check_reversal(request); !checked) return checked.error();
                   return plan_reversal(view, request, original ? &*original : nullptr, moment);
                 }};
}

}  // namespace suanpan
