// SPDX-License-Identifier: Apache-2.0
// From a job specification to its cases. Pure: catalogue and presets go in, cases come out.
//
// The lists of a specification are multiplied. Cases of one place (an explicit shape or a site of a
// preset), element type, world size, direction and cache state form a comparison group; its first
// case is the dense MatMul the others are compared with. Operators that mix channels go to the
// projections, operators that mix tokens (or both axes) to `mix`, where the dense rival is the
// product with the N x N map of tokens, once per sequence. Cases are ordered by world size, since
// an attempt runs the cases of one world size. The sharding "auto" stays one case: only ranks that
// have measured their machine can choose.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basisbench/v1/job.pb.h"
#include "basisbench/v1/operator.pb.h"
#include "services/coordinator/catalogue.h"
#include "services/coordinator/presets.h"

namespace basisbench {

struct ExpandedCase {
  v1::Case item;
  int operator_index = -1;  // into spec.operators; -1 for a baseline that was added
  std::string refusal;      // not empty: cannot run, known without asking a runner
};

// `spec` must be complete (CompleteSpec). The process grid is left out: whether a sharding uses one
// shows only when a runner has looked at the case. INVALID_ARGUMENT names the field; a sweep of
// more than `max_cases` is refused before anything is expanded.
absl::StatusOr<std::vector<ExpandedCase>> Expand(const v1::JobSpec& spec,
                                                 const Catalogue& catalogue, const Presets& presets,
                                                 uint64_t max_cases);

}  // namespace basisbench
