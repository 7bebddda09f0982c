// Changes of the ledger as events while others write: by page, long poll, stream and webhook each
// event comes once and in order. What is right is what the writers were answered, never a feed.
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "tests/api/feed_world.h"

using namespace suanpan;
using suanpan::test::events_in;
using suanpan::test::FeedWorld;
using suanpan::test::Hooks;
using suanpan::test::Told;
using suanpan::tests::RawSocket;

namespace {

std::string text_of(const Told::value_type& name) {
  return fmt::format("\"seq\":{},\"index\":{},", name.first, name.second);
}

/// An event of a stream; without an id where it had none.
struct Streamed {
  std::string id;
  Told::value_type name;
};
std::vector<Streamed> blocks_in(const std::string& text) {
  std::vector<Streamed> blocks;
  std::size_t at = text.find("\r\n\r\n");
  REQUIRE(at != std::string::npos);
  at += 4;
  for (std::size_t end; (end = text.find("\n\n", at)) != std::string::npos; at = end + 2) {
    const std::string block = "\n" + text.substr(at, end - at) + "\n";
    const auto field = [&](const std::string& name) -> std::string {
      const auto begin = block.find("\n" + name + ": ");
      if (begin == std::string::npos) return "";
      const auto value = begin + name.size() + 3;
      return block.substr(value, block.find('\n', value) - value);
    };
    if (field("data").empty()) continue;
    const auto json = JsonDocument::parse(field("data"));
    REQUIRE(json);
    const JsonValue event = json.value().root();
    blocks.push_back(
        {field("id"), {event.get_int64("seq").value(), event.get_int64("index").value()}});
  }
  return blocks;
}
/// Reads on until `needle` was there so often, and ends with that block; or until nothing comes.
void read_blocks(RawSocket& socket, std::string& text, const std::string& needle,
                 std::size_t times) {
  for (;;) {
    std::size_t at = 0;
    std::size_t found = 0;
    while (found < times && (at = text.find(needle, at)) != std::string::npos) {
      ++found;
      ++at;
    }
    const std::size_t end = found == times ? text.find("\n\n", at) : std::string::npos;
    if (end != std::string::npos) return text.resize(end + 2);
    const std::string more = socket.receive_until("\n\n", 20'000);
    if (more.empty()) return;
    text += more;
  }
}

/// Writes beside others, and keeps what was acknowledged: never what the feed says.
struct Writer {
  Writer(Book& to, CallerId as, std::uint64_t number) : book(to), caller(as), n(number << 32) {}

  ClaimKey fresh() { return {Id128{77, ++n}, caller}; }
  void took(const Answer& answer, std::uint64_t events) {
    all_accepted = all_accepted && answer.accepted();
    for (std::uint64_t index = 0; index < events; ++index)
      acknowledged.emplace_back(answer.seq, index);
  }
  VoucherRequest voucher(bool hold) {
    VoucherRequest request;
    request.key = fresh();
    request.hold = hold;
    request.legs.push_back(Leg{AccountId{1}, AccountId{2}, 1});
    return request;
  }
  /// Two accounts and an event of its own: three events of one command.
  Command busy() {
    Command command;
    command.key = fresh();
    command.kind = CommandKind::kSetting;
    command.content = {{"n", std::to_string(n)}};
    command.plan = [name = n](const View& view, const Moment& moment) -> Planned<ChangeSet> {
      ChangeSet changes;
      changes.date = view.book().accounting_date;
      changes.events.push_back(Event{"thing.happened", std::to_string(name), "{}"});
      for (std::uint32_t i = 0; i < 2; ++i) {
        OpenAccountRequest request;
        request.code = fmt::format("2101/T{}/{}", name, i);
        request.type = AccountType::kLiability;
        auto opened = plan_open_account(view, request, moment);
        if (!opened) return opened.error();
        opened.value().accounts.front().id.value += i;
        changes.accounts.push_back(std::move(opened.value().accounts.front()));
      }
      return changes;
    };
    return command;
  }
  void run(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      std::vector<VoucherRequest> batch{voucher(false), voucher(true), voucher(false)};
      const ClaimKey hold = batch[1].key;
      for (const Answer& answer : book.run(std::move(batch))) took(answer, 1);
      took(book.run(busy()), 3);
      took(book.run(void_hold({fresh(), hold})), 1);
      // Refused: acknowledged as well, and told of to nobody.
      all_accepted = all_accepted && !book.run(void_hold({fresh(), hold})).accepted();
    }
  }

  Book& book;
  CallerId caller;
  std::uint64_t n;
  bool all_accepted = true;
  Told acknowledged;
};

}  // namespace

