// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/checks.h"
#include "workers/devices/cpu/row_kernels.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

template <typename T>
void Forward(const StagesArgs& args) {
  StagesTask<T> task{.n = args.n, .cols = args.cols};
  task.stages = static_cast<int64_t>(args.strides.size());
  task.strides = args.strides.data();
  task.blocks = static_cast<const T*>(args.blocks);
  task.x = static_cast<const T*>(args.x);
  task.y = static_cast<T*>(args.y);
  task.between = static_cast<T*>(args.between);
  BestKernels().Of<T>().stages(task);
}

template <typename T>
void Backward(const StagesGradientArgs& args) {
  StageGradientTask<T> task{.n = args.n, .cols = args.cols};
  task.beta = static_cast<T>(args.beta);
  task.dx = static_cast<T*>(args.dx);
  const auto stages = static_cast<int64_t>(args.strides.size());
  for (int64_t stage = stages - 1; stage >= 0; --stage) {
    task.stride = args.strides[stage];
    task.blocks = static_cast<const T*>(args.blocks) + 2 * stage * args.n;
    task.x = stage == 0 ? static_cast<const T*>(args.x)
                        : static_cast<const T*>(args.between) + (stage - 1) * args.n * args.cols;
    task.dy = static_cast<const T*>(stage + 1 == stages ? args.dy : args.dx);
    task.gradient = static_cast<T*>(args.gradient) + 2 * stage * args.n;
    BestKernels().Of<T>().stage_gradient(task);
  }
}

}  // namespace

absl::Status RunLinearStages(const StagesArgs& args) {
  if (absl::Status status = CheckStages(args.n, args.cols, args.strides); !status.ok())
    return status;
  args.dtype == Dtype::kF32 ? Forward<float>(args) : Forward<double>(args);
  return absl::OkStatus();
}

absl::Status RunLinearStagesGradient(const StagesGradientArgs& args) {
  if (absl::Status status = CheckStages(args.n, args.cols, args.strides); !status.ok())
    return status;
  args.dtype == Dtype::kF32 ? Backward<float>(args) : Backward<double>(args);
  return absl::OkStatus();
}

}  // namespace basisbench
