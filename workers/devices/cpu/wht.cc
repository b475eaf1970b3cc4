// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "workers/devices/checks.h"
#include "workers/devices/cpu/cpu_features.h"
#include "workers/devices/cpu/row_kernels.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

template <typename T>
void Rows(const WhtArgs& args) {
  WhtTask<T> task;
  task.rows = args.rows;
  task.n = args.n;
  task.in = static_cast<const T*>(args.in);
  task.in_stride = args.in_row_stride;
  task.out = static_cast<T*>(args.out);
  task.out_stride = args.out_row_stride;
  task.index = args.index;
  task.before = static_cast<const T*>(args.before);
  task.after = static_cast<const T*>(args.after);
  task.scale = static_cast<T>(args.scale);
  const int64_t own_bytes = 2 * args.rows * args.n * static_cast<int64_t>(sizeof(T));
  task.stream = args.in != args.out && std::max(own_bytes, args.pass_bytes) > CacheShareBytes();
  BestKernels().Of<T>().wht(task);
}

}  // namespace

absl::Status RunWht(const WhtArgs& args) {
  if (absl::Status status = CheckWht(args); !status.ok()) return status;
  if (args.dtype == Dtype::kF32) {
    Rows<float>(args);
  } else {
    Rows<double>(args);
  }
  return absl::OkStatus();
}

}  // namespace basisbench
