// SPDX-License-Identifier: Apache-2.0
// Gates around a mixer, Y = G2 * f(G1 * X), elementwise: data that lie like X and never move, since
// what they gate passes through where it is held, before it is made whole and after it is cut
// again. Problems are resolved ones.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "workers/operators/operator.h"
#include "workers/operators/sharding.h"

namespace basisbench {

// 0, 1 (before f) or 2 (and after).
int64_t GatesOf(const Problem& problem);

// Products of gates for each element of X.
double GateFlops(const Problem& problem);

// `mixer` runs f in the problem's direction; with two gates backward it also has an output "y". It
// is what the plan adds to.
absl::StatusOr<std::unique_ptr<Plan>> MakeGatedPlan(const Problem& problem, Device& device,
                                                    std::unique_ptr<Plan> mixer);

// Elements that are added, of a rank that holds `held` elements of X.
int64_t GatedElements(const Problem& problem, int64_t held);

}  // namespace basisbench
