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
// One thread waits for all callers. The journal is read on threads of the feed's own, so that who
// reads in vain holds up nothing else, in short turns: the keys take turns, and a call goes behind
// the others of its key with each. Who hears of what: event_feed.h.
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
constexpr std::size_t kMaxWaiting = 512, kMaxWaitingPerKey = 64;
constexpr std::size_t kWaitingOfEach = 8;  // however many wait
constexpr int kTick_ms = 100;
constexpr auto kPause = std::chrono::milliseconds(10);
constexpr auto kTurn = std::chrono::milliseconds(20);
constexpr unsigned kReaderThreads = 2;
constexpr FairWorkers::Limits kReaderLimits{.threads_of_one = 1, .of_one = 2 * kMaxWaitingPerKey};

struct Question {
  std::shared_ptr<Call> call;
  KeyWatch watch;  ///< the key may be taken out of use while the call waits
  Topics topics;
  std::uint64_t after = 0;
  std::size_t limit = 0;
  Steady::time_point deadline;
};
using QuestionPtr = std::shared_ptr<Question>;

struct Page {
  std::optional<std::string> body;  ///< none: it would be empty, and there is time to wait
  bool turn_over = false;           ///< there is more to read already
};

/// The page after `question.after`. Moves `after` past what was read in vain.
Result<Page> read_page(const Book& book, Question& question) {
  JsonWriter out;
  out.begin_object().key("events").begin_array();
  const Listener listener{question.call->principal, question.topics};
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

std::string empty_page(std::uint64_t next) {
  JsonWriter out;
  out.begin_object().key("events").begin_array().end_array().field("next", next).end_object();
  return out.take();
}

/// Those who wait for something to happen.
class Waiters {
 public:
  explicit Waiters(Services& services) : book_(services.book), thread_([this] { run(); }) {}
  ~Waiters() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
    readers_.stop();
  }

  QuestionPtr question_of(const Principal& principal) const {
    return std::make_shared<Question>(
        Question{nullptr, KeyWatch(book_, principal.key_id, principal.roles)});
  }
  /// The events before it are in the book no more.
  std::uint64_t begin() const { return book_.archived().until; }

  /// Answers now, or waits. Where there is no place, with 503.
  void ask(const QuestionPtr& question) {
    if (!read(question)) refuse_call(*question->call, overloaded(1));
  }

 private:
  bool read(const QuestionPtr& question) {
    return try_on(readers_, question->call, [this, question](Call& on) {
      auto page = read_page(book_, *question);
      if (!page) return refuse_call(on, page.error());
      if (!question->watch.holds()) return refuse_call(on, problem_of(AuthFailure::kKeyDisabled));
      if (auto& body = page.value().body) return on.reply(json_response(200, std::move(*body)));
      if (page.value().turn_over) return read_on(question);
      if (!add(question)) refuse_call(on, overloaded(1));
    });
  }

  // Where there is no place any more, what was read in vain is an answer, too.
  void read_on(const QuestionPtr& question) {
    if (!read(question)) question->call->reply(json_response(200, empty_page(question->after)));
  }

  // A call that waits has no place among the readers.
  bool add(const QuestionPtr& question) {
    {
      const std::lock_guard lock(mutex_);
      std::size_t of_key = 0;
      for (const auto& other : waiting_)
        of_key += other->call->principal.key_id == question->call->principal.key_id ? 1 : 0;
      const bool full = waiting_.size() >= kMaxWaiting && of_key >= kWaitingOfEach;
      if (stopping_ || full || of_key >= kMaxWaitingPerKey) return false;
      waiting_.push_back(question);
    }
    changed_.notify_all();
    return true;
  }

  void run() {
    while (true) {
      {
        std::unique_lock lock(mutex_);
        // However many blocks a second there are, whoever waits is asked again so often and no
        // more.
        changed_.wait_for(lock, kPause, [this] { return stopping_; });
        changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (stopping_) return;
      }
      const std::uint64_t last = book_.wait_for_seq(seen_, kTick_ms);
      seen_ = last;
      for (const QuestionPtr& question : take_ready(last)) read_on(question);
    }
  }

  std::list<QuestionPtr> take_ready(std::uint64_t last) {
    const auto now = Steady::now();
    std::list<QuestionPtr> ready;
    const std::lock_guard lock(mutex_);
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      const auto next = std::next(it);
      if ((*it)->after < last || (*it)->deadline <= now) ready.splice(ready.end(), waiting_, it);
      it = next;
    }
    return ready;
  }

  const Book& book_;
  FairWorkers readers_{kReaderThreads, kReaderLimits};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<QuestionPtr> waiting_;
  bool stopping_ = false;
  std::uint64_t seen_ = 0;  // of the thread alone
  std::thread thread_;
};

void get(const std::shared_ptr<Waiters>& waiters, Call call) {
  Query query(call);
  const auto asked = waiters->question_of(call.principal);
  Question& question = *asked;
  question.after =
      static_cast<std::uint64_t>(query.maybe_integer("after", 0, INT64_MAX)
                                     .value_or(static_cast<std::int64_t>(waiters->begin())));
  question.limit =
      static_cast<std::size_t>(query.maybe_integer("limit", 1, kMaxPage).value_or(100));
  const auto wait_ms = query.maybe_integer("wait_ms", 0, kMaxWait_ms).value_or(0);
  question.topics = read_topics(query);
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  question.deadline = Steady::now() + std::chrono::milliseconds(wait_ms);
  question.call = std::make_shared<Call>(std::move(call));
  waiters->ask(asked);
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
