// `suanpan serve` as a process: it starts only where it may, and stops without losing what it took.
#include "api/serve.h"

#include <sys/mount.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "api/auth.h"
#include "api/open_book.h"
#include "ledger/base/digest.h"
#include "tests/support/program.h"
#include "tests/support/raw_socket.h"
#include "tests/support/skip.h"

using namespace suanpan;
using test::Ended;
using test::Program;

namespace {

struct Engine {
  test::TempFolder temp;
  std::filesystem::path folder = temp.path() / "book";
  std::string settings = (temp.path() / "engine.toml").string();
  api::KeyRecord key{"operator", {}, {api::Role::kOperator}, true};
  std::unique_ptr<Program> program;

  explicit Engine(const std::string& more = "") {
    configure("127.0.0.1:0", more);
    REQUIRE(test::run_program({"init", "--config", settings}).status == 0);
    const Ended made = test::run_program(
        {"key", "add", "--config", settings, "--id", "operator", "--role", "operator"});
    REQUIRE(made.status == 0);
    key.secret = Secret(made.out.substr(0, made.out.size() - 1));
  }
  void configure(const std::string& listen, const std::string& more = "") const {
    std::ofstream(settings) << "[server]\nlisten = \"" << listen
                            << "\"\n[book]\nfolder = \"book\"\nfirst_date = \"2026-03-04\"\n"
                            << "[reports]\nfolder = \"reports\"\n"
                            << more;
  }
  Program& start() {
    program = std::make_unique<Program>(std::vector<std::string>{"serve", "--config", settings});
    REQUIRE(program->says("suanpan listens at 127.0.0.1:"));
    return *program;
  }
  std::uint16_t port() const {
    const std::string said = program->err();
    const std::string mark = "suanpan listens at 127.0.0.1:";
    return static_cast<std::uint16_t>(std::stoi(said.substr(said.find(mark) + mark.size())));
  }
  std::string wire(const std::string& method, const std::string& target, const std::string& body,
                   const std::string& idempotency_key = "") const {
    HttpRequest request{method, target, {}, body, {}};
    if (!idempotency_key.empty()) request.headers.set("Idempotency-Key", idempotency_key);
    api::sign_request(request, key, SystemClock().now(), random_id().hex());
    std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n",
                                   method, target, body.size());
    for (const auto& [name, value] : request.headers.fields())
      text += fmt::format("{}: {}\r\n", name, value);
    return text + "Connection: close\r\n\r\n" + body;
  }
  std::string ask(const std::string& method, const std::string& target, const std::string& body,
                  const std::string& idempotency_key = "") const {
    auto socket = tests::RawSocket::connect(port());
    socket.send(wire(method, target, body, idempotency_key));
    return socket.receive_all(20'000);
  }
  std::string open_account(int n) const {
    return ask("POST", "/v1/accounts",
               fmt::format(R"({{"code":"1002/{}","name":"x","type":"asset"}})", n),
               "a" + std::to_string(n));
  }
};

bool has_status(const std::string& answer, int status) {
  return answer.starts_with(fmt::format("HTTP/1.1 {} ", status));
}

}  // namespace

