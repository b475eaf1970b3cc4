// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cpu/simd_kernels.h"

#include "workers/devices/cpu/cpu_features.h"

namespace basisbench {

std::vector<const SimdKernels*> UsableKernels() {
  const SimdLevel level = DetectSimdLevel();
  std::vector<const SimdKernels*> kernels;
  if (level == SimdLevel::kAvx512) kernels.push_back(&kAvx512Kernels);
  if (level != SimdLevel::kBaseline) kernels.push_back(&kAvx2Kernels);
  kernels.push_back(&kSse2Kernels);
  return kernels;
}

const SimdKernels& BestKernels() {
  static const SimdKernels* const best = UsableKernels().front();
  return *best;
}

}  // namespace basisbench
