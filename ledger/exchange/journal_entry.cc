#include "ledger/exchange/journal_entry.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "ledger/base/json.h"
#include "ledger/core/text.h"

namespace suanpan {
namespace {

// ---- one entry as named texts

enum class Form { kText, kInteger, kFlag };

struct FieldName {
  std::string_view name;
  Form form = Form::kText;
};
constexpr FieldName kFields[] = {{"kind"},
                                 {"time"},
                                 {"id"},
                                 {"refused"},
                                 {"number", Form::kInteger},
                                 {"type"},
                                 {"code", Form::kInteger},
                                 {"date"},
                                 {"date_given", Form::kFlag},
                                 {"adjustment", Form::kFlag},
                                 {"effective"},
                                 {"hold", Form::kFlag},
                                 {"expires_at"},
                                 {"of"},
                                 {"amounts"},
                                 {"summary"},
                                 {"business_key"},
                                 {"metadata"},
                                 {"maker"},
                                 {"checker"},
                                 {"account"},
                                 {"name"},
                                 {"account_type"},
                                 {"normal"},
                                 {"currency"},
                                 {"limit"},
                                 {"credit_line", Form::kInteger},
                                 {"frozen"},
                                 {"closed", Form::kFlag},
                                 {"hot", Form::kFlag},
                                 {"expected_version", Form::kInteger}};
constexpr std::size_t kFieldCount = std::size(kFields);
constexpr std::string_view kLegColumns[] = {"debit", "credit", "amount"};
constexpr std::string_view kFurtherLeg = "leg";

/// By the order of kFields; empty: absent.
using Values = std::array<std::string, kFieldCount>;

constexpr std::size_t at(std::string_view name) {
  for (std::size_t i = 0; i < kFieldCount; ++i)
    if (kFields[i].name == name) return i;
  return kFieldCount;
}

std::string time_text(Timestamp time) {
  std::string text = time.iso_cn();  // …T05:06:07+08:00
  const std::int64_t ns = ((time.ns % 1'000'000'000) + 1'000'000'000) % 1'000'000'000;
  if (ns != 0) text.insert(text.size() - 6, fmt::format(".{:09}", ns));
  return text;
}

std::string frozen_text(const AccountTerms& terms) {
  return fmt::format("{}{}", terms.frozen_in ? "in" : "", terms.frozen_out ? "out" : "");
}

std::string list_text(const std::vector<std::int64_t>& amounts) {
  std::string text;
  for (const std::int64_t amount : amounts)
    text += (text.empty() ? "" : " ") + std::to_string(amount);
  return text;
}

void put_terms(Values& v, const JournalEntry& e) {
  const AccountTerms& terms = e.open.terms;
  v[at("account")] = e.open.code;
  v[at("limit")] = name_of(terms.limit);
  if (terms.credit_line != 0) v[at("credit_line")] = std::to_string(terms.credit_line);
  v[at("frozen")] = frozen_text(terms);
  if (terms.closed) v[at("closed")] = "true";
  if (terms.hot) v[at("hot")] = "true";
  if (e.expected_version) v[at("expected_version")] = std::to_string(*e.expected_version);
}

Values values_of(const JournalEntry& e) {
  Values v;
  const auto flag = [&](std::string_view name, bool set) {
    if (set) v[at(name)] = "true";
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
    if (normal != normal_side(e.open.type))
      v[at("normal")] = normal == Side::kDebit ? "debit" : "credit";
  }
  if (e.open.currency) v[at("currency")] = code_of(*e.open.currency);
  return v;
}

// ---- and back

Error wrong(std::string_view field) {
  return fail(Errc::kMalformed, "\"{}\" is missing or has no such value", field);
}

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
  explicit Reading(const Values& values) : values_(values) {}

  const std::string& text(std::string_view name) {
    used_[at(name)] = true;
    return values_[at(name)];
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
    for (std::size_t i = 0; i < kFieldCount; ++i)
      if (!used_[i] && !values_[i].empty())
        return fail(Errc::kMalformed, "\"{}\" does not belong to this kind of entry",
                    kFields[i].name);
    return success();
  }

 private:
  const Values& values_;
  std::array<bool, kFieldCount> used_{};
};

constexpr CommandKind kKinds[] = {CommandKind::kVoucher,     CommandKind::kPostHold,
                                  CommandKind::kVoidHold,    CommandKind::kExpireHold,
                                  CommandKind::kReversal,    CommandKind::kOpenAccount,
                                  CommandKind::kSetTerms,    CommandKind::kDayCut,
                                  CommandKind::kPeriodClose, CommandKind::kOpenBook};

bool may_have_legs(CommandKind kind) {
  return kind == CommandKind::kVoucher || kind == CommandKind::kPostHold;
}

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
      const std::string& normal = in.text("normal");
      if (normal != "" && normal != "debit" && normal != "credit") return wrong("normal");
      if (!normal.empty()) e.open.normal = normal == "debit" ? Side::kDebit : Side::kCredit;
      return read_currency(in, e, false);
    }
    case CommandKind::kSetTerms: {
      TRY(read_terms(in, e));
      if (!in.text("expected_version").empty()) {
        TRY(e.expected_version, in.integer<std::uint32_t>("expected_version"));
      }
      return success();
    }
    case CommandKind::kOpenBook:
      return read_currency(in, e, true);
    default:
      return success();
  }
}

