// SPDX-License-Identifier: Apache-2.0
// What plans are run on. Each program of the matrix links one definition.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "workers/collectives/communicator.h"
#include "workers/devices/device.h"
#include "workers/operators/operator.h"

namespace basisbench {

absl::StatusOr<std::unique_ptr<Device>> MakeConformingDevice();

// Between the ranks of `control`, which is of host memory and outlives it, for memory of the
// device; null: `control` itself will do. Collective.
absl::StatusOr<std::shared_ptr<Communicator>> MakeConformingCommunicator(Device& device,
                                                                         Communicator& control);

// The plan with its shards in host memory, where the tests read and write them.
std::unique_ptr<Plan> InHostMemory(std::unique_ptr<Plan> plan, Device& device);

}  // namespace basisbench
