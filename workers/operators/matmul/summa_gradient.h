// SPDX-License-Identifier: Apache-2.0
// The backward direction of SUMMA, beyond what forward needs. Problems are resolved ones; device
// and communicator outlive the plan; one plan belongs to one thread.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "workers/operators/resolve.h"
#include "workers/operators/sharding.h"

namespace basisbench {

// RESOURCE_EXHAUSTED when there is no room.
absl::StatusOr<std::unique_ptr<Plan>> MakeSummaGradientPlan(const Problem& problem,
                                                            const ProcessGrid& grid, Device& device,
                                                            Communicator& communicator);

// Memory of dX, dW and of terms under way, and the traffic of those.
RankCost SummaGradientCost(const Problem& problem, const ProcessGrid& grid, int rank);

}  // namespace basisbench