Result<JournalEntry> entry_of(const Values& values, std::vector<TextLeg> legs) {
  JournalEntry e;
  for (std::size_t i = 0; i < kFieldCount; ++i)
    if (!is_plain_text(values[i])) return wrong(kFields[i].name);
  for (const TextLeg& leg : legs)
    if (!is_plain_text(leg.debit) || !is_plain_text(leg.credit)) return wrong("legs");
  Reading in(values);
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
  TRY(read_kind(in, e));
  TRY(in.nothing_else());
  if (legs.empty() ? e.kind == CommandKind::kVoucher : !may_have_legs(e.kind)) return wrong("legs");
  e.legs = std::move(legs);
  return e;
}

// ---- JSON

Result<std::vector<TextLeg>> json_legs(const JsonValue& value) {
  if (!value.is_array()) return wrong("legs");
  std::vector<TextLeg> legs;
  for (const JsonValue& one : value.elements()) {
    TextLeg leg;
    TRY(leg.debit, one.get_string("debit"));
    TRY(leg.credit, one.get_string("credit"));
    TRY(leg.amount, one.get_int64("amount"));
    if (one.members().size() != std::size(kLegColumns) || leg.debit.empty() || leg.credit.empty())
      return wrong("legs");
    legs.push_back(std::move(leg));
  }
  return legs;
}

Result<std::string> json_value(const JsonValue& value, const FieldName& field) {
  switch (field.form) {
    case Form::kText: {
      TRY(auto text, value.as_string());
      if (text.empty()) return wrong(field.name);
      return std::string(text);
    }
    case Form::kInteger: {
      TRY(auto number, value.as_int64());
      return std::to_string(number);
    }
    case Form::kFlag: {
      TRY(auto flag, value.as_bool());
      if (!flag) return wrong(field.name);
      return std::string("true");
    }
  }
  return wrong(field.name);
}

// ---- CSV

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

Result<std::vector<std::string>> csv_cells(std::string_view line) {
  std::vector<std::string> cells;
  for (std::size_t i = 0;; ++i) {
    std::string cell;
    if (i < line.size() && line[i] == '"') {
      for (++i;; ++i) {
        if (i >= line.size()) return fail(Errc::kMalformed, "a quote is not closed");
        if (line[i] != '"')
          cell += line[i];
        else if (i + 1 < line.size() && line[i + 1] == '"')
          cell += line[++i];
        else
          break;
      }
      ++i;
      if (i < line.size() && line[i] != ',')
        return fail(Errc::kMalformed, "something follows a closing quote");
    } else {
      for (; i < line.size() && line[i] != ','; ++i) {
        if (line[i] == '"') return fail(Errc::kMalformed, "a quote inside a plain cell");
        cell += line[i];
      }
    }
    cells.push_back(std::move(cell));
    if (i >= line.size()) return cells;
  }
}

