// SPDX-License-Identifier: Apache-2.0
// The plan of `monarch` and what it declares. One plan serves both shardings: with "token" every
// rank has all blocks and a part of the rows, with "all_to_all" all rows and a part of the blocks.
#pragma once

#include "workers/operators/sharding.h"

namespace basisbench {

// The sizes of a resolved problem's factors: x[k, p] -> z[k, r, l] -> y[s, l].
struct MonarchShape {
  explicit MonarchShape(const Problem& problem);

  int64_t blocks;  // k and l
  int64_t depth;   // r: rank of the sub-matrix between an input block and an output block
  int64_t in;      // p: inputs of a block
  int64_t out;     // s: outputs of a block
  int64_t inner() const { return blocks * depth; }  // (k, r), and (r, l)
};

Sharding MonarchToken();
Sharding MonarchAllToAll();

}  // namespace basisbench
