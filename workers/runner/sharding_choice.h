// SPDX-License-Identifier: Apache-2.0
// Which sharding of an operator is taken for fastest on this gang: the roofs it measured and the
// costs the operator declares make a predicted time of each. Pure.
//
//   seconds = FLOPs of a rank / its GEMM rate + bytes a rank holds / its copy rate
//           + messages * latency + bytes sent / bandwidth, of the rank that sends longest
//
// The same four terms as `basisbench predict`, which fits their factors to records instead. An
// operator that is no GEMM runs at another rate, but the same one whatever the sharding, so that
// the order of those that send little and those that send much can shift only where both terms are
// near each other. FLOPs are declared for the gang and taken as evenly shared.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "basisbench/v1/operator.pb.h"
#include "basisbench/v1/result.pb.h"
#include "workers/operators/operator.h"
#include "workers/runner/resolve_case.h"

namespace basisbench {

// Of one iteration. A roof that is 0 or absent was not measured: its term is left out, of every
// sharding alike.
double PredictedSeconds(const OperatorCost& cost, const v1::Roofs& roofs);

// The first that is at most 5 % above the smallest; nothing where all are absent. The margin and
// the order keep shardings that cost the same from taking turns as roofs vary between runs.
std::optional<size_t> FirstNearBest(absl::Span<const std::optional<double>> seconds);

// Refuses the options of which a rank would hold more than `memory_bytes`; 0: no limit.
void RefuseAboveMemory(int64_t memory_bytes, std::vector<ShardingOption>* options);

// All options, as a record or a check tells of them. Predicted where they can run and roofs are
// known.
std::vector<v1::ShardingChoice> ShardingChoices(const std::vector<ShardingOption>& options,
                                                const v1::Roofs* roofs);

// What FirstNearBest takes of them.
std::optional<size_t> ChooseSharding(absl::Span<const v1::ShardingChoice> choices);

}  // namespace basisbench
