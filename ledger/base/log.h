// The log: one line to standard error per call, with time and level. The only owner of spdlog.
//
// Edges (engine, services, server) log; pure code never does. Secrets and personal data never go
// into a line. Thread-safe. A control character in a message is written as \xNN, so that what came
// from outside cannot forge a line.
#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <string_view>

namespace suanpan {

enum class LogLevel : std::uint8_t { kInfo = 0, kWarn = 1, kError = 2, kOff = 3 };

/// Lines below `level` are dropped from now on; kInfo at the start.
void set_log_level(LogLevel level);
bool log_enabled(LogLevel level);
/// Writes one finished message.
void log_line(LogLevel level, std::string_view message);

template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::kInfo))
    log_line(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_warn(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::kWarn))
    log_line(LogLevel::kWarn, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::kError))
    log_line(LogLevel::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace suanpan
