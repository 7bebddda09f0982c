// A book against an independent model: every answer, every balance, every statement, over many
// thousands of mixed commands with restarts. SUANPAN_MODEL_COMMANDS sets how many per seed,
// SUANPAN_MODEL_SEED one seed instead of the usual ones.
#include "tests/ledger/engine/model_run.h"

using namespace suanpan;
using test::ModelRun;
using test::setting;

TEST_CASE("model: every answer, balance and statement of a random book is as predicted") {
  const std::uint64_t commands = setting("SUANPAN_MODEL_COMMANDS", 50'000);
  if (std::getenv("SUANPAN_MODEL_SEED")) {
    ModelRun({setting("SUANPAN_MODEL_SEED", 1)}).go(commands);
    return;
  }
  for (const std::uint64_t seed : {20260304, 2, 3, 4}) {
    INFO("seed " << seed);
    ModelRun({seed}).go(commands);
  }
}
