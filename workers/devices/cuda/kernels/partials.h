// SPDX-License-Identifier: Apache-2.0
// Sums over more rows than one block should walk: blocks leave partial sums in the queue's scratch,
// and a second kernel adds them up.
#pragma once

#include "workers/devices/cuda/kernels/rows.h"

namespace basisbench::kernels {

// y[j] = alpha * (sum over parts of partial[part][j]) + beta * y[j]; the old y is not read where
// beta is 0.
template <typename E, typename T>
struct AddPartials {
  const E* partial;
  int64_t parts, count;
  T alpha, beta;
  E* y;
  int64_t y_stride;

  template <int W>
  BB_HOST_DEVICE void At(int64_t, int64_t j) const {
    E sum{};
    for (int64_t part = 0; part < parts; ++part) sum = sum + partial[part * count + j];
    Put(j, sum);
  }
  BB_HOST_DEVICE void Put(int64_t j, E sum) const {
    E& out = y[j * y_stride];
    sum = alpha * sum;
    out = beta == 0 ? sum : sum + beta * out;
  }
};

// Into how many parts to cut `rows`, so that `blocks` blocks a part occupy the GPU: never fewer
// than kFewestRows rows a part, nor more partial sums, of `bytes` a part, than there is room for.
inline int64_t PartsOf(const Queue& queue, int64_t rows, int64_t blocks, int64_t bytes) {
  constexpr int64_t kFewestRows = 64, kBlocksEach = 4;
  const int64_t wanted = CeilDivide(kBlocksEach * queue.multiprocessors, Most<int64_t>(blocks, 1));
  const int64_t most = Least(CeilDivide(rows, kFewestRows), queue.scratch_bytes / bytes);
  return Most<int64_t>(1, Least(wanted, most));
}

}  // namespace basisbench::kernels
