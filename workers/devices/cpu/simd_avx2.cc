// SPDX-License-Identifier: Apache-2.0
// The kernels in 256-bit registers; compiled with the flags of this instruction set (see
// CMakeLists.txt).
#include "workers/devices/cpu/simd_table.inc.h"

namespace basisbench {

const SimdKernels kAvx2Kernels = MakeKernels<32>("avx2");

}  // namespace basisbench
