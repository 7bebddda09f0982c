#include "api/night/night_record.h"

#include "ledger/base/check.h"
#include "ledger/base/json.h"
#include "ledger/core/plan_parts.h"

namespace suanpan::api::night {
namespace {

constexpr std::int64_t kFormat = 1;

Result<JsonDocument> open_document(std::string_view bytes) {
  TRY(auto json, JsonDocument::parse(bytes));
  TRY(const std::int64_t format, json.root().get_int64("format"));
  if (format != kFormat) return fail(Errc::kUnsupported, "a night's record of format {}", format);
  return json;
}

Result<Date> date_of(JsonValue value, std::string_view key) {
  TRY(const auto text, value.get_string(key));
  const auto date = Date::parse(text);
  if (!date) return fail(Errc::kMalformed, "\"{}\" is no date", key);
  return *date;
}

NightRecords stored_records(const View& view, Date day) {
  const DocumentPtr stored = view.document(DocumentKind::kNight, day.iso());
  if (!stored) return {};
  auto records = decode_night_records(stored->bytes, day);
  CHECK_OR_DIE(records, "night {} does not decode: {}", day.iso(), records.error().message);
  return std::move(records.value());
}

}  // namespace

std::string encode(const NightsHead& head) {
  return JsonWriter()
      .begin_object()
      .field("format", kFormat)
      .field("first", head.first.iso())
      .field("complete_through", head.complete_through.iso())
      .end_object()
      .take();
}

Result<NightsHead> decode_nights_head(std::string_view bytes) {
  TRY(const auto json, open_document(bytes));
  NightsHead head;
  TRY(head.first, date_of(json.root(), "first"));
  TRY(head.complete_through, date_of(json.root(), "complete_through"));
  return head;
}

std::string encode(const NightRecords& records) {
  JsonWriter out;
  out.begin_object().field("format", kFormat).key("steps").begin_array();
  for (const auto& [id, record] : records) {
    out.begin_object()
        .field("step", name_of(id.kind))
        .field("subject", id.subject)
        .field("done", record.done)
        .field("attempts", record.attempts)
        .field("at", record.at.ns)
        .field("note", record.note)
        .key("exceptions")
        .begin_array();
    for (const std::string& exception : record.exceptions) out.string(exception);
    out.end_array().end_object();
  }
  return out.end_array().end_object().take();
}

Result<NightRecords> decode_night_records(std::string_view bytes, Date day) {
  TRY(const auto json, open_document(bytes));
  TRY(const JsonValue steps, json.root().get("steps"));
  NightRecords records;
  for (const JsonValue& step : steps.elements()) {
    TRY(const auto name, step.get_string("step"));
    const auto kind = step_kind_of(name);
    if (!kind) return fail(Errc::kMalformed, "a night has no step {}", name);
    StepRecord record;
    TRY(const auto subject, step.get_string("subject"));
    TRY(const JsonValue done, step.get("done"));
    TRY(record.done, done.as_bool());
    TRY(const std::int64_t attempts, step.get_int64("attempts"));
    TRY(record.at.ns, step.get_int64("at"));
    TRY(record.note, step.get_string("note"));
    TRY(const JsonValue exceptions, step.get("exceptions"));
    for (const JsonValue& exception : exceptions.elements()) {
      TRY(const auto text, exception.as_string());
      record.exceptions.emplace_back(text);
    }
    if (attempts < 1 || attempts > UINT32_MAX) return fail(Errc::kMalformed, "attempts");
    record.attempts = static_cast<std::uint32_t>(attempts);
    records[{day, *kind, std::string(subject)}] = std::move(record);
  }
  return records;
}

Planned<ChangeSet> plan_begin_nights(const View& view) {
  if (view.document(DocumentKind::kNight, kHeadKey))
    return refuse(RefusalCode::kDocumentExists, std::string(kHeadKey));
  ChangeSet changes = on_open_day(view);
  const Date first = view.book().accounting_date;
  put_next_version(changes, view, DocumentKind::kNight, std::string(kHeadKey), true,
                   encode(NightsHead{first, first.plus_days(-1)}));
  return changes;
}

Planned<ChangeSet> plan_record_step(const View& view, const StepId& id, const StepRecord& record) {
  NightRecords records = stored_records(view, id.day);
  const auto stands = records.find(id);
  const std::uint32_t before = stands == records.end() ? 0 : stands->second.attempts;
  const bool done = stands != records.end() && stands->second.done;
  if (done || record.attempts != before + 1)
    return refuse(RefusalCode::kDocumentExists, std::string(name_of(id.kind)));
  records[id] = record;
  ChangeSet changes = on_open_day(view);
  put_next_version(changes, view, DocumentKind::kNight, id.day.iso(), true, encode(records));
  return changes;
}

Planned<ChangeSet> plan_end_night(const View& view, Date day) {
  const DocumentPtr stored = view.document(DocumentKind::kNight, kHeadKey);
  if (!stored) return refuse(RefusalCode::kDocumentNotFound, std::string(kHeadKey));
  auto head = decode_nights_head(stored->bytes);
  CHECK_OR_DIE(head, "the nights' head does not decode: {}", head.error().message);
  if (day != head.value().complete_through.plus_days(1))
    return refuse(RefusalCode::kValueInvalid, day.iso());
  ChangeSet changes = on_open_day(view);
  head.value().complete_through = day;
  put_next_version(changes, view, DocumentKind::kNight, std::string(kHeadKey), true,
                   encode(head.value()));
  // A night of nothing but a cut by hand has no records.
  if (const DocumentPtr records = view.document(DocumentKind::kNight, day.iso()))
    put_next_version(changes, view, DocumentKind::kNight, day.iso(), false, records->bytes);
  return changes;
}

}  // namespace suanpan::api::night
