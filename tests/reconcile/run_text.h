// A run's result as text: equal results, equal text, so that runs can be compared as a whole.
#pragma once
#include "ledger/base/json.h"
#include "reconcile/run.h"

namespace suanpan::reconcile::test {

inline std::string text_of(const RunResult& result) {
  JsonWriter w;
  const auto money = [&](std::string_view name, std::int64_t minor) { w.field(name, minor); };
  const auto count = [&](std::string_view name, std::uint64_t n) {
    w.key(name).unsigned_integer(n);
  };
  const Summary& s = result.summary;
  w.begin_object().field("batch", result.batch.text());
  w.field("period", result.batch.period.iso()).field("channel", result.batch.channel);
  count("outside_rows", s.outside_rows);
  count("book_rows", s.book_rows);
  count("idle", s.idle);
  count("ahead", s.ahead);
  count("carried_in", s.carried_in);
  count("repeats", s.repeats);
  count("cleared", result.cleared.size());
  w.key("currencies").begin_array();
  for (const auto& [currency, c] : s.currencies) {
    w.begin_object().field("currency", code_of(currency));
    count("outside_count", c.outside.count);
    money("outside", c.outside.minor);
    count("book_count", c.book.count);
    money("book", c.book.minor);
    count("matched_count", c.matched.count);
    money("matched", c.matched.minor);
    money("difference", c.difference_minor);
    money("outside_fee_milli", c.outside_fee_milli);
    money("book_fee_milli", c.book_fee_milli);
    money("fee_difference_milli", c.fee_difference_milli);
    money("tolerated_fee_milli", c.tolerated_fee_milli);
    w.end_object();
  }
  w.end_array().key("classes").begin_array();
  for (const auto& line : s.classes) {
    w.begin_object().field("class", info_of(line.break_class).code);
    w.field("currency", code_of(line.currency));
    count("count", line.tally.count);
    money("amount", line.tally.minor);
    w.end_object();
  }
  w.end_array().key("breaks").begin_array();
  for (const auto& b : result.breaks) {
    w.begin_object().field("id", b.id.hex()).field("class", info_of(b.break_class).code);
    w.field("currency", code_of(b.amount.currency));
    money("amount", b.amount.minor);
    money("fee_milli", b.fee_milli);
    w.end_object();
  }
  w.end_array().end_object();
  return w.take();
}

}  // namespace suanpan::reconcile::test
