// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "workers/devices/checks.h"
#include "workers/devices/cpu/cpu_features.h"
#include "workers/devices/cpu/row_kernels.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

// The rows' sums are made one after the other: one row's place for them stays in the cache.
template <typename T>
void Rows(const DwtArgs& args) {
  DwtTask<T> task{.rows = args.rows, .n = args.n, .levels = args.levels};
  task.taps = static_cast<int64_t>(args.filter.size());
  for (int64_t tap = 0; tap < task.taps; ++tap) {
    task.low[tap] = static_cast<T>(args.filter[tap]);
    const double mirrored = args.filter[task.taps - 1 - tap];
    task.high[tap] = static_cast<T>(tap % 2 == 0 ? mirrored : -mirrored);
  }
  task.adjoint = args.adjoint;
  task.in = static_cast<const T*>(args.in), task.in_stride = args.in_row_stride;
  task.out = static_cast<T*>(args.out), task.out_stride = args.out_row_stride;
  task.work = static_cast<T*>(args.work);
  const int64_t own_bytes = 2 * args.rows * args.n * static_cast<int64_t>(sizeof(T));
  task.stream = std::max(own_bytes, args.pass_bytes) > CacheShareBytes();
  BestKernels().Of<T>().dwt(task);
}

}  // namespace

absl::Status RunDwt(const DwtArgs& args) {
  if (absl::Status status = CheckDwt(args); !status.ok()) return status;
  args.dtype == Dtype::kF32 ? Rows<float>(args) : Rows<double>(args);
  return absl::OkStatus();
}

}  // namespace basisbench
