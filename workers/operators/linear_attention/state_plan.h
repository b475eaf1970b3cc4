// SPDX-License-Identifier: Apache-2.0
// Sharding "token" of linear attention: everything is cut by tokens, and ranks tell each other the
// states of their tokens, whose size does not depend on how many there are. Backward, the states of
// queries and output gradients too.
//   Messages P - 1, bytes b (P - 1) S, S = K M / heads elements; backward twice.
#pragma once

#include "workers/operators/linear_attention/chunked_scan.h"
#include "workers/operators/sharding.h"

namespace basisbench {

// For some of the problem's heads.
ScanShape ScanShapeOf(const Problem& problem, int64_t heads);

Sharding LinearAttentionStates();

}  // namespace basisbench
