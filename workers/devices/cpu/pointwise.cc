// SPDX-License-Identifier: Apache-2.0
#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cpu/cpu_features.h"
#include "workers/devices/cpu/row_kernels.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

// What does not stay in the cache anyhow is written around it: otherwise each line of the output is
// read first. In place, the line is there already.
bool Stream(Dtype dtype, int64_t count, const void* x, const void* z, const void* y) {
  return y != x && y != z && 3 * count * DtypeSize(dtype) > CacheShareBytes();
}

template <typename T>
void Combine(const ButterflyArgs& args, bool stream) {
  const auto* x = static_cast<const T*>(args.x);
  const auto* z = static_cast<const T*>(args.z);
  auto* y = static_cast<T*>(args.y);
  for (int64_t i = 0; i < args.rows; ++i) {
    BestKernels().Of<T>().combine(args.count, x + i * args.x_row_stride, static_cast<T>(args.scale),
                                  z + i * args.z_row_stride, static_cast<T>(args.scale * args.sign),
                                  y + i * args.y_row_stride, stream);
  }
}

template <typename T>
void Reflect(const ReflectArgs& args) {
  const auto* x = static_cast<const T*>(args.x);
  const auto* z = static_cast<const T*>(args.z);
  auto* y = static_cast<T*>(args.y);
  const T scale = static_cast<T>(args.scale);
  y[0] = scale * (x[0] + z[0]);
  BestKernels().Of<T>().add_reversed(args.count - 1, x + 1, z + args.count - 1, scale, y + 1);
}

template <typename T>
void Pair(const PairArgs& args) {
  PairTask<T> task;
  task.count = args.count;
  task.x = static_cast<const T*>(args.x);
  task.z = static_cast<const T*>(args.z);
  task.scale = static_cast<T>(args.scale);
  task.y = static_cast<T*>(args.y);
  task.mirror = static_cast<T*>(args.mirror);
  BestKernels().Of<T>().pair_columns(task);
}

template <typename T>
void Multiply(int64_t count, const void* x, const void* w, void* y, bool stream) {
  BestKernels().Of<T>().multiply(count, static_cast<const T*>(x), static_cast<const T*>(w),
                                 static_cast<T*>(y), stream);
}

}  // namespace

absl::Status RunButterfly(const ButterflyArgs& args) {
  BB_RETURN_IF_ERROR(CheckCount(args.count));
  BB_RETURN_IF_ERROR(CheckCount(args.rows));
  const bool stream = Stream(args.dtype, args.rows * args.count, args.x, args.z, args.y);
  if (args.dtype == Dtype::kF32) {
    Combine<float>(args, stream);
  } else {
    Combine<double>(args, stream);
  }
  return absl::OkStatus();
}

absl::Status RunAddReflected(const ReflectArgs& args) {
  BB_RETURN_IF_ERROR(CheckCount(args.count));
  if (args.count == 0) return absl::OkStatus();
  args.dtype == Dtype::kF32 ? Reflect<float>(args) : Reflect<double>(args);
  return absl::OkStatus();
}

absl::Status RunPairColumns(const PairArgs& args) {
  BB_RETURN_IF_ERROR(CheckCount(args.count));
  args.dtype == Dtype::kF32 ? Pair<float>(args) : Pair<double>(args);
  return absl::OkStatus();
}

absl::Status RunMultiply(Dtype dtype, int64_t count, const void* x, const void* w, void* y) {
  BB_RETURN_IF_ERROR(CheckCount(count));
  const bool stream = Stream(dtype, count, x, w, y);
  if (dtype == Dtype::kF32) {
    Multiply<float>(count, x, w, y, stream);
  } else {
    Multiply<double>(count, x, w, y, stream);
  }
  return absl::OkStatus();
}

}  // namespace basisbench
