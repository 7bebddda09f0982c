#include "reconcile/run.h"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/json.h"

namespace suanpan::reconcile {
namespace {

Result<std::int64_t> narrow(Int128 value) {
  if (value > std::numeric_limits<std::int64_t>::max() ||
      value < std::numeric_limits<std::int64_t>::min()) {
    return fail(Errc::kTooLarge, "a total of the run does not fit 64 bits");
  }
  return static_cast<std::int64_t>(value);
}

// Two breaks about the same thing (a voucher with two equal lines) must not share a case: the
// second gets an id of its own, by its rank among its equals.
void make_ids_unique(std::vector<Break>& sorted) {
  std::set<Id128> seen;
  for (auto& b : sorted) {
    for (std::uint32_t rank = 2; !seen.insert(b.id).second; ++rank) {
      b.id = id_of(fmt::format("{} {}", b.id, rank));
    }
  }
}

bool break_less(const Break& a, const Break& b) {
  const auto key = [](const Break& x) {
    return std::tuple(x.break_class, x.kind, std::string_view(x.our_number()),
                      std::string_view(x.channel_number()), x.id, x.amount, x.fee_milli);
  };
  const auto x = key(a), y = key(b);
  if (x != y) return x < y;
  if (a.outside && b.outside) return content_less(*a.outside, *b.outside);
  return a.book && b.book && content_less(*a.book, *b.book);
}

}  // namespace

Run::Run(BatchNumber batch, Policy policy)
    : policy_(policy), matcher_([this](const Pairing& pairing) { take(pairing); }) {
  CHECK_OR_DIE(static_cast<bool>(batch.check()), "batch number {}", batch.text());
  result_.batch = std::move(batch);
}

Result<void> Run::add(std::span<const OutsideRow> outside, std::span<const BookRow> book) {
  if (error_) return *error_;
  constexpr std::size_t kMaxRows = std::numeric_limits<std::int32_t>::max();
  if (outside.size() > kMaxRows || book.size() > kMaxRows) {
    error_ = fail(Errc::kTooLarge, "at most {} rows a side in one partition", kMaxRows);
    return *error_;
  }
  const Date period = result_.batch.period;
  for (const auto& row : outside) {
    if (row.date > period) {
      error_ = fail(Errc::kMismatch, "{} row {} is dated {}, after the period {}", row.source.file,
                    row.source.row, row.date.iso(), period.iso());
      return *error_;
    }
    result_.summary.carried_in += row.date < period;
  }
  for (const auto& row : book) result_.summary.carried_in += row.date < period;
  result_.summary.outside_rows += outside.size();
  result_.summary.book_rows += book.size();
  matcher_.add(outside, book);
  if (error_) return *error_;
  return success();
}

void Run::count_row(const OutsideRow& row) {
  if (row.status != RowStatus::kDone) return;
  auto& sum = wide_[row.amount.currency];
  ++sum.outside.count;
  sum.outside.minor += row.amount.minor;
  sum.outside_fee += row.fee_milli;
}

void Run::count_row(const BookRow& row) {
  if (row.status != RowStatus::kDone || row.in_suspense) return;
  auto& sum = wide_[row.amount.currency];
  ++sum.book.count;
  sum.book.minor += row.amount.minor;
  sum.book_fee += row.fee_milli;
}

void Run::take_matched(const Pairing& p) {
  auto& sum = wide_[p.outside->amount.currency];
  ++sum.matched.count;
  sum.matched.minor += p.outside->amount.minor;
  result_.matched.push_back(
      {p.book->voucher_id, p.book->order_id,
       p.book->our_number.empty() ? p.outside->our_number : p.book->our_number, p.outside->amount,
       p.outside->source, p.outside->kind});
}

void Run::take_pair_of_done(const Pairing& p, const std::vector<Break>& breaks) {
  const auto has = [&](auto predicate) {
    return std::any_of(breaks.begin(), breaks.end(), predicate);
  };
  if (p.outside->amount.currency == p.book->amount.currency && !p.book->in_suspense &&
      !has([](const Break& b) { return b.break_class == BreakClass::kFeeMismatch; })) {
    wide_[p.outside->amount.currency].tolerated_fee +=
        Int128{p.outside->fee_milli} - p.book->fee_milli;
  }
  const auto clear = [&](const Id128& id) {
    if (!has([&](const Break& b) { return b.id == id; })) {
      result_.cleared.push_back({id, p.book->voucher_id, p.outside->source});
    }
  };
  const BatchNumber& batch = result_.batch;
  if (p.book->date < batch.period) clear(break_id(batch.channel, nullptr, p.book, false));
  if (p.outside->date < batch.period) clear(break_id(batch.channel, p.outside, nullptr, false));
}

void Run::take(const Pairing& p) {
  if (error_) return;
  auto found = classify(p, result_.batch, policy_);
  if (!found) {
    error_ = found.error();
    return;
  }
  const bool ahead = !p.outside && p.book->date > result_.batch.period;
  if (ahead) {
    ++result_.summary.ahead;
    return;
  }
  if (p.outside) count_row(*p.outside);
  if (p.book) count_row(*p.book);
  const auto& breaks = found.value();
  const bool both_done = p.outside && p.book && p.outside->status == RowStatus::kDone &&
                         p.book->status == RowStatus::kDone;
  if (both_done) take_pair_of_done(p, breaks);
  if (breaks.empty()) {
    if (both_done) {
      take_matched(p);
    } else {
      ++result_.summary.idle;
    }
  }
  result_.breaks.insert(result_.breaks.end(), breaks.begin(), breaks.end());
}

// The proof stands beside the sums: what the rows say and what the breaks say are added up apart.
Result<void> Run::summarise() {
  std::map<std::pair<BreakClass, Currency>, WideTally> classes;
  std::map<Currency, Int128> explained;
  std::map<Currency, Int128> explained_fee;
  for (const auto& [currency, sum] : wide_) {
    if (sum.matched.count > 0) classes[{BreakClass::kMatched, currency}] = sum.matched;
    explained_fee[currency] += sum.tolerated_fee;
  }
  for (const auto& b : result_.breaks) {
    auto& tally = classes[{b.break_class, b.amount.currency}];
    ++tally.count;
    tally.minor += b.amount.minor;
    if (b.break_class != BreakClass::kFeeMismatch) explained[b.amount.currency] += b.amount.minor;
    explained_fee[b.amount.currency] += b.fee_milli;
    if (b.counter_amount) {
      classes[{b.break_class, b.counter_amount->currency}].minor += b.counter_amount->minor;
      explained[b.counter_amount->currency] += b.counter_amount->minor;
      explained_fee[b.counter_amount->currency] -= recognised_fee(*b.book);
    }
  }
  for (const auto& [key, tally] : classes) {
    TRY(auto minor, narrow(tally.minor));
    result_.summary.classes.push_back({key.first, key.second, {tally.count, minor}});
  }
  for (const auto& [currency, sum] : wide_) {
    auto& out = result_.summary.currencies[currency];
    TRY(auto outside, narrow(sum.outside.minor));
    TRY(auto book, narrow(sum.book.minor));
    TRY(auto matched, narrow(sum.matched.minor));
    out.outside = {sum.outside.count, outside};
    out.book = {sum.book.count, book};
    out.matched = {sum.matched.count, matched};
    TRY(out.difference_minor, narrow(sum.outside.minor - sum.book.minor));
    TRY(out.outside_fee_milli, narrow(sum.outside_fee));
    TRY(out.book_fee_milli, narrow(sum.book_fee));
    TRY(out.fee_difference_milli, narrow(sum.outside_fee - sum.book_fee));
    TRY(out.tolerated_fee_milli, narrow(sum.tolerated_fee));
    CHECK_OR_DIE(sum.outside_fee - sum.book_fee == explained_fee[currency],
                 "run {}: the fee differences in {} do not add up", result_.batch.text(),
                 code_of(currency));
    CHECK_OR_DIE(sum.outside.minor - sum.book.minor == explained[currency],
                 "run {}: the breaks in {} do not add up to outside minus books",
                 result_.batch.text(), code_of(currency));
  }
  return success();
}

Result<RunResult> Run::finish() {
  if (!error_) {
    result_.repeats = matcher_.finish();
    result_.summary.repeats = result_.repeats.size();
  }
  if (error_) return *error_;
  std::sort(result_.breaks.begin(), result_.breaks.end(), break_less);
  make_ids_unique(result_.breaks);
  std::sort(result_.matched.begin(), result_.matched.end());
  std::sort(result_.cleared.begin(), result_.cleared.end());
  if (auto done = summarise(); !done) {
    error_ = done.error();
    return *error_;
  }
  return std::move(result_);
}

Result<RunResult> run(const BatchNumber& batch, const Policy& policy,
                      std::span<const OutsideRow> outside, std::span<const BookRow> book) {
  Run run(batch, policy);
  TRY(run.add(outside, book));
  return run.finish();
}

}  // namespace suanpan::reconcile
