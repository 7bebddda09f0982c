#include "ledger/engine/keep_setting.h"

#include "ledger/base/digest.h"
#include "ledger/core/plan_parts.h"

namespace suanpan {

Command keep_settings(std::string_view once, Content content, std::vector<BookSetting> settings) {
  Command command;
  command.key = ClaimKey{id_of(once), kSystemCaller};
  command.kind = CommandKind::kSetting;
  command.content = std::move(content);
  command.plan = [settings = std::move(settings)](const View& view,
                                                  const Moment&) -> Planned<ChangeSet> {
    ChangeSet changes = on_open_day(view);
    for (const BookSetting& setting : settings)
      put_next_version(changes, view, DocumentKind::kBookSetting, setting.key, true, setting.bytes);
    return changes;
  };
  return command;
}

}  // namespace suanpan
