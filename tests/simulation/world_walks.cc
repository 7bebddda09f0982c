// What a world asks its book beyond single look-ups: queries of several conditions walked page by
// page, the journal read on as a feed, business keys, sums along a path, the history of terms.
#include <algorithm>
#include <tuple>

#include "ledger/core/terms_history.h"
#include "ledger/engine/roll_up.h"
#include "tests/simulation/world.h"

namespace suanpan::test {
namespace {

constexpr std::size_t kPagesAtOnce = 2, kPagesOfWalk = 40;

bool lies_below(std::string_view code, std::string_view path) {
  return code.starts_with(path) && (code.size() == path.size() || code[path.size()] == '/');
}

Currency currency_of(const BookModel::Account& m) {
  return m.dollars ? Currency::kUSD : Currency::kCNY;
}

bool bears(const BookModel::Record& m, std::string_view key) {
  return m.code == RefusalCode::kNone && !m.legs.empty() && m.text && m.text->business_key == key;
}

/// Where two lists begin to differ.
std::size_t first_difference(const std::vector<Shown>& a, const std::vector<Shown>& b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                                  a.begin());
}

std::string told(const std::vector<Shown>& rows, std::size_t place) {
  if (place >= rows.size()) return "nothing";
  const Shown& row = rows[place];
  return fmt::format("{}.{} side {} balance {}", row.seq, row.leg, row.side, row.balance);
}

}  // namespace

// Every leg of what was accepted.
void World::read_model() {
  while (read_ < model_.last_seq()) {
    const BookModel::Record& m = model_.record(++read_);
    const std::int64_t time = read_ < times_.size() ? times_[read_] : 0;
    // Of what expires nobody is told the time: it lies between those around it, and no query is
    // drawn that asks for more.
    read_time_ = time != 0 ? time : read_time_ + 1;
    if (m.code != RefusalCode::kNone) continue;
    for (std::uint32_t leg = 0; leg < m.legs.size(); ++leg) {
      const Transfer& t = m.legs[leg];
      Seen s;
      s.seq = read_;
      s.time_ns = read_time_;
      s.caller = m.key.caller.value;
      s.leg = leg;
      s.debit = t.debit.value;
      s.credit = t.credit.value;
      s.code = m.business;
      s.day = m.date.days;
      s.amount = t.amount;
      s.reserved = t.kind == TransferKind::kPending || t.kind == TransferKind::kVoidPending;
      if (m.text) {
        s.key = m.text->business_key;
        s.metadata = m.text->metadata;
      }
      std::tie(s.debit_after, s.credit_after) = m.after[leg];
      seen_.push_back(std::move(s));
    }
  }
}

