#include "channels/notifier.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <unordered_set>

#include "channels/fair_lanes.h"
#include "channels/url.h"
#include "channels/workers.h"
#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/json.h"
#include "ledger/base/log.h"

namespace suanpan::channels {
namespace {

using Steady = std::chrono::steady_clock;

// Seconds from one attempt to the next; the first is made at once.
constexpr std::array<std::int64_t, 6> kGapsSeconds{0, 30, 60, 90, 120, 150};
constexpr int kDeadlineMs = 20'000;
constexpr std::size_t kMaxSending = 64;
constexpr std::size_t kMaxSendingOfOne = 8;
// A look passes over every notification that is open, while nothing is published: a tenth of the
// time.
constexpr int kPauseForLooking = 9;
constexpr int kQueueFullPauseMs = 20;
constexpr std::size_t kMaxAcknowledgementBytes = 64;

std::string encode(const NotificationState& n) {
  return JsonWriter()
      .begin_object()
      .field("topic", n.topic)
      .field("id", n.id)
      .field("url", n.url)
      .field("attempts", n.attempts)
      .field("next_at", n.next_at.ns)
      .field("created_at", n.created_at.ns)
      .field("state", n.state)
      .field("result", n.result)
      .end_object()
      .take();
}

bool is_acknowledged(const HttpResponse& response) {
  if (response.status < 200 || response.status > 299) return false;
  if (response.body.size() > kMaxAcknowledgementBytes) return false;
  std::string said;
  for (const char c : response.body) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    said += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return said == "success";
}

struct Due {
  DocumentPtr document;
  NotificationState notification;
  const std::string& key() const { return document->key; }
};

// Whose notification it is, by number: where it goes to he chooses himself.
std::string merchant_of(const Book& book, const NotificationState& notification) {
  const auto number_in = [&](DocumentKind kind, auto decode) -> std::string {
    const DocumentPtr document = book.document(kind, notification.id);
    if (!document) return {};
    const auto decoded = decode(document->bytes);
    return decoded ? decoded.value().mch_no : std::string();
  };
  if (notification.topic == "order") return number_in(DocumentKind::kOrder, decode_order);
  if (notification.topic == "refund") return number_in(DocumentKind::kRefund, decode_refund);
  return number_in(DocumentKind::kPayout, decode_payout);
}

// What an attempt makes of a notification.
void take_result(NotificationState& n, const std::string& result, Timestamp now) {
  ++n.attempts;
  n.result = result;
  const auto made = static_cast<std::size_t>(n.attempts);
  if (result == "success")
    n.state = "delivered";
  else if (made >= kGapsSeconds.size() || result == "url")
    n.state = "given_up";
  else
    n.next_at = now.plus_seconds(kGapsSeconds[made]);
}

Command journal_attempt(const Due& due) {
  const ClaimKey key{id_of(fmt::format("notify|{}|{}", due.key(), due.notification.attempts)),
                     kSystemCaller};
  Content content{{"notification", due.key()},
                  {"attempt", std::to_string(due.notification.attempts)}};
  return Command{
      key, CommandKind::kNotification, std::move(content),
      [due](const View& view, const Moment&) -> Planned<ChangeSet> {
        const DocumentPtr stored = view.document(DocumentKind::kNotification, due.key());
        if (!stored) return refuse(RefusalCode::kDocumentNotFound, due.key());
        if (stored->version != due.document->version)
          return refuse(RefusalCode::kDocumentVersionConflict, due.key());
        ChangeSet changes;
        changes.date = view.book().accounting_date;
        changes.documents.push_back(
            Document{DocumentKind::kNotification, due.key(), due.document->version + 1,
                     due.notification.state == "waiting", encode(due.notification)});
        if (due.notification.state == "given_up")
          changes.events.push_back(Event{
              "notification.given_up", due.key(),
              JsonWriter().begin_object().field("id", due.notification.id).end_object().take()});
        return changes;
      }};
}

}  // namespace

Result<NotificationState> decode_notification(std::string_view bytes) {
  TRY(const auto json, JsonDocument::parse(bytes));
  const JsonValue root = json.root();
  NotificationState n;
  TRY(n.topic, root.get_string("topic"));
  TRY(n.id, root.get_string("id"));
  TRY(n.url, root.get_string("url"));
  TRY(n.attempts, root.get_int64("attempts"));
  TRY(n.next_at.ns, root.get_int64("next_at"));
  TRY(n.created_at.ns, root.get_int64("created_at"));
  // As the planners make it, it has neither yet.
  n.state = "waiting";
  if (root.find("state")) {
    TRY(n.state, root.get_string("state"));
  }
  if (root.find("result")) {
    TRY(n.result, root.get_string("result"));
  }
  return n;
}

struct Notifier::Impl : std::enable_shared_from_this<Notifier::Impl> {
  explicit Impl(NotifierParts given) : parts(std::move(given)), workers(1) {}

