// Backups of the running book, to the folder of the settings: a caller names no paths.
#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/long_call.h"
#include "api/v1/routes.h"

namespace suanpan::api::v1 {
namespace {

void take(Services& services, Call call) {
  Body body(call);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  run_long_here(services, std::move(call), {"backup", {}, 201},
                [&services](Call&, const ClaimNow& claim) {
                  // Claimed first, so that its own id is in the backup's journal or after it.
                  if (!claim()) return LongOutcome{};
                  const auto backup = services.book.back_up(services.backup_folder);
                  if (!backup) return LongOutcome::failed(backup.error());
                  JsonWriter out;
                  out.begin_object()
                      .field("number", std::int64_t{backup.value().number})
                      .field("seq", static_cast<std::int64_t>(backup.value().head.seq))
                      .field("taken", backup.value().taken.iso_cn())
                      .end_object();
                  return LongOutcome::accepted(out.take());
                });
}

}  // namespace

void add_backup_routes(Router& router, Services& services) {
  if (services.backup_folder.empty()) return;
  router.describe("Empty", "");
  router.describe("Backup", "number:integer seq:integer taken:date-time");
  router.add({.method = "POST",
              .pattern = "/v1/backups",
              .allowed = {Role::kOperator},
              .writes = true,
              .summary =
                  "Takes a backup of the running book: the first is full, the next ones copy "
                  "what is new",
              .handle = [&services](Call call) { take(services, std::move(call)); },
              .doc = {.request = "Empty", .answer = "Backup", .status = 201}});
}

}  // namespace suanpan::api::v1
