// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cuda/kernels/kernel_device.h"

#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cuda/kernels/kernels.h"

namespace basisbench {

template <typename Args>
absl::Status KernelDevice::Run(absl::Status (*kernel)(const kernels::Queue&, const Args&),
                               const Args& args) {
  BB_ASSIGN_OR_RETURN(const kernels::Queue queue, Ready());
  return kernel(queue, args);
}

absl::Status KernelDevice::Copy(const CopyArgs& args) { return Run(kernels::RunCopy, args); }

absl::Status KernelDevice::Wht(const WhtArgs& args) { return Run(kernels::RunWht, args); }

absl::Status KernelDevice::Dwt(const DwtArgs& args) { return Run(kernels::RunDwt, args); }

absl::Status KernelDevice::Butterfly(const ButterflyArgs& args) {
  return Run(kernels::RunButterfly, args);
}

absl::Status KernelDevice::AddReflected(const ReflectArgs& args) {
  return Run(kernels::RunAddReflected, args);
}

absl::Status KernelDevice::PairColumns(const PairArgs& args) {
  return Run(kernels::RunPairColumns, args);
}

absl::Status KernelDevice::Multiply(Dtype dtype, int64_t count, const void* x, const void* w,
                                    void* y) {
  BB_RETURN_IF_ERROR(CheckCount(count));
  return Product({.dtype = dtype, .rows = 1, .cols = count, .x = x, .w = w, .y = y});
}

absl::Status KernelDevice::Product(const ProductArgs& args) {
  return Run(kernels::RunProduct, args);
}

absl::Status KernelDevice::ColumnSum(const ColumnSumArgs& args) {
  return Run(kernels::RunColumnSum, args);
}

absl::Status KernelDevice::Activate(const ActivationArgs& args) {
  return Run(kernels::RunActivate, args);
}

absl::Status KernelDevice::ActivationGradient(const ActivationGradientArgs& args) {
  return Run(kernels::RunActivationGradient, args);
}

absl::Status KernelDevice::LinearStages(const StagesArgs& args) {
  return Run(kernels::RunLinearStages, args);
}

absl::Status KernelDevice::LinearStagesGradient(const StagesGradientArgs& args) {
  return Run(kernels::RunLinearStagesGradient, args);
}

absl::Status KernelDevice::Gather(const GatherArgs& args) { return Run(kernels::RunGather, args); }

absl::Status KernelDevice::Convert(const ConvertArgs& args) {
  return Run(kernels::RunConvert, args);
}

absl::Status KernelDevice::SoftmaxStep(const SoftmaxStepArgs& args) {
  return Run(kernels::RunSoftmaxStep, args);
}

absl::Status KernelDevice::SoftmaxEnd(const SoftmaxEndArgs& args) {
  return Run(kernels::RunSoftmaxEnd, args);
}

absl::Status KernelDevice::SoftmaxGradient(const SoftmaxGradientArgs& args) {
  return Run(kernels::RunSoftmaxGradient, args);
}

absl::Status KernelDevice::DecaySum(const DecaySumArgs& args) {
  return Run(kernels::RunDecaySum, args);
}

absl::Status KernelDevice::DecayProduct(const DecayProductArgs& args) {
  return Run(kernels::RunDecayProduct, args);
}

absl::Status KernelDevice::DecayGradient(const DecayGradientArgs& args) {
  return Run(kernels::RunDecayGradient, args);
}

absl::Status KernelDevice::Fill(Dtype dtype, int64_t count, double value, void* y) {
  BB_ASSIGN_OR_RETURN(const kernels::Queue queue, Ready());
  return kernels::RunFill(queue, dtype, count, value, y);
}

}  // namespace basisbench
