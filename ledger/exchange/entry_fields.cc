#include "ledger/exchange/entry_fields.h"

#include <algorithm>
#include <charconv>

#include "ledger/core/plan_close.h"
#include "ledger/core/text.h"

namespace suanpan {
namespace {

consteval std::size_t at(std::string_view name) { return entry_field(name); }

std::string time_text(Timestamp time) {
  std::string text = time.iso_cn();  // …T05:06:07+08:00
  const std::int64_t ns = ((time.ns % 1'000'000'000) + 1'000'000'000) % 1'000'000'000;
  if (ns != 0) text.insert(text.size() - 6, fmt::format(".{:09}", ns));
  return text;
}

std::string side_text(Side side) { return side == Side::kDebit ? "debit" : "credit"; }

/// By Sweep::of.
constexpr std::string_view kSides[] = {"", "debit", "credit", "both"};

std::string frozen_text(const AccountTerms& terms) {
  return fmt::format("{}{}", terms.frozen_in ? "in" : "", terms.frozen_out ? "out" : "");
}

std::string list_text(const std::vector<std::int64_t>& amounts) {
  std::string text;
  for (const std::int64_t amount : amounts)
    text += (text.empty() ? "" : " ") + std::to_string(amount);
  return text;
}

void put_terms(FieldTexts& v, const JournalEntry& e) {
  const AccountTerms& terms = e.open.terms;
  v[at("account")] = e.open.code;
  v[at("limit")] = name_of(terms.limit);
  if (terms.credit_line != 0) v[at("credit_line")] = std::to_string(terms.credit_line);
  v[at("frozen")] = frozen_text(terms);
  if (terms.closed) v[at("closed")] = "true";
  if (terms.hot) v[at("hot")] = "true";
  if (e.expected_version) v[at("expected_version")] = std::to_string(*e.expected_version);
}

void put_subject(FieldTexts& v, const Subject& s) {
  v[at("subject")] = s.code;
  v[at("name")] = s.name;
  v[at("account_type")] = name_of(s.type);
  if (s.normal != normal_side(s.type)) v[at("normal")] = side_text(s.normal);
  if (!s.leaf) v[at("group")] = "true";
  for (const std::string& dimension : s.dimensions)
    v[at("dimensions")] += (v[at("dimensions")].empty() ? "" : " ") + dimension;
  v[at("closes_into")] = s.closes_into;
}

FieldTexts texts_of(const TextLeg& leg) {
  FieldTexts v;
  v[at("debit")] = leg.debit;
  v[at("credit")] = leg.credit;
  v[at("amount")] = std::to_string(leg.amount);
  if (leg.up_to == 0) return v;
  v[at("up_to")] = kSides[leg.up_to];
  if (leg.at_most != kMaxAmountMinor) v[at("at_most")] = std::to_string(leg.at_most);
  return v;
}

FieldTexts texts_of(const TextExpectation& e) {
  FieldTexts v;
  v[at("account")] = e.account;
  if (e.version) v[at("expected_version")] = std::to_string(*e.version);
  if (e.of == BalanceOf::kPosted) v[at("posted")] = "true";
  if (e.at_least) v[at("at_least")] = std::to_string(*e.at_least);
  if (e.at_most) v[at("at_most")] = std::to_string(*e.at_most);
  return v;
}

// ---- and back

Error wrong(std::string_view field) { return wrong_field(field); }

constexpr YearStep kSteps[] = {YearStep::kRequest, YearStep::kReject, YearStep::kBegin,
                               YearStep::kCarry, YearStep::kFinish};

template <class Integer>
Result<Integer> integer_of(std::string_view text, std::string_view field) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() ||
      (text.size() > 1 && text[0] == '0'))
    return wrong(field);
  return value;
}

template <class T>
Result<T> needed(std::optional<T> value, std::string_view field) {
  if (!value) return wrong(field);
  return std::move(*value);
}

/// The entry's fields read from their texts; what a kind has no use for must be empty.
class Reading {
 public:
  explicit Reading(const FieldTexts& values) : values_(values) {}

