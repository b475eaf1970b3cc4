// SPDX-License-Identifier: Apache-2.0
// What the machine allows any operator at most, from its measured roofs. Pure.
//
// A dense product of N x K by K x M takes at least 2NKM / pi seconds on a machine of pi FLOP/s.
// Whatever replaces it must still read the N x K and write the N x M activations of b bytes an
// element, which takes N(K+M)b / beta seconds at beta bytes/s. The ratio is the largest speed-up
// over a compute-bound product; for N = K = M = n it is n beta / (pi b).
#pragma once

#include <optional>

namespace basisbench {

// Rates of the same ranks in the same attempt.
struct MachineRates {
  double flops_per_second = 0;  // pi, best GEMM
  double bytes_per_second = 0;  // beta, stream copy
};

// `dense_flops` is what the dense product takes, `activation_bytes` is input plus output. Absent
// when a rate or a size is not positive.
std::optional<double> SpeedupBound(double dense_flops, double activation_bytes,
                                   const MachineRates& rates);

// Whether the arithmetic of a kernel takes longer than its compulsory traffic at these rates; the
// bound speaks only of dense products for which it does.
bool IsComputeBound(double flops, double bytes, const MachineRates& rates);

}  // namespace basisbench
