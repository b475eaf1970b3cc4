// SPDX-License-Identifier: Apache-2.0
// What the plans of softmax attention have in common: its parameters as numbers. Pure functions.
#pragma once

#include "workers/operators/attention/blocked_attention.h"
#include "workers/operators/heads/head_mixer.h"
#include "workers/operators/parameters.h"

namespace basisbench {

// Heads of the keys and values.
inline int64_t KvHeads(const Problem& problem) { return IntegerParameter(problem, "kv_heads"); }

// For some of the problem's heads.
inline AttentionShape AttentionShapeOf(const Problem& problem, int64_t heads) {
  return {.dtype = problem.dtype,
          .heads = heads,
          .key_width = problem.shape.d_in / HeadMixer::Heads(problem),
          .value_width = HeadMixer::OutputWidth(problem),
          .causal = IntegerParameter(problem, "causal") == 1};
}

}  // namespace basisbench
