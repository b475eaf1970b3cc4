// SPDX-License-Identifier: Apache-2.0
// The least time the machine could take for an operator: its FLOPs at the speed of a square matrix
// product, or its least bytes at the speed of a copy of as many, whichever is more. Both run in the
// rounds in which the operator runs. One thread.
#pragma once

#include <functional>
#include <vector>

#include "tests/bench/operators/peers.h"
#include "tests/bench/paired.h"

namespace basisbench {

class Floors {
 public:
  explicit Floors(const PeerContext& context);

  std::function<void()> gemm() const { return gemm_; }
  std::function<void()> copy() const { return copy_; }

  // From the seconds of both bodies, round by round.
  Bound Larger(const std::vector<double>& gemm, const std::vector<double>& copy) const;

 private:
  double flops_, gemm_flops_;
  std::function<void()> gemm_, copy_;
};

}  // namespace basisbench
