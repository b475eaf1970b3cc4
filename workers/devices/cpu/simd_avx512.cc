// SPDX-License-Identifier: Apache-2.0
// The kernels in 512-bit registers; compiled with the flags of this instruction set (see
// CMakeLists.txt).
#include "workers/devices/cpu/simd_table.inc.h"

namespace basisbench {

const SimdKernels kAvx512Kernels = MakeKernels<64>("avx512");

}  // namespace basisbench
