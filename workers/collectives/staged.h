// SPDX-License-Identifier: Apache-2.0
// A communicator for memory that its transport cannot read, such as a GPU's: what a call sends is
// brought to host memory first, what it receives is taken back. So ranks that share one GPU can
// talk through MPI. Traffic is what the transport counts; the copies' time is added to the seconds
// of their collective. Belongs to the device's thread; the device outlives it.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "workers/collectives/communicator.h"
#include "workers/devices/buffer.h"
#include "workers/devices/device.h"

namespace basisbench {

// Memory of the host for `bytes`; RESOURCE_EXHAUSTED naming them.
using HostAllocator = std::function<absl::StatusOr<Buffer>(int64_t bytes)>;

// Ordinary memory, which GPUs copy to and from more slowly than pinned memory.
absl::StatusOr<Buffer> AllocatePageable(int64_t bytes);

// Host memory is allocated when a call first needs as much, and kept. `transport` is of host
// memory.
std::unique_ptr<Communicator> MakeStagedCommunicator(Device& device,
                                                     std::unique_ptr<Communicator> transport,
                                                     HostAllocator allocate = AllocatePageable);

}  // namespace basisbench
