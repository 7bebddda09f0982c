// The events feed as a stream (server-sent events): what GET /v1/events answers page by page, here
// as it happens.
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
// all streams; the journal is read on the workers, for at most one page of a stream at a time.
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

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
constexpr int kRetry_ms = 3000;
constexpr std::int64_t kRetryAfter_s = 5;
constexpr auto kHeartbeat = std::chrono::seconds(15);

struct Stream {
  Principal principal;
  std::shared_ptr<HttpStream> out = std::make_shared<HttpStream>(kMaxStreamBytes);
  std::atomic<std::uint64_t> after{0};
  std::atomic<bool> reading{false};
  std::atomic<Steady::time_point> written_at;
  Steady::time_point asked_at;  // of the thread alone: whether the key is still in use
};

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
  bool add(const std::shared_ptr<Stream>& stream) {
    {
      const std::lock_guard lock(mutex_);
      std::size_t of_key = 0;
      for (const auto& other : streams_)
        of_key += other->principal.key_id == stream->principal.key_id ? 1 : 0;
      if (stopping_ || streams_.size() >= kMaxStreams || of_key >= kMaxStreamsPerKey) return false;
      stream->written_at = stream->asked_at = Steady::now();
      streams_.push_back(stream);
    }
    changed_.notify_all();
    return true;
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
    const auto now = Steady::now();
    bool behind = false;
    const std::lock_guard lock(mutex_);
    streams_.remove_if([](const auto& stream) { return !stream->out->is_open(); });
    for (const auto& stream : streams_) {
      if (now - stream->asked_at >= kHeartbeat && !still_allowed(*stream, now)) {
        stream->out->end();
        continue;
      }
      if (!stream->reading && stream->out->pending() > kMaxPending) continue;
      behind = behind || stream->reading || stream->after < last;
      if (stream->reading) continue;
      if (stream->after < last) {
        stream->reading = true;
        if (!services_.workers.submit([this, stream] { read(*stream); })) stream->reading = false;
      } else {
        beat(*stream, now);
      }
    }
    return behind;
  }

  // A key that was taken out of use, or has other roles now, hears no more.
  bool still_allowed(Stream& stream, Steady::time_point now) {
    stream.asked_at = now;
    const auto key = find_key(services_.book, services_.vault, stream.principal.key_id);
    return key && key.value() && key.value()->record.enabled &&
           key.value()->record.roles == stream.principal.roles;
  }

  // Also where the book is busy with what this key does not hear of.
  static void beat(Stream& stream, Steady::time_point now) {
    if (now - stream.written_at.load() < kHeartbeat) return;
    stream.written_at = now;
    stream.out->write(fmt::format("id: {}\n\n", stream.after.load()));
  }

  void read(Stream& stream) {
    if (const auto written = write_page(stream); !written) {
      log_error("an events stream ends: {}", written.error().message);
      stream.out->end();
    }
    stream.reading = false;
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
    TRY(const auto read, read_events(services_.book, stream.principal, stream.after, kEventsAtOnce,
                                     [&](const StoredCommand& stored, std::size_t index) {
                                       flush(stored.seq);
                                       seq = stored.seq;
                                       JsonWriter out;
                                       write_event(out, stored, index);
                                       last = fmt::format("event: {}\ndata: {}\n\n",
                                                          stored.effects.events.at(index).topic,
                                                          out.take());
                                     }));
    flush(0);
    stream.after = read.last;
    if (text.empty()) {
      beat(stream, Steady::now());
    } else {
      stream.written_at = Steady::now();
      stream.out->write(text);
    }
    return success();
  }

  Services& services_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<std::shared_ptr<Stream>> streams_;
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
  auto stream = std::make_shared<Stream>();
  const auto after = query.maybe_integer("after", 0, INT64_MAX).value_or(0);
  stream->after = last_event_id(call, query).value_or(static_cast<std::uint64_t>(after));
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  stream->principal = call.principal;
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
              .doc = {.query = "after?:integer", .media = "text/event-stream"}});
}

}  // namespace suanpan::api::v1
