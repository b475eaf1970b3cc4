// SPDX-License-Identifier: Apache-2.0
// Softmax of rows that come in blocks of columns, and its gradient.
#include <algorithm>
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cpu/row_kernels.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

// Columns that row i may see.
int64_t Visible(const ScoreBlock& block, int64_t row) {
  if (!block.causal) return block.cols;
  return std::clamp<int64_t>(row + block.diagonal + 1, 0, block.cols);
}

template <typename T>
void Step(const SoftmaxStepArgs& args) {
  const auto& kernels = BestKernels().Of<T>();
  const ScoreBlock& block = args.block;
  const T scale = static_cast<T>(block.scale);
  auto* max = static_cast<T*>(args.max);
  auto* sum = static_cast<T*>(args.sum);
  for (int64_t i = 0; i < block.rows; ++i) {
    T* scores = static_cast<T*>(block.scores) + i * block.row_stride;
    const int64_t visible = Visible(block, i);
    std::fill(scores + visible, scores + block.cols, T(0));
    if (visible == 0) continue;
    const T largest = std::max(max[i], scale * kernels.largest(visible, scores));
    const T old = sum[i] == 0 ? T(0) : std::exp(max[i] - largest);
    max[i] = largest;
    sum[i] = sum[i] * old + kernels.exponentials(visible, scores, scale, largest, scores);
    if (old == 1) continue;
    T* y = static_cast<T*>(args.y) + i * args.y_row_stride;
    for (int64_t j = 0; j < args.width; ++j) y[j] *= old;
  }
}

template <typename T>
void End(const SoftmaxEndArgs& args) {
  auto* max = static_cast<T*>(args.max);
  const auto* sum = static_cast<const T*>(args.sum);
  for (int64_t i = 0; i < args.rows; ++i) {
    T* y = static_cast<T*>(args.y) + i * args.y_row_stride;
    const T factor = T(1) / sum[i];
    for (int64_t j = 0; j < args.width; ++j) y[j] *= factor;
    max[i] += std::log(sum[i]);
  }
}

template <typename T>
void Gradient(const SoftmaxGradientArgs& args) {
  const auto& kernels = BestKernels().Of<T>();
  const ScoreBlock& block = args.block;
  const T scale = static_cast<T>(block.scale);
  const auto* log_sum = static_cast<const T*>(args.log_sum);
  const auto* mean = static_cast<const T*>(args.mean);
  for (int64_t i = 0; i < block.rows; ++i) {
    T* scores = static_cast<T*>(block.scores) + i * block.row_stride;
    T* gradient = static_cast<T*>(args.gradient) + i * args.gradient_row_stride;
    const int64_t visible = Visible(block, i);
    kernels.exponentials(visible, scores, scale, log_sum[i], scores);
    const T offset = mean[i];
    for (int64_t j = 0; j < visible; ++j) gradient[j] = scale * scores[j] * (gradient[j] - offset);
    std::fill(scores + visible, scores + block.cols, T(0));
    std::fill(gradient + visible, gradient + block.cols, T(0));
  }
}

}  // namespace

absl::Status RunSoftmaxStep(const SoftmaxStepArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("softmax", args.block.rows, args.block.cols));
  args.block.dtype == Dtype::kF32 ? Step<float>(args) : Step<double>(args);
  return absl::OkStatus();
}

absl::Status RunSoftmaxEnd(const SoftmaxEndArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("softmax", args.rows, args.width));
  args.dtype == Dtype::kF32 ? End<float>(args) : End<double>(args);
  return absl::OkStatus();
}

absl::Status RunSoftmaxGradient(const SoftmaxGradientArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("softmax", args.block.rows, args.block.cols));
  args.block.dtype == Dtype::kF32 ? Gradient<float>(args) : Gradient<double>(args);
  return absl::OkStatus();
}

}  // namespace basisbench
