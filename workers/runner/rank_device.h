// SPDX-License-Identifier: Apache-2.0
// What a rank computes on, and the communicator for its memory, as the backend of its cases says.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "workers/collectives/communicator.h"
#include "workers/devices/device.h"

namespace basisbench {

struct RankDeviceOptions {
  std::string backend;       // services/base/backends.h
  int threads = 1;           // on the CPU
  std::string gpu;           // UUID; the rank sees no other
  int64_t memory_bytes = 0;  // of the device, that the rank may allocate; 0: no limit
  absl::Duration deadline = absl::Seconds(60);  // of every wait for another rank
};

struct RankDevice {
  std::unique_ptr<Device> device;
  // Of device memory; null where that is the host's. Goes before the device.
  std::unique_ptr<Communicator> world;
};

// Backends that this program was built with.
std::vector<std::string> BuiltBackends();

// Collective, and before anything else of CUDA is called. `control` is of host memory, of the same
// ranks, and outlives what is made. UNIMPLEMENTED where this program was built without CUDA,
// INVALID_ARGUMENT for a rank of a GPU's backend that was given none, UNAVAILABLE where CUDA cannot
// see that GPU.
absl::StatusOr<RankDevice> MakeRankDevice(const RankDeviceOptions& options, Communicator& control);

// One of them is linked.
std::vector<std::string> GpuBackends();
absl::StatusOr<RankDevice> MakeGpuRankDevice(const RankDeviceOptions& options,
                                             Communicator& control);

}  // namespace basisbench
