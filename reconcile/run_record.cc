#include "reconcile/run_record.h"

#include "ledger/base/json.h"

namespace suanpan::reconcile {
namespace {

Error corrupt(std::string_view what) {
  return fail(Errc::kCorrupt, "reconciliation record: {}", what);
}

// Reads members one by one; the first failure is kept, so that a decoder reads as a list.
class Reader {
 public:
  explicit Reader(JsonValue root) : root_(root) {}

  std::string text(std::string_view key) { return take(root_.get_string(key)); }
  std::int64_t number(std::string_view key) { return take(root_.get_int64(key)); }
  std::uint64_t count(std::string_view key) {
    const std::int64_t value = number(key);
    if (value < 0) fail_with("a count is negative");
    return static_cast<std::uint64_t>(value);
  }
  bool flag(std::string_view key) {
    auto value = root_.get(key);
    return value ? take(value.value().as_bool()) : (fail_with(value.error().message), false);
  }
  Date date(std::string_view key) {
    const auto parsed = Date::parse(text(key));
    if (!parsed) fail_with("a date is none");
    return parsed.value_or(Date{});
  }
  std::vector<std::string> texts(std::string_view key) {
    std::vector<std::string> out;
    auto value = root_.get(key);
    if (!value || !value.value().is_array()) return fail_with("a list is missing"), out;
    for (const JsonValue& item : value.value().elements()) out.emplace_back(take(item.as_string()));
    return out;
  }
  template <class T>
  Result<T> finish(T value) {
    if (error_) return corrupt(*error_);
    return value;
  }
  void fail_with(std::string what) {
    if (!error_) error_ = std::move(what);
  }

 private:
  template <class T>
  T take(Result<T> value) {
    if (value) return std::move(value.value());
    fail_with(value.error().message);
    return T{};
  }
  JsonValue root_;
  std::optional<std::string> error_;
};

void write_texts(JsonWriter& w, std::string_view key, const std::vector<std::string>& texts) {
  w.key(key).begin_array();
  for (const auto& text : texts) w.string(text);
  w.end_array();
}

}  // namespace

std::string file_key(const TakenFile& file) {
  return fmt::format("{}/{}/{}", file.sha256, file.subject, file.day.compact());
}
std::string statement_cursor_key(std::string_view account) {
  return fmt::format("statement/{}", account);
}
std::string case_key(const Id128& id) { return "case/" + id.hex(); }
std::string expected_key(std::string_view mchid, Date day) {
  return fmt::format("bill/{}/{}", mchid, day.compact());
}
std::string arrival_key(std::string_view account, std::string_view reference) {
  return fmt::format("credit/{}/{}", account, reference);
}

std::string encode(const TakenFile& f) {
  JsonWriter w;
  w.begin_object().field("sha256", f.sha256).field("channel", f.channel);
  w.field("subject", f.subject).field("day", f.day.iso()).field("run", f.run);
  w.field("finished", f.finished);
  if (f.channel == kBankChannel) {
    const auto& s = f.statement;
    w.field("statement", s.id);
    w.field("sequence", s.sequence ? static_cast<std::int64_t>(*s.sequence) : std::int64_t{-1});
    w.field("currency", code_of(s.currency));
    w.field("opening", s.opening.minor).field("closing", s.closing.minor);
    w.field("opening_date", s.opening_date.iso()).field("closing_date", s.closing_date.iso());
  }
  return w.end_object().take();
}

Result<TakenFile> decode_taken_file(std::string_view bytes) {
  TRY(auto json, JsonDocument::parse(bytes));
  Reader r(json.root());
  TakenFile f;
  f.sha256 = r.text("sha256");
  f.channel = r.text("channel");
  f.subject = r.text("subject");
  f.day = r.date("day");
  f.run = r.text("run");
  f.finished = r.flag("finished");
  if (f.channel == kBankChannel) {
    auto& s = f.statement;
    s.id = r.text("statement");
    const std::int64_t sequence = r.number("sequence");
    if (sequence >= 0) s.sequence = static_cast<std::uint64_t>(sequence);
    s.account = f.subject;
    const auto currency = currency_of(r.text("currency"));
    if (!currency) r.fail_with("a currency is none");
    s.currency = currency.value_or(Currency::kCNY);
    s.opening = {r.number("opening"), s.currency};
    s.closing = {r.number("closing"), s.currency};
    s.opening_date = r.date("opening_date");
    s.closing_date = r.date("closing_date");
  }
  return r.finish(std::move(f));
}

std::string encode(const RunRecord& run) {
  JsonWriter w;
  w.begin_object().field("number", run.number).field("channel", run.channel);
  w.field("subject", run.subject).field("day", run.day.iso()).field("sha256", run.sha256);
  w.field("finished", run.finished);
  w.field("outside_rows", run.outside_rows).field("book_rows", run.book_rows);
  w.field("matched", run.matched).field("break_count", run.break_count);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < run.breaks.size() && i < kMaxListedBreaks; ++i)
    ids.push_back(run.breaks[i].hex());
  write_texts(w, "breaks", ids);
  return w.end_object().take();
}

Result<RunRecord> decode_run_record(std::string_view bytes) {
  TRY(auto json, JsonDocument::parse(bytes));
  Reader r(json.root());
  RunRecord run;
  run.number = r.text("number");
  run.channel = r.text("channel");
  run.subject = r.text("subject");
  run.day = r.date("day");
  run.sha256 = r.text("sha256");
  run.finished = r.flag("finished");
  run.outside_rows = r.count("outside_rows");
  run.book_rows = r.count("book_rows");
  run.matched = r.count("matched");
  run.break_count = r.count("break_count");
  for (const auto& text : r.texts("breaks")) {
    const auto id = Id128::from_hex(text);
    if (!id) r.fail_with("a break id is none");
    run.breaks.push_back(id.value_or(Id128{}));
  }
  return r.finish(std::move(run));
}

std::string encode(const Expected& e) {
  return JsonWriter()
      .begin_object()
      .field("mchid", e.mchid)
      .field("day", e.day.iso())
      .field("run", e.run)
      .field("gross", e.gross)
      .field("fee", e.fee)
      .field("arrived", e.arrived)
      .end_object()
      .take();
}

Result<Expected> decode_expected(std::string_view bytes) {
  TRY(auto json, JsonDocument::parse(bytes));
  Reader r(json.root());
  Expected e;
  e.mchid = r.text("mchid");
  e.day = r.date("day");
  e.run = r.text("run");
  e.gross = r.number("gross");
  e.fee = r.number("fee");
  e.arrived = r.text("arrived");
  return r.finish(std::move(e));
}

std::string encode(const Arrival& a) {
  JsonWriter w;
  w.begin_object().field("account", a.account).field("reference", a.reference);
  w.field("mchid", a.mchid).field("day", a.day.iso()).field("amount", a.amount);
  w.field("expected", a.expected).field("suspended", a.suspended);
  w.field("statement", a.statement).field("voucher", a.voucher);
  write_texts(w, "bills", a.bills);
  return w.end_object().take();
}

Result<Arrival> decode_arrival(std::string_view bytes) {
  TRY(auto json, JsonDocument::parse(bytes));
  Reader r(json.root());
  Arrival a;
  a.account = r.text("account");
  a.reference = r.text("reference");
  a.mchid = r.text("mchid");
  a.day = r.date("day");
  a.amount = r.number("amount");
  a.expected = r.number("expected");
  a.suspended = r.flag("suspended");
  a.statement = r.text("statement");
  a.voucher = r.text("voucher");
  a.bills = r.texts("bills");
  return r.finish(std::move(a));
}

}  // namespace suanpan::reconcile