TEST_CASE("serve: either end signal, once or twice, ends it with 0 and everything it accepted") {
  for (const auto& signals : {std::vector<int>{SIGTERM}, std::vector<int>{SIGINT},
                              std::vector<int>{SIGTERM, SIGTERM, SIGINT}}) {
    Engine e;
    Program& program = e.start();
    for (int n = 0; n < 20; ++n) REQUIRE(has_status(e.open_account(n), 201));
    for (const int signal : signals) program.signal(signal);
    const Ended ended = program.wait(20'000);
    INFO(ended.err);
    CHECK(ended.status == 0);
    CHECK_THAT(ended.err, Catch::Contains("stopping"));
    api::Config config;
    config.book_folder = e.folder;
    const auto opened = api::open_book(config);
    REQUIRE(opened);
    opened.value().book->read([](const State& state, std::uint64_t) {
      for (int n = 0; n < 20; ++n) CHECK(state.account("1002/" + std::to_string(n)));
    });
  }
}

TEST_CASE("serve: a request under way when the signal comes is answered") {
  Engine e;
  Program& program = e.start();
  auto socket = tests::RawSocket::connect(e.port());
  const std::string wire =
      e.wire("POST", "/v1/accounts", R"({"code":"1002/late","name":"x","type":"asset"})", "late");
  socket.send(wire.substr(0, wire.size() - 10));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  program.signal(SIGTERM);
  REQUIRE(program.says("stopping"));
  socket.send(wire.substr(wire.size() - 10));
  CHECK(has_status(socket.receive_all(20'000), 201));
  CHECK(program.wait(20'000).status == 0);
}

TEST_CASE("serve: a backup is taken while it serves, by an operator, once for one key") {
  Engine e("[backup]\nfolder = \"backups\"\n");
  Program& program = e.start();
  REQUIRE(has_status(e.open_account(1), 201));
  CHECK(has_status(e.ask("POST", "/v1/backups", R"({"to":"/tmp"})", "b0"), 400));
  const std::string first = e.ask("POST", "/v1/backups", "{}", "b1");
  INFO(first);
  CHECK(has_status(first, 201));
  CHECK_THAT(first, Catch::Contains(R"("number":1)"));
  const std::string replayed = e.ask("POST", "/v1/backups", "{}", "b1");
  CHECK_THAT(replayed, Catch::Contains(R"("number":1)"));
  CHECK_THAT(replayed, Catch::Contains("Suanpan-Replayed: true"));
  REQUIRE(has_status(e.open_account(2), 201));
  CHECK_THAT(e.ask("POST", "/v1/backups", "{}", "b2"), Catch::Contains(R"("number":2)"));
  // From outside the book is locked, and the way in is named.
  const std::string backups = (e.temp.path() / "backups").string();
  const Ended outside = test::run_program({"backup", "--data", e.folder.string(), "--to", backups});
  CHECK(outside.status == 1);
  CHECK_THAT(outside.err, Catch::Contains("POST /v1/backups"));
  program.signal(SIGTERM);
  CHECK(program.wait(20'000).status == 0);
  const std::string copy = (e.temp.path() / "copy").string();
  CHECK(test::run_program({"restore", "--from", backups, "--to", copy}).status == 0);
  CHECK(test::run_program({"verify", "--data", copy}).status == 0);
}

TEST_CASE("serve: a port in use is refused with its name, and the book is left closed") {
  Engine first;
  first.start();
  Engine second;
  second.configure(fmt::format("127.0.0.1:{}", first.port()));
  const Ended ended = Program({"serve", "--config", second.settings}).wait(20'000);
  CHECK(ended.status == 1);
  CHECK_THAT(ended.err, Catch::Contains(fmt::format("127.0.0.1 port {}: Address already in use",
                                                    first.port())));
  second.configure("127.0.0.1:0");
  second.start();
  CHECK(has_status(second.open_account(1), 201));
}

TEST_CASE("serve: bad input: a data directory that is locked is refused as locked") {
  Engine e;
  e.start();
  const Ended again = Program({"serve", "--config", e.settings}).wait(20'000);
  CHECK(again.status == 1);
  CHECK_THAT(again.err, Catch::Contains("locked"));
  const Ended key =
      test::run_program({"key", "add", "--config", e.settings, "--id", "k", "--role", "maker"});
  CHECK(key.status == 1);
  CHECK_THAT(key.err, Catch::Contains("locked"));
  CHECK(has_status(e.open_account(1), 201));
}

TEST_CASE("serve: bad input: a full disk at the start ends with a clear message and status") {
  Engine e;
  std::filesystem::rename(e.folder, e.temp.path() / "made");
  std::filesystem::create_directory(e.folder);
  if (::mount("tmpfs", e.folder.c_str(), "tmpfs", 0, "size=40m") != 0) {
    test::skip("a small file system cannot be mounted here");
    return;
  }
  std::filesystem::copy(e.temp.path() / "made", e.folder, std::filesystem::copy_options::recursive);
  std::ofstream(e.folder / "filler") << std::string(20 << 20, 'x');
  const Ended full = Program({"serve", "--config", e.settings}).wait(20'000);
  CHECK(full.status == 1);
  CHECK_THAT(full.err, Catch::Contains("KiB free and a book needs 32768 KiB to open"));
  std::filesystem::remove(e.folder / "filler");
  Program& program = e.start();
  CHECK(has_status(e.open_account(1), 201));
  program.signal(SIGTERM);
  CHECK(program.wait(20'000).status == 0);
  ::umount2(e.folder.c_str(), MNT_DETACH);
}

TEST_CASE("serve: the manual clock goes on after kill -9 where it stood") {
  Engine e("[clock]\nbusiness = \"manual\"\nstart = \"2026-03-04T08:00:00+08:00\"\n");
  Program& program = e.start();
  const std::string moved =
      e.ask("POST", "/v1/clock/advance", R"({"to":"2026-03-05T10:00:00+08:00"})", "c1");
  REQUIRE(has_status(moved, 200));
  program.signal(SIGKILL);
  CHECK(program.wait(20'000).status == 137);
  e.start();
  const std::string back =
      e.ask("POST", "/v1/clock/advance", R"({"to":"2026-03-05T09:59:59+08:00"})", "c2");
  CHECK(has_status(back, 400));
  CHECK_THAT(back, Catch::Contains("value_invalid"));
  // The first advance again is a replay, and tells the time that it is.
  const std::string again =
      e.ask("POST", "/v1/clock/advance", R"({"to":"2026-03-05T10:00:00+08:00"})", "c1");
  CHECK(has_status(again, 200));
  CHECK_THAT(again, Catch::Contains("2026-03-05T10:00:00+08:00"));
}
