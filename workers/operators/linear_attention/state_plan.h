// SPDX-License-Identifier: Apache-2.0
// Sharding "token" of an operator that is a scan: everything is cut by tokens, and ranks tell each
// other the states of their tokens, whose size does not depend on how many there are, and by how
// much the tokens make a state decay. Backward the states of queries and output gradients too.
//   FLOPs 2 N k v more a head than on one rank where it is causal, k and v as there; backward
//   twice. Messages P - 1, bytes b (P - 1) S, S the elements of all heads' states, and with decays
//   one more for each head; backward twice.
#pragma once

#include <vector>

#include "workers/operators/linear_attention/chunked_scan.h"
#include "workers/operators/sharding.h"

namespace basisbench {

// What an input is to the scan. With rates it is one with decays.
enum class ScanRole { kQueries, kKeys, kValues, kRates };
struct ScanInput {
  const char* name;
  ScanRole role;
};

struct ScanOperator {
  // For some of the problem's heads.
  ScanShape (*shape)(const Problem& problem, int64_t heads);
  std::vector<ScanInput> inputs;  // in the order of HeadMixer::Inputs
};

Sharding ScanStates(ScanOperator op);

// FLOPs of one head that come on top in this sharding: causal, states are summed once to be told
// and once more on the way through the tokens.
double StateFlops(const Problem& problem, const ScanShape& shape);

}  // namespace basisbench
