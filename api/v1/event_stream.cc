// The events feed as a stream (server-sent events): what GET /v1/events answers page by page, here
// as it happens. A connection that goes on names the same topics again.
//
//   id: 17                      the cursor: reconnecting with Last-Event-ID: 17 goes on after it
//   event: order.paid
//   data: {"seq":17,...}        one event, as in EventPage
//
// At least once and without gaps: of a command's events only the last bears the id, so that a
// connection that breaks between them brings all of them again. Every 15 seconds without an event
// an id alone is sent, which keeps proxies from closing, tells how far was read in vain, and finds
// out who has gone.
//
// Connections are bounded, in all and by key. A reader that does not keep up is given no more than
// it takes; one that takes nothing is cut by the server's write deadline. One thread looks after
// all streams and reads the journal for them, in short turns: one that has the whole journal to
// read in vain holds up neither the others by more than a turn nor anything else.
#include <charconv>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>
#include <typeinfo>

#include "api/keys.h"
#include "api/v1/body.h"
#include "api/v1/event_feed.h"
#include "api/v1/routes.h"
#include "ledger/base/http_stream.h"
#include "ledger/base/log.h"

namespace suanpan::api::v1 {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kMaxStreams = 128, kMaxStreamsPerKey = 8;
constexpr std::size_t kEventsAtOnce = 100;
constexpr std::size_t kMaxPending = 64 << 10;      // bytes ahead of the reader
constexpr std::size_t kMaxStreamBytes = 64 << 20;  // a page, however long its events are
constexpr int kTick_ms = 100;
constexpr auto kPause = std::chrono::milliseconds(10);
constexpr auto kTurn = std::chrono::milliseconds(5);
constexpr int kRetry_ms = 3000;
constexpr std::int64_t kRetryAfter_s = 5;
constexpr auto kHeartbeat = std::chrono::seconds(15);

// The thread's alone, once it is added; `principal` and `topics` never change.
struct Stream {
  Principal principal;
  KeyWatch watch;  // whether the key is still in use
  Topics topics;
  std::shared_ptr<HttpStream> out = std::make_shared<HttpStream>(kMaxStreamBytes);
  std::uint64_t after = 0;
  Steady::time_point written_at;
};
using StreamPtr = std::shared_ptr<Stream>;

class Streams {
 public:
  explicit Streams(Services& services) : services_(services), thread_([this] { run(); }) {}
  ~Streams() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
    for (const auto& stream : streams_) stream->out->end();
  }

  /// False: there are as many as may be.
  bool add(const StreamPtr& stream) {
    {
      const std::lock_guard lock(mutex_);
      std::size_t of_key = 0;
      for (const auto& other : streams_)
        of_key += other->principal.key_id == stream->principal.key_id ? 1 : 0;
      if (stopping_ || streams_.size() >= kMaxStreams || of_key >= kMaxStreamsPerKey) return false;
      stream->written_at = Steady::now();
      streams_.push_back(stream);
    }
    changed_.notify_all();
    return true;
  }

  StreamPtr stream_of(const Principal& principal) const {
    return std::make_shared<Stream>(
        Stream{principal, KeyWatch(services_.book, principal.key_id, principal.roles)});
  }
  /// The events before it are in the book no more.
  std::uint64_t begin() const { return services_.book.archived().until; }
  /// Errors: kArchived where events after it are in the book no more.
  Result<void> begins_at(std::uint64_t after) const {
    if (after >= begin()) return success();  // without a look at the journal
    return services_.book.for_each_command_after(after, [](const StoredCommand&) { return false; });
  }

