// SPDX-License-Identifier: Apache-2.0
// A rank under mpirun: born with an attempt, told by its node's daemon what to do, gone with it.
#pragma once

namespace basisbench {

// What the process exits with.
inline constexpr int kExitDone = 0;
inline constexpr int kExitUsage = 64;
inline constexpr int kExitInternal = 70;
inline constexpr int kExitDaemonLost = 75;

// Runs the attempt named by BASISBENCH_ATTEMPT through the daemon at BASISBENCH_WORKER_SOCKET.
// Returns the exit code, or ends the process at once when the daemon is lost or the ranks cannot go
// on together.
int RankMain(int* argc, char*** argv);

}  // namespace basisbench