Query World::any_query() {
  Query query;
  query.of = static_cast<QueryOf>(1 + below(3));
  query.newest_first = below(2) == 0;
  query.limit = below(4) == 0 ? 200 : 1 + below(30);
  query.work = static_cast<std::int64_t>(1 + below(below(2) == 0 ? 600 : 6'000));
  if (below(6) == 0) query.as_of_seq = 1 + below(model_.last_seq());
  const auto account = [&] {
    return AccountId{static_cast<std::uint32_t>(1 + below(model_.accounts().size() + 1))};
  };
  const auto time = [&]() -> std::optional<Timestamp> {
    const std::int64_t ns = times_[below(times_.size())];
    if (ns == 0) return std::nullopt;
    return Timestamp{ns + static_cast<std::int64_t>(below(2))};
  };
  const auto date = [&] { return model_.day().plus_days(2 - static_cast<int>(below(40))); };
  const auto amount = [&] { return static_cast<std::int64_t>(below(300)) - 80; };
  QueryConditions& c = query.conditions;
  if (below(2) == 0) c.account = account();
  if (below(6) == 0) c.debit = account();
  if (below(6) == 0) c.credit = account();
  if ((c.account || query.of == QueryOf::kEntries) && below(3) == 0)
    c.side = static_cast<Side>(below(2));
  if (below(4) == 0) c.code = static_cast<std::uint16_t>(below(6));
  if (below(4) == 0) c.from = time();
  if (below(4) == 0) c.before = time();
  if (below(6) == 0) c.from_date = date();
  if (below(6) == 0) c.through_date = date();
  if (below(5) == 0) c.min_amount = amount();
  if (below(5) == 0) c.max_amount = amount();
  if (below(4) == 0) c.business_key = std::string(1 + below(30), 'k');
  if (below(5) == 0) {
    const auto& members = kMetadata[1 + below(std::size(kMetadata) - 1)].members;
    c.metadata.push_back(members[below(members.size())]);
    if (below(3) == 0) c.metadata.emplace_back("shop", "7");
  }
  if (below(3) == 0) c.stage = static_cast<Stage>(below(3));
  if (below(6) == 0)
    c.caller = CallerId{below(4) == 0 ? 1 : static_cast<std::uint32_t>(100 + below(3))};
  return query;
}

// A walk stays open over batches, restarts and crashes, and shows what was there when it began.
void World::query_walk() {
  if (!walk_) {
    walk_.emplace();
    walk_->query = any_query();
  }
  Walk& walk = *walk_;
  bool ended = false;
  for (std::size_t n = 0; n < kPagesAtOnce && !ended; ++n) {
    const QueryPage page = value(run_query(*book_, walk.query), "a query");
    if (walk.pages++ == 0) walk.as_of = page.as_of_seq;
    require(page.as_of_seq == walk.as_of, "a page as of {} in a walk as of {}", page.as_of_seq,
            walk.as_of);
    require(page.hits.size() <= walk.query.limit, "a page of {}", page.hits.size());
    require(!page.next || page.next != walk.query.cursor, "a page does not go on");
    for (const QueryHit& hit : page.hits) walk.rows.push_back(shown(walk.query.of, hit));
    walk.query.cursor = page.next;
    ended = !page.next;
  }
  if (!ended && walk.pages < kPagesOfWalk) return;
  if (walk.as_of > model_.last_seq()) await_expiries();
  read_model();
  std::vector<Shown> expected = naive(seen_, walk.query, walk.as_of);
  if (!ended) expected.resize(std::min(expected.size(), walk.rows.size()));
  const std::size_t place = first_difference(walk.rows, expected);
  require(walk.rows == expected, "row {} of a query as of {} is {}, not {}", place, walk.as_of,
          told(walk.rows, place), told(expected, place));
  walk_.reset();
}

// The journal as a feed: on from where it was left, over restarts and crashes, without a gap.
void World::query_feed() {
  std::uint64_t left = 1 + below(400);
  const auto each = [&](const StoredCommand& command) {
    if (command.seq > model_.last_seq()) return false;  // it expired just now
    require(command.seq == feed_ + 1, "entry {} follows {} in the feed", command.seq, feed_);
    compare_record(command);
    ++feed_;
    return --left > 0;
  };
  require(static_cast<bool>(book_->for_each_command_after(feed_, each)), "the feed cannot be read");
  require(left == 0 || feed_ + 1 >= times_.size(), "the feed ends at {}, {} was answered", feed_,
          times_.size() - 1);
}

// Candidates, in their order: whatever bears the key is among them, as far as they go.
void World::query_business_key() {
  const std::string key(1 + below(29), 'k');
  std::uint64_t low = 2 + below(model_.last_seq() - 1), high = 2 + below(model_.last_seq() - 1);
  if (low > high) std::swap(low, high);
  const bool newest_first = below(2) == 0;
  const std::size_t limit = 1 + below(40);
  const auto found =
      value(book_->may_bear_key(key, low, high, newest_first, limit), "a business key");
  require(found.size() <= limit, "{} commands may bear a key", found.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    require(found[i] >= low && found[i] <= high, "entry {} is not in a range", found[i]);
    require(i == 0 || (newest_first ? found[i] < found[i - 1] : found[i] > found[i - 1]),
            "entry {} follows {} by business key", found[i], i == 0 ? 0 : found[i - 1]);
  }
  if (found.size() == limit) (newest_first ? low : high) = found.back();
  for (std::uint64_t seq = low; seq <= high; ++seq)
    require(!bears(model_.record(seq), key) ||
                std::find(found.begin(), found.end(), seq) != found.end(),
            "entry {} is not found by its business key", seq);
}

void World::query_roll_up() {
  std::string path = model_.accounts()[random_account().value - 1].code;
  for (std::uint64_t cuts = below(3); cuts > 0 && path.find('/') != std::string::npos; --cuts)
    path.resize(path.rfind('/'));
  if (below(40) == 0) path += "/没有";
  const auto day = model_.day().plus_days(-static_cast<int>(below(10)));
  std::map<Currency, RollUp> now, on_day;
  for (const BookModel::Account& m : model_.accounts()) {
    if (!lies_below(m.code, path)) continue;
    const Currency currency = currency_of(m);
    RollUp& row = now.try_emplace(currency, RollUp{path, currency, {}, 0}).first->second;
    RollUp& before = on_day.try_emplace(currency, RollUp{path, currency, {}, 0}).first->second;
    ++row.accounts;
    ++before.accounts;
    row.totals.debits_posted += m.debits;
    row.totals.credits_posted += m.credits;
    row.totals.debits_pending += m.held_debits;
    row.totals.credits_pending += m.held_credits;
    row.totals.debits_red += m.red_debits;
    row.totals.credits_red += m.red_credits;
    for (const BookModel::Line& line : m.lines) {
      if (line.date > day) continue;
      RollUpTotals& t = before.totals;
      (line.debit ? t.debits_posted : t.credits_posted) += line.amount;
      if (line.amount < 0) (line.debit ? t.debits_red : t.credits_red) += line.amount;
    }
  }
  const auto compare = [&](const std::vector<RollUp>& found,
                           const std::map<Currency, RollUp>& expected, const char* when) {
    require(found.size() == expected.size(), "{} {} has {} currencies, not {}", path, when,
            found.size(), expected.size());
    for (const RollUp& row : found) {
      const auto it = expected.find(row.currency);
      require(it != expected.end() && row == it->second, "{} {} has another sum", path, when);
    }
  };
  compare(value(roll_up_on(*book_, path, day), "a roll-up by date").totals, on_day, "on a day");
  std::uint64_t seq = 0;
  const std::vector<RollUp> found = book_->roll_up(path, &seq);
  if (seq > model_.last_seq()) return;  // the idle book gave a hold back
  require(seq + 1 >= times_.size(), "a roll-up is as of {}", seq);
  compare(found, now, "now");
}

void World::query_terms() {
  const AccountId id = random_account();
  const auto& changes = model_.accounts()[id.value - 1].changes;
  const auto key_of = [&](std::size_t version) {
    return big_endian(id.value, 4) + big_endian(version, 4);
  };
  std::size_t next = below(changes.size() + 2);  // the first of them makes version 2
  const auto each = [&](const DocumentPtr& document) {
    if (!document->key.starts_with(big_endian(id.value, 4))) return false;
    const auto change = decode_terms_change(document->bytes);
    require(next < changes.size() && change && document->key == key_of(next + 2),
            "account {} has another change of terms", id.value);
    const BookModel::TermsSet& m = changes[next++];
    require(change->by == m.by && change->at.ns == times_[m.seq] && change->before == m.before &&
                change->after == m.after,
            "version {} of account {} has other terms", next + 1, id.value);
    return true;
  };
  require(static_cast<bool>(
              book_->for_each_document(DocumentKind::kTermsChange, key_of(next + 2), each)),
          "the history of terms cannot be read");
  require(next >= changes.size(), "account {} has {} changes of terms, not {}", id.value, next,
          changes.size());
}

}  // namespace suanpan::test
