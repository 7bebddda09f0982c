#include "api/jeepay/ahead_marks.h"

#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/json.h"
#include "ledger/core/plan_parts.h"

namespace suanpan::api::jeepay {
namespace {

constexpr std::string_view kPrefix = "jeepay-ahead|";

Timestamp decoded(const Document& document) {
  const auto json = JsonDocument::parse(document.bytes);
  const auto ms = json ? json.value().root().get_int64("ms") : json.error();
  CHECK_OR_DIE(ms, "{} does not decode", document.key);
  return Timestamp::from_ms(ms.value());
}

Planned<ChangeSet> plan_raise(const View& view, const std::string& key, Timestamp mark) {
  const DocumentPtr before = view.document(DocumentKind::kBookSetting, key);
  ChangeSet changes = on_open_day(view);
  if (before && decoded(*before) >= mark) return changes;
  put_next_version(changes, view, DocumentKind::kBookSetting, key, true,
                   JsonWriter().begin_object().field("ms", mark.ms()).end_object().take());
  return changes;
}

}  // namespace

AheadMarks::AheadMarks(Book& book) : book_(book) {
  const auto documents = book.read([](const State& state, std::uint64_t) {
    return state.open_documents(DocumentKind::kBookSetting);
  });
  for (const DocumentPtr& document : documents)
    if (document->key.starts_with(kPrefix))
      at_start_[document->key.substr(kPrefix.size())] = decoded(*document);
}

Timestamp AheadMarks::at_start(std::string_view app_id) const {
  const auto found = at_start_.find(app_id);
  return found == at_start_.end() ? Timestamp{} : found->second;
}

Result<void> AheadMarks::cover(const std::string& app_id, Timestamp req_time, Timestamp now) {
  if (req_time <= now) return success();
  // Under the lock: of several bodies at once one writes, the others find it written.
  const std::lock_guard lock(mutex_);
  Timestamp& covered = covered_[app_id];
  if (req_time <= covered) return success();
  const std::string key = std::string(kPrefix) + app_id;
  const Timestamp mark = Timestamp::from_ms(req_time.ms() + kStep_ms);
  const Answer answer = book_.run(Command{
      {id_of(fmt::format("{}|{}", key, mark.ms())), kSystemCaller},
      CommandKind::kSetting,
      Content{{"mark", key}, {"ms", std::to_string(mark.ms())}},
      [key, mark](const View& view, const Moment&) { return plan_raise(view, key, mark); }});
  if (!answer.accepted()) return fail(Errc::kUnavailable, "{} is not raised", key);
  covered = mark;
  return success();
}

}  // namespace suanpan::api::jeepay
