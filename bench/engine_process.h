// The engine as a process of its own, on a fresh folder that goes with it.
#pragma once
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/bench_book.h"
#include "bench/process.h"
#include "channels/https_client.h"

namespace suanpan::bench {

class EngineProcess {
 public:
  struct Terms {
    const char* workload;
    std::string program;  ///< the suanpan binary
    std::uint16_t port;
    std::size_t connections;
  };
  explicit EngineProcess(const Terms& terms)
      : program_(terms.program),
        folder_(fmt::format("/var/tmp/suanpan-bench-{}-{}", terms.workload, ::getpid())),
        url_(must(channels::Url::parse(fmt::format("http://127.0.0.1:{}", terms.port)))) {
    std::filesystem::create_directories(folder_);
    std::ofstream(file("engine.toml")) << fmt::format(
        "[server]\nlisten = \"127.0.0.1:{}\"\n[book]\nfolder = \"book\"\n", terms.port);
    channels::HttpsClientOptions options;
    options.allow_private_addresses = true;
    options.max_idle_per_origin = terms.connections;
    client_ = must(channels::HttpsClient::create(options));
  }
  ~EngineProcess() {
    process_.kill();
    std::filesystem::remove_all(folder_);
  }

  /// Adds settings, before anything was run.
  void add_settings(const std::string& settings) {
    std::ofstream(file("engine.toml"), std::ios::app) << settings;
  }
  /// Runs a command of the program to its end; what it said.
  std::string run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program_);
    arguments.insert(arguments.end(), {"--config", file("engine.toml")});
    std::filesystem::remove(file("said"));
    const int status = Process(arguments, file("said")).wait();
    CHECK_OR_DIE(status == 0, "{} failed: {}", arguments[1], read("said"));
    return read("said");
  }
  /// Serves, until it is killed; returns when it is ready.
  void start() {
    process_ = Process({program_, "serve", "--config", file("engine.toml")}, file("log"));
    for (int i = 0; i < 2000; ++i) {
      if (get("/readyz")) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    CHECK_OR_DIE(false, "the engine does not become ready: {}", read("log"));
  }
  /// SIGKILL.
  void kill() { process_.kill(); }
  Usage usage() const { return usage_of(process_.pid()); }
  /// A figure of the engine's own.
  double metric(const std::string& name) {
    const auto text = get("/metrics");
    const auto at = text ? text->find("\n" + name + " ") : std::string::npos;
    CHECK_OR_DIE(at != std::string::npos, "the engine does not tell {}", name);
    return std::stod(text->substr(at + name.size() + 2));
  }
  /// Waits until the projections have taken in everything durable.
  void wait_projected() {
    while (metric("suanpan_book_projection_lag") > 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  channels::HttpsClient& client() { return *client_; }
  const channels::Url& url() const { return url_; }
  std::string file(const char* name) const { return (folder_ / name).string(); }
  std::string read(const char* name) const {
    std::ifstream in(folder_ / name);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  /// Its book, while nobody serves it.
  std::unique_ptr<Book> open_book(const Clock& clock) const {
    BookOptions options;
    options.folder = file("book");
    options.read_only = true;
    return must(Book::open(options, clock));
  }

 private:
  std::optional<std::string> get(const char* target) {
    HttpRequest request;
    request.method = "GET";
    request.target = target;
    auto answer = client_->send_and_wait(std::move(request), url_, 1000);
    if (!answer || answer.value().status != 200) return std::nullopt;
    return std::move(answer.value().body);
  }
  const std::string program_;
  const std::filesystem::path folder_;
  const channels::Url url_;
  std::unique_ptr<channels::HttpsClient> client_;
  Process process_;
};

}  // namespace suanpan::bench