  const std::string& text(std::string_view name) {
    const std::size_t i = entry_field(name);
    used_[i] = true;
    return values_[i];
  }
  Result<bool> flag(std::string_view name) {
    const std::string& value = text(name);
    if (!value.empty() && value != "true") return wrong(name);
    return !value.empty();
  }
  template <class Integer>
  Result<Integer> integer(std::string_view name) {
    const std::string& value = text(name);
    if (value.empty()) return Integer{0};
    return integer_of<Integer>(value, name);
  }
  template <class Integer>
  Result<std::optional<Integer>> maybe(std::string_view name) {
    if (text(name).empty()) return std::optional<Integer>{};
    TRY(auto value, integer<Integer>(name));
    return std::optional<Integer>(value);
  }
  Result<std::optional<Date>> date(std::string_view name) {
    const std::string& value = text(name);
    if (value.empty()) return std::optional<Date>{};
    const auto parsed = Date::parse(value);
    if (!parsed || parsed->iso() != value) return wrong(name);
    return parsed;
  }
  Result<Timestamp> time(std::string_view name) {
    const std::string& value = text(name);
    const auto parsed = Timestamp::parse(value);
    if (!parsed || time_text(*parsed) != value) return wrong(name);
    return *parsed;
  }
  Result<ClaimKey> key(std::string_view name) {
    return needed(ClaimKey::from_hex(text(name)), name);
  }
  Result<void> nothing_else() const {
    for (std::size_t i = 0; i < kEntryFieldCount; ++i)
      if (!used_[i] && !values_[i].empty())
        return fail(Errc::kMalformed, "\"{}\" does not belong to this kind of entry",
                    kEntryFields[i].name);
    return success();
  }

