// SPDX-License-Identifier: Apache-2.0
#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cpu/cpu_features.h"
#include "workers/devices/cpu/row_kernels.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

// What does not stay in the cache anyhow, of so many matrices that are read or written, is written
// around it.
template <typename Args>
bool Exceeds(const Args& args, int64_t matrices) {
  return matrices * args.rows * args.cols * DtypeSize(args.dtype) > CacheShareBytes();
}

// Row `index` of a matrix that may be absent.
template <typename T>
const T* RowOf(const void* matrix, int64_t stride, int64_t index) {
  return matrix == nullptr ? nullptr : static_cast<const T*>(matrix) + index * stride;
}
template <typename T>
T* RowOf(void* matrix, int64_t stride, int64_t index) {
  return matrix == nullptr ? nullptr : static_cast<T*>(matrix) + index * stride;
}

template <typename T>
void Values(const ActivationArgs& args) {
  ActivationTask<T> task{.activation = args.activation, .count = args.cols};
  task.stream = args.y != args.x && args.y != args.w && Exceeds(args, 3);
  for (int64_t i = 0; i < args.rows; ++i) {
    task.x = RowOf<T>(args.x, args.x_row_stride, i);
    task.w = RowOf<T>(args.w, args.w_row_stride, i);
    task.y = RowOf<T>(args.y, args.y_row_stride, i);
    BestKernels().Of<T>().activate(task);
  }
}

template <typename T>
void Gradients(const ActivationGradientArgs& args) {
  ActivationGradientTask<T> task{.activation = args.activation, .count = args.cols};
  task.stream = Exceeds(args, 5);
  for (int64_t i = 0; i < args.rows; ++i) {
    task.x = RowOf<T>(args.x, args.x_row_stride, i);
    task.w = RowOf<T>(args.w, args.w_row_stride, i);
    task.dy = RowOf<T>(args.dy, args.dy_row_stride, i);
    task.dx = RowOf<T>(args.dx, args.dx_row_stride, i);
    task.dw = RowOf<T>(args.dw, args.dw_row_stride, i);
    BestKernels().Of<T>().activation_gradient(task);
  }
}

}  // namespace

absl::Status RunActivate(const ActivationArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("activation", args.rows, args.cols));
  args.dtype == Dtype::kF32 ? Values<float>(args) : Values<double>(args);
  return absl::OkStatus();
}

absl::Status RunActivationGradient(const ActivationGradientArgs& args) {
  BB_RETURN_IF_ERROR(CheckActivationGradient(args));
  args.dtype == Dtype::kF32 ? Gradients<float>(args) : Gradients<double>(args);
  return absl::OkStatus();
}

}  // namespace basisbench
