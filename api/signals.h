// Waiting for the signal that ends a server.
#pragma once

namespace suanpan::api {

/// Blocks SIGINT and SIGTERM in this thread and all it starts later. Call before any thread is
/// made.
void block_end_signals();
/// Waits for one of them.
void wait_for_end_signal();

}  // namespace suanpan::api
