// SPDX-License-Identifier: Apache-2.0
// Sharding "token" of softmax attention: everything is cut by tokens; every rank keeps its queries,
// while keys and values travel round the ring of ranks. Backward they go round twice, the second
// time followed by their gradients, which come home at last.
//   Forward: messages P - 1, bytes b (K + M) kv_heads / heads (N - rows of the next rank).
//   Backward: 2 (P - 1) messages like those, and P messages of gradients.
#pragma once

#include "workers/operators/sharding.h"

namespace basisbench {

Sharding AttentionRing();

}  // namespace basisbench
