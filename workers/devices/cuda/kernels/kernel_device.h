// SPDX-License-Identifier: Apache-2.0
// A device whose own kernels do everything but memory, GEMM and FFT, which come from libraries. The
// CUDA device is one; so is the tests' device that runs the kernels on the processor.
#pragma once

#include "absl/status/statusor.h"
#include "workers/devices/cuda/kernels/program.h"
#include "workers/devices/device.h"

namespace basisbench {

class KernelDevice : public Device {
 public:
  absl::Status Copy(const CopyArgs& args) final;
  absl::Status Wht(const WhtArgs& args) final;
  absl::Status Dwt(const DwtArgs& args) final;
  absl::Status Butterfly(const ButterflyArgs& args) final;
  absl::Status AddReflected(const ReflectArgs& args) final;
  absl::Status PairColumns(const PairArgs& args) final;
  absl::Status Multiply(Dtype dtype, int64_t count, const void* x, const void* w, void* y) final;
  absl::Status Product(const ProductArgs& args) final;
  absl::Status ColumnSum(const ColumnSumArgs& args) final;
  absl::Status Activate(const ActivationArgs& args) final;
  absl::Status ActivationGradient(const ActivationGradientArgs& args) final;
  absl::Status LinearStages(const StagesArgs& args) final;
  absl::Status LinearStagesGradient(const StagesGradientArgs& args) final;
  absl::Status Gather(const GatherArgs& args) final;
  absl::Status Convert(const ConvertArgs& args) final;
  absl::Status SoftmaxStep(const SoftmaxStepArgs& args) final;
  absl::Status SoftmaxEnd(const SoftmaxEndArgs& args) final;
  absl::Status SoftmaxGradient(const SoftmaxGradientArgs& args) final;
  absl::Status DecaySum(const DecaySumArgs& args) final;
  absl::Status DecayProduct(const DecayProductArgs& args) final;
  absl::Status DecayGradient(const DecayGradientArgs& args) final;
  absl::Status Fill(Dtype dtype, int64_t count, double value, void* y) final;

  absl::StatusOr<RowProjections> ProjectRows(const DeviceMatrix& matrix,
                                             absl::Span<const double> weights) final;

  // Where this thread may launch now.
  virtual absl::StatusOr<kernels::Queue> Ready() = 0;

 private:
  template <typename Args>
  absl::Status Run(absl::Status (*kernel)(const kernels::Queue&, const Args&), const Args& args);
};

}  // namespace basisbench