  struct Keep {
    std::shared_ptr<Impl> impl;
    std::shared_ptr<void> ticket;
    Impl* operator->() const { return impl.get(); }
  };
  Keep keep() { return {shared_from_this(), under_way.enter()}; }

  /// Takes what is due and not under way.
  std::vector<Due> take_due();
  void find_new();
  void begin_round();
  void attempt(Due due, std::function<void()> ended);
  void finish(Due due, const std::string& result, std::function<void()> ended);
  void submit(Due due, std::function<void()> ended);
  void leave(const DocumentPtr& document, const std::function<void()>& ended);

  const NotifierParts parts;
  UnderWay under_way;
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  /// What waits for its time or is under way, and by second what waits. Every version is read
  /// once: an attempt that ends lets go of its own, and the next look finds what followed.
  std::unordered_set<DocumentPtr> known;
  std::multimap<std::int64_t, DocumentPtr> waiting;
  std::atomic<std::uint64_t> attempts{0}, failures{0}, given_up{0};
  FairLanes lanes{kMaxSending, kMaxSendingOfOne};
  /// Who waits for the next look at what is due, and when that may be.
  std::vector<std::function<void(std::size_t)>> asked;
  Steady::time_point next_look{};
  Workers workers;
};

Notifier::Notifier(NotifierParts parts) : impl_(std::make_shared<Impl>(std::move(parts))) {}

Notifier::~Notifier() {
  impl_->under_way.wait_idle();
  impl_->workers.stop();
}

// With the mutex: what was let go of has then had its result published.
void Notifier::Impl::find_new() {
  std::vector<DocumentPtr> found;
  parts.book->read([&](const State& state, std::uint64_t) {
    state.for_each_open(DocumentKind::kNotification, [&](const DocumentPtr& document) {
      if (!known.contains(document)) found.push_back(document);
    });
  });
  for (DocumentPtr& document : found) {
    const auto notification = decode_notification(document->bytes);
    CHECK_OR_DIE(notification, "notification {} does not decode", document->key);
    // In whole seconds: journal timestamps run ahead of a business clock that stands still.
    waiting.emplace(notification.value().next_at.seconds(), document);
    known.insert(std::move(document));
  }
}

std::vector<Due> Notifier::Impl::take_due() {
  const std::int64_t now_s = parts.business->now().seconds();
  std::vector<Due> due;
  std::lock_guard lock(mutex);
  find_new();
  const auto later = waiting.upper_bound(now_s);
  for (auto at = waiting.begin(); at != later; at = waiting.erase(at)) {
    const DocumentPtr& document = at->second;
    // Nobody else changes one; but if somebody had, this one is over, and the other one is found.
    if (parts.book->document(DocumentKind::kNotification, document->key) != document) {
      known.erase(document);
      continue;
    }
    due.push_back({document, decode_notification(document->bytes).value()});
  }
  return due;
}

void Notifier::stop() { impl_->stopping = true; }

NotifierStatistics Notifier::statistics() const {
  return {impl_->attempts, impl_->failures, impl_->given_up};
}

void Notifier::deliver_due(std::function<void(std::size_t)> done) {
  const Impl::Keep kept = impl_->keep();
  std::lock_guard lock(kept->mutex);
  kept->asked.push_back(std::move(done));
  if (kept->asked.size() > 1) return;
  const auto pause = std::chrono::ceil<std::chrono::milliseconds>(kept->next_look - Steady::now());
  kept->workers.post_after(static_cast<int>(std::max<std::int64_t>(0, pause.count())),
                           [kept] { kept->begin_round(); });
}

void Notifier::Impl::begin_round() {
  std::vector<std::function<void(std::size_t)>> told;
  {
    std::lock_guard lock(mutex);
    told.swap(asked);
  }
  const auto begin = Steady::now();
  std::vector<Due> due = take_due();
  {
    std::lock_guard lock(mutex);
    const auto end = Steady::now();
    next_look = end + kPauseForLooking * (end - begin);
  }
  const std::size_t count = due.size();
  const auto all_over = [told = std::move(told), count] {
    for (const auto& done : told) done(count);
  };
  if (due.empty()) return all_over();
  const auto left = std::make_shared<std::atomic<std::size_t>>(count);
  for (Due& one : due) {
    const std::string merchant = merchant_of(*parts.book, one.notification);
    lanes.add(merchant, [=, kept = keep(), one = std::move(one)](const FairLanes::Ended& ended) {
      kept->workers.post([=] {
        kept->attempt(one, [=] {
          ended();
          if (--*left == 0) all_over();
        });
      });
    });
  }
}

void Notifier::Impl::leave(const DocumentPtr& document, const std::function<void()>& ended) {
  {
    std::lock_guard lock(mutex);
    known.erase(document);
  }
  ended();
}

void Notifier::Impl::attempt(Due due, std::function<void()> ended) {
  if (stopping) return leave(due.document, ended);
  const auto url = Url::parse(due.notification.url);
  if (!url) return finish(std::move(due), "url", std::move(ended));
  auto fields = parts.render(due.notification.topic, due.notification.id);
  if (!fields) {
    log_error("notification {} is not rendered: {}", due.key(), fields.error().message);
    return finish(std::move(due), "render", std::move(ended));
  }
  HttpRequest request;
  request.method = "POST";
  request.target = url.value().target;
  request.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8");
  request.body = std::move(fields.value());
  if (const auto query = std::string(request.query()); !query.empty())
    request.body = query + "&" + request.body;
  request.target = std::string(request.path());
  const Keep kept = keep();
  parts.send(
      url.value().origin(), std::move(request), kDeadlineMs,
      [kept, due = std::move(due), ended = std::move(ended)](const Result<HttpResponse>& answer) {
        if (!answer && kept->stopping) return kept->leave(due.document, ended);
        std::string result = "success";
        if (!answer)
          result = name_of(answer.error().code);
        else if (answer.value().status < 200 || answer.value().status > 299)
          result = fmt::format("http {}", answer.value().status);
        else if (!is_acknowledged(answer.value()))
          result = "answer";
        kept->finish(due, result, ended);
      });
}

void Notifier::Impl::finish(Due due, const std::string& result, std::function<void()> ended) {
  take_result(due.notification, result, parts.business->now());
  ++attempts;
  if (due.notification.state != "delivered") ++failures;
  if (due.notification.state == "given_up") ++given_up;
  submit(std::move(due), std::move(ended));
}

void Notifier::Impl::submit(Due due, std::function<void()> ended) {
  const Keep kept = keep();
  std::vector<Command> commands{journal_attempt(due)};
  const bool taken = parts.book->submit(
      std::move(commands), [kept, of = due.document, ended](Book::Answers answers) {
        if (!answers.at(0).accepted())
          log_error("an attempt at notification {} is not journalled: {}", of->key,
                    name_of(answers.at(0).refusal.code));
        kept->workers.post([kept, of, ended] { kept->leave(of, ended); });
      });
  if (!taken)
    workers.post_after(kQueueFullPauseMs, [kept, due = std::move(due), ended = std::move(ended)] {
      kept->submit(due, ended);
    });
}

}  // namespace suanpan::channels
