// What every workload needs to measure and to print.
#pragma once
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "ledger/base/json.h"

namespace suanpan::bench {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// What all threads of this process have used up.
inline double cpu_seconds() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

/// Every single latency is kept; percentiles are exact. Not thread-safe.
class Latencies {
 public:
  void add(std::chrono::steady_clock::duration d) {
    ms_.push_back(std::chrono::duration<double, std::milli>(d).count());
  }
  void add(const Latencies& other) { ms_.insert(ms_.end(), other.ms_.begin(), other.ms_.end()); }
  std::size_t count() const { return ms_.size(); }
  double percentile(double p) {
    if (ms_.empty()) return 0;
    std::sort(ms_.begin(), ms_.end());
    return ms_[std::min(ms_.size() - 1,
                        static_cast<std::size_t>(p / 100 * static_cast<double>(ms_.size())))];
  }

 private:
  std::vector<double> ms_;
};

/// One line that rewrites itself, only on a terminal, ten times a second at most.
inline void progress(const char* what, std::uint64_t done, std::uint64_t total,
                     const Stopwatch& watch) {
  static const bool terminal = ::isatty(STDERR_FILENO);
  static double last = -1;
  if (watch.seconds() < last) last = -1;  // another watch
  if (!terminal || (done < total && watch.seconds() - last < 0.1)) return;
  last = watch.seconds();
  std::fprintf(stderr, "\r%s %llu of %llu, %.0f/s %s", what, static_cast<unsigned long long>(done),
               static_cast<unsigned long long>(total), static_cast<double>(done) / watch.seconds(),
               done == total ? "\n" : "");
}

/// Named figures, printed as a table for people or as one JSON object for machines.
class Report {
 public:
  explicit Report(std::string name) : name_(std::move(name)) {}
  void add(std::string figure, double value) { figures_.emplace_back(std::move(figure), value); }
  /// What the machine allows of a figure, measured in the same run, and how much of it was reached:
  /// of a rate, which is better the greater, and of a time, which is better the smaller.
  void add_limit_of_rate(const std::string& what, const char* unit, double limit, double reached) {
    add_limit(what, unit, limit, reached / limit);
  }
  void add_limit_of_time(const std::string& what, const char* unit, double limit, double reached) {
    add_limit(what, unit, limit, limit / reached);
  }
  /// CPU time and peak memory of this process so far.
  void add_resources() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    add("cpu seconds, user", seconds(usage.ru_utime));
    add("cpu seconds, system", seconds(usage.ru_stime));
    add("peak memory MiB", static_cast<double>(usage.ru_maxrss) / 1024);
  }
  void print(bool json) const {
    if (json) {
      std::string out = "{\"workload\":";
      append_json_string(out, name_);
      for (const auto& [figure, value] : figures_) {
        out += ',';
        append_json_string(out, figure);
        out += fmt::format(":{:.6g}", value);
      }
      std::printf("%s}\n", out.c_str());
      return;
    }
    std::size_t width = 0;
    for (const auto& [figure, value] : figures_) width = std::max(width, figure.size());
    std::printf("%s\n", name_.c_str());
    for (const auto& [figure, value] : figures_)
      std::printf("  %-*s %s\n", static_cast<int>(width), figure.c_str(), text(value).c_str());
  }

 private:
  void add_limit(const std::string& what, const char* unit, double limit, double share) {
    add(fmt::format("limit: {}, {}", what, unit), limit);
    add(fmt::format("reached of {}, percent", what), share * 100);
  }
  static std::string text(double value) {
    if (value == static_cast<double>(static_cast<std::int64_t>(value)))
      return fmt::format("{:L}", static_cast<std::int64_t>(value));
    return fmt::format("{:.3f}", value);
  }
  std::string name_;
  std::vector<std::pair<std::string, double>> figures_;
};

}  // namespace suanpan::bench
