#include "reconcile/cases.h"

#include <array>

#include "ledger/base/check.h"
#include "ledger/base/json.h"

namespace suanpan::reconcile {
namespace {

constexpr std::int64_t kFormat = 1;

struct Name {
  std::string_view en;
  std::string_view zh;
};
constexpr std::array<Name, 4> kStates{
    {{"open", "待处理"}, {"proposed", "待复核"}, {"resolved", "已处理"}, {"cleared", "已核销"}}};
constexpr std::array<Name, 4> kActions{
    {{"book", "补单"}, {"suspend", "挂账"}, {"adjust", "调整"}, {"acknowledge", "认领"}}};

template <class T, std::size_t N>
const Name& name_in(const std::array<Name, N>& names, T value) {
  const auto index = static_cast<std::size_t>(value);
  CHECK_OR_DIE(index < N, "a value outside its enumeration: {}", index);
  return names[index];
}

template <class T, std::size_t N>
std::optional<T> value_in(const std::array<Name, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i].en == name) return static_cast<T>(i);
  }
  return std::nullopt;
}

template <class... Ts>
struct Overload : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overload(Ts...) -> Overload<Ts...>;

void describe(Case& c, const Break& found) {
  c.break_class = found.break_class;
  c.kind = found.kind;
  c.amount = found.amount;
  c.fee_milli = found.fee_milli;
  c.our_number = found.our_number();
  c.channel_number = found.channel_number();
  if (found.outside) c.source = found.outside->source;
  if (found.book) {
    c.order_id = found.book->order_id;
    c.merchant = found.book->merchant;
    c.voucher_id = found.book->voucher_id;
    c.voucher_number = found.book->voucher_number;
  }
}

CaseRefusal check_propose(const Case& c, const Propose& t) {
  if (c.state != CaseState::kOpen) return CaseRefusal::kWrongState;
  if (t.maker.empty()) return CaseRefusal::kNoPerson;
  return t.note.size() > kMaxCaseNoteBytes ? CaseRefusal::kNoteTooLong : CaseRefusal::kNone;
}

CaseRefusal check_reject(const Case& c, const Reject& t) {
  if (c.state != CaseState::kProposed) return CaseRefusal::kWrongState;
  if (t.by.empty()) return CaseRefusal::kNoPerson;
  return t.note.size() > kMaxCaseNoteBytes ? CaseRefusal::kNoteTooLong : CaseRefusal::kNone;
}

CaseRefusal check_resolve(const Case& c, const Resolve& t) {
  if (c.state != CaseState::kProposed) return CaseRefusal::kWrongState;
  if (t.checker.empty()) return CaseRefusal::kNoPerson;
  if (t.checker == c.maker) return CaseRefusal::kSamePerson;
  if (t.voucher_id.empty()) return CaseRefusal::kNoVoucher;
  if (t.voucher_id == c.voucher_id) return CaseRefusal::kOwnVoucher;
  return t.note.size() > kMaxCaseNoteBytes ? CaseRefusal::kNoteTooLong : CaseRefusal::kNone;
}

// A run speaks for the outside, not for people: what a maker has taken in hand it leaves alone.
CaseRefusal check_run(const Case& c) {
  if (c.state != CaseState::kOpen) return CaseRefusal::kWrongState;
  return c.break_class == BreakClass::kTiming ? CaseRefusal::kNone : CaseRefusal::kNotTiming;
}

CaseRefusal check_escalate(const Case& c, const Escalate& t) {
  if (const auto refusal = check_run(c); refusal != CaseRefusal::kNone) return refusal;
  const bool other = t.found.id != c.id || t.found.break_class == BreakClass::kTiming ||
                     t.found.break_class == BreakClass::kMatched;
  return other ? CaseRefusal::kOtherBreak : CaseRefusal::kNone;
}

// A transition leaves room for those that must still follow it, so that every case can be ended.
std::size_t places_needed(const Transition& transition) {
  return std::visit(Overload{
                        [](const Propose&) { return std::size_t{2}; },
                        [](const Reject&) { return std::size_t{3}; },
                        [](const Resolve&) { return std::size_t{1}; },
                        [](const Clear&) { return std::size_t{1}; },
                        [](const Escalate&) { return std::size_t{3}; },
                    },
                    transition);
}

