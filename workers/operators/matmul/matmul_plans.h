// SPDX-License-Identifier: Apache-2.0
// The plans of `matmul`, one factory per sharding, and the traffic each declares. Problems are
// resolved ones; device and communicator outlive the plan; one plan belongs to one thread.
// Factories fail only where allocation does.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/operators/operator.h"
#include "workers/operators/resolve.h"

namespace basisbench {

// X and Y by rows, W on every rank; nothing moves.
absl::StatusOr<std::unique_ptr<Plan>> MakeTokenPlan(const Problem& problem, Device& device,
                                                    Communicator& communicator);

// Memory of one rank in elements: operands, output, workspace.
int64_t TokenPlanElements(const Problem& problem, int rank);

}  // namespace basisbench