TEST_CASE("v1 event gaps: none, and nothing twice or out of order, while several threads write") {
  FeedWorld f;
  f.add_key("writer", {api::Role::kUpstream});
  const auto key = api::find_key(*f.book, *f.vault, "writer");
  REQUIRE((key && key.value()));
  const std::string topics = "&topics=voucher.*,hold.*,account.*,thing.happened";
  Hooks hooks(f);
  const std::string hook =
      hooks.add("writer", R"("voucher.*","hold.*","account.*","thing.happened")");
  const std::uint64_t begin = f.book->last_seq();
  constexpr int kWriters = 4, kRounds = 25;
  std::atomic<bool> over = false;
  std::vector<std::unique_ptr<Writer>> writers;
  for (std::uint64_t i = 0; i < kWriters; ++i)
    writers.push_back(std::make_unique<Writer>(*f.book, key.value()->caller, i + 1));
  auto socket = f.open_stream("writer", fmt::format("?after={}{}", begin, topics));
  std::future<std::string> listening;
  std::promise<std::string> wanted;  // the last event, once it is known; goes before who waits
  listening = std::async(std::launch::async, [&, last = wanted.get_future()]() mutable {
    std::string text;
    while (last.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
      text += socket.receive_until("\n\n", 100);
    read_blocks(socket, text, last.get(), 1);
    return text;
  });
  auto writing = std::async(std::launch::async, [&] {
    std::vector<std::thread> threads;
    for (const auto& writer : writers) threads.emplace_back([&writer] { writer->run(kRounds); });
    for (std::thread& thread : threads) thread.join();
    over = true;
  });

  // In turn short pages, whose length falls into the middle of a command's events again and again,
  // and long ones that wait at the end, each reader with a cursor of its own.
  struct Reader {
    const char* query;
    std::uint64_t after;
    Told told = {};
    bool done = false;
  };
  Reader readers[] = {
      {"limit=2", begin}, {"limit=7&wait_ms=20", begin}, {"limit=1000&wait_ms=100", begin}};
  const auto all_done = [&] {
    return std::all_of(std::begin(readers), std::end(readers),
                       [](const Reader& reader) { return reader.done; });
  };
  while (!all_done()) {
    const bool last_round = over;
    hooks.round();
    for (Reader& reader : readers) {
      if (reader.done) continue;
      const auto page = f.get(
          "writer", fmt::format("/v1/events?{}&after={}{}", reader.query, reader.after, topics));
      REQUIRE(page.status == 200);
      const auto json = page.json();
      for (const auto& event : events_in(json.root().get("events").value()))
        reader.told.push_back(event);
      const auto next = static_cast<std::uint64_t>(json.root().get_int64("next").value());
      reader.done = last_round && next == reader.after;
      reader.after = next;
    }
  }
  writing.get();

  Told expected;
  for (const auto& writer : writers) {
    CHECK(writer->all_accepted);
    expected.insert(expected.end(), writer->acknowledged.begin(), writer->acknowledged.end());
  }
  std::sort(expected.begin(), expected.end());
  REQUIRE(expected.size() == kWriters * kRounds * 7);
  for (const Reader& reader : readers) {
    INFO(reader.query);
    CHECK((reader.told == expected));
  }

  const auto deliver_all = [&] {
    for (std::size_t i = 0; i <= expected.size() / 100; ++i) hooks.round();
  };
  deliver_all();
  CHECK((hooks.named(hook) == expected));
  // Replayed it is the same once more: deliveries of 100 events, which end within commands.
  f.made("writer", "/v1/webhooks/" + hook + "/replay", fmt::format(R"({{"after":{}}})", begin));
  deliver_all();
  Told twice = expected;
  twice.insert(twice.end(), expected.begin(), expected.end());
  CHECK((hooks.named(hook) == twice));
  // The stream that was open all the while.
  wanted.set_value(text_of(expected.back()));
  const std::string heard = listening.get();
  Told live;
  for (const Streamed& block : blocks_in(heard)) live.push_back(block.name);
  CHECK((live == expected));
  // One that breaks between the events of a command, five times: it goes on with all of them.
  Told streamed;
  std::string last_id = std::to_string(begin);
  for (std::size_t cut = 1; cut <= 6; ++cut) {
    auto stream = f.open_stream("writer", "?after=" + last_id + topics);
    std::string text;
    if (cut <= 5)
      read_blocks(stream, text, R"("index":1,)", cut);
    else
      read_blocks(stream, text, text_of(expected.back()), 1);
    stream.reset();
    const auto blocks = blocks_in(text);
    REQUIRE_FALSE(blocks.empty());
    CHECK(blocks.back().id.empty() == (cut <= 5));
    for (const Streamed& block : blocks) {
      if (std::find(streamed.begin(), streamed.end(), block.name) == streamed.end())
        streamed.push_back(block.name);
      if (!block.id.empty()) last_id = block.id;
    }
  }
  CHECK((streamed == expected));
}