 private:
  const FieldTexts& values_;
  std::array<bool, kEntryFieldCount> used_{};
};

constexpr CommandKind kKinds[] = {
    CommandKind::kVoucher,    CommandKind::kPostHold, CommandKind::kVoidHold,
    CommandKind::kExpireHold, CommandKind::kReversal, CommandKind::kOpenAccount,
    CommandKind::kSetTerms,   CommandKind::kDayCut,   CommandKind::kPeriodClose,
    CommandKind::kOpenBook,   CommandKind::kChart,    CommandKind::kYearClose};

Result<void> read_text(Reading& in, JournalEntry& e) {
  e.text = VoucherText{in.text("summary"), in.text("business_key"), in.text("metadata"),
                       in.text("maker"), in.text("checker")};
  return success();
}

Result<void> read_terms(Reading& in, JournalEntry& e) {
  AccountTerms& terms = e.open.terms;
  e.open.code = in.text("account");
  if (e.open.code.empty()) return wrong("account");
  TRY(terms.limit, needed(limit_kind_of(in.text("limit")), "limit"));
  TRY(terms.credit_line, in.integer<std::int64_t>("credit_line"));
  const std::string& frozen = in.text("frozen");
  if (frozen != "" && frozen != "in" && frozen != "out" && frozen != "inout")
    return wrong("frozen");
  terms.frozen_in = frozen.starts_with("in");
  terms.frozen_out = frozen.ends_with("out");
  TRY(terms.closed, in.flag("closed"));
  TRY(terms.hot, in.flag("hot"));
  return success();
}

Result<void> read_currency(Reading& in, JournalEntry& e, bool must) {
  const std::string& currency = in.text("currency");
  if (currency.empty() && !must) return success();
  e.open.currency = currency_of(currency);
  if (!e.open.currency || code_of(*e.open.currency) != currency) return wrong("currency");
  return success();
}

Result<void> read_amounts(Reading& in, JournalEntry& e) {
  std::string_view list = in.text("amounts");
  while (!list.empty()) {
    const std::size_t blank = list.find(' ');
    TRY(auto amount, integer_of<std::int64_t>(list.substr(0, blank), "amounts"));
    e.amounts.push_back(amount);
    if (blank == std::string_view::npos) break;
    list = list.substr(blank + 1);
    if (list.empty()) return wrong("amounts");
  }
  return success();
}

Result<void> read_voucher(Reading& in, JournalEntry& e) {
  TRY(e.type, needed(voucher_type_of(in.text("type")), "type"));
  TRY(e.code, in.integer<std::uint16_t>("code"));
  TRY(e.date_given, in.flag("date_given"));
  TRY(e.adjustment, in.flag("adjustment"));
  TRY(e.effective, in.date("effective"));
  TRY(e.hold, in.flag("hold"));
  if (!in.text("expires_at").empty()) {
    TRY(e.expires_at, in.time("expires_at"));
  }
  return read_text(in, e);
}

Result<Side> read_normal(Reading& in, AccountType type) {
  const std::string& normal = in.text("normal");
  if (normal.empty()) return normal_side(type);
  if (normal != "debit" && normal != "credit") return wrong("normal");
  return normal == "debit" ? Side::kDebit : Side::kCredit;
}

Result<Subject> read_subject(Reading& in) {
  Subject s;
  s.code = in.text("subject");
  if (s.code.empty()) return wrong("subject");
  s.name = in.text("name");
  TRY(s.type, needed(account_type_of(in.text("account_type")), "account_type"));
  TRY(s.normal, read_normal(in, s.type));
  TRY(auto group, in.flag("group"));
  s.leaf = !group;
  std::string_view list = in.text("dimensions");
  while (!list.empty()) {
    const std::size_t blank = list.find(' ');
    s.dimensions.emplace_back(list.substr(0, blank));
    list = blank == std::string_view::npos ? std::string_view{} : list.substr(blank + 1);
    if (s.dimensions.back().empty() || (blank != std::string_view::npos && list.empty()))
      return wrong("dimensions");
  }
  s.closes_into = in.text("closes_into");
  return s;
}

// A chart is adopted with rows of subjects; where it grows, the subject is the entry's own.
Result<void> read_chart(Reading& in, JournalEntry& e) {
  e.chart = in.text("chart");
  if (!e.chart.empty()) return success();
  TRY(auto subject, read_subject(in));
  e.subjects.push_back(std::move(subject));
  return success();
}

Result<void> read_year_step(Reading& in, JournalEntry& e) {
  TRY(e.year, in.integer<std::int32_t>("year"));
  if (!last_day_of(e.year)) return wrong("year");
  const std::string& step = in.text("step");
  const auto known = std::find_if(std::begin(kSteps), std::end(kSteps),
                                  [&](YearStep s) { return name_of(s) == step; });
  if (known == std::end(kSteps)) return wrong("step");
  e.step = *known;
  switch (e.step) {
    case YearStep::kRequest:
      e.text.maker = in.text("maker");
      if (e.text.maker.empty()) return wrong("maker");
      break;
    case YearStep::kReject:
    case YearStep::kBegin:
      e.text.checker = in.text("checker");
      if (e.text.checker.empty()) return wrong("checker");
      break;
    case YearStep::kCarry:
    case YearStep::kFinish:
      TRY(e.expected_version, in.maybe<std::uint32_t>("expected_version"));
      if (!e.expected_version) return wrong("expected_version");
      break;
  }
  return success();
}

Result<TextLeg> read_leg(Reading& in) {
  TextLeg leg;
  leg.debit = in.text("debit");
  leg.credit = in.text("credit");
  if (leg.debit.empty()) return wrong("debit");
  if (leg.credit.empty()) return wrong("credit");
  if (in.text("amount").empty()) return wrong("amount");
  TRY(leg.amount, in.integer<std::int64_t>("amount"));
  const std::string& up_to = in.text("up_to");
  if (up_to.empty()) return leg;
  const auto side = std::find(std::begin(kSides), std::end(kSides), up_to);
  if (side == std::end(kSides)) return wrong("up_to");
  leg.up_to = static_cast<std::uint8_t>(side - std::begin(kSides));
  TRY(auto at_most, in.maybe<std::int64_t>("at_most"));
  leg.at_most = at_most.value_or(kMaxAmountMinor);
  return leg;
}

Result<TextExpectation> read_expectation(Reading& in) {
  TextExpectation e;
  e.account = in.text("account");
  if (e.account.empty()) return wrong("account");
  TRY(e.version, in.maybe<std::uint32_t>("expected_version"));
  TRY(auto posted, in.flag("posted"));
  if (posted) e.of = BalanceOf::kPosted;
  TRY(e.at_least, in.maybe<std::int64_t>("at_least"));
  TRY(e.at_most, in.maybe<std::int64_t>("at_most"));
  return e;
}

bool may_have(const JournalEntry& e, EntryList list) {
  switch (list) {
    case EntryList::kLegs:
      return e.kind == CommandKind::kVoucher || e.kind == CommandKind::kPostHold ||
             (e.kind == CommandKind::kYearClose && e.step == YearStep::kCarry);
    case EntryList::kSubjects:
      return e.kind == CommandKind::kChart && !e.chart.empty();
    case EntryList::kExpects:
      return e.kind == CommandKind::kVoucher;
  }
  return false;
}

Result<void> check_plain(const FieldTexts& texts) {
  for (std::size_t i = 0; i < kEntryFieldCount; ++i)
    if (!is_plain_text(texts[i])) return wrong(kEntryFields[i].name);
  return success();
}

Result<void> read_kind(Reading& in, JournalEntry& e) {
  switch (e.kind) {
    case CommandKind::kVoucher:
      return read_voucher(in, e);
    case CommandKind::kPostHold:
      if (!in.text("type").empty()) {
        TRY(e.type, needed(voucher_type_of(in.text("type")), "type"));
        if (e.type == VoucherType::kGeneral) return wrong("type");  // says it by none
      }
      [[fallthrough]];
    case CommandKind::kReversal: {
      TRY(e.of, in.key("of"));
      TRY(read_amounts(in, e));
      TRY(e.date_given, in.flag("date_given"));
      TRY(e.adjustment, in.flag("adjustment"));
      return read_text(in, e);
    }
    case CommandKind::kVoidHold: {
      TRY(e.of, in.key("of"));
      return read_text(in, e);
    }
    case CommandKind::kExpireHold: {
      TRY(e.of, in.key("of"));
      return success();
    }
    case CommandKind::kOpenAccount: {
      TRY(read_terms(in, e));
      e.open.name = in.text("name");
      TRY(e.open.type, needed(account_type_of(in.text("account_type")), "account_type"));
      if (!in.text("normal").empty()) {
        TRY(e.open.normal, read_normal(in, e.open.type));
      }
      return read_currency(in, e, false);
    }
    case CommandKind::kSetTerms: {
      TRY(read_terms(in, e));
      TRY(e.expected_version, in.maybe<std::uint32_t>("expected_version"));
      return success();
    }
    case CommandKind::kOpenBook:
      return read_currency(in, e, true);
    case CommandKind::kChart:
      return read_chart(in, e);
    case CommandKind::kYearClose:
      return read_year_step(in, e);
    default:
      return success();
  }
}

}  // namespace

