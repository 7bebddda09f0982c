// The SDK's side of the wire, played by sdk_check.py.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/json.h"
#include "tests/api/outside_program.h"

namespace suanpan::test {

struct SdkTask {
  std::string kind;  ///< answer, form, sign
  std::string text;
  std::string type = "MD5";
};

inline constexpr std::string_view kSdkSecret = "offline-test-key";

/// The SDK's verdicts, one a task.
inline std::vector<std::string> ask_sdk(const std::vector<SdkTask>& tasks) {
  std::string input;
  for (const SdkTask& task : tasks) {
    JsonWriter line;
    line.begin_object().field("kind", task.kind).field("text", task.text);
    line.field("type", task.type).field("secret", kSdkSecret).end_object();
    input += line.take() + "\n";
  }
  const std::string out =
      run_outside("python3 " SUANPAN_SOURCE_DIR "/tests/api/jeepay/sdk_check.py", input);
  std::vector<std::string> verdicts;
  for (std::size_t at = 0; at < out.size();) {
    const auto end = out.find('\n', at);
    verdicts.push_back(out.substr(at, end - at));
    at = end + 1;
  }
  REQUIRE(verdicts.size() == tasks.size());
  return verdicts;
}

}  // namespace suanpan::test
