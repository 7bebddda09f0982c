#include "ledger/core/order_changes.h"

namespace suanpan::order_changes {

void put_index(ChangeSet& changes, const std::string& key, const std::string& target) {
  changes.documents.push_back(Document{DocumentKind::kIndex, key, 1, false, target});
}

void notify(ChangeSet& changes, std::string_view topic, std::string_view id, const std::string& url,
            Timestamp now) {
  if (!url.empty()) changes.documents.push_back(notification_document(topic, id, url, now));
}

void event(ChangeSet& changes, std::string topic, const std::string& id, const Money& amount) {
  changes.events.push_back(Event{std::move(topic), id,
                                 fmt::format(R"({{"id":"{}","amount":{},"currency":"{}"}})", id,
                                             amount.minor, code_of(amount.currency))});
}

}  // namespace suanpan::order_changes
