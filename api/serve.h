// `suanpan serve`: makes everything an engine needs, connects it, and runs it until a signal. The
// only place where things are wired together.
#pragma once
#include "api/config.h"

namespace suanpan::api {

/// Exit status: 0 after SIGINT or SIGTERM, 1 if it could not start.
int serve_command(const Config& config);

}  // namespace suanpan::api