CaseEvent event_of(const Transition& transition, Timestamp now) {
  return std::visit(Overload{
                        [&](const Propose& t) {
                          return CaseEvent{now, t.maker, "propose", t.note};
                        },
                        [&](const Reject& t) {
                          return CaseEvent{now, t.by, "reject", t.note};
                        },
                        [&](const Resolve& t) {
                          return CaseEvent{now, t.checker, "resolve", t.note};
                        },
                        [&](const Clear& t) {
                          return CaseEvent{now, t.batch, "clear",
                                           fmt::format("{} row {}", t.source.file, t.source.row)};
                        },
                        [&](const Escalate& t) {
                          return CaseEvent{now, t.batch, "escalate",
                                           std::string(info_of(t.found.break_class).code)};
                        },
                    },
                    transition);
}

Error corrupt(std::string_view what) { return fail(Errc::kCorrupt, "case: {}", what); }

// Any failure of the reader means that our own bytes are damaged.
template <class T>
Result<T> ours(Result<T> read) {
  if (!read) return corrupt(read.error().message);
  return read;
}

Result<std::vector<CaseEvent>> decode_history(const JsonValue& root) {
  TRY(auto list, ours(root.get("history")));
  if (!list.is_array()) return corrupt("\"history\" is not an array");
  std::vector<CaseEvent> history;
  for (const auto& item : list.elements()) {
    CaseEvent event;
    TRY(event.at.ns, ours(item.get_int64("at_ns")));
    TRY(event.by, ours(item.get_string("by")));
    TRY(event.what, ours(item.get_string("what")));
    TRY(event.note, ours(item.get_string("note")));
    history.push_back(std::move(event));
  }
  return history;
}

template <class T, class Lookup>
Result<T> decode_name(const JsonValue& root, std::string_view key, Lookup lookup) {
  TRY(auto name, ours(root.get_string(key)));
  const std::optional<T> value = lookup(name);
  if (!value) return corrupt(fmt::format("\"{}\" is no known name", key));
  return *value;
}

Result<void> decode_numbers(const JsonValue& root, Case& c) {
  TRY(auto version, ours(root.get_int64("version")));
  TRY(auto row, ours(root.get_int64("source_row")));
  if (version < 1 || version > UINT32_MAX) return corrupt("\"version\" is out of range");
  if (row < 0 || row > UINT32_MAX) return corrupt("\"source_row\" is out of range");
  c.version = static_cast<std::uint32_t>(version);
  c.source.row = static_cast<std::uint32_t>(row);
  TRY(c.amount.minor, ours(root.get_int64("amount")));
  TRY(c.fee_milli, ours(root.get_int64("fee_milli")));
  return success();
}

Result<void> decode_names(const JsonValue& root, Case& c) {
  TRY(c.state, decode_name<CaseState>(root, "state", [](std::string_view name) {
        return value_in<CaseState>(kStates, name);
      }));
  TRY(c.break_class, decode_name<BreakClass>(root, "class", break_class_of));
  TRY(c.kind, decode_name<RowKind>(root, "kind", row_kind_of));
  TRY(c.action, decode_name<CaseAction>(root, "action", case_action_of));
  TRY(c.amount.currency, decode_name<Currency>(root, "currency", currency_of));
  return success();
}

struct TextField {
  std::string_view name;
  std::string Case::*member;
};
constexpr std::array<TextField, 10> kTextFields{
    {{"batch", &Case::batch},
     {"our_number", &Case::our_number},
     {"channel_number", &Case::channel_number},
     {"order_id", &Case::order_id},
     {"merchant", &Case::merchant},
     {"voucher_id", &Case::voucher_id},
     {"voucher_number", &Case::voucher_number},
     {"maker", &Case::maker},
     {"checker", &Case::checker},
     {"resolution_voucher_id", &Case::resolution_voucher_id}}};

}  // namespace

std::string_view name_of(CaseState state) { return name_in(kStates, state).en; }
std::string_view name_zh(CaseState state) { return name_in(kStates, state).zh; }
std::string_view name_of(CaseAction action) { return name_in(kActions, action).en; }
std::string_view name_zh(CaseAction action) { return name_in(kActions, action).zh; }
std::optional<CaseAction> case_action_of(std::string_view name) {
  return value_in<CaseAction>(kActions, name);
}

std::string_view name_of(CaseRefusal refusal) {
  switch (refusal) {
    case CaseRefusal::kNone:
      return "none";
    case CaseRefusal::kFinal:
      return "final";
    case CaseRefusal::kWrongState:
      return "wrong_state";
    case CaseRefusal::kNoPerson:
      return "no_person";
    case CaseRefusal::kSamePerson:
      return "same_person";
    case CaseRefusal::kNoVoucher:
      return "no_voucher";
    case CaseRefusal::kOwnVoucher:
      return "own_voucher";
    case CaseRefusal::kNotTiming:
      return "not_timing";
    case CaseRefusal::kOtherBreak:
      return "other_break";
    case CaseRefusal::kNoteTooLong:
      return "note_too_long";
    case CaseRefusal::kHistoryFull:
      return "history_full";
  }
  return "unknown";
}

