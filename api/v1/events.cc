// The events feed: everything that commands told, in journal order, without gaps; with topics also
// what they changed in the ledger itself (ledger/engine/change_events.h).
//
// GET /v1/events?after=SEQ&limit=N&wait_ms=M&topics=T,… answers the events of commands after SEQ
// and `next`, from which the following call goes on: a reader that always passes the last `next`
// misses nothing and, as long as it stores it with what it did, does nothing twice. A command's
// events are never torn apart, so an answer may hold a few more than `limit`. With wait_ms an empty
// answer waits for the next durable entry; event_stream.cc tells the same as it happens. An answer
// may be short, even empty, where much was read in vain.
//
// One thread waits for all callers; the journal is read on the workers, in short turns, and whoever
// waits goes behind the others with each. Who hears of what: event_feed.h.
#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "api/v1/body.h"
#include "api/v1/event_feed.h"
#include "api/v1/routes.h"

namespace suanpan::api::v1 {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::int64_t kMaxPage = 1000;
constexpr std::int64_t kMaxWait_ms = 30'000;
constexpr std::size_t kMaxWaiting = 512;
constexpr int kTick_ms = 100;
constexpr auto kTurn = std::chrono::milliseconds(20);

struct Question {
  Call call;
  Topics topics;
  std::uint64_t after = 0;
  std::size_t limit = 0;
  Steady::time_point deadline;
};

struct Page {
  std::optional<std::string> body;  ///< none: it would be empty, and there is time to wait
  bool turn_over = false;           ///< there is more to read already
};

/// The page after `question.after`. Moves `after` past what was read in vain.
Result<Page> read_page(const Book& book, Question& question) {
  JsonWriter out;
  out.begin_object().key("events").begin_array();
  const Listener listener{question.call.principal, question.topics};
  TRY(const auto read, read_events(book, listener, question.after, question.limit, kTurn,
                                   [&](const StoredCommand& stored, const ToldEvent& told) {
                                     write_event(out, stored, told);
                                   }));
  question.after = read.last;
  out.end_array().field("next", read.last).end_object();
  if (read.count == 0 && Steady::now() < question.deadline)
    return Page{std::nullopt, read.turn_over};
  return Page{out.take(), read.turn_over};
}

/// Those who wait for something to happen.
class Waiters {
 public:
  explicit Waiters(Services& services) : services_(services), thread_([this] { run(); }) {}
  ~Waiters() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  /// The events before it are in the book no more.
  std::uint64_t begin() const { return services_.book.archived().until; }

  bool add(Question question) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ || waiting_.size() >= kMaxWaiting) return false;
      waiting_.push_back(std::move(question));
    }
    changed_.notify_all();
    return true;
  }

  /// Answers now, or waits.
  void ask(Question question) {
    Call call = question.call;
    on_worker(services_, std::move(call),
              [this, asked = std::make_shared<Question>(std::move(question))](Call& on) {
                auto page = read_page(services_.book, *asked);
                if (!page) return refuse_call(on, page.error());
                if (auto& body = page.value().body)
                  return on.reply(json_response(200, std::move(*body)));
                if (page.value().turn_over) return ask(std::move(*asked));
                if (!add(*asked)) refuse_call(on, overloaded(1));
              });
  }

 private:
  void run() {
    while (true) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (stopping_) return;
      }
      const std::uint64_t last = services_.book.wait_for_seq(seen_, kTick_ms);
      seen_ = last;
      for (Question& question : take_ready(last)) ask(std::move(question));
    }
  }

  std::list<Question> take_ready(std::uint64_t last) {
    const auto now = Steady::now();
    std::list<Question> ready;
    const std::lock_guard lock(mutex_);
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      const auto next = std::next(it);
      if (it->after < last || it->deadline <= now) ready.splice(ready.end(), waiting_, it);
      it = next;
    }
    return ready;
  }

  Services& services_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Question> waiting_;
  bool stopping_ = false;
  std::uint64_t seen_ = 0;  // of the thread alone
  std::thread thread_;
};

void get(const std::shared_ptr<Waiters>& waiters, Call call) {
  Query query(call);
  Question question;
  question.after =
      static_cast<std::uint64_t>(query.maybe_integer("after", 0, INT64_MAX)
                                     .value_or(static_cast<std::int64_t>(waiters->begin())));
  question.limit =
      static_cast<std::size_t>(query.maybe_integer("limit", 1, kMaxPage).value_or(100));
  const auto wait_ms = query.maybe_integer("wait_ms", 0, kMaxWait_ms).value_or(0);
  question.topics = read_topics(query);
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  question.deadline = Steady::now() + std::chrono::milliseconds(wait_ms);
  question.call = std::move(call);
  waiters->ask(std::move(question));
}

/// The payloads of changes of the ledger (ledger/engine/change_events.h).
void describe_changes(Router& router) {
  router.describe("VoucherChange",
                  "id:string kind?:string original?:string voucher_no:integer "
                  "type:=general|receipt|payment|transfer code:integer accounting_date:date "
                  "effective_date?:date amounts:[integer]");
  router.describe("HoldChange",
                  "id:string hold:string voucher_no?:integer "
                  "type?:=general|receipt|payment|transfer code?:integer expires_at?:date-time "
                  "accounting_date:date amounts:[integer] remaining?:[integer]");
  router.describe("AccountChange",
                  "command:string account:string account_id:integer "
                  "type?:=asset|liability|equity|income|expense normal_side?:=debit|credit "
                  "currency?:string version:integer limit:=none|not_below_zero|credit_line "
                  "credit_line:integer frozen_in:boolean frozen_out:boolean closed:boolean "
                  "hot:boolean");
  router.describe("PeriodChange", "command:string closed_through:date accounting_date:date");
}

}  // namespace

void add_event_routes(Router& router, Services& services) {
  router.describe("Event",
                  "seq:integer index:integer timestamp:date-time topic:string key:string "
                  "payload:any");
  router.describe("EventPage", "events:[Event] next:integer");
  describe_changes(router);
  auto waiters = std::make_shared<Waiters>(services);
  router.add(
      {.method = "GET",
       .pattern = "/v1/events",
       .allowed = kReaders,
       .summary = "What happened after a journal sequence, in order and without gaps; an empty "
                  "page whose next has moved is not the last. With topics (order.paid,hold.*) "
                  "those alone; changes of the ledger are told to who names them: " +
                  fmt::format("{}", fmt::join(kChangeTopics, ", ")),
       .handle = [waiters](Call call) { get(waiters, std::move(call)); },
       .doc = {.answer = "EventPage",
               .query = "after?:integer limit?:integer wait_ms?:integer topics?:string"}});
}

}  // namespace suanpan::api::v1
