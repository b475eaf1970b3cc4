// SPDX-License-Identifier: Apache-2.0
// Sharding "halo" of the short convolution: X and Y are cut by rows, the weights are on every rank.
// Forward a rank gets the L - 1 rows of X before its own, backward the L - 1 rows of dY after them,
// while it works on what it has. The gradients of the weights are summed over the ranks.
//   Bytes b (L - 1) K, messages 1 where every rank has L - 1 rows; otherwise rows come from several
//   ranks. Backward 2 b L K (P - 1)/P and 2 (P - 1) more.
#pragma once

#include "workers/operators/sharding.h"

namespace basisbench {

Sharding ShortConvHalo();

}  // namespace basisbench
