#include "api/v1/event_feed.h"

#include "api/v1/body.h"
#include "api/v1/order_id.h"

namespace suanpan::api::v1 {
namespace {

/// Of an upstream. An account is heard of by who reaches it, whoever changed it: `reaches(code)`.
template <class Reaches>
bool upstream_hears(CallerId caller, const StoredCommand& stored, const ToldEvent& told,
                    const Reaches& reaches) {
  if (told.change && told.change->account) return reaches(told.change->account->code);
  if (stored.key.caller == caller) return true;
  if (told.change) return told.change->about.caller == caller;
  return order_owner(told.event.key) == std::optional(caller);
}

}  // namespace

Topics read_topics(Query& query) {
  const auto text = query.maybe_text("topics");
  if (!text) return {};
  std::vector<std::string> names;
  bool valid = true;
  for (std::size_t at = 0; valid && at <= text->size();) {
    const std::size_t end = std::min(text->find(',', at), text->size());
    names.push_back(text->substr(at, end - at));
    valid = valid_topic(names.back()) && names.size() <= kMaxTopics;
    at = end + 1;
  }
  if (valid) return Topics(std::move(names));
  query.fail_at("topics", fmt::format("must be 1 to {} topics apart by commas: order.paid,hold.*",
                                      kMaxTopics));
  return {};
}

bool may_hear(const Principal& principal, const StoredCommand& stored, const ToldEvent& told) {
  return principal.roles.has_any(kHouse) ||
         upstream_hears(principal.caller, stored, told,
                        [&](std::string_view code) { return principal.reach->has_account(code); });
}

bool may_hear(KeyReaches& reaches, const channels::Webhook& webhook, const StoredCommand& stored,
              const ToldEvent& told) {
  return upstream_hears(webhook.owner, stored, told, [&](std::string_view code) {
    return reaches.of(webhook.key_id)->has_account(code);
  });
}

}  // namespace suanpan::api::v1