std::string_view name_of(YearStep step) {
  switch (step) {
    case YearStep::kRequest:
      return "request";
    case YearStep::kReject:
      return "reject";
    case YearStep::kBegin:
      return "begin";
    case YearStep::kCarry:
      return "carry";
    case YearStep::kFinish:
      return "finish";
  }
  return "?";
}

// The book expires holds by itself, and is opened once; steps of a year's end follow each other.
bool may_be_linked(CommandKind kind) {
  return kind != CommandKind::kExpireHold && kind != CommandKind::kOpenBook &&
         kind != CommandKind::kYearClose;
}

std::string_view name_of(EntryList list) {
  return list == EntryList::kLegs ? "legs" : list == EntryList::kSubjects ? "subjects" : "expects";
}

std::string_view row_name(EntryList list) {
  std::string_view name = name_of(list);
  name.remove_suffix(1);
  return name;
}

FieldTexts head_of(const JournalEntry& e) {
  FieldTexts v;
  const auto flag = [&](std::string_view name, bool set) {
    if (set) v[entry_field(name)] = "true";
  };
  v[at("kind")] = name_of(e.kind);
  v[at("time")] = time_text(e.time);
  v[at("id")] = e.key.hex();
  v[at("refused")] = e.refused;
  if (e.number != 0) v[at("number")] = std::to_string(e.number);
  if (e.kind == CommandKind::kVoucher || e.type != VoucherType::kGeneral)
    v[at("type")] = name_of(e.type);
  if (e.code != 0) v[at("code")] = std::to_string(e.code);
  if (e.date) v[at("date")] = e.date->iso();
  flag("date_given", e.date_given);
  flag("adjustment", e.adjustment);
  if (e.effective) v[at("effective")] = e.effective->iso();
  flag("hold", e.hold);
  if (e.expires_at.ns != 0) v[at("expires_at")] = time_text(e.expires_at);
  if (!e.of.id.is_zero()) v[at("of")] = e.of.hex();
  v[at("amounts")] = list_text(e.amounts);
  v[at("summary")] = e.text.summary;
  v[at("business_key")] = e.text.business_key;
  v[at("metadata")] = e.text.metadata;
  v[at("maker")] = e.text.maker;
  v[at("checker")] = e.text.checker;
  if (e.kind == CommandKind::kSetTerms || e.kind == CommandKind::kOpenAccount) put_terms(v, e);
  if (e.kind == CommandKind::kOpenAccount) {
    v[at("name")] = e.open.name;
    v[at("account_type")] = name_of(e.open.type);
    const Side normal = e.open.normal.value_or(normal_side(e.open.type));
    if (normal != normal_side(e.open.type)) v[at("normal")] = side_text(normal);
  }
  if (e.open.currency) v[at("currency")] = code_of(*e.open.currency);
  flag("linked", e.linked);
  if (e.kind == CommandKind::kChart) {
    v[at("chart")] = e.chart;
    if (e.chart.empty() && !e.subjects.empty()) put_subject(v, e.subjects.front());
  }
  if (e.kind == CommandKind::kYearClose) {
    v[at("year")] = std::to_string(e.year);
    v[at("step")] = name_of(e.step);
    if (e.expected_version) v[at("expected_version")] = std::to_string(*e.expected_version);
  }
  return v;
}