Case open_case(const Break& found, const BatchNumber& batch, Timestamp now) {
  Case c;
  c.id = found.id;
  c.batch = batch.text();
  describe(c, found);
  c.history.push_back({now, c.batch, "open", std::string(info_of(found.break_class).code)});
  return c;
}

CaseRefusal check(const Case& c, const Transition& transition) {
  if (c.state == CaseState::kResolved || c.state == CaseState::kCleared) {
    return CaseRefusal::kFinal;
  }
  const CaseRefusal refusal =
      std::visit(Overload{
                     [&](const Propose& t) { return check_propose(c, t); },
                     [&](const Reject& t) { return check_reject(c, t); },
                     [&](const Resolve& t) { return check_resolve(c, t); },
                     [&](const Clear&) { return check_run(c); },
                     [&](const Escalate& t) { return check_escalate(c, t); },
                 },
                 transition);
  if (refusal != CaseRefusal::kNone) return refusal;
  return c.history.size() + places_needed(transition) > kMaxCaseEvents ? CaseRefusal::kHistoryFull
                                                                       : CaseRefusal::kNone;
}

Case advance(Case c, const Transition& transition, Timestamp now) {
  const CaseRefusal refusal = check(c, transition);
  CHECK_OR_DIE(refusal == CaseRefusal::kNone, "case {}: {}", c.id, name_of(refusal));
  std::visit(Overload{
                 [&](const Propose& t) {
                   c.state = CaseState::kProposed;
                   c.maker = t.maker;
                   c.action = t.action;
                 },
                 [&](const Reject&) {
                   c.state = CaseState::kOpen;
                   c.maker.clear();
                 },
                 [&](const Resolve& t) {
                   c.state = CaseState::kResolved;
                   c.checker = t.checker;
                   c.resolution_voucher_id = t.voucher_id;
                 },
                 [&](const Clear& t) {
                   c.state = CaseState::kCleared;
                   c.resolution_voucher_id = t.voucher_id;
                   c.source = t.source;
                 },
                 [&](const Escalate& t) { describe(c, t.found); },
             },
             transition);
  ++c.version;
  c.history.push_back(event_of(transition, now));
  return c;
}

std::string encode(const Case& c) {
  JsonWriter w;
  w.begin_object().field("format", kFormat).field("id", c.id.hex());
  w.field("version", std::int64_t{c.version});
  w.field("state", name_of(c.state)).field("class", info_of(c.break_class).code);
  w.field("kind", name_of(c.kind)).field("currency", code_of(c.amount.currency));
  w.field("amount", c.amount.minor).field("fee_milli", c.fee_milli);
  w.field("source_file", c.source.file).field("source_row", std::int64_t{c.source.row});
  w.field("action", name_of(c.action));
  for (const auto& field : kTextFields) w.field(field.name, std::string_view(c.*field.member));
  w.key("history").begin_array();
  for (const auto& event : c.history) {
    w.begin_object().field("at_ns", event.at.ns).field("by", event.by);
    w.field("what", event.what).field("note", event.note).end_object();
  }
  w.end_array().end_object();
  return w.take();
}

Result<Case> decode_case(std::string_view bytes) {
  TRY(auto document, ours(JsonDocument::parse(bytes)));
  const JsonValue root = document.root();
  TRY(auto format, ours(root.get_int64("format")));
  if (format > kFormat) return fail(Errc::kUnsupported, "case: format {} is newer", format);
  if (format != kFormat) return corrupt("\"format\" is unknown");
  Case c;
  TRY(auto id, ours(root.get_string("id")));
  const auto parsed = Id128::from_hex(id);
  if (!parsed) return corrupt("\"id\" is not 32 hexadecimal digits");
  c.id = *parsed;
  TRY(decode_numbers(root, c));
  TRY(decode_names(root, c));
  TRY(c.source.file, ours(root.get_string("source_file")));
  for (const auto& field : kTextFields) {
    TRY(c.*field.member, ours(root.get_string(field.name)));
  }
  TRY(c.history, decode_history(root));
  return c;
}

}  // namespace suanpan::reconcile
