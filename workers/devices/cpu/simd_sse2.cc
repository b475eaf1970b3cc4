// SPDX-License-Identifier: Apache-2.0
// The kernels in 128-bit registers; compiled with the flags of this instruction set (see
// CMakeLists.txt).
#include "workers/devices/cpu/simd_table.inc.h"

namespace basisbench {

const SimdKernels kSse2Kernels = MakeKernels<16>("sse2");

}  // namespace basisbench
