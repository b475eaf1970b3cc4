// SPDX-License-Identifier: Apache-2.0
// The communicator over NCCL, for device memory. It has a stream of its own and, like every
// communicator, returns when this rank's part is done; plans synchronise their device before they
// communicate, as they do for every asynchronous device, so the two streams need no events between
// them. Every wait looks for failures that NCCL reports later, and ends at the deadline by aborting
// the communicator: its kernels then end, too, and it is of no further use. Belongs to one thread,
// whose current device is the rank's GPU.
//
// Exchanges that are started go to NCCL together at the first test or wait, so that ranks may start
// them in any order (nccl_batch.h); a wait then is for all of them.
//
// NCCL does not tell what it sends. Bytes and messages of point-to-point calls (send_recv,
// all_to_all) are what was handed over; those of the others are traffic_model.h's, of the
// bandwidth-optimal algorithms, whatever NCCL chose.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "workers/collectives/communicator.h"
#include "workers/collectives/nccl/nccl_link.h"

namespace basisbench {

// Collective: gives rank 0's bytes to every rank.
using Bootstrap = std::function<absl::Status(absl::Span<std::byte>)>;

// Through a communicator of host memory with the same ranks, which outlives it: MPI's.
Bootstrap BootstrapOver(Communicator& control);

struct NcclWorld {
  int rank = 0, size = 1;
  absl::Duration deadline = absl::Seconds(60);  // of every wait
};

// Collective. DEADLINE_EXCEEDED when some rank does not come.
absl::StatusOr<std::unique_ptr<Communicator>> MakeNcclCommunicator(const NcclWorld& world,
                                                                   const Bootstrap& bootstrap);

// With the given libraries, which outlive the communicator.
absl::StatusOr<std::unique_ptr<Communicator>> MakeNcclCommunicator(const NcclWorld& world,
                                                                   const Bootstrap& bootstrap,
                                                                   const NcclLibraries& libraries);

}  // namespace basisbench
