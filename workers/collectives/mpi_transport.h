// SPDX-License-Identifier: Apache-2.0
// Messages between MPI processes, on a communicator of its own. MPI errors come back as statuses;
// messages beyond what one MPI call can count are cut up inside, and still count as one. MPI must
// be initialised and stay so while the transport lives; calls come from the thread that did so.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "workers/collectives/transport.h"

namespace basisbench {

// Collective over the processes of MPI_COMM_WORLD. `largest_part` bounds one MPI message in bytes.
absl::StatusOr<std::unique_ptr<Transport>> MakeMpiTransport(absl::Duration deadline,
                                                            int64_t largest_part = int64_t{1}
                                                                                   << 30);

// True once a wait of any MPI transport of this process has failed: a peer may be gone, and
// MPI_Finalize, which waits for all, must not be called.
bool MpiIsBroken();

}  // namespace basisbench