Result<TextLeg> csv_leg(const std::vector<std::string>& cells) {
  TextLeg leg{cells[kFieldCount], cells[kFieldCount + 1], 0};
  if (leg.debit.empty() || leg.credit.empty()) return wrong("legs");
  TRY(leg.amount, integer_of<std::int64_t>(cells[kFieldCount + 2], "amount"));
  return leg;
}

}  // namespace

std::string to_jsonl(const JournalEntry& entry) {
  const Values values = values_of(entry);
  JsonWriter out;
  out.begin_object();
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (values[i].empty()) continue;
    out.key(kFields[i].name);
    if (kFields[i].form == Form::kText)
      out.string(values[i]);
    else
      out.raw(values[i]);
  }
  if (!entry.legs.empty()) {
    out.key("legs").begin_array();
    for (const TextLeg& leg : entry.legs)
      out.begin_object()
          .field("debit", leg.debit)
          .field("credit", leg.credit)
          .field("amount", leg.amount)
          .end_object();
    out.end_array();
  }
  out.end_object();
  return out.take() + "\n";
}

Result<JournalEntry> from_jsonl(std::string_view line) {
  TRY(auto document, JsonDocument::parse(line));
  const JsonValue root = document.root();
  if (!root.is_object()) return fail(Errc::kMalformed, "not a JSON object");
  Values values;
  std::vector<TextLeg> legs;
  for (const JsonMember& member : root.members()) {
    if (member.key == "legs") {
      TRY(legs, json_legs(member.value));
      continue;
    }
    const std::size_t i = at(member.key);
    if (i == kFieldCount) return fail(Errc::kMalformed, "\"{}\" is unknown", member.key);
    TRY(values[i], json_value(member.value, kFields[i]));
  }
  return entry_of(values, std::move(legs));
}

std::string csv_header() {
  std::string out;
  for (const FieldName& field : kFields) out += std::string(field.name) + ",";
  return out + "debit,credit,amount\n";
}

std::string to_csv(const JournalEntry& entry) {
  std::string out;
  for (const std::string& value : values_of(entry)) out += csv_cell(value) + ",";
  if (entry.legs.empty()) out += ",,\n";
  for (std::size_t i = 0; i < entry.legs.size(); ++i) {
    if (i > 0) out += std::string(kFurtherLeg) + std::string(kFieldCount, ',');
    const TextLeg& leg = entry.legs[i];
    out +=
        csv_cell(leg.debit) + "," + csv_cell(leg.credit) + "," + std::to_string(leg.amount) + "\n";
  }
  return out;
}

Result<std::optional<JournalEntry>> CsvEntries::take(std::string_view line) {
  if (!header_) {
    const std::string header = csv_header();
    if (line != std::string_view(header).substr(0, header.size() - 1))
      return fail(Errc::kMalformed, "the header is not that of a journal");
    header_ = true;
    return std::optional<JournalEntry>{};
  }
  TRY(auto cells, csv_cells(line));
  if (cells.size() != kFieldCount + std::size(kLegColumns))
    return fail(Errc::kMalformed, "{} cells, not {}", cells.size(),
                kFieldCount + std::size(kLegColumns));
  const bool has_leg = !cells[kFieldCount].empty() || !cells[kFieldCount + 1].empty() ||
                       !cells[kFieldCount + 2].empty();
  if (cells[0] == kFurtherLeg) {
    for (std::size_t i = 1; i < kFieldCount; ++i)
      if (!cells[i].empty()) return wrong(kFields[i].name);
    if (!open_ || open_->legs.empty())
      return fail(Errc::kMalformed, "a leg without a voucher above it");
    TRY(auto leg, csv_leg(cells));
    if (!is_plain_text(leg.debit) || !is_plain_text(leg.credit)) return wrong("legs");
    open_->legs.push_back(std::move(leg));
    return std::optional<JournalEntry>{};
  }
  Values values;
  std::move(cells.begin(), cells.begin() + kFieldCount, values.begin());
  std::vector<TextLeg> legs;
  if (has_leg) {
    TRY(auto leg, csv_leg(cells));
    legs.push_back(std::move(leg));
  }
  TRY(auto entry, entry_of(values, std::move(legs)));
  return std::exchange(open_, std::move(entry));
}

}  // namespace suanpan
