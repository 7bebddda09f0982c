// `suanpan sandbox`: runs the other side until a signal, and writes the engine's settings for it.
#pragma once
#include <filesystem>
#include <string>

namespace suanpan::api {

struct SandboxOptions {
  std::string listen;
  std::filesystem::path keys, settings;
  std::filesystem::path engine_config;  ///< empty: not written
  std::filesystem::path tls_certificate, tls_key;
};

/// Exit status: 0 after SIGINT or SIGTERM, 1 if it could not start.
int sandbox_command(const SandboxOptions& options);

}  // namespace suanpan::api