std::vector<FieldTexts> rows_of(const JournalEntry& e, EntryList list) {
  std::vector<FieldTexts> rows;
  switch (list) {
    case EntryList::kLegs:
      for (const TextLeg& leg : e.legs) rows.push_back(texts_of(leg));
      break;
    case EntryList::kSubjects:
      if (!e.chart.empty())
        for (const Subject& subject : e.subjects) put_subject(rows.emplace_back(), subject);
      break;
    case EntryList::kExpects:
      for (const TextExpectation& expected : e.expects) rows.push_back(texts_of(expected));
      break;
  }
  return rows;
}

Error wrong_field(std::string_view field) {
  return fail(Errc::kMalformed, "\"{}\" is missing or has no such value", field);
}

Result<JournalEntry> entry_of(const FieldTexts& head) {
  TRY(check_plain(head));
  JournalEntry e;
  Reading in(head);
  const std::string& kind = in.text("kind");
  const auto known = std::find_if(std::begin(kKinds), std::end(kKinds),
                                  [&](CommandKind k) { return name_of(k) == kind; });
  if (known == std::end(kKinds)) return wrong("kind");
  e.kind = *known;
  TRY(e.time, in.time("time"));
  TRY(e.key, in.key("id"));
  e.refused = in.text("refused");
  TRY(e.number, in.integer<std::uint32_t>("number"));
  TRY(e.date, in.date("date"));
  const bool dated = e.kind == CommandKind::kOpenBook || e.kind == CommandKind::kDayCut ||
                     e.kind == CommandKind::kPeriodClose || e.kind == CommandKind::kVoucher;
  if (dated && !e.date) return wrong("date");
  if (may_be_linked(e.kind)) {
    TRY(e.linked, in.flag("linked"));
  }
  TRY(read_kind(in, e));
  TRY(in.nothing_else());
  return e;
}

Result<void> add_row(JournalEntry& e, EntryList list, const FieldTexts& row) {
  if (!may_have(e, list)) return wrong(name_of(list));
  TRY(check_plain(row));
  Reading in(row);
  switch (list) {
    case EntryList::kLegs: {
      TRY(auto leg, read_leg(in));
      if (leg.up_to != 0 && e.kind != CommandKind::kVoucher) return wrong("up_to");
      e.legs.push_back(std::move(leg));
      break;
    }
    case EntryList::kSubjects: {
      TRY(auto subject, read_subject(in));
      e.subjects.push_back(std::move(subject));
      break;
    }
    case EntryList::kExpects: {
      TRY(auto expected, read_expectation(in));
      e.expects.push_back(std::move(expected));
      break;
    }
  }
  return in.nothing_else();
}

}  // namespace suanpan