 private:
  void run() {
    std::uint64_t seen = 0;
    bool behind = false;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        // However many blocks a second there are, a stream is read so often and no more.
        changed_.wait_for(lock, kPause, [this] { return stopping_; });
        changed_.wait(lock, [this] { return stopping_ || !streams_.empty(); });
        if (stopping_) return;
      }
      seen = services_.book.wait_for_seq(seen, behind ? 0 : kTick_ms);
      behind = look_after(seen);
    }
  }

  /// Whether a stream has more to be told already.
  bool look_after(std::uint64_t last) {
    std::vector<StreamPtr> streams;
    {
      const std::lock_guard lock(mutex_);
      streams_.remove_if([](const auto& stream) { return !stream->out->is_open(); });
      streams.assign(streams_.begin(), streams_.end());
    }
    bool behind = false;
    for (const StreamPtr& stream : streams) behind = take_turn(*stream, last) || behind;
    return behind;
  }

  bool take_turn(Stream& stream, std::uint64_t last) {
    const auto now = Steady::now();
    // A key that was taken out of use, or has other roles now, hears no more.
    if (!stream.watch.holds()) {
      stream.out->end();
      return false;
    }
    if (stream.out->pending() > kMaxPending) return false;
    if (stream.after >= last) {
      beat(stream, now);
      return false;
    }
    try {
      if (const auto written = write_page(stream); !written) {
        log_error("an events stream ends: {}", written.error().message);
        stream.out->end();
      }
    } catch (const std::exception& error) {
      log_error("an events stream ends: {}", typeid(error).name());
      stream.out->end();
    }
    return stream.after < last;
  }

  // Also where the book is busy with what this key does not hear of.
  static void beat(Stream& stream, Steady::time_point now) {
    if (now - stream.written_at < kHeartbeat) return;
    stream.written_at = now;
    stream.out->write(fmt::format("id: {}\n\n", stream.after));
  }

  // The next events of one stream. The id of a command goes with the last of its events.
  Result<void> write_page(Stream& stream) {
    std::string text, last;
    std::uint64_t seq = 0;
    const auto flush = [&](std::uint64_t next) {
      if (seq != 0 && next != seq) text += fmt::format("id: {}\n", seq);
      text += last;
      last.clear();
    };
    const Listener listener{stream.principal, stream.topics};
    TRY(const auto read, read_events(services_.book, listener, stream.after, kEventsAtOnce, kTurn,
                                     [&](const StoredCommand& stored, const ToldEvent& told) {
                                       flush(stored.seq);
                                       seq = stored.seq;
                                       JsonWriter out;
                                       write_event(out, stored, told);
                                       last = fmt::format("event: {}\ndata: {}\n\n",
                                                          told.event.topic, out.take());
                                     }));
    flush(0);
    stream.after = read.last;
    if (text.empty()) {
      beat(stream, Steady::now());
    } else if (!stream.watch.holds()) {
      stream.out->end();  // what was read meanwhile may have happened since
    } else {
      stream.written_at = Steady::now();
      stream.out->write(text);
    }
    return success();
  }

  Services& services_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<StreamPtr> streams_;
  bool stopping_ = false;
  std::thread thread_;
};

// Last-Event-ID, which a browser sends when it connects again, goes before `after`.
std::optional<std::uint64_t> last_event_id(const Call& call, v1::Query& query) {
  const auto header = call.request.headers.find("Last-Event-ID");
  if (!header) return std::nullopt;
  std::uint64_t seq = 0;
  const auto read = std::from_chars(header->data(), header->data() + header->size(), seq);
  if (header->empty() || read.ec != std::errc{} || read.ptr != header->data() + header->size() ||
      seq > INT64_MAX || call.request.headers.count("Last-Event-ID") != 1)
    query.fail_at("Last-Event-ID", "is none of ours");
  return seq;
}

void get(const std::shared_ptr<Streams>& streams, Call call) {
  Query query(call);
  auto stream = streams->stream_of(call.principal);
  const auto after = query.maybe_integer("after", 0, INT64_MAX)
                         .value_or(static_cast<std::int64_t>(streams->begin()));
  stream->after = last_event_id(call, query).value_or(static_cast<std::uint64_t>(after));
  stream->topics = read_topics(query);
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  if (const auto there = streams->begins_at(stream->after); !there)
    return refuse_call(call, there.error());
  if (!streams->add(stream)) return refuse_call(call, overloaded(kRetryAfter_s));
  HttpResponse response;
  response.headers.set("Content-Type", "text/event-stream");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Accel-Buffering", "no");  // a proxy that gathers would tell it late
  response.body = fmt::format("retry: {}\n\n", kRetry_ms);
  response.stream = stream->out;
  call.reply(std::move(response));
}

}  // namespace

void add_event_stream_routes(Router& router, Services& services) {
  auto streams = std::make_shared<Streams>(services);
  router.add({.method = "GET",
              .pattern = "/v1/events/stream",
              .allowed = kReaders,
              .summary = "What happens after a journal sequence, as server-sent events",
              .handle = [streams](Call call) { get(streams, std::move(call)); },
              .doc = {.query = "after?:integer topics?:string", .media = "text/event-stream"}});
}

}  // namespace suanpan::api::v1
