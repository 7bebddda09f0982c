// What the plans of orders, refunds and payouts share: their documents, indexes and events.
#pragma once
#include <string>
#include <string_view>

#include "ledger/core/plan_order.h"
#include "ledger/core/plan_parts.h"

namespace suanpan::order_changes {

template <class T>
void put(ChangeSet& changes, const View& view, DocumentKind kind, const std::string& key,
         const T& document) {
  put_next_version(changes, view, kind, key, is_open(document), encode(document));
}
void put_index(ChangeSet& changes, const std::string& key, const std::string& target);

/// Where there is a `url` to tell.
void notify(ChangeSet& changes, std::string_view topic, std::string_view id, const std::string& url,
            Timestamp now);
void event(ChangeSet& changes, std::string topic, const std::string& id, const Money& amount);

}  // namespace suanpan::order_changes
