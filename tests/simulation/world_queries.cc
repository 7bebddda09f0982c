// What a world asks its book, held against the model.
#include "ledger/core/hold.h"
#include "ledger/engine/trial_balance.h"
#include "tests/simulation/world.h"

namespace suanpan::test {
namespace {

void add(Balance& balance, const BookModel::Line& line) {
  (line.debit ? balance.debits_posted : balance.credits_posted) += line.amount;
  if (line.amount < 0) (line.debit ? balance.debits_red : balance.credits_red) += line.amount;
}

Balance balance_of(const BookModel::Account& m) {
  return Balance{m.debits, m.credits, m.held_debits, m.held_credits, m.red_debits, m.red_credits};
}

bool same(const Entry& e, const BookModel::Line& line) {
  return e.seq == line.seq && e.amount == line.amount && e.balance_after == line.after &&
         e.date_days == line.date.days && (e.side == 0) == line.debit;
}

}  // namespace

AccountId World::random_account() {
  return AccountId{static_cast<std::uint32_t>(1 + below(model_.accounts().size()))};
}

void World::query() {
  using Asked = void (World::*)();
  static constexpr Asked kQueries[] = {
      &World::query_command, &World::query_key,  &World::query_balance,      &World::query_page,
      &World::query_past,    &World::query_hold, &World::query_time,         &World::query_range,
      &World::query_walk,    &World::query_feed, &World::query_business_key, &World::query_roll_up,
      &World::query_terms};
  ++counters_.queries;
  (this->*kQueries[below(std::size(kQueries))])();
}

void World::compare_record(const StoredCommand& stored) {
  const BookModel::Record& m = model_.record(stored.seq);
  require(stored.key == m.key && stored.kind == m.kind && stored.refusal.code == m.code &&
              stored.voucher_no == m.voucher_no && stored.effects.date == m.date,
          "entry {} is {} of {} by {}; the model says {} of {} by {}", stored.seq,
          name_of(stored.refusal.code), stored.effects.date.iso(), name_of(stored.kind),
          name_of(m.code), m.date.iso(), name_of(m.kind));
  require(std::equal(m.legs.begin(), m.legs.end(), stored.effects.transfers.begin(),
                     stored.effects.transfers.end()),
          "entry {} moves something else", stored.seq);
  const ChangeSet& effects = stored.effects;
  if (m.code == RefusalCode::kNone)
    require(effects.code == m.business && (effects.text ? *effects.text : VoucherText{}) ==
                                              (m.text ? *m.text : VoucherText{}),
            "entry {} says something else", stored.seq);
  const std::vector<Event> events =
      m.cut_to ? std::vector<Event>{{"book.day_cut", m.cut_to->iso(), ""}} : std::vector<Event>{};
  require(std::equal(
              events.begin(), events.end(), effects.events.begin(), effects.events.end(),
              [](const Event& a, const Event& b) { return a.topic == b.topic && a.key == b.key; }),
          "entry {} has other events", stored.seq);
  const std::int64_t time = stored.seq < times_.size() ? times_[stored.seq] : 0;
  require(time == 0 || time == stored.timestamp.ns, "entry {} has another time", stored.seq);
}

void World::query_command() {
  // Expired holds may not be journalled yet: only what was there at the last submission is sure.
  const std::uint64_t seq = below(times_.size() + 2);
  const auto found = value(book_->command(seq), "a command by sequence");
  if (seq >= 2 && seq < times_.size()) require(found.has_value(), "entry {} is missing", seq);
  if (seq == 0) require(!found, "there is an entry 0");
  if (found && seq >= 2 && seq <= model_.last_seq()) compare_record(*found);
}

void World::query_key() {
  if (below(4) == 0) {
    const ClaimKey unknown{Id128{random_(), 1}, CallerId{100}};
    require(!value(book_->find(unknown), "an unknown key"), "an unknown key is found");
    return;
  }
  const ClaimKey key = model_.record(2 + below(model_.last_seq() - 1)).key;
  if (key.caller == kSystemCaller) return;
  const auto found = value(book_->find(key), "a command by key");
  require(found.has_value(), "command {} is not found", key.hex());
  require(found->seq == model_.answer(key)->seq, "command {} is found elsewhere", key.hex());
  compare_record(*found);
}

void World::query_balance() {
  const AccountId id = random_account();
  const auto [balance, expired] = book_->read([&](const State& state, std::uint64_t seq) {
    return std::pair(state.balance(id), seq > model_.last_seq());
  });
  if (expired) return;  // the idle book gave a hold back that the model has yet to hear of
  require(balance == balance_of(model_.accounts()[id.value - 1]), "account {} has another balance",
          id.value);
}

void World::query_page() {
  const AccountId id = random_account();
  const auto& lines = model_.accounts()[id.value - 1].lines;
  const std::uint64_t until = below(3) == 0 ? 0 : 1 + below(model_.last_seq());
  const std::uint64_t after = below(3) == 0 ? 0 : below(model_.last_seq());
  const std::size_t limit = 1 + below(60);
  const auto page =
      value(book_->entries(id, EntryPosition{after, ~std::uint32_t{0}}, limit, until), "a page");
  std::vector<const BookModel::Line*> expected;
  for (const BookModel::Line& line : lines)
    if (line.seq > after && (until == 0 || line.seq <= until) && expected.size() < limit)
      expected.push_back(&line);
  require(page.size() == expected.size(), "a page of account {} has {} lines, not {}", id.value,
          page.size(), expected.size());
  for (std::size_t i = 0; i < page.size(); ++i)
    require(same(page[i], *expected[i]), "account {}, entry {}: another line", id.value,
            page[i].seq);
}

void World::query_past() {
  const AccountId id = random_account();
  const std::uint64_t seq = below(model_.last_seq() + 1);
  const Date day = model_.day().plus_days(-static_cast<int>(below(10)));
  Balance at_seq, on_day;
  for (const BookModel::Line& line : model_.accounts()[id.value - 1].lines) {
    if (line.seq <= seq) add(at_seq, line);
    if (line.date <= day) add(on_day, line);
  }
  require(value(book_->balance_at(id, seq), "a balance by sequence") == at_seq,
          "account {} as of {}: another balance", id.value, seq);
  require(value(book_->balance_on(id, day), "a balance by date") == on_day,
          "account {} on {}: another balance", id.value, day.iso());
}

void World::query_hold() {
  if (model_.holds().empty()) return;
  const std::uint64_t seq = 2 + below(model_.last_seq() - 1);
  const auto it = model_.holds().find(model_.record(seq).key);
  if (it == model_.holds().end()) return;
  const auto document = book_->document(DocumentKind::kHold, it->first.bytes());
  require(document != nullptr, "hold {} is missing", it->first.hex());
  const auto hold = decode_hold(document->bytes);
  require(hold.has_value(), "hold {} does not decode", it->first.hex());
  const BookModel::Held& m = it->second;
  if (m.state == BookModel::HoldIs::kOpen && hold->state == HoldState::kExpired) {
    require(m.expires_ns != 0 && m.expires_ns <= clock_.now().ns, "hold {} expired early",
            it->first.hex());
    return;
  }
  require(static_cast<int>(hold->state) == static_cast<int>(m.state) + 1,
          "hold {} is in another state", it->first.hex());
  for (std::size_t i = 0; i < m.legs.size(); ++i)
    require(hold->legs[i].remaining == m.legs[i].amount, "hold {} reserves another amount",
            it->first.hex());
}

void World::query_time() {
  const std::uint64_t seq = 2 + below(times_.size() - 2);
  if (seq >= times_.size() || times_[seq] == 0) return;
  const Timestamp at{times_[seq]};
  require(value(book_->seq_at(at), "a sequence by time") == seq,
          "entry {} is not found by its time", seq);
  require(value(book_->seq_at(Timestamp{at.ns - 1}), "a sequence by time") == seq - 1,
          "the entry before {} is not found by time", seq);
}

void World::query_range() {
  std::uint64_t expected = below(model_.last_seq());
  std::uint64_t left = 1 + below(40);
  const auto each = [&](const StoredCommand& command) {
    ++expected;
    require(command.seq == expected, "entry {} follows {}", command.seq, expected - 1);
    if (command.seq >= 2 && command.seq <= model_.last_seq()) compare_record(command);
    return --left > 0;
  };
  require(static_cast<bool>(book_->for_each_command_after(expected, each)),
          "a range of commands cannot be read");
}

void World::compare_everything() {
  await_expiries();
  if (!options_.bug || !options_.bug->bad_planner)
    require(book_->statistics().invariant_violations == 0, "an invariant was violated");
  times_.resize(std::max<std::size_t>(times_.size(), model_.last_seq() + 1));
  book_->read([&](const State& state, std::uint64_t seq) {
    require(seq == model_.last_seq(), "the published view is at {}", seq);
    require(state.book().accounting_date == model_.day(), "another day is open");
    require(state.book().closed_through == model_.closed(), "another day is closed");
    require(state.accounts().size() == model_.accounts().size(), "there are other accounts");
    for (std::uint32_t id = 1; id <= model_.accounts().size(); ++id) {
      const BookModel::Account& m = model_.accounts()[id - 1];
      const suanpan::Account& a = *state.account(AccountId{id});
      require(a.code == m.code && a.terms == m.terms && a.version == m.version,
              "account {} has other terms", id);
      require(state.balance(AccountId{id}) == balance_of(m), "account {} has another balance", id);
    }
    std::size_t open = 0;
    for (const auto& [key, held] : model_.holds()) open += held.state == BookModel::HoldIs::kOpen;
    require(state.open_documents(DocumentKind::kHold).size() == open,
            "another number of holds is open");
  });
  std::size_t holds = 0;
  const auto each = [&](const DocumentPtr& document) {
    const auto key = ClaimKey::from_bytes(document->key);
    const auto hold = decode_hold(document->bytes);
    require(key && hold, "a hold does not decode");
    const auto it = model_.holds().find(*key);
    require(it != model_.holds().end(), "hold {} was never made", key->hex());
    require(static_cast<int>(hold->state) == static_cast<int>(it->second.state) + 1,
            "hold {} is in another state", key->hex());
    for (std::size_t i = 0; i < it->second.legs.size(); ++i)
      require(hold->legs[i].remaining == it->second.legs[i].amount,
              "hold {} reserves another amount", key->hex());
    ++holds;
    return true;
  };
  require(static_cast<bool>(book_->for_each_document(DocumentKind::kHold, each)),
          "the holds cannot be read");
  require(holds == model_.holds().size(), "{} holds are stored, not {}", holds,
          model_.holds().size());
  for (std::uint32_t id = 1; id <= model_.accounts().size(); ++id) compare_statement(AccountId{id});
  compare_trial_balance();
}

void World::compare_statement(AccountId id) {
  const BookModel::Account& m = model_.accounts()[id.value - 1];
  std::size_t n = 0;
  EntryPosition at;
  for (;;) {
    const auto page = value(book_->entries(id, at, 997), "a statement");
    if (page.empty()) break;
    for (const Entry& e : page) {
      require(n < m.lines.size() && same(e, m.lines[n]), "account {}, line {}: another line",
              id.value, n + 1);
      ++n;
      at = EntryPosition{e.seq, e.sub};
    }
  }
  require(n == m.lines.size(), "account {} has {} lines, not {}", id.value, n, m.lines.size());
}

// Every account, and every path that leads to one.
void World::compare_trial_balance() {
  const Date through = model_.day().plus_days(-static_cast<int>(below(4)));
  const Date from = through.plus_days(-static_cast<int>(below(6)));
  const TrialBalance balance = value(trial_balance(*book_, from, through), "the trial balance");
  require(balance.balanced(), "the trial balance does not balance");
  std::map<std::pair<std::string, Currency>, TrialBalanceAmounts> expected;
  for (const BookModel::Account& m : model_.accounts())
    for (std::string path = m.code;; path.resize(path.rfind('/'))) {
      TrialBalanceAmounts& sum = expected[{path, m.dollars ? Currency::kUSD : Currency::kCNY}];
      for (const BookModel::Line& line : m.lines) {
        const std::int64_t signed_amount = line.debit ? line.amount : -line.amount;
        if (line.date < from) sum.opening += signed_amount;
        if (line.date <= through) sum.closing += signed_amount;
        if (line.date >= from && line.date <= through)
          (line.debit ? sum.debit_turnover : sum.credit_turnover) += line.amount;
      }
      if (path.find('/') == std::string::npos) break;
    }
  require(balance.rows.size() == expected.size(), "the trial balance has {} rows, not {}",
          balance.rows.size(), expected.size());
  for (const TrialBalanceRow& row : balance.rows) {
    const auto it = expected.find({row.code, row.currency});
    require(it != expected.end() && row.amounts == it->second,
            "{} in the trial balance from {} to {}: other amounts", row.code, from.iso(),
            through.iso());
  }
}

}  // namespace suanpan::test
