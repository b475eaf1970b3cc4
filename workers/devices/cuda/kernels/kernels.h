// SPDX-License-Identifier: Apache-2.0
// The primitives of device.h that no library has, and a few more, as kernels. Arguments are
// checked; the work is on the queue's stream when a call returns. INVALID_ARGUMENT, or what the
// launch failed with.
#pragma once

#include "absl/status/status.h"
#include "workers/devices/cuda/kernels/program.h"
#include "workers/devices/cuda/kernels/projection_args.h"
#include "workers/devices/cuda/kernels/quantise.h"
#include "workers/devices/device.h"

namespace basisbench::kernels {

absl::Status RunCopy(const Queue& queue, const CopyArgs& args);
absl::Status RunWht(const Queue& queue, const WhtArgs& args);
absl::Status RunDwt(const Queue& queue, const DwtArgs& args);
absl::Status RunButterfly(const Queue& queue, const ButterflyArgs& args);
absl::Status RunAddReflected(const Queue& queue, const ReflectArgs& args);
absl::Status RunPairColumns(const Queue& queue, const PairArgs& args);
absl::Status RunProduct(const Queue& queue, const ProductArgs& args);
absl::Status RunColumnSum(const Queue& queue, const ColumnSumArgs& args);
absl::Status RunActivate(const Queue& queue, const ActivationArgs& args);
absl::Status RunActivationGradient(const Queue& queue, const ActivationGradientArgs& args);
absl::Status RunLinearStages(const Queue& queue, const StagesArgs& args);
absl::Status RunLinearStagesGradient(const Queue& queue, const StagesGradientArgs& args);
absl::Status RunGather(const Queue& queue, const GatherArgs& args);
absl::Status RunConvert(const Queue& queue, const ConvertArgs& args);
absl::Status RunSoftmaxStep(const Queue& queue, const SoftmaxStepArgs& args);
absl::Status RunSoftmaxEnd(const Queue& queue, const SoftmaxEndArgs& args);
absl::Status RunSoftmaxGradient(const Queue& queue, const SoftmaxGradientArgs& args);
absl::Status RunDecaySum(const Queue& queue, const DecaySumArgs& args);
absl::Status RunDecayProduct(const Queue& queue, const DecayProductArgs& args);
absl::Status RunDecayGradient(const Queue& queue, const DecayGradientArgs& args);
absl::Status RunProjection(const Queue& queue, const ProjectionArgs& args);
absl::Status RunQuantise(const Queue& queue, const QuantiseArgs& args);
absl::Status RunFill(const Queue& queue, Dtype dtype, int64_t count, double value, void* y);

}  // namespace basisbench::kernels
