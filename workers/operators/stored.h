// SPDX-License-Identifier: Apache-2.0
// Cases whose operands and outputs are stored as halves (bf16, f16): operators compute and send in
// f32 and are wrapped in conversions here, so that none of them has to know of it; what is no more
// than a product is left to devices that multiply halves. A case in tf32 is one in f32 on a device
// told to multiply in tf32. For other types these are the operator's own functions. Memory is
// declared as an upper bound: f32 copies and halves.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "workers/operators/operator.h"

namespace basisbench {

// Operator::MakePlan for any dtype.
absl::StatusOr<std::unique_ptr<Plan>> PreparePlan(const Operator& op, const Problem& problem,
                                                  Device& device, Communicator& communicator);

// Operator::Cost for any dtype.
OperatorCost DeclaredCost(const Operator& op, const Problem& problem);

// Operator::RoundingGrowth for any dtype, in units of the dtype.
double Roundings(const Operator& op, const Problem& problem);

}  // namespace basisbench
